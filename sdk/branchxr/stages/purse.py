"""The person's balances on a stage: read again when something may have moved."""

import asyncio
from typing import Any, Final

from ..client import Branch
from ..clock import Clock
from ..errors import BranchXRError
from ..operations import Scope
from . import messages as m
from .link import StageLink

IDLE_S: Final = 15.0
"""Money also comes in from others."""

EAGER_S: Final = 0.4
EAGER_TIMES: Final = 8
"""After a signature: the ledger's answer takes a moment."""


class Purse:
    """Shows the accounts of whoever signed in."""

    def __init__(self, branch: Branch, link: StageLink[Any], *, clock: Clock) -> None:
        self._branch = branch
        self._link = link
        self._clock = clock
        self._eager = 0
        self._wakes = asyncio.Event()
        self._told: list[m.AccountLine] | None = None

    def look(self) -> None:
        """Read again soon, several times."""
        self._eager = EAGER_TIMES
        self._wakes.set()

    async def watch(self) -> None:
        """Tell the stage its balances whenever they changed, until cancelled."""
        while True:
            if Scope.ACCOUNTS in self._branch.session.scope.split():
                await self._read()
            await self._pause()

    async def _read(self) -> None:
        try:
            accounts = await self._branch.accounts()
        except BranchXRError:
            return  # the next look may succeed; nothing wrong is shown meanwhile
        lines = [m.AccountLine(a.id, a.name, a.currency, a.balance) for a in accounts]
        if lines != self._told:
            self._told = lines
            self._link.say(m.Balances(lines), key="accounts")

    async def _pause(self) -> None:
        if self._eager > 0:
            self._eager -= 1
            await self._clock.sleep(EAGER_S)
            return
        self._wakes.clear()
        timer = asyncio.ensure_future(self._clock.sleep(IDLE_S))
        wake = asyncio.ensure_future(self._wakes.wait())
        try:
            await asyncio.wait({timer, wake}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            timer.cancel()
            wake.cancel()
