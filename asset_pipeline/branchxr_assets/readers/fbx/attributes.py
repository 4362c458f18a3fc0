"""Cameras and lights of FBX in glTF's terms."""

import math
from typing import Any, Final

import ufbx

from ...document import Json
from .reading import Reading

_LUMENS_A_WATT: Final = 683.0
"""Blender's glTF exporter (`PBR_WATTS_TO_LUMENS`, io_scene_gltf2 of Blender 5.0): candela are
watts x 683 / 4 pi for points and spots, lux are W/m2 x 683 for suns. FBX from Blender says watts
x 100 (fbx_light_data in io_scene_fbx), and ufbx divides by 100."""
_FULL_LUX: Final = math.pi
"""What makes white paper white: a Lambertian surface gives back illuminance / pi."""
_LEAST: Final = 1e-3
_MOST: Final = 1e30
"""Brighter, or farther, than anything: what is beyond float32 is no glTF."""
_USUAL_FOV: Final = 40.0
"""Degrees, where a file says none that is a number."""
_NAMES: Final = {
    ufbx.LightType.POINT: "point",
    ufbx.LightType.SPOT: "spot",
    ufbx.LightType.DIRECTIONAL: "directional",
}


def camera_json(reading: Reading, camera: Any) -> Json:
    """Return a camera; clipping planes in metres."""
    near = float(camera.near_plane) * reading.distance_scale
    far = float(camera.far_plane) * reading.distance_scale
    near = near if 0 < near < _MOST else 0.1
    far = far if near < far < _MOST else near * 1000
    item: Json = {"name": str(camera.name)} if camera.name else {}
    if ufbx.ProjectionMode(camera.projection_mode) is ufbx.ProjectionMode.ORTHOGRAPHIC:
        # In the node's own units: metres in both ways that `scene._load` knows.
        half = [max(_LEAST, abs(_finite(v, 1.0)) / 2) for v in camera.orthographic_size]
        lens: Json = {"xmag": half[0], "ymag": half[1], "znear": near, "zfar": far}
        return {**item, "type": "orthographic", "orthographic": lens}
    angle = math.radians(_finite(camera.field_of_view_deg.y, _USUAL_FOV))
    lens = {"yfov": min(max(angle, _LEAST), math.pi - _LEAST), "znear": near, "zfar": far}
    across, up = (_finite(tangent, 0.0) for tangent in camera.field_of_view_tan)
    if up > 0 and across > 0:
        lens["aspectRatio"] = across / up
    return {**item, "type": "perspective", "perspective": lens}


def light_json(reading: Reading, light: Any) -> Json | None:
    """Return a light in candela or lux; `None` for one that glTF does not have (area, volume)."""
    kind = ufbx.LightType(light.type)
    if kind not in _NAMES:
        return None
    item: Json = {"name": str(light.name)} if light.name else {}
    colour = [max(0.0, _finite(c, 1.0)) for c in light.color]
    brightest = max(1.0, *colour)
    item["color"] = [c / brightest for c in colour]
    strength = max(0.0, _finite(light.intensity, 0.0)) * brightest
    item["intensity"] = min(strength * _unit(reading, kind), _MOST) if light.cast_light else 0.0
    item["type"] = _NAMES[kind]
    if kind is ufbx.LightType.SPOT:
        # FBX says the whole cone, glTF from its axis (KHR_lights_punctual: outer <= pi / 2).
        outer = min(max(math.radians(_finite(light.outer_angle, 180.0)) / 2, _LEAST), math.pi / 2)
        inner = min(max(math.radians(_finite(light.inner_angle, 0.0)) / 2, 0.0), outer - _LEAST / 2)
        item["spot"] = {"innerConeAngle": inner, "outerConeAngle": outer}
    return item


def _finite(value: Any, usual: float) -> float:
    number = float(value)
    return number if math.isfinite(number) else usual


def _unit(reading: Reading, kind: ufbx.LightType) -> float:
    """Return what an intensity of 1 (100 %) is in candela or lux."""
    is_sun = kind is ufbx.LightType.DIRECTIONAL
    if reading.is_blender:
        return _LUMENS_A_WATT if is_sun else _LUMENS_A_WATT / (4 * math.pi)
    return _FULL_LUX


def light_extras(light: Any) -> Json:
    """Return a light that glTF does not have, as data for scripts."""
    kind = ufbx.LightType(light.type)
    found: Json = {
        "type": kind.name.lower(),
        "color": [_finite(c, 1.0) for c in light.color],
        "intensity": _finite(light.intensity, 0.0),
    }
    if kind is ufbx.LightType.AREA:
        found["shape"] = ufbx.LightAreaShape(light.area_shape).name.lower()
    return found
