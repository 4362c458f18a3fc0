"""Put pictures of separate channels into the ones that glTF has; knows Pillow, as `..pictures`.

glTF keeps opacity in the base colour's alpha, roughness in green and metal in blue of one
picture, and has normal maps but no height maps (glTF 2.0, section 3.9).
"""

import io
from typing import Final

import numpy as np
from PIL import Image

from ..document import Floats
from ..pictures import opened
from .pictures import Picture

_SHARP_SHARE: Final = 0.97
"""A cut-out has soft edges of a pixel or two; glass and smoke have little else than soft."""


def alpha_mode(picture: Picture) -> str:
    """Return how a base colour's own alpha is meant: `OPAQUE`, `MASK` (cut out) or `BLEND`."""
    image = opened(picture.raw)
    if image is None or image.mode != "RGBA":
        return "OPAQUE"
    counts = np.array(image.getchannel("A").histogram(), np.float64)
    total = counts.sum()
    if counts[250:].sum() >= total:
        return "OPAQUE"
    return "MASK" if counts[:8].sum() + counts[248:].sum() >= _SHARP_SHARE * total else "BLEND"


def with_alpha(
    base: Picture | None, opacity: Picture, *, is_inverted: bool = False, is_luminance: bool = True
) -> Picture | None:
    """Return a base colour with an opacity map as its alpha; `None` when one is unreadable.

    Args:
        base: without one the result is white.
        opacity: white is opaque; the larger of the two sizes counts.
        is_inverted: white is clear.
        is_luminance: take its brightness, unless it has an alpha of its own that says something.
    """
    image = opened(opacity.raw)
    if image is None:
        return None
    has_own = image.mode == "RGBA" and image.getchannel("A").getextrema() != (255, 255)
    mask = image.getchannel("A") if has_own or not is_luminance else image.convert("L")
    if is_inverted:
        mask = mask.point([255 - v for v in range(256)])
    colour = Image.new("RGB", mask.size, "white") if base is None else opened(base.raw)
    if colour is None:
        return None
    size = (max(colour.width, mask.width), max(colour.height, mask.height))
    made = _sized(colour.convert("RGB"), size)
    made.putalpha(_sized(mask, size))
    return _png(made, opacity.name if base is None else base.name)


def metal_rough(
    rough: Picture | None, metal: Picture | None, *, is_gloss: bool = False
) -> Picture | None:
    """Return roughness in green and metal in blue; a channel without picture is white.

    Args:
        rough: its brightness counts.
        metal: likewise.
        is_gloss: `rough` is a picture of gloss: bright is smooth.
    """
    images = [None if p is None else opened(p.raw) for p in (rough, metal)]
    greys = [None if image is None else image.convert("L") for image in images]
    known = [grey for grey in greys if grey is not None]
    if not known:
        return None
    size = (max(g.width for g in known), max(g.height for g in known))
    white = Image.new("L", size, 255)
    green, blue = (white if grey is None else _sized(grey, size) for grey in greys)
    if is_gloss and greys[0] is not None:
        green = green.point([255 - v for v in range(256)])
    name = next(p.name for p in (rough, metal) if p is not None)
    return _png(Image.merge("RGB", (white, green, blue)), name)


def normals_of_heights(bump: Picture, *, strength: float = 1.0) -> Picture | None:
    """Return a normal map made of a height map's slopes; `None` when it is unreadable.

    Args:
        bump: bright is high; it repeats.
        strength: height of white over black, in a 64th of the picture's width: how high a bump
            map is no format says in metres.
    """
    image = opened(bump.raw)
    if image is None:
        return None
    heights: Floats = np.asarray(image.convert("L"), np.float64) / 255
    height = strength * image.width / 64
    right = (np.roll(heights, -1, axis=1) - np.roll(heights, 1, axis=1)) / 2 * height
    down = (np.roll(heights, -1, axis=0) - np.roll(heights, 1, axis=0)) / 2 * height
    normals = np.stack([-right, down, np.ones_like(right)], axis=2)  # +Y is up in the picture
    normals /= np.linalg.norm(normals, axis=2, keepdims=True)
    pixels = ((normals + 1) * 127.5 + 0.5).clip(0, 255).astype(np.uint8)
    return _png(Image.fromarray(pixels), bump.name)


def is_normal_map(picture: Picture) -> bool:
    """Tell whether a picture that is called a bump map holds normals: bluish, not grey."""
    image = opened(picture.raw)
    if image is None:
        return False
    image.thumbnail((64, 64))
    red, green, blue = np.asarray(image.convert("RGB"), np.float64).reshape(-1, 3).mean(axis=0)
    return bool(blue > 160 and abs(red - 128) < 48 and abs(green - 128) < 48)


def _sized(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    return image if image.size == size else image.resize(size, Image.Resampling.BILINEAR)


def _png(image: Image.Image, name: str) -> Picture:
    target = io.BytesIO()
    image.save(target, "PNG", compress_level=3)
    return Picture(target.getvalue(), "image/png", name)
