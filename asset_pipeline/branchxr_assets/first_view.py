"""The coarsest level: the largest plain chunk that fits what a visitor waits for."""

import json
from dataclasses import replace
from typing import Final

import numpy as np

from .bodies import document_digest
from .document import Document
from .encoders import encoder_versions
from .geometry import drawn_triangles
from .glb import write_glb
from .operations.cluster import ClusterOptions, cluster
from .operations.merge import merge
from .operations.plain_materials import plain_materials
from .operations.quantize import QuantizeOptions, quantize
from .operations.reorder import ReorderOptions, reorder
from .operations.simplify import SimplifyOptions, simplify
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
    is_on = recipe.cache.is_on
    inputs = (document_digest(plain, recipe.cache),) if is_on else ()
    step = Step("coarsest", own_code(), {"diagonal_m": diagonal_m}, inputs, encoder_versions())
    known = recipe.cache.recall(step) if is_on else None
    if known is not None:
        head, _, glb = known.partition(b"\n")
        return Chunk("coarsest", glb, **json.loads(head)) if head else None
    chunk = _largest_fitting(plain, recipe, said, diagonal_m=diagonal_m)
    warnings += (replace(warning, path="the first view") for warning in said)
    if not said:
        recipe.cache.replace(step, b"" if chunk is None else _as_bytes(chunk))
    return chunk


def _as_bytes(chunk: Chunk) -> bytes:
    head = {"error_m": chunk.error_m, "triangles": chunk.triangles, "notes": chunk.notes}
    return json.dumps(head).encode() + b"\n" + chunk.glb


def _largest_fitting(
    plain: Document, recipe: Recipe, said: list[SceneWarning], *, diagonal_m: float
) -> Chunk | None:
    count = drawn_triangles(plain)
    options = SimplifyOptions(ratio=1.0, error_max_m=diagonal_m, jobs=recipe.jobs)
    error_m = 0.0
    if count > _MERGED_TRIANGLES_MAX:
        fewer = replace(options, ratio=_MERGED_TRIANGLES_MAX / count)
        made = remembered(
            "merged", plain, lambda body: simplify(body, fewer), recipe,
            ratio=fewer.ratio or 1.0, error_max_m=diagonal_m,
        )  # fmt: skip
        said += made.warnings
        plain, error_m = read_chunk(made.glb()), made.changed["error_m"]
    merged = merge(plain).document
    first = quantize(merged, _COARSEST_STEPS).document
    if (size := len(write_glb(first))) <= _COARSEST_TARGET:
        return _plain_chunk(first, error_m)
    return _collapsed(merged, size, options, said, error_m=error_m) or _clustered(
        merged, diagonal_m, error_m
    )


def _collapsed(
    merged: Document,
    size: int,
    options: SimplifyOptions,
    said: list[SceneWarning],
    *,
    error_m: float,
) -> Chunk | None:
    """Collapse edges until the chunk fits; `None` where too many parts are left to fit.

    Bytes grow about as triangles do, so that each try comes nearer; the largest that fits is kept.
    """
    best, ratio = None, 1.0
    for _ in range(_TRIES):
        ratio *= _COARSEST_TARGET / size * 0.99
        made = simplify(merged, replace(options, ratio=ratio))
        said += made.warnings
        document = quantize(made.document, _COARSEST_STEPS).document
        size = len(write_glb(document))
        if size <= _COARSEST_TARGET:
            chunk = _plain_chunk(document, error_m + made.changed["error_m"])
            if chunk is None or made.changed["error_m"] > options.error_max_m * _COARSE_ERROR:
                return best
            best = chunk if best is None or len(chunk.glb) > len(best.glb) else best
            if size > _COARSEST_TARGET * 0.95:
                break
    return best


def _clustered(merged: Document, diagonal_m: float, error_m: float) -> Chunk | None:
    """Cluster vertices in the finest cells that fit: a thousand parts become a few heaps."""
    low, high, best = diagonal_m / 2048, diagonal_m, None
    for _ in range(_SEARCH_STEPS):
        cell = float(np.sqrt(low * high))
        made = cluster(merged, ClusterOptions(cell_m=cell))
        document = quantize(made.document, _COARSEST_STEPS).document
        if len(write_glb(document)) <= _COARSEST_TARGET:
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
