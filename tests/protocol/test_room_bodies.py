"""The branch's side: bodies, cells, frames, and what no client may do."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from branchxr.models import Role
from branchxr.protocol import messages as m
from branchxr.protocol.authority import LEAN_M
from branchxr.protocol.floor import Floor
from branchxr.protocol.plan import Anchor, BranchPlan, Cell
from branchxr.protocol.pose import PoseFlags
from branchxr.protocol.session import RoomLimits


def head_of(hall: Any, watcher: Any, slot: int) -> tuple[float, float, float]:
    """Where a slot's head is in the last frame that listed it, metres from the cell."""
    for frame in reversed(watcher.frames):
        index = np.flatnonzero(frame.slots == slot)
        if len(index):
            return tuple((frame.records["head_mm"][index[0]] / 1000).tolist())
    raise AssertionError(f"slot {slot} was never seen")


def walk(hall: Any, client: Any, points: list[tuple[float, float]], speed_m_s: float = 1.4) -> None:
    """Walk along points of the floor at 20 poses a second, as long as the branch lets it."""
    x, _, z = client.position
    for goal_x, goal_z in points:
        steps = max(1, math.ceil(math.hypot(goal_x - x, goal_z - z) / (speed_m_s * 0.05)))
        for step in range(1, steps + 1):
            share = step / steps
            client.stand((x + (goal_x - x) * share, 0.0, z + (goal_z - z) * share))
            hall.settle()
            hall.tick()
        x, z = goal_x, goal_z


# --- frames ---------------------------------------------------------------------------------


def test_a_step_reaches_everybody_at_the_next_tick(hall: Any) -> None:
    ada, bob = hall.enter("Ada"), hall.enter("Bob")
    hall.tick()
    hall.tick()
    bob.frames.clear()
    ada.stand((ada.position[0] + 0.05, 0.0, ada.position[2]), flags=PoseFlags.HANDS)
    hall.settle()
    assert bob.frames == []
    hall.tick()
    [frame] = bob.frames
    assert frame.slots.tolist() == [ada.slot]
    assert not frame.is_complete
    assert frame.records["flags"].tolist() == [PoseFlags.HANDS]
    assert head_of(hall, bob, ada.slot) == pytest.approx((0.05, 1.65, 0.0))


def test_all_subscribers_get_the_same_bytes(hall: Any) -> None:
    for name in ("Ada", "Bob", "Eve"):
        hall.enter(name)
    hall.tick()
    hall.tick()
    ada = hall.clients[0]
    ada.stand(ada.position)
    hall.settle()
    hall.now += 0.05
    hall.room.tick(hall.now, lambda _number: 0)
    sends = [action for action in hall.room.drain() if isinstance(action.payload, bytes)]
    assert [len(send.to) for send in sends] == [3]


def test_who_joins_gets_a_complete_frame_and_others_do_not(hall: Any) -> None:
    ada = hall.enter("Ada")
    hall.run(0.2)
    ada.frames.clear()
    bob = hall.enter("Bob")
    hall.tick()
    assert [frame.is_complete for frame in ada.frames] == [False]
    assert ada.frames[0].slots.tolist() == [1]
    assert [frame.is_complete for frame in bob.frames] == [True]
    assert bob.frames[0].slots.tolist() == [0, 1]


def test_every_two_seconds_a_complete_frame(hall: Any) -> None:
    ada = hall.enter("Ada")
    hall.run(10)
    ticks = [frame.tick for frame in ada.frames if frame.is_complete]
    assert len(ticks) in {5, 6}
    assert set(np.diff(ticks).tolist()) == {40}


def test_a_tick_that_has_been_is_passed_over(hall: Any) -> None:
    ada = hall.enter("Ada")
    hall.tick()
    ada.stand(ada.position)
    hall.settle()
    hall.tick(0.0)
    assert len(ada.frames) == 1
    hall.tick(0.35)
    assert np.diff([frame.tick for frame in ada.frames]).tolist() == [7]


