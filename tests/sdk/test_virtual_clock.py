"""The virtual clock: time passes only when nothing else is left to do."""

import asyncio
import threading
import time

import pytest

from branchxr.testing.clock import EPOCH_S, START_S, VirtualClock


async def test_an_hour_passes_at_once() -> None:
    began = time.monotonic()
    async with VirtualClock() as clock:
        await asyncio.sleep(3600)
        assert clock.monotonic() == pytest.approx(START_S + 3600)
        assert clock.time() == pytest.approx(EPOCH_S + 3600)
    assert time.monotonic() - began < 60


async def test_sleepers_wake_in_the_order_of_their_times() -> None:
    woken: list[float] = []

    async def sleeper(clock: VirtualClock, seconds: float) -> None:
        await clock.sleep(seconds)
        woken.append(seconds)

    async with VirtualClock() as clock:
        await asyncio.gather(*(sleeper(clock, seconds) for seconds in (3.0, 1.0, 2.0)))
    assert woken == [1.0, 2.0, 3.0]


async def test_timeouts_follow_the_clock() -> None:
    async with VirtualClock() as clock:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(30):
                await asyncio.Event().wait()
        assert clock.monotonic() == pytest.approx(START_S + 30)


async def test_time_stands_still_while_a_thread_works() -> None:
    may_end = threading.Event()
    async with VirtualClock() as clock:
        sleeper = asyncio.create_task(clock.sleep(1))
        worker = asyncio.create_task(asyncio.to_thread(may_end.wait, 30))
        for _ in range(20):
            await asyncio.sleep(0)
        assert clock.monotonic() == START_S
        may_end.set()
        assert await worker
        await sleeper
        assert clock.monotonic() == pytest.approx(START_S + 1)


async def test_the_loop_is_given_back() -> None:
    loop = asyncio.get_running_loop()
    real = loop.time
    async with VirtualClock():
        assert loop.time() == START_S
    assert loop.time == real


async def test_advance_makes_due_timers_fire() -> None:
    async with VirtualClock() as clock:
        sleeper = asyncio.create_task(clock.sleep(10))
        await asyncio.sleep(0)
        clock.advance(10)
        await sleeper
        assert clock.monotonic() == START_S + 10
