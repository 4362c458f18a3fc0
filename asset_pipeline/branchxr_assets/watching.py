"""Wait for files to change: by looking at them, so that it works on every disk and share.

A change counts once the files have held still for one look: exporters write in several goes, and
half a scene is no scene.
"""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final

INTERVAL_S: Final = 0.4
"""Between two looks: soon enough for a person, no load for a disk."""

Seen = dict[Path, tuple[int, int] | None]
"""`(modified, bytes)` of each file, `None` where there is none."""


def look(paths: Iterable[Path]) -> Seen:
    """Return what the files look like from outside."""
    found: Seen = {}
    for path in paths:
        try:
            status = path.stat()
        except OSError:
            found[path] = None
        else:
            found[path] = (status.st_mtime_ns, status.st_size)
    return found


def changes(
    inputs: Callable[[], Iterable[Path]], *, sleep: Callable[[float], object]
) -> Iterator[list[Path]]:
    """Yield which files changed, each time some did and all hold still again; without an end.

    Args:
        inputs: the files to look at, asked anew after each change: a scene may name others now.
        sleep: seconds to wait between two looks; what it raises ends the waiting.
    """
    known = look(inputs())
    while True:
        sleep(INTERVAL_S)
        now = look(known)
        if now == known:
            continue
        while (later := _after(sleep, now)) != now:
            now = later
        yield sorted(path for path in now if now[path] != known[path])
        known = {**look(inputs()), **now}


def _after(sleep: Callable[[float], object], seen: Seen) -> Seen:
    sleep(INTERVAL_S)
    return look(seen)
