"""pygltflib and trimesh open what the pipeline writes, and count the same triangles.

They are foreign readers here, not parts of the pipeline: docs/adr/0003-gltf-document.md says why.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pygltflib
import pytest
import trimesh
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from branchxr_assets.build import build_scene


def drawn_by_pygltflib(path: Path) -> int:
    document = pygltflib.GLTF2().load(str(path))
    assert document is not None
    counts = [0] * len(document.meshes)
    for number, mesh in enumerate(document.meshes):
        for primitive in mesh.primitives:
            assert primitive.mode in {None, 4}
            counts[number] += document.accessors[primitive.indices].count // 3
    found, stack = 0, list(document.scenes[document.scene].nodes)
    while stack:
        node = document.nodes[stack.pop()]
        stack += node.children
        found += 0 if node.mesh is None else counts[node.mesh]
    return found


def roles(package: Path) -> dict[str, tuple[Path, int]]:
    """Return role -> the chunk's file and how many triangles `branch.json` says it draws."""
    budgets = json.loads((package / "branch.json").read_bytes())["budgets"]["chunks"]
    by_size = {path.stat().st_size: path for path in package.glob("c/*.glb")}
    return {item["role"]: (by_size[item["bytes"]], item["triangles"]) for item in budgets}


def test_pygltflib_counts_the_same_triangles(hall_package: Path) -> None:
    found = roles(hall_package)
    assert set(found) == {"coarsest", "middle", "full", "live"}
    for path, triangles in found.values():
        assert drawn_by_pygltflib(path) == triangles


@pytest.mark.filterwarnings("ignore")  # its own, about materials it does not know
def test_trimesh_counts_the_same_triangles_in_the_same_place(hall_package: Path) -> None:
    for role, (path, triangles) in roles(hall_package).items():
        scene: Any = trimesh.load(path)
        # `dump` repeats a mesh for each node that draws it; cleaning up would drop slivers.
        drawn = sum(
            len(scene.geometry[scene.graph[n][1]].faces) for n in scene.graph.nodes_geometry
        )
        assert drawn == triangles, role
        if role in {"coarsest", "full"}:
            low, high = scene.bounds
            assert low == pytest.approx([-10.1, 0.0, -6.1], abs=0.02)
            assert high == pytest.approx([10.1, 3.6, 6.015], abs=0.02)


def test_pygltflib_finds_the_names_and_extras_of_the_source(hall: Path, hall_package: Path) -> None:
    came = pygltflib.GLTF2().load(str(hall))
    assert came is not None
    written = [pygltflib.GLTF2().load(str(roles(hall_package)[r][0])) for r in ("full", "live")]
    wanted = sorted((n.name, json.dumps(n.extras, sort_keys=True)) for n in came.nodes if n.extras)
    found = sorted(
        (node.name, json.dumps(node.extras, sort_keys=True))
        for document in written
        if document is not None
        for node in document.nodes
        if node.extras
    )
    assert len(wanted) == 66
    assert found == wanted


def test_trimesh_sees_the_vertices_where_the_source_has_them(
    maker: Any, key: Ed25519PrivateKey, tmp_path: Path
) -> None:
    base = maker.node(translation=[3, 1, -2], rotation=[0, 0.6, 0, 0.8], scale=[1, 2, 1])
    mesh = maker.box()
    maker.node(base, mesh=mesh, scale=[-1, 1, 1])
    maker.node(base, mesh=mesh, translation=[5, 0, 0], extras={"live": True})
    source = maker.save()
    build_scene(source, tmp_path / "out", key=key, has_report=False)
    found = roles(tmp_path / "out")

    def places(*paths: Path) -> np.ndarray:
        scenes: list[Any] = [trimesh.load(path, process=False) for path in paths]
        every = np.concatenate([np.asarray(scene.to_geometry().vertices) for scene in scenes])
        return every[np.lexsort(np.round(every, 4).T)]

    assert places(found["full"][0], found["live"][0]) == pytest.approx(places(source), abs=1e-5)
