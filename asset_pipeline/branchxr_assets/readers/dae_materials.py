"""COLLADA's effects as glTF materials (chapter 8, `<profile_COMMON>`)."""

import math
import urllib.parse
import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from ..document import Json
from .assembly import Assembly
from .dae_library import Library
from .packing import alpha_mode, is_normal_map, normals_of_heights, with_alpha
from .pictures import Picture, Pictures
from .shading import Colour, Phong, to_pbr

_MODELS: Final = ("phong", "blinn", "lambert", "constant")
_WRAPS: Final = {"WRAP": 10497, "MIRROR": 33648, "CLAMP": 33071, "BORDER": 33071, "NONE": 33071}
_LUMINANCE: Final = (0.212671, 0.715160, 0.072169)
"""Weights of the specification, 'Determining Transparency'."""
_IMAGE_BYTES_MAX: Final = 256 * 1024 * 1024

UvOf = Callable[[str], int]
"""From a texture's `texcoord` to a number of glTF's: 0 for `TEXCOORD_0`."""


@dataclass(slots=True)
class Materials:
    """Makes materials once for each way their texture coordinates are bound."""

    library: Library
    assembly: Assembly
    pictures: Pictures
    _made: dict[tuple[str, tuple[int, ...]], int] = field(default_factory=dict)
    _images: dict[str, Picture | None] = field(default_factory=dict)

    def make(self, material: ET.Element, uv_of: UvOf) -> int:
        """Add a material; return its number."""
        effect = self.library.find(_url(material.find("instance_effect")), "effect")
        used = [] if effect is None else [t.get("texcoord", "") for t in effect.iter("texture")]
        key = (material.get("id", ""), tuple(uv_of(name) for name in used))
        if key not in self._made:
            name = material.get("name") or material.get("id", "")
            made = {} if effect is None else self._effect(effect, uv_of, f"material {name!r}")
            self._made[key] = self.assembly.material({"name": name} | made)
        return self._made[key]

    def plain(self, symbol: str) -> int:
        """Add a material that a geometry names and nothing defines."""
        key = (f"\0{symbol}", ())
        if key not in self._made:
            self._made[key] = self.assembly.material({"name": symbol})
        return self._made[key]

    def _effect(self, effect: ET.Element, uv_of: UvOf, place: str) -> Json:
        profile = effect.find("profile_COMMON")
        technique = None if profile is None else profile.find("technique")
        model = None
        if technique is not None:
            model = next((m for name in _MODELS if (m := technique.find(name)) is not None), None)
        if profile is None or technique is None or model is None:
            message = "it has no common profile (a shader of its own); it is plain"
            self.library.warn("material_lost", place, message)
            return {}
        reader = _Model(self, effect, profile, model, uv_of, place)
        material = reader.material()
        for extra in (*technique.iter("extra"), *effect.findall("extra")):
            if (extra.findtext(".//double_sided") or "").strip() in {"1", "true"}:
                material["doubleSided"] = True
            bump = extra.find(".//bump/texture")
            if bump is None:
                bump = extra.find(".//normal/texture")
            if bump is not None and "normalTexture" not in material:
                reader.add_bump(material, bump)
        return material

    def picture(self, image: str, place: str) -> Picture | None:
        """Return the picture of an `<image>` by its id."""
        if image not in self._images:
            element = self.library.find(f"#{image}", "image")
            self._images[image] = None if element is None else self._load(element, place)
        return self._images[image]

    def _load(self, element: ET.Element, place: str) -> Picture | None:
        name = element.get("name") or element.get("id") or ""
        held = element.find("data")
        if held is None:
            held = element.find("init_from/hex")
        if held is not None and held.text:
            try:
                raw = bytes.fromhex("".join(held.text.split()))
            except ValueError:
                raw = b""
            return self.pictures.embedded(raw, name, place=place)
        start = element.find("init_from")
        stated = "" if start is None else (start.findtext("ref") or start.text or "").strip()
        return self.pictures.find(
            *dict.fromkeys((stated, urllib.parse.unquote(stated))), place=place
        )


