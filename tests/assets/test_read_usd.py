"""USD: what a stage says is in the document, and what is not is a warning."""

import io
import math
import re
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from branchxr.errors import MissingTool, SceneRefused
from branchxr_assets.geometry import bounds, drawn_triangles
from branchxr_assets.inspection import inspect_scene
from branchxr_assets.readers import Source, read
from branchxr_assets.readers.usd import stage, usdz
from branchxr_assets.readers.usd.stage import convert

QUAD = """
    point3f[] points = [(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0)]
    int[] faceVertexCounts = [4]
    int[] faceVertexIndices = [0, 1, 2, 3]
    uniform token subdivisionScheme = "none"
"""
HEAD = 'metersPerUnit = 1\n upAxis = "Y"'


_STATEMENT = re.compile(
    r"[ \t]+((?:(?:custom|uniform|prepend) )*(?:def|class|rel|float[234]?|double[234]?|int|bool"
    r"|token|string|asset|color3f|color4f|normal3f|matrix4d|half3|quatf|dictionary|variants|references"
    r"|payload|variantSets|apiSchemas|instanceable|variantSet)\b)"
)


def usda(body: str, head: str = HEAD) -> str:
    """Write each statement on its own line, as USD's text wants it; tests may be shorter."""
    body = re.sub(r"\s+\( (interpolation|elementSize)", r" ( \1", body)
    body = _STATEMENT.sub(r"\n\1", body.replace("{", "{\n").replace("}", "\n}\n"))
    return f"#usda 1.0\n(\n{head}\n)\n{body}\n"


def scene(folder: Path, body: str, head: str = HEAD) -> Source:
    path = folder / "scene.usda"
    path.write_text(usda(body, head), encoding="utf-8")
    return convert(path)


def codes(source: Source) -> list[str]:
    return [warning.code for warning in source.warnings]


def node(source: Source, name: str) -> dict[str, Any]:
    return next(n for n in source.document.listed("nodes") if n.get("name") == name)


def attribute(source: Source, name: str, *, mesh: int = 0, primitive: int = 0) -> Any:
    item = source.document.listed("meshes")[mesh]["primitives"][primitive]
    return source.document.accessors[item["attributes"][name]].values


def track(source: Source, name: str, path: str, clip: int = 0) -> tuple[Any, Any]:
    animation = source.document.listed("animations")[clip]
    wanted = {"node": source.document.listed("nodes").index(node(source, name)), "path": path}
    channel = next(c for c in animation["channels"] if c["target"] == wanted)
    sampler = animation["samplers"][channel["sampler"]]
    accessors = source.document.accessors
    return accessors[sampler["input"]].values[:, 0], accessors[sampler["output"]].values


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


# ---------------------------------------------------------------- materials


def material(shader: str, *others: str, bind: str = "") -> str:
    return f"""def Mesh "Floor" ( prepend apiSchemas = ["MaterialBindingAPI"] ) {{ {QUAD}
        texCoord2f[] primvars:second = [(0, 0), (1, 0), (1, 1), (0, 1)]
            ( interpolation = "vertex" )
        texCoord2f[] primvars:st = [(0, 0), (1, 0), (1, 1), (0, 1)] ( interpolation = "vertex" )
        rel material:binding = </M>
        {bind} }}
    def Material "M" {{
        custom string userProperties:stock = "oak"
        token outputs:surface.connect = </M/S.outputs:surface>
        def Shader "S" {{ uniform token info:id = "UsdPreviewSurface"
            {shader}
            token outputs:surface }}
        {" ".join(others)} }}"""


def texture(name: str, file: str, more: str = "", st: str = "") -> str:
    return f"""def Shader "{name}" {{ uniform token info:id = "UsdUVTexture"
        asset inputs:file = @{file}@ {more} {st}
        float3 outputs:rgb float outputs:r float outputs:g float outputs:b float outputs:a }}"""


