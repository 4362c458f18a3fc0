"""Names that cannot be mistaken for another's, and what may be said.

`text` says which characters may stand anywhere; here is what two names have to do with each other.
The idea is the skeleton of Unicode TR 39 section 4, with the look-alikes that matter for Latin,
Cyrillic and Greek; the whole table of confusables is 6,000 lines.
"""

import unicodedata
from collections.abc import Collection
from typing import Final

from .text import fault_of_name

_ALIKE: Final = str.maketrans(
    {
        # Cyrillic, case-folded
        **dict(zip("аьвгԁеһніјкӏмпорԛѕтуѵхԝзч", "abbrdehhijklmnopqstyvxw34", strict=True)),
        # Greek, case-folded
        **dict(zip("αβγεηικνορτυχω", "abyenikvoptuxw", strict=True)),
        "0": "o",
        "1": "l",
        "|": "l",
        "i": "l",
    }
)
"""What looks like which Latin letter or digit."""

_INVISIBLE: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_JOINERS: Final = frozenset("\u200c\u200d")
"""Zero-width joiners: Persian and emoji need them, and in a chat line they fake nothing."""


def skeleton(name: str) -> str:
    """Return what a name looks like: equal for names that people would mistake for each other."""
    decomposed = unicodedata.normalize("NFKD", name.casefold())
    letters = (c for c in decomposed if c.isalnum() or c == "|")  # combining marks are neither
    # Twice for what looks like an i first, which then looks like an l.
    return "".join(letters).translate(_ALIKE).translate(_ALIKE).replace("rn", "m")


def clean_name(name: str) -> str:
    """Return a display name in NFC, without spaces around it.

    A name in another normal form is written anew, not refused: keyboards differ.
    """
    return " ".join(unicodedata.normalize("NFC", name).split())


def fault_of_choice(name: str, *, others: Collection[str], staff: Collection[str]) -> str | None:
    """Say why somebody may not choose this name, or return `None`.

    The very same name is no fault (see `distinct`); one that only looks like another's is.

    Args:
        name: in NFC.
        others: names of everybody else in the branch.
        staff: names among them that nobody may take at all.
    """
    fault = fault_of_name(name)
    if fault:
        return fault
    shape = skeleton(name)
    if not shape:
        return "a name without a letter or a digit"
    if any(skeleton(other) == shape for other in staff):
        return "a name that looks like that of somebody who works here"
    if any(other != name and skeleton(other) == shape for other in others):
        return "a name that looks like somebody else's"
    return None


def distinct(name: str, *, others: Collection[str]) -> str:
    """Return the name, with a number behind it when somebody else's looks like it."""
    taken = {skeleton(other) for other in others}
    number, candidate = 1, name
    while skeleton(candidate) in taken:
        number += 1
        candidate = f"{name[:36].rstrip()} {number}"
    return candidate


def fault_of_chat(text: str, *, max_characters: int) -> str | None:
    """Say what is wrong with a line of chat (in NFC), or return `None`."""
    if not text.strip():
        return "an empty line"
    if len(text) > max_characters:
        return f"more than {max_characters} characters"
    if any(unicodedata.category(c) in _INVISIBLE and c not in _JOINERS for c in text):
        return "a control or an invisible character"
    return None
