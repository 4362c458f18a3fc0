"""A branch that kills itself at a named point of a payment; started by `test_crash.py` only.

    python crashing_branch.py DATA_FOLDER PORT POINT

It prints its address. The first authorisation that reaches the point gets SIGKILL: no handler, no
flush, nothing in Python gets to run. `never` serves on.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import event

from branchxr.server import credentials, ledger, store
from branchxr.server.branch import BranchServer, ServerSettings


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def after(module: Any, name: str) -> None:
    """Die once the function of that name has done its work."""
    original: Callable[..., Any] = getattr(module, name)

    def wrapped(*args: Any, **kwargs: Any) -> Any:
        result = original(*args, **kwargs)
        if not (name == "book" and args[1].id.startswith("seed-")):
            die()
        return result

    setattr(module, name, wrapped)


def at_commit(branch: BranchServer, *, is_before: bool) -> None:
    """Die just before, or just after, the COMMIT of the transaction that decided a payment."""
    writer = branch._store._writer
    transact = store._transact
    has_decided = False

    @event.listens_for(writer, "before_cursor_execute")
    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        nonlocal has_decided
        has_decided |= statement.startswith("UPDATE payments SET")

    @event.listens_for(writer, "commit")  # is sent before SQLAlchemy commits
    def commit(_connection: Any) -> None:
        if has_decided and is_before:
            die()

    def committed(engine: Any, function: Any) -> Any:
        result = transact(engine, function)
        if has_decided:
            die()
        return result

    store._transact = committed


def arm(point: str, branch: BranchServer) -> None:
    match point:
        case "after_counter":
            after(credentials, "use_counter")
        case "after_transfer":
            after(ledger, "book")
        case "before_commit":
            at_commit(branch, is_before=True)
        case "after_commit":
            at_commit(branch, is_before=False)
        case "never":
            pass
        case _:
            raise SystemExit(f"unknown point {point!r}")


async def main(folder: Path, port: int, point: str) -> None:
    settings = ServerSettings(data=folder, port=port)
    async with BranchServer.open(settings) as branch, branch.listen():
        arm(point, branch)
        sys.stdout.write(branch.address + "\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]))
