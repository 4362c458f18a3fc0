"""The branch's table of bodies: one row of 34 bytes per slot, copied and stamped, never decoded.

Measured for 1,000 dirty rows of 4,096 (`benchmarks/realtime/pack.py`): one gather with `tobytes`
takes 26 us, joining a list of rows 320. The rows lie in a `bytearray` that numpy looks into:
copying a body there takes 0.13 us, through an ndarray 0.48, and every pose does it.
"""

import heapq
from array import array
from collections.abc import Collection
from typing import Final

import numpy as np
from numpy.typing import NDArray

from .frames import MAX_AGE_MS, RECORD_BYTES, TICK_MS, UPLINK_HEADER, pack_frame
from .pose import PoseFlags

Slots = NDArray[np.intp]

NO_CELL: Final = -1
QUARANTINE_S: Final = 122.0
"""No slot is given out again sooner: 120 s of resume and some for what is under way."""

_BODY: Final = UPLINK_HEADER.size


class SlotTable:
    """Bodies by slot.

    Args:
        capacity: how many slots there are; enough for those in quarantine as well.
        quarantine_s: how long a slot rests before it is given out again.
        once: flags that stay set until the row was sent, and go then.
    """

    def __init__(
        self, capacity: int, *, quarantine_s: float = QUARANTINE_S, once: int = PoseFlags.TELEPORT
    ) -> None:
        self.capacity = capacity
        self._once = int(once)
        self._quarantine_s = quarantine_s
        self._bytes = bytearray(capacity * RECORD_BYTES)
        self._dirty_bytes = bytearray(capacity)
        self._sampled = array("d", bytes(8 * capacity))
        self._cell_of = array("i", [NO_CELL]) * capacity
        self.generations = array("L", [0]) * capacity
        self._rows = np.frombuffer(self._bytes, np.uint8).reshape(capacity, RECORD_BYTES)
        self._rows[:, :2] = np.arange(capacity, dtype="<u2").view(np.uint8).reshape(-1, 2)
        self._dirty = np.frombuffer(self._dirty_bytes, np.bool_)
        self._sampled_ms = np.frombuffer(self._sampled, np.float64)
        self._cells = np.frombuffer(self._cell_of, np.intc)
        self._fresh = list(range(capacity))  # a heap: the lowest free slot comes first
        self._resting: list[tuple[float, int]] = []

    def take(self, now: float) -> int | None:
        """Give out a slot with a new generation, or `None` when none is free."""
        while self._resting and self._resting[0][0] <= now:
            heapq.heappush(self._fresh, heapq.heappop(self._resting)[1])
        if not self._fresh:
            return None
        slot = heapq.heappop(self._fresh)
        self.generations[slot] += 1
        return slot

    def release(self, slot: int, now: float) -> None:
        """Take a slot back; it rests before it is given out again."""
        self.hide(slot)
        heapq.heappush(self._resting, (now + self._quarantine_s, slot))

    def hide(self, slot: int) -> None:
        """Let a body be in no cell, until its next pose."""
        self._cell_of[slot] = NO_CELL
        self._dirty_bytes[slot] = 0

    def show(self, slot: int, cell: int) -> None:
        """Let a hidden body be in a cell again, as it was."""
        self._cell_of[slot] = cell
        self._dirty_bytes[slot] = 1

    def cell_of(self, slot: int) -> int:
        """Return the cell a body was last written to, or `NO_CELL`."""
        return self._cell_of[slot]

    def write(self, slot: int, uplink: bytes, *, cell: int, flags: int, sampled_ms: float) -> None:
        """Copy the body of an uplink pose into a row.

        Args:
            slot: whose.
            uplink: the 38 bytes as they came.
            cell: as checked.
            flags: as allowed.
            sampled_ms: when it was sampled, on the branch's clock.
        """
        start = slot * RECORD_BYTES
        row = self._bytes
        if self._dirty_bytes[slot]:
            flags |= row[start + 2] & self._once
        row[start + 2] = flags
        row[start + 4 : start + RECORD_BYTES] = uplink[_BODY:]
        self._sampled[slot] = sampled_ms
        self._cell_of[slot] = cell
        self._dirty_bytes[slot] = 1

    def pack(
        self, now_ms: float, *, tick: int, complete: Collection[int] = ()
    ) -> tuple[dict[int, bytes], dict[int, bytes]]:
        """Pack every row written since the last call, one frame per cell, and whole cells.

        The same bytes are for every subscriber of a cell.

        Args:
            now_ms: the branch's monotonic milliseconds.
            tick: number of the tick.
            complete: cells to pack as a whole beside: slots that are not listed there are gone.

        Returns:
            frames of what changed, and complete frames, both by cell.
        """
        slots = np.flatnonzero(self._dirty)
        changed = self._pack_changed(slots, now_ms, tick)
        whole = {cell: self._pack_whole(cell, now_ms, tick) for cell in complete}
        if len(slots):
            self._rows[slots, 2] &= 0xFF ^ self._once
            self._dirty_bytes[:] = bytes(self.capacity)
        return changed, whole

    def _pack_changed(self, slots: Slots, now_ms: float, tick: int) -> dict[int, bytes]:
        if not len(slots):
            return {}
        self._stamp(slots, now_ms)
        cells = self._cells[slots]
        if (cells != cells[0]).any():
            order = np.argsort(cells, kind="stable")  # stable: slots go on ascending in a cell
            slots, cells = slots[order], cells[order]
            starts = [0, *(np.flatnonzero(cells[1:] != cells[:-1]) + 1).tolist()]
        else:
            starts = [0]
        packed = self._rows[slots].tobytes()
        return {
            int(cells[start]): pack_frame(
                packed[start * RECORD_BYTES : end * RECORD_BYTES],
                cell=int(cells[start]),
                tick=tick,
                server_ms=whole_ms(now_ms),
            )
            for start, end in zip(starts, [*starts[1:], len(cells)], strict=True)
        }

    def _pack_whole(self, cell: int, now_ms: float, tick: int) -> bytes:
        slots = np.flatnonzero(self._cells == cell)
        self._stamp(slots, now_ms)
        return pack_frame(
            self._rows[slots].tobytes(),
            cell=cell,
            tick=tick,
            server_ms=whole_ms(now_ms),
            is_complete=True,
        )

    def _stamp(self, slots: Slots, now_ms: float) -> None:
        # Rounded against the very millisecond that the header says, so that the errors of both
        # cancel out for a receiver that adds them up.
        ages_ms = whole_ms(now_ms) + 0.5 - self._sampled_ms[slots]
        self._rows[slots, 3] = np.clip(ages_ms, 0, MAX_AGE_MS).astype(np.uint8)


def whole_ms(now_ms: float) -> int:
    """Return whole milliseconds; a time that floating point put 10 us before one counts as it."""
    return int(now_ms + 0.01)


def tick_of(now_ms: float) -> int:
    """Return the number of the tick a time belongs to: `floor(ms / 50)`."""
    return whole_ms(now_ms) // TICK_MS
