"""Darken where surfaces meet, from distances alone: it makes a picture read as a place."""

import math
from typing import Final

import numpy as np

from .camera import Camera
from .soup import Reals

_RADII: Final = (0.006, 0.014, 0.03)
"""Of the picture's height."""
RADIUS_MAX: Final = max(_RADII)
"""Nothing farther off on the picture has any effect."""
_DIRECTIONS: Final = ((1, 0), (0, 1), (0.7, 0.7), (0.7, -0.7))
_STRENGTH: Final = 0.5
_FAR_RATIO: Final = 0.12
"""What is nearer to the eye by a larger share hides a surface and does not touch it."""


def creases(depths: Reals, camera: Camera, *, height: int) -> Reals:
    """Return `(h, w)` factors, 1 where nothing is close.

    In a plane the inverse distance is linear over the picture (with a parallel projection the
    distance itself), so the mean of two opposite neighbours is the middle's own; where it is
    nearer, the surface bends towards the eye.

    Args:
        depths: `(h, w)`, infinite where nothing is.
        camera: that took them.
        height: of the whole picture, of which these may be a window.
    """
    unit: Reals = np.ones_like(depths)
    if camera.yfov is None:
        linear, step = -depths, camera.height_m / height
        linear = np.where(np.isfinite(depths), linear, np.float32(-1e9))
    else:
        step = 2 * math.tan(camera.yfov / 2) / height
        linear = 1 / np.maximum(depths, np.float32(1e-6))
        unit = np.where(np.isfinite(depths), depths, np.float32(0))
    reach = _FAR_RATIO if camera.yfov is not None else camera.height_m * _FAR_RATIO
    total = np.zeros_like(linear)
    for radius in _RADII:
        pixels = max(1.0, radius * height)
        for across, down in _DIRECTIONS:
            dx, dy = round(across * pixels), round(down * pixels)
            bend = np.zeros_like(linear)
            for sign in (1, -1):
                nearer = (_moved(linear, sign * dx, sign * dy) - linear) * unit
                bend += np.where(nearer > reach, 0, nearer)
            total += np.clip(bend / (2 * pixels * step), 0, 1)
    share = total / (len(_RADII) * len(_DIRECTIONS))
    return (1 - _STRENGTH * np.minimum(share * 2.2, 1)).astype(np.float32)


def _moved(values: Reals, dx: int, dy: int) -> Reals:
    """Shift a picture; its edges repeat."""
    rows = np.clip(np.arange(values.shape[0]) + dy, 0, values.shape[0] - 1)
    columns = np.clip(np.arange(values.shape[1]) + dx, 0, values.shape[1] - 1)
    return values[rows[:, None], columns]
