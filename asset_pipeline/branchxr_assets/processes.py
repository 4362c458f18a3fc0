"""Do several things at once, a process each: an interrupt stops them all, and they clean up.

A worker that dies takes its pool with it, and nobody knows which task it was; so what was not done
is done again, one by one, and only the task whose own worker dies is given up.
"""

import contextlib
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

from branchxr.errors import BranchXRError

_Task = TypeVar("_Task")
_Result = TypeVar("_Result")
_working: list[bool] = []
"""In a worker: not empty while it works. A signal handler has nowhere else to look."""


class WorkerDied(Exception):
    """The process that did a task came to an end: mostly for want of memory."""

    def told(self, what: str) -> BranchXRError:
        """Return the error for people: `what` names the task."""
        return BranchXRError(
            f"a process that builds {what}",
            "one that was ended by the system, mostly for want of memory",
            "close other programs, or build less at once",
            code="build_process_died",
        )


def at_once(
    work: Callable[[_Task], _Result], tasks: Sequence[_Task], *, jobs: int
) -> Iterator[tuple[_Task, _Result | WorkerDied]]:
    """Do tasks in processes; yield each with its result, as they are done.

    Args:
        work: a function of a module; what it raises is raised here, and ends it all.
        tasks: what can be pickled.
        jobs: processes at most.
    """
    left = list(tasks)
    for task, result in _in_pool(work, left, jobs=jobs):
        if not isinstance(result, WorkerDied):
            left.remove(task)
            yield task, result
    for task in left:
        yield from _in_pool(work, [task], jobs=1)


def _in_pool(
    work: Callable[[_Task], _Result], tasks: Sequence[_Task], *, jobs: int
) -> Iterator[tuple[_Task, _Result | WorkerDied]]:
    if not tasks:
        return
    context = multiprocessing.get_context("spawn")  # a forked numpy keeps locks of other threads
    before = set(multiprocessing.active_children())
    pool = ProcessPoolExecutor(min(jobs, len(tasks)), mp_context=context, initializer=_obey)
    try:
        running: dict[Future[_Result], _Task] = {
            pool.submit(_watched, work, task): task for task in tasks
        }
        for done in as_completed(running):
            try:
                yield running[done], done.result()
            except BrokenProcessPool:
                yield running[done], WorkerDied()
    except BaseException:
        for process in set(multiprocessing.active_children()) - before:
            process.terminate()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _obey() -> None:
    """Let the parent alone decide when to stop: Ctrl-C reaches everybody in a terminal."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(AttributeError, ValueError):
        signal.signal(signal.SIGTERM, _stop)


def _stop(_number: int, _frame: object) -> None:
    if not _working:
        os._exit(130)  # between two tasks there is nothing to clean up
    raise KeyboardInterrupt


def _watched(work: Callable[[_Task], _Result], task: _Task) -> _Result:
    _working.append(True)
    try:
        return work(task)
    finally:
        _working.clear()
