"""From the faces of an OBJ file to welded triangles with normals, coordinates and colours."""

import numpy as np
from numpy.typing import NDArray

from ..columns import across, dots, lengths
from ..document import Array, Floats
from ..geometry import Triangles
from .assembly import Geometry
from .corners import Numbers, flat_normals, weld
from .obj_lines import Indices, ObjLines
from .shading import linear


def weld_triangles(
    lines: ObjLines, faces: Triangles, smooth: Indices, material: int | None
) -> Geometry:
    """Weld the corners of some triangles."""
    corners = _corners(lines, faces.reshape(-1))
    has_uv = bool((corners[:, 1] >= 0).any())
    missing: NDArray[np.bool_] = np.asarray(corners[:, 2] < 0)
    columns: list[Array] = [corners[:, 0]]
    if has_uv:
        columns.append(corners[:, 1] + 1)
    normals: Floats | None = None
    if not missing.any():
        columns.append(corners[:, 2])
    elif not missing.all() or smooth.any():
        normals = _made_normals(lines, corners, smooth, missing)
        columns.append(normals)
    welded = weld(columns)
    chosen = corners[welded.first]
    attributes: dict[str, Floats] = {"POSITION": lines.points[chosen[:, 0]]}
    if not missing.any():
        attributes["NORMAL"] = lines.normals[chosen[:, 2]]
    elif normals is not None:
        attributes["NORMAL"] = normals[welded.first]
    if has_uv:
        attributes["TEXCOORD_0"] = _coordinates(lines, chosen[:, 1])
    colours = _colours(lines, chosen[:, 0])
    if colours is not None:
        attributes["COLOR_0"] = colours
    return Geometry(attributes=attributes, indices=welded.vertex, material=material)


def _corners(lines: ObjLines, numbers: Numbers) -> Indices:
    """Return corners by their numbers; no copy where they lie in a row, as triangles do."""
    first = int(numbers[0])
    is_row = int(numbers[-1]) - first == len(numbers) - 1 and bool((np.diff(numbers) == 1).all())
    return lines.corners[first : first + len(numbers)] if is_row else lines.corners[numbers]


def _made_normals(
    lines: ObjLines, corners: Indices, smooth: Indices, missing: NDArray[np.bool_]
) -> Floats:
    """Return a normal for each corner: its own, its smoothing group's, or its face's."""
    points = lines.points[corners[:, 0]]
    flat = flat_normals(points, np.arange(len(points)).reshape(-1, 3))
    made = np.repeat(flat, 3, axis=0)
    group = np.repeat(smooth, 3)
    is_smooth: NDArray[np.bool_] = np.asarray(group > 0)
    if is_smooth.any():
        # By angle, so that it does not matter how polygons are cut (Thürmer, Wüthrich 1998).
        weighted = (made * _angles(points)[:, None])[is_smooth]
        which = weld([corners[is_smooth, 0], group[is_smooth]])
        total = np.stack(
            [np.bincount(which.vertex, weighted[:, axis]) for axis in range(3)], axis=1
        )
        length = lengths(total)[:, None]
        unit = (total / np.where(length > 0, length, 1))[which.vertex]
        made[is_smooth] = np.where(length[which.vertex] > 0, unit, made[is_smooth])
    made[~missing] = lines.normals[corners[~missing, 2]]
    return made


def _angles(points: Floats) -> Floats:
    """Return the angle at each corner of triangles, `(3 t,)`."""
    table = points.reshape(-1, 3, 3)
    ahead = np.roll(table, -1, axis=1) - table
    back = np.roll(table, 1, axis=1) - table
    one, other = ahead.reshape(-1, 3), back.reshape(-1, 3)
    sizes = lengths(one) * lengths(other)
    cosines = dots(one, other) / np.where(sizes > 0, sizes, 1)
    found: Floats = np.arccos(cosines.clip(-1, 1))
    return found


def _coordinates(lines: ObjLines, which: Indices) -> Floats:
    """Return texture coordinates from the upper left, as glTF has them; (0, 1) where none."""
    found = lines.coordinates[which]
    second = found[:, 1] if found.shape[1] > 1 else np.zeros(len(found))
    table = np.stack([found[:, 0], 1.0 - np.nan_to_num(second)], axis=1)
    table[which < 0] = 0.0
    return table


def _colours(lines: ObjLines, which: Indices) -> Floats | None:
    """Return linear vertex colours: Blender and MeshLab write them for screens (sRGB)."""
    if lines.colours is None:
        return None
    found = lines.colours[which]
    is_none: NDArray[np.bool_] = np.asarray(across(np.logical_or, np.isnan(found)))
    if is_none.all():
        return None
    found = np.where(is_none[:, None], 1.0, found)
    if found.max(initial=0) > 1.5:  # whole numbers up to 255
        found = found / 255
    return linear(found)
