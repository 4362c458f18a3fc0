"""A stage that is shown elsewhere: in a page, in a game. It says everything over a link."""

import sys
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np

from ..errors import InputRefused, NotOffered
from ..scene.streamer import LoadedScene
from . import messages as m
from .inputs import InputQueue
from .link import StageLink
from .node_table import NodeTable, checked
from .stage import MODELS, Capability, Floats, InputEvent, NodeIds, Panel, PanelButton, PanelField

NODES_MAX: Final = 4096
"""As many as a page or a game takes; each is one draw there."""

PANELS_MAX: Final = 16
PANEL_TEXT_MAX: Final = 4000
LIVE_AT_ONCE: Final = 1024
"""Paths of one message: with what they are long, half of what a record for a game may hold."""


class RemoteStage:
    """A stage with a person before it; implements `stages.stage.Stage`.

    Args:
        name: `"webxr"` or `"unity"`.
        link: to where it is shown.
        scene: what the branch shows, verified, or `None`.
        base_url: below which the scene's files are found from there.
    """

    _files_at_once: int = sys.maxsize
    """A stage whose messages have a limit is told the scene's files in parts."""

    def __init__(
        self,
        name: str,
        link: StageLink[Any],
        *,
        scene: LoadedScene | None = None,
        base_url: str = "/scene/",
    ) -> None:
        self.name = name
        self._link = link
        self._scene = scene
        self.base_url = base_url
        self._nodes = NodeTable(NODES_MAX)
        self._live: dict[str, tuple[Floats, Floats]] = {}
        self._panels: dict[str, Panel] = {}
        self._inputs = InputQueue()
        link.add_state(self._state)

    @property
    def capabilities(self) -> frozenset[Capability]:
        """Everything; scenes and live nodes only where the branch has a scene."""
        scene = {Capability.SCENE, Capability.LIVE_NODES}
        return frozenset(Capability) - (frozenset() if self._scene else scene)

    async def show_scene(self, base_url: str) -> None:
        """Show the branch's own scene; no other host and no other package.

        Raises:
            NotOffered: the address is another one, or the branch has no scene.
        """
        if self._scene is None or not base_url.endswith(self.base_url):
            raise NotOffered(
                f"the branch's own scene, {self.base_url!r}",
                f"{base_url!r:.80}",
                "serve the package from the branch",
            )
        files = [(path, file.sha256) for path, file in self._scene.manifest.files.items()]
        for start in range(0, max(1, len(files)), self._files_at_once):
            some = dict(files[start : start + self._files_at_once])
            self._link.say(m.Scene(self.base_url, some), key=f"scene:{start}")

    def feed_frame(self, frame: bytes) -> None:
        """Pass a cell frame on, unread; who shows it decodes and interpolates."""
        self._link.frame(frame)

    async def spawn(
        self, model: str, positions: Floats, rotations: Floats | None = None
    ) -> NodeIds:
        """Make nodes; see `Stage.spawn`.

        Raises:
            NotOffered: a model that there is not.
            InputRefused: `shape_refused` or `nodes_full`.
        """
        if model not in MODELS:
            raise NotOffered(f"one of {sorted(MODELS)}", f"{model!r:.60}", "use one of these")
        places, turns = checked(len(positions), positions, rotations)
        nodes = self._nodes.spawn(model, places, turns)
        if len(nodes):
            self._link.say(m.Spawned(model, nodes, places, NO_TURNS if turns is None else turns))
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
            self._moved(ids, places, turns)

    async def remove(self, nodes: NodeIds) -> None:
        """Remove nodes; stale ids are ignored."""
        gone = self._nodes.remove(nodes)
        if len(gone):
            self._removed(gone)

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
            stays = self._live[path][1] if path in self._live else NO_TURNS
            turn = stays if turns is None else turns[row : row + 1]
            self._live[path] = (places[row : row + 1], turn)
        for start in range(0, len(paths), LIVE_AT_ONCE):
            some = slice(start, start + LIVE_AT_ONCE)
            turned = NO_TURNS if turns is None else turns[some]
            self._link.say(m.LiveMoved(list(paths[some]), places[some], turned))

    async def open_panel(self, panel: Panel) -> None:
        """Open a panel, or replace the one of that name.

        Raises:
            InputRefused: `panels_full`, or `panel_too_long`: its text, its names, or its fields.
        """
        if len(self._panels.keys() | {panel.name}) > PANELS_MAX:
            raise _too_much(f"at most {PANELS_MAX} panels", "one more", code="panels_full")
        if len(panel.text) > PANEL_TEXT_MAX:
            came = f"{len(panel.text)} characters"
            raise _too_much(f"at most {PANEL_TEXT_MAX} characters", came, code="panel_too_long")
        _require_answerable(panel)
        self._link.say(m.PanelOpened(panel), key=f"panel:{panel.name}")
        self._panels[panel.name] = panel

    async def close_panel(self, name: str) -> None:
        """Close a panel; one that is not open is no error."""
        if self._panels.pop(name, None) is None:
            return
        self._link.forget(f"panel:{name}")
        self._link.say(m.PanelClosed(name))

    def has_button(self, panel: str, button: str) -> bool:
        """Say whether that button can be pressed now: the other side only says that it was."""
        found = self._panels.get(panel)
        return found is not None and any(b.name == button for b in found.buttons)

    def has_node(self, path: str | None, node: m.NodeId | None) -> bool:
        """Say whether that can be selected now: one of a script's nodes, or a live one."""
        if node is not None:
            return path is None and bool(self._nodes.living(np.array([node], np.uint32))[0])
        return path is not None and self._is_live(path)

    def emit(self, event: InputEvent) -> None:
        """Take what the person did."""
        self._inputs.put(event)

    def close(self) -> None:
        """End `inputs`, once what waits has been read."""
        self._inputs.close()

    def inputs(self) -> AsyncIterator[InputEvent]:
        """Yield what the person does until they are gone."""
        return self._inputs.read()

    # --- inside; a stage may tell the first two another way ---------------------------------

    def _moved(self, ids: NodeIds, places: Floats, turns: Floats | None) -> None:
        self._link.say(m.Moved(ids, places, NO_TURNS if turns is None else turns))

    def _removed(self, ids: NodeIds) -> None:
        self._link.say(m.Removed(ids))

    def _state(self) -> Iterator[m.Down]:
        """Say what a reader that comes back must know of nodes."""
        for model, ids, places, turns in self._nodes.everything():
            yield m.Spawned(model, ids, places, turns)
        for path, (position, rotation) in self._live.items():
            yield m.LiveMoved([path], position, rotation)

    def _is_live(self, path: str) -> bool:
        """Say whether a node or one above it is marked live (docs/scene-package.md)."""
        nodes = self._scene.branch.get("nodes", ()) if self._scene else ()
        return any(
            _is_marked(node) and (path == node["path"] or path.startswith(f"{node['path']}/"))
            for node in nodes
        )


