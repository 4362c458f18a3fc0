"""FBX materials into glTF's: Phong and Lambert by `readers.shading`, physical ones by `TABLE`."""

import math
from dataclasses import dataclass, field
from typing import Any, Final

import ufbx

from ...document import Json
from ...pictures import mean_colour, opened
from ..pictures import Picture
from ..shading import Colour, Gloss, Phong, add_emission, add_ior, to_pbr
from .properties import extras_of
from .reading import Reading
from .textures import Textures, alpha_mode, is_same

TABLE: Final = (
    ("base colour x base weight", "`baseColorFactor`", "all"),
    ("metalness, roughness (or 1 - glossiness)", "`metallicFactor`, `roughnessFactor`", "all"),
    ("specular weight, colour", "`KHR_materials_specular`", "Standard Surface, sections 2.3 and 3"),
    ("specular IOR", "`KHR_materials_ior`", "all"),
    ("specular anisotropy, rotation", "`KHR_materials_anisotropy`", "1 turn is 2 pi"),
    ("transmission weight", "`KHR_materials_transmission`", "its colour tints the base colour"),
    ("coat weight, roughness, normal", "`KHR_materials_clearcoat`", "its colour is lost"),
    ("sheen weight x colour, roughness", "`KHR_materials_sheen`", ""),
    ("thin film thickness (nm), IOR", "`KHR_materials_iridescence`", ""),
    ("emission weight x colour", "`emissiveFactor`, `KHR_materials_emissive_strength`", ""),
    ("opacity", "`baseColorFactor[3]`, `alphaMode`", "cut out where nearly all is 0 or 1"),
    ("normal map", "`normalTexture`", "a bump map that holds heights is lost"),
    ("ambient occlusion map", "`occlusionTexture`", "red channel"),
    ("subsurface, displacement, dispersion", "lost, with a warning", "glTF core has none"),
)
"""Arnold and Autodesk Standard Surface, 3ds Max Physical Material, OpenPBR, glTF material, Stingray
and Blender's Principled as ufbx names their parts: what becomes of each. Sources: Autodesk Standard
Surface 1.0.1; OpenPBR 1.1; 3ds Max help, 'Physical Material'; the KHR_materials_* texts."""
_PHYSICAL: Final = {
    *(ufbx.ShaderType.OSL_STANDARD_SURFACE, ufbx.ShaderType.ARNOLD_STANDARD_SURFACE),
    *(ufbx.ShaderType.E3DS_MAX_PHYSICAL_MATERIAL, ufbx.ShaderType.E3DS_MAX_PBR_METAL_ROUGH),
    *(ufbx.ShaderType.E3DS_MAX_PBR_SPEC_GLOSS, ufbx.ShaderType.GLTF_MATERIAL),
    *(ufbx.ShaderType.OPENPBR_MATERIAL, ufbx.ShaderType.SHADERFX_GRAPH),
    ufbx.ShaderType.BLENDER_PHONG,
}
_LOST: Final = {
    "subsurface_factor": "subsurface scattering",
    "displacement_map": "displacement",
    "transmission_scatter": "scattering inside",
}
_WHITE: Final[Colour] = (1.0, 1.0, 1.0)
_NORMAL_BLUE: Final = 0.7
"""A normal map is blue on the whole; a height map is grey."""


def read_material(reading: Reading, textures: Textures, material: Any) -> int:
    """Add a material; return its number."""
    maker = _Maker(reading, textures, material)
    item = maker.physical() if ufbx.ShaderType(material.shader_type) in _PHYSICAL else maker.phong()
    maker.say_unused()
    item["name"] = str(material.name)
    item["doubleSided"] = True  # FBX draws both sides unless a model asks for culling
    extras = extras_of(reading, material, f"material {str(material.name)!r}")
    if extras:
        item["extras"] = extras
    return reading.assembly.material(item)


