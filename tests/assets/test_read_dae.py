"""COLLADA."""
# ruff: noqa: E501 (XML reads better whole)

import math
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from branchxr.cli.assets import app
from branchxr.errors import SceneRefused
from branchxr_assets.build import build_scene
from branchxr_assets.document import Document, Json
from branchxr_assets.geometry import bounds, drawn_triangles
from branchxr_assets.glb import write_glb
from branchxr_assets.readers import Source, read, zae
from branchxr_assets.tree import local_matrix

SCENES = Path(__file__).parents[3] / "shared" / "scenes"
IDENTITY = "1 0 0 0 0 1 0 0 0 0 1 0 0 0 0 1"


def floats(identifier: str, values: str, stride: int, params: str = "") -> str:
    count = len(values.split())
    named = "".join(f'<param name="{p}" type="float"/>' for p in params)
    return (
        f'<source id="{identifier}"><float_array id="{identifier}-a" count="{count}">{values}'
        f'</float_array><technique_common><accessor source="#{identifier}-a" '
        f'count="{count // stride}" stride="{stride}">{named}</accessor></technique_common></source>'
    )


def words(identifier: str, values: str, kind: str = "Name") -> str:
    return f'<source id="{identifier}"><{kind}_array id="{identifier}-a">{values}</{kind}_array></source>'


def mesh(
    body: str, points: str = "0 0 0 1 0 0 1 1 0 0 1 0", more: str = "", name: str = "g"
) -> str:
    return (
        f'<geometry id="{name}" name="{name} mesh"><mesh>{floats(name + "-p", points, 3, "XYZ")}'
        f'{more}<vertices id="{name}-v"><input semantic="POSITION" source="#{name}-p"/></vertices>'
        f"{body}</mesh></geometry>"
    )


def triangles(p: str = "0 1 2 0 2 3", name: str = "g", material: str = "m", more: str = "") -> str:
    return (
        f'<triangles material="{material}" count="2"><input semantic="VERTEX" source="#{name}-v" '
        f'offset="0"/>{more}<p>{p}</p></triangles>'
    )


def document(nodes: str, libraries: str = "", asset: str = "", version: str = "1.4.1") -> str:
    return (
        f'<?xml version="1.0"?><COLLADA xmlns="http://www.collada.org/2005/11/COLLADASchema" '
        f'version="{version}"><asset>{asset}</asset>{libraries}<library_visual_scenes>'
        f'<visual_scene id="s" name="Сцена">{nodes}</visual_scene></library_visual_scenes>'
        '<scene><instance_visual_scene url="#s"/></scene></COLLADA>'
    )


def scene(folder: Path, text: str | bytes, name: str = "scene.dae") -> Source:
    (folder / name).write_bytes(text.encode() if isinstance(text, str) else text)
    return read(folder / name)


def shown(body: str, **more: str) -> str:
    node = '<node id="n" name="Касса/1"><instance_geometry url="#g"/></node>'
    return document(node, f"<library_geometries>{mesh(body, **more)}</library_geometries>")


def codes(source: Source) -> set[str]:
    return {warning.code for warning in source.warnings}


def named(made: Document, name: str) -> Json:
    return next(node for node in made.listed("nodes") if node.get("name") == name)


VERTEX = '<input semantic="VERTEX" source="#g-v" offset="0"/>'


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


def material(folder: Path, model: str, extra: str = "") -> Json:
    libraries = (
        f'<library_effects><effect id="e"><profile_COMMON><technique>{model}{extra}</technique>'
        '</profile_COMMON></effect></library_effects><library_materials><material id="m">'
        '<instance_effect url="#e"/></material></library_materials>'
        f"<library_geometries>{mesh(triangles())}</library_geometries>"
    )
    found = scene(folder, document('<node><instance_geometry url="#g"/></node>', libraries))
    return found.document.root["materials"][0]


