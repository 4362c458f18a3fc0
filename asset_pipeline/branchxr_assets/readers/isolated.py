"""Run a reader in a process of its own: a stranger's file meets native code there, not here.

The worker is a new interpreter with limits on memory, processor time, wall-clock time and the
size of what it writes, none of our environment variables and no open files. It hands back a GLB,
which the hardened glTF reader reads, and a JSON object that is checked like any other input. A
crash, a time-out and running out of memory are refusals with a name; nothing is left behind.

Where the system has no resource limits (Windows), only the wall clock is bounded.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from branchxr.errors import SceneRefused

from ..refusal import refused
from ..warnings import SceneWarning, distinct
from .gltf import read_handed
from .source import Counts, Source

_MIB: Final = 1 << 20
_GIGABYTE_MIB: Final = 3500
"""For a file of 1 GB (954 MiB), in MiB: 3.67 GB, which leaves a third of one for all else."""
_ANSWER_BYTES_MAX: Final = 64 * _MIB
_ENVIRONMENT: Final = (
    "SYSTEMROOT",
    "TEMP",
    "TMP",
    "TMPDIR",
    "OPENBLAS_CORETYPE",
    "OPENBLAS_L2_SIZE",
)
"""What a worker may know of ours: where temporary files go, and what numpy needs to compute."""
_BOOT: Final = (
    "import json,sys;job=json.loads(sys.stdin.readline());sys.path[:]=job['sys_path'];"
    "from branchxr_assets.readers.worker import main;main(job)"
)


@dataclass(frozen=True, slots=True)
class Limits:
    """What a worker may use.

    Attributes:
        memory_bytes: of its own.
        output_bytes: of each file it writes.
        mapped_bytes: of files that lie in its address space, beside its memory.
    """

    memory_bytes: int
    cpu_s: int
    wall_s: float
    output_bytes: int
    mapped_bytes: int = 0


def limits_for(size_bytes: int) -> Limits:
    """Return the limits for a source of a size: 1.5 GiB and a minute, and more for a large one.

    Readers take up to four times a file's size at their fullest; 1 GB stays below 4 GB all the
    same. What ufbx unpacks may be ten times the file: `docs/formats.md` says what is refused.
    """
    size_mib = size_bytes // _MIB
    cpu_s = 60 + size_mib // 2
    memory_mib = min(1536 + 4 * size_mib, max(_GIGABYTE_MIB, _GIGABYTE_MIB * size_mib // 954))
    memory = memory_mib * _MIB
    return Limits(memory, cpu_s, 2.0 * cpu_s, memory, mapped_bytes=6 * size_mib * _MIB)


def read_isolated(path: Path, reader: str, *, limits: Limits | None = None) -> Source:
    """Read a scene file in a worker process.

    Args:
        path: the file; the worker reads it, and what lies beside it, itself.
        reader: `module:function` of ours, `(Path) -> Source`; imported in the worker only.
        limits: by the file's size when left out.

    Raises:
        SceneRefused: what the reader refused, or `scene_reader_crashed`, `scene_too_slow`,
            `scene_too_large`, `scene_reader_failed`.
    """
    bounds = limits or limits_for(path.stat().st_size)
    with tempfile.TemporaryDirectory(prefix="branchxr-", ignore_cleanup_errors=True) as folder:
        status = _run(path, reader, bounds, Path(folder))
        return _collect(path, Path(folder), status, bounds)


def _run(path: Path, reader: str, limits: Limits, folder: Path) -> int | None:
    """Start the worker and wait; return its exit status, `None` when it took too long."""
    job = {
        "sys_path": [entry for entry in sys.path if entry],
        "source": str(path.resolve()),
        "folder": str(folder),
        "reader": reader,
        "memory_bytes": limits.memory_bytes,
        "cpu_s": limits.cpu_s,
        "output_bytes": limits.output_bytes,
        "address_bytes": limits.memory_bytes + limits.mapped_bytes,
    }
    environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    # One thread: each of OpenBLAS's reserves tens of MB of address space, and none is used.
    environment |= {"OPENBLAS_NUM_THREADS": "1", "PYTHONUTF8": "1"}
    worker = subprocess.Popen(  # noqa: S603 - our own interpreter, our own words
        [sys.executable, "-I", "-S", "-c", _BOOT],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=folder,
        env=environment,
        start_new_session=True,
    )
    try:
        worker.communicate(json.dumps(job).encode() + b"\n", timeout=limits.wall_s)
    except subprocess.TimeoutExpired:
        return None
    finally:
        if worker.poll() is None:
            _end(worker)
    return worker.returncode


def _end(worker: "subprocess.Popen[bytes]") -> None:
    """Kill the worker and whatever it started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(worker.pid, signal.SIGKILL)
    worker.kill()
    worker.wait()