@dataclass(slots=True)
class _Maker:
    reading: Reading
    textures: Textures
    material: Any
    item: Json = field(default_factory=dict)

    @property
    def place(self) -> str:
        return f"material {str(self.material.name)!r}"

    def phong(self) -> Json:
        """Turn Phong and Lambert parameters into glTF's."""
        maps = self.material.fbx
        diffuse = self._colour(maps.diffuse_color, maps.diffuse_factor)
        is_lambert = ufbx.ShaderType(self.material.shader_type) is ufbx.ShaderType.FBX_LAMBERT
        specular = self._colour(maps.specular_color, maps.specular_factor)
        exponent = float(maps.specular_exponent.value_vec4.x)
        self.item = to_pbr(
            Phong(
                diffuse=diffuse,
                specular=None if is_lambert or not maps.specular_color.has_value else specular,
                exponent=exponent if maps.specular_exponent.has_value else None,
                gloss=Gloss.BLENDER_FBX if self.reading.is_blender else Gloss.PHONG,
                emissive=self._colour(maps.emission_color, maps.emission_factor),
                opacity=self._phong_opacity(maps),
            )
        )
        self._base(maps.diffuse_color, maps.transparency_factor, maps.transparency_color)
        self._emissive(maps.emission_color)
        self._normal(maps.normal_map, maps.bump)
        return self.item

    def _phong_opacity(self, maps: Any) -> float:
        """Return 1 - transparency, as FBX's SDK has it: colour x factor, a texture aside."""
        if self._texture(maps.transparency_color) or self._texture(maps.transparency_factor):
            return 1.0
        if not maps.transparency_color.has_value:
            return 1.0
        colour = self._colour(maps.transparency_color, maps.transparency_factor)
        return min(max(1 - sum(colour) / 3, 0.0), 1.0)

    def physical(self) -> Json:
        """Turn the parameters of a physical material into glTF's, by `TABLE`."""
        maps, features = self.material.pbr, self.material.features
        base = self._colour(maps.base_color, maps.base_factor)
        transmission = self._number(maps.transmission_factor, 0.0)
        is_glossy = maps.glossiness.has_value and not maps.roughness.has_value
        rough = (
            1 - self._number(maps.glossiness, 0.5)
            if is_glossy
            else self._number(maps.roughness, 0.5)
        )
        if transmission > 0:
            tint = self._colour(maps.transmission_color, None)
            base = _mixed(base, tint, transmission)
        self.item = {
            "pbrMetallicRoughness": {
                "baseColorFactor": [*(_unit(v) for v in base), self._opacity(maps.opacity)],
                "metallicFactor": _unit(self._number(maps.metalness, 0.0)),
                "roughnessFactor": _unit(rough),
            }
        }
        self._base(maps.base_color, maps.opacity, None)
        self._metal_rough(maps, is_glossy=is_glossy)
        emission = self._colour(maps.emission_color, maps.emission_factor)
        add_emission(self.item, emission)
        self._emissive(maps.emission_color)
        self._normal(maps.normal_map, None)
        self._occlusion(maps.ambient_occlusion)
        add_ior(self.item, self._number(maps.specular_ior, 1.5))
        self._layers(maps, transmission)
        if features.unlit.enabled:
            self._extend("KHR_materials_unlit", {})
        self._say_losses(maps)
        return self.item

    def _layers(self, maps: Any, transmission: float) -> None:
        specular = self._number(maps.specular_factor, 1.0)
        tint = self._colour(maps.specular_color, None) if maps.specular_color.has_value else _WHITE
        if not self.reading.is_blender and (abs(specular - 1) > 1e-3 or min(tint) < 0.999):
            values = {"specularFactor": _unit(specular), "specularColorFactor": list(tint)}
            self._extend("KHR_materials_specular", values)
        anisotropy = self._number(maps.specular_anisotropy, 0.0)
        if self._is_anisotropic(anisotropy):
            turn = 2 * math.pi * self._number(maps.specular_rotation, 0.0)
            values = {"anisotropyStrength": _unit(anisotropy), "anisotropyRotation": turn}
            self._extend("KHR_materials_anisotropy", values)
        if transmission > 0:
            self._extend("KHR_materials_transmission", {"transmissionFactor": _unit(transmission)})
        coat = self._number(maps.coat_factor, 0.0)
        if coat > 0:
            self._coat(maps, coat)
        sheen = self._colour(maps.sheen_color, maps.sheen_factor)
        if self._number(maps.sheen_factor, 0.0) > 0 and max(sheen) > 0:
            roughness = _unit(self._number(maps.sheen_roughness, 0.3))
            values = {
                "sheenColorFactor": [_unit(v) for v in sheen],
                "sheenRoughnessFactor": roughness,
            }
            self._extend("KHR_materials_sheen", values)
        thickness = self._number(maps.thin_film_thickness, 0.0)
        if thickness > 0:
            self._extend(
                "KHR_materials_iridescence",
                {
                    "iridescenceFactor": 1.0,
                    "iridescenceIor": max(1.0, self._number(maps.thin_film_ior, 1.5)),
                    "iridescenceThicknessMaximum": thickness,
                },
            )

    @property
    def _is_max(self) -> bool:
        kind = ufbx.ShaderType(self.material.shader_type)
        return kind is ufbx.ShaderType.E3DS_MAX_PHYSICAL_MATERIAL

    def _is_anisotropic(self, value: float) -> bool:
        """Tell whether highlights are drawn out; 3ds Max's Physical Material has 1 for round."""
        return value > 1e-3 and not self._is_max

    def _coat(self, maps: Any, coat: float) -> None:
        values: Json = {"clearcoatFactor": _unit(coat)}
        values["clearcoatRoughnessFactor"] = _unit(self._number(maps.coat_roughness, 0.0))
        texture = self._texture(maps.coat_normal)
        picture = None if texture is None else self.textures.picture(texture, self.place)
        if texture is not None and picture is not None and _is_normal_map(picture):
            values["clearcoatNormalTexture"] = self.textures.slot(texture, picture, self.place)
        self._extend("KHR_materials_clearcoat", values)

    def _base(self, colour: Any, opacity: Any, transparency: Any | None) -> None:
        """Add the base colour's texture, and an opacity texture as its alpha."""
        base = self._texture(colour)
        picture = None if base is None else self.textures.picture(base, self.place)
        clear = self._texture(opacity)
        is_inverted = False
        if clear is None and transparency is not None:
            clear, is_inverted = self._texture(transparency), True
        mask = None if clear is None else self.textures.picture(clear, self.place)
        if mask is not None and not is_same(picture, mask):
            picture = self.textures.with_alpha(picture, mask, is_inverted=is_inverted)
        carrier = base if base is not None else clear
        if picture is None or carrier is None:
            return
        pbr = self.item["pbrMetallicRoughness"]
        pbr["baseColorTexture"] = self.textures.slot(carrier, picture, self.place)
        mode = alpha_mode(picture)
        if mode is not None and (mask is not None or self._guess_cut_out(picture, mode)):
            self.item["alphaMode"] = mode

    def _guess_cut_out(self, picture: Picture, mode: str) -> bool:
        """Tell whether to take a base colour's alpha for a cut-out that the exporter lost."""
        name = f"the picture {picture.name!r} has an alpha channel that the material does not use"
        is_cut = mode == "MASK"
        message = (
            f"{name}; it is taken for a cut-out"
            if is_cut
            else f"{name}; it is drawn opaque: connect it to opacity"
        )
        self.reading.warn("texture_alpha", self.place, message)
        return is_cut

    def _metal_rough(self, maps: Any, *, is_glossy: bool) -> None:
        rough_texture = self._texture(maps.glossiness if is_glossy else maps.roughness)
        metal_texture = self._texture(maps.metalness)
        rough, metal = (
            None if texture is None else self.textures.picture(texture, self.place)
            for texture in (rough_texture, metal_texture)
        )
        carrier = rough_texture if rough is not None else metal_texture
        if carrier is None or (rough is None and metal is None):
            return
        kind = ufbx.ShaderType(self.material.shader_type)
        if kind is ufbx.ShaderType.GLTF_MATERIAL and is_same(rough, metal):
            packed = rough
        else:
            packed = self.textures.metal_rough(rough, metal, is_glossy=is_glossy)
        if packed is None:
            return
        pbr = self.item["pbrMetallicRoughness"]
        pbr["metallicRoughnessTexture"] = self.textures.slot(carrier, packed, self.place)
        if rough is not None:
            pbr["roughnessFactor"] = 1.0  # a texture takes a value's place
        if metal is not None:
            pbr["metallicFactor"] = 1.0

    def _emissive(self, colour: Any) -> None:
        texture = self._texture(colour)
        picture = None if texture is None else self.textures.picture(texture, self.place)
        if texture is not None and picture is not None and "emissiveFactor" in self.item:
            self.item["emissiveTexture"] = self.textures.slot(texture, picture, self.place)

    def _normal(self, normal: Any, bump: Any | None) -> None:
        for given in (normal, bump):
            texture = None if given is None else self._texture(given)
            picture = None if texture is None else self.textures.picture(texture, self.place)
            if texture is None or picture is None:
                continue
            # Only where a map may hold either is it looked at: decoding 4K pixels takes 0.5 s.
            is_sure = given is normal and not self._is_max
            if is_sure or _is_normal_map(picture):
                self.item["normalTexture"] = self.textures.slot(texture, picture, self.place)
                return
            message = f"the bump map {picture.name!r} holds heights and is lost; bake a normal map"
            self.reading.warn("texture_bump", self.place, message)

    def _occlusion(self, given: Any) -> None:
        texture = self._texture(given)
        picture = None if texture is None else self.textures.picture(texture, self.place)
        if texture is not None and picture is not None:
            self.item["occlusionTexture"] = self.textures.slot(texture, picture, self.place)

    def _opacity(self, given: Any) -> float:
        if self._texture(given) is not None or not given.has_value or not given.value_components:
            return 1.0
        values = [float(v) for v in given.value_vec4][: min(3, int(given.value_components))]
        opacity = _unit(sum(values) / len(values))
        if opacity < 1:
            self.item["alphaMode"] = "BLEND"
        return opacity

    def _say_losses(self, maps: Any) -> None:
        lost = [
            words
            for name, words in _LOST.items()
            if self._texture(getattr(maps, name)) or self._number(getattr(maps, name), 0.0) > 0
        ]
        if lost:
            message = f"glTF has no {' and no '.join(lost)}; it is left out"
            self.reading.warn("material_parts", self.place, message)

    def say_unused(self) -> None:
        """Name the parameters whose textures found no place."""
        unused = {
            str(link.material_prop).rpartition("|")[2]
            for link in self.material.textures
            if int(link.texture.element_id) not in self.textures.used
        }
        if unused:
            listed = ", ".join(sorted(unused)[:8])
            message = (
                f"the textures of {listed} have no place in a glTF material; they are left out"
            )
            self.reading.warn("texture_dropped", self.place, message)

    def _colour(self, colour: Any, factor: Any | None) -> Colour:
        """Return a colour with its factor; white where a texture takes the value's place."""
        if self._texture(colour) is not None:
            values: Colour = _WHITE
        elif colour.value_components == 1:
            grey = float(colour.value_vec4.x)
            values = (grey, grey, grey)
        else:
            red, green, blue = (float(v) for v in colour.value_vec4[:3])
            values = (red, green, blue)
        if factor is None or not factor.has_value or self._texture(factor) is not None:
            return _clean(values)
        return _clean(tuple(v * float(factor.value_vec4.x) for v in values))

    def _number(self, given: Any, otherwise: float) -> float:
        value = float(given.value_vec4.x) if given.has_value else otherwise
        return value if math.isfinite(value) else otherwise

    def _texture(self, given: Any) -> Any | None:
        return given.texture if given.texture_enabled else None

    def _extend(self, name: str, values: Json) -> None:
        self.item.setdefault("extensions", {}).setdefault(name, {}).update(values)


def _mixed(base: Colour, tint: Colour, share: float) -> Colour:
    red, green, blue = (b * (1 - share) + t * share for b, t in zip(base, tint, strict=True))
    return red, green, blue


def _clean(values: tuple[float, ...]) -> Colour:
    red, green, blue = (v if math.isfinite(v) and v > 0 else 0.0 for v in values)
    return red, green, blue


def _unit(value: float) -> float:
    return min(max(value, 0.0), 1.0) if math.isfinite(value) else 0.0


def _is_normal_map(picture: Picture) -> bool:
    image = opened(picture.raw)
    if image is None:
        return False
    red, green, blue = (float(v) for v in mean_colour(image, is_colour=False)[:3])
    return blue > _NORMAL_BLUE and blue > max(red, green) + 0.1
