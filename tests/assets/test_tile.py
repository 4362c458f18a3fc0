"""Parts of a scene: together they are the whole, each is small, and nothing is cut."""

from collections import Counter
from typing import Any

import numpy as np
import pytest

from branchxr_assets.document import Document
from branchxr_assets.geometry import bounds, drawn_triangles, placements
from branchxr_assets.operations.split_live import split_live
from branchxr_assets.operations.tile import TileOptions, tile
from branchxr_assets.readers import read
from branchxr_assets.tree import paths, world_matrices

SMALL = TileOptions(triangles_max=6000, side_min_m=2.0)


@pytest.fixture(scope="module")
def static(hall: Any) -> Document:
    return split_live(read(hall).document).document


def seen(document: Document) -> Counter[Any]:
    """Count `(path, mesh name, place)` of everything drawn."""
    named, worlds = paths(document), world_matrices(document)
    return Counter(
        (
            named[p.node],
            document.listed("meshes")[p.mesh].get("name"),
            tuple(worlds[p.node].round(5).ravel()),
        )
        for p in placements(document)
    )


def extras(document: Document) -> dict[str, Any]:
    nodes = document.listed("nodes")
    return {p: nodes[i]["extras"] for i, p in paths(document).items() if "extras" in nodes[i]}


def test_together_they_are_the_whole(static: Document) -> None:
    parts = [outcome.document for outcome in tile(static, SMALL)]
    assert len(parts) > 3
    assert sum((seen(part) for part in parts), Counter()) == seen(static)
    assert sum(map(drawn_triangles, parts)) == drawn_triangles(static)
    every: dict[str, Any] = {}
    for part in parts:
        assert not every.keys() & extras(part).keys()
        every |= extras(part)
    assert every == extras(static)
    assert parts[0].root["scenes"][0].get("extras") == static.root["scenes"][0].get("extras")
    assert all("extras" not in part.root["scenes"][0] for part in parts[1:])


def test_each_is_smaller_in_space_and_in_triangles(static: Document) -> None:
    whole = bounds(static)
    assert whole is not None
    outcomes = tile(static, SMALL)
    for outcome in outcomes:
        box = bounds(outcome.document)
        assert box is not None
    assert max(o.changed["triangles"] for o in outcomes) < drawn_triangles(static) / 2
    areas = [np.prod(np.ptp(bounds(o.document), axis=0)[[0, 2]]) for o in outcomes]  # type: ignore[arg-type]
    assert np.median(areas) < np.prod(np.ptp(whole, axis=0)[[0, 2]]) / 2


def test_what_is_small_or_near_or_one_thing_stays_whole(static: Document, maker: Any) -> None:
    for options in (TileOptions(), TileOptions(triangles_max=1, side_min_m=100.0)):
        (only,) = tile(static, options)
        assert only.document is static
    maker.node(mesh=maker.box((50, 1, 50)))
    (only,) = tile(read(maker.save()).document, TileOptions(triangles_max=1, side_min_m=1.0))
    assert drawn_triangles(only.document) == 12


def test_there_are_never_too_many(static: Document) -> None:
    assert len(tile(static, TileOptions(triangles_max=1, side_min_m=0.1, parts_max=5))) == 5


def test_things_on_one_spot_are_not_split_for_ever(maker: Any) -> None:
    for _ in range(20):
        maker.node(mesh=maker.box((20, 1, 20)))
    assert len(tile(read(maker.save()).document, TileOptions(triangles_max=1))) == 1


def test_it_repeats_itself(static: Document) -> None:
    one, two = tile(static, SMALL), tile(static, SMALL)
    assert [o.document.root for o in one] == [o.document.root for o in two]
