"""Read what a KTX2 file says of itself, and hold it against what glTF asks (KTX 2.0, section 3).

An encoder is a stranger's program: what it wrote is checked before a package carries it. Pixels
are not decoded here.
"""

import struct
from dataclasses import dataclass
from typing import Final

IDENTIFIER: Final = b"\xabKTX 20\xbb\r\n\x1a\n"
ETC1S: Final = 163
UASTC: Final = 166
"""KHR_DF_MODEL_*, Khronos Data Format 1.3, section 5.6."""
_HEADER: Final = struct.Struct("<9I4I2Q")
_LEVEL: Final = struct.Struct("<3Q")
_SCHEMES: Final = {ETC1S: {1}, UASTC: {0, 2}}
"""Supercompression: 0 none, 1 BasisLZ, 2 Zstandard."""
_ALPHA: Final = {ETC1S: 15, UASTC: 3}
"""The channel whose presence means alpha, of the last sample."""
_SRGB: Final = 2
_LINEAR: Final = 1


@dataclass(frozen=True, slots=True)
class Ktx2:
    """A KTX2 file's header.

    Attributes:
        width, height: pixels.
        levels: mip levels, the largest included.
        model: of colours; `ETC1S`, `UASTC` or another number.
        is_srgb: by its transfer function.
    """

    width: int
    height: int
    levels: int
    model: int
    is_srgb: bool
    has_alpha: bool
    scheme: int


def parse_ktx2(raw: bytes) -> Ktx2:
    """Read the header.

    Raises:
        ValueError: it is no KTX2 file of one picture in Basis Universal, as KHR_texture_basisu
            asks, or it points outside itself; the message says what is wrong.
    """
    if not raw.startswith(IDENTIFIER) or len(raw) < 12 + _HEADER.size:
        raise ValueError("no KTX2 file")
    fields = _HEADER.unpack_from(raw, 12)
    vk_format, _, width, height, depth, layers, faces, levels, scheme = fields[:9]
    if vk_format or depth or layers or faces != 1:
        raise ValueError(f"a KTX2 file of another kind (vkFormat {vk_format}, {faces} faces)")
    if not width or not height:
        raise ValueError(f"a picture of {width} x {height}")
    if levels not in {1, max(width, height).bit_length()}:
        raise ValueError(f"{levels} mip levels of {width} x {height}")
    _check_ranges(raw, levels, (fields[9:11], fields[11:13], fields[13:15]))
    model, transfer, channel = _descriptor(raw, fields[9], fields[10])
    if scheme not in _SCHEMES.get(model, ()):
        raise ValueError(f"colour model {model} with supercompression {scheme}")
    if transfer not in {_LINEAR, _SRGB}:
        raise ValueError(f"transfer function {transfer}")
    has_alpha = channel == _ALPHA[model]
    return Ktx2(width, height, levels, model, transfer == _SRGB, has_alpha, scheme)


def _check_ranges(raw: bytes, levels: int, parts: tuple[tuple[int, ...], ...]) -> None:
    index = 12 + _HEADER.size
    if len(raw) < index + levels * _LEVEL.size:
        raise ValueError("a KTX2 file that is cut off")
    of_levels = [_LEVEL.unpack_from(raw, index + n * _LEVEL.size)[:2] for n in range(levels)]
    if any(not length for _, length in of_levels):
        raise ValueError("an empty mip level")
    if any(start + length > len(raw) for start, length in [*of_levels, *parts]):
        raise ValueError("a KTX2 file that is cut off")


def _descriptor(raw: bytes, start: int, length: int) -> tuple[int, int, int]:
    """Return colour model, transfer function and the channel of the last sample."""
    size = int.from_bytes(raw[start + 10 : start + 12], "little") if length >= 44 else 0
    samples = (size - 24) // 16
    if samples < 1 or 4 + size > length:
        raise ValueError("no data format descriptor")
    last = raw[start + 28 + (samples - 1) * 16 + 3] & 15
    return raw[start + 12], raw[start + 14], last
