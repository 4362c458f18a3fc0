"""A script on a stage: `async def main(branch, stage): ...` in a file of its own."""

import asyncio
import importlib.util
import inspect
import sys
import traceback
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from .errors import InputRefused, ScriptFailed

if TYPE_CHECKING:
    from .client import Branch
    from .stages.stage import Stage

Main = Callable[["Branch", "Stage"], Awaitable[None]]
"""What a script defines. It runs for one participant, on whatever stage that one has."""


def load(path: str | Path) -> Main:
    """Load a script file and return its `main`. What stands outside `main` runs now.

    Raises:
        InputRefused: `script_missing`: no such file; `script_refused`: no `async def main(branch,
            stage)` in it, or it does not parse.
        ScriptFailed: the file itself raised.
    """
    file = Path(path)
    if not file.is_file():
        raise InputRefused(
            "a script file", f"no file at {str(file)!r}", "correct the path", code="script_missing"
        )
    main = getattr(_execute(file), "main", None)
    if not inspect.iscoroutinefunction(main) or not _takes_two(main):
        raise InputRefused(
            f"`async def main(branch, stage)` in {file.name!r}",
            "none" if main is None else "another main",
            "see examples/04_greeter.py",
            code="script_refused",
        )
    return main


async def run(main: Main, branch: "Branch", stage: "Stage") -> None:
    """Run a script to its end; its participant has entered the branch before it begins.

    Raises:
        ScriptFailed: it raised; its own exception is the cause.
        BranchXRError: the branch did not let the participant in.
    """
    await branch.enter()
    try:
        await main(branch, stage)
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        raise _failed(error) from error  # its own: nobody has asked this one to stop
    except _PASSED_ON:
        raise
    except BaseException as error:  # a class of its own, too: nobody else would catch that
        raise _failed(error) from error


def own_traceback(error: ScriptFailed) -> str:
    """Return the traceback of the script's own exception, from its first own line on."""
    cause = error.__cause__
    if cause is None:
        return ""
    frames = cause.__traceback__
    # The first frames are ours (`run`, `_execute`): they say nothing about the script.
    while frames is not None and frames.tb_frame.f_globals.get("__name__") != _NAME:
        frames = frames.tb_next
    return "".join(traceback.format_exception(type(cause), cause, frames or cause.__traceback__))


_NAME = "branchxr_script"
_PASSED_ON = (KeyboardInterrupt, SystemExit, GeneratorExit)
"""What Python itself ends a program or a coroutine with."""


def _execute(file: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(_NAME, file)
    if spec is None or spec.loader is None:
        raise InputRefused("a Python file", f"{file.name!r}", "name it *.py", code="script_refused")
    module = importlib.util.module_from_spec(spec)
    # As Python does for a script: what lies beside it can be imported, later as well, and its own
    # module is known by name (dataclasses look there).
    folder = str(file.resolve().parent)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    sys.modules[_NAME] = module
    try:
        spec.loader.exec_module(module)
    except SyntaxError as error:
        raise InputRefused(
            "a script that parses", f"{error.msg} in line {error.lineno}", "correct it",
            code="script_refused",
        ) from error  # fmt: skip
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # `sys.exit()` at its end is no way to end a host
        raise _failed(error) from error
    return module


def _takes_two(main: Callable[..., object]) -> bool:
    try:
        inspect.signature(main).bind(object(), object())
    except TypeError:
        return False
    return True


def _failed(error: BaseException) -> ScriptFailed:
    return ScriptFailed(
        "a script that runs to its end",
        f"{type(error).__name__}: {error}"[:300],
        "correct the script; its traceback is above",
    )