def test_shading_models(tmp_path: Path) -> None:
    diffuse = "<diffuse><color>0.1 0.2 0.3 1</color></diffuse>"
    shine = "<specular><color>1 1 1 1</color></specular><shininess><float>30</float></shininess>"
    lambert = material(tmp_path, f"<lambert>{diffuse}{shine}</lambert>")
    assert lambert["pbrMetallicRoughness"]["roughnessFactor"] == 1
    assert lambert["pbrMetallicRoughness"]["baseColorFactor"] == [0.1, 0.2, 0.3, 1]
    phong = material(tmp_path, f"<phong>{diffuse}{shine}</phong>")
    assert phong["pbrMetallicRoughness"]["roughnessFactor"] == pytest.approx(0.5)
    blinn = material(tmp_path, f"<blinn>{diffuse}{shine}</blinn>")
    assert blinn["pbrMetallicRoughness"]["roughnessFactor"] < 0.5
    constant = material(
        tmp_path, "<constant><emission><color>1 0 0 1</color></emission></constant>"
    )
    assert constant["pbrMetallicRoughness"]["baseColorFactor"] == [1, 0, 0, 1]
    assert "KHR_materials_unlit" in constant["extensions"]
    both = "<extra><technique profile='MAX3D'><double_sided>1</double_sided></technique></extra>"
    assert material(tmp_path, f"<lambert>{diffuse}</lambert>", both)["doubleSided"] is True


@pytest.mark.parametrize(
    ("mode", "colour", "amount", "opacity"),
    [
        ("A_ONE", "1 1 1 1", "0.25", 0.25),
        ("A_ONE", "1 1 1 0.5", "0.5", 0.25),
        ("RGB_ZERO", "0.5 0.5 0.5 1", "0.5", 0.75),
        ("RGB_ZERO", "0 0 0 1", "1", 1.0),
        ("A_ZERO", "1 1 1 0.25", "1", 0.75),
        ("RGB_ONE", "0.5 0.5 0.5 1", "1", 0.5),
        ("A_ONE", "0 0 0 1", "0", 1.0),
    ],
)
def test_transparency(tmp_path: Path, mode: str, colour: str, amount: str, opacity: float) -> None:
    clear = (
        f"<lambert><transparent opaque='{mode}'><color>{colour}</color></transparent>"
        f"<transparency><float>{amount}</float></transparency></lambert>"
    )
    made = material(tmp_path, clear)
    assert made["pbrMetallicRoughness"]["baseColorFactor"][3] == pytest.approx(opacity, abs=1e-5)
    assert made.get("alphaMode", "OPAQUE") == ("BLEND" if opacity < 1 - 1e-4 else "OPAQUE")


def skinned(joints: str = "hip knee", nodes: str = "") -> str:
    controller = (
        '<library_controllers><controller id="c" name="rig"><skin source="#g">'
        "<bind_shape_matrix>1 0 0 10 0 1 0 0 0 0 1 0 0 0 0 1</bind_shape_matrix>"
        + words("j", joints)
        + floats("b", "1 0 0 -10 0 1 0 0 0 0 1 0 0 0 0 1 " + IDENTITY, 16)
        + floats("w", "1 0.5 0.25", 1)
        + '<joints><input semantic="JOINT" source="#j"/><input semantic="INV_BIND_MATRIX" source="#b"/>'
        '</joints><vertex_weights count="4"><input semantic="JOINT" source="#j" offset="0"/>'
        '<input semantic="WEIGHT" source="#w" offset="1"/><vcount>1 2 1 5</vcount>'
        "<v>0 0 0 1 1 1 1 0 0 2 0 2 1 2 1 2 1 2</v></vertex_weights></skin></controller>"
        "</library_controllers>"
    )
    tree = nodes or (
        '<node id="h" sid="hip" name="Hip"><translate>10 0 0</translate>'
        '<node id="k" sid="knee" name="Knee"/></node>'
    )
    return document(
        tree
        + '<node name="body"><instance_controller url="#c"><skeleton>#h</skeleton></instance_controller></node>',
        f"<library_geometries>{mesh(triangles())}</library_geometries>{controller}",
    )


def test_skins(tmp_path: Path) -> None:
    found = scene(tmp_path, skinned())
    assert (found.counts.skins, found.counts.triangles_drawn) == (1, 2)
    made = found.document
    skin = made.root["skins"][0]
    assert [made.listed("nodes")[n]["name"] for n in skin["joints"]] == ["Hip", "Knee"]
    body = named(made, "body")
    assert body["skin"] == 0
    attributes = made.listed("meshes")[body["mesh"]]["primitives"][0]["attributes"]
    weights = made.accessors[attributes["WEIGHTS_0"]].values
    joints = made.accessors[attributes["JOINTS_0"]].values
    assert weights[0].tolist() == [1, 0, 0, 0]
    assert (joints[1][:2].tolist(), weights[1][:2].tolist()) == ([0, 1], [0.5, 0.5])
    assert weights[3].tolist() == [0.25] * 4
    points = made.accessors[attributes["POSITION"]].values
    assert points[0].tolist() == [10, 0, 0]  # the bind shape is applied
    assert codes(found) == {"skin_influences", "material_missing"}


