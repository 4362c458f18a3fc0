"""Put triangles and vertices into the order that graphics processors and codecs like best.

Triangles by Meshoptimizer's vertex cache order, vertices as triangles ask for them; unused ones go.
Overdraw is left alone: the WebAssembly build does not export it, gltfpack does not do it either,
and a headset's tiled processor sorts hidden surfaces itself.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from .. import meshopt
from ..document import AccessorPool, Array, Document, Json, Outcome
from ..geometry import TRIANGLES, index_array, triangles
from ..rewrite import prune
from ..vertices import VertexKey, accessor_slots, is_packed, take_vertices, vertex_key


@dataclass(frozen=True, slots=True)
class ReorderOptions:
    """What to prefer, and what to leave.

    Attributes:
        for_size: prefer an order that packs well to the one that draws fastest (a few percent).
        keeps_packed: leave what a codec has packed, which else has to be packed again.
    """

    for_size: bool = False
    keeps_packed: bool = False


DEFAULTS: Final = ReorderOptions()


def reorder(document: Document, options: ReorderOptions = DEFAULTS) -> Outcome:
    """Reorder every list of triangles; what shares its vertices goes on sharing them."""
    changed = document.copy()
    pool = AccessorPool(changed.accessors)
    groups: dict[VertexKey, list[Json]] = {}
    for primitive in changed.primitives():
        is_left = options.keeps_packed and is_packed(changed, primitive)
        if "POSITION" in primitive["attributes"] and not is_left:
            groups.setdefault(vertex_key(primitive), []).append(primitive)
    counts = {"primitives": 0, "vertices_left_out": 0}
    for group in groups.values():
        if all(p.get("mode", TRIANGLES) == TRIANGLES for p in group):
            counts["primitives"] += len(group)
            counts["vertices_left_out"] += _reorder(changed, group, pool, options)
    return Outcome(prune(Document(changed.root, pool.all(), changed.images)), dict(counts))


def _reorder(
    document: Document, group: list[Json], pool: AccessorPool, options: ReorderOptions
) -> int:
    """Reorder primitives that share their vertices; return how many vertices nobody used."""
    vertices = document.accessors[group[0]["attributes"]["POSITION"]].count
    lists: dict[int, Array] = {}
    for primitive in group:
        old = primitive.get("indices", -1)
        if old not in lists:
            faces = triangles(document, primitive)
            lists[old] = meshopt.for_vertex_cache(faces, vertices, for_size=options.for_size)
    order = meshopt.fetch_order(np.concatenate(list(lists.values())), vertices)
    number = np.zeros(vertices, np.int64)
    number[order] = np.arange(len(order))
    first = group[0]
    take_vertices(document, first, order, pool)
    indices = {o: pool.add(index_array(number[flat]), "SCALAR") for o, flat in lists.items()}
    for primitive in group:
        primitive["indices"] = indices[primitive.get("indices", -1)]
        slots = zip(accessor_slots(primitive), accessor_slots(first), strict=True)
        for (container, name), (theirs, _) in slots:
            container[name] = theirs[name]
    return int(vertices - len(order))
