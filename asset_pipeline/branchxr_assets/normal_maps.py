"""Encode normal maps, judged by how far their directions are off, not by how they look."""

from typing import Final

from PIL import Image

from .pictures import LOSSLESS, angular_error_deg, as_webp, centred

ERROR_MAX_DEG: Final = 1.5
"""Mean over a normal map; a flat one shows steps of light from about 2 degrees on."""
_WORTH_FINER: Final = 0.75
"""What a finer encoding must bring the angle down to, to be kept: WebP halves the resolution of
two of three channels at any quality, and on maps like noise (5.1 degrees at quality 80, 4.1 at 97
for 2.4 times the bytes) no quality helps."""
_FINER: Final = (10, 17)
"""Steps of quality that a map is tried at when its directions are off."""
_WINDOW_PX: Final = 512


def normal_map_as_webp(image: Image.Image, quality: int) -> bytes | None:
    """Encode at the quality at which directions are right, judged on the middle of the map.

    A window of 512 pixels tells within 7 % what the whole of a 2048 map does, in a tenth of the
    time; of a map that is no larger, the trial that was right is the result. `None` when a side is
    longer than the format can say.
    """
    window = centred(image, side_px=_WINDOW_PX)
    tried = {quality: as_webp(window, quality=quality)}
    error = _error_deg(window, tried[quality])
    for step in _FINER:
        if error <= ERROR_MAX_DEG:
            break
        finer = min(quality + step, LOSSLESS - 1)
        made = as_webp(window, quality=finer)
        if (finer_error := _error_deg(window, made)) > error * _WORTH_FINER:
            break
        quality, error, tried[finer] = finer, finer_error, made
    return tried[quality] if window.size == image.size else as_webp(image, quality=quality)


def _error_deg(image: Image.Image, made: bytes | None) -> float:
    return 180.0 if made is None else angular_error_deg(image, made)
