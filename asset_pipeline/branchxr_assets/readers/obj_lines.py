"""Parse the lines of an OBJ file in whole arrays, block by block.

Wavefront's 'Object Files (.obj)', version 3.0, as exporters write it. A block of a few MB keeps
memory flat; within it lines of one kind are parsed together. Numbers with equally many decimals,
as most exporters write them, are read as whole numbers: 28 ns each, against 290 ns for
`np.fromstring` of floats and 290 ns for `str.split` with `float` (one core).
"""

import math
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from branchxr.errors import SceneRefused

from ..document import Floats
from ..refusal import refused

Bytes = NDArray[np.uint8]
Indices = NDArray[np.int32]
Numbers = NDArray[np.int64]

_BLOCK_BYTES: Final = 4 * 1024 * 1024
_DECIMALS_MAX: Final = 9
_EXACT_MAX: Final = 2**53
"""Whole numbers below it and powers of ten up to 22 divide to what `float` would give."""
_NUMBERS: Final = np.zeros(256, np.bool_)
_NUMBERS[list(b"0123456789+-")] = True
_V, _VT, _VN, _F, _OTHER, _SKIPPED = range(6)


@dataclass(frozen=True, slots=True)
class Statement:
    """A line that is neither geometry nor a comment.

    Attributes:
        faces: how many faces came before it.
        line: its number in the file, from 1.
    """

    faces: int
    line: int
    keyword: str
    rest: bytes


@dataclass(slots=True)
class ObjLines:
    """What an OBJ file says.

    Attributes:
        points: `(v, 3)`; colours: `(v, 3)` where lines have six values, NaN elsewhere.
        corners: `(c, 3)` places in points, texture coordinates and normals; -1 where none.
        sizes: `(f,)` corners of each face.
        comments: the first ones.
    """

    points: Floats
    colours: Floats | None
    coordinates: Floats
    normals: Floats
    corners: Indices
    sizes: Indices
    statements: list[Statement]
    comments: list[str]


@dataclass(slots=True)
class _Reading:
    file: str
    points: list[Floats] = field(default_factory=list)
    coordinates: list[Floats] = field(default_factory=list)
    normals: list[Floats] = field(default_factory=list)
    corners: list[Indices] = field(default_factory=list)
    sizes: list[Indices] = field(default_factory=list)
    statements: list[Statement] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)
    counts: NDArray[np.int64] = field(default_factory=lambda: np.zeros(3, np.int64))
    faces: int = 0
    lines: int = 0

    def refused(self, line: int, expected: str, came: bytes) -> SceneRefused:
        return refused(
            "scene_malformed",
            file=self.file,
            place=f"line {line}",
            expected=expected,
            came=repr(came[:60].decode("utf-8", "replace").strip()),
            remedy="export the scene again",
        )


@dataclass(frozen=True, slots=True)
class _Rows:
    """Lines of one kind: their bytes with the keyword blanked, where each begins and ends."""

    text: Bytes
    starts: Numbers
    ends: Numbers
    numbers: Numbers


def parse_lines(raw: bytes, *, file: str) -> ObjLines:
    """Parse an OBJ file.

    Raises:
        SceneRefused: `scene_malformed`, `scene_reference` or `scene_not_finite`, naming the line.
    """
    raw = _joined_lines(raw)
    reading = _Reading(file)
    for block in _blocks(raw):
        _read_block(reading, block)
    points = _table(reading.points, 3)
    colours = points[:, 3:6].copy() if points.shape[1] >= 6 else None
    points = np.ascontiguousarray(points[:, :3])
    found = ObjLines(
        points=points,
        colours=colours,
        coordinates=_table(reading.coordinates, 2)[:, :2],
        normals=_table(reading.normals, 3)[:, :3],
        corners=_joined(reading.corners, np.empty((0, 3), np.int32)),
        sizes=_joined(reading.sizes, np.empty(0, np.int32)),
        statements=reading.statements,
        comments=reading.comments,
    )
    _check(found, raw, file)
    return found


def _joined_lines(raw: bytes) -> bytes:
    """Put continued lines together, and let lines of old Macs end as others do."""
    if b"\n" not in raw and b"\r" in raw:
        raw = raw.replace(b"\r", b"\n")
    if b"\\" not in raw:  # a search for one byte takes a tenth of one for two
        return raw
    return raw.replace(b"\\\r\n", b"  ").replace(b"\\\n", b"  ")


