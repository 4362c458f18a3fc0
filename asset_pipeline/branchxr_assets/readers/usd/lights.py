"""UsdLux lights in candela and lux.

UsdLux gives a light's luminance L = intensity * 2^exposure (nits); with `normalize` divided by
the light's own size. From a point far away ("Light Parameters", UsdLux schema):

| light | glTF | normalize off | normalize on |
|---|---|---|---|
| SphereLight | point, or spot by `shaping:cone`: candela | L * pi * r^2 | L / 4 |
| DistantLight | directional: lux | L * pi * sin^2(angle / 2) | L |

A Blender scene has watts where UsdLux has lumens: Blender writes W / pi for a lamp and a quarter
of the strength of a sun, and its glTF exporter takes 683 lm for a watt (CIE photopic maximum). So
do we, where Blender wrote the file, and the same scene is as bright from either format.
"""

import math
from typing import Any, Final

from ...document import Json
from .bindings import UsdLux
from .values import Warn, number, plain, vector

_LUMEN_PER_WATT: Final = 683.0
_BLENDER_SUN: Final = 4.0
_SMALLEST_ANGLE: Final = 1e-3


def is_light(prim: Any) -> bool:
    """Tell whether a prim shines."""
    return bool(prim.HasAPI(UsdLux.LightAPI)) or bool(prim.IsA(UsdLux.DomeLight))


def punctual(prim: Any, time: Any, *, unit_m: float, is_blender: bool, warn: Warn) -> Json | None:
    """Return a light as KHR_lights_punctual has it; `None` for one that has an area.

    Args:
        prim: the light.
        time: when.
        unit_m: metres in a unit of the stage: a sphere's radius is in these.
        is_blender: its numbers are watts.
        warn: told what is lost.
    """
    kind = str(prim.GetTypeName())
    if kind not in {"SphereLight", "DistantLight"}:
        return None
    api = UsdLux.LightAPI(prim)
    light: Json = {"name": str(prim.GetName())}
    strength = _luminance(api, time)
    is_normalized = bool(api.GetNormalizeAttr().Get(time))
    if kind == "DistantLight":
        half = math.radians(number(UsdLux.DistantLight(prim).GetAngleAttr(), time, 0.53)) / 2
        # A sun without width sends parallel rays: its intensity is what arrives.
        area = 1.0 if is_normalized or half < _SMALLEST_ANGLE else math.pi * math.sin(half) ** 2
        light |= {"type": "directional"}
        strength *= area * (_BLENDER_SUN if is_blender else 1.0)
    else:
        sphere = UsdLux.SphereLight(prim)
        radius = number(sphere.GetRadiusAttr(), time, 0.5) * unit_m
        is_point = radius <= 0 or bool(sphere.GetTreatAsPointAttr().Get(time))
        light |= {"type": "point"} | _cone(prim, time, warn)
        strength *= 0.25 if is_normalized or is_point else math.pi * radius * radius
    strength *= _LUMEN_PER_WATT if is_blender else 1.0
    colour = _colour(api, time)
    brightest = max(*colour, 1e-9)
    light["color"] = [value / brightest for value in colour]
    light["intensity"] = strength * brightest
    return light


def as_extras(prim: Any, time: Any) -> Json:
    """Return a light that glTF does not have as data: its type and every `inputs:` value."""
    found: Json = {"type": str(prim.GetTypeName()) or "Light"}
    for attribute in prim.GetAttributes():
        name = attribute.GetName()
        if name.startswith("inputs:"):
            value = plain(attribute.Get(time))
            if value is not None:
                found[name.removeprefix("inputs:")] = value
    return found


def _luminance(api: Any, time: Any) -> float:
    exposure = number(api.GetExposureAttr(), time, 0.0)
    intensity = max(number(api.GetIntensityAttr(), time, 1.0), 0.0)
    return intensity * math.pow(2.0, min(max(exposure, -64.0), 64.0))


def _colour(api: Any, time: Any) -> list[float]:
    colour = [max(v, 0.0) for v in vector(api.GetColorAttr(), time, (1.0, 1.0, 1.0))]
    if api.GetEnableColorTemperatureAttr().Get(time):
        kelvin = number(api.GetColorTemperatureAttr(), time, 6500.0)
        tint = UsdLux.BlackbodyTemperatureAsRgb(kelvin)
        # UsdLux counts from 6500 K, whose own colour is not quite white.
        white = UsdLux.BlackbodyTemperatureAsRgb(6500.0)
        colour = [v * float(t) / float(w) for v, t, w in zip(colour, tint, white, strict=True)]
    return colour


def _cone(prim: Any, time: Any, warn: Warn) -> Json:
    """Return a spot's cone; angles are from its axis in both formats."""
    if not prim.HasAPI(UsdLux.ShapingAPI):
        return {}
    shaping = UsdLux.ShapingAPI(prim)
    profile = shaping.GetShapingIesFileAttr().Get(time)
    if getattr(profile, "path", ""):
        warn("usd_light", str(prim.GetPath()), "its IES profile is left out")
    degrees = number(shaping.GetShapingConeAngleAttr(), time, 90.0)
    if degrees >= 90:
        return {}
    outer = math.radians(max(degrees, 0.06))
    softness = min(max(number(shaping.GetShapingConeSoftnessAttr(), time, 0.0), 0.0), 1.0)
    inner = min(outer * (1 - softness), outer * 0.999)
    return {"type": "spot", "spot": {"innerConeAngle": inner, "outerConeAngle": outer}}
