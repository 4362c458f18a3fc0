"""Parse lines of numbers in whole arrays, block by block: what OBJ and ASCII STL share.

A block of a few MB keeps memory flat; within it lines of one kind are parsed together. Numbers
with equally many decimals, as most exporters write them, are read as whole numbers: 28 ns each,
against 290 ns for `np.fromstring` of floats and 290 ns for `str.split` with `float` (one core).
"""

import math
import re
import warnings
from codecs import BOM_UTF8
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from branchxr.errors import SceneRefused

from ..columns import across
from ..document import Floats
from ..refusal import refused

Bytes = NDArray[np.uint8]
Numbers = NDArray[np.int64]

_BLOCK_BYTES: Final = 4 * 1024 * 1024
_DECIMALS_MAX: Final = 9
_EXACT_MAX: Final = 2**53
"""Whole numbers below it and powers of ten up to 22 divide to what `float` would give."""
_COLUMNS_MAX: Final = 8


@dataclass(frozen=True, slots=True)
class Lines:
    """Where the lines of a block begin, behind their indent, and end."""

    text: Bytes
    starts: Numbers
    ends: Numbers


@dataclass(frozen=True, slots=True)
class Rows:
    """Lines of one kind: their bytes with the keyword blanked, where each begins and ends.

    Attributes:
        numbers: of the lines in the file, from 0.
    """

    text: Bytes
    starts: Numbers
    ends: Numbers
    numbers: Numbers

    def line(self, row: int) -> bytes:
        """Return a line without its keyword."""
        return self.text[self.starts[row] : self.ends[row]].tobytes()

    def refused(
        self, row: int, expected: str, *, file: str, code: str = "scene_malformed"
    ) -> SceneRefused:
        """Make the error for a line."""
        return refused(
            code,
            file=file,
            place=f"line {int(self.numbers[row]) + 1}",
            expected=expected,
            came=repr(self.line(row)[:60].decode("utf-8", "replace").strip()),
            remedy="export the scene again",
        )


def joined_lines(raw: bytes) -> bytes:
    """Put continued lines together, let lines of old Macs end as others do; no mark in front."""
    raw = raw.removeprefix(BOM_UTF8)
    if b"\n" not in raw and b"\r" in raw:
        raw = raw.replace(b"\r", b"\n")
    if b"\\" not in raw:  # a search for one byte takes a tenth of one for two
        return raw
    return raw.replace(b"\\\r\n", b"  ").replace(b"\\\n", b"  ")


def blocks(raw: bytes) -> Iterator[bytes]:
    """Cut text into blocks of whole lines, each with its end."""
    at = 0
    while at < len(raw):
        end = raw.rfind(b"\n", at, at + _BLOCK_BYTES) + 1
        if end == 0:  # one line that is longer than a block
            end = raw.find(b"\n", at) + 1 or len(raw)
        block = raw[at:end]
        yield block if block.endswith(b"\n") else block + b"\n"
        at = end


def lines_of(block: bytes) -> Lines:
    """Find the lines of a block that ends with a line's end."""
    text = np.frombuffer(block, np.uint8)
    ends = np.flatnonzero(text == 10)
    starts = np.concatenate([[0], ends[:-1] + 1])
    if (is_indented := (text[starts] <= 32) & (starts < ends)).any():
        visible = np.append(np.flatnonzero(text > 32), len(text))
        moved = visible[np.searchsorted(visible, starts[is_indented])]
        starts[is_indented] = np.minimum(moved, ends[is_indented])
    return Lines(text, starts, ends)


def gather(block: bytes, lines: Lines, which: Numbers, *, keyword: int, first_line: int) -> Rows:
    """Gather some lines of a block.

    Args:
        block: the block.
        lines: its lines.
        which: rising numbers of lines.
        keyword: how many bytes in front of each are blanked.
        first_line: the block's first line, as numbered in the file.
    """
    if not len(which):
        none = np.empty(0, np.int64)
        return Rows(np.empty(0, np.uint8), none, none, none)
    starts, ends = lines.starts, lines.ends
    breaks = np.flatnonzero(np.diff(which) > 1)
    is_first = np.zeros(len(which), np.bool_)
    is_first[np.concatenate([[0], breaks + 1])] = True
    firsts = starts[which[is_first]].tolist()
    lasts = (ends[which[np.append(breaks, len(which) - 1)]] + 1).tolist()
    parts = [block[a:b] for a, b in zip(firsts, lasts, strict=True)]
    text = np.frombuffer(bytearray().join(parts), np.uint8)
    new_ends = np.flatnonzero(text == 10)
    new_starts = np.concatenate([[0], new_ends[:-1] + 1])
    # Indented lines within a run keep their indent: their keyword is behind it.
    indent = starts[which] - np.concatenate([[0], ends[:-1] + 1])[which]
    new_starts += np.where(is_first, 0, indent)
    for place in range(keyword):
        text[np.minimum(new_starts + place, new_ends - 1)] = 32
    if (text == ord("#")).any():
        text = _without_comments(text)
    return Rows(text, new_starts, new_ends, which + first_line)


