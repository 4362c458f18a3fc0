"""The recipe: which operations make which level of detail from the static side of a scene."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np

from .document import Document
from .geometry import bounds, drawn_triangles
from .glb import write_glb
from .operations.cluster import ClusterOptions, cluster
from .operations.draco import DracoOptions, draco
from .operations.merge import merge
from .operations.meshopt import meshopt
from .operations.plain_materials import PlainMaterialsOptions, plain_materials
from .operations.quantize import quantize
from .operations.reorder import ReorderOptions, reorder
from .operations.simplify import SimplifyOptions, simplify
from .operations.strip import strip
from .operations.textures import TexturesOptions, textures
from .operations.weld import weld
from .warnings import SceneWarning

Codec = Literal["none", "meshopt", "draco"]
"""How all but the coarsest chunk is packed; `draco` leaves clips and morph targets to meshopt."""
COARSEST_BYTES_MAX: Final = 60_000
"""Raw bytes of what a visitor sees first."""
_COARSEST_TARGET: Final = 58_000
_MERGED_TRIANGLES_MAX: Final = 200_000
_SEARCH_STEPS: Final = 12
_TRIES: Final = 6
_COARSE_ERROR: Final = 0.02
"""Of the scene's diagonal: beyond it collapsing tears large walls, and clustering is kinder."""
_MIDDLE_RATIO: Final = 0.4
_UNTOUCHED_TRIANGLES: Final = 24
"""Two boxes: simplifying them saves nothing and shows."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """One GLB of a package.

    Attributes:
        role: `coarsest`, `middle`, `full` or `live`.
        error_m: how far the picture is from the source, metres; 0 for the source itself.
        triangles: drawn.
        notes: what the operations did, in numbers.
    """

    role: str
    glb: bytes
    error_m: float
    triangles: int
    notes: Mapping[str, Mapping[str, float]]


def make_chain(
    static: Document, *, lods: int, jobs: int, codec: Codec = "none"
) -> tuple[list[Chunk], list[SceneWarning]]:
    """Make the chain of LODs, coarsest first; a scene with nothing static has none.

    Where nothing static can be seen, but empties have extras, the fullest level alone carries them.
    """
    box = bounds(static)
    if box is None and not any("extras" in node for node in static.listed("nodes")):
        return [], []
    full, warnings = _full(static, jobs, codec)
    if box is None:
        return [full], warnings
    chain = [full]
    for step in range(1, lods - 1):
        chain.insert(0, _middle(static, step, box_m=_diagonal(box), jobs=jobs, codec=codec))
    if lods > 1:
        coarsest = _coarsest(static, diagonal_m=_diagonal(box), jobs=jobs)
        if coarsest is not None:
            chain.insert(0, coarsest)
        else:
            message = "it has no triangles that a plain first view could show; it starts fuller"
            warnings.append(SceneWarning("coarsest_left_out", "the scene", message))
    return _rising_errors(chain), warnings


def make_live(
    live: Document, *, jobs: int, codec: Codec = "none"
) -> tuple[Chunk, list[SceneWarning]]:
    """Make the chunk of everything that is live."""
    packed = textures(live, TexturesOptions(jobs=jobs))
    glb, noted = _written(packed.document, codec, jobs)
    notes = {"textures": packed.changed, **noted}
    return Chunk("live", glb, 0.0, drawn_triangles(packed.document), notes), list(packed.warnings)


def _full(static: Document, jobs: int, codec: Codec) -> tuple[Chunk, list[SceneWarning]]:
    packed = textures(static, TexturesOptions(jobs=jobs))
    glb, noted = _written(packed.document, codec, jobs)
    notes = {"textures": packed.changed, **noted}
    return Chunk("full", glb, 0.0, drawn_triangles(static), notes), list(packed.warnings)


def _written(
    document: Document, codec: Codec, jobs: int
) -> tuple[bytes, dict[str, Mapping[str, float]]]:
    """Put vertices in order, pack them, and write the chunk."""
    steps = {"weld": weld(document)}
    steps["reorder"] = reorder(steps["weld"].document, ReorderOptions(for_size=codec != "none"))
    last = steps["reorder"].document
    if codec == "draco":
        steps["draco"] = draco(last, DracoOptions(jobs=jobs))
        last = steps["draco"].document
    if codec != "none":
        steps["meshopt"] = meshopt(last)
        last = steps["meshopt"].document
    return write_glb(last), {name: step.changed for name, step in steps.items()}


def _middle(static: Document, step: int, *, box_m: float, jobs: int, codec: Codec) -> Chunk:
    """Halve textures `step` times and keep a falling share of the triangles."""
    bare = strip(static).document
    options = SimplifyOptions(
        ratio=_MIDDLE_RATIO**step,
        error_max_m=box_m / 256,
        untouched=_UNTOUCHED_TRIANGLES,
        jobs=jobs,
    )
    best = simplify(bare, options)
    packed = textures(best.document, TexturesOptions(halvings=step, jobs=jobs))
    glb, noted = _written(packed.document, codec, jobs)
    notes = {"simplify": best.changed, "textures": packed.changed, **noted}
    error = best.changed["error_m"]
    return Chunk("middle", glb, error, drawn_triangles(packed.document), notes)


def _coarsest(static: Document, *, diagonal_m: float, jobs: int) -> Chunk | None:
    """Make the largest plain chunk that fits the budget."""
    plain = _few_materials(strip(static).document)
    count = drawn_triangles(plain)
    options = SimplifyOptions(ratio=1.0, error_max_m=diagonal_m, jobs=jobs)
    error_m = 0.0
    if count > _MERGED_TRIANGLES_MAX:
        once = simplify(plain, replace(options, ratio=_MERGED_TRIANGLES_MAX / count))
        plain, error_m = once.document, once.changed["error_m"]
    merged = merge(plain).document
    first = quantize(merged).document
    if (size := len(write_glb(first))) <= _COARSEST_TARGET:
        return _plain_chunk(first, error_m)
    return _collapsed(merged, size, options, error_m) or _clustered(merged, diagonal_m, error_m)


def _collapsed(
    merged: Document, size: int, options: SimplifyOptions, error_m: float
) -> Chunk | None:
    """Collapse edges until the chunk fits; `None` where too many parts are left to fit.

    Bytes grow about as triangles do, so that each try comes nearer; the largest that fits is kept.
    """
    best, ratio = None, 1.0
    for _ in range(_TRIES):
        ratio *= _COARSEST_TARGET / size * 0.99
        made = simplify(merged, replace(options, ratio=ratio))
        document = quantize(made.document).document
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
        document = quantize(made.document).document
        if len(write_glb(document)) <= _COARSEST_TARGET:
            high, best = cell, _plain_chunk(document, error_m + made.changed["error_m"])
        else:
            low = cell
    return best


def _few_materials(document: Document) -> Document:
    """Round colours harder until their JSON leaves room for geometry."""
    for digits in (2, 1, 0):
        made = plain_materials(document, PlainMaterialsOptions(digits=digits)).document
        if len(made.listed("materials")) <= 64:
            break
    return made


def _plain_chunk(document: Document, error_m: float) -> Chunk | None:
    count = drawn_triangles(document)
    if not count:
        return None
    notes = {"merge": {"primitives": float(len(document.primitives()))}}
    return Chunk("coarsest", write_glb(document), error_m, count, notes)


def _rising_errors(chain: list[Chunk]) -> list[Chunk]:
    """Make each level's error larger than the next one's: viewers refine by it."""
    result = [chain[-1]]
    for chunk in reversed(chain[:-1]):
        error = max(chunk.error_m, result[0].error_m * 2, 0.01)
        result.insert(
            0, Chunk(chunk.role, chunk.glb, round(error, 4), chunk.triangles, chunk.notes)
        )
    return result


def _diagonal(box: np.ndarray) -> float:
    return max(float(np.linalg.norm(box[1] - box[0])), 1e-3)
