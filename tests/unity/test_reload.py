"""Domain reloads under live traffic: the code is exchanged, and nothing is lost or done twice."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

import branchxr
from branchxr.server.branch import BranchServer
from branchxr_unity.harness import MonoGame

from .conftest import Playing

pytestmark = [pytest.mark.end_to_end, pytest.mark.timeout(900)]
Settings = Callable[..., dict[str, object]]

COUNTER = """
import pathlib
from branchxr.stages.stage import Panel, PanelButton, PanelField, PanelPressed

def panel(title):
    return Panel("count", title, fields=(PanelField("n", "N"),), buttons=(PanelButton("ok", "OK"),))

async def main(branch, stage):
    await stage.open_panel(panel("0"))
    async for event in stage.inputs():
        if isinstance(event, PanelPressed):
            with pathlib.Path(__file__).with_suffix(".txt").open("a") as file:
                file.write(event.fields["n"] + "\\n")
            await stage.open_panel(panel(event.fields["n"]))
"""


async def walk(bot: branchxr.Branch) -> None:
    while True:
        await bot.walk_to((2.0, 0.0, 2.0))
        await bot.walk_to((-2.0, 0.0, 2.0))


async def reload_often(game: MonoGame, *, times: int) -> int:
    """Press a few times, reload before anything was taken, and so on; return how often."""
    pressed = 0
    for turn in range(times):
        await game.until(lambda seen: seen["titles"])
        for _ in range(1 + turn % 3):
            pressed += 1
            await game.call("press", "count", "ok", f"n={pressed}")
        await game.call("reload")
    await game.until(lambda seen: seen["titles"] == [str(pressed)])
    return pressed


async def reloads_lose_nothing(
    playing: Playing, settings: dict[str, object], server: BranchServer, script: Path, times: int
) -> None:
    async with playing() as game, branchxr.connect(server.address, name="Ada") as ada:
        await ada.enter()
        walking = asyncio.create_task(walk(ada))
        await game.play(**settings)
        pressed = await reload_often(game, times=times)
        taken = await asyncio.to_thread(script.with_suffix(".txt").read_text)
        assert taken.split() == [str(number) for number in range(1, pressed + 1)]
        seen = await game.until(lambda seen: any(one["is_seen"] for one in seen["people"]))
        assert {one["name"] for one in seen["people"]} == {"Ada", "Uma"}  # the same two as before
        assert seen["events_dropped"] == 0
        await game.call("quit")
        walking.cancel()


async def test_a_hundred_reloads_beside(
    server: BranchServer, playing: Playing, settings_of: Settings, tmp_path: Path
) -> None:
    script = tmp_path / "counter.py"
    await asyncio.to_thread(script.write_text, COUNTER)
    settings = settings_of(script=str(script))
    await reloads_lose_nothing(playing, settings, server, script, 100)


async def test_reloads_in_process(
    server: BranchServer, playing: Playing, inside: Settings, tmp_path: Path
) -> None:
    script = tmp_path / "counter.py"
    await asyncio.to_thread(script.write_text, COUNTER)
    await reloads_lose_nothing(playing, inside(script=str(script)), server, script, 25)


BUSY = """
import time
from branchxr.stages.stage import PanelPressed

from counter import panel

async def main(branch, stage):
    await stage.open_panel(panel("0"))
    async for event in stage.inputs():
        if isinstance(event, PanelPressed):
            time.sleep(2)  # longer than a fence waits
            await stage.open_panel(panel("done"))
"""


@pytest.mark.parametrize("where", ["beside", "inside"])
async def test_a_reload_while_python_is_inside_a_long_call(
    server: BranchServer, playing: Playing, settings_of: Settings, inside: Settings,
    tmp_path: Path, where: str,
) -> None:  # fmt: skip
    await asyncio.to_thread((tmp_path / "counter.py").write_text, COUNTER)
    await asyncio.to_thread((tmp_path / "busy.py").write_text, BUSY)
    make = settings_of if where == "beside" else inside
    async with playing() as game:
        await game.play(**make(script=str(tmp_path / "busy.py")))
        await game.until(lambda seen: seen["titles"] == ["0"])
        await game.call("press", "count", "ok", "n=1")
        await game.call("frames", 30)
        await game.call("reload")
        await game.until(lambda seen: seen["titles"] == ["done"])
        await game.call("quit")
