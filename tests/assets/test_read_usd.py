"""USD, whole layers in: units, trees, names, meshes, instances."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from branchxr_assets.geometry import bounds, drawn_triangles
from branchxr_assets.inspection import inspect_scene
from branchxr_assets.readers import read

from .usd_text import HEAD, QUAD, attribute, codes, node, scene, track, usda


def test_a_layer_is_read_in_a_worker_by_what_it_is(tmp_path: Path) -> None:
    path = tmp_path / "сцена.glb"
    path.write_text(usda(f'def Mesh "Floor" {{ {QUAD} }}'), encoding="utf-8")
    found = read(path)
    assert (found.format, found.file) == ("usda", "сцена.glb")
    assert (found.counts.meshes, found.counts.triangles_drawn) == (1, 2)
    assert drawn_triangles(found.document) == 2


def test_units_and_axes_are_a_transform_of_the_top_nodes_only(tmp_path: Path) -> None:
    body = f"""def Xform "Top" {{
        double3 xformOp:translate = (100, 200, 300)
        uniform token[] xformOpOrder = ["xformOp:translate"]
        def Mesh "Below" {{ {QUAD} }} }}"""
    found = scene(tmp_path, body, 'metersPerUnit = 0.01\n upAxis = "Z"')
    top = node(found, "Top")
    assert top["translation"] == pytest.approx([1, 3, -2])
    assert top["scale"] == pytest.approx([0.01] * 3)
    assert "translation" not in node(found, "Below")
    assert attribute(found, "POSITION").max() == 1  # geometry is never rescaled
    assert found.unit_m == 0.01
    assert bounds(found.document) == pytest.approx(np.array([[1, 3, -2.01], [1.01, 3, -2]]))


def test_a_stage_without_a_unit_is_read_in_centimetres_and_says_so(tmp_path: Path) -> None:
    found = scene(tmp_path, f'def Mesh "Floor" {{ {QUAD} }}', "")
    assert found.unit_m == 0.01
    assert "usd_unit_missing" in codes(found)


def test_pivots_are_composed(tmp_path: Path) -> None:
    body = f"""def Mesh "Door" {{ {QUAD}
        float3 xformOp:translate:pivot = (1, 0, 0)
        float xformOp:rotateZ = 90
        uniform token[] xformOpOrder = ["xformOp:translate:pivot", "xformOp:rotateZ",
            "!invert!xformOp:translate:pivot"] }}"""
    found = scene(tmp_path, body)
    assert node(found, "Door")["translation"] == pytest.approx([1, -1, 0])
    assert bounds(found.document) == pytest.approx(np.array([[0, -1, 0], [1, 0, 0]]))


def test_a_reset_transform_ignores_its_parents(tmp_path: Path) -> None:
    body = f"""def Xform "Far" {{
        double3 xformOp:translate = (5, 0, 0)
        uniform token[] xformOpOrder = ["xformOp:translate"]
        def Mesh "Here" {{ {QUAD}
            double3 xformOp:translate = (0, 7, 0)
            uniform token[] xformOpOrder = ["!resetXformStack!", "xformOp:translate"] }} }}"""
    found = scene(tmp_path, body, 'metersPerUnit = 0.01\n upAxis = "Y"')
    assert bounds(found.document) == pytest.approx(np.array([[0, 0.07, 0], [0.01, 0.08, 0]]))


def test_a_sparse_turn_becomes_a_whole_turn_in_steps(tmp_path: Path) -> None:
    body = f"""def Mesh "Fan" {{ {QUAD}
        float xformOp:rotateY.timeSamples = {{ 0: 0, 24: 360 }}
        uniform token[] xformOpOrder = ["xformOp:rotateY"] }}"""
    head = f"{HEAD}\n startTimeCode = 0\n endTimeCode = 24\n timeCodesPerSecond = 12"
    found = scene(tmp_path, body, head)
    times, turns = track(found, "Fan", "rotation")
    assert times[[0, -1]] == pytest.approx([0, 2])
    middle = turns[np.argmin(abs(times - 1))]
    assert abs(middle) == pytest.approx([0, 1, 0, 0], abs=1e-5)
    assert ((turns[1:] * turns[:-1]).sum(axis=1) > 0).all()


def test_time_samples_without_a_default_are_read_at_the_start(tmp_path: Path) -> None:
    body = """def Xform "Door" {
        custom string userProperties:role.timeSamples = { 5: "staff" }
        double3 xformOp:translate.timeSamples = { 5: (1, 0, 0), 6: (2, 0, 0) }
        uniform token[] xformOpOrder = ["xformOp:translate"] }"""
    head = f"{HEAD}\n startTimeCode = 5\n endTimeCode = 6\n timeCodesPerSecond = 24"
    found = scene(tmp_path, body, head)
    assert node(found, "Door")["translation"] == [1, 0, 0]
    assert node(found, "Door")["extras"] == {"role": "staff"}
    times, _ = track(found, "Door", "translation")
    assert times == pytest.approx([0, 1 / 24])


def test_custom_properties_keep_their_types(tmp_path: Path) -> None:
    body = """def Xform "spawn" (
        displayName = "вход/1"
        customData = { dictionary Blender = { bool generated = 1 }
                       dictionary mine = { int[] list = [1, 2] } }
    ) {
        custom string userProperties:branch_anchor = "spawn"
        custom int userProperties:capacity = 4
        custom bool userProperties:interactive = 1
        custom double2 userProperties:size_m = (1.5, 0.5)
        custom string[] userProperties:services = ["withdraw", "deposit"]
        custom string userProperties:blender:object_name = "spawn.001"
        custom asset userProperties:manual = @a/b.txt@
        custom float studio:level = 2.5
    }"""
    found = scene(tmp_path, body)
    (item,) = found.document.listed("nodes")
    assert item["name"] == "вход/1"
    assert item["extras"] == {
        "branch_anchor": "spawn", "capacity": 4, "interactive": True, "size_m": [1.5, 0.5],
        "services": ["withdraw", "deposit"], "manual": "a/b.txt", "studio:level": 2.5,
        "mine": {"list": [1, 2]},
    }  # fmt: skip
    assert item["extras"]["interactive"] is True
    assert found.counts.nodes_with_extras == 1


def test_custom_properties_are_counted_and_lost_by_what_they_are_on(tmp_path: Path) -> None:
    body = """def Xform "Data" ( customData = { string tool = "x" } ) {
        custom int studio:level = 2 }
    def Xform "Empty" { custom string userProperties:role }
    def Scope "Sets" { custom string userProperties:set = "A" }
    def Scope "Looks" {
        def Material "Bare" ( customData = { int id = 3 } ) {
            custom string userProperties:stock = "oak"
            custom token outputs:surface = "none"
            def Shader "S" { custom token inputs:file = "x" custom int userProperties:slot = 1 } } }
    def RectLight "light" { custom string userProperties:light = "mine" }"""
    found = scene(tmp_path, body)
    # `userProperties:` of any prim, as the reference counts: Empty, Sets, Bare, S, light.
    assert found.counts.nodes_with_extras == 5
    assert node(found, "Data")["extras"] == {"tool": "x", "studio:level": 2}
    assert node(found, "Sets")["extras"] == {"set": "A"}
    lamp = node(found, "light")["extras"]
    assert (lamp["light"], lamp["usd_light"]["type"]) == ("mine", "RectLight")
    said = {(w.code, w.path): w.message for w in found.warnings}
    assert sorted(said) == [
        ("light_kept_as_data", "light"),
        ("property_dropped", "Empty"),
        ("property_dropped", "Looks/Bare"),
        ("property_dropped", "Looks/Bare/S"),
        ("property_uncounted", "Data"),
    ]
    assert "nothing uses" in said["property_dropped", "Looks/Bare"]
    assert "'role'" in said["property_dropped", "Empty"]


def test_what_is_drawn_by_a_point_instancer_keeps_its_properties(tmp_path: Path) -> None:
    body = f"""def PointInstancer "Row" {{
        rel prototypes = [</Row/Chair>]
        int[] protoIndices = [0]
        point3f[] positions = [(1, 0, 0)]
        def Mesh "Chair" {{ {QUAD} custom string userProperties:kind = "seat" }} }}"""
    found = scene(tmp_path, body)
    assert codes(found) == []
    assert node(found, "Chair")["extras"] == {"kind": "seat"}


def test_blenders_own_names_are_given_back(tmp_path: Path) -> None:
    body = """def Xform "Chair_001" {
        custom string userProperties:blender:object_name = "Chair.001" }"""
    found = scene(tmp_path, body)
    assert node(found, "Chair.001").get("extras") is None
    assert "usd_names_restored" in codes(found)
    assert found.counts.nodes_with_extras == 0


def test_every_interpolation_of_a_primvar_reaches_its_corners(tmp_path: Path) -> None:
    body = """def Mesh "Two" {
        point3f[] points = [(0,0,0), (1,0,0), (1,1,0), (0,1,0), (2,0,0), (2,1,0)]
        int[] faceVertexCounts = [4, 4]
        int[] faceVertexIndices = [0, 1, 2, 3, 1, 4, 5, 2]
        uniform token subdivisionScheme = "none"
        uniform token orientation = "leftHanded"
        normal3f[] normals = [(0, 0, 1)] ( interpolation = "constant" )
        texCoord2f[] primvars:st = [(0, 0), (1, 0), (1, 1)] ( interpolation = "faceVarying" )
        int[] primvars:st:indices = [0, 1, 2, 0, 1, 2, 0, 1]
        texCoord2f[] primvars:a_second = [(0.25, 0.25)] ( interpolation = "constant" )
        color3f[] primvars:displayColor = [(1, 0, 0), (0, 1, 0)] ( interpolation = "uniform" )
        float[] primvars:displayOpacity = [0.5] ( interpolation = "constant" )
        color4f[] primvars:tint = [(0,0,0,1), (0,0,0,1), (0,0,0,1), (0,0,0,1), (1,1,1,1),
            (1,1,1,1)] ( interpolation = "vertex" )
    }"""
    found = scene(tmp_path, body)
    assert (found.counts.uv_sets, found.counts.vertex_colour_sets) == (2, 2)
    points, colours = attribute(found, "POSITION"), attribute(found, "COLOR_0")
    left = points[colours[:, 0] == 1]
    assert left[:, 0].max() == 1
    assert set(colours[:, 3]) == {0.5}
    assert attribute(found, "COLOR_1")[points[:, 0] == 2].min() == 1
    corner = attribute(found, "TEXCOORD_0")[(points == 0).all(axis=1)]
    assert corner.tolist() == [[0, 1]]  # V counts downwards in glTF
    assert attribute(found, "TEXCOORD_1").tolist() == [[0.25, 0.75]] * len(points)
    primitive = found.document.listed("meshes")[0]["primitives"][0]
    indices = found.document.accessors[primitive["indices"]].values.reshape(-1, 3)
    a, b, c = (points[indices[:, k]] for k in range(3))
    assert (np.cross(b - a, c - a)[:, 2] < 0).all()  # left-handed faces are turned round


def test_a_primvar_that_does_not_fit_is_left_out_by_name(tmp_path: Path) -> None:
    body = f"""def Mesh "Floor" {{ {QUAD}
        texCoord2f[] primvars:st = [(0, 0)] ( interpolation = "vertex" ) }}"""
    found = scene(tmp_path, body)
    assert [w.path for w in found.warnings if w.code == "usd_primvar"] == ["Floor"]
    with pytest.raises(KeyError):
        attribute(found, "TEXCOORD_0")


def test_subdivision_keeps_the_base_mesh_smooth_and_holes_are_left_out(tmp_path: Path) -> None:
    body = """def Mesh "Cage" {
        point3f[] points = [(0,0,0), (1,0,0), (1,1,0), (0,1,0), (2,0,0), (2,1,0)]
        int[] faceVertexCounts = [4, 4]
        int[] faceVertexIndices = [0, 1, 2, 3, 1, 4, 5, 2]
        int[] holeIndices = [1] }"""
    found = scene(tmp_path, body)
    assert {"usd_subdivision", "usd_holes"} <= set(codes(found))
    assert attribute(found, "NORMAL").tolist() == [[0, 0, 1]] * 4
    assert found.counts.triangles_drawn == 4
    assert drawn_triangles(found.document) == 2


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ('Cube "a" { double size = 2 ', (2, 2, 2)),
        ('Sphere "a" { double radius = 1.5 ', (3, 3, 3)),
        ('Cylinder "a" { double radius = 1 double height = 4 token axis = "X" ', (4, 2, 2)),
        ('Cone "a" { double radius = 1 double height = 3 token axis = "Y" ', (2, 3, 2)),
        ('Capsule "a" { double radius = 0.5 double height = 1 token axis = "Z" ', (1, 1, 2)),
        ('Plane "a" { double width = 4 double length = 2 token axis = "Y" ', (4, 0, 2)),
    ],
)
def test_shapes_made_of_formulas_become_meshes(tmp_path: Path, name: str, size: Any) -> None:
    found = scene(tmp_path, f"def {name} }}")
    box = bounds(found.document)
    assert box is not None
    assert box[1] - box[0] == pytest.approx(size, abs=1e-6)
    assert "usd_shape" in codes(found)
    item = found.document.listed("meshes")[0]["primitives"][0]
    points = attribute(found, "POSITION").astype(float)
    faces = found.document.accessors[item["indices"]].values.reshape(-1, 3)
    a, b, c = (points[faces[:, k]] for k in range(3))
    outward = np.cross(b - a, c - a)
    assert ((outward * (a + b + c)).sum(axis=1) >= -1e-9).all()
    if "NORMAL" in item["attributes"]:
        normals = attribute(found, "NORMAL")
        assert np.linalg.norm(normals, axis=1) == pytest.approx(1, abs=1e-5)
        assert ((normals[faces[:, 0]] * outward).sum(axis=1) >= -1e-6).all()


def test_instances_share_meshes_and_are_counted_each(tmp_path: Path) -> None:
    body = f"""class Xform "Chair" {{ def Mesh "Seat" {{ {QUAD} }} }}
    def Xform "A" ( instanceable = true prepend references = </Chair> ) {{ }}
    def Xform "B" ( instanceable = true prepend references = </Chair> ) {{
        double3 xformOp:translate = (5, 0, 0)
        uniform token[] xformOpOrder = ["xformOp:translate"] }}"""
    found = scene(tmp_path, body)
    assert (found.counts.meshes, found.counts.triangles_unique) == (1, 2)
    assert found.counts.triangles_drawn == drawn_triangles(found.document) == 4
    assert len(found.document.listed("meshes")) == 1


def test_a_point_instancer_draws_its_prototypes_where_it_says(tmp_path: Path) -> None:
    body = f"""def PointInstancer "Grass" {{
        point3f[] positions = [(0, 0, 0), (10, 0, 0), (20, 0, 0)]
        int[] protoIndices = [0, 0, 0]
        int64[] ids = [7, 8, 9]
        int64[] invisibleIds = [9]
        rel prototypes = </Grass/Blade>
        def Mesh "Blade" {{ {QUAD} }} }}"""
    found = scene(tmp_path, body)
    assert found.counts.triangles_drawn == drawn_triangles(found.document) == 4
    assert bounds(found.document) == pytest.approx(np.array([[0, 0, 0], [11, 1, 0]]))
    assert len(found.document.listed("meshes")) == 1


def test_what_is_hidden_is_shown_and_said(tmp_path: Path) -> None:
    body = f"""def Xform "Store" {{ token visibility = "invisible"
        def Mesh "Box" {{ {QUAD} }} def SphereLight "Lamp" {{ }} }}"""
    found = scene(tmp_path, body)
    assert "mesh" in node(found, "Box")
    assert "KHR_lights_punctual" in node(found, "Lamp")["extensions"]
    hidden = [w.path for w in found.warnings if w.code == "node_hidden"]
    assert hidden == ["Store/Box", "Store/Lamp"]


def test_a_guide_keeps_its_node(tmp_path: Path) -> None:
    body = f"""def Mesh "Guide" {{ uniform token purpose = "guide" {QUAD}
        custom string userProperties:branch_anchor = "spawn" }}"""
    found = scene(tmp_path, body)
    assert node(found, "Guide") == {"name": "Guide", "extras": {"branch_anchor": "spawn"}}
    assert "usd_purpose" in codes(found)
    assert found.counts.triangles_drawn == 2


def test_proxies_are_shown_only_where_nothing_better_is(tmp_path: Path) -> None:
    proxy = f'def Mesh "Low" {{ uniform token purpose = "proxy" {QUAD} }}'
    assert "mesh" in node(scene(tmp_path, proxy), "Low")
    both = f'{proxy} def Mesh "High" {{ uniform token purpose = "render" {QUAD} }}'
    found = scene(tmp_path, both)
    assert "mesh" not in node(found, "Low")
    assert "mesh" in node(found, "High")


@pytest.mark.parametrize("faces", ["", "[2]"])
def test_a_mesh_without_a_surface_is_named(tmp_path: Path, faces: str) -> None:
    counts = f"int[] faceVertexCounts = {faces}\nint[] faceVertexIndices = [0, 1]"
    body = f"""def Mesh "Edges" {{
        point3f[] points = [(0, 0, 0), (1, 0, 0)]
        {counts if faces else ""}
        uniform token subdivisionScheme = "none" }}"""
    found = scene(tmp_path, body)
    assert codes(found) == ["mesh_empty"]
    assert "mesh" not in node(found, "Edges")


def test_curves_and_points_are_named(tmp_path: Path) -> None:
    body = 'def BasisCurves "Hair" { } def Points "Dust" { }'
    found = scene(tmp_path, body)
    skipped = [w.path for w in found.warnings if w.code == "usd_geometry_skipped"]
    assert skipped == ["Hair", "Dust"]


def test_variants_name_what_is_left_out(tmp_path: Path) -> None:
    body = """def Xform "Chair" ( variants = { string colour = "red" }
        prepend variantSets = "colour" ) {
        variantSet "colour" = { "red" { def Xform "Red" { } } "blue" { def Xform "Blue" { } } } }"""
    found = scene(tmp_path, body)
    names = [n["name"] for n in found.document.listed("nodes")]
    assert names == ["Chair", "Red"]
    (warning,) = [w for w in found.warnings if w.code == "usd_variants"]
    assert "'red' is kept" in warning.message
    assert "'blue'" in warning.message


def test_numbers_that_are_none_become_defaults_with_a_warning(tmp_path: Path) -> None:
    body = f"""def Mesh "Floor" {{ {QUAD.replace("(1, 1, 0)", "(inf, nan, 0)")}
        double3 xformOp:translate = (nan, 0, 0)
        uniform token[] xformOpOrder = ["xformOp:translate"] }}"""
    found = scene(tmp_path, body)
    assert "translation" not in node(found, "Floor")
    assert np.isfinite(attribute(found, "POSITION")).all()
    assert codes(found) == ["usd_transform", "attribute_not_finite"]


def test_a_plane_beyond_all_numbers_and_a_time_without_end_are_no_failure(tmp_path: Path) -> None:
    body = """def Camera "View" {
        token projection = "orthographic"
        float2 clippingRange = (1e38, 1)
        custom timecode until = inf
    }"""
    found = scene(tmp_path, body)
    lens = found.document.listed("cameras")[0]["orthographic"]
    assert lens["zfar"] > lens["znear"]
    assert node(found, "View")["extras"] == {"until": "inf"}


def test_a_branch_of_kilometres_is_named_and_not_rescaled(tmp_path: Path) -> None:
    path = tmp_path / "scene.usda"
    path.write_text(
        usda(f"""def Mesh "Floor" {{ {QUAD}
        float3 xformOp:scale = (90000, 90000, 90000)
        uniform token[] xformOpOrder = ["xformOp:scale"] }}""")
    )
    said = inspect_scene(path)
    assert said["bounds_m"][1][0] == 90000
    assert "scale_implausible" in [warning["code"] for warning in said["warnings"]]
