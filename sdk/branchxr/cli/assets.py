"""`branchxr assets`: scenes of artists in, scene packages out."""

import time
from pathlib import Path
from typing import Annotated, Any

import typer

from .artists import extract, preview, validate
from .benching import bench
from .building import build, diff
from .output import print_json, reported, say
from .progress import progress_bar
from .reading import Unit, Up, read_options

app = typer.Typer(
    help="Turn exported scenes into signed scene packages, and look into both.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.command()(build)
app.command()(diff)
app.command()(bench)
app.command()(validate)
app.command()(extract)
app.command()(preview)


@app.command()
def inspect(
    path: Annotated[Path, typer.Argument(metavar="FILE|PACKAGE", help="A scene or a package.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    allow_unsigned: Annotated[
        bool, typer.Option("--allow-unsigned", help="Read a package without a signature.")
    ] = False,
    up: Up = None,
    unit: Unit = None,
) -> None:
    """Say what a scene file or a package holds; a package is checked against its signature.

    A scene is counted as its own format means it (docs/formats.md has the definitions), and what
    the pipeline could not keep of it is listed.

    Example: branchxr assets inspect hall.fbx --json
    """
    with reported():
        from branchxr_assets.inspection import inspect_package, inspect_scene
        from branchxr_assets.opened import is_package

        options = read_options(up, unit, path)
        if is_package(path):
            found = inspect_package(path, now=time.time(), allow_unsigned=allow_unsigned)
        else:
            with progress_bar(f"reading {path.name}") as progress:
                if progress is not None:
                    progress("reading", 0.0)
                found = inspect_scene(path, options)
        if as_json:
            print_json(found)
            return
        for warning in found.pop("warnings", []):
            say(f"warning [{warning['code']}] {warning['path']}: {warning['message']}")
        found.pop("schema")
        if "version" in found:
            found["version"] = str(found["version"])  # a number to compare, not to group
        for name, value in found.items():
            typer.echo(f"{name.replace('_', ' '):20} {_readable(value)}")


def _readable(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {_readable(item)}" for key, item in value.items()) or "none"
    if isinstance(value, list):
        return ", ".join(_readable(item) for item in value) or "none"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return "unknown" if value is None else str(value)
