"""Cut the floor into cells: squares of 32 m whose avatars are sent together."""

from collections.abc import Iterable
from typing import Final

import numpy as np

from branchxr.protocol.floor import Floor

from ..document import Floats, Json

SIDE_M: Final = 32.0
CELLS_MAX: Final = 65_535
"""Cell ids are u16 on the wire."""


def list_cells(
    floor: Floor | None, box: Floats, anchors: Iterable[Json], *, height: float
) -> list[Json]:
    """Return `{id, origin}` of every square that has floor or an anchor in it.

    Squares lie on multiples of 32 m; an origin is the middle of its square on the floor.
    """
    squares = {_square(x, z) for a in anchors for x, _, z in [a["position"]]}
    if floor is not None:
        rows, columns = (
            np.floor((start + (np.arange(count) + 0.5) * floor.cell_m) / SIDE_M + 0.5).astype(int)
            for start, count in zip(floor.origin[::-1], floor.walkable.shape, strict=True)
        )
        squares |= {
            (int(a), int(b))
            for a in np.unique(columns)
            for b in np.unique(rows)
            if floor.walkable[np.ix_(rows == b, columns == a)].any()
        }
    else:
        low, high = _square(box[0][0], box[0][2]), _square(box[1][0], box[1][2])
        if (high[0] - low[0] + 1) * (high[1] - low[1] + 1) <= CELLS_MAX:
            across, along = range(low[0], high[0] + 1), range(low[1], high[1] + 1)
            squares |= {(a, b) for a in across for b in along}
    ordered = sorted(squares or {(0, 0)}, key=lambda square: (square[1], square[0]))
    return [
        {"id": number, "origin": [a * SIDE_M, height, b * SIDE_M]}
        for number, (a, b) in enumerate(ordered[:CELLS_MAX])
    ]


def _square(x: float, z: float) -> tuple[int, int]:
    return int(np.floor(x / SIDE_M + 0.5)), int(np.floor(z / SIDE_M + 0.5))
