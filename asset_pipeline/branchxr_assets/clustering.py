"""Vertex clustering (Rossignac and Borrel 1993): every cell of a grid keeps one vertex.

The vertex that stays is the sharpest of its cell, so corners and outlines hold; it is one of the
source's own, so nothing leaves its place by more than the cell's diagonal, and attributes are
taken from real vertices, never mixed across a seam. Tried before: the mean of the cell, which
shrinks every outline by up to half a cell, and mean attributes, which smear texture seams.

Cells are not cubes for all. Each part that hangs together has its own grid: finer across the way
its surface faces (a column keeps its roundness rather than its rings), and never so wide that a
rod as long as a cell loses its thickness. One grid of cubes made the hall's queue posts vanish.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from .columns import across, lengths, unique_rows
from .document import Floats
from .geometry import Triangles

Labels = NDArray[np.int64]
_CELLS_PER_AXIS: Final = 2**20  # three of them fit one int64 key
_SHARE_MIN: Final = 0.4


@dataclass(frozen=True, slots=True)
class Clusters:
    """What clustering made.

    Attributes:
        places: `(n,)`, the old vertex whose position each new vertex takes.
        sources: `(n,)`, the old vertex whose other attributes it takes.
        triangles: `(t, 3)`, of new vertices.
        error: how far a vertex moved at most, in the units of the positions.
    """

    places: Labels
    sources: Labels
    triangles: Triangles
    error: float


class ClusterMesh:
    """A triangle mesh that can be clustered at any size of cell.

    Args:
        points: `(n, 3)`; vertices split at seams stay told apart where it shows.
        faces: `(t, 3)` into them.
    """

    def __init__(self, points: Floats, faces: Triangles) -> None:
        self.points = points
        self.faces = faces
        # None of it depends on the cell, and it takes half of the time.
        welded = unique_rows(points)[1]
        self._sharpness = _sharpness(points, faces, welded)
        self._parts = _Parts.of(points, faces, welded)

    @property
    def area(self) -> float:
        """Surface of the mesh, in the square of its units."""
        a, b, c = (self.points[self.faces[:, corner]] for corner in range(3))
        return float(lengths(np.cross(b - a, c - a)).sum() / 2)

    def cluster(self, cell: float) -> Clusters:
        """Keep one vertex per cell; `cell` is its side in the units of the points."""
        points, faces = self.points, self.faces
        cells = self._parts.cells(points, cell)
        sharpest = _sharpest(points, self._sharpness, cells)
        corners = cells[faces]
        is_flat = (
            (corners[:, 0] == corners[:, 1])
            | (corners[:, 1] == corners[:, 2])
            | (corners[:, 2] == corners[:, 0])
        )
        kept = _without_twins(faces[~is_flat], cells)
        islands = _islands(faces, cells, len(points))
        used = np.unique(islands[kept])
        number = np.full(len(points), -1, np.int64)
        number[used] = np.arange(len(used))
        places = sharpest[cells[used]]  # an island's label is one of its own vertices
        sources = _nearest_in_island(points, islands, number, points[places])
        reached = np.unique(kept)
        moved = points[reached] - points[sharpest][cells[reached]]
        error = float(lengths(moved).max(initial=0.0))
        return Clusters(places, sources, number[islands[kept]], error)


@dataclass(frozen=True, slots=True)
class _Parts:
    """The parts of a mesh that hang together.

    Attributes:
        labels: `(n,)`, each point's part, numbered from 0.
        low: `(k, 3)`, lowest corner of each part.
        extent: `(k, 3)`, its size.
        shares: `(k, 3)`, side of its cells against the widest, 0.4 to 1.
    """

    labels: Labels
    low: Floats
    extent: Floats
    shares: Floats

    @classmethod
    def of(cls, points: Floats, faces: Triangles, welded: Labels) -> "_Parts":
        hanging = _islands(welded[faces], np.zeros(len(points), np.int64), len(points))
        labels = np.unique(hanging[welded], return_inverse=True)[1].reshape(-1)
        count = int(labels.max(initial=-1)) + 1
        low, high = np.full((count, 3), np.inf), np.full((count, 3), -np.inf)
        np.minimum.at(low, labels, points)
        np.maximum.at(high, labels, points)
        a, b, c = (points[faces[:, corner]] for corner in range(3))
        crossed = np.cross(b - a, c - a)
        area = lengths(crossed)[:, None]
        squares = crossed**2 / np.where(area > 0, area, 1)
        of_face = labels[faces[:, 0]]
        facing = np.stack([np.bincount(of_face, squares[:, i], count) for i in range(3)], axis=1)
        total = across(np.add, facing)[:, None]
        facing = np.sqrt(facing / np.where(total > 0, total, 1))
        least = np.maximum(across(np.minimum, facing)[:, None], 0.2)
        shares = (least / np.maximum(facing, 1e-9)).clip(_SHARE_MIN, 1.0)
        return cls(labels, low, high - low, shares)

    def cells(self, points: Floats, cell: float) -> Labels:
        """Number the occupied cells from 0; return each point's cell."""
        ordered = np.sort(self.extent, axis=1)
        sides = cell * self.shares
        is_rod = (ordered[:, 1] < cell) & (ordered[:, 2] >= cell)
        thin = np.where(self.extent > 0, self.extent * 0.999, cell)
        sides[is_rod] = np.minimum(sides, thin)[is_rod]
        low, labels = self.low - sides / 2, self.labels  # outer faces lie in the middle of cells
        is_small = ordered[:, 2] < cell  # crumbs share one grid, so that heaps of them collapse
        sides[is_small] = cell
        low[is_small] = self.low.min(axis=0) - cell / 2
        groups = np.where(is_small, len(is_small), np.arange(len(is_small)))[labels]
        steps = np.floor((points - low[labels]) / sides[labels]).astype(np.int64)
        steps = np.minimum(steps, _CELLS_PER_AXIS - 1)
        keys = (steps[:, 0] * _CELLS_PER_AXIS + steps[:, 1]) * _CELLS_PER_AXIS + steps[:, 2]
        places = np.unique(keys, return_inverse=True)[1].reshape(-1)
        both = places * (len(is_small) + 1) + groups
        found: Labels = np.unique(both, return_inverse=True)[1].reshape(-1)
        return found


