"""USD's names, custom properties and transforms in glTF's terms."""

import math
from collections.abc import Callable, Iterable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ...document import Floats, Json
from ...schema import DEPTH_MAX
from .bindings import Gf, Sdf, UsdGeom

USER: Final = "userProperties:"
BLENDERS_OWN: Final = "userProperties:blender:"
"""What Blender's exporter notes for its importer: `object_name`, `data_name`, bone lengths."""
_BLENDERS_NAMES: Final = ("object_name", "data_name")
_TOOLS_OWN: Final = frozenset({"Blender", "userDocBrief"})
"""Keys of `customData` that say how the file was made, not what an artist set."""
_SCHEMAS_OWN: Final = (USER, "primvars:", "xformOp:", "inputs:", "outputs:", "info:")
"""Namespaces of what is custom only because a program wrote it so."""


def name_of(prim: Any) -> str:
    """Return a prim's name as its author wrote it.

    USD allows few characters in a name. `displayName` has the author's own; Blender notes it in
    `userProperties:blender:object_name` (`GlassWall.009` where the prim is `GlassWall_009`).
    """
    shown = prim.GetDisplayName()
    if shown:
        return str(shown)
    for key in _BLENDERS_NAMES:
        attribute = prim.GetAttribute(BLENDERS_OWN + key)
        value = attribute.Get() if attribute else None
        if isinstance(value, str) and value:
            return value
    return str(prim.GetName())


def user_properties(prim: Any, time: Any) -> Json:
    """Return the `userProperties:` of a prim as JSON, Blender's own notes left out."""
    names = (a for a in prim.GetAttributes() if a.GetName().startswith(USER))
    return {
        a.GetName().removeprefix(USER): plain(a.Get(time))
        for a in names
        if not a.GetName().startswith(BLENDERS_OWN)
    }


def extras_of(prim: Any, time: Any) -> Json:
    """Return all custom properties of a prim: of users, other custom ones, and `customData`."""
    # The strongest layer last; what `GetCustomData` adds from the schema is nobody's property.
    layers = [dict(spec.customData) for spec in reversed(prim.GetPrimStack())]
    found = {k: plain(v) for data in layers for k, v in data.items() if k not in _TOOLS_OWN}
    for attribute in prim.GetAttributes():
        name = attribute.GetName()
        is_custom = attribute.IsCustom() and not name.startswith(_SCHEMAS_OWN)
        if is_custom and attribute.HasAuthoredValue():
            found[name] = plain(attribute.Get(time))
    return {
        key: value
        for key, value in (found | user_properties(prim, time)).items()
        if value is not None
    }


def plain(value: Any, depth: int = 0) -> Any:  # noqa: PLR0911 - one line for each kind of value
    """Turn a USD value into JSON with its type: numbers, vectors and matrices as lists of them.

    Quaternions become `[x, y, z, w]`. What JSON does not hold (infinity, unknown types) is text.
    """
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, Sdf.AssetPath):
        return value.path
    if isinstance(value, Gf.Quatd | Gf.Quatf | Gf.Quath):
        return [*map(float, value.GetImaginary()), float(value.GetReal())]
    if isinstance(value, Sdf.TimeCode):
        return plain(float(value.GetValue()))
    if isinstance(value, dict) and depth < DEPTH_MAX // 2:
        return {str(key): plain(item, depth + 1) for key, item in value.items()}
    if depth < DEPTH_MAX // 2:
        try:
            return [plain(item, depth + 1) for item in value]
        except TypeError:
            pass
    return str(value)


def column_matrix(matrix: Any) -> Floats:
    """Return a `GfMatrix4d` (for row vectors) as `(4, 4)` for column vectors."""
    return np.array(matrix, np.float64).T


def local_at(prim: Any, time: Any) -> tuple[Floats, bool]:
    """Return a prim's own transform, all operations and pivots composed; is the parent's unused?"""
    if not prim.IsA(UsdGeom.Xformable):
        return np.eye(4), False
    xformable = UsdGeom.Xformable(prim)
    matrix = column_matrix(xformable.GetLocalTransformation(time))
    return matrix, bool(xformable.GetResetXformStack())


