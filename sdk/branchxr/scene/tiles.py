"""Read a 3D Tiles 1.1 tileset and say which chunk to fetch next.

Our packages only: explicit tiling, GLB content, identity transforms. Bounding volumes are in the
Z-up frame of 3D Tiles; positions in scene axes (glTF's, Y-up) are turned into it here, once.
"""

import heapq
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from ..errors import PackageRefused

MAX_TILES: Final = 10_000
MAX_DEPTH: Final = 64
NEAR_M: Final = 0.1
"""Nobody is nearer to a surface than this; it keeps the error of what one stands in finite."""


@dataclass(frozen=True, slots=True)
class View:
    """From where somebody looks.

    Attributes:
        position: x, y, z in scene axes, metres.
        direction: unit vector in scene axes; `None` looks everywhere (a bot, a map).
        height_px: of the picture.
        field_of_view: vertical, radians.
    """

    position: tuple[float, float, float]
    direction: tuple[float, float, float] | None = None
    height_px: int = 1080
    field_of_view: float = math.radians(60)


@dataclass(frozen=True, slots=True)
class Tile:
    """A tile, and its chunk if it has one.

    Attributes:
        error_m: `geometricError`: how far what is shown is from the truth, once this is loaded.
        centre, radius_m: bounding sphere, Z-up.
        role: `"live"`, or empty for a level of detail.
    """

    path: str
    error_m: float
    centre: tuple[float, float, float]
    radius_m: float
    role: str = ""
    children: tuple["Tile", ...] = field(default=())

    def walk(self) -> Iterator["Tile"]:
        """Yield this tile and all below it, parents first."""
        yield self
        for child in self.children:
            yield from child.walk()


def parse_tileset(raw: bytes) -> Tile:
    """Read `tileset.json` and return its root.

    Raises:
        PackageRefused: `tileset_malformed`.
    """
    try:
        document = msgspec.json.decode(raw)
        return _parse_tile(document["root"], [0], depth=0)
    except (
        msgspec.DecodeError, LookupError, TypeError, ValueError, AttributeError, OverflowError,
        RecursionError,
    ) as error:  # fmt: skip
        raise _malformed(type(error).__name__) from error


def fetch_order(root: Tile, view: View, sizes: Mapping[str, int], *, error_px: float) -> list[Tile]:
    """Return the tiles with chunks in the order to fetch them.

    Greedy, by the error on the screen that a chunk takes away, per byte. A tile is not fetched
    before its parent; tiles out of sight come last; a level is left out once what it refines is
    already better than `error_px`.
    """
    order: list[Tile] = []
    waiting: list[tuple[float, int, Tile]] = []

    def offer(tile: Tile, parent_error_m: float) -> None:
        gain = _gain(tile, parent_error_m, view) / max(1, sizes.get(tile.path, 1))
        heapq.heappush(waiting, (-gain, len(order) * MAX_TILES + len(waiting), tile))

    offer(root, root.error_m)
    while waiting:
        tile = heapq.heappop(waiting)[2]
        if tile.path:
            order.append(tile)
        for child in tile.children:
            if child.role or not tile.path or _on_screen(tile, tile.error_m, view) > error_px:
                offer(child, tile.error_m)
    return order


def _gain(tile: Tile, parent_error_m: float, view: View) -> float:
    if not tile.path:
        return math.inf  # costs nothing and leads on
    if tile.role:
        return (
            _on_screen(tile, tile.radius_m, view) * 0.02
        )  # lights and people: before the last detail
    taken_away_m = max(parent_error_m - tile.error_m, 1e-6)
    return _on_screen(tile, taken_away_m, view) * (1.0 if _is_visible(tile, view) else 1e-6)


def _on_screen(tile: Tile, error_m: float, view: View) -> float:
    """Return an error in pixels: e * H / (2 d tan(fov / 2))."""
    distance_m = max(NEAR_M, math.dist(tile.centre, _z_up(view.position)) - tile.radius_m)
    return error_m * view.height_px / (2 * distance_m * math.tan(view.field_of_view / 2))


def _is_visible(tile: Tile, view: View) -> bool:
    if view.direction is None:
        return True
    eye, direction = _z_up(view.position), _z_up(view.direction)
    to_tile = [there - here for there, here in zip(tile.centre, eye, strict=True)]
    distance_m = math.hypot(*to_tile)
    if distance_m <= tile.radius_m:
        return True
    cosine = sum(a * b for a, b in zip(to_tile, direction, strict=True)) / distance_m
    # A cone of 16:9 around the picture's diagonal, widened by what the sphere covers.
    half = math.atan(math.tan(view.field_of_view / 2) * math.hypot(1, 16 / 9))
    return math.acos(max(-1.0, min(1.0, cosine))) <= half + math.asin(tile.radius_m / distance_m)


def _z_up(vector: tuple[float, float, float]) -> tuple[float, float, float]:
    x, y, z = vector
    return (x, -z, y)


def _parse_tile(tile: Any, count: list[int], *, depth: int) -> Tile:  # Any: JSON
    count[0] += 1
    if count[0] > MAX_TILES or depth > MAX_DEPTH:
        raise ValueError("too many tiles")
    error_m = float(tile["geometricError"])
    centre, radius_m = _sphere_of(tile["boundingVolume"])
    if not all(map(math.isfinite, (error_m, radius_m, *centre))) or error_m < 0:
        raise ValueError("not finite")
    path = tile.get("content", {}).get("uri", "")
    role = tile.get("extras", {}).get("role", "")
    if not isinstance(path, str) or not isinstance(role, str):
        raise TypeError("not text")
    return Tile(
        path,
        error_m,
        centre,
        radius_m,
        role,
        tuple(_parse_tile(child, count, depth=depth + 1) for child in tile.get("children", ())),
    )


def _sphere_of(volume: Any) -> tuple[tuple[float, float, float], float]:  # Any: JSON
    if "sphere" in volume:
        x, y, z, radius_m = (float(number) for number in volume["sphere"])
        return (x, y, z), radius_m
    numbers = [float(number) for number in volume["box"]]
    if len(numbers) != 12:
        raise ValueError("not a box")
    # The half axes of a box are orthogonal: its corners lie this far from the centre.
    radius_m = math.hypot(*numbers[3:])
    return (numbers[0], numbers[1], numbers[2]), radius_m


def _malformed(came: str) -> PackageRefused:
    return PackageRefused(
        "a tileset as docs/scene-package.md has it",
        came,
        "build the package again with `branchxr assets build`",
        code="tileset_malformed",
    )
