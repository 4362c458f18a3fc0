"""The table of bodies."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from branchxr.protocol.frames import pack_uplink, parse_frame
from branchxr.protocol.pose import Pose
from branchxr.protocol.slots import NO_CELL, SlotTable, tick_of, whole_ms


def uplink(x: float) -> bytes:
    return pack_uplink(Pose.standing((x, 0.0, 0.0)), cell=0, client_ms=0)


def test_the_lowest_free_slot_comes_first_and_rests_after_use() -> None:
    table = SlotTable(3, quarantine_s=122)
    assert [table.take(0.0) for _ in range(4)] == [0, 1, 2, None]
    table.release(1, 10.0)
    table.release(0, 11.0)
    assert table.take(131.9) is None
    assert table.take(132.0) == 1
    assert table.take(140.0) == 0
    assert table.generations.tolist() == [2, 2, 1]


@settings(max_examples=60, deadline=None)
@given(
    writes=st.lists(
        st.tuples(st.integers(0, 63), st.integers(0, 4), st.floats(-10, 10)), max_size=80
    ),
    complete=st.sets(st.integers(0, 5)),
)
def test_every_body_is_packed_once_in_its_last_cell(
    writes: list[tuple[int, int, float]], complete: set[int]
) -> None:
    table = SlotTable(64)
    last: dict[int, tuple[int, float]] = {}
    for slot, cell, x in writes:
        table.write(slot, uplink(x), cell=cell, flags=1, sampled_ms=90.0)
        last[slot] = (cell, x)
    changed, whole = table.pack(100.0, tick=2, complete=complete)
    wanted = {cell: sorted(s for s, (c, _) in last.items() if c == cell) for cell in range(6)}
    assert set(changed) == {cell for cell, slots in wanted.items() if slots}
    assert set(whole) == complete
    for frames, is_complete in ((changed, False), (whole, True)):
        for cell, message in frames.items():
            frame = parse_frame(message)
            assert (frame.cell, frame.tick, frame.packed_ms) == (cell, 2, 100)
            assert frame.is_complete is is_complete
            assert frame.slots.tolist() == wanted[cell]
            assert set(frame.records["age_ms"].tolist()) <= {10}
            heads = frame.decode()[0][:, 0, 0]
            np.testing.assert_allclose(heads, [last[s][1] for s in wanted[cell]], atol=0.001)
    assert table.pack(150.0, tick=3) == ({}, {})


def test_hidden_bodies_are_in_no_frame_and_come_back_as_they_were() -> None:
    table = SlotTable(8)
    table.write(5, uplink(1.0), cell=2, flags=1, sampled_ms=0.0)
    table.hide(5)
    assert table.cell_of(5) == NO_CELL
    changed, whole = table.pack(50.0, tick=1, complete={2})
    assert changed == {}
    assert parse_frame(whole[2]).slots.tolist() == []
    table.show(5, 2)
    assert parse_frame(table.pack(100.0, tick=2)[0][2]).slots.tolist() == [5]


@pytest.mark.parametrize("milliseconds", [999.995, 1000.0, 1000.004, 1000099.99999])
def test_tick_and_milliseconds_round_alike(milliseconds: float) -> None:
    """Else a header says 65 s more than is: its low 16 bits count from the tick."""
    table = SlotTable(1)
    table.write(0, uplink(0.0), cell=0, flags=0, sampled_ms=milliseconds)
    message = table.pack(milliseconds, tick=tick_of(milliseconds))[0][0]
    assert parse_frame(message).packed_ms == whole_ms(milliseconds)
    assert abs(parse_frame(message).packed_ms - milliseconds) < 1
