"""Weld, dedup, reorder, simplify, cluster: their laws, and what they leave alone."""

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from branchxr_assets.document import Accessor, Document, Outcome
from branchxr_assets.geometry import bounds, drawn_triangles, triangle_count, triangles
from branchxr_assets.glb import write_glb
from branchxr_assets.operations.cluster import ClusterOptions, cluster
from branchxr_assets.operations.dedup import dedup
from branchxr_assets.operations.reorder import ReorderOptions, reorder
from branchxr_assets.operations.simplify import SimplifyOptions, simplify
from branchxr_assets.operations.split_live import split_live
from branchxr_assets.operations.strip import strip
from branchxr_assets.operations.weld import WeldOptions, weld
from branchxr_assets.prepare import prepare
from branchxr_assets.readers import read
from branchxr_assets.tree import paths

from .picture import difference, draw


@pytest.fixture(scope="module")
def whole(hall: Path) -> Document:
    return prepare(read(hall)).whole


@pytest.fixture(scope="module")
def static(whole: Document) -> Document:
    return strip(split_live(whole).document).document


def surface(document: Document) -> list[list[bytes]]:
    """Return, for each node's primitives, the triangles as sorted rows of all at their corners."""
    found = []
    meshes = [document.listed("meshes")[n["mesh"]] for n in document.listed("nodes") if "mesh" in n]
    for primitive in (p for mesh in meshes for p in mesh["primitives"]):
        names = sorted(primitive["attributes"])
        tables = [document.accessors[primitive["attributes"][n]].values for n in names]
        tables += [
            document.accessors[target[n]].values
            for target in primitive.get("targets", [])
            for n in sorted(target)
        ]
        rows = [b"".join(table[i].tobytes() for table in tables) for i in range(len(tables[0]))]
        faces = []
        for face in triangles(document, primitive):
            corners = [rows[i] for i in face]
            first = corners.index(min(corners))
            faces.append(b"".join(corners[first:] + corners[:first]))
        found.append(sorted(faces))
    return found


def everything_else(document: Document) -> Any:
    nodes = [{k: v for k, v in n.items() if k != "mesh"} for n in document.listed("nodes")]
    return nodes, document.listed("materials"), list(paths(document).values())


@pytest.mark.parametrize("operation", [weld, dedup, reorder])
def test_the_same_surface_names_and_extras_are_left(whole: Document, operation: Any) -> None:
    made = operation(whole).document
    assert surface(made) == surface(whole)
    assert everything_else(made) == everything_else(whole)
    assert drawn_triangles(made) == drawn_triangles(whole)


@pytest.mark.parametrize("operation", [weld, dedup])
def test_twice_is_once(whole: Document, operation: Callable[[Document], Outcome]) -> None:
    once = operation(whole).document
    assert write_glb(operation(once).document) == write_glb(once)


@pytest.mark.parametrize("operation", [weld, dedup, reorder, simplify, cluster])
def test_where_nothing_is_to_do(maker: Any, operation: Callable[[Document], Outcome]) -> None:
    maker.node(name="empty", extras={"a": 1})
    points = [[0, 0, 0], [1, 0, 0], [0, 0, 1]]
    maker.node(mesh=maker.mesh(points, [[0, 1, 2]]), name="one")
    document = read(maker.save()).document
    made = operation(document)
    assert write_glb(made.document) == write_glb(document)
    assert made.warnings == ()


def soup(faces: int, seed: int) -> Document:
    """Return a document of triangles without indices whose corners repeat."""
    dice = np.random.default_rng(seed)
    points = dice.integers(0, 3, (3 * faces, 3)).astype(np.float32)
    marks = dice.integers(0, 2, (3 * faces, 2)).astype(np.uint8)
    root = {
        "asset": {"version": "2.0"},
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0}],
        "meshes": [{"primitives": [{"attributes": {"POSITION": 0, "TEXCOORD_0": 1}}]}],
    }
    return Document(root, (Accessor(points, "VEC3"), Accessor(marks, "VEC2", is_normalized=True)))


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 60), st.integers(0, 2**32))
def test_welding_keeps_every_corner_and_no_twin(faces: int, seed: int) -> None:
    before = soup(faces, seed)
    after = weld(before).document
    assert surface(after) == surface(before)
    (primitive,) = after.primitives()
    tables = [after.accessors[i].values for i in primitive["attributes"].values()]
    rows = [b"".join(table[i].tobytes() for table in tables) for i in range(len(tables[0]))]
    assert len(set(rows)) == len(rows)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 60), st.integers(0, 2**32), st.booleans())
