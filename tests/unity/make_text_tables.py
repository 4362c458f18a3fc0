"""Write `DisplayTextTables.g.cs`: Unicode's ranges behind `branchxr.protocol.text`, for C#.

Mono, IL2CPP and each of Unity's platforms bring character tables of their own age; the branch and
the game must refuse the same texts.
"""

import unicodedata
from collections.abc import Iterable, Iterator
from typing import Final

from branchxr.protocol import text

VERSION: Final = unicodedata.unidata_version


ASSIGNED: Final = [c for c in map(chr, range(0x110000)) if unicodedata.category(c) != "Cn"]


def _ranges(characters: Iterable[str]) -> list[tuple[int, int]]:
    ranges: list[tuple[int, int]] = []
    for code in map(ord, characters):
        if ranges and ranges[-1][1] == code - 1:
            ranges[-1] = (ranges[-1][0], code)
        else:
            ranges.append((code, code))
    return ranges


def _forbidden() -> Iterator[str]:
    return (c for c in ASSIGNED if unicodedata.category(c) in text.FORBIDDEN_CATEGORIES)


def _scripts() -> dict[str, list[str]]:
    scripts: dict[str, list[str]] = {name: [] for name in sorted(text.LOOK_ALIKE_SCRIPTS)}
    for character in filter(str.isalpha, ASSIGNED):
        name = unicodedata.name(character, "").partition(" ")[0]
        if name in scripts:
            scripts[name].append(character)
    return scripts


def _is_never_nfc(character: str) -> bool:
    return not unicodedata.is_normalized("NFC", character)


def _classes() -> list[tuple[int, int, int]]:
    """Return first, last and canonical combining class, where that is not 0."""
    rows: list[tuple[int, int, int]] = []
    for code, combining in ((ord(c), unicodedata.combining(c)) for c in ASSIGNED):
        if not combining:
            continue
        if rows and rows[-1][1:] == (code - 1, combining):
            rows[-1] = (rows[-1][0], code, combining)
        else:
            rows.append((code, code, combining))
    return rows


def compositions() -> list[tuple[int, int, int]]:
    """Return what NFC makes one character of, and that; without Hangul, which is arithmetic."""
    rows = []
    for character in ASSIGNED:
        parts = unicodedata.decomposition(character).split()
        if len(parts) == 2 and parts[0][0] != "<" and not _is_never_nfc(character):
            rows.append((int(parts[0], 16), int(parts[1], 16), ord(character)))
    return sorted(rows)


def _table(name: str, rows_of: Iterable[tuple[int, ...]]) -> str:
    words = [", ".join(f"0x{number:x}" for number in row) + "," for row in rows_of]
    rows = [" ".join(words[at : at + 5]) for at in range(0, len(words), 5)]
    body = "\n".join(f"            {row}" for row in rows)
    return f"        internal static readonly int[] {name} =\n        {{\n{body}\n        }};\n"


def render() -> str:
    """Return the file."""
    tables = [
        _table("Forbidden", _ranges(_forbidden())),
        _table("Costumes", _ranges(filter(text.is_costume, ASSIGNED))),
        *(_table(name.capitalize(), _ranges(of)) for name, of in _scripts().items()),
        _table("NeverNfc", _ranges(filter(_is_never_nfc, ASSIGNED))),
        _table("CombiningClasses", _classes()),
        _table("Compositions", compositions()),
    ]
    return (
        "// made by: pytest tests/unity/test_panels.py --update-golden\n"
        f"// Unicode {VERSION}: first and last of each range, or pairs; ascending.\n"
        "namespace BranchXR.Panels\n{\n    internal static class DisplayTextTables\n    {\n"
        + "\n".join(tables)
        + "    }\n}\n"
    )
