"""Paths, matrices and rotations."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from branchxr_assets.document import Document
from branchxr_assets.readers import read
from branchxr_assets.tree import (
    local_matrix,
    matrix_quaternion,
    paths,
    quaternion_matrix,
    world_matrices,
)


def named(*names: str | None) -> list[str]:
    nodes = [{} if name is None else {"name": name} for name in names]
    document = Document({"scenes": [{"nodes": list(range(len(nodes)))}], "nodes": nodes})
    return list(paths(document).values())


def test_slashes_twins_and_nameless_nodes() -> None:
    assert named("a", "b/c", "\u0417\u0430\u043b") == ["a", "b~1c", "\u0417\u0430\u043b"]
    assert named("a", "a", "a") == ["a", "a#2", "a#3"]
    assert named(None, "", None) == ["#1", "#2", "#3"]
    assert named("a", "a", "a#2") == ["a", "a#3", "a#2"]
    assert named(None, "#1") == ["#2", "#1"]


@given(st.lists(st.sampled_from(["a", "a#2", "a#3", "", "#1", "a/", "a~1"]), max_size=8))
def test_paths_are_never_the_same(names: list[str]) -> None:
    found = named(*names)
    assert len(set(found)) == len(names)
    assert not any("/" in path for path in found)


def test_paths_go_from_the_root(maker: Any) -> None:
    top = maker.node(name="top")
    maker.node(maker.node(top, name="middle"), name="leaf")
    assert list(paths(read(maker.save()).document).values()) == [
        *("top", "top/middle", "top/middle/leaf")
    ]


unit = st.tuples(*[st.floats(-1, 1)] * 4).filter(lambda q: sum(x * x for x in q) > 0.1)


@given(unit, st.sampled_from([(1, 1, 1), (2, 0.5, 3), (-1, 1, 1), (-2, -3, -1)]))
def test_a_rotation_survives_its_matrix(quaternion: tuple[float, ...], scale: Any) -> None:
    turn = np.array(quaternion) / np.linalg.norm(quaternion)
    matrix = local_matrix({"rotation": list(turn), "scale": scale})
    back = quaternion_matrix(matrix_quaternion(matrix)[None])[0]
    assert back @ back.T == pytest.approx(np.eye(3), abs=1e-9)
    assert np.linalg.det(back) == pytest.approx(1)
    if min(scale) > 0:
        assert back == pytest.approx(quaternion_matrix(turn[None])[0], abs=1e-9)
        assert matrix_quaternion(matrix)[3] >= 0


def test_transforms_go_down_the_tree(maker: Any) -> None:
    top = maker.node(translation=[1, 0, 0], rotation=[0, 2**-0.5, 0, 2**-0.5])
    leaf = maker.node(top, translation=[0, 0, 2], scale=[2, 2, 2])
    world = world_matrices(read(maker.save()).document)[leaf]
    assert world[:3, 3] == pytest.approx([3, 0, 0])
    assert np.linalg.norm(world[:3, 0]) == pytest.approx(2)
