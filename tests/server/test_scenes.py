"""Scene packages: which are served, and how."""

import hashlib
import json
from pathlib import Path
from typing import Any

import brotli
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from branchxr.errors import PackageRefused
from branchxr.protocol.package import FileEntry, Manifest, parse_manifest, seal

RAW = b"glTF" + bytes(range(256)) * 40
CHUNK = f"c/{hashlib.sha256(RAW).hexdigest()}.glb"
BRANCH = {
    "cells": [{"id": 7, "origin": [0, 0, 0]}],
    "anchors": [{"path": "spawn", "kind": "spawn", "position": [1, 0, 2]}],
}


def write_package(
    folder: Path, key: Ed25519PrivateKey, *, version: int = 5, branch: Any = BRANCH, **extra: bytes
) -> Path:
    files = {
        "tileset.json": b'{"asset": {"version": "1.1"}}' + b" " * 300,
        "branch.json": json.dumps(branch).encode(),
        "report.html": b"<!doctype html><p>what came in</p>",
        CHUNK: RAW,
        **extra,
    }
    for path in ("tileset.json", CHUNK):
        files[f"{path}.br"] = brotli.compress(files[path])
    entries = {
        path: FileEntry(hashlib.sha256(content).hexdigest(), len(content))
        for path, content in files.items()
    }
    manifest = Manifest(schema=1, scene="hall", version=version, files=entries)
    files["manifest.json"], files["manifest.json.sig"] = seal(manifest, key)
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    return folder


@pytest.fixture
def signer() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.generate()


@pytest.fixture
def package(tmp_path: Path, signer: Ed25519PrivateKey) -> Path:
    return write_package(tmp_path / "scene", signer)


@pytest.fixture
async def http(world: Any, package: Path) -> Any:
    caller = await world.caller(await world.open(scene=package))
    caller.http.headers["accept-encoding"] = "identity"
    return caller.http


async def test_the_branch_says_what_it_shows(world: Any, package: Path, signer: Any) -> None:
    branch = await world.open(scene=package)
    scene = branch.description.scene
    assert (scene.base, scene.id, scene.version) == ("/scene/", "hall", 5)
    assert scene.signer == signer.public_key().public_bytes_raw().hex()
    assert [cell.id for cell in branch.room.plan.cells] == [7]


async def test_every_file_of_the_manifest_and_nothing_else(http: Any, package: Path) -> None:
    (package / "secret.txt").write_text("not in the manifest")
    manifest = parse_manifest((package / "manifest.json").read_bytes())
    for path in (*manifest.files, "manifest.json", "manifest.json.sig"):
        answer = await http.get(f"/scene/{path}")
        assert (answer.status_code, answer.content) == (200, (package / path).read_bytes())
        assert answer.headers["x-content-type-options"] == "nosniff"
    for path in ("secret.txt", "", "c/", "c", "../data", "..%2fdata", "%2e%2e/data", "/etc/passwd"):
        answer = await http.get(f"/scene/{path}")
        assert answer.json()["code"] in {"scene_missing", "not_found"}, path
    answer = await http.post("/scene/tileset.json")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")


async def test_caching(http: Any) -> None:
    chunk = (await http.get(f"/scene/{CHUNK}")).headers
    assert chunk["cache-control"] == "public, max-age=31536000, immutable"
    assert chunk["content-type"] == "model/gltf-binary"
    assert chunk["etag"] == f'"{hashlib.sha256(RAW).hexdigest()}"'
    for path in ("tileset.json", "branch.json", "manifest.json"):
        assert (await http.get(f"/scene/{path}")).headers["cache-control"] == "no-cache"
    report = (await http.get("/scene/report.html")).headers
    assert "sandbox" in report["content-security-policy"]


async def test_a_strong_tag_for_each_encoding(http: Any) -> None:
    path = f"/scene/{CHUNK}"
    plain = await http.get(path)
    packed = await http.get(path, headers={"accept-encoding": "br"})
    assert packed.headers["content-encoding"] == "br"
    assert packed.content == RAW  # httpx has unpacked it
    assert int(packed.headers["content-length"]) < len(RAW)
    assert packed.headers["etag"] != plain.headers["etag"]
    assert plain.headers["vary"] == packed.headers["vary"] == "accept-encoding"
    for answer, encoding in ((plain, "identity"), (packed, "br")):
        headers = {"if-none-match": answer.headers["etag"], "accept-encoding": encoding}
        again = await http.get(path, headers=headers)
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == answer.headers["etag"]
        assert "content-encoding" not in again.headers
    crossed = {"if-none-match": plain.headers["etag"], "accept-encoding": "br"}
    assert (await http.get(path, headers=crossed)).status_code == 200
    assert (await http.get("/scene/branch.json", headers={"accept-encoding": "br"})).headers.get(
        "content-encoding"
    ) is None