class _Refusal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    expected: str
    came: str
    remedy: str
    code: str


class _Warning(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    code: str
    path: str
    message: str


class _Answer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a worker says of a source; the document is in the GLB beside it."""

    format: str
    size_bytes: int
    hashes: dict[str, str]
    counts: Counts
    unit_m: float
    generator: str | None
    licence: str | None
    extensions_used: list[str]
    bounds_m: tuple[tuple[float, float, float], tuple[float, float, float]] | None
    warnings: list[_Warning]


class _Handed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    source: _Answer | None = None
    refusal: _Refusal | None = None
    failure: str | None = None
    is_out_of_memory: bool = False


def _collect(path: Path, folder: Path, status: int | None, limits: Limits) -> Source:
    # A worker's death comes first: an answer written before it may be half of one.
    if status is None or -status == getattr(signal, "SIGXCPU", None):
        came = f"a reader still at work after {limits.wall_s if status is None else limits.cpu_s} s"
        raise _refused("scene_too_slow", path, "a file that is read in bounded time", came)
    if -status == getattr(signal, "SIGKILL", None):
        raise _too_large(path, limits)  # the system's own way of saying so
    if status != 0:
        came = f"a reader that ended with {_name(status)}"
        raise _refused("scene_reader_crashed", path, "a file that its reader survives", came)
    handed = _handed(path, folder / "answer.json")
    if handed.refusal is not None:
        given = handed.refusal
        raise SceneRefused(given.expected, given.came, given.remedy, code=given.code)
    if handed.is_out_of_memory:
        raise _too_large(path, limits)
    if handed.source is None:
        came = f"a reader that gave up ({handed.failure})"
        raise _refused("scene_reader_failed", path, "a file that can be read", came)
    return _source(path, handed.source, folder)


def _handed(path: Path, file: Path) -> _Handed:
    try:
        if file.stat().st_size > _ANSWER_BYTES_MAX:
            raise msgspec.ValidationError("too long")
        return msgspec.json.decode(file.read_bytes(), type=_Handed)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        came = f"no answer that can be used ({type(error).__name__})"
        raise _refused("scene_reader_failed", path, "a reader's answer", came) from error


def _source(path: Path, answer: _Answer, folder: Path) -> Source:
    """Put a source together; the GLB bears the source's name, so that messages do."""
    import numpy as np  # noqa: PLC0415 - a refusal needs none

    document, said = read_handed(folder / "scene" / path.name)
    warnings = (SceneWarning(w.code, w.path, w.message) for w in answer.warnings)
    return Source(
        file=path.name,
        format=answer.format,
        document=document,
        size_bytes=answer.size_bytes,
        hashes=answer.hashes,
        counts=answer.counts,
        generator=answer.generator,
        licence=answer.licence,
        unit_m=answer.unit_m,
        extensions_used=tuple(answer.extensions_used),
        bounds_m=None if answer.bounds_m is None else np.array(answer.bounds_m, np.float64),
        warnings=distinct((*warnings, *said)),
    )


def _too_large(path: Path, limits: Limits) -> SceneRefused:
    return refused(
        "scene_too_large",
        file=path.name,
        place="the whole",
        expected="a scene that fits into memory",
        came=f"one that wants more than {limits.memory_bytes // _MIB} MiB when it is unpacked",
        remedy="export it in parts, each a file of its own, or as glTF 2.0 (.glb), which is never "
        "unpacked as a whole",
    )


def _name(status: int) -> str:
    try:
        return signal.Signals(-status).name
    except ValueError:
        return f"exit code {status}"


def _refused(code: str, path: Path, expected: str, came: str) -> SceneRefused:
    return refused(
        code,
        file=path.name,
        place="the whole",
        expected=expected,
        came=came,
        remedy="export the scene again, in parts if it is large, or as glTF 2.0 (.glb)",
    )
