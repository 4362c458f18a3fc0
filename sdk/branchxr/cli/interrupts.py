"""Ctrl-C that is heard even where Python cannot raise it."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

Progress = Callable[[str, float], None]


@contextmanager
def heard_at_the_latest(progress: Progress | None) -> Iterator[Progress]:
    """Yield a progress callback that raises what of Ctrl-C was lost before it is called.

    KeyboardInterrupt comes wherever the interpreter is. In a finaliser, or in what native code
    calls back, it is printed and forgotten, and a build went on to its end.
    """
    was_asked = threading.Event()

    def ask(_number: int, _frame: FrameType | None) -> None:
        was_asked.set()
        raise KeyboardInterrupt

    def tell(what: str, share: float) -> None:
        if was_asked.is_set():
            raise KeyboardInterrupt
        if progress is not None:
            progress(what, share)

    # Who starts a program in the background of a shell has it ignore Ctrl-C: so it stays.
    is_ours = (
        threading.current_thread() is threading.main_thread()
        and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    )
    if not is_ours:
        yield tell
        return
    before = signal.signal(signal.SIGINT, ask)
    try:
        yield tell
    finally:
        signal.signal(signal.SIGINT, before)
