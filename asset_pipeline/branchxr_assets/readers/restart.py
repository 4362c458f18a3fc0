"""Undo KHR_mesh_primitive_restart: strips, loops and fans that an index starts anew.

The value is the largest of the index type. Every viewer draws lists; few know the extension.
"""

from typing import Final

import numpy as np

from ..document import AccessorPool, Array, Document, Json

RESTART: Final = ("KHR_mesh_primitive_restart", "EXT_mesh_primitive_restart")
_LINES, _LINE_LOOP, _LINE_STRIP, _TRIANGLES, _STRIP, _FAN = range(1, 7)


def without_restarts(document: Document) -> Document:
    """Turn primitives that hold restarts into lists of lines or triangles.

    Drafts kept the plain primitives and grouped them in an object of the mesh: that object goes.
    """
    changed = document.copy()
    pool = AccessorPool(changed.accessors)
    for mesh in changed.listed("meshes"):
        for name in RESTART:
            mesh.get("extensions", {}).pop(name, None)
        for primitive in mesh["primitives"]:
            _split(changed, primitive, pool)
    return Document(changed.root, pool.all(), changed.images)


def _split(document: Document, primitive: Json, pool: AccessorPool) -> None:
    mode = primitive.get("mode", _TRIANGLES)
    if mode not in {_LINE_LOOP, _LINE_STRIP, _STRIP, _FAN} or "indices" not in primitive:
        return
    if primitive["indices"] >= len(document.accessors):
        return
    values = document.accessors[primitive["indices"]].values
    if values.dtype.kind != "u" or values.shape[1:] != (1,):
        return
    flat = values[:, 0]
    at = np.flatnonzero(flat == np.iinfo(flat.dtype).max)
    if not len(at):
        return
    runs = [run[run != np.iinfo(flat.dtype).max] for run in np.split(flat, at)]
    parts = [_listed(run, mode) for run in runs if len(run) > 1]
    joined = np.concatenate(parts) if parts else np.empty(0, flat.dtype)
    primitive["indices"] = pool.add(joined.astype(flat.dtype), "SCALAR")
    primitive["mode"] = _LINES if mode in {_LINE_LOOP, _LINE_STRIP} else _TRIANGLES


def _listed(run: Array, mode: int) -> Array:
    """Return one run as a list (glTF 2.0, section 3.7.2.1)."""
    if mode == _LINE_LOOP:
        run = np.append(run, run[:1])
    if mode in {_LINE_LOOP, _LINE_STRIP}:
        return np.stack([run[:-1], run[1:]], axis=1).reshape(-1)
    if len(run) < 3:
        return run[:0]
    if mode == _FAN:
        first = np.broadcast_to(run[:1], len(run) - 2)
        return np.stack([run[1:-1], run[2:], first], axis=1).reshape(-1)
    faces = np.stack([run[:-2], run[1:-1], run[2:]], axis=1)
    faces[1::2] = faces[1::2][:, [0, 2, 1]]
    return faces.reshape(-1)
