"""From corners, as modelling formats have them, to glTF's indexed vertices and triangles.

A corner is one place of one polygon, with its own normal, colour and texture coordinates.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..columns import lengths
from ..document import Array, Floats
from ..geometry import Triangles
from .polygons import cut_polygon

Numbers = NDArray[np.signedinteger[Any]]

_ODD: Final = np.uint64(0x9E3779B97F4A7C15)
"""2^64 / golden ratio: Knuth, The Art of Computer Programming, volume 3, section 6.4."""

_PART_ROWS: Final = 1 << 21
"""Corners that are welded at once: about 60 bytes each beside the result."""
_QUADS_AT_ONCE: Final = 1 << 16
"""Little memory beside the result; 0.5 million take 0.10 s, and 0.13 s all at once."""
_FACES_AT_ONCE: Final = 500_000
_INWARD: Final = 1e-6
"""What is below a millionth of the area is rounding: a straight corner is not inward."""
_DIAGONAL: Final = np.array([[0, 1, 2], [0, 2, 3]])
_OTHER_DIAGONAL: Final = np.array([[1, 2, 3], [1, 3, 0]])
_ROUNDS_MAX: Final = 40
"""Natural scenes take 3 to 8; only rows made to have one hash take more, and those are sorted."""


@dataclass(frozen=True, slots=True)
class Welded:
    """Vertices, made of equal corners.

    Attributes:
        first: `(m,)` for each vertex a corner it was made of: `values[first]` are its attributes.
        vertex: `(n,)` for each corner its vertex.
    """

    first: Numbers
    vertex: Numbers


def weld(columns: Sequence[Array]) -> Welded:
    """Make one vertex of all corners that are alike in every column, in order of appearance.

    Args:
        columns: arrays of `n` rows each: values, or whole numbers that point at values, which is
            faster. Compared bit by bit, but 0 and -0 are one.

    2.2 million random corners of three numbers take 0.35 s, `np.unique(axis=0)` 3.6 s. Many
    corners are taken in parts, by their hash: what is needed beside the result stays the same.
    """
    words = _words(columns)
    count = len(words[0])
    kind = number_type(count)
    if count <= _PART_ROWS:
        same = _first_alike(words)
    else:
        same = np.empty(count, kind)  # for each corner the first that equals it
        part, parts = _parted(words)
        for number in range(parts):
            rows = np.flatnonzero(part == number).astype(kind)
            same[rows] = rows[_first_alike([word[rows] for word in words])]
    is_first = same == np.arange(count, dtype=kind)
    numbers: Numbers = np.cumsum(is_first, dtype=kind)
    numbers -= 1
    return Welded(np.flatnonzero(is_first), numbers[same])


def _first_alike(words: Sequence[NDArray[np.uint32]]) -> Numbers:
    """Return for each row the first that equals it.

    Rounds of a hash table, each in whole arrays: every row looks at the slot of its hash, where
    the first row of that slot stands; those that equal it are done, the others go into the next,
    smaller table. Equal rows stay together, so nothing depends on the hash but the time.
    """
    same = np.arange(len(words[0]), dtype=np.int32)
    rows = same.copy()
    hashes = _hashed(words)
    for _ in range(_ROUNDS_MAX):
        if not len(rows):
            break
        bits = len(rows).bit_length() + 1  # twice as many slots as rows, or more
        slots = (hashes >> np.uint64(64 - bits)).astype(np.intp)
        table = np.empty(1 << bits, np.int32)
        # Of equal slots the last assignment counts: backwards, that is the first row.
        table[slots[::-1]] = np.arange(len(rows) - 1, -1, -1, dtype=np.int32)
        leaders = table[slots]
        is_alike = np.ones(len(rows), np.bool_)
        for column in words:
            is_alike &= column[leaders] == column
        same[rows[is_alike]] = rows[leaders[is_alike]]
        is_left = ~is_alike
        rows, hashes = rows[is_left], hashes[is_left] * _ODD
        words = [column[is_left] for column in words]
    if len(rows):
        _, first, inverse = np.unique(
            np.stack(words, axis=1), axis=0, return_index=True, return_inverse=True
        )
        same[rows] = rows[first[inverse.reshape(-1)]]
    return same


def _parted(words: Sequence[NDArray[np.uint32]]) -> tuple[NDArray[np.uint8], int]:
    """Return for each row the number of a part, equal rows in the same; and how many there are."""
    count = len(words[0])
    parts = min(256, -(-count // _PART_ROWS))
    found = np.empty(count, np.uint8)
    for start in range(0, count, _PART_ROWS):
        block = slice(start, start + _PART_ROWS)
        # From the middle: the first bits of a hash are its slot in a part's table.
        folded = (_hashed([word[block] for word in words]) >> np.uint64(16)) & np.uint64(0xFFFF)
        found[block] = (folded * np.uint64(parts)) >> np.uint64(16)
    return found, parts


def number_type(count: int) -> np.dtype[np.signedinteger[Any]]:
    """Return the type of numbers below a count: half the memory for all but giants."""
    return np.dtype(np.int32 if count < 2**31 else np.int64)


def triangulate(sizes: Array, points: Floats) -> Triangles:
    """Cut polygons into triangles, always two fewer than a polygon has corners.

    Convex polygons become fans, so that flat ones look as before; quads that turn inward are cut
    across the inward corner, others by cutting off ears.

    Args:
        sizes: `(p,)` corners of each polygon; those below 3 give nothing.
        points: `(sum(sizes), 3)`, of each corner.

    Returns:
        `(t, 3)` corner numbers, polygon after polygon.
    """
    # Corners too far apart for a product of two: no cut is better than another.
    with np.errstate(over="ignore", invalid="ignore"):
        return _triangulated(np.asarray(sizes, np.int64), points)


def _triangulated(sizes: Numbers, points: Floats) -> Triangles:
    kind = number_type(len(points))
    if (sizes == 3).all():
        return np.arange(3 * len(sizes), dtype=kind).reshape(-1, 3)
    if (sizes == 4).all():
        local = _cut_quads(points.reshape(-1, 4, 3))
        local += np.arange(0, len(points), 4, dtype=kind)[:, None, None]
        return local.reshape(-1, 3)
    starts = np.cumsum(sizes) - sizes
    counts = np.maximum(sizes - 2, 0)
    places = np.cumsum(counts) - counts
    made = np.empty((int(counts.sum()), 3), kind)
    # Without counts `np.unique` imports numpy.ma, 15 ms for nothing.
    for size in np.unique(sizes[sizes > 2], return_counts=True)[0]:
        which = np.flatnonzero(sizes == size)
        corners = starts[which][:, None] + np.arange(size)
        local = _same_size(points[corners])
        rows = places[which][:, None] + np.arange(size - 2)
        made[rows] = starts[which][:, None, None] + local
    return made


def cut_faces(sizes: Array, points: Floats, numbers: Array) -> Triangles:
    """Cut polygons into triangles as `triangulate` does, with little memory beside the result.

    Args:
        sizes: `(p,)` corners of each polygon.
        points: `(n, 3)`.
        numbers: `(sum(sizes),)` the point of each corner.

    Block by block: for 13 million triangles at once, places and normals took 2 GB more.
    """
    made = np.empty((triangle_count(sizes), 3), number_type(len(numbers)))
    done = 0
    for corner, cut in _cut_blocks(sizes, points, numbers):
        np.add(cut, corner, out=made[done : done + len(cut)])
        done += len(cut)
    return made


def cut_points(sizes: Array, points: Floats, numbers: Numbers) -> Triangles:
    """Cut polygons as `cut_faces` does; return the points of each triangle, not the corners.

    Nothing is copied where all polygons are triangles.
    """
    if (np.asarray(sizes) == 3).all():
        return numbers.reshape(-1, 3)
    made = np.empty((triangle_count(sizes), 3), numbers.dtype)
    done = 0
    for corner, cut in _cut_blocks(sizes, points, numbers):
        made[done : done + len(cut)] = numbers[corner:][cut]
        done += len(cut)
    return made


def triangle_count(sizes: Array) -> int:
    """Return how many triangles polygons are cut into."""
    starts = range(0, len(sizes), _FACES_AT_ONCE)
    blocks = (np.asarray(sizes[start : start + _FACES_AT_ONCE], np.int64) for start in starts)
    return sum(int(np.maximum(block - 2, 0).sum()) for block in blocks)


def _cut_blocks(sizes: Array, points: Floats, numbers: Array) -> Iterator[tuple[int, Triangles]]:
    """Yield blocks of polygons: their first corner, and their triangles as counted from it."""
    corner = 0
    for start in range(0, len(sizes), _FACES_AT_ONCE):
        block = np.asarray(sizes[start : start + _FACES_AT_ONCE], np.int64)
        end = corner + int(block.sum())
        is_cut = bool((block == 3).all())  # then nobody looks at the places
        places = points[:0] if is_cut else points[numbers[corner:end]]
        yield corner, triangulate(block, places)
        corner = end


def polygon_of_triangle(sizes: Array) -> Numbers:
    """Return for each triangle of `triangulate` the polygon it was cut from."""
    sizes = np.asarray(sizes, np.int64)
    numbers = np.arange(len(sizes), dtype=number_type(len(sizes)))
    return np.repeat(numbers, np.maximum(sizes - 2, 0))


def flat_normals(points: Floats, faces: Triangles) -> Floats:
    """Return `(t, 3)` unit normals of triangles; those without area point up."""
    a, b, c = (points[faces[:, corner]].astype(np.float64) for corner in range(3))
    crossed = _crossed(b - a, c - a)
    length = lengths(crossed)[:, None]
    found: Floats = np.where(length > 0, crossed / np.where(length > 0, length, 1), (0.0, 1.0, 0.0))
    return found


def _same_size(polygons: Floats) -> Triangles:
    """Cut `(k, n, 3)` polygons; return `(k, n - 2, 3)` corner numbers from 0 to n."""
    count, size = polygons.shape[:2]
    fan = np.stack([np.zeros(size - 2), np.arange(1, size - 1), np.arange(2, size)], axis=1)
    made = np.broadcast_to(fan.astype(np.int64), (count, size - 2, 3)).copy()
    if size == 3:
        return made
    if size == 4:
        return _cut_quads(polygons)
    normal = _normals(polygons)
    concave = np.zeros(count, np.bool_)
    for corner in range(size):
        concave |= _is_inward(polygons, corner, normal)
    for number in np.flatnonzero(concave):
        made[number] = cut_polygon(polygons[number])
    return made


def _cut_quads(quads: Floats) -> Triangles:
    """Cut `(k, 4, 3)` quads; return `(k, 2, 3)` corner numbers from 0 to 3."""
    made = np.empty((len(quads), 2, 3), np.int32)
    made[:] = _DIAGONAL
    for start in range(0, len(quads), _QUADS_AT_ONCE):
        a, b, c, d = quads[start : start + _QUADS_AT_ONCE].transpose(1, 2, 0)
        normal = _crossed_columns(c - a, d - b)  # twice the area, as `_normals`
        slack = _INWARD * _dotted(normal, normal)
        # The diagonal from corner 0 is wrong only where corner 1 or 3 turns inward.
        is_inward = _dotted(_crossed_columns(b - a, c - b), normal) < -slack
        is_inward |= _dotted(_crossed_columns(d - c, a - d), normal) < -slack
        made[start : start + _QUADS_AT_ONCE][is_inward] = _OTHER_DIAGONAL
    return made


def _crossed_columns(a: Floats, b: Floats) -> Floats:
    """Return cross products of `(3, k)` columns: half the time of rows."""
    (ax, ay, az), (bx, by, bz) = a, b
    return np.stack([ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx])


def _dotted(a: Floats, b: Floats) -> Floats:
    found: Floats = a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
    return found


def _normals(polygons: Floats) -> Floats:
    """Return normals as long as twice the area (Newell), from `(k, n, 3)`."""
    first = polygons[:, 0]
    total = np.zeros((len(polygons), 3))
    for corner in range(1, polygons.shape[1] - 1):
        total += _crossed(polygons[:, corner] - first, polygons[:, corner + 1] - first)
    return total


def _is_inward(polygons: Floats, corner: int, normal: Floats) -> NDArray[np.bool_]:
    """Tell of which polygons a corner turns against their own normal."""
    here = polygons[:, corner]
    ahead = polygons[:, (corner + 1) % polygons.shape[1]] - here
    turn = _crossed(here - polygons[:, corner - 1], ahead)
    slack = _INWARD * np.einsum("ij,ij->i", normal, normal)
    found: NDArray[np.bool_] = np.einsum("ij,ij->i", turn, normal) < -slack
    return found


def _crossed(a: Floats, b: Floats) -> Floats:
    """Return `(k, 3)` cross products, in a third of the time of `np.cross`."""
    found = np.empty_like(a)
    for axis in range(3):
        i, j = (axis + 1) % 3, (axis + 2) % 3
        found[:, axis] = a[:, i] * b[:, j] - a[:, j] * b[:, i]
    return found


def _words(columns: Sequence[Array]) -> list[NDArray[np.uint32]]:
    """Return all columns as 32-bit words; 64-bit values take two."""
    found: list[NDArray[np.uint32]] = []
    for column in columns:
        table = np.asarray(column)
        table = table.reshape(len(table), math.prod(table.shape[1:]))
        if table.dtype.kind == "f":
            table = table + table.dtype.type(0)  # -0 + 0 is 0
        elif table.dtype.itemsize < 4 or _fits(table):
            table = table.astype(np.uint32, copy=False)
        words = np.ascontiguousarray(table).view(np.uint32)
        found += [np.ascontiguousarray(word) for word in words.T]
    return found


def _fits(table: Array) -> bool:
    return bool(table.size) and int(table.min()) >= 0 and int(table.max()) < 2**32


def _hashed(words: Sequence[NDArray[np.uint32]]) -> NDArray[np.uint64]:
    """Mix rows into 64 bits each, by multiplying and folding, the same on every machine."""
    found = np.zeros(len(words[0]), np.uint64)
    for word in words:
        found ^= word
        found *= _ODD
        found ^= found >> np.uint64(29)
    return found * _ODD
