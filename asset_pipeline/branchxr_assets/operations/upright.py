"""Let photographs lie as texture coordinates have them: no viewer may turn them by a note.

A camera that is held upright notes so in the file (Exif 2.32, tag Orientation). Browsers turn such
a picture, Blender, Unity and this package's own WebP do not: one level of detail would show it
turned and the next one not. Texture coordinates were laid on the pixels as they are stored.
"""

import struct
from dataclasses import replace
from typing import Final

from ..document import Document, Outcome
from ..warnings import SceneWarning

_EXIF: Final = b"Exif\0\0"
_ORIENTATION: Final = 0x0112
_SEGMENTS_MAX: Final = 64
_AS_STORED: Final = 1


def upright(document: Document) -> Outcome:
    """Take the note out of every JPEG that has one; pixels and all other bytes stay."""
    made = tuple(_without_turn(raw) for raw in document.images)
    warnings = []
    for index, (before, after) in enumerate(zip(document.images, made, strict=True)):
        if after is not before:
            name = document.listed("images")[index].get("name", "")
            message = (
                f"the image {name!r} says that it is to be turned, which only browsers do; it lies "
                "as its pixels are stored, as modelling programs show it"
            )
            warnings.append(SceneWarning("image_turned", f"images[{index}]", message))
    if not warnings:
        return Outcome(document, {"images_turned": 0})
    return Outcome(
        replace(document, images=made), {"images_turned": len(warnings)}, tuple(warnings)
    )


def _without_turn(raw: bytes) -> bytes:
    place = _place_of_turn(raw)
    if place is None:
        return raw
    at, order = place
    value = struct.pack(f"{order}H", _AS_STORED)
    return raw[:at] + value + raw[at + len(value) :]


def _place_of_turn(raw: bytes) -> tuple[int, str] | None:
    """Return where the orientation stands and its byte order; `None` where it turns nothing."""
    if not raw.startswith(b"\xff\xd8"):
        return None
    at = 2
    for _ in range(_SEGMENTS_MAX):
        if len(raw) < at + 4 or raw[at] != 0xFF or raw[at + 1] == 0xDA:  # the picture itself
            return None
        (length,) = struct.unpack_from(">H", raw, at + 2)
        if raw[at + 1] == 0xE1 and raw.startswith(_EXIF, at + 4):
            try:
                return _in_tiff(raw, at + 4 + len(_EXIF))
            except struct.error:
                return None
        at += 2 + length
    return None


def _in_tiff(raw: bytes, start: int) -> tuple[int, str] | None:
    order = "<" if raw.startswith(b"II", start) else ">"
    (first,) = struct.unpack_from(f"{order}I", raw, start + 4)
    (count,) = struct.unpack_from(f"{order}H", raw, start + first)
    for number in range(count):
        entry = start + first + 2 + 12 * number
        tag, kind, _, value = struct.unpack_from(f"{order}HHIH", raw, entry)
        if tag == _ORIENTATION and kind == 3:
            return (entry + 8, order) if _AS_STORED < value <= 8 else None
    return None
