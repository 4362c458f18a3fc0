"""Chunks on the disk under their hash, and the newest versions of scenes ever seen.

Both are shared by processes of one user: files are written beside and renamed, never in place.
"""

import hashlib
import os
import re
import secrets
import threading
from collections import OrderedDict
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from ..errors import InputRefused

MAX_FILES: Final = 100_000
MAX_SCENES: Final = 10_000
_HASH: Final = re.compile(r"[0-9a-f]{64}")


class ChunkCache:
    """Content-addressed files, least recently used first to go. Blocking: call it in a thread.

    What is read is hashed again: a damaged file is deleted and counts as absent.

    Args:
        folder: made when the first chunk is kept.
        limit_bytes: what all files together may have; a chunk that is larger is not kept.
    """

    def __init__(self, folder: Path, *, limit_bytes: int) -> None:
        self._folder = folder
        self._limit_bytes = limit_bytes
        self._sizes: OrderedDict[str, int] | None = None
        self._total_bytes = 0
        self._lock = threading.Lock()

    @property
    def total_bytes(self) -> int:
        """What all files together have."""
        with self._lock:
            self._index()
            return self._total_bytes

    def read(self, sha256: str) -> bytes | None:
        """Return a chunk, or `None`."""
        path = self._path(sha256)
        with self._lock:
            sizes = self._index()
            try:
                content = path.read_bytes()
            except OSError:
                self._forget(sha256)
                return None
            if hashlib.sha256(content).hexdigest() != sha256:
                with suppress(OSError):
                    path.unlink(missing_ok=True)
                self._forget(sha256)
                return None
            if sha256 not in sizes:  # another process has put it there
                sizes[sha256] = len(content)
                self._total_bytes += len(content)
            sizes.move_to_end(sha256)
            with suppress(OSError):  # read-only, or another process has just deleted it
                path.touch()  # the order outlives the process by the files' times
            return content

    def keep(self, sha256: str, content: bytes) -> None:
        """Keep a chunk that was checked; a full disk only means that it is not kept."""
        if len(content) > self._limit_bytes:
            return
        path = self._path(sha256)
        temporary = path.with_name(f"{sha256}.{secrets.token_hex(4)}.tmp")
        with self._lock:
            sizes = self._index()
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                temporary.write_bytes(content)
                temporary.replace(path)
            except OSError:
                with suppress(OSError):
                    temporary.unlink(missing_ok=True)
                return
            self._forget(sha256)
            sizes[sha256] = len(content)
            self._total_bytes += len(content)
            while self._total_bytes > self._limit_bytes or len(sizes) > MAX_FILES:
                oldest = next(iter(sizes))
                with suppress(OSError):
                    self._path(oldest).unlink(missing_ok=True)
                self._forget(oldest)

    def _path(self, sha256: str) -> Path:
        if not _HASH.fullmatch(sha256):
            raise ValueError("not a SHA-256 in lower-case hex")
        return self._folder / sha256[:2] / sha256

    def _forget(self, sha256: str) -> None:
        if self._sizes is not None:
            self._total_bytes -= self._sizes.pop(sha256, 0)

    def _index(self) -> OrderedDict[str, int]:
        if self._sizes is None:
            found = []
            for path in self._folder.glob("??/*"):
                if _HASH.fullmatch(path.name):
                    with suppress(OSError):  # deleted by another process meanwhile
                        status = path.stat()
                        found.append((status.st_mtime_ns, path.name, status.st_size))
            self._sizes = OrderedDict((name, size) for _, name, size in sorted(found))
            self._total_bytes = sum(self._sizes.values())
        return self._sizes


class NewestSeen:
    """The newest version seen of each signer's scenes, so that nobody can serve an older one.

    Args:
        path: a small JSON file, or `None` to remember only as long as the process lives.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._versions: OrderedDict[str, int] = OrderedDict()
        self._lock = threading.Lock()

    def version(self, signer: str, scene: str) -> int | None:
        """Return the newest version seen, or `None`."""
        with self._lock:
            self._load()
            return self._versions.get(f"{signer} {scene}")

    def note(self, signer: str, scene: str, version: int) -> None:
        """Remember a version that was verified; an older one changes nothing."""
        name = f"{signer} {scene}"
        with self._lock:
            self._load()
            if version <= self._versions.get(name, -1):
                return
            self._versions[name] = version
            self._versions.move_to_end(name)
            if len(self._versions) > MAX_SCENES:
                self._versions.popitem(last=False)
            self._save()

    def _load(self) -> None:
        if self._path is None:
            return
        try:
            stored = msgspec.json.decode(self._path.read_bytes(), type=dict[str, int])
        except (OSError, msgspec.DecodeError, RecursionError):
            return
        for name, version in stored.items():
            self._versions[name] = max(version, self._versions.get(name, -1))

    def _save(self) -> None:
        if self._path is None:
            return
        temporary = self._path.with_name(f"{self._path.name}.{secrets.token_hex(4)}.tmp")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with temporary.open("wb") as file:
                file.write(msgspec.json.encode(self._versions))
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(self._path)
        except OSError as error:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
            # Not passed over: what is not remembered, somebody could serve an older one of.
            raise InputRefused(
                f"to write {str(self._path)!r}", type(error).__name__,
                "make room, or choose another data_dir; without one nothing is kept",
                code="newest_not_saved",
            ) from error  # fmt: skip
