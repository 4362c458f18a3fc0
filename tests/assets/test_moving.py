"""The volume of what moves holds it at every moment: clips, skins, shapes, copies."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from branchxr_assets.document import Document, Floats
from branchxr_assets.geometry import bounds
from branchxr_assets.moving import moving_bounds
from branchxr_assets.prepare import prepare
from branchxr_assets.readers import read

TURNED = (0, float(np.sin(np.pi / 4)), 0, float(np.cos(np.pi / 4)))


def clip(maker: Any, node: int, path: str, rows: Any, interpolation: str = "LINEAR") -> None:
    count = len(rows) // (3 if interpolation == "CUBICSPLINE" else 1)
    sampler = {"input": maker.array(np.arange(count)), "output": maker.array(rows)}
    channel = {"sampler": 0, "target": {"node": node, "path": path}}
    animation = {"samplers": [{**sampler, "interpolation": interpolation}], "channels": [channel]}
    maker.root.setdefault("animations", []).append(animation)


def box_of(maker: Any) -> Floats:
    found = moving_bounds(read(maker.save()).document)
    assert found is not None
    return found


def test_without_clips_it_is_the_rest_pose(hall: Path) -> None:
    whole = prepare(read(hall)).whole
    still = Document({k: v for k, v in whole.root.items() if k != "animations"}, whole.accessors)
    low, high = bounds(still), moving_bounds(still)
    assert low is not None
    assert high is not None
    assert (high[0] <= low[0] + 1e-9).all()
    assert (high[1] >= low[1] - 1e-9).all()
    assert np.abs(high - low).max() < 0.5  # shape keys and joints' boxes are generous


def test_nothing_has_no_box(maker: Any) -> None:
    maker.node(name="empty")
    assert moving_bounds(read(maker.save()).document) is None


@pytest.mark.parametrize("interpolation", ["LINEAR", "STEP", "CUBICSPLINE"])
def test_a_lift_is_held_on_every_floor(maker: Any, interpolation: str) -> None:
    lift = maker.node(mesh=maker.box((2, 2, 2)))
    child = maker.node(lift, mesh=maker.box((1, 1, 1)), translation=[3, 0, 0])
    floors = np.array([[0, 0, 0], [0, 30, 0], [0, 9, 0]])
    rows = (
        floors
        if interpolation != "CUBICSPLINE"
        else np.repeat(floors, 3, 0) * ([[0], [1], [0]] * 3)
    )
    clip(maker, lift, "translation", rows, interpolation)
    assert child > lift
    np.testing.assert_allclose(box_of(maker), [[-1, -1, -1], [3.5, 31, 1]], atol=1e-6)


def test_a_door_is_held_on_its_way(maker: Any) -> None:
    """Between its two ends it stands further out than at either."""
    hinge = maker.node()
    maker.node(hinge, mesh=maker.box((0, 2, 0)), translation=[1, 0, 1])
    back = [TURNED[0], -TURNED[1], TURNED[2], TURNED[3]]
    clip(maker, hinge, "rotation", [[0, 0, 0, 1], TURNED, [-part for part in back]])
    low, high = box_of(maker)
    assert high[0] >= np.sqrt(2) - 1e-6
    assert low[2] <= -1 + 1e-6


@pytest.mark.parametrize(
    "degrees", [(-135, 44), (22.5, 112.5, 202.5, 292.5, 382.5), (30, 150, 270)]
)
def test_a_turn_is_held_between_its_keys(maker: Any, degrees: tuple[float, ...]) -> None:
    points = [[0, 0, 0], [1, 0, 0], [1, 0.01, 0]]
    rod = maker.node(mesh=maker.mesh(points=np.array(points, np.float32)))
    half = np.radians(degrees) / 2
    clip(maker, rod, "rotation", [(0, 0, np.sin(h), np.cos(h)) for h in half])
    low, high = box_of(maker)
    swept = np.radians(np.linspace(degrees[0], degrees[-1], 2000))
    for axis, way in ((0, np.cos(swept)), (1, np.sin(swept))):
        assert low[axis] <= way.min()
        assert high[axis] >= way.max()
    assert np.abs([low, high]).max() < 1.1


def test_one_key_among_a_thousand_is_seen(maker: Any) -> None:
    points = np.array([[0, 0, 0], [1, 0, 0], [1, 0.01, 0]], np.float32)
    rows = np.tile([0.0, 0, 0, 1], (1000, 1))
    rows[501] = (0, 0, np.sin(np.pi / 4), np.cos(np.pi / 4))
    rod = maker.node(mesh=maker.mesh(points=points))
    clip(maker, rod, "rotation", rows)
    assert box_of(maker)[1][1] >= 1.0


def test_shapes_go_as_far_as_their_clip(maker: Any) -> None:
    moved = maker.array(np.tile([0, 1, 0], (8, 1)))
    mesh = maker.box((2, 2, 2), targets=[{"POSITION": moved}])
    node = maker.node(mesh=mesh)
    np.testing.assert_allclose(box_of(maker), [[-1, -1, -1], [1, 2, 1]])
    clip(maker, node, "weights", [-0.5, 3.0])
    np.testing.assert_allclose(box_of(maker), [[-1, -1.5, -1], [1, 4, 1]])


def test_a_skin_goes_with_its_joints(maker: Any) -> None:
    joints = maker.array(np.tile([1, 0, 0, 0], (8, 1)), "u1")
    weights = maker.array(np.tile([1, 0, 0, 0], (8, 1)))
    mesh = maker.box((2, 2, 2), attributes={"JOINTS_0": joints, "WEIGHTS_0": weights})
    still, moving = maker.node(), maker.node(translation=[0, 5, 0])
    maker.root["skins"] = [{"joints": [still, moving]}]
    maker.node(mesh=mesh, skin=0, translation=[100, 0, 0])  # a skin's own place counts for nothing
    clip(maker, moving, "translation", [[0, 5, 0], [0, -5, 0]])
    np.testing.assert_allclose(box_of(maker), [[-1, -6, -1], [1, 6, 1]])


def test_copies_move_with_their_node(maker: Any) -> None:
    places = {"TRANSLATION": maker.array([[-4, 0, 0], [4, 0, 0]])}
    extensions = {"EXT_mesh_gpu_instancing": {"attributes": places}}
    maker.root["extensionsUsed"] = ["EXT_mesh_gpu_instancing"]
    node = maker.node(mesh=maker.box((2, 2, 2)), extensions=extensions)
    clip(maker, node, "translation", [[0, 0, 0], [0, 0, 7]])
    np.testing.assert_allclose(box_of(maker), [[-5, -1, -1], [5, 1, 8]])
