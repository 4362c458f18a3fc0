"""Axes and units of formats that have none: what is taken, and how to say otherwise."""

from typing import Final

from ..document import Floats
from ..warnings import SceneWarning
from .options import ReadOptions
from .transforms import to_metres

USUAL_UP: Final = "Z"
"""Of STL and PLY: Blender, CAD and scanners write them so; Blender reads them so too."""


def usual_frame(options: ReadOptions) -> Floats:
    """Return the `(4, 4)` of a format that is usually Z-up and in metres, to glTF's frame."""
    return to_metres(options.unit_m or 1.0, options.up or USUAL_UP)


def assumed(options: ReadOptions) -> list[SceneWarning]:
    """Say what was taken and not said by the user."""
    found = []
    if options.up is None:
        message = "the format has no axes: +Z is taken as up; say --up Y if it lies on its back"
        found.append(SceneWarning("axes_assumed", "the file", message))
    if options.unit_m is None:
        message = "the format has no unit: metres are taken; say such as --unit 0.001 if not"
        found.append(SceneWarning("unit_assumed", "the file", message))
    return found
