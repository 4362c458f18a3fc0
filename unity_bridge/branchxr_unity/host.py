"""A Python beside the game: `branchxr unity host`."""

import asyncio
import logging
import os
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from branchxr._version import __version__

from .game import Game, Player
from .game_socket import GameSocket
from .layout import VERSION
from .watchdog import Watchdog, names_us

LOG: Final = logging.getLogger("branchxr.unity")
KEEP_S: Final = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class HostOptions:
    """Where a host listens, and for how long.

    Attributes:
        port: on 127.0.0.1; 0 takes any.
        ready: file that tells the game port and token once they are known; readable by its owner
            only, and removed at the end. Whoever removes it ends the host.
        parent: process of the game; the host ends when that has.
        keep_s: how long a player stays in the branch without a game: a domain reload takes seconds.
    """

    port: int = 0
    ready: Path | None = None
    parent: int | None = None
    keep_s: float = KEEP_S


@dataclass(frozen=True, slots=True)
class Address:
    """Where a host listens, and what it asks for."""

    port: int
    token: str


@asynccontextmanager
async def hosting(
    player: Player, options: HostOptions
) -> AsyncIterator[tuple[Address, GameSocket]]:
    """Run a player's visit, and listen for their game; `GameSocket.is_over` says when to end."""
    game = Game(player)
    token = secrets.token_urlsafe(32)
    door = GameSocket(game, token=token, keep_s=options.keep_s)
    beat = asyncio.create_task(game.beat())
    try:
        async with door.listen(options.port) as port:
            address = Address(port, token)
            if options.ready is not None:
                write_ready(options.ready, address)
            yield address, door
            with suppress(TimeoutError):
                async with asyncio.timeout(1):  # its last words
                    await game.link.drained()
    finally:
        if options.ready is not None and names_us(options.ready):
            options.ready.unlink(missing_ok=True)
        tasks = [beat, *([door.visit] if door.visit else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def run_host(
    player: Player,
    options: HostOptions,
    *,
    seconds: float | None = None,
    on_listening: Callable[[], None] = lambda: None,
    watchdog: Watchdog | None = None,
) -> None:
    """Host until the game has gone, its process has ended, or the time is over.

    Args:
        player: who plays.
        options: where, and for how long without a game.
        seconds: end after so long.
        on_listening: called once the address is known.
        watchdog: told that the loop is alive; one that has not been started, if not given.
    """
    dog = watchdog or Watchdog(parent=options.parent, ready=options.ready)
    async with hosting(player, options) as (address, door):
        LOG.info("listening on 127.0.0.1:%d", address.port)
        on_listening()
        dog.is_listening = True
        waiting: list[asyncio.Task[Any]] = [
            asyncio.create_task(door.is_over.wait()), asyncio.create_task(dog.until_gone()),
        ]  # fmt: skip
        try:
            await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)


def write_ready(path: Path, address: Address) -> None:
    """Write where the host listens, whole or not at all: a game may read it at any time."""
    lines = {
        "layout": VERSION, "version": __version__, "pid": os.getpid(), "port": address.port,
        "token": address.token,
    }  # fmt: skip
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.writelines(f"{name}={value}\n" for name, value in lines.items())
    temporary.replace(path)
