"""`branchxr unity`: what belongs to Unity games."""

from pathlib import Path
from typing import Annotated

import typer

from .output import print_json, reported, say
from .unity_host import host

app = typer.Typer(help="Put a branch into a Unity game.", no_args_is_help=True)

app.command()(host)


@app.command()
def export(
    project: Annotated[Path, typer.Argument(help="Folder with Assets and ProjectSettings.")],
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace files of the package that were changed.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Copy the Unity package into PROJECT/Packages, or update it there."""
    with reported():
        from branchxr_unity.export import export_package

        done = export_package(project, overwrite=overwrite)
        for name in done.kept:
            say(f"kept {name}: no longer part of the package, but changed by somebody")
        if as_json:
            print_json(done.as_json())
            return
        typer.echo(
            f"{done.folder}: {len(done.written)} files written, {len(done.removed)} removed, "
            f"for Unity {done.editor}"
        )
