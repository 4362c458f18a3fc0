"""The images that the report shows, small: decoding them is a third of what the report costs."""

import struct
from typing import Final

from PIL import Image

from ..pictures import ENCODERS
from ..render.textures import Decode, shrunk
from ..steps import Step, StepCache

VERSION: Final = 2
"""Of what is remembered here: raised with every change of it (`branchxr_assets.steps`)."""
_SIDE_MAX_PX: Final = 512
"""A picture is 480 pixels wide, and so large are the viewer's textures at most."""
_HEAD: Final = "<II"


def remembering(cache: StepCache) -> Decode:
    """Return a function that decodes an image file, or remembers how it looked."""

    def decode(raw: bytes) -> Image.Image | None:
        if not cache.is_on:
            return shrunk(raw, side_max_px=_SIDE_MAX_PX, cache=cache)
        options = {"side_max_px": _SIDE_MAX_PX}
        step = Step("report_image", VERSION, options, (cache.digest(raw),), ENCODERS)
        return _image(cache.remember(step, lambda: _stored(raw, cache)))

    return decode


def _stored(raw: bytes, cache: StepCache) -> bytes:
    image = shrunk(raw, side_max_px=_SIDE_MAX_PX, cache=cache)
    return b"" if image is None else struct.pack(_HEAD, *image.size) + image.tobytes()


def _image(stored: bytes) -> Image.Image | None:
    if not stored:
        return None
    start = struct.calcsize(_HEAD)
    return Image.frombytes("RGBA", struct.unpack_from(_HEAD, stored), stored[start:])
