"""The one module that knows the ufbx wheel, and what is wrong with it.

ufbx 0.0.5 crashes (SIGSEGV) when an object it gave out is freed: on the first `for node in
scene.nodes` of every file that was tried. So each is held until the process ends, which it does
by `os._exit` in `readers/worker.py`. A file's objects are some tens of thousands, of about 60
bytes each. For the same reason arrays need no copy: they are views of what ufbx holds.
"""

import ctypes
import gc
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import ufbx

from ...document import Array

_IS_KNOWN: Final = (Path(ufbx.__file__).parents[1] / "ufbx-0.0.5.dist-info").is_dir()
"""The wheel whose objects are laid out as `_viewed` says; `importlib.metadata` takes 12 ms more."""
_held: Final[list[Any]] = []
"""Never emptied, on purpose; the process lives for one file."""


class Held:
    """A ufbx object that is never freed: attributes, items and iteration give the same again."""

    __slots__ = ("_object",)

    def __init__(self, value: Any) -> None:
        _held.append(value)
        self._object = value

    def __getattr__(self, name: str) -> Any:
        return _kept(getattr(self._object, name))

    def __bool__(self) -> bool:
        return True

    def __len__(self) -> int:
        return len(self._object)

    def __getitem__(self, index: int) -> Any:
        return _kept(self._object[index])

    def __iter__(self) -> Iterator[Any]:
        return (self[index] for index in range(len(self._object)))


def _kept(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float | str | bytes):
        return value
    if type(value) is tuple:
        return tuple(_kept(item) for item in value)
    if isinstance(value, tuple):  # vectors, quaternions, matrices: plain named tuples
        return value
    return Held(value)


def load(path: Path, **options: Any) -> Any:
    """Read a file with ufbx; return its scene.

    Raises:
        ufbx.UfbxError: it cannot be read.
        MemoryError: it wants more than there may be.
    """
    gc.disable()  # a collection would free what must stay
    try:
        return Held(ufbx.load_file(str(path), **options))
    except (ufbx.OutOfMemoryError, ufbx.MemoryLimitError, ufbx.AllocationLimitError) as error:
        raise MemoryError(str(error)) from error


def bake(scene: Any, animation: Any, **options: Any) -> Any:
    """Sample an animation into keys that are joined by straight lines."""
    return Held(ufbx.bake_anim(scene._object, animation._object, **options))


def translations(animation: Any, node: Any, times: Array) -> Array:
    """Return where a node is relative to its parent: `(n, 3)` at `(n,)` seconds of the file."""
    found = [
        ufbx.evaluate_transform(animation._object, node._object, float(time)).translation
        for time in times
    ]
    return np.array(found, np.float64).reshape(-1, 3)


def reals(values: Any) -> Array:
    """View a list of numbers or vectors: `(n,)` or `(n, components)` float64, read-only."""
    return np.asarray(values._object, np.float64)


def floats(values: Any) -> Array:
    """Copy a list of numbers or vectors as float32."""
    return np.array(values._object, np.float32)


def pairs(values: Any) -> Array:
    """View a list of faces or edges: `(n, 2)` uint32, read-only."""
    return np.asarray(values._object, np.uint32).reshape(-1, 2)


def flags(values: Any) -> Array:
    """Copy a list of booleans."""
    return np.array(values._object, np.bool_)


def indices(values: Any) -> Array:
    """View a list of whole numbers: `(n,)` uint32, read-only."""
    found = _viewed(values._object, np.dtype("<u4"))
    if found is not None:
        return found
    return np.fromiter(values._object, np.uint32, len(values))


_KEY: Final = {
    3: np.dtype([("time", "<f8"), ("value", "<f8", 3), ("flags", "<u4"), ("", "<u4")]),
    4: np.dtype([("time", "<f8"), ("value", "<f8", 4), ("flags", "<u4"), ("", "<u4")]),
}


def keys(values: Any, components: int) -> tuple[Array, Array, Array]:
    """Copy baked keys: `(k,)` seconds, `(k, components)` values, `(k,)` flags."""
    found = _viewed(values._object, _KEY[components])
    if found is not None:
        return found["time"].copy(), found["value"].copy(), found["flags"].copy()
    listed = list(values)
    return (
        np.array([key.time for key in listed], np.float64),
        np.array([key.value for key in listed], np.float64).reshape(-1, components),
        np.array([int(key.flags) for key in listed], np.uint32),
    )


def _viewed(values: Any, dtype: np.dtype[Any]) -> Array | None:
    """View a list where the wheel keeps it; `None` when that cannot be made sure of.

    Only lists of floats and faces have a buffer in 0.0.5; others cost 60 ns a number, and a key
    of an animation 2 µs (4 million corners and keys: 0.3 s and more). The object ends in a
    pointer and a count, in this version: the count must be the list's own, and the first and the
    last item must be what the wheel says they are.
    """
    count = len(values)
    if not count:
        return np.zeros(0, dtype)
    size = type(values).__basicsize__
    if not _IS_KNOWN or size != 56:
        return None
    address, stated = (ctypes.c_uint64 * 2).from_address(id(values) + size - 16)
    if stated != count or not address:
        return None
    raw = memoryview((ctypes.c_char * (count * dtype.itemsize)).from_address(address))
    found = np.frombuffer(raw, dtype)
    found.setflags(write=False)
    is_true = all(_alike(found[i], _kept(values[i])) for i in {0, count - 1})
    return found if is_true else None


def _alike(item: Any, told: Any) -> bool:
    if isinstance(told, int):
        return int(item) == told
    values = np.array(told.value)
    is_same = float(item["time"]) == told.time and np.array_equal(item["value"], values)
    return bool(is_same and int(item["flags"]) == int(told.flags))
