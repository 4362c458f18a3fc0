"""A two-way line of messages: a WebSocket in production, a pair of queues in tests."""

from typing import Protocol


class WireClosed(Exception):
    """The wire is closed, by either side or by a fault.

    Attributes:
        code: the close code of RFC 6455 section 7.4 (1006: no close frame came).
    """

    def __init__(self, code: int = 1006, reason: str = "") -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason


class Wire(Protocol):
    """Messages in order, text or binary; both sides of the realtime shells speak to this."""

    @property
    def buffered_bytes(self) -> int:
        """Bytes sent that the peer has not taken yet."""
        ...

    def send(self, message: str | bytes) -> None:
        """Send without waiting; dropped if the wire is closed."""
        ...

    async def receive(self) -> str | bytes:
        """Wait for the next message.

        Raises:
            WireClosed: there will be no more.
        """
        ...

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """Close; a second close does nothing."""
        ...
