"""A stage without pictures: bots, load tests, training scenarios."""

from collections.abc import AsyncIterator, Callable, Sequence
from typing import Final, Self

import numpy as np

from ..errors import NotOffered
from .inputs import InputQueue
from .node_table import NodeTable, checked
from .stage import MODELS, Capability, Floats, InputEvent, NodeIds, Panel, PanelPressed

NODES_MAX: Final = 65_536

Policy = Callable[[Panel], PanelPressed | None]
"""What the absent person does with a panel: press a button, or leave it open."""


def press_first(panel: Panel) -> PanelPressed | None:
    """Press the first button and leave the fields as they stand; a panel without one stays."""
    if not panel.buttons:
        return None
    fields = {field.name: field.value for field in panel.fields}
    return PanelPressed(panel.name, panel.buttons[0].name, fields)


def leave_open(_panel: Panel) -> PanelPressed | None:
    """Press nothing."""
    return None


class HeadlessStage:
    """A `Stage` that shows nothing and keeps everything; use it with `async with`.

    Args:
        policy: answers panels.

    Attributes:
        scene_url: what it was told to show.
        panels: those that are open, by name.
        frames: how many cell frames came.
        last_frame: the newest.
    """

    name = "headless"
    capabilities = frozenset(
        {
            Capability.SCENE,
            Capability.FRAMES,
            Capability.NODES,
            Capability.PUPPETS,
            Capability.PANELS,
            Capability.INPUT,
        }
    )

    def __init__(self, *, policy: Policy = press_first) -> None:
        self._policy = policy
        self.scene_url: str | None = None
        self.panels: dict[str, Panel] = {}
        self.frames = 0
        self.last_frame: bytes | None = None
        self._nodes = NodeTable(NODES_MAX)
        self._inputs = InputQueue()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_exception: object) -> None:
        self.close()

    def close(self) -> None:
        """End all iterations over inputs."""
        self._inputs.close()

    async def show_scene(self, base_url: str) -> None:
        """Remember the address."""
        self.scene_url = base_url

    def feed_frame(self, frame: bytes) -> None:
        """Count a frame and keep the newest; `branch.positions()` is what reads them."""
        self.frames += 1
        self.last_frame = frame

    async def spawn(
        self, model: str, positions: Floats, rotations: Floats | None = None
    ) -> NodeIds:
        """Make nodes; see `Stage.spawn`.

        Raises:
            NotOffered: no such model.
            InputRefused: `shape_refused` or `nodes_full`.
        """
        if model not in MODELS:
            raise NotOffered(f"one of {sorted(MODELS)}", f"{model!r:.60}", "use a primitive")
        return self._nodes.spawn(model, *checked(len(positions), positions, rotations))

    async def move(
        self, nodes: NodeIds, positions: Floats, rotations: Floats | None = None
    ) -> None:
        """Move nodes; stale ids are ignored."""
        ids = np.asarray(nodes, np.uint32).reshape(-1, 2)
        places, turns = checked(len(ids), positions, rotations)
        known = self._nodes.living(ids)
        self._nodes.put(ids[known], places[known], None if turns is None else turns[known])

    async def remove(self, nodes: NodeIds) -> None:
        """Remove nodes; stale ids are ignored. Their indices come back with a new generation."""
        self._nodes.remove(nodes)

    def nodes(self) -> list[tuple[int, str, tuple[float, float, float]]]:
        """Return index, model and position of every node there is, by index."""
        return sorted(
            (index, model, (x, y, z))
            for model, ids, places, _turns in self._nodes.everything()
            for index, (x, y, z) in zip(ids[:, 0].tolist(), places.tolist(), strict=True)
        )

    async def move_live(
        self,
        paths: Sequence[str],  # noqa: ARG002 - as the Protocol says
        positions: Floats,  # noqa: ARG002
        rotations: Floats | None = None,  # noqa: ARG002
    ) -> None:
        """Raise `NotOffered`: there is no scene graph here."""
        raise NotOffered(
            "a stage with live scene nodes",
            "the headless one",
            "ask `stage.capabilities` first",
        )

    async def open_panel(self, panel: Panel) -> None:
        """Open a panel, and answer it as the policy says."""
        self.panels[panel.name] = panel
        pressed = self._policy(panel)
        if pressed is not None:
            self.emit(pressed)

    async def close_panel(self, name: str) -> None:
        """Close a panel; one that is not open is no error."""
        self.panels.pop(name, None)

    def emit(self, event: InputEvent) -> None:
        """Do something as the absent person; at most 256 wait, the oldest are dropped."""
        self._inputs.put(event)

    def inputs(self) -> AsyncIterator[InputEvent]:
        """Yield what the policy and `emit` did, until the stage closes."""
        return self._inputs.read()
