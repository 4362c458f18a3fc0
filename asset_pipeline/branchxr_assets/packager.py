"""Put a package together: written beside, then renamed, so nothing half-written is left."""

import errno
import glob
import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import brotli
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from branchxr.errors import InputRefused, PackageRefused
from branchxr.protocol.package import (
    MANIFEST_NAME,
    SIGNATURE_NAME,
    FileEntry,
    Manifest,
    parse_manifest,
    seal,
)

from .steps import NOTHING_REMEMBERED, Step, StepCache

VERSION: Final = 1
"""Of the choice of a quality: raised with every change of it (`branchxr_assets.steps`)."""
_BROTLI_SAVING: Final = 0.95
"""A compressed twin must save at least 5 %."""
_BROTLI_QUALITIES: Final = ((128 * 2**10, 11), (4 * 2**20, 9))
"""Up to so many bytes, this quality. On the hall's chunks 11 takes 20 times as long as 9 for 6 %:
worth it for what is seen first."""
_BROTLI_QUALITY_LARGE: Final = 5
_LEFT_OVER_S: Final = 3600
"""No build writes for as long."""
_LEFT_BY_SYSTEMS: Final = frozenset({".DS_Store", "Thumbs.db", "desktop.ini"})
"""What file managers put anywhere."""


def begin_twins(
    files: Mapping[str, bytes], threads: Executor, *, cache: StepCache = NOTHING_REMEMBERED
) -> Callable[[], dict[str, bytes]]:
    """Begin to compress chunks and JSON files; unchanged ones are remembered.

    Returns:
        What waits for the `.br` twins and gives those where brotli pays.
    """
    packing = {
        path: threads.submit(_remembered, raw, cache)
        for path, raw in files.items()
        if path.endswith((".glb", ".json"))
    }

    def twins() -> dict[str, bytes]:
        packed = {path: made.result() for path, made in packing.items()}
        return {
            f"{path}.br": raw
            for path, raw in packed.items()
            if len(raw) < len(files[path]) * _BROTLI_SAVING
        }

    return twins


def _remembered(raw: bytes, cache: StepCache) -> bytes:
    inputs = (hashlib.sha256(raw).hexdigest(),) if cache.is_on else ()
    step = Step("brotli", VERSION, inputs=inputs, encoders={"brotli": brotli.__version__})
    return cache.remember(step, lambda: _packed(raw))


def _packed(raw: bytes) -> bytes:
    fitting = (quality for size, quality in _BROTLI_QUALITIES if len(raw) <= size)
    quality = next(fitting, _BROTLI_QUALITY_LARGE)
    packed: bytes = brotli.compress(raw, quality=quality, lgwin=22)
    return packed


def sealed(
    files: Mapping[str, bytes], key: Ed25519PrivateKey, *, scene: str, version: int
) -> dict[str, bytes]:
    """Add the manifest and its signature."""
    entries = {
        path: FileEntry(hashlib.sha256(raw).hexdigest(), len(raw)) for path, raw in files.items()
    }
    manifest = Manifest(schema=1, scene=scene, version=version, files=entries)
    manifest_bytes, signature = seal(manifest, key)
    return {**files, MANIFEST_NAME: manifest_bytes, SIGNATURE_NAME: signature}


def next_version(folder: Path, *, scene: str, now: float) -> int:
    """Return a version above what lies there: unix seconds, so that machines agree."""
    version = int(now)
    try:
        before = parse_manifest((folder / MANIFEST_NAME).read_bytes())
    except (OSError, PackageRefused):
        return version
    return max(version, before.version + 1) if before.scene == scene else version


def write_package(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write a package folder in one step, in place of the package that lies there.

    Raises:
        InputRefused: `output_not_package`: the folder holds something else; `output_not_writable`.
            Nothing is touched.
    """
    check_target(folder)
    folder = folder.resolve()  # a link to a package stays a link
    with _beside(folder) as temporary:
        try:
            for path, raw in files.items():
                target = temporary / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(raw)
            _swap(temporary, folder)
        except OSError as error:
            raise _not_writable(folder.parent, error) from error


def check_target(folder: Path) -> None:
    """Refuse a folder that holds something else than a package: nothing of it is ever replaced.

    Raises:
        InputRefused: `output_not_package`, `output_not_writable`.
    """
    whole = folder.absolute()
    nearest = next(parent for parent in (*whole.parents, whole) if parent.exists())
    if not nearest.is_dir():
        raise _not_writable(nearest, NotADirectoryError(errno.ENOTDIR, "not a folder"))
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise _not_writable(nearest, PermissionError(errno.EACCES, "no right to write"))
    if not folder.exists() and not folder.is_symlink():
        return
    foreign = _foreign(folder)
    if foreign is not None:
        raise InputRefused(
            "an output folder that is new, empty, or a package built before",
            f"{folder.name!r}, which holds something else: {foreign!r}",
            "choose another folder with -o",
            code="output_not_package",
        )


def _foreign(folder: Path) -> str | None:
    """Return a file that is not a package's own, `None` when all are.

    A `manifest.json` alone proves nothing (web apps and browser extensions have one too), so it
    must be ours and name every file that lies there.
    """
    if not folder.is_dir():
        return folder.name
    try:
        manifest = parse_manifest((folder / MANIFEST_NAME).read_bytes())
    except PackageRefused:
        return MANIFEST_NAME
    except OSError:
        return next(_files_in(folder), None)
    own = {*manifest.files, MANIFEST_NAME, SIGNATURE_NAME}
    return next((path for path in _files_in(folder) if path not in own), None)


def _files_in(folder: Path) -> Iterator[str]:
    """Yield files as they are come to: who takes a whole disk for a package is told at once."""
    for inner, folders, names in os.walk(folder):
        links = [name for name in folders if Path(inner, name).is_symlink()]
        folders.sort()
        for name in sorted({*names, *links} - _LEFT_BY_SYSTEMS):
            yield Path(inner, name).relative_to(folder).as_posix()


@contextmanager
def _beside(folder: Path) -> Iterator[Path]:
    parent = folder.absolute().parent
    try:
        parent.mkdir(parents=True, exist_ok=True)
        _sweep_left_over(parent, folder.name)
        outer = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", suffix=".new", dir=parent))
    except OSError as error:
        raise _not_writable(parent, error) from error
    try:
        inner = outer / "package"
        inner.mkdir()
        yield inner
    finally:
        shutil.rmtree(outer, ignore_errors=True)


def _sweep_left_over(parent: Path, name: str) -> None:
    """Remove what builds of this package left that were killed while they wrote."""
    for left in parent.glob(f".{glob.escape(name)}.????????.new"):
        with suppress(OSError):
            is_old = time.time() - left.stat().st_mtime > _LEFT_OVER_S
            if is_old and {entry.name for entry in left.iterdir()} <= {"package", "old"}:
                shutil.rmtree(left)


def _not_writable(folder: Path, error: OSError) -> InputRefused:
    return InputRefused(
        "an output folder that can be written",
        f"{error.strerror or type(error).__name__} in {str(folder)!r}",
        "choose another folder with -o, or make room and give yourself the right to write there",
        code="output_not_writable",
    )


def _swap(temporary: Path, folder: Path) -> None:
    """Rename into place; a reader sees the old package or the new one."""
    if not folder.exists():
        temporary.rename(folder)
        return
    old = temporary.parent / "old"
    folder.rename(old)
    try:
        temporary.rename(folder)
    except BaseException:  # Ctrl-C between the two renames is no reason to lose the old one
        if not folder.exists():
            old.rename(folder)
        raise
