"""Build a scene with each preset and codec, and say what each costs: to choose by one's own scene.

Each build is a process of its own, without the cache, so that its memory is its alone. Packages go
to a temporary folder and are gone afterwards; they are signed with a key that nobody keeps.
"""

import itertools
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from branchxr.errors import BranchXRError

from .build import build_scene
from .presets import NAMES, load
from .processes import WorkerDied, at_once
from .readers.gltf import read_chunk
from .readers.options import DEFAULTS, ReadOptions
from .tileset import chunk_path

CODECS: Final = ("draco", "meshopt", "none")
RUNS_MAX: Final = 20
_DECODES: Final = 3
Progress = Callable[[str, float], None]


@dataclass(frozen=True, slots=True)
class Trial:
    """One build to be made."""

    source: Path
    preset: str
    codec: str
    jobs: int
    options: ReadOptions


@dataclass(frozen=True, slots=True)
class Run:
    """What one build took and made.

    Attributes:
        first_sight_bytes: what a page fetches before it shows anything: tileset and coarsest
            chunk, as they are served (brotli where that pays).
        download_bytes: all chunks as they are served.
        decode_s: reading the fullest level and the live tile back, seconds: Draco and meshopt by
            their native code; a browser's takes longer, in the same order.
        texture_memory_bytes: in graphics memory, mip levels included.
        peak_bytes: most memory of the building process; `None` where the system does not say.
        source_bytes: the scene and all that was read with it.
        stages_s: what was done -> seconds, in order; together `build_s`, but for the start.
    """

    chunk_bytes: int
    download_bytes: int
    first_sight_bytes: int
    triangles: int
    draws: int
    texture_memory_bytes: int
    build_s: float
    decode_s: float
    peak_bytes: int | None
    warnings: int
    source_bytes: int = 0
    stages_s: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Row:
    """Medians of a trial's runs; `refused` where the preset does not go with the codec."""

    trial: Trial
    runs: tuple[Run, ...]
    refused: BranchXRError | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the object that `--json` prints."""
        named = {"input": str(self.trial.source), "preset": self.trial.preset}
        if self.refused is not None:
            return {**named, "codec": self.trial.codec, "refused": self.refused.code}
        figures = {**self.medians(), "stages_s": self.stages_s()}
        return {**named, "codec": self.trial.codec, "runs": len(self.runs), **figures}

    def medians(self) -> dict[str, float | int | None]:
        """Return the median of each figure; seconds to the millisecond."""
        found: dict[str, float | int | None] = {}
        for name in Run.__slots__:
            if name == "stages_s":
                continue
            values = [value for run in self.runs if (value := getattr(run, name)) is not None]
            middle = statistics.median(values) if values else None
            is_seconds = name.endswith("_s")
            found[name] = middle if middle is None else round(middle, 3 if is_seconds else None)
        return found

    def stages_s(self) -> dict[str, float]:
        """Return the median seconds of each stage, to the millisecond."""
        stages = dict.fromkeys(stage for run in self.runs for stage in run.stages_s)
        return {
            stage: round(statistics.median(run.stages_s.get(stage, 0.0) for run in self.runs), 3)
            for stage in stages
        }


def trials(
    sources: Sequence[Path],
    presets: Sequence[str] = NAMES,
    codecs: Sequence[str] = CODECS,
    *,
    jobs: int = 2,
    options: ReadOptions = DEFAULTS,
) -> list[Trial]:
    """Return all builds to be made; what contradicts itself is found out when it is tried."""
    return [
        Trial(source, preset, codec, jobs, options)
        for source in sources
        for preset in presets
        for codec in codecs
    ]


def bench(
    planned: Sequence[Trial], *, runs: int = 1, progress: Progress | None = None
) -> Iterator[Row]:
    """Carry the trials out, one after the other.

    Raises:
        BranchXRError: a source that cannot be read, or a build whose process died.
    """
    tell = progress or (lambda _what, _share: None)
    for number, trial in enumerate(planned):
        tell(f"{trial.source.name}, {trial.preset}, {trial.codec}", number / len(planned))
        found: list[Run] = []
        refused: BranchXRError | None = None
        for _ in range(min(max(runs, 1), RUNS_MAX)):
            ((_, result),) = at_once(_carried_out, [trial], jobs=1)
            if isinstance(result, WorkerDied):
                raise result.told(f"{trial.source.name!r}, {trial.preset}, {trial.codec}")
            if isinstance(result, BranchXRError):
                if result.code != "preset_refused":
                    raise result
                refused = result
                break
            found.append(result)
        yield Row(trial, tuple(found), refused)
    tell("done", 1.0)


def _carried_out(trial: Trial) -> Run | BranchXRError:
    try:
        with tempfile.TemporaryDirectory(prefix="branchxr-bench-") as folder:
            return _built(trial, Path(folder) / "package")
    except BranchXRError as error:
        return error


def _built(trial: Trial, output: Path) -> Run:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (  # noqa: PLC0415 - 40 ms
        Ed25519PrivateKey,
    )

    started = time.perf_counter()
    told: list[tuple[str, float]] = []
    given = {"geometry": {"codec": trial.codec}}
    result = build_scene(
        trial.source,
        output,
        preset=load(trial.preset, beside=trial.source.parent, given=given),
        key=Ed25519PrivateKey.generate(),
        jobs=trial.jobs,
        options=trial.options,
        progress=lambda what, _share: told.append((what, time.perf_counter())),
    )
    build_s, peak_bytes = time.perf_counter() - started, _peak_bytes()
    shown = [chunk for chunk in result.chunks if chunk.role in {"full", "live"}]
    paths = {chunk_path(chunk.glb): chunk.role for chunk in result.chunks}
    first = [output / path for path, role in paths.items() if role == "coarsest"]
    first = first or [output / path for path in paths]
    return Run(
        chunk_bytes=result.chunk_bytes,
        download_bytes=sum(_served(output / path) for path in paths),
        first_sight_bytes=sum(map(_served, [output / "tileset.json", *first])),
        triangles=result.triangles_drawn_full,
        draws=sum(count for chunk in shown for count, _ in chunk.load.draws),
        texture_memory_bytes=sum(n for chunk in shown for n, _ in chunk.load.texture_bytes),
        build_s=build_s,
        decode_s=_decode_s([chunk.glb for chunk in shown]),
        peak_bytes=peak_bytes,
        warnings=len(result.warnings),
        source_bytes=result.bytes_source,
        stages_s=_stages_s(told),
    )


def _stages_s(told: Sequence[tuple[str, float]]) -> dict[str, float]:
    """Return how long each stage lasted: until the next one was told of."""
    found: dict[str, float] = {}
    for (what, since), (_, until) in itertools.pairwise(told):
        found[what] = found.get(what, 0.0) + until - since
    return found


def _served(path: Path) -> int:
    twin = path.with_name(f"{path.name}.br")
    return (twin if twin.exists() else path).stat().st_size


def _decode_s(glbs: Sequence[bytes]) -> float:
    taken = []
    for _ in range(_DECODES):
        started = time.perf_counter()
        for glb in glbs:
            read_chunk(glb)
        taken.append(time.perf_counter() - started)
    return statistics.median(taken)


def _peak_bytes() -> int | None:
    try:
        import resource  # noqa: PLC0415 - not on Windows
    except ModuleNotFoundError:
        return None
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
