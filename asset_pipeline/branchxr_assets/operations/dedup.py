"""Keep one of what is equal: images, samplers, textures, materials, accessors, meshes, skins.

Materials keep apart by name, for an artist may swap one of them; of the rest the first name stays.
"""

import hashlib
import json
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from ..document import Accessor, Document, Json, Outcome
from ..references import references
from ..rewrite import prune


@dataclass(frozen=True, slots=True)
class DedupOptions:
    """`collections`: what is looked through, whoever is pointed to first."""

    collections: tuple[str, ...] = (
        *("accessors", "images", "samplers", "textures", "materials", "meshes", "cameras"),
    )


DEFAULTS: Final = DedupOptions()
_NAMED: Final = frozenset({"materials", "cameras"})
"""A name is part of what these are."""


def dedup(document: Document, options: DedupOptions = DEFAULTS) -> Outcome:
    """Point everything at the first of its kind and drop the others."""
    changed = document.copy()
    counts: dict[str, float] = {}
    for collection in options.collections:
        keys = _keys(changed, collection)
        first: dict[object, int] = {}
        target = [first.setdefault(key, index) for index, key in enumerate(keys)]
        merged = len(target) - len(first)
        counts[f"{collection}_merged"] = merged
        if not merged:
            continue
        for reference in references(changed.root, (collection,)):
            old = reference.container[reference.key]
            reference.container[reference.key] = target[old]
    return Outcome(prune(changed) if any(counts.values()) else changed, counts)


def _keys(document: Document, collection: str) -> list[object]:
    if collection == "accessors":
        roles = _roles(document)
        return [
            (roles.get(index), _accessor_key(accessor))
            for index, accessor in enumerate(document.accessors)
        ]
    items = document.listed(collection)
    keys: list[object] = [_json_key(item, is_named=collection in _NAMED) for item in items]
    if collection == "images":
        digests = [hashlib.sha256(raw).digest() for raw in document.images]
        keys = list(zip(keys, digests, strict=True))
    if collection == "meshes":
        keys = [(key, _weights(item)) for key, item in zip(keys, items, strict=True)]
    return keys


def _roles(document: Document) -> dict[int, str]:
    """Tell times from values, vertices from indices: no accessor may be two of them."""
    found: dict[int, str] = {}
    for reference in references(document.root, ("accessors",)):
        key = reference.key
        plain = isinstance(key, str) and key in {"input", "output", "indices"}
        role = str(key) if plain else reference.place.rpartition(".")[0].rpartition(".")[2]
        index = reference.container[key]
        found[index] = min(found.get(index, role), role)
    return found


def _json_key(item: Json, *, is_named: bool) -> str:
    kept = item if is_named else {k: v for k, v in item.items() if k != "name"}
    return json.dumps(kept, sort_keys=True)


def _weights(mesh: Json) -> Any:
    """Tell morphed meshes apart: a clip moves each node's own weights, a name leads to targets."""
    return mesh.get("name") if any(p.get("targets") for p in mesh["primitives"]) else None


def _accessor_key(accessor: Accessor) -> object:
    values = accessor.values
    return (
        accessor.type,
        accessor.is_normalized,
        values.dtype.str,
        values.shape,
        json.dumps(accessor.rest, sort_keys=True),
        hashlib.sha256(np.ascontiguousarray(values).tobytes()).digest(),
    )
