"""Being in a branch: seeing, hearing and walking, over wires that break."""

import asyncio
import math
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from branchxr import events as e
from branchxr.client import Branch
from branchxr.errors import (
    BranchXRError,
    InputRefused,
    NotFound,
    PermissionRefused,
    Unauthenticated,
)
from branchxr.models import Role
from branchxr.operations import END_SESSION
from branchxr.presence import EVENTS_KEPT, EventReader
from branchxr.protocol.frames import pack_uplink, parse_frame
from branchxr.protocol.pose import Pose
from branchxr.testing import InProcessBranch
from branchxr.testing.scene import ANCHORS, floor


async def heard(events: Any, kind: type[e.Event], *, within_s: float = 30.0) -> Any:
    async with asyncio.timeout(within_s):
        async for event in events:
            if isinstance(event, kind):
                return event
    raise AssertionError(f"no {kind.__name__}")


async def test_people_see_each_other_come_change_and_go(
    place: InProcessBranch, ada: Branch
) -> None:
    you = await ada.enter()
    assert (you.name, you.role) == ("Ada", Role.VISITOR)
    assert await ada.enter() == you
    events = ada.events()

    class Mute:
        register = place.key().register
        authenticate = None

    async with place.connect(name="Berta", authenticator=Mute()) as berta:
        await berta.enter()
        entered = await heard(events, e.Entered)
        assert (entered.participant.name, entered.participant.role) == ("Berta", Role.GUEST)
        assert set(ada.participants) == {you.id, entered.participant.id} == set(berta.participants)
        await berta.register("Berta B")
        changed = await heard(events, e.Changed)
        assert (changed.participant.name, changed.participant.role) == ("Berta B", Role.VISITOR)
        assert changed.participant.slot == entered.participant.slot
    left = await heard(events, e.Left)
    assert left.participant.id == entered.participant.id
    assert set(ada.participants) == {you.id}


async def test_a_guest_may_choose_a_name_and_a_visitor_has_one(place: InProcessBranch) -> None:
    async with place.connect(name="Guest") as guest:
        assert (await guest.enter(name="Grete")).name == "Grete"
    async with place.connect(name="Ada", authenticator=place.key()) as visitor:
        assert (await visitor.enter(name="Somebody else")).name == "Ada"


async def test_what_is_said_is_heard_by_every_reader(place: InProcessBranch, ada: Branch) -> None:
    await ada.enter()
    first, second = ada.events(), ada.events()
    await ada.chat("hello")
    await ada.emote("wave")
    for reader in (first, second):
        assert (await heard(reader, e.Chat)).text == "hello"
        assert (await heard(reader, e.Emote)).emote == "wave"


async def test_what_the_branch_refuses_is_an_event(place: InProcessBranch) -> None:
    async with place.connect(name="Grete") as guest:
        await guest.enter()
        events = guest.events()
        await guest.chat("hello")
        assert (await heard(events, e.Refused)).code == "scope_missing"


async def test_a_cut_wire_comes_back_and_loses_no_word(place: InProcessBranch, ada: Branch) -> None:
    await ada.enter()
    events = ada.events()
    async with place.connect(name="Berta", authenticator=place.key()) as berta:
        await berta.enter()
        place.is_reachable = False
        place.wires[0].cut()
        await heard(events, e.Disconnected)
        await berta.chat("said while you were away")
        await ada.chat("said into the void")
        await place.clock.sleep(20)
        place.is_reachable = True
        await heard(events, e.Reconnected)
        assert (await heard(events, e.Chat)).text == "said while you were away"
        assert (await heard(events, e.Chat)).text == "said into the void"


async def test_after_too_long_it_is_told_that_something_is_missing(
    place: InProcessBranch, ada: Branch
) -> None:
    await ada.enter()
    events = ada.events()
    place.is_reachable = False
    place.wires[0].cut()
    await place.clock.sleep(150)
    place.is_reachable = True
    await heard(events, e.Discontinuity)
    assert ada.session.participant in ada.participants


async def test_walking_keeps_to_the_floor_and_arrives(place: InProcessBranch, ada: Branch) -> None:
    await ada.enter(anchor="Room/spawn.001")
    walkable, seen = floor(), []
    async with place.connect(name="Watch") as watch:
        await watch.enter()

        async def follow() -> None:
            while True:
                await place.clock.sleep(0.05)
                seen.append(watch.positions().get(ada.session.participant))

        following = asyncio.create_task(follow())
        began = place.clock.monotonic()
        arrived = await ada.walk_to("counter")
        took_s = place.clock.monotonic() - began
        await place.clock.sleep(1)
        following.cancel()
    counter = ANCHORS["Room/counter.001"][1]
    assert math.dist((arrived[0], arrived[2]), (counter[0], counter[2])) < 1.0
    assert 6 < took_s < 12
    shown = [head for head in seen if head is not None]
    assert all(walkable.is_walkable(x, z) for x, _y, z in shown)
    assert any(abs(x) < 0.3 and 1.2 < z < 2.8 for x, _y, z in shown)  # through the door
    assert math.dist(shown[-1][::2], arrived[::2]) < 0.01
    steps = [math.dist(a, b) for a, b in pairwise(shown)]
    assert max(steps) < 0.3  # nobody jumps


