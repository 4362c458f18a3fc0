"""Say what is in a source scene or in a package."""

import json
import lzma
import os
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Final

from branchxr.errors import PackageRefused
from branchxr.protocol.package import (
    MANIFEST_BYTES_MAX,
    MANIFEST_NAME,
    SIGNATURE_NAME,
    parse_manifest,
    parse_signature,
    verify,
    verify_file,
)

from .document import Json
from .geometry import bounds
from .operations.select_scene import select_scene
from .prepare import prepare
from .readers import read
from .readers.options import DEFAULTS, ReadOptions

_SIGNATURE_BYTES_MAX: Final = 4096
_ZIP_FAULTS: Final = (
    *(KeyError, OSError, ValueError, EOFError, RuntimeError, NotImplementedError),
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError),
)
"""All that `zipfile` raises on a broken archive; bzip2 says OSError."""


def inspect_scene(path: Path, options: ReadOptions = DEFAULTS) -> Json:
    """Count what a scene file holds, as its own format means it.

    `bounds_m`: of the scene that is shown, in rest pose, metres, +Y up.

    Raises:
        SceneRefused: it cannot be read.
    """
    source = read(path, options)
    shown = select_scene(source.document).document
    box = bounds(shown) if source.bounds_m is None else source.bounds_m
    warnings = prepare(source).warnings
    return {
        "schema": 1,
        "kind": "scene",
        "format": source.format,
        "generator": source.generator,
        **asdict(source.counts),
        "anchors": _anchors(source.document.listed("nodes")),
        "bounds_m": None
        if box is None
        else [[round(float(v), 3) + 0.0 for v in end] for end in box],
        "unit_m": source.unit_m,
        "extensions_used": list(source.extensions_used),
        "bytes": source.size_bytes,
        "warnings": [warning.as_json() for warning in warnings],
    }


def _anchors(nodes: list[Json]) -> dict[str, int]:
    found: dict[str, int] = {}
    for node in nodes:
        extras = node.get("extras")
        kind = extras.get("branch_anchor") if isinstance(extras, dict) else None
        if isinstance(kind, str):
            found[kind] = found.get(kind, 0) + 1
    return dict(sorted(found.items()))


def is_package(path: Path) -> bool:
    """Tell whether a path is to be read as a package: a folder, or a zip of one (no USDZ)."""
    is_scene = path.suffix.lower() in {".usd", ".usdz"}
    return path.is_dir() or (not is_scene and zipfile.is_zipfile(path))


def inspect_package(path: Path, *, now: float, allow_unsigned: bool = False) -> Json:
    """Check every file of a package against its signed manifest, and say what it holds.

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
    for name, entry in manifest.files.items():
        verify_file(manifest, name, load(name, entry.bytes) or b"")
    if "branch.json" not in manifest.files:
        raise _malformed("a manifest without branch.json")
    try:
        about = _about(json.loads(load("branch.json", manifest.files["branch.json"].bytes) or b""))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise _malformed(f"a branch.json of another shape ({type(error).__name__})") from error
    chunks = {n: e.bytes for n, e in manifest.files.items() if n.endswith(".glb")}
    return {
        "schema": 1,
        "kind": "package",
        "scene": manifest.scene,
        "version": manifest.version,
        "signer": signer,
        "files": len(manifest.files),
        "chunks": len(chunks),
        "bytes": sum(chunks.values()),
        **about,
    }


def _about(branch: Json) -> Json:
    """Return what a `branch.json` says in numbers; whatever it lacks raises."""
    kinds = [str(anchor["kind"]) for anchor in branch["anchors"]]
    return {
        "nodes": len(branch["nodes"]),
        "nodes_with_extras": sum("extras" in node for node in branch["nodes"]),
        "anchors": {kind: kinds.count(kind) for kind in sorted(set(kinds))},
        "cells": len(branch["cells"]),
        "has_floor": branch["floor"] is not None,
        "bounds_m": branch["bounds_m"],
        "triangles": {
            str(chunk["role"]): int(chunk["triangles"]) for chunk in branch["budgets"]["chunks"]
        },
        "sources": branch["sources"],
    }


def _malformed(came: str) -> PackageRefused:
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
        except _ZIP_FAULTS:
            return None

    return from_zip
