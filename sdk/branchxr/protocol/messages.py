"""Control messages: the text frames of the realtime connection, JSON objects with a `type`.

What the client sends is strict (unknown fields are refused), what the branch sends is lenient
(unknown fields and unknown types are ignored), so that an older client can talk to a newer branch.
Messages with a `seq` are reliable: numbered from 1 in each direction, delivered exactly once and in
order as long as the connection is resumed in time. `docs/protocol.md` has them as tables.
"""

from enum import IntEnum
from typing import Final

import msgspec

from ..errors import ProtocolError
from ..events import Participant
from .pose import Vector

SUBPROTOCOL: Final = "branchxr.1"
MAX_MESSAGE_BYTES: Final = 4096
"""Of one message from a client; the branch's own may be longer (`welcome` lists everybody)."""


class CloseCode(IntEnum):
    """Why a connection was closed (RFC 6455 section 7.4; 4000 and up are ours)."""

    NORMAL = 1000
    GOING_AWAY = 1001
    ABNORMAL = 1006
    TOO_BIG = 1009
    PROTOCOL = 4000  # a frame of the wrong length, a message that is none, a gap in `seq`
    SESSION_ENDED = 4001  # signed out, revoked, expired
    SILENT = 4002  # no join, or no message for 10 s
    REFUSED = 4003  # the name, the anchor or the token's scope was refused
    SLOW = 4008  # more than 1 MB was waiting to be taken
    REPLACED = 4009  # the same session connected once more
    FULL = 4013
    FLOOD = 4029  # far more messages than the limits allow


FINAL_CODES: Final = frozenset(
    {
        CloseCode.NORMAL,
        CloseCode.TOO_BIG,
        CloseCode.PROTOCOL,
        CloseCode.SESSION_ENDED,
        CloseCode.REFUSED,
        CloseCode.REPLACED,
        CloseCode.FLOOD,
    }
)
"""Coming back by itself would only repeat what the branch refused."""


# --- from the client ----------------------------------------------------------------------------


class FromClient(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag=str.lower
):
    """A message from a client."""


class Join(FromClient, frozen=True):
    """Come in, at a spawn anchor. The first message, unless it is `Resume`.

    Attributes:
        name: what to be called; the session's own name without it. Only guests may choose.
        anchor: path of the spawn anchor to prefer.
        client_ms: the client's monotonic milliseconds, echoed by `Welcome`.
    """

    name: str | None = None
    anchor: str | None = None
    client_ms: float = 0.0


class Resume(FromClient, frozen=True):
    """Go on after the connection broke.

    Attributes:
        last_seq: the last reliable message that arrived.
        name: as in `Join`, for when the branch has to let the client join anew.
        anchor: the same.
    """

    token: str
    last_seq: int
    name: str | None = None
    anchor: str | None = None
    client_ms: float = 0.0


class Subscribe(FromClient, frozen=True):
    """Ask for the frames of exactly these cells; empty means "mine and those around it"."""

    cells: list[int]


class Say(FromClient, frozen=True, tag="chat"):
    """Say something to everybody. Reliable."""

    seq: int
    text: str


class Gesture(FromClient, frozen=True, tag="emote"):
    """Make a gesture. Reliable."""

    seq: int
    emote: str


class Ping(FromClient, frozen=True):
    """Heartbeat, every 5 s: measures the clock, acknowledges reliable messages."""

    client_ms: float
    ack: int


class Leave(FromClient, frozen=True):
    """Go for good: nothing is kept for a resume."""


# --- from the branch ----------------------------------------------------------------------------


class FromBranch(msgspec.Struct, frozen=True, tag_field="type", tag=str.lower):
    """A message from the branch."""


class CellAddress(msgspec.Struct, frozen=True):
    """A cell and its origin in scene axes: the centre of its 32 m square, on the floor."""

    id: int
    origin: Vector


class Whereabouts(msgspec.Struct, frozen=True):
    """Where the branch has put somebody: a point of the floor and where they look.

    Attributes:
        yaw: radians about +Y; 0 looks along -Z.
    """

    cell: int
    position: Vector
    yaw: float = 0.0


class Welcome(FromBranch, frozen=True):
    """You are in. Counting of `seq` starts at 1 in both directions.

    Attributes:
        token: secret; for `Resume`.
        client_ms: as sent.
        server_ms: the branch's monotonic milliseconds.
        present: everybody, oneself included.
    """

    token: str
    you: Participant
    place: Whereabouts
    cells: list[CellAddress]
    subscribed: list[int]
    present: list[Participant]
    client_ms: float
    server_ms: float
    tick_ms: int
    pose_hz: float
    chat_characters: int


