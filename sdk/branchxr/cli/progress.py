"""A progress bar on stderr, only where somebody sees it."""

import contextlib
import sys
from collections.abc import Callable, Iterator

Tell = Callable[[str, float], None]
"""Called with what is being done and how much of the whole is done, 0 to 1."""


@contextlib.contextmanager
def progress_bar(title: str) -> Iterator[Tell | None]:
    """Give a function that moves the bar, or `None` where stderr is no terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=1.0)

        def tell(what: str, share: float) -> None:
            bar.update(task, completed=share, description=f"{title}: {what}")

        yield tell
