"""Drop keyframes that a viewer would draw the same without.

Exporters bake every frame: a door that swings in two straight moves has three keys worth keeping
of sixty. A key goes when all that lies between two kept keys stays within the tolerance of the
straight line (of the great circle, for turns) between them: checked against every dropped key,
not only the neighbour, so that errors do not add up along a slow curve. The first and the last
stay: they say how long the clip is.

Tried: comparing with both neighbours only (glTF's usual trick) is as fast and lets a slow arc of
600 keys drift by 40 times the tolerance before one is kept.
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from ..document import AccessorPool, Array, Document, Floats, Json, Outcome
from ..rewrite import prune


@dataclass(frozen=True, slots=True)
class ResampleOptions:
    """`tolerance`: largest difference nobody sees (metres, quaternion parts, factors, weights)."""

    tolerance: float = 1e-4


DEFAULTS: Final = ResampleOptions()
_SHORT_WAY: Final = 0.1
"""Cosine of half a turn of 169 degrees: viewers take the shorter way (glTF 2.0, appendix C.4), so
that a wheel needs keys in between, and not so few that a codec's rounding decides which."""


def resample(document: Document, options: ResampleOptions = DEFAULTS) -> Outcome:
    """Thin out the samplers of every animation; cubic splines stay as they are."""
    changed = document.copy()
    pool = AccessorPool(changed.accessors)
    counts = {"keys_before": 0, "keys_after": 0}
    for animation in changed.listed("animations"):
        paths = {c["sampler"]: c["target"]["path"] for c in animation["channels"]}
        for index, sampler in enumerate(animation["samplers"]):
            times = changed.accessors[sampler["input"]].values[:, 0]
            counts["keys_before"] += len(times)
            kept = _kept(changed, sampler, paths.get(index, ""), options.tolerance)
            if kept is None or not _pays(changed, sampler, kept):
                counts["keys_after"] += len(times)
                continue
            counts["keys_after"] += len(kept)
            _thin(pool, changed, sampler, kept)
    return Outcome(prune(Document(changed.root, pool.all(), changed.images)), dict(counts))


def _rows(document: Document, sampler: Json) -> Array | None:
    """Return the stored output, `(keys, values of one key)`; `None` where the two do not fit."""
    keys = document.accessors[sampler["input"]].count
    values = document.accessors[sampler["output"]].values
    if keys == 0 or values.size == 0 or values.size % keys:
        return None
    return values.reshape(keys, -1)


def _kept(
    document: Document, sampler: Json, path: str, tolerance: float
) -> np.ndarray[tuple[int], np.dtype[np.int64]] | None:
    """Return which keys stay, ascending; `None` when this sampler is not ours to thin."""
    mode = sampler.get("interpolation", "LINEAR")
    if mode not in {"LINEAR", "STEP"} or _rows(document, sampler) is None:
        return None
    times = document.accessors[sampler["input"]].values[:, 0].astype(np.float64)
    if len(times) < 2 or not (np.diff(times) > 0).all():
        return None
    values = document.accessors[sampler["output"]].as_float().reshape(len(times), -1)
    if mode == "STEP":
        changes = np.abs(np.diff(values, axis=0)).max(axis=1) > 0
        return np.unique(np.concatenate([[0], np.flatnonzero(changes) + 1, [len(times) - 1]]))
    if path == "rotation":
        values = _same_side(values)
    kept, last = [0], len(times) - 1
    while kept[-1] < last:
        kept.append(_reach(times, values, kept[-1], tolerance=tolerance, turns=path == "rotation"))
    return np.array(kept)


def _reach(times: Floats, values: Floats, start: int, *, tolerance: float, turns: bool) -> int:
    """Return the furthest key that a straight line from `start` may end at (at least the next).

    Doubling, then halving: the check itself is one vector operation.
    """
    last, good, step = len(times) - 1, start + 1, 2
    while start + step <= last and _fits(times, values, start, start + step, tolerance, turns):
        good, step = start + step, step * 2
    low, high = good, min(start + step, last)
    while low < high:
        middle = (low + high + 1) // 2
        if _fits(times, values, start, middle, tolerance, turns):
            low = middle
        else:
            high = middle - 1
    return low


def _fits(
    times: Floats, values: Floats, start: int, end: int, tolerance: float, turns: bool
) -> bool:
    if turns and values[start] @ values[end] < _SHORT_WAY:
        return False
    share = ((times[start + 1 : end] - times[start]) / (times[end] - times[start]))[:, None]
    line = (
        _slerp(values[start], values[end], share)
        if turns
        else (values[start] + (values[end] - values[start]) * share)
    )
    return bool((np.abs(line - values[start + 1 : end]) <= tolerance).all())


def _slerp(first: Floats, second: Floats, share: Floats) -> Floats:
    """Interpolate as glTF 2.0 (appendix C.4) does."""
    angle = math.acos(max(-1.0, min(1.0, float(first @ second))))
    if angle < 1e-4:
        return first + (second - first) * share
    weighted: Floats = np.sin((1 - share) * angle) * first + np.sin(share * angle) * second
    return weighted / math.sin(angle)


def _same_side(turns: Floats) -> Floats:
    """Flip quaternions so that neighbours lie on one side: q and -q are the same turn."""
    flips = np.einsum("ij,ij->i", turns[1:], turns[:-1]) < 0
    signs = np.where(np.concatenate([[False], flips]), -1.0, 1.0).cumprod()
    flipped: Floats = turns * signs[:, None]
    return flipped


def _pays(document: Document, sampler: Json, kept: Array) -> bool:
    """Times of its own must cost less than the rows that go (they may be shared now)."""
    rows = _rows(document, sampler)
    if rows is None:
        return False
    width = rows.shape[1] * rows.dtype.itemsize
    return bool(len(kept) * (4 + width) < len(rows) * width)


def _thin(pool: AccessorPool, document: Document, sampler: Json, kept: Array) -> None:
    times = document.accessors[sampler["input"]]
    output = document.accessors[sampler["output"]]
    rows = output.values.reshape(times.count, -1)[kept]
    sampler["input"] = pool.add(times.values[kept], "SCALAR")
    sampler["output"] = pool.add(rows, output.type, is_normalized=output.is_normalized)
