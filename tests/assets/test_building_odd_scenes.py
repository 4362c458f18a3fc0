"""Textures and meshes that cannot be worked on are kept as they were, and named."""

import struct
import zlib
from pathlib import Path
from typing import Any

import pytest
from tests.assets.rooms import furnish, promised

from branchxr_assets import first_view, meshopt
from branchxr_assets.operations import draco as draco_module


def huge_png() -> bytes:
    """A picture of 40,000 x 40,000 pixels that is a few hundred bytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = struct.pack(">IIBBBBB", 40_000, 40_000, 8, 0, 0, 0, 0)
    data = zlib.compress(bytes(40_001) * 4)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def test_a_texture_larger_than_memory_is_kept_as_it_came(
    run: Any, maker: Any, tmp_path: Path
) -> None:
    furnish(maker)
    maker.root["images"][0]["bufferView"] = maker.view(huge_png())
    result = run("build", maker.save(), "-o", tmp_path / "out")
    assert result.exit_code == 0
    assert "warning [image_kept] images[0]: the image 'pattern' is 40,000 x 40,000" in result.stderr
    assert "warning [budget_texture_memory]" in result.stderr


def test_a_mesh_that_cannot_be_compressed_is_kept_and_named(
    run: Any, maker: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    furnish(maker)
    maker.root["meshes"][1]["name"] = "Ball"

    def fail(*_arguments: object) -> None:
        raise RuntimeError("no encoding")

    words = ("build", maker.save(), "-o", tmp_path / "out", "--codec", "draco")
    with monkeypatch.context() as patched:
        patched.setattr(draco_module, "_packed", fail)
        result = run(*words)
        assert result.exit_code == 0
        assert "warning [mesh_not_compressed] Ball: it could not be compressed" in result.stderr
    again = run(*words)
    assert "mesh_not_compressed" not in again.stderr  # a failure is not remembered


def test_a_mesh_that_cannot_be_simplified_is_kept_and_named(
    run: Any, maker: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    furnish(maker)
    maker.root["meshes"][1]["name"] = "Ball"
    monkeypatch.setattr(first_view, "_COARSEST_TARGET", 16_000)

    def fail(*_arguments: object, **_options: object) -> None:
        raise meshopt.MeshoptFailed("no memory for it")

    words = ("build", maker.save(), "-o", tmp_path / "out")
    with monkeypatch.context() as patched:
        patched.setattr(meshopt, "simplify", fail)
        result = run(*words)
    assert result.exit_code == 0
    assert "warning [mesh_not_simplified] Ball: it could not be simplified" in result.stderr
    assert "warning [mesh_not_simplified] the first view: " in result.stderr
    again = run(*words)
    assert "mesh_not_simplified" not in again.stderr  # a failure is not remembered
    seen = promised(tmp_path / "out")
    assert run(*words[:-1], tmp_path / "clean", "--no-cache").exit_code == 0
    assert promised(tmp_path / "clean") == seen
