"""The walkable floor of a branch, as server, bots and stages share it.

One grid of square cells at one height. A cell is walkable when a standing body's middle may be
there: the pipeline has already grown every obstacle by the body's radius. Rows run along +z,
columns along +x. Everything is exact for the same input: integer costs, a fixed tie-break.
"""

import base64
import binascii
import heapq
import math
from collections.abc import Sequence
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..errors import PackageRefused

Point = Sequence[float]
"""`(x, z)` or `(x, y, z)`, metres; y is ignored."""

CELLS_MAX: Final = 4_000_000
APPROACH_M: Final = 2.0
STOREY_M: Final = 3.0
"""An anchor higher than this above the floor belongs to another storey."""
_STRAIGHT, _DIAGONAL = 1000, 1414  # integer costs: no float order can differ between machines


class Floor:
    """A walkable grid.

    Args:
        walkable: `(rows, columns) bool`, row 0 at the smallest z.
        origin: `(x, z)` of the grid's corner with the smallest coordinates, metres.
        height: y of the floor, metres.
        cell_m: side of a cell.
        seeds: `(x, z)` of the spawns; what they cannot reach is no approach. Without any the
            largest connected part counts.
    """

    def __init__(
        self,
        walkable: NDArray[np.bool_],
        *,
        origin: tuple[float, float],
        height: float = 0.0,
        cell_m: float = 0.1,
        seeds: Sequence[tuple[float, float]] = (),
    ) -> None:
        self.rows: int = walkable.shape[0]
        self.columns: int = walkable.shape[1]
        self.origin = (float(origin[0]), float(origin[1]))
        self.height = float(height)
        self.cell_m = float(cell_m)
        self.seeds = tuple((float(x), float(z)) for x, z in seeds)
        self._flat = walkable.astype(np.uint8).tobytes()  # bytes: indexing and find are quickest

    @property
    def walkable(self) -> NDArray[np.bool_]:
        """The grid, `(rows, columns) bool`."""
        flat = np.frombuffer(self._flat, np.uint8)
        return flat.reshape(self.rows, self.columns).astype(np.bool_)

    @classmethod
    def from_json(cls, obj: Any) -> "Floor":
        """Read what `to_json` wrote.

        Raises:
            PackageRefused: `floor_malformed`.
        """
        try:
            columns, rows = (int(n) for n in obj["size"])
            cell_m, height = float(obj["cell_m"]), float(obj["height"])
            x, z = (float(n) for n in obj["origin"])
            seeds = [(float(a), float(b)) for a, b in obj["seeds"]]
            packed = base64.b64decode(obj["cells"], validate=True)
        except (KeyError, TypeError, ValueError, OverflowError, binascii.Error) as error:
            raise _malformed(f"{type(error).__name__}: {error}") from error
        count = columns * rows
        if min(columns, rows) < 1 or count > CELLS_MAX or len(packed) != (count + 7) // 8:
            raise _malformed(f"{columns} x {rows} cells in {len(packed)} bytes")
        if not (1e-3 <= cell_m <= 1e3 and all(map(math.isfinite, (cell_m, height, x, z)))):
            raise _malformed(f"cells of {cell_m} m at {(x, height, z)}")
        bits = np.unpackbits(np.frombuffer(packed, np.uint8), count=count, bitorder="little")
        grid = bits.reshape(rows, columns).astype(np.bool_)
        return cls(grid, origin=(x, z), height=height, cell_m=cell_m, seeds=seeds)

    def to_json(self) -> dict[str, Any]:
        """Return the `floor` object of `branch.json`.

        `cells` is base64 of one bit per cell, row after row, the lowest bit of a byte first.
        """
        packed = np.packbits(np.frombuffer(self._flat, np.uint8), bitorder="little")
        return {
            "cell_m": self.cell_m,
            "origin": list(self.origin),
            "size": [self.columns, self.rows],
            "height": self.height,
            "seeds": [list(seed) for seed in self.seeds],
            "cells": base64.b64encode(packed.tobytes()).decode("ascii"),
        }

    def is_walkable(self, x: float, z: float) -> bool:
        """Tell whether a body's middle may stand there."""
        index = self._index(x, z)
        return index is not None and self._flat[index] != 0

    def is_clear(self, start: Point, end: Point) -> bool:
        """Tell whether the straight way between two points stays on walkable cells.

        Every cell that the segment touches counts, so no corner can be cut.
        """
        x0, z0 = self._grid_point(start)
        x1, z1 = self._grid_point(end)
        if not all(map(math.isfinite, (x0, z0, x1, z1))):
            return False
        if z1 < z0:
            x0, z0, x1, z1 = x1, z1, x0, z0
        slope = (x1 - x0) / (z1 - z0) if z1 > z0 else 0.0
        first, last = math.floor(z0), math.floor(z1)
        if first < 0 or last >= self.rows:
            return False
        # One row of cells at a time: the part of the segment in it covers a run of columns.
        for row in range(first, last + 1):
            enters = x0 if row == first else x0 + slope * (row - z0)
            leaves = x1 if row == last else x0 + slope * (row + 1 - z0)
            left, right = math.floor(min(enters, leaves)), math.floor(max(enters, leaves))
            if left < 0 or right >= self.columns:
                return False
            base = row * self.columns
            if self._flat.find(0, base + left, base + right + 1) >= 0:
                return False
        return True

    def path(self, start: Point, end: Point) -> NDArray[np.float32] | None:
        """Find a short way on walkable cells, or return `None` when there is none.

        An end that is not walkable (a seat, a counter) is replaced by its approach. Every leg of
        the result passes `is_clear`.

        Returns:
            `(n, 3) float32`, metres, n >= 1, from start to end, y at the floor's height.
        """
        begin, goal = self._standing(start), self._standing(end)
        if begin is None or goal is None:
            return None
        if self.is_clear(begin, goal):
            return self._points([begin, goal])
        cells = self._search(self._cell_of(begin), self._cell_of(goal))
        if cells is None:
            return None
        return self._points(self._pulled([begin, *(self._centre(c) for c in cells), goal]))

    def approach(self, position: Sequence[float]) -> NDArray[np.float32] | None:
        """Return where to stand for something at `(x, y, z)`.

        The middle of the nearest cell within 2 m that is connected to a spawn, as `(3,) float32`;
        `None` when there is none, or when the place belongs to another storey.
        """
        if len(position) == 3 and not -1.0 <= position[1] - self.height <= STOREY_M:
            return None
        x, z = self._grid_point(position)
        found = self._nearest(x, z)
        return None if found is None else self._points([self._centre(found)])[0]

    @cached_property
    def connected(self) -> NDArray[np.bool_]:
        """Which cells a spawn can reach, `(rows, columns) bool`."""
        labels = _label(self.walkable)
        flat = labels.ravel()
        indices = (self._nearest_walkable(seed) for seed in self.seeds)
        wanted = {int(flat[index]) for index in indices if index is not None}
        if not wanted:
            sizes = np.bincount(flat)
            sizes[0] = 0
            wanted = {int(sizes.argmax())}
        return np.isin(labels, sorted(wanted)) & (labels > 0)

    @cached_property
    def middle(self) -> tuple[float, float] | None:
        """`(x, z)` of the connected cell nearest to the middle of all that are; `None` of none."""
        cells = np.argwhere(self.connected)
        if not len(cells):
            return None
        offsets = ((cells - cells.mean(axis=0)) ** 2).sum(axis=1)
        row, column = cells[int(offsets.argmin())]
        return self._centre(int(row) * self.columns + int(column))

    # --- inside -----------------------------------------------------------------------------

    def _grid_point(self, point: Point) -> tuple[float, float]:
        x, z = float(point[0]), float(point[-1])
        return (x - self.origin[0]) / self.cell_m, (z - self.origin[1]) / self.cell_m

    def _index(self, x: float, z: float) -> int | None:
        column, row = self._grid_point((x, z))
        if not (0 <= column < self.columns and 0 <= row < self.rows):
            return None
        return int(row) * self.columns + int(column)

    def _cell_of(self, point: tuple[float, float]) -> int:
        index = self._index(*point)
        assert index is not None  # noqa: S101 - only walkable points come here
        return index

    def _centre(self, index: int) -> tuple[float, float]:
        row, column = divmod(index, self.columns)
        return _single(
            self.origin[0] + (column + 0.5) * self.cell_m,
            self.origin[1] + (row + 0.5) * self.cell_m,
        )

    def _points(self, points: Sequence[tuple[float, float]]) -> NDArray[np.float32]:
        return np.array([(x, self.height, z) for x, z in points], np.float32)

    def _standing(self, point: Point) -> tuple[float, float] | None:
        x, z = _single(point[0], point[-1])
        if self.is_walkable(x, z):
            return x, z
        found = self._nearest(*self._grid_point(point))
        return None if found is None else self._centre(found)

    def _nearest(self, x: float, z: float, mask: NDArray[np.bool_] | None = None) -> int | None:
        if not (math.isfinite(x) and math.isfinite(z)):
            return None
        mask = self.connected if mask is None else mask
        reach = APPROACH_M / self.cell_m
        top, left = max(0, math.floor(z - reach)), max(0, math.floor(x - reach))
        part = mask[top : math.floor(z + reach) + 1, left : math.floor(x + reach) + 1]
        rows, columns = np.nonzero(part) if part.size else (np.empty(0, int), np.empty(0, int))
        distance = np.hypot(rows + (top + 0.5 - z), columns + (left + 0.5 - x))
        near = np.flatnonzero(distance <= reach)
        if not near.size:
            return None
        best = near[distance[near].argmin()]  # row-major order decides between equals
        return int((rows[best] + top) * self.columns + columns[best] + left)

    def _nearest_walkable(self, seed: tuple[float, float]) -> int | None:
        return self._nearest(*self._grid_point(seed), mask=self.walkable)

    def _search(self, start: int, goal: int) -> list[int] | None:
        """Run A* over cells; equal costs go to the smaller index."""
        goal_row, goal_column = divmod(goal, self.columns)
        costs = {start: 0}
        came_from: dict[int, int] = {}
        done: set[int] = set()
        heap = [(0, start)]
        while heap:
            _, current = heapq.heappop(heap)
            if current == goal:
                return _walk_back(came_from, goal)
            if current in done:
                continue
            done.add(current)
            for neighbour, step in self._neighbours(current):
                cost = costs[current] + step
                if cost >= costs.get(neighbour, cost + 1):
                    continue
                costs[neighbour] = cost
                came_from[neighbour] = current
                row, column = divmod(neighbour, self.columns)
                down, across = abs(row - goal_row), abs(column - goal_column)
                rest = _STRAIGHT * max(down, across) + (_DIAGONAL - _STRAIGHT) * min(down, across)
                heapq.heappush(heap, (cost + rest, neighbour))
        return None

    def _neighbours(self, index: int) -> list[tuple[int, int]]:
        flat, columns = self._flat, self.columns
        row, column = divmod(index, columns)
        west = column > 0 and flat[index - 1]
        east = column < columns - 1 and flat[index + 1]
        found = []
        if west:
            found.append((index - 1, _STRAIGHT))
        if east:
            found.append((index + 1, _STRAIGHT))
        for has_row, side in ((row > 0, index - columns), (row < self.rows - 1, index + columns)):
            if not has_row or not flat[side]:
                continue
            found.append((side, _STRAIGHT))
            # Diagonally only past two free sides: a body does not slip through a corner.
            if west and flat[side - 1]:
                found.append((side - 1, _DIAGONAL))
            if east and flat[side + 1]:
                found.append((side + 1, _DIAGONAL))
        return found

    def _pulled(self, points: list[tuple[float, float]]) -> list[tuple[float, float]]:
        """Drop points while the straight way stays clear (a pulled string)."""
        kept = [points[0]]
        for index in range(1, len(points) - 1):
            if not self.is_clear(kept[-1], points[index + 1]):
                kept.append(points[index])
        return [*kept, points[-1]]


