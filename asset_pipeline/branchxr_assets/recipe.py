"""What levels of detail are made by: presets, threads, cache; how each is packed and painted."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Final

from msgspec import structs

from .bodies import Pack, Packed, packed
from .contents.budgets import NOTHING, Load
from .document import Document, Floats, Outcome
from .ktx2 import Encoder
from .operations.draco import DracoOptions, draco
from .operations.meshopt import EXACT, MeshoptOptions, meshopt
from .operations.reorder import ReorderOptions, reorder
from .operations.textures import TexturesOptions, begin_textures, stopping, textures
from .operations.weld import weld
from .picture_pool import PicturePool
from .presets import Preset
from .steps import StepCache
from .warnings import SceneWarning

_WORTH_DRACO_BYTES: Final = 2_000_000
"""Of plain geometry in a chunk. Draco's decoder is 61 kB and a start-up of its own: of the hall
(0.7 MB) brotli makes what Draco and its decoder would be (364 and 356 kB, 2026-11-23)."""
_WORTH_A_DECODER_BYTES: Final = 32_768
"""Four times what the page downloads to decode meshopt."""


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


def remembered(
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


def painted_by(document: Document, recipe: Recipe, *, halvings: int = 0) -> Outcome:
    """Return the document with its images packed as the preset has it, `halvings` times smaller."""
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


def pack_geometry(document: Document, recipe: Recipe) -> Outcome:
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
