"""Textures of FBX materials: their files, their place on a surface, their glTF channels."""

import io
import math
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import ufbx
from PIL import Image

from ...document import Array, Json
from ...pictures import opened
from ..pictures import Picture
from .reading import Reading

_CLAMPED: Final = 33071
_SHEAR: Final = 1e-4
_CUT_OUT: Final = 0.95
"""From this share of pixels that are clear or opaque on, a texture's alpha is a cut-out."""
_SIDE_MAX: Final = 8192


@dataclass(slots=True)
class Textures:
    """Find each texture once, and say once what is lost of it.

    Attributes:
        uv_names: of UV sets -> `TEXCOORD_n`.
        used: the ufbx numbers of textures that found a place in a material.
    """

    reading: Reading
    uv_names: dict[str, int]
    used: set[int] = field(default_factory=set)
    _pictures: dict[int, Picture | None] = field(default_factory=dict)
    _packed: dict[object, Picture | None] = field(default_factory=dict)

    def picture(self, texture: Any, place: str) -> Picture | None:
        """Return a texture's picture; `None`, with a warning, when it is not to be had."""
        self.used.add(int(texture.element_id))
        source = self._source(texture, place)
        if source is None:
            return None
        number = int(source.element_id)
        if number not in self._pictures:
            self._pictures[number] = self._find(source, place)
        return self._pictures[number]

    def slot(self, texture: Any, picture: Picture, place: str) -> Json:
        """Return what a glTF material says of a texture: index, UV set, transform."""
        source = self._source(texture, place) or texture
        wraps = {"wrapS": source.wrap_u, "wrapT": source.wrap_v}
        sampler = {k: _CLAMPED for k, w in wraps.items() if ufbx.WrapMode(w) is ufbx.WrapMode.CLAMP}
        item: Json = {"index": self.reading.assembly.texture(picture, sampler=sampler or None)}
        uv_set = self.uv_names.get(str(source.uv_set), 0)
        if uv_set:
            item["texCoord"] = uv_set
        if source.has_uv_transform:
            transform = self._transform(source, place)
            if transform:
                item["extensions"] = {"KHR_texture_transform": transform}
        return item

    def _source(self, texture: Any, place: str) -> Any | None:
        """Return the file texture behind a texture: layers and shaders have several."""
        if ufbx.TextureType(texture.type) is ufbx.TextureType.FILE:
            return texture
        files = list(texture.file_textures)
        if not files:
            message = f"the texture {texture.name!r} is computed, not a picture; bake it into one"
            self._say_once("texture_procedural", place, message)
            return None
        if ufbx.TextureType(texture.type) is ufbx.TextureType.LAYERED and len(files) > 1:
            message = (
                f"the texture {texture.name!r} has {len(files)} layers; the first is kept, "
                "bake them into one"
            )
            self._say_once("texture_layers", place, message)
        return files[0]

    def _find(self, texture: Any, place: str) -> Picture | None:
        pictures = self.reading.pictures
        stated = [str(texture.relative_filename), str(texture.absolute_filename)]
        content = bytes(texture.content)
        if content:
            name = next((name for name in stated if name), str(texture.name))
            return pictures.embedded(content, name, place=place)
        return pictures.find(*stated, place=place)

    def _transform(self, texture: Any, place: str) -> Json:
        """Return KHR_texture_transform: FBX counts v from the bottom, glTF from the top.

        With `u' = a u + b v + s` and `v' = c u + d v + t`, and `w = 1 - v` for glTF's.
        """
        (a, c, _), (b, d, _), _, (s, t, _) = texture.uv_to_texture
        if not all(map(math.isfinite, (a, b, c, d, s, t))):
            message = f"where the texture {texture.name!r} lies is NaN or infinity; it lies plain"
            self._say_once("texture_transform_lost", place, message)
            return {}
        turn = math.atan2(c, a)
        scale = [math.hypot(a, c), d * math.cos(turn) - b * math.sin(turn)]
        if abs(a * b + c * d) > _SHEAR * max(1e-9, abs(a * d - b * c)):
            message = f"the texture {texture.name!r} is sheared on the surface; the shear is lost"
            self._say_once("texture_shear", place, message)
        found: Json = {"offset": [b + s, 1 - d - t], "rotation": turn, "scale": scale}
        plain: Json = {"offset": [0.0, 0.0], "rotation": 0.0, "scale": [1.0, 1.0]}
        return {k: v for k, v in found.items() if not np.allclose(v, plain[k], atol=1e-7)}

    def _say_once(self, code: str, place: str, message: str) -> None:
        if not any(w.code == code and w.message == message for w in self.reading.warnings):
            self.reading.warn(code, place, message)

    def metal_rough(
        self, rough: Picture | None, metal: Picture | None, *, is_glossy: bool
    ) -> Picture | None:
        """Put roughness into green and metalness into blue (glTF 2.0, section 3.9.2).

        Args:
            rough: grey; its red channel counts.
            metal: likewise.
            is_glossy: the first says how smooth, not how rough.
        """
        key = ("metal_rough", rough and rough.raw, metal and metal.raw, is_glossy)
        if key not in self._packed:
            green = None if rough is None else _grey(rough)
            blue = None if metal is None else _grey(metal)
            if green is not None and is_glossy:
                green = 255 - green
            self._packed[key] = _joined([None, green, blue], _name(rough, metal, "metal_rough"))
        return self._packed[key]

    def with_alpha(
        self, base: Picture | None, alpha: Picture, *, is_inverted: bool
    ) -> Picture | None:
        """Put a picture's opacity into the alpha channel of another, white where there is none."""
        key = ("alpha", base and base.raw, alpha.raw, is_inverted)
        if key not in self._packed:
            self._packed[key] = _with_alpha(base, alpha, is_inverted=is_inverted)
        return self._packed[key]


