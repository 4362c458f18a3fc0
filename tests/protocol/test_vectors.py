"""The golden vectors that Python, TypeScript and C# read: `tests/vectors/cell_frames.json`."""

import importlib.util
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from branchxr.errors import ProtocolError
from branchxr.protocol import frames, pose

PATH = Path(__file__).parent.parent / "vectors" / "cell_frames.json"
VECTORS: dict[str, Any] = json.loads(PATH.read_text()) if PATH.exists() else {}


def cases(section: str) -> list[Any]:
    return [
        pytest.param(case, id=str(case.get("name", index)))
        for index, case in enumerate(VECTORS.get(section, []))
    ]


def test_file_is_what_the_script_makes(update_golden: bool) -> None:
    spec = importlib.util.spec_from_file_location(
        "make_cell_frames", Path(__file__).with_name("make_cell_frames.py")
    )
    assert spec
    assert spec.loader
    maker = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(maker)
    made = maker.render()
    if update_golden:
        PATH.write_text(made)
    assert PATH.read_text() == made


@pytest.mark.parametrize("case", cases("positions"))
def test_positions_round_half_up_and_clamp(case: dict[str, Any]) -> None:
    metres, expected = case["metres"], case["millimetres"]
    assert pose.clamp_mm(pose.round_half_up(metres * 1000)) == expected
    assert frames.quantise_positions(np.array([metres])).tolist() == [expected]


@pytest.mark.parametrize("case", cases("rotations"))
def test_rotations(case: dict[str, Any]) -> None:
    assert pose.quantise_rotation(tuple(case["rotation"])) == case["bits"]
    assert frames.quantise_rotations(np.array([case["rotation"]])).tolist() == [case["bits"]]


@pytest.mark.parametrize("case", cases("garbage_rotations"))
def test_garbage_rotations_decode_to_unit_quaternions(case: dict[str, Any]) -> None:
    scalar = pose.dequantise_rotation(case["bits"])
    columns = frames.dequantise_rotations(np.array([case["bits"]], dtype=np.uint32))
    assert scalar == pytest.approx(case["decoded"])
    np.testing.assert_allclose(columns, [case["decoded"]], atol=1e-6)
    assert np.linalg.norm(columns) == pytest.approx(1)


@pytest.mark.parametrize("case", cases("uplinks"))
def test_uplinks(case: dict[str, Any]) -> None:
    given = case["pose"]
    packed = frames.pack_uplink(
        pose.Pose(**{**given, "flags": pose.PoseFlags(given["flags"])}),
        cell=case["cell"],
        client_ms=case["client_ms"],
        origin=tuple(case["origin"]),
    )
    assert packed.hex() == case["hex"]
    uplink = frames.parse_uplink(packed)
    assert (uplink.cell, uplink.client_ms, uplink.flags) == (
        case["cell"],
        case["client_ms"],
        given["flags"],
    )


@pytest.mark.parametrize("case", cases("frames"))
def test_frames(case: dict[str, Any]) -> None:
    frame = frames.parse_frame(bytes.fromhex(case["hex"]))
    bodies = case["bodies"]
    assert (frame.cell, frame.tick, frame.server_ms) == (
        case["cell"],
        case["tick"],
        case["server_ms"],
    )
    assert (frame.is_complete, frame.packed_ms) == (case["is_complete"], case["packed_ms"])
    for ours, theirs in (
        ("slot", "slot"),
        ("flags", "flags"),
        ("age_ms", "age_ms"),
        ("head_mm", "head_mm"),
        ("left_mm", "left_mm"),
        ("right_mm", "right_mm"),
        ("head_rotation", "head_rotation_bits"),
        ("left_rotation", "left_rotation_bits"),
        ("right_rotation", "right_rotation_bits"),
    ):
        assert frame.records[ours].tolist() == [body[theirs] for body in bodies]
    positions, rotations = frame.decode(tuple(case["origin"]))
    for body, position, rotation in zip(bodies, positions, rotations, strict=True):
        decoded = body["decoded"]
        for row, node in enumerate(("head", "left", "right")):
            # float32 at 165 m is good to 8 micrometres; the file is exact.
            np.testing.assert_allclose(position[row], decoded[f"{node}_position"], atol=2e-5)
            np.testing.assert_allclose(rotation[row], decoded[f"{node}_rotation"], atol=1e-6)


@pytest.mark.parametrize("case", cases("refused_frames"))
def test_refused_frames(case: dict[str, Any]) -> None:
    with pytest.raises(ProtocolError) as caught:
        frames.parse_frame(bytes.fromhex(case["hex"]))
    assert caught.value.code == case["code"]
