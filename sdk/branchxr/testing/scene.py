"""A small scene package for tests: a room of 12 by 8 metres, parted by a wall with a door.

::

    z -4  +-----------+-----------+
          |  spawn.1  |           |      x from -6 to 6, z from -4 to 4;
          |  spawn.2  |   counter |      the wall stands at x = 0, its door
          |           .           |      at z from 1 to 3
          |   queue   .      atm  |
    z +4  +-----------+-----------+
"""

import hashlib
import json
import struct
from pathlib import Path
from typing import Any, Final

import numpy as np
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from numpy.typing import NDArray

from ..protocol.floor import Floor
from ..protocol.package import MANIFEST_NAME, SIGNATURE_NAME, FileEntry, Manifest, seal

HALF_X_M: Final = 6.0
HALF_Z_M: Final = 4.0
CELL_M: Final = 0.1
BODY_M: Final = 0.25
ANCHORS: Final[dict[str, tuple[str, tuple[float, float, float]]]] = {
    "Room/spawn.001": ("spawn", (-4.0, 0.0, -3.0)),
    "Room/spawn.002": ("spawn", (-4.0, 0.0, -1.0)),
    "Room/counter.001": ("counter", (4.0, 1.0, -1.0)),
    "Room/atm.001": ("atm", (5.0, 1.2, 3.0)),
    "Room/queue.001": ("queue", (-4.0, 0.0, 3.0)),
}


def write_scene(
    folder: Path,
    *,
    signer: Ed25519PrivateKey | None = None,
    scene: str = "test-room",
    version: int = 1,
) -> Ed25519PrivateKey:
    """Write the package and return the key it is signed with."""
    key = signer or Ed25519PrivateKey.generate()
    files = {"branch.json": _to_json(branch_json())}
    levels = [(4, 2.0), (16, 0.5), (64, 0.0)]
    chunks = [(_glb(steps), error_m) for steps, error_m in levels]
    for glb, _ in chunks:
        files[f"c/{hashlib.sha256(glb).hexdigest()}.glb"] = glb
    files["tileset.json"] = _to_json(_tileset(chunks))
    manifest = Manifest(
        schema=1,
        scene=scene,
        version=version,
        files={
            path: FileEntry(hashlib.sha256(content).hexdigest(), len(content))
            for path, content in files.items()
        },
    )
    files[MANIFEST_NAME], files[SIGNATURE_NAME] = seal(manifest, key)
    for path, content in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    return key


def floor() -> Floor:
    """Return the room's walkable grid: grown by a body's radius, as the pipeline grows it."""
    columns, rows = round(2 * HALF_X_M / CELL_M), round(2 * HALF_Z_M / CELL_M)
    xs = -HALF_X_M + (np.arange(columns) + 0.5) * CELL_M
    zs = -HALF_Z_M + (np.arange(rows) + 0.5) * CELL_M
    x, z = np.meshgrid(xs, zs)
    is_inside = (np.abs(x) < HALF_X_M - BODY_M) & (np.abs(z) < HALF_Z_M - BODY_M)
    is_door = (z > 1.0 + BODY_M) & (z < 3.0 - BODY_M)
    is_wall = (np.abs(x) < BODY_M) & ~is_door
    is_counter = (np.abs(x - 4.0) < 0.6 + BODY_M) & (np.abs(z + 1.0) < 0.3 + BODY_M)
    walkable: NDArray[np.bool_] = is_inside & ~is_wall & ~is_counter
    seeds = [(p[0], p[2]) for kind, p in ANCHORS.values() if kind == "spawn"]
    return Floor(walkable, origin=(-HALF_X_M, -HALF_Z_M), cell_m=CELL_M, seeds=seeds)


def branch_json() -> dict[str, Any]:
    """Return the content of `branch.json`."""
    anchors = [
        {"path": path, "kind": kind, "position": list(position), "rotation": [0, 0, 0, 1]}
        for path, (kind, position) in ANCHORS.items()
    ]
    return {
        "schema": 1,
        "anchors": anchors,
        "nodes": [{"path": "Room"}, *({"path": path} for path in ANCHORS)],
        "cells": [{"id": 0, "origin": [0.0, 0.0, 0.0]}],
        "floor": floor().to_json(),
    }


def _tileset(chunks: list[tuple[bytes, float]]) -> dict[str, Any]:
    box = {"box": [0, 0, 0, HALF_X_M, 0, 0, 0, HALF_Z_M, 0, 0, 0, 0.1]}
    tile: dict[str, Any] = {}
    for glb, error_m in reversed(chunks):
        sha256 = hashlib.sha256(glb).hexdigest()
        tile = {
            "boundingVolume": box,
            "geometricError": error_m,
            "refine": "REPLACE",
            "content": {
                "uri": f"c/{sha256}.glb",
                "extras": {"sha256": sha256, "bytes": len(glb)},
            },
        } | ({"children": [tile]} if tile else {})
    root = {"boundingVolume": box, "geometricError": 8.0, "refine": "ADD", "children": [tile]}
    return {"asset": {"version": "1.1"}, "geometricError": 8.0, "root": root}


def _glb(steps: int) -> bytes:
    """Return a floor of `steps` by `steps` squares as GLB 2.0."""
    line = np.linspace(-1.0, 1.0, steps + 1, dtype=np.float32)
    x, z = np.meshgrid(line * HALF_X_M, line * HALF_Z_M)
    points = np.stack([x, np.zeros_like(x), z], axis=-1).reshape(-1, 3).astype("<f4")
    corner = (np.arange(steps)[:, None] * (steps + 1) + np.arange(steps)).ravel()
    square = np.array([0, steps + 1, 1, 1, steps + 1, steps + 2])
    indices = (corner[:, None] + square).ravel().astype("<u4")
    blob: bytes = points.tobytes() + indices.tobytes()
    document = {
        "asset": {"version": "2.0"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0, "name": "Floor"}],
        "meshes": [{"primitives": [{"attributes": {"POSITION": 0}, "indices": 1}]}],
        "buffers": [{"byteLength": len(blob)}],
        "bufferViews": [
            {"buffer": 0, "byteLength": points.nbytes, "target": 34962},
            {"buffer": 0, "byteOffset": points.nbytes, "byteLength": indices.nbytes,
             "target": 34963},
        ],
        "accessors": [
            {"bufferView": 0, "componentType": 5126, "count": len(points), "type": "VEC3",
             "min": points.min(0).tolist(), "max": points.max(0).tolist()},
            {"bufferView": 1, "componentType": 5125, "count": len(indices), "type": "SCALAR"},
        ],
    }  # fmt: skip
    text = json.dumps(document, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 4)
    total = 12 + 8 + len(text) + 8 + len(blob)
    return (
        struct.pack("<4sII", b"glTF", 2, total)
        + struct.pack("<I4s", len(text), b"JSON") + text
        + struct.pack("<I4s", len(blob), b"BIN\0") + blob
    )  # fmt: skip


def _to_json(value: dict[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode() + b"\n"
