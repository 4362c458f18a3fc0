"""Bodies between their samples."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from branchxr.protocol.frames import CellFrame, pack_uplink, parse_frame
from branchxr.protocol.interpolation import START_DELAY_MS, Interpolator
from branchxr.protocol.pose import Pose, PoseFlags
from branchxr.protocol.slots import SlotTable, tick_of


class Branch:
    """Makes the frames of one cell with the real table."""

    def __init__(self, capacity: int = 256) -> None:
        self.table = SlotTable(capacity)

    def stand(self, slot: int, x: float, at_ms: float, *, yaw: float = 0.0, flags: int = 1) -> None:
        pose = Pose.standing((x, 0.0, 0.0), yaw, flags=PoseFlags.HANDS)
        uplink = pack_uplink(pose, cell=0, client_ms=0)
        self.table.write(slot, uplink, cell=0, flags=flags, sampled_ms=at_ms)

    def frame(self, now_ms: float, *, is_complete: bool = False) -> CellFrame:
        complete = {0} if is_complete else set()
        changed, whole = self.table.pack(now_ms, tick=tick_of(now_ms), complete=complete)
        return parse_frame((whole if is_complete else changed)[0])


def walk(
    bodies: Interpolator, branch: Branch, *, ticks: int, speed_m_s: float = 1.0, slot: int = 3
) -> float:
    """Walk along x for some ticks; frames take 10 ms. Return the time of the last arrival."""
    now_ms = 0.0
    for tick in range(1, ticks + 1):
        now_ms = tick * 50.0
        branch.stand(slot, (now_ms - 5) / 1000 * speed_m_s, now_ms - 5)
        bodies.feed(branch.frame(now_ms), now_ms + 10)
    return now_ms + 10


def x_of(bodies: Interpolator, now_ms: float) -> float:
    return float(bodies.sample(now_ms).positions[0, 0, 0])


def test_a_walk_is_shown_smoothly_and_late_by_what_is_needed() -> None:
    bodies, branch = Interpolator(), Branch()
    now_ms = walk(bodies, branch, ticks=40)
    shown = [x_of(bodies, now_ms + ms) for ms in range(0, 50, 5)]
    np.testing.assert_allclose(np.diff(shown), 0.005, atol=0.0011)
    # 10 ms of transit, 5 of age, one interval: no jitter was seen.
    assert shown[0] == pytest.approx((now_ms - 65) / 1000, abs=0.002)


def test_a_walk_is_as_smooth_in_a_branch_that_is_up_for_weeks() -> None:
    bodies, branch, weeks_ms = Interpolator(), Branch(), 2.0e9
    for tick in range(1, 40):
        now_ms = weeks_ms + tick * 50.0
        branch.stand(3, tick * 0.05, now_ms)
        bodies.feed(branch.frame(now_ms), now_ms + 10)
    shown = [x_of(bodies, now_ms + 10 + ms) for ms in range(0, 50, 5)]
    np.testing.assert_allclose(np.diff(shown), 0.005, atol=0.0011)


def test_who_takes_a_place_is_not_as_late_as_who_left_it() -> None:
    bodies, branch = Interpolator(), Branch()
    for tick in range(1, 20):
        now_ms = tick * 50.0
        if tick == 2:
            branch.table.hide(3)
        else:
            branch.stand(3, tick * 0.05, now_ms - (200 if tick == 1 else 0))
        bodies.feed(branch.frame(now_ms, is_complete=tick == 2), now_ms)
    assert x_of(bodies, now_ms) == pytest.approx((now_ms - 50) / 1000, abs=0.01)


def test_the_delay_starts_at_70_ms_and_adapts_to_jitter() -> None:
    bodies, branch = Interpolator(), Branch()
    walk(bodies, branch, ticks=10)
    assert bodies.delay_ms == START_DELAY_MS
    walk(bodies, branch, ticks=60)
    assert bodies.delay_ms == pytest.approx(50)
    for tick in range(61, 161):
        branch.stand(3, 0.0, tick * 50.0)
        bodies.feed(branch.frame(tick * 50.0), tick * 50.0 + 10 + (30 if tick % 4 == 0 else 0))
    assert bodies.delay_ms == pytest.approx(80)
    for tick in range(161, 300):
        branch.stand(3, 0.0, tick * 50.0)
        bodies.feed(branch.frame(tick * 50.0), tick * 50.0 + 10 + (5000 if tick % 4 == 0 else 0))
    assert bodies.delay_ms == 500


def test_clocks_need_not_agree() -> None:
    one, other, branch = Interpolator(), Interpolator(), Branch()
    for tick in range(1, 30):
        branch.stand(0, tick * 0.05, tick * 50.0)
        frame = branch.frame(tick * 50.0)
        one.feed(frame, tick * 50.0 + 10)
        other.feed(frame, tick * 50.0 - 9e8)
    assert x_of(one, 29 * 50.0 + 20) == pytest.approx(x_of(other, 29 * 50.0 + 10 - 9e8), abs=1e-4)


def test_it_goes_straight_on_for_100_ms_and_then_holds() -> None:
    bodies, branch = Interpolator(), Branch()
    now_ms = walk(bodies, branch, ticks=40)
    newest = (40 * 50 - 5) / 1000
    assert x_of(bodies, now_ms + 50 + 50) == pytest.approx(newest + 0.05, abs=0.003)
    assert x_of(bodies, now_ms + 50 + 100) == pytest.approx(newest + 0.1, abs=0.005)
    assert x_of(bodies, now_ms + 5000) == pytest.approx(newest + 0.1, abs=0.005)


def test_a_complete_frame_corrects_who_drifted_on() -> None:
    bodies, branch = Interpolator(), Branch()
    walk(bodies, branch, ticks=40)
    bodies.feed(branch.frame(4000, is_complete=True), 4010)
    assert x_of(bodies, 4200) == pytest.approx(1.995, abs=0.002)


def test_a_repeated_pose_says_that_a_body_stopped() -> None:
    bodies, branch = Interpolator(), Branch()
    now_ms = walk(bodies, branch, ticks=40)
    for tick in (41, 42):
        branch.stand(3, 1.995, tick * 50.0 - 5)
        bodies.feed(branch.frame(tick * 50.0), tick * 50.0 + 10)
    shown = [x_of(bodies, now_ms + ms) for ms in range(0, 600, 10)]
    assert max(shown) <= 1.996
    assert shown[-1] == pytest.approx(1.995, abs=0.001)


def test_after_a_rest_a_movement_begins_one_interval_ago() -> None:
    bodies, branch = Interpolator(), Branch()
    walk(bodies, branch, ticks=40, speed_m_s=0.0)
    for tick in range(100, 103):
        branch.stand(3, 0.1 * (tick - 99), tick * 50.0 - 5)
        bodies.feed(branch.frame(tick * 50.0), tick * 50.0 + 10)
    # Without it the first step would be stretched over three seconds.
    assert x_of(bodies, 100 * 50 + 15 - 5) == pytest.approx(0.0, abs=0.011)
    assert x_of(bodies, 101 * 50 + 10) == pytest.approx(0.1, abs=0.011)


def test_a_teleport_is_not_smoothed() -> None:
    bodies, branch = Interpolator(), Branch()
    now_ms = walk(bodies, branch, ticks=40)
    branch.stand(3, 2.5, 41 * 50.0, flags=PoseFlags.HANDS | PoseFlags.TELEPORT)
    bodies.feed(branch.frame(41 * 50.0), 41 * 50.0 + 10)
    assert {round(x_of(bodies, now_ms + ms), 3) for ms in range(50, 400, 7)} == {2.5}


def test_a_jump_of_three_metres_is_a_teleport_even_without_its_flag() -> None:
    bodies, branch = Interpolator(), Branch()
    walk(bodies, branch, ticks=40)
    branch.stand(3, 9.0, 41 * 50.0)
    bodies.feed(branch.frame(41 * 50.0), 41 * 50.0 + 10)
    assert {round(x_of(bodies, 2060.0 + ms), 3) for ms in range(0, 400, 7)} == {9.0}


def test_a_forgotten_slot_begins_anew() -> None:
    bodies, branch = Interpolator(), Branch()
    walk(bodies, branch, ticks=40)
    bodies.forget([3, 60_000])
    assert len(bodies.sample(2100).slots) == 0
    branch.stand(3, -1.0, 41 * 50.0)
    bodies.feed(branch.frame(41 * 50.0), 41 * 50.0 + 10)
    assert {round(x_of(bodies, 2060.0 + ms), 3) for ms in range(0, 200, 7)} == {-1.0}


def test_complete_frames_remove_who_is_not_listed_in_their_cell_only() -> None:
    bodies, branch = Interpolator(), Branch()
    for slot in (1, 2, 200):
        branch.stand(slot, 0.0, 50.0)
    bodies.feed(branch.frame(50.0), 60.0)
    branch.table.hide(2)
    bodies.feed(branch.frame(100.0, is_complete=True), 110.0)
    assert bodies.sample(200).slots.tolist() == [1, 200]
    bodies.keep_cells([0])
    assert bodies.sample(200).slots.tolist() == [1, 200]
    bodies.keep_cells([5])
    assert bodies.sample(200).slots.tolist() == []


def test_repetitions_in_complete_frames_are_not_new() -> None:
    bodies, branch = Interpolator(), Branch()
    branch.stand(1, 0.0, 45.0)
    assert bodies.feed(branch.frame(50.0), 60.0).tolist() == [True]
    assert bodies.feed(branch.frame(100.0, is_complete=True), 110.0).tolist() == [False]
    assert bodies.feed(branch.frame(2000.0, is_complete=True), 2010.0).tolist() == [False]
    branch.stand(1, 0.5, 2040.0)
    assert bodies.feed(branch.frame(2050.0), 2060.0).tolist() == [True]


def test_rotations_turn_the_short_way_and_stay_unit() -> None:
    bodies, branch = Interpolator(), Branch()
    for tick, yaw in enumerate((3.0, 3.2), start=1):  # past half a turn: the quaternion flips sign
        branch.stand(0, 0.0, tick * 50.0, yaw=yaw)
        bodies.feed(branch.frame(tick * 50.0), tick * 50.0)
    for ms in range(0, 200, 3):
        rotation = bodies.sample(100.0 + ms).rotations[0, 0]
        yaw = 2 * np.arctan2(rotation[1], rotation[3]) % (2 * np.pi)
        assert 2.99 < yaw < 3.7
        assert np.linalg.norm(rotation) == pytest.approx(1, abs=1e-5)


@settings(max_examples=50, deadline=None)
@given(data=st.data())
def test_whatever_comes_bodies_stay_finite_and_near_their_samples(data: Any) -> None:
    bodies, branch = Interpolator(), Branch(64)
    now_ms = 0.0
    for _ in range(data.draw(st.integers(1, 12))):
        now_ms += data.draw(st.floats(1, 400))
        for slot in data.draw(st.lists(st.integers(0, 63), unique=True, max_size=5)):
            branch.stand(slot, data.draw(st.floats(-5, 5)), now_ms - data.draw(st.floats(0, 300)))
        frame = branch.frame(
            now_ms, is_complete=data.draw(st.booleans()) or not branch.table._dirty.any()
        )
        bodies.feed(frame, now_ms + data.draw(st.floats(0, 200)))
    shown = bodies.sample(now_ms + data.draw(st.floats(0, 1000)))
    assert (np.diff(shown.slots.astype(int)) > 0).all()
    assert np.isfinite(shown.positions).all()
    # Three spans on at most, and nobody jumps over 3 m unseen.
    assert (np.abs(shown.positions[:, 0, 0]) <= 5 + 3 * 3 + 0.1).all()
    np.testing.assert_allclose(np.linalg.norm(shown.rotations, axis=2), 1, atol=1e-4)
