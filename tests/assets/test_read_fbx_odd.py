"""FBX files that contradict themselves: read all the same, or refused by place."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from branchxr.errors import SceneRefused
from branchxr_assets.geometry import bounds, drawn_triangles
from branchxr_assets.glb import write_glb
from branchxr_assets.prepare import prepare
from branchxr_assets.readers import Source, read

from .fbx_text import LINEAR, Scene, array, morphed_fbx, skinned_fbx


class Nan(float):
    """A number that FBX writes as `nan`."""

    def __repr__(self) -> str:
        return "nan"


NAN = Nan("nan")


def made(tmp_path: Path, *fills: Callable[[Scene], object], unit_cm: float = 100.0) -> Source:
    scene = Scene(unit_cm=unit_cm)
    for fill in fills:
        fill(scene)
    source = read(scene.save(tmp_path / "odd.fbx"))
    write_glb(prepare(source).whole)  # it can be built
    return source


def codes(source: Source) -> list[str]:
    return [warning.code for warning in source.warnings]


def changed(old: str, new: str) -> Callable[[Scene], None]:
    def change(scene: Scene) -> None:
        assert any(old in text for text in scene.objects)
        scene.objects = [text.replace(old, new) for text in scene.objects]

    return change


def with_numbers_that_are_none(scene: Scene) -> None:
    node = scene.box("box", ("Lcl Translation", "Lcl Translation", NAN, 1.0, 2.0))
    scene.add("Material", "m", "", 'ShadingModel: "phong"',
              [("DiffuseColor", "Color", NAN, 0.5, 0.5), ("ShininessExponent", "Number", NAN)],
              parent=node)  # fmt: skip
    for kind, prop in (("Light", "OuterAngle"), ("Light", "Intensity"), ("Camera", "FieldOfView")):
        holder = scene.node(prop, sub=kind)
        props = [("LightType", "enum", 2), (prop, "Number", NAN)]
        scene.add("NodeAttribute", prop, kind, f'TypeFlags: "{kind}"', props, parent=holder)


def test_numbers_that_are_none_do_not_spread(tmp_path: Path) -> None:
    source = made(tmp_path, with_numbers_that_are_none)
    assert "node_not_finite" in codes(source)
    assert (source.counts.lights, source.counts.cameras) == (2, 1)


def test_a_skin_without_joints_is_said(tmp_path: Path) -> None:
    def fill(scene: Scene) -> None:
        mesh = scene.mesh([(0, 0, 0), (0, 0, 1), (1, 0, 1)], [(0, 1, 2)])
        scene.connect(mesh, scene.node("body", sub="Mesh"))
        scene.add("Deformer", "skin", "Skin", "Version: 101", parent=mesh)

    source = made(tmp_path, fill)
    assert "skin_lost" in codes(source)
    assert source.counts.skins == 1
    assert source.document.listed("skins") == []


def test_weights_and_bind_matrices_that_are_no_numbers_are_left_out(tmp_path: Path) -> None:
    source = made(tmp_path, skinned_fbx, changed("0.1,0.1,0.1", "nan,nan,0.1"))
    weights = [a.values for a in source.document.accessors if a.type == "VEC4"]
    assert all(np.isfinite(values).all() for values in weights)
    source = made(tmp_path, skinned_fbx, changed("a: 1.0,0.0", "a: nan,0.0"))
    assert "skin_lost" in codes(source)


@pytest.mark.parametrize("stops", ["0,100", "100,100", "inf,50"])
def test_a_shape_at_no_weight_of_its_own_is_left_out(tmp_path: Path, stops: str) -> None:
    source = made(tmp_path, morphed_fbx, changed("a: 50,100", f"a: {stops}"))
    assert "morph_shape_lost" in codes(source)
    assert len(source.document.primitives()[0]["targets"]) == 1


def test_an_animation_that_ends_before_it_begins_is_no_failure(tmp_path: Path) -> None:
    def fill(scene: Scene) -> None:
        box = scene.box("box")
        scene.clip("Go", [(box, "Lcl Translation", "X", [(0, 0), (1, 2)], LINEAR)])
        span = [("LocalStart", "KTime", 10**15), ("LocalStop", "KTime", -(10**15))]
        scene.add("AnimationStack", "backwards", "", "", span)

    source = made(tmp_path, fill)
    assert source.counts.animations == 2
    assert [clip["name"] for clip in source.document.listed("animations")] == ["Go"]


def test_material_numbers_beyond_all_materials_take_no_memory(tmp_path: Path) -> None:
    def fill(scene: Scene) -> None:
        body = "\n".join([
            'LayerElementMaterial: 0 {\nVersion: 101\nName: ""',
            'MappingInformationType: "ByPolygon"\nReferenceInformationType: "IndexToDirect"',
            array("Materials", [2_000_000_000, -5]), "}",
        ])  # fmt: skip
        square = [(0, 0, 0), (0, 0, 1), (1, 0, 1), (1, 0, 0)]
        mesh = scene.mesh(square, [(0, 1, 2), (0, 2, 3)], body)
        scene.connect(mesh, scene.node("body", sub="Mesh"))

    assert made(tmp_path, fill).counts.triangles_drawn == 2


def test_a_corner_that_is_nowhere_is_refused_by_its_object(tmp_path: Path) -> None:
    def fill(scene: Scene) -> None:
        mesh = scene.mesh([(NAN, 0, 0), (0, 0, 1), (1, 0, 1)], [(0, 1, 2)])
        scene.connect(mesh, scene.node("стойка", sub="Mesh"))

    with pytest.raises(SceneRefused, match="стойка") as caught:
        made(tmp_path, fill)
    assert caught.value.code == "scene_not_finite"


def test_a_unit_that_is_no_length_is_said_or_refused(tmp_path: Path) -> None:
    assert "unit_unknown" in codes(made(tmp_path, lambda scene: scene.box("box"), unit_cm=0.0))
    with pytest.raises(SceneRefused, match="UnitScaleFactor"):
        made(tmp_path, lambda scene: scene.box("box"), unit_cm=NAN)


def with_properties_of_data(scene: Scene) -> None:
    note = ("note", "U KString", "нота")
    body = 'Properties70: {\nP: "note", "KString", "", "AU","нота"\n}'
    mesh = scene.mesh([(0, 0, 0), (0, 0, 1), (1, 0, 1)], [(0, 1, 2)], body)
    scene.connect(mesh, scene.node("body", sub="Mesh"))
    for name, kind, more in (
        ("view", "Camera", []),
        ("lamp", "Light", [("LightType", "enum", 0)]),
        ("panel", "Light", [("LightType", "enum", 3)]),
        ("bone", "LimbNode", []),
    ):
        holder = scene.node(name, sub=kind)
        flags = f'TypeFlags: "{kind}"'
        scene.add("NodeAttribute", name, kind, flags, [note, *more], parent=holder)


def test_custom_properties_of_meshes_cameras_and_lights_stay_on_them(tmp_path: Path) -> None:
    source = made(tmp_path, with_properties_of_data)
    document = source.document
    assert document.listed("meshes")[0]["extras"] == {"note": "нота"}
    assert document.listed("cameras")[0]["extras"] == {"note": "нота"}
    assert document.listed("lights")[0]["extras"] == {"note": "нота"}
    panel = next(n for n in document.listed("nodes") if n["name"] == "panel")
    assert panel["extras"]["fbx_light"]["note"] == "нота"
    lost = [w.path for w in source.warnings if w.code == "property_dropped"]
    assert (lost, source.counts.nodes_with_extras) == (["bone"], 0)


def test_cameras_and_lights_that_no_node_has_are_named(tmp_path: Path) -> None:
    def fill(scene: Scene) -> None:
        scene.box("box")
        for kind in ("Camera", "Light"):
            scene.add("NodeAttribute", f"lonely {kind}", kind, f'TypeFlags: "{kind}"')

    source = made(tmp_path, fill)
    assert {"camera_lost", "light_lost"} <= set(codes(source))
    assert (source.counts.cameras, source.counts.lights) == (0, 0)


def test_a_light_brighter_than_numbers_and_a_lens_beyond_them_are_bounded(tmp_path: Path) -> None:
    def fill(scene: Scene) -> None:
        for kind, props in (
            ("Light", [("Intensity", "Number", 1e308), ("Color", "Color", 1e308, 1.0, 1.0)]),
            ("Camera", [("NearPlane", "double", 1e308), ("FarPlane", "double", 1e308)]),
        ):
            holder = scene.node(kind, sub=kind)
            scene.add("NodeAttribute", kind, kind, f'TypeFlags: "{kind}"', props, parent=holder)

    assert made(tmp_path, fill).counts.lights == 1


def test_of_two_meshes_on_a_node_one_is_shown_and_counted(tmp_path: Path) -> None:
    def fill(scene: Scene) -> None:
        holder = scene.box("two")
        scene.connect(scene.mesh([(5, 0, 0), (6, 0, 0), (6, 1, 0)], [(0, 1, 2)]), holder)

    source = made(tmp_path, fill)
    drawn = bounds(source.document)
    assert "mesh_unused" in codes(source)
    assert drawn is not None
    assert source.bounds_m == pytest.approx(drawn)
    assert drawn_triangles(source.document) == source.counts.triangles_drawn


def test_skins_and_channels_that_no_mesh_has_or_several_share_are_named(tmp_path: Path) -> None:
    def fill(scene: Scene) -> None:
        scene.add("Deformer", "lonely", "Skin", "Version: 101")
        scene.add("Deformer", "lonely", "BlendShapeChannel", "Version: 100")
        shared = scene.add("Deformer", "morphs", "BlendShape", "Version: 100")
        body = f"Version: 100\n{array('FullWeights', [100])}"
        channel = scene.add("Deformer", "smile", "BlendShapeChannel", body, parent=shared)
        offsets = f"{array('Indexes', [2])}\n{array('Vertices', [NAN, 1.0, 0.0])}"
        scene.add("Geometry", "shape", "Shape", f"Version: 100\n{offsets}", parent=channel)
        for name in ("one", "other"):
            mesh = scene.mesh([(0, 0, 0), (0, 0, 1), (1, 0, 1)], [(0, 1, 2)])
            scene.connect(mesh, scene.node(name, sub="Mesh"))
            scene.connect(shared, mesh)

    source = made(tmp_path, fill)
    wanted = {"skin_lost", "morph_empty", "morph_shared", "attribute_not_finite"}
    assert wanted <= set(codes(source))
    assert all(np.isfinite(a.values).all() for a in source.document.accessors)


def test_instances_of_a_skinned_mesh_share_its_skin(tmp_path: Path) -> None:
    def fill(scene: Scene) -> None:
        skinned_fbx(scene)
        mesh = next(o for o in scene.objects if o.startswith("Geometry")).split(",")[0][10:]
        scene.connect(int(mesh), scene.node("twin", sub="Mesh"))

    def bound(scene: Scene) -> None:
        scene.objects = [
            o.replace("*3 {\na: 0,1,2\n", "*4 {\na: 0,1,2,3\n")
            .replace("*3 {\na: 0.1,0.1,0.1\n", "*4 {\na: 0.1,0.1,0.1,0.1\n")
            .replace("*3 {\na: 0.2,0.2,0.2\n", "*4 {\na: 0.2,0.2,0.2,0.2\n")
            for o in scene.objects
        ]

    source = made(tmp_path, fill, bound)
    users = [n for n in source.document.listed("nodes") if "skin" in n]
    assert (len(source.document.listed("skins")), len(users)) == (source.counts.skins, 2)
