"""COLLADA's skins, morphs and animations."""
# ruff: noqa: E501 (XML reads better whole)

import math
from pathlib import Path

import numpy as np
import pytest

from branchxr.errors import SceneRefused
from branchxr_assets.readers import Source, dae_animation

from .dae_text import (
    IDENTITY,
    animated,
    codes,
    floats,
    morphed,
    named,
    scene,
    skinned,
    words,
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


def test_years_of_motion_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    years = animated('<rotate sid="r">0 0 1 0</rotate>', "n/r.ANGLE", "0 100000000", "0 90")
    times, _ = track(scene(tmp_path, years), "rotation")
    assert len(times) <= dae_animation.SAMPLES_MAX
    monkeypatch.setattr(dae_animation, "ALL_SAMPLES_MAX", 100)
    with pytest.raises(SceneRefused, match="samples of motion"):
        scene(tmp_path, years)