def test_a_skin_without_its_joints_is_a_mesh_with_a_warning(tmp_path: Path) -> None:
    found = scene(tmp_path, skinned(joints="hip nowhere"))
    assert "skin_lost" in codes(found)
    assert "skin" not in named(found.document, "body")


def morphed(method: str) -> str:
    geometries = mesh(triangles()) + mesh(
        triangles(name="t"), points="0 0 1 1 0 0 1 1 0 0 1 0", name="t"
    )
    controller = (
        f'<library_controllers><controller id="c"><morph source="#g" method="{method}">'
        + words("mt", "t", "IDREF")
        + floats("mw", "0.25", 1)
        + '<targets><input semantic="MORPH_TARGET" source="#mt"/><input semantic="MORPH_WEIGHT" '
        'source="#mw"/></targets></morph></controller></library_controllers>'
    )
    animation = (
        '<library_animations><animation name="Smile">'
        + floats("ai", "0 1", 1)
        + floats("ao", "0 1", 1)
        + '<sampler id="as"><input semantic="INPUT" source="#ai"/><input semantic="OUTPUT" source="#ao"/>'
        '</sampler><channel source="#as" target="mw(0)"/></animation></library_animations>'
    )
    return document(
        '<node name="face"><instance_controller url="#c"/></node>',
        f"<library_geometries>{geometries}</library_geometries>{controller}{animation}",
    )


@pytest.mark.parametrize(("method", "delta"), [("NORMALIZED", 1.0), ("RELATIVE", 1.0)])
def test_morphs_and_their_animation(tmp_path: Path, method: str, delta: float) -> None:
    found = scene(tmp_path, morphed(method))
    assert (found.counts.morph_targets, found.counts.animations) == (1, 1)
    made = found.document
    (shape,) = [m for m in made.listed("meshes") if "weights" in m]
    assert (shape["weights"], shape["extras"]) == ([0.25], {"targetNames": ["t mesh"]})
    moved = made.accessors[shape["primitives"][0]["targets"][0]["POSITION"]].values
    assert moved[0].tolist() == [0, 0, delta]
    clip = made.root["animations"][0]
    assert clip["name"] == "Smile"
    assert clip["channels"][0]["target"] == {"node": 0, "path": "weights"}
    assert made.accessors[clip["samplers"][0]["output"]].values.ravel().tolist() == [0, 1]


def animated(
    stack: str,
    target: str,
    times: str,
    values: str,
    stride: int = 1,
    more: str = "",
    clips: str = "",
) -> str:
    animation = (
        '<library_animations><animation id="an" name="Swing">'
        + floats("ai", times, 1)
        + floats("ao", values, stride)
        + more
        + '<sampler id="as"><input semantic="INPUT" source="#ai"/><input semantic="OUTPUT" source="#ao"/>'
        + "".join(
            f'<input semantic="{semantic}" source="#{name}"/>'
            for semantic, name in (
                ("INTERPOLATION", "ak"),
                ("IN_TANGENT", "at"),
                ("OUT_TANGENT", "au"),
            )
            if f'id="{name}"' in more
        )
        + f'</sampler><channel source="#as" target="{target}"/></animation></library_animations>{clips}'
    )
    return document(f'<node id="n" name="door">{stack}</node>', animation)


def track(source: Source, path: str, clip: int = 0) -> tuple[np.ndarray, np.ndarray]:
    made = source.document
    item = made.root["animations"][clip]
    number = next(c["sampler"] for c in item["channels"] if c["target"]["path"] == path)
    sampler = item["samplers"][number]
    return made.accessors[sampler["input"]].values[:, 0], made.accessors[sampler["output"]].values


