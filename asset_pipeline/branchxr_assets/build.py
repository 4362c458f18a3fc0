"""Build a scene package from a source scene."""

import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Final

import numpy as np
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from branchxr._version import __version__
from branchxr.errors import InputRefused
from branchxr.protocol.floor import Floor

from .contents.anchors import list_anchors, list_nodes
from .contents.cells import list_cells
from .contents.floor import make_floor
from .document import Document, Floats, Json
from .geometry import bounds, drawn_triangles
from .lods import COARSEST_BYTES_MAX, Chunk, make_chain, make_live
from .operations.drop_constant import drop_constant
from .operations.repair import RepairOptions, repair
from .operations.repair_animations import repair_animations
from .operations.repair_nodes import RepairNodesOptions, repair_nodes
from .operations.repair_weights import repair_weights
from .operations.select_scene import select_scene
from .operations.split_live import SplitLiveOptions, split_live
from .packager import next_version, sealed, with_twins, write_package
from .readers import Source, read
from .report import make_report
from .signing import user_key
from .tileset import chunk_path, make_tileset
from .tree import check_tree
from .warnings import SceneWarning, distinct

LODS_MAX: Final = 6
Progress = Callable[[str, float], None]
"""Called with what is being done and how much of the whole is done, 0 to 1."""


@dataclass(frozen=True, slots=True)
class BuildResult:
    """What a build made.

    Attributes:
        chunk_bytes: raw bytes of all chunks.
        made_key: where a signing key was made, if this build made one.
    """

    source: Path
    output: Path
    scene: str
    version: int
    signer: bytes
    chunks: tuple[Chunk, ...]
    chunk_bytes: int
    bytes_source: int
    triangles_drawn_source: int
    triangles_drawn_full: int
    nodes_with_extras: int
    anchors: int
    warnings: tuple[SceneWarning, ...]
    seconds: float
    made_key: Path | None = None

    def as_json(self) -> Json:
        """Return the object of `branchxr assets build --json`."""
        return {
            "schema": 1,
            "inputs": [str(self.source)],
            "output": str(self.output),
            "chunks": len(self.chunks),
            "bytes": self.chunk_bytes,
            "bytes_source": self.bytes_source,
            "triangles_drawn_source": self.triangles_drawn_source,
            "triangles_drawn_full": self.triangles_drawn_full,
            "nodes_with_extras": self.nodes_with_extras,
            "warnings": [warning.as_json() for warning in self.warnings],
            "seconds": round(self.seconds, 3),
        }


@dataclass(frozen=True, slots=True)
class _Scene:
    """A source, ready to be cut up."""

    whole: Document
    box: Floats
    anchors: list[Json]
    floor: Floor | None
    warnings: tuple[SceneWarning, ...]


def build_scene(
    source: Path,
    output: Path,
    *,
    lods: int = 3,
    key: Ed25519PrivateKey | None = None,
    scene: str | None = None,
    strict: bool = False,
    jobs: int = 2,
    progress: Progress | None = None,
    now: Callable[[], float] = time.time,
) -> BuildResult:
    """Read a scene and write its package.

    Args:
        source: a .glb, or a .gltf with its files beside it.
        output: the package's folder: new, empty, or a package built before.
        lods: levels of detail, 1 to 6.
        key: signs the package; without it the user's own key does, made if there is none.
        scene: the scene's id; the file's name without it.
        strict: refuse to write a package when there is any warning.
        jobs: threads; chunks do not depend on it.
        progress: told what is being done.
        now: unix seconds, for the version.

    Raises:
        SceneRefused: the source cannot be read.
        InputRefused: `lods_out_of_range`, `output_not_package`, `warnings_strict`.
    """
    started = time.perf_counter()
    tell = progress or (lambda _what, _share: None)
    if not 1 <= lods <= LODS_MAX:
        raise InputRefused(
            f"1 to {LODS_MAX} LODs", str(lods), "choose --lods 3", code="lods_out_of_range"
        )
    tell("reading", 0.0)
    came = read(source)
    prepared = prepare(came)
    tell("levels of detail", 0.2)
    static = split_live(prepared.whole).document
    live = split_live(prepared.whole, SplitLiveOptions("live")).document
    chain, warnings = make_chain(static, lods=lods, jobs=jobs)
    tell("live tile", 0.7)
    chunks = list(chain)
    live_chunk = None
    if live.listed("nodes"):
        live_chunk, more = make_live(live, jobs=jobs)
        warnings += more
        chunks.append(live_chunk)
    found = distinct((*prepared.warnings, *warnings))
    if strict and found:
        raise _strict(found)
    identity = scene or source.stem
    branch = _branch_json(prepared, came, identity, chunks)
    files = {chunk_path(chunk.glb): chunk.glb for chunk in chunks}
    files["tileset.json"] = make_tileset(chain, live_chunk, prepared.box)
    files["branch.json"] = branch
    files["report.html"] = make_report(came, prepared.whole, chunks, found)
    tell("compressing", 0.8)
    files = with_twins(files)
    made_key = None
    if key is None:
        key, made_key = user_key(os.environ)
    tell("signing and writing", 0.95)
    version = next_version(output, scene=identity, now=now())
    write_package(output, sealed(files, key, scene=identity, version=version))
    tell("done", 1.0)
    return BuildResult(
        source=source,
        output=output,
        scene=identity,
        version=version,
        signer=key.public_key().public_bytes_raw(),
        chunks=tuple(chunks),
        chunk_bytes=sum(len(raw) for path, raw in files.items() if path.endswith(".glb")),
        bytes_source=came.size_bytes,
        triangles_drawn_source=drawn_triangles(prepared.whole),
        triangles_drawn_full=sum(c.triangles for c in chunks if c.role in {"full", "live"}),
        nodes_with_extras=sum("extras" in node for node in prepared.whole.listed("nodes")),
        anchors=len(prepared.anchors),
        warnings=found,
        seconds=time.perf_counter() - started,
        made_key=made_key,
    )


