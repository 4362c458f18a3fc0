"""Ends a host whose game has gone, also where a script that never yields holds its loop up.

A game holds on to its host by two things: its own process, and the file that the host wrote its
address to. The loop looks at both and ends in peace. A thread looks as well, and does not ask the
loop: a `while True: pass` would otherwise keep a processor busy for ever, with nobody to stop it.
"""

import asyncio
import logging
import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

LOG: Final = logging.getLogger("branchxr.unity")
LOOK_S: Final = 1.0
STALLED_S: Final = 5.0
"""Longer than any call that ends, and than what a loop takes to end in peace."""


class Watchdog:
    """Knows whether the game is there, and whether the loop is.

    Args:
        parent: process of the game.
        ready: file that says where the host listens, once `is_listening`.
        now: monotonic seconds.

    Attributes:
        is_listening: the file was written; without it nobody wants this host any more.
    """

    def __init__(
        self,
        *,
        parent: int | None = None,
        ready: Path | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.is_listening = False
        self._parent = parent
        self._ready = ready
        self._now = now
        self._beat_at = now()

    @property
    def has_game(self) -> bool:
        """Whether the game's process runs and its file still names this process."""
        if self._parent is not None and not is_running(self._parent):
            return False
        return self._ready is None or not self.is_listening or names_us(self._ready)

    @property
    def is_stalled(self) -> bool:
        """Whether the loop has not come by for too long."""
        return self._now() - self._beat_at > STALLED_S

    async def until_gone(self) -> None:
        """Return once the game has gone; the loop is alive for as long as this runs."""
        while self.has_game:
            self._beat_at = self._now()
            if self._ready is not None and self.is_listening:
                _keep_young(self._ready)
            await asyncio.sleep(LOOK_S)

    def start(self) -> None:
        """Begin to look, on a thread; a host that no game holds is left alone."""
        if self._parent is not None or self._ready is not None:
            threading.Thread(target=self._look, name="branchxr watchdog", daemon=True).start()

    def _look(self) -> None:
        while self.has_game or not self.is_stalled:
            time.sleep(LOOK_S)
        LOG.error("the game has gone, and the script does not yield: this process ends")
        if self._ready is not None and names_us(self._ready):
            self._ready.unlink(missing_ok=True)
        os._exit(1)


def names_us(ready: Path) -> bool:
    """Say whether that file is this process's; another host may have written its own there."""
    try:
        return f"pid={os.getpid()}" in ready.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        return False


def _keep_young(ready: Path) -> None:
    """Keep the file from those who remove old ones from folders for temporary files."""
    try:
        os.utime(ready)
    except OSError:  # gone meanwhile: the next look tells
        return


def is_running(process: int) -> bool:
    """Say whether there is such a process."""
    if sys.platform == "win32":
        import ctypes  # noqa: PLC0415 - where it is needed

        synchronize, timed_out = 0x0010_0000, 0x102
        kernel = ctypes.windll.kernel32
        handle = kernel.OpenProcess(synchronize, False, process)
        if not handle:
            return False
        is_there = kernel.WaitForSingleObject(handle, 0) == timed_out
        kernel.CloseHandle(handle)
        return bool(is_there)
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
