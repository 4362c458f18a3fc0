"""Laws that every operation keeps on any document: what is drawn, named, written and readable."""

import io
import json
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pygltflib
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st

from branchxr_assets.document import Document, Outcome
from branchxr_assets.geometry import drawn_triangles, placements, triangles, world_positions
from branchxr_assets.glb import write_glb
from branchxr_assets.operations.dedup import dedup
from branchxr_assets.operations.draco import draco
from branchxr_assets.operations.drop_constant import drop_constant
from branchxr_assets.operations.instance import instance
from branchxr_assets.operations.merge import merge
from branchxr_assets.operations.meshopt import EXACT, meshopt
from branchxr_assets.operations.normals import NormalsOptions, normals
from branchxr_assets.operations.quantize import quantize
from branchxr_assets.operations.reorder import reorder
from branchxr_assets.operations.repair import repair
from branchxr_assets.operations.repair_nodes import repair_nodes
from branchxr_assets.operations.resample import resample
from branchxr_assets.operations.sparse import sparse
from branchxr_assets.operations.tangents import TangentsOptions, tangents
from branchxr_assets.operations.textures import textures
from branchxr_assets.operations.weld import weld
from branchxr_assets.readers import read
from branchxr_assets.rewrite import prune
from branchxr_assets.tree import paths

from .any_document import document_of

HERE = Path(__file__).parent
Operation = Callable[[Document], Outcome]

EXACTLY: Mapping[str, Operation] = {
    "prune": lambda document: Outcome(prune(document)),
    "dedup": dedup,
    "weld": weld,
    "resample": resample,
    "sparse": sparse,
    "textures": textures,
    "repair": repair,
    "repair_nodes": repair_nodes,
    "normals": normals,
    "flat normals": lambda document: normals(document, NormalsOptions(has_all=True)),
    "tangents": lambda document: tangents(document, TangentsOptions(has_all=True)),
    "drop_constant": drop_constant,
    "reorder": reorder,
    "meshopt, exact": lambda document: meshopt(document, EXACT),
}
"""Those that move nothing at all."""
NEARLY: Mapping[str, Operation] = {"instance": instance, "meshopt": meshopt, "draco": draco}
"""Those that round, by less than a thousandth of what the mesh measures."""
MERGED: Mapping[str, Operation] = {
    "merge": merge,
    "quantize": lambda document: quantize(merge(document).document),
}
"""Those that make one mesh of all: only what is seen is left."""
EVERY = {**EXACTLY, **NEARLY, **MERGED}
NOT_ONCE = {"reorder", "merge", "quantize"}
"""A second time gives another order that is as good, or takes what only the first one makes."""
SEEDS = st.integers(0, 2**16)


def drawn(document: Document, *, by_node: bool = True) -> dict[int, Any]:
    """Return `(t, 9)` corners in the scene, of each node, or of all together under 0."""
    found: dict[int, list[Any]] = {}
    for placement in placements(document):
        for primitive, points in world_positions(document, placement):
            rows = points[triangles(document, primitive)].reshape(-1, 9)
            found.setdefault(placement.node if by_node else 0, []).append(rows)
    return {node: np.concatenate(parts) for node, parts in found.items()}


def centres(corners: Any) -> Any:
    return corners.reshape(-1, 3, 3).mean(axis=1)


def apart(one: Any, other: Any) -> float:
    """Return how far the middle of any triangle is from the nearest in the other set."""
    one, other = centres(one), centres(other)
    if not len(one) or not len(other):
        return 0.0 if len(one) == len(other) else np.inf
    away = np.linalg.norm(one[:, None] - other[None], axis=2)
    return float(max(away.min(axis=0).max(), away.min(axis=1).max()))


def named(document: Document) -> Any:
    nodes = document.listed("nodes")
    return (
        [(node.get("name"), node.get("extras")) for node in nodes],
        list(paths(document).values()),
        [scene.get("extras") for scene in document.listed("scenes")],
        sorted((m["name"], json.dumps(m.get("extras"))) for m in document.listed("materials")),
    )


def used(document: Document) -> Document:
    """Return a document without what nothing points to: no operation need keep that."""
    return prune(document)


