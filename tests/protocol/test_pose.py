"""One pose at a time."""

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from branchxr.errors import InputRefused
from branchxr.protocol import frames
from branchxr.protocol.pose import (
    BODY_BYTES,
    IDENTITY,
    Pose,
    PoseFlags,
    Quaternion,
    dequantise_rotation,
    pack_body,
    quantise_rotation,
    unpack_body,
)

HANDS = PoseFlags.HANDS
WORST_DEGREES = (
    0.275  # four equal components, each of three half a step off: 2 * sqrt(12) half steps
)
near = st.floats(-30, 30)
reach = st.floats(-1, 1)
points = st.tuples(near, near, near)


@st.composite
def rotations(draw: st.DrawFn) -> Quaternion:
    raw = draw(st.tuples(*[st.floats(-1, 1)] * 4).filter(lambda q: math.hypot(*q) > 0.01))
    x, y, z, w = (component / math.hypot(*raw) for component in raw)
    return (x, y, z, w)


def angle_between(first: Quaternion, second: Quaternion) -> float:
    """Degrees, by the chord: the arc cosine of the dot product is blind below 0.03 degrees."""
    sign = 1 if sum(a * b for a, b in zip(first, second, strict=True)) >= 0 else -1
    chord = math.hypot(*(a - sign * b for a, b in zip(first, second, strict=True)))
    return math.degrees(4 * math.asin(min(1, chord / 2)))


@given(rotations())
@example((0.5248586534028001, 0.473942878432087, 0.4794834807657227, 0.5196124720149764))
def test_rotation_survives_within_the_bound(rotation: Quaternion) -> None:
    assert angle_between(rotation, dequantise_rotation(quantise_rotation(rotation))) < WORST_DEGREES


@given(rotations())
def test_a_rotation_and_its_opposite_are_the_same_rotation(rotation: Quaternion) -> None:
    """Unless two components are equal, the bits are equal too; the meaning always is."""
    x, y, z, w = rotation
    packed, opposite = quantise_rotation(rotation), quantise_rotation((-x, -y, -z, -w))
    assert angle_between(dequantise_rotation(packed), dequantise_rotation(opposite)) < WORST_DEGREES


@given(rotations())
def test_columns_and_scalars_agree_to_the_bit(rotation: Quaternion) -> None:
    packed = quantise_rotation(rotation)
    assert frames.quantise_rotations(np.array([rotation])).tolist() == [packed]
    columns = frames.dequantise_rotations(np.array([packed], dtype=np.uint32))[0]
    np.testing.assert_allclose(columns, dequantise_rotation(packed), atol=1e-6)


@given(st.integers(0, 2**32 - 1))
def test_any_bits_decode_to_a_unit_quaternion(packed: int) -> None:
    columns = frames.dequantise_rotations(np.array([packed], dtype=np.uint32))[0]
    assert math.hypot(*dequantise_rotation(packed)) == pytest.approx(1)
    assert float(np.linalg.norm(columns)) == pytest.approx(1, abs=1e-5)


@given(head=points, left=st.tuples(reach, reach, reach), right=st.tuples(reach, reach, reach))
def test_positions_survive_within_half_a_millimetre(
    head: tuple[float, float, float],
    left: tuple[float, float, float],
    right: tuple[float, float, float],
) -> None:
    lefts = tuple(a + b for a, b in zip(head, left, strict=True))
    rights = tuple(a + b for a, b in zip(head, right, strict=True))
    pose = Pose(head, IDENTITY, lefts, IDENTITY, rights, IDENTITY, HANDS)  # type: ignore[arg-type]
    back = unpack_body(pack_body(pose), flags=HANDS)
    assert back.head_position == pytest.approx(head, abs=0.000501)
    assert back.left_position == pytest.approx(lefts, abs=0.000501)
    assert back.right_position == pytest.approx(rights, abs=0.000501)


def test_packing_what_was_unpacked_gives_the_same_bytes() -> None:
    origin = (-32.0, 4.0, 96.0)
    body = pack_body(Pose.standing((-30.0, 4.0, 90.0), 0.7), origin)
    assert len(body) == BODY_BYTES == 30
    assert pack_body(unpack_body(body, origin, flags=HANDS), origin) == body


def test_a_hand_at_rest_stays_at_rest_while_the_head_moves() -> None:
    hand = (0.2004, 1.0, 0.0)
    places = set()
    for step in range(100):
        head = (step * 0.0007, 1.6, 0.0)
        pose = Pose(head, IDENTITY, hand, IDENTITY, hand, IDENTITY, HANDS)
        places.add(unpack_body(pack_body(pose)).left_position)
    assert places == {(0.2, 1.0, 0.0)}


def test_standing_looks_along_minus_z_with_the_left_hand_at_minus_x() -> None:
    pose = Pose.standing((1.0, 2.0, 3.0))
    assert pose.head_position == (1.0, 2.0 + 1.65, 3.0)
    assert pose.left_position[0] == pytest.approx(0.75)
    assert pose.right_position[0] == pytest.approx(1.25)
    assert pose.left_position[2] < 3.0
    turned = Pose.standing((0.0, 0.0, 0.0), math.pi / 2)
    assert turned.left_position[2] == pytest.approx(0.25)
    assert turned.left_position[0] < 0
    assert turned.head_rotation == pytest.approx(
        (0, math.sin(math.pi / 4), 0, math.cos(math.pi / 4))
    )


@pytest.mark.parametrize(
    "change",
    [
        {"head_position": (math.nan, 0.0, 0.0)},
        {"left_position": (0.0, math.inf, 0.0)},
        {"right_position": (0.0, 0.0)},
        {"head_rotation": (0.0, 0.0, 0.0, 0.0)},
        {"left_rotation": (0.0, 0.0, 0.0, 2.0)},
        {"right_rotation": (math.nan, 0.0, 0.0, 1.0)},
    ],
)
def test_numbers_that_are_no_pose_are_refused(change: dict[str, object]) -> None:
    with pytest.raises(InputRefused) as caught:
        Pose(**{"head_position": (0.0, 1.6, 0.0), **change})  # type: ignore[arg-type]
    assert caught.value.code == "pose_refused"


def test_a_pose_farther_than_any_number_of_millimetres_is_clamped() -> None:
    pose = Pose.standing((1e308, -1e308, 0.0))
    assert unpack_body(pack_body(pose, (-1e308, 0.0, 0.0))).head_position == (32.767, -32.768, 0.0)
