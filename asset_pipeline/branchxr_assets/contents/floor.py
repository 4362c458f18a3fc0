"""Make the floor grid: where a standing body's middle may be."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from branchxr.protocol.floor import CELLS_MAX, Floor

from ..columns import across, lengths
from ..document import Document, Floats, Json
from ..encoders import encoder_versions
from ..geometry import Placement, placements, triangles, world_positions
from ..liveness import is_avatar
from ..steps import NOTHING_REMEMBERED, Step, StepCache, own_code
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
_GROUPS: Final = 64
"""What is solid is looked at in so many parts: a moved node is a 64th of the work."""
_LEVEL: Final = 0.95
"""Smallest upward part of a level triangle's normal."""
_ROOM_M2: Final = 1.0
"""Less floor than this is no room to be in."""


def make_floor(
    document: Document,
    anchors: Sequence[Json],
    options: FloorOptions = DEFAULTS,
    *,
    cache: StepCache = NOTHING_REMEMBERED,
) -> tuple[Floor | None, list[SceneWarning]]:
    """Make the grid from the whole scene in rest pose; `None`, with a warning, where none fits."""
    surface, solids = _collect(document, cache)
    warnings: list[SceneWarning] = []
    if not len(surface):
        surface = _largest_level(_facing_up(solids, cache), options)
        if not len(surface):
            message = "nothing is marked `walkable` and nothing is level; there is no floor grid"
            return None, [SceneWarning("floor_missing", "the scene", message)]
        message = "nothing is marked `walkable`; the largest level surface is taken for the floor"
        warnings.append(SceneWarning("floor_guessed", "the scene", message))
    height = _height(surface, options)
    near = across(np.maximum, np.abs(surface[:, :, 1] - height)) <= options.step_m
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
    free = _free(grid, surface[near], cache) & ~_blocked(grid, solids, height, options, cache)
    seeds = [(a["position"][0], a["position"][2]) for a in anchors if a["kind"] == "spawn"]
    floor = Floor(free, origin=(grid.x, grid.z), height=height, cell_m=options.cell_m, seeds=seeds)
    return floor, [*warnings, *_unreachable(floor, anchors), *_enclosed(floor, anchors)]


@dataclass(frozen=True, slots=True)
class _Solid:
    """Some of what is solid: what it depends on, and its triangles `(t, 3, 3)` in scene axes."""

    key: str
    placed: tuple[Placement, ...]
    document: Document

    def corners(self) -> Floats:
        found = [_corners(self.document, placement) for placement in self.placed]
        return np.concatenate(found) if found else np.empty((0, 3, 3))


def _collect(document: Document, cache: StepCache) -> tuple[Floats, list[_Solid]]:
    """Return walkable triangles, and all solid ones in groups that are looked at one by one."""
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
    groups: dict[int, list[Placement]] = {}
    surface: list[Floats] = []
    for placement in placements(document):
        if placement.is_skinned or placement.node in bodies:
            continue
        groups.setdefault(placement.node % _GROUPS, []).append(placement)
        if placement.node in walkable:
            surface.append(_corners(document, placement))
    marked = np.concatenate(surface) if surface else np.empty((0, 3, 3))
    solids = [
        _Solid(_key(document, group, cache) if cache.is_on else str(number), tuple(group), document)
        for number, group in sorted(groups.items())
    ]
    return marked[np.abs(_normals(marked)[:, 1]) >= DEFAULTS.slope], solids


def _corners(document: Document, placement: Placement) -> Floats:
    found = [
        points[triangles(document, primitive)]
        for primitive, points in world_positions(document, placement)
    ]
    return np.concatenate(found) if found else np.empty((0, 3, 3))


def _key(document: Document, group: Sequence[Placement], cache: StepCache) -> str:
    """Return a hash of where these triangles are."""
    whole = hashlib.sha256()
    for placement in group:
        whole.update(placement.matrices.tobytes())
        for primitive in document.listed("meshes")[placement.mesh]["primitives"]:
            slots = (primitive["attributes"].get("POSITION"), primitive.get("indices"))
            told = [None if i is None else cache.facts(document.accessors[i]) for i in slots]
            whole.update(repr([primitive.get("mode"), *told]).encode())
    return whole.hexdigest()


