"""From a UsdPreviewSurface to glTF's metallic-roughness material.

| UsdPreviewSurface 2.6 | glTF 2.0 |
|---|---|
| diffuseColor, opacity | baseColorFactor, baseColorTexture; opacity goes into its alpha |
| opacityThreshold above 0 / opacity below 1 | alphaMode MASK with alphaCutoff / BLEND |
| metallic, roughness | metallicFactor, roughnessFactor, metallicRoughnessTexture (B, G) |
| useSpecularWorkflow, specularColor | KHR_materials_specular: specularColorFactor = F0 / 0.04 |
| normal | normalTexture; `scale` of its texture becomes the strength |
| occlusion | occlusionTexture (R) |
| emissiveColor | emissiveFactor, emissiveTexture, KHR_materials_emissive_strength above 1 |
| clearcoat, clearcoatRoughness | KHR_materials_clearcoat |
| ior other than 1.5 | KHR_materials_ior |
| displacement | nothing, with a warning |
| UsdTransform2d | KHR_texture_transform; V counts downwards in glTF |
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from ...document import Json
from ..assembly import Assembly
from .shaders import FromMesh, Surface, Texture
from .textures import Recipe, Textures, plain_channel
from .values import Warn

_DIELECTRIC_F0: Final = 0.04
"""Of an index of refraction of 1.5: glTF 2.0, appendix B.3.2."""
_GREY: Final = (0.18, 0.18, 0.18)
_IDENTITY: Final = (1.0, 1.0, 1.0)


@dataclass(slots=True)
class Materials:
    """Make materials, each once for every way meshes number its texture coordinates."""

    scene: Assembly
    textures: Textures
    warn: Warn
    _known: dict[Any, int] = field(default_factory=dict)

    @property
    def paths(self) -> set[str]:
        """Of the materials that were made."""
        return {key for key, *_ in self._known}

    def of(
        self,
        key: str,
        surface: Surface | None,
        *,
        name: str,
        sets: Mapping[str, int],
        is_double_sided: bool,
        extras: Json | None = None,
        colour: tuple[float, ...] | None = None,
    ) -> int:
        """Return a material's number.

        Args:
            key: the material's path.
            surface: what it is; grey without one.
            name: for people.
            sets: number of each texture coordinate set by its name, on the mesh that asks.
            is_double_sided: of the mesh: glTF says it of materials.
            extras: custom properties.
            colour: `displayColor` and opacity of a mesh without a material.
        """
        used = () if surface is None else surface.uvs
        numbers = tuple(sets.get(uv, 0) for uv in used)
        whole = (key, numbers, is_double_sided, colour)
        if whole not in self._known:
            made = _Making(self.textures, self.warn, key, dict(zip(used, numbers, strict=True)))
            item: Json = {"name": name} | (
                made.grey(colour) if surface is None else made.made(surface)
            )
            if is_double_sided:
                item["doubleSided"] = True
            if extras:
                item["extras"] = extras
            self._known[whole] = self.scene.material(item)
        return self._known[whole]


@dataclass(slots=True)
class _Making:
    textures: Textures
    warn: Warn
    place: str
    sets: Mapping[str, int]

    def grey(self, colour: tuple[float, ...] | None) -> Json:
        factor = [*(colour or _GREY)]
        factor += [1.0] * (4 - len(factor))
        item: Json = {
            "pbrMetallicRoughness": {
                "baseColorFactor": [min(max(v, 0.0), 1.0) for v in factor],
                "metallicFactor": 0.0,
                "roughnessFactor": 0.5,
            }
        }
        return item | ({"alphaMode": "BLEND"} if factor[3] < 1 else {})

    def made(self, surface: Surface) -> Json:
        pbr = self._base(surface) | self._metallic_roughness(surface)
        item: Json = {"pbrMetallicRoughness": pbr} | self._alpha(surface)
        item |= self._normal(surface) | self._occlusion(surface)
        extensions: Json = {}
        item |= self._emission(surface, extensions)
        self._clearcoat(surface, extensions)
        self._specular(surface, extensions)
        ior = surface.number("ior")
        if abs(ior - 1.5) > 1e-6 and (ior >= 1 or ior == 0):
            extensions["KHR_materials_ior"] = {"ior": ior}
        return item | ({"extensions": extensions} if extensions else {})

    def _colour(self, surface: Surface, name: str) -> tuple[tuple[float, ...], Texture | None]:
        """Return a colour's factor, and its picture if it has one."""
        value = surface.inputs[name]
        if isinstance(value, Texture):
            is_plain = not any(value.bias[:3]) and min(value.scale[:3]) >= 0
            return (value.scale[:3] if is_plain else _IDENTITY), value
        if isinstance(value, FromMesh):
            if value.primvar != "displayColor":
                message = f"{name} reads the primvar {value.primvar!r}; white stands in for it"
                self.warn("usd_primvar_reader", self.place, message)
            return _IDENTITY, None
        return (value if isinstance(value, tuple) else (value,) * 3), None

    def _base(self, surface: Surface) -> Json:
        factor, picture = self._colour(surface, "diffuseColor")
        opacity = surface.texture("opacity")
        alpha = 1.0 if opacity is not None else min(max(surface.number("opacity"), 0.0), 1.0)
        factor = tuple(min(max(v, 0.0), 1.0) for v in factor)
        made: Json = {}
        slot = None
        if opacity is not None:
            is_shared = picture is not None and (
                opacity.channels == "a"
                and (opacity.stated, opacity.packed) == (picture.stated, picture.packed)
                and plain_channel(opacity)
            )
            recipe = Recipe(colour=picture, alpha=None if is_shared else opacity)
            slot = self._slot(recipe, picture or opacity)
        elif picture is not None:
            slot = self._slot(Recipe(colour=picture), picture)
        if slot is not None:
            made["baseColorTexture"] = slot
        elif picture is not None:
            factor = tuple(min(max(v, 0.0), 1.0) for v in picture.fallback[:3])
        return made | {"baseColorFactor": [*map(float, factor), alpha]}

    def _alpha(self, surface: Surface) -> Json:
        threshold = surface.number("opacityThreshold")
        if threshold > 0:
            return {"alphaMode": "MASK", "alphaCutoff": threshold}
        is_solid = surface.texture("opacity") is None and surface.number("opacity") >= 1
        return {} if is_solid else {"alphaMode": "BLEND"}

    def _metallic_roughness(self, surface: Surface) -> Json:
        rough, metal = surface.texture("roughness"), surface.texture("metallic")
        is_specular = surface.number("useSpecularWorkflow") != 0
        if is_specular:
            metal = None
        made: Json = {
            "metallicFactor": 0.0 if is_specular else _unit(surface.number("metallic")),
            "roughnessFactor": _unit(surface.number("roughness")),
        }
        if rough is None and metal is None:
            return made
        slot = self._slot(Recipe(green=rough, blue=metal), rough or metal)
        if slot is None:
            return made
        made["metallicRoughnessTexture"] = slot
        if rough is not None:
            made["roughnessFactor"] = 1.0
        if metal is not None:
            made["metallicFactor"] = 1.0
        return made

    def _normal(self, surface: Surface) -> Json:
        picture = surface.texture("normal")
        if picture is None:
            return {}
        slot = self._slot(Recipe(normal=picture), picture)
        if slot is None:
            return {}
        strength = abs(picture.scale[0]) / 2 if any(picture.bias) else 1.0
        return {"normalTexture": slot | ({"scale": strength} if abs(strength - 1) > 1e-6 else {})}

    def _occlusion(self, surface: Surface) -> Json:
        picture = surface.texture("occlusion")
        if picture is None:
            return {}
        slot = self._slot(Recipe(red=picture), picture)
        return {} if slot is None else {"occlusionTexture": slot}

    def _emission(self, surface: Surface, extensions: Json) -> Json:
        factor, picture = self._colour(surface, "emissiveColor")
        made: Json = {}
        if picture is not None:
            slot = self._slot(Recipe(colour=picture), picture)
            if slot is None:
                return {}
            made["emissiveTexture"] = slot
        strength = max(*factor, 1.0)
        if strength > 1:
            extensions["KHR_materials_emissive_strength"] = {"emissiveStrength": strength}
        scaled = [max(float(v), 0.0) / strength for v in factor]
        return made | ({"emissiveFactor": scaled} if any(scaled) else {})

    def _clearcoat(self, surface: Surface, extensions: Json) -> None:
        amount, rough = surface.texture("clearcoat"), surface.texture("clearcoatRoughness")
        factor = _unit(surface.number("clearcoat"))
        if amount is None and factor == 0:
            return
        made: Json = {
            "clearcoatFactor": factor,
            "clearcoatRoughnessFactor": _unit(surface.number("clearcoatRoughness")),
        }
        if amount is not None:
            slot = self._slot(Recipe(red=amount), amount)
            made |= {"clearcoatFactor": 1.0} | ({} if slot is None else {"clearcoatTexture": slot})
        if rough is not None and (slot := self._slot(Recipe(green=rough), rough)) is not None:
            made |= {"clearcoatRoughnessFactor": 1.0, "clearcoatRoughnessTexture": slot}
        extensions["KHR_materials_clearcoat"] = made

    def _specular(self, surface: Surface, extensions: Json) -> None:
        if surface.number("useSpecularWorkflow") == 0:
            return
        factor, picture = self._colour(surface, "specularColor")
        scaled = [max(float(v), 0.0) / _DIELECTRIC_F0 for v in factor]
        made: Json = {"specularColorFactor": scaled}
        if picture is not None and (slot := self._slot(Recipe(colour=picture), picture)):
            made["specularColorTexture"] = slot
        extensions["KHR_materials_specular"] = made

    def _slot(self, recipe: Recipe, lead: Texture | None) -> Json | None:
        """Make the texture slot of a recipe; `lead` says how it is laid on the mesh."""
        if lead is None:
            return None
        index = self.textures.index(recipe, lead, place=f"material {self.place}")
        if index is None:
            return None
        number = self.sets.get(lead.uv, 0)
        slot: Json = {"index": index} | ({"texCoord": number} if number else {})
        transform = _transform(lead)
        return slot | ({"extensions": {"KHR_texture_transform": transform}} if transform else {})


def _unit(value: float) -> float:
    return min(max(value, 0.0), 1.0)


def _transform(picture: Texture) -> Json:
    """Turn a UsdTransform2d (scale, rotate, move; V upwards) into KHR_texture_transform."""
    if picture.transform is None:
        return {}
    (x, y), degrees, (across, up) = picture.transform
    turn = math.radians(degrees)
    offset = [x - up * math.sin(turn), 1 - y - up * math.cos(turn)]
    made: Json = {}
    if any(abs(v) > 1e-9 for v in offset):
        made["offset"] = offset
    if turn:
        made["rotation"] = turn
    if (across, up) != (1.0, 1.0):
        made["scale"] = [across, up]
    return made
