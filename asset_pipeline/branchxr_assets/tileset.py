"""Write `tileset.json`: 3D Tiles 1.1 (OGC 22-025r4), explicit tiling, GLB content."""

import hashlib
import json
from typing import Final

import numpy as np

from .document import Floats, Json
from .geometry import around
from .recipe import Chunk, Level

_STEP_M: Final = 0.0005
_STEP_SHARE: Final = 1 / 2**14
"""Half a step, as coarse as any codec has it: `DracoOptions`, `MeshoptOptions`, `first_view`."""


def chunk_path(glb: bytes) -> str:
    """Return a chunk's path in the package: it is named by its own bytes."""
    return f"c/{hashlib.sha256(glb).hexdigest()}.glb"


def make_tileset(
    chain: list[Level], live: Chunk | None, box: Floats, *, moving: Floats | None = None
) -> bytes:
    """Return the tileset: an empty root, the chain of LODs, the live tile.

    Args:
        chain: coarsest first; a level of several chunks is the finest one.
        live: what every level of detail shows.
        box: `(2, 3)`, of the scene in glTF axes.
        moving: `(2, 3)`, of what is live, wherever it moves.
    """
    volume = _volume(box)
    whole = volume if moving is None else _volume(around([box, moving]))
    children: list[Json] = []
    if chain:
        children += _nested(chain, volume)
    if live is not None:
        tile = _tile(live, whole)
        tile["extras"] = {"role": "live"}
        children.append(tile)
    diagonal = round(float(np.linalg.norm(box[1] - box[0])), 4)
    # An empty root is always refined: its own error is the whole scene missing.
    top = max([diagonal, *(2 * chunk.error_m for level in chain[:1] for chunk in level)])
    root: Json = {"boundingVolume": whole, "geometricError": top, "refine": "ADD"}
    if children:
        root["children"] = children
    tileset = {
        "asset": {"version": "1.1", "generator": "BranchXR"},
        "geometricError": top,
        "root": root,
    }
    return json.dumps(tileset, indent=1, allow_nan=False).encode() + b"\n"


def _volume(box: Floats) -> Json:
    """Return the volume of what a codec rounded: it may lie half a step outside of its box."""
    step = max(_STEP_M, float((box[1] - box[0]).max()) * _STEP_SHARE)
    return {"box": z_up_box(np.array([box[0] - step, box[1] + step]))}


def z_up_box(box: Floats) -> list[float]:
    """Turn a glTF box (+Y up) into a 3D Tiles `box` (+Z up): `(x, y, z)` -> `(x, -z, y)`.

    3D Tiles runtimes turn glTF content themselves (section 6.7.1.6.2.2); volumes they do not.
    """
    middle = (box[0] + box[1]) / 2
    # Never flat: a box of no volume is culled by some viewers.
    half = np.maximum((box[1] - box[0]) / 2, 0.01)
    x, y, z = (round(float(part), 6) + 0.0 for part in half)
    centre = [round(float(part), 6) + 0.0 for part in (middle[0], -middle[2], middle[1])]
    return [*centre, x, 0.0, 0.0, 0.0, z, 0.0, 0.0, 0.0, y]


def _nested(chain: list[Level], volume: Json) -> list[Json]:
    """Return the tiles of the coarsest level, each finer level inside the one before it."""
    inner: list[Json] = []
    for level in reversed(chain):
        tiles = [
            _tile(chunk, volume if chunk.box is None else _volume(chunk.box)) for chunk in level
        ]
        if inner:
            tiles[0]["children"] = inner
        inner = tiles
    return inner


def _tile(chunk: Chunk, volume: Json) -> Json:
    path = chunk_path(chunk.glb)
    sha256 = path.removeprefix("c/").removesuffix(".glb")
    return {
        "boundingVolume": volume,
        "geometricError": chunk.error_m,
        "refine": "REPLACE",
        "content": {"uri": path, "extras": {"sha256": sha256, "bytes": len(chunk.glb)}},
    }
