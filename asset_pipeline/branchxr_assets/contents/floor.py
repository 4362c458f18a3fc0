"""Make the floor grid: where a standing body's middle may be."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from branchxr.protocol.floor import CELLS_MAX, Floor

from ..document import Document, Floats, Json
from ..geometry import placements, triangles, world_positions
from ..liveness import is_avatar
from ..tree import walk
from ..warnings import SceneWarning
from .raster import Grid, Mask, clip_height, cover, dilate


@dataclass(frozen=True, slots=True)
class FloorOptions:
    """How a body stands.

    Attributes:
        low_m: what is lower than this above the floor is stepped over.
        high_m: what is higher is walked under.
        step_m: walkable surfaces within this height are one floor.
        slope: smallest upward part of a walkable triangle's normal (0.7 is 45 degrees).
    """

    cell_m: float = 0.1
    radius_m: float = 0.25
    low_m: float = 0.2
    high_m: float = 1.8
    step_m: float = 0.2
    slope: float = 0.7


DEFAULTS: Final = FloorOptions()
_ROOM_M2: Final = 1.0
"""Less floor than this is no room to be in."""


def make_floor(
    document: Document, anchors: Sequence[Json], options: FloorOptions = DEFAULTS
) -> tuple[Floor | None, list[SceneWarning]]:
    """Make the grid from the whole scene in rest pose; `None`, with a warning, where none fits."""
    surface, solid = _collect(document)
    warnings: list[SceneWarning] = []
    if not len(surface):
        surface = _largest_level(solid, options)
        if not len(surface):
            message = "nothing is marked `walkable` and nothing is level; there is no floor grid"
            return None, [SceneWarning("floor_missing", "the scene", message)]
        message = "nothing is marked `walkable`; the largest level surface is taken for the floor"
        warnings.append(SceneWarning("floor_guessed", "the scene", message))
    height = _height(surface, options)
    near = np.abs(surface[:, :, 1] - height).max(axis=1) <= options.step_m
    if not near.any():
        message = "the walkable surface is nowhere level; there is no floor grid"
        return None, [*warnings, SceneWarning("floor_missing", "the scene", message)]
    if not near.all():
        message = f"walkable surfaces beside the one at {height:.2f} m are not in the grid"
        warnings.append(SceneWarning("floor_levels", "the scene", message))
    grid = _grid(surface[near], options.cell_m)
    if grid is None:
        message = f"the floor has more than {CELLS_MAX} grid cells; there is no floor grid"
        return None, [*warnings, SceneWarning("floor_too_large", "the scene", message)]
    free = cover(grid, surface[near], is_touching=False)
    free &= ~_blocked(grid, solid, height, options)
    seeds = [(a["position"][0], a["position"][2]) for a in anchors if a["kind"] == "spawn"]
    floor = Floor(free, origin=(grid.x, grid.z), height=height, cell_m=options.cell_m, seeds=seeds)
    return floor, [*warnings, *_unreachable(floor, anchors), *_enclosed(floor, anchors)]


def _collect(document: Document) -> tuple[Floats, Floats]:
    """Return walkable triangles and all solid ones, `(t, 3, 3)` in scene axes."""
    nodes = document.listed("nodes")
    walkable: set[int] = set()
    bodies: set[int] = set()
    for index, parent in walk(document):
        extras = nodes[index].get("extras")
        says = extras if isinstance(extras, dict) else {}
        if says.get("walkable", parent in walkable):
            walkable.add(index)
        if is_avatar(nodes[index]) or parent in bodies:
            bodies.add(index)
    surface: list[Floats] = []
    solid: list[Floats] = []
    for placement in placements(document):
        if placement.is_skinned or placement.node in bodies:
            continue
        for primitive, points in world_positions(document, placement):
            corners = points[triangles(document, primitive)]
            solid.append(corners)
            if placement.node in walkable:
                surface.append(corners)
    every = np.concatenate(solid) if solid else np.empty((0, 3, 3))
    marked = np.concatenate(surface) if surface else np.empty((0, 3, 3))
    return marked[np.abs(_normals(marked)[:, 1]) >= DEFAULTS.slope], every


def _normals(corners: Floats) -> Floats:
    crossed = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    length = np.linalg.norm(crossed, axis=1, keepdims=True)
    return crossed / np.where(length > 0, length, 1)


def _areas(corners: Floats) -> Floats:
    crossed = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    areas: Floats = np.linalg.norm(crossed, axis=1) / 2
    return areas


def _levels(corners: Floats, step_m: float) -> tuple[Any, Floats]:
    """Return each triangle's level, numbered from below, and each level's area."""
    heights = np.floor(
        corners[:, :, 1].mean(axis=1) / step_m + 0.5
    )  # beyond all integers where a scene is
    _, numbers = np.unique(heights, return_inverse=True)
    return numbers.reshape(-1), np.bincount(numbers.reshape(-1), _areas(corners)).astype(np.float64)


def _largest_level(solid: Floats, options: FloorOptions) -> Floats:
    """Return the triangles of the largest level surface that faces up.

    A roof is as large as the floor below it: the lowest of those nearly as large is taken.
    """
    level = solid[_normals(solid)[:, 1] >= 0.95]
    if not len(level):
        return level
    numbers, areas = _levels(level, options.step_m)
    lowest = int(np.flatnonzero(areas >= 0.8 * areas.max())[0])
    found: Floats = level[numbers == lowest]
    return found


def _height(surface: Floats, options: FloorOptions) -> float:
    numbers, areas = _levels(surface, options.step_m)
    corners = surface[numbers == int(areas.argmax())]
    mean = np.average(corners[:, :, 1].mean(axis=1), weights=_areas(corners) + 1e-12)
    return round(float(mean), 4) + 0.0


def _grid(surface: Floats, cell_m: float) -> Grid | None:
    low = np.floor(surface[:, :, [0, 2]].min(axis=(0, 1)) / cell_m + 1e-6)
    high = np.ceil(surface[:, :, [0, 2]].max(axis=(0, 1)) / cell_m - 1e-6)
    columns, rows = (int(n) for n in np.maximum(high - low, 1))
    if columns * rows > CELLS_MAX:
        return None
    x, z = (round(float(part) * cell_m, 6) + 0.0 for part in low)
    return Grid(x, z, columns, rows, cell_m)


def _blocked(grid: Grid, solid: Floats, height: float, options: FloorOptions) -> Mask:
    """Return cells where a body's middle would be closer than its radius to something solid."""
    low, high = height + options.low_m, height + options.high_m
    margin = options.radius_m + options.cell_m
    wide = Grid(
        grid.x - np.ceil(margin / grid.cell_m) * grid.cell_m,
        grid.z - np.ceil(margin / grid.cell_m) * grid.cell_m,
        grid.columns + 2 * int(np.ceil(margin / grid.cell_m)),
        grid.rows + 2 * int(np.ceil(margin / grid.cell_m)),
        grid.cell_m,
    )
    heights = solid[:, :, 1]
    is_inside = (heights.min(axis=1) >= low) & (heights.max(axis=1) <= high)
    touched = cover(wide, solid[is_inside], is_touching=True)
    touched |= cover(wide, clip_height(solid[~is_inside], low, high), is_touching=True)
    grown = dilate(touched, radius=options.radius_m / options.cell_m)
    border = int(np.ceil(margin / grid.cell_m))
    return grown[border : border + grid.rows, border : border + grid.columns]


