"""The report's list of what was lost, changed or could be better, the worst first."""

import json
from collections.abc import Mapping, Sequence
from html import escape
from typing import Final

from ..details import in_russian
from ..warnings import SceneWarning
from ..wording import Words, wording
from .markup import both

_LEVELS: Final = {
    "loss": ("lost", "потеря"),
    "change": ("changed", "изменение"),
    "advice": ("advice", "совет"),
}
_OPEN_MAX: Final = 3
"""A short list is shown at once, a longer one on request."""
_LISTED_MAX: Final = 500


def warning_list(warnings: Sequence[SceneWarning], places: Mapping[str, Sequence[float]]) -> str:
    """Return the cards: one for each code, with every object it is about.

    Args:
        warnings: of the whole build.
        places: where objects are, by path, for those that the viewer can go to.
    """
    if not warnings:
        said = both(
            "Nothing was lost, and nothing had to be guessed.",
            "Ничего не потеряно, и ничего не пришлось угадывать.",
        )
        return f'<div class="card good">{said}</div>'
    groups: dict[str, list[SceneWarning]] = {}
    for warning in warnings:
        groups.setdefault(warning.code, []).append(warning)
    order = sorted(groups, key=lambda code: (list(_LEVELS).index(_level(code)), -len(groups[code])))
    return "".join(_card(code, groups[code], places) for code in order)


def counted(warnings: Sequence[SceneWarning]) -> dict[str, int]:
    """Return how many warnings there are of each level."""
    levels = [_level(warning.code) for warning in warnings]
    return {level: levels.count(level) for level in _LEVELS}


def _level(code: str) -> str:
    known = wording(code)
    return known.level if known is not None else "change"


def _card(code: str, group: Sequence[SceneWarning], places: Mapping[str, Sequence[float]]) -> str:
    level = _level(code)
    known = wording(code)
    en, ru = (known.en, known.ru) if known is not None else _unknown(code)
    times = f" <small>× {len(group)}</small>" if len(group) > 1 else ""
    listed = "".join(_item(warning, places) for warning in group[:_LISTED_MAX])
    if len(group) > _LISTED_MAX:
        listed += f"<li>… {len(group) - _LISTED_MAX}</li>"
    is_open = " open" if len(group) <= _OPEN_MAX else ""
    return (
        f'<article class="card warning {level}"><h3><span class="level">{both(*_LEVELS[level])}'
        f"</span>{both(en.title, ru.title)}{times}</h3>"
        f"<p>{both(en.remedy, ru.remedy)}</p>"
        f"<details{is_open}><summary>{both('Where, and the details', 'Где, и подробности')}"
        f"</summary><ul>{listed}</ul></details><code>{escape(code)}</code></article>"
    )


def _item(warning: SceneWarning, places: Mapping[str, Sequence[float]]) -> str:
    place = places.get(warning.path)
    button = ""
    if place is not None:
        at = escape(json.dumps([round(float(v), 3) for v in place]))
        button = f'<button class="go" data-go="{at}" hidden>{both("show", "показать")}</button>'
    where = f"<code>{escape(warning.path)}</code>{button}<br>" if warning.path else ""
    russian = in_russian(warning.message)
    said = escape(warning.message) if russian is None else both(warning.message, russian)
    return f"<li>{where}{said}</li>"


def _unknown(code: str) -> tuple[Words, Words]:
    name = code.replace("_", " ")
    return Words(name, "See the details below."), Words(name, "Подробности ниже.")
