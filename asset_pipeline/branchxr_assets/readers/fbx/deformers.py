"""Skins and morph targets of FBX meshes."""

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import ufbx

from ...document import Array, Floats
from . import native
from .reading import Reading

INFLUENCES: Final = 4
"""What every viewer takes: one set of joints (glTF 2.0, section 3.7.3.3)."""
_LOST_SAID: Final = 0.005
"""A smaller share of a vertex's weight is not worth a word."""
_LINEAR: Final = (ufbx.SkinningMethod.LINEAR, ufbx.SkinningMethod.RIGID)


@dataclass(frozen=True, slots=True)
class Skin:
    """A skin deformer.

    Attributes:
        joints: ufbx's node numbers.
        binds: `(j, 4, 4)`, mesh to joint; one more than joints where points follow none.
        attributes: `JOINTS_0` and `WEIGHTS_0` by control point.
    """

    name: str
    joints: list[int]
    binds: Floats
    attributes: dict[str, Array]


@dataclass(frozen=True, slots=True)
class Channel:
    """A blend channel: how much of it shows which of its targets.

    Attributes:
        element: ufbx's element number; animations name it.
        stops: `(k,)` weights at which each target is fully there, rising; the last is usually 1.
        weight: at rest.
    """

    element: int
    stops: Floats
    weight: float

    def shares(self, weights: Floats) -> Floats:
        """Return `(n, k)` weights of the targets for `(n,)` weights of the channel.

        Between two stops, and between one and nothing at 0, one target gives way to the next:
        what FBX means by in-between shapes. Beyond the outermost the last two go on.
        """
        stops = np.union1d(self.stops, [0.0])
        segment = np.clip(np.searchsorted(stops, weights) - 1, 0, len(stops) - 2)
        low, high = stops[segment], stops[segment + 1]
        share = (weights - low) / (high - low)
        whole = np.zeros((len(weights), len(stops)))
        rows = np.arange(len(weights))
        whole[rows, segment], whole[rows, segment + 1] = 1 - share, share
        found: Floats = whole[:, np.searchsorted(stops, self.stops)]
        return found


@dataclass(frozen=True, slots=True)
class Morphs:
    """All channels of a mesh, and their targets in one row."""

    channels: list[Channel]
    names: list[str]
    targets: list[dict[str, Array]]

    @property
    def weights(self) -> list[float]:
        """Of the targets at rest."""
        rows = [channel.shares(np.array([channel.weight]))[0] for channel in self.channels]
        return [float(w) for w in np.concatenate(rows)]


def read_skin(reading: Reading, mesh: Any, node: Any, point_count: int) -> Skin | None:
    """Return the skin of a mesh on a node; `None` when it has none that does something."""
    path = reading.paths[node.typed_id]
    deformers = [d for d in mesh.skin_deformers if len(d.clusters)]
    if not deformers:
        if len(mesh.skin_deformers):
            message = "its skin has no joints; it is shown without"
            reading.warn("skin_lost", path, message)
        return None
    if len(deformers) > 1:
        message = f"it has {len(deformers)} skins; the first is kept, glTF has one for a mesh"
        reading.warn("skin_second", path, message)
    deformer = deformers[0]
    method = ufbx.SkinningMethod(deformer.skinning_method)
    if method not in _LINEAR:
        message = (
            "it is skinned with dual quaternions; glTF has linear skinning: twists get thinner"
        )
        reading.warn("skin_method", path, message)
    # A joint may be missing, or be the root of the file, which is no node of the document.
    clusters = [
        c
        for c in deformer.clusters
        if c.bone_node is not None and int(c.bone_node.typed_id) in reading.numbers
    ]
    if not clusters:
        message = "its skin names no joint that is there; it is shown without"
        reading.warn("skin_lost", path, message)
        return None
    joints = [int(c.bone_node.typed_id) for c in clusters]
    binds = [matrix_of(c.geometry_to_bone) for c in clusters]
    if not np.isfinite(binds).all():
        message = "its bind matrices hold NaN or infinity; it is shown without its skin"
        reading.warn("skin_lost", path, message)
        return None
    table = _table(clusters, point_count)
    numbers, weights = _strongest(reading, path, table, point_count)
    is_free = weights.sum(axis=1) <= 0
    if is_free.any():  # FBX leaves such points where the mesh's own node is
        numbers[is_free, 0], weights[is_free, 0] = len(joints), 1.0
        binds.append(matrix_of(node.geometry_to_node))
    weights /= weights.sum(axis=1, keepdims=True)
    kind = np.uint8 if len(binds) <= 256 else np.uint16
    attributes: dict[str, Array] = {
        "JOINTS_0": numbers.astype(kind),
        "WEIGHTS_0": weights.astype(np.float32),
    }
    return Skin(str(deformer.name), joints, np.array(binds), attributes)


def matrix_of(matrix: Any) -> Floats:
    """Return ufbx's four columns of three as `(4, 4)`."""
    full = np.eye(4)
    full[:3] = np.array(matrix, np.float64).T
    return full


def _table(clusters: list[Any], point_count: int) -> tuple[Array, Array, Array]:
    """Return every influence: `(n,)` control points, joints, weights above zero, joined up."""
    points = [native.indices(c.vertices).astype(np.int64) for c in clusters]
    weights = [native.reals(c.weights) for c in clusters]
    joints = np.repeat(np.arange(len(clusters)), [len(p) for p in points])
    point, weight = np.concatenate(points), np.concatenate(weights)
    is_used = (weight > 0) & np.isfinite(weight) & (point < point_count)
    # A bone may have several clusters, and a cluster may name a point twice.
    key = point[is_used] * len(clusters) + joints[is_used]
    once, inverse = np.unique(key, return_inverse=True)
    total = np.bincount(inverse, weight[is_used], len(once))
    return once // len(clusters), once % len(clusters), total


