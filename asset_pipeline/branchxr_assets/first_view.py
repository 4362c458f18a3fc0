"""The coarsest level: the largest plain chunk that fits what a visitor waits for."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from .bodies import document_digest
from .document import Document, Json
from .encoders import encoder_versions
from .geometry import drawn_triangles
from .glb import write_glb
from .operations.cluster import ClusterOptions, cluster
from .operations.merge import merge
from .operations.plain_materials import plain_materials
from .operations.quantize import QuantizeOptions, quantize
from .operations.reorder import ReorderOptions, reorder
from .operations.simplify import Simplifier, SimplifyOptions, simplify
from .operations.strip import strip
from .readers.gltf import read_chunk
from .recipe import Chunk, Recipe, remembered
from .steps import Step, own_code
from .warnings import SceneWarning

COARSEST_BYTES_MAX: Final = 60_000
"""Raw bytes of what a visitor sees first."""
_COARSEST_TARGET: Final = 58_000
_COARSEST_STEPS: Final = QuantizeOptions(steps=8191)
"""Of half the scene: 1.2 mm in a hall of 20 m, where this level is off by 17. With 32767, and in
whatever order triangles came, the hall's first chunk was 23.6 kB behind brotli; so it is 19.9,
with 4095 19.4."""
_MERGED_TRIANGLES_MAX: Final = 50_000
"""Of what is merged for the first view. Fewer are collapsed faster whenever anything moves: of the
dense scene, from 200,000 / 50,000 / 30,000, its picture is off by 5.13 / 5.12 / 5.15 grey levels
and its error 0.061 / 0.063 / 0.070 m."""
_MERGED_NEAR: Final = 0.3
"""How near to that is near enough, since it is only on the way."""
_SEARCH_STEPS: Final = 12
_TRIES: Final = 6
_COARSE_ERROR: Final = 0.02
"""Of the scene's diagonal: beyond it collapsing tears large walls, and clustering is kinder."""


def make_coarsest(
    static: Document, recipe: Recipe, warnings: list[SceneWarning], *, diagonal_m: float
) -> Chunk | None:
    """Make the largest plain chunk that fits the budget, or remember it.

    One that was made while the simplifier failed, for want of memory perhaps, is not remembered.
    """
    plain = plain_materials(strip(static).document, cache=recipe.cache).document
    said: list[SceneWarning] = []
    chunk = _recalled(
        *("coarsest", plain, {"diagonal_m": diagonal_m}, recipe, said),
        lambda: _largest_fitting(plain, recipe, said, diagonal_m=diagonal_m),
    )
    warnings += (replace(warning, path="the first view") for warning in said)
    return chunk


def _as_bytes(chunk: Chunk) -> bytes:
    head = {"error_m": chunk.error_m, "triangles": chunk.triangles, "notes": chunk.notes}
    return json.dumps(head).encode() + b"\n" + chunk.glb


def _from_bytes(known: bytes) -> Chunk | None:
    head, _, glb = known.partition(b"\n")
    return Chunk("coarsest", glb, **json.loads(head)) if head else None


def _largest_fitting(
    plain: Document, recipe: Recipe, said: list[SceneWarning], *, diagonal_m: float
) -> Chunk | None:
    count = drawn_triangles(plain)
    options = SimplifyOptions(ratio=1.0, error_max_m=diagonal_m, jobs=recipe.jobs)
    error_m = 0.0
    if count > _MERGED_TRIANGLES_MAX:
        fewer = replace(options, ratio=_MERGED_TRIANGLES_MAX / count, near=_MERGED_NEAR)
        made = remembered(
            "merged", plain, lambda body: simplify(body, fewer), recipe,
            ratio=fewer.ratio or 1.0, near=fewer.near, error_max_m=diagonal_m,
        )  # fmt: skip
        said += made.warnings
        plain, error_m = read_chunk(made.glb()), made.changed["error_m"]
    bare = _Bare.of(merge(plain).document)

    def shaped() -> Chunk | None:
        first = quantize(bare.document, _COARSEST_STEPS).document
        if (size := bare.size(first)) <= _COARSEST_TARGET:
            return _plain_chunk(first, error_m)
        return _collapsed(bare, size, options, said, error_m=error_m) or _clustered(
            bare, diagonal_m, error_m
        )

    given = {"diagonal_m": diagonal_m, "error_m": error_m, "rooms": bare.rooms}
    chunk = _recalled("coarsest_shape", bare.document, given, recipe, said, shaped)
    return None if chunk is None else replace(chunk, glb=write_glb(bare.dressed(chunk.glb)))


