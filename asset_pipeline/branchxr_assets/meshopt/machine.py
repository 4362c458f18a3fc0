"""Run meshoptimizer's own WebAssembly modules: no compiler, and strangers' bytes in a sandbox.

`make setup` takes the modules out of the npm package `meshoptimizer` (MIT) into `wasm/`; wasmtime
compiles them once and keeps the machine code in its own cache on disk (docs/adr/0008-meshopt.md).
Measured, CPU ms: import wasmtime 90; compile the three 170, from the cache 4; a new instance 0.3.
"""

import atexit
import contextlib
import ctypes
import functools
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from branchxr.errors import MissingTool

if TYPE_CHECKING:
    import wasmtime

Part = Literal["decoder", "encoder", "simplifier"]
Bytes = NDArray[np.uint8]

FOLDER: Final = Path(__file__).parent / "wasm"
MEMORY_MAX: Final = 2**31
"""Bytes of one module's memory; beyond them a call fails, and the process does not."""
_KEPT_MAX: Final = 2**26
"""A machine that has grown beyond this is not kept: WebAssembly memory never shrinks."""
_ALIGNMENT: Final = 16


class MeshoptFailed(Exception):
    """The module stopped: malformed data, or no memory left for it."""


class Machine:
    """One instance of a module, with a stack of allocations that every call unwinds."""

    def __init__(self, part: Part) -> None:
        import wasmtime  # noqa: PLC0415 - 90 ms that a scene without meshopt does not pay

        module = _compiled(part)
        self._store = wasmtime.Store(module[0])
        self._store.set_limits(memory_size=MEMORY_MAX)
        try:
            instance = wasmtime.Instance(self._store, module[1], [])
        except wasmtime.WasmtimeError as error:
            raise MeshoptFailed(f"no memory for it: {str(error).splitlines()[0]}") from error
        self._exports = instance.exports(self._store)
        self._memory: wasmtime.Memory = self._exports["memory"]  # type: ignore[assignment]
        self._call("__wasm_call_ctors")
        self._base: int = self._call("sbrk", 0)
        self._top: int = self._base

    @property
    def size(self) -> int:
        """Bytes of its memory."""
        return int(self._memory.data_len(self._store))

    def reserve(self, size: int) -> int:
        """Take bytes from the module's memory; return where they begin."""
        rounded = max(size + -size % _ALIGNMENT, _ALIGNMENT)
        pad = -self._top % _ALIGNMENT
        # `sbrk` answers -1 when memory would outgrow its limit, and wraps at 2 GiB.
        if self._top + pad + rounded > MEMORY_MAX or self._call("sbrk", pad + rounded) < 0:
            raise MeshoptFailed(f"{size} bytes do not fit its memory")
        start = self._top + pad
        self._top += pad + rounded
        return start

    def put(self, values: NDArray[Any]) -> int:
        """Copy an array into the module's memory; return where it begins."""
        raw = np.ascontiguousarray(values).reshape(-1).view(np.uint8)
        start = self.reserve(raw.size)
        self._view(start, raw.size)[:] = raw
        return start

    def take(self, start: int, count: int, dtype: Any) -> NDArray[Any]:
        """Copy an array out of the module's memory."""
        size = count * np.dtype(dtype).itemsize
        return self._view(start, size).copy().view(dtype)

    def run(self, name: str, *arguments: float) -> Any:
        """Call an exported function.

        Raises:
            MeshoptFailed: it trapped: out of memory or out of bounds.
        """
        return self._call(name, *arguments)

    def unwind(self) -> None:
        """Give back everything reserved."""
        self._call("sbrk", self._base - self._top)
        self._top = self._base

    def _view(self, start: int, size: int) -> Bytes:
        """Show a part of the module's memory as an array; it moves when memory grows."""
        if start < 0 or start + size > self.size:
            raise MeshoptFailed("an address outside its memory")
        address = ctypes.addressof(self._memory.data_ptr(self._store).contents)
        return np.ctypeslib.as_array((ctypes.c_uint8 * size).from_address(address + start))

    def _call(self, name: str, *arguments: float) -> Any:
        import wasmtime  # noqa: PLC0415

        try:
            return self._exports[name](self._store, *arguments)  # type: ignore[operator]
        except (wasmtime.Trap, wasmtime.WasmtimeError) as error:
            raise MeshoptFailed(str(error).splitlines()[0]) from error


@contextmanager
def machine(part: Part) -> Iterator[Machine]:
    """Lend a machine to one thread; one that failed is not used again."""
    idle = _idle(part)
    try:
        lent = idle.pop()
    except IndexError:
        lent = Machine(part)
    yield lent
    lent.unwind()
    if lent.size <= _KEPT_MAX:
        idle.append(lent)


@functools.cache
def _idle(_part: Part) -> list[Machine]:
    """Return the stack of idle machines; `list.pop` and `append` are atomic."""
    return []


_compiling: Final = threading.Lock()


def _compiled(part: Part) -> "tuple[wasmtime.Engine, wasmtime.Module]":
    with _compiling:
        return _module(part)


@functools.cache
def _module(part: Part) -> "tuple[wasmtime.Engine, wasmtime.Module]":
    import wasmtime  # noqa: PLC0415

    path = FOLDER / f"{part}.wasm"
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise MissingTool(
            "meshoptimizer's modules, which `make setup` puts into the package",
            f"no {path.name}",
            "run: make setup",
        ) from error
    engine = _engine()
    return engine, wasmtime.Module(engine, raw)


@functools.cache
def _engine() -> "wasmtime.Engine":
    import wasmtime  # noqa: PLC0415

    config = wasmtime.Config()
    with contextlib.suppress(wasmtime.WasmtimeError):  # no home folder: compile each time
        config.cache = True
    if _is_address_space_limited():
        # By default 4 GiB are reserved for each memory, so that no access need be checked. In a
        # worker with a limit there is no such room, and a call takes 1.5 times as long.
        config.memory_reservation = 0
        config.memory_guard_size = 0
        config.memory_reservation_for_growth = 2**24
    # Python takes modules apart before objects: whatever lives until then could not free itself.
    atexit.register(_forget)
    return wasmtime.Engine(config)


def _is_address_space_limited() -> bool:
    try:
        import resource  # noqa: PLC0415 - not on Windows
    except ImportError:
        return False
    return resource.getrlimit(resource.RLIMIT_AS)[0] != resource.RLIM_INFINITY


def _forget() -> None:
    for kept in (_idle, _module, _engine):
        kept.cache_clear()