class Resumed(FromBranch, frozen=True):
    """The connection goes on; the reliable messages after `last_seq` follow.

    Attributes:
        ack: the last reliable message of the client that arrived; later ones must be sent again.
    """

    ack: int
    place: Whereabouts
    subscribed: list[int]
    client_ms: float
    server_ms: float


class Subscribed(FromBranch, frozen=True):
    """You get the frames of exactly these cells from now on: forget bodies in any other."""

    cells: list[int]


class Presence(FromBranch, frozen=True):
    """Somebody came, changed (name or role) or left. Reliable; before their first frame."""

    seq: int
    change: str
    participant: Participant


class Chat(FromBranch, frozen=True):
    """Somebody said something. Reliable; also sent to whoever said it."""

    seq: int
    participant: str
    text: str


class Emote(FromBranch, frozen=True):
    """Somebody made a gesture. Reliable."""

    seq: int
    participant: str
    emote: str


class Phase(FromBranch, frozen=True):
    """How early the poses came before the tick, over the last 2 s.

    Attributes:
        lead_ms: the (circular) mean, 0 to 50.
        jitter_ms: the 95th percentile of the distance from it.
    """

    lead_ms: float
    jitter_ms: float


class Placed(FromBranch, frozen=True):
    """Your body stands here: after a teleport, or because the last pose was refused.

    Attributes:
        reason: `speed`, `wall`, `height`, `cell`, `teleport` or `scope`.
    """

    place: Whereabouts
    reason: str


class Pong(FromBranch, frozen=True):
    """Answer to `Ping`: `client_ms` as sent; `ack` as in `Resumed`."""

    client_ms: float
    server_ms: float
    ack: int


class Fault(FromBranch, frozen=True, tag="error"):
    """Something was refused. Not reliable. A close may follow.

    Attributes:
        code: stable, lower snake case.
        seq: of the reliable message that was refused, if it was one.
    """

    code: str
    expected: str
    came: str
    remedy: str
    seq: int = 0


ClientMessage = Join | Resume | Subscribe | Say | Gesture | Ping | Leave
BranchMessage = (
    Welcome | Resumed | Subscribed | Presence | Chat | Emote | Phase | Placed | Pong | Fault
)

_ENCODER: Final = msgspec.json.Encoder()
_FROM_CLIENT: Final[msgspec.json.Decoder[ClientMessage]] = msgspec.json.Decoder(ClientMessage)
_FROM_BRANCH: Final[msgspec.json.Decoder[BranchMessage]] = msgspec.json.Decoder(BranchMessage)
_BRANCH_TYPES: Final = frozenset(
    str(kind.__struct_config__.tag) for kind in FromBranch.__subclasses__()
)
_UNREADABLE: Final = (msgspec.DecodeError, UnicodeEncodeError, RecursionError)
"""The last: brackets without end, in a field that is skipped on the way to `type`."""


class _Typed(msgspec.Struct, frozen=True):
    type: str


def encode(message: FromClient | FromBranch) -> str:
    """Return the message as JSON."""
    return _ENCODER.encode(message).decode()


def parse_from_client(text: str) -> ClientMessage:
    """Parse what a client sent.

    Raises:
        ProtocolError: `message_malformed`.
    """
    try:
        return _FROM_CLIENT.decode(text)
    except _UNREADABLE as error:
        raise _malformed(error) from error


def parse_from_branch(text: str) -> BranchMessage | None:
    """Parse what the branch sent; `None` for a type that this version does not know.

    Raises:
        ProtocolError: `message_malformed`.
    """
    try:
        return _FROM_BRANCH.decode(text)
    except _UNREADABLE as error:
        if _type_of(text) not in _BRANCH_TYPES | {None}:
            return None
        raise _malformed(error) from error


def _type_of(text: str) -> str | None:
    try:
        return msgspec.json.decode(text, type=_Typed).type
    except _UNREADABLE:
        return None


def _malformed(error: Exception) -> ProtocolError:
    # msgspec names the field and the type it wanted, never the value.
    return ProtocolError(
        "a control message of branchxr.1",
        f"{type(error).__name__}: {error}"[:200],
        "see docs/protocol.md",
        code="message_malformed",
    )
