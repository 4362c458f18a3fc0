"""Decode, halve and encode images; the one module that knows Pillow."""

import io
import struct
from typing import Final

import numpy as np
import PIL
from numpy.typing import NDArray
from PIL import (
    Image,
    UnidentifiedImageError,
    WebPImagePlugin,  # noqa: F401 - asked for a format not loaded, Pillow loads all 45, WebP's last
    features,
)

from .columns import dots, lengths
from .document import Floats

PIXELS_MAX: Final = 16384 * 16384 // 4
"""More is taken for a decompression bomb and left as it is."""
ENCODERS: Final = {"pillow": PIL.__version__, "libwebp": str(features.version("webp"))}
"""What decides on the bytes that this module makes."""
LOSSLESS: Final = 100
"""From this quality on nothing may be lost."""
_READABLE: Final = ("PNG", "JPEG", "WEBP")
_MAGIC: Final = {b"\x89PNG": "PNG", b"\xff\xd8\xff": "JPEG", b"RIFF": "WEBP"}
_WEBP_SIDE_MAX: Final = 16383
_WEBP_EFFORT: Final = 4
"""libwebp's method. Beside 4, on the dense scene: 6 takes twice the time for 2 % of the bytes, 3
the same time for the same bytes; 2 takes 0.4 of the time for 5 to 25 % more bytes, but its SSIM is
less (wood: 0.9802, not 0.9824) and does not come back with quality 82."""


def opened(raw: bytes) -> Image.Image | None:
    """Decode an image as `decoded` does; one that does not fit into memory is too large."""
    try:
        return decoded(raw)
    except MemoryError:
        return None


def decoded(raw: bytes) -> Image.Image | None:
    """Decode an image as RGB or RGBA; `None` when it is broken, too large or of another format.

    Raises:
        MemoryError: it does not fit in now; a step must not remember that of the picture.
    """
    if is_too_large(raw):
        return None
    try:
        with Image.open(io.BytesIO(raw), formats=_READABLE) as file:
            file.load()
            is_deep = file.mode.startswith("I") or file.mode == "F"
            image = _from_sixteen_bits(file) if is_deep else file
            has_alpha = "A" in image.getbands() or "transparency" in image.info
            mode = "RGBA" if has_alpha else "RGB"
            # `convert` copies what is right already: 67 MB of a side of 4096.
            return image if image.mode == mode else image.convert(mode)
    except (
        UnidentifiedImageError,
        Image.DecompressionBombError,
        Image.DecompressionBombWarning,  # where warnings are errors
        *(OSError, ValueError, SyntaxError, EOFError),
    ):
        return None


def is_too_large(raw: bytes) -> bool:
    """Tell whether an image has more pixels than are ever decoded."""
    width, height = size_px(raw)
    return width * height > PIXELS_MAX


def is_cmyk(raw: bytes) -> bool:
    """Tell whether an image is in printing colours, which glTF viewers refuse."""
    if not raw.startswith(b"\xff\xd8\xff"):
        return False
    try:
        with Image.open(io.BytesIO(raw), formats=("JPEG",)) as file:
            return file.mode == "CMYK"
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return False


def is_ktx2(raw: bytes) -> bool:
    """Tell whether an image is KTX2, which stays packed in graphics memory."""
    return raw.startswith(b"\xabKTX 20")


def is_for_devices(raw: bytes) -> bool:
    """Tell whether an image is packed for graphics processors (KTX2, DDS): no decoder is here."""
    return raw.startswith((b"\xabKTX", b"DDS "))


def is_sixteen_bit_png(raw: bytes) -> bool:
    """Tell whether eight bits would lose something (the bit depth is byte 24 of a PNG)."""
    return raw[:4] == b"\x89PNG" and raw[24:25] == b"\x10"


def size_px(raw: bytes) -> tuple[int, int]:
    """Return width and height without decoding; `(0, 0)` when it is no image."""
    if raw.startswith(b"\xabKTX"):  # KTX 2.0, section 3: after identifier, vkFormat, typeSize
        return int.from_bytes(raw[20:24], "little"), int.from_bytes(raw[24:28], "little")
    kind = next((kind for magic, kind in _MAGIC.items() if raw.startswith(magic)), None)
    if kind is None:
        return 0, 0
    if kind == "WEBP":
        return _webp_size_px(raw)
    Image.preinit()
    try:  # as `Image.open` does, but for its word on bombs: what a huge one claims is told too
        with Image.OPEN[kind][0](io.BytesIO(raw), "") as image:
            return image.size
    except (OSError, ValueError, SyntaxError, IndexError, TypeError, KeyError, struct.error):
        return 0, 0