def test_ages_count_from_the_sample_and_saturate(hall: Any) -> None:
    ada, bob = hall.enter("Ada"), hall.enter("Bob")
    hall.tick()
    hall.now += 0.02
    ada.stand(ada.position)
    hall.now += 0.007
    hall.settle()
    hall.tick(0.023)
    assert bob.frames[-1].records["age_ms"].tolist() == [30]
    hall.run(3)
    complete = [frame for frame in bob.frames if frame.is_complete][-1]
    assert complete.records["age_ms"].tolist() == [255, 255]


@pytest.mark.parametrize("stamp", [0, 2**31, 2**32 - 1, 999_000 - 1_500, 1_100_000])
def test_a_stamp_that_is_no_time_of_the_branch_counts_as_now(hall: Any, stamp: int) -> None:
    ada, bob = hall.enter("Ada"), hall.enter("Bob")
    hall.tick()
    ada.stand(ada.position)
    uplink = bytearray(ada.up.pop())
    uplink[4:8] = stamp.to_bytes(4, "little")
    ada.send(bytes(uplink))
    hall.settle()
    hall.tick(0.05)
    assert bob.frames[-1].records["age_ms"].tolist() == [50]


def test_the_branch_writes_slots_and_reserved_flags_not_the_client(hall: Any) -> None:
    ada, bob = hall.enter("Ada"), hall.enter("Bob")
    hall.tick()
    hall.tick()
    ada.stand(ada.position, flags=PoseFlags.HANDS | PoseFlags.MUTED | 0xE0)
    hall.settle()
    hall.tick()
    records = bob.frames[-1].records
    assert records["slot"].tolist() == [ada.slot]
    assert records["flags"].tolist() == [PoseFlags.HANDS | PoseFlags.MUTED]


def test_poses_over_the_limit_are_dropped_and_said_so(hall: Any) -> None:
    ada = hall.enter("Ada")
    for _ in range(300):
        ada.stand(ada.position)
    hall.settle()
    assert {fault.code for fault in ada.faults} == {"rate_limited"}
    assert len(ada.faults) <= 10
    assert ada.closed is None


def test_the_phase_is_reported_every_two_seconds(hall: Any) -> None:
    ada = hall.enter("Ada")
    before = ada.visitor.sampling.ahead_ms
    for _ in range(60):
        hall.now += 0.02
        ada.stand(ada.position)
        hall.settle()
        hall.tick(0.03)
    # They came 30 ms before the tick without jitter; 6 are wanted: sample 24 ms later.
    assert ada.visitor.sampling.ahead_ms == pytest.approx((before - 24) % 50, abs=0.1)


# --- slow receivers -------------------------------------------------------------------------


def test_a_slow_receiver_loses_poses_first_and_gets_everything_when_it_drains(hall: Any) -> None:
    ada, bob = hall.enter("Ada"), hall.enter("Bob")
    hall.run(0.2)
    ada.frames.clear()
    bob.frames.clear()
    bob.waiting_bytes = 50_000
    for _ in range(10):
        ada.stand(ada.position)
        hall.settle()
        hall.tick()
    ada.visitor.say("reliable")
    hall.settle()
    assert bob.frames == []
    assert bob.events[-1].text == "reliable"
    assert len(ada.frames) == 10
    bob.waiting_bytes = 0
    hall.tick()
    assert [frame.is_complete for frame in bob.frames] == [True]
    assert bob.frames[0].slots.tolist() == [0, 1]


def test_a_receiver_that_takes_nothing_is_closed_at_a_megabyte(hall: Any) -> None:
    ada, bob = hall.enter("Ada"), hall.enter("Bob")
    bob.waiting_bytes = 1_000_000
    hall.tick()
    assert bob.closed is None
    bob.waiting_bytes = 1_000_001
    hall.tick()
    assert bob.closed == (m.CloseCode.SLOW, "slow_consumer")
    assert ada.closed is None


# --- slots ----------------------------------------------------------------------------------


