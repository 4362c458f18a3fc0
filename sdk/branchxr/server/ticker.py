"""Calls a function at every tick of 20 Hz; one that is late is skipped, never made up for."""

import asyncio
import logging
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self

from ..clock import Clock
from ..protocol.frames import TICK_MS
from ..protocol.slots import tick_of

_LOG: Final = logging.getLogger("branchxr.server")


class Ticker:
    """Ticks while it is entered with `async with`.

    Ticks lie on the grid `floor(monotonic / 50 ms)`, which is also the number of the tick: clients
    phase-lock to it, so it must not drift with the time that a tick takes.

    Args:
        on_tick: called with the time in seconds. What it raises is logged and ends nothing.
        clock: where time comes from.

    Attributes:
        skipped: how many ticks passed while another still ran, or the machine slept.
    """

    def __init__(self, on_tick: Callable[[float], None], *, clock: Clock) -> None:
        self._on_tick = on_tick
        self._clock = clock
        self._task: asyncio.Task[None] | None = None
        self.skipped = 0

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run(), name="branchxr ticker")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    async def _run(self) -> None:
        next_tick = tick_of(self._clock.monotonic() * 1000) + 1
        while True:
            now = self._clock.monotonic()
            early_s = next_tick * TICK_MS / 1000 - now
            if early_s > 0 and tick_of(now * 1000) < next_tick:
                await self._clock.sleep(early_s)
                continue
            current = tick_of(now * 1000)
            self.skipped += current - next_tick
            self._call(now)
            next_tick = current + 1
            await asyncio.sleep(0)  # even a tick that takes longer than 50 ms lets others run

    def _call(self, now: float) -> None:
        try:
            self._on_tick(now)
        except Exception:  # noqa: BLE001 - one tick's fault must not stop everybody's bodies
            _LOG.exception("a tick failed")
