"""A primitive's vertices as rows: find equal ones, take some of them, put them in another order."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from .columns import across, unique_rows
from .document import Accessor, AccessorPool, Document, Json

Order = NDArray[np.int64]
VertexKey = tuple[tuple[tuple[str, int], ...], ...]
"""Name and accessor of every attribute, then of every target's."""

_SETS_MAX: Final = 32
"""Numbers that are looked at: Blender has 8 sets of texture coordinates, 3ds Max 100 channels."""
_MIX: Final = np.uint64(0x9E3779B97F4A7C15)
"""2^64 over the golden ratio, Knuth's multiplier."""


def accessor_slots(primitive: Json) -> list[tuple[Json, str]]:
    """Return every slot `(container, name)` that holds a value per vertex, targets included."""
    containers = [primitive["attributes"], *primitive.get("targets", [])]
    return [(container, name) for container in containers for name in sorted(container)]


def vertex_accessors(primitive: Json) -> tuple[int, ...]:
    """Return the accessors of all these slots."""
    return tuple(container[name] for container, name in accessor_slots(primitive))


def vertex_key(primitive: Json) -> VertexKey:
    """Return what two primitives that share their vertices have in common.

    Names belong to it: equal values may be the first colours of one and the second of another.
    """
    containers = [primitive["attributes"], *primitive.get("targets", [])]
    return tuple(tuple(sorted(container.items())) for container in containers)


def is_packed(document: Document, primitive: Json) -> bool:
    """Tell whether a codec holds a primitive's vertices: other values would be another stream."""
    return any(
        document.accessors[index].packed is not None for index in vertex_accessors(primitive)
    )


def equal_vertices(accessors: list[Accessor]) -> tuple[Order, Order]:
    """Find vertices that are equal, bit by bit, in all these accessors.

    Returns:
        `(k,)` the first of each kind, in rising order, and `(n,)` each vertex's kind.

    `np.unique` over whole rows sorts them: 420 ms for 237,001 of 48 bytes, where sorting a hash
    takes 45 ms. Rows are compared all the same, so a collision costs time, never a vertex.
    """
    rows = np.concatenate([_words(accessor.values) for accessor in accessors], axis=1)
    mixed = np.zeros(len(rows), np.uint64)
    for column in rows.T:
        mixed = (mixed ^ column) * _MIX
        mixed ^= mixed >> np.uint64(29)
    _, first, kind = np.unique(mixed, return_index=True, return_inverse=True)
    if not (rows[first[kind]] == rows).all():
        first, kind = unique_rows(rows)
    rank = np.empty(len(first), np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return np.sort(first), rank[kind.reshape(-1)]


def close_texture_sets(attributes: Json) -> None:
    """Let sets of texture coordinates be numbered without a gap, as glTF 2.0, 3.7.2.1 wants it.

    A number that is missing gets the coordinates of the next one, which costs no bytes.
    """
    top = max((n for n in range(_SETS_MAX) if f"TEXCOORD_{n}" in attributes), default=0)
    for number in range(top - 1, -1, -1):
        attributes.setdefault(f"TEXCOORD_{number}", attributes[f"TEXCOORD_{number + 1}"])


def byte_weights(accessor: Accessor) -> Accessor:
    """Store skin weights in bytes whose sum is 255, the largest remainders rounded up.

    Only for a vertex's one set of four; an error of 1/510 is what gltfpack and glTF-Transform take.
    """
    weights = accessor.as_float()
    total = across(np.add, weights)[:, None]
    scaled = weights / np.where(total > 0, total, 1) * 255
    whole = np.floor(scaled)
    order = np.argsort(whole - scaled, axis=1, kind="stable")
    missing = (total[:, 0] > 0) * (255 - across(np.add, whole))
    rank = np.argsort(order, axis=1, kind="stable")
    stored = (whole + (rank < np.round(missing)[:, None])).astype(np.uint8)
    stored.setflags(write=False)
    return Accessor(stored, accessor.type, is_normalized=True, rest=accessor.rest)


def stepped(accessor: Accessor, bits: int) -> Accessor:
    """Store values of 0 to 1 in bytes or 16 bits, on `2 ** bits - 1` even steps.

    What is outside of 0 to 1, is in bytes, or has no more bits than these, stays as it came.
    """
    stored = np.dtype("<u1" if bits <= 8 else "<u2")
    dtype = accessor.values.dtype
    is_coarse = dtype.itemsize == 1 or (dtype.kind != "f" and dtype.itemsize * 8 <= bits)
    if accessor.packed is not None or is_coarse:
        return accessor
    values = accessor.as_float()
    is_whole = dtype.kind != "f" and not accessor.is_normalized
    if is_whole or values.min(initial=0.0) < 0 or values.max(initial=0.0) > 1:
        return accessor
    steps = 2**bits - 1
    on_grid = np.floor(values * steps + 0.5) / steps
    table = np.floor(on_grid * np.iinfo(stored).max + 0.5).astype(stored)
    table.setflags(write=False)
    return Accessor(table, accessor.type, is_normalized=True, rest=accessor.rest)


def take_vertices(
    document: Document, primitive: Json, order: NDArray[Any], pool: AccessorPool
) -> None:
    """Let a primitive have these of its vertices, in this order."""
    done: dict[int, int] = {}
    for container, name in accessor_slots(primitive):
        old = container[name]
        if old not in done:
            accessor = document.accessors[old]
            done[old] = pool.take(accessor, order)
        container[name] = done[old]


def _words(values: NDArray[Any]) -> NDArray[np.uint64]:
    """Return rows of bytes as 32-bit words, in 64 bits to be mixed in."""
    raw = np.ascontiguousarray(values).view(np.uint8).reshape(len(values), -1)
    padded = np.zeros((len(raw), -(-raw.shape[1] // 4) * 4), np.uint8)
    padded[:, : raw.shape[1]] = raw
    return padded.view(np.uint32).astype(np.uint64)