def prepare(source: Source) -> _Scene:
    """Check a source, choose its scene, mend it, and find what `branch.json` will say."""
    check_tree(source.document, file=source.file)
    selected = select_scene(source.document)
    mended = repair(selected.document, RepairOptions(file=source.file))
    weighed = repair_weights(mended.document)
    turned = repair_nodes(weighed.document, RepairNodesOptions(file=source.file))
    moving = repair_animations(turned.document)
    dropped = drop_constant(moving.document)
    whole = dropped.document
    anchors, anchor_warnings = list_anchors(whole)
    floor, floor_warnings = make_floor(whole, anchors)
    box = bounds(whole)
    warnings = (
        *source.warnings,
        *selected.warnings,
        *mended.warnings,
        *turned.warnings,
        *moving.warnings,
        *dropped.warnings,
        *anchor_warnings,
        *floor_warnings,
    )
    return _Scene(whole, _with_anchors(box, anchors), anchors, floor, warnings)


def _with_anchors(box: Floats | None, anchors: list[Json]) -> Floats:
    """Return the scene's box; without geometry that of its anchors, or a metre at the origin."""
    if box is not None:
        return box
    places = np.array([a["position"] for a in anchors] or [[0.0, 0.0, 0.0]])
    return np.array([places.min(axis=0) - 0.5, places.max(axis=0) + 0.5])


def _branch_json(scene: _Scene, source: Source, identity: str, chunks: list[Chunk]) -> bytes:
    height = scene.floor.height if scene.floor else round(float(scene.box[0][1]), 4)
    asset = source.raw.get("asset", {})
    shown = scene.whole.listed("scenes")
    branch: Json = {
        "schema": 1,
        "scene": identity,
        "units": "m",
        "up": "+Y",
        "bounds_m": [[round(float(v), 4) + 0.0 for v in end] for end in scene.box],
        "sources": [{"file": n, "sha256": h} for n, h in sorted(source.hashes.items())],
        "generator": asset.get("generator"),
        "licence": asset.get("copyright"),
        "pipeline": {"branchxr": __version__, **_encoder_versions()},
        "budgets": {
            "coarsest_bytes_max": COARSEST_BYTES_MAX,
            "chunk_bytes": {c.role: len(c.glb) for c in chunks},
            "triangles": {c.role: c.triangles for c in chunks},
        },
        "extras": shown[0].get("extras") if shown else None,
        "anchors": scene.anchors,
        "nodes": list_nodes(scene.whole),
        "cells": list_cells(scene.floor, scene.box, scene.anchors, height=height),
        "floor": scene.floor.to_json() if scene.floor else None,
    }
    return json.dumps(branch, ensure_ascii=False, indent=1, allow_nan=False).encode() + b"\n"


def _encoder_versions() -> dict[str, str]:
    return {name: metadata.version(name) for name in ("numpy", "pillow")}


def _strict(warnings: tuple[SceneWarning, ...]) -> InputRefused:
    first = warnings[0]
    return InputRefused(
        "a scene without warnings, as --strict asks",
        f"{len(warnings)} of them, the first {first.code} at {first.path}: {first.message}",
        "mend the scene, or build without --strict",
        code="warnings_strict",
    )
