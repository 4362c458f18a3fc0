"""What a room keeps of each connection and each participant."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from ..events import Participant
from ..models import Role
from .authority import SPEED_M_S, Body
from .messages import MAX_MESSAGE_BYTES, Whereabouts
from .phase import PhaseMeter
from .pose import HEAD_HEIGHT_M
from .reliable import KEPT_BYTES, KEPT_MESSAGES, ReceivedCount, SentRing
from .slots import QUARANTINE_S

EVERY_SCOPE_ROLES: Final = frozenset({Role.VISITOR, Role.CONSULTANT, Role.OPERATOR, Role.SERVICE})


@dataclass(frozen=True, slots=True)
class Grant:
    """Who somebody is and what they may do, as their token says.

    Attributes:
        participant: stable for the whole session.
        sid: the session's id: thumbprint of its DPoP key.
    """

    participant: str
    name: str
    role: Role
    scopes: frozenset[str]
    sid: str


@dataclass(frozen=True, slots=True)
class RoomLimits:
    """What a room allows at most. A rate is per second, beside a burst of what gathers in 5 s."""

    participants: int = 200
    slots: int = 4096
    pose_hz: float = 20.0
    chat_hz: float = 1.0
    emote_hz: float = 2.0
    message_hz: float = 120.0
    chat_characters: int = 500
    message_bytes: int = MAX_MESSAGE_BYTES
    speed_m_s: float = SPEED_M_S
    subscribed_cells: int = 25
    resume_s: float = 120.0
    quarantine_s: float = QUARANTINE_S
    hide_s: float = 10.0
    silence_s: float = 10.0
    ring_messages: int = KEPT_MESSAGES
    ring_bytes: int = KEPT_BYTES
    slow_bytes: int = 1_000_000


@dataclass(frozen=True, slots=True)
class Send:
    """Send the same message to all of these connections."""

    payload: str | bytes
    to: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Close:
    """Close a connection, after what was sent before."""

    connection: int
    code: int
    reason: str


class TokenBucket:
    """Allows `rate_hz` on average and `burst` at once."""

    __slots__ = ("_at", "_burst", "_level", "_rate_hz")

    def __init__(self, rate_hz: float, *, burst: float, now: float) -> None:
        self._rate_hz = rate_hz
        self._burst = burst
        self._level = burst
        self._at = now

    def take(self, now: float) -> bool:
        """Take one, if there is one."""
        self._level = min(self._burst, self._level + (now - self._at) * self._rate_hz)
        self._at = now
        if self._level < 1.0:
            return False
        self._level -= 1.0
        return True


@dataclass(slots=True)
class Connection:
    """A wire whose handshake succeeded; `session` once it has joined."""

    id: int
    grant: Grant
    opened_at: float
    heard_at: float
    messages: TokenBucket
    session: "Session | None" = None


@dataclass(slots=True)
class Session:
    """A participant in the branch, connected or expected back.

    Attributes:
        yaw: where they looked when the branch placed them.
        cells: whose frames they get.
        is_following: whether `cells` are those around the body.
        missing: cells of which they need a complete frame.
    """

    grant: Grant
    token: str
    name: str
    role: Role
    scopes: frozenset[str]
    slot: int
    generation: int
    body: Body
    yaw: float
    sent: SentRing
    poses: TokenBucket
    chats: TokenBucket
    emotes: TokenBucket
    complaints: TokenBucket
    connection: Connection | None = None
    detached_at: float = 0.0
    is_hidden: bool = False
    is_following: bool = True
    cells: frozenset[int] = frozenset()
    missing: set[int] = field(default_factory=set)
    received: ReceivedCount = field(default_factory=ReceivedCount)
    meter: PhaseMeter = field(default_factory=PhaseMeter)
    phase_at: float = 0.0

    @property
    def participant(self) -> Participant:
        """As others know them."""
        return Participant(self.grant.participant, self.name, self.role, self.slot, self.generation)

    @property
    def whereabouts(self) -> Whereabouts:
        """Where their body stands: below the head, or where they lean from."""
        x, y, z = self.body.stance
        return Whereabouts(self.body.cell, (x, y - HEAD_HEIGHT_M, z), self.yaw)


def open_session(
    grant: Grant,
    *,
    name: str,
    slot: int,
    generation: int,
    body: Body,
    yaw: float,
    limits: RoomLimits,
    new_token: Callable[[], str],
    now: float,
) -> Session:
    """Make a session with full buckets and an empty ring."""

    def bucket(rate_hz: float) -> TokenBucket:
        return TokenBucket(rate_hz, burst=max(1.0, 5 * rate_hz), now=now)

    return Session(
        grant,
        new_token(),
        name,
        grant.role,
        grant.scopes,
        slot,
        generation,
        body,
        yaw,
        SentRing(max_messages=limits.ring_messages, max_bytes=limits.ring_bytes),
        # A third more than asked for: a client's clock may run fast, its jitter may bunch.
        poses=bucket(limits.pose_hz * 4 / 3),
        chats=bucket(limits.chat_hz),
        emotes=bucket(limits.emote_hz),
        complaints=bucket(2.0),
    )
