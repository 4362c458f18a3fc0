"""The scene package that a branch shows: verified once at the start, then served from memory.

What is served is what was verified: a file changed on disk later changes nothing. Only files that
the manifest names are served, and the manifest and its signature.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, select
from sqlalchemy.dialects.sqlite import insert
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from ..errors import PackageRefused
from ..models import SceneAddress
from ..protocol.content_coding import prefers_brotli
from ..protocol.package import (
    MANIFEST_NAME,
    SIGNATURE_NAME,
    Manifest,
    parse_manifest,
    parse_signature,
    verify,
    verify_file,
)
from ..protocol.plan import BranchPlan
from .gate import problem_response
from .negotiation import Unsatisfiable, names_tag, span_of
from .problems import refusal
from .schema import SCENES_SEEN
from .store import Store

BASE: Final = "/scene/"
MAX_SCENE_BYTES: Final = 1024 * 1024 * 1024
_PIECE_BYTES: Final = 64 * 1024
_FOREVER: Final = "public, max-age=31536000, immutable"
_ALWAYS_ASK: Final = "no-cache"
_REPORT_POLICY: Final = (
    "default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'; sandbox; "
    "frame-ancestors 'none'"
)
_ALLOW: Final = {"allow": "GET, HEAD"}
_TYPES: Final = {
    ".br": "application/octet-stream",
    ".glb": "model/gltf-binary",
    ".html": "text/html; charset=utf-8",
    ".jpg": "image/jpeg",
    ".json": "application/json",
    ".ktx2": "image/ktx2",
    ".png": "image/png",
    ".sig": "application/json",
    ".webp": "image/webp",
}


@dataclass(frozen=True, slots=True)
class _File:
    content: bytes
    tag: str
    brotli: bytes | None
    brotli_tag: str


class _Pieces(Response):
    """A body sent piece by piece: a peer that reads nothing keeps one of them in memory."""

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        start = {"type": "http.response.start", "status": self.status_code}
        await send({**start, "headers": self.raw_headers})
        for begin in range(0, len(self.body), _PIECE_BYTES):
            piece = bytes(self.body[begin : begin + _PIECE_BYTES])
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


class Scene:
    """One verified package. Make it with `open_scene`; it is an ASGI app for its files.

    Attributes:
        plan: cells, anchors and floor, for the realtime side.
    """

    def __init__(self, manifest: Manifest, signer: bytes, files: Mapping[str, bytes]) -> None:
        self._manifest = manifest
        self._signer = signer
        self._files = {path: _file(manifest, files, path) for path in files}
        self.plan = _plan(files)

    @property
    def address(self) -> SceneAddress:
        """What the branch's description says of it."""
        return SceneAddress(
            base=BASE,
            id=self._manifest.scene,
            version=self._manifest.version,
            signer=self._signer.hex(),
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request for a file."""
        scope["branchxr.template"] = "/scene/{path}"
        if scope["type"] != "http":
            await receive()  # websocket.connect; closing before accepting answers 403
            await send({"type": "websocket.close", "code": 1008})
            return
        request = Request(scope, receive, send)
        path = scope["path"].removeprefix(scope.get("root_path", "")).removeprefix("/")
        response = self._answer(request, path)
        await response(scope, receive, send)

    def _answer(self, request: Request, path: str) -> Response:
        if request.method not in {"GET", "HEAD"}:
            error = refusal("method_refused", "another one")
            return problem_response(error, request.scope["branchxr.request_id"], _ALLOW)
        file = self._files.get(path)
        if file is None:
            raise refusal("scene_missing", "another path")
        headers = request.headers
        # Ranges are of the raw bytes only: a resumed download must not splice two encodings.
        wants_part = request.method == "GET" and "range" in headers
        content, tag = file.content, file.tag
        answer = _headers(path)
        if file.brotli is not None:
            answer["vary"] = "accept-encoding"
            if not wants_part and prefers_brotli(headers.get("accept-encoding")):
                content, tag = file.brotli, file.brotli_tag
                answer["content-encoding"] = "br"
        answer["etag"] = tag
        if "if-match" in headers and not names_tag(headers["if-match"], tag, is_strong=True):
            raise refusal("precondition_failed", "another version")
        if names_tag(headers.get("if-none-match"), tag):
            answer.pop("content-encoding", None)
            return Response(status_code=304, headers=answer)
        if wants_part and headers.get("if-range", tag) == tag:
            return _part(content, headers["range"], answer)
        return _Pieces(content, headers=answer)


async def open_scene(
    folder: Path, store: Store, *, signer: bytes | None, allow_unsigned: bool, now: float
) -> Scene:
    """Read and verify a package folder; a newer version is remembered.

    Args:
        folder: of the package.
        store: remembers the newest version seen of each signer and scene.
        signer: the only key that counts, if given.
        allow_unsigned: accept a package without a signature; one that is wrong is refused still.
        now: unix seconds.

    Raises:
        PackageRefused: with a code of `protocol.package`, or `package_missing`.
    """
    manifest_bytes = _read(folder, MANIFEST_NAME)
    signature_bytes = _read_if_there(folder, SIGNATURE_NAME)
    if signature_bytes is None and allow_unsigned and signer is None:
        manifest, found = parse_manifest(manifest_bytes), b""
    else:
        found = parse_signature(signature_bytes).signer
        scene_id = parse_manifest(manifest_bytes).scene
        newest = await store.read(lambda connection: _newest(connection, found, scene_id))
        manifest = verify(
            manifest_bytes, signature_bytes, pinned=signer, now=now, newest_seen=newest
        )
    files = _read_files(folder, manifest)
    files[MANIFEST_NAME] = manifest_bytes
    if signature_bytes is not None:
        files[SIGNATURE_NAME] = signature_bytes
    scene = Scene(manifest, found, files)
    if found:
        await store.write(lambda connection: _remember(connection, found, manifest))
    return scene


def _read_files(folder: Path, manifest: Manifest) -> dict[str, bytes]:
    size_bytes = sum(entry.bytes for entry in manifest.files.values())
    if size_bytes > MAX_SCENE_BYTES:
        raise PackageRefused(
            f"a package of at most {MAX_SCENE_BYTES} bytes",
            f"{size_bytes} bytes",
            "build it with more levels of detail, or in parts",
            code="package_too_large",
        )
    files = {}
    for path in manifest.files:
        files[path] = _read(folder, path)
        verify_file(manifest, path, files[path])
    return files


def _read(folder: Path, path: str) -> bytes:
    content = _read_if_there(folder, path)
    if content is None:
        raise PackageRefused(
            f"the file {path!r} in a scene package",
            f"nothing there in {str(folder)!r}",
            "build the package with `branchxr assets build SCENE -o DIR`",
            code="package_missing",
        )
    return content


def _read_if_there(folder: Path, path: str) -> bytes | None:
    try:
        return (folder / path).read_bytes()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None
    except OSError as error:
        raise PackageRefused(
            f"a readable file {path!r}",
            type(error).__name__,
            "repair its permissions",
            code="package_missing",
        ) from error


def _plan(files: Mapping[str, bytes]) -> BranchPlan:
    try:
        return BranchPlan.from_json(json.loads(files["branch.json"]))
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise PackageRefused(
            "a branch.json as docs/scene-package.md has it",
            type(error).__name__,
            "build the package again with `branchxr assets build`",
            code="package_malformed",
        ) from error


def _file(manifest: Manifest, files: Mapping[str, bytes], path: str) -> _File:
    entry, twin = manifest.files.get(path), manifest.files.get(f"{path}.br")
    own = entry.sha256 if entry is not None else hashlib.sha256(files[path]).hexdigest()
    return _File(
        content=files[path],
        tag=f'"{own}"',
        brotli=files[f"{path}.br"] if twin is not None else None,
        brotli_tag=f'"{twin.sha256}"' if twin is not None else "",
    )


def _headers(path: str) -> dict[str, str]:
    suffix = Path(path).suffix
    answer = {
        "accept-ranges": "bytes",
        "cache-control": _FOREVER if path.startswith("c/") else _ALWAYS_ASK,
        "content-type": _TYPES.get(suffix, "application/octet-stream"),
    }
    if suffix == ".html":
        answer["content-security-policy"] = _REPORT_POLICY
    return answer


def _part(content: bytes, wanted: str, answer: dict[str, str]) -> Response:
    size_bytes = len(content)
    try:
        span = span_of(wanted, size_bytes)
    except Unsatisfiable:
        return Response(
            status_code=416, headers={**answer, "content-range": f"bytes */{size_bytes}"}
        )
    if span is None:
        return _Pieces(content, headers=answer)
    answer["content-range"] = f"bytes {span.first}-{span.last}/{size_bytes}"
    part = memoryview(content)[span.first : span.last + 1]
    return _Pieces(part, status_code=206, headers=answer)


def _newest(connection: Connection, signer: bytes, scene: str) -> int | None:
    is_it = (SCENES_SEEN.c.signer == signer.hex()) & (SCENES_SEEN.c.scene == scene)
    found = connection.execute(select(SCENES_SEEN.c.version).where(is_it)).scalar_one_or_none()
    return None if found is None else int(found)


def _remember(connection: Connection, signer: bytes, manifest: Manifest) -> None:
    seen = insert(SCENES_SEEN).values(
        signer=signer.hex(), scene=manifest.scene, version=manifest.version
    )
    newer = seen.on_conflict_do_update(
        index_elements=["signer", "scene"], set_={"version": manifest.version}
    )
    connection.execute(newer)
