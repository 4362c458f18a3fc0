"""The way to where a stage is shown: what must be known there is kept, what may be missed dropped.

Whoever comes back after a broken connection (a page, a game whose scripts were reloaded) is told
everything that still holds (messages kept under a key, each replacing the one before), and nothing
twice. Every queue here has a limit.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Final, Generic, TypeVar

from ..errors import StageError
from .messages import Down

OutT = TypeVar("OutT", bound=str | bytes)

KEPT_MAX: Final = 1024
"""Messages that hold: people, panels, what was said lately. 200 people stay far below it."""

WAITING_MAX: Final = 1024
"""Messages that wait for a slow reader; one more and it must come back and be told anew."""

FRAMES_MAX: Final = 8
"""Cell frames that wait, oldest dropped: 0.4 s of one cell. A complete frame comes every 2 s."""


class StageOverflow(StageError):
    """A stage does not take its messages, or a script keeps more than it can hold."""

    default_code = "stage_overflow"


class StageLink(Generic[OutT]):
    """Messages and frames for one stage. One event loop; readers come and go.

    Args:
        encode: makes of a message what the reader takes.
    """

    def __init__(self, encode: Callable[[Down], OutT]) -> None:
        self._encode = encode
        self._kept: dict[str, OutT] = {}
        self._states: list[Callable[[], Iterable[Down]]] = []
        self._waiting: deque[OutT] = deque()
        self._frames: deque[bytes] = deque(maxlen=FRAMES_MAX)
        self._wakes = asyncio.Event()
        self._is_drained = asyncio.Event()
        self._reader = 0
        self._has_overflowed = False
        self.is_attached = False

    def say(self, message: Down, *, key: str | None = None) -> None:
        """Send a message now, and keep it under `key` for a reader that comes back.

        Raises:
            StageOverflow: more than `KEPT_MAX` keys.
        """
        text = self._encode(message)
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
        """Have a function say what else a reader that comes back must know."""
        self._states.append(state)

    def forget(self, key: str) -> None:
        """Stop keeping what was said under a key."""
        self._kept.pop(key, None)

    def frame(self, frame: bytes) -> None:
        """Pass a cell frame on, unless the reader has no time for it. Never blocks."""
        if self.is_attached:
            self._frames.append(frame)
            self._wakes.set()

    async def drained(self) -> None:
        """Wait until all that was said has been taken by the reader."""
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

    async def outgoing(self, first: Down) -> AsyncIterator[OutT | bytes]:
        """Yield what to send to a fresh reader: `first`, all that holds, then what comes.

        Ends when another reader begins or `detach` is called.

        Raises:
            StageOverflow: the reader took too long.
        """
        self.detach()
        reader = self._reader
        self.is_attached = True
        self._has_overflowed = False
        self._waiting.extend((self._encode(first), *self._kept.values()))
        for state in self._states:
            self._waiting.extend(map(self._encode, state()))
        while reader == self._reader:
            if self._has_overflowed:
                raise StageOverflow(
                    f"a stage that takes its messages, at most {WAITING_MAX} waiting",
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

    def _keep(self, key: str, text: OutT) -> None:
        self._kept.pop(key, None)  # last said is last told
        if len(self._kept) >= KEPT_MAX:
            raise StageOverflow(
                f"at most {KEPT_MAX} things for a stage to know", "one more", "close panels"
            )
        self._kept[key] = text
