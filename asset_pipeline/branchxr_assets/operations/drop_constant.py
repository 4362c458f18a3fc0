"""Drop animation channels that do not move anything.

Exporters bake every object of an action: in one export 71 of 72 mesh nodes carried curves though
only a door moved. A channel counts as constant when all its values are the node's rest value;
one that holds another value does change the picture when it is played, and stays. So does one
that holds at rest what another clip moves: "closed" is the end of "open".
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from ..document import Document, Floats, Json, Outcome
from ..rewrite import prune, renumber_samplers
from ..warnings import SceneWarning


@dataclass(frozen=True, slots=True)
class DropConstantOptions:
    """`tolerance`: largest difference that is no movement (metres, quaternion parts, factors)."""

    tolerance: float = 1e-5


DEFAULTS: Final = DropConstantOptions()
_REST: Final[dict[str, tuple[float, ...]]] = {
    "translation": (0.0, 0.0, 0.0),
    "rotation": (0.0, 0.0, 0.0, 1.0),
    "scale": (1.0, 1.0, 1.0),
}


def drop_constant(document: Document, options: DropConstantOptions = DEFAULTS) -> Outcome:
    """Remove channels that keep their node at rest, and animations left without any."""
    changed = document.copy()
    root, warnings = changed.root, []
    counts = {"channels_dropped": 0, "animations_dropped": 0}
    kept: list[Json] = []
    moved = {
        _target(channel)
        for animation in root.get("animations", [])
        for channel in animation["channels"]
        if _moves(changed, animation, channel, options.tolerance)
    }
    for index, animation in enumerate(root.get("animations", [])):
        moving = [channel for channel in animation["channels"] if _target(channel) in moved]
        counts["channels_dropped"] += len(animation["channels"]) - len(moving)
        animation["channels"] = moving
        renumber_samplers(animation)
        if moving:
            kept.append(animation)
            continue
        counts["animations_dropped"] += 1
        message = f"the animation {animation.get('name', '')!r} moves nothing; it is left out"
        warnings.append(SceneWarning("animation_constant", f"animations[{index}]", message))
    if "animations" in root:
        root["animations"] = kept
        if not kept:
            del root["animations"]
    return Outcome(prune(changed), dict(counts), tuple(warnings))


def _target(channel: Json) -> tuple[int | None, str]:
    return channel["target"].get("node"), channel["target"]["path"]


def _moves(document: Document, animation: Json, channel: Json, tolerance: float) -> bool:
    target = channel["target"]
    if "node" not in target or target["path"] not in {*_REST, "weights"}:
        return False  # what it moved is gone, or belongs to an extension that was dropped
    node = document.listed("nodes")[target["node"]]
    sampler = animation["samplers"][channel["sampler"]]
    values = document.accessors[sampler["output"]].as_float()
    rest = _rest(document, node, target["path"])
    if not len(rest) or not values.size or values.size % len(rest):
        return False  # weights of a node without morph targets, or no key at all
    rows = values.reshape(-1, len(rest))
    if sampler.get("interpolation") == "CUBICSPLINE":
        if (np.abs(rows[0::3]) > tolerance).any() or (np.abs(rows[2::3]) > tolerance).any():
            return True
        rows = rows[1::3]
    if target["path"] == "rotation":  # q and -q are the same turn
        rows = np.where((rows @ rest < 0)[:, None], -rows, rows)
    return bool((np.abs(rows - rest) > tolerance).any())


def _rest(document: Document, node: Json, path: str) -> Floats:
    value: Any = node.get(path, _REST.get(path))
    if path == "weights" and value is None:
        mesh = document.listed("meshes")[node["mesh"]] if "mesh" in node else {"primitives": []}
        count = max((len(p.get("targets", [])) for p in mesh["primitives"]), default=0)
        value = mesh.get("weights", [0.0] * count)
    return np.array(value, np.float64)
