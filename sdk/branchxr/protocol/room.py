"""The branch's side of the realtime protocol: a state machine without sockets, clock or tasks.

Bytes and times go in, `drain()` gives what to send to whom and whom to close. The shells are
`server.socket` and `server.ticker`; tests drive it directly.

    connect -> join | resume -> (text | pose | tick)* -> disconnect -> resume within 120 s | gone

Nothing a client sends names a sender: whoever speaks is whoever the connection's token says.
"""

import hmac
import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Final

from ..errors import ProtocolError
from ..events import Participant
from ..models import Role
from ..operations import Scope
from . import messages as m
from .arrivals import Refused, admit, join_first, refused
from .crowd import Crowd
from .frames import TICK_MS, UPLINK_BYTES, FrameType, parse_uplink
from .plan import BranchPlan
from .reliable import ReceivedCount, SentRing
from .session import (
    EVERY_SCOPE_ROLES,
    Close,
    Connection,
    Grant,
    RoomLimits,
    Send,
    Session,
    TokenBucket,
)
from .wording import clean_name, distinct, fault_of_chat

PHASE_S: Final = 2.0
HOUSEKEEPING_S: Final = 0.5
_EMOTE: Final = re.compile(r"[a-z][a-z0-9_]{0,31}")


class Room:
    """Everybody in a branch.

    Args:
        plan: cells, floor and anchors.
        new_token: makes a secret of at least 128 bits, for resuming.
        limits: what is allowed at most.
    """

    def __init__(
        self, plan: BranchPlan, *, new_token: Callable[[], str], limits: RoomLimits | None = None
    ) -> None:
        self.plan = plan
        self.limits = limits or RoomLimits()
        self._new_token = new_token
        self._crowd = Crowd(plan, self.limits)
        self._connections: dict[int, Connection] = {}
        self._sessions: dict[str, Session] = {}
        self._outgoing: list[Send | Close] = []
        self._last_connection = 0
        self._now = 0.0
        self._housekeeping_at = 0.0

    @property
    def participants(self) -> tuple[Participant, ...]:
        """Everybody who is in, or expected back, in the order they came."""
        return tuple(session.participant for session in self._sessions.values())

    def drain(self) -> list[Send | Close]:
        """Return what is to be done, in order, and forget it."""
        actions, self._outgoing = self._outgoing, []
        return actions

    # --- connections ------------------------------------------------------------------------

    def connect(self, grant: Grant, now: float) -> int:
        """Take a connection whose token was checked; return its number."""
        self._now = now
        for other in self._waiting(grant.participant):
            # One may wait at a time: nobody fills the branch with connections that never join.
            self._close(other, m.CloseCode.REPLACED, "replaced")
        self._last_connection += 1
        rate_hz = self.limits.message_hz
        self._connections[self._last_connection] = Connection(
            self._last_connection, grant, now, now, TokenBucket(rate_hz, burst=5 * rate_hz, now=now)
        )
        return self._last_connection

    def disconnect(self, connection_id: int, now: float) -> None:
        """Note that a wire is gone, whoever closed it; its session may be resumed."""
        self._now = now
        connection = self._connections.pop(connection_id, None)
        if connection is not None and connection.session is not None:
            connection.session.connection = None
            connection.session.detached_at = now

    def receive_text(self, connection_id: int, text: str, now: float) -> None:
        """Take a control message."""
        connection = self._hear(connection_id, now)
        if connection is None:
            return
        if len(text.encode(errors="surrogatepass")) > self.limits.message_bytes:
            self._close(connection, m.CloseCode.TOO_BIG, "message_too_long")
            return
        try:
            self._handle(connection, m.parse_from_client(text), now)
        except ProtocolError as error:
            self._refuse_connection(connection, error, m.CloseCode.PROTOCOL)
        except Refused as refusal:
            self._refuse_connection(connection, refusal.error, refusal.close_code)

    def receive_pose(self, connection_id: int, message: bytes, now: float) -> None:
        """Take a binary message, which must be a pose."""
        connection = self._hear(connection_id, now)
        if connection is None:
            return
        session = connection.session
        if session is None:
            self._refuse_connection(connection, join_first(), m.CloseCode.PROTOCOL)
        elif len(message) != UPLINK_BYTES or message[0] != FrameType.POSE:
            try:
                parse_uplink(message)
            except ProtocolError as error:
                self._refuse_connection(connection, error, m.CloseCode.PROTOCOL)
        else:
            self._move(session, message, now)

    # --- what the rest of the branch decides --------------------------------------------------

    def change(
        self,
        participant_id: str,
        *,
        name: str | None = None,
        role: Role | None = None,
        scopes: Iterable[str] | None = None,
    ) -> None:
        """Change somebody's name, role or scopes, as when they sign in; the slot stays.

        A name that looks like another's gets a number. Without `scopes` a role brings its own.
        """
        if scopes is None and role in EVERY_SCOPE_ROLES:
            scopes = (scope.value for scope in Scope)
        granted = None if scopes is None else frozenset(scopes)
        changes = {"name": name, "role": role, "scopes": granted}
        for waiting in self._waiting(participant_id):  # its token was read before this
            changed = {what: value for what, value in changes.items() if value is not None}
            waiting.grant = replace(waiting.grant, **changed)  # type: ignore[arg-type]
        session = self._sessions.get(participant_id)
        if session is None:
            return
        before = session.participant
        if name is not None:
            session.name = distinct(clean_name(name), others=self._names(session))
        if role is not None:
            session.role = role
        if granted is not None:
            session.scopes = granted
        if session.participant != before:
            self._announce("changed", session.participant)

    def expel(self, participant_id: str) -> None:
        """End somebody's stay: their session was revoked or has expired."""
        for waiting in self._waiting(participant_id):
            self._close(waiting, m.CloseCode.SESSION_ENDED, "session_ended")
        session = self._sessions.get(participant_id)
        if session is None:
            return
        if session.connection is not None:
            self._close(session.connection, m.CloseCode.SESSION_ENDED, "session_ended")
        self._remove(session)

    # --- the tick ---------------------------------------------------------------------------

    def tick(self, now: float, buffered: Callable[[int], int]) -> None:
        """Send every cell's frame of this tick; a tick that has been is passed over.

        Args:
            now: seconds.
            buffered: tells how many bytes wait to be taken at a connection.
        """
        self._now = now
        if now >= self._housekeeping_at:
            self._housekeeping_at = now + HOUSEKEEPING_S
            self._keep_house(now)
        sends, too_slow = self._crowd.frames(self._sessions.values(), now, buffered)
        self._outgoing.extend(sends)
        for connection in too_slow:
            self._close(connection, m.CloseCode.SLOW, "slow_consumer")

    def _keep_house(self, now: float) -> None:
        limits = self.limits
        for connection in list(self._connections.values()):
            since = connection.heard_at if connection.session else connection.opened_at
            if now - since > limits.silence_s:
                self._close(connection, m.CloseCode.SILENT, "silent")
        for session in list(self._sessions.values()):
            if session.connection is not None:
                if now >= session.phase_at:
                    self._report_phase(session, now)
            elif now - session.detached_at > limits.resume_s:
                self._remove(session)
            elif now - session.detached_at > limits.hide_s and not session.is_hidden:
                session.is_hidden = True
                self._crowd.hide(session)

    def _report_phase(self, session: Session, now: float) -> None:
        session.phase_at = now + PHASE_S
        report = session.meter.report()
        if report is not None:
            lead_ms, jitter_ms = report
            self._send(session, m.Phase(round(lead_ms, 2), round(jitter_ms, 2)))

    # --- messages ---------------------------------------------------------------------------

    def _handle(self, connection: Connection, message: m.ClientMessage, now: float) -> None:
        session = connection.session
        if session is None:
            if isinstance(message, m.Join):
                self._join(connection, message, now)
            elif isinstance(message, m.Resume):
                self._resume(connection, message, now)
            else:
                raise join_first()
            return
        match message:
            case m.Say():
                self._say(session, message, now)
            case m.Gesture():
                self._gesture(session, message, now)
            case m.Ping():
                session.sent.acknowledge(message.ack)
                ack = session.received.last_seq
                self._send(session, m.Pong(message.client_ms, now * 1000, ack))
            case m.Subscribe():
                self._subscribe(session, message)
            case m.Leave():
                self._close(connection, m.CloseCode.NORMAL, "left")
                self._remove(session)
            case _:
                raise ProtocolError(
                    "one join or resume for a connection",
                    "another one",
                    "open a new connection",
                    code="join_repeated",
                )

    def _join(self, connection: Connection, message: m.Join | m.Resume, now: float) -> None:
        grant = connection.grant
        if Scope.LOOK not in grant.scopes:
            raise refused("scope_missing", "a token with scope look", "one without it")
        session = self._sessions.get(grant.participant)
        if session is None:
            session = admit(
                grant,
                message,
                sessions=self._sessions.values(),
                crowd=self._crowd,
                plan=self.plan,
                limits=self.limits,
                new_token=self._new_token,
                now=now,
            )
            self._announce("entered", session.participant)
            self._sessions[grant.participant] = session
        else:
            # It is the same person, whose connection broke or who opened another one: the body
            # stays where it is, numbering starts again.
            session.token = self._new_token()
            limits = self.limits
            session.sent = SentRing(max_messages=limits.ring_messages, max_bytes=limits.ring_bytes)
            session.received = ReceivedCount()
        self._attach(session, connection, now)
        self._send(
            session,
            m.Welcome(
                token=session.token,
                you=session.participant,
                place=session.whereabouts,
                cells=[m.CellAddress(cell.id, cell.origin) for cell in self.plan.cells],
                subscribed=sorted(session.cells),
                present=list(self.participants),
                client_ms=message.client_ms,
                server_ms=now * 1000,
                tick_ms=TICK_MS,
                pose_hz=self.limits.pose_hz,
                chat_characters=self.limits.chat_characters,
            ),
        )

    def _resume(self, connection: Connection, message: m.Resume, now: float) -> None:
        session = self._sessions.get(connection.grant.participant)
        backlog = None
        if session and hmac.compare_digest(session.token.encode(), message.token.encode()):
            backlog = session.sent.since(message.last_seq)
        if session is None or backlog is None:
            self._join(connection, message, now)
            return
        session.sent.acknowledge(message.last_seq)
        self._attach(session, connection, now)
        resumed = m.Resumed(
            ack=session.received.last_seq,
            place=session.whereabouts,
            subscribed=sorted(session.cells),
            client_ms=message.client_ms,
            server_ms=now * 1000,
        )
        self._send(session, resumed)
        self._outgoing.extend(Send(text, (connection.id,)) for text in backlog)
        self._update_grant(session, connection.grant)

    def _say(self, session: Session, message: m.Say, now: float) -> None:
        if not session.received.take(message.seq):
            return
        text = unicodedata.normalize("NFC", message.text)
        fault = fault_of_chat(text, max_characters=self.limits.chat_characters)
        if Scope.CHAT not in session.scopes:
            self._complain(session, "scope_missing", "a token with scope chat", seq=message.seq)
        elif fault is not None:
            self._complain(session, "chat_refused", "plain text", came=fault, seq=message.seq)
        elif not session.chats.take(now):
            self._complain(session, "rate_limited", "fewer messages", seq=message.seq)
        else:
            sender = session.grant.participant
            self._tell_all(lambda seq: m.Chat(seq, sender, text))

    def _gesture(self, session: Session, message: m.Gesture, now: float) -> None:
        if not session.received.take(message.seq):
            return
        emote = message.emote
        if Scope.WALK not in session.scopes:
            self._complain(session, "scope_missing", "a token with scope walk", seq=message.seq)
        elif not _EMOTE.fullmatch(emote):
            self._complain(session, "emote_refused", "a name such as 'wave'", seq=message.seq)
        elif not session.emotes.take(now):
            self._complain(session, "rate_limited", "fewer gestures", seq=message.seq)
        else:
            sender = session.grant.participant
            self._tell_all(lambda seq: m.Emote(seq, sender, emote))

    def _subscribe(self, session: Session, message: m.Subscribe) -> None:
        wished = frozenset(message.cells)
        if len(wished) > self.limits.subscribed_cells or any(
            self.plan.cell(cell) is None for cell in wished
        ):
            self._complain(session, "cell_unknown", "cells of this branch, at most 25")
            return
        session.is_following = not wished
        self._watch(session, wished or self._crowd.around(session))

    # --- bodies -----------------------------------------------------------------------------

    def _move(self, session: Session, uplink: bytes, now: float) -> None:
        session.meter.note(now * 1000)
        if Scope.WALK not in session.scopes:
            self._put_back(session, "scope", now)
        elif not session.poses.take(now):
            if session.complaints.take(now):
                self._complain(session, "rate_limited", f"{self.limits.pose_hz:g} poses a second")
        else:
            old_cell = session.body.cell
            refusal = self._crowd.move(session, uplink, now)
            if refusal is not None:
                self._put_back(session, refusal, now)
            elif session.body.cell != old_cell and session.is_following:
                self._watch(session, self._crowd.around(session))

    def _put_back(self, session: Session, reason: str, now: float) -> None:
        if session.complaints.take(now):
            self._send(session, m.Placed(session.whereabouts, reason))

    def _watch(self, session: Session, cells: frozenset[int]) -> None:
        if cells == session.cells:
            return
        session.missing = (session.missing | (cells - session.cells)) & cells
        session.cells = cells
        self._send(session, m.Subscribed(sorted(cells)))

    # --- inside -----------------------------------------------------------------------------

    def _hear(self, connection_id: int, now: float) -> Connection | None:
        self._now = now
        connection = self._connections.get(connection_id)
        if connection is None:
            return None
        connection.heard_at = now
        if not connection.messages.take(now):
            self._close(connection, m.CloseCode.FLOOD, "rate_limited")
            return None
        return connection

    def _attach(self, session: Session, connection: Connection, now: float) -> None:
        if session.connection is not None:
            self._close(session.connection, m.CloseCode.REPLACED, "replaced")
        session.connection, connection.session = connection, session
        session.cells = session.cells or self._crowd.around(session)
        session.missing = set(session.cells)
        session.phase_at = now + PHASE_S
        if session.is_hidden:
            session.is_hidden = False
            self._crowd.show(session)

    def _update_grant(self, session: Session, grant: Grant) -> None:
        session.scopes = grant.scopes
        if grant.role != session.role:
            self.change(grant.participant, role=grant.role, scopes=grant.scopes)

    def _waiting(self, participant_id: str) -> list[Connection]:
        """Return somebody's connections that have not joined yet."""
        return [
            connection
            for connection in self._connections.values()
            if connection.session is None and connection.grant.participant == participant_id
        ]

    def _names(self, besides: Session | None = None) -> list[str]:
        return [s.name for s in self._sessions.values() if s is not besides]

    def _remove(self, session: Session) -> None:
        if session.connection is not None:
            self._connections.pop(session.connection.id, None)
        del self._sessions[session.grant.participant]
        self._crowd.release(session, self._now)
        self._announce("left", session.participant)

    def _announce(self, change: str, participant: Participant) -> None:
        self._tell_all(lambda seq: m.Presence(seq, change, participant))

    def _tell_all(self, make: Callable[[int], m.FromBranch]) -> None:
        """Tell everybody something reliable; who is away gets it when they come back."""
        for session in self._sessions.values():
            text = session.sent.append(lambda seq: m.encode(make(seq)))
            if session.connection is not None:
                self._outgoing.append(Send(text, (session.connection.id,)))

    def _send(self, session: Session, message: m.FromBranch) -> None:
        if session.connection is not None:
            self._outgoing.append(Send(m.encode(message), (session.connection.id,)))

    def _complain(
        self, session: Session, code: str, expected: str, *, came: str = "another", seq: int = 0
    ) -> None:
        self._send(session, m.Fault(code, expected, came, "see docs/protocol.md", seq))

    def _refuse_connection(
        self, connection: Connection, error: ProtocolError, close_code: int
    ) -> None:
        fault = m.Fault(error.code, error.expected, error.came, error.remedy)
        self._outgoing.append(Send(m.encode(fault), (connection.id,)))
        self._close(connection, close_code, error.code)

    def _close(self, connection: Connection, code: int, reason: str) -> None:
        """Close from our side; the session stays for whoever resumes it."""
        self._outgoing.append(Close(connection.id, int(code), reason))
        self.disconnect(connection.id, self._now)
