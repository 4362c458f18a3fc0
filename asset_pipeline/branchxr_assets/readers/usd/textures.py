"""Pictures as glTF reads them: channels where it wants them, scaled and biased; knows Pillow.

A picture that is right as it is goes in untouched. Where USD reads other channels, or scales and
shifts what it reads, a new picture is made and said so nowhere: nothing is lost by it.
"""

import io
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from PIL import Image

from ...document import Floats
from ...pictures import PIXELS_MAX
from ..assembly import Assembly
from ..pictures import Picture, Pictures
from .bindings import Ar
from .shaders import Texture
from .values import Warn

_CHANNELS: Final = "rgba"
_FAULTS: Final = (OSError, ValueError, SyntaxError, Image.DecompressionBombError, MemoryError)


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a glTF texture is made of.

    Attributes:
        colour: RGB, sRGB.
        alpha: one channel for A; without it the alpha of `colour` stays.
        red, green, blue: one channel each, linear.
        normal: RGB, linear, of a normal map.
    """

    colour: Texture | None = None
    alpha: Texture | None = None
    red: Texture | None = None
    green: Texture | None = None
    blue: Texture | None = None
    normal: Texture | None = None

    def is_plain(self) -> bool:
        """Tell whether the one picture it names can be used untouched."""
        if self.alpha is not None:
            return False
        if self.colour is not None:
            fits = not any(self.colour.bias[:3]) and min(self.colour.scale[:3]) >= 0
            return fits and self.colour.channels == "rgb" and self.colour.space != "raw"
        if self.normal is not None:
            return _is_usual_normal(self.normal)
        parts = {"r": self.red, "g": self.green, "b": self.blue}
        named = {key: part for key, part in parts.items() if part is not None}
        one = {(part.stated, part.packed) for part in named.values()}
        # A picture for roughness alone must not bring a metallic channel along.
        is_pair = "g" not in named or "b" in named
        is_pair = is_pair and ("b" not in named or "g" in named)
        return (
            len(one) == 1
            and is_pair
            and all(part.channels == key and plain_channel(part) for key, part in named.items())
        )


def plain_channel(part: Texture) -> bool:
    """Tell whether a channel is read as it is stored."""
    place = _CHANNELS.index(part.channels[0])
    is_linear = part.space != "sRGB" or part.channels == "a"
    return part.scale[place] == 1 and part.bias[place] == 0 and is_linear


def _is_usual_normal(part: Texture) -> bool:
    """Tell whether a normal map's values run from -1 to 1 in the usual way, or are left alone."""
    if part.channels != "rgb" or part.space == "sRGB":
        return False
    scale, bias = part.scale[:2], part.bias[:2]
    if scale == (1.0, 1.0) and bias == (0.0, 0.0):
        return True  # without scale and bias the map says nothing of its range: exporters forget
    return scale[0] > 0 and scale[0] == scale[1] and bias == (-scale[0] / 2, -scale[1] / 2)


