"""A clock whose time passes only when nothing else is left to do.

`async with VirtualClock() as clock:` takes over the running event loop: `loop.time()`,
`asyncio.sleep`, `asyncio.timeout` and `clock.sleep` all follow it. When every task waits and the
next thing to happen is a timer, the clock jumps there; nobody waits in real time. While a call to
a thread (`asyncio.to_thread`, `run_in_executor`) is under way the clock stands still, so that the
machine's speed cannot change what a test sees.

How: the loop asks its selector to wait for I/O for as long as no timer is due. Here the selector
is one that looks for I/O without waiting and, finding none, moves the time by as much as it was
asked to wait. The idea is trio's `MockClock(autojump_threshold=0)`.

Real sockets do not mix with it: data on its way between two machines is not "something left to
do" that the loop could see. Tests with real ports use the real clock.
"""

import asyncio
import selectors
from collections.abc import Callable
from types import TracebackType
from typing import Any, Final, Self

EPOCH_S: Final = 1_800_000_000.0  # 2027-01-15: what `time()` says when the clock starts
START_S: Final = 1_000.0  # what `monotonic()` says then: not 0, to find who confuses the two


class VirtualClock:
    """A `branchxr.clock.Clock` for tests; see the module's text.

    Attributes:
        jumps: how often time was moved, for tests of the clock itself.
    """

    def __init__(self, *, epoch_s: float = EPOCH_S) -> None:
        self._epoch_s = epoch_s
        self._now_s = START_S
        self._threads = 0
        self._loop: Any = None  # private parts of the loop are touched: no public type has them
        self.jumps = 0

    def monotonic(self) -> float:
        """Seconds on the virtual timeline."""
        return self._now_s

    def time(self) -> float:
        """Seconds since 1970-01-01 UTC on the virtual timeline."""
        return self._epoch_s + (self._now_s - START_S)

    async def sleep(self, seconds: float) -> None:
        """Wait until the clock has jumped that far."""
        await asyncio.sleep(seconds)

    def advance(self, seconds: float) -> None:
        """Move time at once, as when a machine was suspended; due timers fire afterwards."""
        self._now_s += seconds

    async def __aenter__(self) -> Self:
        loop: Any = asyncio.get_running_loop()
        if not isinstance(loop, asyncio.SelectorEventLoop):
            raise TypeError(f"a virtual clock needs asyncio's selector loop, not {type(loop)!r}")
        self._loop = loop
        self._real_selector = loop._selector  # type: ignore[attr-defined]
        self._real_time = loop.time
        self._real_executor = loop.run_in_executor
        loop._selector = _JumpingSelector(self._real_selector, self)  # type: ignore[attr-defined]
        loop.time = self.monotonic  # type: ignore[method-assign]
        loop.run_in_executor = self._run_in_executor  # type: ignore[method-assign,assignment]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._loop._selector = self._real_selector
        self._loop.time = self._real_time
        self._loop.run_in_executor = self._real_executor
        self._loop = None

    def _run_in_executor(
        self, executor: Any, function: Callable[..., Any], *arguments: Any
    ) -> "asyncio.Future[Any]":
        future: asyncio.Future[Any] = self._real_executor(executor, function, *arguments)
        self._threads += 1
        future.add_done_callback(self._thread_ended)
        return future

    def _thread_ended(self, _future: "asyncio.Future[Any]") -> None:
        self._threads -= 1

    def _idle(self, wait_s: float) -> bool:
        """Jump; return `False` when a thread is at work and time has to stand still."""
        if self._threads:
            return False
        self._now_s += wait_s
        self.jumps += 1
        return True


class _JumpingSelector:
    """A selector that moves the clock where the real one would wait."""

    def __init__(self, real: selectors.BaseSelector, clock: VirtualClock) -> None:
        self._real = real
        self._clock = clock

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = self._real.select(0)
        if ready or timeout is None or timeout <= 0:
            return ready if ready or timeout is not None else self._real.select(None)
        return [] if self._clock._idle(timeout) else self._real.select(None)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)
