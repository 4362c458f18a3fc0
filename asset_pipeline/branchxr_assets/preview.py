"""Take a picture of a scene file or of a package."""

import io
import os
import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast, get_args

import numpy as np
from PIL import Image

from branchxr.errors import InputRefused

from .document import Document, Floats
from .geometry import around, bounds
from .opened import Level, is_package, open_package
from .pictures import is_for_devices
from .prepare import prepare
from .readers import ReadOptions, read
from .readers.options import DEFAULTS
from .render import Camera, camera_of_node, render, view_from
from .render.camera import View, camera_paths
from .render.picture import Pixels

CUT_M: Final = 2.2
"""Above doors, below ceilings."""
_SIDES: Final = get_args(View)
_PIXELS_MAX: Final = 4096 * 4096


@dataclass(frozen=True, slots=True)
class Shown:
    """What a picture is taken of.

    Attributes:
        box: `(2, 3)`, of everything.
        floor_m: the height that people stand at.
    """

    documents: tuple[Document, ...]
    box: Floats
    floor_m: float


def shown_scene(path: Path, options: ReadOptions = DEFAULTS) -> Shown:
    """Read a scene file as the pipeline prepares it.

    Raises:
        SceneRefused: it cannot be read.
    """
    prepared = prepare(read(path, options))
    floor = prepared.floor
    height = float(prepared.box[0][1]) if floor is None else floor.height
    return Shown((prepared.whole,), prepared.box, height)


def shown_package(path: Path, *, level: Level, now: float, allow_unsigned: bool) -> Shown:
    """Read one level of detail of a package, and its live tile.

    Raises:
        PackageRefused: unsigned (unless allowed), tampered with, or incomplete.
    """
    package = open_package(path, now=now, allow_unsigned=allow_unsigned)
    documents = tuple(package.documents(level))
    boxes = [box for box in (bounds(document) for document in documents) if box is not None]
    box = around(boxes or [np.array([[-0.5] * 3, [0.5] * 3])])
    floor = package.branch.get("floor")
    height = floor.get("height") if isinstance(floor, dict) else None
    return Shown(documents, box, float(height if isinstance(height, int | float) else box[0][1]))


def shown(
    path: Path, *, level: Level, now: float, allow_unsigned: bool, options: ReadOptions = DEFAULTS
) -> Shown:
    """Read a scene file or a package, whichever it is."""
    if is_package(path):
        return shown_package(path, level=level, now=now, allow_unsigned=allow_unsigned)
    return shown_scene(path, options)


def count_plain(scene: Shown) -> int:
    """Return how many of its textures a picture shows as one plain colour (KTX2, DDS)."""
    raws = {raw for document in scene.documents for raw in document.images}
    return sum(map(is_for_devices, raws))


def picture(scene: Shown, view: str, size: tuple[int, int], *, is_whole: bool = False) -> Pixels:
    """Take the picture.

    Args:
        scene: what of.
        view: `top`, `front`, `corner`, or the path of a node with a camera.
        size: width and height, pixels.
        is_whole: leave the ceiling on; else `top`, `front` and `corner` look into the rooms.

    Raises:
        InputRefused: `camera_not_found`, `picture_too_large`.
    """
    if size[0] * size[1] > _PIXELS_MAX or min(size) < 1:
        raise InputRefused(
            f"a picture of 1 to {_PIXELS_MAX:,} pixels",
            f"{size[0]} x {size[1]}",
            "choose --size 1280x720",
            code="picture_too_large",
        )
    return render(scene.documents, _camera(scene, view, size, is_whole=is_whole), size)


def parse_size(text: str) -> tuple[int, int]:
    """Read `1280x720`.

    Raises:
        InputRefused: `picture_size`.
    """
    found = re.fullmatch(r"(\d{1,5})[xX](\d{1,5})", text.strip())
    if found is None:
        raise InputRefused(
            "a size such as 1280x720", repr(text), "choose --size WIDTHxHEIGHT", code="picture_size"
        )
    return int(found[1]), int(found[2])


def parse_level(text: str) -> Level:
    """Read `full` or `coarsest`.

    Raises:
        InputRefused: `picture_level`.
    """
    levels = get_args(Level)
    if text not in levels:
        raise InputRefused(
            " or ".join(levels), repr(text), "choose --level full", code="picture_level"
        )
    return cast("Level", text)


def write_picture(path: Path, pixels: Pixels) -> None:
    """Write a PNG beside its place, then rename it: no half picture is left.

    Raises:
        InputRefused: `output_not_writable`.
    """
    try:
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.absolute().parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(as_png(pixels))
            Path(temporary).chmod(0o644)
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise InputRefused(
            "a place where the picture can be written",
            f"{error.strerror or type(error).__name__} at {str(path)!r}",
            "choose another with -o",
            code="output_not_writable",
        ) from error


def as_png(pixels: Pixels) -> bytes:
    """Encode `(h, w, 3) uint8` losslessly."""
    target = io.BytesIO()
    Image.fromarray(pixels).save(target, "PNG", optimize=True)
    return target.getvalue()


def _camera(scene: Shown, view: str, size: tuple[int, int], *, is_whole: bool) -> Camera:
    if view in _SIDES:
        cut_m = None if is_whole else scene.floor_m + CUT_M
        return view_from(cast("View", view), scene.box, size=size, cut_m=cut_m)
    for document in scene.documents:
        camera = camera_of_node(document, view)
        if camera is not None:
            return camera
    raise _no_camera(scene.documents, view)


def _no_camera(documents: Sequence[Document], view: str) -> InputRefused:
    known = [path for document in documents for path in camera_paths(document)]
    listed = ", ".join(repr(path) for path in known[:8]) or "none"
    return InputRefused(
        f"{', '.join(_SIDES)}, or the path of a node with a camera",
        repr(view),
        f"the cameras of this scene: {listed}",
        code="camera_not_found",
    )
