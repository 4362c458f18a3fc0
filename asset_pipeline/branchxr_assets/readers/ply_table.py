"""The elements of a PLY file as arrays: ASCII and binary, lists of any length (Turk, 1994)."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from branchxr.errors import SceneRefused

from ..document import Array
from ..refusal import refused
from .mtl import decoded
from .text_rows import parsed

Numbers = NDArray[np.int64]

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
_ORDERS: Final = {"binary_little_endian": "<", "binary_big_endian": ">", "ascii": ""}
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


def parse_head(raw: bytes, *, file: str) -> Head:
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
        if not word or word[0] == "ply":
            continue
        if word[0] in {"comment", "obj_info"}:
            comments.append(line.partition(" ")[2].strip())
        elif word[0] == "format" and len(word) > 1 and word[1] in _ORDERS:
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


def read_tables(raw: bytes, head: Head, *, file: str) -> dict[str, Columns]:
    """Read all elements; of those of one name the first counts.

    Raises:
        SceneRefused: `scene_truncated`: there is less than the header says, or `scene_malformed`.
    """
    found: dict[str, Columns] = {}
    body = _Text(raw, head, file) if head.form == "ascii" else _Bytes(raw, head, file)
    for element in head.elements:
        table = body.read(element)
        found.setdefault(element.name, table)
    return found


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


def _truncated(file: str, element: Element, row: int) -> SceneRefused:
    return refused(
        "scene_truncated",
        file=file,
        place=f"element {element.name!r}, row {row}",
        expected=f"{element.count} rows",
        came="fewer, or lists longer than the file",
        remedy="export the scene again",
    )


class _Bytes:
    """A binary body."""

    def __init__(self, raw: bytes, head: Head, file: str) -> None:
        self._raw = raw
        self._at = head.end
        self._order = _ORDERS[head.form]
        self._file = file

    def read(self, element: Element) -> Columns:
        if not any(p.count_kind for p in element.properties):
            return self._plain(element)
        even = self._even(element)
        return self._uneven(element) if even is None else even

    def _plain(self, element: Element) -> Columns:
        kind = np.dtype([(f"{n}", self._order + p.kind) for n, p in enumerate(element.properties)])
        if element.count * kind.itemsize > len(self._raw) - self._at:
            raise _truncated(self._file, element, 0)
        table = np.frombuffer(self._raw, kind, element.count, self._at) if kind.itemsize else None
        self._at += element.count * kind.itemsize
        listed = enumerate(element.properties)
        return {} if table is None else {p.name: _native(table[f"{n}"]) for n, p in listed}

    def _even(self, element: Element) -> Columns | None:
        """Read lists that are all as long as those of the first row: triangles, mostly."""
        at = self._at
        fields: list[Any] = []
        for number, p in enumerate(element.properties):
            if p.count_kind:
                size = self._number(at, p.count_kind)
                width = np.dtype(p.kind).itemsize
                if not 0 <= size <= (len(self._raw) - at) // width:
                    return None
                fields += [(f"n{number}", self._order + p.count_kind)]
                fields += [(f"{number}", self._order + p.kind, (size,))]
                at += np.dtype(p.count_kind).itemsize + size * width
            else:
                fields += [(f"{number}", self._order + p.kind)]
                at += np.dtype(p.kind).itemsize
        kind = np.dtype(fields)
        if element.count * kind.itemsize > len(self._raw) - self._at:
            return None
        table = np.frombuffer(self._raw, kind, element.count, self._at)
        found: dict[str, Array | Ragged] = {}
        for number, p in enumerate(element.properties):
            values = _native(table[f"{number}"])
            if not p.count_kind:
                found[p.name] = values
                continue
            if (table[f"n{number}"] != values.shape[1]).any():
                return None
            sizes = np.broadcast_to(np.int64(values.shape[1]), element.count)
            found[p.name] = Ragged(values.reshape(-1), sizes)
        self._at += element.count * kind.itemsize
        return found

    def _number(self, at: int, kind: str) -> int:
        size = np.dtype(kind).itemsize
        if at + size > len(self._raw):
            return -1
        return int(np.frombuffer(self._raw, self._order + kind, 1, at)[0])

    def _uneven(self, element: Element) -> Columns:
        """Walk over rows of different lengths; only where lists begin is found one by one."""
        raw, at, total = self._raw, self._at, len(self._raw)
        order = "little" if self._order == "<" else "big"
        steps = [
            (np.dtype(p.kind).itemsize, np.dtype(p.count_kind).itemsize if p.count_kind else 0)
            for p in element.properties
        ]
        starts: list[list[int]] = [[] for _ in steps]
        sizes: list[list[int]] = [[] for _ in steps]
        for row in range(element.count):
            for number, (width, count_width) in enumerate(steps):
                if not count_width:
                    starts[number].append(at)
                    at += width
                    continue
                size = int.from_bytes(raw[at : at + count_width], order)  # type: ignore[arg-type]
                at += count_width
                starts[number].append(at)
                sizes[number].append(size)
                at += size * width
            if at > total:
                raise _truncated(self._file, element, row)
        self._at = at
        found: dict[str, Array | Ragged] = {}
        for number, p in enumerate(element.properties):
            begin = np.array(starts[number], np.int64)
            if p.count_kind:
                length = np.array(sizes[number], np.int64)
                found[p.name] = Ragged(self._taken(begin, length, p.kind), length)
            else:
                found[p.name] = self._taken(begin, np.ones_like(begin), p.kind)
        return found

    def _taken(self, starts: Numbers, sizes: Numbers, kind: str) -> Array:
        """Gather the values of lists that begin anywhere."""
        width = np.dtype(kind).itemsize
        lengths = sizes * width
        ahead = np.arange(int(lengths.sum())) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        taken = np.frombuffer(self._raw, np.uint8)[np.repeat(starts, lengths) + ahead]
        return _native(taken.view(self._order + kind))


class _Text:
    """An ASCII body: one array of all its numbers."""

    def __init__(self, raw: bytes, head: Head, file: str) -> None:
        self._file = file
        values = parsed(raw[head.end :], np.float64)
        if values is None:
            raise refused(
                "scene_malformed",
                file=file,
                place=f"byte {head.end}",
                expected="numbers behind the header",
                came="something else among them",
                remedy="export the scene again",
            )
        self._values = values
        self._at = 0

    def read(self, element: Element) -> Columns:
        left = self._values[self._at :]
        width = len(element.properties)
        if not any(p.count_kind for p in element.properties):
            if element.count * width > len(left):
                raise _truncated(self._file, element, 0)
            table = left[: element.count * width].reshape(element.count, width)
            self._at += element.count * width
            return {p.name: _as_kind(table[:, n], p.kind) for n, p in enumerate(element.properties)}
        return self._even(element, left) or self._uneven(element, left)

    def _even(self, element: Element, left: Array) -> Columns | None:
        if len(element.properties) != 1 or not len(left) or not element.count:
            return None
        size = left[0]
        if not (0 <= size < len(left)) or element.count * (size + 1) > len(left):
            return None
        width = int(size) + 1
        table = left[: element.count * width].reshape(element.count, width)
        if (table[:, 0] != size).any():
            return None
        self._at += element.count * width
        p = element.properties[0]
        values = _as_kind(table[:, 1:].reshape(-1), p.kind)
        return {p.name: Ragged(values, np.full(element.count, width - 1))}

    def _uneven(self, element: Element, left: Array) -> Columns:
        numbers, at = left.tolist(), 0
        parts: list[list[float]] = [[] for _ in element.properties]
        sizes: list[list[int]] = [[] for _ in element.properties]
        for row in range(element.count):
            for number, p in enumerate(element.properties):
                if at >= len(numbers):
                    raise _truncated(self._file, element, row)
                if not p.count_kind:
                    parts[number].append(numbers[at])
                    at += 1
                    continue
                length = numbers[at]
                if not 0 <= length <= len(numbers) - at - 1:  # also NaN
                    raise _truncated(self._file, element, row)
                parts[number] += numbers[at + 1 : at + 1 + int(length)]
                sizes[number].append(int(length))
                at += 1 + int(length)
        self._at += at
        return {
            p.name: Ragged(_as_kind(np.array(parts[n]), p.kind), np.array(sizes[n], np.int64))
            if p.count_kind
            else _as_kind(np.array(parts[n]), p.kind)
            for n, p in enumerate(element.properties)
        }


def _native(values: Array) -> Array:
    """Return values in the machine's own byte order."""
    is_foreign = values.dtype.byteorder == (">" if sys.byteorder == "little" else "<")
    return values.astype(values.dtype.newbyteorder("=")) if is_foreign else values


def _as_kind(values: NDArray[Any], kind: str) -> Array:
    """Give numbers of text their own type; those beyond it stay as they are, to be found out."""
    dtype = np.dtype(kind)
    if dtype.kind == "f":
        return values
    limits = np.iinfo(dtype)
    is_within = np.isfinite(values).all() and (
        not len(values) or (values.min() >= limits.min and values.max() <= limits.max)
    )
    return values.astype(dtype) if is_within else values
