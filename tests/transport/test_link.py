"""The link, over wires in memory and on a clock that jumps."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from itertools import count, pairwise
from typing import Any

import pytest

from branchxr.errors import (
    ApiError,
    ConnectionFailed,
    InputRefused,
    PermissionRefused,
    ProtocolError,
    ServerFault,
    Unauthenticated,
)
from branchxr.events import Chat, Disconnected, Discontinuity
from branchxr.models import Role
from branchxr.protocol.plan import BranchPlan
from branchxr.protocol.pose import Pose
from branchxr.protocol.room import Room
from branchxr.protocol.session import Grant, RoomLimits
from branchxr.protocol.visitor import Visitor
from branchxr.server.socket import RealtimeListener
from branchxr.testing.clock import VirtualClock
from branchxr.testing.wire import MemoryWire, wire_pair
from branchxr.transport.link import EVENTS_KEPT, Link
from branchxr.wire import Wire, WireClosed

SCOPES = frozenset({"look", "walk", "chat"})


class House:
    """A branch in memory that can be unreachable."""

    def __init__(self, clock: VirtualClock, limits: RoomLimits | None = None) -> None:
        tokens = count(1)
        self.clock = clock
        self.room = Room(BranchPlan(), new_token=lambda: f"token-{next(tokens)}", limits=limits)
        self.listener = RealtimeListener(self.room, _nobody, clock=clock)
        self.wires: list[MemoryWire] = []
        self.tries: list[float] = []
        self.is_reachable = True
        self._tasks: set[asyncio.Task[None]] = set()

    def opener(self, name: str) -> Callable[[], Awaitable[Wire]]:
        grant = Grant(name, name, Role.VISITOR, SCOPES, name)

        async def open_wire() -> Wire:
            self.tries.append(self.clock.monotonic())
            if not self.is_reachable:
                raise ConnectionFailed("a branch", "nobody", "start one")
            near, far = wire_pair()
            self.wires.append(near)
            task = asyncio.create_task(self.listener.attach(far, grant))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            return near

        return open_wire

    def link(self, who: str = "Ada", **wishes: Any) -> Link:
        rng = random.Random(who)
        return Link(self.opener(who), Visitor(**wishes), clock=self.clock, random=rng)


def _nobody(headers: object, url: str) -> Grant:
    raise AssertionError("wires in memory need no handshake")


@asynccontextmanager
async def house(limits: RoomLimits | None = None) -> AsyncIterator[House]:
    async with VirtualClock() as clock:
        opened = House(clock, limits)
        async with opened.listener.ticker:
            yield opened
            for wire in opened.wires:
                await wire.close()
            await clock.sleep(0.1)


async def next_event(link: Link) -> Any:
    return await anext(aiter(link.events()))


async def test_it_joins_talks_and_leaves() -> None:
    async with house() as home:
        async with home.link("Ada") as ada, home.link("Bob") as bob:
            assert ada.is_connected
            assert (await next_event(ada)).participant.name == "Bob"
            bob.say("hello")
            bob.emote("wave")
            assert (await next_event(ada)).text == "hello"
            assert (await next_event(ada)).emote == "wave"
        await home.clock.sleep(0.1)
        assert home.room.participants == ()
        assert [event async for event in ada.events()][-1].participant.name == "Bob"


async def test_frames_reach_the_listeners_as_they_came() -> None:
    async with house() as home, home.link("Ada") as ada, home.link("Bob") as bob:
        seen: list[bytes] = []
        ada.on_frame.append(seen.append)
        for _ in range(10):
            await bob.wait_for_sample()
            assert bob.send_pose(Pose.standing((0.0, 0.0, 0.0)))
        assert {message[0] for message in seen} == {1}
        assert len(seen) >= 9


async def test_poses_are_sampled_in_phase_with_the_tick() -> None:
    async with house() as home, home.link("Ada") as ada, home.link("Bob") as bob:
        x, y, z = bob.visitor.place.position
        for step in range(100):
            await bob.wait_for_sample()
            bob.send_pose(Pose.standing((x + step * 0.01, y, z)))
        ages = list(ada.visitor.pose_ages_ms)[-60:]
        # No wire here takes time: what is left is the lead of 6 ms.
        assert len(ages) == 60
        assert all(4 <= age <= 8 for age in ages)


async def test_whoever_stops_is_seen_to_stop() -> None:
    async with house() as home, home.link("Ada") as ada, home.link("Bob") as bob:
        x, y, z = bob.visitor.place.position
        for step in range(20):
            await bob.wait_for_sample()
            bob.send_pose(Pose.standing((x + step * 0.1, y, z)))
        await home.clock.sleep(0.5)
        shown = ada.visitor.bodies(home.clock.monotonic())
        index = shown.slots.tolist().index(bob.visitor.you.slot)
        assert float(shown.positions[index, 0, 0]) == pytest.approx(x + 1.9, abs=0.002)


async def test_relayed_poses_keep_their_body_and_get_the_branchs_time() -> None:
    async with house() as home, home.link("Ada") as ada, home.link("Bob") as bob:
        pose = Pose.standing(bob.visitor.place.position)
        packed = Visitor().pose(pose, 0.0)
        await home.clock.sleep(0.5)
        assert bob.send_pose_bytes(packed, age_ms=12)
        await home.clock.sleep(0.05)
        assert 12 <= ada.visitor.pose_ages_ms[-1] <= 62
        with pytest.raises(ProtocolError) as caught:
            bob.send_pose_bytes(packed[:-1])
        assert caught.value.code == "frame_length"
        with pytest.raises(ProtocolError):
            bob.send_pose_bytes(b"\x11" + packed[1:])
        assert bob.is_connected


async def test_a_cut_wire_comes_back_and_nothing_is_lost() -> None:
    async with house() as home, home.link("Ada") as ada, home.link("Bob") as bob:
        heard: list[str] = []

        async def listen() -> None:
            async for event in bob.events():
                word = event.text if isinstance(event, Chat) else type(event).__name__
                heard.append(word)

        listening = asyncio.create_task(listen())
        for number in range(5):
            home.wires[-1].cut()
            ada.say(str(number))
            await home.clock.sleep(1.2)
        assert [text for text in heard if text.isdigit()] == ["0", "1", "2", "3", "4"]
        assert heard.count("Disconnected") == heard.count("Reconnected") == 5
        listening.cancel()


async def test_retries_are_jittered_double_and_end_at_ten_seconds() -> None:
    async with house(RoomLimits(resume_s=1e6)) as home, home.link("Ada") as ada:
        await home.clock.sleep(1)
        home.is_reachable = False
        home.tries.clear()
        home.wires[-1].cut()
        await home.clock.sleep(200)
        waits = [later - sooner for sooner, later in pairwise(home.tries)]
        assert all(wait <= min(10.0, 0.2 * 2**index) + 0.01 for index, wait in enumerate(waits))
        assert max(waits) > 5
        assert len(set(waits)) == len(waits)
        assert not ada.send_pose(Pose.standing((0.0, 0.0, 0.0)))
        home.is_reachable = True
        await home.clock.sleep(11)
        assert ada.is_connected


async def test_a_silent_wire_is_given_up() -> None:
    async with house() as home, home.link("Ada") as ada:
        await home.clock.sleep(1)
        before = len(home.wires)
        home.wires[-1]._peer.stall()  # type: ignore[union-attr]
        await home.clock.sleep(25)
        assert len(home.wires) > before
        assert ada.is_connected


async def test_poses_are_dropped_rather_than_queued() -> None:
    async with house() as home, home.link("Ada") as ada:
        home.wires[-1].stall()
        sent = [ada.send_pose(Pose.standing((0.0, 0.0, 0.0))) for _ in range(500)]
        assert sent.count(True) == 4096 // 38 + 1
        assert not any(sent[110:])


async def test_a_reader_who_sleeps_gets_one_discontinuity() -> None:
    limits = RoomLimits(chat_hz=1e6, message_hz=1e6)
    async with house(limits) as home, home.link("Ada") as ada, home.link("Bob"):
        for _ in range(EVENTS_KEPT + 10):
            ada._put([Chat(ada.visitor.you, "x")])
        assert await next_event(ada) == Discontinuity()
        assert len(ada._events) <= EVENTS_KEPT


async def test_nobody_there_is_an_error_at_once() -> None:
    async with house() as home:
        home.is_reachable = False
        with pytest.raises(ConnectionFailed):
            async with home.link("Ada"):
                raise AssertionError("nobody is there")
        assert len(home.tries) == 1


async def test_a_branch_that_says_nothing_is_an_error_after_ten_seconds() -> None:
    async with VirtualClock() as clock:
        near, far = wire_pair()

        async def open_wire() -> Wire:
            return near

        with pytest.raises(ConnectionFailed) as caught:
            async with Link(open_wire, Visitor(), clock=clock, random=random.Random(1)):
                raise AssertionError("nobody let it in")
        assert caught.value.code in {"join_timeout", "connection_failed"}
        assert isinstance(await far.receive(), str)  # the join
        with pytest.raises(WireClosed):
            await far.receive()


@pytest.mark.parametrize(
    ("wishes", "kind", "code"),
    [
        ({"name": "\u202eadA"}, PermissionRefused, "name_refused"),
        ({"anchor": "Nowhere"}, PermissionRefused, "anchor_unknown"),
    ],
)
async def test_a_refused_join_is_an_error(
    wishes: dict[str, str], kind: type[ApiError], code: str
) -> None:
    async with house() as home:
        with pytest.raises(kind) as caught:
            async with home.link("Ada", **wishes):
                raise AssertionError("it was let in")
        assert caught.value.code == code
        assert len(home.tries) == 1


async def test_a_full_branch_is_an_error() -> None:
    async with house(RoomLimits(participants=1)) as home, home.link("Ada"):
        with pytest.raises(ApiError) as caught:
            async with home.link("Bob"):
                raise AssertionError("it was let in")
        assert caught.value.code == "branch_full"


async def test_a_session_that_ends_is_not_tried_again() -> None:
    async with house() as home, home.link("Ada") as ada:
        home.room.expel("Ada")
        await home.clock.sleep(60)
        assert len(home.tries) == 1
        with pytest.raises(Unauthenticated) as caught:
            async for _event in ada.events():
                pass
        assert caught.value.code == "session_ended"


async def test_a_branch_that_speaks_nonsense_is_left() -> None:
    async with VirtualClock() as clock:
        near, far = wire_pair()
        far.send('{"type":"welcome"}')

        async def open_wire() -> Wire:
            return near

        with pytest.raises(ProtocolError) as caught:
            async with Link(open_wire, Visitor(), clock=clock, random=random.Random(1)):
                raise AssertionError("it was let in")
        assert caught.value.code == "message_malformed"
        assert near.is_closed


async def test_cancelling_while_joining_closes_the_wire() -> None:
    async with VirtualClock() as clock:
        near, _far = wire_pair()

        async def open_wire() -> Wire:
            return near

        link = Link(open_wire, Visitor(), clock=clock, random=random.Random(1))
        joining = asyncio.create_task(link.__aenter__())
        await clock.sleep(0.5)
        joining.cancel()
        with pytest.raises(asyncio.CancelledError):
            await joining
        assert near.is_closed
        assert len(asyncio.all_tasks()) == 1


async def test_nonsense_in_the_middle_ends_the_connection_and_says_so() -> None:
    async with house() as home, home.link("Ada") as ada:
        home.wires[-1]._deliver('{"type":"welcome"}')
        assert isinstance(await next_event(ada), Disconnected)
        with pytest.raises(ProtocolError) as caught:
            await next_event(ada)
        assert caught.value.code == "message_malformed"
        assert not ada.is_connected
        with pytest.raises(ProtocolError):
            ada.say("to nobody")


async def test_a_listener_that_raises_ends_the_connection_and_says_so(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with house() as home, home.link("Ada") as ada:

        def broken(_frame: bytes) -> None:
            raise ValueError("mine")

        ada.on_frame.append(broken)
        with pytest.raises(ConnectionFailed) as caught:
            async for _event in ada.events():
                pass
        assert caught.value.came == "ValueError"
        assert home.wires[-1].is_closed
        assert "mine" in caplog.text


async def test_a_branch_that_fails_while_it_comes_back_is_tried_again() -> None:
    async with house() as home, home.link("Ada") as ada:
        opens, left = ada._open_wire, [3]

        async def open_wire() -> Wire:
            if left[0]:
                left[0] -= 1
                raise ServerFault("an answer", "status 503", "wait", status=503, retryable=True)
            return await opens()

        ada._open_wire = open_wire
        home.wires[-1].cut()
        await home.clock.sleep(5)
        assert ada.is_connected


async def test_what_is_too_long_is_refused_before_the_branch_closes_for_it() -> None:
    async with house() as home, home.link("Ada") as ada:
        for say in (ada.say, ada.emote):
            with pytest.raises(InputRefused) as caught:
                say("x" * 4096)
            assert caught.value.code == "message_too_long"
        ada.say("short")
        assert (await next_event(ada)).text == "short"
        assert len(home.tries) == 1


async def test_cancelling_while_leaving_closes_the_wire() -> None:
    async with house() as home:
        link = home.link("Ada")
        await link.__aenter__()
        leaving = asyncio.create_task(link.close())
        await asyncio.sleep(0)
        leaving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await leaving
        assert home.wires[-1].is_closed
        assert [event async for event in link.events()] == []
