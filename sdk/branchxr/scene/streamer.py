"""The branch's scene: verified, then streamed chunk by chunk.

Nothing of a package is used before its hash was checked against a manifest that the signer named
in the branch's description has signed.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote

import msgspec

from ..clock import Clock
from ..errors import ConnectionFailed, NotFound, PackageRefused
from ..models import SceneAddress
from ..protocol.floor import Floor
from ..protocol.package import (
    MANIFEST_BYTES_MAX,
    MANIFEST_NAME,
    SIGNATURE_NAME,
    FileCheck,
    Manifest,
    verify,
)
from ..transport.http import BranchHttp
from .cache import ChunkCache, NewestSeen
from .tiles import Tile, View, fetch_order, parse_tileset

MAX_PARALLEL: Final = 6
MAX_RESUMES: Final = 5
SIGNATURE_BYTES_MAX: Final = 4096
FILE_BYTES_MAX: Final = 256 * 2**20
"""Of one file, in memory while it comes; a chunk is a thousandth of it."""

PATIENCE_S: Final = 30.0
SLOWEST_BYTES_S: Final = 2048
"""Slower than the slowest mobile network, after a start of `PATIENCE_S`: nobody waits for it."""


class Anchor(msgspec.Struct, frozen=True):
    """A named place.

    Attributes:
        path: its node's path from the root.
        kind: `spawn`, `counter`, `seat`, `atm`, `panel`, `queue`.
        position: x, y, z, metres, scene axes.
        rotation: unit quaternion x, y, z, w.
        extras: what the artist wrote beside the kind.
    """

    path: str
    kind: str
    position: tuple[float, float, float]
    rotation: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 1.0)
    extras: dict[str, Any] = msgspec.field(default_factory=dict)

    @property
    def name(self) -> str:
        """The last step of its path."""
        return self.path.rpartition("/")[2].replace("~1", "/")


@dataclass(frozen=True, slots=True)
class LoadedScene:
    """What is known of a scene once its manifest was verified.

    Attributes:
        manifest: every file with its hash.
        branch: `branch.json` as it is.
        floor: the walkable grid, unless the scene has none.
    """

    manifest: Manifest
    branch: Mapping[str, Any]
    root: Tile
    anchors: tuple[Anchor, ...]
    floor: Floor | None
    files: Mapping[str, bytes] = field(repr=False, default_factory=dict)

    def anchor(self, wanted: str) -> Anchor:
        """Find an anchor by path, by name, or the first of a kind.

        Raises:
            NotFound: `anchor_unknown`.
        """
        for attribute in ("path", "name", "kind"):
            for anchor in self.anchors:
                if getattr(anchor, attribute) == wanted:
                    return anchor
        kinds = ", ".join(sorted({anchor.kind for anchor in self.anchors})) or "none"
        raise NotFound(
            f"an anchor of this scene (kinds: {kinds})",
            f"{wanted!r:.80}",
            "use a path of branch.json, a name or a kind",
            code="anchor_unknown",
        )


class Scene:
    """The scene of a branch, as `branch.scene`.

    Args:
        address: from the branch's description; `None` when it has no scene.
        cache: where chunks stay between runs; `None` keeps none.
    """

    def __init__(
        self,
        http: BranchHttp,
        address: SceneAddress | None,
        *,
        clock: Clock,
        newest: NewestSeen,
        cache: ChunkCache | None = None,
    ) -> None:
        self._http = http
        self._address = address
        self._clock = clock
        self._newest = newest
        self._cache = cache
        self._loading = asyncio.Lock()
        self._loaded: LoadedScene | None = None

    @property
    def base_url(self) -> str:
        """Address of the package's folder, ending in `/`."""
        return self._http.base_url + self._base

    async def load(self) -> LoadedScene:
        """Fetch and verify manifest, `branch.json` and `tileset.json`; once.

        Raises:
            PackageRefused: unsigned, tampered, of another signer or scene, older than one seen.
            NotFound: `scene_missing`: the branch has no scene.
        """
        async with self._loading:
            if self._loaded is None:
                self._loaded = await self._load()
            return self._loaded

    async def chunk(self, path: str) -> bytes:
        """Fetch one file of the package, from the cache if it is there.

        Raises:
            PackageRefused: not the bytes that the manifest promises.
        """
        manifest = (await self.load()).manifest
        entry = manifest.files.get(path)
        if self._cache is not None and entry is not None:
            cached = await asyncio.to_thread(self._cache.read, entry.sha256)
            if cached is not None:
                return cached
        content = await self._fetch(path, FileCheck(manifest, path), manifest)
        if self._cache is not None and entry is not None:
            await asyncio.to_thread(self._cache.keep, entry.sha256, content)
        return content

    async def stream(
        self, view: View, *, error_px: float = 2.0
    ) -> AsyncIterator[tuple[Tile, bytes]]:
        """Yield tiles with their chunks, what shows most per byte first.

        At most `MAX_PARALLEL` chunks are under way; those are cancelled when the caller stops.
        """
        scene = await self.load()
        sizes = {path: entry.bytes for path, entry in scene.manifest.files.items()}
        waiting = fetch_order(scene.root, view, sizes, error_px=error_px)
        running: list[tuple[Tile, asyncio.Task[bytes]]] = []
        try:
            while waiting or running:
                while waiting and len(running) < MAX_PARALLEL:
                    tile = waiting.pop(0)
                    running.append((tile, asyncio.create_task(self.chunk(tile.path))))
                tile, task = running.pop(0)
                yield tile, await task
        finally:
            for _tile, task in running:
                task.cancel()
            for _tile, task in running:
                with suppress(asyncio.CancelledError, Exception):
                    await task

    @property
    def _base(self) -> str:
        if self._address is None:
            raise NotFound("a branch with a scene", "one without", "serve it with --scene DIR",
                           code="scene_missing")  # fmt: skip
        base = "/" + self._address.base.lstrip("/")
        if not base.endswith("/") or "/../" in base or "?" in base or "#" in base:
            raise _foreign("a folder below the branch's address", "another address")
        return base

    async def _load(self) -> LoadedScene:
        base = self._base
        address = self._address
        assert address is not None  # noqa: S101 - `_base` has refused it
        raw, signature = await asyncio.gather(
            self._small(base + MANIFEST_NAME, MANIFEST_BYTES_MAX),
            self._small(base + SIGNATURE_NAME, SIGNATURE_BYTES_MAX),
        )
        newest = await asyncio.to_thread(self._newest.version, address.signer, address.id)
        manifest = verify(
            raw or b"",
            signature,
            pinned=_key_of(address.signer),
            now=self._clock.time(),
            newest_seen=newest,
        )
        if manifest.scene != address.id:
            raise _foreign(f"the scene {address.id!r}", f"{manifest.scene!r:.80}")
        await asyncio.to_thread(self._newest.note, address.signer, manifest.scene, manifest.version)
        branch_json, tileset = await asyncio.gather(
            *(self._fetch(path, FileCheck(manifest, path), manifest)
              for path in ("branch.json", "tileset.json"))
        )  # fmt: skip
        return _read(manifest, branch_json, tileset)

    async def _small(self, path: str, most_bytes: int) -> bytes | None:
        """Fetch a file that no manifest speaks for; `None` if there is none."""
        content, began = bytearray(), self._clock.monotonic()
        try:
            async with self._http.download(path) as download:
                async for part in download.parts:
                    content += part
                    self._check_pace(began, len(content))
                    if len(content) > most_bytes:
                        raise _foreign(f"at most {most_bytes} bytes of {path!r}", "more")
        except NotFound:
            return None
        return bytes(content)

    def _check_pace(self, began: float, size_bytes: int) -> None:
        """Refuse to be held by a branch that sends a byte now and then."""
        if self._clock.monotonic() - began > PATIENCE_S + size_bytes / SLOWEST_BYTES_S:
            raise ConnectionFailed(
                f"at least {SLOWEST_BYTES_S} bytes a second", "fewer", "try again", code="too_slow"
            )

    async def _fetch(self, path: str, check: FileCheck, manifest: Manifest) -> bytes:
        """Fetch a file, checking it while it comes; a broken connection is taken up again."""
        if manifest.files[path].bytes > FILE_BYTES_MAX:
            raise _foreign(f"at most {FILE_BYTES_MAX} bytes of {path!r:.80}", "more")
        content, etag = bytearray(), ""
        for resume in range(MAX_RESUMES + 1):
            try:
                url, began, had = self._base + quote(path), self._clock.monotonic(), len(content)
                async with self._http.download(url, offset=len(content), etag=etag) as download:
                    if download.offset != len(content):
                        content, check, had = bytearray(), FileCheck(manifest, path), 0
                    etag = download.etag
                    async for part in download.parts:
                        check.update(part)
                        content += part
                        self._check_pace(began, len(content) - had)
                check.finish()
            except ConnectionFailed:
                if resume == MAX_RESUMES:
                    raise
                await self._clock.sleep(0.1 * 2**resume)
            else:
                return bytes(content)
        raise AssertionError("unreachable")