def _blocks(raw: bytes) -> Iterator[bytes]:
    at = 0
    while at < len(raw):
        end = raw.rfind(b"\n", at, at + _BLOCK_BYTES) + 1
        if end == 0:  # one line that is longer than a block
            end = raw.find(b"\n", at) + 1 or len(raw)
        block = raw[at:end]
        yield block if block.endswith(b"\n") else block + b"\n"
        at = end


def _read_block(reading: _Reading, block: bytes) -> None:
    text = np.frombuffer(block, np.uint8)
    ends = np.flatnonzero(text == 10)
    starts = np.concatenate([[0], ends[:-1] + 1])
    if (is_indented := (text[starts] <= 32) & (starts < ends)).any():
        visible = np.append(np.flatnonzero(text > 32), len(text))
        moved = visible[np.searchsorted(visible, starts[is_indented])]
        starts[is_indented] = np.minimum(moved, ends[is_indented])
    kinds = _kinds(text, starts, ends)
    counted = reading.counts.copy()
    for kind, target, width in (
        (_V, reading.points, 3),
        (_VT, reading.coordinates, 1),
        (_VN, reading.normals, 3),
    ):
        rows = _rows_of(block, kinds, kind, starts, ends)
        if len(rows.starts):
            target.append(_floats(reading, rows, width))
            reading.counts[kind] += len(rows.starts)
    rows = _rows_of(block, kinds, _F, starts, ends)
    if len(rows.starts):
        _read_faces(reading, rows, kinds, counted)
    _read_statements(reading, block, kinds, starts, ends)
    reading.faces += len(rows.starts)
    reading.lines += len(ends)


def _kinds(text: Bytes, starts: Numbers, ends: Numbers) -> NDArray[np.int8]:
    last = len(text) - 1
    first = text[starts]
    second = text[np.minimum(starts + 1, last)]
    third = text[np.minimum(starts + 2, last)]
    kinds = np.full(len(starts), _OTHER, np.int8)
    is_v = first == ord("v")
    kinds[is_v & (second <= 32)] = _V
    kinds[is_v & (second == ord("t")) & (third <= 32)] = _VT
    kinds[is_v & (second == ord("n")) & (third <= 32)] = _VN
    kinds[(first == ord("f")) & (second <= 32)] = _F
    kinds[(first == ord("f")) & (second == ord("o")) & (third <= 32)] = _F  # before version 3.0
    kinds[starts >= ends] = _SKIPPED
    return kinds


def _rows_of(
    block: bytes, kinds: NDArray[np.int8], kind: int, starts: Numbers, ends: Numbers
) -> _Rows:
    """Gather the lines of one kind."""
    which = np.flatnonzero(kinds == kind)
    if not len(which):
        none = np.empty(0, np.int64)
        return _Rows(np.empty(0, np.uint8), none, none, none)
    breaks = np.flatnonzero(np.diff(which) > 1)
    firsts = starts[which[np.concatenate([[0], breaks + 1])]].tolist()
    lasts = (ends[which[np.append(breaks, len(which) - 1)]] + 1).tolist()
    parts = [block[a:b] for a, b in zip(firsts, lasts, strict=True)]
    text = np.frombuffer(bytearray().join(parts), np.uint8)
    new_ends = np.flatnonzero(text == 10)
    new_starts = np.concatenate([[0], new_ends[:-1] + 1])
    if len(new_ends) == len(which):
        # Indented lines within a run keep their indent: find their keyword behind it.
        skip = starts[which] - np.concatenate([[0], ends[:-1] + 1])[which]
        is_first = np.zeros(len(which), np.bool_)
        is_first[np.concatenate([[0], breaks + 1])] = True
        new_starts += np.where(is_first, 0, skip)
    text[new_starts] = 32
    if kind != _V:  # also the old keyword `fo`
        text[new_starts + 1] = 32
    if (text == ord("#")).any():
        text = _without_comments(text)
    return _Rows(text, new_starts, new_ends, which)


def _without_comments(text: Bytes) -> Bytes:
    """Blank what follows a `#` up to the line's end; lengths stay."""
    clean = re.sub(rb"#[^\n]*", lambda found: b" " * len(found.group()), text.tobytes())
    return np.frombuffer(clean, np.uint8)


def _floats(reading: _Reading, rows: _Rows, width: int) -> Floats:
    """Return `(lines, values)`; where lines differ in length, NaN stands for what they lack."""
    found = _decimals(rows)
    if found is None:
        found = _any_floats(reading, rows)
    if found.shape[1] < width:
        raise reading.refused(
            reading.lines + int(rows.numbers[0]) + 1, f"{width} numbers", _line_of(rows, 0)
        )
    bad = ~np.isfinite(found[:, :width]).all(axis=1)
    if bad.any():
        row = int(bad.argmax())
        line = reading.lines + int(rows.numbers[row]) + 1
        raise refused(
            "scene_not_finite",
            file=reading.file,
            place=f"line {line}",
            expected=f"{width} finite numbers",
            came=repr(_line_of(rows, row)[:60].decode("utf-8", "replace").strip()),
            remedy="clean the mesh in the modelling program and export again",
        )
    return found


