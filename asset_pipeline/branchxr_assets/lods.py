"""The recipe: which operations make which level of detail from the static side of a scene."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
from msgspec import structs

from .bodies import Pack, Packed, body_of, cut_from, document_digest, packed
from .contents.budgets import NOTHING, Load, measure
from .document import Document, Floats, Outcome
from .encoders import encoder_versions
from .geometry import bounds, drawn_triangles
from .glb import write_glb
from .ktx2 import Encoder
from .operations.cluster import ClusterOptions, cluster
from .operations.dedup import dedup
from .operations.draco import DracoOptions, draco
from .operations.instance import instance
from .operations.merge import merge
from .operations.meshopt import EXACT, MeshoptOptions, meshopt
from .operations.normals import NormalsOptions, normals
from .operations.plain_materials import PlainMaterialsOptions, plain_materials
from .operations.quantize import QuantizeOptions, quantize
from .operations.reorder import ReorderOptions, reorder
from .operations.resample import ResampleOptions, resample
from .operations.simplify import SimplifyOptions, simplify
from .operations.sparse import sparse
from .operations.strip import strip
from .operations.tangents import TangentsOptions, tangents
from .operations.textures import TexturesOptions, begin_textures, stopping, textures
from .operations.tile import tile
from .operations.weld import weld
from .picture_pool import PicturePool
from .presets import Preset
from .readers.gltf import read_chunk
from .rewrite import prune
from .steps import Step, StepCache, own_code
from .warnings import SceneWarning, distinct

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
_MIDDLE_RATIO: Final = 0.4
_WORTH_A_LEVEL: Final = 0.9
"""A level that saves less than a tenth of the full one's bytes is only one more to load."""
_WORTH_PARTS: Final = 1.25
"""Parts hold the textures they share each for itself: beyond this the whole stays one."""
_WORTH_DRACO_BYTES: Final = 2_000_000
"""Of plain geometry in a chunk. Draco's decoder is 61 kB and a start-up of its own: of the hall
(0.7 MB) brotli makes what Draco and its decoder would be (364 and 356 kB, 2026-11-23)."""
_WORTH_A_DECODER_BYTES: Final = 32_768
"""Four times what the page downloads to decode meshopt."""
_UNTOUCHED_TRIANGLES: Final = 24
"""Two boxes: simplifying them saves nothing and shows."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a chain is made by.

    Attributes:
        jobs: threads.
        cache: remembers costly steps.
        encoder: where the preset asks for KTX2.
        pool: encodes pictures beside the geometry; `with_pictures_begun` makes one.
    """

    preset: Preset = field(default_factory=Preset)
    jobs: int = 2
    cache: StepCache = field(default_factory=lambda: StepCache(None))
    encoder: Encoder | None = None
    pool: PicturePool | None = None


@contextmanager
def with_pictures_begun(document: Document, recipe: Recipe) -> Iterator[Recipe]:
    """Have a scene's pictures encoded from now on, while its geometry is worked on.

    Whoever works by the recipe that this gives waits for a picture only when it must be written.
    A picture that a part uses for something else than the whole does is encoded again for it.
    """
    options = _texture_options(recipe)
    with PicturePool(recipe.jobs) as pool, stopping(recipe.encoder):
        begin_textures(document, options, cache=recipe.cache, encoder=recipe.encoder, pool=pool)
        yield replace(recipe, pool=pool)


@dataclass(frozen=True, slots=True)
class Chunk:
    """One GLB of a package.

    Attributes:
        role: `coarsest`, `middle`, `full` or `live`.
        error_m: how far the picture is from the source, metres; 0 for the source itself.
        triangles: drawn.
        notes: what the operations did, in numbers.
        box: `(2, 3)` of what it shows, in scene axes, where it is a part of its level.
        load: what a device must take for it; of `full` and `live`.
    """

    role: str
    glb: bytes
    error_m: float
    triangles: int
    notes: Mapping[str, Mapping[str, float]]
    box: Floats | None = None
    load: Load = NOTHING


Level = list[Chunk]
"""The chunks that together show the scene at one level of detail."""


def make_chain(static: Document, recipe: Recipe) -> tuple[list[Level], list[SceneWarning]]:
    """Make the chain of LODs, coarsest first; a scene with nothing static has none.

    Where nothing static can be seen, but empties have extras, the fullest level alone carries them.
    """
    box = bounds(static)
    if box is None and not any("extras" in node for node in static.listed("nodes")):
        return [], []
    full, warnings = make_full(static, recipe)
    if box is None or recipe.preset.lods.count == 1:
        return [full], warnings
    diagonal_m = _diagonal(box)
    coarsest = _coarsest(static, recipe, warnings, diagonal_m=diagonal_m)
    if coarsest is None:
        message = "it has no triangles that a plain first view could show; it starts fuller"
        warnings.append(SceneWarning("coarsest_left_out", "the scene", message))
    chain = [] if coarsest is None else [coarsest]
    full_bytes = sum(len(chunk.glb) for chunk in full)
    for step in range(recipe.preset.lods.count - 2, 0, -1):
        fewest = chain[-1].triangles if chain else 0
        middle = _middle(static, step, recipe, warnings, diagonal_m=diagonal_m, fewest=fewest)
        if len(middle.glb) < _WORTH_A_LEVEL * full_bytes:
            chain.append(middle)
    return [*([chunk] for chunk in _rising_errors(chain)), full], list(distinct(warnings))


