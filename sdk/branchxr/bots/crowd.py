"""Many bots at once, the same ones for the same seed."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from random import Random
from typing import Final, Self

from ..client import Branch
from ..clock import Clock, SystemClock
from ..identity.soft_key import SoftKey
from .behaviours import Behaviour, Bot, wander

MAX_BOTS: Final = 1000
ENTERING_AT_ONCE: Final = 8


class Crowd:
    """Bots with a soft passkey each, in memory; use it with `async with`.

    Inside, all have signed in and entered, and behave. A bot that fails is out; the others go on.
    Their poses are in phase with the branch's tick, so that a crowd arrives in one burst and not
    spread over it.

    Args:
        connect: as `branchxr.connect`, with the branch's address bound: called with
            `authenticator`, `name` and `random`.
        size: how many.
        seed: decides names, ways and pauses.
        behaviour: what they do; `None` leaves them standing.
        is_signed_in: without it they are guests.

    Attributes:
        bots: those who came in, in the order of their numbers.
        failures: what ended bots, by name.
    """

    def __init__(
        self,
        connect: Callable[..., Branch],
        *,
        size: int,
        seed: int = 1,
        behaviour: Behaviour | None = wander,
        clock: Clock | None = None,
        is_signed_in: bool = True,
    ) -> None:
        if not 0 < size <= MAX_BOTS:
            raise ValueError(f"a crowd has 1 to {MAX_BOTS} bots, not {size}")
        self._connect = connect
        self._size = size
        self._seed = seed
        self._behaviour = behaviour
        self._clock = clock or SystemClock()
        self._is_signed_in = is_signed_in
        self._resources = AsyncExitStack()
        self.bots: list[Bot] = []
        self.failures: dict[str, BaseException] = {}

    async def __aenter__(self) -> Self:
        """Bring everybody in.

        Raises:
            BranchXRError: the first that could not come in; the others leave again.
        """
        doors = asyncio.Semaphore(ENTERING_AT_ONCE)
        async with AsyncExitStack() as resources:
            bots = await asyncio.gather(
                *(self._enter(number, doors, resources) for number in range(self._size)),
                return_exceptions=True,
            )
            for bot in bots:
                if isinstance(bot, BaseException):
                    raise bot
                self.bots.append(bot)
            await resources.enter_async_context(self._behaving())
            self._resources = resources.pop_all()
        return self

    async def __aexit__(self, *_exception: object) -> None:
        await self._resources.aclose()

    async def _enter(self, number: int, doors: asyncio.Semaphore, resources: AsyncExitStack) -> Bot:
        # A string as a seed: bot 3 of seed 1 is not bot 1 of seed 3.
        random = Random(f"{self._seed}/{number}")  # noqa: S311 - ways and pauses
        name = f"Bot {number + 1}"
        key = SoftKey.in_memory(name) if self._is_signed_in else None
        async with doors:
            branch = await resources.enter_async_context(
                self._connect(authenticator=key, name=name, random=random)
            )
            await branch.enter(name=name)
        return Bot(branch, random, self._clock)

    @asynccontextmanager
    async def _behaving(self) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(self._behave(bot)) for bot in self.bots]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _behave(self, bot: Bot) -> None:
        if self._behaviour is None:
            return
        try:
            await self._behaviour(bot)
        except Exception as error:  # noqa: BLE001 - whatever ends a bot is to be seen
            self.failures[bot.branch.session.name] = error
