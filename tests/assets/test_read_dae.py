"""COLLADA: polygons, units, trees, cameras, lights, properties."""
# ruff: noqa: E501 (XML reads better whole)

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from branchxr_assets.build import build_scene
from branchxr_assets.geometry import bounds, drawn_triangles
from branchxr_assets.glb import write_glb
from branchxr_assets.readers import read
from branchxr_assets.tree import local_matrix

from .dae_text import (
    VERTEX,
    codes,
    document,
    floats,
    mesh,
    named,
    scene,
    shown,
    skinned,
    triangles,
)

SCENES = Path(__file__).parents[3] / "shared" / "scenes"


@pytest.mark.parametrize(
    ("body", "count"),
    [
        (f"<triangles count='2'>{VERTEX}<p>0 1 2 0 2 3</p></triangles>", 2),
        (f"<polylist count='1'>{VERTEX}<vcount>4</vcount><p>0 1 2 3</p></polylist>", 2),
        (f"<polygons count='1'>{VERTEX}<p>0 1 2 3</p></polygons>", 2),
        (f"<tristrips count='1'>{VERTEX}<p>0 1 3 2</p></tristrips>", 2),
        (f"<trifans count='1'>{VERTEX}<p>0 1 2 3</p></trifans>", 2),
        (f"<trifans count='2'>{VERTEX}<p>0 1 2</p><p>0 2 3</p></trifans>", 2),
    ],
)
def test_every_kind_of_polygon(tmp_path: Path, body: str, count: int) -> None:
    found = scene(tmp_path, shown(body))
    assert found.counts.triangles_drawn == drawn_triangles(found.document) == count
    assert (found.counts.nodes, found.counts.meshes) == (1, 1)
    (node,) = found.document.listed("nodes")
    assert node == {"name": "Касса/1", "mesh": 0}
    primitive = found.document.primitives()[0]
    points = found.document.accessors[primitive["attributes"]["POSITION"]].values
    faces = found.document.accessors[primitive["indices"]].values.reshape(-1, 3)
    a, b, c = (points[faces[:, n]] for n in range(3))
    assert (np.cross(b - a, c - a)[:, 2] == 1).all()


def test_polygons_with_holes(tmp_path: Path) -> None:
    points = "0 0 0 9 0 0 9 9 0 0 9 0 3 3 0 6 3 0 6 6 0 3 6 0"
    body = f"<polygons count='1'>{VERTEX}<ph><p>0 1 2 3</p><h>4 5 6 7</h></ph></polygons>"
    found = scene(tmp_path, shown(body, points=points))
    assert found.counts.triangles_drawn == drawn_triangles(found.document) == 8


def test_units_axes_and_names(tmp_path: Path) -> None:
    asset = '<unit meter="0.0254" name="inch"/><up_axis>Z_UP</up_axis><contributor><authoring_tool>T 1</authoring_tool></contributor>'
    text = document(
        '<node name="箱"><translate>0 0 100</translate><instance_geometry url="#g"/></node>',
        f"<library_geometries>{mesh(triangles())}</library_geometries>",
        asset,
    )
    found = scene(tmp_path, text)
    box = bounds(found.document)
    assert box is not None
    assert box == pytest.approx(np.array([[0, 2.54, -0.0254], [0.0254, 2.54, 0]]), abs=1e-6)
    assert (found.unit_m, found.generator) == (0.0254, "T 1")
    assert [node["name"] for node in found.document.listed("nodes")] == ["Сцена", "箱"]
    assert found.document.listed("nodes")[1]["translation"] == [0, 0, 100]


def test_transforms_multiply_in_the_order_they_are_written(tmp_path: Path) -> None:
    stack = "<translate>1 2 3</translate><rotate>0 0 1 90</rotate><scale>2 3 4</scale>"
    found = scene(tmp_path, document(f'<node name="a">{stack}</node>'))
    expected = np.eye(4)
    expected[:3, :3] = [[0, -3, 0], [2, 0, 0], [0, 0, 4]]
    expected[:3, 3] = [1, 2, 3]
    assert local_matrix(named(found.document, "a")) == pytest.approx(expected)
    look = "<lookat>0 0 5 0 0 0 0 1 0</lookat>"
    found = scene(tmp_path, document(f'<node name="a">{look}</node>'))
    assert named(found.document, "a") == {"name": "a", "translation": [0, 0, 5]}