def make_live(live: Document, recipe: Recipe) -> tuple[Chunk, list[SceneWarning]]:
    """Make the chunk of everything that is live."""
    motion = ResampleOptions(tolerance=recipe.preset.animations.tolerance)
    document = prune(dedup(_shaded(live, recipe)).document)

    def pack(body: Document) -> Outcome:
        thinned = resample(body, motion)
        small = _packed(thinned.document, recipe)
        return Outcome(sparse(small.document).document, thinned.changed, small.warnings)

    made = _remembered("live", document, pack, recipe)
    painted = _textures(document, recipe)
    notes = {"resample": made.changed, "textures": painted.changed}
    chunk = Chunk(
        *("live", made.glb(painted.document), 0.0, drawn_triangles(document), notes),
        load=measure(painted.document),
    )
    return chunk, [*painted.warnings, *made.warnings]


def make_full(static: Document, recipe: Recipe) -> tuple[Level, list[SceneWarning]]:
    """Make the fullest level: in parts where it is large, and parts do not cost too much.

    Geometry is packed once and cut afterwards; images are packed beside it, and put in last.
    """
    shared = prune(dedup(_shaded(static, recipe)).document)
    if not recipe.preset.geometry.is_exact:
        shared = instance(shared).document
    once = _Once(shared, recipe)
    made = _remembered("full", shared, lambda _body: once.get(), recipe)
    painted = _textures(shared, recipe)
    warnings = [*painted.warnings, *made.warnings]
    whole = _full_chunk(made, painted.document, notes={"textures": painted.changed})
    parts = [outcome.document for outcome in tile(painted.document)]
    if len(parts) == 1:
        return [whole], warnings
    inside = document_digest(once.body, recipe.cache) if recipe.cache.is_on else ""
    chunks = [
        _full_chunk(_remembered("part", part, once.cut, recipe, inside=inside), part, notes={})
        for part in parts
    ]
    if sum(len(chunk.glb) for chunk in chunks) > _WORTH_PARTS * len(whole.glb):
        return [whole], warnings
    boxed = [replace(c, box=bounds(p)) for c, p in zip(chunks, parts, strict=True)]
    return boxed, warnings


class _Once:
    """The body of the full level, packed when somebody asks, and then once."""

    def __init__(self, document: Document, recipe: Recipe) -> None:
        self.body = body_of(document)
        self._recipe = recipe
        self._made: Outcome | None = None

    def get(self) -> Outcome:
        if self._made is None:
            self._made = _packed(self.body, self._recipe)
        return self._made

    def cut(self, part: Document) -> Outcome:
        """Return the body of a part as the whole was packed."""
        return Outcome(cut_from(self.body, self.get().document, part))


def _shaded(document: Document, recipe: Recipe) -> Document:
    """Write what a viewer would else work out for itself, where the preset asks for it."""
    if not recipe.preset.geometry.has_tangents:
        return document
    flat = normals(document, NormalsOptions(has_all=True)).document
    return tangents(flat, TangentsOptions(has_all=True)).document


def _full_chunk(
    made: Packed, painted: Document, *, notes: Mapping[str, Mapping[str, float]]
) -> Chunk:
    triangles = drawn_triangles(painted)
    return Chunk("full", made.glb(painted), 0.0, triangles, notes, load=measure(painted))


def _remembered(
    name: str, document: Document, pack: Pack, recipe: Recipe, **options: float | str
) -> Packed:
    """Pack a chunk's document, or remember how it was packed; images are packed apart, before."""
    preset = recipe.preset
    decides = {
        "geometry": structs.asdict(preset.geometry),
        "animations": structs.asdict(preset.animations),
        **options,
    }
    return packed(document, name, pack, cache=recipe.cache, options=decides)


def _textures(document: Document, recipe: Recipe, *, halvings: int = 0) -> Outcome:
    options = _texture_options(recipe, halvings=halvings)
    return textures(document, options, cache=recipe.cache, encoder=recipe.encoder, pool=recipe.pool)


def _texture_options(recipe: Recipe, *, halvings: int = 0) -> TexturesOptions:
    wanted = recipe.preset.textures
    return TexturesOptions(
        format="webp" if wanted.format == "auto" else wanted.format,
        quality=wanted.quality,
        data_quality=wanted.data_quality,
        side_max_px=wanted.side_max_px,
        halvings=halvings,
        jobs=recipe.jobs,
    )


