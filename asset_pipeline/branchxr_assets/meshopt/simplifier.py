"""Meshoptimizer's simplifier: edges collapse by quadrics of positions and attributes."""

from dataclasses import dataclass
from enum import IntFlag
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from .machine import machine


class _Flag(IntFlag):
    """`meshopt_Simplify…` of meshoptimizer.h."""

    LOCK_BORDER = 1
    ERROR_ABSOLUTE = 4
    PRUNE = 8
    PERMISSIVE = 32


@dataclass(frozen=True, slots=True)
class SimplifierOptions:
    """What must hold.

    Attributes:
        error_max: how far the surface may leave its place, in the units of the positions.
        keeps_border: edges of one triangle only stay where they are.
        prunes: parts that are smaller than the error may vanish.
        crosses_seams: collapse across attribute seams too, which tears textures a little.
    """

    error_max: float = np.inf
    keeps_border: bool = False
    prunes: bool = False
    crosses_seams: bool = False


DEFAULTS: Final = SimplifierOptions()


@dataclass(frozen=True, slots=True)
class Simplified:
    """`triangles`: `(t, 3)`, of the old vertices; `error`: in the units of the positions."""

    triangles: NDArray[np.int64]
    error: float


def simplify(
    points: NDArray[Any],
    triangles: NDArray[Any],
    target: int,
    options: SimplifierOptions = DEFAULTS,
    *,
    attributes: NDArray[Any] | None = None,
    weights: NDArray[Any] | None = None,
    locked: NDArray[Any] | None = None,
) -> Simplified:
    """Draw fewer triangles over the same vertices; each keeps its place and its attributes.

    Args:
        points: `(n, 3)`.
        triangles: `(t, 3)`, whole numbers below n.
        target: triangles to come down to, where the error allows it.
        options: what must hold.
        attributes: `(n, k)`, at most 32 columns: what should be kept beside the shape.
        weights: `(k,)`, how far a difference of 1 in a column counts, in shares of the mesh's size.
        locked: `(n,)` bool: vertices that stay.
    """
    table = np.ascontiguousarray(points, np.float32).reshape(-1, 3)
    indices = np.ascontiguousarray(triangles, np.uint32).reshape(-1)
    columns = np.empty((len(table), 0), np.float32) if attributes is None else attributes
    scales = np.zeros(0, np.float32) if weights is None else weights
    if columns.shape != (len(table), len(scales)):
        raise ValueError(f"expected a weight per column, got {columns.shape} and {len(scales)}")
    with machine("simplifier") as lent:
        error_place = lent.reserve(4)
        result = lent.reserve(4 * len(indices))
        count = lent.run(
            "meshopt_simplifyWithAttributes",
            *(result, lent.put(indices), len(indices)),
            *(lent.put(table), len(table), 12),
            *(lent.put(columns.astype(np.float32)), 4 * len(scales)),
            *(lent.put(scales.astype(np.float32)), len(scales)),
            0 if locked is None else lent.put(locked.astype(np.uint8)),
            3 * target,
            min(options.error_max, float(np.finfo(np.float32).max)),
            int(_flags(options)),
            error_place,
        )
        kept = lent.take(result, count, np.uint32)
        error = float(lent.take(error_place, 1, np.float32)[0])
    return Simplified(kept.astype(np.int64).reshape(-1, 3), error)


def _flags(options: SimplifierOptions) -> _Flag:
    flags = _Flag.ERROR_ABSOLUTE
    if options.keeps_border:
        flags |= _Flag.LOCK_BORDER
    if options.prunes:
        flags |= _Flag.PRUNE
    if options.crosses_seams:
        flags |= _Flag.PERMISSIVE
    return flags
