"""How commands speak: results on stdout, everything else on stderr, one exit code per cause."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from typing import Any, NoReturn

import typer

from ..errors import BranchXRError, InputRefused, KeyRefused, MissingTool


class Exit(IntEnum):
    """Exit codes of every command."""

    DONE = 0
    FAILED = 1
    WRONG_USAGE = 2
    INPUT_REFUSED = 3
    MISSING_TOOL = 4
    INTERRUPTED = 130


def print_json(result: dict[str, Any]) -> None:
    """Print one object to stdout; its first key is the schema's version."""
    sys.stdout.write(json.dumps(result, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def say(text: str = "") -> None:
    """Tell the person at the terminal something that is not a result."""
    typer.echo(text, err=True)


def fail(error: BranchXRError) -> NoReturn:
    """Print an error in its three parts and leave with the exit code of its kind."""
    typer.echo(f"error [{error.code}]: expected {error.expected}", err=True)
    typer.echo(f"  got:    {error.came}", err=True)
    typer.echo(f"  remedy: {error.remedy}", err=True)
    code = Exit.FAILED
    if isinstance(error, InputRefused | KeyRefused):
        code = Exit.INPUT_REFUSED
    elif isinstance(error, MissingTool):
        code = Exit.MISSING_TOOL
    raise typer.Exit(code)


@contextmanager
def reported() -> Iterator[None]:
    """Turn our own errors, missing extras and Ctrl-C into messages and exit codes."""
    try:
        yield
    except BrokenPipeError:
        raise  # nobody reads any more: the command line's own affair
    except (BranchXRError, MemoryError, ModuleNotFoundError, OSError) as error:
        ours = as_ours(error)
        if ours is None:
            raise
        fail(ours)
    except KeyboardInterrupt:
        raise typer.Exit(Exit.INTERRUPTED) from None


def as_ours(error: Exception) -> BranchXRError | None:
    """Return an error in our words; `None` for one that is a fault of the program."""
    if isinstance(error, BranchXRError):
        return error
    if isinstance(error, ModuleNotFoundError):
        extra = EXTRAS.get((error.name or "").partition(".")[0])
        if extra is None:
            return None
        return MissingTool(
            f"the extra {extra!r}",
            f"no module named {error.name!r}",
            f"pip install -e '.[{extra}]'",
        )
    if isinstance(error, OSError):
        path = "" if error.filename is None else f" at {str(error.filename)!r:.200}"
        return BranchXRError(
            "files and folders that the system lets us use",
            f"{error.strerror or type(error).__name__}{path}",
            "check the path, its rights and the space on the disk",
            code="system_refused",
        )
    if isinstance(error, MemoryError):
        return InputRefused(
            "an input that fits into memory",
            f"one that asks for more ({error})" if str(error) else "one that asks for more",
            "close other programs, or export the scene in parts and with smaller pictures",
            code="out_of_memory",
        )
    return None


EXTRAS = {
    "brotli": "assets",
    "DracoPy": "assets",
    "PIL": "assets",
    "quickjs": "assets",
    "ufbx": "assets",
    "wasmtime": "assets",
    "pxr": "usd",
    "rich": "server",
    "sqlalchemy": "server",
    "starlette": "server",
    "uvicorn": "server",
    "clr_loader": "unity",
    "pythonnet": "unity",
}
"""Top-level module -> the extra of the distribution that brings it."""
