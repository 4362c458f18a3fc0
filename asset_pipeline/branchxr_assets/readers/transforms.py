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
    plain = {
        "translation": [0.0, 0.0, 0.0],
        "rotation": [0.0, 0.0, 0.0, 1.0],
        "scale": [1.0, 1.0, 1.0],
    }
    return {
        key: value
        for key, value in parts.items()
        if not np.allclose(value, plain[key], 1e-9, 1e-12)
    }