@pytest.mark.parametrize("name", [*EXACTLY, *NEARLY])
@settings(max_examples=12, deadline=None)
@given(seed=SEEDS)
def test_what_is_drawn_stays_where_it_was(name: str, seed: int) -> None:
    came = used(document_of(seed))
    made = EVERY[name](came).document
    before, after = drawn(came), drawn(made)
    assert before.keys() == after.keys()
    for node, corners in before.items():
        assert len(after[node]) == len(corners)
        size = float(np.ptp(corners.reshape(-1, 3), axis=0).max(initial=0))
        assert apart(corners, after[node]) <= (0.0 if name in EXACTLY else size / 1000) + 1e-5
    assert drawn_triangles(made) == drawn_triangles(came)


@pytest.mark.parametrize("name", MERGED)
@settings(max_examples=12, deadline=None)
@given(seed=SEEDS)
def test_what_is_merged_is_all_there(name: str, seed: int) -> None:
    came = used(document_of(seed))
    outcome = EVERY[name](came)
    before, after = drawn(came, by_node=False), drawn(outcome.document, by_node=False)
    error_m = outcome.changed.get("error_m", 0.0)
    assert apart(before[0], after[0]) <= error_m * 2 + 1e-5


@pytest.mark.parametrize("name", [*EXACTLY, *NEARLY])
@settings(max_examples=12, deadline=None)
@given(seed=SEEDS)
def test_names_paths_and_extras_are_left_alone(name: str, seed: int) -> None:
    came = used(document_of(seed))
    assert named(EVERY[name](came).document) == named(came)


@pytest.mark.parametrize("name", [name for name in EVERY if name not in NOT_ONCE])
@settings(max_examples=12, deadline=None)
@given(seed=SEEDS)
def test_twice_is_once(name: str, seed: int) -> None:
    once = EVERY[name](used(document_of(seed))).document
    assert write_glb(EVERY[name](once).document) == write_glb(once)


@pytest.mark.parametrize("name", [*EXACTLY, *NEARLY])
def test_where_nothing_is_to_do_nothing_is_done(name: str) -> None:
    root = {
        "asset": {"version": "2.0"},
        "scenes": [{"nodes": [0], "extras": {"a": 1}}],
        "nodes": [{"name": "empty", "extras": {"branch_anchor": "spawn"}}],
    }
    came = Document(root)
    outcome = EVERY[name](came)
    assert outcome.document == came
    assert set(outcome.changed.values()) <= {0}
    assert outcome.warnings == ()


@pytest.mark.tool
def test_khronos_validator_and_other_readers_take_what_is_written(
    tmp_path: Path, npm: Path, needs_tool: Callable[[str], str]
) -> None:
    wanted: dict[str, int] = {}
    for seed in range(6):
        came = used(document_of(seed))
        for name, operation in EVERY.items():
            made = operation(came).document
            path = tmp_path / f"{name} {seed}.glb"
            path.write_bytes(glb := write_glb(made))
            wanted[str(path)] = drawn_triangles(made)
            assert len(pygltflib.GLTF2.load_from_bytes(glb).nodes) == len(made.listed("nodes"))
            if b"_compression" not in glb:  # trimesh has no decoders
                scene = trimesh.load_scene(io.BytesIO(glb), file_type="glb", process=False)
                assert sum(len(scene.geometry[scene.graph[node][1]].faces)
                           for node in scene.graph.nodes_geometry) == wanted[str(path)]  # fmt: skip
    command = [needs_tool("node"), str(HERE / "validate.mjs"), str(npm), *wanted]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=100)
    reports = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(reports) == len(wanted)
    assert {r["file"]: r["errors"][:2] for r in reports if r["errors"]} == {}


def test_a_mesh_without_any_area_is_packed_whole(maker: Any) -> None:
    points = [[0, 0, 0], [1, 0, 0], [0, 0, 0]]
    maker.node(mesh=maker.mesh(points, [[0, 1, 2]] * 30))
    came = read(maker.save()).document
    made = draco(came)
    assert made.changed["primitives"] == 1
    assert drawn_triangles(made.document) == 30
