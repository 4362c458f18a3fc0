"""The whole loop: a branch that listens, C# on Mono, a script beside it, and bots."""

import asyncio
import math
from collections.abc import Callable

import pytest

import branchxr
from branchxr import events
from branchxr.server.branch import BranchServer
from branchxr_unity.harness import Seen

from .conftest import Playing

pytestmark = [pytest.mark.end_to_end, pytest.mark.timeout(300)]
Settings = Callable[..., dict[str, object]]


def person(seen: Seen, name: str) -> Seen | None:
    return next((one for one in seen.get("people", []) if one["name"] == name), None)


async def test_a_bot_moves_and_the_game_sees_it(
    server: BranchServer, playing: Playing, settings_of: Settings
) -> None:
    async with (
        playing() as game,
        branchxr.connect(server.address, name="Ada") as ada,
    ):
        await ada.enter()
        await game.play(**settings_of())
        seen = await game.until(lambda seen: (person(seen, "Ada") or {}).get("is_seen"))
        assert seen["branch"] == server.description.name
        await ada.walk_to((3.0, 0.0, 2.0))
        seen = await game.until(
            lambda seen: abs((person(seen, "Ada") or {})["position"][0] - 3.0) < 0.01
        )
        found = person(seen, "Ada")
        assert found is not None
        assert found["position"] == pytest.approx([3.0, 1.65, 2.0], abs=0.01)
        await game.call("quit")


@pytest.mark.parametrize("where", ["beside", "inside"])
async def test_the_whole_loop(
    server: BranchServer, playing: Playing, settings_of: Settings, inside: Settings, where: str
) -> None:
    """Enter, see each other move, a panel, a payment through a soft key, a reload, the end."""
    make = settings_of if where == "beside" else inside
    async with (
        playing() as game,
        branchxr.connect(server.address, name="Ada") as ada,
        branchxr.connect(server.address, name="Bo") as bo,
    ):
        await ada.enter()
        await bo.enter()
        await game.play(**make(script=""))  # the lobby
        seen = await game.until(
            lambda seen: (
                all((person(seen, name) or {}).get("is_seen") for name in ("Ada", "Bo"))
                and seen["is_signed_in"]
            )
        )
        assert "Welcome to Development branch" in seen["titles"]

        await game.call("stand", 0.3, 1.65, 0.4)  # of the rig: a player leans
        own = seen["you"]

        def from_rig_m() -> float:
            x, _y, z = ada.positions()[own]
            return math.hypot(x - seen["rig"][0], z - seen["rig"][2])

        await game.until(lambda _: abs(from_rig_m() - 0.5) < 0.02)
        assert ada.positions()[own] == pytest.approx(bo.positions()[own], abs=0.02)

        counter = next(path.split(" ", 1)[1] for path in seen["anchors"] if "counter" in path)
        await game.call("arrive", counter, "counter")
        await game.until(lambda seen: "Pay a bill" in seen["titles"])
        await game.call("press", "counter", "pay", "to=CITY-UTILITIES", "amount=25.00",
                        "reference=Light")  # fmt: skip
        seen = await game.until(lambda seen: seen["ask"])
        assert "Amount: 25.00\u00a0RUB" in seen["ask"]["rows"]
        before = await server.ledger.balance_minor("CITY-UTILITIES")
        await game.call("approve")
        await game.until(lambda seen: "Paid" in seen["titles"])
        assert await server.ledger.balance_minor("CITY-UTILITIES") == before + 2500

        answer = await game.call("reload")
        assert answer["reload_ms"] > 0
        seen = await game.until(lambda seen: len(seen["people"]) == 3 and "Paid" in seen["titles"])
        assert seen["you"] == own  # the same visit goes on
        await game.call("say", "still here")
        await game.until(lambda seen: "Uma: still here" in seen["heard"])
        heard = ada.events()
        await game.call("quit")
        async with asyncio.timeout(10):
            async for event in heard:
                if isinstance(event, events.Left) and event.participant.id == own:
                    break


async def test_a_yes_to_something_else_is_no_yes(
    server: BranchServer, playing: Playing, settings_of: Settings
) -> None:
    async with playing() as game:
        await game.play(**settings_of(script=""))
        seen = await game.until(lambda seen: seen["is_signed_in"] and seen["anchors"])
        counter = next(path.split(" ", 1)[1] for path in seen["anchors"] if "counter" in path)
        await game.call("arrive", counter, "counter")
        await game.until(lambda seen: "Pay a bill" in seen["titles"])
        await game.call("press", "counter", "pay", "to=CITY-UTILITIES", "amount=25.00",
                        "reference=")  # fmt: skip
        await game.until(lambda seen: seen["ask"])
        await game.call("forge")
        await game.until(lambda seen: "That payment did not go through" in seen["titles"])
        assert await server.ledger.balance_minor("CITY-UTILITIES") == 0
        await game.call("quit")
