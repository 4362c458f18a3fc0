"""Copies of a mesh are found, however they were turned, and nothing moves by it."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from branchxr_assets.document import Accessor, Document
from branchxr_assets.geometry import bounds, drawn_triangles, placements, world_positions
from branchxr_assets.glb import write_glb
from branchxr_assets.operations.instance import instance
from branchxr_assets.operations.split_live import split_live
from branchxr_assets.readers import read
from branchxr_assets.tree import paths, quaternion_matrix

RANDOM = np.random.default_rng(5)
POINTS = RANDOM.normal(size=(20, 3))
NORMALS = POINTS / np.linalg.norm(POINTS, axis=1, keepdims=True)
FACES = np.array([RANDOM.permutation(20)[:3] for _ in range(30)])
FLAT = POINTS * (1, 0, 1)


def scene(*shapes: tuple[Any, Any], **node: Any) -> Document:
    """Return a document with one node and mesh for each `(points, faces)`."""
    accessors: list[Accessor] = []

    def add(values: Any, kind: str, dtype: str) -> int:
        accessors.append(Accessor(np.array(values, dtype).reshape(len(values), -1), kind))
        return len(accessors) - 1

    meshes, nodes = [], []
    for number, (points, faces) in enumerate(shapes):
        primitive = {
            "attributes": {"POSITION": add(points, "VEC3", "<f4")},
            "indices": add(np.reshape(faces, -1), "SCALAR", "<u2"),
        }
        meshes.append({"name": f"Mesh {number}", "primitives": [primitive]})
        nodes.append({"name": f"Chair {number}", "mesh": number, "extras": {"n": number}, **node})
    root = {"asset": {"version": "2.0"}, "scene": 0, "scenes": [{"nodes": [*range(len(nodes))]}],
            "nodes": nodes, "meshes": meshes}  # fmt: skip
    return Document(root, tuple(accessors))


def drawn(document: Document) -> list[Any]:
    found = []
    for placement in placements(document):
        found += [points for _, points in world_positions(document, placement)]
    return found


def turned(points: Any, quaternion: Any, mirror: bool = False) -> Any:
    laid = points * ((-1, 1, 1) if mirror else (1, 1, 1))
    return laid @ quaternion_matrix(np.array([quaternion], float))[0].T


@pytest.mark.parametrize("points", [POINTS, FLAT])
@pytest.mark.parametrize("mirror", [False, True])
def test_a_copy_is_found_and_stands_where_it_stood(points: Any, mirror: bool) -> None:
    copy = turned(points, (0.1, -0.7, 0.3, 0.6), mirror) * 2.5 + (4, 0, -3)
    faces = FACES[:, ::-1] if mirror else FACES
    before = scene((points, FACES), (copy, faces), rotation=[0, 0.6, 0, 0.8], translation=[1, 2, 3])
    made = instance(before)
    assert made.changed == {"meshes_shared": 1}
    assert len(made.document.listed("meshes")) == 1
    for mine, theirs in zip(drawn(made.document), drawn(before), strict=True):
        assert mine == pytest.approx(theirs, abs=2e-4)
    assert [(n["name"], n["extras"]) for n in made.document.listed("nodes")] == [
        (n["name"], n["extras"]) for n in before.listed("nodes")
    ]


def test_what_differs_is_no_copy() -> None:
    bent = POINTS.copy()
    bent[3] += 0.01
    inside_out = (POINTS, FACES[:, ::-1])
    stretched = (POINTS * (1, 1, 2), FACES)
    other_faces = (POINTS, np.roll(FACES, 1, axis=0))
    for other in ((bent, FACES), inside_out, stretched, other_faces):
        assert instance(scene((POINTS, FACES), other)).changed == {"meshes_shared": 0}


def test_a_mirror_of_what_is_its_own_mirror_keeps_its_winding() -> None:
    square = np.array([[-1, 0, -1], [1, 0, -1], [1, 0, 1], [-1, 0, 1]])
    up, down = [[0, 2, 1], [0, 3, 2]], [[0, 1, 2], [0, 2, 3]]
    made = instance(scene((square, up), (square, down))).document
    sides = [np.linalg.det(p.matrices[0][:3, :3]) for p in placements(made)]
    shown = drawn(made)
    assert len(made.listed("meshes")) == 1
    assert sides[0] > 0 > sides[1]
    assert shown[1] == pytest.approx(shown[0])


def test_what_has_a_part_of_its_own_keeps_its_mesh() -> None:
    for node in ({"children": [2]}, {"skin": 0}, {"weights": [1.0]}):
        document = scene((POINTS, FACES), (POINTS + 1, FACES))
        document.listed("nodes").append({"name": "Seat"})
        document.root["skins"] = [{"joints": [2]}]
        document.listed("nodes")[1].update(node)
        assert instance(document).changed == {"meshes_shared": 0}


@settings(max_examples=40, deadline=None)
@given(
    st.tuples(*[st.floats(-1, 1)] * 4).filter(lambda q: np.linalg.norm(q) > 0.1),
    st.tuples(*[st.floats(-100, 100)] * 3),
    st.floats(0.01, 100),
)
def test_any_place_any_size(quaternion: Any, place: Any, size: float) -> None:
    before = scene((POINTS, FACES), (turned(POINTS, quaternion) * size + place, FACES))
    made = instance(before)
    for mine, theirs in zip(drawn(made.document), drawn(before), strict=True):
        assert mine == pytest.approx(theirs, abs=1e-3 * size + 1e-4)


def test_a_scene_that_shares_already_stays_as_it_is(hall: Any) -> None:
    static = split_live(read(hall).document).document
    made = instance(static)
    assert write_glb(instance(made.document).document) == write_glb(made.document)
    assert drawn_triangles(made.document) == drawn_triangles(static)
    assert bounds(made.document) == pytest.approx(bounds(static), abs=1e-4)
    assert list(paths(made.document).values()) == list(paths(static).values())
