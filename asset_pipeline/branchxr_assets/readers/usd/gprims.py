"""USD's shapes made of formulas (cube, sphere, cylinder, …) as faces.

A profile of radius and height turns about an axis. Sizes and axes: `UsdGeom` schemas.
"""

from typing import Any, Final

import numpy as np

from ...document import Floats
from .bindings import UsdGeom
from .faces import Faces
from .primvars import Shape, Spread
from .values import number, word

SEGMENTS: Final = 32
"""Round a full turn; an arc of a quarter has a quarter of them."""
_CUBE: Final = np.array(
    [[x, y, z] for x in (-0.5, 0.5) for y in (-0.5, 0.5) for z in (-0.5, 0.5)], np.float64
)
_CUBE_FACES: Final = np.array(
    [[0, 1, 3, 2], [4, 6, 7, 5], [0, 4, 5, 1], [2, 3, 7, 6], [0, 2, 6, 4], [1, 5, 7, 3]]
)
_AXES: Final = {"X": [2, 0, 1], "Y": [1, 2, 0], "Z": [0, 1, 2]}
"""Turns `(x, y, z)` so that Z becomes the axis; even permutations, so nothing is mirrored."""

Profile = list[tuple[float, float]]
"""`(radius, height)` from the lower to the upper end; equal neighbours make an edge."""


def faces_of(prim: Any, time: Any) -> Faces | None:
    """Return a shape's faces; `None` when the prim is no such shape or has no size."""
    kind = str(prim.GetTypeName()).removesuffix("_1")
    make = _MAKERS.get(kind)
    return None if make is None else make(prim, time)


def _cube(prim: Any, time: Any) -> Faces:
    points = _CUBE * number(UsdGeom.Cube(prim).GetSizeAttr(), time, 2.0)
    return _flat(points, _CUBE_FACES)


def _plane(prim: Any, time: Any) -> Faces:
    plane = UsdGeom.Plane(prim)
    half = (
        number(plane.GetWidthAttr(), time, 2.0) / 2,
        number(plane.GetLengthAttr(), time, 2.0) / 2,
    )
    flat = np.array([[-1, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]], np.float64) * (*half, 1)
    axis = _axis(prim, time)
    # Width runs along X, length along Y (axis Z); along Z when the axis is X: the schema's words.
    order = {"X": [2, 1, 0], "Y": [0, 2, 1], "Z": [0, 1, 2]}[axis]
    face = np.array([[0, 1, 2, 3]] if axis == "Z" else [[3, 2, 1, 0]])
    return _flat(flat[:, order], face)


def _sphere(prim: Any, time: Any) -> Faces:
    radius = number(UsdGeom.Sphere(prim).GetRadiusAttr(), time, 1.0)
    return _turned(_arc(radius, radius, 0.0, -90, 90), "Z")


def _cylinder(prim: Any, time: Any) -> Faces:
    low, high = _radii(prim, time)
    half, axis = _height(prim, time) / 2, _axis(prim, time)
    return _turned(
        [(0, -half), (low, -half), (low, -half), (high, half), (high, half), (0, half)], axis
    )


def _cone(prim: Any, time: Any) -> Faces:
    radius = number(prim.GetAttribute("radius"), time, 1.0)
    half = _height(prim, time) / 2
    return _turned([(0, -half), (radius, -half), (radius, -half), (0, half)], _axis(prim, time))


def _capsule(prim: Any, time: Any) -> Faces:
    low, high = _radii(prim, time)
    half = _height(prim, time) / 2
    profile = _arc(low, low, -half, -90, 0) + _arc(high, high, half, 0, 90)
    return _turned(profile, _axis(prim, time))


_MAKERS: Final = {
    "Cube": _cube,
    "Plane": _plane,
    "Sphere": _sphere,
    "Cylinder": _cylinder,
    "Cone": _cone,
    "Capsule": _capsule,
}
SHAPES: Final = frozenset(_MAKERS)


