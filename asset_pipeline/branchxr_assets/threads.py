"""Threads beside the one that asked for them, which a fault or Ctrl-C leaves soon."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager


@contextmanager
def threads(jobs: int) -> Iterator[ThreadPoolExecutor]:
    """Lend at least one thread; wait for what was begun in the end.

    Where something goes wrong meanwhile, what has not begun never does: `ThreadPoolExecutor` by
    itself would do all of it first.
    """
    with ThreadPoolExecutor(max(jobs, 1)) as pool:
        try:
            yield pool
        except BaseException:  # KeyboardInterrupt too
            pool.shutdown(wait=False, cancel_futures=True)
            raise
