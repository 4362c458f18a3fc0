"""Images of about a thousand pixels a side: enough for middle levels, mean colours and reports.

To decode 4096 x 4096 pixels of PNG takes 0.2 to 0.3 s, and a build did it four times for each
image. Now whoever encodes one for the full level leaves it here, made small, for the others.
"""

from typing import Final

from PIL import Image

from .pictures import decoded
from .steps import NOTHING_REMEMBERED, StepCache

SIDE_PX: Final = 1024


def small(raw: bytes, cache: StepCache = NOTHING_REMEMBERED) -> Image.Image | None:
    """Decode an image as `decoded` does, halved until its longer side is less than 2,048 pixels.

    Args:
        raw: an image file.
        cache: of the build, where it may be at hand. Who gets the image must not change it.

    Raises:
        MemoryError: it does not fit in now.
    """
    known = cache.images.get(raw)
    if known is not None:
        return known
    image = decoded(raw)
    return None if image is None else keep_small(raw, image, cache)


def opened_small(raw: bytes, cache: StepCache = NOTHING_REMEMBERED) -> Image.Image | None:
    """Decode an image as `small` does; one that does not fit into memory is too large."""
    try:
        return small(raw, cache)
    except MemoryError:
        return None


def keep_small(raw: bytes, image: Image.Image, cache: StepCache) -> Image.Image:
    """Make an image small that has just been decoded, or halved, and keep it at hand."""
    while max(image.size) >= 2 * SIDE_PX:
        image = halved(image)
    size_bytes = image.width * image.height * 4  # as Pillow has them, RGB too
    cache.images.keep(raw, image, size_bytes=size_bytes)
    return image


def halved(image: Image.Image) -> Image.Image:
    """Return the means of four pixels each; a side of one pixel stays."""
    return image.reduce((min(2, image.width), min(2, image.height)))
