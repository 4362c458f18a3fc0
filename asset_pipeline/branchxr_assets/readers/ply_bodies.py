"""The elements of a PLY file as arrays: ASCII and binary, lists of any length.

Rows that are alike (triangles, mostly) are taken together; where lengths change from row to row,
only where lists begin is found one by one. Neither needs much memory beside the result: a scan
of a gigabyte is read in less than two.
"""

import re
import struct
import sys
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from ..document import Array
from ..mapped import Raw, let_go
from ..refusal import refused
from .corners import Numbers, number_type
from .ply_table import ORDERS, Columns, Element, Head, Property, Ragged, truncated
from .text_rows import parsed

_BLOCK_BYTES: Final = 4 * 1024 * 1024
"""Of text that is parsed at once; `text_rows` has the same."""
_ROWS_AT_ONCE: Final = 1 << 16
"""Rows of different lengths: some hundred bytes each beside the result."""
_RUN: Final = 64
"""Rows alike that are worth an array of their own."""
_LONG: Final = 64
"""A list of so many values is copied on its own, as a strip of a whole mesh."""


def read_tables(raw: Raw, head: Head, *, file: str) -> dict[str, Columns]:
    """Read all elements; of those of one name the first counts.

    Raises:
        SceneRefused: `scene_truncated`: there is less than the header says, or `scene_malformed`.
    """
    found: dict[str, Columns] = {}
    body = _Text(raw, head, file) if head.form == "ascii" else _Bytes(raw, head, file)
    for element in head.elements:
        table = body.read(element) if element.properties else {}
        found.setdefault(element.name, table)
    return found


class _Column:
    """A column in the making: blocks of its values and, of lists, of their lengths."""

    def __init__(self, column: Property) -> None:
        self.is_list = bool(column.count_kind)
        self.kind = column.kind
        self._values: list[Array] = []
        self._sizes: list[Numbers] = []

    def add(self, values: Array, sizes: Numbers) -> None:
        self._values.append(values)
        if self.is_list:
            self._sizes.append(sizes)

    def done(self) -> Array | Ragged:
        values = _joined(self._values, self.kind)
        return Ragged(values, _joined(self._sizes, "i4")) if self.is_list else values


def _joined(parts: list[Any], kind: str) -> Any:
    if len(parts) == 1:
        return parts[0]
    found = np.concatenate(parts) if parts else np.empty(0, kind)
    parts.clear()
    return found


def _alike(size: int, rows: int) -> Numbers:
    """Return the lengths of lists that are all of one, without room for each."""
    return np.broadcast_to(np.int64(size), rows)


