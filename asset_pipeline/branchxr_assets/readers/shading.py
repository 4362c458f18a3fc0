"""From Lambert and Phong to glTF's metallic-roughness model, by one table for all formats."""

import math
from dataclasses import dataclass
from enum import Enum
from typing import Final

import numpy as np

from ..document import Floats, Json

Colour = tuple[float, float, float]

TABLE: Final = (
    (
        "diffuse colour",
        "`baseColorFactor`, as it is: linear",
        "Blender writes its linear values into FBX, OBJ and DAE; no format says otherwise",
    ),
    (
        "opacity below 1",
        "`baseColorFactor[3]`, `alphaMode: BLEND`",
        "glTF 2.0, section 3.9.4",
    ),
    ("Lambert, or no specular", "`roughnessFactor: 1`", "there is no highlight to see"),
    (
        "Phong's exponent n",
        "`alpha = sqrt(2 / (n + 2))`, `roughnessFactor = sqrt(alpha)`",
        "Walter et al., EGSR 2007, section 5.2; glTF 2.0, appendix B: alpha is roughness squared",
    ),
    (
        "an exponent by Blender",
        "`1 - sqrt(n / top)`, top 1000 in OBJ, 100 in FBX",
        "what its exporters compute the exponent with",
    ),
    (
        "black diffuse, bright specular",
        "`metallicFactor: 1`, the specular as base colour; else 0",
        "a metal has no diffuse colour: glTF 2.0, section 3.9.2",
    ),
    (
        "a tinted specular colour",
        "`KHR_materials_specular`, its tint only",
        "how bright a highlight is follows from the index of refraction, 1.5 in glTF",
    ),
    ("index of refraction", "`KHR_materials_ior`", "its section 'Extending Materials'"),
    (
        "emissive colour, factor multiplied in",
        "`emissiveFactor`; beyond 1 `KHR_materials_emissive_strength`",
        "its section 'Overview'",
    ),
    ("ambient and reflection colour", "lost", "in glTF light comes from lights"),
)
"""What a material says, what becomes of it, and why: `docs/formats.md` shows it."""
BLACK: Final[Colour] = (0.0, 0.0, 0.0)
_DARK: Final = 0.02
_MIRROR: Final = 0.25
"""Below the one is a diffuse colour that is not to be seen, above the other a bright highlight."""
_TINT: Final = 0.02
_PLAIN_IOR: Final = 1.5
_BRIGHTEST: Final = 1e12
"""Nits, by glTF's reading: the sun has 1.6e9."""


class Gloss(Enum):
    """How a file's exponent came about; the value is what a smooth surface has at most."""

    PHONG = 0.0
    BLENDER_OBJ = 1000.0
    BLENDER_FBX = 100.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Phong:
    """A material of the Lambert, Phong or Blinn model; colours linear, factors multiplied in.

    Attributes:
        specular: `None` for Lambert, whatever the file says besides.
        exponent: of Phong's cosine (`shininess`); `None` where the file does not say.
        gloss: how the exponent was made.
        opacity: 0 is clear, 1 opaque.
    """

    diffuse: Colour = (0.8, 0.8, 0.8)
    specular: Colour | None = None
    exponent: float | None = None
    gloss: Gloss = Gloss.PHONG
    emissive: Colour = BLACK
    opacity: float = 1.0
    ior: float | None = None


def linear(colours: Floats) -> Floats:
    """Turn colours meant for screens (sRGB, 0 to 1) into linear ones (IEC 61966-2-1)."""
    clipped = colours.clip(0, 1)
    found: Floats = np.where(
        clipped <= 0.04045, clipped / 12.92, ((clipped + 0.055) / 1.055) ** 2.4
    )
    return found


def to_pbr(phong: Phong) -> Json:
    """Return the glTF material that looks most like a Phong material, without textures."""
    specular = phong.specular or BLACK
    is_metal = max(phong.diffuse) <= _DARK and max(specular) >= _MIRROR and phong.opacity >= 1
    base = specular if is_metal else phong.diffuse
    material: Json = {
        "pbrMetallicRoughness": {
            "baseColorFactor": [*(_unit(v) for v in base), _unit(phong.opacity)],
            "metallicFactor": 1.0 if is_metal else 0.0,
            "roughnessFactor": roughness(phong),
        }
    }
    if phong.opacity < 1:
        material["alphaMode"] = "BLEND"
    add_emission(material, phong.emissive)
    add_ior(material, phong.ior)
    if phong.specular is not None and not is_metal:
        _add_specular(material, specular)
    return material


def roughness(phong: Phong) -> float:
    """Return glTF's roughness of a Phong highlight, 0 to 1."""
    if phong.specular is None or max(phong.specular) <= 0:
        return 1.0
    if phong.exponent is None or not math.isfinite(phong.exponent):
        return 0.5
    exponent = max(0.0, phong.exponent)
    if phong.gloss is not Gloss.PHONG:
        return _unit(1 - math.sqrt(exponent / phong.gloss.value))
    return _unit((2 / (exponent + 2)) ** 0.25)


def add_emission(material: Json, colour: Colour) -> None:
    """Let a material shine by itself; light beyond 1 goes into KHR_materials_emissive_strength."""
    found = [min(max(0.0, v), _BRIGHTEST) if math.isfinite(v) else 0.0 for v in colour]
    top = max(found)
    if top <= 0:
        return
    material["emissiveFactor"] = [v / max(1.0, top) for v in found]
    if top > 1:
        _extend(material, "KHR_materials_emissive_strength", {"emissiveStrength": top})


def add_ior(material: Json, ior: float | None) -> None:
    """Add an index of refraction where it says something: above 1, and not glTF's own 1.5."""
    if ior is not None and math.isfinite(ior) and ior > 1 and abs(ior - _PLAIN_IOR) > 1e-4:
        _extend(material, "KHR_materials_ior", {"ior": ior})


def _add_specular(material: Json, specular: Colour) -> None:
    top = max(specular)
    if top > 0 and top - min(specular) > _TINT * top:
        tint = [_unit(v / top) for v in specular]
        _extend(material, "KHR_materials_specular", {"specularColorFactor": tint})


def _extend(material: Json, name: str, values: Json) -> None:
    material.setdefault("extensions", {}).setdefault(name, {}).update(values)


def _unit(value: float) -> float:
    return min(1.0, max(0.0, value)) if math.isfinite(value) else 0.0
