"""What a body may do: the branch's word on speed, walls, cells and seats.

A pose is judged by its head's three int16 alone; rotations and hands pass through unread.
"""

import math
import struct
from dataclasses import dataclass
from typing import Final

from ..models import Role
from .plan import CELL_M, Anchor, BranchPlan, Cell
from .pose import PoseFlags, Vector

SPEED_M_S: Final = 4.0
"""A run. Walking is 1.4 m/s; leaning and ducking in a headset stay below 3."""

ALLOWANCE_M: Final = 2.0
"""What may be covered at once after a pause: poses bunch up behind a stalled connection."""

LEAN_M: Final = 0.3
"""How far a head may be beyond the floor: over a counter, a rail. The grid keeps a body's radius of
0.25 m from everything, so that at a wall this ends 5 cm behind its surface."""

HEAD_HEIGHTS_M: Final = (0.2, 2.6)
"""A head is between these above the floor of its cell: lying down, and a tall person's jump."""

OVERLAP_M: Final = 2.0
"""How far beyond its square a cell still counts, so that nobody flickers between two."""

SEAT_RADIUS_M: Final = 0.7
SPAWN_RADIUS_M: Final = 1.0
STATION_RADII_M: Final = (0.5, 0.8, 1.1)
STATION_STEP_M: Final = 0.75
DETOURS_M: Final = (0.05, 0.1, 0.2, 0.35)

_HEAD: Final = struct.Struct("<hhh")
_HEAD_OFFSET: Final = 8


@dataclass(slots=True)
class Body:
    """Where somebody's head is, as far as the branch has accepted it.

    Attributes:
        leans_from: where they stand while the head is beyond the floor.
    """

    position: Vector
    cell: int
    moved_at: float
    allowance_m: float = ALLOWANCE_M
    seat: Anchor | None = None
    leans_from: Vector | None = None

    @property
    def stance(self) -> Vector:
        """Where they stand, at the height of the head."""
        return self.leans_from or self.position


