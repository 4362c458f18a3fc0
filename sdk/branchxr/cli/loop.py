"""The event loop of long-running commands: uvloop where the extra `fast` is installed."""

import asyncio
from collections.abc import Coroutine
from typing import TypeVar

ResultT = TypeVar("ResultT")


def run(main: Coroutine[None, None, ResultT]) -> ResultT:
    """Run a coroutine to its end, as `asyncio.run` does."""
    try:
        import uvloop
    except ModuleNotFoundError:
        factory = None
    else:
        factory = uvloop.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        return runner.run(main)
