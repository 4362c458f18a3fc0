"""Find the user's Blender and run our script in it, with limits."""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from branchxr.errors import MissingTool, SceneRefused

from ...refusal import refused
from ..isolated import Limits

VARIABLE: Final = "BRANCHXR_BLENDER"
SCRIPT: Final = Path(__file__).with_name("in_blender.py")
_MIB: Final = 1 << 20
_OFFLINE_SINCE: Final = (4, 2)
_VERSION_WAIT_S: Final = 60.0
_SYSTEMS_OWN: Final = ("PATH", "SYSTEMROOT", "WINDIR", "COMSPEC", "LD_LIBRARY_PATH", "LANG")
_SAID_MAX: Final = 300
_BOOT: Final = """
import json, os, sys
job = json.loads(sys.argv[1])
try:
    import resource
    for kind, most in job["limits"]:
        kind = getattr(resource, kind, None)
        if kind is not None:
            hard = resource.getrlimit(kind)[1]
            bound = most if hard == resource.RLIM_INFINITY else min(most, hard)
            try: resource.setrlimit(kind, (bound, hard if kind == resource.RLIMIT_CPU else bound))
            except (ValueError, OSError): pass
except ImportError: pass
os.execv(job["command"][0], job["command"])
"""
"""Takes the limits upon itself, then becomes Blender."""


@dataclass(frozen=True, slots=True)
class Blender:
    """A Blender, or a Python that has `bpy`.

    Attributes:
        is_python: the program is a Python.
        version: `(4, 2)`; `(0, 0)` where it was not asked.
    """

    program: str
    is_python: bool
    version: tuple[int, int] = (0, 0)

    def command(self, source: Path, folder: Path) -> list[str]:
        """Return the command line that reads `source` and writes into `folder`."""
        words = ["--", str(source), str(folder)]
        if self.is_python:
            return [self.program, "-I", "-B", str(SCRIPT), *words]
        offline = ["--offline-mode"] if self.version >= _OFFLINE_SINCE else []
        start = [self.program, "--background", "--factory-startup", "--disable-autoexec", *offline]
        return [*start, "--python-exit-code", "3", "--python", str(SCRIPT), *words]

    def run(self, source: Path, folder: Path, limits: Limits) -> str:
        """Run it; return the end of what it said.

        Raises:
            SceneRefused: `scene_too_slow`, or `scene_too_large` when the system killed it.
        """
        command = self.command(source.resolve(), folder)
        if os.name == "posix":
            bounds = [
                ("RLIMIT_AS", limits.memory_bytes),
                ("RLIMIT_CPU", limits.cpu_s),
                ("RLIMIT_FSIZE", limits.output_bytes),
                ("RLIMIT_CORE", 0),
            ]
            job = json.dumps({"limits": bounds, "command": command})
            command = [sys.executable, "-I", "-c", _BOOT, job]
        log = folder / "said.txt"
        with log.open("wb") as said:
            process = subprocess.Popen(  # noqa: S603 - the user's own program, no shell
                command,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                cwd=folder,
                env=_environment(folder),
                start_new_session=True,
            )
            try:
                status = process.wait(limits.wall_s)
            except subprocess.TimeoutExpired:
                status = None
            finally:
                _end(process)
        if status is None or status == -getattr(signal, "SIGXCPU", 0):
            raise _refused(
                "scene_too_slow", source, f"Blender still at work after {limits.wall_s} s"
            )
        if status == -getattr(signal, "SIGKILL", 0):
            came = f"Blender wanting more than {limits.memory_bytes // _MIB} MiB"
            raise _refused("scene_too_large", source, came)
        return f"exit code {status}: {_tail(log)}"


def find_blender() -> Blender | None:
    """Return the Blender to use; `None` when there is none.

    Raises:
        MissingTool: `BRANCHXR_BLENDER` names something that cannot be run.
    """
    named = os.environ.get(VARIABLE)
    program = shutil.which(named or "blender")
    if program is None:
        if named:
            raise _unusable(named, "no such program")
        return None
    program = str(Path(program).absolute())
    if re.match(r"python|pypy", Path(program).name.lower()):
        return Blender(program, is_python=True)
    return Blender(program, is_python=False, version=_version(program))


def limits_for(size_bytes: int) -> Limits:
    """Return the limits for a scene of a size.

    Blender 5.0 reads and exports the hall (1.3 MB) within 2.5 GB of address space, most of which
    it reserves and never fills, and 2 s of processor time.
    """
    size_mib = size_bytes // _MIB
    memory_mib = 6144 + 8 * size_mib
    return Limits(memory_mib * _MIB, 300 + size_mib, 300.0 + size_mib, memory_mib * _MIB)


def _version(program: str) -> tuple[int, int]:
    try:
        asked = subprocess.run(  # noqa: S603 - the user's own program, no shell
            [program, "--factory-startup", "--version"],
            capture_output=True,
            timeout=_VERSION_WAIT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _unusable(program, f"{type(error).__name__} when asked for its version") from error
    found = re.search(rb"Blender (\d+)\.(\d+)", asked.stdout)
    if found is None:
        raise _unusable(program, "a program that does not call itself Blender")
    return int(found[1]), int(found[2])


def _environment(folder: Path) -> dict[str, str]:
    """Return what Blender knows of ours: nothing but where programs and libraries are."""
    kept = {name: os.environ[name] for name in _SYSTEMS_OWN if name in os.environ}
    home = str(folder)
    return kept | {"HOME": home, "TMPDIR": home, "TEMP": home, "BLENDER_USER_RESOURCES": home}


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Kill it and whatever it started, if anything is still there."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
    if process.poll() is None:
        process.kill()
        process.wait()


def _tail(log: Path) -> str:
    with log.open("rb") as said:
        said.seek(max(0, log.stat().st_size - 4 * _SAID_MAX))
        lines = said.read().decode("utf-8", "replace").splitlines()
    return " ".join("".join(line for line in lines[-3:] if line.strip()).split())[-_SAID_MAX:]


def _unusable(program: str, came: str) -> MissingTool:
    return MissingTool(
        f"{VARIABLE} to name Blender, or a Python with the package bpy",
        f"{program!r}: {came}",
        "set it to the full path of Blender's program",
        code="missing_blender",
    )


def _refused(code: str, source: Path, came: str) -> SceneRefused:
    return refused(
        code,
        file=source.name,
        place="the whole",
        expected="a file that Blender reads within its limits",
        came=came,
        remedy="open it in your Blender and export glTF 2.0 (.glb), in parts if it is large",
    )
