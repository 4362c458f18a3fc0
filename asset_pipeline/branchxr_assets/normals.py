"""Shade a simplified mesh: normals from what is left of it.

A source normal belongs to a surface that may be gone: where a bevel collapsed into an edge, its
slanted normals made flat faces gleam. So faces are averaged again, and an edge that has become
sharp is shaded as sharp.
"""

from typing import Final

import numpy as np

from .clustering import Labels
from .columns import across, dots, lengths
from .document import Floats
from .geometry import Triangles

_SHARP_COSINE: Final = 0.77
"""40 degrees off the mean: half the angle of what counts as an edge in most modelling programs."""


def reshade(points: Floats, faces: Triangles, old: Floats) -> tuple[Labels, Triangles, Floats]:
    """Average face normals over vertices, splitting vertices where faces meet sharply.

    Args:
        points: `(n, 3)`, of the simplified mesh.
        faces: `(t, 3)` into them.
        old: `(n, 3)`, source normals: they decide which side is outside.

    Returns:
        `(m,)` the vertex that each new vertex was, `(t, 3)` faces into the new vertices, and
        `(m, 3)` their normals.
    """
    crossed = face_normals(points, faces)  # large faces count more
    side = np.sign((crossed[:, None, :] * old[faces]).sum(axis=(1, 2)))
    crossed *= np.where(side < 0, -1.0, 1.0)[:, None]
    # Clustering folds some triangles over: turn them to the side most of the mesh shows.
    is_folded = side * (1.0 if side.sum() >= 0 else -1.0) < 0
    faces = np.where(is_folded[:, None], faces[:, [0, 2, 1]], faces)
    corners = faces.reshape(-1)
    per_corner = np.repeat(crossed, 3, axis=0)
    mean = unit(summed(corners, per_corner, len(points)))
    is_sharp = dots(mean[corners], unit(per_corner)) < _SHARP_COSINE
    axis = np.abs(per_corner).argmax(axis=1)
    is_negative = per_corner[np.arange(len(axis)), axis] < 0
    bucket = np.where(is_sharp, 1 + 2 * axis + is_negative, 0)
    keys, number = np.unique(corners * 7 + bucket, return_inverse=True)
    number = number.reshape(-1)
    sources = keys // 7
    normals = unit(summed(number, per_corner, len(keys)))
    is_flat = across(np.logical_and, normals == 0)
    normals[is_flat] = old[sources[is_flat]]
    return sources, number.reshape(-1, 3), normals


def face_normals(points: Floats, faces: Triangles) -> Floats:
    """Return `(t, 3)`: across each triangle, as long as twice its area."""
    a, b, c = (points[faces[:, corner]] for corner in range(3))
    crossed: Floats = np.cross(b - a, c - a)
    return crossed


def summed(where: Labels, values: Floats, count: int) -> Floats:
    """Return `(count, 3)`: the sum of the rows that belong to each number."""
    parts = [np.bincount(where, values[:, axis], count) for axis in range(3)]
    return np.stack(parts, axis=1).astype(np.float64)


def unit(vectors: Floats) -> Floats:
    """Return rows of length one; those of none stay zero."""
    length = lengths(vectors)[:, None]
    found: Floats = vectors / np.where(length > 0, length, 1)
    return found
