"""Being in a branch: one body, everybody else's, and what happens."""

import asyncio
import math
import weakref
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from itertools import pairwise
from random import Random
from typing import TYPE_CHECKING, Final, Self

from .clock import Clock
from .errors import BranchXRError, InputRefused, NotFound, PermissionRefused
from .events import Discontinuity, Event, Participant
from .models import BranchDescription
from .protocol.pose import Pose, PoseFlags, Vector
from .protocol.visitor import Visitor
from .scene.streamer import Scene
from .transport.http import BranchHttp
from .transport.link import Link
from .transport.websocket import open_websocket

if TYPE_CHECKING:
    from .connecting import FrameListener, OpenWire
    from .protocol.floor import Floor
    from .wire import Wire

EVENTS_KEPT: Final = 1024
PUT_BACK_MOST: Final = 5
"""Somebody the branch puts back more often on one way will not arrive."""

_HERE_M: Final = 0.01
_BODY: Final = PoseFlags.HANDS


class Presence:
    """Somebody who is in a branch; use it with `async with`.

    Args:
        name: what to be called, for a guest.
        anchor: path of the spawn anchor to prefer.
        listeners: called with the bytes of each cell frame; may change while it runs.
    """

    def __init__(
        self,
        http: BranchHttp,
        description: BranchDescription,
        scene: Scene,
        *,
        name: str | None,
        anchor: str | None,
        open_wire: "OpenWire | None",
        clock: Clock,
        random: Random,
        listeners: "Sequence[FrameListener]",
    ) -> None:
        self._http = http
        self._url = description.realtime.url
        self._scene = scene
        self._open_wire: OpenWire = open_wire or open_websocket
        self._clock = clock
        self._visitor = Visitor(name=name, anchor=anchor)
        self._link = Link(self._new_wire, self._visitor, clock=clock, random=random)
        self._link.on_frame.append(self._tell_listeners)
        self._listeners = listeners
        self._readers: weakref.WeakSet[EventReader] = weakref.WeakSet()
        self._pump: asyncio.Task[None] | None = None
        self._end: BranchXRError | None = None
        self._position: Vector = (0.0, 0.0, 0.0)
        self._yaw = 0.0
        self._placed_count = 0

    async def __aenter__(self) -> Self:
        await self._link.__aenter__()
        self._pump = asyncio.create_task(self._distribute(), name="branchxr events")
        self._take_place()
        self._send(_BODY)
        return self

    async def __aexit__(self, *_exception: object) -> None:
        await self.leave()

    async def leave(self) -> None:
        """Leave the branch; a second time does nothing."""
        await self._link.close()
        if self._pump is not None:
            with suppress(asyncio.CancelledError):
                await self._pump

    def check_alive(self) -> None:
        """Raise what ended the stay for good, if something has."""
        self._link.check_alive()

    @property
    def you(self) -> Participant:
        """Oneself."""
        you = self._visitor.you
        assert you is not None  # noqa: S101 - the link has been let in
        return you

    @property
    def participants(self) -> Mapping[str, Participant]:
        """Everybody, by id."""
        return dict(self._visitor.participants)

    @property
    def pose_ages_ms(self) -> list[float]:
        """Ages of the latest poses of others when they arrived, milliseconds."""
        return list(self._visitor.pose_ages_ms)

    @property
    def position(self) -> Vector:
        """Where one's own body stands: a point of the floor."""
        self._take_place()
        return self._position

    @property
    def placement(self) -> tuple[int, Vector, float]:
        """How often the branch has put this body somewhere, and where and how turned last."""
        place = self._visitor.place
        if place is None:
            return 0, self._position, self._yaw
        return self._visitor.placed_count, place.position, place.yaw

    def positions(self) -> dict[str, Vector]:
        """Return where everybody's head is now, by participant id."""
        bodies = self._visitor.bodies(self._clock.monotonic())
        by_slot = {who.slot: who.id for who in self._visitor.participants.values()}
        heads = bodies.positions[:, 0].tolist()
        return {
            by_slot[slot]: (x, y, z)
            for slot, (x, y, z) in zip(bodies.slots.tolist(), heads, strict=True)
            if slot in by_slot
        }

    def events(self) -> AsyncIterator[Event]:
        """Return an iterator over what happens from now on; there may be several."""
        reader = EventReader()
        self._readers.add(reader)
        if self._pump is None or self._pump.done():
            reader.end(self._end)
        return reader

    def say(self, text: str) -> None:
        """Say something to everybody."""
        self._link.say(text)

    def emote(self, name: str) -> None:
        """Make a gesture."""
        self._link.emote(name)

    def send_pose_bytes(self, uplink: bytes, *, age_ms: float = 0.0) -> bool:
        """Relay an uplink pose as a stage packed it."""
        return self._link.send_pose_bytes(uplink, age_ms=age_ms)

    async def move(self, position: Vector, yaw: float) -> None:
        """Stand somewhere at once."""
        self.check_alive()
        flags = _BODY | PoseFlags.TELEPORT
        pose = Pose.standing(position, yaw, flags=flags)  # refuses what is no place
        self._position, self._yaw = position, yaw
        self._placed_count = self._visitor.placed_count
        self._link.send_pose(pose)

    async def walk_to(self, target: str | Vector, speed_m_s: float) -> Vector:
        """Walk over the floor; see `Branch.walk_to`."""
        if not (math.isfinite(speed_m_s) and speed_m_s > 0):
            raise InputRefused(
                "a speed above zero", f"{speed_m_s!r:.40}", "1.4 is a person who has time",
                code="speed_refused",
            )  # fmt: skip
        scene = await self._scene.load()
        goal = scene.anchor(target).position if isinstance(target, str) else target
        for _ in range(PUT_BACK_MOST):
            self._take_place()
            way = self._way(scene.floor, goal)
            if way is None:
                raise NotFound(
                    "a way over the floor", f"none to {target!r:.80}", "choose another place",
                    code="path_missing",
                )  # fmt: skip
            if await self._walk(way, speed_m_s):
                self._face(goal)
                return self._position
        fault = self._visitor.fault
        raise PermissionRefused(
            "a walk that the branch allows",
            fault.came if fault else "a body that is put back again and again",
            "walk slower, or elsewhere",
            code="walk_refused",
        )

    # --- inside -----------------------------------------------------------------------------

    def _way(self, floor: "Floor | None", goal: Vector) -> list[Vector] | None:
        if floor is None:  # nothing is known of walls; the branch knows nothing of them either
            return [self._position, (goal[0], self._position[1], goal[2])]
        path = floor.path(self._position, goal)
        return None if path is None else [(x, y, z) for x, y, z in path.tolist()]

    async def _walk(self, way: Sequence[Vector], speed_m_s: float) -> bool:
        """Walk along points; `False` when the branch put the body elsewhere."""
        began = self._clock.monotonic()
        for start, end in pairwise(way):
            length_m = math.dist(start, end)
            if length_m > 0:
                self._yaw = math.atan2(start[0] - end[0], start[2] - end[2])
            while True:
                gone_m = (self._clock.monotonic() - began) * speed_m_s
                if gone_m >= length_m:
                    break
                share = gone_m / length_m
                x, y, z = (a + (b - a) * share for a, b in zip(start, end, strict=True))
                self._position = (x, y, z)
                self._send(_BODY)
                await self._link.wait_for_sample()
                self.check_alive()
                if self._visitor.placed_count != self._placed_count:
                    return False
            began += length_m / speed_m_s
        self._position = way[-1]
        self._send(_BODY)
        await self._link.wait_for_sample()
        return self._visitor.placed_count == self._placed_count

    def _face(self, goal: Vector) -> None:
        x, _y, z = self._position
        if math.hypot(goal[0] - x, goal[2] - z) > _HERE_M:
            self._yaw = math.atan2(x - goal[0], z - goal[2])
            self._send(_BODY)

    def _take_place(self) -> None:
        """Accept where the branch has put the body."""
        place = self._visitor.place
        if place is not None and self._visitor.placed_count != self._placed_count:
            self._position, self._yaw = place.position, place.yaw
            self._placed_count = self._visitor.placed_count

    def _send(self, flags: PoseFlags) -> None:
        self._link.send_pose(Pose.standing(self._position, self._yaw, flags=flags))

    async def _new_wire(self) -> "Wire":
        return await self._open_wire(self._url, await self._http.websocket_headers(self._url))

    def _tell_listeners(self, frame: bytes) -> None:
        for listener in tuple(self._listeners):
            listener(frame)

    async def _distribute(self) -> None:
        try:
            async for event in self._link.events():
                for reader in tuple(self._readers):
                    reader.put(event)
        except BranchXRError as error:
            self._end = error
        finally:
            for reader in tuple(self._readers):
                reader.end(self._end)


class EventReader:
    """One iteration over events; a reader who is too slow gets one `Discontinuity` instead."""

    def __init__(self) -> None:
        self._waiting: deque[Event] = deque()
        self._changed = asyncio.Event()
        self._is_over = False
        self._error: BranchXRError | None = None

    def __aiter__(self) -> "EventReader":
        return self

    async def __anext__(self) -> Event:
        while not self._waiting:
            if self._is_over:
                if self._error is not None:
                    raise self._error
                raise StopAsyncIteration
            self._changed.clear()
            await self._changed.wait()
        return self._waiting.popleft()

    def put(self, event: Event) -> None:
        """Take an event."""
        if len(self._waiting) >= EVENTS_KEPT:
            self._waiting.clear()
            event = Discontinuity()
        self._waiting.append(event)
        self._changed.set()

    def end(self, error: BranchXRError | None) -> None:
        """End the iteration, after what waits."""
        self._is_over = True
        self._error = error
        self._changed.set()