class Authority:
    """Judges poses.

    Args:
        plan: rooms of the branch.
        speed_m_s: at most.
    """

    def __init__(self, plan: BranchPlan, *, speed_m_s: float = SPEED_M_S) -> None:
        self._plan = plan
        self._speed_m_s = speed_m_s
        self._seats = plan.seats()
        self._stations: dict[str, tuple[Vector, ...]] = {}

    def judge(
        self, body: Body, uplink: bytes, now: float, *, role: Role = Role.UNKNOWN
    ) -> str | None:
        """Move the body, or say why not: `cell`, `height`, `teleport`, `speed` or `wall`.

        Args:
            body: changed only if the pose is accepted.
            uplink: 38 bytes whose length and type were checked.
            now: seconds.
            role: whose spawn anchors one may jump to.
        """
        cell = self._plan.cell(uplink[2] | uplink[3] << 8)
        if cell is None:
            return "cell"
        x, y, z = (mm / 1000 for mm in _HEAD.unpack_from(uplink, _HEAD_OFFSET))
        if max(abs(x), abs(z)) > CELL_M / 2 + OVERLAP_M:
            return "cell"
        if not HEAD_HEIGHTS_M[0] <= y <= HEAD_HEIGHTS_M[1]:
            return "height"
        position = (cell.origin[0] + x, cell.origin[1] + y, cell.origin[2] + z)
        if uplink[1] & PoseFlags.TELEPORT:
            return self._teleport(body, position, cell, now=now, role=role)
        return self._walk(body, position, cell, now=now, flags=uplink[1])

    def _teleport(
        self, body: Body, position: Vector, cell: Cell, *, now: float, role: Role
    ) -> str | None:
        """Allow a jump to a spawn anchor of one's own only, onto a free spot of the floor."""
        floor = self._plan.floor
        spawns = (spawn for spawn in self._plan.spawns(role) if spawn.path)
        if not any(_flat_m(spawn.position, position) <= SPAWN_RADIUS_M for spawn in spawns):
            return "teleport"
        if floor is not None and not self._plan.is_clear(position, position):
            return "wall"
        body.position, body.cell, body.moved_at, body.seat = position, cell.id, now, None
        body.leans_from = None
        return None

    def _walk(
        self, body: Body, position: Vector, cell: Cell, *, now: float, flags: int
    ) -> str | None:
        allowance_m = min(ALLOWANCE_M, body.allowance_m + (now - body.moved_at) * self._speed_m_s)
        moved_m = math.dist(body.position, position)
        if moved_m > allowance_m:
            return "speed"
        seat = self._seat_at(position, body.seat) if flags & PoseFlags.SEATED else None
        leans_from = None
        if not self._is_free(body, position, seat):
            # Who leans stands where they stood: from there, not from the head, the way goes on.
            if seat or body.seat or _flat_m(body.stance, position) > LEAN_M:
                return "wall"
            leans_from = body.stance
        body.position, body.cell, body.moved_at, body.seat = position, cell.id, now, seat
        body.allowance_m = allowance_m - moved_m
        body.leans_from = leans_from
        return None

    def _is_free(self, body: Body, position: Vector, seat: Anchor | None) -> bool:
        if self._plan.floor is None:
            return True
        if seat is not None and body.seat is not None:
            return seat is body.seat  # on one's own seat one may lean as one likes
        if seat is not None:
            return self._reaches(seat, body.stance)
        if body.seat is not None:
            return self._reaches(body.seat, position)
        return self._plan.is_clear(body.stance, position) or self._is_clear_around(
            body.stance, position
        )

    def _reaches(self, seat: Anchor, position: Vector) -> bool:
        """Whether one can sit down from there, and stand up to there.

        Seats lie on no walkable cell: what counts is a clear way to a point beside the seat.
        """
        if seat.path not in self._stations:
            self._stations[seat.path] = stations(self._plan, seat)
        return any(
            _flat_m(station, position) <= ALLOWANCE_M and self._plan.is_clear(position, station)
            for station in self._stations[seat.path]
        )

    def _is_clear_around(self, start: Vector, end: Vector) -> bool:
        """Allow a step around a corner: two poses in a row see only its chord.

        The way with one more point, at most 0.35 m beside the middle, must be clear.
        """
        apart_m = _flat_m(start, end)
        if not 0.0 < apart_m <= ALLOWANCE_M:
            return False
        across = (end[2] - start[2]) / apart_m
        along = -(end[0] - start[0]) / apart_m
        for beside_m in DETOURS_M:
            for side_m in (beside_m, -beside_m):
                between = (
                    (start[0] + end[0]) / 2 + across * side_m,
                    start[1],
                    (start[2] + end[2]) / 2 + along * side_m,
                )
                if self._plan.is_clear(start, between) and self._plan.is_clear(between, end):
                    return True
        return False

    def _seat_at(self, position: Vector, own: Anchor | None) -> Anchor | None:
        """Return the seat there; one's own as long as it is near, then the nearest."""
        if own is not None and _flat_m(own.position, position) <= SEAT_RADIUS_M:
            return own
        near = min(self._seats, key=lambda seat: _flat_m(seat.position, position), default=None)
        if near is None or _flat_m(near.position, position) > SEAT_RADIUS_M:
            return None
        return near


def stations(plan: BranchPlan, seat: Anchor) -> tuple[Vector, ...]:
    """Return points beside a seat that its approach is connected with, without a detour.

    A chair often stands with its back to a wall: what is near to it behind the wall must not
    count, or sitting down and standing up would lead through.
    """
    approach = None if plan.floor is None else plan.floor.approach(seat.position)
    if approach is None:
        return ()
    x, _, z = seat.position
    rest = [
        (x + radius_m * math.cos(angle), seat.position[1], z + radius_m * math.sin(angle))
        for radius_m in STATION_RADII_M
        for angle in (math.tau * step / 12 for step in range(12))
    ]
    found = [(float(approach[0]), float(approach[1]), float(approach[2]))]
    for station in found:  # grows while it is walked through
        linked = [
            other
            for other in rest
            if _flat_m(station, other) <= STATION_STEP_M and plan.is_clear(station, other)
        ]
        found.extend(linked)
        rest = [other for other in rest if other not in linked]
    return tuple(found)


def _flat_m(first: Vector, second: Vector) -> float:
    return math.hypot(first[0] - second[0], first[2] - second[2])
