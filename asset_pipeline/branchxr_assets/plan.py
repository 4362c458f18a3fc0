"""Draw a scene from above, as an architect does: cut open, so that the ceiling hides nothing."""

import io
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from .document import Document, Floats, Json
from .geometry import placements, triangles, world_positions
from .operations.plain_materials import plain_materials

_SIDE_MAX_PX: Final = 560
_MARGIN_PX: Final = 6
_DOTS_MAX: Final = 60_000
"""Triangles below a pixel that are drawn; of more only each n-th, which no eye can tell."""


def draw_plan(documents: Sequence[Document], box: Floats, *, cut_m: float) -> bytes:
    """Return a PNG of what lies below a height, in the plain colours of its materials.

    Args:
        documents: drawn into one picture, in scene axes.
        box: `(2, 3)`, what the picture shows: the same box gives the same scale.
        cut_m: what lies wholly above this y is left out.
    """
    size = np.maximum(box[1] - box[0], 1e-6)[[0, 2]]
    scale = (_SIDE_MAX_PX - 2 * _MARGIN_PX) / size.max()
    width, height = (int(part) + 2 * _MARGIN_PX for part in np.ceil(size * scale))
    corners, colours = _shaded(documents)
    below = corners[:, :, 1].min(axis=1) < cut_m
    corners, colours = corners[below], colours[below]
    flat = (corners[:, :, [0, 2]] - box[0][[0, 2]]) * scale + _MARGIN_PX
    kept = _worth_drawing(flat)
    order = kept[np.argsort(corners[kept, :, 1].max(axis=1), kind="stable")]
    image = Image.new("RGB", (width, height), "white")
    pen = ImageDraw.Draw(image)
    for points, colour in zip(flat[order].tolist(), colours[order].tolist(), strict=True):
        pen.polygon([tuple(point) for point in points], fill=tuple(colour), outline=tuple(colour))
    target = io.BytesIO()
    image.quantize(64).save(target, "PNG", optimize=True)
    return target.getvalue()


def _worth_drawing(flat: Floats) -> NDArray[np.int64]:
    spans = np.ptp(flat, axis=1).max(axis=1) if len(flat) else np.empty(0)
    dots = np.flatnonzero(spans < 1)
    every = -(-len(dots) // _DOTS_MAX) or 1
    return np.concatenate([np.flatnonzero(spans >= 1), dots[::every]])


def _shaded(documents: Sequence[Document]) -> tuple[Floats, NDArray[np.uint8]]:
    """Return `(t, 3, 3)` triangles in the scene and `(t, 3)` their colours, level ones brighter."""
    corners: list[Floats] = [np.empty((0, 3, 3))]
    bases: list[Floats] = [np.empty((0, 3))]
    for document in documents:
        plain = plain_materials(document).document
        for placement in placements(plain):
            for primitive, points in world_positions(plain, placement):
                found = points[triangles(plain, primitive)]
                corners.append(found)
                bases.append(np.tile(_colour(plain, primitive), (len(found), 1)))
    every, linear = np.concatenate(corners), np.concatenate(bases)
    crossed = np.cross(every[:, 1] - every[:, 0], every[:, 2] - every[:, 0])
    length = np.linalg.norm(crossed, axis=1)
    upward = np.abs(crossed[:, 1]) / np.where(length > 0, length, 1)
    display = linear.clip(0, 1) ** (1 / 2.2) * (0.45 + 0.5 * upward[:, None])
    return every, (display * 255).astype(np.uint8)


def _colour(document: Document, primitive: Json) -> list[float]:
    if "material" not in primitive:
        return [0.8, 0.8, 0.8]
    material = document.listed("materials")[primitive["material"]]
    found: list[float] = material["pbrMetallicRoughness"]["baseColorFactor"][:3]
    return found