def test_no_slot_is_reused_for_122_seconds(hall: Any) -> None:
    ada = hall.enter("Ada")
    ada.visitor.leave()
    hall.settle()
    bob = hall.enter("Bob")
    assert bob.slot == 1
    hall.now += 121.9
    assert hall.enter("Eve").slot == 2
    hall.now += 0.2
    cid = hall.enter("Cid")
    assert (cid.slot, cid.visitor.you.generation) == (0, 2)


def test_a_body_that_left_is_not_in_the_next_complete_frame(hall: Any) -> None:
    ada, bob = hall.enter("Ada"), hall.enter("Bob")
    hall.run(0.2)
    bob.visitor.leave()
    hall.settle()
    hall.tick()
    assert ada.frames[-1].is_complete
    assert ada.frames[-1].slots.tolist() == [0]
    assert ada.visitor.bodies(hall.now).slots.tolist() == [0]


def test_a_lost_body_stands_for_ten_seconds_and_comes_back(hall: Any) -> None:
    ada, bob = hall.enter("Ada"), hall.enter("Bob")
    hall.run(0.2)
    bob.cut()
    hall.run(9)
    assert ada.frames[-1].slots.tolist() == [0, 1]
    hall.run(3)
    assert ada.frames[-1].slots.tolist() == [0]
    assert [p.name for p in ada.visitor.participants.values()] == ["Ada", "Bob"]
    bob.connect()
    hall.settle()
    hall.tick()
    assert 1 in ada.frames[-1].slots


# --- authority ------------------------------------------------------------------------------


def test_whoever_is_too_fast_is_put_back(hall: Any) -> None:
    ada, bob = hall.enter("Ada"), hall.enter("Bob")
    hall.tick()
    ada.stand((8.0, 0.0, 0.0))
    hall.settle()
    hall.tick()
    assert ada.placed == ["speed"]
    assert ada.position == pytest.approx((0.0, 0.0, 0.0))
    assert head_of(hall, bob, ada.slot) == pytest.approx((0.0, 1.65, 0.0))


def test_speed_is_limited_on_average(hall: Any) -> None:
    ada, bob = hall.enter("Ada"), hall.enter("Bob")
    x = 0.0
    for _ in range(40):  # 10 m/s for two seconds
        x = min(x + 0.5, 15.0)
        ada.stand((x, 0.0, 0.0))
        hall.settle()
        hall.tick()
    assert "speed" in ada.placed
    assert head_of(hall, bob, ada.slot)[0] <= 2.0 + 4.0 * 2.0


def test_poses_that_bunch_up_behind_a_stall_are_honest(hall: Any) -> None:
    ada = hall.enter("Ada")
    hall.run(1.0)
    for step in range(1, 21):  # one second of walking, all at once
        ada.stand((step * 0.07, 0.0, 0.0))
    hall.settle()
    assert ada.placed == []


@pytest.mark.parametrize("height_m", [-2.0, 1.0, 30.0])
def test_heads_are_above_the_floor_and_below_the_ceiling(hall: Any, height_m: float) -> None:
    ada = hall.enter("Ada")
    ada.stand((0.0, height_m, 0.0))
    hall.settle()
    assert ada.placed == ["height"]


def test_nobody_walks_through_a_wall(walled: Any) -> None:
    ada = walled.enter("Ada")
    assert ada.position == pytest.approx((-5.0, 0.0, 0.0))
    walk(walled, ada, [(-0.5, 0.0)])
    assert ada.placed == []
    walk(walled, ada, [(0.5, 0.0)])
    assert ada.placed[0] == "wall"  # and "speed" later on, for who does not give up
    assert -0.5 <= ada.position[0] <= -0.298  # the wall's edge, and 2 mm


def test_a_door_lets_through(walled: Any) -> None:
    ada = walled.enter("Ada")
    walk(walled, ada, [(-1.0, 4.5), (1.0, 4.5), (5.0, 0.0)])
    assert ada.placed == []


