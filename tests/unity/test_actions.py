"""What a player does in a game beside walking, and what scripts do to the scene's own nodes."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from branchxr.server.branch import BranchServer
from branchxr.testing import scene
from branchxr_unity.harness import Seen

from .conftest import Playing, listening

pytestmark = [pytest.mark.end_to_end, pytest.mark.timeout(300)]

DOOR = {"path": "Room/door", "extras": {"live": True}}
SCRIPT = """
import pathlib
import numpy as np
from branchxr.stages.stage import Selected, Visibility

async def main(branch, stage):
    await stage.move_live(["Room/door"], np.array([[1, 2, 3]], np.float32))
    async for event in stage.inputs():
        if isinstance(event, Visibility):
            note = f"visible {event.is_visible}"
        elif isinstance(event, Selected):
            note = f"selected {event.path}"
            turn = np.array([[0, 1, 0, 0]], np.float32)
            await stage.move_live([event.path], np.array([[4, 5, 6]], np.float32), turn)
        else:
            continue
        with pathlib.Path(__file__).with_suffix(".txt").open("a") as file:
            file.write(note + "\\n")
"""


@pytest.fixture
async def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[BranchServer]:
    """Open a branch whose scene has a door that scripts may move."""
    plain = scene.branch_json()
    with_door = plain | {"nodes": [*plain["nodes"], DOOR]}
    monkeypatch.setattr(scene, "branch_json", lambda: with_door)
    async with listening(tmp_path) as opened:
        yield opened


def door_stands_at(*place: float) -> Callable[[Seen], bool]:
    return lambda seen: seen.get("live") == pytest.approx(list(place))


@pytest.mark.parametrize("where", ["beside", "inside"])
async def test_live_nodes_ways_and_what_is_seen(
    playing: Playing, settings_of: Callable[..., dict[str, object]],
    inside: Callable[..., dict[str, object]], tmp_path: Path, where: str,
) -> None:  # fmt: skip
    script = tmp_path / "door.py"
    await asyncio.to_thread(script.write_text, SCRIPT)
    make = settings_of if where == "beside" else inside

    def told() -> list[str]:
        file = script.with_suffix(".txt")
        return file.read_text().splitlines() if file.exists() else []

    async with playing() as game:
        await game.play(**make(script=str(script)))
        await game.until(lambda seen: seen["anchors"])
        await game.call("live", "Room/door")  # it came after the move, and is told of it
        await game.until(door_stands_at(1, 2, 3))
        await game.call("select", "Room/door")
        await game.until(door_stands_at(4, 5, 6))
        for is_paused in (0, 1, 1, 0):  # Unity says at the start that nothing is paused
            await game.call("pause", is_paused)
        await game.until(lambda _: len(told()) == 3)
        assert told() == ["selected Room/door", "visible False", "visible True"]

        await game.call("path", "Room/counter.001")  # through the door in the wall
        seen = await game.until(lambda seen: seen["paths"])
        anchor, points = seen["paths"][0].rsplit(" ", 1)
        assert anchor == "Room/counter.001"
        assert int(points) > 2
        await game.call("path", "Room/nowhere")
        await game.until(lambda seen: "That did not work" in seen["notices"])

        await game.call("reload")
        await game.until(lambda seen: seen["anchors"])
        await game.call("live", "Room/door")
        await game.until(door_stands_at(4, 5, 6))
        await game.call("quit")
