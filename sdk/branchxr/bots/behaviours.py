"""What bots do: each behaviour is one short coroutine over a `Bot`."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from random import Random

from ..client import Branch
from ..clock import Clock
from ..errors import NotFound
from ..money import Money
from ..payments.payments import PaymentReceipt

PAUSE_S = (1.0, 4.0)
"""How long a wanderer looks at what it came to."""


@dataclass(frozen=True, slots=True)
class Bot:
    """Somebody who is nobody: a connection, and its own dice.

    Attributes:
        branch: entered already.
        random: seeded; the same seed does the same things.
        clock: where time comes from.
    """

    branch: Branch
    random: Random
    clock: Clock


Behaviour = Callable[[Bot], Awaitable[None]]
"""Runs until it is cancelled, or done."""


async def wander(bot: Bot) -> None:
    """Walk from anchor to anchor over the floor, for ever, with a look at each."""
    scene = await bot.branch.scene.load()
    places = [anchor for anchor in scene.anchors if _is_for_visitors(anchor.extras)]
    speed_m_s = bot.random.uniform(1.0, 1.5)
    while places:
        place = bot.random.choice(places)
        try:
            await bot.branch.walk_to(place.path, speed_m_s)
        except NotFound:
            places.remove(place)  # behind a counter, on another storey: no way leads there
            continue
        await bot.clock.sleep(bot.random.uniform(*PAUSE_S))


async def pay_at_counter(
    bot: Bot, *, to: str, amount: Money, reference: str = ""
) -> PaymentReceipt:
    """Walk to a counter and pay there."""
    await bot.branch.walk_to("counter")
    return await bot.branch.pay(to, amount, reference)


def _is_for_visitors(extras: dict[str, object]) -> bool:
    return extras.get("role") != "staff"
