"""`branchxr assets`: scenes of artists in, scene packages out."""

import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from .artists import extract, preview, validate
from .output import print_json, reported, say
from .reading import Unit, Up, read_options

app = typer.Typer(
    help="Turn exported scenes into signed scene packages, and look into both.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.command()(validate)
app.command()(extract)
app.command()(preview)


@app.command()
def build(
    source: Annotated[Path, typer.Argument(metavar="FILE", help="The exported scene.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder of the package.")],
    lods: Annotated[int, typer.Option(min=1, max=6, help="Levels of detail.")] = 3,
    key: Annotated[
        Path | None, typer.Option(help="Ed25519 key (PEM) to sign with; yours if not given.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    strict: Annotated[bool, typer.Option(help="Refuse to build when there is a warning.")] = False,
    up: Up = None,
    unit: Unit = None,
) -> None:
    """Build a scene package from what Blender, Maya or 3ds Max exported.

    The package holds levels of detail, what moves, anchors, the floor, hashes and a signature, and
    a report.html to read: the result in 3D, and what was lost and why, in English and Russian.
    `branchxr assets inspect` says beforehand what a file holds; docs/formats.md what each format
    keeps.

    Example: branchxr assets build hall.fbx -o hall/
    """
    with reported():
        from branchxr_assets.build import build_scene
        from branchxr_assets.signing import load_key

        signing_key = None if key is None else load_key(key)
        with _progress(f"building {source.name}") as progress:
            result = build_scene(
                source, output, lods=lods, key=signing_key, strict=strict, progress=progress,
                options=read_options(up, unit, source),
            )  # fmt: skip
        if result.made_key is not None:
            say(f"made a signing key for you: {result.made_key} (keep it; it signs your packages)")
        for warning in result.warnings:
            say(f"warning [{warning.code}] {warning.path}: {warning.message}")
        if as_json:
            print_json(result.as_json())
            return
        typer.echo(f"{output}: {len(result.chunks)} chunks, {result.chunk_bytes:,} bytes")
        for chunk in result.chunks:
            size, drawn = len(chunk.glb), chunk.triangles
            typer.echo(f"  {chunk.role:9} {size:>12,} bytes {drawn:>10,} triangles")
        typer.echo(
            f"  {result.anchors} anchors, version {result.version}, signed by "
            f"{result.signer.hex()[:16]}…; see {output / 'report.html'}"
        )


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
            with _progress(f"reading {path.name}") as progress:
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


@contextlib.contextmanager
def _progress(title: str) -> Iterator[Callable[[str, float], None] | None]:
    """Show a bar on stderr, only where somebody sees it."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=1.0)

        def tell(what: str, share: float) -> None:
            bar.update(task, completed=share, description=f"{title}: {what}")

        yield tell