async def test_a_walk_survives_a_cut_wire(place: InProcessBranch, ada: Branch) -> None:
    await ada.enter(anchor="Room/spawn.001")
    walking = asyncio.create_task(ada.walk_to("counter"))
    await place.clock.sleep(2)
    place.wires[-1].cut()
    await place.clock.sleep(2)
    place.wires[-1].stall()  # dead without a close: found out by its silence
    arrived = await walking
    await place.clock.sleep(15)
    async with place.connect() as watch:
        await watch.enter()
        await place.clock.sleep(3)
        head = watch.positions()[ada.session.participant]
    assert arrived[0] > 3
    assert math.dist(head[::2], ada.position[::2]) < 0.05


async def test_a_place_to_which_no_way_leads(place: InProcessBranch, ada: Branch) -> None:
    await ada.enter()
    with pytest.raises(NotFound) as refusal:
        await ada.walk_to((40.0, 0.0, 40.0))
    assert refusal.value.code == "path_missing"
    with pytest.raises(NotFound) as refusal:
        await ada.walk_to("bar")
    assert refusal.value.code == "anchor_unknown"


async def test_who_runs_too_fast_is_put_back_and_gives_up(
    place: InProcessBranch, ada: Branch
) -> None:
    await ada.enter(anchor="Room/spawn.001")
    with pytest.raises(PermissionRefused) as refusal:
        await ada.walk_to("counter", speed_m_s=60.0)
    assert refusal.value.code == "walk_refused"


async def test_nobody_teleports_through_a_wall(place: InProcessBranch, ada: Branch) -> None:
    await ada.enter(anchor="Room/spawn.001")
    await ada.move((4.0, 0.0, 3.0))
    await place.clock.sleep(1)
    assert ada.position[0] < 0
    assert ada.placement[0] > 1


async def test_frames_reach_listeners_until_they_are_taken_off(
    place: InProcessBranch, ada: Branch
) -> None:
    frames: list[bytes] = []
    stop = ada.add_frame_listener(frames.append)
    await ada.enter()
    await ada.walk_to("queue")
    assert len(frames) > 20
    assert {parse_frame(frame).cell for frame in frames} == {0}
    stop()
    count = len(frames)
    await ada.walk_to("spawn")
    assert len(frames) == count


async def test_a_relayed_pose_moves_the_body(place: InProcessBranch, ada: Branch) -> None:
    await ada.enter(anchor="Room/spawn.001")
    x, y, z = ada.position
    for step in range(20):
        pose = Pose.standing((x, y, z + step * 0.05))
        assert ada.send_pose_bytes(pack_uplink(pose, cell=0, client_ms=0))
        await place.clock.sleep(0.05)
    await place.clock.sleep(1)
    head = ada.positions()[ada.session.participant]
    assert np.allclose(head, (x, y + 1.65, z + 0.95), atol=0.01)
    place.wires[-1].cut()
    await place.clock.sleep(0)
    await asyncio.sleep(0)
    assert not ada.send_pose_bytes(bytes(38))


async def test_pose_ages_are_phase_locked(place: InProcessBranch, ada: Branch) -> None:
    await ada.enter()
    async with place.connect(name="Walker") as walker:
        await walker.enter()
        await walker.walk_to("counter")
        await walker.walk_to("queue")
    ages_ms = ada.pose_ages_ms
    assert len(ages_ms) > 100
    # A wire without latency: after the lock has settled only the wanted lead is left.
    assert float(np.median(ages_ms[-100:])) < 15


async def test_a_slow_reader_is_told_instead_of_growing() -> None:
    reader = EventReader()
    for _ in range(EVENTS_KEPT + 1):
        reader.put(e.Reconnected())
    reader.end(None)
    assert [event async for event in reader] == [e.Discontinuity()]


async def test_a_session_that_the_branch_ends_ends_the_events_with_a_code(
    place: InProcessBranch, ada: Branch
) -> None:
    await ada.enter()
    events = ada.events()
    await ada._http.call(END_SESSION)
    with pytest.raises(Unauthenticated) as ending:
        await heard(events, e.Left)
    assert ending.value.code == "session_ended"
    with pytest.raises(Unauthenticated):
        await anext(ada.events())


async def test_after_signing_out_nobody_is_in(ada: Branch) -> None:
    await ada.enter()
    await ada.sign_out()
    for call in (ada.enter(), ada.chat("x"), ada.emote("wave"), ada.move((0.0, 0.0, 0.0))):
        with pytest.raises(BranchXRError):
            await call


async def test_entering_twice_at_once_is_entering_once(place: InProcessBranch, ada: Branch) -> None:
    first, second = await asyncio.gather(ada.enter(), ada.enter())
    assert first == second
    assert len(place.wires) == 1


async def test_a_walk_ends_with_the_stay(place: InProcessBranch, ada: Branch) -> None:
    you = await ada.enter()
    walking = asyncio.create_task(ada.walk_to("counter", 0.2))
    await place.clock.sleep(1)
    place.server.room.expel(you.id)
    with pytest.raises(Unauthenticated) as ending:
        await walking
    assert ending.value.code == "session_ended"


@pytest.mark.parametrize("speed_m_s", [0.0, -1.4, math.nan, math.inf])
async def test_nobody_walks_backwards_in_time(ada: Branch, speed_m_s: float) -> None:
    await ada.enter()
    with pytest.raises(InputRefused) as refusal:
        await ada.walk_to("counter", speed_m_s)
    assert refusal.value.code == "speed_refused"


async def test_a_place_that_is_none_changes_nothing(ada: Branch) -> None:
    await ada.enter()
    before = ada.position
    with pytest.raises(InputRefused):
        await ada.move((math.nan, 0.0, 0.0))
    assert ada.position == before
