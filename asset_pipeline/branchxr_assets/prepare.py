"""Make a source ready to be cut up: one scene, mended, with its anchors and floor found."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from branchxr.protocol.floor import Floor

from .contents.anchors import list_anchors
from .contents.floor import make_floor
from .document import Document, Floats, Json, Outcome
from .geometry import bounds
from .operations.drop_constant import drop_constant
from .operations.repair import RepairOptions, repair
from .operations.repair_animations import repair_animations
from .operations.repair_nodes import RepairNodesOptions, repair_nodes
from .operations.repair_weights import repair_weights
from .operations.select_scene import select_scene
from .readers import Source
from .warnings import SceneWarning, distinct

FAR_M: Final = 8192.0
"""From here on a step of float32 is a millimetre and more."""


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


def prepare(source: Source) -> Prepared:
    """Choose a source's scene, mend it, and find what `branch.json` will say.

    Raises:
        SceneRefused: the geometry cannot be used.
    """
    whole, warnings = source.document, list(source.warnings)
    for step in _steps(source.file):
        outcome = step(whole)
        whole = outcome.document
        warnings += outcome.warnings
    anchors, anchor_warnings = list_anchors(whole)
    floor, floor_warnings = make_floor(whole, anchors)
    box = _box(whole, anchors)
    every = distinct((*warnings, *_far(box), *anchor_warnings, *floor_warnings))
    return Prepared(whole, box, anchors, floor, every)


def _steps(file: str) -> list[Callable[[Document], Outcome]]:
    return [
        select_scene,
        lambda document: repair(document, RepairOptions(file=file)),
        repair_weights,
        lambda document: repair_nodes(document, RepairNodesOptions(file=file)),
        repair_animations,
        drop_constant,
    ]


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


def _box(whole: Document, anchors: list[Json]) -> Floats:
    """Return the scene's box; without geometry that of its anchors, or a metre at the origin."""
    box = bounds(whole)
    if box is not None:
        return box
    places = np.array([a["position"] for a in anchors] or [[0.0, 0.0, 0.0]])
    return np.array([places.min(axis=0) - 0.5, places.max(axis=0) + 0.5])