def test_a_path_around_a_corner_is_no_wall(walled: Any) -> None:
    ada = walled.enter("Ada")
    floor = walled.room.plan.floor
    way = floor.path(ada.position, (4.0, 0.0, 0.0))
    walk(walled, ada, [(float(x), float(z)) for x, _, z in way[1:]], speed_m_s=3.0)
    assert ada.placed == []


def test_a_long_jump_over_a_wall_is_refused(walled: Any) -> None:
    ada = walled.enter("Ada")
    walk(walled, ada, [(-0.6, 0.0)])
    walled.run(5)
    ada.stand((0.6, 0.0, 0.0))  # within the allowance, but the wall stands between
    walled.settle()
    assert ada.placed == ["wall"]


def test_a_seat_is_off_the_grid_and_yet_allowed(walled: Any) -> None:
    ada, bob = walled.enter("Ada"), walled.enter("Bob")
    walk(walled, ada, [(-1.0, 4.5), (1.0, 4.5), (5.0, -3.0)])
    seated = PoseFlags.HANDS | PoseFlags.SEATED
    ada.stand((5.0, 0.0, -4.0), flags=PoseFlags.HANDS)
    walled.settle()
    assert ada.placed == ["wall"]
    ada.stand((5.0, 0.0, -4.0), flags=seated, head_height_m=1.2)
    walled.settle()
    walled.tick()
    assert ada.placed == ["wall"]
    assert head_of(walled, bob, ada.slot) == pytest.approx((5.0, 1.2, -4.0))
    assert bob.frames[-1].records["flags"].tolist() == [seated]
    ada.stand((5.2, 0.0, -4.1), flags=seated, head_height_m=1.2)  # lean
    walled.run(1)
    ada.stand((5.0, 0.0, -3.0))
    walled.tick()
    assert ada.placed == ["wall"]


def test_a_seat_with_its_back_to_a_wall_leads_not_through_it(make_hall: Callable[..., Any]) -> None:
    walkable = np.ones((120, 200), dtype=bool)
    walkable[:, 97:103] = False  # x from -0.3 to 0.3, all along
    walkable[57:63, 92:97] = False  # the chair before it, west
    plan = BranchPlan(
        (Cell(1, (0.0, 0.0, 0.0)),),
        (Anchor("Spawn", "spawn", (-1.5, 0.0, 0.0)), Anchor("Seat", "seat", (-0.4, 0.5, 0.0))),
        Floor(walkable, origin=(-10.0, -6.0), seeds=[(-1.5, 0.0)]),
    )
    hall = make_hall(plan)
    ada = hall.enter("Ada")
    seated = PoseFlags.HANDS | PoseFlags.SEATED
    ada.stand((-0.4, 0.0, 0.0), flags=seated, head_height_m=1.2)
    hall.tick()
    assert ada.placed == []
    ada.stand((0.25, 0.0, 0.0), flags=seated, head_height_m=1.2)  # leans over the wall
    hall.tick()
    assert ada.placed == []
    ada.stand((0.35, 0.0, 0.0))
    hall.tick()
    assert ada.placed == ["wall"]
    hall.run(1)
    ada.stand((-0.4, 0.0, 0.0), flags=seated, head_height_m=1.2)
    hall.run(1)
    ada.stand((-0.9, 0.0, 0.0))
    hall.tick()
    assert ada.placed == ["wall"]


def test_sitting_needs_a_seat(walled: Any) -> None:
    ada, bob = walled.enter("Ada"), walled.enter("Bob")
    ada.stand((-5.0, 0.0, 0.0), flags=PoseFlags.HANDS | PoseFlags.SEATED)
    walled.settle()
    walled.tick()
    flags = dict(zip(bob.frames[-1].slots.tolist(), bob.frames[-1].records["flags"], strict=True))
    assert not flags[ada.slot] & PoseFlags.SEATED


