"""Attributes of a mesh for each of its corners, whatever they are given for."""

import re
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from ...document import Array
from ..corners import Numbers
from .bindings import UsdGeom

_FIRST_UV: Final = ("st", "st0", "st_0", "UVMap", "map1", "uv", "uv0", "UVChannel_1")
"""What exporters call the first texture coordinates: the specification's own, Blender's, Maya's."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What the faces of a mesh are: `sizes` corners each, `points` numbered by `corner_point`."""

    points: int
    sizes: Numbers
    corner_point: Numbers


@dataclass(frozen=True, slots=True)
class Spread:
    """A primvar, spread over the corners: `values[index]`.

    Attributes:
        is_constant: one value for the whole mesh.
    """

    values: Array
    index: Numbers
    is_constant: bool

    @property
    def rows(self) -> Array:
        """The value at each corner."""
        return np.asarray(self.values[self.index])


def spread(values: Array, indices: Array | None, interpolation: str, shape: Shape) -> Spread | None:
    """Give every corner its value; `None` when there are too few or an index leads nowhere."""
    index = _corner_slots(interpolation, shape)
    if index is None:
        return None
    if indices is not None and len(indices):
        if len(index) and index.max(initial=0) >= len(indices):
            return None
        index = np.asarray(indices, np.int64)[index]
    if len(index) and not 0 <= index.min() <= index.max() < len(values):
        return None
    return Spread(values, index, interpolation == UsdGeom.Tokens.constant)


def _corner_slots(interpolation: str, shape: Shape) -> Numbers | None:
    """Return for each corner the number of its element in the primvar (UsdGeomPrimvar)."""
    corners = len(shape.corner_point)
    if interpolation == UsdGeom.Tokens.constant:
        return np.zeros(corners, np.int64)
    if interpolation == UsdGeom.Tokens.uniform:
        return np.repeat(np.arange(len(shape.sizes)), shape.sizes)
    if interpolation in {UsdGeom.Tokens.vertex, UsdGeom.Tokens.varying}:
        return shape.corner_point
    if interpolation == UsdGeom.Tokens.faceVarying:
        return np.arange(corners, dtype=np.int64)
    return None


def read_primvar(primvar: Any, time: Any, shape: Shape, columns: int) -> Spread | None:
    """Read a primvar of vectors of `columns` numbers; `None` when it does not fit the mesh."""
    got = primvar.Get(time)
    if got is None:
        return None
    table = np.array(got, np.float32)
    table = table.reshape(-1, table.shape[-1] if table.ndim > 1 else 1)[:, :columns]
    indices = primvar.GetIndices(time) if primvar.IsIndexed() else None
    index_table = None if indices is None else np.array(indices, np.int64)
    return spread(table, index_table, str(primvar.GetInterpolation()), shape)


def uv_names(prim: Any, used: tuple[str, ...]) -> list[str]:
    """Return the names of a mesh's texture coordinates, the one that is set 0 first.

    Args:
        prim: the mesh.
        used: names that its materials read; they count whatever their role is.
    """
    found = []
    for primvar in UsdGeom.PrimvarsAPI(prim).FindPrimvarsWithInheritance():
        name, kind = str(primvar.GetPrimvarName()), primvar.GetTypeName()
        is_pair = kind.scalarType.type.typeName in {"GfVec2f", "GfVec2d", "GfVec2h"}
        if kind.role == "TextureCoordinate" or (is_pair and name in used):
            found.append(name)
    return sorted(found, key=_uv_rank)


def _uv_rank(name: str) -> tuple[int, list[tuple[int, int | str]]]:
    rank = _FIRST_UV.index(name) if name in _FIRST_UV else len(_FIRST_UV)
    parts = re.split(r"(\d+)", name)
    return rank, [(0, int(part)) if part.isdigit() else (1, part) for part in parts]


def colour_names(prim: Any) -> list[str]:
    """Return the names of a mesh's colours, `displayColor` first."""
    found = [
        str(primvar.GetPrimvarName())
        for primvar in UsdGeom.PrimvarsAPI(prim).GetPrimvarsWithValues()
        if primvar.GetTypeName().role == "Color"
    ]
    return sorted(found, key=lambda name: (name != "displayColor", name))
