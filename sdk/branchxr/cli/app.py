"""Put the commands together."""

from typing import Annotated

import typer

from .._version import __version__
from .assets import app as assets
from .demo import demo
from .doctor import doctor
from .run import run
from .serve import serve
from .unity import app as unity

app = typer.Typer(
    name="branchxr",
    help="Put a bank branch into Unity and into the browser (WebXR), scripted from Python.\n\n"
    "Start with `branchxr demo`: a branch, bots, and a page to walk in.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=True,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"branchxr {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print it."),
    ] = False,
) -> None:
    pass


app.command()(demo)
app.command()(serve)
app.command()(run)
app.command()(doctor)
app.add_typer(assets, name="assets")
app.add_typer(unity, name="unity")


def main() -> None:
    """Run the command line."""
    app()
