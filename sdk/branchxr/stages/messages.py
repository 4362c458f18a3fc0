"""What a stage that is shown elsewhere and its Python half say to one another.

One vocabulary for every such stage: a page has it as JSON (`branchxr_webxr.messages`), a game as
binary records (`branchxr_unity.layout`). Cell frames (down) and uplink poses (up) go beside it,
untouched.
"""

from typing import Annotated, Any, Literal

import msgspec

from .stage import Floats, NodeIds, Panel

SHORT_MAX = 256
FIELDS_MAX = 64
Short = Annotated[str, msgspec.Meta(max_length=SHORT_MAX)]
Text = Annotated[str, msgspec.Meta(max_length=4096)]
Triple = tuple[float, float, float]
Metre = Annotated[float, msgspec.Meta(ge=-1e6, le=1e6)]
"""A coordinate that somebody at a stage names: a grid index made from it must stay an index."""

U32 = Annotated[int, msgspec.Meta(ge=0, lt=2**32)]
NodeId = tuple[int, int]


# --- up: what the person does -------------------------------------------------------------------


class Up(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="op", kw_only=True):
    """Something the person did; `n` counts, where a carrier may repeat itself (0: it does not)."""

    n: Annotated[int, msgspec.Meta(ge=0, lt=2**53)] = 0


class Press(Up, frozen=True, tag="press", kw_only=True):
    """A panel's button."""

    panel: Short
    button: Short
    fields: Annotated[dict[Short, Text], msgspec.Meta(max_length=FIELDS_MAX)]


class Select(Up, frozen=True, tag="select", kw_only=True):
    """Something in the scene."""

    path: Text | None
    node: tuple[U32, U32] | None


class Arrive(Up, frozen=True, tag="arrived", kw_only=True):
    """The person has come near an anchor."""

    anchor: Text
    kind: Short


class Visible(Up, frozen=True, tag="visible", kw_only=True):
    """The stage is shown, or hidden."""

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


class Confirm(Up, frozen=True, tag="confirm", kw_only=True):
    """A yes to a payment, from a stage without a passkey of its own: the hash of what it showed."""

    id: Short
    challenge: bytes


class Refuse(Up, frozen=True, tag="refuse", kw_only=True):
    """A ceremony that did not end in a credential."""

    id: Short
    code: Short


class Bye(Up, frozen=True, tag="bye", kw_only=True):
    """The person goes for good: nothing need be kept."""


PageUp = (
    Press | Select | Arrive | Visible | Go | Say | Gesture | SignIn | SignOut | Answer | Refuse
    | Bye
)  # fmt: skip
"""What a page may say."""

UpMessage = PageUp | Confirm


# --- down: what is shown ------------------------------------------------------------------------


class Down(msgspec.Struct, frozen=True, tag_field="op"):
    """Something for whoever shows the stage."""


class Person(msgspec.Struct, frozen=True):
    """Somebody in the branch."""

    id: str
    name: str
    role: str
    slot: int
    generation: int


class OwnState(msgspec.Struct, frozen=True):
    """Who the person is to the branch; `participant` is empty before they have entered."""

    participant: str
    name: str
    role: str
    slot: int
    is_signed_in: bool


class You(Down, frozen=True, tag="you"):
    """Who the person is now."""

    you: OwnState


class Scene(Down, frozen=True, tag="scene"):
    """Show this package: where its files are, and the hash of each."""

    base: str
    files: dict[str, str]


class CellPlace(msgspec.Struct, frozen=True):
    """A square of floor: what the millimetres of its cell frames count from."""

    id: int
    origin: Triple


class Cells(Down, frozen=True, tag="cells"):
    """The cells of the scene, for who does not read `branch.json`."""

    cells: list[CellPlace]


class AnchorPlace(msgspec.Struct, frozen=True):
    """A named place: position, and rotation x y z w, in scene axes."""

    path: str
    kind: str
    position: Triple
    rotation: tuple[float, float, float, float]


class Anchors(Down, frozen=True, tag="anchors"):
    """The anchors of the scene, for who does not read `branch.json`."""

    anchors: list[AnchorPlace]


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
    """An account as it is shown."""

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
    """Nodes of a script: `(n, 3)` positions and `(n, 4)` rotations."""

    model: str
    nodes: NodeIds
    positions: Floats
    rotations: Floats


class Moved(Down, frozen=True, tag="move"):
    """Nodes of a script have moved; `(0, 4)` rotations: they stay turned as they are."""

    nodes: NodeIds
    positions: Floats
    rotations: Floats


class Removed(Down, frozen=True, tag="remove"):
    """Nodes of a script are gone."""

    nodes: NodeIds


class LiveMoved(Down, frozen=True, tag="live"):
    """Live nodes of the scene have moved; rotations as in `Moved`."""

    paths: list[str]
    positions: Floats
    rotations: Floats


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
    """The visit is over."""

    code: str
    title: str
    text: str
