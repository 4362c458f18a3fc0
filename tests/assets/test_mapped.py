"""Arrays that lie in a file."""

import tempfile
from pathlib import Path

import numpy as np
import pytest

from branchxr_assets import mapped
from branchxr_assets.document import Accessor, Document
from branchxr_assets.glb import save_glb, write_glb
from branchxr_assets.mapped import Scratch, let_go
from branchxr_assets.readers.assembly import Assembly, Geometry
from branchxr_assets.readers.gltf import read_handed

from .conftest import box


def large(seed: int, rows: int = 100_000) -> np.ndarray:
    return np.random.default_rng(seed).random((rows, 3)).astype(np.float32)


def test_what_does_not_fit_lies_in_a_file_and_says_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    scratch = Scratch(in_memory_bytes=1_500_000)
    kept = [scratch.kept(large(seed)) for seed in range(4)]
    assert [type(values.base).__name__ for values in kept] == ["NoneType", *["mmap"] * 3]
    for seed, values in enumerate(kept):
        let_go(values)
        assert (values == large(seed)).all()
    assert list(tmp_path.iterdir()) == []  # nothing to leave behind


def test_small_arrays_stay_in_memory() -> None:
    small = large(1, rows=10)
    assert Scratch(in_memory_bytes=0).kept(small) is small


def test_a_scene_in_a_file_is_written_as_one_in_memory(tmp_path: Path) -> None:
    points, faces = box((1, 1, 1))
    documents = []
    for scratch in (Scratch(), Scratch(in_memory_bytes=0)):
        made = Assembly(_scratch=scratch)
        number = made.mesh([Geometry(attributes={"POSITION": large(3)}), Geometry(
            attributes={"POSITION": points, "TEXCOORD_0": large(4, 8)[:, :2]}, indices=faces
        )])  # fmt: skip
        made.node("a", mesh=number)
        documents.append(made.document())
    raw = write_glb(documents[0])
    save_glb(documents[1], tmp_path / "a.glb")
    assert (tmp_path / "a.glb").read_bytes() == raw == write_glb(documents[1])


def test_what_was_handed_over_outlives_its_file(tmp_path: Path) -> None:
    path = tmp_path / "a.glb"
    values = large(2)
    root = {
        "asset": {"version": "2.0"},
        "meshes": [{"primitives": [{"attributes": {"POSITION": 0}}]}],
    }
    save_glb(Document(root, (Accessor(values, "VEC3"),)), path)
    document, warnings = read_handed(path)
    path.unlink()
    assert warnings == []
    assert (document.accessors[0].values == values).all()


def test_an_empty_file_is_mapped_as_nothing(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    assert mapped.mapped(tmp_path / "a") == b""
