"""A document in the making, and transforms in glTF's terms."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from branchxr_assets.document import Document, Floats
from branchxr_assets.geometry import bounds
from branchxr_assets.glb import write_glb
from branchxr_assets.readers.assembly import Assembly, Geometry, Track
from branchxr_assets.readers.gltf import check_references
from branchxr_assets.readers.pictures import Picture
from branchxr_assets.readers.transforms import parts_of, to_metres
from branchxr_assets.tree import check_tree, local_matrix

from .conftest import box

PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154"
    "78da63f8ffff3f0005fe02fe331295140000000049454e44ae426082"
)


def turned(axis: int, degrees: float) -> Floats:
    matrix = np.eye(4)
    a, b = [i for i in range(3) if i != axis]
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    matrix[[a, a, b, b], [a, b, a, b]] = [c, -s, s, c]
    return matrix


def whole_scene() -> Document:
    """A scene with one of everything."""
    made = Assembly()
    points, faces = box((1, 1, 1))
    texture = made.texture(Picture(PIXEL, "image/png", "дуб"), sampler={"wrapS": 33071})
    oak = made.material(
        {"name": "дуб", "pbrMetallicRoughness": {"baseColorTexture": {"index": texture}}}
    )
    attributes = {
        "POSITION": points,
        "TEXCOORD_0": points[:, :2],
        "COLOR_0": np.full((8, 4), 255, np.uint8),
    }
    crate = made.mesh(
        [
            Geometry(
                attributes=attributes,
                indices=faces,
                material=oak,
                targets=[{"POSITION": points * 0.1}, {"POSITION": points * 0.2}],
            )
        ],
        name="箱",
        weights=[0.0, 0.5],
        target_names=["Smile", "Blink"],
    )
    skinned = made.mesh(
        [
            Geometry(
                attributes={
                    "POSITION": points,
                    "JOINTS_0": np.zeros((8, 4), np.uint8),
                    "WEIGHTS_0": np.tile([1.0, 0, 0, 0], (8, 1)),
                },
                indices=faces,
            )
        ]
    )
    root = made.node("Branch/Root", matrix=to_metres(0.01, "Z"), extras={"branch_id": 7})
    node = made.node("crate", parent=root, mesh=crate, matrix=turned(2, 30) @ np.diag([1, 2, 3, 1]))
    joint = made.node("Hips", parent=root)
    skin = made.skin([joint], np.eye(4)[None], name="rig", skeleton=joint)
    made.node("body", mesh=skinned, skin=skin)
    camera = made.camera({"type": "perspective", "perspective": {"yfov": 0.7, "znear": 0.1}})
    made.node("eye", parent=root, camera=camera)
    made.node("lamp", parent=root, light=made.light({"type": "point", "intensity": 3.0}))
    times = np.array([0.0, 1.0])
    made.animation(
        [
            Track(node, "translation", times, np.array([[0.0, 0, 0], [1, 0, 0]])),
            Track(node, "weights", times, np.array([[0.0, 0], [1, 1]])),
            Track(joint, "rotation", times, np.array([[0.0, 0, 0, 1]] * 2), "STEP"),
        ],
        name="Walk",
    )
    return made.document(name="hall", extras={"branch_name": "x"})


def test_one_of_everything_is_a_document_that_holds_together() -> None:
    document = whole_scene()
    check_references(document, file="x")
    check_tree(document, file="x")
    assert [node["name"] for node in document.listed("nodes")][:2] == ["Branch/Root", "crate"]
    assert document.root["meshes"][0]["extras"] == {"targetNames": ["Smile", "Blink"]}
    assert document.root["nodes"][0]["extras"] == {"branch_id": 7}
    clip = document.root["animations"][0]
    assert len({sampler["input"] for sampler in clip["samplers"]}) == 1
    assert document.accessors[clip["samplers"][1]["output"]].values.shape == (4, 1)
    box_m = bounds(document)
    assert box_m is not None
    assert box_m[1][1] == pytest.approx(0.015)  # the body too: its joint counts, not its node


@pytest.mark.tool
def test_khronos_finds_no_error_in_it(
    tmp_path: Path, npm: Path, needs_tool: Callable[[str], str]
) -> None:
    path = tmp_path / "scene.glb"
    path.write_bytes(write_glb(whole_scene()))
    script = Path(__file__).parent / "validate.mjs"
    command = [needs_tool("node"), str(script), str(npm), str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert json.loads(done.stdout)["errors"] == []


def test_equal_pictures_and_textures_are_kept_once() -> None:
    made = Assembly()
    first = made.texture(Picture(PIXEL, "image/png", "a"))
    assert made.texture(Picture(PIXEL, "image/png", "b")) == first
    assert made.texture(Picture(PIXEL, "image/png", "b"), sampler={"wrapS": 33071}) != first
    assert len(made.document().images) == 1


def test_webp_is_named_through_its_extension() -> None:
    made = Assembly()
    made.texture(Picture(b"RIFF", "image/webp", "a"))
    assert made.document().root["textures"] == [{"extensions": {"EXT_texture_webp": {"source": 0}}}]


@pytest.mark.parametrize(
    ("count", "dtype"), [(3, np.uint16), (65535, np.uint16), (65536, np.uint32)]
)
def test_indices_have_the_smallest_type_that_may_hold_them(count: int, dtype: type) -> None:
    made = Assembly()
    points = np.zeros((count, 3))
    made.mesh([Geometry(attributes={"POSITION": points}, indices=np.array([[0, 1, count - 1]]))])
    assert made.document().accessors[1].values.dtype == dtype


@pytest.mark.parametrize(
    ("up", "expected"), [("X", (-2, 1, 3)), ("Y", (1, 2, 3)), ("Z", (1, 3, -2))]
)
def test_axes_and_units_become_gltfs(up: str, expected: tuple[float, ...]) -> None:
    found = to_metres(0.5, up) @ np.array([1, 2, 3, 1])
    assert found[:3] == pytest.approx(np.array(expected) * 0.5)
    assert np.linalg.det(to_metres(1, up)) == pytest.approx(1)


@pytest.mark.parametrize(
    "matrix",
    [
        np.eye(4),
        turned(0, 120) @ np.diag([2, 3, 0.5, 1]),
        turned(1, -170) @ np.diag([-1, 1, 1, 1]),
        np.diag([0, 1, 1, 1.0]),
        np.diag([0, 0, 0, 1.0]),
        np.diag([1, 2, 1, 1.0]) @ turned(2, 45),
    ],
)
def test_a_matrix_in_parts_is_the_same_matrix(matrix: Floats) -> None:
    matrix = matrix.copy()
    matrix[:3, 3] = [1, 2, 3]
    assert local_matrix(parts_of(matrix)) == pytest.approx(matrix, abs=1e-9)


def test_parts_that_say_nothing_are_left_out() -> None:
    assert parts_of(np.eye(4)) == {}
    assert parts_of(np.diag([2, 2, 2, 1.0])) == {"scale": [2, 2, 2]}
    assert list(parts_of(np.diag([1, 2, 1, 1.0]) @ turned(2, 45))) == ["matrix"]
