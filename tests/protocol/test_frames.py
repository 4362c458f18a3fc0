"""Many bodies at a time."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from branchxr.errors import ProtocolError
from branchxr.protocol import frames
from branchxr.protocol.frames import HEADER, RECORD, RECORD_BYTES, UPLINK_BYTES, parse_frame
from branchxr.protocol.pose import Pose, PoseFlags, pack_body


def test_sizes_are_those_of_the_specification() -> None:
    assert (HEADER.size, RECORD_BYTES, UPLINK_BYTES) == (12, 34, 38)
    assert [RECORD.fields[name][1] for name in RECORD.names or ()] == [  # type: ignore[index]
        0, 2, 3, 4, 10, 14, 20, 24, 30,
    ]  # fmt: skip


@given(
    slots=st.lists(st.integers(0, 65535), unique=True, max_size=50).map(sorted),
    cell=st.integers(0, 65535),
    timing=st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 65000)),
    is_complete=st.booleans(),
    filler=st.binary(min_size=32, max_size=32),
)
def test_every_frame_comes_back(
    slots: list[int], cell: int, timing: tuple[int, int], is_complete: bool, filler: bytes
) -> None:
    tick, late_ms = timing
    records = b"".join(slot.to_bytes(2, "little") + filler for slot in slots)
    message = frames.pack_frame(
        records, cell=cell, tick=tick, server_ms=tick * 50 + late_ms, is_complete=is_complete
    )
    frame = parse_frame(message)
    assert (frame.cell, frame.tick, frame.is_complete) == (cell, tick, is_complete)
    assert frame.packed_ms == tick * 50 + late_ms
    assert frame.slots.tolist() == slots
    assert frame.records.tobytes() == records
    positions, rotations = frame.decode()
    assert positions.shape == (len(slots), 3, 3)
    np.testing.assert_allclose(np.linalg.norm(rotations, axis=2), 1, atol=1e-5)


@given(st.binary(max_size=200))
def test_any_bytes_are_parsed_or_refused_with_a_code(message: bytes) -> None:
    for parse in (frames.parse_frame, frames.parse_uplink):
        code = None
        try:
            parse(message)
        except ProtocolError as error:
            code = error.code
        assert code in {None, "frame_type", "frame_length", "frame_flags", "frame_order"}


@pytest.mark.parametrize("length", [0, 8, 37, 39, 4096])
def test_a_pose_of_the_wrong_length_is_refused(length: int) -> None:
    with pytest.raises(ProtocolError) as caught:
        frames.parse_uplink(b"\x10" * length)
    assert caught.value.code == "frame_length"


def test_a_pose_of_another_type_is_refused() -> None:
    with pytest.raises(ProtocolError) as caught:
        frames.parse_uplink(b"\x11" + bytes(37))
    assert caught.value.code == "frame_type"


def test_client_time_wraps_and_flags_of_the_future_survive() -> None:
    message = bytearray(
        frames.pack_uplink(
            Pose((0.0, 1.6, 0.0)), cell=3, client_ms=2**32 + 5, origin=(0.0, 0.0, 0.0)
        )
    )
    message[1] = 0x80 | PoseFlags.MUTED
    uplink = frames.parse_uplink(bytes(message))
    assert uplink.client_ms == 5
    assert uplink.flags & PoseFlags.MUTED
    assert int(uplink.flags) == 0x88


def test_columns_quantise_as_single_poses_do() -> None:
    random = np.random.default_rng(7)
    positions = random.uniform(-40, 40, (500, 3))
    assert frames.quantise_positions(positions).dtype == np.int16
    for row, expected in zip(positions, frames.quantise_positions(positions), strict=True):
        body = pack_body(Pose((float(row[0]), float(row[1]), float(row[2]))))
        assert np.frombuffer(body, "<i2", 3).tolist() == expected.tolist()