def test_instanced_nodes_share_meshes(tmp_path: Path) -> None:
    text = document(
        '<node id="a" name="A"><instance_geometry url="#g"/></node>'
        '<node name="B"><translate>5 0 0</translate><instance_node url="#a"/></node>',
        f"<library_geometries>{mesh(triangles())}</library_geometries>",
    )
    found = scene(tmp_path, text)
    assert (found.counts.nodes, found.counts.triangles_unique, found.counts.triangles_drawn) == (
        3,
        2,
        4,
    )
    assert [n["name"] for n in found.document.listed("nodes")] == ["A", "B", "A"]
    assert len(found.document.listed("meshes")) == 1


def test_all_sets_of_coordinates_and_colours_and_which_a_texture_takes(tmp_path: Path) -> None:
    Image.new("RGB", (2, 2)).save(tmp_path / "oak wood.png")
    more = (
        floats("t0", "0 0 1 0 1 1 0 1", 2, "ST")
        + floats("t1", "0.5 0.25 0 0 0 0 0 0", 2, "ST")
        + floats("c", "1 0.5 0 1 1 1 0 0 0 1 1 1", 3, "RGB")
    )
    inputs = (
        '<input semantic="TEXCOORD" source="#t0" offset="0" set="0"/>'
        '<input semantic="TEXCOORD" source="#t1" offset="0" set="3"/>'
        '<input semantic="COLOR" source="#c" offset="0"/>'
    )
    effect = (
        '<library_images><image id="i"><init_from>./oak%20wood.png</init_from></image></library_images>'
        '<library_effects><effect id="e"><profile_COMMON><newparam sid="su"><surface type="2D">'
        '<init_from>i</init_from></surface></newparam><newparam sid="sa"><sampler2D><source>su</source>'
        "<wrap_s>MIRROR</wrap_s></sampler2D></newparam><technique><lambert><diffuse>"
        '<texture texture="sa" texcoord="UV"><extra><technique profile="MAYA"><repeatU>2</repeatU>'
        "</technique></extra></texture></diffuse></lambert></technique></profile_COMMON></effect>"
        '</library_effects><library_materials><material id="mm" name="дуб"><instance_effect url="#e"/>'
        "</material></library_materials>"
    )
    node = (
        '<node><instance_geometry url="#g"><bind_material><technique_common>'
        '<instance_material symbol="m" target="#mm"><bind_vertex_input semantic="UV" '
        'input_semantic="TEXCOORD" input_set="3"/></instance_material></technique_common>'
        "</bind_material></instance_geometry></node>"
    )
    text = document(
        node,
        f"<library_geometries>{mesh(triangles(more=inputs), more=more)}</library_geometries>{effect}",
    )
    found = scene(tmp_path, text)
    assert codes(found) == set()
    assert (found.counts.uv_sets, found.counts.vertex_colour_sets, found.counts.images) == (2, 1, 1)
    attributes = found.document.primitives()[0]["attributes"]
    second = found.document.accessors[attributes["TEXCOORD_1"]].values
    assert second[0].tolist() == [0.5, 0.75]
    colour = found.document.accessors[attributes["COLOR_0"]].values[0]
    assert colour == pytest.approx([1, 0.2140411, 0])
    material = found.document.root["materials"][0]
    slot = material["pbrMetallicRoughness"]["baseColorTexture"]
    assert material["name"] == "дуб"
    assert slot["texCoord"] == 1
    assert slot["extensions"]["KHR_texture_transform"] == {"scale": [2, 1], "offset": [0, 0]}
    assert found.document.root["samplers"] == [{"wrapS": 33648, "wrapT": 10497}]


def test_cameras_and_lights(tmp_path: Path) -> None:
    libraries = (
        '<library_cameras><camera id="c"><optics><technique_common><perspective><xfov>90</xfov>'
        "<aspect_ratio>2</aspect_ratio><znear>10</znear><zfar>1000</zfar></perspective></technique_common>"
        '</optics></camera></library_cameras><library_lights><light id="p"><technique_common><point>'
        "<color>2 1 0</color><quadratic_attenuation>0.01</quadratic_attenuation></point></technique_common>"
        '</light><light id="s"><technique_common><spot><color>1 1 1</color><falloff_angle>60</falloff_angle>'
        '</spot></technique_common></light><light id="a"><technique_common><ambient><color>1 1 1</color>'
        '</ambient></technique_common></light><light id="d"><technique_common><directional><color>1 1 1'
        "</color></directional></technique_common></light></library_lights>"
    )
    nodes = (
        '<node><instance_camera url="#c"/><instance_light url="#p"/><instance_light url="#s"/></node>'
        '<node><instance_light url="#a"/><instance_light url="#d"/></node>'
    )
    found = scene(tmp_path, document(nodes, libraries, '<unit meter="0.01"/>'))
    assert (found.counts.cameras, found.counts.lights) == (1, 4)
    view = found.document.root["cameras"][0]["perspective"]
    assert view["znear"] == pytest.approx(0.1)
    assert view["yfov"] == pytest.approx(2 * math.atan(0.5))
    point, spot, sun = found.document.listed("lights")
    assert point["color"] == [1, 0.5, 0]
    assert point["intensity"] == pytest.approx(2 * math.pi / 0.01 * 0.01**2)
    assert spot["spot"]["outerConeAngle"] == pytest.approx(math.radians(30))
    assert sun["intensity"] == pytest.approx(math.pi)
    assert codes(found) == {"light_lost", "light_guessed"}


