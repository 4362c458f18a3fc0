"""Reduce materials to plain colours, for what a visitor sees first.

Textures become their mean colour, of the whole image, or of what a primitive shows of it where that
looks different, as on objects that share an atlas. Physical extensions go: a first draw with
transmission and seven lights took 3.7 s of 4.8 s where plain colours took 1.1 s.
"""

import json
from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np

from ..columns import across
from ..document import Document, Floats, Json, Outcome
from ..pictures import ENCODERS, mean_colour
from ..rewrite import prune
from ..shown_colours import ShownColours, shown_colours
from ..small_pictures import opened_small
from ..steps import NOTHING_REMEMBERED, Step, StepCache
from .merge import EYE, looks
from .textures import image_sources

VERSION: Final = 2
"""Of the mean of an image: raised with every change of it (`branchxr_assets.steps`)."""
_GLASS_ALPHA: Final = 0.25
_NEAR: Final = (0.0, 0.06, 0.08, 0.1, 0.12, 0.15, 0.2)
"""How near colours are that may become one: the smallest that leaves few enough, if any does."""
_APART: Final = 10.0
"""Materials are farther apart than any colours."""
_EXACT: Final = 12
"""Decimals of what is compared before it is rounded."""


@dataclass(frozen=True, slots=True)
class PlainMaterialsOptions:
    """How colours are rounded; materials that become equal are one afterwards.

    Attributes:
        digits: decimals of a material's colour.
        shades: steps, even to the eye, of what a primitive shows; 300 bytes go with each colour.
        difference: what shows less of another colour has its material's.
        own_max: colours that primitives have of their own. Of 300 balls that share an atlas, with
            64 half of the triangles had no room beside them, with 24 a fifth.
    """

    digits: int = 2
    shades: int = 20
    difference: float = 0.06
    own_max: int = 24


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
    materials = changed.listed("materials")
    primitives = changed.primitives()
    users: dict[int, list[int]] = {}
    for place, primitive in enumerate(primitives):
        users.setdefault(primitive.get("material", -1), []).append(place)
    plain: list[Json] = []
    own: list[_Own | None] = [None] * len(primitives)
    with shown_colours(changed, cache) as colours:
        # One material after the other: its images are still at hand when its parts are looked at.
        for number, material in enumerate(materials):
            plain.append(_plain(material, means.of, options.digits))
            for place in users.get(number, ()):
                own[place] = _own(material, primitives[place], means, colours, options)
    kept: dict[str, tuple[int, Json]] = {}
    for made in plain:
        kept.setdefault(repr(made), (len(kept), made))
    for primitive, wanted in zip(primitives, _fewer(own, plain, options.own_max), strict=True):
        primitive.get("extensions", {}).pop("KHR_materials_variants", None)
        if "material" in primitive:
            made = plain[primitive["material"]] if wanted is None else wanted
            primitive["material"] = kept.setdefault(repr(made), (len(kept), made))[0]
    changed.root.get("extensions", {}).pop("KHR_materials_variants", None)
    if plain:
        changed.root["materials"] = [made for _, made in kept.values()]
    return Outcome(prune(changed), {"materials_before": len(plain), "materials_after": len(kept)})


@dataclass(frozen=True, slots=True)
class _Own:
    """What one primitive shows, as a plain material.

    Attributes:
        of: the number of the material that it shows a part of.
        surface: in square metres.
    """

    of: int
    plain: Json
    surface: float


def _own(
    material: Json,
    primitive: Json,
    means: "_Means",
    colours: ShownColours,
    options: PlainMaterialsOptions,
) -> _Own | None:
    """Return a material for one primitive, where what it shows looks different."""
    slots = (_base_slot(material), material.get("emissiveTexture"))
    shown = {id(slot): found for slot in slots if (found := colours.of(primitive, slot))}
    if not shown:
        return None

    def of_part(slot: Any, *, is_colour: bool) -> list[float]:
        found = shown.get(id(slot)) if is_colour else None
        return found.part if found else means.of(slot, is_colour=is_colour)

    def of_whole(slot: Any, *, is_colour: bool) -> list[float]:
        found = shown.get(id(slot)) if is_colour else None
        return found.whole if found else means.of(slot, is_colour=is_colour)

    part, whole = (_plain(material, mean_of, _EXACT) for mean_of in (of_part, of_whole))
    pairs = zip(looks(part), looks(whole), strict=True)
    if all(abs(one - other) <= options.difference for one, other in pairs):
        return None
    surface = max(found.surface for found in shown.values())
    return _Own(primitive["material"], _shaded(part, options), surface)


