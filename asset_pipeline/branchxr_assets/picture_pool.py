"""Encode pictures in threads while geometry is worked on, each once for all who ask for it.

Pillow lets other threads run while it decodes and encodes, as Draco does, so that two cores are
busy where pictures first and geometry afterwards kept one of them idle: of the dense scene's full
level 1.9 s of processor time are geometry and JSON, 4 s are pictures.
"""

import sys
from collections.abc import Callable, Hashable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from types import TracebackType
from typing import Final, Self

from .threads import AtOnce

_SWITCH_S: Final = 0.001
"""A decoder asks for Python's lock 311 times for a PNG of 20 MB, and gets it from a thread that is
busy only after this long. By Python's own 5 ms that is up to 1.5 s in which a core may be idle."""


class PicturePool:
    """Threads, and what they were asked to make, by key. For one build: nothing is forgotten.

    Args:
        jobs: threads: no more pictures are decoded at a time, which bounds memory. With one, each
            is made where it is asked for, beside nothing.
    """

    def __init__(self, jobs: int) -> None:
        self._threads: Executor = ThreadPoolExecutor(jobs) if jobs > 1 else AtOnce()
        self._made: dict[Hashable, Future[bytes]] = {}
        self._switch_s = sys.getswitchinterval()

    def begin(self, key: Hashable, make: Callable[[], bytes]) -> None:
        """Have it made, unless it was begun before."""
        if key not in self._made:
            self._made[key] = self._threads.submit(make)

    def result(self, key: Hashable, make: Callable[[], bytes]) -> bytes:
        """Return what was made, begun now if it was not; raises what `make` raised."""
        self.begin(key, make)
        return self._made[key].result()

    def __enter__(self) -> Self:
        self._switch_s = sys.getswitchinterval()
        sys.setswitchinterval(min(self._switch_s, _SWITCH_S))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Wait for what is being made; after an error what has not begun never does."""
        self._threads.shutdown(cancel_futures=error is not None)
        sys.setswitchinterval(self._switch_s)
