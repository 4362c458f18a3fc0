"""Each example runs, against a branch in process."""

import asyncio
import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from branchxr import events as e
from branchxr import script
from branchxr.client import Branch
from branchxr.stages.headless import HeadlessStage
from branchxr.testing import InProcessBranch

EXAMPLES = Path(__file__).parents[2] / "examples"


def example(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location("example", EXAMPLES / name)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_examples_are_short_and_all_tested_here() -> None:
    found = sorted(EXAMPLES.glob("0*.py"))
    assert [path.name for path in found] == [
        "01_enter.py", "02_walk.py", "03_pay.py", "04_greeter.py", "05_crowd.py",
    ]  # fmt: skip
    for path in found:
        assert len(path.read_text().splitlines()) < 40, path.name


async def test_enter(place: InProcessBranch, capsys: pytest.CaptureFixture[str]) -> None:
    await example("01_enter.py").main(place.connect)
    out = capsys.readouterr().out
    assert "Ada is in 'Development branch' as a guest" in out
    assert "- Ada (guest)" in out


async def test_walk(place: InProcessBranch, capsys: pytest.CaptureFixture[str]) -> None:
    began = place.clock.monotonic()
    await example("02_walk.py").main(place.connect)
    assert place.clock.monotonic() - began > 5
    assert "to   (3." in capsys.readouterr().out


async def test_pay(place: InProcessBranch, capsys: pytest.CaptureFixture[str]) -> None:
    await example("03_pay.py").main(place.connect)
    out = capsys.readouterr().out
    assert "100000.00 RUB in ACC-" in out
    assert "posted: 25.00 RUB to City Utilities (simulated)" in out
    assert await place.server.ledger.balance_minor(place.MERCHANT) == 2500


async def test_greeter(place: InProcessBranch, ada: Branch) -> None:
    main = script.load(EXAMPLES / "04_greeter.py")
    async with HeadlessStage() as stage:
        running = asyncio.create_task(script.run(main, ada, stage))
        await place.clock.sleep(1)
        assert stage.panels == {}  # opened, pressed by the policy, closed
        async with place.connect(name="Grete") as guest:
            await guest.enter()
            heard = guest.events()
            said = []
            async with asyncio.timeout(10):
                async for event in heard:
                    said.append(event)
                    if isinstance(event, e.Chat):
                        break
            assert [type(event) for event in said] == [e.Emote, e.Chat]
            assert said[-1].text == "Welcome, Grete!"  # type: ignore[attr-defined]
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running


async def test_crowd(place: InProcessBranch, capsys: pytest.CaptureFixture[str]) -> None:
    walked_m = await example("05_crowd.py").main(place.connect, seconds=10)
    assert walked_m > 30
    assert "12 bots walked" in capsys.readouterr().out
