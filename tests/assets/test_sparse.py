"""Morph targets: what does not move is not stored, and nothing else changes."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from branchxr_assets.document import Accessor, Document
from branchxr_assets.glb import write_glb
from branchxr_assets.operations.sparse import sparse
from branchxr_assets.readers import read


def face(deltas: Any) -> Document:
    table = np.array(deltas, "<f4").reshape(-1, 3)
    points = Accessor(np.random.default_rng(1).normal(size=table.shape).astype("<f4"), "VEC3")
    primitive = {"attributes": {"POSITION": 0}, "targets": [{"POSITION": 1}], "mode": 0}
    root = {
        "asset": {"version": "2.0"},
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0, "name": "face"}],
        "meshes": [{"primitives": [primitive], "extras": {"targetNames": ["Smile"]}}],
    }
    return Document(root, (points, Accessor(table, "VEC3")))


def test_a_smile_leaves_the_ears_alone(tmp_path: Path) -> None:
    deltas = np.zeros((1000, 3))
    deltas[10:30] = 0.01
    before = face(deltas)
    made = sparse(before)
    assert made.changed["accessors_sparse"] == 1
    raw, dense = write_glb(made.document), write_glb(before)
    assert len(dense) - len(raw) == pytest.approx(made.changed["bytes_saved"], abs=150)
    path = tmp_path / "face.glb"
    path.write_bytes(raw)
    again = read(path).document
    assert np.array_equal(again.accessors[1].values, before.accessors[1].values)
    root = json.loads(raw[20 : 20 + int.from_bytes(raw[12:16], "little")])
    assert root["accessors"][1]["sparse"]["count"] == 20
    assert root["accessors"][1]["max"] == pytest.approx([0.01] * 3)


def test_what_would_not_pay_stays() -> None:
    for deltas in (np.ones((1000, 3)), np.zeros((4, 3))):
        before = face(deltas)
        assert sparse(before).changed == {"accessors_sparse": 0, "bytes_saved": 0}
        assert write_glb(sparse(before).document) == write_glb(before)


def test_all_zero_is_one_zero(tmp_path: Path) -> None:
    path = tmp_path / "still.glb"
    path.write_bytes(write_glb(sparse(face(np.zeros((500, 3)))).document))
    assert not read(path).document.accessors[1].values.any()


def test_it_is_done_once(hall: Any) -> None:
    once = sparse(read(hall).document)
    assert once.changed["accessors_sparse"] > 0
    assert sparse(once.document).changed["accessors_sparse"] == 0


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 399), max_size=60), st.floats(-5, 5, width=32))
def test_every_number_comes_back(tmp_path_factory: Any, rows: Any, value: float) -> None:
    deltas = np.zeros((400, 3))
    deltas[rows] = value
    path = tmp_path_factory.mktemp("s") / "face.glb"
    document = face(deltas)
    path.write_bytes(write_glb(sparse(document).document))
    assert np.array_equal(read(path).document.accessors[1].values, document.accessors[1].values)
