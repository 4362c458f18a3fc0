"""Draw triangles into a grid of floor cells, exactly enough to never miss a wall."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..columns import across
from ..document import Floats

Mask = NDArray[np.bool_]
Cells = NDArray[np.int64]
_SHAPES_MAX = 1 << 16
"""Shapes looked at once: a shape of nine points has 38 axes, of some 900 bytes together."""
_CANDIDATES_MAX = 1_000_000
"""Cells tested at once: bounds memory to some 100 MB."""


@dataclass(frozen=True, slots=True)
class Grid:
    """A grid of square cells on the floor: `x` and `z` are its lowest corner."""

    x: float
    z: float
    columns: int
    rows: int
    cell_m: float

    def empty(self) -> Mask:
        """Return a mask with nothing in it."""
        return np.zeros((self.rows, self.columns), np.bool_)


def cover(grid: Grid, corners: Floats, *, is_touching: bool) -> Mask:
    """Return the cells that triangles cover, seen from above.

    Args:
        grid: where to draw.
        corners: `(t, k, 3)`: k points of each convex, flat shape, metres.
        is_touching: every cell that a shape touches; otherwise cells whose middle is in it.
    """
    mask = grid.empty()
    for begin in range(0, len(corners), _SHAPES_MAX):
        _cover(mask, grid, corners[begin : begin + _SHAPES_MAX], is_touching=is_touching)
    return mask


def _cover(mask: Mask, grid: Grid, corners: Floats, *, is_touching: bool) -> None:
    flat = (corners[:, :, [0, 2]] - (grid.x, grid.z)) / grid.cell_m
    half = 0.5 if is_touching else 0.0
    size = np.array((grid.columns, grid.rows))
    # Cut to the grid before they are whole numbers: a scene may reach beyond all of those.
    first = np.floor(across(np.minimum, flat) - (0.0 if is_touching else 0.5))
    last = np.floor(across(np.maximum, flat))
    low, high = first.clip(0, size).astype(np.int64), last.clip(-1, size - 1).astype(np.int64)
    inside = across(np.logical_and, low <= high)
    flat, low, high = flat[inside], low[inside], high[inside]
    if is_touching:  # what lies in one row or column of cells touches all of them from end to end
        is_thin = across(np.logical_or, (first == last)[inside])
        for _, column, row in _candidates(low[is_thin], high[is_thin]):
            mask[row, column] = True
        flat, low, high = flat[~is_thin], low[~is_thin], high[~is_thin]
    axes, least, most = _separating_axes(flat)
    for shape, column, row in _candidates(low, high):
        hit = np.ones(len(shape), np.bool_)
        for axis in range(axes.shape[1]):
            right, ahead = axes[shape, axis].T
            middle = right * (column + 0.5) + ahead * (row + 0.5)
            reach = half * (np.abs(right) + np.abs(ahead)) + 1e-9
            hit &= (middle + reach >= least[shape, axis]) & (middle - reach <= most[shape, axis])
        mask[row[hit], column[hit]] = True


def clip_height(corners: Floats, low: float, high: float) -> Floats:
    """Cut triangles to a layer of height; return `(t, 9, 3)` points of what is left of each.

    The points are the corners inside the layer and the edges' crossings with its two faces; a
    point that does not exist repeats one that does.
    """
    heights = corners[:, :, 1]
    corners = corners[(across(np.maximum, heights) >= low) & (across(np.minimum, heights) <= high)]
    if not len(corners):
        return np.empty((0, 9, 3))
    points = [corners]
    exists = [(corners[:, :, 1] >= low) & (corners[:, :, 1] <= high)]
    following = corners[:, [1, 2, 0]]
    rise = following[:, :, 1] - corners[:, :, 1]
    for level in (low, high):
        with np.errstate(over="ignore"):  # an edge as good as level meets the face nowhere: inf
            steps = (level - corners[:, :, 1]) / np.where(rise != 0, rise, 1)
        crosses = (rise != 0) & (steps >= 0) & (steps <= 1)
        part = np.where(crosses, steps, 0.0)
        points.append(corners + part[:, :, None] * (following - corners))
        exists.append(crosses)
    every, is_there = np.concatenate(points, axis=1), np.concatenate(exists, axis=1)
    kept = across(np.logical_or, is_there)
    every, is_there = every[kept], is_there[kept]
    first = every[np.arange(len(every)), is_there.argmax(axis=1)]
    return np.where(is_there[:, :, None], every, first[:, None, :])


def dilate(mask: Mask, *, radius: float) -> Mask:
    """Grow a mask by a disc; the radius is in cells."""
    reach = int(np.floor(radius))
    grown = mask.copy()
    rows, columns = mask.shape
    for down in range(-reach, reach + 1):
        for right in range(-reach, reach + 1):
            if (down, right) == (0, 0) or down * down + right * right > radius * radius:
                continue
            target = (_shifted(down, rows), _shifted(right, columns))
            source = (_shifted(-down, rows), _shifted(-right, columns))
            grown[target] |= mask[source]
    return grown


def _shifted(by: int, size: int) -> slice:
    return slice(max(0, by), max(0, size + min(0, by)))


def _separating_axes(flat: Floats) -> tuple[Floats, Floats, Floats]:
    """Return, per shape, the directions that can part it from a square, and its extent there."""
    count = flat.shape[1]
    # All pairs of points: the true edges are among them, the others part nothing wrongly.
    pairs = [(i, j) for i in range(count) for j in range(i + 1, count)]
    edges = np.stack([flat[:, j] - flat[:, i] for i, j in pairs], axis=1)
    normals = np.stack([-edges[:, :, 1], edges[:, :, 0]], axis=2)
    fixed = np.broadcast_to(np.eye(2), (len(flat), 2, 2))
    axes = np.concatenate([fixed, normals], axis=1)
    along = np.einsum("tad,tkd->tak", axes, flat)
    return axes, along.min(axis=2), along.max(axis=2)


def _candidates(low: Cells, high: Cells) -> Iterator[tuple[Cells, Cells, Cells]]:
    """Yield `(shape, column, row)` of all cells from each shape's lowest to its highest."""
    spans = high - low + 1
    starts = np.concatenate([[0], across(np.multiply, spans).cumsum()])
    for begin in range(0, int(starts[-1]), _CANDIDATES_MAX):
        every = np.arange(begin, min(begin + _CANDIDATES_MAX, int(starts[-1])))
        shape = np.searchsorted(starts, every, side="right") - 1
        number = every - starts[shape]
        column = low[shape, 0] + number % spans[shape, 0]
        row = low[shape, 1] + number // spans[shape, 0]
        yield shape, column, row
