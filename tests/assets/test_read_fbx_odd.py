"""FBX files that contradict themselves: read all the same, or refused by place."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from branchxr.errors import SceneRefused
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