def test_reordering_keeps_every_triangle(faces: int, seed: int, for_size: bool) -> None:
    before = weld(soup(faces, seed)).document
    after = reorder(before, ReorderOptions(for_size=for_size))
    assert surface(after.document) == surface(before)
    indices = after.document.accessors[after.document.primitives()[0]["indices"]].values
    firsts = np.unique(indices[:, 0], return_index=True)[1]
    assert (np.diff(firsts) > 0).all()  # vertices come as triangles ask for them


def test_a_shared_vertex_buffer_stays_shared(maker: Any) -> None:
    points = np.repeat([[0, 0, 0], [1, 0, 0], [0, 0, 1], [1, 0, 1]], 2, axis=0)
    mesh = maker.mesh(points, [[0, 2, 4], [1, 3, 5]])
    first = maker.root["meshes"][mesh]["primitives"][0]
    other = first | {"indices": maker.array([2, 6, 5, 3, 7, 4], "u2")}
    maker.root["meshes"][mesh]["primitives"].append(other)
    maker.node(mesh=mesh)
    before = read(maker.save()).document
    for operation in (weld, reorder):
        made = operation(before).document
        one, two = made.primitives()
        assert one["attributes"] == two["attributes"]
        assert surface(made) == surface(before)
    assert weld(before).changed == {"vertices_before": 8, "vertices_after": 4}
    assert weld(before, WeldOptions(share_min=0.6)).document.accessors[0].count == 8


def test_equal_values_may_have_another_name_in_another_mesh(maker: Any) -> None:
    points, faces = [[0, 0, 0], [1, 0, 0], [0, 0, 1]] * 2, [[0, 1, 2], [3, 4, 5]]
    colours = [[9, 90, 200, 255]] * 6
    for name in ("COLOR_0", "COLOR_1"):
        values = maker.array(colours, "u1", normalized=True)
        maker.node(mesh=maker.mesh(points, faces, attributes={name: values}))
    before = dedup(read(maker.save()).document).document
    for operation in (weld, reorder):
        after = operation(before).document
        assert [sorted(p["attributes"]) for p in after.primitives()] == [
            sorted(p["attributes"]) for p in before.primitives()
        ]
        assert surface(after) == surface(before)


def test_unused_vertices_go(maker: Any) -> None:
    maker.node(mesh=maker.mesh([[9, 9, 9], [0, 0, 0], [1, 0, 0], [0, 0, 1]], [[1, 2, 3]]))
    made = reorder(read(maker.save()).document)
    assert made.changed == {"primitives": 1, "vertices_left_out": 1}
    assert bounds(made.document) == pytest.approx(np.array([[0, 0, 0], [1, 0, 1]]))


def test_morph_targets_follow_their_vertices(maker: Any) -> None:
    target = {"POSITION": maker.array(np.arange(24).reshape(8, 3))}
    maker.node(mesh=maker.box(targets=[target]))
    before = read(maker.save()).document
    for operation in (weld, reorder):
        assert surface(operation(before).document) == surface(before)
    assert write_glb(simplify(before, SimplifyOptions(ratio=0.1)).document) == write_glb(before)


def test_equal_things_become_one_but_materials_keep_their_names(maker: Any) -> None:
    png = b"\x89PNG\r\n\x1a\n" + bytes(8)
    maker.root["images"] = [{"bufferView": maker.view(png), "name": n} for n in "ab"]
    maker.root["textures"] = [{"source": 0}, {"source": 1}]
    maker.root["materials"] = [
        {"name": name, "pbrMetallicRoughness": {"baseColorTexture": {"index": index}}}
        for index, name in enumerate(["wood", "oak"])
    ]
    maker.root["materials"].append(dict(maker.root["materials"][0]))
    for material in (0, 2, 1):
        maker.node(mesh=maker.box(material=material), name=f"box{material}")
    made = dedup(read(maker.save()).document)
    assert made.changed["images_merged"] == made.changed["textures_merged"] == 1
    assert [m["name"] for m in made.document.listed("materials")] == ["wood", "oak"]
    assert [n["mesh"] for n in made.document.listed("nodes")] == [0, 0, 1]
    assert len(made.document.images) == 1


