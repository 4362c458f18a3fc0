"""The faces of a `UsdGeomMesh`, checked."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from branchxr.errors import SceneRefused

from ...columns import lengths
from ...document import Floats
from ...refusal import refused
from ..corners import Numbers, cut_faces, polygon_of_triangle
from .bindings import UsdGeom
from .primvars import Shape, Spread, read_primvar, spread
from .values import Warn, tabled, whole


@dataclass(frozen=True, slots=True)
class Faces:
    """Polygons of a mesh or of a shape made of formulas.

    Attributes:
        points: `(n, 3)` in the prim's own frame and unit.
        normals: of each corner; `None` where the surface is flat between its edges.
        is_left_handed: faces are wound the other way round.
        holes: numbers of faces that are not drawn.
    """

    points: Floats
    shape: Shape
    normals: Spread | None
    is_left_handed: bool = False
    holes: Numbers | None = None

    def triangles(self) -> tuple[Numbers, Numbers]:
        """Return `(t, 3)` corner numbers, counter-clockwise, and the face of each triangle."""
        found = cut_faces(self.shape.sizes, self.points, self.shape.corner_point)
        face = polygon_of_triangle(self.shape.sizes)
        if self.holes is not None:
            is_drawn = ~np.isin(face, self.holes)
            found, face = found[is_drawn], face[is_drawn]
        return (found[:, ::-1] if self.is_left_handed else found), face


def read_faces(prim: Any, time: Any, *, file: str, warn: Warn) -> Faces | None:
    """Read the faces of a mesh prim; `None` when it has none.

    Raises:
        SceneRefused: `scene_accessor`: counts and indices contradict each other.
    """
    mesh, place = UsdGeom.Mesh(prim), str(prim.GetPath())
    points = tabled(mesh.GetPointsAttr().Get(time), 3)
    if not np.isfinite(points).all():
        message = "POSITION holds NaN or infinity; zero is put in its place"
        warn("attribute_not_finite", place, message)
        points = np.where(np.isfinite(points), points, 0)
    sizes = whole(mesh.GetFaceVertexCountsAttr().Get(time))
    corners = whole(mesh.GetFaceVertexIndicesAttr().Get(time))
    _check(points, sizes, corners, file=file, place=place)
    if not len(sizes):
        return None
    shape = Shape(len(points), sizes, corners)
    scheme = str(mesh.GetSubdivisionSchemeAttr().Get(time))
    if scheme != UsdGeom.Tokens.none:
        message = f"it is a {scheme} subdivision surface; its base mesh is kept, not subdivided"
        warn("usd_subdivision", place, message)
    holes = whole(mesh.GetHoleIndicesAttr().Get(time))
    if len(holes):
        warn("usd_holes", place, f"{len(holes)} of its faces are marked as holes and left out")
    normals = _normals(prim, mesh, time, shape, warn)
    if normals is None and scheme != UsdGeom.Tokens.none:
        normals = _smooth(points, shape)
    is_left = str(mesh.GetOrientationAttr().Get(time)) == UsdGeom.Tokens.leftHanded
    return Faces(points, shape, normals, is_left, holes if len(holes) else None)


def _check(points: Floats, sizes: Numbers, corners: Numbers, *, file: str, place: str) -> None:
    if (sizes < 0).any() or int(sizes.sum()) != len(corners):
        came = f"{int(sizes.sum())} corners counted and {len(corners)} listed"
        raise _refused(file, place, "faceVertexCounts that add up to faceVertexIndices", came)
    if len(corners) and not 0 <= corners.min() <= corners.max() < len(points):
        came = f"{int(corners.min())} to {int(corners.max())}"
        raise _refused(file, place, f"point numbers from 0 to {len(points) - 1}", came)


def _normals(prim: Any, mesh: Any, time: Any, shape: Shape, warn: Warn) -> Spread | None:
    """Return authored normals; `primvars:normals` goes before `normals` (UsdGeomPointBased)."""
    primvar = UsdGeom.PrimvarsAPI(prim).GetPrimvar("normals")
    if primvar and primvar.HasValue():
        found = read_primvar(primvar, time, shape, 3)
    else:
        values = tabled(mesh.GetNormalsAttr().Get(time), 3)
        if not len(values):
            return None
        table = values.astype(np.float32)
        found = spread(table, None, str(mesh.GetNormalsInterpolation()), shape)
    if found is None:
        warn("usd_primvar", str(prim.GetPath()), "its normals do not fit its faces; left out")
    return found


def _smooth(points: Floats, shape: Shape) -> Spread:
    """Return normals of points, the mean of their faces weighted by area, as subdivision has."""
    faces = shape.corner_point[cut_faces(shape.sizes, points, shape.corner_point)]
    a, b, c = (points[faces[:, corner]] for corner in range(3))
    total = np.zeros_like(points)
    for corner in range(3):
        np.add.at(total, faces[:, corner], np.cross(b - a, c - a))
    length = lengths(total)[:, None]
    unit = np.where(length > 0, total / np.where(length > 0, length, 1), (0.0, 1.0, 0.0))
    return Spread(unit.astype(np.float32), shape.corner_point, is_constant=False)


def _refused(file: str, place: str, expected: str, came: str) -> SceneRefused:
    return refused(
        "scene_accessor",
        file=file,
        place=place,
        expected=expected,
        came=came,
        remedy="export the scene again; the file contradicts itself",
    )
