"""The Unity stage: where a script sees and acts in a running game."""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from branchxr.errors import InputRefused
from branchxr.scene.streamer import LoadedScene
from branchxr.stages import messages as m
from branchxr.stages.link import StageLink
from branchxr.stages.remote import RemoteStage
from branchxr.stages.stage import Floats, NodeIds

from .codec import wrap
from .layout import BY_NAME, POSE_FLOATS
from .puppets import Puppets, PuppetSink, standing
from .records import Puppets as PuppetsMessage
from .records import encode_down
from .slabs import Slabs

_FRAME = BY_NAME["frame"].code


class GameLink(StageLink[bytes]):
    """Messages as records, and frames, for one game."""

    def __init__(self) -> None:
        super().__init__(encode_down)


class UnityStage(RemoteStage):
    """A game with a player in it; implements `branchxr.stages.stage.Stage`.

    Args:
        link: to the game.
        scene: what the branch shows, verified, or `None`.
        base_url: where the game finds the scene's files.
        puppets: where poses of puppets go; as records over the link, if not given.
    """

    _files_at_once = 512
    """A record holds 1,800 of usual paths."""

    def __init__(
        self,
        link: StageLink[Any],
        *,
        scene: LoadedScene | None = None,
        base_url: str = "",
        puppets: PuppetSink | None = None,
    ) -> None:
        super().__init__("unity", link, scene=scene, base_url=base_url)
        self._puppets = Puppets(puppets or RecordSink(link))
        link.add_state(self._puppets.state)

    async def show_scene(self, base_url: str) -> None:
        """Show the branch's own scene, and tell the game its cells and anchors.

        Raises:
            NotOffered: the address is another one, or the branch has no scene.
        """
        await super().show_scene(base_url)
        scene = self._scene
        if scene is None:
            return
        cells = [m.CellPlace(cell["id"], tuple(cell["origin"])) for cell in scene.branch["cells"]]
        anchors = [m.AnchorPlace(a.path, a.kind, a.position, a.rotation) for a in scene.anchors]
        self._link.say(m.Cells(cells), key="cells")
        self._link.say(m.Anchors(anchors), key="anchors")

    def feed_frame(self, frame: bytes) -> None:
        """Pass a cell frame on, unread; the game decodes and interpolates."""
        self._link.frame(wrap(_FRAME, frame))

    async def spawn(
        self, model: str, positions: Floats, rotations: Floats | None = None
    ) -> NodeIds:
        """Make nodes; see `Stage.spawn`.

        Raises:
            NotOffered: a model that there is not.
            InputRefused: `shape_refused`, `nodes_full` or `puppets_full`.
        """
        if model == "puppet":
            self._puppets.require_room(len(positions))
        nodes = await super().spawn(model, positions, rotations)
        if model == "puppet" and len(nodes):
            turns = None if rotations is None else np.asarray(rotations, np.float32)
            self._puppets.add(nodes, standing(np.asarray(positions, np.float32), turns))
        return nodes

    async def pose_puppets(self, nodes: NodeIds, poses: Floats) -> None:
        """Pose puppets wholly: head and hands, not only where they stand; stale ids are ignored.

        Args:
            nodes: `(n, 2)` ids that `spawn("puppet", ...)` gave.
            poses: `(n, 22) float32`; see `puppets.Puppets`.

        Raises:
            InputRefused: `shape_refused`.
        """
        ids = np.asarray(nodes, np.uint32).reshape(-1, 2)
        rows = np.asarray(poses, np.float32)
        if rows.shape != (len(ids), POSE_FLOATS) or not np.isfinite(rows).all():
            raise InputRefused(
                f"finite poses ({len(ids)}, {POSE_FLOATS})", f"{rows.shape}", "check the array",
                code="shape_refused",
            )  # fmt: skip
        known = self._nodes.living(ids)
        known[known] &= self._nodes.model_of(ids[known]) == "puppet"
        self._puppets.put(ids[known], rows[known])

    def _moved(self, ids: NodeIds, places: Floats, turns: Floats | None) -> None:
        is_puppet = self._nodes.model_of(ids) == "puppet"
        if is_puppet.any():
            who = ids[is_puppet]
            turned = self._puppets.turns(who) if turns is None else turns[is_puppet]
            self._puppets.put(who, standing(places[is_puppet], turned))
        rest = ~is_puppet
        if rest.any():
            super()._moved(ids[rest], places[rest], None if turns is None else turns[rest])

    def _removed(self, ids: NodeIds) -> None:
        is_puppet = self._nodes.model_of(ids) == "puppet"
        if is_puppet.any():
            self._puppets.remove(ids[is_puppet])
        super()._removed(ids)


class RecordSink:
    """Poses as records over a link: for a game beside this process. The newest replace older."""

    def __init__(self, link: StageLink[Any]) -> None:
        self._link = link

    def publish(self, ids: NDArray[np.uint32], poses: Floats) -> None:
        """Send all rows, unless the game has no time for them."""
        self._link.frame(encode_down(PuppetsMessage(ids, poses)))

    def state(self, ids: NDArray[np.uint32], poses: Floats) -> Iterator[m.Down]:
        """Send all rows once more."""
        if len(ids):
            yield PuppetsMessage(ids, poses)


class SlabSink:
    """Poses in a slab of the block: one copy, and nobody is asked."""

    def __init__(self, slabs: Slabs) -> None:
        self._slabs = slabs
        self.is_open = True

    def publish(self, ids: NDArray[np.uint32], poses: Floats) -> None:
        """Copy all rows, unless the game has fenced its memory off."""
        if self.is_open:
            self._slabs.publish(ids, poses)

    def state(self, ids: NDArray[np.uint32], poses: Floats) -> Iterable[m.Down]:
        """Copy all rows once more."""
        self.publish(ids, poses)
        return ()
