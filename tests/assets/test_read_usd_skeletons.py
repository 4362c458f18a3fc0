"""USD's skins, blend shapes and clips."""

from pathlib import Path

import numpy as np
import pytest

from branchxr.errors import SceneRefused

from .usd_text import IDENTITY, QUAD, SKEL, TIMES, attribute, codes, node, scene, track


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
