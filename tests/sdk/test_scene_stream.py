"""The scene as a client gets it: verified first, then chunk by chunk, whatever the wire does."""

import hashlib
import random
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from branchxr.errors import ConnectionFailed, NotFound, PackageRefused
from branchxr.identity.tokens import Session
from branchxr.models import SceneAddress
from branchxr.protocol.package import FileEntry, parse_manifest, seal
from branchxr.scene.cache import ChunkCache, NewestSeen
from branchxr.scene.streamer import FILE_BYTES_MAX, MAX_RESUMES, Scene
from branchxr.scene.tiles import View
from branchxr.testing.clock import VirtualClock
from branchxr.testing.scene import write_scene
from branchxr.transport.http import BranchHttp

NEAR = View((-4.0, 1.7, -3.0))


class Breaking(httpx.AsyncByteStream):
    """A body that breaks off after some bytes."""

    def __init__(self, content: bytes, after: int) -> None:
        self._content, self._after = content, after

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for start in range(0, self._after, 1000):
            yield self._content[start : min(start + 1000, self._after)]
        if self._after < len(self._content):
            raise httpx.ReadError("cut")


class Files:
    """Serve a folder as a branch serves `/scene/`, with Range and If-Range; log and break."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log: list[tuple[str, str]] = []
        self.break_after: dict[str, list[int]] = {}
        self.changed: dict[str, bytes] = {}

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/scene/")
        self.log.append((path, request.headers.get("Range", "")))
        file = self.folder / path
        if not file.is_file():
            return httpx.Response(404)
        content = self.changed.get(path, file.read_bytes())
        headers, status = {"ETag": f'"{path}"'}, 200
        if request.headers.get("If-Range") == headers["ETag"]:
            start = int(request.headers["Range"].removeprefix("bytes=").removesuffix("-"))
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
            content, status = content[start:], 206
        faults = self.break_after.get(path)
        after = faults.pop(0) if faults else len(content)
        return httpx.Response(status, headers=headers, stream=Breaking(content, after))


@pytest.fixture
async def clock() -> AsyncIterator[VirtualClock]:
    async with VirtualClock() as virtual:
        yield virtual


@pytest.fixture
def signer(tmp_path: Path) -> Ed25519PrivateKey:
    return write_scene(tmp_path / "package")


def scene(files: Files, signer: Ed25519PrivateKey, clock: VirtualClock, **options: Any) -> Scene:
    http = BranchHttp(
        "http://localhost:8710", session=Session(clock=clock), clock=clock,
        transport=httpx.MockTransport(files), random=random.Random(1),
    )  # fmt: skip
    address = options.pop("address", None) or SceneAddress(
        "/scene/", "test-room", 1, signer.public_key().public_bytes_raw().hex()
    )
    return Scene(http, address, clock=clock, newest=options.pop("newest", NewestSeen()), **options)


async def test_it_loads_and_streams_coarse_first(
    tmp_path: Path, signer: Ed25519PrivateKey, clock: VirtualClock
) -> None:
    files = Files(tmp_path / "package")
    place = scene(files, signer, clock)
    loaded = await place.load()
    assert loaded.anchor("counter").path == "Room/counter.001"
    assert loaded.anchor("spawn.002").position == (-4.0, 0.0, -1.0)
    assert loaded.anchor("Room/queue.001").kind == "queue"
    assert loaded.floor is not None
    sizes = [len(content) async for _tile, content in place.stream(NEAR, error_px=0.5)]
    assert sizes == sorted(sizes)
    assert len(sizes) == 3
    assert place.base_url == "http://localhost:8710/scene/"


async def test_an_unknown_anchor_is_named(
    tmp_path: Path, signer: Ed25519PrivateKey, clock: VirtualClock
) -> None:
    loaded = await scene(Files(tmp_path / "package"), signer, clock).load()
    with pytest.raises(NotFound, match="counter") as refusal:
        loaded.anchor("bar")
    assert refusal.value.code == "anchor_unknown"


async def test_a_distant_view_does_not_ask_for_the_finest(
    tmp_path: Path, signer: Ed25519PrivateKey, clock: VirtualClock
) -> None:
    place = scene(Files(tmp_path / "package"), signer, clock)
    far = View((0.0, 900.0, 0.0))
    assert len([1 async for _ in place.stream(far, error_px=4.0)]) == 1


async def test_a_broken_connection_is_taken_up_where_it_broke(
    tmp_path: Path, signer: Ed25519PrivateKey, clock: VirtualClock
) -> None:
    files = Files(tmp_path / "package")
    place = scene(files, signer, clock)
    loaded = await place.load()
    largest = max(loaded.manifest.files, key=lambda path: loaded.manifest.files[path].bytes)
    files.break_after[largest] = [50_000, 30_000]
    content = await place.chunk(largest)
    assert len(content) == loaded.manifest.files[largest].bytes
    assert [part for path, part in files.log if path == largest] == [
        "", "bytes=50000-", "bytes=80000-",
    ]  # fmt: skip


async def test_it_gives_up_on_a_wire_that_never_holds(
    tmp_path: Path, signer: Ed25519PrivateKey, clock: VirtualClock
) -> None:
    files = Files(tmp_path / "package")
    place = scene(files, signer, clock)
    path = next(p for p in (await place.load()).manifest.files if p.startswith("c/"))
    files.break_after[path] = [0] * (MAX_RESUMES + 1)
    with pytest.raises(ConnectionFailed):
        await place.chunk(path)


async def test_a_tampered_chunk_is_refused_and_not_kept(
    tmp_path: Path, signer: Ed25519PrivateKey, clock: VirtualClock
) -> None:
    files = Files(tmp_path / "package")
    cache = ChunkCache(tmp_path / "cache", limit_bytes=10**6)
    place = scene(files, signer, clock, cache=cache)
    loaded = await place.load()
    path = next(p for p in loaded.manifest.files if p.startswith("c/"))
    honest = (files.folder / path).read_bytes()
    for tampered in (honest[:-1] + bytes([honest[-1] ^ 1]), honest + b"more", honest[:-9]):
        files.changed[path] = tampered
        with pytest.raises(PackageRefused) as refusal:
            await place.chunk(path)
        assert refusal.value.code == "package_tampered"
    assert cache.total_bytes == 0
    del files.changed[path]
    assert await place.chunk(path) == honest


async def test_what_is_cached_is_not_fetched_again_unless_it_was_damaged(
    tmp_path: Path, signer: Ed25519PrivateKey, clock: VirtualClock
) -> None:
    files = Files(tmp_path / "package")
    place = scene(files, signer, clock, cache=ChunkCache(tmp_path / "cache", limit_bytes=10**6))
    path = next(p for p in (await place.load()).manifest.files if p.startswith("c/"))
    first = await place.chunk(path)
    fetched = len(files.log)
    assert await place.chunk(path) == first
    assert len(files.log) == fetched
    (file,) = (tmp_path / "cache").glob("??/*")
    file.write_bytes(b"damaged")
    assert await place.chunk(path) == first
    assert len(files.log) == fetched + 1


@pytest.mark.parametrize(
    ("path", "content", "code"),
    [
        ("manifest.json.sig", b"", "package_unsigned"),
        ("manifest.json", b"{}", "package_tampered"),
        ("branch.json", b"{}", "package_tampered"),
        ("tileset.json", b"x" * 10_000, "package_tampered"),
    ],
)
async def test_a_tampered_package_is_refused(
    tmp_path: Path,
    signer: Ed25519PrivateKey,
    clock: VirtualClock,
    path: str,
    content: bytes,
    code: str,
) -> None:
    files = Files(tmp_path / "package")
    files.changed[path] = content
    with pytest.raises(PackageRefused) as refusal:
        await scene(files, signer, clock).load()
    assert refusal.value.code == code


async def test_an_absent_signature_is_refused(
    tmp_path: Path, signer: Ed25519PrivateKey, clock: VirtualClock
) -> None:
    (tmp_path / "package/manifest.json.sig").unlink()
    with pytest.raises(PackageRefused) as refusal:
        await scene(Files(tmp_path / "package"), signer, clock).load()
    assert refusal.value.code == "package_unsigned"


async def test_only_the_signer_that_the_branch_names_counts(
    tmp_path: Path, signer: Ed25519PrivateKey, clock: VirtualClock
) -> None:
    with pytest.raises(PackageRefused) as refusal:
        await scene(Files(tmp_path / "package"), Ed25519PrivateKey.generate(), clock).load()
    assert refusal.value.code == "package_foreign_signer"


async def test_an_older_version_than_one_seen_is_refused(
    tmp_path: Path, signer: Ed25519PrivateKey, clock: VirtualClock
) -> None:
    newest = NewestSeen(tmp_path / "newest.json")
    write_scene(tmp_path / "newer", signer=signer, version=2)
    await scene(Files(tmp_path / "newer"), signer, clock, newest=newest).load()
    with pytest.raises(PackageRefused) as refusal:
        await scene(
            Files(tmp_path / "package"), signer, clock, newest=NewestSeen(tmp_path / "newest.json")
        ).load()
    assert refusal.value.code == "package_older"


@pytest.mark.parametrize("base", ["https://evil.example/", "/a/../b/", "/scene", "/s/?x=/"])
async def test_a_scene_stays_below_the_branch(
    tmp_path: Path, signer: Ed25519PrivateKey, clock: VirtualClock, base: str
) -> None:
    files = Files(tmp_path / "package")
    public = signer.public_key().public_bytes_raw().hex()
    place = scene(files, signer, clock, address=SceneAddress(base, "test-room", 1, public))
    with pytest.raises((PackageRefused, NotFound)):
        await place.load()
    assert all("evil" not in path or path.startswith("/") for path, _ in files.log)


async def test_another_scene_or_a_signer_that_is_none(
    tmp_path: Path, signer: Ed25519PrivateKey, clock: VirtualClock
) -> None:
    public = signer.public_key().public_bytes_raw().hex()
    for address in (
        SceneAddress("/scene/", "another", 1, public),
        SceneAddress("/scene/", "test-room", 1, "nonsense"),
    ):
        with pytest.raises(PackageRefused):
            await scene(Files(tmp_path / "package"), signer, clock, address=address).load()


async def test_stopping_early_cancels_what_is_under_way(
    tmp_path: Path, signer: Ed25519PrivateKey, clock: VirtualClock
) -> None:
    place = scene(Files(tmp_path / "package"), signer, clock)
    stream = place.stream(NEAR)
    tile, _content = await anext(stream)
    assert tile.error_m == 2.0
    await stream.aclose()  # type: ignore[attr-defined]


def test_branch_json_of_the_test_scene_is_plain(tmp_path: Path, signer: Ed25519PrivateKey) -> None:
    raw = (tmp_path / "package/branch.json").read_bytes()
    assert {"anchors", "cells", "floor", "nodes"} <= set(msgspec.json.decode(raw))


@pytest.mark.parametrize(
    "branch_json",
    [b'{"anchors":[1]}', b'{"anchors":{"a":"b"}}', b'{"x":' + b"[" * 100_000, b"[]", b"\xff"],
)
async def test_a_signed_branch_json_that_is_none_is_refused(
    tmp_path: Path, signer: Ed25519PrivateKey, clock: VirtualClock, branch_json: bytes
) -> None:
    resign(tmp_path / "package", signer, {"branch.json": branch_json})
    with pytest.raises(PackageRefused):
        await scene(Files(tmp_path / "package"), signer, clock).load()


async def test_a_file_larger_than_memory_is_not_begun(
    tmp_path: Path, signer: Ed25519PrivateKey, clock: VirtualClock
) -> None:
    package = tmp_path / "package"
    resign(package, signer, {}, sizes={"tileset.json": FILE_BYTES_MAX + 1})
    files = Files(package)
    with pytest.raises(PackageRefused):
        await scene(files, signer, clock).load()
    assert "tileset.json" not in [path for path, _ in files.log]


@pytest.mark.parametrize("name", ["manifest.json", "tileset.json"])
async def test_nobody_is_held_by_a_byte_now_and_then(
    tmp_path: Path, signer: Ed25519PrivateKey, clock: VirtualClock, name: str
) -> None:
    class Dripping(httpx.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            for byte in (tmp_path / "package" / name).read_bytes():
                await clock.sleep(20)
                yield bytes([byte])

    files = Files(tmp_path / "package")

    def drip(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/" + name):
            return httpx.Response(200, stream=Dripping())
        return files(request)

    began = clock.monotonic()
    with pytest.raises(ConnectionFailed) as refusal:
        await scene(drip, signer, clock).load()  # type: ignore[arg-type]
    assert refusal.value.code == "too_slow"
    assert clock.monotonic() - began < 600


def resign(
    package: Path,
    signer: Ed25519PrivateKey,
    changed: dict[str, bytes],
    *,
    sizes: dict[str, int] | None = None,
) -> None:
    """Put other files into a package and sign it anew, as a hostile branch would."""
    manifest = parse_manifest((package / "manifest.json").read_bytes())
    files = dict(manifest.files)
    for path, content in changed.items():
        (package / path).write_bytes(content)
        files[path] = FileEntry(hashlib.sha256(content).hexdigest(), len(content))
    for path, size in (sizes or {}).items():
        files[path] = FileEntry(files[path].sha256, size)
    raw, signature = seal(msgspec.structs.replace(manifest, files=files), signer)
    (package / "manifest.json").write_bytes(raw)
    (package / "manifest.json.sig").write_bytes(signature)
