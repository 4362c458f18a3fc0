"""What one build needs more than once and would make again: in memory, within a limit."""

import threading
from typing import Generic, TypeVar

Value = TypeVar("Value")


class AtHand(Generic[Value]):
    """Values by their keys; the oldest go where there is no room. Safe for threads.

    Args:
        bytes_max: what all of them may take; with 0 nothing is kept.
    """

    def __init__(self, bytes_max: int) -> None:
        self._left_bytes = bytes_max
        self._bytes_max = bytes_max
        self._kept: dict[bytes, tuple[Value, int]] = {}
        self._lock = threading.Lock()

    def get(self, key: bytes) -> Value | None:
        """Return what was kept."""
        with self._lock:
            found = self._kept.get(key)
        return None if found is None else found[0]

    def keep(self, key: bytes, value: Value, *, size_bytes: int) -> None:
        """Keep a value, unless it alone is too large."""
        if size_bytes > self._bytes_max:
            return
        with self._lock:
            if key in self._kept:
                return
            while size_bytes > self._left_bytes:
                self._left_bytes += self._kept.pop(next(iter(self._kept)))[1]
            self._kept[key] = value, size_bytes
            self._left_bytes -= size_bytes