def _packed(document: Document, recipe: Recipe) -> Outcome:
    """Store geometry and animation as the preset's codec has it.

    Draco comes before the reordering: it has an order of its own, and the dense scene's streams
    were the same bytes after 0.2 s of it. What Draco cannot hold (morph targets, clips) meshopt
    does: on the dense scene's live tile the plain rest was 1.3 MB, so packed 0.1 MB; the two
    together are smaller than either alone.
    """
    wanted = recipe.preset.geometry
    codec = wanted.codec
    if codec == "auto":
        codec = "draco" if _plain_bytes(document) > _WORTH_DRACO_BYTES else "none"
    if wanted.is_exact and codec == "none":
        return Outcome(document)
    failed: tuple[SceneWarning, ...] = ()
    document = weld(document).document
    if codec == "draco":
        options = DracoOptions(
            position_bits=wanted.position_bits,
            normal_bits=wanted.normal_bits,
            texture_bits=wanted.texcoord_bits,
            colour_bits=wanted.colour_bits,
            jobs=recipe.jobs,
        )
        made = draco(document, options)
        document, failed = made.document, made.warnings
        if _plain_bytes(document) <= _WORTH_A_DECODER_BYTES:
            return Outcome(document, {}, failed)
    order = ReorderOptions(for_size=codec != "none", keeps_packed=True)
    document = reorder(document, order).document
    if codec == "none":
        return Outcome(document, {}, failed)
    rounded = MeshoptOptions(
        position_bits=wanted.position_bits + 1,  # of both signs
        normal_bits=wanted.normal_bits,
        texture_bits=wanted.texcoord_bits + 1,
        colour_bits=wanted.colour_bits,
    )
    small = meshopt(document, EXACT if wanted.is_exact else rounded).document
    return Outcome(small, {}, failed)


def _plain_bytes(document: Document) -> int:
    """Return the bytes of geometry and animation that no codec has packed."""
    return sum(a.values.nbytes for a in document.accessors if a.packed is None)


def _middle(
    static: Document,
    step: int,
    recipe: Recipe,
    warnings: list[SceneWarning],
    *,
    diagonal_m: float,
    fewest: int,
) -> Chunk:
    """Halve textures `step` times and keep a falling share of the triangles.

    Where a plain level keeps more of them in its 60 kB, which goes for small scenes, all are kept:
    who comes nearer must not see less.
    """
    document = strip(static).document
    options = SimplifyOptions(
        ratio=_MIDDLE_RATIO**step,
        error_max_m=diagonal_m / 256,
        untouched=_UNTOUCHED_TRIANGLES,
        jobs=recipe.jobs,
    )

    def pack(body: Document) -> Outcome:
        best = simplify(body, options)
        small = _packed(best.document, recipe)
        return Outcome(small.document, _told(best), (*best.warnings, *small.warnings))

    made = _remembered("middle", document, pack, recipe, step=step, error_max_m=options.error_max_m)
    if made.changed["triangles_drawn"] < fewest:

        def whole(body: Document) -> Outcome:
            small = _packed(body, recipe)
            told = _told(Outcome(body, {"error_m": 0.0}))
            return Outcome(small.document, told, small.warnings)

        made = _remembered("middle_whole", document, whole, recipe)
    scaled = _textures(document, recipe, halvings=step)
    notes = {"simplify": made.changed, "textures": scaled.changed}
    warnings += made.warnings
    error_m, triangles = made.changed["error_m"], int(made.changed["triangles_drawn"])
    return Chunk("middle", made.glb(scaled.document), error_m, triangles, notes)


def _told(outcome: Outcome) -> dict[str, float]:
    return {**outcome.changed, "triangles_drawn": float(drawn_triangles(outcome.document))}


def _coarsest(
    static: Document, recipe: Recipe, warnings: list[SceneWarning], *, diagonal_m: float
) -> Chunk | None:
    """Make the largest plain chunk that fits the budget, or remember it.

    One that was made while the simplifier failed, for want of memory perhaps, is not remembered.
    """
    plain = _few_materials(strip(static).document, recipe)
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
        made = _remembered(
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


def _few_materials(document: Document, recipe: Recipe) -> Document:
    """Round colours harder until their JSON leaves room for geometry."""
    for digits in (2, 1, 0):
        options = PlainMaterialsOptions(digits=digits)
        made = plain_materials(document, options, cache=recipe.cache).document
        if len(made.listed("materials")) <= 64:
            break
    return made


def _plain_chunk(document: Document, error_m: float) -> Chunk | None:
    count = drawn_triangles(document)
    if not count:
        return None
    notes = {"merge": {"primitives": float(len(document.primitives()))}}
    ordered = reorder(document, ReorderOptions(for_size=True)).document
    return Chunk("coarsest", write_glb(ordered), error_m, count, notes)


def _rising_errors(chain: list[Chunk]) -> list[Chunk]:
    """Make each level's error larger than the next one's: viewers refine by it."""
    result: list[Chunk] = []
    for chunk in reversed(chain):
        finer = result[0].error_m if result else 0.0
        error_m = round(max(chunk.error_m, finer * 2, 0.01), 4)
        result.insert(0, replace(chunk, error_m=error_m))
    return result


def _diagonal(box: np.ndarray) -> float:
    return max(float(np.linalg.norm(box[1] - box[0])), 1e-3)