def _fewer(own: list[_Own | None], plain: list[Json], own_max: int) -> list[Json | None]:
    """Let colours of little surface take a near one of the same material, until they are few."""
    surface: dict[str, float] = {}
    kinds: dict[str, _Own] = {}
    keys = [None if one is None else repr((one.of, one.plain)) for one in own]
    for key, one in zip(keys, own, strict=True):
        if key is not None and one is not None:
            kinds[key] = one
            surface[key] = surface.get(key, 0.0) + one.surface
    order = [kinds[key] for key in sorted(kinds, key=lambda key: (-surface[key], key))]
    colours = np.array([[_APART * one.of, *looks(one.plain)] for one in order])
    heads = _heads(colours, own_max)
    taken: dict[str, Json | None] = {}
    for one, colour in zip(order, colours, strict=True):
        distances = _distances(colours[heads], colour)
        mean = np.array([[_APART * one.of, *looks(plain[one.of])]])
        is_mean_nearer = _distances(mean, colour)[0] < distances.min()
        head = order[heads[int(distances.argmin())]]
        taken[repr((one.of, one.plain))] = None if is_mean_nearer else head.plain
    return [None if key is None else taken[key] for key in keys]


def _heads(colours: Floats, own_max: int) -> list[int]:
    """Return those that stand for the others, the first ones first."""
    heads: list[int] = []
    for near in _NEAR:
        heads = []
        for number, colour in enumerate(colours):
            if not heads or _distances(colours[heads], colour).min() > near:
                heads.append(number)
            if len(heads) > own_max:
                break
        else:
            break
    return heads[:own_max]


def _distances(colours: Floats, colour: Floats) -> Floats:
    return across(np.maximum, np.abs(colours - colour))


def _shaded(material: Json, options: PlainMaterialsOptions) -> Json:
    """Round colours in steps that are even to the eye, so that like primitives share one."""

    def shade(linear: float) -> float:
        step = round(max(linear, 0.0) ** (1 / EYE) * options.shades) / options.shades
        return round(float(step**EYE), options.digits + 1)

    pbr = material["pbrMetallicRoughness"]
    *base, alpha = pbr["baseColorFactor"]
    alpha = round(round(alpha * options.shades) / options.shades, options.digits + 1)
    pbr["baseColorFactor"] = [*(shade(part) for part in base), alpha]
    pbr["roughnessFactor"] = round(pbr["roughnessFactor"], options.digits)
    if "emissiveFactor" in material:
        material["emissiveFactor"] = [shade(part) for part in material["emissiveFactor"]]
    return material


def _plain(material: Json, mean_of: "_MeanOf", digits: int) -> Json:
    base, roughness = _base(material, mean_of)
    emissive = _emissive(material, mean_of)
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


def _base_slot(material: Json) -> Any:
    archived = material.get("extensions", {}).get("KHR_materials_pbrSpecularGlossiness")
    if archived is not None:
        return archived.get("diffuseTexture")
    return material.get("pbrMetallicRoughness", {}).get("baseColorTexture")


def _base(material: Json, mean_of: "_MeanOf") -> tuple[list[float], float]:
    pbr = material.get("pbrMetallicRoughness", {})
    archived = material.get("extensions", {}).get("KHR_materials_pbrSpecularGlossiness")
    if archived is not None:
        factor = archived.get("diffuseFactor", [1, 1, 1, 1])
        roughness = 1.0 - float(archived.get("glossinessFactor", 1.0))
    else:
        factor = pbr.get("baseColorFactor", [1, 1, 1, 1])
        roughness = float(pbr.get("roughnessFactor", 1.0))
    mean = mean_of(_base_slot(material), is_colour=True)
    surface = mean_of(pbr.get("metallicRoughnessTexture"), is_colour=False)
    base = [float(a) * b for a, b in zip(factor, mean, strict=True)]
    return base, roughness * surface[1]


def _emissive(material: Json, mean_of: "_MeanOf") -> list[float]:
    strength = material.get("extensions", {}).get("KHR_materials_emissive_strength", {})
    factor = float(strength.get("emissiveStrength", 1.0))
    mean = mean_of(material.get("emissiveTexture"), is_colour=True)
    colour = material.get("emissiveFactor", [0, 0, 0])
    return [float(a) * b * factor for a, b in zip(colour, mean[:3], strict=True)]


class _MeanOf(Protocol):
    """Where mean linear RGBA of a texture slot comes from."""

    def __call__(self, slot: Any, *, is_colour: bool) -> list[float]: ...


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
            image = opened_small(raw, self._cache)
            found = None if image is None else mean_colour(image, is_colour=is_colour)
            return json.dumps([1.0] * 4 if found is None else [float(v) for v in found]).encode()

        inputs = (self._cache.digest(raw),) if self._cache.is_on else ()
        step = Step("mean_colour", VERSION, {"is_colour": is_colour}, inputs, ENCODERS)
        found: list[float] = json.loads(self._cache.remember(step, make))
        return found