def _decimals(rows: _Rows) -> Floats | None:
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
    values = _parsed(text.tobytes().translate(None, b"."), np.int64)
    if values is None or len(values) != len(dots) or (np.abs(values) >= _EXACT_MAX).any():
        return None
    found: Floats = values.reshape(table.shape) / 10.0**digits
    return found


def _any_floats(reading: _Reading, rows: _Rows) -> Floats:
    counts = _token_counts(_token_starts(rows.text), rows)
    values = _parsed(rows.text.tobytes(), np.float64)
    if values is None or len(values) != counts.sum():
        bad = (n for n in range(len(rows.starts)) if not _is_numbers(_line_of(rows, n)))
        row = next(bad, 0)
        line = reading.lines + int(rows.numbers[row]) + 1
        raise reading.refused(line, "numbers with a decimal point", _line_of(rows, row))
    width = int(counts.max(initial=0))
    if (counts == width).all():
        return values.reshape(-1, width)
    table = np.full((len(counts), min(width, 8)), np.nan)
    columns = np.arange(len(values)) - np.repeat(np.cumsum(counts) - counts, counts)
    is_kept = columns < 8
    table[np.repeat(np.arange(len(counts)), counts)[is_kept], columns[is_kept]] = values[is_kept]
    return table


def _is_numbers(line: bytes) -> bool:
    try:
        return all(map(math.isfinite, map(float, line.split())))
    except ValueError:
        return False


def _read_faces(
    reading: _Reading, rows: _Rows, kinds: NDArray[np.int8], counted: NDArray[np.int64]
) -> None:
    starts = _token_starts(rows.text)
    sizes = _token_counts(starts, rows)
    corners = _uniform(rows.text, starts)
    if corners is None:
        corners = _mixed(reading, rows, starts)
    if (corners < 0).any():
        owner = np.repeat(rows.numbers, sizes)
        for column, kind in enumerate((_V, _VT, _VN)):
            values = corners[:, column]
            if (is_relative := values < 0).any():
                before = counted[kind] + np.cumsum(kinds == kind)[owner[is_relative]]
                values[is_relative] += before + 1
                # What points before the file's start must not become "none".
                values[is_relative & (values < 1)] = np.iinfo(np.int32).max
    reading.corners.append((corners - 1).clip(-1, np.iinfo(np.int32).max).astype(np.int32))
    reading.sizes.append(sizes.astype(np.int32))


def _uniform(text: Bytes, starts: Numbers) -> Numbers | None:
    """Parse corners that are all written alike, such as `1/2/3`; 0 stands for none."""
    slashes = np.flatnonzero(text == ord("/"))
    count = len(starts)
    if not count or len(slashes) % count or len(slashes) > 2 * count:
        return None
    each = len(slashes) // count
    is_double = False
    if each:
        table = slashes.reshape(count, each)
        following = np.append(starts[1:], len(text))
        if (table[:, 0] <= starts).any() or (table[:, -1] >= following).any():
            return None
        twins = table[:, -1] - table[:, 0] == 1
        if each == 2 and twins.any():
            if not twins.all():
                return None
            is_double = True
    values = _parsed(text.tobytes().replace(b"/", b" "), np.int64)
    columns = [[0], [0, 1], [0, 1, 2]][each] if not is_double else [0, 2]
    if values is None or len(values) != count * len(columns) or (values == 0).any():
        return None
    corners = np.zeros((count, 3), np.int64)
    corners[:, columns] = values.reshape(count, -1)
    return corners


