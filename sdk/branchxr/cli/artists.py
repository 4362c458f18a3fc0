"""`branchxr assets validate|extract|preview`: check a scene, list its anchors, take its picture."""

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .output import Exit, fail, print_json, reported, say
from .reading import Unit, Up, read_options

if TYPE_CHECKING:
    from branchxr_assets.validation import Validation

ScenePath = Annotated[Path, typer.Argument(metavar="FILE|PACKAGE", help="A scene or a package.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Unsigned = Annotated[
    bool, typer.Option("--allow-unsigned", help="Read a package without a signature.")
]

_FINDINGS_SHOWN = 20


def validate(
    path: ScenePath,
    as_json: AsJson = False,
    strict: Annotated[bool, typer.Option("--strict", help="Count warnings as errors.")] = False,
    no_khronos: Annotated[
        bool, typer.Option("--no-khronos", help="Check our rules only, not those of the format.")
    ] = False,
    allow_unsigned: Unsigned = False,
    up: Up = None,
    unit: Unit = None,
) -> None:
    """Check a scene or a package: Khronos' rules for glTF, ours for a branch.

    Khronos' own validator is run (by Node where it is on PATH, else by an engine that comes with
    the extra `assets`). A .glb or .gltf is checked as it lies there; of other formats, what the
    pipeline makes of them. Our rules: sizes that look like a wrong unit, textures that are
    missing, anchors that nobody can walk to, and budgets of triangles, draw calls and textures.

    Exit code 3 when there are errors, or warnings with --strict; 4 when Khronos' validator could
    not be run.

    Example: branchxr assets validate hall.glb --strict
    """
    with reported():
        from branchxr_assets import khronos
        from branchxr_assets.validation import validate as check

        found = check(
            path, with_khronos=not no_khronos, now=time.time(), allow_unsigned=allow_unsigned,
            options=read_options(up, unit, path),
        )  # fmt: skip
        if as_json:
            print_json(found.as_json())
        else:
            _tell(found, no_khronos=no_khronos)
        if found.engine is None and not no_khronos:
            fail(khronos.missing())
        if found.errors or (strict and found.warnings):
            raise typer.Exit(Exit.INPUT_REFUSED)


def extract(
    path: ScenePath,
    as_json: AsJson = False,
    as_csv: Annotated[
        bool, typer.Option("--csv", help="Print CSV, a column for each property.")
    ] = False,
    allow_unsigned: Unsigned = False,
    up: Up = None,
    unit: Unit = None,
) -> None:
    """List the anchors: spawns, counters, seats, panels, with places and properties.

    Places are metres, +Y up, in the scene; rotations are unit quaternions x y z w.

    Example: branchxr assets extract hall.glb --csv > anchors.csv
    """
    with reported():
        from branchxr_assets import extract as table

        if as_json and as_csv:
            raise typer.BadParameter("--json and --csv exclude one another")
        anchors = table.extract(
            path,
            now=time.time(),
            allow_unsigned=allow_unsigned,
            options=read_options(up, unit, path),
        )
        if as_json:
            print_json({"schema": 1, "file": path.name, "anchors": anchors})
        elif as_csv:
            sys.stdout.write(table.as_csv(anchors))
        else:
            for line in _aligned(table.as_table(anchors)):
                typer.echo(line)
            say(f"{len(anchors)} anchors")


def preview(
    path: ScenePath,
    output: Annotated[Path, typer.Option("-o", "--output", help="The picture, a .png.")],
    size: Annotated[str, typer.Option(metavar="WxH", help="In pixels.")] = "1280x720",
    view: Annotated[
        str,
        typer.Option(
            "--from", "--camera", metavar="top|front|corner|PATH",
            help="Where from; PATH is that of a node with a camera.",
        ),
    ] = "corner",
    level: Annotated[
        str, typer.Option(metavar="full|coarsest", help="Which level of detail of a package.")
    ] = "full",
    whole: Annotated[
        bool, typer.Option("--whole", help="Leave the ceiling on: do not cut at 2.2 m.")
    ] = False,
    as_json: AsJson = False,
    allow_unsigned: Unsigned = False,
    up: Up = None,
    unit: Unit = None,
) -> None:  # fmt: skip
    """Take a picture of a scene or a package; no graphics processor is needed.

    Textures, lights, glass and leaves as in the file, in rest pose. The same input gives the same
    picture. Seen from `top`, `front` and `corner`, rooms are cut open 2.2 m above their floor.

    Example: branchxr assets preview hall/ -o hall.png --from Branch_Root/Camera.000
    """
    with reported():
        from branchxr_assets import preview as taking

        pixels = taking.parse_size(size)
        chosen = taking.parse_level(level)
        scene = taking.shown(
            path, level=chosen, now=time.time(), allow_unsigned=allow_unsigned,
            options=read_options(up, unit, path),
        )  # fmt: skip
        plain = taking.count_plain(scene)
        if plain:
            say(
                f"{plain} textures are for graphics processors (KTX2, DDS): the picture shows each "
                "as one plain colour"
            )
        taking.write_picture(output, taking.picture(scene, view, pixels, is_whole=whole))
        if as_json:
            width, height = pixels
            said = {"size": [width, height], "from": view, "plain_textures": plain}
            print_json({"schema": 1, "output": str(output), **said})
        else:
            typer.echo(f"{output}: {pixels[0]} x {pixels[1]}, from {view}")


def _tell(found: "Validation", *, no_khronos: bool) -> None:
    """Say what was found, the worst first; all of it goes to stdout: it is the result."""
    for run in found.runs:
        errors, warnings, infos, hints = run.verdict.counts
        typer.echo(
            f"Khronos, {run.name}: {errors} errors, {warnings} warnings, {infos + hints} notes"
        )
        shown = [f for f in run.verdict.findings if f.severity in {"error", "warning"}]
        for finding in shown[:_FINDINGS_SHOWN]:
            place = f" at {finding.pointer}" if finding.pointer else ""
            typer.echo(f"  {finding.severity} [{finding.code}]{place}: {finding.message}")
        if len(shown) > _FINDINGS_SHOWN:
            typer.echo(f"  and {len(shown) - _FINDINGS_SHOWN} more: see --json")
    if found.engine is None:
        why = "left out, as --no-khronos asks" if no_khronos else "NOT RUN"
        typer.echo(f"Khronos: {why}")
    typer.echo(f"ours: {len(found.issues)} warnings")
    for issue in found.issues:
        typer.echo(f"  warning [{issue.code}] {issue.path}: {issue.message}")


def _aligned(rows: list[Any]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