@dataclass(slots=True)
class Textures:
    """Find pictures, make those that are missing a channel, and add them to the scene."""

    scene: Assembly
    pictures: Pictures
    warn: Warn
    _made: dict[tuple[Recipe, tuple[int, int]], int | None] = field(default_factory=dict)
    _found: dict[tuple[str, str], Picture | None] = field(default_factory=dict)

    def index(self, recipe: Recipe, lead: Texture, *, place: str) -> int | None:
        """Return a texture's number; `None`, with a warning, when no picture can be had."""
        key = (recipe, lead.sampler)
        if key not in self._made:
            picture = self._picture(recipe, lead, place)
            wrap_s, wrap_t = lead.sampler
            plain = lead.sampler == (10497, 10497)
            sampler = None if plain else {"wrapS": wrap_s, "wrapT": wrap_t}
            self._made[key] = (
                None if picture is None else self.scene.texture(picture, sampler=sampler)
            )
        return self._made[key]

    def _picture(self, recipe: Recipe, lead: Texture, place: str) -> Picture | None:
        if recipe.is_plain():
            return self._original(lead, place)
        try:
            return self._baked(recipe, lead, place)
        except _FAULTS as error:
            message = f"its texture is left out: {type(error).__name__} when its channels were read"
            self.warn("image_unreadable", place, message)
            return None

    def _original(self, part: Texture, place: str) -> Picture | None:
        key = (part.stated, part.packed)
        if key not in self._found:
            if part.packed:
                raw = _packed_bytes(part.packed)
                self._found[key] = self.pictures.embedded(raw, part.stated, place=place)
            else:
                self._found[key] = self.pictures.find(part.stated, place=place)
        return self._found[key]

    def _baked(self, recipe: Recipe, lead: Texture, place: str) -> Picture | None:
        """Make a picture of channels; all are brought to the size of the largest."""
        parts = {
            "rgb": recipe.colour or recipe.normal, "a": recipe.alpha,
            "r": recipe.red, "g": recipe.green, "b": recipe.blue,
        }  # fmt: skip
        read: dict[str, Floats] = {}
        for slot, part in parts.items():
            if part is not None and (values := self._values(part, place)) is not None:
                read[slot] = self._fitted(values, slot, part, recipe)
        if not read:
            return None
        height, width = (max(v.shape[axis] for v in read.values()) for axis in (0, 1))
        canvas = np.ones((height, width, 4))
        for slot, values in read.items():
            for channel, letter in enumerate(slot):
                canvas[..., _CHANNELS.index(letter)] = _resized(values[..., channel], width, height)
            if slot == "rgb" and values.shape[2] == 4 and recipe.alpha is None:
                canvas[..., 3] = _resized(values[..., 3], width, height)
        pixels = (canvas.clip(0, 1) * 255 + 0.5).astype(np.uint8)
        has_alpha = bool((pixels[..., 3] < 255).any())
        target = io.BytesIO()
        Image.fromarray(pixels if has_alpha else pixels[..., :3]).save(target, "PNG")
        return Picture(target.getvalue(), "image/png", _name(lead))

    def _values(self, part: Texture, place: str) -> Floats | None:
        """Return a picture as `(h, w, 4)` from 0 to 1."""
        picture = self._original(part, place)
        if picture is None:
            return None
        with Image.open(io.BytesIO(picture.raw)) as opened:
            if opened.width * opened.height > PIXELS_MAX:
                raise ValueError("too many pixels")
            if opened.mode.startswith("I"):
                grey = np.asarray(opened).astype(np.float64) / 65535
                return np.stack([grey, grey, grey, np.ones_like(grey)], axis=2)
            return np.asarray(opened.convert("RGBA")).astype(np.float64) / 255

    def _fitted(self, values: Floats, slot: str, part: Texture, recipe: Recipe) -> Floats:
        """Apply colour space, scale and bias; return the channels that the slot wants."""
        scale, bias = np.array(part.scale), np.array(part.bias)
        if slot != "rgb":
            channel = _CHANNELS.index(part.channels[0])
            one = values[..., channel]
            if part.space == "sRGB" and part.channels != "a":
                one = _linear(one)
            return np.asarray((one * scale[channel] + bias[channel])[..., None])
        wanted = [0, 1, 2] if part.channels == "rgb" else [_CHANNELS.index(part.channels)] * 3
        colours = values[..., wanted]
        if recipe.normal is not None:
            colours = _linear(colours) if part.space == "sRGB" else colours
            # Kept are the directions of the axes; the strength is the material's.
            flip = np.where(scale[wanted] < 0, -1, 1)
            return np.asarray((colours * 2 - 1) * flip / 2 + 0.5)
        if any(part.bias[:3]) or min(part.scale[:3]) < 0:
            light = colours if part.space == "raw" else _linear(colours)
            colours = _srgb((light * scale[wanted] + bias[wanted]).clip(0, 1))
        elif part.space == "raw":
            colours = _srgb(colours)
        return np.concatenate([colours, values[..., 3:]], axis=2)


def _packed_bytes(path: str) -> bytes:
    asset = Ar.GetResolver().OpenAsset(Ar.ResolvedPath(path))
    if not asset:
        return b""
    buffer: Any = asset.GetBuffer()
    return bytes(buffer)


def _resized(values: Floats, width: int, height: int) -> Floats:
    if values.shape == (height, width):
        return values
    picture = Image.fromarray(values.astype(np.float32))
    return np.asarray(picture.resize((width, height), Image.Resampling.BILINEAR), np.float64)


def _linear(values: Floats) -> Floats:
    """IEC 61966-2-1, encoded to linear."""
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def _srgb(values: Floats) -> Floats:
    """IEC 61966-2-1, linear to encoded."""
    return np.where(values <= 0.0031308, values * 12.92, 1.055 * values ** (1 / 2.4) - 0.055)


def _name(part: Texture) -> str:
    return part.stated.replace("\\", "/").rpartition("/")[2].rpartition(".")[0] or "texture"
