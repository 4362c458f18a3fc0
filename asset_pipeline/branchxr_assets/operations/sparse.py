"""Store morph targets as what they move: a smile leaves the ears alone.

Exporters write a displacement for every vertex of a face, most of them zero. Nothing is rounded
here: what differs from zero by anything at all is kept.
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from ..columns import across
from ..document import Document, Outcome
from ..packing import SparseRows


@dataclass(frozen=True, slots=True)
class SparseOptions:
    """`saving`: what the sparse form must be smaller by, as a share, to be worth it."""

    saving: float = 0.2


DEFAULTS: Final = SparseOptions()


def sparse(document: Document, options: SparseOptions = DEFAULTS) -> Outcome:
    """Mark the accessors of morph targets that are mostly zero."""
    targets = {
        index
        for primitive in document.primitives()
        for target in primitive.get("targets", [])
        for index in target.values()
    }
    others = {index for p in document.primitives() for index in p["attributes"].values()}
    accessors = list(document.accessors)
    counts = {"accessors_sparse": 0, "bytes_saved": 0}
    for index in sorted(targets - others):
        accessor = accessors[index]
        moved = int(np.count_nonzero(across(np.logical_or, accessor.values != 0)))
        row = accessor.values.shape[1] * accessor.values.dtype.itemsize
        dense = accessor.count * row
        thin = max(moved, 1) * (row + (2 if accessor.count <= 65536 else 4)) + _JSON_BYTES
        if accessor.packed is not None or thin > dense * (1 - options.saving):
            continue
        accessors[index] = replace(accessor, packed=SparseRows())
        counts["accessors_sparse"] += 1
        counts["bytes_saved"] += dense - thin
    return Outcome(replace(document, accessors=tuple(accessors)), dict(counts))


_JSON_BYTES: Final = 120
"""What the two extra places cost in the JSON."""
