"""Put triangles and vertices into the order graphics processors like best."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .machine import machine

Indices = NDArray[np.uint32]


def for_vertex_cache(indices: NDArray[Any], vertices: int, *, for_size: bool = False) -> Indices:
    """Reorder triangles so that each vertex is worked out about once.

    Args:
        indices: `(3 t,)`.
        vertices: how many there are; every index is below.
        for_size: prefer what the index codec packs well (Meshoptimizer's strip order).
    """
    name = "meshopt_optimizeVertexCacheStrip" if for_size else "meshopt_optimizeVertexCache"
    flat = np.ascontiguousarray(indices, np.uint32).reshape(-1)
    with machine("encoder") as lent:
        place = lent.put(flat)
        lent.run(name, place, place, len(flat), vertices)
        found: Indices = lent.take(place, len(flat), np.uint32)
    return found


def fetch_order(indices: NDArray[Any], vertices: int) -> NDArray[np.int64]:
    """Return the vertices in the order triangles ask for them; unused ones are left out.

    `order[new] == old`: rows of every attribute are taken by it.
    """
    flat = np.ascontiguousarray(indices, np.uint32).reshape(-1)
    with machine("encoder") as lent:
        target = lent.reserve(4 * vertices)
        used = lent.run(
            "meshopt_optimizeVertexFetchRemap", target, lent.put(flat), len(flat), vertices
        )
        remap = lent.take(target, vertices, np.uint32)
    order = np.empty(used, np.int64)
    is_used = remap != 0xFFFFFFFF
    order[remap[is_used]] = np.flatnonzero(is_used)
    return order