def test_one_number_of_a_translation_moves(tmp_path: Path) -> None:
    text = animated('<translate sid="t">1 2 3</translate>', "n/t.Y", "0 2", "2 8")
    times, values = track(scene(tmp_path, text), "translation")
    assert times.tolist() == [0, 2]
    assert values.tolist() == [[1, 2, 3], [1, 8, 3]]


def test_an_angle_turns_all_the_way_round(tmp_path: Path) -> None:
    stack = '<translate>0 0 1</translate><rotate sid="r">0 0 1 0</rotate>'
    found = scene(tmp_path, animated(stack, "n/r.ANGLE", "0 1", "0 360"))
    times, values = track(found, "rotation")
    assert len(times) > 25
    middle = values[np.abs(times - 0.5).argmin()]
    assert abs(middle[2]) == pytest.approx(1, abs=0.06)
    assert ((values[1:] * values[:-1]).sum(axis=1) > 0).all()


def test_matrices_move(tmp_path: Path) -> None:
    moved = "0 -1 0 5 1 0 0 0 0 0 1 0 0 0 0 1"
    text = animated(f'<matrix sid="m">{IDENTITY}</matrix>', "n/m", "0 1", f"{IDENTITY} {moved}", 16)
    found = scene(tmp_path, text)
    assert track(found, "translation")[1].tolist() == [[0, 0, 0], [5, 0, 0]]
    half = math.sqrt(0.5)
    assert track(found, "rotation")[1][1] == pytest.approx([0, 0, half, half])
    with pytest.raises(StopIteration):
        track(found, "scale")
    one = animated(f'<matrix sid="m">{IDENTITY}</matrix>', "n/m(3)(0)", "0 1", "0 7")
    assert track(scene(tmp_path, one), "translation")[1].tolist() == [[0, 0, 0], [7, 0, 0]]


def test_steps_and_curves(tmp_path: Path) -> None:
    stack = '<translate sid="t">0 0 0</translate>'
    text = animated(stack, "n/t.X", "0 1 2", "0 5 5", more=words("ak", "STEP STEP STEP"))
    found = scene(tmp_path, text)
    assert found.document.root["animations"][0]["samplers"][0]["interpolation"] == "STEP"
    curve = (
        words("ak", "BEZIER BEZIER") + floats("at", "0 0 0.5 10", 2) + floats("au", "0.5 0 2 10", 2)
    )
    times, values = track(
        scene(tmp_path, animated(stack, "n/t.X", "0 1", "0 10", more=curve)), "translation"
    )
    assert values[np.abs(times - 0.5).argmin(), 0] == pytest.approx(5, abs=0.7)
    assert values[np.abs(times - 0.2).argmin(), 0] < 1.2  # slow at first


def test_clips_have_their_names(tmp_path: Path) -> None:
    clips = (
        '<library_animation_clips><animation_clip id="open" name="Öffnen"><instance_animation url="#an"/>'
        "</animation_clip></library_animation_clips>"
    )
    text = animated('<translate sid="t">1 2 3</translate>', "n/t.Y", "0 2", "2 8", clips=clips)
    assert scene(tmp_path, text).document.root["animations"][0]["name"] == "Öffnen"


def test_what_moves_and_is_no_node_is_said(tmp_path: Path) -> None:
    text = animated('<translate sid="t">1 2 3</translate>', "lamp/color.R", "0 2", "2 8")
    assert "animation_lost" in codes(scene(tmp_path, text))


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


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-8-sig"])
def test_encodings_prefixes_and_suffixes(tmp_path: Path, encoding: str) -> None:
    text = shown(triangles())
    name = "SCENE.DAE"
    declared = text.replace(
        '<?xml version="1.0"?>', f'<?xml version="1.0" encoding="{encoding[:6].rstrip("-")}"?>'
    )
    assert scene(tmp_path, declared.encode(encoding), name).counts.triangles_drawn == 2
    prefixed = text.replace("<", "<c:").replace("<c:/", "</c:").replace("<c:?", "<?")
    prefixed = prefixed.replace("xmlns=", "xmlns:c=")
    assert scene(tmp_path, prefixed).counts.triangles_drawn == 2


