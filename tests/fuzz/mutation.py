"""Make broken files out of sound ones: blind to the format, and by its numbers and words."""

import json
import random
import re
import struct
from collections.abc import Callable
from typing import Any, Final

SIZE_MAX: Final = 1 << 20
_NUMBERS: Final = (0, 1, 2, 3, 4, 7, 8, 16, 127, 128, 255, 256, 1023, 65535, 65536, 10**6)
_HUGE: Final = (2**31 - 1, 2**31, 2**32 - 1, 10**8, 2**53, 2**63, -1, -(2**31))
_WORDS: Final = (b"nan", b"inf", b"1e999", b"-0", b"", b"\xff\xfe", b"../../etc/passwd", b'"', b"[")
_NUMBER: Final = re.compile(rb"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")
_SCALARS: Final[tuple[Any, ...]] = (
    *(
        None,
        True,
        "",
        "a",
        -1,
        0,
        1,
        2,
        10**8,
        2**53,
        0.5,
        -1e30,
        1e39,
        [],
        {},
        [0],
        [[]],
        {"a": 1},
    ),
    *("../../etc/passwd", "http://localhost/x", "data:,x", "SCALAR", "VEC3", 5120, 5126, 65535),
)

Mutation = Callable[[random.Random, bytearray, list[bytes]], bytes]


def mutated(dice: random.Random, corpus: list[bytes]) -> bytes:
    """Return a changed copy of one of the corpus."""
    raw = dice.choice(corpus)
    for _ in range(dice.choice((1, 1, 1, 2, 3, 8))):
        change = dice.choice(_JSON_FIRST if _json_span(raw) else _BLIND)
        raw = change(dice, bytearray(raw), corpus)[:SIZE_MAX]
    return raw


def _flip(dice: random.Random, raw: bytearray, _: list[bytes]) -> bytes:
    for _ in range(dice.choice((1, 1, 4, 16))):
        if raw:
            raw[dice.randrange(len(raw))] ^= 1 << dice.randrange(8)
    return bytes(raw)


def _overwrite(dice: random.Random, raw: bytearray, _: list[bytes]) -> bytes:
    value = dice.choice((*_NUMBERS, *_HUGE)) & (2**64 - 1)
    width = dice.choice((1, 2, 4, 8))
    order = dice.choice("<>")
    code = {1: "B", 2: "H", 4: "I", 8: "Q"}[width]
    packed = struct.pack(order + code, value & (2 ** (8 * width) - 1))
    if len(raw) >= width:
        at = dice.randrange(len(raw) - width + 1)
        raw[at : at + width] = packed
    return bytes(raw)


def _float(dice: random.Random, raw: bytearray, _: list[bytes]) -> bytes:
    value = dice.choice((float("nan"), float("inf"), -1e38, 1e-40, 0.0))
    if len(raw) >= 4:
        at = dice.randrange(len(raw) - 3)
        raw[at : at + 4] = struct.pack("<f", value)
    return bytes(raw)


def _cut(dice: random.Random, raw: bytearray, _: list[bytes]) -> bytes:
    return bytes(raw[: dice.randrange(len(raw) + 1)])


def _drop(dice: random.Random, raw: bytearray, _: list[bytes]) -> bytes:
    at = dice.randrange(len(raw) + 1)
    del raw[at : at + dice.choice((1, 2, 4, 16, 200))]
    return bytes(raw)


def _repeat(dice: random.Random, raw: bytearray, _: list[bytes]) -> bytes:
    at = dice.randrange(len(raw) + 1)
    part = raw[at : at + dice.choice((1, 4, 16, 200))]
    return bytes(raw[:at] + part * dice.choice((2, 3, 50)) + raw[at:])


def _splice(dice: random.Random, raw: bytearray, corpus: list[bytes]) -> bytes:
    other = dice.choice(corpus)
    at = dice.randrange(len(other) + 1)
    part = other[at : at + dice.choice((4, 32, 500))]
    into = dice.randrange(len(raw) + 1)
    return bytes(raw[:into] + part + raw[into + dice.choice((0, len(part))) :])


def _renumber(dice: random.Random, raw: bytearray, _: list[bytes]) -> bytes:
    """Replace a number or a word that is written in text."""
    found = [match.span() for match in _NUMBER.finditer(raw)]
    if not found:
        return bytes(raw)
    low, high = dice.choice(found)
    words = (*_WORDS, *(str(n).encode() for n in (*_NUMBERS, *_HUGE)))
    return bytes(raw[:low] + dice.choice(words) + raw[high:])


def _line(dice: random.Random, raw: bytearray, _: list[bytes]) -> bytes:
    """Drop, repeat or move a line."""
    lines = bytes(raw).split(b"\n")
    at, to = dice.randrange(len(lines)), dice.randrange(len(lines))
    line = lines.pop(at)
    for _ in range(dice.choice((0, 1, 2, 40))):
        lines.insert(min(to, len(lines)), line)
    return b"\n".join(lines)


def _json_span(raw: bytes) -> tuple[int, int] | None:
    """Return where the JSON of a GLB or of a text file lies."""
    if raw[:4] == b"glTF" and len(raw) >= 20:
        size = struct.unpack_from("<I", raw, 12)[0]
        return (20, 20 + size) if 20 + size <= len(raw) else None
    return (0, len(raw)) if raw[:1] == b"{" else None


def _in_json(dice: random.Random, raw: bytearray, corpus: list[bytes]) -> bytes:
    """Change one value anywhere in the JSON, and put the container together again."""
    span = _json_span(bytes(raw))
    if span is None:
        return _flip(dice, raw, corpus)
    try:
        root = json.loads(raw[span[0] : span[1]])
    except (ValueError, RecursionError):
        return _flip(dice, raw, corpus)
    places = list(_places(root))
    if not places:
        return bytes(raw)
    container, key = dice.choice(places)
    action = dice.randrange(4)
    if action == 0:
        del container[key]
    elif action == 1:
        container[key] = dice.choice(_SCALARS)
    elif action == 2:
        container[key] = json.loads(json.dumps(dice.choice(places)[0]))
    else:
        other, which = dice.choice(places)
        if which in other if isinstance(other, dict) else which < len(other):
            container[key] = json.loads(json.dumps(other[which]))
    text = json.dumps(root).encode()
    if raw[:4] != b"glTF":
        return text
    text += b" " * (-len(text) % 4)
    body = struct.pack("<I4s", len(text), b"JSON") + text + bytes(raw[span[1] :])
    return struct.pack("<4sII", b"glTF", 2, 12 + len(body)) + body


def _places(root: Any) -> list[tuple[Any, Any]]:
    found, stack = [], [root]
    while stack:
        current = stack.pop()
        keys = current.keys() if isinstance(current, dict) else range(len(current))
        for key in keys:
            found.append((current, key))
            if isinstance(current[key], dict | list):
                stack.append(current[key])
    return found


_BLIND: Final[tuple[Mutation, ...]] = (
    *(_flip, _overwrite, _float, _cut, _drop, _repeat, _splice, _renumber, _renumber, _line),
)
_JSON_FIRST: Final[tuple[Mutation, ...]] = (*_BLIND, *(_in_json,) * 10)
