"""Turn any picture into one that glTF holds: PNG, JPEG or WebP; with `..pictures`, knows Pillow."""

import io
from dataclasses import dataclass
from typing import Final

import numpy as np
from PIL import Image, UnidentifiedImageError

from ..pictures import PIXELS_MAX
from .buffers import image_type

SUFFIXES: Final = frozenset(
    {
        *(".png", ".jpg", ".jpeg", ".jpe", ".webp", ".tga", ".bmp", ".dib", ".tif", ".tiff"),
        *(".gif", ".psd", ".dds", ".jp2", ".j2k", ".pcx", ".sgi", ".rgb", ".rgba", ".ppm"),
        *(".pgm", ".pbm", ".pnm", ".ico", ".ktx2", ".exr", ".hdr", ".avif"),
    }
)
"""What a picture's name may end in; Pillow is asked by content, not by name."""
_READABLE: Final = (
    *("PNG", "JPEG", "WEBP", "TGA", "BMP", "DIB", "TIFF", "GIF", "PSD", "DDS"),
    *("JPEG2000", "PCX", "SGI", "PPM", "ICO", "AVIF"),
)
"""By list: Pillow would run Ghostscript on EPS."""
_KEPT: Final = frozenset({"image/png", "image/jpeg", "image/webp"})
_FAULTS: Final = (
    UnidentifiedImageError,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,  # where warnings are errors
    *(OSError, ValueError, SyntaxError, EOFError, IndexError, KeyError, TypeError, OverflowError),
    *(NotImplementedError, AttributeError, MemoryError),
)
"""All that Pillow raises on a broken picture of some format."""


@dataclass(frozen=True, slots=True)
class Converted:
    """A picture that glTF holds.

    Attributes:
        mime: `image/png`, `image/jpeg`, `image/webp` or `image/ktx2`.
        lost: what the new format could not keep, in words; empty when nothing was.
    """

    raw: bytes
    mime: str
    lost: str = ""


def converted(raw: bytes) -> Converted | None:
    """Return a picture as PNG, JPEG or WebP, untouched when it is one; `None` when unreadable.

    16-bit greyscale stays 16-bit; palettes and other depths become 8-bit RGB or RGBA.
    """
    mime = image_type(raw)
    if mime == "image/ktx2":
        return Converted(raw, mime)
    try:
        if mime in _KEPT and _is_whole(raw):
            return Converted(raw, mime)
        with Image.open(io.BytesIO(raw), formats=_READABLE) as file:
            if file.width * file.height > PIXELS_MAX:
                return None
            lost = _losses(file)
            file.load()
            target = io.BytesIO()
            _plain(file).save(target, "PNG")
            return Converted(target.getvalue(), "image/png", lost)
    except _FAULTS:
        return None


def _is_whole(raw: bytes) -> bool:
    """Check a picture's head and, of a PNG, its check sums, without decoding it."""
    with Image.open(io.BytesIO(raw), formats=_READABLE) as file:
        file.verify()
    return True


def _losses(file: Image.Image) -> str:
    found = []
    frames = getattr(file, "n_frames", 1)
    if frames > 1:
        found.append(f"the first of {frames} {'layers' if file.format == 'PSD' else 'pictures'}")
    if file.mode == "F":
        found.append("32-bit floats cut to 0..1 and 8 bits")
    elif file.mode == "CMYK":
        found.append("printing colours (CMYK) made RGB")
    elif ";16" in _raw_mode(file) and not file.mode.startswith("I"):
        found.append("16 bits made 8")
    return ", ".join(found)


def _raw_mode(file: Image.Image) -> str:
    tile = getattr(file, "tile", None)
    return str(tile[0][3]) if tile else ""


def _plain(file: Image.Image) -> Image.Image:
    """Return a picture of a mode that PNG has and viewers show alike."""
    if file.mode in {"RGB", "RGBA", "L", "LA", "I;16"}:
        return file
    if file.mode.startswith("I"):
        values = np.asarray(file)
        return Image.fromarray(values.clip(0, 65535).astype(np.uint16))
    if file.mode == "F":
        values = np.nan_to_num(np.asarray(file)).clip(0, 1) * 255 + 0.5
        return Image.fromarray(values.astype(np.uint8))
    has_alpha = "A" in file.getbands() or "transparency" in file.info
    return file.convert("RGBA" if has_alpha else "RGB")
