"""What a visitor sees first: as much as fits, and colours decide on nothing of its shape."""

from typing import Any

import numpy as np
import pytest

from branchxr_assets import first_view
from branchxr_assets.document import AccessorPool, Document, Json
from branchxr_assets.first_view import COARSEST_BYTES_MAX, make_coarsest
from branchxr_assets.readers.gltf import read_chunk
from branchxr_assets.recipe import Chunk, Recipe
from branchxr_assets.steps import StepCache

CREAM, BLUE = [0.5, 0.5, 1, 1], [0.123, 0.987, 0.654, 1]


def waves(colours: list[list[float]]) -> Document:
    """Return sheets of 2,450 triangles, one beside the other, each of a colour."""
    pool = AccessorPool()
    side = np.arange(36)
    x, z = np.meshgrid(side * 0.1, side * 0.1)
    corner = (side[:-1, None] * 36 + side[None, :-1]).reshape(-1)
    faces = np.concatenate([corner + k for k in (0, 36, 1, 1, 36, 37)]).reshape(6, -1).T
    meshes: list[Json] = []
    for number in range(len(colours)):
        points = np.stack([x + 4 * number, np.sin(3 * x) * np.cos(2 * z) / 3, z], axis=2)
        primitive = {
            "attributes": {"POSITION": pool.add(points.astype(np.float32), "VEC3")},
            "indices": pool.add(faces.reshape(-1, 1).astype(np.uint16), "SCALAR"),
            "material": number,
        }
        meshes.append({"primitives": [primitive]})
    materials = [{"pbrMetallicRoughness": {"baseColorFactor": colour}} for colour in colours]
    root: Json = {
        "asset": {"version": "2.0"}, "scene": 0, "scenes": [{"nodes": [*range(len(colours))]}],
        "nodes": [{"mesh": number} for number in range(len(colours))], "meshes": meshes,
        "materials": materials,
    }  # fmt: skip
    return Document(root, pool.all())


def coarsest(document: Document, cache: StepCache | None = None) -> Chunk:
    warnings: list[Any] = []
    recipe = Recipe(jobs=1, cache=cache or StepCache(None))
    chunk = make_coarsest(document, recipe, warnings, diagonal_m=10.0)
    assert chunk is not None
    assert not warnings
    return chunk


def colours_of(chunk: Chunk) -> list[list[float]]:
    materials = read_chunk(chunk.glb).listed("materials")
    return [material["pbrMetallicRoughness"]["baseColorFactor"] for material in materials]


def test_colours_decide_on_nothing_of_its_shape() -> None:
    one, other = (
        coarsest(waves([CREAM] * 2 + [BLUE] * 2)),
        coarsest(waves([BLUE] * 2 + [CREAM] * 2)),
    )
    assert sorted(colours_of(one)) == [[0.12, 0.99, 0.65, 1], [0.5, 0.5, 1, 1]]
    assert colours_of(other) == colours_of(one)[::-1]
    for first, second in zip(
        read_chunk(one.glb).accessors, read_chunk(other.glb).accessors, strict=True
    ):
        np.testing.assert_array_equal(first.values, second.values)
    assert one.error_m == other.error_m > 0
    assert max(len(one.glb), len(other.glb)) <= COARSEST_BYTES_MAX


def test_a_painted_scene_is_not_collapsed_again(tmp_path: Any, monkeypatch: Any) -> None:
    cache = StepCache(tmp_path)
    coarsest(waves([CREAM] * 3), cache)
    clean = coarsest(waves([BLUE] * 3))

    def never(*_args: Any) -> None:
        pytest.fail("it was collapsed again")

    monkeypatch.setattr(first_view, "Simplifier", never)
    assert coarsest(waves([BLUE] * 3), cache).glb == clean.glb
    with pytest.raises(pytest.fail.Exception):
        coarsest(waves([BLUE, CREAM, BLUE]), cache)