def _sharpest(points: Floats, score: Floats, cells: Labels) -> Labels:
    """Return each cell's sharpest vertex; the nearest to the cell's mean among equals."""
    counts = np.bincount(cells)
    middle = np.stack([np.bincount(cells, points[:, axis]) / counts for axis in range(3)], axis=1)
    distance = lengths(points - middle[cells])
    # Rounded, so that noise in the last bits does not decide.
    order = np.lexsort((np.arange(len(points)), distance, -np.round(score, 3), cells))
    return order[np.r_[True, np.diff(cells[order]) > 0]]


def _sharpness(points: Floats, faces: Triangles, welded: Labels) -> Floats:
    """Score vertices: 0 in a plane, about 1 on an edge, more on a corner or an outline."""
    count = int(welded.max(initial=-1)) + 1
    a, b, c = (points[faces[:, i]] for i in range(3))
    normals = np.cross(b - a, c - a)
    areas = lengths(normals)
    sums, totals = np.zeros((count, 3)), np.zeros(count)
    for i in range(3):
        np.add.at(sums, welded[faces[:, i]], normals)
        np.add.at(totals, welded[faces[:, i]], areas)
    folded: Floats = 1 - lengths(sums) / np.where(totals > 0, totals, 1)
    folded[totals == 0] = 0
    ends = welded[faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)]
    low, high = across(np.minimum, ends), across(np.maximum, ends)
    _, first, uses = np.unique(low * count + high, return_index=True, return_counts=True)
    rim = ends[first[uses == 1]]  # an edge of one triangle only
    if not len(rim):
        found: Floats = folded[welded]
        return found
    place = np.zeros((count, 3))
    place[welded] = points
    along = place[rim[:, 1]] - place[rim[:, 0]]
    length = lengths(along)[:, None]
    along /= np.where(length > 0, length, 1)
    bend = np.zeros((count, 3))
    np.add.at(bend, rim[:, 0], along)
    np.add.at(bend, rim[:, 1], -along)
    score: Floats = folded + lengths(bend)
    score[np.unique(rim)] += 0.1
    spread: Floats = score[welded]
    return spread


def _without_twins(faces: Triangles, cells: Labels) -> Triangles:
    """Drop triangles that fall on the same three cells, the same way round."""
    if not len(faces):
        return faces
    corners = cells[faces]
    first = corners.argmin(axis=1)[:, None]
    turned = np.take_along_axis(corners, (first + np.arange(3)) % 3, axis=1)
    return faces[np.sort(unique_rows(turned)[0])]


def _islands(faces: Triangles, cells: Labels, count: int) -> Labels:
    """Label vertices that hang together inside their cell; a label is the smallest vertex.

    Vertices split at a seam do not share edges, so each side keeps its own attributes.
    """
    labels = np.arange(count)
    edges = faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)
    edges = edges[cells[edges[:, 0]] == cells[edges[:, 1]]]
    while len(edges):
        low = np.minimum(labels[edges[:, 0]], labels[edges[:, 1]])
        before = labels.copy()
        for column in range(2):
            np.minimum.at(labels, labels[edges[:, column]], low)
        labels = labels[labels]
        if (labels == before).all():
            break
    while (labels != labels[labels]).any():
        labels = labels[labels]
    return labels


def _nearest_in_island(
    points: Floats, islands: Labels, number: Labels, new_points: Floats
) -> Labels:
    """Return, per new vertex, the vertex of its island that lies nearest to it."""
    members = np.flatnonzero(number[islands] >= 0)
    new = number[islands[members]]
    distance = lengths(points[members] - new_points[new])
    order = np.lexsort((members, distance, new))
    starts = np.r_[True, np.diff(new[order]) > 0] if len(order) else np.empty(0, bool)
    return members[order[starts]]
