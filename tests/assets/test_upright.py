"""A photograph lies as its pixels are stored, in every level of detail."""

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageOps

from branchxr_assets.document import Document
from branchxr_assets.operations.upright import upright


def photograph(turn: int, byte_order: str = "MM") -> bytes:
    exif = Image.Exif()
    exif.endian = "<" if byte_order == "II" else ">"
    exif[0x010F] = "a camera"
    exif[0x0112] = turn
    target = io.BytesIO()
    pixels = np.arange(24 * 16 * 3, dtype=np.uint8).reshape(16, 24, 3)
    Image.fromarray(pixels).save(target, "JPEG", exif=exif)
    return target.getvalue()


def document(*images: bytes) -> Document:
    return Document({"images": [{"name": "photo"} for _ in images]}, images=images)


@pytest.mark.parametrize("turn", range(2, 9))
@pytest.mark.parametrize("byte_order", ["II", "MM"])
def test_the_note_goes_and_nothing_else(turn: int, byte_order: str) -> None:
    raw = photograph(turn, byte_order)
    made = upright(document(raw))
    (after,) = made.document.images
    assert [w.code for w in made.warnings] == ["image_turned"]
    assert sum(a != b for a, b in zip(raw, after, strict=True)) == 1
    with Image.open(io.BytesIO(raw)) as stored, Image.open(io.BytesIO(after)) as shown:
        assert shown.getexif()[0x010F] == "a camera"
        assert ImageOps.exif_transpose(shown).tobytes() == stored.tobytes()
    assert upright(made.document).document is made.document


@pytest.mark.parametrize(
    "raw",
    [
        photograph(1),
        photograph(6)[:40],
        b"",
        b"\xff\xd8",
        b"\xff\xd8\xff\xe1\x00\x10Exif\0\0MM\0*\xff\xff\xff\xff",
        b"\xff\xd8" + b"\xff\xe0\x00\x00" * 99,
        b"\x89PNG\r\n\x1a\n",
    ],
)
def test_the_rest_stays(raw: bytes) -> None:
    came = document(raw)
    made: Any = upright(came)
    assert made.document is came
    assert made.warnings == ()
