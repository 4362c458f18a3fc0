"""Readers: one module per source format, each into one glTF document."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from branchxr.errors import SceneRefused

from ..container import MAGIC
from ..refusal import refused
from .blender import is_blend, read_blend
from .foreign import refuse_foreign
from .gltf import Draco, read_gltf
from .source import Counts, Source
from .usd import is_usd, read_usd

__all__ = ["SUFFIXES", "Counts", "Source", "read"]

SUFFIXES: Final = (".blend", ".glb", ".gltf", ".usd", ".usda", ".usdc", ".usdz")


def _is_gltf(path: Path, raw: bytes) -> bool:
    is_json = raw[:4096].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{")
    return raw[:4] == MAGIC or (is_json and path.suffix.lower() in {".gltf", ".json", ".glb"})


_READERS: Final[
    tuple[tuple[Callable[[Path, bytes], bool], Callable[[Path, bytes], Source]], ...]
] = (
    (_is_gltf, lambda path, raw: read_gltf(path, raw, draco=Draco.ISOLATED)),
    (is_usd, read_usd),
    (is_blend, read_blend),
)
"""What tells a format by its content, and what reads it."""


def read(path: Path) -> Source:
    """Read a scene file, by what it is rather than by what it is called.

    Raises:
        SceneRefused: it is not there, not a format that can be read, or broken.
    """
    file = path.name
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise SceneRefused(
            "a scene file that can be read",
            f"{error.strerror or type(error).__name__}: {str(path)!r}",
            "check the path",
            code="scene_not_found",
        ) from error
    for is_it, reader in _READERS:
        if is_it(path, raw):
            return reader(path, raw)
    refuse_foreign(path, raw)
    raise refused(
        "scene_not_gltf",
        file=file,
        place="byte 0",
        expected="glTF 2.0: a GLB, or JSON in a .gltf",
        came=f"{raw[:8]!r}" if raw else "an empty file",
        remedy="export the scene as glTF 2.0 (.glb)",
    )
