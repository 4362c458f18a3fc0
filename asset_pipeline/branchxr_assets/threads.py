"""Threads beside the one that asked for them, which a fault or Ctrl-C leaves soon."""

from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

Made = TypeVar("Made")


class AtOnce(Executor):
    """Does what it is asked to at once, where a build may have one core only."""

    def submit(self, work: Callable[..., Made], /, *arguments: Any, **options: Any) -> Future[Made]:
        """Return what is done already."""
        done = Future[Made]()
        try:
            done.set_result(work(*arguments, **options))
        except Exception as error:  # noqa: BLE001 - whoever asks for the result gets it
            done.set_exception(error)
        return done


@contextmanager
def threads(beside: int) -> Iterator[Executor]:
    """Lend threads beside this one, or none; wait for what was begun in the end.

    Where something goes wrong meanwhile, what has not begun never does: `ThreadPoolExecutor` by
    itself would do all of it first.
    """
    with ThreadPoolExecutor(beside) if beside > 0 else AtOnce() as pool:
        try:
            yield pool
        except BaseException:  # KeyboardInterrupt too
            pool.shutdown(wait=False, cancel_futures=True)
            raise