def _unreachable(floor: Floor, anchors: Sequence[Json]) -> list[SceneWarning]:
    """Name anchors that nobody can walk up to."""
    return [
        SceneWarning(
            "anchor_unreachable",
            anchor["path"],
            f"this {anchor['kind']} is more than 2 m from any floor that a spawn is connected to",
        )
        for anchor in anchors
        if floor.approach(anchor["position"]) is None
    ]


def _enclosed(floor: Floor, anchors: Sequence[Json]) -> list[SceneWarning]:
    """Name spawns that stand shut in: inside a solid, whose faces are all that blocks."""
    found: list[SceneWarning] = []
    parts: list[Mask] = []
    for anchor in anchors:
        stand = floor.approach(anchor["position"]) if anchor["kind"] == "spawn" else None
        if stand is None:
            continue
        x, _, z = (float(part) for part in stand)
        column = int((x - floor.origin[0]) / floor.cell_m)
        row = int((z - floor.origin[1]) / floor.cell_m)
        part = next((part for part in parts if part[row, column]), None)
        if part is None:
            part = _alone(floor, (x, z)).connected
            parts.append(part)
        area = float(part.sum()) * floor.cell_m**2
        if area < _ROOM_M2:
            message = f"only {area:.1f} m2 of floor hang together here; is it inside an obstacle?"
            found.append(SceneWarning("spawn_enclosed", anchor["path"], message))
    return found


def _alone(floor: Floor, seed: tuple[float, float]) -> Floor:
    """Return the floor as somebody at one place can reach it."""
    return Floor(
        floor.walkable,
        origin=floor.origin,
        height=floor.height,
        cell_m=floor.cell_m,
        seeds=[seed],
    )
