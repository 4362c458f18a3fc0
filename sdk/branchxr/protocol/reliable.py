"""Exactly once and in order over connections that break: both directions use the same two halves.

The sender numbers its messages and keeps them until they are acknowledged; the receiver takes the
next number only. A connection that comes back says what arrived last, and the sender repeats the
rest.
"""

from collections import deque
from collections.abc import Callable
from typing import Final

from ..errors import ProtocolError

KEPT_MESSAGES: Final = 512
KEPT_BYTES: Final = 256 * 1024


class SentRing:
    """What was sent and not yet acknowledged, bounded by count and by bytes.

    When it overflows the oldest are forgotten: whoever resumes from before them cannot.
    """

    def __init__(self, *, max_messages: int = KEPT_MESSAGES, max_bytes: int = KEPT_BYTES) -> None:
        self._max_messages = max_messages
        self._max_bytes = max_bytes
        self._kept: deque[str] = deque()
        self._bytes = 0
        self.last_seq = 0

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def is_full(self) -> bool:
        """Whether the next message would make it forget one."""
        return len(self._kept) >= self._max_messages or self._bytes >= self._max_bytes

    def append(self, encode: Callable[[int], str]) -> str:
        """Number a message, keep it, and return it as `encode(seq)` made it."""
        self.last_seq += 1
        text = encode(self.last_seq)
        self._kept.append(text)
        self._bytes += len(text)
        while len(self._kept) > self._max_messages or self._bytes > self._max_bytes:
            self._bytes -= len(self._kept.popleft())
        return text

    def acknowledge(self, seq: int) -> None:
        """Forget everything up to and including `seq`; a stale or impossible one is ignored."""
        if seq > self.last_seq:
            return
        while self._kept and self._first_seq <= seq:
            self._bytes -= len(self._kept.popleft())

    def since(self, seq: int) -> list[str] | None:
        """Return what was sent after `seq`, or `None` when that is not known any more."""
        if not self._first_seq - 1 <= seq <= self.last_seq:
            return None
        return list(self._kept)[seq - self._first_seq + 1 :]

    @property
    def _first_seq(self) -> int:
        return self.last_seq - len(self._kept) + 1


class ReceivedCount:
    """What arrived: takes each number once, in order."""

    def __init__(self) -> None:
        self.last_seq = 0

    def take(self, seq: int) -> bool:
        """Return whether this message is new; one that was taken before is not.

        Raises:
            ProtocolError: `seq_gap`: one in between never came.
        """
        if seq <= self.last_seq:
            return False
        if seq != self.last_seq + 1:
            raise ProtocolError(
                f"reliable message {self.last_seq + 1}",
                f"{seq}",
                "number reliable messages without gaps and resume after a break",
                code="seq_gap",
            )
        self.last_seq = seq
        return True
