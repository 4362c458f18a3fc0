"""Say what is in a source scene or in a package."""

from dataclasses import asdict
from pathlib import Path

from .document import Json
from .geometry import bounds
from .opened import malformed, open_package
from .operations.select_scene import select_scene
from .prepare import looked_at
from .readers import read
from .readers.options import DEFAULTS, ReadOptions


def inspect_scene(path: Path, options: ReadOptions = DEFAULTS) -> Json:
    """Count what a scene file holds, as its own format means it.

    `bounds_m`: of the scene that is shown, in rest pose, metres, +Y up.

    Raises:
        SceneRefused: it cannot be read.
    """
    source = read(path, options)
    warnings = looked_at(source)  # refuses what cannot be measured
    shown = select_scene(source.document).document
    box = bounds(shown) if source.bounds_m is None else source.bounds_m
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


def inspect_package(path: Path, *, now: float, allow_unsigned: bool = False) -> Json:
    """Check every file of a package against its signed manifest, and say what it holds.

    Raises:
        PackageRefused: unsigned (unless allowed), tampered with, or incomplete.
    """
    package = open_package(path, now=now, allow_unsigned=allow_unsigned)
    try:
        about = _about(package.branch)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise malformed(f"a branch.json of another shape ({type(error).__name__})") from error
    return {
        "schema": 1,
        "kind": "package",
        "scene": package.manifest.scene,
        "version": package.manifest.version,
        "signer": package.signer,
        "files": len(package.manifest.files),
        "chunks": len(package.chunks),
        "bytes": sum(len(glb) for glb in package.chunks.values()),
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
