"""The GLB container (glTF 2.0, section 4.4): take it apart, put it together."""

import mmap
import struct
from collections.abc import Sequence
from typing import Final

from branchxr.errors import SceneRefused

from .refusal import refused

MAGIC: Final = b"glTF"
_JSON, _BIN = 0x4E4F534A, 0x004E4942

Raw = bytes | mmap.mmap
Piece = bytes | memoryview
"""Bytes; a view is of bytes too, so that its length is their number."""


def split(raw: Raw, *, file: str) -> tuple[bytes, memoryview | None]:
    """Return the JSON and the binary chunk of a GLB; the latter is not copied.

    Raises:
        SceneRefused: `scene_truncated` or `scene_malformed`, naming the byte.
    """
    if len(raw) < 12:
        raise _truncated(file, len(raw), "a GLB header of 12 bytes")
    version, length = struct.unpack_from("<II", raw, 4)
    if version != 2:
        raise _malformed(file, 4, f"container version {version}" + (" (glTF 1.0)" * (version == 1)))
    if length > len(raw):
        raise _truncated(file, len(raw), f"{length} bytes, as its header says")
    chunks: dict[int, memoryview] = {}
    whole = memoryview(raw)
    at = 12
    while at < length:
        if at + 8 > length:
            raise _truncated(file, at, "a chunk header of 8 bytes")
        size, kind = struct.unpack_from("<II", raw, at)
        if at + 8 + size > length:
            raise _truncated(file, at, f"a chunk of {size} bytes")
        chunks.setdefault(kind, whole[at + 8 : at + 8 + size])  # unknown kinds are ignored
        if at == 12 and kind != _JSON:
            raise _malformed(file, at, f"a first chunk of kind 0x{kind:08x}, not JSON")
        at += 8 + size + (-size % 4)
    if _JSON not in chunks:
        raise _truncated(file, length, "a JSON chunk")
    return bytes(chunks[_JSON]), chunks.get(_BIN)


def pieces(json_bytes: bytes, binary: Sequence[Piece]) -> list[Piece]:
    """Return what a GLB is made of, in order; the binary chunk is left out when empty."""
    json_bytes += b" " * (-len(json_bytes) % 4)
    parts: list[Piece] = [struct.pack("<II", len(json_bytes), _JSON), json_bytes]
    size = sum(map(len, binary))
    if size:
        parts += [struct.pack("<II", size + -size % 4, _BIN), *binary, b"\0" * (-size % 4)]
    return [struct.pack("<4sII", MAGIC, 2, 12 + sum(map(len, parts))), *parts]


def _truncated(file: str, at: int, expected: str) -> SceneRefused:
    return refused(
        "scene_truncated",
        file=file,
        place=f"byte {at}",
        expected=expected,
        came="the file's end",
        remedy="copy or export the file again; this one is cut off",
    )


def _malformed(file: str, at: int, came: str) -> SceneRefused:
    return refused(
        "scene_malformed",
        file=file,
        place=f"byte {at}",
        expected="a binary glTF 2.0 (GLB)",
        came=came,
        remedy="export the scene as glTF 2.0 again",
    )
