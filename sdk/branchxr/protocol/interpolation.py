"""Bodies between their samples: a ring of four per slot, shown a little in the past.

Samples lie on the branch's clock: a sample's time is its frame's minus its age. What is shown is
`now` minus the fastest way a frame took, minus one interval, minus the 95th percentile of jitter
(70 ms until enough is known), minus how old this body's samples are when they are sent. Between
two samples: linear for positions, normalised linear for rotations (slerp costs 15 % more and
looks the same at 50 ms apart). After the newest: straight on for 100 ms, then still.

All of it in columns: 1,000 bodies are decoded and interpolated in under a millisecond
(`benchmarks/realtime/pack.py`).
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from .frames import MAX_AGE_MS, TICK_MS, CellFrame, Floats
from .pose import PoseFlags, Vector

_Array = TypeVar("_Array", bound=NDArray[Any])

RING: Final = 4
START_DELAY_MS: Final = 70.0
EXTRAPOLATE_MS: Final = 100.0
MAX_DELAY_MS: Final = 500.0
JUMP_M: Final = 3.0
"""Farther than anybody goes between two samples: shown as a teleport even if its flag was lost."""

REST_INTERVALS: Final = 4
"""A gap of more intervals than this was a rest, not a slow movement."""

SAME_MS: Final = 5.0
"""Samples nearer than this are the same one, sent again in a complete frame."""

_JITTER_WINDOW: Final = 128
_JITTER_AT_LEAST: Final = 16


@dataclass(frozen=True, slots=True)
class Bodies:
    """Bodies at one instant, by ascending slot.

    Attributes:
        slots: `(n,) uint16`.
        positions: `(n, 3, 3) float32`, metres in scene axes; head, left hand, right hand.
        rotations: `(n, 3, 4) float32`, x y z w.
        flags: `(n,) uint8`, see `PoseFlags`.
    """

    slots: NDArray[np.uint16]
    positions: Floats
    rotations: Floats
    flags: NDArray[np.uint8]


class Interpolator:
    """Takes cell frames, gives bodies for any instant.

    Args:
        interval_ms: between two samples of a body.
    """

    def __init__(self, *, interval_ms: float = TICK_MS) -> None:
        self._interval_ms = interval_ms
        self._transits_ms: deque[float] = deque(maxlen=_JITTER_WINDOW)
        self._fastest_ms = 0.0
        self._jitter_ms: float | None = None
        self._capacity = 0
        self._cells = np.empty(0, np.int32)  # -1: no such body
        self._heads = np.empty(0, np.intp)
        self._flags = np.empty(0, np.uint8)
        self._lag_ms = np.empty(0, np.float32)
        self._newest_ms = np.empty(0, np.float64)
        self._times = np.empty((0, RING), np.float64)
        self._positions = np.empty((0, RING, 3, 3), np.float32)
        self._rotations = np.empty((0, RING, 3, 4), np.float32)
        self._grow(64)

    @property
    def delay_ms(self) -> float:
        """How far in the past bodies are shown, beside the age of their samples."""
        if self._jitter_ms is None:
            return START_DELAY_MS
        return min(MAX_DELAY_MS, self._interval_ms + self._jitter_ms)

    def feed(
        self, frame: CellFrame, now_ms: float, *, origin: Vector = (0.0, 0.0, 0.0)
    ) -> NDArray[np.bool_]:
        """Take a frame.

        Args:
            frame: as parsed.
            now_ms: when it arrived, on the client's own clock.
            origin: of its cell, in scene axes.

        Returns:
            `(n,) bool`: which of its records are new samples, not repetitions.
        """
        packed_ms = float(frame.packed_ms)
        self._note_transit(now_ms - packed_ms)
        slots = frame.slots.astype(np.intp)
        if len(slots) and int(slots[-1]) >= self._capacity:
            self._grow(int(slots[-1]) + 1)
        if frame.is_complete:
            gone = self._cells == frame.cell
            gone[slots] = False
            self._drop(gone)
        records = frame.records
        ages_ms = records["age_ms"].astype(np.float64)
        times_ms = packed_ms - ages_ms
        is_known = self._cells[slots] >= 0
        is_new = ~is_known | (times_ms > self._newest_ms[slots] + SAME_MS)
        positions, rotations = frame.decode(origin)
        # At rest nothing is sent but complete frames, whose age then says "255 or older".
        is_stale = ages_ms >= MAX_AGE_MS
        repeats = is_known & is_stale & self._is_same(slots, positions)
        self._store(slots, records["flags"], times_ms, (positions, rotations), is_new)
        self._cells[slots] = frame.cell
        fresh_slots = slots[is_new & ~is_stale]
        fresh_ages = ages_ms[is_new & ~is_stale].astype(np.float32)
        self._lag_ms[fresh_slots] = np.maximum(
            fresh_ages, self._lag_ms[fresh_slots] * np.float32(0.98)
        )
        return is_new & ~repeats

    def forget(self, slots: Iterable[int]) -> None:
        """Drop bodies: their participant left, or the slot has a new generation."""
        self._drop([slot for slot in slots if slot < self._capacity])

    def clear(self) -> None:
        """Drop all bodies and what is known of the connection."""
        self._cells[:] = -1
        self._lag_ms[:] = 0
        self._transits_ms.clear()
        self._jitter_ms = None

    def keep_cells(self, cells: Iterable[int]) -> None:
        """Drop the bodies of all other cells: no frame will say that they have gone."""
        self._drop(~np.isin(self._cells, np.fromiter(cells, np.int32)))

    def sample(self, now_ms: float) -> Bodies:
        """Return all bodies as they are to be shown at an instant of the client's clock."""
        slots = np.flatnonzero(self._cells >= 0)
        # In float64: the clock of a branch that is up for weeks has no milliseconds in float32.
        lag_ms = self._lag_ms[slots].astype(np.float64)
        shown_ms = now_ms - self._fastest_ms - self.delay_ms - lag_ms
        heads = self._heads[slots]
        # Oldest first; the ring's head is the newest.
        order = (heads[:, None] + np.arange(1, RING + 1)) % RING
        rows = slots[:, None]
        times = self._times[rows, order]
        segment = np.clip((times[:, :-1] <= shown_ms[:, None]).sum(axis=1) - 1, 0, RING - 2)
        counted = np.arange(len(slots))
        first, second = order[counted, segment], order[counted, segment + 1]
        start_ms, end_ms = self._times[slots, first], self._times[slots, second]
        span_ms = np.maximum(end_ms - start_ms, 1.0)
        # Two samples that came close together say little about speed: at most three spans on.
        limit = 1.0 + np.minimum(EXTRAPOLATE_MS / span_ms, 3.0)
        part = np.clip((shown_ms - start_ms) / span_ms, 0.0, limit)
        share = part.astype(np.float32)[:, None, None]
        before, after = self._positions[slots, first], self._positions[slots, second]
        after -= before
        after *= share
        after += before
        rotations = _nlerp(self._rotations[slots, first], self._rotations[slots, second], share)
        return Bodies(slots.astype(np.uint16), after, rotations, self._flags[slots])

    # --- inside -----------------------------------------------------------------------------

    def _drop(self, slots: NDArray[np.bool_] | list[int]) -> None:
        """Forget bodies, and how late their samples came: the next one there is somebody else."""
        self._cells[slots] = -1
        self._lag_ms[slots] = 0

    def _note_transit(self, transit_ms: float) -> None:
        """Learn how long frames take; only differences count, clocks need not agree."""
        transits = self._transits_ms
        transits.append(transit_ms)
        self._fastest_ms = min(transits)
        if len(transits) >= _JITTER_AT_LEAST:
            late = np.fromiter(transits, np.float64) - self._fastest_ms
            late.partition(int(len(late) * 0.95))
            self._jitter_ms = float(late[int(len(late) * 0.95)])

    def _is_same(self, slots: NDArray[np.intp], positions: Floats) -> NDArray[np.bool_]:
        newest = self._positions[slots, self._heads[slots]]
        same: NDArray[np.bool_] = (newest == positions).all(axis=(1, 2))
        return same

    def _store(
        self,
        slots: NDArray[np.intp],
        flags: NDArray[np.uint8],
        times_ms: NDArray[np.float64],
        bodies: tuple[Floats, Floats],
        is_new: NDArray[np.bool_],
    ) -> None:
        if not is_new.all():
            slots, flags, times_ms = slots[is_new], flags[is_new], times_ms[is_new]
            bodies = (bodies[0][is_new], bodies[1][is_new])
        if not len(slots):
            return
        positions, rotations = bodies
        newest = self._heads[slots]
        moved = positions[:, 0] - self._positions[slots, newest, 0]
        is_jump = (flags & int(PoseFlags.TELEPORT)) != 0
        is_jump |= (self._cells[slots] < 0) | (np.einsum("ij,ij->i", moved, moved) > JUMP_M**2)
        is_rest = times_ms - self._newest_ms[slots] > REST_INTERVALS * self._interval_ms
        if is_rest.any():
            # It stood still until just now: let the movement begin one interval ago.
            resting = slots[is_rest]
            self._times[resting, self._heads[resting]] = times_ms[is_rest] - self._interval_ms
        heads = (newest + 1) % RING
        self._heads[slots] = heads
        self._times[slots, heads] = times_ms
        self._positions[slots, heads] = positions
        self._rotations[slots, heads] = rotations
        self._newest_ms[slots] = times_ms
        self._flags[slots] = flags
        if is_jump.any():
            jumped = slots[is_jump]
            self._times[jumped] = times_ms[is_jump, None]
            self._positions[jumped] = positions[is_jump, None]
            self._rotations[jumped] = rotations[is_jump, None]

    def _grow(self, wanted: int) -> None:
        size = 1 << (wanted - 1).bit_length()
        self._cells = _enlarged(self._cells, size, fill=-1)
        self._heads = _enlarged(self._heads, size)
        self._flags = _enlarged(self._flags, size)
        self._lag_ms = _enlarged(self._lag_ms, size)
        self._newest_ms = _enlarged(self._newest_ms, size)
        self._times = _enlarged(self._times, size)
        self._positions = _enlarged(self._positions, size)
        self._rotations = _enlarged(self._rotations, size)
        self._capacity = size


def _enlarged(array: _Array, size: int, *, fill: int = 0) -> _Array:
    larger = np.full((size, *array.shape[1:]), fill, dtype=array.dtype)
    larger[: len(array)] = array
    return larger  # type: ignore[return-value]  # of the type that came in


def _nlerp(start: Floats, end: Floats, share: Floats) -> Floats:
    """Turn from one rotation towards another the short way, and normalise."""
    dot = np.einsum("ijk,ijk->ij", start, end)[..., None]
    mixed = start * (1 - share)
    end *= np.where(dot < 0, -share, share)
    mixed += end
    length = np.sqrt(np.einsum("ijk,ijk->ij", mixed, mixed))[..., None]
    # Extrapolated halves of opposite rotations may cancel out: keep the start then.
    np.divide(mixed, length, out=mixed, where=length > 1e-6)
    return np.where(length > 1e-6, mixed, start).astype(np.float32, copy=False)