async def test_resuming(http: Any) -> None:
    path = f"/scene/{CHUNK}"
    tag = (await http.get(path)).headers["etag"]
    headers = {"range": "bytes=1000-", "if-range": tag, "accept-encoding": "br"}
    part = await http.get(path, headers=headers)
    assert (part.status_code, part.content) == (206, RAW[1000:])
    assert part.headers["content-range"] == f"bytes 1000-{len(RAW) - 1}/{len(RAW)}"
    assert "content-encoding" not in part.headers
    other = await http.get(path, headers={"range": "bytes=1000-", "if-range": '"another"'})
    assert (other.status_code, other.content) == (200, RAW)
    weak = await http.get(path, headers={"range": "bytes=1000-", "if-range": f"W/{tag}"})
    assert weak.status_code == 200
    beyond = await http.get(path, headers={"range": f"bytes={len(RAW)}-"})
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{len(RAW)}")
    several = await http.get(path, headers={"range": "bytes=0-1,4-5"})
    assert (several.status_code, several.content) == (200, RAW)
    head = await http.request("HEAD", path, headers={"range": "bytes=0-1"})
    assert (head.status_code, head.headers["content-length"]) == (200, str(len(RAW)))


async def test_only_if_it_is_still_the_same(http: Any) -> None:
    answer = await http.get("/scene/branch.json", headers={"if-match": '"another"'})
    assert (answer.status_code, answer.json()["code"]) == (412, "precondition_failed")


async def asgi(app: Any, kind: str, path: str) -> list[Any]:
    """Speak ASGI itself; return what the app sends."""
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": f"{kind}.connect" if kind == "websocket" else "http.request"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": kind, "method": "GET", "path": path, "raw_path": path.encode(),
        "query_string": b"", "headers": [(b"host", b"localhost:8710")],
    }  # fmt: skip
    await app(scope, receive, send)
    return sent


async def test_a_reader_who_takes_nothing_costs_one_piece(
    world: Any, tmp_path: Path, signer: Any
) -> None:
    large = bytes(range(256)) * 1000
    package = write_package(tmp_path / "large", signer, large=large)
    branch = await world.open(scene=package)
    start, *pieces = await asgi(branch.app, "http", "/scene/large")
    assert (b"content-length", str(len(large)).encode()) in start["headers"]
    assert b"".join(piece["body"] for piece in pieces) == large
    assert max(len(piece["body"]) for piece in pieces) <= 64 * 1024
    assert [piece.get("more_body", False) for piece in pieces[-2:]] == [True, False]


async def test_a_scene_is_no_websocket(world: Any, package: Path) -> None:
    branch = await world.open(scene=package)
    (closed,) = await asgi(branch.app, "websocket", "/scene/branch.json")
    assert closed["type"] == "websocket.close"


async def test_what_is_served_is_what_was_verified(http: Any, package: Path) -> None:
    (package / CHUNK).write_bytes(b"changed later")
    assert (await http.get(f"/scene/{CHUNK}")).content == RAW


async def refused(world: Any, package: Path, **settings: Any) -> str:
    with pytest.raises(PackageRefused) as caught:
        await world.open(scene=package, **settings)
    return caught.value.code


async def test_packages_that_are_not_served(
    world: Any, package: Path, tmp_path: Path, signer: Any
) -> None:
    assert await refused(world, tmp_path / "nowhere") == "package_missing"
    foreign = Ed25519PrivateKey.generate().public_key().public_bytes_raw()
    assert await refused(world, package, scene_signer=foreign) == "package_foreign_signer"
    for path in (CHUNK, "branch.json", f"{CHUNK}.br"):
        original = (package / path).read_bytes()
        (package / path).write_bytes(original[:-1] + bytes([original[-1] ^ 1]))
        assert await refused(world, package, allow_unsigned=True) == "package_tampered"
        (package / path).unlink()
        assert await refused(world, package) == "package_missing"
        (package / path).write_bytes(original)
    (package / "manifest.json.sig").unlink()
    assert await refused(world, package) == "package_unsigned"
    served = await world.open(scene=package, allow_unsigned=True)
    assert served.description.scene.signer == ""
    no_rooms = write_package(tmp_path / "odd", signer, branch={"cells": 5})
    assert await refused(world, no_rooms) == "package_malformed"


async def test_an_older_version_is_refused_once_a_newer_one_was_seen(
    world: Any, tmp_path: Path, signer: Any
) -> None:
    data = tmp_path / "data"
    newer = write_package(tmp_path / "newer", signer, version=6)
    older = write_package(tmp_path / "older", signer, version=5)
    for scene in (older, newer):
        await world.open(scene=scene, data=data)
        await world.stack.aclose()
    assert await refused(world, older, data=data) == "package_older"
    await world.open(scene=older)  # in memory nothing was seen
    other = write_package(tmp_path / "other", Ed25519PrivateKey.generate(), version=1)
    await world.open(scene=other, data=data)  # another signer counts by itself
