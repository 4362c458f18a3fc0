"""COLLADA's transforms as matrices (section 5.2 of 1.4.1)."""

import math
import xml.etree.ElementTree as ET
from typing import Final

import numpy as np

from ..document import Floats
from .dae_library import Library

TRANSFORMS: Final = ("matrix", "translate", "rotate", "scale", "skew", "lookat")


def transform_matrix(library: Library, item: ET.Element) -> Floats:
    """Return the `(4, 4)` of one transform element.

    Raises:
        SceneRefused: `scene_malformed`: too few numbers, or some that are none.
    """
    counts = {"matrix": 16, "translate": 3, "rotate": 4, "scale": 3, "skew": 7, "lookat": 9}
    values = library.numbers(item.text, f"<{item.tag}>")
    if len(values) < counts[item.tag] or not np.isfinite(values).all():
        came = f"{len(values)}" if np.isfinite(values).all() else "NaN or infinity"
        raise library.refused(f"<{item.tag}>", f"{counts[item.tag]} numbers", came)
    return matrix_of(item.tag, values)


def matrix_of(tag: str, values: Floats) -> Floats:
    """Return the `(4, 4)` of a transform by its numbers (5.2, `<lookat>` to `<translate>`)."""
    found = np.eye(4)
    if tag == "matrix":
        found = values[:16].reshape(4, 4)
    elif tag == "translate":
        found[:3, 3] = values[:3]
    elif tag == "scale":
        found[:3, :3] = np.diag(values[:3])
    elif tag == "rotate":
        found = turns_of(values[None, :4])[0]
    elif tag == "skew":
        angle, axis, along = math.radians(values[0]), values[1:4], values[4:7]
        norm, length = np.linalg.norm(axis), np.linalg.norm(along)
        if norm > 0 and length > 0 and abs(math.cos(angle)) > 1e-6:
            found[:3, :3] += math.tan(angle) * np.outer(along / length, axis / norm)
    elif tag == "lookat":
        eye, target, up = values[:3], values[3:6], values[6:9]
        back = _unit(eye - target, (0.0, 0.0, 1.0))
        right = _unit(np.cross(up, back), (1.0, 0.0, 0.0))
        found[:3, :4] = np.stack([right, np.cross(back, right), back, eye], axis=1)
    return found


def turns_of(values: Floats) -> Floats:
    """Return the `(k, 4, 4)` of `<rotate>` by `(k, 4)` axes and degrees (Rodrigues)."""
    length = np.linalg.norm(values[:, :3], axis=1, keepdims=True)
    axis = np.where(length > 1e-12, values[:, :3] / np.maximum(length, 1e-12), (0.0, 0.0, 1.0))
    angle = np.radians(values[:, 3])[:, None, None]
    cross = np.cross(np.eye(3), axis[:, None, :])
    found = np.tile(np.eye(4), (len(values), 1, 1))
    found[:, :3, :3] += np.sin(angle) * cross + (1 - np.cos(angle)) * (cross @ cross)
    return found


def _unit(vector: Floats, plain: tuple[float, float, float]) -> Floats:
    length = float(np.linalg.norm(vector))
    return vector / length if length > 1e-12 else np.array(plain)
