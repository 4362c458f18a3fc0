"""Progress bars on stderr, one for each stage, only where somebody sees them."""

import contextlib
import sys
from collections.abc import Callable, Iterator
from typing import Final

Tell = Callable[[str, float], None]
"""Called with what is being done and how much of the whole is done, 0 to 1."""
_STAGES_SHOWN: Final = 8
"""So many bars at once; of hundreds of scenes the last ones."""


@contextlib.contextmanager
def progress_bar(title: str) -> Iterator[Tell | None]:
    """Give a function that moves the bars, or `None` where stderr is no terminal.

    The first bar is the whole. Each new name is a stage: it gets a bar of its own, which runs while
    the stage does and is full when the next one begins.
    """
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        whole = bars.add_task(title, total=1.0)
        stages: list[tuple[str, TaskID]] = []

        def tell(what: str, share: float) -> None:
            bars.update(whole, completed=share)
            if stages and stages[-1][0] == what:
                return
            if stages:
                bars.update(stages[-1][1], total=1.0, completed=1.0)
                bars.stop_task(stages[-1][1])
            stages.append((what, bars.add_task(f"  {what}", total=None)))
            if len(stages) > _STAGES_SHOWN:
                bars.remove_task(stages.pop(0)[1])

        yield tell
