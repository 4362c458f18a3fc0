"""Blend shapes of USD, and how animations weigh them (UsdSkel)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...document import Array, Floats
from .bindings import Usd, UsdSkel
from .values import Warn, tabled, whole


@dataclass(frozen=True, slots=True)
class Shapes:
    """The blend shapes of a mesh.

    Attributes:
        order: names as the mesh lists them; animations map to it.
        targets: name, offsets, normal offsets; in-betweens have targets of their own.
        slots: for each shape the numbers of its targets by weight, the full one at 1.
    """

    order: tuple[str, ...]
    targets: list[tuple[str, Floats, Floats | None]]
    slots: tuple[Mapping[float, int], ...]

    @property
    def has_inbetweens(self) -> bool:
        """Tell whether a shape passes through others on its way."""
        return any(len(slot) > 1 for slot in self.slots)

    def weights(self, animation: Any, codes: Sequence[float]) -> Floats:
        """Return `(times, targets)` at some time codes; zero for shapes that nothing moves."""
        found = np.zeros((len(codes), len(self.targets)))
        names = [str(n) for n in animation.GetBlendShapeOrder()] if animation else []
        for row, code in enumerate(codes):
            got = animation.ComputeBlendShapeWeights(Usd.TimeCode(code)) if names else None
            if got is None or len(got) != len(names):
                continue
            given = dict(zip(names, map(float, got), strict=True))
            for name, slot in zip(self.order, self.slots, strict=True):
                _spread_weight(found[row], slot, given.get(name, 0.0))
        return found


def _spread_weight(row: Floats, slot: Mapping[float, int], weight: float) -> None:
    """Share a shape's weight between its neighbours on the way from 0 to 1 and beyond."""
    stops = sorted({0.0, *slot})
    upper = next((k for k, stop in enumerate(stops) if stop >= weight and k), len(stops) - 1)
    low, high = stops[upper - 1], stops[upper]
    share = (weight - low) / (high - low)
    row[slot[high]] += share
    if low in slot:
        row[slot[low]] += 1 - share


def read_shapes(prim: Any, query: Any, points: int, warn: Warn) -> Shapes | None:
    """Read a mesh's blend shapes; one that does not fit its points is left out with a warning."""
    place = str(prim.GetPath())
    names = [str(n) for n in query.GetBlendShapeOrder() or ()]
    paths = query.GetBlendShapeTargetsRel().GetTargets()
    order: list[str] = []
    targets: list[tuple[str, Floats, Floats | None]] = []
    slots: list[Mapping[float, int]] = []
    for name, path in zip(names, paths, strict=False):
        shape = UsdSkel.BlendShape(prim.GetStage().GetPrimAtPath(path))
        indices = whole(shape.GetPointIndicesAttr().Get()) if shape else None
        if indices is None or ((indices < 0) | (indices >= points)).any():
            warn("usd_blend_shape", place, f"its blend shape {name!r} does not fit; left out")
            continue
        slot: dict[float, int] = {}
        inbetweens = [(float(i.GetWeight() or 0), i) for i in shape.GetInbetweens()]
        steps = [(w, f"{name}_{w:g}", i) for w, i in inbetweens if w not in {0.0, 1.0}]
        for weight, label, step in [(1.0, name, shape), *sorted(steps, key=lambda s: s[0])]:
            got = step.GetOffsets() if step is not shape else shape.GetOffsetsAttr().Get()
            turned = (
                step.GetNormalOffsets() if step is not shape else shape.GetNormalOffsetsAttr().Get()
            )
            offsets = _dense(got, indices, points)
            if offsets is None:
                warn("usd_blend_shape", place, f"its blend shape {label!r} does not fit; left out")
                continue
            slot[weight] = len(targets)
            targets.append((label, offsets, _dense(turned, indices, points) if turned else None))
        if 1.0 not in slot:
            continue
        if steps:
            message = f"{name!r} has in-between shapes; each is a morph target of its own"
            warn("usd_inbetween", place, message)
        order.append(name)
        slots.append(slot)
    return Shapes(tuple(order), targets, tuple(slots)) if targets else None


def _dense(values: Any, indices: Array, points: int) -> Floats | None:
    table = tabled(values, 3)
    if not len(indices):
        return table if len(table) == points else None
    if len(table) != len(indices):
        return None
    found = np.zeros((points, 3))
    found[indices] = table
    return found
