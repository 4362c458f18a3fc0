"""The other side of `isolated.py`: what runs in the worker process."""

import contextlib
import importlib
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from branchxr.errors import SceneRefused

from ..glb import save_glb
from .source import Source


def main(job: Mapping[str, Any]) -> None:
    """Read the source that a job names and write what was made of it; never returns.

    The process ends without Python's own shutdown: ufbx 0.0.5 crashes in it.
    """
    _limit(job)
    folder = Path(job["folder"])
    try:
        source = _reader(job["reader"])(Path(job["source"]))
        (folder / "scene").mkdir()
        save_glb(source.document, folder / "scene" / source.file)
        answer = _answer_of(source)
    except SceneRefused as error:
        answer = _refusal_of(error)
    except MemoryError:
        answer = json.dumps({"is_out_of_memory": True}).encode()
    except Exception as error:  # noqa: BLE001 - whatever it is, the parent names it
        answer = json.dumps({"failure": f"{type(error).__name__}: {error}"[:200]}).encode()
    (folder / "answer.json").write_bytes(answer)
    os._exit(0)


def _answer_of(source: Source) -> bytes:
    """Return what a worker writes of a source, without its document."""
    box = source.bounds_m
    answer = {
        "format": source.format,
        "size_bytes": source.size_bytes,
        "hashes": dict(source.hashes),
        "counts": asdict(source.counts),
        "unit_m": source.unit_m,
        "generator": source.generator,
        "licence": source.licence,
        "extensions_used": list(source.extensions_used),
        "bounds_m": None if box is None else box.tolist(),
        "warnings": [warning.as_json() for warning in source.warnings],
    }
    return json.dumps({"source": answer}).encode()


def _refusal_of(error: SceneRefused) -> bytes:
    """Return what a worker writes when a reader refused the file."""
    parts = {key: getattr(error, key) for key in ("expected", "came", "remedy", "code")}
    return json.dumps({"refusal": parts}).encode()


def _reader(name: str) -> Callable[[Path], Source]:
    module, _, function = name.partition(":")
    found: Callable[[Path], Source] = getattr(importlib.import_module(module), function)
    return found


def _limit(job: Mapping[str, Any]) -> None:
    """Take the limits upon ourselves, before anything of the file is read."""
    with contextlib.suppress(ImportError):  # Windows
        import resource  # noqa: PLC0415

        for kind, most in (
            (resource.RLIMIT_DATA, job["memory_bytes"]),
            # Arrays that lie in files (`mapped.Scratch`) take addresses, not memory.
            (resource.RLIMIT_AS, job["address_bytes"]),
            (resource.RLIMIT_CPU, job["cpu_s"]),
            (resource.RLIMIT_FSIZE, job["output_bytes"]),
            (resource.RLIMIT_CORE, 0),
        ):
            _, hard = resource.getrlimit(kind)
            bound = most if hard == resource.RLIM_INFINITY else min(most, hard)
            # At a soft limit on time comes SIGXCPU, which has a name of its own; then SIGKILL.
            is_time = kind == resource.RLIMIT_CPU
            with contextlib.suppress(ValueError, OSError):  # macOS has no limit on address space
                resource.setrlimit(kind, (bound, hard if is_time else bound))