def _strongest(
    reading: Reading, path: str, table: tuple[Array, Array, Array], point_count: int
) -> tuple[Array, Floats]:
    """Keep the four strongest joints of each point; say what the others had."""
    point, joint, weight = table
    order = np.lexsort((joint, -weight, point))
    point, joint, weight = point[order], joint[order], weight[order]
    rank = np.arange(len(point)) - np.searchsorted(point, point)
    numbers = np.zeros((point_count, INFLUENCES), np.int64)
    weights = np.zeros((point_count, INFLUENCES))
    is_kept = rank < INFLUENCES
    numbers[point[is_kept], rank[is_kept]] = joint[is_kept]
    weights[point[is_kept], rank[is_kept]] = weight[is_kept]
    if not is_kept.all():
        whole = np.bincount(point, weight, point_count)
        lost = np.bincount(point[~is_kept], weight[~is_kept], point_count)
        share = np.divide(lost, whole, out=np.zeros(point_count), where=whole > 0)
        if share.max() > _LOST_SAID:
            message = (
                f"{int((share > 0).sum())} points follow more than four joints, up to "
                f"{int(rank.max()) + 1}; the weakest are left out: at most {share.max():.0%} "
                "of a point's weight"
            )
            reading.warn("skin_influences", path, message)
    return numbers, weights


def say_loose(reading: Reading) -> None:
    """Name the skins and morph targets that no mesh has, and those that several meshes share."""
    scene = reading.scene
    skins = {int(d.element_id) for mesh in scene.meshes for d in mesh.skin_deformers}
    for deformer in scene.skin_deformers:
        if int(deformer.element_id) not in skins:
            reading.warn("skin_lost", str(deformer.name), "no mesh has this skin; it is left out")
    holders: dict[int, int] = {}
    for mesh in scene.meshes:
        for deformer in mesh.blend_deformers:
            for channel in deformer.channels:
                number = int(channel.element_id)
                holders[number] = holders.get(number, 0) + 1
    for channel in scene.blend_channels:
        count = holders.get(int(channel.element_id), 0)
        if not count:
            message = "no mesh has this channel; it is left out"
            reading.warn("morph_empty", str(channel.name), message)
        elif count > 1:
            message = f"{count} meshes share this channel; each has a morph target of its own"
            reading.warn("morph_shared", str(channel.name), message)


def read_morphs(reading: Reading, mesh: Any, point_count: int) -> Morphs | None:
    """Return the morph targets of a mesh; `None` when it has none."""
    morphs = Morphs([], [], [])
    for deformer in mesh.blend_deformers:
        for channel in deformer.channels:
            _add_channel(reading, morphs, channel, reading.place(mesh), point_count)
    if any("NORMAL" in target for target in morphs.targets):
        for target in morphs.targets:  # all or none: readers take the first one's word for it
            target.setdefault("NORMAL", np.zeros((point_count, 3), np.float32))
    return morphs if morphs.targets else None


def _add_channel(
    reading: Reading, morphs: Morphs, channel: Any, path: str, point_count: int
) -> None:
    name = str(channel.name)
    listed = [f for f in channel.keyframes if f.shape is not None]
    # A shape at no weight is never there, and of two at one weight only one can be.
    by_weight = {float(f.target_weight): f for f in reversed(listed)}
    frames = [by_weight[w] for w in sorted(by_weight) if w and math.isfinite(w)]
    if not frames:
        message = f"the channel {name!r} has no shape; it is left out"
        reading.warn("morph_empty", path, message)
        return
    if len(frames) < len(listed):
        message = f"{len(listed) - len(frames)} shapes of the channel {name!r} are at no weight"
        reading.warn("morph_shape_lost", path, f"{message} of their own; they are left out")
    stops = np.array([float(f.target_weight) for f in frames])
    if len(frames) > 1:
        message = (
            f"the channel {name!r} has {len(frames) - 1} in-between shapes, which glTF has not; "
            "each is a morph target of its own, and animations give the same shapes"
        )
        reading.warn("morph_in_between", path, message)
    weight = float(channel.weight)
    weight = weight if math.isfinite(weight) else 0.0
    morphs.channels.append(Channel(int(channel.element_id), stops, weight))
    for frame, stop in zip(frames, stops, strict=True):
        is_last = stop == stops[-1]
        morphs.names.append(name if is_last else f"{name} {stop:.0%}")
        morphs.targets.append(_target(reading, path, frame.shape, point_count))


def _target(reading: Reading, path: str, shape: Any, point_count: int) -> dict[str, Array]:
    points = native.indices(shape.offset_vertices)
    is_known = points < point_count
    found = {}
    for name, offsets in (("POSITION", shape.position_offsets), ("NORMAL", shape.normal_offsets)):
        values = native.floats(offsets)
        if not np.isfinite(values).all():
            message = f"its shape {shape.name!r} holds NaN or infinity; zero stands in for it"
            reading.warn("attribute_not_finite", path, message)
            values = np.where(np.isfinite(values), values, np.float32(0))
        if name == "NORMAL" and not values.any():
            continue
        whole = np.zeros((point_count, 3), np.float32)
        whole[points[is_known]] = values[: len(points)][is_known]
        found[name] = whole
    return found
