"""Split what stands still by space, so that a large hall or a street streams by need.

Halves, again and again, along the longer side and at the middle of the triangles, until a part is
small enough to be one download. A node goes where its middle is, whole: nothing is cut, so names,
extras and shared meshes stay what they were (a mesh that stands in two parts is in both).
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from ..document import Document, Floats, Outcome
from ..geometry import placed_bounds, placements, triangle_count
from ..parts import part_of
from ..rewrite import prune
from ..tree import walk


@dataclass(frozen=True, slots=True)
class TileOptions:
    """When a part is small enough.

    Attributes:
        triangles_max: drawn; fewer are never split.
        side_min_m: a part no longer than this is never split: one looks at all of it anyway.
        parts_max: never more than this.
    """

    triangles_max: int = 150_000
    side_min_m: float = 12.0
    parts_max: int = 64


DEFAULTS: Final = TileOptions()


@dataclass(frozen=True, slots=True)
class _Spot:
    """A node with something to see: its middle, its box `(2, 3)`, what it draws."""

    node: int
    middle: Floats
    box: Floats
    triangles: int


def tile(document: Document, options: TileOptions = DEFAULTS) -> list[Outcome]:
    """Return the parts, each a document; one, as it came, where there is nothing to split.

    The first also holds all nodes that show nothing, and the scene's own extras.
    """
    groups = _groups(_spots(document), options)
    if len(groups) < 2:
        return [Outcome(document, {"nodes": len(document.listed("nodes"))})]
    shown = {spot.node for group in groups for spot in group}
    rest = {index for index, _ in walk(document)} - shown
    parts = []
    for number, group in enumerate(groups):
        own = {spot.node for spot in group} | (rest if number == 0 else set())
        made = part_of(document, own)
        if number == 0:
            _keep_scene_extras(document, made)
        counts = {"nodes": len(own), "triangles": sum(spot.triangles for spot in group)}
        parts.append(Outcome(prune(made), counts))
    return parts


def _keep_scene_extras(whole: Document, made: Document) -> None:
    for scene, source in zip(made.listed("scenes"), whole.listed("scenes"), strict=True):
        if "extras" in source:
            scene["extras"] = source["extras"]


def _spots(document: Document) -> list[_Spot]:
    found = []
    meshes = document.listed("meshes")
    for placement in placements(document):
        box = placed_bounds(document, placement)
        if box is None:
            continue
        drawn = sum(triangle_count(document, p) for p in meshes[placement.mesh]["primitives"])
        count = drawn * len(placement.matrices)
        found.append(_Spot(placement.node, box.mean(axis=0), box, count))
    return found


def _groups(spots: list[_Spot], options: TileOptions) -> list[list[_Spot]]:
    """Halve the largest part until all are small enough, or none can be halved."""
    done: list[list[_Spot]] = []
    waiting = [spots] if spots else []
    while waiting:
        waiting.sort(key=_drawn)
        group = waiting.pop()
        full = len(done) + len(waiting) + 2 > options.parts_max
        halves = None if full or _drawn(group) <= options.triangles_max else _halves(group, options)
        if halves is None:
            done.append(group)
        else:
            waiting += halves
    return sorted(done, key=lambda group: min(spot.node for spot in group))


def _drawn(group: list[_Spot]) -> int:
    return sum(spot.triangles for spot in group)


def _halves(group: list[_Spot], options: TileOptions) -> list[list[_Spot]] | None:
    low = np.min([spot.box[0] for spot in group], axis=0)
    high = np.max([spot.box[1] for spot in group], axis=0)
    for axis in np.argsort(low - high, kind="stable"):
        if high[axis] - low[axis] <= options.side_min_m:
            return None
        ordered = sorted(group, key=lambda spot: (spot.middle[axis], spot.node))
        total = np.cumsum([spot.triangles for spot in ordered])
        cut = int(np.searchsorted(total, total[-1] / 2)) + 1
        # Chairs in one line, all with one middle on this axis, are not told apart by it.
        while cut < len(ordered) and ordered[cut].middle[axis] == ordered[cut - 1].middle[axis]:
            cut += 1
        if 0 < cut < len(ordered):
            return [ordered[:cut], ordered[cut:]]
    return None
