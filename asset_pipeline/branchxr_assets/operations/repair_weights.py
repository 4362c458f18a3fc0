"""Let the skin weights of every vertex add up to one, over all its sets."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from ..columns import across
from ..document import AccessorPool, Document, Floats, Json, Outcome


@dataclass(frozen=True, slots=True)
class RepairWeightsOptions:
    """`tolerance`: per influence, as the Khronos validator has it."""

    tolerance: float = 2e-7


DEFAULTS: Final = RepairWeightsOptions()


def repair_weights(document: Document, options: RepairWeightsOptions = DEFAULTS) -> Outcome:
    """Scale weights to a sum of one; the largest of a vertex takes what rounding leaves over.

    A vertex without any weight is given wholly to its first joint.
    """
    changed = document.copy()
    pool = AccessorPool(changed.accessors)
    done: dict[tuple[int, ...], list[int]] = {}
    for primitive in changed.primitives():
        names = sorted(name for name in primitive["attributes"] if name.startswith("WEIGHTS_"))
        if not names:
            continue
        key = tuple(primitive["attributes"][name] for name in names)
        if key not in done:
            done[key] = _mended(changed, key, pool, options)
        _point_to(primitive, names, done[key])
    counts = {"sets": sum(list(key) != made for key, made in done.items())}
    return Outcome(Document(changed.root, pool.all(), changed.images), dict(counts))


def _point_to(primitive: Json, names: list[str], accessors: list[int]) -> None:
    for name, index in zip(names, accessors, strict=True):
        primitive["attributes"][name] = index


def _mended(
    document: Document, key: tuple[int, ...], pool: AccessorPool, options: RepairWeightsOptions
) -> list[int]:
    """Return the accessors to use: the same ones when their weights are right."""
    sets = [document.accessors[index] for index in key]
    weights: Floats = np.concatenate([accessor.as_float() for accessor in sets], axis=1)
    weights = np.where(np.isfinite(weights), weights, 0)
    allowed = options.tolerance * np.maximum(across(np.add, (weights != 0).astype(np.int64)), 1)
    if (np.abs(across(np.add, weights) - 1) <= allowed).all() and (weights >= 0).all():
        return list(key)
    weights = np.maximum(weights, 0)
    total = across(np.add, weights)[:, None]
    weights = weights / np.where(total > 0, total, 1)
    weights[total[:, 0] == 0, 0] = 1.0
    made = []
    scales = [_scale(accessor.values.dtype) for accessor in sets]
    per_column = np.repeat(scales, [accessor.values.shape[1] for accessor in sets])
    stored = np.where(per_column > 0, np.floor(weights * per_column + 0.5), weights)
    stored = np.where(per_column > 0, stored / np.where(per_column > 0, per_column, 1), stored)
    stored = np.where(per_column > 0, stored, stored.astype(np.float32).astype(np.float64))
    rows = np.arange(len(stored))
    stored[rows, stored.argmax(axis=1)] += 1 - stored.sum(axis=1)
    start = 0
    for accessor, scale in zip(sets, scales, strict=True):
        part = stored[:, start : start + accessor.values.shape[1]]
        start += accessor.values.shape[1]
        whole = np.floor(part * scale + 0.5) if scale else part
        made.append(
            pool.add(
                whole.astype(accessor.values.dtype),
                accessor.type,
                is_normalized=accessor.is_normalized,
            )
        )
    return made


def _scale(dtype: np.dtype[np.generic]) -> float:
    """Return what one is stored as: 0 for floats."""
    return 0.0 if dtype.kind == "f" else float(np.iinfo(dtype).max)  # type: ignore[type-var]
