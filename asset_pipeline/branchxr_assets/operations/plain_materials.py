"""Reduce materials to plain colours, for what a visitor sees first.

Textures become their mean colour, physical extensions go: a first draw with transmission and
seven lights took 3.7 s of 4.8 s where plain colours took 1.1 s.
"""

import json
from dataclasses import dataclass
from typing import Any, Final

from ..document import Document, Json, Outcome
from ..pictures import ENCODERS, mean_colour
from ..rewrite import prune
from ..small_pictures import small
from ..steps import NOTHING_REMEMBERED, Step, StepCache
from .textures import image_sources

VERSION: Final = 2
"""Of the mean of an image: raised with every change of it (`branchxr_assets.steps`)."""
_GLASS_ALPHA: Final = 0.25


@dataclass(frozen=True, slots=True)
class PlainMaterialsOptions:
    """`digits`: decimals of colours; materials that become equal are one afterwards."""

    digits: int = 2


DEFAULTS: Final = PlainMaterialsOptions()


def plain_materials(
    document: Document,
    options: PlainMaterialsOptions = DEFAULTS,
    *,
    cache: StepCache = NOTHING_REMEMBERED,
) -> Outcome:
    """Make every material a plain colour, and equal ones one."""
    changed = document.copy()
    means = _Means(changed, cache)
    plain = [_plain(m, means, options.digits) for m in changed.listed("materials")]
    first: dict[str, int] = {}
    numbers = [first.setdefault(repr(material), len(first)) for material in plain]
    for primitive in changed.primitives():
        primitive.get("extensions", {}).pop("KHR_materials_variants", None)
        if "material" in primitive:
            primitive["material"] = numbers[primitive["material"]]
    changed.root.get("extensions", {}).pop("KHR_materials_variants", None)
    if plain:
        kept = dict(zip(numbers, plain, strict=True))
        changed.root["materials"] = [kept[number] for number in range(len(first))]
    return Outcome(prune(changed), {"materials_before": len(plain), "materials_after": len(first)})


def _plain(material: Json, means: "_Means", digits: int) -> Json:
    base, roughness = _base(material, means)
    emissive = _emissive(material, means)
    extensions = material.get("extensions", {})
    plain: Json = {
        "pbrMetallicRoughness": {
            "baseColorFactor": base,
            # A metal without surroundings to mirror is black; a plain colour is nearer to it.
            "metallicFactor": 0,
            "roughnessFactor": round(roughness, digits),
        }
    }
    if any(round(part, digits) for part in emissive):
        plain["emissiveFactor"] = [round(min(part, 1.0), digits) for part in emissive]
    if "KHR_materials_unlit" in extensions:
        plain["extensions"] = {"KHR_materials_unlit": {}}
    if extensions.get("KHR_materials_transmission", {}).get("transmissionFactor", 0) > 0.5:
        base[3] = _GLASS_ALPHA
        plain["alphaMode"] = "BLEND"
    elif material.get("alphaMode") == "BLEND":
        plain["alphaMode"] = "BLEND"
    else:
        base[3] = 1.0
    if material.get("doubleSided"):
        plain["doubleSided"] = True
    base[:] = [round(min(max(part, 0.0), 1.0), digits) for part in base]
    return plain


def _base(material: Json, means: "_Means") -> tuple[list[float], float]:
    pbr = material.get("pbrMetallicRoughness", {})
    archived = material.get("extensions", {}).get("KHR_materials_pbrSpecularGlossiness")
    if archived is not None:
        factor = archived.get("diffuseFactor", [1, 1, 1, 1])
        slot = archived.get("diffuseTexture")
        roughness = 1.0 - float(archived.get("glossinessFactor", 1.0))
    else:
        factor = pbr.get("baseColorFactor", [1, 1, 1, 1])
        slot = pbr.get("baseColorTexture")
        roughness = float(pbr.get("roughnessFactor", 1.0))
    mean = means.of(slot, is_colour=True)
    surface = means.of(pbr.get("metallicRoughnessTexture"), is_colour=False)
    base = [float(a) * b for a, b in zip(factor, mean, strict=True)]
    return base, roughness * surface[1]


def _emissive(material: Json, means: "_Means") -> list[float]:
    strength = material.get("extensions", {}).get("KHR_materials_emissive_strength", {})
    factor = float(strength.get("emissiveStrength", 1.0))
    mean = means.of(material.get("emissiveTexture"), is_colour=True)
    colour = material.get("emissiveFactor", [0, 0, 0])
    return [float(a) * b * factor for a, b in zip(colour, mean[:3], strict=True)]


class _Means:
    """Mean colours of a document's images, each decoded once, or remembered."""

    def __init__(self, document: Document, cache: StepCache) -> None:
        self._document = document
        self._cache = cache
        self._found: dict[tuple[int, bool], list[float]] = {}

    def of(self, slot: Any, *, is_colour: bool) -> list[float]:
        """Return the mean linear RGBA of a texture slot; white where there is none to read."""
        if not isinstance(slot, dict) or "index" not in slot:
            return [1.0] * 4
        texture = self._document.listed("textures")[slot["index"]]
        for source in image_sources(texture):
            key = (source, is_colour)
            if key not in self._found:
                self._found[key] = self._mean(self._document.images[source], is_colour=is_colour)
            return self._found[key]
        return [1.0] * 4

    def _mean(self, raw: bytes, *, is_colour: bool) -> list[float]:
        def make() -> bytes:
            try:
                image = small(raw, self._cache)
            except MemoryError:
                image = None
            found = None if image is None else mean_colour(image, is_colour=is_colour)
            return json.dumps([1.0] * 4 if found is None else [float(v) for v in found]).encode()

        inputs = (self._cache.digest(raw),) if self._cache.is_on else ()
        step = Step("mean_colour", VERSION, {"is_colour": is_colour}, inputs, ENCODERS)
        found: list[float] = json.loads(self._cache.remember(step, make))
        return found
