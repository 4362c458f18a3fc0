"""Read USD: `.usda`, `.usdc`, `.usd` and `.usdz`, in a worker process.

Nothing here knows `pxr`; what does is imported in the worker only.
"""

import importlib.util
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from branchxr.errors import MissingTool

from ..isolated import read_isolated
from ..options import DEFAULTS, ReadOptions
from ..source import Source
from .usdz import entries_of, is_zip

__all__ = ["KEEPS", "read_usd"]

_CONVERT: Final = "branchxr_assets.readers.usd.stage:convert"
KEEPS: Final[Mapping[str, str]] = {
    "nodes": "yes: every prim that has a place",
    "names": "yes; display names and Blender's own names go before `_` spellings",
    "pivots": "yes, composed into the node's transform",
    "extras": "yes: `userProperties:`, other custom attributes and `customData`, with types",
    "uv": "yes, all sets; `st` is the first",
    "colours": "yes; a constant `displayColor` tints only where no material is",
    "tangents": "no: they are not in USD's meshes",
    "skins": "yes; the four strongest joints of a point",
    "animations": "one clip for each SkelAnimation, one (`Timeline`) for all other transforms",
    "morphs": "yes; in-between shapes become targets of their own",
    "cameras": "yes; depth of field and animated lenses are left out",
    "lights": "sphere (point, spot) and distant; others as data in the extras",
    "instancing": "yes: instances share meshes; each point instance is a node",
    "materials": "UsdPreviewSurface; MaterialX and others become grey",
    "textures": "yes, beside the scene or in the package",
    "units": "yes: metersPerUnit",
    "axes": "yes: upAxis",
}
"""What is kept of a USD scene: the table in `docs/formats.md`."""


def read_usd(path: Path, _raw: bytes = b"", _options: ReadOptions = DEFAULTS) -> Source:
    """Read a USD scene.

    Args:
        path: where it lies; only its own folder and folders in it are read.

    Raises:
        SceneRefused: with a code, the file and the place in it.
        MissingTool: usd-core is not installed.
    """
    with path.open("rb") as file:
        if is_zip(file.read(4)):
            entries_of(path, path.read_bytes())  # before USD, and even its worker, sees it
    if importlib.util.find_spec("pxr") is None:
        raise MissingTool(
            "usd-core, to read USD",
            "no package 'pxr' in this Python",
            "pip install -e '.[usd]', or export the scene as .glb",
            code="missing_usd_core",
        )
    return read_isolated(path, _CONVERT)
