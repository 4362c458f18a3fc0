"""Read .blend files with the user's own Blender, as another process over files.

Blender is GPL: it is neither imported nor shipped. `BRANCHXR_BLENDER` names it, or a Python that
has the `bpy` package; else `blender` on the PATH is taken. It starts with factory settings, runs
no script of the file, stays off the network, and has limits on memory, time and output.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import msgspec

from branchxr.errors import MissingTool, SceneRefused

from ...operations.rescale import RescaleOptions, rescale
from ...refusal import refused
from ...warnings import SceneWarning, distinct
from ..gltf import read_gltf
from ..options import DEFAULTS, ReadOptions
from ..resources import Resources
from ..source import Counts, Source
from .program import find_blender, limits_for

__all__ = ["KEEPS", "convert_with_blender", "read_blend", "saved_by_version"]

_ANSWER_BYTES_MAX: Final = 16 << 20
_ZSTD: Final = b"\x28\xb5\x2f\xfd"
_GZIP: Final = b"\x1f\x8b"
KEEPS: Final[Mapping[str, str]] = {
    "nodes": "yes",
    "names": "yes",
    "pivots": "yes: an object's origin",
    "extras": "yes, with types",
    "uv": "yes, all layers",
    "colours": "yes",
    "tangents": "computed where a normal map needs them",
    "skins": "yes; the four strongest bones of a point",
    "animations": "yes: each action a clip",
    "morphs": "yes: shape keys; other modifiers of such a mesh are not applied",
    "cameras": "yes",
    "lights": "point, spot, sun; area lights as data in the extras",
    "instancing": "yes: objects share meshes; modifiers are applied to copies",
    "materials": "Principled BSDF, with its glTF extensions",
    "textures": "yes, packed or in the scene's folder",
    "units": "yes: the scene's unit scale",
    "axes": "yes: Z is up in Blender",
}
"""What is kept of a .blend: the table in `docs/formats.md`."""


def read_blend(path: Path, raw: bytes, _options: ReadOptions = DEFAULTS) -> Source:
    """Read a .blend.

    Args:
        path: where it lies; pictures and libraries outside its folder are left out.
        raw: its bytes.

    Raises:
        MissingTool: there is no Blender.
        SceneRefused: Blender cannot open it, takes too long, or wants too much.
    """
    return convert_with_blender(path, raw, format_="blend")


def convert_with_blender(path: Path, raw: bytes, *, format_: str) -> Source:
    """Read a .blend or an FBX through Blender; counts are Blender's.

    Args:
        path: the file.
        raw: its bytes.
        format_: what to call it: `blend` or `fbx`.

    Raises:
        MissingTool: there is no Blender.
        SceneRefused: Blender cannot read it, takes too long, or wants too much.
    """
    blender = find_blender()
    if blender is None:
        raise MissingTool(
            "Blender, to read a .blend" if format_ == "blend" else "Blender",
            "no 'blender' on the PATH, and BRANCHXR_BLENDER is not set",
            "install Blender 4.2 or later and set BRANCHXR_BLENDER to its program, or export "
            "from Blender: File > Export > glTF 2.0 (docs/artists/blender.md)",
            code="missing_blender",
        )
    with TemporaryDirectory(prefix="branchxr-blender-", ignore_cleanup_errors=True) as folder:
        said = blender.run(path, Path(folder), limits_for(len(raw)))
        answer = _answer(path, raw, Path(folder), said)
        glb = Path(folder) / "scene" / path.name
        glb.parent.mkdir()
        (Path(folder) / "scene.glb").rename(glb)
        read = read_gltf(glb, glb.read_bytes())
    return _source(path, raw, read, answer, format_=format_)


class _Warning(msgspec.Struct, frozen=True):
    code: str
    path: str
    message: str


class _Answer(msgspec.Struct, frozen=True):
    """What the script in Blender says."""

    blender: str
    warnings: list[_Warning]
    unit_m: float = 1.0
    counts: Counts | None = None
    failure: str | None = None


def _answer(path: Path, raw: bytes, folder: Path, said: str) -> _Answer:
    file = folder / "answer.json"
    try:
        if file.stat().st_size > _ANSWER_BYTES_MAX:
            raise msgspec.ValidationError("too long")
        answer = msgspec.json.decode(file.read_bytes(), type=_Answer)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _refused(path, f"a Blender that gave no answer ({said})") from error
    if answer.failure is not None:
        came = f"Blender {answer.blender} says {answer.failure!r}"
        saved_by = saved_by_version(raw)
        if saved_by is not None and saved_by > _numbers(answer.blender):
            newer = ".".join(map(str, saved_by))
            raise _refused(path, f"{came}; Blender {newer} saved the file")
        raise _refused(path, came)
    if answer.counts is None or not (folder / "scene.glb").is_file():
        raise _refused(path, f"a Blender {answer.blender} that wrote no scene ({said})")
    return answer


def saved_by_version(raw: bytes) -> tuple[int, int] | None:
    """Return which Blender saved a file: from its head, unless it is packed.

    Up to 4.x `BLENDER-v405` (pointer size, byte order, version); since 5.0 `BLENDER17-01v0500`.
    """
    found = re.match(rb"BLENDER(?:[-_][vV](\d)(\d\d)|\d\d-\d\dv(\d\d)(\d\d))", raw)
    if found is None:
        return None
    major, minor = (group for group in found.groups() if group is not None)
    return int(major), int(minor)


def _numbers(version: str) -> tuple[int, int]:
    found = re.match(r"(\d+)\.(\d+)", version)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def _source(path: Path, raw: bytes, read: Source, answer: _Answer, *, format_: str) -> Source:
    document, warnings = (
        read.document,
        [SceneWarning(w.code, w.path, w.message) for w in answer.warnings],
    )
    unit_m = answer.unit_m if 1e-9 < answer.unit_m < 1e9 else 1.0
    if unit_m != 1:
        document = rescale(document, RescaleOptions(unit_m)).document
        message = (
            f"the scene's unit is {unit_m:g} m, which Blender's glTF export ignores; it was read "
            "as Blender shows it"
        )
        warnings.append(SceneWarning("blend_unit", "the scene", message))
    own = Resources(path, raw)
    counts = answer.counts or Counts()
    return replace(
        read,
        file=path.name,
        format=format_,
        document=document,
        size_bytes=own.size_bytes,
        hashes=own.hashes(),
        counts=counts,
        generator=f"Blender {answer.blender}",
        unit_m=unit_m,
        extensions_used=(),
        warnings=distinct((*warnings, *read.warnings)),
    )


def _refused(path: Path, came: str) -> SceneRefused:
    return refused(
        "scene_malformed",
        file=path.name,
        place="the whole",
        expected="a file that Blender opens",
        came=came,
        remedy="open it in the Blender that saved it, or a newer one, and export glTF 2.0 (.glb)",
    )
