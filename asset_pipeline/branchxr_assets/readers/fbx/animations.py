"""Animations of FBX: what stacks and layers come to, as clips of glTF.

ufbx samples what is not straight 120 times a second: between two samples a fast half turn in
0.8 s is then off by 0.01 degrees (0.2 at 30 a second). `reduction` drops what is not needed.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import ufbx

from ...document import Floats
from ..assembly import Track
from . import native
from .deformers import Morphs
from .nodes import is_helper
from .reading import Reading
from .reduction import Motion, reduced

SAMPLES_A_SECOND: Final = 120.0
_SAMPLES_LEAST: Final = 30.0
_SAMPLES_MOST: Final = 12_000
"""Of one curve; a clip of more than 100 s is sampled less often, down to 30 times a second."""
_ALWAYS: Final = 1000.0
"""Keys nearer than this would be taken for samples already; 19.5 a second by default, which
leaves 1.5 % of a scale in Maya's sausage between two keys of its 24 a second."""
_LONGEST_S: Final = 3600.0
_PARTS: Final = (("translation", 3), ("rotation", 4), ("scale", 3))
_PLAIN: Final = {
    "translation": [0.0, 0.0, 0.0],
    "rotation": [0.0, 0.0, 0.0, 1.0],
    "scale": [1.0, 1.0, 1.0],
}
_AT_REST: Final = 1e-5
_WEIGHT: Final = "DeformPercent"
_SILENT: Final = frozenset({"Lcl Translation", "Lcl Rotation", "Lcl Scaling", _WEIGHT})

_Key = tuple[int, str]


@dataclass(frozen=True, slots=True)
class Clip:
    """An animation: node and property -> motion."""

    name: str
    motions: Mapping[_Key, Motion]

    def moved(self, rests: Callable[[_Key], list[float]]) -> set[_Key]:
        """Return what does not stay at rest."""
        return {
            key
            for key, motion in self.motions.items()
            if motion.is_moving or _is_apart(key, motion.values[0].tolist(), rests(key))
        }


def read_animations(reading: Reading, morphs: Sequence[tuple[int, Morphs]]) -> None:
    """Add the clips of a scene; curves that never leave the rest pose are left out.

    Args:
        reading: the nodes are there already.
        morphs: nodes of the document with the morph targets of their mesh.
    """
    clips = []
    for name, stacks in _actions(reading).items():
        motions: dict[_Key, Motion] = {}
        for stack in stacks:
            motions = _motions(reading, stack, morphs) | motions
        clips.append(Clip(name, motions))

    def rest(key: _Key) -> list[float]:
        return _rest(reading, key, morphs)

    moved = set().union(*(clip.moved(rest) for clip in clips)) if clips else set()
    for clip in clips:
        tracks = [_track(key, m) for key, m in clip.motions.items() if key in moved]
        if clip.moved(rest):
            reading.assembly.animation(tracks, name=clip.name)
        else:
            message = f"the animation {clip.name!r} moves nothing; it is left out"
            reading.warn("animation_constant", f"animation {clip.name!r}", message)


def _track(key: _Key, motion: Motion) -> Track:
    kind = "STEP" if motion.is_stepped else "LINEAR"
    return Track(key[0], key[1], motion.times, motion.values, kind)


def _rest(reading: Reading, key: _Key, morphs: Sequence[tuple[int, Morphs]]) -> list[float]:
    node, path = key
    if path == "weights":
        return next(m.weights for number, m in morphs if number == node)
    found: list[float] = reading.assembly.nodes[node].get(path, _PLAIN[path])
    return found


def _is_apart(key: _Key, values: list[float], rest: list[float]) -> bool:
    """Tell whether a value is not at rest; plain floats beat numpy on four of them."""
    if key[1] == "rotation" and sum(v * r for v, r in zip(values, rest, strict=True)) < 0:
        rest = [-r for r in rest]  # q and -q are one rotation
    return max(abs(v - r) for v, r in zip(values, rest, strict=True)) > _AT_REST


def _motions(
    reading: Reading, stack: Any, morphs: Sequence[tuple[int, Morphs]]
) -> dict[_Key, Motion]:
    name = str(stack.name)
    length = max(0.0, float(stack.time_end) - float(stack.time_begin))  # some end before they begin
    if length > _LONGEST_S:
        message = f"it is {length / 3600:.1f} hours long and left out; cut it into clips"
        reading.warn("animation_long", f"animation {name!r}", message)
        return {}
    rate = min(SAMPLES_A_SECOND, max(_SAMPLES_LEAST, _SAMPLES_MOST / max(length, 1.0)))
    baked = native.bake(
        reading.scene,
        stack.anim,
        resample_rate=rate,
        minimum_sample_rate=_ALWAYS,
        max_keyframe_segments=int(length * rate) + 1,  # 32 by default, fewer than asked for
        trim_start_time=True,
    )
    motions: dict[_Key, Motion] = {}
    for node in baked.nodes:
        index = reading.numbers.get(int(node.typed_id))
        if index is None:
            continue
        for path, size in _PARTS:
            keys = getattr(node, f"{path}_keys")
            if not len(keys):
                continue
            if getattr(node, f"constant_{path}"):  # most are: Blender writes every node
                motions[index, path] = Motion(np.zeros(1), np.array([keys[0].value]))
            else:
                times, values, _ = native.keys(keys, size)
                motions[index, path] = reduced(path, times, values)
    motions |= _compensated(reading, stack, baked)
    weights = _weights(reading, name, baked)
    for node, mesh_morphs in morphs:
        motion = _weight_motion(mesh_morphs, weights)
        if motion is not None:
            motions[node, "weights"] = motion
    return motions


