"""ZBrush's vertex colours in an OBJ file: comments that other programs pass over.

`#MRGB` and up to 64 groups of eight hexadecimal digits, a vertex each in their order: MMRRGGBB, a
mask and a colour for screens (the exporter's own comment in each such file says so).
"""

import re
from typing import Final

import numpy as np

from ..document import Floats

_LINES: Final = re.compile(rb"^#MRGB[ \t]+([0-9A-Fa-f \t]+?)[ \t]*\r?$", re.MULTILINE)


def polypaint(raw: bytes, count: int) -> Floats | None:
    """Return `(count, 3)` colours, 0 to 1; `None` where comments do not give each vertex one."""
    digits = b"".join(b"".join(found[1].split()) for found in _LINES.finditer(raw))
    if not count or len(digits) != 8 * count:
        return None
    table = np.frombuffer(bytes.fromhex(digits.decode()), np.uint8).reshape(count, 4)
    colours: Floats = table[:, 1:] / 255
    return colours
