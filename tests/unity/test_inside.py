"""Python in the game's own process, hosted by pythonnet."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

import branchxr
from branchxr.server.branch import BranchServer
from branchxr_unity.harness import Seen

from .conftest import Playing
from .test_loop import person

pytestmark = [pytest.mark.end_to_end, pytest.mark.timeout(300)]


async def test_a_bot_moves_and_the_game_sees_it(
    server: BranchServer, playing: Playing, inside: Callable[..., dict[str, object]]
) -> None:
    async with (
        playing(is_root=True) as game,
        branchxr.connect(server.address, name="Ada") as ada,
    ):
        await ada.enter()
        await game.play(**inside())
        seen = await game.until(lambda seen: (person(seen, "Ada") or {}).get("is_seen"))
        assert seen["is_signed_in"]
        await game.call("quit")


CLR = """
import pathlib

async def main(branch, stage):
    import clr
    import System
    from UnityEngine import Vector3

    told = f"{System.Environment.Version.Major} {Vector3(1, 2.5, 3).y}"
    pathlib.Path(__file__).with_suffix(".txt").write_text(told)
"""


async def test_a_script_uses_the_games_own_classes(
    server: BranchServer, playing: Playing, inside: Callable[..., dict[str, object]], tmp_path: Path
) -> None:
    script = tmp_path / "clr_script.py"
    await asyncio.to_thread(script.write_text, CLR)
    async with playing(is_root=True) as game:
        await game.play(**inside(script=str(script)))
        await game.until(lambda _: script.with_suffix(".txt").exists())
        await game.call("quit")
    assert await asyncio.to_thread(script.with_suffix(".txt").read_text) == "4 2.5"


PUPPETS = """
import asyncio
import numpy as np

async def main(branch, stage):
    people = await stage.spawn("puppet", np.array([[1, 0, 0], [2, 0, 0]], np.float32))
    box = await stage.spawn("box", np.array([[0, 1, 0]], np.float32))
    await stage.move(people[1:], np.array([[7, 0, 0]], np.float32))
    await asyncio.sleep(3600)
"""


@pytest.mark.parametrize("where", ["beside", "inside"])
async def test_puppets_and_nodes_are_shown_by_both_carriers_and_after_a_reload(
    server: BranchServer, playing: Playing, settings_of: Callable[..., dict[str, object]],
    inside: Callable[..., dict[str, object]], tmp_path: Path, where: str,
) -> None:  # fmt: skip
    script = tmp_path / "puppets.py"
    await asyncio.to_thread(script.write_text, PUPPETS)
    make = settings_of if where == "beside" else inside

    def all_stand(seen: Seen) -> bool:
        places = [place for puppet in seen["puppets"] for place in puppet]
        return seen["nodes"] == 1 and places == pytest.approx([1, 1.65, 0, 7, 1.65, 0])

    async with playing() as game:
        await game.play(**make(script=str(script)))
        await game.until(all_stand)
        await game.call("reload")
        await game.until(all_stand)
        await game.call("quit")
