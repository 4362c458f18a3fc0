"""Readers: one module per source format, each into one glTF document."""

import os
import stat
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Final, NamedTuple

from branchxr.errors import InputRefused, SceneRefused

from ..mapped import Raw, snapshot
from ..refusal import refused
from . import sniff
from .options import DEFAULTS, ReadOptions
from .source import Counts, Source

__all__ = ["FORMATS", "SUFFIXES", "Counts", "ReadOptions", "Source", "read"]

_HEAD_BYTES: Final = 65536


_UNFORESEEN: Final = (
    *(ArithmeticError, AttributeError, LookupError, MemoryError, RecursionError),
    *(TypeError, ValueError),
)


class Format(NamedTuple):
    """A format that can be read.

    Attributes:
        name: for people.
        suffixes: as exporters write them.
        is_it: told the first 64 kB, the suffix in lower case and the size: is this the format?
        reader: `module:function`, told the path, the bytes and the options; loaded when needed,
            for all of them together take half a second.
        is_isolated: a worker process reads the file, so the reader is given no bytes: a large
            one then is in memory once.
        says_units: the file itself says units and axes, so that options would do nothing.
        takes_mapped: the reader reads a file that is not in memory.
    """

    name: str
    suffixes: tuple[str, ...]
    is_it: Callable[[bytes, str, int], bool]
    reader: str
    is_isolated: bool = False
    says_units: bool = True
    takes_mapped: bool = False

    def bytes_of(self, path: Path) -> Raw:
        """Return what the reader is given of the file."""
        if self.is_isolated:
            return b""
        return snapshot(path) if self.takes_mapped else path.read_bytes()

    def read(self, path: Path, raw: Raw, options: ReadOptions) -> Source:
        """Load the reader and read.

        What a reader did not foresee in a stranger's file is a refusal too, never a traceback.
        """
        module, _, function = self.reader.partition(":")
        reader: Reader = getattr(import_module(f".{module}", __name__), function)
        try:
            return reader(path, raw, options)
        except _UNFORESEEN as error:
            raise refused(
                "scene_reader_failed",
                file=path.name,
                place="a place that the reader could not name",
                expected=f"a file that can be read as {self.name}",
                came=f"{type(error).__name__}: {error}"[:200],
                remedy="export the scene again; if that does not help, report it with the file",
            ) from error

    @property
    def keeps(self) -> Mapping[str, str]:
        """What the reader keeps of each feature, for `docs/formats.md`."""
        found: Mapping[str, str] = import_module(
            f".{self.reader.partition(':')[0]}", __name__
        ).KEEPS
        return found


Reader = Callable[[Path, Raw, ReadOptions], Source]
FORMATS: Final = (
    Format("glTF", (".glb", ".gltf"), sniff.is_gltf, "gltf:read_stranger"),
    Format("FBX", (".fbx",), sniff.is_fbx, "fbx:read_fbx", is_isolated=True),
    Format(
        "USD", (".usd", ".usda", ".usdc", ".usdz"), sniff.is_usd, "usd:read_usd", is_isolated=True
    ),
    Format(".blend", (".blend",), sniff.is_blend, "blender:read_blend"),
    Format("COLLADA", (".dae", ".zae"), sniff.is_dae, "dae:read_dae"),
    Format("PLY", (".ply",), sniff.is_ply, "ply:read_ply", says_units=False, takes_mapped=True),
    Format("STL", (".stl",), sniff.is_stl, "stl:read_stl", says_units=False),
    Format("OBJ", (".obj",), sniff.is_obj, "obj:read_obj", says_units=False),
)
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
        if not stat.S_ISREG(path.stat().st_mode):  # who opens a pipe waits for ever
            raise SceneRefused(
                "a scene file",
                f"a folder, a pipe or a device: {str(path)!r}",
                "name a file on the disk",
                code="scene_not_found",
            )
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
            return row.read(path, row.bytes_of(path), options)
    from .foreign import refuse_foreign  # noqa: PLC0415 - few files need its table

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
