"""What a page and its Python half say to one another; the same as `npm/src/messages.ts`.

Text is JSON with an `op`. What comes from a page is strict and bounded: it is only a browser on the
network. Binary messages are cell frames (down) and uplink poses (up), passed on untouched.
"""

from typing import Annotated, Any, Final, Literal

import msgspec

from branchxr.errors import ProtocolError
from branchxr.stages.stage import Panel

SUBPROTOCOL: Final = "branchxr.page.1"
MAX_UP_BYTES: Final = 65_536
"""Of one message from a page; the longest is a credential with an attestation chain."""

Short = Annotated[str, msgspec.Meta(max_length=256)]
Text = Annotated[str, msgspec.Meta(max_length=4096)]
Triple = tuple[float, float, float]
Metre = Annotated[float, msgspec.Meta(ge=-1e6, le=1e6)]
"""A coordinate that a page names: a grid index made from it must stay an index."""

U32 = Annotated[int, msgspec.Meta(ge=0, lt=2**32)]

CREDENTIAL_LEVELS: Final = 8
"""Of nesting; WebAuthn Level 3 section 5.1 needs four, extensions a few more."""

NodeId = tuple[int, int]


# --- from the page ------------------------------------------------------------------------------


class Up(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="op", kw_only=True):
    """A message from a page; `n` counts them, so that none is handled twice after a resume."""

    n: Annotated[int, msgspec.Meta(ge=1, lt=2**53)]


class Press(Up, frozen=True, tag="press", kw_only=True):
    """A panel's button."""

    panel: Short
    button: Short
    fields: Annotated[dict[Short, Text], msgspec.Meta(max_length=64)]


class Select(Up, frozen=True, tag="select", kw_only=True):
    """Something in the scene."""

    path: Text | None
    node: tuple[U32, U32] | None


class Arrive(Up, frozen=True, tag="arrived", kw_only=True):
    """The person has come near an anchor."""

    anchor: Text
    kind: Short


class Visible(Up, frozen=True, tag="visible", kw_only=True):
    """The tab is shown, or hidden."""

    is_visible: bool


class Go(Up, frozen=True, tag="go", kw_only=True):
    """The person asks for the way to an anchor."""

    anchor: Text
    from_: tuple[Metre, Metre, Metre] = msgspec.field(name="from")


class Say(Up, frozen=True, tag="chat", kw_only=True):
    """The person says something."""

    text: Text


class Gesture(Up, frozen=True, tag="emote", kw_only=True):
    """The person makes a gesture."""

    emote: Short


class SignIn(Up, frozen=True, tag="sign_in", kw_only=True):
    """The person wants to use a passkey, or to create one."""

    how: Literal["use", "create"]
    name: Short


class SignOut(Up, frozen=True, tag="sign_out", kw_only=True):
    """The person signs out."""


class Answer(Up, frozen=True, tag="answer", kw_only=True):
    """A ceremony's outcome: the JSON of a WebAuthn credential."""

    id: Short
    credential: dict[str, Any]


class Refuse(Up, frozen=True, tag="refuse", kw_only=True):
    """A ceremony that did not end in a credential."""

    id: Short
    code: Short


class Bye(Up, frozen=True, tag="bye", kw_only=True):
    """The page is closed: nothing need be kept."""


UpMessage = (
    Press | Select | Arrive | Visible | Go | Say | Gesture | SignIn | SignOut | Answer | Refuse
    | Bye
)  # fmt: skip

_UP: Final[msgspec.json.Decoder[UpMessage]] = msgspec.json.Decoder(UpMessage)


def parse_up(text: str) -> UpMessage:
    """Parse what a page sent.

    Raises:
        ProtocolError: `page_message_malformed`.
    """
    try:
        if len(text) > MAX_UP_BYTES:
            raise msgspec.ValidationError("too long")
        message = _UP.decode(text)
        if isinstance(message, Answer) and not _is_shallow(message.credential, CREDENTIAL_LEVELS):
            raise msgspec.ValidationError("nested too deep")
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError) as error:
        raise ProtocolError(
            "a message of the page's protocol",
            f"{type(error).__name__}: {error}"[:200],
            "reload the page",
            code="page_message_malformed",
        ) from error
    return message


