"""A stage without pictures: bots, load tests, training scenarios."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Final, Self

import numpy as np

from ..errors import InputRefused, NotOffered
from .stage import Capability, Floats, InputEvent, NodeIds, Panel, PanelPressed

MAX_NODES: Final = 65_536
MAX_INPUTS: Final = 256
MODELS: Final = frozenset({"box", "sphere", "marker", "puppet"})

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
        self._models: list[str | None] = []
        self._generations = np.zeros(0, np.uint32)
        self._positions = np.zeros((0, 3), np.float32)
        self._rotations = np.zeros((0, 4), np.float32)
        self._free: deque[int] = deque()
        self._inputs: deque[InputEvent] = deque(maxlen=MAX_INPUTS)
        self._changed = asyncio.Event()
        self._is_closed = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_exception: object) -> None:
        self.close()

    def close(self) -> None:
        """End all iterations over inputs."""
        self._is_closed = True
        self._changed.set()

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
            InputRefused: `nodes_refused`: wrong shapes, or more than `MAX_NODES` nodes.
        """
        if model not in MODELS:
            raise NotOffered(f"one of {sorted(MODELS)}", f"{model!r:.60}", "use a primitive")
        places, turns = _checked(positions, rotations)
        count = len(places)
        missing = count - len(self._free)
        if missing > 0:
            self._grow(missing)
        indices = np.array([self._free.popleft() for _ in range(count)], np.intp)
        self._positions[indices] = places
        self._rotations[indices] = turns if turns is not None else (0, 0, 0, 1)
        for index in indices:
            self._models[index] = model
        return np.stack([indices.astype(np.uint32), self._generations[indices]], axis=1)

    async def move(
        self, nodes: NodeIds, positions: Floats, rotations: Floats | None = None
    ) -> None:
        """Move nodes; stale ids are ignored."""
        places, turns = _checked(positions, rotations, count=len(nodes))
        is_alive = self._alive(nodes)
        indices = nodes[is_alive, 0].astype(np.intp)
        self._positions[indices] = places[is_alive]
        if turns is not None:
            self._rotations[indices] = turns[is_alive]

    async def remove(self, nodes: NodeIds) -> None:
        """Remove nodes; stale ids are ignored. Their indices come back with a new generation."""
        for index in nodes[self._alive(nodes), 0].astype(np.intp).tolist():
            if self._models[index] is not None:
                self._models[index] = None
                self._generations[index] += 1
                self._free.append(index)

    def nodes(self) -> list[tuple[int, str, tuple[float, float, float]]]:
        """Return index, model and position of every node there is."""
        return [
            (index, model, tuple(self._positions[index].tolist()))
            for index, model in enumerate(self._models)
            if model is not None
        ]

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
        self._inputs.append(event)
        self._changed.set()

    async def inputs(self) -> AsyncIterator[InputEvent]:
        """Yield what the policy and `emit` did, until the stage closes."""
        while True:
            while self._inputs:
                yield self._inputs.popleft()
            if self._is_closed:
                return
            self._changed.clear()
            await self._changed.wait()

    def _alive(self, nodes: NodeIds) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
        indices = nodes[:, 0].astype(np.intp)
        is_known = indices < len(self._generations)
        safe = np.where(is_known, indices, 0)
        if not len(self._generations):
            return np.zeros(len(nodes), np.bool_)
        is_present = np.array([self._models[index] is not None for index in safe], np.bool_)
        alive: np.ndarray[tuple[int], np.dtype[np.bool_]] = (
            is_known & is_present & (self._generations[safe] == nodes[:, 1])
        )
        return alive

    def _grow(self, missing: int) -> None:
        have = len(self._models)
        size = max(have + missing, min(MAX_NODES, have * 2))
        if size > MAX_NODES:
            raise InputRefused(
                f"at most {MAX_NODES} nodes", f"{size}", "remove some", code="nodes_refused"
            )
        self._free.extend(range(have, size))
        self._models.extend([None] * (size - have))
        self._generations = np.concatenate(
            [self._generations, np.ones(size - have, np.uint32)]
        )  # 1: a forgotten id of zeros is never alive
        self._positions = np.resize(self._positions, (size, 3))
        self._rotations = np.resize(self._rotations, (size, 4))


def _checked(
    positions: Floats, rotations: Floats | None, *, count: int | None = None
) -> tuple[Floats, Floats | None]:
    places = np.asarray(positions, np.float32)
    wanted = (len(places) if count is None else count, 3)
    turns = None if rotations is None else np.asarray(rotations, np.float32)
    if places.shape != wanted or (turns is not None and turns.shape != (wanted[0], 4)):
        raise InputRefused(
            f"positions of shape {wanted} and rotations of {(wanted[0], 4)}",
            f"{places.shape} and {None if turns is None else turns.shape}",
            "correct the arrays",
            code="nodes_refused",
        )
    if not np.isfinite(places).all() or (turns is not None and not np.isfinite(turns).all()):
        raise InputRefused("finite numbers", "others", "correct the arrays", code="nodes_refused")
    return places, turns
