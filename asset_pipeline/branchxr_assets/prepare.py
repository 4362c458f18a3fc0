"""Make a source ready to be cut up: one scene, mended, with its anchors and floor found."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from branchxr.protocol.floor import Floor

from .contents.anchors import list_anchors
from .contents.floor import make_floor
from .document import Document, Floats, Json, Outcome
from .geometry import bounds, drawn_triangles
from .operations.drop_constant import drop_constant
from .operations.normals import normals
from .operations.repair import RepairOptions, repair
from .operations.repair_animations import repair_animations
from .operations.repair_nodes import RepairNodesOptions, repair_nodes
from .operations.repair_weights import repair_weights
from .operations.select_scene import select_scene
from .operations.tangents import tangents
from .operations.upright import upright
from .readers import Source
from .steps import NOTHING_REMEMBERED, StepCache
from .warnings import SceneWarning, distinct

FAR_M: Final = 8192.0
"""From here on a step of float32 is a millimetre and more."""
SMALL_M: Final = 0.5
LARGE_M: Final = 500.0
"""Between them lies a room, a hall, and every piece of furniture that is tried alone. Outside lies
what was exported in another unit: a hall of 20 m is 2 km in centimetres, 20 mm in kilometres."""
FLOOR_TRIANGLES_MAX: Final = 5_000_000
"""Triangles among which `inspect` looks for a floor: some 500 bytes each."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A source, ready to be cut up.

    Attributes:
        whole: the one scene that is shown.
        box: `(2, 3)`, low and high corner in rest pose; never undefined.
        anchors: as `branch.json` lists them.
    """

    whole: Document
    box: Floats
    anchors: list[Json]
    floor: Floor | None
    warnings: tuple[SceneWarning, ...]


def prepare(source: Source, *, cache: StepCache = NOTHING_REMEMBERED) -> Prepared:
    """Choose a source's scene, mend it, and find what `branch.json` will say.

    Args:
        source: as it was read.
        cache: remembers what of the floor each part of the scene blocks.

    Raises:
        SceneRefused: the geometry cannot be used.
    """
    whole, warnings = mended(source)
    anchors, anchor_warnings = list_anchors(whole)
    floor, floor_warnings = make_floor(whole, anchors, cache=cache)
    found = bounds(whole)
    box = _box(found, anchors)
    scale = _scale(found, source.unit_m)
    every = distinct((*warnings, *scale, *_far(box), *anchor_warnings, *floor_warnings))
    return Prepared(whole, box, anchors, floor, every)


def looked_at(source: Source) -> tuple[SceneWarning, ...]:
    """Return what `prepare` would say; where it would take gigabytes, without the floor.

    Raises:
        SceneRefused: the geometry cannot be used.
    """
    count = drawn_triangles(select_scene(source.document).document)
    if count <= FLOOR_TRIANGLES_MAX:
        return prepare(source).warnings
    whole, warnings = mended(source)
    message = (
        f"it draws {count:,} triangles: where one can stand in it is not looked at here; "
        "`build` and `validate` say"
    )
    floor = SceneWarning("floor_not_sought", "the scene", message)
    _, anchor_warnings = list_anchors(whole)
    box = bounds(whole)
    scale = _scale(box, source.unit_m)
    return distinct((*warnings, *scale, *_far(_box(box, [])), *anchor_warnings, floor))


def mended(source: Source) -> tuple[Document, list[SceneWarning]]:
    """Choose a source's scene and mend it.

    Raises:
        SceneRefused: the geometry cannot be used.
    """
    whole, warnings = source.document, list(source.warnings)
    for step in _steps(source.file):
        outcome = step(whole)
        whole = outcome.document
        warnings += outcome.warnings
    return whole, warnings


def _steps(file: str) -> list[Callable[[Document], Outcome]]:
    return [
        select_scene,
        upright,
        lambda document: repair(document, RepairOptions(file=file)),
        normals,
        tangents,
        repair_weights,
        lambda document: repair_nodes(document, RepairNodesOptions(file=file)),
        repair_animations,
        drop_constant,
    ]


def _scale(box: Floats | None, unit_m: float) -> list[SceneWarning]:
    """Name a size that no branch has; nothing is rescaled, since only an artist can know."""
    side = 0.0 if box is None else float((box[1] - box[0]).max())
    if box is None or SMALL_M <= side <= LARGE_M:
        return []
    length = f"{side:,.0f} m" if side >= 1 else f"{side * 1000:,.1f} mm"
    what = "large" if side > LARGE_M else "small"
    message = (
        f"it is {length} long, too {what} for a branch (one unit of the file is {unit_m:g} m); "
        "nothing was rescaled: export in metres, or say --unit where the format has none"
    )
    return [SceneWarning("scale_implausible", "the scene", message)]


def _far(box: Floats) -> list[SceneWarning]:
    """Name a scene that lies where graphics processors count in visible steps."""
    reach = float(np.abs(box).max())
    if reach <= FAR_M:
        return []
    step_mm = float(np.spacing(np.float32(reach))) * 1000
    message = (
        f"it reaches {reach:,.0f} m from the origin, where pictures and poses move in steps of "
        f"{step_mm:,.1f} mm; move it to the origin and export in metres"
    )
    return [SceneWarning("scene_far", "the scene", message)]


def _box(box: Floats | None, anchors: list[Json]) -> Floats:
    """Return the scene's box; without geometry that of its anchors, or a metre at the origin."""
    if box is not None:
        return box
    places = np.array([a["position"] for a in anchors] or [[0.0, 0.0, 0.0]])
    return np.array([places.min(axis=0) - 0.5, places.max(axis=0) + 0.5])