def _is_shallow(value: object, levels: int) -> bool:
    if not isinstance(value, dict | list):
        return True
    inner = value.values() if isinstance(value, dict) else value
    return levels > 0 and all(_is_shallow(each, levels - 1) for each in inner)


# --- to the page --------------------------------------------------------------------------------


class Down(msgspec.Struct, frozen=True, tag_field="op"):
    """A message to a page."""


class Hello(Down, frozen=True, tag="hello"):
    """The page is in. All that is shown follows; `resume` is secret and buys the next socket."""

    resume: str
    handled: int
    branch: str
    is_development: bool
    rp_id: str


class Handled(Down, frozen=True, tag="handled"):
    """Messages up to number `n` were handled."""

    n: int


class Person(msgspec.Struct, frozen=True):
    """Somebody in the branch."""

    id: str
    name: str
    role: str
    slot: int
    generation: int


class OwnState(msgspec.Struct, frozen=True):
    """Who the page is to the branch; `participant` is empty before it has entered."""

    participant: str
    name: str
    role: str
    slot: int
    is_signed_in: bool


class You(Down, frozen=True, tag="you"):
    """Who the page is now."""

    you: OwnState


class Scene(Down, frozen=True, tag="scene"):
    """Show this package: address below the page's own origin, and hash of every file."""

    base: str
    files: dict[str, str]


class Present(Down, frozen=True, tag="present"):
    """Somebody is here, or has another name or role."""

    participant: Person


class Gone(Down, frozen=True, tag="left"):
    """Somebody is gone."""

    id: str


class Heard(Down, frozen=True, tag="chat"):
    """Somebody said something, or made a gesture (`is_emote`)."""

    name: str
    role: str
    is_own: bool
    text: str
    is_emote: bool = False


class Place(Down, frozen=True, tag="place"):
    """Stand here: a point of the floor; `yaw` in radians about +Y, or as before."""

    position: Triple
    yaw: float | None = None


class Path(Down, frozen=True, tag="path"):
    """The way to an anchor, or `None` if there is none."""

    anchor: str
    points: list[Triple] | None


class PanelOpened(Down, frozen=True, tag="panel"):
    """Show a panel."""

    panel: Panel


class PanelClosed(Down, frozen=True, tag="panel_closed"):
    """Take a panel away."""

    name: str


class AccountLine(msgspec.Struct, frozen=True):
    """An account as the page shows it."""

    id: str
    name: str
    currency: str
    balance: str


class Balances(Down, frozen=True, tag="accounts"):
    """The person's accounts."""

    accounts: list[AccountLine]


class Notice(Down, frozen=True, tag="notice"):
    """Tell the person something."""

    level: Literal["info", "error"]
    title: str
    text: str


class Busy(Down, frozen=True, tag="busy"):
    """Whether a sign-in is under way."""

    what: Literal["sign_in", "nothing"]


class BranchLink(Down, frozen=True, tag="branch_link"):
    """Whether the branch itself can be reached."""

    is_connected: bool


class Spawned(Down, frozen=True, tag="spawn"):
    """Nodes of a script: flat positions (3 each) and rotations (4 each, or none)."""

    model: str
    nodes: list[NodeId]
    positions: list[float]
    rotations: list[float]


class Moved(Down, frozen=True, tag="move"):
    """Nodes of a script have moved."""

    nodes: list[NodeId]
    positions: list[float]
    rotations: list[float]


class Removed(Down, frozen=True, tag="remove"):
    """Nodes of a script are gone."""

    nodes: list[NodeId]


class LiveMoved(Down, frozen=True, tag="live"):
    """Live nodes of the scene have moved."""

    paths: list[str]
    positions: list[float]
    rotations: list[float]


class Ask(Down, frozen=True, tag="ask"):
    """Hold a ceremony. With `canonical` it is a payment's: show exactly that text."""

    id: str
    kind: Literal["register", "authenticate", "confirm"]
    options: dict[str, Any]
    canonical: str | None = None


class AskOver(Down, frozen=True, tag="ask_over"):
    """Nobody waits for that ceremony any more."""

    id: str


class Ended(Down, frozen=True, tag="ended"):
    """The visit is over; a reload begins another."""

    code: str
    title: str
    text: str


_ENCODER: Final = msgspec.json.Encoder()


def encode_down(message: Down) -> str:
    """Return the message as JSON."""
    return _ENCODER.encode(message).decode()
