"""What COLLADA's nodes carry beside geometry: cameras, lights, custom properties."""

import math
import xml.etree.ElementTree as ET
from typing import Final

import numpy as np

from ..document import Json
from .dae_library import Library

_WATTS_TO_LUMENS: Final = 683.0
"""What Blender's glTF exporter takes; its DAE exporter writes watts (at 555 nm, SI brochure)."""
_NEAR_M: Final = 3.0
"""Where a light that does not fade is made as bright as it was: across a room."""
_LENS_LEAST: Final = 1e-9
_LENS_MOST: Final = 1e15
"""Between them lies every angle, plane and size of a picture, in millimetres too."""
_FADING_LEAST: Final = 1e-30
_CANDELA_MOST: Final = 1e30
"""A light that would be as bright as this everywhere was meant not to fade."""
_BLENDER_OWN: Final = frozenset(
    {"connect", "layer", "roll", "tip_x", "tip_y", "tip_z", "connected"}
)
"""What Blender's exporter says of every bone: no custom properties."""


def camera_json(library: Library, camera: ET.Element, unit_m: float) -> Json | None:
    """Return a camera; planes in metres; `None`, with a warning, when it does not project."""
    name = camera.get("name") or camera.get("id", "")
    common = camera.find("optics/technique_common")
    shape = None if common is None else next(iter(common), None)
    if shape is None or shape.tag not in {"perspective", "orthographic"}:
        library.warn("camera_lost", f"camera {name!r}", "it says no way to project")
        return None

    def value(tag: str) -> float | None:
        found = float(library.vector(shape.find(tag), 1, (math.nan,))[0])
        return found if _LENS_LEAST < found < _LENS_MOST else None

    near, far = value("znear") or 0.1 / unit_m, value("zfar")
    made: Json = {"znear": near * unit_m}
    if far is not None and far > near:
        made["zfar"] = far * unit_m
    aspect = value("aspect_ratio")
    wide, high = (
        value("xfov" if shape.tag == "perspective" else "xmag"),
        value("yfov" if shape.tag == "perspective" else "ymag"),
    )
    if shape.tag == "perspective":
        across = None if wide is None else math.tan(math.radians(min(wide, 179.0)) / 2)
        up = None if high is None else math.tan(math.radians(min(high, 179.0)) / 2)
        if up is None:
            up = (across or math.tan(math.radians(25))) / (aspect or 1.0)
        made["yfov"] = 2 * math.atan(up)
        if aspect or across:
            made["aspectRatio"] = aspect or (across or up) / up
    else:
        high = high or (wide or 1.0) / (aspect or 1.0)
        made["ymag"] = high * unit_m
        made["xmag"] = (wide or high * (aspect or 1.0)) * unit_m
        made.setdefault("zfar", made["znear"] + 1000.0)
    return {"name": name, "type": shape.tag, shape.tag: made}


def light_json(library: Library, light: ET.Element, unit_m: float) -> Json | None:
    """Return a light in candela or lux; `None`, with a warning, for one that glTF does not have."""
    name = light.get("name") or light.get("id") or ""
    common = light.find("technique_common")
    shape = None if common is None else next(iter(common), None)
    if shape is None or shape.tag not in {"point", "spot", "directional"}:
        what = "ambient light" if shape is not None and shape.tag == "ambient" else "light"
        message = f"glTF has no such {what}; it is left out"
        library.warn("light_lost", f"light {name!r}", message)
        return None
    colour = np.maximum(library.vector(shape.find("color"), 3, (1.0, 1.0, 1.0)), 0)
    power = float(colour.max())
    made: Json = {
        "name": name,
        "type": shape.tag,
        "color": [float(v) for v in (colour / power if power > 0 else np.ones(3))],
        "intensity": power * _brightness(library, shape, name, unit_m),
    }
    if shape.tag == "spot":
        whole = float(library.vector(shape.find("falloff_angle"), 1, (180.0,))[0])
        outer = math.radians(min(max(whole, 0.01), 180.0)) / 2
        blend = float(library.vector(shape.find("falloff_exponent"), 1, (0.0,))[0])
        soft = min(max(blend, 0.0), 1.0) if library.is_blender else float(blend > 0) / 2
        inner = min(outer * (1 - soft), outer - 1e-4)
        made["spot"] = {"innerConeAngle": max(0.0, inner), "outerConeAngle": outer}
    return made


def _brightness(library: Library, shape: ET.Element, name: str, unit_m: float) -> float:
    """Return candela, or lux, of a light of colour 1.

    In the old model such a light shows a white wall white; a white Lambert wall does so under
    pi lux. Blender writes watts.
    """
    if shape.tag == "directional":
        return _WATTS_TO_LUMENS if library.is_blender else math.pi
    if library.is_blender:
        return _WATTS_TO_LUMENS / (4 * math.pi)
    fading = float(library.vector(shape.find("quadratic_attenuation"), 1, (0.0,))[0])
    candela = math.pi * unit_m**2 / fading if fading > _FADING_LEAST else math.inf
    if candela < _CANDELA_MOST:
        return candela
    message = f"it does not fade as light does; it is as bright as it was {_NEAR_M:g} m away"
    library.warn("light_guessed", f"light {name!r}", message)
    return math.pi * _NEAR_M**2


def custom(element: ET.Element) -> Json:
    """Return the custom properties of a node: of Blender, and 3ds Max's and Maya's user text."""
    found: Json = {}
    for extra in element.findall("extra"):
        for technique in extra.findall("technique"):
            for item in technique:
                text = (item.text or "").strip()
                if item.tag == "user_properties" and text:
                    found["user_properties"] = text
                elif (
                    technique.get("profile") == "blender"
                    and item.tag not in _BLENDER_OWN
                    and not len(item)
                    and text
                ):
                    found[item.get("name") or item.tag] = _typed(text, item.get("type", ""))
    return found


def _typed(text: str, kind: str) -> object:
    try:
        if kind == "int":
            return int(text)
        if kind == "float":
            value = float(text)
            return value if math.isfinite(value) else text
    except ValueError:
        return text
    return text == "true" if kind == "bool" and text in {"true", "false"} else text
