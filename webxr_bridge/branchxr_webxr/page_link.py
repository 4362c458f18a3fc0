"""The way to one page: what it must know is kept, what it may miss is dropped.

A page that comes back after a broken connection is told everything that still holds (messages kept
under a key, each replacing the one before), and nothing twice. Every queue here has a limit.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Final

from branchxr.errors import StageError

from .messages import Down, encode_down

KEPT_MAX: Final = 1024
"""Messages that hold: people, panels, what was said lately. 200 people stay far below it."""

WAITING_MAX: Final = 1024
"""Text messages that wait for a slow page; one more and it must come back and be told anew."""

FRAMES_MAX: Final = 8
"""Cell frames that wait, oldest dropped: 0.4 s of one cell. A complete frame comes every 2 s."""


class PageOverflow(StageError):
    """The page does not take its messages, or a script keeps more than a page can hold."""

    default_code = "page_overflow"


class PageLink:
    """Messages and frames for one page. One event loop; `Socket`s come and go."""

    def __init__(self) -> None:
        self._kept: dict[str, str] = {}
        self._states: list[Callable[[], Iterable[Down]]] = []
        self._waiting: deque[str] = deque()
        self._frames: deque[bytes] = deque(maxlen=FRAMES_MAX)
        self._wakes = asyncio.Event()
        self._is_drained = asyncio.Event()
        self._reader = 0
        self._has_overflowed = False
        self.is_attached = False

    def say(self, message: Down, *, key: str | None = None) -> None:
        """Send a message now, and keep it under `key` for a page that comes back.

        Raises:
            PageOverflow: more than `KEPT_MAX` keys.
        """
        text = encode_down(message)
        if key is not None:
            self._keep(key, text)
        if not self.is_attached:
            return
        if len(self._waiting) >= WAITING_MAX + len(self._kept):
            self._has_overflowed = True
        else:
            self._waiting.append(text)
        self._wakes.set()

    def add_state(self, state: Callable[[], Iterable[Down]]) -> None:
        """Have a function say what else a page that comes back must know."""
        self._states.append(state)

    def forget(self, key: str) -> None:
        """Stop keeping what was said under a key."""
        self._kept.pop(key, None)

    def frame(self, frame: bytes) -> None:
        """Pass a cell frame on, unless the page has no time for it. Never blocks."""
        if self.is_attached:
            self._frames.append(frame)
            self._wakes.set()

    async def drained(self) -> None:
        """Wait until all text that was said has been taken by the reader."""
        while self.is_attached and self._waiting:
            self._is_drained.clear()
            await self._is_drained.wait()

    def detach(self) -> None:
        """End the current reader, if any; messages without a key are lost from now on."""
        self._reader += 1
        self.is_attached = False
        self._waiting.clear()
        self._frames.clear()
        self._wakes.set()
        self._is_drained.set()

    async def outgoing(self, first: Down) -> AsyncIterator[str | bytes]:
        """Yield what to send to a fresh socket: `first`, all that holds, then what comes.

        Ends when another reader begins or `detach` is called.

        Raises:
            PageOverflow: the socket took too long.
        """
        self.detach()
        reader = self._reader
        self.is_attached = True
        self._has_overflowed = False
        self._waiting.extend((encode_down(first), *self._kept.values()))
        for state in self._states:
            self._waiting.extend(map(encode_down, state()))
        while reader == self._reader:
            if self._has_overflowed:
                raise PageOverflow(
                    f"a page that takes its messages, at most {WAITING_MAX} waiting",
                    "a slow one",
                    "it comes back by itself",
                )
            if self._waiting:
                yield self._waiting.popleft()
            elif self._frames:
                yield self._frames.popleft()
            else:
                self._is_drained.set()
                self._wakes.clear()
                await self._wakes.wait()

    def _keep(self, key: str, text: str) -> None:
        self._kept.pop(key, None)  # last said is last told
        if len(self._kept) >= KEPT_MAX:
            raise PageOverflow(
                f"at most {KEPT_MAX} things for a page to know", "one more", "close panels"
            )
        self._kept[key] = text
