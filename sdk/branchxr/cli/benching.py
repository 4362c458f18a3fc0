"""`branchxr assets bench`: what each preset and codec makes of a scene, and what it costs."""

import os
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .output import fail, print_json, reported, say
from .progress import progress_bar
from .reading import Unit, Up, read_options

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchxr_assets.bench import Row

_HEAD = (
    *("preset", "codec", "all kB", "of source", "served kB", "first kB", "triangles", "draws"),
    *("textures MB", "build s", "peak MB", "decode ms", "warnings"),
)


class Preset(StrEnum):
    """As `branchxr_assets.presets.NAMES`; a list of literals typer cannot read."""

    MOBILE = "mobile"
    DESKTOP = "desktop"
    ARCHIVE = "archive"


class Codec(StrEnum):
    """As `branchxr_assets.bench.CODECS`."""

    DRACO = "draco"
    MESHOPT = "meshopt"
    NONE = "none"


def bench(
    sources: Annotated[list[Path], typer.Argument(metavar="FILE...", help="The exported scenes.")],
    preset: Annotated[
        list[Preset] | None,
        typer.Option(help="Only this one; may be given several times."),
    ] = None,
    codec: Annotated[
        list[Codec] | None,
        typer.Option(help="Only this one; may be given several times."),
    ] = None,
    runs: Annotated[
        int, typer.Option(min=1, max=20, help="Builds of each kind; medians are shown.")
    ] = 1,
    jobs: Annotated[int, typer.Option(min=1, max=256, help="Cores to use.")] = os.cpu_count() or 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    up: Up = None,
    unit: Unit = None,
) -> None:
    """Build scenes with each preset and codec, and print what each makes and costs.

    Nothing is left behind: no package, no cache, no key. "all" is every chunk as it is, "of source"
    that against the file and what was read with it, "served" after brotli, "first" what a page
    fetches before it shows anything, "textures" what they take in graphics memory, "decode" reading
    the fullest level back here (a browser takes longer, in the same order). Other programs that run
    meanwhile count in the seconds.

    Example: branchxr assets bench hall.glb --preset mobile --runs 3
    """
    with reported():
        from branchxr_assets.bench import bench, trials

        options = read_options(up, unit, sources[0])
        presets, codecs = [str(p) for p in preset or Preset], [str(c) for c in codec or Codec]
        planned = trials(sources, presets, codecs, jobs=jobs, options=options)
        with progress_bar(f"{len(planned)} kinds of build") as progress:
            rows = list(bench(planned, runs=runs, progress=progress))
        if as_json:
            print_json({"schema": 1, "rows": [row.as_json() for row in rows]})
        by_source = {s: [row for row in rows if row.trial.source == s] for s in sources}
        for source, own in by_source.items():
            if not as_json:
                _tell(source, own)
        for own in by_source.values():
            if own[0].refused is not None and not any(row.runs for row in own):
                fail(own[0].refused)  # what is wrong with all of them is not their contradiction


def _tell(source: Path, rows: "Sequence[Row]") -> None:
    made = [row for row in rows if row.runs]
    size = max((run.source_bytes for row in made for run in row.runs), default=0)
    typer.echo(f"{source}: {size / 1e3:,.0f} kB" if size else f"{source}")
    for line in _table([_HEAD, *map(_cells, made)]):
        typer.echo(f"  {line}")
    stages = list(dict.fromkeys(stage for row in made for stage in row.stages_s()))
    if stages:
        typer.echo("  seconds of the build, by what was done:")
        for line in _table([("preset", "codec", *stages), *(_seconds(r, stages) for r in made)]):
            typer.echo(f"  {line}")
    for row in rows:
        if row.refused is not None:
            say(f"left out: {row.trial.preset} with {row.trial.codec}: {row.refused.came}")


def _seconds(row: "Row", stages: list[str]) -> tuple[str, ...]:
    taken = row.stages_s()
    return row.trial.preset, row.trial.codec, *(f"{taken.get(s, 0.0):.2f}" for s in stages)


def _cells(row: "Row") -> tuple[str, ...]:
    found = row.medians()

    def figure(name: str, unit: float = 1, digits: int = 0) -> str:
        value = found[name]
        return "-" if value is None else f"{value / unit:,.{digits}f}"

    return (
        row.trial.preset,
        row.trial.codec,
        figure("chunk_bytes", 1e3),
        f"{100 * (found['chunk_bytes'] or 0) / max(found['source_bytes'] or 0, 1):.0f} %",
        figure("download_bytes", 1e3),
        figure("first_sight_bytes", 1e3),
        figure("triangles"),
        figure("draws"),
        figure("texture_memory_bytes", 1e6, 1),
        figure("build_s", 1, 2),
        figure("peak_bytes", 1e6),
        figure("decode_s", 1e-3),
        figure("warnings"),
    )


def _table(rows: list[tuple[str, ...]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(
            cell.ljust(width) if column < 2 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
