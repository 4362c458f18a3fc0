"""What `inspect` believes of a package: only what its signed manifest names."""

import contextlib
import hashlib
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from branchxr.errors import PackageRefused, SceneRefused
from branchxr.protocol.package import FileEntry, Manifest, seal
from branchxr_assets import prepare
from branchxr_assets.build import build_scene
from branchxr_assets.inspection import inspect_package, inspect_scene
from branchxr_assets.packager import sealed


def signed(folder: Path, files: dict[str, bytes], key: Ed25519PrivateKey) -> Path:
    for name, raw in sealed(files, key, scene="s", version=1).items():
        (folder / name).write_bytes(raw)
    return folder


@pytest.mark.parametrize("raw", [b"[]", b"{}", b'{"anchors":[1]}', b"\xff", b"[" * 100_000])
def test_a_signed_package_of_another_shape_is_refused(
    tmp_path: Path, key: Ed25519PrivateKey, raw: bytes
) -> None:
    with pytest.raises(PackageRefused) as caught:
        inspect_package(signed(tmp_path, {"branch.json": raw}, key), now=0)
    assert caught.value.code == "package_malformed"


def test_nothing_that_is_not_signed_is_believed(tmp_path: Path, key: Ed25519PrivateKey) -> None:
    package = signed(tmp_path, {"tileset.json": b"{}"}, key)
    (package / "branch.json").write_text('{"anchors":[{"kind":"spawn"}]}')
    with pytest.raises(PackageRefused, match=r"without branch\.json"):
        inspect_package(package, now=0)


def test_a_broken_zip_is_refused_wherever_it_is_broken(
    maker: Any, key: Ed25519PrivateKey, tmp_path: Path
) -> None:
    maker.room()
    build_scene(maker.save(), tmp_path / "out", key=key, has_report=False)
    archive = tmp_path / "out.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        for path in (p for p in (tmp_path / "out").rglob("*") if p.is_file()):
            file.write(path, path.relative_to(tmp_path / "out").as_posix())
    whole = archive.read_bytes()
    for at in range(0, len(whole), 41):
        broken = bytearray(whole)
        broken[at] ^= 0xFF
        archive.write_bytes(broken)
        with contextlib.suppress(PackageRefused, SceneRefused):
            # What is in no file's bytes, such as a time stamp, may change.
            assert inspect_package(archive, now=0)["scene"] == "scene"


def test_a_zip_that_unpacks_to_more_than_the_manifest_says_is_not_unpacked(
    tmp_path: Path, key: Ed25519PrivateKey
) -> None:
    files = sealed({"branch.json": b"{}"}, key, scene="s", version=1)
    archive = tmp_path / "bomb.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        for name, raw in (files | {"branch.json": bytes(200_000_000)}).items():
            file.writestr(name, raw)
    tracemalloc.start()
    with pytest.raises(PackageRefused) as caught:
        inspect_package(archive, now=0)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert caught.value.code == "package_tampered"
    assert most < 20_000_000


def test_an_expired_package_is_refused(tmp_path: Path, key: Ed25519PrivateKey) -> None:
    entry = FileEntry(hashlib.sha256(b"{}").hexdigest(), 2)
    manifest = Manifest(1, "s", 1, {"branch.json": entry}, expires=1000)
    for name, raw in zip(("manifest.json", "manifest.json.sig"), seal(manifest, key), strict=True):
        (tmp_path / name).write_bytes(raw)
    with pytest.raises(PackageRefused) as caught:
        inspect_package(tmp_path, now=1000)
    assert caught.value.code == "package_expired"


@pytest.mark.parametrize("scale", [[[1, 1, 1], [2, 2, 2]], [[1, 1], [2, 2], [3, 3]]])
def test_instances_that_do_not_fit_are_refused(
    maker: Any, key: Ed25519PrivateKey, tmp_path: Path, scale: Any
) -> None:
    attributes = {"TRANSLATION": maker.array([[0, 0, 0]] * 3), "SCALE": maker.array(scale)}
    maker.node(mesh=maker.box(), extensions={"EXT_mesh_gpu_instancing": {"attributes": attributes}})
    maker.root["extensionsUsed"] = ["EXT_mesh_gpu_instancing"]
    source = maker.save()
    for use in (
        inspect_scene,
        lambda path: build_scene(path, tmp_path / "out", key=key, has_report=False),
    ):
        with pytest.raises(SceneRefused, match="EXT_mesh_gpu_instancing") as caught:
            use(source)
        assert caught.value.code == "scene_accessor"


def test_no_floor_is_sought_in_a_giant(maker: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    maker.room()
    usual = inspect_scene(path := maker.save())
    monkeypatch.setattr(prepare, "FLOOR_TRIANGLES_MAX", 1)
    found = inspect_scene(path)
    assert [w["code"] for w in found.pop("warnings")] == ["floor_not_sought"]
    usual.pop("warnings")
    assert found == usual
