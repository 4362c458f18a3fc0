"""The client's side of the realtime protocol: a state machine without sockets, clock or tasks.

    connected -> join -> (text | frame | pose | heartbeat)* -> lost -> connected -> resume -> ...

Messages and times (seconds of a monotonic clock) go in; events come back; `drain()` gives what to
send. The shell is `transport.link`.
"""

from collections import deque
from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..errors import InputRefused, ProtocolError, RateLimited
from ..events import (
    Changed,
    Chat,
    Disconnected,
    Discontinuity,
    Emote,
    Entered,
    Event,
    Left,
    Participant,
    Reconnected,
    Refused,
)
from . import messages as m
from .frames import CellFrame, FrameType, pack_uplink, parse_frame, parse_uplink
from .interpolation import Bodies, Interpolator
from .phase import SamplingClock, ServerClock
from .plan import CELL_M, BranchPlan, Cell
from .pose import Pose, PoseFlags, Vector
from .reliable import ReceivedCount, SentRing

PING_S: Final = 5.0
FIRST_PINGS_S: Final = (0.2, 0.6, 1.4)
"""After joining, to learn the branch's clock from more than one round trip."""

REST_S: Final = 0.08
REST_REPEATS: Final = 2
"""Whoever stops sending poses is at rest: the last one goes out twice more, so that others see
the body stop instead of drifting on for 100 ms."""

SILENCE_S: Final = 10.0
AGES_KEPT: Final = 8192
OUTBOX_MESSAGES: Final = 64
SEQ_LONGEST: Final = 2**53
MAX_MS: Final = 2**45
"""A thousand years; beyond, doubles are too coarse for a phase and every sample would be due."""


