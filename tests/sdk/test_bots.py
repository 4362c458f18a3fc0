"""Bots: seeded, on the floor, one's fault not another's."""

import math
from typing import Any

import pytest

from branchxr import Money
from branchxr.bots.behaviours import Bot, pay_at_counter
from branchxr.bots.crowd import MAX_BOTS, Crowd
from branchxr.client import Branch
from branchxr.errors import ApiError, ScriptFailed
from branchxr.models import Role
from branchxr.testing import InProcessBranch
from branchxr.testing.scene import floor


async def walked(place: InProcessBranch, *, seed: int, seconds: int = 12) -> list[list[Any]]:
    tracks = []
    async with Crowd(place.connect, size=4, seed=seed, clock=place.clock) as crowd:
        for _ in range(seconds * 2):
            await place.clock.sleep(0.5)
            tracks.append([bot.branch.position for bot in crowd.bots])
        assert not crowd.failures
    return tracks


async def test_a_crowd_walks_on_the_floor_and_never_through_walls(place: InProcessBranch) -> None:
    tracks = await walked(place, seed=1, seconds=40)
    walkable = floor()
    places = [position for row in tracks for position in row]
    assert all(walkable.is_walkable(x, z) for x, _y, z in places)
    lengths = [sum(map(math.dist, one, one[1:])) for one in zip(*tracks, strict=True)]
    assert all(length > 5 for length in lengths)


async def test_bots_sign_in_each_with_a_key_of_its_own(place: InProcessBranch) -> None:
    async with Crowd(place.connect, size=3, behaviour=None, clock=place.clock) as crowd:
        sessions = [bot.branch.session for bot in crowd.bots]
        assert [session.name for session in sessions] == ["Bot 1", "Bot 2", "Bot 3"]
        assert {session.role for session in sessions} == {Role.VISITOR}
        assert len({session.user for session in sessions}) == 3
        assert len(crowd.bots[0].branch.participants) == 3
    async with Crowd(
        place.connect, size=2, behaviour=None, clock=place.clock, is_signed_in=False
    ) as guests:
        assert {bot.branch.session.role for bot in guests.bots} == {Role.GUEST}


async def test_the_dice_of_a_bot_depend_on_seed_and_number_only(place: InProcessBranch) -> None:
    drawn = []
    for seed in (7, 7, 8):
        async with Crowd(
            place.connect, size=2, seed=seed, behaviour=None, clock=place.clock, is_signed_in=False
        ) as crowd:
            drawn.append([bot.random.random() for bot in crowd.bots])
    assert drawn[0] == drawn[1] != drawn[2]
    assert drawn[0][0] != drawn[0][1]


async def test_one_bot_that_fails_is_out_and_the_others_go_on(place: InProcessBranch) -> None:
    async def behave(bot: Bot) -> None:
        if bot.branch.session.name == "Bot 2":
            raise ScriptFailed("a step", "a hole", "mind it")
        if bot.branch.session.name == "Bot 4":
            raise ZeroDivisionError
        await bot.branch.walk_to("queue")

    async with Crowd(place.connect, size=4, behaviour=behave, clock=place.clock) as crowd:
        await place.clock.sleep(15)
        assert set(crowd.failures) == {"Bot 2", "Bot 4"}
        assert sum(bot.branch.position[2] > 2 for bot in crowd.bots) >= 2


async def test_a_bot_pays_at_the_counter(place: InProcessBranch) -> None:
    async with Crowd(place.connect, size=1, behaviour=None, clock=place.clock) as crowd:
        receipt = await pay_at_counter(
            crowd.bots[0], to=place.MERCHANT, amount=Money("25.00", "RUB")
        )
        assert receipt.amount == Money("25.00", "RUB")
        assert crowd.bots[0].branch.position[0] > 3


async def test_if_one_cannot_come_in_all_leave_again(place: InProcessBranch) -> None:
    count = 0

    def connect(**options: Any) -> Branch:
        nonlocal count
        count += 1
        return place.connect(**options | ({"name": "\u202eevil"} if count == 3 else {}))

    with pytest.raises(ApiError) as refusal:
        async with Crowd(connect, size=4, behaviour=None, clock=place.clock, is_signed_in=False):
            pass
    assert refusal.value.code == "name_refused"
    async with place.connect() as left:
        await left.enter()
        assert len(left.participants) == 1


@pytest.mark.parametrize("size", [0, -1, MAX_BOTS + 1])
def test_its_size_is_bounded(size: int) -> None:
    with pytest.raises(ValueError, match="bots"):
        Crowd(lambda **_options: None, size=size)  # type: ignore[arg-type, return-value]
