"""The WebXR stage: where a script sees and acts on one person's page."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np

from branchxr.errors import InputRefused, NotOffered
from branchxr.scene.streamer import LoadedScene
from branchxr.stages.stage import Capability, Floats, InputEvent, NodeIds, Panel

from . import messages as m
from .node_table import NodeTable, checked
from .page_link import PageLink

INPUTS_MAX: Final = 256
PANELS_MAX: Final = 16
PANEL_TEXT_MAX: Final = 4000
MODELS: Final = frozenset({"box", "sphere", "marker", "puppet"})


class WebXRStage:
    """A page with a person before it; implements `branchxr.stages.stage.Stage`.

    Args:
        link: to the page.
        scene: what the branch shows, verified, or `None`.
        base_url: below which the page finds the scene's files, on its own origin.
    """

    name = "webxr"

    def __init__(
        self, link: PageLink, *, scene: LoadedScene | None = None, base_url: str = "/scene/"
    ) -> None:
        self._link = link
        self._scene = scene
        self._base_url = base_url
        self._nodes = NodeTable()
        self._live: dict[str, tuple[list[float], list[float]]] = {}
        self._panels: dict[str, Panel] = {}
        self._inputs: deque[InputEvent | None] = deque(maxlen=INPUTS_MAX)
        self._has_input = asyncio.Event()
        self._is_closed = False
        link.add_state(self._state)

    @property
    def capabilities(self) -> frozenset[Capability]:
        """Everything; scenes and live nodes only where the branch has a scene."""
        scene = {Capability.SCENE, Capability.LIVE_NODES}
        return frozenset(Capability) - (frozenset() if self._scene else scene)

    async def show_scene(self, base_url: str) -> None:
        """Show the branch's own scene; the page asks no other host and no other package.

        Raises:
            NotOffered: the address is another one, or the branch has no scene.
        """
        if self._scene is None or not base_url.endswith(self._base_url):
            raise NotOffered(
                f"the branch's own scene, {self._base_url!r}",
                f"{base_url!r:.80}",
                "serve the package from the branch",
            )
        files = {path: file.sha256 for path, file in self._scene.manifest.files.items()}
        self._link.say(m.Scene(self._base_url, files), key="scene")

    def feed_frame(self, frame: bytes) -> None:
        """Pass a cell frame on, unread; the page decodes and interpolates."""
        self._link.frame(frame)

    async def spawn(
        self, model: str, positions: Floats, rotations: Floats | None = None
    ) -> NodeIds:
        """Make nodes; see `Stage.spawn`.

        Raises:
            NotOffered: a model that the page does not have.
            InputRefused: `shape_refused` or `nodes_full`.
        """
        if model not in MODELS:
            raise NotOffered(f"one of {sorted(MODELS)}", f"{model!r:.60}", "use one of these")
        count = len(positions)
        places, turns = checked(count, positions, rotations)
        nodes = self._nodes.spawn(model, count)
        if count:
            self._nodes.put(nodes, places, turns)
            self._link.say(m.Spawned(model, _ids(nodes), _flat(places), _flat(turns)))
        return nodes

    async def move(
        self, nodes: NodeIds, positions: Floats, rotations: Floats | None = None
    ) -> None:
        """Move nodes; stale ids are ignored."""
        ids = np.asarray(nodes, np.uint32).reshape(-1, 2)
        places, turns = checked(len(ids), positions, rotations)
        known = self._nodes.living(ids)
        ids, places, turns = ids[known], places[known], None if turns is None else turns[known]
        if len(ids):
            self._nodes.put(ids, places, turns)
            self._link.say(m.Moved(_ids(ids), _flat(places), _flat(turns)))

    async def remove(self, nodes: NodeIds) -> None:
        """Remove nodes; stale ids are ignored."""
        gone = self._nodes.remove(nodes)
        if len(gone):
            self._link.say(m.Removed(_ids(gone)))

    async def move_live(
        self, paths: Sequence[str], positions: Floats, rotations: Floats | None = None
    ) -> None:
        """Move live scene nodes.

        Raises:
            NotOffered: a path that is not live: the rest is merged into levels of detail.
        """
        places, turns = checked(len(paths), positions, rotations)
        for path in paths:
            if not self._is_live(path):
                raise NotOffered(
                    "the path of a live node", f"{path!r:.80}", "mark it `live` in the scene"
                )
        for row, path in enumerate(paths):
            turn = self._live.get(path, ([], []))[1] if turns is None else _flat(turns[row])
            self._live[path] = (_flat(places[row]), turn)
        if paths:
            self._link.say(m.LiveMoved(list(paths), _flat(places), _flat(turns)))

    async def open_panel(self, panel: Panel) -> None:
        """Open a panel, or replace the one of that name.

        Raises:
            InputRefused: `panels_full`, or `panel_too_long`.
        """
        if len(self._panels.keys() | {panel.name}) > PANELS_MAX:
            raise _too_much(f"at most {PANELS_MAX} panels", "one more", code="panels_full")
        if len(panel.text) > PANEL_TEXT_MAX:
            came = f"{len(panel.text)} characters"
            raise _too_much(f"at most {PANEL_TEXT_MAX} characters", came, code="panel_too_long")
        self._panels[panel.name] = panel
        self._link.say(m.PanelOpened(panel), key=f"panel:{panel.name}")

    async def close_panel(self, name: str) -> None:
        """Close a panel; one that is not open is no error."""
        if self._panels.pop(name, None) is None:
            return
        self._link.forget(f"panel:{name}")
        self._link.say(m.PanelClosed(name))

    def has_button(self, panel: str, button: str) -> bool:
        """Say whether that button can be pressed now: a page only says that it was."""
        found = self._panels.get(panel)
        return found is not None and any(b.name == button for b in found.buttons)

    def has_node(self, path: str | None, node: m.NodeId | None) -> bool:
        """Say whether that can be selected now: one of a script's nodes, or a live one."""
        if node is not None:
            return path is None and bool(self._nodes.living(np.array([node], np.uint32))[0])
        return path is not None and self._is_live(path)

    def emit(self, event: InputEvent) -> None:
        """Take what the person did; with `INPUTS_MAX` waiting the oldest is dropped."""
        self._inputs.append(event)
        self._has_input.set()

    def close(self) -> None:
        """End `inputs`, once what waits has been read."""
        self._is_closed = True
        self._has_input.set()

    async def inputs(self) -> AsyncIterator[InputEvent]:
        """Yield what the person does until the page is gone."""
        while True:
            while self._inputs:
                event = self._inputs.popleft()
                if event is not None:
                    yield event
            if self._is_closed:
                return
            self._has_input.clear()
            await self._has_input.wait()

    # --- inside -----------------------------------------------------------------------------

    def _state(self) -> Iterator[m.Down]:
        """Say what a page that comes back must know of nodes."""
        for model, ids, places, turns in self._nodes.everything():
            yield m.Spawned(model, _ids(ids), _flat(places), _flat(turns))
        for path, (position, rotation) in self._live.items():
            yield m.LiveMoved([path], position, rotation)

    def _is_live(self, path: str) -> bool:
        """Say whether a node or one above it is marked live (docs/scene-package.md)."""
        nodes = self._scene.branch.get("nodes", ()) if self._scene else ()
        return any(
            _is_marked(node) and (path == node["path"] or path.startswith(f"{node['path']}/"))
            for node in nodes
        )


def _is_marked(node: Mapping[str, Any]) -> bool:
    return any(mark in node.get("extras", {}) for mark in ("live", "interaction", "avatar"))


def _ids(nodes: NodeIds) -> list[tuple[int, int]]:
    return [(index, generation) for index, generation in nodes.tolist()]


def _flat(numbers: Floats | None) -> list[float]:
    if numbers is None:
        return []
    flat: list[float] = np.asarray(numbers, np.float32).ravel().tolist()
    return flat


def _too_much(expected: str, came: str, *, code: str) -> InputRefused:
    return InputRefused(expected, came, "close or shorten some", code=code)