@dataclass(slots=True)
class _Model:
    """One shading model of one effect."""

    materials: Materials
    effect: ET.Element
    profile: ET.Element
    model: ET.Element
    uv_of: UvOf
    place: str

    def material(self) -> Json:
        is_lit = self.model.tag in {"phong", "blinn"}
        specular = self._colour("specular") if is_lit else None
        if is_lit and specular is None:
            specular = (1.0, 1.0, 1.0) if self._texture("specular") is not None else (0.0, 0.0, 0.0)
        is_constant = self.model.tag == "constant"
        glow = self._colour("emission") or (0.0, 0.0, 0.0)
        has_map = self._texture("diffuse") is not None
        plain = (1.0, 1.0, 1.0) if has_map else (0.0, 0.0, 0.0) if is_constant else (0.8, 0.8, 0.8)
        opacity, opacity_map, is_luminance = self._opacity()
        exponent = self._float("shininess")
        if exponent is not None and self.model.tag == "blinn":
            exponent *= 4  # a half vector's highlight is that much wider (Blinn 1977)
        material = to_pbr(
            Phong(
                diffuse=self._colour("diffuse") or plain,
                specular=specular,
                exponent=exponent,
                emissive=glow,
                opacity=opacity,
                ior=self._float("index_of_refraction"),
            )
        )
        self._add_base(material, opacity_map, is_luminance=is_luminance)
        shine = self._texture("emission")
        if shine is not None and (slot := self._slot(shine)) is not None:
            material["emissiveTexture"] = slot
            material["emissiveFactor"] = [1.0, 1.0, 1.0]
        for lost in ("ambient", "specular", "reflective", "shininess"):
            if self._texture(lost) is not None:
                message = f"its {lost} texture has no place in glTF; it is left out"
                self.materials.library.warn("texture_lost", self.place, message)
        if is_constant:
            material.setdefault("extensions", {})["KHR_materials_unlit"] = {}
            if not has_map and max(glow) > 0:
                pbr = material["pbrMetallicRoughness"]
                pbr["baseColorFactor"] = [*(min(1.0, v) for v in glow), opacity]
        return material

    def add_bump(self, material: Json, texture: ET.Element) -> None:
        picture = self._picture(texture)
        if picture is None:
            return
        if not is_normal_map(picture):
            made = normals_of_heights(picture)
            if made is None:
                return
            message = f"its bump map {picture.name!r} was turned into a normal map; check its depth"
            self.materials.library.warn("bump_converted", self.place, message)
            picture = made
        slot = self._slot(texture, picture)
        if slot is not None:
            material["normalTexture"] = slot

    def _add_base(self, material: Json, opacity: ET.Element | None, *, is_luminance: bool) -> None:
        texture = self._texture("diffuse")
        base = None if texture is None else self._picture(texture)
        mask = None if opacity is None else self._picture(opacity)
        made = base
        if mask is not None and (base is None or mask.raw != base.raw or is_luminance):
            made = with_alpha(base, mask, is_luminance=is_luminance)
        where = texture if texture is not None else opacity
        if made is None or where is None or (slot := self._slot(where, made)) is None:
            return
        material["pbrMetallicRoughness"]["baseColorTexture"] = slot
        mode = alpha_mode(made)
        if mode != "OPAQUE" and material.get("alphaMode") != "BLEND":
            material["alphaMode"] = mode

    def _opacity(self) -> tuple[float, ET.Element | None, bool]:
        """Return the opacity, its texture, and whether that texture's brightness counts."""
        transparent = self.model.find("transparent")
        amount = self._float("transparency")
        if transparent is None and amount is None:
            return 1.0, None, False
        share = 1.0 if amount is None else amount
        mode = "A_ONE" if transparent is None else transparent.get("opaque", "A_ONE")
        is_rgb = mode.startswith("RGB")
        texture = None if transparent is None else transparent.find("texture")
        colour = None if transparent is None else transparent.find("color")
        values = np.ones(4) if colour is None else self._four(colour)
        if texture is not None:
            value = 1.0
        else:
            value = float(values[:3] @ _LUMINANCE) if is_rgb else float(values[3])
        opacity = value * share if mode.endswith("_ONE") else 1 - value * share
        opacity = min(1.0, max(0.0, opacity))
        if texture is not None and mode.endswith("_ZERO"):
            opacity = 1.0
        if opacity <= 0:
            message = "it says it is wholly clear, as some exporters write by mistake; it is opaque"
            self.materials.library.warn("material_guessed", self.place, message)
            opacity = 1.0
        return opacity, texture, is_rgb

    def _four(self, element: ET.Element) -> np.ndarray:
        found = self.materials.library.numbers(element.text, self.place)
        return np.concatenate([found[:4], np.ones(4)])[:4] if len(found) >= 3 else np.ones(4)

    def _colour(self, name: str) -> Colour | None:
        part = self.model.find(name)
        if part is None:
            return None
        element = part.find("color")
        reference = part.find("param")
        if element is None and reference is not None:
            element = self._parameter(reference.get("ref", ""), ("float3", "float4", "color"))
        if element is None:
            return None
        red, green, blue, _ = self._four(element).tolist()
        return (red, green, blue)

    def _float(self, name: str) -> float | None:
        part = self.model.find(name)
        if part is None:
            return None
        element = part.find("float")
        reference = part.find("param")
        if element is None and reference is not None:
            element = self._parameter(reference.get("ref", ""), ("float",))
        values = self.materials.library.vector(element, 1, (float("nan"),))
        return None if element is None or not np.isfinite(values[0]) else float(values[0])

    def _texture(self, name: str) -> ET.Element | None:
        return self.model.find(f"{name}/texture")

    def _parameter(self, sid: str, tags: tuple[str, ...]) -> ET.Element | None:
        for scope in (self.profile, self.effect):
            for parameter in scope.findall("newparam"):
                if parameter.get("sid") == sid:
                    return next((e for tag in tags if (e := parameter.find(tag)) is not None), None)
        return None

    def _sampler(self, texture: ET.Element) -> ET.Element | None:
        return self._parameter(texture.get("texture", ""), ("sampler2D", "samplerCUBE"))

    def _picture(self, texture: ET.Element) -> Picture | None:
        """Follow a texture to its image: sampler, surface, image; some exporters skip steps."""
        name = texture.get("texture", "")
        sampler = self._sampler(texture)
        if sampler is not None:
            instance = sampler.find("instance_image")
            if instance is not None:
                name = (instance.get("url") or "").lstrip("#")
            else:
                name = (sampler.findtext("source") or "").strip()
        surface = self._parameter(name, ("surface",))
        if surface is not None:
            name = (surface.findtext("init_from") or "").strip()
        found = self.materials.picture(name, self.place)
        if found is None and self.materials.library.find(f"#{name}", "image") is None:
            message = f"its texture {texture.get('texture', '')[:60]!r} is defined nowhere"
            self.materials.library.warn("texture_lost", self.place, message)
        return found

    def _slot(self, texture: ET.Element, picture: Picture | None = None) -> Json | None:
        picture = picture or self._picture(texture)
        if picture is None:
            return None
        wraps = self._wraps(texture)
        slot: Json = {"index": self.materials.assembly.texture(picture, sampler=wraps)}
        if (number := self.uv_of(texture.get("texcoord", ""))) > 0:
            slot["texCoord"] = number
        repeat = [self._extra(texture, f"repeat{axis}", 1.0) for axis in "UV"]
        offset = [self._extra(texture, f"offset{axis}", 0.0) for axis in "UV"]
        turn = math.radians(self._extra(texture, "rotateUV", 0.0))
        if repeat != [1, 1] or offset != [0, 0] or turn:
            slot["extensions"] = {"KHR_texture_transform": _placed(repeat, offset, turn)}
        self._say_lost(texture, turn)
        return slot

    def _say_lost(self, texture: ET.Element, turn: float) -> None:
        """Name what Maya writes of a texture's place and glTF has not, or has otherwise."""
        lost = [
            name
            for name in ("mirrorU", "mirrorV", "stagger", "rotateFrame")
            if self._extra(texture, name, 0.0)
        ]
        lost += [
            name
            for name, plain in (("coverage", 1.0), ("translateFrame", 0.0), ("noise", 0.0))
            for axis in "UV"
            if self._extra(texture, f"{name}{axis}", plain) != plain
        ]
        if lost:
            listed = ", ".join(dict.fromkeys(lost))
            message = f"its placement ({listed}) is not kept: bake it into the UVs"
            self.materials.library.warn("texture_transform_lost", self.place, message)
        elif turn:
            message = "its texture is turned; check it: programs turn about different corners"
            self.materials.library.warn("texture_turned", self.place, message)

    def _wraps(self, texture: ET.Element) -> Mapping[str, int] | None:
        sampler = self._sampler(texture)
        if sampler is None:
            return None
        found = {
            key: _WRAPS.get((sampler.findtext(tag) or "WRAP").strip(), 10497)
            for key, tag in (("wrapS", "wrap_s"), ("wrapT", "wrap_t"))
        }
        return None if set(found.values()) == {10497} else found

    def _extra(self, texture: ET.Element, name: str, plain: float) -> float:
        element = texture.find(f"extra/technique/{name}")
        return float(self.materials.library.vector(element, 1, (plain,))[0])


def _placed(repeat: list[float], offset: list[float], turn: float) -> Json:
    """Return KHR_texture_transform: repeated, moved, then turned about the tile's middle.

    COLLADA's v runs up and glTF's down. With `u' = a u + b v + s` and `v' = c u + d v + t`, and
    `w = 1 - v` for glTF's, `u' = a u - b w + b + s` and `w' = d w - c u + 1 - d - t`.
    """
    cosine, sine = math.cos(turn), math.sin(turn)
    across, up = offset[0] - 0.5, offset[1] - 0.5
    b, d = -repeat[1] * sine, repeat[1] * cosine
    s, t = cosine * across - sine * up + 0.5, sine * across + cosine * up + 0.5
    found: Json = {"scale": repeat, "offset": [b + s, 1 - d - t]}
    return found | ({"rotation": turn} if turn else {})


def _url(element: ET.Element | None) -> str | None:
    return None if element is None else element.get("url")
