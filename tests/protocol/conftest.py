"""A room and its visitors without any I/O: what is on its way lies in plain queues."""

from collections import deque
from collections.abc import Callable, Iterable
from itertools import count

import numpy as np
import pytest

from branchxr.events import Event
from branchxr.models import Role
from branchxr.protocol.floor import Floor
from branchxr.protocol.frames import CellFrame
from branchxr.protocol.messages import Fault, Placed, encode, parse_from_branch
from branchxr.protocol.plan import Anchor, BranchPlan, Cell
from branchxr.protocol.pose import Pose, Vector
from branchxr.protocol.room import Room
from branchxr.protocol.session import Close, Grant, RoomLimits, Send
from branchxr.protocol.visitor import Visitor

GUEST_SCOPES = frozenset({"look", "walk"})
ALL_SCOPES = GUEST_SCOPES | {"chat", "accounts", "pay"}


class Client:
    """A visitor and the two queues between it and the room."""

    def __init__(self, hall: "Hall", grant: Grant, visitor: Visitor) -> None:
        self.hall = hall
        self.grant = grant
        self.visitor = visitor
        self.connection: int | None = None
        self.up: deque[str | bytes] = deque()
        self.down: deque[str | bytes] = deque()
        self.events: list[Event] = []
        self.frames: list[CellFrame] = []
        self.faults: list[Fault] = []
        self.placed: list[str] = []
        self.closed: tuple[int, str] | None = None
        self.waiting_bytes = 0
        self._stood: Vector | None = None

    @property
    def slot(self) -> int:
        assert self.visitor.you
        return self.visitor.you.slot

    @property
    def position(self) -> Vector:
        """Where it last stood, or was put since."""
        assert self.visitor.place
        return self._stood or self.visitor.place.position

    def connect(self) -> "Client":
        self.connection = self.hall.room.connect(self.grant, self.hall.now)
        self.closed = None
        self.visitor.connected(self.hall.now)
        return self

    def cut(self) -> None:
        """Break the wire: what is on its way is lost, and the room notices."""
        self.up.clear()
        self.down.clear()
        if self.connection is not None:
            self.hall.room.disconnect(self.connection, self.hall.now)
        self.lose("cut")

    def lose(self, reason: str) -> None:
        self.connection = None
        self.events += self.visitor.lost(reason)

    def send(self, message: str | bytes) -> None:
        self.up.append(message)

    def stand(self, position: Vector, *, yaw: float = 0.0, **more: object) -> None:
        """Send a pose of somebody standing at a point of the floor."""
        pose = Pose.standing(position, yaw, **more)  # type: ignore[arg-type]
        self._stood = position
        self.send(self.visitor.pose(pose, self.hall.now))

    def take_one_up(self) -> None:
        message = self.up.popleft()
        if self.connection is not None:
            if isinstance(message, str):
                self.hall.room.receive_text(self.connection, message, self.hall.now)
            else:
                self.hall.room.receive_pose(self.connection, message, self.hall.now)

    def take_one_down(self) -> None:
        message = self.down.popleft()
        if isinstance(message, bytes):
            frame = self.visitor.receive_frame(message, self.hall.now)
            if frame is not None:
                self.frames.append(frame)
            return
        parsed = parse_from_branch(message)
        if isinstance(parsed, Fault):
            self.faults.append(parsed)
        elif isinstance(parsed, Placed):
            self.placed.append(parsed.reason)
            self._stood = None
        self.events += self.visitor.receive_text(message, self.hall.now)


class Hall:
    """A room, its time and its clients."""

    def __init__(self, plan: BranchPlan | None = None, limits: RoomLimits | None = None) -> None:
        tokens = count(1)
        self.now = 1000.0
        self.room = Room(
            plan or BranchPlan(), new_token=lambda: f"token-{next(tokens)}", limits=limits
        )
        self.clients: list[Client] = []
        self.is_beating = True

    def client(
        self,
        name: str = "Ada",
        *,
        wish: str | None = None,
        anchor: str | None = None,
        role: Role = Role.VISITOR,
        scopes: Iterable[str] = ALL_SCOPES,
        participant: str | None = None,
    ) -> Client:
        identity = participant or f"participant-{len(self.clients) + 1}"
        grant = Grant(identity, name, role, frozenset(scopes), f"sid-{identity}")
        client = Client(self, grant, Visitor(name=wish, anchor=anchor))
        self.clients.append(client)
        return client

    def enter(self, name: str = "Ada", **more: object) -> Client:
        client = self.client(name, **more).connect()  # type: ignore[arg-type]
        self.settle()
        return client

    def route(self) -> None:
        """Put what the room has to say onto its way."""
        by_number = {c.connection: c for c in self.clients if c.connection is not None}
        for action in self.room.drain():
            if isinstance(action, Send):
                for number in action.to:
                    if number in by_number:
                        by_number[number].down.append(action.payload)
            elif isinstance(action, Close) and action.connection in by_number:
                client = by_number.pop(action.connection)
                while client.down:
                    client.take_one_down()
                client.up.clear()
                client.closed = (action.code, action.reason)
                client.lose(action.reason)

    def settle(self) -> None:
        """Deliver everything until nobody has anything to say."""
        while True:
            self.route()
            for client in self.clients:
                client.up.extend(client.visitor.drain())
            if not any(client.up or client.down for client in self.clients):
                return
            for client in self.clients:
                while client.up:
                    client.take_one_up()
                while client.down:
                    client.take_one_down()

    def tick(self, seconds: float = 0.05) -> None:
        """Let time pass and a tick happen; then deliver everything."""
        if self.is_beating:
            for client in self.clients:
                client.visitor.heartbeat(self.now)
            self.settle()
        self.now += seconds
        waiting = {c.connection: c.waiting_bytes for c in self.clients}
        self.room.tick(self.now, lambda number: waiting.get(number, 0))
        self.settle()

    def run(self, seconds: float) -> None:
        """Let time pass in ticks."""
        end = self.now + seconds
        while self.now < end - 1e-9:
            self.tick()


@pytest.fixture
def make_hall() -> Callable[..., Hall]:
    return Hall


@pytest.fixture
def hall() -> Hall:
    return Hall()


def walled_plan() -> BranchPlan:
    """Return 20 m by 12 m with a wall across x = 0 and a door in it at z = 4..5.

    Two spawns in the west (one for staff), a seat in the east beside its table.
    """
    walkable = np.ones((120, 200), dtype=bool)
    walkable[:, 97:103] = False
    walkable[100:110, 97:103] = True
    walkable[18:22, 148:152] = False  # the chair
    floor = Floor(walkable, origin=(-10.0, -6.0), seeds=[(-5.0, 0.0)])
    anchors = (
        Anchor("Spawn", "spawn", (-5.0, 0.0, 0.0), capacity=2, audience="customer"),
        Anchor("Staff", "spawn", (-8.0, 0.0, 3.0), audience="staff"),
        Anchor("Chair/Seat", "seat", (5.0, 0.5, -4.0)),
    )
    return BranchPlan((Cell(1, (0.0, 0.0, 0.0)),), anchors, floor)


@pytest.fixture
def walled() -> Hall:
    return Hall(walled_plan())


def as_text(message: object) -> str:
    return encode(message)  # type: ignore[arg-type]
