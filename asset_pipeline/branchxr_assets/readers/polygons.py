"""Cut one polygon that is not convex into triangles, with holes if it has any."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..document import Floats
from ..geometry import Triangles

_Place = tuple[float, float]
_Vector = NDArray[np.float64]

EAR_CORNERS_MAX: Final = 4000
"""Cutting ears takes time with the square of the corners: 4,000 take 0.6 s; beyond, a fan."""

_TRIES: Final = 32
"""Corners of a hole, and of what is around it, that are tried to join the two."""


def cut_polygon(points: Floats) -> Triangles:
    """Cut a simple polygon into `n - 2` triangles by clipping ears (Meisters 1975).

    Args:
        points: `(n, 3)` corners in order, more or less in a plane.

    Returns:
        `(n - 2, 3)` corner numbers, turning as the polygon does. A polygon that crosses itself
        is cut too, as well as it can be.
    """
    return _clipped(_flattened(points))


def cut_with_holes(outline: Floats, holes: Sequence[Floats]) -> Triangles:
    """Cut a polygon with holes into triangles: `n - 2 + 2 * holes`.

    Args:
        outline: `(n, 3)`.
        holes: `(m, 3)` each, in any order and turning either way.

    Returns:
        Corner numbers; those of holes go on from the outline's, hole after hole.
    """
    points = _flattened(np.concatenate([outline, *holes]), like=len(outline))
    ring = list(range(len(outline)))
    ends = np.cumsum([len(outline), *(len(hole) for hole in holes)])
    left = [list(range(a, b)) for a, b in pairwise(ends.tolist()) if b - a > 2]
    while left:
        found = next((f for hole in left if (f := _bridge(points, ring, hole, left))), None)
        hole, start, at = found or (left[0], 0, 0)
        left.remove(hole)
        # The edge between hole and ring is walked both ways; a hole turns to the right.
        turned = hole[start:] + hole[:start]
        if _area(points[hole]) > 0:
            turned = [turned[0], *turned[:0:-1]]
        ring = [*ring[: at + 1], *turned, turned[0], *ring[at:]]
    return np.array(ring, np.int64)[_clipped(points[ring])]


def _flattened(points: Floats, like: int | None = None) -> Floats:
    """Return `(n, 2)`: seen along the normal of the first `like` corners, turning to the left."""
    outline = points[:like].astype(np.float64)
    centred = outline - outline[0]
    normal = np.cross(centred, np.roll(centred, -1, axis=0)).sum(axis=0)
    axis = int(np.abs(normal).argmax())
    columns = [(axis + 1) % 3, (axis + 2) % 3]
    if normal[axis] < 0:
        columns.reverse()
    flat: Floats = points[:, columns].astype(np.float64)
    return flat


def _bridge(
    points: Floats, ring: list[int], hole: list[int], holes: Sequence[list[int]]
) -> tuple[list[int], int, int] | None:
    """Find a corner of a hole and one of the ring that see each other, and their places."""
    starts = points[[number for part in (ring, *holes) for number in part]]
    ends = np.concatenate([np.roll(points[part], -1, axis=0) for part in (ring, *holes)])
    for start, corner in enumerate(hole[:_TRIES]):
        eye = points[corner]
        nearest = np.argsort(((points[ring] - eye) ** 2).sum(axis=1), kind="stable")
        for at in nearest[:_TRIES]:
            if _sees(points, ring, int(at), eye, starts, ends):
                return hole, start, int(at)
    return None


def _sees(
    points: Floats, ring: list[int], at: int, eye: _Vector, starts: Floats, ends: Floats
) -> bool:
    """Tell whether a straight line joins a ring's corner to a point without touching an edge."""
    here = points[ring[at]]
    before, after = points[ring[at - 1]], points[ring[(at + 1) % len(ring)]]
    left_of_coming, left_of_going = _cross(before, here, eye), _cross(here, after, eye)
    is_convex = _cross(before, here, after) > 0
    is_within = (
        left_of_coming > 0 and left_of_going > 0
        if is_convex
        else left_of_coming > 0 or left_of_going > 0
    )
    if not is_within:
        return False
    touching = (
        (starts == here).all(axis=1)
        | (ends == here).all(axis=1)
        | (starts == eye).all(axis=1)
        | (ends == eye).all(axis=1)
    )
    a, b = starts[~touching], ends[~touching]
    parts_line = _sides(a, here, eye) * _sides(b, here, eye) <= 0
    run = b - a
    from_here = run[:, 0] * (here[1] - a[:, 1]) - run[:, 1] * (here[0] - a[:, 0])
    from_eye = run[:, 0] * (eye[1] - a[:, 1]) - run[:, 1] * (eye[0] - a[:, 0])
    return not bool((parts_line & (from_here * from_eye <= 0)).any())