def picture(path: Path, colour: tuple[int, ...]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGBA" if len(colour) == 4 else "RGB", (4, 2), colour).save(path)


def pixel(source: Source, slot: dict[str, Any]) -> tuple[int, ...]:
    image = source.document.listed("textures")[slot["index"]]["source"]
    with Image.open(io.BytesIO(source.document.images[image])) as opened:
        found: Any = opened.convert("RGBA").getpixel((0, 0))
        return tuple(found)


def test_constants_become_factors_and_extensions(tmp_path: Path) -> None:
    shader = """color3f inputs:diffuseColor = (0.2, 0.4, 0.6)
        float inputs:metallic = 0.25 float inputs:roughness = 0.75
        float inputs:opacity = 0.5 float inputs:opacityThreshold = 0.25
        color3f inputs:emissiveColor = (4, 2, 0)
        float inputs:clearcoat = 0.5 float inputs:clearcoatRoughness = 0.125
        float inputs:ior = 1.25 float inputs:displacement = 0.5"""
    found = scene(tmp_path, material(shader))
    (item,) = found.document.listed("materials")
    pbr = item["pbrMetallicRoughness"]
    assert pbr["baseColorFactor"] == pytest.approx([0.2, 0.4, 0.6, 0.5])
    assert (pbr["metallicFactor"], pbr["roughnessFactor"]) == (0.25, 0.75)
    assert (item["alphaMode"], item["alphaCutoff"]) == ("MASK", 0.25)
    assert item["emissiveFactor"] == [1, 0.5, 0]
    assert item["extensions"] == {
        "KHR_materials_emissive_strength": {"emissiveStrength": 4},
        "KHR_materials_clearcoat": {"clearcoatFactor": 0.5, "clearcoatRoughnessFactor": 0.125},
        "KHR_materials_ior": {"ior": 1.25},
    }
    assert item["extras"] == {"stock": "oak"}
    assert codes(found) == ["usd_displacement"]


def test_the_specular_workflow_keeps_its_reflectance(tmp_path: Path) -> None:
    shader = """int inputs:useSpecularWorkflow = 1 float inputs:metallic = 1
        color3f inputs:specularColor = (0.04, 0.08, 0.5)"""
    (item,) = scene(tmp_path, material(shader)).document.listed("materials")
    assert item["pbrMetallicRoughness"]["metallicFactor"] == 0
    specular = item["extensions"]["KHR_materials_specular"]
    assert specular["specularColorFactor"] == pytest.approx([1, 2, 12.5])


def test_textures_with_their_coordinates_transform_and_edges(tmp_path: Path) -> None:
    picture(tmp_path / "tex/дуб.png", (10, 20, 30))
    picture(tmp_path / "tex/orm.png", (11, 22, 33))
    shader = """color3f inputs:diffuseColor.connect = </M/C.outputs:rgb>
        float inputs:roughness.connect = </M/ORM.outputs:g>
        float inputs:metallic.connect = </M/ORM.outputs:b>
        float inputs:occlusion.connect = </M/ORM.outputs:r>"""
    reader = """def Shader "R" { uniform token info:id = "UsdPrimvarReader_float2"
        string inputs:varname = "second" float2 outputs:result }
    def Shader "T" { uniform token info:id = "UsdTransform2d"
        float2 inputs:in.connect = </M/R.outputs:result>
        float inputs:rotation = 90 float2 inputs:scale = (2, 3)
        float2 inputs:translation = (0.5, 0.25) float2 outputs:result }"""
    st = "float2 inputs:st.connect = </M/T.outputs:result>"
    wrap = 'token inputs:wrapS = "clamp" token inputs:wrapT = "mirror"'
    colour = texture("C", "./tex/дуб.png", wrap, st)
    orm = texture("ORM", "tex/orm.png", 'token inputs:sourceColorSpace = "raw"')
    found = scene(tmp_path, material(shader, colour, orm, reader))
    (item,) = found.document.listed("materials")
    slot = item["pbrMetallicRoughness"]["baseColorTexture"]
    assert slot["texCoord"] == 1
    transform = slot["extensions"]["KHR_texture_transform"]
    assert transform["rotation"] == pytest.approx(math.pi / 2)
    assert transform["scale"] == [2, 3]
    # (0, 0) of USD is (0, 1) of glTF: both must land on USD's (0.5, 0.25).
    turn, (sx, sy) = transform["rotation"], transform["scale"]
    u, v = 0.0 * sx, 1.0 * sy
    moved = (
        math.cos(turn) * u + math.sin(turn) * v + transform["offset"][0],
        -math.sin(turn) * u + math.cos(turn) * v + transform["offset"][1],
    )
    assert moved == pytest.approx((0.5, 1 - 0.25))
    sampler = found.document.listed("samplers")[0]
    assert sampler == {"wrapS": 33071, "wrapT": 33648}
    rough = item["pbrMetallicRoughness"]["metallicRoughnessTexture"]
    assert rough["index"] == item["occlusionTexture"]["index"]
    assert len(found.document.images) == 2
    assert found.document.images[0] == (tmp_path / "tex/дуб.png").read_bytes()
    assert {"scene.usda", "tex/orm.png"} <= set(found.hashes)


def test_channels_are_brought_to_where_gltf_reads_them(tmp_path: Path) -> None:
    picture(tmp_path / "c.png", (10, 20, 30))
    picture(tmp_path / "rough.png", (200, 1, 2))
    picture(tmp_path / "cut.png", (3, 100, 4))
    shader = """color3f inputs:diffuseColor.connect = </M/C.outputs:rgb>
        float inputs:roughness.connect = </M/R.outputs:r>
        float inputs:metallic = 0.5
        float inputs:opacity.connect = </M/A.outputs:g>"""
    raw = 'token inputs:sourceColorSpace = "raw"'
    inverted = "float4 inputs:scale = (-1, -1, -1, -1) float4 inputs:bias = (1, 1, 1, 1)"
    found = scene(
        tmp_path,
        material(
            shader, texture("C", "c.png"), texture("R", "rough.png", f"{raw} {inverted}"),
            texture("A", "cut.png", raw),
        ),
    )  # fmt: skip
    (item,) = found.document.listed("materials")
    pbr = item["pbrMetallicRoughness"]
    assert pixel(found, pbr["baseColorTexture"]) == (10, 20, 30, 100)
    assert item["alphaMode"] == "BLEND"
    assert pixel(found, pbr["metallicRoughnessTexture"])[1:3] == (55, 255)
    assert (pbr["roughnessFactor"], pbr["metallicFactor"]) == (1, 0.5)


def test_normal_maps_keep_strength_and_direction(tmp_path: Path) -> None:
    picture(tmp_path / "n.png", (128, 200, 255))
    shader = "normal3f inputs:normal.connect = </M/N.outputs:rgb>"
    raw = 'token inputs:sourceColorSpace = "raw"'
    half = "float4 inputs:scale = (1, 1, 2, 1) float4 inputs:bias = (-0.5, -0.5, -1, 0)"
    found = scene(tmp_path, material(shader, texture("N", "n.png", f"{raw} {half}")))
    slot = found.document.listed("materials")[0]["normalTexture"]
    assert slot["scale"] == 0.5
    assert pixel(found, slot)[:3] == (128, 200, 255)
    flipped = "float4 inputs:scale = (2, -2, 2, 1) float4 inputs:bias = (-1, 1, -1, 0)"
    found = scene(tmp_path, material(shader, texture("N", "n.png", f"{raw} {flipped}")))
    slot = found.document.listed("materials")[0]["normalTexture"]
    assert "scale" not in slot
    assert pixel(found, slot)[:3] == (128, 55, 255)


def test_subsets_become_primitives(tmp_path: Path) -> None:
    body = """def Mesh "Two" ( prepend apiSchemas = ["MaterialBindingAPI"] ) {
        point3f[] points = [(0,0,0), (1,0,0), (1,1,0), (0,1,0), (2,0,0), (2,1,0)]
        int[] faceVertexCounts = [4, 4]
        int[] faceVertexIndices = [0, 1, 2, 3, 1, 4, 5, 2]
        uniform token subdivisionScheme = "none"
        rel material:binding = </A>
        def GeomSubset "right" ( prepend apiSchemas = ["MaterialBindingAPI"] ) {
            uniform token elementType = "face"
            uniform token familyName = "materialBind"
            int[] indices = [1]
            rel material:binding = </B> } }
    def Material "A" { } def Material "B" { }"""
    found = scene(tmp_path, body)
    primitives = found.document.listed("meshes")[0]["primitives"]
    names = [found.document.listed("materials")[p["material"]]["name"] for p in primitives]
    assert names == ["B", "A"]
    assert attribute(found, "POSITION", primitive=0)[:, 0].min() == 1
    assert codes(found).count("usd_shader") == 2


def test_display_colour_tints_only_without_a_material(tmp_path: Path) -> None:
    tint = "color3f[] primvars:displayColor = [(1, 0, 0)]"
    found = scene(tmp_path, f'def Mesh "Red" {{ {QUAD} {tint} }}')
    (item,) = found.document.listed("materials")
    assert item["pbrMetallicRoughness"]["baseColorFactor"] == [1, 0, 0, 1]
    found = scene(tmp_path, material("color3f inputs:diffuseColor = (0, 1, 0)", bind=tint))
    (item,) = found.document.listed("materials")
    assert item["pbrMetallicRoughness"]["baseColorFactor"] == [0, 1, 0, 1]


# ---------------------------------------------------------------- skeletons

SKEL = """def SkelRoot "Person" {
    def Skeleton "Rig" ( prepend apiSchemas = ["SkelBindingAPI"] ) {
        uniform token[] joints = ["Hip", "Hip/Head"]
        uniform matrix4d[] bindTransforms = [
            ((1,0,0,0), (0,1,0,0), (0,0,1,0), (0,1,0,1)),
            ((1,0,0,0), (0,1,0,0), (0,0,1,0), (0,2,0,1))]
        uniform matrix4d[] restTransforms = [
            ((1,0,0,0), (0,1,0,0), (0,0,1,0), (0,1,0,1)),
            ((1,0,0,0), (0,1,0,0), (0,0,1,0), (0,1,0,1))]
        rel skel:animationSource = </Person/Rig/Nod>
        def SkelAnimation "Nod" {
            uniform token[] joints = ["Hip/Head"]
            float3[] translations = [(0, 1, 0)]
            quatf[] rotations.timeSamples = { 0: [(1,0,0,0)], 10: [(0.7071068,0,0,0.7071068)] }
            half3[] scales = [(1, 1, 1)]
            uniform token[] blendShapes = ["Smile", "Other"]
            float[] blendShapeWeights.timeSamples = { 0: [0, 0], 10: [1, 0] } } }
    def SkelAnimation "Library" {
        uniform token[] joints = ["Hip", "Hip/Head"]
        float3[] translations.timeSamples = { 0: [(0,1,0),(0,1,0)], 5: [(0,2,0),(0,1,0)] }
        quatf[] rotations = [(1,0,0,0), (1,0,0,0)]
        half3[] scales = [(1, 1, 1), (1, 1, 1)] }
    def Mesh "Body" ( prepend apiSchemas = ["SkelBindingAPI"] ) { QUAD
        rel skel:skeleton = </Person/Rig>
        matrix4d primvars:skel:geomBindTransform = ((1,0,0,0), (0,1,0,0), (0,0,1,0), (0,0,3,1))
        int[] primvars:skel:jointIndices = [0,1,0,1,0, 1,0,0,0,0, 1,0,0,0,0, 0,0,0,0,0]
            ( elementSize = 5; interpolation = "vertex" )
        float[] primvars:skel:jointWeights = [0.2,0.2,0.2,0.2,0.2, 1,0,0,0,0, 2,0,0,0,0,
            1,0,0,0,0] ( elementSize = 5; interpolation = "vertex" )
        uniform token[] skel:blendShapes = ["Smile"]
        rel skel:blendShapeTargets = </Person/Body/Smile>
        def BlendShape "Smile" {
            uniform int[] pointIndices = [2]
            uniform vector3f[] offsets = [(0, 0, 4)]
            uniform vector3f[] inbetweens:half = [(0, 0, 3)] ( weight = 0.5 ) } }
}""".replace("QUAD", QUAD)
TIMES = f"{HEAD}\n startTimeCode = 0\n endTimeCode = 10\n timeCodesPerSecond = 10"


def test_skins_clips_and_blend_shapes(tmp_path: Path) -> None:
    found = scene(tmp_path, SKEL, TIMES)
    counted = found.counts
    assert (counted.skins, counted.animations, counted.morph_targets) == (1, 2, 1)
    (skin,) = found.document.listed("skins")
    names = [found.document.listed("nodes")[k]["name"] for k in skin["joints"]]
    assert names == ["Hip", "Head"]
    inverse = found.document.accessors[skin["inverseBindMatrices"]].values.reshape(-1, 4, 4)
    assert (
        pytest.approx(np.array([[1, 0, 0, 0], [0, 1, 0, -2], [0, 0, 1, 3], [0, 0, 0, 1]]))
        == inverse[1].T
    )
    assert node(found, "Body")["skin"] == 0
    weights = attribute(found, "WEIGHTS_0")
    assert weights.shape[1] == 4
    assert weights.sum(axis=1) == pytest.approx(1)
    assert "skin_influences" in codes(found)
    names = [clip["name"] for clip in found.document.listed("animations")]
    assert sorted(names) == ["Library", "Nod"]
    nod, library = names.index("Nod"), names.index("Library")
    _, turns = track(found, "Head", "rotation", nod)
    assert turns[-1] == pytest.approx([0, 0, 0.7071068, 0.7071068])
    _, moves = track(found, "Hip", "translation", library)
    assert moves[:, 1].max() == 2
    mesh = found.document.listed("meshes")[0]
    assert mesh["extras"]["targetNames"] == ["Smile", "Smile_0.5"]
    times, values = track(found, "Body", "weights", nod)
    shares = values.reshape(len(times), 2)
    assert shares[np.argmin(abs(times - 0.5))] == pytest.approx([0, 1])
    assert shares[-1] == pytest.approx([1, 0])


def test_joints_beyond_the_skeleton_are_refused(tmp_path: Path) -> None:
    body = SKEL.replace("[0,1,0,1,0, ", "[9,1,0,1,0, ")
    with pytest.raises(SceneRefused) as caught:
        scene(tmp_path, body, TIMES)
    assert caught.value.code == "scene_accessor"
    assert "/Person/Body" in caught.value.came


# ---------------------------------------------------------------- lights, cameras


def light(source: Source) -> dict[str, Any]:
    found: dict[str, Any] = source.document.listed("lights")[0]
    return found


def test_lights_by_their_units(tmp_path: Path) -> None:
    found = light(scene(tmp_path, """def SphereLight "L" { float inputs:intensity = 10
        float inputs:exposure = 2 float inputs:radius = 0.5 color3f inputs:color = (0.5, 1, 0)
    }"""))  # fmt: skip
    assert found["type"] == "point"
    assert found["intensity"] == pytest.approx(40 * math.pi * 0.25)
    assert found["color"] == [0.5, 1, 0]
    found = light(scene(tmp_path, """def SphereLight "L" ( apiSchemas = ["ShapingAPI"] ) {
        float inputs:intensity = 8 bool inputs:normalize = 1
        float inputs:shaping:cone:angle = 30 float inputs:shaping:cone:softness = 0.5
    }"""))  # fmt: skip
    assert (found["type"], found["intensity"]) == ("spot", 2)
    assert found["spot"]["outerConeAngle"] == pytest.approx(math.radians(30))
    assert found["spot"]["innerConeAngle"] == pytest.approx(math.radians(15))
    found = light(scene(tmp_path, """def DistantLight "Sun" { float inputs:intensity = 1000
        bool inputs:normalize = 1 }"""))  # fmt: skip
    assert (found["type"], found["intensity"]) == ("directional", 1000)


def test_area_lights_are_kept_as_data(tmp_path: Path) -> None:
    body = """def RectLight "Panel" { float inputs:width = 2 float inputs:intensity = 3 }
    def DomeLight "Sky" { asset inputs:texture:file = @sky.hdr@ }"""
    found = scene(tmp_path, body)
    assert found.counts.lights == 2
    assert found.document.listed("lights") == []
    kept = node(found, "Panel")["extras"]["light"]
    assert (kept["type"], kept["width"], kept["intensity"]) == ("RectLight", 2, 3)
    assert node(found, "Sky")["extras"]["light"]["texture:file"] == "sky.hdr"
    assert codes(found) == ["light_kept_as_data"] * 2


def test_cameras(tmp_path: Path) -> None:
    body = """def Camera "Eye" { float focalLength = 50 float horizontalAperture = 36
        float verticalAperture = 24 float2 clippingRange = (10, 1000) }
    def Camera "Plan" { token projection = "orthographic" float horizontalAperture = 200
        float verticalAperture = 100 float2 clippingRange = (1, 100) }"""
    found = scene(tmp_path, body, 'metersPerUnit = 0.01\n upAxis = "Y"')
    eye, plan = found.document.listed("cameras")
    assert eye["perspective"]["yfov"] == pytest.approx(2 * math.atan(12 / 50))
    assert eye["perspective"]["aspectRatio"] == pytest.approx(1.5)
    assert (eye["perspective"]["znear"], eye["perspective"]["zfar"]) == pytest.approx((0.1, 10))
    assert plan["orthographic"]["xmag"] == pytest.approx(0.1)


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


# ---------------------------------------------------------------- composition


def test_layers_in_the_folder_are_composed_and_hashed(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    chair = usda(f'def Xform "Chair" {{ def Mesh "Seat" {{ {QUAD} }} }}', 'defaultPrim = "Chair"')
    (tmp_path / "parts/chair.usda").write_text(chair)
    (tmp_path / "lights.usda").write_text(usda('def SphereLight "Lamp" { }'))
    body = 'def Xform "A" ( payload = @./parts/chair.usda@ ) { }'
    found = scene(tmp_path, body, f"{HEAD}\n subLayers = [@./lights.usda@]")
    assert found.counts.meshes == 1
    assert found.counts.lights == 1
    assert set(found.hashes) == {"scene.usda", "lights.usda", "parts/chair.usda"}


@pytest.mark.parametrize(
    "named", ["../secret.usda", "{absolute}", "link.usda", '`"../secret.usda"`']
)
def test_layers_outside_are_never_read(tmp_path: Path, named: str) -> None:
    secret = tmp_path / "secret.usda"
    secret.write_text(usda(f'def Mesh "Secret" {{ {QUAD} }}', 'defaultPrim = "Secret"'))
    folder = tmp_path / "scene"
    folder.mkdir()
    (folder / "link.usda").symlink_to(secret)
    path = named.format(absolute=secret)
    for arc in (f"references = @{path}@", f"payload = @{path}@"):
        found = scene(folder, f'def Xform "A" ( {arc} ) {{ }}')
        assert found.counts.meshes == 0
        assert "usd_layer_outside" in codes(found)
    found = scene(folder, "", f"{HEAD}\n subLayers = [@{path}@]")
    assert found.counts.meshes == 0
    assert "usd_layer_outside" in codes(found)


def test_layers_outside_hidden_in_variants_and_clips_are_never_read(tmp_path: Path) -> None:
    (tmp_path / "secret.usda").write_text(usda('def Xform "Secret" { }', 'defaultPrim = "Secret"'))
    folder = tmp_path / "scene"
    folder.mkdir()
    body = """def Xform "A" ( variants = { string v = "one" } prepend variantSets = "v" ) {
        variantSet "v" = { "one" ( references = @../secret.usda@ ) { } } }
    def Xform "B" ( clips = { dictionary default = {
        asset[] assetPaths = [@../secret.usda@] string primPath = "/Secret" } } ) { }"""
    found = scene(folder, body)
    outside = [w for w in found.warnings if w.code == "usd_layer_outside"]
    assert [n["name"] for n in found.document.listed("nodes")] == ["A", "B"]
    assert len(outside) == 2
    assert set(found.hashes) == {"scene.usda"}


def test_missing_and_broken_layers_are_warnings(tmp_path: Path) -> None:
    (tmp_path / "broken.usda").write_text("#usda 1.0\n def {")
    body = """def Xform "A" ( references = @./gone.usda@ ) { }
    def Xform "B" ( references = @./broken.usda@ ) { }
    def Xform "C" ( references = @http://example.com/x.usda@ ) { }"""
    found = scene(tmp_path, body)
    assert {"usd_layer_missing", "usd_layer_unreadable", "usd_layer_outside"} <= set(codes(found))
    assert not any(str(tmp_path) in w.message for w in found.warnings)


def test_textures_outside_are_never_read(tmp_path: Path) -> None:
    picture(tmp_path / "secret.png", (1, 2, 3))
    folder = tmp_path / "scene"
    folder.mkdir()
    shader = "color3f inputs:diffuseColor.connect = </M/C.outputs:rgb>"
    for path in ("../secret.png", str(tmp_path / "secret.png"), "http://example.com/secret.png"):
        found = scene(folder, material(shader, texture("C", path)))
        assert found.document.images == ()
        assert set(codes(found)) & {"image_outside", "image_missing"}


# ---------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"#usda 1.0\n def {{{", "scene_malformed"),
        (b"PXR-USDC" + b"\0" * 80, "scene_malformed"),
        (b"PXR-USDC", "scene_malformed"),
        (b"#usda 1.0\n(metersPerUnit = 0)\n", "scene_malformed"),
    ],
)
def test_broken_layers_are_refused(tmp_path: Path, raw: bytes, code: str) -> None:
    path = tmp_path / "bad.usd"
    path.write_bytes(raw)
    with pytest.raises(SceneRefused) as caught:
        read(path)
    assert caught.value.code == code
    assert "bad.usd" in caught.value.came
    assert str(tmp_path) not in str(caught.value)


