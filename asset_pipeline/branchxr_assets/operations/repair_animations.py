"""Drop animation channels that readers would refuse, and say so."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from ..columns import lengths
from ..document import Accessor, AccessorPool, Document, Json, Outcome
from ..rewrite import renumber_samplers
from ..warnings import SceneWarning


@dataclass(frozen=True, slots=True)
class RepairAnimationsOptions:
    """`unit_tolerance`: how far from 1 an animated rotation's length may be."""

    unit_tolerance: float = 0.005


DEFAULTS: Final = RepairAnimationsOptions()
_WIDTHS: Final = {"translation": 3, "rotation": 4, "scale": 3}


def repair_animations(document: Document, options: RepairAnimationsOptions = DEFAULTS) -> Outcome:
    """Keep channels whose times rise, whose values fit them, and whose target is there once."""
    changed = document.copy()
    pool = AccessorPool(changed.accessors)
    warnings: list[SceneWarning] = []
    counts = {"channels_dropped": 0, "rotations": 0}
    kept: list[Json] = []
    for index, animation in enumerate(changed.listed("animations")):
        channels: list[Json] = []
        targets: set[tuple[int, str]] = set()
        for number, channel in enumerate(animation["channels"]):
            reason = _fault(changed, animation, channel, targets)
            if reason is None:
                channels.append(channel)
                targets.add((channel["target"]["node"], channel["target"]["path"]))
                counts["rotations"] += _mend_rotation(changed, animation, channel, pool, options)
                continue
            counts["channels_dropped"] += 1
            place = f"animations[{index}].channels[{number}]"
            name = animation.get("name", "")
            message = f"in {name!r}: {reason}; the channel is left out"
            warnings.append(SceneWarning("animation_broken", place, message))
        animation["channels"] = channels
        renumber_samplers(animation)
        if channels:
            kept.append(animation)
    if "animations" in changed.root:
        changed.root["animations"] = kept
        if not kept:
            del changed.root["animations"]
    made = Document(changed.root, pool.all(), changed.images)
    return Outcome(made, dict(counts), tuple(warnings))


def _fault(
    document: Document, animation: Json, channel: Json, taken: set[tuple[int, str]]
) -> str | None:
    target = channel["target"]
    path, node = target["path"], target.get("node")
    if node is None or path not in {*_WIDTHS, "weights"}:
        return f"it moves {path!r}, which is not understood"
    if channel["sampler"] >= len(animation["samplers"]):
        return "its sampler is not there"
    if (node, path) in taken:
        return f"the {path} of that node is moved twice"
    return _sampler_fault(document, animation["samplers"][channel["sampler"]], path, node)


def _sampler_fault(document: Document, sampler: Json, path: str, node: int) -> str | None:
    times: Accessor = document.accessors[sampler["input"]]
    values: Accessor = document.accessors[sampler["output"]]
    if times.type != "SCALAR" or times.values.dtype.kind != "f" or not times.count:
        return "its times are no numbers"
    seconds = times.values[:, 0]
    if not np.isfinite(seconds).all() or (np.diff(seconds) <= 0).any() or seconds[0] < 0:
        return "its times do not rise"
    if values.values.dtype.kind == "f" and not np.isfinite(values.values).all():
        return "its values hold NaN"
    width = _WIDTHS.get(path) or _target_count(document, node)
    per_key = 3 if sampler.get("interpolation") == "CUBICSPLINE" else 1
    is_shaped = values.values.shape[1] == (1 if path == "weights" else width)
    if not is_shaped or values.values.size != times.count * width * per_key or not width:
        return f"{values.count} values do not fit {times.count} times"
    return None


def _target_count(document: Document, node: int) -> int:
    item = document.listed("nodes")[node]
    if "mesh" not in item:
        return 0
    mesh = document.listed("meshes")[item["mesh"]]
    return max((len(p.get("targets", [])) for p in mesh["primitives"]), default=0)


def _mend_rotation(
    document: Document,
    animation: Json,
    channel: Json,
    pool: AccessorPool,
    options: RepairAnimationsOptions,
) -> bool:
    sampler = animation["samplers"][channel["sampler"]]
    if channel["target"]["path"] != "rotation" or sampler.get("interpolation") == "CUBICSPLINE":
        return False  # tangents of a spline are no unit quaternions
    accessor: Accessor = document.accessors[sampler["output"]]
    values = accessor.as_float()
    length = lengths(values)[:, None]
    if (np.abs(length - 1) <= options.unit_tolerance).all():
        return False
    unit = np.where(length > 1e-9, values / np.where(length > 1e-9, length, 1), (0, 0, 0, 1))
    sampler["output"] = pool.add(unit.astype(np.float32), "VEC4")
    return True