def _sides(points: Floats, a: _Vector, b: _Vector) -> Floats:
    found: Floats = (b[0] - a[0]) * (points[:, 1] - a[1]) - (b[1] - a[1]) * (points[:, 0] - a[0])
    return found


def _cross(a: _Vector, b: _Vector, c: _Vector) -> float:
    return float((b[0] - a[0]) * (c[1] - b[1]) - (b[1] - a[1]) * (c[0] - b[0]))


def _clipped(points: Floats) -> Triangles:
    """Clip ears of `(n, 2)` corners turning to the left; plain floats beat numpy here.

    Only a corner that turns inward can lie in an ear.
    """
    ring = list(range(len(points)))
    if len(ring) > EAR_CORNERS_MAX:
        return _fan(ring)
    places: list[_Place] = [(x, y) for x, y in points.tolist()]
    hidden = {i for i in ring if _turn(places, i - 1, i, (i + 1) % len(ring)) <= 0}
    made: list[tuple[int, int, int]] = []
    at, failed = 1, 0
    while len(ring) > 3:
        at %= len(ring)
        before, here, after = ring[at - 1], ring[at], ring[(at + 1) % len(ring)]
        # When no corner is an ear the polygon crosses itself: whatever is next is cut off.
        if failed >= len(ring) or _is_ear(places, hidden, before, here, after):
            made.append((before, here, after))
            ring.pop(at)
            hidden.discard(here)
            failed = 0
            for place in (at - 1, at % len(ring)):
                corner, ahead = ring[place], ring[(place + 1) % len(ring)]
                if corner in hidden and _turn(places, ring[place - 1], corner, ahead) > 0:
                    hidden.discard(corner)
        else:
            at, failed = at + 1, failed + 1
    made.append((ring[0], ring[1], ring[2]))
    return np.array(made, np.int64)


def _is_ear(places: list[_Place], hidden: set[int], before: int, here: int, after: int) -> bool:
    if here in hidden or _turn(places, before, here, after) <= 0:
        return False
    (ax, ay), (bx, by), (cx, cy) = corners = places[before], places[here], places[after]
    for other in hidden:
        x, y = places[other]
        if (
            (bx - ax) * (y - ay) >= (by - ay) * (x - ax)
            and (cx - bx) * (y - by) >= (cy - by) * (x - bx)
            and (ax - cx) * (y - cy) >= (ay - cy) * (x - cx)
            and places[other] not in corners
        ):
            return False
    return True


def _turn(places: list[_Place], before: int, here: int, after: int) -> float:
    """Return twice the area of a corner: above zero where it turns to the left."""
    (ax, ay), (bx, by), (cx, cy) = places[before], places[here], places[after]
    return (bx - ax) * (cy - by) - (by - ay) * (cx - bx)


def _area(points: Floats) -> float:
    x, y = points[:, 0], points[:, 1]
    return float((x * np.roll(y, -1) - y * np.roll(x, -1)).sum())


def _fan(ring: list[int]) -> Triangles:
    numbers = np.array(ring, np.int64)
    first = np.broadcast_to(numbers[:1], len(ring) - 2)
    return np.stack([first, numbers[1:-1], numbers[2:]], axis=1)
