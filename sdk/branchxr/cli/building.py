"""`branchxr assets build` and `diff`: scenes into packages, and what changed between two."""

import os
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from .interrupts import heard_at_the_latest
from .output import as_ours, fail, print_json, reported, say
from .progress import progress_bar
from .reading import Unit, Up, read_options

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchxr_assets.build import BuildResult
    from branchxr_assets.orders import Order

    from ..errors import BranchXRError


_TAKE_ALONG = {
    f"{what}_{how}"
    for what in ("object", "node", "light", "camera", "anchor")
    for how in ("removed", "added")
} | {"moved", "anchor_moved"}
"""Kinds of change that happen to everything below an object too."""


def build(
    sources: Annotated[list[Path], typer.Argument(metavar="FILE...", help="The exported scenes.")],
    output: Annotated[
        Path,
        typer.Option("-o", "--output", help="Folder of the package; of several, one in it each."),
    ],
    preset: Annotated[
        Literal["mobile", "desktop", "archive"], typer.Option(help="What the scene is made for.")
    ] = "desktop",
    codec: Annotated[
        Literal["auto", "draco", "meshopt", "none"] | None,
        typer.Option(help="How geometry is packed, if not as the preset has it."),
    ] = None,
    textures: Annotated[
        Literal["webp", "ktx2", "auto", "keep"] | None,
        typer.Option(
            help="How images are packed, if not as the preset has it; ktx2 needs an encoder."
        ),
    ] = None,
    lods: Annotated[
        int | None, typer.Option(min=1, max=6, help="Levels of detail, if not the preset's.")
    ] = None,
    jobs: Annotated[
        int, typer.Option(min=1, max=256, help="Cores to use; the chunks do not depend on it.")
    ] = os.cpu_count() or 1,
    key: Annotated[
        Path | None, typer.Option(help="Ed25519 key (PEM) to sign with; yours if not given.")
    ] = None,
    no_cache: Annotated[
        bool, typer.Option("--no-cache", help="Make everything anew, and remember nothing.")
    ] = False,
    has_report: Annotated[
        bool,
        typer.Option("--report/--no-report", help="Write report.html; half of a small build."),
    ] = True,
    watch: Annotated[
        bool, typer.Option("--watch", help="Build again whenever a file of the scene changes.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    strict: Annotated[bool, typer.Option(help="Refuse to build when there is a warning.")] = False,
    up: Up = None,
    unit: Unit = None,
) -> None:
    """Build a scene package from what Blender, Maya or 3ds Max exported.

    The package holds levels of detail, what moves, anchors, the floor, hashes and a signature, and
    a report.html to read: the result in 3D, and what was lost and why, in English and Russian.
    `branchxr assets inspect` says beforehand what a file holds; docs/formats.md what each format
    keeps. A file branchxr.toml beside the scene changes a preset (docs/artists/presets.md).

    Example: branchxr assets build hall.fbx -o hall/ --preset mobile
    """
    if watch and (as_json or len(sources) > 1):
        raise typer.BadParameter("--watch is for one scene, without --json")
    with reported():
        from branchxr_assets.orders import several

        orders = several(
            sources,
            output,
            {
                "preset": preset,
                "given": {
                    "geometry": {"codec": codec},
                    "textures": {"format": textures},
                    "lods": {"count": lods},
                },
                "key": key,
                "strict": strict,
                "uses_cache": not no_cache,
                "has_report": has_report,
                "options": read_options(up, unit, sources[0]),
            },
        )
        if watch:
            _watch(orders[0], jobs)
        elif len(orders) == 1:
            _tell(orders[0], _built(orders[0], jobs), as_json=as_json)
        else:
            _build_all(orders, jobs, as_json=as_json)


def diff(
    before: Annotated[Path, typer.Argument(metavar="PACKAGE", help="The package as it was.")],
    after: Annotated[Path, typer.Argument(metavar="PACKAGE", help="The package as it is now.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    allow_unsigned: Annotated[
        bool, typer.Option("--allow-unsigned", help="Read packages without a signature.")
    ] = False,
) -> None:
    """Say what changed between two packages: what moved, came, went or was redone.

    Places are compared where things stand in the scene, not by how a file writes them.

    Example: branchxr assets diff hall-monday/ hall-tuesday/
    """
    with reported():
        from branchxr_assets.comparison import Side, compare
        from branchxr_assets.opened import open_package

        sides = []
        for path in (before, after):
            package = open_package(path, now=time.time(), allow_unsigned=allow_unsigned)
            sides.append(Side(package.documents(), package.branch))
        changes = compare(*sides)
        if as_json:
            print_json({"schema": 1, "changes": [change.as_json() for change in changes]})
            return
        taken = Counter(
            path for path, _ in {(c.due_to, c.path) for c in changes if c.due_to is not None}
        )
        for change in changes:
            if change.due_to is None:
                count = taken[change.path] if change.kind in _TAKE_ALONG else 0
                along = f", with {count:,} below it" if count else ""
                typer.echo(f"{change.path}: {change.message}{along}")
        if not changes:
            say("nothing changed that can be seen, walked on or acted on")


def _built(order: "Order", jobs: int) -> "BuildResult":
    with (
        progress_bar(f"building {order.source.name}") as progress,
        heard_at_the_latest(progress) as tell,
    ):
        return order.carry_out(jobs=jobs, progress=tell)


def _tell(order: "Order", result: "BuildResult", *, as_json: bool) -> None:
    if result.made_key is not None:
        say(f"made a signing key for you: {result.made_key} (keep it; it signs your packages)")
    for warning in result.warnings:
        say(f"warning [{warning.code}] {warning.path}: {warning.message}")
    if as_json:
        print_json(result.as_json())
        return
    typer.echo(f"{order.output}: {len(result.chunks)} chunks, {result.chunk_bytes:,} bytes")
    for chunk in result.chunks:
        size, drawn = len(chunk.glb), chunk.triangles
        typer.echo(f"  {chunk.role:9} {size:>12,} bytes {drawn:>10,} triangles")
    read_on = f"; see {order.output / 'report.html'}" if order.has_report else ""
    typer.echo(
        f"  {result.anchors} anchors, version {result.version}, signed by "
        f"{result.signer.hex()[:16]}…{read_on}"
    )
    typer.echo(f"  {result.seconds:.2f} s, {result.seconds_glbs:.2f} of it for the chunks")


def _build_all(orders: "Sequence[Order]", jobs: int, *, as_json: bool) -> None:
    """Build all that can be built, then leave with the first refusal's exit code, if any."""
    from branchxr_assets.orders import carry_out_all

    from ..errors import BranchXRError

    made: dict[Path, dict[str, Any]] = {}
    refused: dict[Path, BranchXRError] = {}
    with progress_bar(f"building {len(orders)} scenes") as progress:
        for count, (order, result) in enumerate(carry_out_all(orders, jobs=jobs), 1):
            if progress is not None:
                progress(order.source.name, count / len(orders))
            if isinstance(result, Exception):
                error = as_ours(result)
                if error is None:
                    raise result
                refused[order.source] = error
                continue
            made[order.output] = result.as_json()
            if not as_json:
                _tell(order, result, as_json=False)
    if as_json:
        listed = [made[order.output] for order in orders if order.output in made]
        errors = [
            {"input": str(order.source), **_as_json(refused[order.source])}
            for order in orders
            if order.source in refused
        ]
        print_json({"schema": 1, "packages": listed, "refused": errors})
    in_order = [refused[order.source] for order in orders if order.source in refused]
    for error in in_order[1:]:
        say(f"error [{error.code}]: {error}")
    if in_order:
        fail(in_order[0])


def _as_json(error: "BranchXRError") -> dict[str, str]:
    return {
        "code": error.code,
        "expected": error.expected,
        "came": error.came,
        "remedy": error.remedy,
    }


def _watch(order: "Order", jobs: int) -> None:
    from branchxr_assets.watching import changes

    from ..errors import BranchXRError

    result: BuildResult | None = None

    def once() -> None:
        nonlocal result
        try:
            result = _built(order, jobs)
        except (
            BranchXRError,
            MemoryError,
            OSError,
        ) as error:  # half a scene: the next change may mend it
            say(f"error [{getattr(as_ours(error), 'code', '')}]: {as_ours(error)}")
        else:
            _tell(order, result, as_json=False)
        say(f"watching {order.source.name} and what lies beside it; Ctrl-C stops")

    waiting = changes(lambda: order.watched(result), sleep=time.sleep)
    once()
    for changed in waiting:
        say(f"changed: {', '.join(path.name for path in changed)}")
        once()
