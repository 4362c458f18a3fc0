"""Which text may stand in front of somebody who decides: names, payees, payment references.

Text that looks like other text is how a payee is faked. What is refused here: text that is not
NFC (RFC 8785 does not normalise, so NFC and NFD would sign differently), control and format
characters (bidi overrides, zero-width joiners), words that mix look-alike scripts, and letters
that are only another letter in costume (mathematical, full-width, circled).
"""

import unicodedata
from typing import Final

FORBIDDEN_CATEGORIES: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
LOOK_ALIKE_SCRIPTS: Final = frozenset({"LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE"})
_COSTUMES: Final = ("<font>", "<wide>", "<narrow>", "<circle>", "<square>")


def fault_of(text: str, *, max_characters: int) -> str | None:
    """Say what is wrong with a text, or return `None`.

    The answer is for people and quotes nothing of the text.
    """
    if len(text) > max_characters:
        return f"more than {max_characters} characters"
    if not unicodedata.is_normalized("NFC", text):
        return "text that is not in Unicode normal form C"
    if any(unicodedata.category(c) in FORBIDDEN_CATEGORIES for c in text):
        return "a control or an invisible character"
    if any(is_costume(c) for c in text):
        return "a letter or digit that only looks like another one"
    if any(len(_scripts_of(word)) > 1 for word in text.split()):
        return "a word that mixes alphabets"
    return None


def fault_of_name(name: str, *, max_characters: int = 40) -> str | None:
    """Say what is wrong with a display name, or return `None`."""
    if not name.strip():
        return "an empty name"
    if name != " ".join(name.split(" ")) or name != name.strip() or "  " in name:
        return "a name with spaces around it or doubled"
    return fault_of(name, max_characters=max_characters)


def is_costume(character: str) -> bool:
    """Whether a letter or digit is only another one in another form."""
    if unicodedata.category(character)[0] not in "LN":
        return False
    return unicodedata.decomposition(character).startswith(_COSTUMES)


def _scripts_of(word: str) -> set[str]:
    letters = (c for c in word if c.isalpha())
    return {unicodedata.name(c, "").partition(" ")[0] for c in letters} & LOOK_ALIKE_SCRIPTS
