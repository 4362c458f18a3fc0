"""All triangles that a picture shows, in one set of arrays."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from branchxr.errors import InputRefused

from ..columns import lengths
from ..document import Document, Floats, Json
from ..geometry import Placement, drawn_triangles, placements, positions, triangles, world_points

Reals = NDArray[np.floating[Any]]
Integers = NDArray[np.int64]

TRIANGLES_MAX: Final = 30_000_000
"""Some 4 GB of arrays."""


@dataclass(frozen=True, slots=True)
class Soup:
    """Triangles in scene axes.

    Attributes:
        points: `(n, 3) float64`, metres.
        normals: `(n, 3) float32`, zero where the source has none.
        uvs: `(n, 2, 2) float32`: two sets.
        colours: `(n, 4) float32`, linear.
        corners: `(t, 3)` indices of vertices.
        materials: `(t,)`: each triangle's material, counted over all documents; -1 is none.
    """

    points: Floats
    normals: Reals
    uvs: Reals
    colours: Reals
    corners: Integers
    materials: Integers


def gather(documents: Sequence[Document]) -> Soup:
    """Collect what all documents draw, in rest pose, instances repeated.

    Raises:
        InputRefused: `picture_too_large`.
    """
    total = sum(drawn_triangles(document) for document in documents)
    if total > TRIANGLES_MAX:
        raise InputRefused(
            f"a scene of at most {TRIANGLES_MAX:,} drawn triangles to make a picture of",
            f"{total:,}",
            "make a picture of a coarser level",
            code="picture_too_large",
        )
    parts: list[Soup] = []
    first_vertex = first_material = 0
    for document in documents:
        for placement in placements(document):
            for part in _placed(document, placement):
                known = np.where(part.materials < 0, -1, part.materials + first_material)
                moved = part.corners + first_vertex
                parts.append(Soup(part.points, part.normals, part.uvs, part.colours, moved, known))
                first_vertex += len(part.points)
        first_material += len(document.listed("materials"))
    return _joined(parts)


def _joined(parts: list[Soup]) -> Soup:
    if not parts:
        empty = np.empty((0, 3), np.float32)
        return Soup(
            *(empty.astype(np.float64), empty, np.empty((0, 2, 2), np.float32)),
            *(np.empty((0, 4), np.float32), np.empty((0, 3), np.int64), np.empty(0, np.int64)),
        )
    return Soup(
        np.concatenate([p.points for p in parts]),
        np.concatenate([p.normals for p in parts]),
        np.concatenate([p.uvs for p in parts]),
        np.concatenate([p.colours for p in parts]),
        np.concatenate([p.corners for p in parts]),
        np.concatenate([p.materials for p in parts]),
    )


def _placed(document: Document, placement: Placement) -> Iterator[Soup]:
    """Yield each primitive once for each instance."""
    weights = _weights(document, placement)
    at_rest = world_points(document, placement, lambda p: _morphed(document, p, weights))
    # A placement is affine: a normal turns like the difference of two points. With an uneven
    # scale that tilts it a little, which a picture of this kind can bear.
    tips = world_points(
        document, placement, lambda p: _morphed(document, p, weights) + _normals(document, p)
    )
    mirrored = np.linalg.det(placement.matrices[:, :3, :3]) < 0
    for (index, primitive, points), (_, _, ends) in zip(at_rest, tips, strict=True):
        corners = triangles(document, primitive)
        if not len(corners):
            continue
        if mirrored[index] and not placement.is_skinned:
            corners = corners[:, ::-1]
        normals = ends - points
        length = lengths(normals)[:, None]
        normals /= np.where(length > 0, length, 1)
        yield Soup(
            points,
            normals.astype(np.float32),
            _uvs(document, primitive, len(points)),
            _colours(document, primitive, len(points)),
            corners,
            np.full(len(corners), primitive.get("material", -1), np.int64),
        )


def _weights(document: Document, placement: Placement) -> list[float]:
    node = document.listed("nodes")[placement.node]
    found = node.get("weights") or document.listed("meshes")[placement.mesh].get("weights", [])
    return [float(weight) for weight in found]


def _morphed(document: Document, primitive: Json, weights: list[float]) -> Floats:
    points = positions(document, primitive)
    for target, weight in zip(primitive.get("targets", []), weights, strict=False):
        if weight and "POSITION" in target:
            moved: Floats = document.accessors[target["POSITION"]].as_float()
            points = points + weight * moved
    return points


def _normals(document: Document, primitive: Json) -> Floats:
    index = primitive["attributes"].get("NORMAL")
    if index is None:
        return np.zeros((len(positions(document, primitive)), 3))
    found: Floats = document.accessors[index].as_float()
    return found


def _uvs(document: Document, primitive: Json, count: int) -> Reals:
    uvs = np.zeros((count, 2, 2), np.float32)
    for number in range(2):
        index = primitive["attributes"].get(f"TEXCOORD_{number}")
        if index is not None:
            values = document.accessors[index].as_float()[:, :2]
            uvs[:, number] = np.where(np.isfinite(values), values, 0)
    return uvs


def _colours(document: Document, primitive: Json, count: int) -> Reals:
    colours = np.ones((count, 4), np.float32)
    index = primitive["attributes"].get("COLOR_0")
    if index is not None:
        values = document.accessors[index].as_float()
        colours[:, : values.shape[1]] = np.clip(values, 0, 1)
    return colours
