"""A whole branch in one process, without a port: the real server, the real client, no real time.

::

    async with branchxr.testing.branch() as place:
        async with place.connect(name="Ada", authenticator=place.key("Ada")) as ada:
            await ada.enter()
            receipt = await ada.pay(to=place.MERCHANT, amount=Money("25.00", "RUB"))
            await place.clock.sleep(3600)      # takes no time

HTTP goes through an ASGI transport that can lose and repeat (`place.faults`), realtime through
wires in memory that can be cut and stalled (`place.wires`), and time is a `VirtualClock`.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any, Final

from ..client import Branch, connect
from ..errors import ConnectionFailed
from ..identity.soft_key import SoftKey
from ..server.branch import BranchServer, ServerSettings
from ..settings import Settings
from ..wire import Wire
from .chaos import FaultyTransport
from .clock import VirtualClock
from .scene import write_scene
from .wire import MemoryWire, wire_pair

HOST_SECRET: Final = "testing"  # noqa: S105 - exempts the test's many guests from the cap


class InProcessBranch:
    """The branch; made by `branch()`.

    Attributes:
        server: the branch itself: `server.ledger`, `server.room`.
        clock: everybody's time.
        faults: between every client and the branch's HTTP.
        wires: the clients' ends of all wires ever opened, oldest first.
        is_reachable: while false, no new wire can be opened.
    """

    MERCHANT: Final = "CITY-UTILITIES"

    def __init__(self, server: BranchServer, clock: VirtualClock, *, seed: int) -> None:
        self.server = server
        self.clock = clock
        self.faults = FaultyTransport.before(server.app, Random(seed))  # noqa: S311
        self.wires: list[MemoryWire] = []
        self.is_reachable = True
        self._seeds = Random(seed)  # noqa: S311
        self._conversations: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """The branch's address, which leads nowhere but through `faults`."""
        return self.server.address

    def connect(self, _url: str | None = None, **options: Any) -> Branch:
        """Connect as `branchxr.connect` does, but to this branch whatever the address."""
        given: dict[str, Any] = {
            "http_transport": self.faults,
            "open_wire": self.open_wire,
            "clock": self.clock,
            "random": Random(self._seeds.random()),  # noqa: S311
            "headers": {"X-BranchXR-Host-Secret": HOST_SECRET},
            "settings": Settings(),
        }
        return connect(self.url, **(given | options))

    def key(self, name: str = "test") -> SoftKey:
        """Make a soft key in memory."""
        return SoftKey.in_memory(name)

    async def open_wire(self, url: str, headers: Mapping[str, str]) -> Wire:
        """Open a wire as the realtime listener would: token and proof are checked."""
        if not self.is_reachable:
            raise ConnectionFailed("a branch that answers", "no connection", "make it reachable")
        grant = self.server.authenticate_realtime(headers, url)
        near, far = wire_pair()
        task = asyncio.create_task(self.server.realtime.attach(far, grant))
        self._conversations.add(task)
        task.add_done_callback(self._conversations.discard)
        self.wires.append(near)
        return near

    async def _end(self) -> None:
        tasks = list(self._conversations)
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task


@asynccontextmanager
async def branch(
    *,
    scene: Path | bool = True,
    settings: ServerSettings | None = None,
    clock: VirtualClock | None = None,
    seed: int = 1,
) -> AsyncIterator[InProcessBranch]:
    """Open a branch that listens nowhere.

    Args:
        scene: a scene package's folder; `True` writes the small one of `testing.scene`, `False`
            serves none.
        settings: of the server; by default in memory, and a development branch.
        clock: one that runs already; by default a new one, for as long as the branch is open.
        seed: of everything that is left to chance.
    """
    async with AsyncExitStack() as resources:
        time = clock if clock is not None else VirtualClock()
        if clock is None:
            await resources.enter_async_context(time)
        chosen = settings or ServerSettings()
        if scene is True:
            folder = Path(resources.enter_context(tempfile.TemporaryDirectory()))
            write_scene(folder)
            chosen = replace(chosen, scene=folder)
        elif scene is not False:
            chosen = replace(chosen, scene=scene)
        if chosen.host_secret is None:
            chosen = replace(chosen, host_secret=HOST_SECRET)
        server = await resources.enter_async_context(BranchServer.open(chosen, clock=time))
        await resources.enter_async_context(server.realtime.ticker)
        place = InProcessBranch(server, time, seed=seed)
        resources.push_async_callback(place._end)
        yield place