class _Bytes:
    """A binary body."""

    def __init__(self, raw: Raw, head: Head, file: str) -> None:
        self._raw = raw
        self._at = head.end
        self._order = ORDERS[head.form]
        self._file = file
        self._kind = number_type(len(raw))

    def read(self, element: Element) -> Columns:
        columns = [_Column(p) for p in element.properties]
        done = 0
        while done < element.count:
            rows = self._even(element, columns, element.count - done)
            done += rows or self._uneven(element, columns, done)
        let_go(np.frombuffer(self._raw, np.uint8))
        return {p.name: c.done() for p, c in zip(element.properties, columns, strict=True)}

    def _even(self, element: Element, columns: Sequence[_Column], most: int) -> int:
        """Take the rows whose lists are as long as those of the next one; say how many."""
        kind = self._row_kind(element)
        if kind is None:
            return 0
        rows = there = min(most, (len(self._raw) - self._at) // kind.itemsize)
        table = np.frombuffer(self._raw, kind, rows, self._at)
        for number, column in enumerate(columns):
            if column.is_list:
                is_other = table[f"n{number}"][:rows] != table[f"n{number}"][0]
                rows = int(is_other.argmax()) if is_other.any() else rows
        if rows < min(there, _RUN):
            return 0
        for number, column in enumerate(columns):
            values = _native(table[f"{number}"][:rows])
            size = values.shape[1] if column.is_list else 1
            column.add(values.reshape(-1), _alike(size, rows))
        self._at += rows * kind.itemsize
        return rows

    def _row_kind(self, element: Element) -> np.dtype[Any] | None:
        """Return the next row as a type; `None` when it is not all there."""
        at, fields = self._at, list[Any]()
        for number, p in enumerate(element.properties):
            shape: tuple[int, ...] = ()
            if p.count_kind:
                if at + np.dtype(p.count_kind).itemsize > len(self._raw):
                    return None
                size = self._count(p.count_kind, at)
                if not 0 <= size <= len(self._raw):  # also NaN
                    return None
                shape = (int(size),)
                fields.append((f"n{number}", self._order + p.count_kind))
                at += np.dtype(p.count_kind).itemsize
            fields.append((f"{number}", self._order + p.kind, shape))
            at += np.dtype(p.kind).itemsize * (shape[0] if shape else 1)
            if at > len(self._raw):
                return None
        return np.dtype(fields)

    def _count(self, kind: str, at: int) -> float:
        found: float = struct.unpack_from(self._order + np.dtype(kind).char, self._raw, at)[0]
        return found

    def _uneven(self, element: Element, columns: Sequence[_Column], done: int) -> int:
        """Walk over some rows of different lengths; say how many."""
        rows = min(_ROWS_AT_ONCE, element.count - done)
        sizes = self._lengths(element, rows, done)
        heads = [np.dtype(p.count_kind).itemsize if p.count_kind else 0 for p in element.properties]
        widths = [np.dtype(p.kind).itemsize for p in element.properties]
        spans = [h + n * w for h, n, w in zip(heads, sizes, widths, strict=True)]
        whole = np.sum(spans, axis=0)
        start = self._at + np.cumsum(whole) - whole
        for column, head, span, length in zip(columns, heads, spans, sizes, strict=True):
            column.add(self._taken(start + head, length, column.kind), length.astype(self._kind))
            start = start + span
        self._at += int(whole.sum())
        return rows

    def _lengths(self, element: Element, rows: int, done: int) -> list[Numbers]:
        """Return the lengths of lists in the next rows, of each column; of plain ones 1."""
        if [p.count_kind for p in element.properties] == ["u1"]:
            return [self._short_lists(element, rows, done)]
        raw, at, total = self._raw, self._at, len(self._raw)
        kinds = [(p.count_kind, p.kind) for p in element.properties]
        steps = [(c, np.dtype(c or "u1").itemsize, np.dtype(k).itemsize) for c, k in kinds]
        sizes: list[list[int]] = [[] for _ in steps]
        listed = list(zip(sizes, steps, strict=True))
        for row in range(rows):
            for found, (kind, head, width) in listed:
                length: float = 1
                if kind:
                    if at + head > total:
                        raise truncated(self._file, element, done + row)
                    length = raw[at] if kind == "u1" else self._count(kind, at)
                    at += head
                    if not 0 <= length <= total:  # also NaN
                        raise truncated(self._file, element, done + row)
                found.append(size := int(length))
                at += size * width
            if at > total:
                raise truncated(self._file, element, done + row)
        return [np.array(found, np.int64) for found in sizes]

    def _short_lists(self, element: Element, rows: int, done: int) -> Numbers:
        """Return the lengths of rows of nothing but a list: what nearly all faces are.

        0.15 µs a row, where the general way takes 2.
        """
        width = np.dtype(element.properties[0].kind).itemsize
        raw, at, found = self._raw, self._at, list[int]()
        try:
            for _ in range(rows):
                size = raw[at]
                found.append(size)
                at += 1 + size * width
        except IndexError:
            raise truncated(self._file, element, done + len(found)) from None
        if at > len(raw):
            raise truncated(self._file, element, done + rows - 1)
        return np.array(found, np.int64)

    def _taken(self, starts: Numbers, sizes: Numbers, kind: str) -> Array:
        """Gather the values of lists that begin anywhere."""
        dtype = np.dtype(self._order + kind)
        if int(sizes.sum()) > _LONG * len(sizes):
            listed = zip(starts.tolist(), sizes.tolist(), strict=True)
            return _native(
                np.concatenate([np.frombuffer(self._raw, dtype, n, a) for a, n in listed])
            )
        places = _places(starts, sizes, dtype.itemsize)[:, None] + np.arange(dtype.itemsize)
        taken = np.frombuffer(self._raw, np.uint8)[places]
        return _native(taken.reshape(-1).view(dtype))


class _Text:
    """An ASCII body: numbers between blanks, parsed block by block."""

    def __init__(self, raw: Raw, head: Head, file: str) -> None:
        self._raw = raw
        self._file = file
        self._at = head.end
        self._numbers: Array = np.empty(0)  # parsed, and not yet taken

    def read(self, element: Element) -> Columns:
        columns = [_Column(p) for p in element.properties]
        is_whole = all(p.kind[0] != "f" for p in element.properties)
        done = 0
        while done < element.count:
            rows = self._some(columns, element.count - done)
            done += rows
            if not rows and not self._more(is_whole=is_whole):
                raise truncated(self._file, element, done)
        return {p.name: c.done() for p, c in zip(element.properties, columns, strict=True)}

    def _more(self, *, is_whole: bool) -> bool:
        """Parse some more text: at least as much again, so that a long list costs its length."""
        start = self._at
        if start >= len(self._raw):
            return False
        size = max(_BLOCK_BYTES, 4 * len(self._numbers))
        blank = _BLANK.search(self._raw, min(start + size, len(self._raw)))
        self._at = blank.end() if blank else len(self._raw)
        text = self._raw[start : self._at]
        values = parsed(text, np.int64) if is_whole else None  # a tenth of the time of floats
        values = parsed(text, np.float64) if values is None else values
        if values is None:
            raise refused(
                "scene_malformed",
                file=self._file,
                place=f"byte {start} or behind it",
                expected="numbers behind the header",
                came="something else among them",
                remedy="export the scene again",
            )
        let_go(np.frombuffer(self._raw, np.uint8)[start : self._at])
        left = self._numbers
        self._numbers = np.concatenate([left, values]) if len(left) else values
        return True

    def _some(self, columns: Sequence[_Column], most: int) -> int:
        """Take rows that are parsed already; say how many."""
        lengths = self._next_row(columns)
        if lengths is None:
            return 0
        return self._even(columns, lengths, most) or self._uneven(columns, most)

    def _next_row(self, columns: Sequence[_Column]) -> list[int] | None:
        """Return the lengths in the next row; `None` when it is not all there."""
        at, lengths = 0, []
        for column in columns:
            size: float = 1
            if column.is_list:
                size = self._numbers[at] if at < len(self._numbers) else -1
                at += 1
            if not 0 <= size <= len(self._numbers) - at:  # also NaN
                return None
            lengths.append(int(size))
            at += int(size)
        return lengths

    def _even(self, columns: Sequence[_Column], lengths: Sequence[int], most: int) -> int:
        width = sum(lengths) + sum(column.is_list for column in columns)
        rows = there = min(most, len(self._numbers) // width)
        table = self._numbers[: rows * width].reshape(rows, width)
        at, spans = 0, []
        for column, size in zip(columns, lengths, strict=True):
            if column.is_list:
                is_other = table[:rows, at] != size
                rows = int(is_other.argmax()) if is_other.any() else rows
                at += 1
            spans.append(slice(at, at + size))
            at += size
        if rows < min(there, _RUN):
            return 0
        for column, size, span in zip(columns, lengths, spans, strict=True):
            column.add(_as_kind(table[:rows, span].reshape(-1), column.kind), _alike(size, rows))
        self._numbers = self._numbers[rows * width :]
        return rows

    def _uneven(self, columns: Sequence[_Column], most: int) -> int:
        """Walk over rows of different lengths, as far as they are all there."""
        numbers, at, rows = self._numbers.tolist(), 0, 0
        starts: list[list[int]] = [[] for _ in columns]
        sizes: list[list[int]] = [[] for _ in columns]
        while rows < most:
            end, row = at, list[tuple[int, int]]()
            for column in columns:
                size: float = 1
                if column.is_list:
                    size = numbers[end] if end < len(numbers) else -1
                    end += 1
                if not 0 <= size <= len(numbers) - end:  # also NaN
                    break
                row.append((end, int(size)))
                end += int(size)
            if len(row) < len(columns):
                break
            for number, (start, length) in enumerate(row):
                starts[number].append(start)
                sizes[number].append(length)
            at, rows = end, rows + 1
        for number, column in enumerate(columns):
            begin, count = np.array(starts[number], np.int64), np.array(sizes[number], np.int64)
            column.add(_as_kind(self._numbers[_places(begin, count, 1)], column.kind), count)
        self._numbers = self._numbers[at:]
        return rows


_BLANK: Final = re.compile(rb"\s")


def _places(starts: Numbers, sizes: Numbers, width: int) -> Numbers:
    """Return where each value of lists begins, of so many bytes each."""
    before = np.cumsum(sizes) - sizes
    found: Numbers = np.repeat(starts - before * width, sizes)
    found += np.arange(len(found)) * width
    return found


def _native(values: Array) -> Array:
    """Return values in the machine's own byte order."""
    is_foreign = values.dtype.byteorder == (">" if sys.byteorder == "little" else "<")
    return values.astype(values.dtype.newbyteorder("=")) if is_foreign else values


def _as_kind(values: Array, kind: str) -> Array:
    """Give numbers of text their own type; whole ones beyond it stay as they are, to be found."""
    dtype = np.dtype(kind)
    if dtype.kind == "f":
        with np.errstate(over="ignore"):  # infinite then: found too
            return values.astype(dtype)
    limits = np.iinfo(dtype)
    is_within = np.isfinite(values).all() and (
        not len(values) or (values.min() >= limits.min and values.max() <= limits.max)
    )
    return values.astype(dtype) if is_within else values.copy()
