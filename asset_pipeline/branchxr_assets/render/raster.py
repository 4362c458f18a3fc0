"""Which triangle covers which pixel: homogeneous edge functions, row by row, in numpy.

Olano and Greer, "Triangle Scan Conversion using 2D Homogeneous Coordinates" (1997): with the
corners' `(x, y, w)` as the columns of M, `inverse(M) @ (x, y, 1)` gives the three barycentric
weights over w. All three are positive inside; they interpolate everything with perspective.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..columns import across
from ..document import Floats
from .camera import Camera
from .soup import Integers, Reals, Soup

_TRIANGLES_AT_ONCE: Final = 100_000
_FRAGMENTS_AT_ONCE: Final = 1_000_000
"""Bound memory to some 200 MB, whatever the scene."""
_EDGE_PX: Final = 1e-6
"""Two neighbours' shared edge is computed twice; where they disagree, both draw the pixel."""


@dataclass(frozen=True, slots=True)
class Fragments:
    """Covered pixels, one row each: pixel number (row by row), distance, triangle number."""

    pixels: Integers
    depths: NDArray[np.float32]
    triangles: Integers


@dataclass(frozen=True, slots=True)
class Canvas:
    """A window's grid of samples, numbered row by row, and where every vertex of a soup falls.

    Attributes:
        projected: `(n, 4)`, as `Camera.project` gives it: on the whole picture.
        beyond_cut: `(n,)`: by how much each vertex lies below the cut, metres; `None` without one.
        window: `x0, y0, x1, y1` of the whole picture: samples outside do not exist.
    """

    near_m: float
    projected: Floats
    beyond_cut: Floats | None
    window: tuple[int, int, int, int]

    @property
    def width(self) -> int:
        """Of the window."""
        return self.window[2] - self.window[0]

    @property
    def height(self) -> int:
        """Of the window."""
        return self.window[3] - self.window[1]

    def middles(self, pixels: Integers) -> tuple[Reals, Reals]:
        """Return x and y of samples' middles on the whole picture."""
        left, top, _, _ = self.window
        return pixels % self.width + (left + 0.5), pixels // self.width + (top + 0.5)


def make_canvas(soup: Soup, camera: Camera, *, width: int, height: int) -> Canvas:
    """Project every vertex once; the window is the whole picture."""
    projected = camera.project(soup.points, width=width, height=height)
    below = None if camera.cut_m is None else camera.cut_m - soup.points[:, 1]
    return Canvas(camera.near_m, projected, below, (0, 0, width, height))


def weights_of(homogeneous: Floats) -> tuple[Floats, Floats]:
    """Return `(t, 3, 3)` edge functions of `(t, 3, 3)` corners, and the determinants.

    Rows of the result are corners, columns the factors of x, y and 1. It is zero where a triangle
    is seen from its edge.
    """
    a, b, c = homogeneous[:, 0], homogeneous[:, 1], homogeneous[:, 2]
    rows = np.stack([np.cross(b, c), np.cross(c, a), np.cross(a, b)], axis=1)
    determinant = np.einsum("ti,ti->t", a, rows[:, 0])
    is_flat = np.abs(determinant) < 1e-12
    inverse = np.where(is_flat, 0.0, 1.0 / np.where(is_flat, 1.0, determinant))
    return rows * inverse[:, None, None], determinant


def fragments(
    soup: Soup, canvas: Canvas, wanted: Integers, is_two_sided: NDArray[np.bool_]
) -> Iterator[Fragments]:
    """Yield what the wanted triangles cover, in bounded portions.

    Args:
        soup: the triangles.
        canvas: made of the same soup.
        wanted: numbers of triangles.
        is_two_sided: for each of the wanted: drawn from behind as well.
    """
    for start in range(0, len(wanted), _TRIANGLES_AT_ONCE):
        part = slice(start, start + _TRIANGLES_AT_ONCE)
        pieces, owners = _pieces(soup, canvas, wanted[part], is_two_sided[part])
        yield from _filled(canvas, pieces, owners)


def _pieces(
    soup: Soup, canvas: Canvas, wanted: Integers, is_two_sided: NDArray[np.bool_]
) -> tuple[Floats, Integers]:
    """Return `(p, 3, 4)` projected corners in front of the eye and below the cut, and whose."""
    corners = canvas.projected[soup.corners[wanted]]
    distances = [corners[:, :, 3] - canvas.near_m]
    if canvas.beyond_cut is not None:
        distances.append(canvas.beyond_cut[soup.corners[wanted]])
    _, determinant = weights_of(corners[:, :, :3])
    # y runs down in pixels: a triangle that is counter-clockwise to the eye is negative here.
    is_shown = is_two_sided | (determinant < 0)
    is_shown &= np.abs(determinant) >= 1e-12
    for each in distances:
        is_shown &= across(np.logical_or, each > 0)
    is_whole = np.logical_and.reduce([across(np.logical_and, each > 0) for each in distances])
    whole = is_shown & is_whole
    cut = np.flatnonzero(is_shown & ~is_whole)
    shapes, owners = [corners[whole]], [wanted[whole]]
    values = np.concatenate([corners[cut], *(d[cut][:, :, None] for d in distances)], axis=2)
    numbers = wanted[cut]
    for column in range(4, values.shape[2]):
        values, chosen = _clipped(values, values[:, :, column])
        numbers = numbers[chosen]
    return np.concatenate([*shapes, values[:, :, :4]]), np.concatenate([*owners, numbers])