def _mixed(reading: _Reading, rows: _Rows, starts: Numbers) -> Numbers:
    """Parse corners of different kinds: `1`, `1/2`, `1//3`, `1/2/3`."""
    text = rows.text
    is_number = _NUMBERS[text]
    begins = np.flatnonzero(is_number[1:] & ~is_number[:-1]) + 1
    values = _parsed(text.tobytes().replace(b"/", b" "), np.int64)
    is_odd = ~is_number & (text > 32) & (text != ord("/"))
    if is_odd.any() or values is None or len(values) != len(begins):
        at = int(is_odd.argmax()) if is_odd.any() else 0
        raise _bad_corner(reading, rows, at)
    slashes = np.flatnonzero(text == ord("/"))
    token = np.searchsorted(starts, begins, side="right") - 1
    column = np.searchsorted(slashes, begins) - np.searchsorted(slashes, starts)[token]
    if (column > 2).any():
        raise _bad_corner(reading, rows, int(begins[(column > 2).argmax()]))
    corners = np.zeros((len(starts), 3), np.int64)
    corners[token, column] = values
    is_none = (corners[:, 0] == 0) | np.isin(np.arange(len(starts)), token[values == 0])
    if is_none.any():
        raise _bad_corner(reading, rows, int(starts[is_none.argmax()]))
    return corners


def _bad_corner(reading: _Reading, rows: _Rows, at: int) -> SceneRefused:
    row = max(0, int(np.searchsorted(rows.starts, at, side="right")) - 1)
    line = reading.lines + int(rows.numbers[row]) + 1
    return reading.refused(line, "corners such as 1, 1/2, 1//3 or 1/2/3", _line_of(rows, row))


def _token_starts(text: Bytes) -> Numbers:
    is_visible = text > 32
    return np.flatnonzero(is_visible[1:] & ~is_visible[:-1]) + 1


def _token_counts(starts: Numbers, rows: _Rows) -> Numbers:
    edges = np.searchsorted(starts, np.append(rows.starts, len(rows.text)))
    return np.diff(edges)


def _parsed(text: bytes, dtype: type[Any]) -> NDArray[Any] | None:
    """Parse numbers between blanks; `None` when there is anything else."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            return np.fromstring(text, dtype, sep=" ")
        except (DeprecationWarning, ValueError):
            return None


def _line_of(rows: _Rows, row: int) -> bytes:
    return rows.text[rows.starts[row] : rows.ends[row]].tobytes()


def _read_statements(
    reading: _Reading, block: bytes, kinds: NDArray[np.int8], starts: Numbers, ends: Numbers
) -> None:
    which = np.flatnonzero(kinds == _OTHER)
    text = np.frombuffer(block, np.uint8)
    is_comment = text[starts[which]] == ord("#")
    for number in which[is_comment][: max(0, 40 - len(reading.comments))].tolist():
        line = block[starts[number] : ends[number]].decode("utf-8", "replace")
        reading.comments.append(line.strip("# \t\r"))
    which = which[~is_comment]
    faces = np.cumsum(kinds == _F)
    for number in which.tolist():
        keyword, _, rest = block[starts[number] : ends[number]].strip().partition(b" ")
        if b"\t" in keyword:
            keyword, _, after = keyword.partition(b"\t")
            rest = after + b" " + rest
        reading.statements.append(
            Statement(
                reading.faces + int(faces[number]),
                reading.lines + number + 1,
                keyword.decode("ascii", "replace"),
                rest.strip(),
            )
        )


def _table(parts: list[Floats], width: int) -> Floats:
    """Join tables of different widths; NaN stands for what narrower ones lack."""
    if not parts:
        return np.empty((0, width))
    widest = max(width, *(part.shape[1] for part in parts))
    if all(part.shape[1] == widest for part in parts):
        return np.concatenate(parts)
    found = np.full((sum(map(len, parts)), widest), np.nan)
    at = 0
    for part in parts:
        found[at : at + len(part), : part.shape[1]] = part
        at += len(part)
    return found


def _joined(parts: list[Indices], none: Indices) -> Indices:
    return np.concatenate(parts) if parts else none


def _check(found: ObjLines, raw: bytes, file: str) -> None:
    """Check that corners point at what is there."""
    sizes = (len(found.points), len(found.coordinates), len(found.normals))
    for column, (size, what) in enumerate(
        zip(sizes, ("points (v)", "texture coordinates (vt)", "normals (vn)"), strict=True)
    ):
        if int(found.corners[:, column].max(initial=-1)) < size:
            continue
        corner = int((found.corners[:, column] >= size).argmax())
        face = int(np.searchsorted(np.cumsum(found.sizes), corner, side="right"))
        lines = re.finditer(rb"(?m)^[ \t]*fo?[ \t]", raw)
        at = next((m.start() for n, m in enumerate(lines) if n == face), 0)
        number = int(found.corners[corner, column]) + 1
        raise refused(
            "scene_reference",
            file=file,
            place=f"line {raw.count(10, 0, at) + 1}",
            expected=f"a number of one of the {size} {what}",
            came=str(number) if number < np.iinfo(np.int32).max else "one before the first",
            remedy="export the scene again; the file contradicts itself",
        )