class Visitor:
    """Somebody in a branch, as their client sees it.

    Args:
        name: what to be called; the session's own name without it.
        anchor: path of the spawn anchor to prefer.

    Attributes:
        place: where the branch last put this body: when coming in, or back after a refused pose.
        placed_count: rises with each `place`, so that whoever walks sees that they were put back.
        fault: what the branch last refused; says why when it closes the wire.
        pose_ages_ms: ages of the latest poses of others when their frame arrived, counted from
            the sender's sample; see docs/protocol.md. Empty until the branch's clock is known.
    """

    def __init__(self, *, name: str | None = None, anchor: str | None = None) -> None:
        self._name = name
        self._anchor = anchor
        self._token: str | None = None
        self._is_joined = False
        self._outgoing: list[str | bytes] = []
        self._participants: dict[str, Participant] = {}
        self._plan = BranchPlan()
        self._cell = Cell(0, (0.0, 0.0, 0.0))
        self._sent = SentRing(max_messages=OUTBOX_MESSAGES)
        self._received = ReceivedCount()
        self._heard_at = 0.0
        self._pings_at: deque[float] = deque()
        self._bodies = Interpolator()
        self._last_uplink: bytes | None = None
        self._uplink_at = 0.0
        self._rests_left = 0
        self.server_clock = ServerClock()
        self.sampling = SamplingClock(self.server_clock)
        self.you: Participant | None = None
        self.place: m.Whereabouts | None = None
        self.placed_count = 0
        self.fault: m.Fault | None = None
        self.cells: frozenset[int] = frozenset()
        self.pose_ages_ms: deque[float] = deque(maxlen=AGES_KEPT)

    @property
    def is_joined(self) -> bool:
        """Whether the branch has let this client in, on the connection there is now."""
        return self._is_joined

    @property
    def participants(self) -> Mapping[str, Participant]:
        """Everybody who is in the branch, oneself included, by id."""
        return self._participants

    def drain(self) -> list[str | bytes]:
        """Return what is to be sent, in order, and forget it."""
        messages, self._outgoing = self._outgoing, []
        return messages

    # --- the connection -----------------------------------------------------------------------

    def connected(self, now: float) -> None:
        """Begin on a new wire: join, or resume what broke."""
        self._heard_at = now
        self._outgoing.clear()
        self.server_clock.reset()
        if self._token is None:
            self._send(m.Join(self._name, self._anchor, now * 1000))
        else:
            last_seq = self._received.last_seq
            self._send(m.Resume(self._token, last_seq, self._name, self._anchor, now * 1000))

    def lost(self, reason: str) -> list[Event]:
        """Note that the wire is gone; bodies stay as they were until it is back."""
        was_joined, self._is_joined = self._is_joined, False
        self._outgoing.clear()
        self._pings_at.clear()
        return [Disconnected(reason)] if was_joined else []

    def heartbeat(self, now: float) -> None:
        """Send what is due; call it some times a second."""
        if self._is_joined and self._pings_at and now >= self._pings_at[0]:
            self._pings_at.popleft()
            if not self._pings_at:
                self._pings_at.append(now + PING_S)
            self._send(m.Ping(now * 1000, self._received.last_seq))

    def is_silent(self, now: float) -> bool:
        """Whether nothing has been heard for so long that the wire must be dead."""
        return now - self._heard_at > SILENCE_S

    def receive_text(self, text: str, now: float) -> list[Event]:
        """Take a control message.

        Returns:
            what happened, in order.

        Raises:
            ProtocolError: `message_malformed` or `seq_gap`; close the wire.
        """
        self._heard_at = now
        message = m.parse_from_branch(text)
        match message:
            case m.Welcome():
                return self._welcomed(message, now)
            case m.Resumed():
                return self._resumed(message, now)
            case m.Presence() | m.Chat() | m.Emote():
                return self._happened(message) if self._received.take(message.seq) else []
            case m.Phase():
                self.sampling.adjust(lead_ms=message.lead_ms, jitter_ms=message.jitter_ms)
            case m.Placed():
                self._put(message.place)
            case m.Subscribed():
                self._watch(message.cells)
            case m.Pong():
                self._note_clock(message.client_ms, message.server_ms, now)
                self._sent.acknowledge(message.ack)
            case m.Fault():
                self.fault = message
                return [Refused(message.code, message.expected, message.came, message.remedy)]
        return []

    def receive_frame(self, message: bytes, now: float) -> CellFrame | None:
        """Take a binary message.

        Returns:
            the frame, or `None` for one of a type that this version does not know.

        Raises:
            ProtocolError: it is broken; close the wire.
        """
        self._heard_at = now
        if message[:1] != bytes([FrameType.KEY]):
            return None
        frame = parse_frame(message)
        cell = self._plan.cell(frame.cell)
        if cell is None or frame.cell not in self.cells:
            return None  # it was on its way when the subscription changed
        now_ms = now * 1000
        is_new = self._bodies.feed(frame, now_ms, origin=cell.origin)
        if self.server_clock.is_set:
            self._note_ages(frame, is_new, now_ms)
        return frame

    # --- what the client does -----------------------------------------------------------------

    def say(self, text: str) -> None:
        """Say something to everybody.

        Raises:
            RateLimited: too much waits for a connection that is gone.
            InputRefused: `text_malformed`: half of a surrogate pair; `message_too_long`.
        """
        self._send_reliably(lambda seq: m.Say(seq, text))

    def emote(self, name: str) -> None:
        """Make a gesture; raises as `say`."""
        self._send_reliably(lambda seq: m.Gesture(seq, name))

    def subscribe(self, cells: list[int]) -> None:
        """Ask for the frames of these cells; none means "mine and those around it"."""
        if self._is_joined:
            self._send(m.Subscribe(cells))

    def leave(self) -> None:
        """Go for good."""
        if self._is_joined:
            self._send(m.Leave())

    def pose(self, pose: Pose, now: float) -> bytes:
        """Pack a pose sampled now, relative to the cell it is in."""
        self._cell = self._cell_for(pose.head_position)
        stamp = self._server_stamp(now)
        uplink = pack_uplink(pose, cell=self._cell.id, client_ms=stamp, origin=self._cell.origin)
        self._note_sent(uplink, now)
        return uplink

    def relay(self, uplink: bytes, now: float, *, age_ms: float = 0.0) -> bytes:
        """Stamp a pose that a stage packed with the branch's time; the body stays as it is.

        Args:
            uplink: 38 bytes.
            now: seconds.
            age_ms: how long ago the stage sampled it, as far as known.

        Raises:
            ProtocolError: `frame_length` or `frame_type`.
        """
        parse_uplink(uplink)
        stamped = self._restamp(uplink, now - age_ms / 1000)
        self._note_sent(stamped, now)
        return stamped

    def is_resting(self, now: float) -> bool:
        """Whether the last pose is to be sent again; see `rest`."""
        return (
            self._is_joined
            and self._rests_left > 0
            and self._last_uplink is not None
            and now - self._uplink_at > REST_S
        )

    def rest(self, now: float) -> bytes | None:
        """Return the last pose as one sampled now, without its teleport, if it is to be sent."""
        if not self.is_resting(now) or self._last_uplink is None:
            return None
        self._rests_left -= 1
        stamped = bytearray(self._restamp(self._last_uplink, now))
        stamped[1] &= 0xFF ^ PoseFlags.TELEPORT
        return bytes(stamped)

    def next_sample_at(self, now: float) -> float:
        """Return when to sample the next pose, in phase with the branch's tick."""
        return self.sampling.next_ms(now * 1000) / 1000

    def bodies(self, now: float) -> Bodies:
        """Return everybody's body as it is to be shown now, one's own included."""
        return self._bodies.sample(now * 1000)

    # --- inside -----------------------------------------------------------------------------

    def _welcomed(self, message: m.Welcome, now: float) -> list[Event]:
        events: list[Event] = []
        if self._token is not None:
            events = [Discontinuity(), *self._differences(message.present)]
            # Whether the branch has heard what waits here is not known: it is not said twice.
            self._sent = SentRing(max_messages=OUTBOX_MESSAGES)
        self._token = message.token
        self._received = ReceivedCount()
        self._participants = {participant.id: participant for participant in message.present}
        self.you = message.you
        self._plan = BranchPlan(tuple(Cell(cell.id, cell.origin) for cell in message.cells))
        self._bodies = Interpolator(interval_ms=message.tick_ms)
        self._begin(message, now)
        self._outgoing.extend(self._sent.since(0) or [])
        return events

    def _resumed(self, message: m.Resumed, now: float) -> list[Event]:
        self._bodies.clear()
        self._begin(message, now)
        self._sent.acknowledge(message.ack)
        self._outgoing.extend(self._sent.since(message.ack) or [])
        return [Reconnected()]

    def _begin(self, message: m.Welcome | m.Resumed, now: float) -> None:
        self._is_joined = True
        self._pings_at = deque(now + after_s for after_s in (*FIRST_PINGS_S, PING_S))
        self._note_clock(message.client_ms, message.server_ms, now)
        self._watch(message.subscribed)
        self._put(message.place)

    def _put(self, place: m.Whereabouts) -> None:
        self.place = place
        self.placed_count += 1
        self._last_uplink = None
        self._cell = self._plan.cell(place.cell) or self._cell

    def _watch(self, cells: list[int]) -> None:
        # Cell ids are 16 bits in every frame: no body can be in another one.
        self.cells = frozenset(cell for cell in cells if 0 <= cell <= 0xFFFF)
        self._bodies.keep_cells(self.cells)

    def _differences(self, present: list[Participant]) -> list[Event]:
        """Say who came and went while nobody was listening."""
        now_here = {participant.id: participant for participant in present}
        events: list[Event] = [
            Left(gone) for gone in self._participants.values() if gone.id not in now_here
        ]
        for participant in present:
            known = self._participants.get(participant.id)
            if known is None:
                events.append(Entered(participant))
            elif known != participant:
                events.append(Changed(participant))
        return events

    def _happened(self, message: m.Presence | m.Chat | m.Emote) -> list[Event]:
        if isinstance(message, m.Presence):
            return self._presence_changed(message)
        who = self._participants.get(message.participant)
        if who is None:
            return []
        if isinstance(message, m.Chat):
            return [Chat(who, message.text)]
        return [Emote(who, message.emote)]

    def _presence_changed(self, message: m.Presence) -> list[Event]:
        who = message.participant
        if message.change == "left":
            self._participants.pop(who.id, None)
            self._bodies.forget([who.slot])
            return [Left(who)]
        self._participants[who.id] = who
        if self.you is not None and who.id == self.you.id:
            self.you = who
        if message.change == "entered":
            self._bodies.forget([who.slot])  # a new generation is another body
            return [Entered(who)]
        return [Changed(who)]

    def _note_clock(self, sent_ms: float, server_ms: float, now: float) -> None:
        if not 0 <= server_ms <= MAX_MS or abs(sent_ms) > MAX_MS:
            raise ProtocolError(
                f"a time of 0 to {MAX_MS} ms", "another number", "check the address",
                code="message_malformed",
            )  # fmt: skip
        self.server_clock.note(sent_ms=sent_ms, received_ms=now * 1000, server_ms=server_ms)

    def _note_ages(self, frame: CellFrame, is_new: NDArray[np.bool_], now_ms: float) -> None:
        transit_ms = self.server_clock.server_ms(now_ms) - frame.packed_ms
        if self.you is not None:
            is_new = is_new & (frame.slots != self.you.slot)
        self.pose_ages_ms.extend((frame.records["age_ms"][is_new] + transit_ms).tolist())

    def _note_sent(self, uplink: bytes, now: float) -> None:
        self._last_uplink, self._uplink_at, self._rests_left = uplink, now, REST_REPEATS

    def _restamp(self, uplink: bytes, now: float) -> bytes:
        stamp = self._server_stamp(now).to_bytes(4, "little")
        return b"".join((uplink[:4], stamp, uplink[8:]))

    def _server_stamp(self, now: float) -> int:
        if not self.server_clock.is_set:
            return 0
        return int(self.server_clock.server_ms(now * 1000) + 0.5) & 0xFFFFFFFF

    def _cell_for(self, head: Vector) -> Cell:
        """Stay in a cell until a metre beyond its square, so that nobody flickers."""
        x, y, z = (a - b for a, b in zip(head, self._cell.origin, strict=True))
        if max(abs(x), abs(z)) <= CELL_M / 2 + 1.0 and 0.0 <= y <= 2.6:
            return self._cell
        return self._plan.cell_at((head[0], head[1] - 1.0, head[2]))

    def _send(self, message: m.FromClient) -> None:
        self._outgoing.append(m.encode(message))

    def _send_reliably(self, make: Callable[[int], m.FromClient]) -> None:
        if self._sent.is_full:
            raise RateLimited(
                f"at most {OUTBOX_MESSAGES} messages on their way",
                "one more",
                "wait until the connection is back",
                code="outbox_full",
            )
        try:
            size_bytes = len(m.encode(make(SEQ_LONGEST)).encode())
        except UnicodeEncodeError as error:
            raise InputRefused(
                "text that UTF-8 can carry", "half of a surrogate pair", "check where it came from",
                code="text_malformed",
            ) from error  # fmt: skip
        if size_bytes > m.MAX_MESSAGE_BYTES:  # the branch would close the connection for good
            raise InputRefused(
                f"a message of at most {m.MAX_MESSAGE_BYTES} bytes", f"{size_bytes} bytes",
                "say it in parts", code="message_too_long",
            )  # fmt: skip
        text = self._sent.append(lambda seq: m.encode(make(seq)))
        if self._is_joined:
            self._outgoing.append(text)
