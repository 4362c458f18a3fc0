"""Nodes that a script made on a page: ids with generations, and what a returning page is told."""

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from branchxr.errors import InputRefused
from branchxr.stages.stage import Floats, NodeIds

NODES_MAX: Final = 4096
"""As many as the page takes; each is one draw there."""


class NodeTable:
    """Which nodes there are, of what model, and where. Arrays of a fixed size."""

    def __init__(self) -> None:
        self._generations = np.zeros(NODES_MAX, np.uint32)
        self._is_alive = np.zeros(NODES_MAX, np.bool_)
        self._models = np.full(NODES_MAX, "", dtype="U8")
        self._positions = np.zeros((NODES_MAX, 3), np.float32)
        self._rotations = np.tile(np.array([0, 0, 0, 1], np.float32), (NODES_MAX, 1))

    def spawn(self, model: str, count: int) -> NodeIds:
        """Take `count` free indices; return `(count, 2) uint32`.

        Raises:
            InputRefused: `nodes_full`.
        """
        free = np.flatnonzero(~self._is_alive)[:count]
        if len(free) < count:
            raise InputRefused(
                f"at most {NODES_MAX} nodes on a page",
                f"{count} more than {int(self._is_alive.sum())}",
                "remove some first",
                code="nodes_full",
            )
        self._is_alive[free] = True
        self._generations[free] += 1
        self._models[free] = model
        self._rotations[free] = (0, 0, 0, 1)
        return np.column_stack([free.astype(np.uint32), self._generations[free]])

    def living(self, nodes: NodeIds) -> NDArray[np.bool_]:
        """Say which ids are not stale: `(n,) bool`."""
        ids = np.asarray(nodes, np.uint32).reshape(-1, 2)
        index = np.minimum(ids[:, 0], NODES_MAX - 1)
        known: NDArray[np.bool_] = (
            (ids[:, 0] < NODES_MAX)
            & self._is_alive[index]
            & (self._generations[index] == ids[:, 1])
        )
        return known

    def remove(self, nodes: NodeIds) -> NodeIds:
        """Remove nodes, and return those that were there."""
        ids = np.asarray(nodes, np.uint32).reshape(-1, 2)
        gone = ids[self.living(ids)]
        self._is_alive[gone[:, 0]] = False
        return gone

    def put(
        self,
        nodes: NodeIds,
        positions: NDArray[np.float32],
        rotations: NDArray[np.float32] | None,
    ) -> None:
        """Note where living nodes are; without rotations they stay turned as they are."""
        self._positions[nodes[:, 0]] = positions
        if rotations is not None:
            self._rotations[nodes[:, 0]] = rotations

    def everything(self) -> Iterator[tuple[str, NodeIds, Floats, Floats]]:
        """Yield model, ids, positions and rotations of all nodes, model by model."""
        alive = np.flatnonzero(self._is_alive)
        for model in np.unique(self._models[alive]):
            rows = alive[self._models[alive] == model]
            ids = np.column_stack([rows.astype(np.uint32), self._generations[rows]])
            yield str(model), ids, self._positions[rows], self._rotations[rows]


def checked(
    count: int, positions: Floats, rotations: Floats | None
) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
    """Return positions `(count, 3)` and rotations `(count, 4)` as float32.

    Raises:
        InputRefused: `shape_refused`: another shape, or a number that is not finite.
    """
    places = np.asarray(positions, np.float32)
    turns = None if rotations is None else np.asarray(rotations, np.float32)
    is_right = places.shape == (count, 3) and (turns is None or turns.shape == (count, 4))
    is_finite = np.isfinite(places).all() and (turns is None or np.isfinite(turns).all())
    if not is_right or not is_finite:
        came = f"{places.shape} and {None if turns is None else turns.shape}"
        raise InputRefused(
            f"finite positions ({count}, 3) and rotations ({count}, 4)",
            came,
            "check the arrays",
            code="shape_refused",
        )
    return places, turns
