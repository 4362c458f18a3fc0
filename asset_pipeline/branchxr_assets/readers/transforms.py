"""Transforms of other formats in glTF's terms: metres, +Y up, parts that can be animated."""

from typing import Final

import numpy as np

from ..document import Floats, Json
from ..tree import local_matrix, matrix_quaternion

Z_UP: Final[Floats] = np.array(
    [[1, 0, 0, 0], [0, 0, 1, 0], [0, -1, 0, 0], [0, 0, 0, 1]], np.float64
)
"""`(x, y, z) -> (x, z, -y)`: what is up along Z stands along Y."""
X_UP: Final[Floats] = np.array(
    [[0, -1, 0, 0], [1, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]], np.float64
)
"""`(x, y, z) -> (-y, x, z)`: COLLADA 1.4.1, `up_axis`: right is then -Y, and +Z comes in."""
Y_UP: Final[Floats] = np.eye(4)
UP: Final = {"X": X_UP, "Y": Y_UP, "Z": Z_UP}
_SHEAR: Final = 1e-6
_PLAIN: Final = {
    "translation": (0.0, 0.0, 0.0),
    "rotation": (0.0, 0.0, 0.0, 1.0),
    "scale": (1.0, 1.0, 1.0),
}


def to_metres(unit_m: float, up: str) -> Floats:
    """Return the `(4, 4)` that turns a format's axes and scales its unit to metres."""
    return UP[up] @ np.diag([unit_m, unit_m, unit_m, 1.0])


def parts_of(matrix: Floats) -> Json:
    """Return a node's `translation`, `rotation` and `scale`, those that say something.

    A sheared matrix is returned as `matrix`.
    """
    matrix = np.asarray(matrix, np.float64)
    scale = np.linalg.norm(matrix[:3, :3], axis=0)
    if np.linalg.det(matrix[:3, :3]) < 0:
        scale[0] = -scale[0]
    parts: Json = {
        "translation": [float(v) + 0.0 for v in matrix[:3, 3]],
        "rotation": [float(v) + 0.0 for v in matrix_quaternion(matrix)],
        "scale": [float(v) for v in scale],
    }
    lost = float(np.abs(local_matrix(parts) - matrix)[:3, :3].max())
    if not lost <= _SHEAR * max(1e-12, float(np.abs(scale).max())):
        return {"matrix": [float(v) for v in matrix.T.ravel()]}
    return {key: value for key, value in parts.items() if not _is_plain(value, _PLAIN[key])}


def _is_plain(values: list[float], plain: tuple[float, ...]) -> bool:
    return all(abs(a - b) <= 1e-9 for a, b in zip(values, plain, strict=True))


def decomposed(matrices: Floats) -> dict[str, Floats]:
    """Return `translation`, `rotation` and `scale` of `(n, 4, 4)` transforms, for animation.

    Quaternions turn the short way from one to the next; shear is lost.
    """
    turn = matrices[:, :3, :3].copy()
    scale = np.linalg.norm(turn, axis=1)
    scale[:, 0] *= np.where(np.linalg.det(turn) < 0, -1.0, 1.0)
    turn /= np.where(scale == 0, 1, scale)[:, None, :]
    diagonal = np.diagonal(turn, axis1=1, axis2=2)
    trace = diagonal.sum(axis=1)
    # The largest of the four squares is the safe one to divide by (Shepperd 1978).
    squares = np.concatenate([2 * diagonal - trace[:, None], trace[:, None]], axis=1)
    largest = squares.argmax(axis=1)
    found = np.empty((len(turn), 4))
    for number in range(4):
        rows = largest == number
        m = turn[rows]
        if number == 3:
            found[rows, 3] = 1 + trace[rows]
            found[rows, 0] = m[:, 2, 1] - m[:, 1, 2]
            found[rows, 1] = m[:, 0, 2] - m[:, 2, 0]
            found[rows, 2] = m[:, 1, 0] - m[:, 0, 1]
            continue
        i, j, k = number, (number + 1) % 3, (number + 2) % 3
        found[rows, i] = 1 + squares[rows, i]
        found[rows, j] = m[:, j, i] + m[:, i, j]
        found[rows, k] = m[:, k, i] + m[:, i, k]
        found[rows, 3] = m[:, k, j] - m[:, j, k]
    found /= np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-12)
    signs = np.cumprod(np.where((found[1:] * found[:-1]).sum(axis=1) < 0, -1.0, 1.0))
    found[1:] *= signs[:, None]
    return {"translation": matrices[:, :3, 3].copy(), "rotation": found, "scale": scale}