def _webp_size_px(raw: bytes) -> tuple[int, int]:
    """Read the header (RFC 9649): Pillow begins to decode, 2.4 ms of a side of 2048."""
    kind, head = raw[12:16], int.from_bytes(raw[20:30], "little")
    if raw[8:12] != b"WEBP" or len(raw) < 25:
        return 0, 0
    if kind == b"VP8X":
        return (head >> 32 & 0xFFFFFF) + 1, (head >> 56) + 1
    if kind == b"VP8L" and raw[20] == 0x2F:
        return (head >> 8 & 0x3FFF) + 1, (head >> 22 & 0x3FFF) + 1
    if kind == b"VP8 " and raw[23:26] == b"\x9d\x01\x2a":
        return head >> 48 & 0x3FFF, head >> 64 & 0x3FFF
    return 0, 0


def scale_of(longest_px: int, *, side_max_px: int, halvings: int = 0) -> float:
    """Return by what to divide a side, so that it is no longer than it may be, then halved."""
    return max(1.0, longest_px / side_max_px) * float(1 << halvings)


def scaled(image: Image.Image, factor: float) -> Image.Image:
    """Return the image so many times smaller, never below one pixel.

    Whole factors are box averages (exact, and ten times as fast as Lanczos); others are Lanczos.
    """
    if factor == 1:
        return image
    if factor == int(factor):
        whole = int(factor)
        return image.reduce((min(whole, image.width), min(whole, image.height)))
    size = (max(1, round(image.width / factor)), max(1, round(image.height / factor)))
    return image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)


def as_webp(image: Image.Image, *, quality: int | None) -> bytes | None:
    """Encode as WebP; `quality=None` is lossless, colours under transparent pixels included.

    `None` when a side is longer than the format can say.
    """
    if max(image.size) > _WEBP_SIDE_MAX:
        return None
    target = io.BytesIO()
    if quality is None:
        image.save(target, "WEBP", lossless=True, quality=70, method=_WEBP_EFFORT, exact=True)
    else:
        image.save(target, "WEBP", quality=quality, method=_WEBP_EFFORT)
    return target.getvalue()


def centred(image: Image.Image, *, side_px: int) -> Image.Image:
    """Return the middle of an image, no longer than a side."""
    width, height = min(image.width, side_px), min(image.height, side_px)
    left, top = (image.width - width) // 2, (image.height - height) // 2
    return image.crop((left, top, left + width, top + height))


def angular_error_deg(image: Image.Image, encoded: bytes) -> float:
    """Return the mean angle between the directions of a normal map and of its encoded copy.

    Measured on every third pixel of every third row.
    """
    again = opened(encoded)
    if again is None or again.size != image.size:
        return 180.0
    one, other = (_directions(picture) for picture in (image, again))
    cosine = dots(one, other).clip(-1, 1)
    return float(np.degrees(np.arccos(cosine)).mean())


def _directions(image: Image.Image) -> NDArray[np.float32]:
    pixels = np.asarray(image.convert("RGB"))[::3, ::3].reshape(-1, 3)
    found = pixels.astype(np.float32) / np.float32(127.5) - 1
    length = np.maximum(lengths(found)[:, None], np.float32(1e-6))
    unit: NDArray[np.float32] = np.divide(found, length, dtype=np.float32)
    return unit


def mean_colour(image: Image.Image, *, is_colour: bool) -> Floats:
    """Return an image's mean as linear RGBA, colour weighted by alpha."""
    image = image.copy()
    image.thumbnail((64, 64), Image.Resampling.BOX)
    pixels = np.asarray(image.convert("RGBA"), np.float64).reshape(-1, 4) / 255
    colour, alpha = pixels[:, :3], pixels[:, 3:]
    if is_colour:  # sRGB to linear (IEC 61966-2-1)
        colour = np.where(colour <= 0.04045, colour / 12.92, ((colour + 0.055) / 1.055) ** 2.4)
    weight = np.maximum(alpha, 1e-6)
    return np.array([*(colour * weight).sum(axis=0) / weight.sum(), alpha.mean()])


def _from_sixteen_bits(image: Image.Image) -> Image.Image:
    """Scale 16-bit grey to 8 bits; Pillow's own conversion cuts off instead."""
    values = np.asarray(image, np.float64)
    top = 65535.0 if values.max(initial=0) > 255 else 255.0
    return Image.fromarray((values / top * 255 + 0.5).clip(0, 255).astype(np.uint8), "L")
