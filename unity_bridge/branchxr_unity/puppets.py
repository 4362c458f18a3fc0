"""Bodies that a script moves: all of them in one array, as the game takes them."""

from collections.abc import Iterable
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from branchxr.errors import InputRefused
from branchxr.protocol.pose import Pose, PoseFlags
from branchxr.stages.messages import Down
from branchxr.stages.stage import Floats, NodeIds

from .layout import POSE_FLOATS, PUPPETS_MAX


class PuppetSink(Protocol):
    """Where the poses go: a slab of the block, or a record."""

    def publish(self, ids: NDArray[np.uint32], poses: Floats) -> None:
        """Show these rows, and no others; never blocks."""
        ...

    def state(self, ids: NDArray[np.uint32], poses: Floats) -> Iterable[Down]:
        """Show them again to a game that has come back."""
        ...


class Puppets:
    """Which puppets there are, and how they stand: `(n, 2)` ids and `(n, 22)` poses.

    A pose is position (3) and rotation x y z w (4) of head, left hand and right hand, metres in
    scene axes, and its `PoseFlags` as a number.
    """

    def __init__(self, sink: PuppetSink) -> None:
        self._sink = sink
        self._count = 0
        self._ids = np.zeros((PUPPETS_MAX, 2), np.uint32)
        self._poses = _at_a_line(PUPPETS_MAX, POSE_FLOATS)
        self._rows: dict[tuple[int, int], int] = {}
        self._shown = (self._ids[:0], self._poses[:0])

    def require_room(self, count: int) -> None:
        """Refuse more puppets than there is room for.

        Raises:
            InputRefused: `puppets_full`.
        """
        after = self._count + count
        if after > PUPPETS_MAX:
            raise InputRefused(
                f"at most {PUPPETS_MAX} puppets", f"{after}", "remove some first",
                code="puppets_full",
            )  # fmt: skip

    def add(self, nodes: NodeIds, poses: Floats) -> None:
        """Add puppets, for whom there is room."""
        after = self._count + len(nodes)
        for index, generation in nodes.tolist():
            self._rows[index, generation] = len(self._rows)
        self._ids[self._count : after] = nodes
        self._poses[self._count : after] = poses
        self._counted(after)

    def put(self, nodes: NodeIds, poses: Floats) -> None:
        """Pose living puppets."""
        if len(nodes) == self._count and (self._ids[: self._count] == nodes).all():
            self._poses[: self._count] = poses  # everybody, in order: one copy
        else:
            self._poses[self._rows_of(nodes)] = poses
        self._publish()

    def remove(self, nodes: NodeIds) -> None:
        """Remove puppets."""
        stay = np.ones(self._count, np.bool_)
        stay[self._rows_of(nodes)] = False
        count = int(stay.sum())
        self._ids[:count] = self._ids[: self._count][stay]
        self._poses[:count] = self._poses[: self._count][stay]
        self._rows = {
            (index, generation): row
            for row, (index, generation) in enumerate(self._ids[:count].tolist())
        }
        self._counted(count)

    def turns(self, nodes: NodeIds) -> Floats:
        """Return how living puppets are turned: `(n, 4)`."""
        turns: Floats = self._poses[self._rows_of(nodes), 3:7]
        return turns

    def state(self) -> Iterable[Down]:
        """Say all of them to a game that has come back."""
        return self._sink.state(*self._shown)

    def _rows_of(self, nodes: NodeIds) -> NDArray[np.intp]:
        rows = (self._rows[index, generation] for index, generation in nodes.tolist())
        return np.fromiter(rows, np.intp, len(nodes))

    def _counted(self, count: int) -> None:
        """Show others than before, from now on by the same two arrays, of which ids are fixed."""
        self._count = count
        ids = self._ids[:count].copy()
        ids.flags.writeable = False
        self._shown = (ids, self._poses[:count])
        self._publish()

    def _publish(self) -> None:
        self._sink.publish(*self._shown)


def standing(positions: Floats, rotations: Floats | None) -> Floats:
    """Return `(n, 22)` poses of people who stand at points of the floor, turned as a whole.

    Args:
        positions: `(n, 3)`, metres.
        rotations: `(n, 4)`; `None` looks along -Z.
    """
    count = len(positions)
    poses = np.empty((count, POSE_FLOATS), np.float32)
    turns = np.broadcast_to(_UPRIGHT, (count, 4)) if rotations is None else rotations
    for node in range(3):
        poses[:, node * 7 : node * 7 + 3] = positions + _rotated(_PARTS[node], turns)
        poses[:, node * 7 + 3 : node * 7 + 7] = turns
    poses[:, 21] = float(PoseFlags.HANDS)
    return poses


def _at_a_line(rows: int, columns: int) -> Floats:
    """Return zeros that begin at a cache line.

    So do the poses of a slab of 8, 16, 24 and so on puppets, the default among them: copied from
    here they never meet what `slabs` says of places.
    """
    raw = np.zeros(rows * columns + _LINE_FLOATS, np.float32)
    start = -raw.ctypes.data // 4 % _LINE_FLOATS
    return raw[start : start + rows * columns].reshape(rows, columns)


def _rotated(vector: Floats, turns: Floats) -> Floats:
    # v + 2 w (u x v) + 2 u x (u x v), with u and w of the quaternion.
    axis, real = turns[:, :3], turns[:, 3:]
    across = np.cross(axis, np.broadcast_to(vector, axis.shape))
    turned = vector + 2 * (real * across + np.cross(axis, across))
    return turned.astype(np.float32, copy=False)


_LINE_FLOATS: Final = 16
_BODY: Final = Pose.standing((0.0, 0.0, 0.0))
_PARTS: Final = np.array(
    [_BODY.head_position, _BODY.left_position, _BODY.right_position], np.float32
)
_UPRIGHT: Final = np.array([0, 0, 0, 1], np.float32)