def _read(manifest: Manifest, branch_json: bytes, tileset: bytes) -> LoadedScene:
    try:
        branch = msgspec.json.decode(branch_json, type=dict[str, Any])
        anchors = tuple(_anchor_of(anchor) for anchor in branch["anchors"])
        floor = Floor.from_json(branch["floor"]) if branch.get("floor") else None
    except (msgspec.DecodeError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise _foreign(
            "branch.json as docs/scene-package.md has it", type(error).__name__
        ) from error
    root = parse_tileset(tileset)
    for tile in root.walk():
        if tile.path and tile.path not in manifest.files:
            raise _foreign("only tiles that the manifest names", f"{tile.path!r:.80}")
    files = {"branch.json": branch_json, "tileset.json": tileset}
    return LoadedScene(manifest, branch, root, anchors, floor, files)


def _anchor_of(anchor: dict[str, Any]) -> Anchor:
    known = {"path", "kind", "position", "rotation"}
    extras = {name: value for name, value in anchor.items() if name not in known}
    fields = {name: value for name, value in anchor.items() if name in known}
    return msgspec.convert(fields | {"extras": extras}, Anchor)


def _key_of(signer: str) -> bytes:
    try:
        key = bytes.fromhex(signer)
    except ValueError:
        key = b""
    if len(key) != 32:
        raise _foreign("the signer's Ed25519 key", "something else")
    return key


def _foreign(expected: str, came: str) -> PackageRefused:
    return PackageRefused(expected, came, "tell whoever runs the branch", code="package_malformed")
