"""Fewer keys for the same motion.

Every key goes that the straight line (of rotations: the great arc) between its neighbours
restores within `TOLERANCES`. Jumps stay jumps: a track that only jumps is `STEP`, in others a
jump takes a millisecond.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from ...document import Array, Floats

TOLERANCES: Final = {"translation": 1e-4, "rotation": 5e-4, "scale": 1e-4, "weights": 1e-3}
"""Metres, radians (0.03 degrees), factors; or a thousandth of what moves, if that is less."""
_SHARE: Final = 1e-3
_STILL: Final = 1e-6
_NEAR: Final = 1e-4
"""Radians below which a straight line is the arc."""
_JUMP_S: Final = 0.0015
"""ufbx writes a jump as two keys a millisecond apart."""


@dataclass(frozen=True, slots=True)
class Motion:
    """What one property of one node does: `(k,)` seconds, `(k, components)` values."""

    times: Floats
    values: Floats
    is_stepped: bool = False

    @property
    def is_moving(self) -> bool:
        """Whether there is more than one value."""
        return len(self.times) > 1


def reduced(path: str, times: Floats, values: Floats) -> Motion:
    """Drop the keys that their neighbours restore within `TOLERANCES`."""
    if float(np.ptp(values, axis=0).max()) <= _STILL:  # most are: 510 of 536 of a dense branch
        return Motion(times[:1].clip(0.0), values[:1])
    times, values = _from_zero(times, values)
    if path == "rotation":
        flips = np.cumprod(np.where((values[1:] * values[:-1]).sum(axis=1) < 0, -1.0, 1.0))
        values = np.concatenate([values[:1], values[1:] * flips[:, None]])
        lengths = np.linalg.norm(values, axis=1, keepdims=True)
        values = np.where(lengths > 0, values / np.where(lengths > 0, lengths, 1), (0, 0, 0, 1))
    span = float(np.ptp(values, axis=0).max())
    if len(times) == 1 or span <= _STILL:
        return Motion(times[:1], values[:1])
    tolerance = min(TOLERANCES[path], _SHARE * span)
    stepped = _steps(times, values)
    if stepped is not None:
        return stepped
    between = _great_arc if path == "rotation" else _straight
    kept = _needed(times, values, tolerance, between)
    return Motion(times[kept], values[kept])


def _from_zero(times: Floats, values: Floats) -> tuple[Floats, Floats]:
    """Start at 0 and rise, in float32 too: ufbx 0.0.5 has keys before a clip's beginning."""
    first = int(np.searchsorted(times, 0.0, side="right")) - 1
    if first >= 0:
        after = min(first + 1, len(times) - 1)
        length = times[after] - times[first]
        share = -times[first] / length if length > 0 else 0.0
        start = values[first] + share * (values[after] - values[first])
        times = np.concatenate([[0.0], times[first + 1 :]])
        values = np.concatenate([[start], values[first + 1 :]])
    _, kept = np.unique(times.astype(np.float32), return_index=True)
    return times[kept], values[kept]


def _steps(times: Floats, values: Floats) -> Motion | None:
    """Return a motion that only jumps; `None` when some of it glides."""
    changes = np.abs(np.diff(values, axis=0)).max(axis=1) > _STILL
    if (np.diff(times)[changes] > _JUMP_S).any():
        return None
    kept = np.concatenate([[True], changes])
    kept[-1] = True  # the clip is as long as it was
    return Motion(times[kept], values[kept], is_stepped=True)


_Between = Callable[[Floats, Floats, Floats, Floats], Floats]


def _needed(times: Floats, values: Floats, tolerance: float, between: _Between) -> Array:
    """Return which keys to keep: Ramer 1972, Douglas and Peucker 1973, over time.

    All spans are cut at once, round after round: 26 motions of 0.2 million keys take 0.03 s, and
    0.11 s span by span.
    """
    kept = np.zeros(len(times), np.bool_)
    kept[[0, -1]] = True
    inner = np.arange(1, len(times) - 1)  # keys of spans that may still be cut
    while len(inner):
        ends = np.flatnonzero(kept)
        span = np.searchsorted(ends, inner)
        first, last = ends[span - 1], ends[span]
        share = (times[inner] - times[first]) / (times[last] - times[first])
        errors = between(values[first], values[last], share, values[inner])
        starts = np.flatnonzero(np.diff(span, prepend=-1))
        counts = np.diff(starts, append=len(inner))
        worst = np.maximum.reduceat(errors, starts)
        is_worst = errors == np.repeat(worst, counts)
        middle = np.minimum.reduceat(np.where(is_worst, inner, len(times)), starts)
        is_cut = worst > tolerance
        kept[middle[is_cut]] = True
        inner = inner[np.repeat(is_cut, counts) & ~kept[inner]]
    return kept


def _straight(starts: Floats, ends: Floats, shares: Floats, values: Floats) -> Floats:
    made = starts + shares[:, None] * (ends - starts)
    found: Floats = np.abs(made - values).max(axis=1)
    return found


def _great_arc(starts: Floats, ends: Floats, shares: Floats, values: Floats) -> Floats:
    """Return by what angle `slerp` misses each rotation; all are unit quaternions."""
    cosines = np.einsum("ij,ij->i", starts, ends)
    angles = np.arccos(cosines.clip(-1, 1))
    is_near = angles < _NEAR
    sines = np.sin(np.where(is_near, 1, angles))
    first = np.where(is_near, 1 - shares, np.sin((1 - shares) * angles) / sines)
    last = np.where(is_near, shares, np.sin(shares * angles) / sines)
    missed = first[:, None] * starts + last[:, None] * ends - values
    # The chord, not the arc: an angle this small is twice the distance of the quaternions.
    errors = 2 * np.sqrt(np.einsum("ij,ij->i", missed, missed))
    # A viewer would take the short way round: half way there must be a key.
    found: Floats = np.where(cosines < 0, 2 + shares * (1 - shares), errors)
    return found
