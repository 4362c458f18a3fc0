"""What the realtime side knows of a branch: its cells, its floor, where to come in and sit."""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from ..errors import PackageRefused
from ..models import Role
from .floor import Floor
from .pose import Vector

CELL_M: Final = 32.0
MAX_CELL_ID: Final = 0xFFFF
STAFF: Final = frozenset({Role.CONSULTANT, Role.OPERATOR})
SPAWN_RADIUS_M: Final = 1.5
"""Who stands this near to a spawn anchor counts against its capacity."""

APART_M: Final = 0.6
"""Between two who come in at the same anchor: two bodies' radii of 0.25 m and a little air."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A 32 m square of floor; `origin` is its centre, on the floor of its storey."""

    id: int
    origin: Vector


@dataclass(frozen=True, slots=True)
class Anchor:
    """A named place.

    Attributes:
        yaw: radians about +Y; 0 looks along -Z.
        capacity: how many a `spawn` would rather hold.
        audience: `customer`, `staff`, or nothing for everybody.
    """

    path: str
    kind: str
    position: Vector
    yaw: float = 0.0
    capacity: int = 1
    audience: str = ""

    def is_for(self, role: Role) -> bool:
        """Whether somebody of that role may come in here."""
        return not self.audience or self.audience == ("staff" if role in STAFF else "customer")


