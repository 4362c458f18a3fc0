"""Find meshes that are copies of one another, also turned, moved, scaled or mirrored.

OBJ, USD and "applied" transforms write twenty-four chairs as twenty-four meshes. Copies are told
by their triangles, texture coordinates, colours and materials, byte for byte; then one transform
(Kabsch 1976, with Umeyama's scale, 1991) must lay every position of the one on the other within
the tolerance, and every normal along. The node of a copy then shows the first mesh through that
transform: it keeps its name, extras and children, and where it stands.

For the static side of a scene: a node that moves keeps its own mesh, and with it its pivot.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from ..columns import across
from ..document import Document, Floats, Json, Outcome
from ..geometry import positions
from ..rewrite import prune
from ..tree import local_matrix, matrix_quaternion, quaternion_matrix

_SPATIAL: Final = ("POSITION", "NORMAL", "TANGENT")
_NORMAL_OFF_MAX: Final = 0.02
"""About one degree: exporters round normals of a turned copy anew."""


@dataclass(frozen=True, slots=True)
class InstanceOptions:
    """`tolerance`: how far a position may come to lie, as a share of the mesh's diagonal."""

    tolerance: float = 2e-5


DEFAULTS: Final = InstanceOptions()


def instance(document: Document, options: InstanceOptions = DEFAULTS) -> Outcome:
    """Let nodes share a mesh where theirs are copies; skinned, morphed and moved ones stay."""
    changed = document.copy()
    firsts: dict[str, list[int]] = {}
    counts = {"meshes_shared": 0}
    for mesh, users in sorted(_users(changed).items()):
        listed = firsts.setdefault(_signature(changed, mesh), [])
        found = next(_fitting(changed, listed, mesh, options.tolerance), None)
        if found is None:
            listed.append(mesh)
            continue
        first, laid = found
        placed = [_placed(changed.listed("nodes")[user], first, laid) for user in users]
        if any(node is None for node in placed):
            listed.append(mesh)  # a shear is no node's transform
            continue
        counts["meshes_shared"] += 1
        for user, node in zip(users, placed, strict=True):
            changed.listed("nodes")[user] = node or {}
    return Outcome(prune(changed), dict(counts))


def _users(document: Document) -> dict[int, list[int]]:
    """Return which nodes show each mesh, where none of them is more than a place for it."""
    animated = {
        channel["target"].get("node")
        for animation in document.listed("animations")
        for channel in animation["channels"]
    }
    joints = {joint for skin in document.listed("skins") for joint in skin["joints"]}
    found: dict[int, list[int]] = {}
    barred = set()
    for index, node in enumerate(document.listed("nodes")):
        if "mesh" not in node:
            continue
        found.setdefault(node["mesh"], []).append(index)
        busy = {"skin", "weights", "children", "camera", "extensions"} & node.keys()
        if busy or index in animated or index in joints:
            barred.add(node["mesh"])
    for mesh, item in enumerate(document.listed("meshes")):
        if any("targets" in p or not _has_positions(document, p) for p in item["primitives"]):
            barred.add(mesh)
    return {mesh: users for mesh, users in found.items() if mesh not in barred}


def _has_positions(document: Document, primitive: Json) -> bool:
    return len(positions(document, primitive)) > 0


def _signature(document: Document, mesh: int) -> str:
    """Hash all of a mesh that a change of place leaves alone; its name is not part of it."""
    item = document.listed("meshes")[mesh]
    digest = hashlib.sha256(
        _text({k: v for k, v in item.items() if k not in {"primitives", "name"}})
    )
    for primitive in item["primitives"]:
        rest = {k: v for k, v in primitive.items() if k not in {"attributes", "indices"}}
        digest.update(_text(rest))
        for name, index in sorted(primitive["attributes"].items()):
            accessor = document.accessors[index]
            digest.update(f"{name} {accessor.values.dtype} {accessor.values.shape}".encode())
            if name not in _SPATIAL:
                digest.update(np.ascontiguousarray(accessor.values).tobytes())
        # A mirrored copy winds its triangles the other way: here only which corners they have.
        digest.update(np.sort(_corners(document, primitive), axis=1).tobytes())
    return digest.hexdigest()


def _text(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True).encode()


