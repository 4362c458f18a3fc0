"""A wire in memory: two ends, messages in order, and faults on demand."""

import asyncio
from collections import deque
from typing import Final

from ..wire import WireClosed

MAX_BUFFERED_BYTES: Final = 8 * 1024 * 1024
"""What one direction holds before it breaks, as a real connection to a dead peer would."""

ABNORMAL: Final = 1006  # RFC 6455 section 7.4.1: no close frame came


class MemoryWire:
    """One end of a pair made by `wire_pair`; it is a `branchxr.wire.Wire`.

    `cut` breaks both ends as a dead network does; `stall` keeps what this end sends from
    arriving until `flow`, as a full one does.
    """

    def __init__(self) -> None:
        self._peer: MemoryWire | None = None
        self._inbox: deque[str | bytes] = deque()
        self._inbox_bytes = 0
        self._held: deque[str | bytes] = deque()
        self._held_bytes = 0
        self._is_stalled = False
        self._closed: tuple[int, str] | None = None
        self._changed = asyncio.Event()

    @property
    def buffered_bytes(self) -> int:
        """Bytes sent from this end that the other has not received yet."""
        return self._held_bytes + (self._peer._inbox_bytes if self._peer else 0)

    @property
    def is_closed(self) -> bool:
        """Whether nothing can be sent any more."""
        return self._closed is not None

    def send(self, message: str | bytes) -> None:
        """Send without waiting; dropped if the wire is closed.

        More than `MAX_BUFFERED_BYTES` on the way cuts the wire.
        """
        if self._closed is not None or self._peer is None:
            return
        if self.buffered_bytes + _size(message) > MAX_BUFFERED_BYTES:
            self.cut()
        elif self._is_stalled:
            self._held.append(message)
            self._held_bytes += _size(message)
        else:
            self._peer._deliver(message)

    async def receive(self) -> str | bytes:
        """Wait for the next message; what came before the close is still received.

        Raises:
            WireClosed: there will be no more.
        """
        while not self._inbox:
            if self._closed is not None:
                raise WireClosed(*self._closed)
            self._changed.clear()
            await self._changed.wait()
        message = self._inbox.popleft()
        self._inbox_bytes -= _size(message)
        return message

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """Close both ends; a second close does nothing."""
        self._end(code, reason)

    def cut(self) -> None:
        """Break the wire: both ends see 1006, and nothing on its way arrives."""
        for end in (self, self._peer):
            if end is not None:
                end._inbox.clear()
                end._inbox_bytes = 0
        self._end(ABNORMAL, "cut")

    def stall(self) -> None:
        """Keep back what this end sends from now on."""
        self._is_stalled = True

    def flow(self) -> None:
        """Let through what was kept back."""
        self._is_stalled = False
        while self._held and self._peer is not None:
            self._peer._deliver(self._held.popleft())
        self._held_bytes = 0

    def _deliver(self, message: str | bytes) -> None:
        self._inbox.append(message)
        self._inbox_bytes += _size(message)
        self._changed.set()

    def _end(self, code: int, reason: str) -> None:
        for end in (self, self._peer):
            if end is not None and end._closed is None:
                end._closed = (code, reason)
                end._changed.set()


def wire_pair() -> tuple[MemoryWire, MemoryWire]:
    """Return the two ends of a new wire."""
    near, far = MemoryWire(), MemoryWire()
    near._peer, far._peer = far, near
    return near, far


def _size(message: str | bytes) -> int:
    return len(message.encode()) if isinstance(message, str) else len(message)
