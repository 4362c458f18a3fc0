"""Everybody's bodies: where they may be, and who gets which frame at a tick."""

from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from typing import Final

from ..models import Role
from .authority import Authority, Body
from .frames import pack_uplink
from .plan import BranchPlan, Cell
from .pose import HEAD_HEIGHT_M, Pose, PoseFlags, Vector
from .session import Connection, RoomLimits, Send, Session
from .slots import NO_CELL, SlotTable, tick_of

COMPLETE_TICKS: Final = 40
"""A complete frame of every cell at least every 2 s."""

BEHIND_BYTES: Final = 4096
"""Whoever has more than two of its frames waiting, and more than this, gets no poses."""

MAX_SAMPLE_AGE_MS: Final = 1000.0
_OPEN_FLAGS: Final = int(
    PoseFlags.HANDS | PoseFlags.TRACKED | PoseFlags.MUTED | PoseFlags.SEATED | PoseFlags.TELEPORT
)


class Crowd:
    """The bodies of a branch; `Room` decides whose they are.

    Args:
        plan: cells, floor and anchors.
        limits: what is allowed at most.
    """

    def __init__(self, plan: BranchPlan, limits: RoomLimits) -> None:
        self._plan = plan
        self._limits = limits
        self._authority = Authority(plan, speed_m_s=limits.speed_m_s)
        self._slots = SlotTable(limits.slots, quarantine_s=limits.quarantine_s)
        self._tick = -1
        self._vacated: set[int] = set()
        self._complete_tick: dict[int, int] = {}

    def take_slot(self, now: float) -> tuple[int, int] | None:
        """Give out a slot and its generation, or `None` when none is free."""
        slot = self._slots.take(now)
        return None if slot is None else (slot, self._slots.generations[slot])

    def release(self, session: Session, now: float) -> None:
        """Remove a body for good; its slot rests."""
        self.hide(session)
        self._slots.release(session.slot, now)

    def choose_place(
        self, role: Role, others: Sequence[Vector], *, prefer: str | None, now: float
    ) -> tuple[Body, float]:
        """Choose where somebody comes in, and where they look."""
        place, yaw = self._plan.spawn_place(role, others, prefer=prefer)
        cell = self._plan.cell_at(place)
        return Body((place[0], place[1] + HEAD_HEIGHT_M, place[2]), cell.id, now), yaw

    def stand(self, session: Session, now: float) -> None:
        """Show a body standing where the branch has put it, before its first own pose."""
        cell = self._cell(session)
        x, y, z = session.body.position
        flags = PoseFlags.HANDS | PoseFlags.TELEPORT
        pose = Pose.standing((x, y - HEAD_HEIGHT_M, z), session.yaw, flags=flags)
        uplink = pack_uplink(pose, cell=cell.id, client_ms=0, origin=cell.origin)
        self._slots.write(session.slot, uplink, cell=cell.id, flags=flags, sampled_ms=now * 1000)

    def move(self, session: Session, uplink: bytes, now: float) -> str | None:
        """Take a pose whose length and type were checked, or say why not."""
        body = session.body
        old_cell = body.cell
        refusal = self._authority.judge(body, uplink, now, role=session.role)
        if refusal is not None:
            return refusal
        flags = uplink[1] & _OPEN_FLAGS
        if body.seat is None and self._plan.floor is not None:
            flags &= ~PoseFlags.SEATED
        now_ms = now * 1000
        sampled_ms = now_ms - _sample_age_ms(uplink, now_ms)
        self._slots.write(
            session.slot, uplink, cell=body.cell, flags=int(flags), sampled_ms=sampled_ms
        )
        if body.cell != old_cell:
            self._vacated.add(old_cell)
        return None

    def hide(self, session: Session) -> None:
        """Take a body out of its cell."""
        cell = self._slots.cell_of(session.slot)
        self._slots.hide(session.slot)
        if cell != NO_CELL:
            self._vacated.add(cell)

    def show(self, session: Session) -> None:
        """Put a hidden body back where it was."""
        self._slots.show(session.slot, session.body.cell)

    def around(self, session: Session) -> frozenset[int]:
        """Return the cell of a body and those that touch it."""
        return self._plan.around(self._cell(session))

    def frames(
        self, sessions: Collection[Session], now: float, buffered: Callable[[int], int]
    ) -> tuple[list[Send], list[Connection]]:
        """Pack the frames of a tick; a tick that has been is passed over.

        Args:
            sessions: everybody.
            now: seconds.
            buffered: tells how many bytes wait to be taken at a connection.

        Returns:
            what to send, and who is so slow that they have to go.
        """
        now_ms = now * 1000
        if (tick := tick_of(now_ms)) <= self._tick:
            return [], []
        self._tick = tick
        receivers = [(s, s.connection) for s in sessions if s.connection is not None]
        due = self._due_for_all([session for session, _ in receivers], tick)
        single = {cell for session, _ in receivers for cell in session.missing}
        changed, whole = self._slots.pack(now_ms, tick=tick, complete=due | single)
        to: defaultdict[tuple[bool, int], list[int]] = defaultdict(list)
        too_slow = []
        for session, connection in receivers:
            waiting = buffered(connection.id)
            if waiting > self._limits.slow_bytes:
                too_slow.append(connection)
            elif waiting > BEHIND_BYTES and waiting > 2 * _size_for(session, changed):
                session.missing.update(session.cells)
            else:
                for cell in session.cells:
                    if cell in due or cell in session.missing:
                        to[True, cell].append(connection.id)
                    elif cell in changed:
                        to[False, cell].append(connection.id)
                session.missing.clear()
        sends = [
            Send(whole[cell] if is_whole else changed[cell], tuple(connections))
            for (is_whole, cell), connections in to.items()
        ]
        return sends, too_slow

    def _due_for_all(self, receivers: list[Session], tick: int) -> set[int]:
        """Return the cells whose complete frame everybody gets: some body went, or 2 s passed."""
        watched = {cell for session in receivers for cell in session.cells}
        due = {
            cell
            for cell in watched
            if cell in self._vacated or tick - self._complete_tick.get(cell, -99) >= COMPLETE_TICKS
        }
        self._vacated.clear()
        for cell in due:
            self._complete_tick[cell] = tick
        return due

    def _cell(self, session: Session) -> Cell:
        cell = self._plan.cell(session.body.cell)
        assert cell is not None  # noqa: S101 - only cells of the plan come into a body
        return cell


def _size_for(session: Session, frames: dict[int, bytes]) -> int:
    return sum(len(frames.get(cell, b"")) for cell in session.cells)


def _sample_age_ms(uplink: bytes, now_ms: float) -> float:
    """How long ago a pose was sampled, by the sender's estimate of our clock.

    Never in the future. A claim of more than a second is no estimate (a client that does not
    synchronise sends anything): the pose then counts as sampled when it came.
    """
    client_ms = int.from_bytes(uplink[4:8], "little")
    age_ms = (now_ms - client_ms + 2**31) % 2**32 - 2**31
    return age_ms if 0.0 <= age_ms <= MAX_SAMPLE_AGE_MS else 0.0