def test_a_teleport_leads_to_a_spawn_only(walled: Any) -> None:
    ada, bob = walled.enter("Ada"), walled.enter("Bob")
    walk(walled, ada, [(-1.0, 4.5)])
    jump = PoseFlags.HANDS | PoseFlags.TELEPORT
    ada.stand((5.0, 0.0, 0.0), flags=jump)
    walled.settle()
    assert ada.placed == ["teleport"]
    ada.stand((-5.0, 0.0, 0.5), flags=jump)
    ada.stand((-5.0, 0.0, 0.55))  # the flag is not lost to a second pose in the same tick
    walled.settle()
    walled.tick()
    assert ada.placed == ["teleport"]
    assert bob.frames[-1].records["flags"].tolist() == [jump]
    walled.run(2.1)
    complete = [frame for frame in bob.frames if frame.is_complete][-1]
    assert not (complete.records["flags"] & PoseFlags.TELEPORT).any()


def test_corrections_are_limited(hall: Any) -> None:
    ada = hall.enter("Ada")
    for _ in range(100):
        ada.stand((9.0, 0.0, 0.0))
    hall.settle()
    assert len(ada.placed) == 10


# --- coming in ------------------------------------------------------------------------------


def test_spawns_are_by_role_and_capacity_is_a_preference(walled: Any) -> None:
    visitors = [walled.enter(f"Visitor {letter}") for letter in "ABCDEFGH"]
    staff = walled.enter("Irina", role=Role.CONSULTANT)
    assert staff.position == pytest.approx((-8.0, 0.0, 3.0), abs=0.1)
    places = [client.position for client in visitors]
    for index, place in enumerate(places):
        assert walled.room.plan.floor.is_walkable(place[0], place[2])
        assert math.hypot(place[0] + 5, place[2]) < 4
        for other in places[:index]:
            assert math.dist(place, other) >= 0.5


# --- cells ----------------------------------------------------------------------------------


@pytest.fixture
def wide(make_hall: Callable[..., Any]) -> Any:
    """Return a row of four cells with a spawn in the first."""
    cells = tuple(Cell(10 + index, (32.0 * index, 0.0, 0.0)) for index in range(4))
    anchors = (Anchor("Spawn", "spawn", (14.0, 0.0, 0.0)), Anchor("Far", "spawn", (96.0, 0.0, 0.0)))
    return make_hall(BranchPlan(cells, anchors), RoomLimits(speed_m_s=40.0))


def test_frames_come_from_the_cells_around(wide: Any) -> None:
    ada = wide.enter("Ada", anchor="Spawn")
    far = wide.enter("Bob", anchor="Far")
    assert ada.visitor.cells == {10, 11}
    assert far.visitor.cells == {12, 13}
    wide.run(0.5)
    assert {frame.cell for frame in ada.frames} == {10, 11}
    assert ada.visitor.bodies(wide.now).slots.tolist() == [0]
    ada.visitor.subscribe([13])
    wide.settle()
    wide.run(0.2)
    assert ada.visitor.cells == {13}
    assert ada.visitor.bodies(wide.now).slots.tolist() == [1]
    ada.visitor.subscribe([])
    wide.settle()
    assert ada.visitor.cells == {10, 11}


@pytest.mark.parametrize("cells", [[99], [*range(10, 14), -1], list(range(100))])
def test_cells_that_are_not_there_are_refused(wide: Any, cells: list[int]) -> None:
    ada = wide.enter("Ada")
    ada.visitor.subscribe(cells)
    wide.settle()
    assert [fault.code for fault in ada.faults] == ["cell_unknown"]
    assert ada.closed is None


def test_walking_into_the_next_cell_moves_the_body_there(wide: Any) -> None:
    ada, bob = wide.enter("Ada", anchor="Spawn"), wide.enter("Bob", anchor="Spawn")
    walk(wide, ada, [(20.0, 0.0)])
    assert ada.placed == []
    assert ada.visitor.cells == {10, 11, 12}
    listed = {frame.cell: frame.slots.tolist() for frame in bob.frames if frame.is_complete}
    wide.run(2.1)
    listed = {frame.cell: frame.slots.tolist() for frame in bob.frames if frame.is_complete}
    assert listed == {10: [1], 11: [0]}
    bodies = bob.visitor.bodies(wide.now)
    assert bodies.slots.tolist() == [0, 1]
    np.testing.assert_allclose(bodies.positions[0, 0], (20.0, 1.65, 0.0), atol=0.01)


