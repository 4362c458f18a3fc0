"""Small pieces of the report's markup: text in two languages, tables, numbers."""

from collections.abc import Iterable, Sequence
from html import escape
from typing import Final

_STEPS: Final = ((1_000_000, "MB", "МБ"), (1_000, "kB", "кБ"))


def both(en: str, ru: str) -> str:
    """Return a text in English and Russian, of which the page shows one."""
    return f'<span lang="en">{escape(en)}</span><span lang="ru">{escape(ru)}</span>'


def number(value: float) -> str:
    """Group thousands with a narrow space, which both languages read."""
    return f"{value:,.0f}".replace(",", "\u202f")


def size(value: int) -> str:
    """Return bytes for people, in both languages."""
    for step, en, ru in _STEPS:
        if value >= step:
            shown = value / step
            text = f"{shown:.1f}" if shown < 100 else f"{shown:.0f}"
            return both(f"{text} {en}", f"{text.replace('.', ',')} {ru}")
    return both(f"{value} bytes", f"{value} байт")


def table(head: Sequence[str], rows: Iterable[Sequence[str]], *, numbers: Sequence[int]) -> str:
    """Return a table of markup; the columns `numbers` are set to the right."""

    def line(cells: Sequence[str], tag: str) -> str:
        made = [
            f"<{tag}{' class=n' if index in numbers else ''}>{cell}</{tag}>"
            for index, cell in enumerate(cells)
        ]
        return f"<tr>{''.join(made)}</tr>"

    body = "".join(line(row, "td") for row in rows)
    return f'<div class="scroll"><table>{line(head, "th")}{body}</table></div>'
