"""What the demo shows in a terminal: a progress bar, a live table, a summary; plain in a pipe."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from rich.console import Console
from rich.live import Live
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from ..money import Money

FIRST_LINE = "simulated: embedded branch, fake money, software keys; on this machine only"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """How the demo stands, a moment's worth."""

    address: str
    seconds: float
    bots: int
    people: int
    pose_age_ms: tuple[float, float] | None
    payment: str
    ledger_sum_minor: int
    transfers: int


class View(Protocol):
    """Where the demo tells what happens."""

    def say(self, text: str) -> None:
        """Tell one thing."""

    def progress(self, stage: str, share: float) -> None:
        """Tell what the build does, and how much of it is done, 0 to 1."""

    def update(self, snapshot: Snapshot) -> None:
        """Show how things stand now."""

    def summary(self, result: dict[str, Any]) -> None:
        """Show how it ended."""


class PlainView:
    """Lines on stderr: for pipes, logs and `--json`."""

    def __init__(self) -> None:
        self._stage = ""

    def say(self, text: str) -> None:
        """Write one line."""
        sys.stderr.write(text + "\n")
        sys.stderr.flush()

    def progress(self, stage: str, share: float) -> None:  # noqa: ARG002 - lines, no bar
        """Name each stage once."""
        if stage != self._stage:
            self._stage = stage
            self.say(f"  {stage}")

    def update(self, snapshot: Snapshot) -> None:
        """Say nothing: a pipe has no use for a table that moves."""

    def summary(self, result: dict[str, Any]) -> None:
        """Write the summary's lines."""
        for name, text in summary_rows(result):
            self.say(f"{name:<9} {text}")


class TerminalView:
    """A progress bar, then a table that lives until the end."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._progress: Progress | None = None
        self._live: Live | None = None

    def say(self, text: str) -> None:
        """Print above whatever moves."""
        self._console.print(text, highlight=False, markup=False)

    def progress(self, stage: str, share: float) -> None:
        """Move the bar."""
        if self._progress is None:
            self._progress = Progress(
                TextColumn("{task.description:<24}"), BarColumn(), TimeElapsedColumn(),
                console=self._console, transient=True,
            )  # fmt: skip
            self._progress.start()
            self._progress.add_task(stage, total=1.0)
        self._progress.update(self._progress.task_ids[0], description=stage, completed=share)

    def update(self, snapshot: Snapshot) -> None:
        """Redraw the table."""
        self._end_progress()
        if self._live is None:
            self._live = Live(console=self._console, refresh_per_second=4)
            self._live.start()
        self._live.update(_table(live_rows(snapshot)))

    def summary(self, result: dict[str, Any]) -> None:
        """Print the last table."""
        self.stop()
        self._console.print(_table(summary_rows(result)))

    def stop(self) -> None:
        """Leave the terminal as it was."""
        self._end_progress()
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _end_progress(self) -> None:
        if self._progress is not None:
            self._progress.stop()
            self._progress = None


@contextmanager
def view_for(*, is_quiet: bool) -> Iterator[View]:
    """Give the view that suits where stderr goes; the first line says what is simulated."""
    console = Console(stderr=True)
    if is_quiet or not console.is_terminal:
        plain = PlainView()
        plain.say(FIRST_LINE)
        yield plain
        return
    terminal = TerminalView(console)
    terminal.say(FIRST_LINE)
    try:
        yield terminal
    finally:
        terminal.stop()


def live_rows(now: Snapshot) -> list[tuple[str, str]]:
    """Return the rows of the live table."""
    age = now.pose_age_ms
    return [
        ("open", f"{now.address}   (Ctrl-C ends the demo)"),
        ("in", f"{now.bots} bots, {now.people} {'person' if now.people == 1 else 'people'}"),
        ("poses", _age(*age) if age else "none yet"),
        ("payment", now.payment),
        ("ledger", f"{now.transfers} transfers, sum {now.ledger_sum_minor}"),
        ("running", f"{now.seconds:.0f} s"),
    ]


def summary_rows(result: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the rows of the summary, from the object that `--json` prints."""
    scene, avatars, payment, ledger = (
        result[part] for part in ("scene", "avatars", "payment", "ledger")
    )
    age = avatars["pose_age_ms"]

    def money(name: str) -> Money:
        return Money.from_minor(payment[name], payment["currency"])

    return [
        ("scene", f"{scene['source_bytes'] / 1e6:.2f} MB came in, {scene['chunks']} chunks of "
                  f"{scene['chunk_bytes'] / 1e6:.2f} MB went out, {scene['anchors']} anchors"),
        ("avatars", f"{avatars['count']}; poses {_age(age['p50'], age['p95'])}"),
        ("payment", f"{payment['state']}: {money('amount_minor')}, signed over "
                    f"{payment['challenge_sha256'][:16]}…"),
        *((who, f"{money(f'{who}_before_minor').amount} -> {money(f'{who}_after_minor')}")
          for who in ("debtor", "creditor")),
        ("ledger", f"{ledger['transfers']} transfers, sum {ledger['sum_before_minor']} before, "
                   f"{ledger['sum_after_minor']} after"),
        ("ran", f"{result['seconds']:.1f} s"),
    ]  # fmt: skip


def _age(p50: float | None, p95: float | None) -> str:
    return "not seen" if p50 is None else f"{p50:.0f} ms old (p50), {p95:.0f} ms (p95)"


def _table(rows: list[tuple[str, str]]) -> Table:
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    for name, text in rows:
        table.add_row(f"[bold]{name}", text.replace("[", r"\["))
    return table
