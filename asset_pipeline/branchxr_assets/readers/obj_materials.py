"""Turn MTL materials into glTF's."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from ..document import Json
from ..warnings import SceneWarning
from .assembly import Assembly
from .mtl import MapStatement, MtlMaterial
from .packing import alpha_mode, is_normal_map, metal_rough, normals_of_heights, with_alpha
from .pictures import Picture, Pictures
from .shading import Colour, Gloss, Phong, add_emission, add_ior, to_pbr

_PBR: Final = ("pr", "pm", "ps", "pc")
_PBR_MAPS: Final = ("map_pr", "map_pm", "map_ps")
_CLAMP: Final = 33071
_UNUSED: Final = {
    "map_ka": "the ambient map",
    "map_ks": "the map of the specular colour",
    "map_ps": "the sheen map",
    "refl": "the reflection map",
    "disp": "the displacement map",
    "decal": "the decal map",
    "map_aat": "antialiasing of textures",
}
_KNOWN: Final = frozenset(
    {
        *("map_kd", "map_d", "map_ns", "map_pr", "map_pm", "map_ke", "map_bump", "bump"),
        *("norm", "map_norm", "map_rma", "map_orm", "map_tr", "map_kn"),
    }
)


@dataclass(slots=True)
class MaterialMaker:
    """Makes each material once, with its textures.

    Attributes:
        gloss: how the file's author computes `Ns`.
        is_blender: `Tf` then says how much light goes through; others write it for all materials.
    """

    assembly: Assembly
    pictures: Pictures
    gloss: Gloss
    is_blender: bool
    warnings: list[SceneWarning] = field(default_factory=list)

    def make(self, source: MtlMaterial) -> int:
        """Add a material to the assembly; return its number."""
        place = f"material {source.name!r}"
        self._warn_unused(source, place)
        is_pbr = any(key in source.values for key in _PBR) or any(
            key in source.maps for key in _PBR_MAPS
        )
        material = self._pbr(source, place) if is_pbr else self._phong(source, place)
        self._base(material, source, place)
        self._surface(material, source, place)
        self._emission(material, source, place)
        self._bumps(material, source, place)
        return self.assembly.material({"name": source.name} | material)

    def _phong(self, source: MtlMaterial, place: str) -> Json:
        values = source.values
        model = int(values.get("illum", (2.0,))[0])
        has_highlight = model >= 2 and "ks" in values
        return to_pbr(
            Phong(
                diffuse=self._diffuse(source),
                specular=_colour(values, "ks") if has_highlight else None,
                exponent=values.get("ns", (None,))[0],
                gloss=self.gloss,
                opacity=self._opacity(source, place),
                ior=values.get("ni", (None,))[0],
            )
        )

    def _pbr(self, source: MtlMaterial, place: str) -> Json:
        values = source.values
        rough = values.get("pr", (1.0 if "map_pr" in source.maps else 0.5,))[0]
        metal = values.get("pm", (1.0 if "map_pm" in source.maps else 0.0,))[0]
        opacity = self._opacity(source, place)
        material: Json = {
            "pbrMetallicRoughness": {
                "baseColorFactor": [*map(_unit, self._diffuse(source)), opacity],
                "metallicFactor": _unit(metal),
                "roughnessFactor": _unit(rough),
            }
        }
        if opacity < 1:
            material["alphaMode"] = "BLEND"
        add_ior(material, values.get("ni", (None,))[0])
        _add_layers(material, values)
        if self.is_blender:
            _add_blender(material, values)
        return material

    def _diffuse(self, source: MtlMaterial) -> Colour:
        """Return Kd; a texture is multiplied by it, but black hides none: exporters leave it so."""
        has_map = "map_kd" in source.maps
        colour = _colour(source.values, "kd", (1.0, 1.0, 1.0) if has_map else (0.8, 0.8, 0.8))
        return (1.0, 1.0, 1.0) if has_map and max(colour) <= 0 else colour

    def _opacity(self, source: MtlMaterial, place: str) -> float:
        if "d" in source.values:
            return _unit(source.values["d"][0])
        if "tr" not in source.values:
            return 1.0
        clear = _unit(source.values["tr"][0])
        if clear < 1:
            return 1 - clear
        message = "Tr 1 means wholly clear, but MeshLab writes it for opaque; it is taken as opaque"
        self.warnings.append(SceneWarning("material_guessed", place, message))
        return 1.0

    def _base(self, material: Json, source: MtlMaterial, place: str) -> None:
        base = self._picture(source, "map_kd", place)
        opacity = self._picture(source, "map_d", place)
        statement = source.maps.get("map_kd") or source.maps.get("map_d")
        if base is None and opacity is None:
            return
        made = base
        if opacity is not None and (base is None or opacity.raw != base.raw):
            made = with_alpha(base, opacity)
        if made is None:
            return
        pbr = material["pbrMetallicRoughness"]
        pbr["baseColorTexture"] = self._slot(made, statement)
        mode = alpha_mode(made)
        if mode != "OPAQUE" and material.get("alphaMode") != "BLEND":
            material["alphaMode"] = mode

    def _surface(self, material: Json, source: MtlMaterial, place: str) -> None:
        rough = self._picture(source, "map_pr", place)
        gloss = self._picture(source, "map_ns", place) if rough is None else None
        metal = self._picture(source, "map_pm", place)
        packed = metal_rough(rough or gloss, metal, is_gloss=rough is None and gloss is not None)
        if packed is None:
            return
        key = next(k for k in ("map_pr", "map_ns", "map_pm") if k in source.maps)
        pbr = material["pbrMetallicRoughness"]
        pbr["metallicRoughnessTexture"] = self._slot(packed, source.maps[key])
        if rough is not None or gloss is not None:
            pbr["roughnessFactor"] = 1.0
        if metal is not None:
            pbr["metallicFactor"] = 1.0

    def _emission(self, material: Json, source: MtlMaterial, place: str) -> None:
        picture = self._picture(source, "map_ke", place)
        plain = (1.0, 1.0, 1.0) if picture is not None else (0.0, 0.0, 0.0)
        colour = _colour(source.values, "ke", plain)
        if picture is not None:
            material["emissiveTexture"] = self._slot(picture, source.maps["map_ke"])
            colour = plain if max(colour) <= 0 else colour
        add_emission(material, colour)

    def _bumps(self, material: Json, source: MtlMaterial, place: str) -> None:
        found = (k for k in ("norm", "map_norm", "map_kn") if k in source.maps)
        key: str | None = next(found, None)
        is_normal = key is not None
        if key is None:
            key = next((k for k in ("map_bump", "bump") if k in source.maps), None)
        if key is None or (picture := self._picture(source, key, place)) is None:
            return
        strength = _first(source.maps[key].options.get("-bm", ()), 1.0)
        if is_normal or is_normal_map(picture):
            slot = self._slot(picture, source.maps[key])
            material["normalTexture"] = slot | ({} if strength == 1 else {"scale": strength})
            return
        made = normals_of_heights(picture, strength=strength)
        if made is not None:
            material["normalTexture"] = self._slot(made, source.maps[key])
            message = f"its bump map {picture.name!r} was turned into a normal map; check its depth"
            self.warnings.append(SceneWarning("bump_converted", place, message))

    def _picture(self, source: MtlMaterial, key: str, place: str) -> Picture | None:
        statement = source.maps.get(key)
        return None if statement is None else self.pictures.find(statement.path, place=place)

    def _slot(self, picture: Picture, statement: MapStatement | None) -> Json:
        options = {} if statement is None else statement.options
        is_clamped = options.get("-clamp", ("off",))[0].lower() == "on"
        sampler = {"wrapS": _CLAMP, "wrapT": _CLAMP} if is_clamped else None
        slot: Json = {"index": self.assembly.texture(picture, sampler=sampler)}
        su, sv = _pair(options.get("-s", ()), 1.0)
        ou, ov = _pair(options.get("-o", ()), 0.0)
        if (su, sv, ou, ov) != (1, 1, 0, 0):
            # MTL's v runs up and glTF's down: v' = 1 - (sv (1 - v) + ov).
            transform = {"scale": [su, sv], "offset": [ou, 1 - sv - ov]}
            slot["extensions"] = {"KHR_texture_transform": transform}
        return slot

    def _warn_unused(self, source: MtlMaterial, place: str) -> None:
        for key, statement in source.maps.items():
            what = next((text for start, text in _UNUSED.items() if key.startswith(start)), None)
            if what is None and key not in _KNOWN:
                what = f"{key}"
            if key in {"map_rma", "map_orm", "map_tr"}:
                what = f"{key}, which is in no standard,"
            if what is not None:
                message = f"{what} ({statement.path[:120]!r}) has no place in glTF; it is left out"
                self.warnings.append(SceneWarning("texture_lost", place, message))
            if "-imfchan" in statement.options:
                message = f"{key} asks for one channel of its picture; its brightness is used"
                self.warnings.append(SceneWarning("texture_channel", place, message))
        for key in source.spectral:
            message = f"{key} is given as a spectrum or XYZ; only RGB is read"
            self.warnings.append(SceneWarning("colour_lost", place, message))


def _add_layers(material: Json, values: Mapping[str, tuple[float, ...]]) -> None:
    extensions: Json = {}
    if (sheen := _unit(_first(values.get("ps", ()), 0.0))) > 0:
        colour = {"sheenColorFactor": [sheen] * 3, "sheenRoughnessFactor": 0.5}
        extensions["KHR_materials_sheen"] = colour
    if (coat := _unit(_first(values.get("pc", ()), 0.0))) > 0:
        rough = _unit(_first(values.get("pcr", ()), 0.0))
        layer = {"clearcoatFactor": coat, "clearcoatRoughnessFactor": rough}
        extensions["KHR_materials_clearcoat"] = layer
    if (strength := _unit(_first(values.get("aniso", ()), 0.0))) > 0:
        turn = _first(values.get("anisor", ()), 0.0) * 2 * math.pi
        stretch = {"anisotropyStrength": strength, "anisotropyRotation": turn}
        extensions["KHR_materials_anisotropy"] = stretch
    if extensions:
        material.setdefault("extensions", {}).update(extensions)


def _add_blender(material: Json, values: Mapping[str, tuple[float, ...]]) -> None:
    """Blender writes its specular level as `Ks` (0.5 is plain) and transmission as `Tf`."""
    extensions: Json = {}
    level = max(_colour(values, "ks", (0.5, 0.5, 0.5)))
    if abs(level - 0.5) > 1e-3:
        extensions["KHR_materials_specular"] = {"specularColorFactor": [2 * max(0.0, level)] * 3}
    if (through := _unit(max(_colour(values, "tf", (0.0, 0.0, 0.0))))) > 0:
        extensions["KHR_materials_transmission"] = {"transmissionFactor": through}
    if extensions:
        material.setdefault("extensions", {}).update(extensions)


def _colour(
    values: Mapping[str, tuple[float, ...]], key: str, plain: Colour = (0.0, 0.0, 0.0)
) -> Colour:
    """Return a colour; one number stands for all three (Kd 0.5)."""
    found = values.get(key, plain)
    first, *others = found
    return (first, others[0], others[1]) if len(others) >= 2 else (first, first, first)


def _pair(words: tuple[str, ...], plain: float) -> tuple[float, float]:
    return _first(words, plain), _first(words[1:], plain)


def _first(values: tuple[float, ...] | tuple[str, ...], plain: float) -> float:
    try:
        return float(values[0]) if values else plain
    except ValueError:
        return plain


def _unit(value: float) -> float:
    return min(1.0, max(0.0, value))