def is_animated(prim: Any) -> bool:
    """Tell whether a prim's own transform changes with time."""
    return prim.IsA(UsdGeom.Xformable) and bool(
        UsdGeom.Xformable(prim).TransformMightBeTimeVarying()
    )


SAMPLES_MAX: Final = 20_000
"""Of one clip: eleven minutes at 30 frames a second."""


class Clock:
    """A stage's time: codes to seconds, counted from the start of its range.

    Attributes:
        start: the time code at which the scene is read.
    """

    def __init__(self, stage: Any) -> None:
        rate = float(stage.GetTimeCodesPerSecond())
        self.rate = rate if math.isfinite(rate) and rate > 0 else 24.0
        self.start = float(stage.GetStartTimeCode())
        end = float(stage.GetEndTimeCode())
        self.is_authored = bool(stage.HasAuthoredTimeCodeRange()) and end > self.start
        self.end = end if self.is_authored else math.inf

    def samples(self, authored: Iterable[float], *, is_smooth: bool = False) -> list[float]:
        """Return the time codes at which to sample something.

        Args:
            authored: where it has samples.
            is_smooth: it curves between them (turns, pivots, splines): every whole code too.
        """
        inside = sorted({float(t) for t in authored if self.start <= t <= self.end})
        if self.is_authored:
            inside = sorted({self.start, *inside} | ({self.end} if not inside else set()))
        if is_smooth and inside:
            first = math.ceil(inside[0])
            last = math.floor(self.end if self.is_authored and len(inside) == 1 else inside[-1])
            inside = sorted(
                {*inside, *map(float, range(first, min(last, first + SAMPLES_MAX) + 1))}
            )
        return inside[:SAMPLES_MAX]

    def seconds(self, codes: Iterable[float]) -> Floats:
        """Return time codes as seconds, none below zero."""
        found = np.array(list(codes), np.float64)
        zero = self.start if self.is_authored else min(self.start, float(found.min(initial=0.0)))
        return np.asarray((found - zero) / self.rate)


def tabled(values: Any, columns: int) -> Floats:
    """Return a USD array of vectors as `(n, columns)`; `None` has no rows.

    Nor has a value of another type than its schema says: a layer may hold any, even one that
    USD has no type for. The same goes for `whole`, `words`, `number`, `word` and `vector`.
    """
    try:
        return np.array(() if values is None else values, np.float64).reshape(-1, columns)
    except (TypeError, ValueError):
        return np.zeros((0, columns))


def whole(values: Any) -> NDArray[np.int64]:
    """Return a USD array of whole numbers as `(n,)`; `None` has none."""
    try:
        return np.array(() if values is None else values, np.int64).reshape(-1)
    except (TypeError, ValueError, OverflowError):
        return np.zeros(0, np.int64)


def words(values: Any) -> tuple[str, ...]:
    """Return a USD array of tokens; `None` has none."""
    try:
        return () if values is None or isinstance(values, str) else tuple(map(str, values))
    except TypeError:
        return ()


def number(attribute: Any, time: Any, default: float) -> float:
    """Return an attribute's number; the default where it has none, or none that is finite."""
    value = attribute.Get(time) if attribute else None
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else default


def word(attribute: Any, time: Any, default: str) -> str:
    """Return an attribute's token; the default where it has none."""
    value = attribute.Get(time) if attribute else None
    return value if isinstance(value, str) else default


def vector(attribute: Any, time: Any, default: tuple[float, ...]) -> tuple[float, ...]:
    """Return an attribute's vector; the default where it has none of that length, or not finite."""
    row = tabled(attribute.Get(time) if attribute else None, 1).ravel()
    is_usable = len(row) == len(default) and bool(np.isfinite(row).all())
    return tuple(map(float, row)) if is_usable else default


Warn = Callable[[str, str, str], None]
"""`(code, path, message)`."""