def _facing_up(solids: Sequence[_Solid], cache: StepCache) -> Floats:
    """Return the solid triangles that are level and face up."""
    step = Step("floor_facing_up", own_code(), encoders=encoder_versions())
    found = []
    with cache.shelf(step) as shelf:
        for solid in solids:

            def make(solid: _Solid = solid) -> bytes:
                corners = solid.corners()
                level: Floats = corners[_normals(corners)[:, 1] >= _LEVEL]
                return level.astype("<f8").tobytes()

            found.append(np.frombuffer(shelf.remember(solid.key, make), "<f8").reshape(-1, 3, 3))
    return np.concatenate(found) if found else np.empty((0, 3, 3))


def _normals(corners: Floats) -> Floats:
    crossed = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    length = lengths(crossed)[:, None]
    return crossed / np.where(length > 0, length, 1)


def _areas(corners: Floats) -> Floats:
    crossed = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    areas: Floats = lengths(crossed) / 2
    return areas


def _levels(corners: Floats, step_m: float) -> tuple[Any, Floats]:
    """Return each triangle's level, numbered from below, and each level's area."""
    heights = np.floor(
        corners[:, :, 1].mean(axis=1) / step_m + 0.5
    )  # beyond all integers where a scene is
    _, numbers = np.unique(heights, return_inverse=True)
    return numbers.reshape(-1), np.bincount(numbers.reshape(-1), _areas(corners)).astype(np.float64)


def _largest_level(level: Floats, options: FloorOptions) -> Floats:
    """Return the triangles of the largest level surface, of all that face up.

    A roof is as large as the floor below it: the lowest of those nearly as large is taken.
    """
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


def _free(grid: Grid, surface: Floats, cache: StepCache) -> Mask:
    """Return cells whose middle is on the walkable surface: two triangles may have 100,000."""

    def make() -> bytes:
        return np.packbits(cover(grid, surface, is_touching=False)).tobytes()

    place = [grid.x, grid.z, grid.columns, grid.rows, grid.cell_m]
    inputs = (cache.digest(surface),) if cache.is_on else ()
    step = Step("floor_free", own_code(), {"place": place}, inputs, encoder_versions())
    return _unpacked(cache.remember(step, make), grid)


def _unpacked(bits: bytes, grid: Grid) -> Mask:
    cells = np.unpackbits(np.frombuffer(bits, np.uint8), count=grid.rows * grid.columns)
    return cells.astype(np.bool_).reshape(grid.rows, grid.columns)


def _blocked(
    grid: Grid, solids: Sequence[_Solid], height: float, options: FloorOptions, cache: StepCache
) -> Mask:
    """Return cells where a body's middle would be closer than its radius to something solid."""
    low, high = height + options.low_m, height + options.high_m
    margin = options.radius_m + options.cell_m
    border = int(np.ceil(margin / grid.cell_m))
    wide = Grid(
        grid.x - border * grid.cell_m,
        grid.z - border * grid.cell_m,
        grid.columns + 2 * border,
        grid.rows + 2 * border,
        grid.cell_m,
    )
    touched = wide.empty()
    place = [wide.x, wide.z, wide.columns, wide.rows, wide.cell_m, low, high]
    step = Step("floor_touched", own_code(), {"place": place}, encoders=encoder_versions())
    with cache.shelf(step) as shelf:
        for solid in solids:

            def make(solid: _Solid = solid) -> bytes:
                return np.packbits(_touched(wide, solid.corners(), low, high)).tobytes()

            touched |= _unpacked(shelf.remember(solid.key, make), wide)
    grown = dilate(touched, radius=options.radius_m / options.cell_m)
    return grown[border : border + grid.rows, border : border + grid.columns]


def _touched(grid: Grid, solid: Floats, low: float, high: float) -> Mask:
    heights = solid[:, :, 1]
    is_inside = (across(np.minimum, heights) >= low) & (across(np.maximum, heights) <= high)
    mask = cover(grid, solid[is_inside], is_touching=True)
    return mask | cover(grid, clip_height(solid[~is_inside], low, high), is_touching=True)


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
