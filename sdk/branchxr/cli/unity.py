"""`branchxr unity`: what belongs to Unity games."""

import typer

from .unity_host import host

app = typer.Typer(help="Put a branch into a Unity game.", no_args_is_help=True)

app.command()(host)
