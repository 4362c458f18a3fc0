"""Readers: one module per source format, each into one glTF document."""

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from branchxr.errors import InputRefused, SceneRefused

from ..container import MAGIC
from ..refusal import refused
from . import blender, dae, fbx, gltf, obj, ply, stl, usd
from .blender import is_blend, read_blend
from .dae import is_dae, read_dae
from .fbx import is_fbx, read_fbx
from .foreign import refuse_foreign
from .gltf import Draco, read_gltf
from .obj import read_obj
from .options import DEFAULTS, ReadOptions
from .ply import is_ply, read_ply
from .source import Counts, Source
from .stl import is_stl, read_stl
from .usd import is_usd, read_usd

__all__ = ["FORMATS", "KEEPS_BY_FORMAT", "SUFFIXES", "Counts", "ReadOptions", "Source", "read"]

_HEAD_BYTES: Final = 65536


class Format(NamedTuple):
    """A format that can be read.

    Attributes:
        name: for people.
        suffixes: as exporters write them.
        is_it: told the first 64 kB, the suffix in lower case and the size: is this the format?
        read: told the path, the bytes and the options.
        is_isolated: a worker process reads the file, so `read` is given no bytes: a large one
            then is in memory once.
        says_units: the file itself says units and axes, so that options would do nothing.
    """

    name: str
    suffixes: tuple[str, ...]
    is_it: Callable[[bytes, str, int], bool]
    read: Callable[[Path, bytes, ReadOptions], Source]
    is_isolated: bool = False
    says_units: bool = True


def _is_gltf(head: bytes, suffix: str, _size: int) -> bool:
    is_json = head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{")
    return head[:4] == MAGIC or (is_json and suffix in {".gltf", ".json", ".glb"})


def _is_dae(head: bytes, _suffix: str, _size: int) -> bool:
    return is_dae(head)


def _is_obj(head: bytes, suffix: str, _size: int) -> bool:
    if b"\0" in head:
        return False
    pattern = rb"^[ \t]*(v|vt|vn|f|g|o|mtllib|usemtl)([ \t]|$)" if suffix == ".obj" else (
        rb"^[ \t]*v([ \t]+[-+]?[\d.]+([eE][-+]?\d+)?){3,}[ \t\r]*$"
    )  # fmt: skip
    return (
        re.search(pattern, head.replace(b"\r\n", b"\n").replace(b"\r", b"\n"), re.MULTILINE)
        is not None
    )


def _gltf(path: Path, raw: bytes, _options: ReadOptions) -> Source:
    return read_gltf(path, raw, draco=Draco.ISOLATED)


def _is_usd(head: bytes, suffix: str, _size: int) -> bool:
    return is_usd(Path(f"scene{suffix}"), head)


def _is_blend(head: bytes, suffix: str, _size: int) -> bool:
    return is_blend(Path(f"scene{suffix}"), head)


def _usd(path: Path, _raw: bytes, _options: ReadOptions) -> Source:
    return read_usd(path)


def _blend(path: Path, raw: bytes, _options: ReadOptions) -> Source:
    return read_blend(path, raw)


FORMATS: Final = (
    Format("glTF", (".glb", ".gltf"), _is_gltf, _gltf),
    Format("FBX", (".fbx",), is_fbx, read_fbx, is_isolated=True),
    Format("USD", (".usd", ".usda", ".usdc", ".usdz"), _is_usd, _usd, is_isolated=True),
    Format("Blender's own", (".blend",), _is_blend, _blend),
    Format("COLLADA", (".dae",), _is_dae, read_dae),
    Format("PLY", (".ply",), is_ply, read_ply, says_units=False),
    Format("STL", (".stl",), is_stl, read_stl, says_units=False),
    Format("OBJ", (".obj",), _is_obj, read_obj, says_units=False),
)
KEEPS_BY_FORMAT: Final[Mapping[str, Mapping[str, str]]] = {
    "glTF": gltf.KEEPS,
    "FBX": fbx.KEEPS,
    "COLLADA": dae.KEEPS,
    "USD": usd.KEEPS,
    ".blend": blender.KEEPS,
    "OBJ": obj.KEEPS,
    "PLY": ply.KEEPS,
    "STL": stl.KEEPS,
}
"""What each reader keeps of each feature, for `docs/formats.md`."""
SUFFIXES: Final = tuple(suffix for row in FORMATS for suffix in row.suffixes)


def read(path: Path, options: ReadOptions = DEFAULTS) -> Source:
    """Read a scene file, by what it is rather than by what it is called.

    Args:
        path: the scene.
        options: of formats without units and axes.

    Raises:
        SceneRefused: it is not there, not a format that can be read, or broken.
        InputRefused: `option_without_effect`: the format says itself what the options say.
    """
    try:
        with path.open("rb") as file:
            head, size = file.read(_HEAD_BYTES), os.fstat(file.fileno()).st_size
    except OSError as error:
        raise SceneRefused(
            "a scene file that can be read",
            f"{error.strerror or type(error).__name__}: {str(path)!r}",
            "check the path",
            code="scene_not_found",
        ) from error
    suffix = path.suffix.lower()
    for row in FORMATS:
        if row.is_it(head, suffix, size):
            if row.says_units and not options.says_nothing:
                raise InputRefused(
                    "no --up and --unit: they are for formats without axes and units",
                    f"{path.name!r}, which is {row.name}",
                    "leave them out; the file says both itself",
                    code="option_without_effect",
                )
            return row.read(path, b"" if row.is_isolated else path.read_bytes(), options)
    refuse_foreign(path, head)
    names = ", ".join(row.name for row in FORMATS)
    raise refused(
        "scene_not_gltf",
        file=path.name,
        place="byte 0",
        expected=f"one of {names}",
        came=f"{head[:8]!r}" if head else "an empty file",
        remedy="export the scene as glTF 2.0 (.glb)",
    )