@pytest.mark.parametrize("fading", ["5e-324", "1e-200"])
def test_a_light_that_hardly_fades_is_no_brighter_than_numbers(tmp_path: Path, fading: str) -> None:
    lamp = (
        '<library_lights><light id="p"><technique_common><point><color>3e38 1 1</color>'
        f"<quadratic_attenuation>{fading}</quadratic_attenuation></point></technique_common>"
        "</light></library_lights>"
    )
    found = scene(tmp_path, document('<node><instance_light url="#p"/></node>', lamp))
    assert math.isfinite(found.document.listed("lights")[0]["intensity"])
    assert "light_guessed" in codes(found)


@pytest.mark.parametrize(
    "lens",
    [
        "<orthographic><xmag>1e38</xmag><aspect_ratio>1e-320</aspect_ratio></orthographic>",
        "<perspective><yfov>5e-324</yfov><xfov>90</xfov><znear>1e-320</znear></perspective>",
    ],
)
def test_a_lens_of_absurd_numbers_becomes_a_usual_one(tmp_path: Path, lens: str) -> None:
    camera = (
        f'<library_cameras><camera id="c"><optics><technique_common>{lens}</technique_common>'
        "</optics></camera></library_cameras>"
    )
    found = scene(tmp_path, document('<node><instance_camera url="#c"/></node>', camera))
    assert write_glb(found.document)
    assert len(found.document.listed("cameras")) == 1


def test_custom_properties(tmp_path: Path) -> None:
    extra = (
        '<extra><technique profile="OpenCOLLADA"><user_properties>branch_anchor=spawn</user_properties>'
        '</technique></extra><extra><technique profile="blender"><branch_anchor type="string">spawn'
        '</branch_anchor><desk type="int">3</desk><roll type="float">0</roll></technique></extra>'
    )
    found = scene(tmp_path, document(f'<node name="a">{extra}</node>'))
    assert named(found.document, "a")["extras"] == {
        "user_properties": "branch_anchor=spawn",
        "branch_anchor": "spawn",
        "desk": 3,
    }
    assert found.counts.nodes_with_extras == 1


def test_it_builds(tmp_path: Path, key: Any) -> None:
    scene(tmp_path, skinned())
    result = build_scene(tmp_path / "scene.dae", tmp_path / "out", key=key, has_report=False)
    assert result.triangles_drawn_full == 2


@pytest.mark.skipif(not SCENES.is_dir(), reason="needs ../shared/scenes")
def test_real_files() -> None:
    teapot = read(SCENES / "real" / "teapot_instancenodes.DAE")
    counts = teapot.counts
    assert (counts.nodes, counts.meshes, counts.materials) == (3, 1, 1)
    assert (counts.triangles_unique, counts.triangles_drawn) == (1024, 2048)
    assert drawn_triangles(teapot.document) == 2048
    assert teapot.unit_m == 0.0254


@pytest.mark.skipif(not SCENES.is_dir(), reason="needs ../shared/scenes")
def test_the_hall() -> None:
    found, reference = (read(SCENES / "hall" / name) for name in ("dae/hall.dae", "hall.glb"))
    counts = found.counts
    assert (counts.nodes, counts.meshes, counts.materials, counts.images) == (148, 19, 14, 8)
    assert (counts.animations, counts.skins, counts.lights, counts.cameras) == (11, 1, 7, 2)
    assert (counts.triangles_unique, counts.triangles_drawn) == (22_414, 44_770)
    assert drawn_triangles(found.document) == 44_770
    assert codes(found) == {"animations_joined"}
    ours, theirs = (
        {light["name"]: round(light["intensity"]) for light in made.document.listed("lights")}
        for made in (found, reference)
    )
    assert ours == theirs
    names = {node["name"] for node in found.document.listed("nodes")}
    assert {node["name"] for node in reference.document.listed("nodes")} <= names
    assert len(found.document.images) == 8
