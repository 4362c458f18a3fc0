"""How far everything reaches while its clips play and its shapes change.

3D Tiles wants a volume that holds its content at all times: a lift that leaves the volume of its
rest pose vanishes from viewers that cull by it.
"""

import json
from collections.abc import Iterator
from typing import Final

import numpy as np

from .bodies import document_digest
from .columns import dots, low_high
from .document import Document, Floats, Json
from .encoders import encoder_versions
from .geometry import Placement, instance_matrices, placements
from .steps import NOTHING_REMEMBERED, Step, StepCache, own_code
from .tree import local_matrix, quaternion_matrix, walk, world_matrices

_FEW_KEYS: Final = 512
_BETWEEN: Final = 8
"""Moments from one key to the next, where keys are few; of a baked clip every key is one."""
_BULGE: Final = {_BETWEEN: 0.1, 1: 0.5}
"""How far an arc lies outside of what two moments show, as a share of the way between them: at most
half of it where half a turn lies between."""
_AT_ONCE: Final = 4096
"""Moments; a clip of an hour has 108,000."""
_REST: Final = {"translation": np.zeros(3), "rotation": np.eye(4)[3], "scale": np.ones(3)}
_CORNERS: Final = np.array([[number >> axis & 1 for axis in range(3)] for number in range(8)])
_Boxes = list[tuple[int, Floats]]
"""`(node, (8, 3) corners in its space)`."""


def moving_bounds(document: Document, cache: StepCache = NOTHING_REMEMBERED) -> Floats | None:
    """Return the box of all geometry in rest pose and in every clip, `(2, 3)`; `None` without any.

    It holds what is drawn and may be larger: boxes are turned, not vertices, and every shape key
    goes from 0 to 1 at least. A spline is looked at in eight places from key to key. What a script
    does to a node is not known here.
    """
    shapes = Document(document.root, document.accessors)
    inputs = (document_digest(shapes, cache),) if cache.is_on else ()
    step = Step("moving_bounds", own_code(), inputs=inputs, encoders=encoder_versions())

    def make() -> bytes:
        box = _bounds(document)
        return json.dumps(None if box is None else box.tolist()).encode()

    found = json.loads(cache.remember(step, make))
    return None if found is None else np.array(found)


def _bounds(document: Document) -> Floats | None:
    boxes = [box for spot in placements(document) for box in _boxes(document, spot)]
    ends = []
    for poses, bulge in _poses(document):
        for node, corners in boxes:
            if node in poses:
                turned = poses[node][:, :3, :3] @ corners.T + poses[node][:, :3, 3:]
                ways = np.sqrt((np.diff(turned, axis=0) ** 2).sum(axis=1))
                wider = bulge * ways.max(initial=0.0)
                ends += [turned.min(axis=(0, 2)) - wider, turned.max(axis=(0, 2)) + wider]
    return np.array([np.min(ends, axis=0), np.max(ends, axis=0)]) if ends else None


def _boxes(document: Document, spot: Placement) -> _Boxes:
    """Return the boxes of what a node shows: by that node, or by each joint of its skin."""
    node = document.listed("nodes")[spot.node]
    found: _Boxes = []
    for primitive in document.listed("meshes")[spot.mesh]["primitives"]:
        attributes = primitive["attributes"]
        if "POSITION" not in attributes or not document.accessors[attributes["POSITION"]].count:
            continue
        points = document.accessors[attributes["POSITION"]].as_float()
        shapes = _shapes(document, spot, primitive)
        if spot.is_skinned and "JOINTS_0" in attributes:
            found += _joint_boxes(document, primitive, node["skin"], points, shapes)
            continue
        corners = _corners(low_high(points) + shapes)
        if "EXT_mesh_gpu_instancing" in node.get("extensions", {}):
            each = instance_matrices(document, node)
            placed = each[:, :3, :3] @ corners.T + each[:, :3, 3:]
            corners = _corners(np.array([placed.min(axis=(0, 2)), placed.max(axis=(0, 2))]))
        found.append((spot.node, corners))
    return found


