"""What worker processes do in tests: a module of its own, so that they need not load the tests."""

import os
import signal
from pathlib import Path


def end_of(number: int) -> int:
    """Come to an end on 2, as the system does for want of memory."""
    if number == 2:
        os._exit(9)
    return number * 10


def wait_here(folder: Path) -> None:
    """Wait for a signal; leave a file when working, and another when cleaning up."""
    try:
        (folder / f"{os.getpid()}.started").write_bytes(b"")
        signal.pause()
    finally:
        (folder / f"{os.getpid()}.cleaned").write_bytes(b"")
