"""Parse the lines of an OBJ file: Wavefront's 'Object Files (.obj)', version 3.0."""

import re
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from branchxr.errors import SceneRefused

from ..document import Floats
from ..refusal import refused
from .text_rows import (
    Bytes,
    Lines,
    Numbers,
    Rows,
    blocks,
    floats,
    gather,
    joined_lines,
    lines_of,
    parsed,
    token_counts,
    token_starts,
)

Indices = NDArray[np.int32]
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


def parse_lines(raw: bytes, *, file: str) -> ObjLines:
    """Parse an OBJ file.

    Raises:
        SceneRefused: `scene_malformed`, `scene_reference` or `scene_not_finite`, naming the line.
    """
    raw = joined_lines(raw)
    reading = _Reading(file)
    for block in blocks(raw):
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


def _read_block(reading: _Reading, block: bytes) -> None:
    lines = lines_of(block)
    kinds = _kinds(lines)
    counted = reading.counts.copy()

    def rows_of(kind: int) -> Rows:
        which = np.flatnonzero(kinds == kind)
        keyword = 1 if kind == _V else 2  # `f` may be `fo`, as before version 3.0
        return gather(block, lines, which, keyword=keyword, first_line=reading.lines)

    for kind, target, width in (
        (_V, reading.points, 3),
        (_VT, reading.coordinates, 1),
        (_VN, reading.normals, 3),
    ):
        rows = rows_of(kind)
        if len(rows.starts):
            target.append(floats(rows, width, file=reading.file))
            reading.counts[kind] += len(rows.starts)
    rows = rows_of(_F)
    if len(rows.starts):
        _read_faces(reading, rows, kinds, counted)
    _read_statements(reading, block, kinds, lines)
    reading.faces += len(rows.starts)
    reading.lines += len(lines.ends)


def _kinds(lines: Lines) -> NDArray[np.int8]:
    text, starts, ends = lines.text, lines.starts, lines.ends
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


def _read_faces(
    reading: _Reading, rows: Rows, kinds: NDArray[np.int8], counted: NDArray[np.int64]
) -> None:
    starts = token_starts(rows.text)
    sizes = token_counts(starts, rows)
    corners = _uniform(rows.text, starts)
    if corners is None:
        corners = _mixed(reading, rows, starts)
    if (corners < 0).any():
        owner = np.repeat(rows.numbers - reading.lines, sizes)
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
    values = parsed(text.tobytes().replace(b"/", b" "), np.int64)
    columns = [[0], [0, 1], [0, 1, 2]][each] if not is_double else [0, 2]
    if values is None or len(values) != count * len(columns) or (values == 0).any():
        return None
    corners = np.zeros((count, 3), np.int64)
    corners[:, columns] = values.reshape(count, -1)
    return corners


def _mixed(reading: _Reading, rows: Rows, starts: Numbers) -> Numbers:
    """Parse corners of different kinds: `1`, `1/2`, `1//3`, `1/2/3`."""
    text = rows.text
    is_number = _NUMBERS[text]
    begins = np.flatnonzero(is_number[1:] & ~is_number[:-1]) + 1
    values = parsed(text.tobytes().replace(b"/", b" "), np.int64)
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


def _bad_corner(reading: _Reading, rows: Rows, at: int) -> SceneRefused:
    row = max(0, int(np.searchsorted(rows.starts, at, side="right")) - 1)
    return rows.refused(row, "corners such as 1, 1/2, 1//3 or 1/2/3", file=reading.file)


def _read_statements(
    reading: _Reading, block: bytes, kinds: NDArray[np.int8], lines: Lines
) -> None:
    starts, ends = lines.starts, lines.ends
    which = np.flatnonzero(kinds == _OTHER)
    is_comment = lines.text[starts[which]] == ord("#")
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
