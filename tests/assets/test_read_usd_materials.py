"""USD's materials and their pictures."""

import math
from pathlib import Path

import pytest

from .usd_text import QUAD, attribute, codes, material, picture, pixel, scene, texture


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
    assert sorted(codes(found)) == ["property_on_material", "usd_displacement"]
    assert found.counts.nodes_with_extras == 1


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


def test_inputs_of_another_type_become_defaults_with_a_warning(tmp_path: Path) -> None:
    shader = 'string inputs:roughness = "rough" float inputs:metallic = nan'
    found = scene(tmp_path, material(shader))
    pbr = found.document.listed("materials")[0]["pbrMetallicRoughness"]
    assert (pbr["roughnessFactor"], pbr["metallicFactor"]) == (0.5, 0)
    assert codes(found).count("usd_shader_input") == 2