# --- simplify -----------------------------------------------------------------------------------


@pytest.mark.parametrize("ratio", [0.5, 0.1])
def test_a_ratio_is_met(static: Document, ratio: float) -> None:
    made = simplify(static, SimplifyOptions(ratio=ratio, error_max_m=10))
    share = drawn_triangles(made.document) / drawn_triangles(static)
    assert share == pytest.approx(ratio, rel=0.1)
    before, after = bounds(static), bounds(made.document)
    assert before is not None
    assert after is not None
    assert np.abs(before - after).max() <= made.changed["error_m"] + 1e-6


def test_the_error_holds(static: Document) -> None:
    made = simplify(static, SimplifyOptions(error_max_m=0.005))
    assert 0 < made.changed["error_m"] <= 0.005
    assert made.changed["triangles_after"] < made.changed["triangles_before"]


def test_every_vertex_is_one_of_the_source(static: Document) -> None:
    made = simplify(static, SimplifyOptions(ratio=0.3, error_max_m=1)).document

    def rows(document: Document) -> set[bytes]:
        found = set()
        for primitive in document.primitives():
            attributes = sorted(primitive["attributes"].items())
            tables = [document.accessors[index].values for _, index in attributes]
            names = repr([name for name, _ in attributes]).encode()
            for i in range(len(tables[0])):
                found.add(names + b"".join(table[i].tobytes() for table in tables))
        return found

    assert rows(made) <= rows(static)


def test_the_number_of_jobs_changes_nothing(static: Document) -> None:
    one, two = (
        simplify(static, SimplifyOptions(ratio=0.2, error_max_m=1, jobs=jobs)) for jobs in (1, 3)
    )
    assert write_glb(one.document) == write_glb(two.document)


