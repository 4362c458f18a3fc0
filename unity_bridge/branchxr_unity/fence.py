"""Memory barriers for a block that another language reads, out of what Python has."""

import platform
import threading
from collections.abc import Callable
from typing import Final

_ORDERED: Final = {"x86_64", "AMD64"}
"""Machines that keep stores in order, and loads, but not a store before a later load."""


class Fence:
    """Memory barriers: release one lock, then take it again, and so on.

    Either is an atomic read-modify-write, which on x86-64 is a full barrier by itself. ARM64 keeps
    no order at all; there both are done. Not tried on ARM64.

    Attributes:
        is_ordered: what was written before is seen before what is written after, by itself.
        stores: call it, and it is so on every machine.
        turns: two calls; do them by turns, the first first. What is read after one of them is also
            read after what was written before.
    """

    def __init__(self, *, machine: str = platform.machine()) -> None:
        lock = threading.Lock()
        lock.acquire()
        self._release: Callable[[], object] = lock.release
        self._acquire: Callable[[], object] = lock.acquire
        self.is_ordered = machine in _ORDERED
        # An empty built-in call, where there is nothing to do.
        self.stores: Callable[[], object] = bool if self.is_ordered else self._both
        self.turns: tuple[Callable[[], object], Callable[[], object]] = (
            (self._release, self._acquire) if self.is_ordered else (self._both, self._both)
        )

    def _both(self) -> None:
        self._release()
        self._acquire()