def _radii(prim: Any, time: Any) -> tuple[float, float]:
    names = ("radius", "radius")
    if not prim.GetAttribute("radius"):
        names = ("radiusBottom", "radiusTop")
    usual = 0.5 if str(prim.GetTypeName()).startswith("Capsule") else 1.0
    low, high = (number(prim.GetAttribute(name), time, usual) for name in names)
    return low, high


def _height(prim: Any, time: Any) -> float:
    usual = 1.0 if str(prim.GetTypeName()).startswith("Capsule") else 2.0
    return number(prim.GetAttribute("height"), time, usual)


def _axis(prim: Any, time: Any) -> str:
    found = word(prim.GetAttribute("axis"), time, "Z")
    return found if found in _AXES else "Z"


def _arc(radius: float, tall: float, middle: float, start: int, end: int) -> Profile:
    steps = max(SEGMENTS * (end - start) // 360, 1)
    angles = np.radians(np.linspace(start, end, steps + 1))
    rim = radius * np.cos(angles)
    rim[np.isclose(np.abs(angles), np.pi / 2)] = 0.0
    return [(float(r), float(z)) for r, z in zip(rim, middle + tall * np.sin(angles), strict=True)]


def _turned(profile: Profile, axis: str) -> Faces:
    """Turn a profile about an axis; normals are smooth but for the profile's edges."""
    rings = np.array(profile, np.float64)
    angles = np.arange(SEGMENTS) * (2 * np.pi / SEGMENTS)
    points = np.stack(
        [
            np.outer(rings[:, 0], np.cos(angles)),
            np.outer(rings[:, 0], np.sin(angles)),
            np.broadcast_to(rings[:, 1:], (len(rings), SEGMENTS)),
        ],
        axis=2,
    ).reshape(-1, 3)
    sizes, corners, normals = [], [], []
    slopes = _slopes(rings)
    for k in range(len(rings) - 1):
        if np.allclose(rings[k], rings[k + 1]):
            continue
        for s in range(SEGMENTS):
            after = (s + 1) % SEGMENTS
            ring = [(k, s), (k, after), (k + 1, after), (k + 1, s)]
            if rings[k, 0] == 0:
                ring = [(k, s), (k + 1, after), (k + 1, s)]
            elif rings[k + 1, 0] == 0:
                ring = [*ring[:2], (k + 1, s)]
            sizes.append(len(ring))
            corners += [row * SEGMENTS + place for row, place in ring]
            normals += [_outward(slopes[k][row - k], angles[place]) for row, place in ring]
    order = _AXES[axis]
    shape = Shape(len(points), np.array(sizes, np.int64), np.array(corners, np.int64))
    table = np.array(normals, np.float32)[:, order]
    spread = Spread(table, np.arange(len(corners), dtype=np.int64), is_constant=False)
    return Faces(points[:, order], shape, spread)


def _outward(slope: tuple[float, float], angle: float) -> list[float]:
    return [slope[0] * np.cos(angle), slope[0] * np.sin(angle), slope[1]]


def _slopes(rings: Floats) -> list[tuple[tuple[float, float], tuple[float, float]]]:
    """Return for each strip the `(radial, axial)` normal at its lower and upper ring."""
    ahead = np.diff(rings, axis=0)
    normal = np.stack([ahead[:, 1], -ahead[:, 0]], axis=1)
    length = np.linalg.norm(normal, axis=1, keepdims=True)
    normal = normal / np.where(length > 0, length, 1)
    found = []
    for k in range(len(normal)):
        ends = []
        for other in (k - 1, k + 1):
            both = normal[k]
            if 0 <= other < len(normal) and length[other, 0] > 0 and length[k, 0] > 0:
                both = normal[k] + normal[other]
                both = both / max(np.linalg.norm(both), 1e-12)
            ends.append((float(both[0]), float(both[1])))
        found.append((ends[0], ends[1]))
    return found


def _flat(points: Floats, faces: Floats) -> Faces:
    sizes = np.full(len(faces), 4, np.int64)
    return Faces(points, Shape(len(points), sizes, faces.ravel().astype(np.int64)), None)
