"""Remember what costly steps made, so that a build after a small change is a small build.

A step's key is the SHA-256 of its name, its own version, its options, the hashes of its inputs
and the versions of the encoders it uses: anything else it depended on would be a fault of the
step. What it made lies in a file of that name, behind its own hash, and is never unpickled: a
damaged file counts as absent and is made anew, a folder that cannot be written only means that
nothing is remembered (`trouble` says so), and two builds may share one.
"""

import functools
import hashlib
import json
import os
import re
import secrets
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import msgspec
from PIL import Image

from .at_hand import AtHand
from .document import Accessor, Array
from .warnings import SceneWarning

CACHE_BYTES: Final = 2 * 1024**3
"""What a user's cache holds at most; the least recently used goes first."""
FILES_MAX: Final = 20_000
HELD_BYTES: Final = 64_000_000
_SHARE: Final = 16
"""The folder is looked through when a sixteenth of its limit is new: a look at 20,000 files costs
0.1 s, which no small build should pay."""
_LEFT_OVER_S: Final = 3600
"""A temporary file older than this belongs to a build that was killed."""
_MAGIC: Final = b"BXR1"
_HEAD_BYTES: Final = len(_MAGIC) + 32
_KEY: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Step:
    """One use of a costly step.

    Attributes:
        name: of the operation.
        version: raised whenever the operation makes other bytes of the same input; the hash of
            its code (`own_code`) where it is put together of many.
        options: JSON values only.
        inputs: SHA-256 of every input, in order.
        encoders: package -> version of all whose code decides on the bytes.
    """

    name: str
    version: int | str
    options: Mapping[str, Any] = field(default_factory=dict)
    inputs: Sequence[str] = ()
    encoders: Mapping[str, str] = field(default_factory=dict)

    def key(self) -> str:
        """Return the SHA-256 of all of it, lower-case hex."""
        whole = [self.name, self.version, dict(self.options), list(self.inputs)]
        text = json.dumps([*whole, dict(self.encoders)], sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


class StepCache:
    """What steps made, on the disk. Safe for threads, and for several builds at once.

    Args:
        folder: made when the first result is kept; `None` remembers nothing (`--no-cache`).
        limit_bytes: what all results together may have, give or take a sixteenth.
        files_max: how many they may be.
        held_bytes_max: of what is kept in memory for this build alone.

    Attributes:
        images: at hand, small (`small_pictures`).
        trouble: why something could not be kept, in the system's words; empty while all is well.
    """

    def __init__(
        self,
        folder: Path | None,
        *,
        limit_bytes: int = CACHE_BYTES,
        files_max: int = FILES_MAX,
        held_bytes_max: int = HELD_BYTES,
    ) -> None:
        self.images: AtHand[Image.Image] = AtHand(held_bytes_max)
        self._folder = Path() if folder is None else folder / "made"
        self._is_on = folder is not None
        self._limit_bytes = limit_bytes
        self._files_max = files_max
        self._written = 0
        self._written_files = 0
        self._lock = threading.Lock()
        self._digests: dict[int, tuple[object, str]] = {}
        self.hits = 0
        self.misses = 0
        self.trouble = ""

    @property
    def is_on(self) -> bool:
        """Whether anything is remembered: without, no hash need be computed."""
        return self._is_on

    def remember(self, step: Step, make: Callable[[], bytes]) -> bytes:
        """Return what the step made before, or make it now; what raises is not remembered."""
        if not self._is_on:
            return make()
        known = self.recall(step)
        if known is not None:
            return known
        made = make()
        self.replace(step, made)
        return made

    @contextmanager
    def shelf(self, step: Step) -> Iterator["Shelf"]:
        """Lend a shelf of small results that are used together; it is put back if it changed.

        Thousands of files of a hundred bytes would take longer to open than to make. The last of
        two builds that share one wins, which costs the other time and nothing else.
        """
        if not self._is_on:
            yield Shelf({})
            return
        key = step.key()
        shelf = Shelf(_parsed(self._known(key)))
        yield shelf
        self.hits += shelf.hits
        self.misses += shelf.misses
        if shelf.is_changed:
            self._keep(key, msgspec.msgpack.encode(shelf.used))

    def recall(self, step: Step) -> bytes | None:
        """Return what lies in the step's place: its result, or a state to go on from."""
        known = self._known(step.key()) if self._is_on else None
        with self._lock:
            self.hits += known is not None
            self.misses += known is None
        return known

    def replace(self, step: Step, made: bytes) -> None:
        """Put something in the step's place; of two builds at once the last one's stays."""
        if self._is_on:
            self._keep(step.key(), made)

    def digest(self, content: Array | bytes) -> str:
        """Return the SHA-256 of an array's or a file's bytes; of one object it is taken once."""
        found = self._digests.get(id(content))
        if found is None:
            whole = content if isinstance(content, bytes) else _contiguous(content)
            found = (content, hashlib.sha256(whole).hexdigest())
            self._digests[id(content)] = found  # holds the object, so that no other gets its id
        return found[1]

    def facts(self, accessor: Accessor) -> tuple[object, ...]:
        """Return what tells an accessor's numbers: the same bytes are others in another type."""
        values = accessor.values
        return values.dtype.str, values.shape, accessor.is_normalized, self.digest(values)

    def warnings(self) -> list[SceneWarning]:
        """Return a warning where something could not be kept; nothing of the scene is lost."""
        if not self.trouble:
            return []
        message = (
            f"what was made could not be remembered ({self.trouble} in {str(self._folder)!r}), so "
            "the next build takes as long; make room there, set BRANCHXR_CACHE_DIR to another "
            "folder, or build with --no-cache"
        )
        return [SceneWarning("cache_not_written", "the cache", message)]

    def tidy(self) -> None:
        """Keep within the limits if much was written since the last look: the oldest go."""
        with self._lock:
            written, files = self._written, self._written_files
            self._written = self._written_files = 0
        if not self._is_on or not files:
            return
        tally = self._folder / "written"
        try:
            bytes_before, files_before = map(int, tally.read_bytes()[:40].split())
            owed = written + bytes_before, files + files_before
        except (OSError, ValueError):
            owed = self._limit_bytes, self._files_max
        if self._is_share(*owed):
            self._sweep()
            owed = 0, 0
        with suppress(OSError):
            tally.write_bytes(b"%d %d" % owed)

    def _is_share(self, written: int, files: int) -> bool:
        return written * _SHARE >= self._limit_bytes or files * _SHARE >= self._files_max

    def _sweep(self) -> None:
        found: list[tuple[int, int, str]] = []
        for entry in _files(self._folder):
            with suppress(OSError):  # deleted by another build meanwhile
                status = entry.stat()
                found.append((status.st_mtime_ns, status.st_size, entry.path))
        newest_ns = max((used_ns for used_ns, _, _ in found), default=0)
        left_bytes, left_files = sum(size for _, size, _ in found), len(found)
        target_bytes = self._limit_bytes * (_SHARE - 1) // _SHARE
        for used_ns, size, path in sorted(found):
            is_left_over = path.endswith(".tmp") and newest_ns - used_ns > _LEFT_OVER_S * 10**9
            if left_bytes <= target_bytes and left_files <= self._files_max and not is_left_over:
                continue
            with suppress(OSError):
                Path(path).unlink()
            left_bytes, left_files = left_bytes - size, left_files - 1

    def _path(self, key: str) -> Path:
        return self._folder / key[:2] / key

    def _known(self, key: str) -> bytes | None:
        path = self._path(key)
        try:
            raw = path.read_bytes()
        except OSError:
            return None
        content = memoryview(raw)[_HEAD_BYTES:]
        if raw[:_HEAD_BYTES] != _MAGIC + hashlib.sha256(content).digest():
            with suppress(OSError):
                path.unlink()
            return None
        with suppress(OSError):  # read-only, or another build has just deleted it
            os.utime(path)  # the order of use outlives the process by the files' times
        return bytes(content)

    def _keep(self, key: str, made: bytes) -> None:
        if len(made) > self._limit_bytes // _SHARE or self.trouble:
            return
        path = self._path(key)
        temporary = path.with_name(f"{key}.{secrets.token_hex(4)}.tmp")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with temporary.open("wb") as file:
                file.write(_MAGIC + hashlib.sha256(made).digest())
                file.write(made)
            temporary.replace(path)
        except BaseException as error:  # an interrupt, too, leaves nothing half-written
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
            if not isinstance(error, OSError):
                raise
            self.trouble = error.strerror or type(error).__name__
            return
        with self._lock:
            self._written += len(made) + _HEAD_BYTES
            self._written_files += 1
            is_much = self._is_share(self._written, self._written_files)
        if is_much:  # now, not after the work: a long build may make more than the disk has
            self.tidy()


NOTHING_REMEMBERED: Final = StepCache(None, held_bytes_max=0)


class Shelf:
    """Small results under the hashes of what they were made of; those not used again are dropped.

    Attributes:
        used: what was asked for, to be kept for the next time.
    """

    def __init__(self, known: dict[str, bytes]) -> None:
        self._known = known
        self._is_grown = False
        self.used: dict[str, bytes] = {}
        self.hits = 0
        self.misses = 0

    @property
    def is_changed(self) -> bool:
        """Whether it holds other things than it did."""
        return self._is_grown or len(self.used) != len(self._known)

    def remember(self, key: str, make: Callable[[], bytes]) -> bytes:
        """Return what lies under the key, or make it now."""
        known = self.used.get(key, self._known.get(key))
        if known is None:
            self.misses += 1
            known = make()
            self._is_grown = True
        else:
            self.hits += 1
        self.used[key] = known
        return known


@functools.cache
def own_code(folder: Path = Path(__file__).parent) -> str:
    """Return what stands for the version of all our operations: it changes with any of them.

    Names, sizes and times of the files, not their bytes: 2 ms.
    """
    found = []
    for path in sorted([*folder.glob("*.py"), *folder.glob("*/*.py")]):
        status = path.stat()
        found.append([path.relative_to(folder).as_posix(), status.st_size, status.st_mtime_ns])
    return hashlib.sha256(json.dumps(found).encode()).hexdigest()[:16]


def _parsed(raw: bytes | None) -> dict[str, bytes]:
    try:
        return {} if raw is None else msgspec.msgpack.decode(raw, type=dict[str, bytes])
    except msgspec.DecodeError:
        return {}


def _contiguous(values: Array) -> memoryview:
    import numpy as np  # noqa: PLC0415

    return np.ascontiguousarray(values).data


def _files(folder: Path) -> Iterator[os.DirEntry[str]]:
    """Yield the cache's own files, half-written ones too; what else lies there is left alone."""
    with suppress(OSError), os.scandir(folder) as outer:
        for group in outer:
            if len(group.name) == 2 and group.is_dir(follow_symlinks=False):
                with suppress(OSError), os.scandir(group.path) as inner:
                    yield from (entry for entry in inner if _KEY.match(entry.name))


def user_cache_folder(environ: Mapping[str, str] = os.environ) -> Path | None:
    """Return where a user's step cache lies; BRANCHXR_CACHE_DIR overrides it.

    `None` for a user without a home, as containers have them: nothing is remembered then.
    """
    if environ.get("BRANCHXR_CACHE_DIR"):
        return Path(environ["BRANCHXR_CACHE_DIR"]) / "assets"
    if sys.platform == "win32" and environ.get("LOCALAPPDATA"):
        return Path(environ["LOCALAPPDATA"]) / "BranchXR" / "Cache" / "assets"
    if environ.get("XDG_CACHE_HOME") and sys.platform != "darwin":
        return Path(environ["XDG_CACHE_HOME"]) / "branchxr" / "assets"
    try:
        home = Path.home()
    except RuntimeError:
        return None
    inner = "Library/Caches" if sys.platform == "darwin" else ".cache"
    return home / inner / "branchxr" / "assets"
