"""Meshes that Draco cannot hold whole are kept as they were, and named; that is remembered too."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.assets.rooms import ball

from branchxr_assets import bodies
from branchxr_assets.build import build_scene
from branchxr_assets.document import Accessor, Document
from branchxr_assets.geometry import positions, triangles
from branchxr_assets.glb import write_glb
from branchxr_assets.operations.draco import draco
from branchxr_assets.presets import load
from branchxr_assets.readers import read
from branchxr_assets.steps import StepCache

POINTS, _, _faces = ball(10)
POINTS = POINTS + np.random.default_rng(1).normal(0, 1e-3, POINTS.shape)  # no two at the poles
FACES = np.array(_faces)


def degenerate(maker: Any) -> int:
    return int(maker.mesh(POINTS, np.concatenate([FACES, [[3, 3, 4]]])))


def sphere(maker: Any) -> int:
    """Two triangles of each quad at a pole have two corners in it."""
    points, uv, faces = ball(24)
    return int(maker.mesh(points, faces, attributes={"TEXCOORD_0": maker.array(uv)}))


def flat(maker: Any) -> int:
    return int(maker.mesh(POINTS, [[k, k, k + 1] for k in range(60)]))


def in_a_point(maker: Any) -> int:
    return int(maker.mesh(np.ones((90, 3)), FACES % 90))


def dots(maker: Any) -> int:
    return int(maker.mesh(POINTS, mode=0))


def lines(maker: Any) -> int:
    return int(maker.mesh(POINTS, [[k, k + 1] for k in range(80)], mode=1))


def strip_of_lines(maker: Any) -> int:
    return int(maker.mesh(POINTS, mode=3))


def signed(maker: Any) -> int:
    numbers = maker.array(np.arange(len(POINTS))[:, None] - 50, "i2")
    return int(maker.mesh(POINTS, FACES, attributes={"_ID": numbers}))


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (dots, "points or lines"),
        (lines, "points or lines"),
        (strip_of_lines, "points or lines"),
        (signed, "_ID holds signed integers"),
    ],
)
def test_it_is_kept_and_named(maker: Any, make: Callable[[Any], int], why: str, capfd: Any) -> None:
    index = make(maker)
    maker.root["meshes"][index]["name"] = "Odd"
    good = maker.mesh(POINTS, FACES)
    maker.node(mesh=index)
    maker.node(mesh=good)
    came = read(maker.save()).document
    outcome = draco(came)
    ((code, path, message),) = [(w.code, w.path, w.message) for w in outcome.warnings]
    assert (code, path) == ("mesh_without_draco", "Odd")
    assert why in message
    assert message.endswith("it is kept without Draco")
    odd, packed = outcome.document.primitives()
    assert outcome.document.accessors[packed["indices"]].packed is not None
    for name, number in odd["attributes"].items():
        accessor = outcome.document.accessors[number]
        before = came.accessors[came.primitives()[0]["attributes"][name]]
        assert accessor.packed is None
        assert np.array_equal(accessor.values, before.values)
    assert capfd.readouterr() == ("", "")  # the encoder itself would say it in its own words


@pytest.mark.parametrize("make", [degenerate, flat, in_a_point, sphere])
def test_triangles_without_an_area_are_kept_and_packed(
    maker: Any, make: Callable[[Any], int], tmp_path: Path, capfd: Any
) -> None:
    maker.node(mesh=make(maker))
    came = read(maker.save()).document
    outcome = draco(came)
    assert (outcome.warnings, outcome.changed["primitives"]) == ((), 1)
    assert capfd.readouterr() == ("", "")
    path = tmp_path / "packed.glb"
    path.write_bytes(write_glb(outcome.document))
    again = read(path).document
    before, after = (
        np.sort(positions(d, p)[triangles(d, p)].reshape(-1, 3), axis=0)
        for d in (came, again)
        for p in d.primitives()
    )
    assert before.shape == after.shape
    assert np.abs(before - after).max() < 0.002


def test_numbers_that_are_none_are_kept_too(maker: Any) -> None:
    maker.node(mesh=maker.mesh(POINTS, FACES))
    came = read(maker.save()).document
    at = came.primitives()[0]["attributes"]["POSITION"]
    values = came.accessors[at].values.copy()
    values[5] = np.nan
    accessors = list(came.accessors)
    accessors[at] = Accessor(values, "VEC3")
    outcome = draco(Document(came.root, tuple(accessors)))
    assert [w.message.partition(";")[0] for w in outcome.warnings] == [
        "it has positions that are no numbers"
    ]


def test_a_wire_frame_may_share_a_meshs_indices(maker: Any) -> None:
    shown = maker.mesh(POINTS, FACES)
    faces = maker.root["meshes"][shown]["primitives"][0]
    maker.root["meshes"][shown]["primitives"].append({**faces, "mode": 1})
    maker.node(mesh=shown)
    made = draco(read(maker.save()).document)
    solid, wire = made.document.primitives()
    assert (solid.get("mode", 4), wire["mode"]) == (4, 1)
    assert made.document.accessors[wire["indices"]].packed is None
    assert [w.code for w in made.warnings] == ["mesh_without_draco"]


def test_small_meshes_stay_plain_without_a_word(maker: Any) -> None:
    maker.node(mesh=maker.mesh(POINTS, [[0, 0, 1], [0, 1, 2]]))
    assert draco(read(maker.save()).document).warnings == ()


def test_the_next_build_remembers_it_and_says_it_again(
    maker: Any, key: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    maker.root["meshes"][lines(maker)]["name"] = "Odd"
    maker.node(mesh=0)
    source, preset = (
        maker.save(),
        load(given={"geometry": {"codec": "draco"}, "lods": {"count": 1}}),
    )
    found = []
    for _ in range(2):
        cache = StepCache(tmp_path / "cache")
        result = build_scene(source, tmp_path / "out", key=key, preset=preset, cache=cache)
        found.append([w for w in result.warnings if w.code == "mesh_without_draco"])
        monkeypatch.setattr(bodies, "write_glb", lambda _document: pytest.fail("packed again"))
    assert [w.path for w in found[0]] == ["Odd"]
    assert found[1] == found[0]
