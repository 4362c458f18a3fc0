"""Read FBX, 6.1 to 7.7, ASCII and binary, in a process of its own."""

from collections.abc import Mapping
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from branchxr.errors import MissingTool, SceneRefused

from ...warnings import SceneWarning
from ..options import ReadOptions
from ..source import Source

KEEPS: Final[Mapping[str, str]] = {
    "nodes": "yes; of a group of levels of detail only the finest keeps its meshes",
    "names": "yes, in any script",
    "pivots": "yes, worked into transforms and geometry; a nameless node where instances differ",
    "extras": "yes, with their types; Blender writes lists as text and booleans as 0 and 1",
    "uv": "yes, all sets",
    "colours": "yes, all sets, made linear",
    "tangents": "yes, of the first UV set",
    "skins": "yes; linear, the four strongest joints of a point",
    "animations": "transforms and morphs, sampled and reduced; one clip for a Blender action",
    "morphs": "yes; an in-between shape is a target of its own",
    "cameras": "yes",
    "lights": "point, spot and directional; area and volume lights as data",
    "instancing": "yes",
    "materials": "by the tables in this page",
    "textures": "embedded or beside the file; the first of several layers",
    "units": "yes",
    "axes": "yes, left-handed ones too",
}
"""What FBX's reader keeps of each feature: `docs/formats.md` shows it."""
_UFBX_FAILED: Final = frozenset({"scene_fbx", "scene_reader_crashed", "scene_reader_failed"})


def read_fbx(path: Path, _raw: bytes, _options: ReadOptions) -> Source:
    """Read an FBX file and the textures beside it.

    Raises:
        SceneRefused: it is broken, of an unknown version, or more than a worker may use.
        MissingTool: ufbx is not installed.
    """
    if find_spec("ufbx") is None:
        raise MissingTool(
            "ufbx, which reads FBX", "none", "type: pip install -e '.[assets]'", code="missing_ufbx"
        )
    from ..blender.program import find_blender  # noqa: PLC0415 - the worker imports this package too
    from ..isolated import read_isolated  # noqa: PLC0415 - likewise

    try:
        return read_isolated(path, f"{__name__}.scene:read_scene")
    except SceneRefused as error:
        if error.code not in _UFBX_FAILED or find_blender() is None:
            raise
        return _by_blender(path, error)


def _by_blender(path: Path, error: SceneRefused) -> Source:
    """Let the user's Blender try what ufbx could not read; what ufbx said stays the reason."""
    from ..blender import convert_with_blender  # noqa: PLC0415 - as above

    try:
        source = convert_with_blender(path, path.read_bytes(), format_="fbx")
    except SceneRefused:
        raise error from None
    message = f"ufbx could not read it ({error.came}); Blender did, and the counts are Blender's"
    warning = SceneWarning("fbx_by_blender", "the file", message)
    return replace(source, warnings=(warning, *source.warnings))
