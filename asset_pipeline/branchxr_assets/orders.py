"""Builds as they are ordered at a command line: one, several at once, again after a change."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from branchxr.errors import BranchXRError, InputRefused

from .build import BuildResult, Progress, build_scene
from .presets import load
from .presets.preset import OVERRIDES_NAME
from .readers.options import DEFAULTS, ReadOptions
from .signing import load_key
from .steps import StepCache, user_cache_folder


@dataclass(frozen=True, slots=True)
class Order:
    """One build: the same order makes the same chunks in any process.

    Attributes:
        preset: its name; `branchxr.toml` beside the source overrides it.
        given: table -> key -> value, over both; `None` values are as if not given.
        key: file of the signing key; the user's own without it.
    """

    source: Path
    output: Path
    preset: str = "desktop"
    given: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    key: Path | None = None
    strict: bool = False
    uses_cache: bool = True
    has_report: bool = True
    options: ReadOptions = DEFAULTS

    def carry_out(self, *, jobs: int, progress: Progress | None = None) -> BuildResult:
        """Build; raises as `build_scene` and `presets.load` do."""
        cache = StepCache(user_cache_folder() if self.uses_cache else None)
        try:
            return build_scene(
                self.source,
                self.output,
                preset=load(self.preset, beside=self.source.parent, given=self.given),
                key=None if self.key is None else load_key(self.key),
                strict=self.strict,
                cache=cache,
                jobs=jobs,
                has_report=self.has_report,
                options=self.options,
                progress=progress,
            )
        finally:
            cache.tidy()  # what is refused in the end has been remembered too

    def watched(self, result: BuildResult | None) -> list[Path]:
        """Return the files that decide on the build: what was read, and `branchxr.toml`."""
        folder = self.source.parent
        named = () if result is None else result.files
        return sorted({self.source, folder / OVERRIDES_NAME, *(folder / name for name in named)})


def several(sources: Sequence[Path], output: Path, order: Mapping[str, Any]) -> list[Order]:
    """Make an order for each source: several go into folders named by theirs, below `output`.

    Raises:
        InputRefused: `sources_alike`: two would go into one folder.
    """
    if len(sources) == 1:
        return [Order(sources[0], output, **order)]
    names = [source.stem for source in sources]
    twin = next((name for name in names if names.count(name) > 1), None)
    if twin is not None:
        raise InputRefused(
            "sources of different names, each its own package",
            f"{names.count(twin)} that are called {twin!r}",
            "build them one by one with -o, or rename one",
            code="sources_alike",
        )
    return [Order(source, output / source.stem, **order) for source in sources]


def carry_out_all(
    orders: Sequence[Order], *, jobs: int
) -> Iterator[tuple[Order, BuildResult | Exception]]:
    """Build several at once, a process each; yield them as they are done, refusals too."""
    from .processes import WorkerDied, at_once  # noqa: PLC0415 - one build needs no processes

    for order, result in at_once(_alone, orders, jobs=jobs):
        if isinstance(result, WorkerDied):
            yield order, result.told(repr(order.source.name))
        else:
            yield order, result


def _alone(order: Order) -> BuildResult | Exception:
    try:
        return order.carry_out(jobs=1)
    except (BranchXRError, MemoryError, OSError, ModuleNotFoundError) as error:
        return error
