"""The tick of 20 Hz, on a clock that jumps."""

import asyncio
import logging
from itertools import pairwise

import pytest

from branchxr.protocol.slots import tick_of
from branchxr.server.ticker import Ticker
from branchxr.testing.clock import VirtualClock


async def test_ticks_lie_on_the_grid_of_50_ms() -> None:
    ticks: list[float] = []
    async with VirtualClock() as clock:
        await clock.sleep(0.0123)
        async with Ticker(ticks.append, clock=clock):
            await clock.sleep(1.0)
    numbers = [tick_of(now * 1000) for now in ticks]
    assert numbers == list(range(numbers[0], numbers[0] + 20))
    assert all(
        abs(now * 1000 - number * 50) < 0.02 for now, number in zip(ticks, numbers, strict=True)
    )


async def test_a_late_tick_is_skipped_and_never_made_up_for() -> None:
    ticks: list[int] = []
    async with VirtualClock() as clock:

        def on_tick(now: float) -> None:
            ticks.append(tick_of(now * 1000))
            if len(ticks) == 3:
                clock.advance(0.33)  # this one takes long

        async with Ticker(on_tick, clock=clock) as ticker:
            await clock.sleep(0.8)
    gaps = [later - earlier for earlier, later in pairwise(ticks)]
    assert gaps[:2] == [1, 1]
    assert gaps[2] == 6
    assert set(gaps[3:]) == {1}
    assert ticker.skipped == 5


async def test_a_tick_that_raises_is_logged_and_the_next_one_comes(
    caplog: pytest.LogCaptureFixture,
) -> None:
    ticks: list[float] = []

    def on_tick(now: float) -> None:
        ticks.append(now)
        raise RuntimeError("a fault in one tick")

    with caplog.at_level(logging.ERROR, logger="branchxr.server"):
        async with VirtualClock() as clock, Ticker(on_tick, clock=clock):
            await clock.sleep(0.2)
    assert len(ticks) >= 3
    assert caplog.messages == ["a tick failed"] * len(ticks)


async def test_leaving_ends_it() -> None:
    ticks: list[float] = []
    async with VirtualClock() as clock:
        async with Ticker(ticks.append, clock=clock):
            await clock.sleep(0.2)
        before = len(ticks)
        await clock.sleep(1.0)
    assert len(ticks) == before
    assert len(asyncio.all_tasks()) == 1
