"""Draw a scene without a graphics card: points strewn over its triangles, nearest one wins.

For comparing levels of detail: shaded by normals and tinted by vertex and material colours, which
is what simplification can spoil. Deterministic; a million points take about a second.
"""

from typing import Any

import numpy as np

from branchxr_assets.document import Document
from branchxr_assets.geometry import placements, positions, triangles

SIDE = 256
_VIEWS = ((0.5, 0.6), (2.2, 0.8), (3.9, 0.5), (5.4, 1.2))
"""Turn about the upright axis and dip, radians."""


def draw(document: Document, box: np.ndarray, *, side: int = SIDE) -> np.ndarray:
    """Return `(views, side, side, 3)` pictures, 0 to 1, black where there is nothing."""
    corners, normals, colours = _surface(document)
    points, facing, tint = _strewn(corners, normals, colours, box, side)
    return np.stack([_view(points, facing, tint, box, view, side) for view in _VIEWS])


def difference(one: np.ndarray, other: np.ndarray) -> float:
    """Return the root of the mean squared difference."""
    return float(np.sqrt(((one - other) ** 2).mean()))


def _surface(document: Document) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return `(t, 3, 3)` corners in the scene, their normals, and their colours."""
    corners, normals, colours = [], [], []
    materials = document.listed("materials")
    for placement in placements(document):
        for primitive in document.listed("meshes")[placement.mesh]["primitives"]:
            faces = triangles(document, primitive)
            points = positions(document, primitive)
            for matrix in placement.matrices:
                placed = points[faces] @ matrix[:3, :3].T + matrix[:3, 3]
                corners.append(placed)
                normals.append(_normals(document, primitive, faces, matrix, placed))
                colours.append(_tinted(document, primitive, faces, materials))
    return np.concatenate(corners), np.concatenate(normals), np.concatenate(colours)


def _normals(
    document: Document, primitive: Any, faces: np.ndarray, matrix: np.ndarray, placed: np.ndarray
) -> np.ndarray:
    if "NORMAL" in primitive["attributes"]:
        found = document.accessors[primitive["attributes"]["NORMAL"]].as_float()[faces]
        turned = found @ np.linalg.pinv(matrix[:3, :3])
    else:
        flat = np.cross(placed[:, 1] - placed[:, 0], placed[:, 2] - placed[:, 0])
        turned = np.repeat(flat[:, None], 3, axis=1)
    length = np.linalg.norm(turned, axis=2, keepdims=True)
    return turned / np.where(length > 0, length, 1)


def _tinted(document: Document, primitive: Any, faces: np.ndarray, materials: Any) -> np.ndarray:
    base = np.array([0.8, 0.8, 0.8])
    if "material" in primitive:
        pbr = materials[primitive["material"]].get("pbrMetallicRoughness", {})
        base = np.array(pbr.get("baseColorFactor", [1, 1, 1, 1])[:3], float)
    if "COLOR_0" in primitive["attributes"]:
        accessor = document.accessors[primitive["attributes"]["COLOR_0"]]
        return accessor.as_float()[faces][:, :, :3] * base
    return np.broadcast_to(base, (len(faces), 3, 3))


def _strewn(
    corners: np.ndarray, normals: np.ndarray, colours: np.ndarray, box: np.ndarray, side: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cover triangles with points less than half a pixel apart."""
    pixel = np.linalg.norm(box[1] - box[0]) / side
    edges = np.linalg.norm(corners - np.roll(corners, 1, axis=1), axis=2).max(axis=1)
    steps = np.minimum(np.ceil(edges / (0.7 * pixel)).astype(int), 400) + 1
    parts = []
    for count in np.unique(steps):
        chosen = steps == count
        i, j = np.meshgrid(np.arange(count + 1), np.arange(count + 1), indexing="ij")
        inside = (i + j) <= count
        a, b = i[inside] / count, j[inside] / count
        weights = np.stack([1 - a - b, a, b], axis=1)
        parts.append([weights @ table[chosen] for table in (corners, normals, colours)])
    points, facing, tint = (
        np.concatenate([part[k].reshape(-1, 3) for part in parts]) for k in range(3)
    )
    return points, facing, tint


def _view(
    points: np.ndarray,
    facing: np.ndarray,
    tint: np.ndarray,
    box: np.ndarray,
    view: tuple[float, float],
    side: int,
) -> np.ndarray:
    turn, dip = view
    ahead = np.array([np.cos(turn) * np.cos(dip), -np.sin(dip), np.sin(turn) * np.cos(dip)])
    right = np.array([-np.sin(turn), 0, np.cos(turn)])
    up = np.cross(ahead, right)
    middle, reach = box.mean(axis=0), np.linalg.norm(box[1] - box[0])
    from_middle = points - middle
    x = ((from_middle @ right / reach + 0.5) * side).astype(int)
    y = ((from_middle @ up / reach + 0.5) * side).astype(int)
    near = from_middle @ ahead
    # A hall's roof and near walls must not hide the hall: cut open, back faces culled.
    is_roof = points[:, 1] > box[0, 1] + 0.8 * (box[1, 1] - box[0, 1])
    is_front = facing @ ahead < 0.05
    seen = is_front & ~is_roof & (x >= 0) & (x < side) & (y >= 0) & (y < side)
    pixel = (y * side + x)[seen]
    order = np.lexsort((near[seen], pixel))
    first = np.r_[True, np.diff(pixel[order]) > 0] if len(order) else np.empty(0, bool)
    picture = np.zeros((side * side, 3))
    chosen = order[first]
    light = 0.35 + 0.65 * np.abs(facing[seen][chosen] @ np.array([0.48, 0.6, 0.64]))
    picture[pixel[chosen]] = tint[seen][chosen].clip(0, 1) * light[:, None]
    return picture.reshape(side, side, 3)
