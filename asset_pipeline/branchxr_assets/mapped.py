"""Arrays that lie in a file: a scene of gigabytes is never in memory as a whole.

The system reads pages when they are touched and may forget them again; `let_go` tells it when.
"""

import mmap
import os
import tempfile
from pathlib import Path
from typing import Any, Final

import numpy as np

from .document import Array

IN_MEMORY_BYTES: Final = 64 * 2**20
"""What a scene in the making may hold in memory; arrays beyond go into a file."""
_SMALL_BYTES: Final = 1 << 20
_SEGMENT_BYTES: Final = 64 * 2**20
"""Of one file: each is an open file, and there may be 1,024 of those."""
_FORGET: Final = getattr(mmap, "MADV_DONTNEED", None)
_PAGE: Final = mmap.PAGESIZE
_CAN_RESERVE: Final = hasattr(os, "posix_fallocate") and _FORGET is not None


class Scratch:
    """Keep arrays: the first in memory, the others in files without a name.

    A file goes with the last of its arrays, and with the process, however that ends. Where the
    system cannot reserve room in a file, or there is none, arrays stay in memory.

    Args:
        in_memory_bytes: of all arrays together.
    """

    def __init__(self, in_memory_bytes: int = IN_MEMORY_BYTES) -> None:
        self._left = in_memory_bytes
        self._segment: mmap.mmap | None = None
        self._end = 0

    def kept(self, values: Array) -> Array:
        """Return an array with the same values, in memory or in a file."""
        self._left -= values.nbytes
        if self._left >= 0 or values.nbytes < _SMALL_BYTES or not _CAN_RESERVE:
            return values
        if self._segment is None or self._end + values.nbytes > len(self._segment):
            try:
                self._segment = _reserved(max(_SEGMENT_BYTES, values.nbytes))
            except OSError:
                return values
            self._end = 0
        found = np.ndarray(values.shape, values.dtype, self._segment, self._end)
        found[...] = values
        let_go(found)
        self._end += -(-values.nbytes // _PAGE) * _PAGE
        return found


def _reserved(size: int) -> mmap.mmap:
    """Return a file without a name, mapped; its room is taken, so that writing cannot fail.

    Raises:
        OSError: there is no such room.
    """
    with tempfile.TemporaryFile() as file:
        os.posix_fallocate(file.fileno(), 0, size)
        return mmap.mmap(file.fileno(), size)


def mapped(path: Path) -> mmap.mmap | bytes:
    """Return a file's bytes without reading them; where a mapped file cannot go, they are read."""
    with path.open("rb") as file:
        if _FORGET is None or not path.stat().st_size:
            return file.read()
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def flat_bytes(values: Array) -> Array:
    """Return an array's bytes in a row, `(nbytes,)`, without a copy where they lie so."""
    found: Array = np.ascontiguousarray(values).reshape(-1).view(np.uint8)
    return found


def let_go(values: Array) -> None:
    """Say that an array is not needed in memory for now; one that lies in no file is left alone."""
    base: Any = values
    while isinstance(base, np.ndarray | memoryview):
        base = base.base if isinstance(base, np.ndarray) else base.obj
    if _FORGET is None or not isinstance(base, mmap.mmap) or values.nbytes < _SMALL_BYTES:
        return
    low, high = np.lib.array_utils.byte_bounds(values)
    origin = np.frombuffer(base, np.uint8).ctypes.data
    # Whole pages only: what shares one with a neighbour stays.
    start = -(-(low - origin) // _PAGE) * _PAGE
    end = (high - origin) // _PAGE * _PAGE
    if end > start:
        base.madvise(_FORGET, start, end - start)