def test_a_pose_in_a_cell_that_is_not_there_or_far_outside_is_refused(wide: Any) -> None:
    ada = wide.enter("Ada", anchor="Spawn")
    ada.stand((14.0, 0.0, 0.0))
    uplink = bytearray(ada.up.pop())
    uplink[2:4] = (77).to_bytes(2, "little")
    ada.send(bytes(uplink))
    uplink[2:4] = (10).to_bytes(2, "little")
    uplink[8:10] = (18_500).to_bytes(2, "little")
    ada.send(bytes(uplink))
    wide.settle()
    assert ada.placed == ["cell", "cell"]


def test_the_same_bytes_in_the_next_cell_are_somewhere_else(wide: Any) -> None:
    """A body cannot jump by naming another cell: where it stands is what counts."""
    ada = wide.enter("Ada", anchor="Spawn")
    ada.stand((14.0, 0.0, 0.0))
    uplink = bytearray(ada.up.pop())
    uplink[2:4] = (11).to_bytes(2, "little")
    ada.send(bytes(uplink))
    wide.settle()
    assert ada.placed == ["speed"]


# --- leaning --------------------------------------------------------------------------------


def test_a_head_may_lean_beyond_the_floor_but_not_far(walled: Any) -> None:
    ada, bob = walled.enter("Ada"), walled.enter("Bob")
    walk(walled, ada, [(-0.32, 0.0)])
    walk(walled, ada, [(-0.05, 0.0), (-0.05, 0.1), (-0.4, 0.0), (-2.0, 0.0)], speed_m_s=0.5)
    assert ada.placed == []
    walk(walled, ada, [(-0.32, 0.0), (-0.05, 0.0)], speed_m_s=0.5)
    walled.tick()
    assert head_of(walled, bob, ada.slot)[0] == pytest.approx(-0.05)
    ada.stand((0.05, 0.0, 0.0))
    walled.settle()
    assert ada.placed == ["wall"]
    assert ada.position[0] == pytest.approx(-0.32)  # put back where one stands, not over the wall


def test_nobody_leans_through_a_wall_step_by_step(walled: Any) -> None:
    ada = walled.enter("Ada")
    walk(walled, ada, [(-0.35, 0.0)])
    position = walled.room._sessions["participant-1"].body
    for millimetres in range(-350, 1000, 20):
        walled.run(0.2)
        ada.stand((millimetres / 1000, 0.0, 0.0))
        walled.settle()
        assert position.position[0] <= -0.3 + LEAN_M
    assert ada.placed
    ada.stand((0.35, 0.0, 0.0))  # the floor behind is near the head, but not near where one stands
    walled.settle()
    assert position.position[0] <= 0.0


def test_who_leans_comes_back_to_where_they_stand(walled: Any) -> None:
    ada = walled.enter("Ada")
    walk(walled, ada, [(-0.32, 0.0)])
    walk(walled, ada, [(-0.1, 0.0)], speed_m_s=0.5)
    ada.cut()
    walled.run(1)
    ada.connect()
    walled.settle()
    assert ada.visitor.place.position[0] == pytest.approx(-0.32)
    assert walled.room.plan.floor.is_walkable(ada.visitor.place.position[0], 0.0)


@pytest.mark.parametrize(("role", "placed"), [(Role.VISITOR, ["teleport"]), (Role.CONSULTANT, [])])
def test_a_spawn_of_the_staff_is_for_the_staff(walled: Any, role: Role, placed: list[str]) -> None:
    ada = walled.enter("Ada", role=role)
    walk(walled, ada, [(-6.0, 0.0)] if role is Role.VISITOR else [])
    ada.stand((-8.0, 0.0, 3.0), flags=PoseFlags.HANDS | PoseFlags.TELEPORT)
    walled.settle()
    assert ada.placed == placed
