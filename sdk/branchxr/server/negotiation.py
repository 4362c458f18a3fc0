"""What a request for a file wants of it: which part, or nothing new (RFC 9110)."""

import re
from dataclasses import dataclass
from typing import Final

_ENTITY_TAG: Final = re.compile(r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"')


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a file: bytes `first` to `last`, both included."""

    first: int
    last: int


class Unsatisfiable(Exception):
    """A range that lies outside the file (416)."""


def names_tag(header: str | None, tag: str, *, is_strong: bool = False) -> bool:
    """Tell whether a header names this entity tag (section 8.8.3.2).

    Args:
        header: `If-None-Match`, which compares weakly, or `If-Match`.
        tag: a strong one.
        is_strong: as `If-Match` compares: a weak tag names nothing.
    """
    if header is None:
        return False
    if header.strip() == "*":
        return True
    found = _ENTITY_TAG.findall(header)
    return tag in (found if is_strong else [one.removeprefix("W/") for one in found])


def span_of(header: str | None, size_bytes: int) -> Span | None:
    """Read a `Range` header; `None` means the whole file (section 14.2).

    Several ranges, other units and what cannot be read are ignored, as the standard allows.

    Raises:
        Unsatisfiable: the range lies outside the file.
    """
    found = re.fullmatch(r"bytes=\s*([0-9]{0,18})-([0-9]{0,18})\s*", header or "", re.ASCII)
    if found is None or found.group(0).strip() == "bytes=-":
        return None
    first, last = found.groups()
    if not first:  # the last n bytes
        if int(last) == 0 or size_bytes == 0:
            raise Unsatisfiable
        return Span(max(0, size_bytes - int(last)), size_bytes - 1)
    if last and int(last) < int(first):
        return None
    if int(first) >= size_bytes:
        raise Unsatisfiable
    return Span(int(first), min(int(last or size_bytes), size_bytes - 1))