def _corners(document: Document, primitive: Json) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Return the index rows: triangles where it has whole ones, else single corners."""
    if "indices" in primitive:
        order = document.accessors[primitive["indices"]].values[:, 0].astype(np.int64)
    else:
        order = np.arange(len(positions(document, primitive)))
    width = 3 if primitive.get("mode", 4) == 4 and len(order) % 3 == 0 else 1
    return order.reshape(-1, width)


def _winding(document: Document, first: int, second: int) -> int:
    """Return 1 when two meshes wind their triangles alike, -1 when all are turned, else 0."""
    signs = set()
    for mine, theirs in _pairs(document, first, second):
        one, other = _corners(document, mine), _corners(document, theirs)
        if one.shape[1] == 1:
            signs.add(1 if (one == other).all() else 0)
            continue
        signs.add(_turning(one, other))
    return signs.pop() if len(signs) == 1 else 0


def _turning(one: Any, other: Any) -> int:
    turned = [np.roll(other, k, axis=1) for k in range(3)]
    if np.logical_or.reduce([across(np.logical_and, one == t) for t in turned]).all():
        return 1
    mirrored = [np.roll(other[:, ::-1], k, axis=1) for k in range(3)]
    if np.logical_or.reduce([across(np.logical_and, one == t) for t in mirrored]).all():
        return -1
    return 0


def _pairs(document: Document, first: int, second: int) -> Iterator[tuple[Json, Json]]:
    meshes = document.listed("meshes")
    yield from zip(meshes[first]["primitives"], meshes[second]["primitives"], strict=True)


def _fitting(
    document: Document, firsts: list[int], mesh: int, tolerance: float
) -> Iterator[tuple[int, Floats]]:
    """Yield meshes that this one is a copy of, with the `(4, 4)` transform that lays them on it."""
    theirs = _points(document, mesh)
    for first in firsts:
        sign = _winding(document, first, mesh)
        if sign == 0:
            continue
        mine = _points(document, first)
        laid = _laid(mine, theirs, sign)
        size = float(np.linalg.norm(np.ptp(theirs, axis=0)))
        reach = max(size * tolerance, 4 * float(np.spacing(np.float32(np.abs(theirs).max()))))
        off = np.abs(mine @ laid[:3, :3].T + laid[:3, 3] - theirs).max()
        if off <= reach and _directions_fit(document, first, mesh, laid):
            yield first, laid


def _points(document: Document, mesh: int) -> Floats:
    parts = [positions(document, p) for p in document.listed("meshes")[mesh]["primitives"]]
    return np.concatenate(parts)


def _laid(mine: Floats, theirs: Floats, sign: int) -> Floats:
    """Return the similarity that lays `mine` on `theirs` best, mirrored when `sign` is -1."""
    laid = np.eye(4)
    if np.array_equal(mine, theirs) and sign == 1:
        return laid
    from_middle, to_middle = mine.mean(axis=0), theirs.mean(axis=0)
    one, other = mine - from_middle, theirs - to_middle
    left, _, right = np.linalg.svd(other.T @ one)
    # A flat mesh fits both ways round: its winding decides, as `sign` says.
    flip = np.diag([1, 1, sign * np.sign(np.linalg.det(left) * np.linalg.det(right)) or 1])
    turn = left @ flip @ right
    spread = float((one * one).sum())
    scale = float((other * (one @ turn.T)).sum()) / spread if spread > 0 else 1.0
    laid[:3, :3] = turn * (scale if scale > 0 else 1.0)
    laid[:3, 3] = to_middle - laid[:3, :3] @ from_middle
    return laid


def _directions_fit(document: Document, first: int, mesh: int, laid: Floats) -> bool:
    turn = laid[:3, :3] / np.cbrt(abs(np.linalg.det(laid[:3, :3])))
    hand = np.sign(np.linalg.det(turn))
    for mine, theirs in _pairs(document, first, mesh):
        for name in ("NORMAL", "TANGENT"):
            if name not in mine["attributes"]:
                continue
            one = document.accessors[mine["attributes"][name]].as_float()
            other = document.accessors[theirs["attributes"][name]].as_float()
            if np.abs(one[:, :3] @ turn.T - other[:, :3]).max(initial=0) > _NORMAL_OFF_MAX:
                return False
            if name == "TANGENT" and (one[:, 3] * hand != other[:, 3]).any():
                return False
    return True


def _placed(node: Json, mesh: int, laid: Floats) -> Json | None:
    """Return the node showing another mesh at the same place, `None` where it would shear."""
    kept = {k: v for k, v in node.items() if k not in _PLACE}
    if (laid == np.eye(4)).all():
        return {**node, "mesh": mesh}
    matrix = local_matrix(node) @ laid
    scale = np.linalg.norm(matrix[:3, :3], axis=0)
    if np.linalg.det(matrix[:3, :3]) < 0:
        scale[0] = -scale[0]  # as `matrix_quaternion` takes a mirror apart
    turn = matrix_quaternion(matrix)
    again = quaternion_matrix(turn[None])[0] * scale
    if np.abs(again - matrix[:3, :3]).max() > 1e-6 * np.abs(scale).max():
        return None
    place = {"translation": matrix[:3, 3], "rotation": turn, "scale": scale}
    return {**kept, "mesh": mesh, **{key: _numbers(value) for key, value in place.items()}}


_PLACE: Final = {"matrix", "translation", "rotation", "scale"}


def _numbers(values: Floats) -> list[float]:
    return [float(v) + 0.0 for v in values]
