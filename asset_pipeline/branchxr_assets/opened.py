"""Open a scene package: every file checked against its signed manifest before it is used."""

import json
import os
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from branchxr.errors import PackageRefused
from branchxr.protocol.package import (
    MANIFEST_BYTES_MAX,
    MANIFEST_NAME,
    SIGNATURE_NAME,
    Manifest,
    parse_manifest,
    parse_signature,
    verify,
    verify_file,
)

from .document import Document, Json
from .readers import read
from .readers.archives import ZIP_FAULTS

Level = Literal["full", "coarsest"]

_SIGNATURE_BYTES_MAX: Final = 4096


@dataclass(frozen=True, slots=True)
class Package:
    """A package whose files are what its signer wrote.

    Attributes:
        signer: hex of the public key; `None` where an unsigned package was allowed.
        branch, tileset: what `branch.json` and `tileset.json` hold.
        chunks: the GLBs, by their path.
    """

    manifest: Manifest
    signer: str | None
    branch: Json
    tileset: Json
    chunks: dict[str, bytes]

    def documents(self, level: Level = "full") -> list[Document]:
        """Return what one level of detail shows, and the live tile with it.

        Raises:
            PackageRefused: `tileset.json` is of another shape.
            SceneRefused: a chunk cannot be read.
        """
        try:
            found = list(_contents(self.tileset["root"], level))
            chunks = [(path, self.chunks[path]) for path in dict.fromkeys(found)]
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise malformed(f"a tileset.json of another shape ({type(error).__name__})") from error
        # Whoever signed it may be a stranger: its chunks are read as any scene file is.
        with tempfile.TemporaryDirectory(prefix="branchxr-") as folder:
            return [_read(Path(folder) / Path(path).name, glb) for path, glb in chunks]


def _read(file: Path, glb: bytes) -> Document:
    file.write_bytes(glb)
    return read(file).document


def _contents(root: Json, level: Level) -> Iterator[str]:
    """Yield the chunks to show together: of each chain its first tile, or all of its last ones."""
    stack: list[Json] = list(root.get("children", []))
    while stack:
        tile = stack.pop(0)
        is_live = tile.get("extras", {}).get("role") == "live"
        children = tile.get("children", [])
        if "content" in tile and (is_live or level == "coarsest" or not children):
            yield tile["content"]["uri"]
        if not is_live and (level == "full" or "content" not in tile):
            stack += children


def is_package(path: Path) -> bool:
    """Tell whether a path is to be read as a package: a folder, or a zip of one (no USDZ, ZAE)."""
    is_scene = path.suffix.lower() in {".usd", ".usdz", ".zae"}
    return path.is_dir() or (not is_scene and path.is_file() and zipfile.is_zipfile(path))


def open_package(path: Path, *, now: float, allow_unsigned: bool = False) -> Package:
    """Read a package and check every file against its signed manifest.

    Raises:
        PackageRefused: unsigned (unless allowed), tampered with, or incomplete.
    """
    load = _loader(path)
    manifest_bytes = load(MANIFEST_NAME, MANIFEST_BYTES_MAX)
    if manifest_bytes is None:
        raise PackageRefused(
            "a scene package: a folder or zip with manifest.json",
            f"{str(path)!r} without one",
            "build it with `branchxr assets build`",
            code="package_malformed",
        )
    signature_bytes = load(SIGNATURE_NAME, _SIGNATURE_BYTES_MAX)
    signer = None
    if signature_bytes is None and allow_unsigned:
        manifest = parse_manifest(manifest_bytes)
    else:
        manifest = verify(manifest_bytes, signature_bytes, pinned=None, now=now, newest_seen=None)
        signer = parse_signature(signature_bytes).public_key
    chunks: dict[str, bytes] = {}
    parsed: dict[str, Json] = {}
    for name, entry in manifest.files.items():
        raw = load(name, entry.bytes) or b""
        verify_file(manifest, name, raw)
        if name.endswith(".glb"):
            chunks[name] = raw
        elif name in {"branch.json", "tileset.json"}:
            parsed[name] = _parsed(name, raw)
    for name in ("branch.json", "tileset.json"):
        if name not in parsed:
            raise malformed(f"a manifest without {name}")
    return Package(manifest, signer, parsed["branch.json"], parsed["tileset.json"], chunks)


def _parsed(name: str, raw: bytes) -> Json:
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise malformed(f"a {name} of another shape ({type(error).__name__})") from error
    if not isinstance(found, dict):
        raise malformed(f"a {name} of another shape ({type(found).__name__})")
    return found


def malformed(came: str) -> PackageRefused:
    """Make the error for what is no package, though its signature is right."""
    return PackageRefused(
        "a scene package as docs/scene-package.md has it",
        came,
        "build it again with `branchxr assets build`",
        code="package_malformed",
    )


def _loader(path: Path) -> Callable[[str, int], bytes | None]:
    """Return a function that reads one file of a package, `None` when it is not there.

    It is given the file's name and how many bytes count; it reads at most one more, whatever the
    file or archive claims to hold.
    """
    if path.is_dir():

        def from_folder(name: str, most: int) -> bytes | None:
            try:
                if not (path / name).is_file():  # who opens a pipe waits for ever
                    return None
                with (path / name).open("rb") as file:
                    size = os.fstat(file.fileno()).st_size
                    return file.read(min(size, most) + 1)
            except OSError:
                return None

        return from_folder

    def from_zip(name: str, most: int) -> bytes | None:
        try:
            with zipfile.ZipFile(path) as archive:
                size = archive.getinfo(name).file_size
                with archive.open(name) as file:
                    return file.read(min(size, most) + 1)
        except ZIP_FAULTS:
            return None

    return from_zip