NO_TURNS: Final = np.zeros((0, 4), np.float32)


def _require_answerable(panel: Panel) -> None:
    """Refuse a panel whose buttons would be pressed in vain: the answer has its own bounds."""
    parts: list[PanelField | PanelButton] = [*panel.fields, *panel.buttons]
    longest = max(map(len, (panel.name, *(part.name for part in parts))))
    label = max((len(part.label) for part in parts), default=0)
    if longest > m.SHORT_MAX:
        raise _too_much(
            f"names of at most {m.SHORT_MAX} characters", f"{longest}", code="panel_too_long"
        )
    if max(label, len(panel.title)) > PANEL_TEXT_MAX:
        raise _too_much(
            f"titles and labels of at most {PANEL_TEXT_MAX} characters",
            f"{max(label, len(panel.title))}", code="panel_too_long",
        )  # fmt: skip
    if max(len(panel.fields), len(panel.buttons)) > m.FIELDS_MAX:
        came = f"{len(panel.fields)} and {len(panel.buttons)}"
        raise _too_much(f"at most {m.FIELDS_MAX} fields and buttons", came, code="panel_too_long")


def _is_marked(node: Mapping[str, Any]) -> bool:
    return any(mark in node.get("extras", {}) for mark in ("live", "interaction", "avatar"))


def _too_much(expected: str, came: str, *, code: str) -> InputRefused:
    return InputRefused(expected, came, "close or shorten some", code=code)