@dataclass(frozen=True)
class BranchPlan:
    """The rooms of a branch.

    Attributes:
        floor: without one there are no walls to check.
    """

    cells: tuple[Cell, ...] = (Cell(0, (0.0, 0.0, 0.0)),)
    anchors: tuple[Anchor, ...] = ()
    floor: Floor | None = None
    _by_id: Mapping[int, Cell] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_id", {cell.id: cell for cell in self.cells})

    @classmethod
    def from_json(cls, branch: Mapping[str, Any], floor: Floor | None = None) -> "BranchPlan":
        """Read cells, anchors and floor of a `branch.json`.

        Args:
            branch: the parsed file; a package's reader has checked it against its hash.
            floor: instead of the file's own.

        Raises:
            PackageRefused: `package_malformed` or `floor_malformed`.
        """
        try:
            cells = tuple(map(_cell, branch["cells"]))
            anchors = tuple(map(_anchor, branch["anchors"]))
        except (LookupError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise _malformed(type(error).__name__) from error
        if not cells or len({cell.id for cell in cells}) < len(cells):
            raise _malformed("no cell, or two of one id")
        if floor is None and branch.get("floor"):
            floor = Floor.from_json(branch["floor"])
        return cls(cells, anchors, floor)

    def cell(self, cell_id: int) -> Cell | None:
        """Return the cell of that id."""
        return self._by_id.get(cell_id)

    def cell_at(self, position: Vector) -> Cell:
        """Return the cell a point lies in: nearest storey, then nearest centre."""
        x, y, z = position
        return min(
            self.cells,
            key=lambda cell: (
                round(abs(y - cell.origin[1]), 1),
                max(abs(x - cell.origin[0]), abs(z - cell.origin[2])),
                cell.id,
            ),
        )

    def around(self, cell: Cell) -> frozenset[int]:
        """Return the ids of a cell and of those that touch it."""
        reach_m = CELL_M * 1.01
        return frozenset(
            other.id
            for other in self.cells
            if all(abs(a - b) <= reach_m for a, b in zip(cell.origin, other.origin, strict=True))
        )

    def seats(self) -> tuple[Anchor, ...]:
        """Return where one may sit."""
        return tuple(anchor for anchor in self.anchors if anchor.kind == "seat")

    def spawns(self, role: Role) -> tuple[Anchor, ...]:
        """Return where somebody of that role comes in; never nothing."""
        spawns = [anchor for anchor in self.anchors if anchor.kind == "spawn"]
        fitting = tuple(anchor for anchor in spawns if anchor.is_for(role))
        if fitting or spawns:
            return fitting or tuple(spawns)
        return (Anchor("", "spawn", self._anywhere(), capacity=len(self.cells) * 1000),)

    def spawn_place(
        self, role: Role, taken: Sequence[Vector], *, prefer: str | None = None
    ) -> tuple[Vector, float]:
        """Choose a point of the floor to come in at, and where to look.

        Capacity is a preference: when every anchor is full, the least crowded takes one more, at
        a free place near by.

        Args:
            role: decides which anchors count.
            taken: where others stand.
            prefer: path of an anchor; one that is not for this role is passed over.
        """

        def crowding(spawn: Anchor) -> tuple[bool, float]:
            near = sum(_flat_m(spawn.position, other) < SPAWN_RADIUS_M for other in taken)
            return near >= spawn.capacity, near / max(1, spawn.capacity)

        spawns = self.spawns(role)
        wished = [spawn for spawn in spawns if spawn.path == prefer]
        spawn = min(wished or spawns, key=crowding)
        return self._free_near(self._on_floor(spawn.position), taken), spawn.yaw

    def _free_near(self, centre: Vector, taken: Collection[Vector]) -> Vector:
        x, y, z = centre
        for ring in range(13):
            for step in range(max(1, ring * 8)):
                angle = math.tau * step / max(1, ring * 8)
                across, along = ring * APART_M * math.cos(angle), ring * APART_M * math.sin(angle)
                place = (x + across, y, z + along)
                if not self.is_clear(centre, place):
                    continue
                if all(_flat_m(place, other) >= APART_M * 0.9 for other in taken):
                    return place
        return centre

    def _on_floor(self, position: Vector) -> Vector:
        floor = self.floor
        if floor is None or floor.is_walkable(position[0], position[2]):
            return position
        near = floor.approach(position)
        return position if near is None else (float(near[0]), float(near[1]), float(near[2]))

    def _anywhere(self) -> Vector:
        """Return the middle of what one can walk on, and without a floor of the middle cell."""
        floor = self.floor
        place = None if floor is None else floor.seeds[0] if floor.seeds else floor.middle
        if floor is not None and place is not None:
            return (place[0], floor.height, place[1])
        origins = [cell.origin for cell in self.cells]
        x, y, z = (sum(along) / len(origins) for along in zip(*origins, strict=True))
        return min(origins, key=lambda origin: math.dist(origin, (x, y, z)))

    def is_clear(self, start: Vector, end: Vector) -> bool:
        """Whether a body can go straight from one point to another, to within 2 mm.

        Positions travel in whole millimetres, so an honest step along the edge of a grid cell
        may land on its other side.
        """
        floor = self.floor
        if floor is None:
            return True
        nudges_m = (0.0, 0.002, -0.002)
        return any(
            floor.is_clear((start[0] + across, start[2] + along), (end[0] + across, end[2] + along))
            for across in nudges_m
            for along in nudges_m
        )


def _cell(cell: Mapping[str, Any]) -> Cell:
    cell_id = cell["id"]
    if not isinstance(cell_id, int) or not 0 <= cell_id <= MAX_CELL_ID:
        raise ValueError("an id that no frame can hold")
    return Cell(cell_id, _vector(cell["origin"]))


def _anchor(anchor: Mapping[str, Any]) -> Anchor:
    capacity, audience = anchor.get("capacity", 1), anchor.get("role", "")
    _, turn_y, _, turn_w = anchor.get("rotation", (0.0, 0.0, 0.0, 1.0))
    return Anchor(
        str(anchor["path"]),
        str(anchor["kind"]),
        _vector(anchor["position"]),
        2.0 * math.atan2(turn_y, turn_w),
        # Extras are what an artist typed: anything else than a count is no count.
        capacity if isinstance(capacity, int) and capacity > 0 else 1,
        audience if audience in {"customer", "staff"} else "",
    )


def _vector(numbers: Sequence[float]) -> Vector:
    x, y, z = (float(number) for number in numbers)
    if not all(map(math.isfinite, (x, y, z))):
        raise ValueError("not finite")
    return (x, y, z)


def _malformed(came: str) -> PackageRefused:
    return PackageRefused(
        "cells and anchors as docs/scene-package.md has them",
        came,
        "build the package again with `branchxr assets build`",
        code="package_malformed",
    )


def _flat_m(first: Vector, second: Vector) -> float:
    return math.hypot(first[0] - second[0], first[2] - second[2])
