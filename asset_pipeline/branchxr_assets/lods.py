"""Which operations make which level of detail from the static side of a scene."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import numpy as np

from .bodies import Packed, body_of, cut_from, document_digest
from .contents.budgets import measure
from .document import Document, Outcome
from .first_view import make_coarsest
from .geometry import bounds, drawn_triangles
from .operations.dedup import dedup
from .operations.instance import instance
from .operations.normals import NormalsOptions, normals
from .operations.resample import ResampleOptions, resample
from .operations.simplify import SimplifyOptions, simplify
from .operations.sparse import sparse
from .operations.strip import strip
from .operations.tangents import TangentsOptions, tangents
from .operations.tile import tile
from .recipe import Chunk, Level, Recipe, pack_geometry, painted_by, remembered
from .rewrite import prune
from .warnings import SceneWarning, distinct

_MIDDLE_RATIO: Final = 0.4
_WORTH_A_LEVEL: Final = 0.9
"""A level that saves less than a tenth of the full one's bytes is only one more to load."""
_WORTH_PARTS: Final = 1.25
"""Parts hold the textures they share each for itself: beyond this the whole stays one."""
_UNTOUCHED_TRIANGLES: Final = 24
"""Two boxes: simplifying them saves nothing and shows."""


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
    coarsest = make_coarsest(static, recipe, warnings, diagonal_m=diagonal_m)
    if coarsest is None:
        message = "it has no triangles that a plain first view could show; it starts fuller"
        warnings.append(SceneWarning("coarsest_left_out", "the scene", message))
    chain = [] if coarsest is None else [coarsest]
    worth_bytes = _WORTH_A_LEVEL * sum(len(chunk.glb) for chunk in full)
    for step in range(recipe.preset.lods.count - 2, 0, -1):
        fewest = chain[-1].triangles if chain else 0
        made = _simplified(static, step, recipe, diagonal_m=diagonal_m, fewest=fewest)
        warnings += made.warnings
        if len(made.body) < worth_bytes:  # of the dense scene it is not, and it has no images yet
            middle = _middle(made, step, recipe)
            chain += [middle] if len(middle.glb) < worth_bytes else []
    return [*([chunk] for chunk in _rising_errors(chain)), full], list(distinct(warnings))


def make_live(live: Document, recipe: Recipe) -> tuple[Chunk, list[SceneWarning]]:
    """Make the chunk of everything that is live."""
    motion = ResampleOptions(tolerance=recipe.preset.animations.tolerance)
    document = prune(dedup(_shaded(live, recipe)).document)

    def pack(body: Document) -> Outcome:
        thinned = resample(body, motion)
        small = pack_geometry(thinned.document, recipe)
        return Outcome(sparse(small.document).document, thinned.changed, small.warnings)

    made = remembered("live", document, pack, recipe)
    painted = painted_by(document, recipe)
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
    made = remembered("full", shared, lambda _body: once.get(), recipe)
    painted = painted_by(shared, recipe)
    warnings = [*painted.warnings, *made.warnings]
    whole = _full_chunk(made, painted.document, notes={"textures": painted.changed})
    parts = [outcome.document for outcome in tile(painted.document)]
    if len(parts) == 1:
        return [whole], warnings
    inside = document_digest(once.body, recipe.cache) if recipe.cache.is_on else ""
    chunks = [
        _full_chunk(remembered("part", part, once.cut, recipe, inside=inside), part, notes={})
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
            self._made = pack_geometry(self.body, self._recipe)
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


def _simplified(
    static: Document, step: int, recipe: Recipe, *, diagonal_m: float, fewest: int
) -> Packed:
    """Keep a falling share of the triangles.

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
        small = pack_geometry(best.document, recipe)
        return Outcome(small.document, _told(best), (*best.warnings, *small.warnings))

    made = remembered("middle", document, pack, recipe, step=step, error_max_m=options.error_max_m)
    if made.changed["triangles_drawn"] < fewest:

        def whole(body: Document) -> Outcome:
            small = pack_geometry(body, recipe)
            told = _told(Outcome(body, {"error_m": 0.0}))
            return Outcome(small.document, told, small.warnings)

        made = remembered("middle_whole", document, whole, recipe)
    return made


def _middle(made: Packed, step: int, recipe: Recipe) -> Chunk:
    """Put simplified geometry and textures halved `step` times together."""
    scaled = painted_by(made.whole, recipe, halvings=step)
    notes = {"simplify": made.changed, "textures": scaled.changed}
    error_m, triangles = made.changed["error_m"], int(made.changed["triangles_drawn"])
    return Chunk("middle", made.glb(scaled.document), error_m, triangles, notes)


def _told(outcome: Outcome) -> dict[str, float]:
    return {**outcome.changed, "triangles_drawn": float(drawn_triangles(outcome.document))}


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
