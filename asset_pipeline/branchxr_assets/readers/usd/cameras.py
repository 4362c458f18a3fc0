"""UsdGeom cameras in glTF's terms."""

import math
from typing import Any, Final

from ...document import Json
from .bindings import UsdGeom
from .values import number, vector, word

_FARTHEST_M: Final = 1e12
"""Beyond it, adding a thousand metres may change nothing (float32, float64)."""
_TENTH: Final = 0.1
"""Focal length and aperture are in tenths of a unit of the stage (`UsdGeomCamera`)."""


def camera_of(prim: Any, time: Any, *, unit_m: float) -> Json:
    """Return a camera; planes in metres; numbers that make no camera become a usual one."""
    camera = UsdGeom.Camera(prim)
    width = _positive(camera.GetHorizontalApertureAttr(), time, 20.955)
    height = _positive(camera.GetVerticalApertureAttr(), time, 15.2908)
    near, far = vector(camera.GetClippingRangeAttr(), time, (0.1 / unit_m, 1000.0 / unit_m))
    near, far = near * unit_m, far * unit_m
    near = near if near < _FARTHEST_M else math.nan
    name = {"name": str(prim.GetName())}
    if word(camera.GetProjectionAttr(), time, "") == UsdGeom.Tokens.orthographic:
        half = _TENTH * unit_m / 2
        near = max(near, 0.0) if math.isfinite(near) else 0.0
        far = far if math.isfinite(far) and far > near else near + 1000.0
        view = {"xmag": width * half, "ymag": height * half, "znear": near, "zfar": far}
        return name | {"type": "orthographic", "orthographic": view}
    focal = _positive(camera.GetFocalLengthAttr(), time, 50.0)
    near = near if math.isfinite(near) and near > 0 else 0.01
    perspective: Json = {
        "aspectRatio": width / height,
        "yfov": 2 * math.atan(height / (2 * focal)),
        "znear": near,
    }
    if math.isfinite(far) and far > near:
        perspective["zfar"] = far
    return name | {"type": "perspective", "perspective": perspective}


def _positive(attribute: Any, time: Any, default: float) -> float:
    found = number(attribute, time, default)
    return found if found > 0 else default
