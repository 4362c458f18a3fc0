"""How like their sources the pictures of a GLB still are: SSIM, read by Pillow.

The structural similarity of Wang et al. (2004) in windows of 8 x 8 pixels, over red, green and
blue alike. The measure is taken at the source's own size, on its middle, a smaller picture drawn up
to it as a viewer would (bilinear): which filter made it smaller is then part of what is judged.
"""

import io
import json
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_WINDOW = 8
_SIDE_PX = 512
_LUMINANCE, _CONTRAST = (0.01 * 255) ** 2, (0.03 * 255) ** 2
Plane = NDArray[np.float64]


def pictures(paths: Iterable[Path]) -> dict[str, bytes]:
    """Return the images of GLBs by name."""
    found = {}
    for path in paths:
        glb = path.read_bytes()
        size = int.from_bytes(glb[12:16], "little")
        root = json.loads(glb[20 : 20 + size])
        for image in root.get("images", []):
            view = root["bufferViews"][image["bufferView"]]
            start = 28 + size + view.get("byteOffset", 0)
            found[image.get("name", "")] = glb[start : start + view["byteLength"]]
    return found


def likeness(source: Mapping[str, bytes], made: Mapping[str, bytes]) -> dict[str, float]:
    """Return the SSIM of each picture that both have."""
    return {name: _ssim(source[name], made[name]) for name in source if name in made}


def _ssim(source: bytes, made: bytes) -> float:
    with Image.open(io.BytesIO(source)) as one, Image.open(io.BytesIO(made)) as other:
        side = min(*one.size, _SIDE_PX)
        left, top = (one.width - side) // 2, (one.height - side) // 2
        across, down = other.width / one.width, other.height / one.height
        box = (left * across, top * down, (left + side) * across, (top + side) * down)
        before = one.convert("RGB").crop((left, top, left + side, top + side))
        after = other.convert("RGB").resize((side, side), Image.Resampling.BILINEAR, box=box)
    planes = zip(np.asarray(before, float).T, np.asarray(after, float).T, strict=True)
    return float(np.mean([_of_planes(a, b) for a, b in planes]))


def _of_planes(one: Plane, other: Plane) -> float:
    mine, theirs = _means(one), _means(other)
    mine_spread = _means(one * one) - mine * mine
    their_spread = _means(other * other) - theirs * theirs
    together = _means(one * other) - mine * theirs
    alike = (2 * mine * theirs + _LUMINANCE) * (2 * together + _CONTRAST)
    apart = (mine * mine + theirs * theirs + _LUMINANCE) * (mine_spread + their_spread + _CONTRAST)
    return float((alike / apart).mean())


def _means(plane: Plane) -> Plane:
    """Return the mean of every window."""
    total = np.pad(plane, ((1, 0), (1, 0))).cumsum(axis=0).cumsum(axis=1)
    w = _WINDOW
    inner = total[w:, w:] - total[:-w, w:] - total[w:, :-w] + total[:-w, :-w]
    means: Plane = inner / (w * w)
    return means
