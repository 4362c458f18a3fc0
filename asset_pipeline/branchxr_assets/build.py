"""Build a scene package from a source scene."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import replace as with_fields
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec.structs import replace

from branchxr.errors import InputRefused

from .branch_json import make_branch_json
from .contents.budgets import NOTHING, overruns
from .document import Floats, Json
from .geometry import drawn_triangles
from .ktx2.choice import choose_textures, without_encoder
from .ktx2.running import EncoderFailed
from .lods import make_chain, make_live
from .moving import moving_bounds
from .operations.split_live import SplitLiveOptions, split_live
from .packager import begin_twins, check_target, next_version, sealed, write_package
from .prepare import Prepared, prepare
from .presets import Levels, Preset
from .readers import Source, read
from .readers.options import DEFAULTS, ReadOptions
from .recipe import Chunk, Level, Recipe, with_pictures_begun
from .report_page import make_report
from .signing import user_key
from .steps import StepCache
from .threads import threads
from .tileset import chunk_path, make_tileset
from .warnings import SceneWarning, distinct

LODS_MAX: Final = 6
Progress = Callable[[str, float], None]
"""Called with what is being done and how much of the whole is done, 0 to 1."""


@dataclass(frozen=True, slots=True)
class BuildResult:
    """What a build made.

    Attributes:
        chunk_bytes: raw bytes of all chunks.
        seconds_glbs: of `seconds`, until the GLBs were made: report, brotli and signing are apart.
        files: names of all files that were read, from the source's folder.
        made_key: where a signing key was made, if this build made one.
    """

    source: Path
    output: Path
    scene: str
    version: int
    signer: bytes
    chunks: tuple[Chunk, ...]
    bytes_source: int
    triangles_drawn_source: int
    nodes_with_extras: int
    anchors: int
    warnings: tuple[SceneWarning, ...]
    seconds: float
    seconds_glbs: float
    files: tuple[str, ...] = ()
    made_key: Path | None = None

    @property
    def chunk_bytes(self) -> int:
        """Raw bytes of all chunk files."""
        return sum(len(glb) for glb in {chunk.glb for chunk in self.chunks})

    @property
    def triangles_drawn_full(self) -> int:
        """Triangles that the fullest level and the live tile draw together."""
        return sum(chunk.triangles for chunk in self.chunks if chunk.role in {"full", "live"})

    def as_json(self) -> Json:
        """Return the object of `branchxr assets build --json`."""
        return {
            "schema": 1,
            "inputs": [str(self.source)],
            "output": str(self.output),
            "chunks": len({chunk.glb for chunk in self.chunks}),
            "bytes": self.chunk_bytes,
            "bytes_source": self.bytes_source,
            "triangles_drawn_source": self.triangles_drawn_source,
            "triangles_drawn_full": self.triangles_drawn_full,
            "nodes_with_extras": self.nodes_with_extras,
            "warnings": [warning.as_json() for warning in self.warnings],
            "seconds": round(self.seconds, 3),
        }


@dataclass(frozen=True, slots=True)
class _Cut:
    """A scene, cut into chunks: `chain` coarsest first; `moving` is how far the live one goes."""

    chain: list[Level]
    live: Chunk | None
    warnings: list[SceneWarning]
    moving: Floats | None = None

    @property
    def chunks(self) -> tuple[Chunk, ...]:
        chain = [chunk for level in self.chain for chunk in level]
        return (*chain, *([] if self.live is None else [self.live]))


def build_scene(
    source: Path,
    output: Path,
    *,
    preset: Preset | None = None,
    lods: int | None = None,
    cache: StepCache | None = None,
    key: Ed25519PrivateKey | None = None,
    scene: str | None = None,
    strict: bool = False,
    jobs: int = 2,
    has_report: bool = True,
    options: ReadOptions = DEFAULTS,
    progress: Progress | None = None,
    now: Callable[[], float] = time.time,
) -> BuildResult:
    """Read a scene and write its package.

    Args:
        source: the scene file; what lies beside it is read with it.
        output: the package's folder: new, empty, or a package built before.
        preset: what the scene is made for; `presets.load()`'s default without it.
        lods: levels of detail, 1 to 6, if not the preset's.
        cache: remembers costly steps; nothing is remembered without it.
        key: signs the package; without it the user's own key does, made if there is none.
        scene: the scene's id; the file's name without it.
        strict: refuse to write a package when there is any warning.
        jobs: threads; chunks do not depend on it.
        has_report: write `report.html`; half of a small scene's build.
        options: units and axes of formats that do not say them.
        progress: told what is being done.
        now: unix seconds, for the version.

    Raises:
        SceneRefused: the source cannot be read.
        InputRefused: `lods_out_of_range`, `output_not_package`, `output_not_writable`,
            `warnings_strict`.
        MissingTool: `ktx2_encoder_missing`.
        EncoderFailed: a KTX2 encoder did not do its work, and the preset asks for one by name.
    """
    started = time.perf_counter()
    tell = progress or (lambda _what, _share: None)
    recipe, noted = _recipe(preset or Preset(), lods, jobs=jobs, cache=cache)
    check_target(output)
    tell("reading", 0.0)
    came = read(source, options)
    tell("floor and anchors", 0.1)
    prepared, cut, recipe, doubted = _made(came, recipe, tell=tell)
    warnings = distinct(
        (*(doubted or noted), *prepared.warnings, *cut.warnings, *_budgets(cut, recipe))
    )
    if strict and warnings:
        raise _strict(warnings)
    made = time.perf_counter()
    tell("report and compression", 0.75)
    # A name of a file need not be UTF-8; what is signed must.
    identity = scene or os.fsencode(source.stem).decode("utf-8", "replace")
    plain = _files(came, prepared, cut, identity=identity)
    with threads(jobs - 1) as beside:
        twins = begin_twins(plain, beside, cache=recipe.cache)
        if has_report:
            page = make_report(came, prepared, cut.chunks, warnings, cache=recipe.cache, jobs=jobs)
            plain["report.html"] = page
        files = {**plain, **twins()}
    signing_key, made_key = (key, None) if key is not None else user_key(os.environ)
    tell("signing and writing", 0.95)
    version = next_version(output, scene=identity, now=now())
    write_package(output, sealed(files, signing_key, scene=identity, version=version))
    tell("done", 1.0)
    return BuildResult(
        source=source,
        output=output,
        scene=identity,
        version=version,
        signer=signing_key.public_key().public_bytes_raw(),
        chunks=cut.chunks,
        bytes_source=came.size_bytes,
        triangles_drawn_source=drawn_triangles(prepared.whole),
        nodes_with_extras=sum("extras" in node for node in prepared.whole.listed("nodes")),
        anchors=len(prepared.anchors),
        warnings=(*warnings, *recipe.cache.warnings()),
        seconds=time.perf_counter() - started,
        seconds_glbs=made - started,
        files=tuple(came.hashes),
        made_key=made_key,
    )


def _recipe(
    preset: Preset, lods: int | None, *, jobs: int, cache: StepCache | None
) -> tuple[Recipe, list[SceneWarning]]:
    """Refuse before the work, not after it."""
    if lods is not None and not 1 <= lods <= LODS_MAX:
        raise InputRefused(
            f"1 to {LODS_MAX} LODs", str(lods), "choose --lods 3", code="lods_out_of_range"
        )
    chosen = preset if lods is None else replace(preset, lods=Levels(count=lods))
    kept = cache or StepCache(None)
    chosen, encoder, noted = choose_textures(chosen, cache=kept)
    return Recipe(chosen, jobs, kept, encoder), noted


def _made(
    came: Source, recipe: Recipe, *, tell: Progress
) -> tuple[Prepared, _Cut, Recipe, list[SceneWarning]]:
    """Make all chunks; again without an encoder that failed, where the preset can do without.

    Returns:
        Also the recipe that they were made by, and what to say where it is another.
    """
    try:
        with with_pictures_begun(came.document, recipe) as ahead:
            prepared = prepare(came, cache=recipe.cache)
            return prepared, _cut(prepared, ahead, tell=tell), recipe, []
    except EncoderFailed as error:
        if recipe.encoder is None or not recipe.encoder.is_optional:
            raise
        chosen, said = without_encoder(recipe.preset, error)
    prepared, cut, plainer, _ = _made(
        came, with_fields(recipe, preset=chosen, encoder=None), tell=tell
    )
    return prepared, cut, plainer, said


def _cut(prepared: Prepared, recipe: Recipe, *, tell: Progress) -> _Cut:
    tell("levels of detail", 0.2)
    static = split_live(prepared.whole).document
    chain, warnings = make_chain(static, recipe)
    tell("live tile", 0.7)
    live = split_live(prepared.whole, SplitLiveOptions("live")).document
    if not live.listed("nodes"):
        return _Cut(chain, None, warnings)
    chunk, more = make_live(live, recipe)
    return _Cut(chain, chunk, [*warnings, *more], moving_bounds(live, recipe.cache))


def _budgets(cut: _Cut, recipe: Recipe) -> list[SceneWarning]:
    load = sum((chunk.load for chunk in cut.chunks), NOTHING)
    download_bytes = sum(len(chunk.glb) for chunk in cut.chunks)
    return overruns(load, recipe.preset.budgets, download_bytes=download_bytes)


def _files(came: Source, prepared: Prepared, cut: _Cut, *, identity: str) -> dict[str, bytes]:
    files = {chunk_path(chunk.glb): chunk.glb for chunk in cut.chunks}
    files["tileset.json"] = make_tileset(cut.chain, cut.live, prepared.box, moving=cut.moving)
    files["branch.json"] = make_branch_json(prepared, came, cut.chunks, identity=identity)
    return files


def _strict(warnings: tuple[SceneWarning, ...]) -> InputRefused:
    first = warnings[0]
    return InputRefused(
        "a scene without warnings, as --strict asks",
        f"{len(warnings)} of them, the first {first.code} at {first.path}: {first.message}",
        "mend the scene, or build without --strict",
        code="warnings_strict",
    )