def placed(folder: Path, extras: str) -> tuple[Json, set[str]]:
    """Return how a texture with such extras lies, and what is said of it."""
    Image.new("RGB", (2, 2)).save(folder / "a.png")
    effect = (
        '<library_images><image id="i"><init_from>a.png</init_from></image></library_images>'
        '<library_effects><effect id="e"><profile_COMMON><technique><lambert><diffuse><texture '
        f'texture="i"><extra><technique profile="MAYA">{extras}</technique></extra></texture>'
        "</diffuse></lambert></technique></profile_COMMON></effect></library_effects>"
        '<library_materials><material id="m"><instance_effect url="#e"/></material></library_materials>'
    )
    more = '<input semantic="TEXCOORD" source="#t" offset="0"/>'
    body = mesh(triangles(more=more), more=floats("t", "0 0 1 0 1 1 0 1", 2, "ST"))
    node = '<node><instance_geometry url="#g"/></node>'
    found = scene(
        folder, document(node, f"<library_geometries>{body}</library_geometries>{effect}")
    )
    slot = found.document.root["materials"][0]["pbrMetallicRoughness"]["baseColorTexture"]
    transform: Json = slot.get("extensions", {}).get("KHR_texture_transform", {})
    return transform, codes(found)


def test_a_turned_texture_turns_about_the_middle(tmp_path: Path) -> None:
    transform, said = placed(
        tmp_path, "<rotateUV>90</rotateUV><repeatU>2</repeatU><offsetV>0.25</offsetV>"
    )
    assert said == {"texture_turned"}
    turn, scale, offset = (np.array(transform[k]) for k in ("rotation", "scale", "offset"))
    u, v = 0.3, 0.9
    # The KHR_texture_transform text: counter-clockwise, in coordinates whose v runs down.
    matrix = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    across, down = matrix @ (scale * (u, 1 - v)) + offset
    repeated = np.array([2 * u, v + 0.25]) - 0.5
    wanted = np.array([-repeated[1], repeated[0]]) + 0.5
    assert [across, 1 - down] == pytest.approx(wanted.tolist())


def test_what_is_lost_of_a_texture_s_place_is_said(tmp_path: Path) -> None:
    assert placed(tmp_path, "<mirrorU>1</mirrorU>")[1] == {"texture_transform_lost"}
    assert placed(tmp_path, "<repeatU>2</repeatU>") == ({"scale": [2, 1], "offset": [0, 0]}, set())


def packed(folder: Path, files: dict[str, str | bytes]) -> Path:
    with zipfile.ZipFile(folder / "зал.zae", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return folder / "зал.zae"


def test_an_archive_is_read_with_its_pictures(tmp_path: Path) -> None:
    Image.new("RGB", (2, 2)).save(tmp_path / "a.png")
    image = (tmp_path / "a.png").read_bytes()
    (tmp_path / "a.png").unlink()
    effect = (
        '<library_images><image id="i"><init_from>../tex/a.png</init_from></image></library_images>'
        '<library_effects><effect id="e"><profile_COMMON><technique><lambert><diffuse>'
        '<texture texture="i"/></diffuse></lambert></technique></profile_COMMON></effect></library_effects>'
        '<library_materials><material id="m"><instance_effect url="#e"/></material></library_materials>'
    )
    text = shown(triangles()).replace("<library_geometries>", f"{effect}<library_geometries>")
    manifest = "<dae_root>models/hall.dae</dae_root>"
    files = {"manifest.xml": manifest, "other.dae": "no", "models/hall.dae": text}
    path = packed(tmp_path, {**files, "models/tex/a.png": image})
    found = read(path)
    assert (found.file, found.format, found.counts.triangles_drawn) == ("зал.zae", "dae", 2)
    assert found.size_bytes == path.stat().st_size
    assert list(found.hashes) == ["зал.zae"]
    assert len(found.document.images) == 1
    assert read(packed(tmp_path, {"hall.DAE": text})).counts.triangles_drawn == 2


def test_an_archive_is_no_package_to_any_command(tmp_path: Path) -> None:
    path = packed(tmp_path, {"hall.dae": shown(triangles())})
    for words in (["inspect", "--json"], ["extract"], ["validate", "--no-khronos"]):
        result = CliRunner().invoke(app, [words[0], str(path), *words[1:]])
        assert (result.exit_code, "package" in result.output) == (0, False)


@pytest.mark.parametrize(
    ("files", "code"),
    [
        ({"../a.dae": "x"}, "zae_path"),
        ({"C:a.dae": "x"}, "zae_path"),
        ({"a.txt": "x"}, "zae_malformed"),
        ({"a.dae": "<COLLADA"}, "scene_malformed"),
        ({"manifest.xml": "<!DOCTYPE x>", "a.dae": "x"}, "scene_malformed"),
    ],
)
def test_archives_that_are_broken_or_hostile_are_refused(
    tmp_path: Path, files: dict[str, str | bytes], code: str
) -> None:
    with pytest.raises(SceneRefused) as caught:
        read(packed(tmp_path, files))
    assert caught.value.code == code
    assert [entry.name for entry in tmp_path.iterdir()] == ["зал.zae"]


def test_an_archive_that_would_burst_is_refused_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zae, "UNPACKED_BYTES_MAX", 100_000)
    path = packed(tmp_path, {"a.dae": bytes(1_000_000)})
    with pytest.raises(SceneRefused) as caught:
        read(path)
    assert caught.value.code == "zae_too_large"
    # One that lies of its size gives no more than it says: its check sum is then wrong.
    raw = path.read_bytes().replace((1_000_000).to_bytes(4, "little"), (10).to_bytes(4, "little"))
    path.write_bytes(raw)
    with pytest.raises(SceneRefused) as caught:
        read(path)
    assert caught.value.code == "zae_malformed"


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "ha"}">' for n in range(9))


