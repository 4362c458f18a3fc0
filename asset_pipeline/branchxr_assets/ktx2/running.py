"""Run an encoder: apart from us, for a bounded time, in a folder that goes afterwards."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from threading import Event
from typing import Final, Self

from branchxr.errors import BranchXRError

_WALL_S: Final = 60.0
_WALL_S_PER_MEGAPIXEL: Final = 120.0
"""Six times what Basis Universal in WebAssembly took on one busy core (19 s a megapixel, UASTC)."""
_SAID_BYTES_MAX: Final = 64 * 1024
_POLL_S: Final = 0.05
_FILES: Final = 4
"""What all files in its folder may be, in those that it is asked for: its input is one."""
_KEPT: Final = ("PATH", "SYSTEMROOT", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
"""What an encoder may know of our environment: where its own libraries are."""


class EncoderFailed(BranchXRError):
    """A KTX2 encoder did not do what it was asked to."""

    default_code = "ktx2_encoder_failed"

    @classmethod
    def by(cls, kind: str, came: str) -> Self:
        """Make the error for one of the encoders."""
        return cls(
            "a KTX2 texture from the encoder on this machine",
            f"{came} from {kind}",
            "try another encoder (BRANCHXR_KTX names one), or build with --textures webp",
        )


def run(
    kind: str,
    command: list[str],
    folder: Path,
    *,
    pixels: int,
    stop: Event,
    wall_s: float | None = None,
) -> str:
    """Run a program in a folder; return what it said.

    Args:
        kind: of the encoder, for messages.
        command: its program and arguments.
        folder: where it starts; of ours.
        pixels: how much it is given: it may take longer for more.
        stop: ends it when set.
        wall_s: how long it may take, if not as long as an encoder may for so many pixels.

    Raises:
        EncoderFailed: it did not start, ended badly, was stopped, or took too long.
    """
    environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
    if wall_s is None:
        wall_s = _WALL_S + _WALL_S_PER_MEGAPIXEL * pixels / 1e6
    with (folder / "said.txt").open("w+b") as said:
        try:
            process = subprocess.Popen(  # noqa: S603 - the user's own encoder, our own words
                command,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                cwd=folder,
                env={**environment, "TMPDIR": str(folder), "TEMP": str(folder), "TMP": str(folder)},
                start_new_session=True,
            )
        except OSError as error:
            raise EncoderFailed.by(kind, error.strerror or type(error).__name__) from error
        try:
            _limit(process.pid, pixels)
            most = _FILES * output_bytes_max(pixels)
            status = _waited(process, time.monotonic() + wall_s, stop, folder, most=most)
        finally:
            _end(process)
        said.seek(0)  # by this handle: under the name there may be something else by now
        text = said.read(_SAID_BYTES_MAX).decode("utf-8", "replace")
    if status is None:
        why = f"none in {wall_s:.0f} s"
        if stop.is_set():
            why = "nothing, since the build was stopped,"
        elif _written(folder) > most:
            why = f"more than {most:,} bytes"
        raise EncoderFailed.by(kind, why)
    if status:
        last = text.strip().splitlines()[-1:] or [""]
        raise EncoderFailed.by(kind, f"exit status {status} ({last[0][:160]!r})")
    return text


def output_of(kind: str, path: Path, *, pixels: int) -> bytes:
    """Read what was written; never more than uncompressed pixels would be."""
    if path.is_symlink() or (path.exists() and not path.is_file()):
        raise EncoderFailed.by(kind, "no plain file")  # a pipe would never end
    try:
        with path.open("rb") as read:
            raw = read.read(output_bytes_max(pixels) + 1)
    except OSError as error:
        raise EncoderFailed.by(kind, "no file") from error
    if len(raw) > output_bytes_max(pixels):
        raise EncoderFailed.by(kind, f"more than {output_bytes_max(pixels):,} bytes")
    return raw


def output_bytes_max(pixels: int) -> int:
    """Return what a texture may be: uncompressed, with its mip levels."""
    return 6 * pixels + 65536


def _waited(
    process: "subprocess.Popen[bytes]", until_s: float, stop: Event, folder: Path, *, most: int
) -> int | None:
    """Return the exit status; `None` when it was stopped, took too long or wrote too much."""
    while time.monotonic() < until_s and not stop.is_set() and _written(folder) <= most:
        with suppress(subprocess.TimeoutExpired):
            return process.wait(timeout=_POLL_S)
    return None


def _written(folder: Path) -> int:
    """Return the bytes of all files: what it starts at once is not under the limit for each."""
    total = 0
    with suppress(OSError), os.scandir(folder) as found:
        for entry in found:
            with suppress(OSError):  # gone again
                total += entry.stat(follow_symlinks=False).st_size
    return total


def _limit(pid: int, pixels: int) -> None:
    """Bound each file that it writes, where the system can (Linux)."""
    if sys.platform == "linux":
        import resource  # noqa: PLC0415 - no such module on Windows

        most = output_bytes_max(pixels)
        with suppress(OSError):  # it has ended already
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (most, most))


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Kill it and what it started, also what it left running when it ended."""
    if sys.platform != "win32":
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.wait()