def _without_comments(text: Bytes) -> Bytes:
    """Blank what follows a `#` up to the line's end; lengths stay."""
    clean = re.sub(rb"#[^\n]*", lambda found: b" " * len(found.group()), text.tobytes())
    return np.frombuffer(clean, np.uint8)


def floats(rows: Rows, width: int, *, file: str) -> Floats:
    """Parse numbers: `(lines, values)`; where lines differ in length, NaN is what they lack.

    Raises:
        SceneRefused: `scene_malformed`, or `scene_not_finite` among the first `width` values.
    """
    found = _decimals(rows)
    if found is None:
        found = _any_floats(rows, file)
    if found.shape[1] < width:
        raise rows.refused(0, f"{width} numbers", file=file)
    bad = ~across(np.logical_and, np.isfinite(found[:, :width]))
    if bad.any():
        expected = f"{width} finite numbers"
        raise rows.refused(int(bad.argmax()), expected, file=file, code="scene_not_finite")
    return found


def _decimals(rows: Rows) -> Floats | None:
    """Parse numbers that all have the same count of decimals; `None` when they have not."""
    text, lines = rows.text, len(rows.starts)
    dots = np.flatnonzero(text == ord("."))
    if not len(dots) or len(dots) % lines:
        return None
    window = text[dots[0] + 1 : dots[0] + 2 + _DECIMALS_MAX]
    digits = int((window <= 32).argmax())
    if not digits or dots[-1] + digits + 1 >= len(text):
        return None
    table = dots.reshape(lines, -1)
    is_even = (table[:, 0] > rows.starts).all() and (table[:, -1] < rows.ends).all()
    if not is_even or (text[dots + digits + 1] > 32).any():
        return None
    for place in range(1, digits + 1):
        if (text[dots + place] - np.uint8(48) > 9).any():
            return None
    values = parsed(text.tobytes().translate(None, b"."), np.int64)
    if values is None or len(values) != len(dots) or (np.abs(values) >= _EXACT_MAX).any():
        return None
    found: Floats = values.reshape(table.shape) / 10.0**digits
    return found


def _any_floats(rows: Rows, file: str) -> Floats:
    counts = token_counts(token_starts(rows.text), rows)
    values = parsed(rows.text.tobytes(), np.float64)
    if values is None or len(values) != counts.sum():
        bad = (n for n in range(len(rows.starts)) if not _is_numbers(rows.line(n)))
        raise rows.refused(next(bad, 0), "numbers with a decimal point", file=file)
    width = int(counts.max(initial=0))
    if (counts == width).all():
        return values.reshape(-1, width)
    table = np.full((len(counts), min(width, _COLUMNS_MAX)), np.nan)
    columns = np.arange(len(values)) - np.repeat(np.cumsum(counts) - counts, counts)
    is_kept = columns < _COLUMNS_MAX
    table[np.repeat(np.arange(len(counts)), counts)[is_kept], columns[is_kept]] = values[is_kept]
    return table


def _is_numbers(line: bytes) -> bool:
    try:
        return all(map(math.isfinite, map(float, line.split())))
    except ValueError:
        return False


def token_starts(text: Bytes) -> Numbers:
    """Return where words begin; the first byte is taken for a blank."""
    is_visible = text > 32
    return np.flatnonzero(is_visible[1:] & ~is_visible[:-1]) + 1


def token_counts(starts: Numbers, rows: Rows) -> Numbers:
    """Return how many words each row has."""
    edges = np.searchsorted(starts, np.append(rows.starts, len(rows.text)))
    return np.diff(edges)


def parsed(text: bytes, dtype: type[Any]) -> NDArray[Any] | None:
    """Parse numbers between blanks; `None` when there is anything else."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            return np.fromstring(text, dtype, sep=" ")
        except (DeprecationWarning, ValueError):
            return None