def _compensated(reading: Reading, stack: Any, baked: Any) -> dict[_Key, Motion]:
    """Return the translations of nodes whose parent keeps its scale to itself.

    The scale moves to a helper beside them, but still takes them along: it is in their
    translation, and ufbx 0.0.5 bakes that without its keys.
    """
    found = {}
    by_node = {int(node.typed_id): node for node in baked.nodes}
    for node in reading.scene.nodes:
        helper = None if node.parent is None else node.parent.scale_helper
        if helper is None or node.is_scale_helper or int(helper.typed_id) not in by_node:
            continue
        scaled = by_node[int(helper.typed_id)]
        if scaled.constant_scale:
            continue
        times, _, _ = native.keys(scaled.scale_keys, 3)
        if int(node.typed_id) in by_node:
            own, _, _ = native.keys(by_node[int(node.typed_id)].translation_keys, 3)
            times = np.union1d(times, own)
        values = native.translations(stack.anim, node, times + float(stack.time_begin))
        key = (reading.numbers[int(node.typed_id)], "translation")
        found[key] = reduced("translation", times, values)
    return found


def _weights(reading: Reading, name: str, baked: Any) -> dict[int, tuple[Floats, Floats]]:
    """Return each animated channel's times and weights; say which other properties are lost."""
    found = {}
    lost: set[str] = set()
    # Blender writes each weight twice: the other is a property of the mesh, named as the shape.
    silent = _SILENT | {str(channel.name) for channel in reading.scene.blend_channels}
    for element in baked.elements:
        for prop in element.props:
            if prop.name == _WEIGHT:
                times, values, _ = native.keys(prop.keys, 3)
                found[int(element.element_id)] = (times, values[:, 0] / 100)
            elif prop.name not in silent and not prop.constant_value:
                lost.add(str(prop.name))
    if lost:
        listed = ", ".join(sorted(lost)[:8])
        message = f"glTF animates transforms and morphs only; curves of {listed} are left out"
        reading.warn("animation_properties", f"animation {name!r}", message)
    return found


def _weight_motion(morphs: Morphs, weights: Mapping[int, tuple[Floats, Floats]]) -> Motion | None:
    if not any(channel.element in weights for channel in morphs.channels):
        return None
    known = [weights[c.element][0] for c in morphs.channels if c.element in weights]
    # Where one target gives way to the next, the weights are not straight: a key must be there.
    times = np.unique(np.concatenate([*known, *_stop_times(morphs, weights)]))
    columns = []
    for channel in morphs.channels:
        if channel.element in weights:
            values = np.interp(times, *weights[channel.element])
        else:
            values = np.full(len(times), channel.weight)
        columns.append(channel.shares(values))
    return reduced("weights", times, np.concatenate(columns, axis=1))


def _stop_times(morphs: Morphs, weights: Mapping[int, tuple[Floats, Floats]]) -> list[Floats]:
    found = []
    for channel in morphs.channels:
        if channel.element not in weights or len(channel.stops) < 2:
            continue
        times, values = weights[channel.element]
        for stop in (0.0, *channel.stops):
            before, after = values[:-1] - stop, values[1:] - stop
            crosses = np.flatnonzero(before * after < 0)
            share = before[crosses] / (before[crosses] - after[crosses])
            found.append(times[crosses] + share * (times[crosses + 1] - times[crosses]))
    return found


def _actions(reading: Reading) -> dict[str, list[Any]]:
    """Return the clips to make and the stacks they are made of.

    Blender bakes an action once for every object that could take it and names the stack
    `object|action`; what plays in its timeline is a stack of the action's own name. Where there
    is such a one, it is the clip: `Teller|VaultSwing` is a door's action on a person. Where
    there is none, the objects' stacks together are the clip. Other programs' stacks are clips.
    """
    stacks = list(reading.scene.anim_stacks)
    found: dict[str, list[Any]] = {}
    if not reading.is_blender:
        for stack in stacks:
            found.setdefault(_unique(str(stack.name), found), []).append(stack)
        return found
    merged: dict[str, list[str]] = {}
    names = {str(stack.name) for stack in stacks}
    for stack in stacks:
        name = str(stack.name)
        action = name.rpartition("|")[2]
        if action in found or (name != action and action in names):
            merged.setdefault(action, []).append(name)
        if name == action or action not in names:
            found.setdefault(action, []).append(stack)
    for action, others in merged.items():
        listed = ", ".join(map(repr, others[:6]))
        message = f"Blender wrote this action more than once, also as {listed}; it is one clip"
        reading.warn("animation_merged", f"animation {action!r}", message)
    return found


def _unique(name: str, taken: Mapping[str, object]) -> str:
    """Return a name that no clip has yet."""
    if name not in taken:
        return name
    number = 2
    while f"{name} {number}" in taken:
        number += 1
    return f"{name} {number}"


def say_rigs(reading: Reading) -> None:
    """Name what drives an animation and is not in its curves."""
    for constraint in reading.scene.constraints:
        kind = ufbx.ConstraintType(constraint.type).name.lower().replace("_", " ")
        message = (
            f"the constraint {constraint.name!r} ({kind}) is left out; bake it into keys before "
            "you export"
        )
        node = constraint.node
        path = str(constraint.name)
        if node is not None and not is_helper(node):
            path = reading.paths.get(int(node.typed_id), path)
        reading.warn("constraint_dropped", path, message)
