"""Tangents by MikkTSpace, which normal maps are baked by (glTF 2.0, section 3.7.2.1).

After mikktspace.h (Morten S. Mikkelsen, 2011; "Simulation of Wrinkled Surfaces Revisited", 2008):
corners of faces that share an edge and have texture coordinates of one orientation are smoothed
together, weighted by their angles. `tests/assets/test_tangents.py` holds it against the original,
compiled to WebAssembly. Only what meets across faces without area in texture space differs: the
original lets groups reach through them, here they take the tangent of a neighbour.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .columns import dots, lengths, unique_rows
from .document import Floats
from .geometry import Triangles
from .normals import summed, unit

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class CornerTangents:
    """A tangent for each corner of a mesh.

    Attributes:
        rows: `(3t, 4)`: a unit vector and a sign, as glTF stores them.
        groups: `(3t,)`: corners of one group have one tangent.
    """

    rows: Floats
    groups: Ints


def corner_tangents(
    points: Floats, normals: Floats, uvs: Floats, faces: Triangles
) -> CornerTangents:
    """Return the tangents of a mesh's corners.

    Args:
        points: `(n, 3)`.
        normals: `(n, 3)`, unit vectors.
        uvs: `(n, 2)`, v down, as glTF has it.
        faces: `(t, 3)` into them.
    """
    flat = faces.reshape(-1)
    vertices = _equal(np.concatenate([points, normals, uvs], axis=1))[flat]
    along, is_right, has_area = _derivatives(points, uvs, faces)
    groups = _groups(vertices, np.repeat(is_right, 3), np.repeat(has_area, 3))
    own = normals[flat]
    per_corner: Floats = np.repeat(along, 3, axis=0)
    projected = unit(_on_plane(per_corner, own))
    weights = np.where(np.repeat(has_area, 3), _angles(points, own, faces), 0.0)
    made = unit(summed(groups, projected * weights[:, None], len(flat)))[groups]
    lost = lengths(made) < 0.5
    made[lost] = _any_across(own[lost])
    # glTF's v points down, MikkTSpace's up: the sign turns (glTF issue 2056).
    sign = np.where(np.repeat(is_right, 3)[groups], -1.0, 1.0)
    return CornerTangents(np.concatenate([made, sign[:, None]], axis=1), groups)


def _equal(rows: Floats) -> Ints:
    return unique_rows(rows.astype(np.float32))[1]


def _derivatives(
    points: Floats, uvs: Floats, faces: Triangles
) -> tuple[Floats, NDArray[np.bool_], NDArray[np.bool_]]:
    """Return where u grows on each face, whether its uvs are wound as it is, and have an area."""
    d1, d2 = (points[faces[:, k]] - points[faces[:, 0]] for k in (1, 2))
    s, t = (uvs[faces[:, k]] - uvs[faces[:, 0]] for k in (1, 2))
    area = s[:, 0] * t[:, 1] - s[:, 1] * t[:, 0]
    is_right = area > 0
    along = t[:, 1:] * d1 - s[:, 1:] * d2
    across = s[:, :1] * d2 - t[:, :1] * d1
    sizes = lengths(along) * lengths(across)
    has_area = (np.abs(area) > np.finfo(np.float32).tiny) & (sizes > 0)
    return along * np.where(is_right, 1.0, -1.0)[:, None], is_right, has_area


def _groups(vertices: Ints, is_right: NDArray[np.bool_], has_area: NDArray[np.bool_]) -> Ints:
    """Join corners at one vertex whose faces share an edge there and have one orientation."""
    count = len(vertices)
    after = np.arange(count).reshape(-1, 3)[:, [1, 2, 0]].reshape(-1)
    start, end = vertices, vertices[after]
    top = int(vertices.max(initial=0)) + 1
    forth, back = start * top + end, end * top + start
    order = np.argsort(forth, kind="stable")
    at = np.searchsorted(forth, back, sorter=order)
    other = order[np.minimum(at, count - 1)] if count else order
    is_edge = (forth[other] == back) & has_area & has_area[other] & (is_right == is_right[other])
    mine = np.flatnonzero(is_edge)
    # The edge runs from this corner to the next, and back on the other side.
    pairs = np.concatenate(
        [np.stack([mine, after[other[mine]]]), np.stack([after[mine], other[mine]])], axis=1
    )
    labels = _components(pairs, count)
    _adopt(labels, vertices, has_area)
    return labels


def _components(pairs: Ints, count: int) -> Ints:
    """Number corners by the least one that they are joined to."""
    labels = np.arange(count)
    for _ in range(count):
        least = np.minimum(labels[pairs[0]], labels[pairs[1]])
        before = labels.copy()
        np.minimum.at(labels, pairs[0], least)
        np.minimum.at(labels, pairs[1], least)
        labels = labels[labels]
        if (labels == before).all():
            break
    return labels


def _adopt(labels: Ints, vertices: Ints, has_area: NDArray[np.bool_]) -> None:
    """Let corners of faces without an area in uv take the group of another at their vertex."""
    first = np.full(int(vertices.max(initial=0)) + 1, -1)
    usable = np.flatnonzero(has_area)[::-1]
    first[vertices[usable]] = labels[usable]
    orphans = np.flatnonzero(~has_area & (first[vertices] >= 0))
    labels[orphans] = first[vertices[orphans]]


def _angles(points: Floats, normals: Floats, faces: Triangles) -> Floats:
    """Return the angle of each corner, seen along its normal."""
    corners = points[faces]
    before, after = (corners[:, [1, 2, 0]] - corners), (corners[:, [2, 0, 1]] - corners)
    one, other = (unit(_on_plane(edge.reshape(-1, 3), normals)) for edge in (before, after))
    found: Floats = np.arccos(dots(one, other).clip(-1, 1))
    return found


def _on_plane(vectors: Floats, normals: Floats) -> Floats:
    flat: Floats = vectors - normals * dots(normals, vectors)[:, None]
    return flat


def _any_across(normals: Floats) -> Floats:
    """Return unit vectors at right angles to others."""
    axis: Floats = np.eye(3, dtype=np.float64)[np.abs(normals).argmin(axis=1)]
    return unit(_on_plane(axis, normals))