def is_same(first: Picture | None, second: Picture | None) -> bool:
    """Tell whether two pictures are one file."""
    return first is not None and second is not None and first.raw == second.raw


def alpha_mode(picture: Picture) -> str | None:
    """Return how a picture's alpha is meant: `MASK`, `BLEND`; `None` when it says nothing."""
    if picture.mime == "image/jpeg" or _is_opaque_png(picture.raw):
        return None
    image = opened(picture.raw)
    if image is None or image.mode != "RGBA":
        return None
    alpha = np.asarray(image.getchannel("A"))
    if int(alpha.min(initial=255)) >= 250 or int(alpha.max(initial=0)) < 16:
        return None  # opaque, or clear all over: nobody means that
    is_clear_cut = float(((alpha < 16) | (alpha > 239)).mean())
    return "MASK" if is_clear_cut >= _CUT_OUT else "BLEND"


def _is_opaque_png(raw: bytes) -> bool:
    """Tell by a PNG's head: colour type 0 or 2 without tRNS (W3C PNG, sections 11.2.2, 11.3.2)."""
    is_plain = raw[:4] == b"\x89PNG" and raw[25:26] in {b"\0", b"\2"}
    return is_plain and b"tRNS" not in raw[: raw.find(b"IDAT")]


def _with_alpha(base: Picture | None, alpha: Picture, *, is_inverted: bool) -> Picture | None:
    grey = _opacity(alpha)
    if grey is None:
        return base
    grey = 255 - grey if is_inverted else grey
    image = None if base is None else opened(base.raw)
    if image is None:
        image = Image.new("RGB", (grey.shape[1], grey.shape[0]), "white")
    mask = Image.fromarray(grey).resize(image.size, Image.Resampling.BILINEAR)
    image = image.convert("RGB")
    image.putalpha(mask)
    return _saved(image, _name(base, alpha, "alpha"))


def _grey(picture: Picture) -> Array | None:
    image = opened(picture.raw)
    if image is None or max(image.size) > _SIDE_MAX:
        return None
    return np.asarray(image.convert("RGB"))[:, :, 0]


def _opacity(picture: Picture) -> Array | None:
    """Return a picture's alpha where it has one, else how bright it is."""
    image = opened(picture.raw)
    if image is None or max(image.size) > _SIDE_MAX:
        return None
    if image.mode == "RGBA" and np.asarray(image.getchannel("A")).min() < 255:
        return np.asarray(image.getchannel("A"))
    return np.asarray(image.convert("L"))


def _joined(channels: list[Array | None], name: str) -> Picture | None:
    given = [channel for channel in channels if channel is not None]
    if not given:
        return None
    height, width = max((c.shape for c in given), key=lambda shape: shape[0] * shape[1])
    full = np.full((height, width), 255, np.uint8)
    bands = []
    for channel in channels:
        image = Image.fromarray(full if channel is None else np.ascontiguousarray(channel))
        bands.append(image.resize((width, height), Image.Resampling.BILINEAR))
    return _saved(Image.merge("RGB", bands), name)


def _saved(image: Image.Image, name: str) -> Picture:
    target = io.BytesIO()
    image.save(target, "PNG")
    return Picture(target.getvalue(), "image/png", name)


def _name(first: Picture | None, second: Picture | None, fallback: str) -> str:
    return next((p.name for p in (first, second) if p is not None and p.name), fallback)