def _single(x: float, z: float) -> tuple[float, float]:
    """Round to float32, so that what is checked is what is returned."""
    return float(np.float32(x)), float(np.float32(z))


def _walk_back(came_from: dict[int, int], goal: int) -> list[int]:
    cells = [goal]
    while cells[-1] in came_from:
        cells.append(came_from[cells[-1]])
    return cells[::-1]


def _label(grid: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Number the 4-connected parts of a grid from 1; 0 is not walkable.

    Runs of cells are joined row by row: the time follows the number of runs, not of cells.
    """
    rows, columns = grid.shape
    padded = np.zeros((rows, columns + 2), np.int8)
    padded[:, 1:-1] = grid
    edges = np.diff(padded, axis=1)
    run_rows, starts = np.nonzero(edges == 1)
    stops = np.nonzero(edges == -1)[1]
    parents = list(range(len(starts)))

    def find(run: int) -> int:
        while parents[run] != run:
            parents[run] = parents[parents[run]]
            run = parents[run]
        return run

    bounds = np.searchsorted(run_rows, np.arange(rows + 1)).tolist()
    first, last = starts.tolist(), stops.tolist()
    for row in range(1, rows):
        above, below = bounds[row - 1], bounds[row]
        while above < bounds[row] and below < bounds[row + 1]:
            if first[above] < last[below] and first[below] < last[above]:
                one, other = sorted((find(above), find(below)))
                parents[other] = one
            if last[above] <= last[below]:
                above += 1
            else:
                below += 1
    labels = np.zeros((rows, columns), np.int32)
    for run, row in enumerate(run_rows.tolist()):
        labels[row, first[run] : last[run]] = find(run) + 1
    return labels


def _malformed(came: str) -> PackageRefused:
    return PackageRefused(
        "a floor grid as docs/scene-package.md has it",
        came,
        "build the package again with `branchxr assets build`",
        code="floor_malformed",
    )