def _joint_boxes(
    document: Document, primitive: Json, skin_index: int, points: Floats, shapes: Floats
) -> _Boxes:
    """Return a box for each joint, of the vertices it holds: a skin lies between these."""
    skin = document.listed("skins")[skin_index]
    binds = np.tile(np.eye(4), (len(skin["joints"]), 1, 1))
    if "inverseBindMatrices" in skin:
        rows = document.accessors[skin["inverseBindMatrices"]].as_float()
        given = rows.reshape(-1, 4, 4).transpose(0, 2, 1)[: len(binds)]
        binds[: len(given)] = given
    low, high = (np.full((len(binds), 3), end) for end in (np.inf, -np.inf))
    attributes = primitive["attributes"]
    for number in range(8):
        names = f"JOINTS_{number}", f"WEIGHTS_{number}"
        if any(name not in attributes for name in names):
            break
        joints, weights = (document.accessors[attributes[name]].as_float() for name in names)
        for column in range(4):
            held = weights[:, column] > 0
            which = np.minimum(joints[held, column].astype(np.int64), len(binds) - 1)
            np.minimum.at(low, which, points[held])
            np.maximum.at(high, which, points[held])
    found: _Boxes = []
    for joint, bind, start, end in zip(skin["joints"], binds, low, high, strict=True):
        if np.isfinite(start).all():
            corners = _corners(np.array([start, end]) + shapes)
            found.append((joint, corners @ bind[:3, :3].T + bind[:3, 3]))
    return found


def _shapes(document: Document, spot: Placement, primitive: Json) -> Floats:
    """Return by how much morph targets may widen a box, `(2, 3)`."""
    targets = primitive.get("targets", [])
    low, high = _weights(document, spot, len(targets))
    widest = np.zeros((2, 3))
    for target, *ends in zip(targets, low, high, strict=True):
        if "POSITION" in target and document.accessors[target["POSITION"]].count:
            moved = document.accessors[target["POSITION"]].as_float()
            each = [np.outer(ends, reach) for reach in low_high(moved)]
            widest += [np.minimum(*each).min(axis=0), np.maximum(*each).max(axis=0)]
    return widest


def _weights(document: Document, spot: Placement, count: int) -> tuple[Floats, Floats]:
    """Return the least and the largest weight of each shape, in rest pose and in every clip."""
    mesh, node = document.listed("meshes")[spot.mesh], document.listed("nodes")[spot.node]
    rest = np.array(node.get("weights", mesh.get("weights", [])), np.float64)
    rows = [np.zeros(count), np.ones(count), *([rest] if len(rest) == count else [])]
    for animation in document.listed("animations"):
        for channel in animation["channels"]:
            if (
                channel["target"].get("node") == spot.node
                and channel["target"]["path"] == "weights"
            ):
                output = animation["samplers"][channel["sampler"]]["output"]
                values = document.accessors[output].as_float().reshape(-1)
                rows += list(values.reshape(-1, count)) if count and not values.size % count else []
    table = np.array(rows).reshape(len(rows), count)
    return table.min(axis=0), table.max(axis=0)


def _corners(box: Floats) -> Floats:
    corners: Floats = box[_CORNERS, range(3)]
    return corners


