"""Images as a picture samples them: levels of halved sizes, bilinear, wrapped as glTF says."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..document import Document, Json
from ..small_pictures import SIDE_PX, opened_small
from ..steps import NOTHING_REMEMBERED, StepCache
from .soup import Reals

SIDE_MAX_PX: Final = SIDE_PX
"""No picture made here shows more of one texture."""
_CLAMP, _MIRROR = 33071, 33648  # glTF 2.0, sampler.wrapS

TO_LINEAR: Final = np.where(
    np.arange(256) / 255 <= 0.04045,
    np.arange(256) / 255 / 12.92,
    ((np.arange(256) / 255 + 0.055) / 1.055) ** 2.4,
).astype(np.float32)
"""IEC 61966-2-1."""
_AS_IS: Final = (np.arange(256) / 255).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Texture:
    """One image with its levels, all in one array.

    Attributes:
        texels: `(n, 4) uint8`, level after level.
        starts, widths, heights: of each level.
        wraps: glTF's codes for u and v.
        image: its number in the document.
    """

    texels: NDArray[np.uint8]
    starts: NDArray[np.int64]
    widths: NDArray[np.int64]
    heights: NDArray[np.int64]
    wraps: tuple[int, int]
    image: int = -1

    def sample(self, uv: Reals, spread: Reals, *, is_colour: bool) -> Reals:
        """Return `(n, 4) float32`, colours linear.

        Args:
            uv: `(n, 2)`.
            spread: `(n,)`: the larger side of a pixel's footprint, in uv.
            is_colour: the image is sRGB.
        """
        size = float(max(self.widths[0], self.heights[0]))
        levels = np.log2(np.maximum(spread * size, 1.0)) + 0.25
        level = np.minimum(levels.astype(np.int64), len(self.starts) - 1)
        width, height, start = self.widths[level], self.heights[level], self.starts[level]
        x, y = uv[:, 0] * width - 0.5, uv[:, 1] * height - 0.5
        left, top = np.floor(x), np.floor(y)
        right_part, low_part = (x - left)[:, None], (y - top)[:, None]
        columns = [_wrapped(left + step, width, self.wraps[0]) for step in (0, 1)]
        rows = [_wrapped(top + step, height, self.wraps[1]) * width + start for step in (0, 1)]
        table = TO_LINEAR if is_colour else _AS_IS
        upper = self._mixed(rows[0], columns, right_part, table)
        lower = self._mixed(rows[1], columns, right_part, table)
        mixed: Reals = (upper + (lower - upper) * low_part).astype(np.float32)
        return mixed

    def _mixed(
        self,
        row: NDArray[np.int64],
        columns: list[NDArray[np.int64]],
        part: Reals,
        table: Reals,
    ) -> Reals:
        left, right = (self._texels(row + column, table) for column in columns)
        mixed: Reals = left + (right - left) * part
        return mixed

    def _texels(self, index: NDArray[np.int64], table: Reals) -> Reals:
        raw = self.texels[index]
        found: Reals = table[raw]
        if table is not _AS_IS:
            found[:, 3] = _AS_IS[raw[:, 3]]
        return found


Decode = Callable[[bytes], Image.Image | None]
"""An image file to RGBA at a size that a picture can show, `None` when it cannot be read."""


def load_texture(document: Document, info: Json, decode: Decode) -> Texture | None:
    """Decode what a texture info points to; `None` when it cannot be shown (KTX2, broken)."""
    texture = document.listed("textures")[info["index"]]
    webp = texture.get("extensions", {}).get("EXT_texture_webp", {})
    index = webp.get("source", texture.get("source"))
    if index is None:
        return None
    image = decode(document.images[index])
    if image is None:
        return None
    sampler = {}
    if "sampler" in texture:
        sampler = document.listed("samplers")[texture["sampler"]]
    wraps = (sampler.get("wrapS", 10497), sampler.get("wrapT", 10497))
    levels = [image]
    while max(levels[-1].size) > 1:
        levels.append(levels[-1].reduce((min(2, levels[-1].width), min(2, levels[-1].height))))
    arrays = [np.asarray(level, np.uint8) for level in levels]
    sizes = np.array([array.shape[:2] for array in arrays])
    counts = sizes.prod(axis=1)
    texels = np.concatenate([array.reshape(-1, 4) for array in arrays])
    return Texture(texels, np.cumsum(counts) - counts, sizes[:, 1], sizes[:, 0], wraps, index)


def shrunk(
    raw: bytes, *, side_max_px: int = SIDE_MAX_PX, cache: StepCache = NOTHING_REMEMBERED
) -> Image.Image | None:
    """Decode as RGBA, reduced by a whole factor to at most 1,024 pixels a side.

    One that does not fit into memory is not shown.
    """
    image = opened_small(raw, cache)
    if image is None:
        return None
    factor = -(-max(image.size) // side_max_px)
    if factor > 1:
        image = image.reduce((min(factor, image.width), min(factor, image.height)))
    return image.convert("RGBA")


def _wrapped(step: Reals, size: NDArray[np.int64], wrap: int) -> NDArray[np.int64]:
    whole = step.astype(np.int64)
    if wrap == _CLAMP:
        return np.clip(whole, 0, size - 1)
    if wrap == _MIRROR:
        turned = np.mod(whole, 2 * size)
        return np.where(turned < size, turned, 2 * size - 1 - turned)
    return np.mod(whole, size)
