"""Nodes that a script made: ids with generations, and where they are."""

from collections.abc import Iterator
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from ..errors import InputRefused
from .stage import Floats, NodeIds

_Column = TypeVar("_Column", bound=NDArray[Any])


class NodeTable:
    """Which nodes there are, of what model, and where. Columns, which grow up to a limit.

    Args:
        most: nodes at once.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self._generations = np.zeros(0, np.uint32)
        self._is_alive = np.zeros(0, np.bool_)
        self._models = np.full(0, "", dtype="U8")
        self._positions = np.zeros((0, 3), np.float32)
        self._rotations = np.zeros((0, 4), np.float32)

    def spawn(self, model: str, positions: Floats, rotations: Floats | None) -> NodeIds:
        """Make nodes, and return their ids: `(n, 2) uint32`. Lowest free indices first.

        Raises:
            InputRefused: `nodes_full`.
        """
        count = len(positions)
        free = np.flatnonzero(~self._is_alive)[:count]
        if len(free) < count:
            self._grow(count - len(free))
            free = np.flatnonzero(~self._is_alive)[:count]
        self._is_alive[free] = True
        self._generations[free] += 1  # from 1 on: a forgotten id of zeros is never alive
        self._models[free] = model
        self._positions[free] = positions
        self._rotations[free] = (0, 0, 0, 1) if rotations is None else rotations
        return np.column_stack([free.astype(np.uint32), self._generations[free]])

    def living(self, nodes: NodeIds) -> NDArray[np.bool_]:
        """Say which ids are not stale: `(n,) bool`."""
        ids = np.asarray(nodes, np.uint32).reshape(-1, 2)
        if not len(self._is_alive):
            return np.zeros(len(ids), np.bool_)
        index = np.minimum(ids[:, 0], len(self._is_alive) - 1)
        known: NDArray[np.bool_] = (
            (ids[:, 0] == index) & self._is_alive[index] & (self._generations[index] == ids[:, 1])
        )
        return known

    def model_of(self, nodes: NodeIds) -> NDArray[np.str_]:
        """Return the models of living nodes: `(n,)`."""
        models: NDArray[np.str_] = self._models[nodes[:, 0]]
        return models

    def remove(self, nodes: NodeIds) -> NodeIds:
        """Remove nodes, and return those that were there."""
        ids = np.asarray(nodes, np.uint32).reshape(-1, 2)
        gone = np.unique(ids[self.living(ids)], axis=0)
        self._is_alive[gone[:, 0]] = False
        return gone

    def put(self, nodes: NodeIds, positions: Floats, rotations: Floats | None) -> None:
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

    def _grow(self, missing: int) -> None:
        have = len(self._is_alive)
        if have + missing > self.most:
            raise InputRefused(
                f"at most {self.most} nodes",
                f"{missing} more than {have} in use",
                "remove some first",
                code="nodes_full",
            )
        size = min(self.most, max(64, have * 2, have + missing))
        self._generations = _longer(self._generations, size)
        self._is_alive = _longer(self._is_alive, size)
        self._models = _longer(self._models, size)
        self._positions = _longer(self._positions, size)
        self._rotations = _longer(self._rotations, size)


def _longer(column: _Column, size: int) -> _Column:
    longer = np.zeros((size, *column.shape[1:]), column.dtype)
    longer[: len(column)] = column
    return longer  # type: ignore[return-value]  # of the type that came in


def checked(
    count: int, positions: Floats, rotations: Floats | None
) -> tuple[Floats, Floats | None]:
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
