"""Where a picture is taken from."""

import math
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from ..document import Document, Floats
from ..tree import paths, world_matrices

View = Literal["top", "front", "corner"]

_FIELD_OF_VIEW: Final = math.radians(40)
_MARGIN: Final = 1.04
_DIRECTIONS: Final = {"front": (0.0, 0.55, 1.0), "corner": (0.75, 0.8, 1.0)}
"""From the middle of the scene towards the eye, +Y up."""


@dataclass(frozen=True, slots=True)
class Camera:
    """An eye as glTF has it: it looks along its own -Z, +Y is up.

    Attributes:
        world: `(4, 4)`, its place in the scene, without scale.
        yfov: radians, of the picture's height; `None` for a parallel projection.
        height_m: what a parallel projection shows from bottom to top.
        near_m: what is nearer is not drawn.
        cut_m: what lies above this y is cut away, so that no ceiling hides a room.
    """

    world: Floats
    yfov: float | None = _FIELD_OF_VIEW
    height_m: float = 1.0
    near_m: float = 0.01
    cut_m: float | None = None

    def project(self, points: Floats, *, width: int, height: int) -> Floats:
        """Return `(n, 4)`: x and y in pixels times w, w, and the distance along the view."""
        view = np.linalg.inv(self.world)
        seen = points @ view[:3, :3].T + view[:3, 3]
        away = -seen[:, 2]
        if self.yfov is None:
            w, scale = np.ones(len(seen)), 2 / self.height_m
        else:
            w, scale = away, 1 / math.tan(self.yfov / 2)
        x = (seen[:, 0] * scale * height / width + w) * (width / 2)
        y = (w - seen[:, 1] * scale) * (height / 2)
        return np.stack([x, y, w, away], axis=1)


def view_from(
    side: View, box: Floats, *, size: tuple[int, int], cut_m: float | None = None
) -> Camera:
    """Place an eye so that a box fills the picture.

    Args:
        side: `top` (parallel, north up: -Z), `front` (from +Z, raised), `corner` (from +X +Z).
        box: `(2, 3)`, low and high corner, metres.
        size: width and height of the picture, pixels.
        cut_m: the scene is cut open at this y; the box counts up to there.
    """
    low, high = np.array(box[0], float), np.array(box[1], float)
    if cut_m is not None:
        high[1] = max(min(high[1], cut_m), low[1])
    middle, extent = (low + high) / 2, np.maximum(high - low, 1e-3)
    aspect = size[0] / size[1]
    if side == "top":
        height = max(extent[2], extent[0] / aspect) * _MARGIN
        eye = np.array([middle[0], high[1] + extent.max(), middle[2]])
        world = _looking(eye, middle, up=(0.0, 0.0, -1.0))
        return Camera(world, None, float(height), float(extent.max()) / 2, cut_m)
    towards = np.array(_DIRECTIONS[side]) / np.linalg.norm(_DIRECTIONS[side])
    turn = _looking(middle + towards, middle, up=(0.0, 1.0, 0.0))
    corners = np.array([[(low, high)[k >> a & 1][a] for a in range(3)] for k in range(8)])
    slope = math.tan(_FIELD_OF_VIEW / 2) / _MARGIN
    slopes = np.array([slope * aspect, slope])
    away = 0.0
    for _ in range(8):  # aside until the box's outline is in the middle of the picture
        flat = (corners - middle) @ turn[:3, :3]
        away = float((flat[:, 2] + (np.abs(flat[:, :2]) / slopes).max(axis=1)).max())
        outline = flat[:, :2] / (away - flat[:, 2:]).clip(1e-9) * away
        middle = middle + turn[:3, :2] @ ((outline.min(axis=0) + outline.max(axis=0)) / 2)
    turn[:3, 3] = middle + towards * away
    return Camera(turn, near_m=max(away * 1e-3, 1e-4), cut_m=cut_m)


def camera_of_node(document: Document, path: str) -> Camera | None:
    """Return the camera at a node, or at the first node below it that has one."""
    nodes, cameras = document.listed("nodes"), document.listed("cameras")
    worlds = world_matrices(document)
    for index, found in paths(document).items():
        if "camera" not in nodes[index] or not f"{found}/".startswith(f"{path}/"):
            continue
        world = worlds[index].copy()
        lengths = np.linalg.norm(world[:3, :3], axis=0)
        world[:3, :3] /= np.where(lengths > 0, lengths, 1)
        if abs(np.linalg.det(world)) < 1e-6:
            return None
        camera = cameras[nodes[index]["camera"]]
        if "perspective" in camera:
            lens = camera["perspective"]
            yfov = float(np.clip(lens.get("yfov", _FIELD_OF_VIEW), 0.01, 3.0))
            return Camera(world, yfov, near_m=max(float(lens.get("znear", 0.01)), 1e-4))
        lens = camera.get("orthographic", {})
        return Camera(world, None, 2 * abs(float(lens.get("ymag", 1.0))) or 2.0, 1e-4)
    return None


def camera_paths(document: Document) -> list[str]:
    """Return the paths of all nodes that carry a camera."""
    nodes = document.listed("nodes")
    return [path for index, path in paths(document).items() if "camera" in nodes[index]]


def _looking(eye: Floats, at: Floats, *, up: tuple[float, float, float]) -> Floats:
    back = (eye - at) / np.linalg.norm(eye - at)
    right = np.cross(up, back)
    right /= np.linalg.norm(right)
    world = np.eye(4)
    world[:3, 0], world[:3, 1], world[:3, 2], world[:3, 3] = right, np.cross(back, right), back, eye
    return world
