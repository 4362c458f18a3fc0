"""Tell formats by their content; cheap, so that only the reader that is needed is loaded.

Each function is told the first 64 kB of a file, its suffix in lower case, and its size in bytes.
"""

import re
from typing import Final

from ..container import MAGIC

_FBX_BINARY: Final = b"Kaydara FBX Binary  "
_ZIP: Final = b"PK\x03\x04"
_ZSTD: Final = b"\x28\xb5\x2f\xfd"
_GZIP: Final = b"\x1f\x8b"
_STL_HEAD: Final = 84
_STL_FACET: Final = 50


def is_gltf(head: bytes, suffix: str, _size: int) -> bool:
    """Tell glTF by a GLB's magic, or JSON in a file that is called so."""
    is_json = head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{")
    return head[:4] == MAGIC or (is_json and suffix in {".gltf", ".json", ".glb"})


def is_fbx(head: bytes, _suffix: str, _size: int) -> bool:
    """Tell FBX by its content: the binary magic, or ASCII with FBX's own comment or first node."""
    head = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if head.startswith((_FBX_BINARY, b"FBXHeaderExtension:")):
        return True
    return head.startswith(b";") and (b"FBX" in head[:256] or b"FBXHeaderExtension:" in head)


def is_usd(head: bytes, suffix: str, _size: int) -> bool:
    """Tell a USD layer, or a zip archive that calls itself USDZ."""
    is_layer = head.startswith((b"PXR-USDC", b"#usda "))
    return is_layer or (head.startswith(_ZIP) and suffix in {".usdz", ".usd"})


def is_blend(head: bytes, suffix: str, _size: int) -> bool:
    """Tell a .blend, packed or not."""
    is_packed = suffix == ".blend" and head.startswith((_ZSTD, _GZIP))
    return head.startswith(b"BLENDER") or is_packed


def is_dae(head: bytes, suffix: str, _size: int) -> bool:
    """Tell COLLADA by its root element, in UTF-8 or UTF-16, or a zip that calls itself .zae."""
    if suffix == ".zae" and head.startswith(_ZIP):
        return True
    return re.search(rb"<\0?(\w\0?){0,16}:?\0?C\0?O\0?L\0?L\0?A\0?D\0?A", head[:8192]) is not None


def is_ply(head: bytes, _suffix: str, _size: int) -> bool:
    """Tell PLY by its first line."""
    return re.match(rb"(\xef\xbb\xbf)?ply[ \t]*\r?[\n\r]", head) is not None


def is_stl(head: bytes, suffix: str, size: int) -> bool:
    """Tell STL: by its facets, or by a count of triangles that gives the file's size."""
    if is_ascii_stl(head):
        return True
    if len(head) < _STL_HEAD or head[:4] in {MAGIC, _ZIP}:
        return False
    count = int.from_bytes(head[80:84], "little")
    is_whole = size == _STL_HEAD + count * _STL_FACET
    return is_whole if suffix != ".stl" else is_whole or b"\0" in head[:_STL_HEAD]


def is_ascii_stl(head: bytes) -> bool:
    """Tell ASCII STL, in letters of any size, from a binary one that begins with the same word."""
    if b"\0" in head or re.match(rb"(\xef\xbb\xbf)?\s*solid\b", head, re.IGNORECASE) is None:
        return False
    return re.search(rb"facet|endsolid", head, re.IGNORECASE) is not None


def is_obj(head: bytes, suffix: str, _size: int) -> bool:
    """Tell OBJ by its statements; without the suffix only by vertices."""
    if b"\0" in head:
        return False
    pattern = rb"^[ \t]*(v|vt|vn|f|g|o|mtllib|usemtl)([ \t]|$)" if suffix == ".obj" else (
        rb"^[ \t]*v([ \t]+[-+]?[\d.]+([eE][-+]?\d+)?){3,}[ \t\r]*$"
    )  # fmt: skip
    lines = head.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return re.search(pattern, lines, re.MULTILINE) is not None
