"""The header of a PLY file, and what its elements are (Turk, 1994)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from branchxr.errors import SceneRefused

from ..document import Array
from ..mapped import Raw
from ..refusal import refused
from .corners import Numbers
from .mtl import decoded

_KINDS: Final = {
    **dict.fromkeys(("char", "int8"), "i1"),
    **dict.fromkeys(("uchar", "uint8"), "u1"),
    **dict.fromkeys(("short", "int16"), "i2"),
    **dict.fromkeys(("ushort", "uint16"), "u2"),
    **dict.fromkeys(("int", "int32"), "i4"),
    **dict.fromkeys(("uint", "uint32"), "u4"),
    **dict.fromkeys(("float", "float32"), "f4"),
    **dict.fromkeys(("double", "float64"), "f8"),
}
_COUNT_DIGITS_MAX: Final = 12
ORDERS: Final = {"binary_little_endian": "<", "binary_big_endian": ">", "ascii": ""}
_HEAD_BYTES_MAX: Final = 1024 * 1024
_ELEMENTS_MAX: Final = 1000


@dataclass(frozen=True, slots=True)
class Property:
    """A column; `count_kind` is that of a list's length, empty for one value."""

    name: str
    kind: str
    count_kind: str = ""


@dataclass(slots=True)
class Element:
    """A table: how many rows, which columns."""

    name: str
    count: int
    properties: list[Property] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Ragged:
    """A column of lists: all values in a row, and each list's length."""

    values: Array
    sizes: Numbers


Columns = Mapping[str, Array | Ragged]


@dataclass(frozen=True, slots=True)
class Head:
    """What the header says; `end` is where the body begins."""

    form: str
    elements: list[Element]
    comments: list[str]
    end: int


def parse_head(raw: Raw, *, file: str) -> Head:
    """Parse the header.

    Raises:
        SceneRefused: `scene_malformed`, naming the line.
    """
    form, elements, comments, at, number = "", [], [], 0, 0
    while True:
        end = raw.find(b"\n", at, at + _HEAD_BYTES_MAX)
        if end < 0 and (end := raw.find(b"\r", at, at + _HEAD_BYTES_MAX)) < 0:
            raise _malformed(file, number + 1, "end_header", "the end of the file")
        line = decoded(raw[at:end]).strip()
        at, number = end + 1, number + 1
        word = line.split()
        if line == "end_header":
            break
        if not word or (number == 1 and word[0] == "ply"):
            continue
        if word[0] in {"comment", "obj_info"}:
            comments.append(line.partition(" ")[2].strip())
        elif word[0] == "format" and len(word) > 1 and word[1] in ORDERS:
            form = word[1]
        elif word[0] == "element" and len(word) > 2 and _is_count(word[2]):
            elements.append(Element(word[1], int(word[2])))
        elif word[0] == "property" and elements and (made := _property(word)) is not None:
            elements[-1].properties.append(made)
        else:
            raise _malformed(file, number, "a line of a PLY header", repr(line[:60]))
        if number > _ELEMENTS_MAX:
            raise _malformed(file, number, f"a header of {_ELEMENTS_MAX} lines", "more")
    if not form:
        raise _malformed(file, number, "a format of ascii or binary", "none")
    return Head(form, elements, comments, at)


def _is_count(word: str) -> bool:
    """Tell a count that some file could hold from a claim of a thousand digits."""
    return word.isascii() and word.isdecimal() and len(word) <= _COUNT_DIGITS_MAX


def _property(word: list[str]) -> Property | None:
    if len(word) == 3 and word[1] in _KINDS:
        return Property(word[2], _KINDS[word[1]])
    if len(word) == 5 and word[1] == "list" and word[2] in _KINDS and word[3] in _KINDS:
        return Property(word[4], _KINDS[word[3]], _KINDS[word[2]])
    return None


def _malformed(file: str, line: int, expected: str, came: str) -> SceneRefused:
    return refused(
        "scene_malformed",
        file=file,
        place=f"line {line}",
        expected=expected,
        came=came,
        remedy="export the scene again",
    )


def truncated(file: str, element: Element, row: int) -> SceneRefused:
    """Make the error for an element that is not all there."""
    return refused(
        "scene_truncated",
        file=file,
        place=f"element {element.name!r}, row {row}",
        expected=f"{element.count} rows",
        came="fewer, or lists longer than the file",
        remedy="export the scene again",
    )