def _clipped(values: Floats, distances: Floats) -> tuple[Floats, Integers]:
    """Keep the part of each `(t, 3, k)` triangle where the distance is positive.

    Returns:
        The pieces, and which triangle each came from.
    """
    inside = distances > 0
    count = across(np.add, inside.view(np.int8))
    kept = [values[count == 3]]
    numbers = [np.flatnonzero(count == 3)]
    for number in (1, 2):  # turned so that the odd corner is the first
        rows = np.flatnonzero(count == number)
        odd = (inside[rows] if number == 1 else ~inside[rows]).argmax(axis=1)
        order = (odd[:, None] + np.arange(3)) % 3
        v = np.take_along_axis(values[rows], order[:, :, None], axis=1)
        d = np.take_along_axis(distances[rows], order, axis=1)
        to_b = v[:, 0] + (v[:, 1] - v[:, 0]) * (d[:, 0] / (d[:, 0] - d[:, 1]))[:, None]
        to_c = v[:, 0] + (v[:, 2] - v[:, 0]) * (d[:, 0] / (d[:, 0] - d[:, 2]))[:, None]
        if number == 1:
            kept.append(np.stack([v[:, 0], to_b, to_c], axis=1))
            numbers.append(rows)
        else:
            kept += [np.stack([to_b, v[:, 1], v[:, 2]], axis=1)]
            kept += [np.stack([to_b, v[:, 2], to_c], axis=1)]
            numbers += [rows, rows]
    return np.concatenate(kept), np.concatenate(numbers)


def _filled(canvas: Canvas, pieces: Floats, owners: Integers) -> Iterator[Fragments]:
    """Yield the pixels of the pieces, row by row."""
    w = np.maximum(pieces[:, :, 2], 1e-12)
    flat = pieces[:, :, :2] / w[:, :, None]
    start, end = np.array(canvas.window[:2]), np.array(canvas.window[2:])
    low = np.clip(np.ceil(across(np.minimum, flat) - 0.5 - _EDGE_PX), start, end).astype(np.int64)
    high = np.clip(np.floor(across(np.maximum, flat) - 0.5 + _EDGE_PX), start - 1, end - 1).astype(
        np.int64
    )
    edges, determinant = weights_of(pieces[:, :, :3])
    kept = np.flatnonzero(across(np.logical_and, low <= high) & (np.abs(determinant) >= 1e-12))
    edges, low, high, owners = edges[kept], low[kept], high[kept], owners[kept]
    over_w = across(np.add, edges)
    depth = np.einsum("tc,tck->tk", pieces[kept, :, 3], edges)
    for piece, row in _expanded(low[:, 1], high[:, 1]):
        y = row + 0.5
        a = edges[piece, :, 0]
        k = edges[piece, :, 1] * y[:, None] + edges[piece, :, 2]
        with np.errstate(divide="ignore", invalid="ignore"):
            crossing = -k / a
        lower = across(np.maximum, np.where(a > 0, crossing, -np.inf))
        upper = across(np.minimum, np.where(a < 0, crossing, np.inf))
        lower[across(np.logical_or, (a == 0) & (k < 0))] = np.inf
        first = np.maximum(np.ceil(lower - 0.5 - _EDGE_PX), low[piece, 0])
        last = np.minimum(np.floor(upper - 0.5 + _EDGE_PX), high[piece, 0])
        spans = np.flatnonzero(first <= last)
        yield from _spans(
            canvas, owners, (over_w, depth), piece[spans], row[spans],
            first[spans].astype(np.int64), last[spans].astype(np.int64),
        )  # fmt: skip


def _spans(
    canvas: Canvas,
    owners: Integers,
    planes: tuple[Floats, Floats],
    piece: Integers,
    row: Integers,
    first: Integers,
    last: Integers,
) -> Iterator[Fragments]:
    for span, x in _expanded(first, last):
        whose, y = piece[span], row[span] + 0.5
        over_w, depth = (plane[whose] for plane in planes)
        middle = x + 0.5
        under = over_w[:, 0] * middle + over_w[:, 1] * y + over_w[:, 2]
        above = depth[:, 0] * middle + depth[:, 1] * y + depth[:, 2]
        distance = above / np.where(under > 0, under, np.inf)
        pixels = (row[span] - canvas.window[1]) * canvas.width + (x - canvas.window[0])
        yield Fragments(pixels, np.maximum(distance, 1e-9).astype(np.float32), owners[whose])


def _expanded(first: Integers, last: Integers) -> Iterator[tuple[Integers, Integers]]:
    """Yield `(number of the range, value)` for all values of ranges, both ends included."""
    counts = last - first + 1
    ends = np.cumsum(counts)
    start = 0
    while start < len(counts):
        done = int(ends[start - 1]) if start else 0
        stop = max(start + 1, int(np.searchsorted(ends, done + _FRAGMENTS_AT_ONCE, "right")))
        part = counts[start:stop]
        owner = np.repeat(np.arange(start, stop), part)
        offset = np.repeat(ends[start:stop] - part - done, part)
        yield owner, np.arange(len(owner)) - offset + first[owner]
        start = stop