@pytest.mark.parametrize(
    "text",
    [
        f"<!DOCTYPE COLLADA [{LAUGHS}]><COLLADA><asset>&l8;</asset></COLLADA>",
        '<!DOCTYPE COLLADA [<!ENTITY x SYSTEM "file:///etc/passwd">]><COLLADA>&x;</COLLADA>',
        '<!DOCTYPE COLLADA [<!ENTITY % x SYSTEM "http://127.0.0.1:9/x"> %x;]><COLLADA/>',
        "<COLLADA>",
        "<COLLADA></COLLADAS>",
        "<COLLADA>\0</COLLADA>",
        "<COLLADA>" + "<node>" * 100_000,
        "<x><COLLADA/></x>",
        shown(triangles("0 1 9")),
        shown(triangles("0 1 -1")),
        shown(triangles("0 1 x")),
        shown(triangles("0 1 2.5")),
        shown(triangles(), points="0 0 0 1"),
        shown(triangles(), points="0 0 0 a b c"),
        shown(f"<polylist>{VERTEX}<vcount>4 99999999</vcount><p>0 1 2 3</p></polylist>"),
        shown(f"<polylist>{VERTEX}<vcount>-4</vcount><p>0 1 2 3</p></polylist>"),
        shown(triangles()).replace('count="4" stride="3"', 'count="100000000" stride="3"'),
        shown(triangles()).replace('stride="3"', 'stride="-3"'),
        shown(triangles()).replace('offset="0"', 'offset="100000000"'),
        document("<node><matrix>1 2 3</matrix></node>"),
        document("<node><translate>1 nan 3</translate></node>"),
        document('<node id="a"><instance_node url="#a"/></node>'),
        document(
            '<node id="a"><node><instance_node url="#b"/></node></node><node id="b"><instance_node url="#a"/></node>'
        ),
    ],
)
def test_what_is_broken_or_hostile_is_refused(tmp_path: Path, text: str) -> None:
    tracemalloc.start()
    with pytest.raises(SceneRefused) as caught:
        scene(tmp_path, text)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert caught.value.code in {"scene_malformed", "scene_cyclic"}
    assert "of 'scene.dae'" in caught.value.came
    assert most < 100_000_000


def test_nodes_that_double_with_every_level_are_refused(tmp_path: Path) -> None:
    nodes = "".join(
        f'<node id="n{n}"><instance_node url="#n{n + 1}"/><instance_node url="#n{n + 1}"/></node>'
        for n in range(40)
    )
    with pytest.raises(SceneRefused) as caught:
        scene(tmp_path, document(nodes + '<node id="n40"/>'))
    assert caught.value.code == "scene_too_large"


def test_other_files_are_not_followed(tmp_path: Path) -> None:
    text = document('<node><instance_geometry url="other.dae#g"/></node>')
    assert codes(scene(tmp_path, text)) == {"reference_outside", "geometry_missing"}


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
