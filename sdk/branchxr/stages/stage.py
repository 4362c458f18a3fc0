"""What a stage is: where a script sees and acts. Headless, WebXR and Unity implement it."""

from collections.abc import AsyncIterator, Mapping, Sequence
from enum import StrEnum
from typing import Final, Protocol, runtime_checkable

import msgspec
import numpy as np
from numpy.typing import NDArray

NodeIds = NDArray[np.uint32]
"""Script-made nodes: `(n, 2) uint32`, index and generation."""

Floats = NDArray[np.float32]

MODELS: Final = frozenset({"box", "sphere", "marker", "puppet"})
"""What `Stage.spawn` makes: primitives, and bodies that a script moves."""


class Capability(StrEnum):
    """What a stage may be able to do; asking for anything else raises `NotOffered`."""

    SCENE = "scene"
    FRAMES = "frames"
    NODES = "nodes"
    PUPPETS = "puppets"
    LIVE_NODES = "live_nodes"
    PANELS = "panels"
    INPUT = "input"
    OWN_BODY = "own_body"
    """The stage moves its own person's body: `branch.move` is only for teleports."""


class PanelField(msgspec.Struct, frozen=True):
    """A field a person fills in."""

    name: str
    label: str
    value: str = ""


class PanelButton(msgspec.Struct, frozen=True):
    """A button a person presses."""

    name: str
    label: str


class Panel(msgspec.Struct, frozen=True):
    """A panel: plain text (never markup), fields and buttons.

    Attributes:
        name: opening a panel of a name that is open replaces it.
        anchor: path of the anchor it stands at; `None` is in front of the person.
    """

    name: str
    title: str
    text: str = ""
    fields: tuple[PanelField, ...] = ()
    buttons: tuple[PanelButton, ...] = ()
    anchor: str | None = None


class InputEvent(msgspec.Struct, frozen=True, tag_field="input", tag=str.lower):
    """Something the person at a stage did."""


class PanelPressed(InputEvent, frozen=True):
    """A panel's button was pressed; `fields` holds what stands in its fields."""

    panel: str
    button: str
    fields: Mapping[str, str]


class Selected(InputEvent, frozen=True):
    """A node was pointed at and selected: `path` of a scene node, or `node` made by the script."""

    path: str | None = None
    node: tuple[int, int] | None = None


class Arrived(InputEvent, frozen=True):
    """The person stands within reach of an anchor, having come from outside it."""

    anchor: str
    kind: str


class Visibility(InputEvent, frozen=True):
    """The person can or cannot see the stage (a hidden tab, a headset taken off)."""

    is_visible: bool


class StageConnection(InputEvent, frozen=True):
    """The stage itself lost its host, or has it back."""

    is_connected: bool


@runtime_checkable
class Stage(Protocol):
    """Where a script sees and acts.

    Positions are `(n, 3) float32` metres in scene axes (right-handed, +Y up), rotations
    `(n, 4) float32` unit quaternions `x y z w`.
    """

    @property
    def name(self) -> str:
        """`"headless"`, `"webxr"` or `"unity"`."""
        ...

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What this stage can do."""
        ...

    async def show_scene(self, base_url: str) -> None:
        """Show the scene package below an address that ends in `/`."""
        ...

    def feed_frame(self, frame: bytes) -> None:
        """Take one cell frame: the only way participants' bodies move. Never blocks."""
        ...

    async def spawn(
        self, model: str, positions: Floats, rotations: Floats | None = None
    ) -> NodeIds:
        """Make nodes: `model` is a primitive (`"box"`, `"sphere"`, `"marker"`) or `"puppet"`."""
        ...

    async def move(
        self, nodes: NodeIds, positions: Floats, rotations: Floats | None = None
    ) -> None:
        """Move script-made nodes; stale ids are ignored."""
        ...

    async def remove(self, nodes: NodeIds) -> None:
        """Remove script-made nodes; stale ids are ignored."""
        ...

    async def move_live(
        self, paths: Sequence[str], positions: Floats, rotations: Floats | None = None
    ) -> None:
        """Move `live` scene nodes, by path; any other path raises `NotOffered`."""
        ...

    async def open_panel(self, panel: Panel) -> None:
        """Open a panel, or replace the one of that name."""
        ...

    async def close_panel(self, name: str) -> None:
        """Close a panel; one that is not open is no error."""
        ...

    def inputs(self) -> AsyncIterator[InputEvent]:
        """Yield what the person does until the stage closes; at most 256 wait, oldest dropped."""
        ...