def _recalled(
    name: str,
    document: Document,
    options: Json,
    recipe: Recipe,
    said: list[SceneWarning],
    make: Callable[[], Chunk | None],
) -> Chunk | None:
    """Recall a chunk, or make it; one that had to do without something is not remembered."""
    if not recipe.cache.is_on:
        return make()
    digest = document_digest(document, recipe.cache)
    step = Step(name, own_code(), options, (digest,), encoder_versions())
    known = recipe.cache.recall(step)
    if known is not None:
        return _from_bytes(known)
    chunk = make()
    if not said:
        recipe.cache.replace(step, b"" if chunk is None else _as_bytes(chunk))
    return chunk


@dataclass(frozen=True, slots=True)
class _Bare:
    """A merged document whose materials are numbers: colours decide on nothing of its shape.

    A mean colour of 0.8 that becomes 0.72 takes another byte, and every byte decides on how much
    fits. So a painted wall would have all of the scene collapsed anew, and look new everywhere.

    Attributes:
        document: its materials have names only, their numbers.
        materials: what they are.
        rooms: bytes that each of them may take, whatever its numbers are.
    """

    document: Document
    materials: list[Json]
    rooms: list[int]

    @classmethod
    def of(cls, merged: Document) -> "_Bare":
        materials = merged.listed("materials")
        named = [{"name": str(number)} for number in range(len(materials))]
        root = {**merged.root, **({"materials": named} if named else {})}
        rooms = [len(json.dumps(_widest(m), separators=(",", ":"))) for m in materials]
        return cls(Document(root, merged.accessors, merged.images), materials, rooms)

    def size(self, document: Document) -> int:
        """Return how many bytes a document of some of these materials has at most."""
        used = (int(material["name"]) for material in document.listed("materials"))
        return len(write_glb(document)) + sum(self.rooms[number] for number in used)

    def dressed(self, glb: bytes) -> Document:
        """Return a document with its materials as they are."""
        document = read_chunk(glb).copy()
        for material in document.listed("materials"):
            number = int(material.pop("name"))
            material.update(self.materials[number])
        return document


def _widest(value: Any) -> Any:
    """Put the longest number that a plain material has in the place of each."""
    if isinstance(value, dict):
        return {key: _widest(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_widest(item) for item in value]
    return 0.125 if isinstance(value, int | float) and not isinstance(value, bool) else value


def _collapsed(
    bare: _Bare,
    size: int,
    options: SimplifyOptions,
    said: list[SceneWarning],
    *,
    error_m: float,
) -> Chunk | None:
    """Collapse edges until the chunk fits; `None` where too many parts are left to fit.

    Bytes grow about as triangles do, so that each try comes nearer; the largest that fits is kept.
    """
    best, ratio, fixed, simplifier = None, 1.0, 0, Simplifier(bare.document, options)
    for _ in range(_TRIES):
        if fixed >= _COARSEST_TARGET:  # names and materials alone
            break
        ratio *= (_COARSEST_TARGET - fixed) / (size - fixed) * 0.98
        made = simplifier.down_to(ratio)
        said += made.warnings
        document = quantize(made.document, _COARSEST_STEPS).document
        size, fixed = bare.size(document), bare.size(document) - _array_bytes(document)
        if size <= _COARSEST_TARGET:
            chunk = _plain_chunk(document, error_m + made.changed["error_m"])
            if chunk is None or made.changed["error_m"] > options.error_max_m * _COARSE_ERROR:
                return best
            best = chunk if best is None or len(chunk.glb) > len(best.glb) else best
            if size > _COARSEST_TARGET * 0.95:
                break
    return best


def _array_bytes(document: Document) -> int:
    return sum(accessor.values.nbytes for accessor in document.accessors)


def _clustered(bare: _Bare, diagonal_m: float, error_m: float) -> Chunk | None:
    """Cluster vertices in the finest cells that fit: a thousand parts become a few heaps."""
    low, high, best = diagonal_m / 2048, diagonal_m, None
    for _ in range(_SEARCH_STEPS):
        cell = float(np.sqrt(low * high))
        made = cluster(bare.document, ClusterOptions(cell_m=cell))
        document = quantize(made.document, _COARSEST_STEPS).document
        if bare.size(document) <= _COARSEST_TARGET:
            high, best = cell, _plain_chunk(document, error_m + made.changed["error_m"])
        else:
            low = cell
    return best


def _plain_chunk(document: Document, error_m: float) -> Chunk | None:
    count = drawn_triangles(document)
    if not count:
        return None
    notes = {"merge": {"primitives": float(len(document.primitives()))}}
    ordered = reorder(document, ReorderOptions(for_size=True)).document
    return Chunk("coarsest", write_glb(ordered), error_m, count, notes)
