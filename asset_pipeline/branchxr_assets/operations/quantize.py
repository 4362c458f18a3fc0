"""Store positions as 16-bit integers (KHR_mesh_quantization), for merged scenes.

One node undoes it for all primitives: on a 20 m scene a step is 0.3 mm.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from ..columns import low_high
from ..document import AccessorPool, Document, Outcome
from ..geometry import around
from ..rewrite import prune

_TOP: Final = 32767


@dataclass(frozen=True, slots=True)
class QuantizeOptions:
    """`steps`: positions are integers in -steps..steps, at most 32767."""

    steps: int = _TOP


DEFAULTS: Final = QuantizeOptions()


def quantize(document: Document, options: QuantizeOptions = DEFAULTS) -> Outcome:
    """Quantise a document of one node with one mesh, as `merge` makes it."""
    changed = document.copy()
    pool = AccessorPool(changed.accessors)
    primitives = changed.primitives()
    if not primitives:
        return Outcome(changed, {"error_m": 0.0})
    tables = [changed.accessors[p["attributes"]["POSITION"]].as_float() for p in primitives]
    low, high = around([low_high(table) for table in tables])
    middle = ((low + high) / 2).astype(np.float32)
    # One scale for all axes: normals stay upright and a flat scene divides by no zero.
    half = np.float32(max(float((high - low).max()) / 2, 1e-6))
    for primitive, table in zip(primitives, tables, strict=True):
        steps = np.floor((table - middle) / half * options.steps + 0.5)
        whole = steps.clip(-options.steps, options.steps).astype(np.int16)
        primitive["attributes"]["POSITION"] = pool.add(whole, "VEC3")
    # Whole numbers, not normalised ones: trimesh reads both as whole (KHR_mesh_quantization
    # allows either), and a scene 65 km wide helps nobody.
    scale = float(half) / options.steps
    node = changed.listed("nodes")[0]
    before = node.get("translation", (0.0, 0.0, 0.0))
    node["translation"] = [float(a) + float(b) for a, b in zip(before, middle, strict=True)]
    node["scale"] = [scale] * 3
    made = Document(changed.root, pool.all(), changed.images)
    return Outcome(prune(made), {"error_m": float(half) / options.steps / 2})
