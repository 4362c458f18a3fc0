"""The `branchxr` command. Only the standard library and typer here; the rest inside commands."""

from .app import main

__all__ = ["main"]