def sheet(maker: Any, side: int = 24) -> None:
    """Add a bumpy sheet of two materials that meet in its middle, each with vertices of its own."""
    x, z = np.meshgrid(np.linspace(0, 2, side), np.linspace(0, 1, side // 2), indexing="ij")
    points = np.stack([x, 0.03 * np.sin(9 * x) * np.cos(7 * z), z], axis=-1)
    maker.root["materials"] = [{"name": "left"}, {"name": "right"}]
    halves = []
    for material, part in enumerate((points[: side // 2], points[side // 2 - 1 :])):
        rows, columns = part.shape[:2]
        number = np.arange(rows * columns).reshape(rows, columns)
        a, b, c, d = number[:-1, :-1], number[:-1, 1:], number[1:, :-1], number[1:, 1:]
        faces = np.stack([a, b, c, c, b, d], axis=-1).reshape(-1)
        halves.append(
            {
                "attributes": {"POSITION": maker.array(part.reshape(-1, 3))},
                "indices": maker.array(faces, "u2"),
                "material": material,
            }
        )
    maker.root["meshes"].append({"primitives": halves})
    maker.node(mesh=0)


def test_no_crack_opens_between_materials(maker: Any) -> None:
    sheet(maker)
    made = simplify(read(maker.save()).document, SimplifyOptions(ratio=0.1, error_max_m=1))
    assert made.changed["triangles_after"] < 0.25 * made.changed["triangles_before"]
    edges = []
    for primitive in made.document.primitives():
        points = made.document.accessors[primitive["attributes"]["POSITION"]].values
        on_seam = np.isclose(points[:, 0], points[:, 0].max() if not edges else points[:, 0].min())
        edges.append({tuple(point) for point in points[on_seam].tolist()})
    assert [p["material"] for p in made.document.primitives()] == [0, 1]
    assert edges[0] == edges[1]
    assert len(edges[0]) >= 2


def test_a_flat_wall_keeps_its_outline_and_its_texture(maker: Any) -> None:
    x, y = np.meshgrid(np.linspace(0, 4, 30), np.linspace(0, 3, 30), indexing="ij")
    points = np.stack([x, y, 0 * x], axis=-1).reshape(-1, 3)
    number = np.arange(900).reshape(30, 30)
    a, b, c, d = number[:-1, :-1], number[:-1, 1:], number[1:, :-1], number[1:, 1:]
    faces = np.stack([a, c, b, c, d, b], axis=-1).reshape(-1)
    uv = maker.array(points[:, :2] * 3)
    maker.node(mesh=maker.mesh(points, faces, attributes={"TEXCOORD_0": uv}))
    made = simplify(read(maker.save()).document, SimplifyOptions(error_max_m=0.001))
    assert drawn_triangles(made.document) <= 8
    (primitive,) = made.document.primitives()
    places = made.document.accessors[primitive["attributes"]["POSITION"]].values
    marks = made.document.accessors[primitive["attributes"]["TEXCOORD_0"]].values
    np.testing.assert_allclose(marks, places[:, :2] * 3, rtol=1e-5)
    assert bounds(made.document) == pytest.approx(np.array([[0, 0, 0], [4, 3, 0]]))


def test_a_small_copy_of_a_mesh_may_lose_more(maker: Any) -> None:
    sheet(maker)
    fine = simplify(read(maker.save()).document, SimplifyOptions(error_max_m=0.003))
    maker.root["nodes"][0]["scale"] = [0.01] * 3
    coarse = simplify(read(maker.save()).document, SimplifyOptions(error_max_m=0.003))
    assert coarse.changed["triangles_after"] < fine.changed["triangles_after"]


def test_few_triangles_stay_untouched(static: Document) -> None:
    options = SimplifyOptions(ratio=0.1, error_max_m=10, untouched=10**6)
    assert write_glb(simplify(static, options).document) == write_glb(static)


@pytest.mark.tool
def test_a_tenth_looks_no_worse_than_gltfpacks(
    static: Document, npm: Path, tmp_path: Path, needs_tool: Callable[[str], str]
) -> None:
    source, theirs = tmp_path / "static.glb", tmp_path / "theirs.glb"
    source.write_bytes(write_glb(static))
    pack = npm / "node_modules" / "gltfpack" / "cli.js"
    options = ["-si", "0.1", "-noq", "-kn", "-km", "-kv"]
    command = [needs_tool("node"), pack, *options, "-i", source, "-o", theirs]
    subprocess.run(command, check=True, capture_output=True)
    found = read(theirs).document
    ratio = drawn_triangles(found) / drawn_triangles(static)
    ours = simplify(static, SimplifyOptions(ratio=ratio, error_max_m=10)).document
    assert drawn_triangles(ours) <= 1.05 * drawn_triangles(found)
    box = bounds(static)
    assert box is not None
    wanted = draw(static, box)
    assert difference(draw(ours, box), wanted) <= difference(draw(found, box), wanted)


# --- cluster ------------------------------------------------------------------------------------


def test_clusters_keep_bounds_and_say_their_error(static: Document) -> None:
    outcome = cluster(static, ClusterOptions(cell_m=0.5))
    assert outcome.changed["triangles_after"] < 0.5 * outcome.changed["triangles_before"]
    assert 0 < outcome.changed["error_m"] <= 0.5 * 3**0.5
    before, after = bounds(static), bounds(outcome.document)
    assert before is not None
    assert after is not None
    assert np.abs(before - after).max() <= outcome.changed["error_m"]


def test_a_small_copy_of_a_mesh_takes_a_coarser_cell(maker: Any) -> None:
    mesh = maker.box((10, 10, 10))
    maker.node(mesh=mesh, scale=[0.01, 0.01, 0.01])
    outcome = cluster(read(maker.save()).document, ClusterOptions(cell_m=0.25))
    assert drawn_triangles(outcome.document) == 0
    maker.node(mesh=mesh)
    outcome = cluster(read(maker.save()).document, ClusterOptions(cell_m=0.25))
    assert sum(triangle_count(outcome.document, p) for p in outcome.document.primitives()) == 12