def _poses(document: Document) -> Iterator[tuple[dict[int, Floats], float]]:
    """Yield node -> `(moments, 4, 4)` world matrices: of the rest pose, of what each clip moves.

    And how far between two moments it may lie outside, as a share of the way between them.
    """
    rest = {node: world[None] for node, world in world_matrices(document).items()}
    yield rest, 0.0
    for animation in document.listed("animations"):
        inputs = [document.accessors[s["input"]].values for s in animation["samplers"]]
        keys = np.unique(np.concatenate([*(times.reshape(-1) for times in inputs), []]))
        if not len(keys):
            continue
        parts = _BETWEEN if len(keys) <= _FEW_KEYS else 1
        between = keys[:-1, None] + np.diff(keys)[:, None] * (np.arange(parts) / parts)
        times = np.append(between.reshape(-1), keys[-1])
        has_turns = any(c["target"]["path"] == "rotation" for c in animation["channels"])
        bulge = _BULGE[parts] if has_turns else 0.0
        for start in range(0, len(times), _AT_ONCE):
            some = times[max(start - 1, 0) : start + _AT_ONCE]  # with the last of those before
            moved = _moved(document, animation, some)
            yield _moved_worlds(document, moved, rest, len(some)), bulge


def _moved(document: Document, animation: Json, times: Floats) -> dict[tuple[int, str], Floats]:
    """Return what a clip's channels say at these times, by node and path."""
    found = {}
    for channel in animation["channels"]:
        node, path = channel["target"].get("node"), channel["target"]["path"]
        sampler = animation["samplers"][channel["sampler"]]
        keys = document.accessors[sampler["input"]].values[:, 0].astype(np.float64)
        values = document.accessors[sampler["output"]].as_float()
        is_spline = sampler.get("interpolation") == "CUBICSPLINE"
        wanted = len(keys) * (3 if is_spline else 1)
        if node is None or path not in _REST or not len(keys) or len(values) != wanted:
            continue
        found[node, path] = _sampled(keys, values, times, is_spline=is_spline)
    return found


def _sampled(keys: Floats, values: Floats, times: Floats, *, is_spline: bool) -> Floats:
    """Return a channel at these times; steps are walked over, which only makes the way longer."""
    before = np.clip(np.searchsorted(keys, times, "right") - 1, 0, max(len(keys) - 2, 0))
    after = np.minimum(before + 1, len(keys) - 1)
    step = (keys[after] - keys[before])[:, None]
    share = np.clip((times[:, None] - keys[before, None]) / np.where(step > 0, step, 1), 0, 1)
    if not is_spline:
        start, end = values[before], values[after]
        # q and -q are one turn: the shorter way round (glTF 2.0, appendix C.3).
        is_far = dots(start, end)[:, None] < 0 if values.shape[1] == 4 else False
        return start + (np.where(is_far, -end, end) - start) * share
    come, point, go = (values[part::3] for part in range(3))
    square, cube = share**2, share**3  # glTF 2.0, appendix C.5
    return (
        (2 * cube - 3 * square + 1) * point[before]
        + step * (cube - 2 * square + share) * go[before]
        + (3 * square - 2 * cube) * point[after]
        + step * (cube - square) * come[after]
    )


def _moved_worlds(
    document: Document,
    moved: dict[tuple[int, str], Floats],
    rest: dict[int, Floats],
    count: int,
) -> dict[int, Floats]:
    """Return the worlds of what moves itself or with its parents: of eight halls little does."""
    nodes = document.listed("nodes")
    targets = {node for node, _ in moved}
    worlds: dict[int, Floats] = {}
    for index, parent in walk(document):
        if index in targets:
            own = _placed(nodes[index], {path: moved.get((index, path)) for path in _REST}, count)
        elif parent in worlds:
            own = local_matrix(nodes[index])[None]
        else:
            continue
        worlds[index] = own if parent is None else worlds.get(parent, rest[parent]) @ own
    return worlds


def _placed(node: Json, moved: dict[str, Floats | None], count: int) -> Floats:
    def rows(path: str) -> Floats:
        given = moved[path]
        rest = np.array(node.get(path, _REST[path]), np.float64)
        return np.tile(rest, (count, 1)) if given is None else given

    matrices = np.tile(np.eye(4), (count, 1, 1))
    matrices[:, :3, :3] = quaternion_matrix(rows("rotation")) * rows("scale")[:, None, :]
    matrices[:, :3, 3] = rows("translation")
    return matrices
