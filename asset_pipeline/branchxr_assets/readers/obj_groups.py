"""Which faces of an OBJ file belong together: by object, group, material and smoothing."""

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..warnings import SceneWarning
from .corners import Numbers
from .mtl import decoded
from .obj_lines import Indices, ObjLines

NO_GROUP: Final = frozenset({"", "default", "off", "(null)"})
"""Names that exporters give where there is no group."""
_LOST: Final = {
    "l": ("lines_lost", "{n} lines (l) are not kept: only faces are"),
    "p": ("points_lost", "{n} points (p) are not kept: only faces are"),
    **dict.fromkeys(
        ("vp", "cstype", "deg", "curv", "curv2", "surf", "parm", "trim", "hole", "scrv", "sp"),
        ("surfaces_lost", "free-form curves and surfaces are not kept: export them as a mesh"),
    ),
}


@dataclass(slots=True)
class Part:
    """A node with a mesh: its name, whose child it is, and which faces are its own."""

    object: int
    group: str


@dataclass(slots=True)
class Grouping:
    """Which primitive every face belongs to; primitives are `(part, material)`.

    Attributes:
        objects: names, in order; one without a name stands for faces before any `o`.
        primitive, smooth: `(f,)`.
    """

    objects: list[str | None] = field(default_factory=lambda: [None])
    parts: list[Part] = field(default_factory=list)
    primitives: list[tuple[int, str | None]] = field(default_factory=list)
    libraries: list[str] = field(default_factory=list)
    warnings: list[SceneWarning] = field(default_factory=list)
    primitive: Indices = field(default_factory=lambda: np.empty(0, np.int32))
    smooth: Indices = field(default_factory=lambda: np.empty(0, np.int32))


def group_faces(lines: ObjLines) -> Grouping:
    """Walk over the statements; faces between two of them share part, material and smoothing."""
    made = Grouping()
    numbers: dict[tuple[int, str], int] = {}
    primitives: dict[tuple[int, str | None], int] = {}
    lost: dict[str, list[int]] = {}
    group, material, smooth = "", None, 0
    spans: list[tuple[int, int, int]] = []
    total = len(lines.sizes)
    statements = lines.statements
    begin = 0
    for index in range(len(statements) + 1):
        end = statements[index].faces if index < len(statements) else total
        if end > begin:
            key = (len(made.objects) - 1, group)
            if key not in numbers:
                numbers[key] = len(made.parts)
                made.parts.append(Part(*key))
            which = (numbers[key], material)
            if which not in primitives:
                primitives[which] = len(made.primitives)
                made.primitives.append(which)
            spans.append((end - begin, primitives[which], smooth))
            begin = end
        if index == len(statements):
            break
        keyword, rest = statements[index].keyword, statements[index].rest
        if keyword == "o":
            made.objects.append(decoded(rest))
            group = ""
        elif keyword == "g":
            group = decoded(rest)
        elif keyword == "usemtl":
            material = decoded(rest) or None
        elif keyword == "s":
            smooth = int(rest) if rest.isdigit() else int(rest.lower() == b"on")
        elif keyword == "mtllib":
            made.libraries.append(decoded(rest))
        elif keyword in _LOST:
            lost.setdefault(_LOST[keyword][0], []).append(statements[index].line)
    table = np.array(spans, np.int64).reshape(-1, 3)
    made.primitive = np.repeat(table[:, 1], table[:, 0]).astype(np.int32)
    made.smooth = np.repeat(table[:, 2], table[:, 0]).astype(np.int32)
    texts = dict(_LOST.values())
    for code, where in lost.items():
        message = texts[code].format(n=len(where))
        made.warnings.append(SceneWarning(code, f"line {where[0]}", message))
    return made


def sorted_by_primitive(
    grouping: Grouping, polygons: Numbers
) -> tuple[NDArray[np.int64] | None, list[int]]:
    """Return the triangles' order by primitive, and where each primitive begins.

    The order is `None` where they lie so.
    """
    keys = grouping.primitive[polygons]
    order = None if (np.diff(keys) >= 0).all() else np.argsort(keys, kind="stable")
    ordered = keys if order is None else keys[order]
    edges = np.searchsorted(ordered, np.arange(len(grouping.primitives) + 1))
    return order, edges.tolist()
