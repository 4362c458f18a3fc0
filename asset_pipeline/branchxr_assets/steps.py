"""Remember what costly steps made, so that a build after a small change is a small build.

A step's key is the SHA-256 of its name, its own version, its options, the hashes of its inputs
and the versions of the encoders it uses: anything else it depended on would be a fault of the
step. What it made lies in a content-addressed cache (`branchxr.scene.cache`): a damaged file
counts as absent, a full disk only means that nothing is remembered, and two builds may share it.
"""

import hashlib
import json
import os
import re
import secrets
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from branchxr.scene.cache import ChunkCache

CACHE_BYTES: Final = 2 * 1024**3
"""What a user's cache holds at most; the least recently used goes first."""
STEPS_MAX: Final = 50_000
"""Pointer files of 64 bytes; more than that and the oldest go."""
_HASH: Final = re.compile(rb"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Step:
    """One use of a costly step.

    Attributes:
        name: of the operation.
        version: raised whenever the operation makes other bytes of the same input.
        options: JSON values only.
        inputs: SHA-256 of every input, in order.
        encoders: package -> version of all whose code decides on the bytes.
    """

    name: str
    version: int
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
        limit_bytes: what all results together may have.
    """

    def __init__(self, folder: Path | None, *, limit_bytes: int = CACHE_BYTES) -> None:
        self._steps = None if folder is None else folder / "steps"
        self._results = (
            None if folder is None else ChunkCache(folder / "results", limit_bytes=limit_bytes)
        )
        self.hits = 0
        self.misses = 0

    def remember(self, step: Step, make: Callable[[], bytes]) -> bytes:
        """Return what the step made before, or make it now; what raises is not remembered."""
        key = step.key()
        known = self._known(key)
        if known is not None:
            self.hits += 1
            return known
        self.misses += 1
        made = make()
        self._keep(key, made)
        return made

    def tidy(self) -> None:
        """Drop pointers to results that are gone, and the oldest of too many."""
        if self._steps is None or self._results is None:
            return
        found = []
        for path in self._steps.glob("??/*"):
            with suppress(OSError):
                found.append((path.stat().st_mtime_ns, path))
        if len(found) <= STEPS_MAX:
            return
        for _, path in sorted(found)[: len(found) - STEPS_MAX * 9 // 10]:
            with suppress(OSError):
                path.unlink()

    def _known(self, key: str) -> bytes | None:
        if self._steps is None or self._results is None:
            return None
        path = self._steps / key[:2] / key
        try:
            sha256 = path.read_bytes()[:65]
        except OSError:
            return None
        result = self._results.read(sha256.decode()) if _HASH.fullmatch(sha256) else None
        with suppress(OSError):
            path.unlink() if result is None else path.touch()
        return result

    def _keep(self, key: str, made: bytes) -> None:
        if self._steps is None or self._results is None:
            return
        sha256 = hashlib.sha256(made).hexdigest()
        self._results.keep(sha256, made)
        path = self._steps / key[:2] / key
        temporary = path.with_name(f"{key}.{secrets.token_hex(4)}.tmp")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary.write_bytes(sha256.encode())
            temporary.replace(path)
        except OSError:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)


def user_cache_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """Return where a user's step cache lies; BRANCHXR_CACHE_DIR overrides it."""
    if environ.get("BRANCHXR_CACHE_DIR"):
        return Path(environ["BRANCHXR_CACHE_DIR"]) / "assets"
    if sys.platform == "win32" and environ.get("LOCALAPPDATA"):
        return Path(environ["LOCALAPPDATA"]) / "BranchXR" / "Cache" / "assets"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "branchxr" / "assets"
    base = environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "branchxr" / "assets"
