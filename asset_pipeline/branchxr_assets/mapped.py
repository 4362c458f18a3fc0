"""Arrays that lie in a file: a scene of gigabytes is never in memory as a whole.

The system reads pages when they are touched and may forget them again; `let_go` tells it when.
"""

import contextlib
import hashlib
import mmap
import os
import tempfile
from pathlib import Path
from typing import Any, Final

import numpy as np

from .document import Array

IN_MEMORY_BYTES: Final = 64 * 2**20
"""What a scene in the making may hold in memory; arrays beyond go into a file."""
Raw = bytes | mmap.mmap
"""A file's bytes: in memory, or mapped."""
_SMALL_BYTES: Final = 1 << 20
_COPIED_AT_ONCE: Final = 1 << 24
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


def mapped(path: Path) -> Raw:
    """Return a file's bytes without reading them; where a mapped file cannot go, they are read."""
    with path.open("rb") as file:
        if _FORGET is None or not path.stat().st_size:
            return file.read()
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def snapshot(path: Path) -> Raw:
    """Return a file's bytes as they are now; those of a large one lie in a file without a name.

    Mapping the file itself would be cheaper, but whoever cuts it meanwhile (an artist who exports
    again) would end the process.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        copy = None
        if size >= IN_MEMORY_BYTES and _CAN_RESERVE:
            with contextlib.suppress(OSError):  # no room: then in memory
                copy = _reserved(size)
        if copy is None:
            return file.read()
        while part := file.read(min(_COPIED_AT_ONCE, size - copy.tell())):
            copy.write(part)
        end = copy.tell()
    whole = np.frombuffer(copy, np.uint8)
    let_go(whole)
    return copy if end == size else whole[:end].tobytes()


def sha256_of(raw: Raw) -> str:
    """Return the SHA-256 in hex; a mapped file is not in memory afterwards."""
    found = hashlib.sha256()
    whole = np.frombuffer(raw, np.uint8)
    for start in range(0, len(raw), _SEGMENT_BYTES):
        part = whole[start : start + _SEGMENT_BYTES]
        found.update(part.data)
        let_go(part)
    return found.hexdigest()


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