def test_faces_that_contradict_themselves_are_refused(tmp_path: Path) -> None:
    body = f'def Mesh "Floor" {{ {QUAD} }}'
    for wrong in ("[0, 1, 2, 9]", "[0, 1, 2]", "[0, 1, 2, -1]"):
        with pytest.raises(SceneRefused) as caught:
            scene(tmp_path, body.replace("[0, 1, 2, 3]", wrong))
        assert caught.value.code == "scene_accessor"


def test_a_bomb_of_instances_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage, "PRIMS_MAX", 10_000)
    levels = [f'class Xform "L0" {{ def Mesh "M" {{ {QUAD} }} }}']
    for level in range(1, 8):
        ten = " ".join(
            f'def Xform "I{k}" ( instanceable = true references = </L{level - 1}> ) {{ }}'
            for k in range(10)
        )
        levels.append(f'class Xform "L{level}" {{ {ten} }}')
    levels.append('def Xform "Top" ( references = </L7> ) { }')
    path = tmp_path / "bomb.usda"
    path.write_text(usda("\n".join(levels)))
    with pytest.raises(SceneRefused) as caught:
        convert(path)
    assert caught.value.code == "scene_too_large"


def packed(path: Path, files: dict[str, bytes], *, method: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, raw in files.items():
            archive.writestr(zipfile.ZipInfo(name), raw, method)
    return path


def test_a_package_is_read_with_its_textures(tmp_path: Path) -> None:
    picture(tmp_path / "c.png", (9, 8, 7))
    shader = "color3f inputs:diffuseColor.connect = </M/C.outputs:rgb>"
    root = usda(material(shader, texture("C", "textures/c.png"))).encode()
    files = {"scene.usda": root, "textures/c.png": (tmp_path / "c.png").read_bytes()}
    path = packed(tmp_path / "hall.usdz", files)
    found = read(path)
    assert found.format == "usdz"
    assert found.document.images == (files["textures/c.png"],)
    assert found.size_bytes == path.stat().st_size
    assert set(found.hashes) == {"hall.usdz"}
    assert inspect_scene(path)["kind"] == "scene"


@pytest.mark.parametrize(
    ("name", "code"),
    [("../out.usda", "usdz_path"), ("/etc/x.usda", "usdz_path"), ("a\\..\\b.usda", "usdz_path"),
     ("C:x.usda", "usdz_path"), ("picture.png", "usdz_malformed")],
)  # fmt: skip
def test_names_in_a_package_stay_inside(tmp_path: Path, name: str, code: str) -> None:
    path = packed(tmp_path / "bad.usdz", {name: b"#usda 1.0\n"})
    with pytest.raises(SceneRefused) as caught:
        read(path)
    assert caught.value.code == code
    assert sorted(tmp_path.iterdir()) == [path]


def test_packages_that_grow_or_lie_are_refused(tmp_path: Path) -> None:
    path = packed(
        tmp_path / "bomb.usdz", {"a.usda": b"\0" * 9_000_000}, method=zipfile.ZIP_DEFLATED
    )
    with pytest.raises(SceneRefused) as caught:
        read(path)
    assert caught.value.code == "usdz_compressed"
    honest = packed(tmp_path / "b.usdz", {"a.usda": usda("").encode()}).read_bytes()
    cases = {
        "truncated": honest[: len(honest) // 2],
        "another name": honest.replace(b"a.usda", b"b.usda", 1),
        "another size": honest.replace(
            struct.pack("<I", len(usda(""))), struct.pack("<I", 2**31), 1
        ),
        "no list": b"PK\x03\x04" + b"\0" * 60,
    }
    for raw in cases.values():
        (tmp_path / "lie.usdz").write_bytes(raw)
        with pytest.raises(SceneRefused) as caught:
            read(tmp_path / "lie.usdz")
        assert caught.value.code == "usdz_malformed"


def test_a_package_of_too_many_files_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(usdz, "ENTRIES_MAX", 2)
    path = packed(tmp_path / "many.usdz", {f"{k}.usda": b"#usda 1.0\n" for k in range(3)})
    with pytest.raises(SceneRefused) as caught:
        read(path)
    assert caught.value.code == "usdz_too_many"


def test_without_usd_core_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    path = tmp_path / "scene.usda"
    path.write_text(usda(""))
    with pytest.raises(MissingTool) as caught:
        read(path)
    assert ".[usd]" in caught.value.remedy


def test_numbers_that_are_none_become_defaults_with_a_warning(tmp_path: Path) -> None:
    body = f"""def Mesh "Floor" {{ {QUAD.replace("(1, 1, 0)", "(inf, nan, 0)")}
        double3 xformOp:translate = (nan, 0, 0)
        uniform token[] xformOpOrder = ["xformOp:translate"] }}"""
    found = scene(tmp_path, body)
    assert "translation" not in node(found, "Floor")
    assert np.isfinite(attribute(found, "POSITION")).all()
    assert codes(found) == ["usd_transform", "attribute_not_finite"]


def test_inputs_of_another_type_become_defaults_with_a_warning(tmp_path: Path) -> None:
    shader = 'string inputs:roughness = "rough" float inputs:metallic = nan'
    found = scene(tmp_path, material(shader))
    pbr = found.document.listed("materials")[0]["pbrMetallicRoughness"]
    assert (pbr["roughnessFactor"], pbr["metallicFactor"]) == (0.5, 0)
    assert codes(found).count("usd_shader_input") == 2


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


def test_text_that_is_no_utf8_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "latin.usda"
    path.write_bytes(b'#usda 1.0\ndef Xform "caf\xe9" { }\n')
    with pytest.raises(SceneRefused) as caught:
        convert(path)
    assert caught.value.code == "scene_malformed"


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


def test_an_animation_leaves_what_else_moves_to_the_timeline(tmp_path: Path) -> None:
    door = """def Xform "Door" {
        double3 xformOp:translate.timeSamples = { 0: (0, 0, 0), 10: (1, 0, 0) }
        uniform token[] xformOpOrder = ["xformOp:translate"] }"""
    found = scene(tmp_path, SKEL + "\n" + door, TIMES)
    names = [clip["name"] for clip in found.document.listed("animations")]
    assert sorted(names) == ["Library", "Nod", "Timeline"]
    assert "usd_animation_timeline" in codes(found)


@pytest.mark.parametrize(
    ("rest", "plays", "code"),
    [
        ("nan", "", "usd_transform"),
        ("1", "rel skel:animationSource = </Person/Nod>", "attribute_not_finite"),
    ],
)
def test_weights_and_joints_that_are_no_numbers_are_mended_with_a_warning(
    tmp_path: Path, rest: str, plays: str, code: str
) -> None:
    body = f"""def SkelRoot "Person" {{
        def Skeleton "Bones" (
            prepend apiSchemas = ["SkelBindingAPI"]
        ) {{
            uniform token[] joints = ["Hip"]
            uniform matrix4d[] bindTransforms = [{IDENTITY}]
            uniform matrix4d[] restTransforms = [{IDENTITY.replace("1", rest, 1)}]
            {plays}
        }}
        def SkelAnimation "Nod" {{
            uniform token[] blendShapes = ["Smile"]
            float[] blendShapeWeights = [nan] }}
        def Mesh "Body" (
            prepend apiSchemas = ["SkelBindingAPI"]
        ) {{ {QUAD}
            rel skel:skeleton = </Person/Bones>
            uniform token[] skel:blendShapes = ["Smile"]
            rel skel:blendShapeTargets = </Person/Body/Smile>
            def BlendShape "Smile" {{
                uniform int[] pointIndices = [2]
                uniform vector3f[] offsets = [(0, 0, 4)] }} }}
    }}"""
    found = scene(tmp_path, body)
    assert found.document.listed("meshes")[0]["weights"] == [0]
    assert "matrix" not in node(found, "Hip")
    assert code in codes(found)


IDENTITY = "((1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1))"
