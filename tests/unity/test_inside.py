"""Python in the game's own process, hosted by pythonnet."""

from collections.abc import Callable

import pytest

import branchxr
from branchxr.server.branch import BranchServer

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
