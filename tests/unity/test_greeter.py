"""`examples/04_greeter.py`, unchanged, in a game; see `tests/sdk` and `tests/webxr` for others."""

import asyncio
from collections.abc import Callable

import pytest

import branchxr
from branchxr import events
from branchxr.server.branch import BranchServer

from .conftest import EXAMPLES, Playing

pytestmark = [pytest.mark.end_to_end, pytest.mark.timeout(300)]
Settings = Callable[..., dict[str, object]]


@pytest.mark.parametrize("where", ["beside", "inside"])
async def test_the_player_greets_who_enters(
    server: BranchServer, playing: Playing, settings_of: Settings, inside: Settings, where: str
) -> None:
    make = settings_of if where == "beside" else inside
    async with playing() as game:
        await game.play(**make(script=str(EXAMPLES / "04_greeter.py")))
        await game.until(lambda seen: seen["titles"] == [server.description.name])
        await game.call("press", "welcome", "close")
        await game.until(lambda seen: seen["titles"] == [])
        async with branchxr.connect(server.address, name="Grete") as guest:
            await guest.enter()
            said: list[events.Event] = []
            async with asyncio.timeout(30):
                async for event in guest.events():
                    said.append(event)
                    if isinstance(event, events.Chat):
                        break
            assert isinstance(said[-1], events.Chat)
            assert said[-1].text == "Welcome, Grete!"
            assert events.Emote in {type(event) for event in said}
        await game.call("quit")
