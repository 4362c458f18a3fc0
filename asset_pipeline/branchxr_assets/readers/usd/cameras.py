"""UsdGeom cameras in glTF's terms."""

import math
from typing import Any, Final

from ...document import Json
from .bindings import UsdGeom

_TENTH: Final = 0.1
"""Focal length and aperture are in tenths of a unit of the stage (`UsdGeomCamera`)."""


def camera_of(prim: Any, time: Any, *, unit_m: float) -> Json:
    """Return a camera; planes in metres; numbers that make no camera become a usual one."""
    camera = UsdGeom.Camera(prim)
    width = _positive(camera.GetHorizontalApertureAttr().Get(time), 20.955)
    height = _positive(camera.GetVerticalApertureAttr().Get(time), 15.2908)
    clip = camera.GetClippingRangeAttr().Get(time)
    near, far = (float(clip[0]) * unit_m, float(clip[1]) * unit_m) if clip else (0.1, 1000.0)
    name = {"name": str(prim.GetName())}
    if str(camera.GetProjectionAttr().Get(time)) == UsdGeom.Tokens.orthographic:
        half = _TENTH * unit_m / 2
        near = max(near, 0.0) if math.isfinite(near) else 0.0
        far = far if math.isfinite(far) and far > near else near + 1000.0
        view = {"xmag": width * half, "ymag": height * half, "znear": near, "zfar": far}
        return name | {"type": "orthographic", "orthographic": view}
    focal = _positive(camera.GetFocalLengthAttr().Get(time), 50.0)
    near = near if math.isfinite(near) and near > 0 else 0.01
    perspective: Json = {
        "aspectRatio": width / height,
        "yfov": 2 * math.atan(height / (2 * focal)),
        "znear": near,
    }
    if math.isfinite(far) and far > near:
        perspective["zfar"] = far
    return name | {"type": "perspective", "perspective": perspective}


def _positive(value: Any, default: float) -> float:
    if value is None or not math.isfinite(value) or value <= 0:
        return default
    return float(value)
