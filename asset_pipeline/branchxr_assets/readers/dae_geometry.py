"""COLLADA's polygons as welded triangles (chapter 5, `<mesh>` and what is in it)."""

import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from ..document import Array, Floats
from ..geometry import Triangles
from .corners import triangulate, weld
from .dae_library import Library, Numbers, inputs
from .polygons import cut_with_holes
from .shading import linear

_COUNT_MAX: Final = 2**31
_OFFSET_MAX: Final = 64
KINDS: Final = ("triangles", "polylist", "polygons", "tristrips", "trifans")
_THIN: Final = ("lines", "linestrips")


@dataclass(frozen=True, slots=True)
class Surface:
    """Triangles of one material of a geometry.

    Attributes:
        symbol: names a material where the geometry is used.
        attributes: glTF's names -> values of vertices, in the file's own frame.
        indices: `(t, 3)`.
        points: `(n,)` which point of the geometry each vertex is: skins and morphs go by it.
        uv_sets: the file's numbers of the sets, `TEXCOORD_0` first.
    """

    symbol: str
    attributes: Mapping[str, Array]
    indices: Triangles
    points: Numbers
    uv_sets: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Input:
    semantic: str
    values: Floats
    offset: int
    set: int


def surfaces(library: Library, geometry: ET.Element) -> list[Surface]:
    """Return what a `<geometry>` shows; what is no polygon is warned of."""
    name = geometry.get("name") or geometry.get("id", "")
    mesh = geometry.find("mesh")
    if mesh is None:
        kind = next((c.tag for c in geometry if c.tag in {"convex_mesh", "spline", "brep"}), "")
        message = f"a {kind or 'geometry without <mesh>'} is not kept: export it as a mesh"
        library.warn("geometry_lost", f"geometry {name!r}", message)
        return []
    found = []
    for element in mesh:
        if element.tag in _THIN:
            message = "its lines are not kept: only polygons are"
            library.warn("lines_lost", f"geometry {name!r}", message)
        elif element.tag in KINDS:
            made = _surface(library, mesh, element, f"geometry {name!r} <{element.tag}>")
            if made is not None:
                found.append(made)
    return found


def triangle_count(library: Library, geometry: ET.Element) -> int:
    """Return a geometry's triangles, a polygon of n corners as n - 2."""
    place = f"geometry {geometry.get('id', '')!r}"
    total = 0
    for element in (e for mesh in geometry.findall("mesh") for e in mesh if e.tag in KINDS):
        stride = 1 + max((offset for _, _, offset, _ in inputs(element)), default=0)
        if element.tag == "triangles":
            total += sum(len(library.indices(p.text, place)) for p in element.findall("p")) // (
                3 * stride
            )
        elif element.tag == "polylist":
            sizes = library.indices(element.findtext("vcount"), place)
            total += int((sizes.clip(0, _COUNT_MAX) - 2).clip(0).sum())
        else:
            for p in element.iter("p"):
                total += max(0, len(library.indices(p.text, place)) // stride - 2)
            for h in element.iter("h"):
                total += len(library.indices(h.text, place)) // stride + 2
    return total


def _surface(library: Library, mesh: ET.Element, element: ET.Element, place: str) -> Surface | None:
    listed = _inputs(library, mesh, element, place)
    position = next((i for i in listed if i.semantic == "POSITION"), None)
    if position is None:
        raise library.refused(place, "an input VERTEX with positions", "none")
    stride = 1 + max(i.offset for i in listed)
    stride = max(stride, 1 + max(offset for _, _, offset, _ in inputs(element)))
    corners, faces = _faces(library, element, stride, position, place)
    if not len(faces):
        return None
    used = corners[faces.reshape(-1)]
    for item in listed:
        column = used[:, item.offset]
        if int(column.max()) >= len(item.values) or int(column.min()) < 0:
            came = f"{int(column.max())} of {len(item.values)} for {item.semantic}"
            raise library.refused(place, "indices of what is there", came)
    offsets = sorted({item.offset for item in listed})
    welded = weld([used[:, offset] for offset in offsets])
    vertices = used[welded.first]
    attributes, uv_sets = _attributes(listed, vertices)
    return Surface(
        element.get("material", ""),
        attributes,
        welded.vertex.reshape(-1, 3),
        vertices[:, position.offset],
        uv_sets,
    )


def _inputs(library: Library, mesh: ET.Element, element: ET.Element, place: str) -> list[_Input]:
    """List the inputs, those of `<vertices>` in the place of VERTEX."""
    found: list[_Input] = []
    for semantic, source, offset, number in inputs(element):
        if offset > _OFFSET_MAX:
            raise library.refused(place, f"offsets up to {_OFFSET_MAX}", str(offset))
        if semantic != "VERTEX":
            if semantic in {"NORMAL", "TEXCOORD", "COLOR", "UV"}:
                found.append(_Input(semantic, library.finite(source), offset, number))
            continue
        vertices = library.find(source, "vertices")
        if vertices is None:
            vertices = mesh.find("vertices")
        for own, own_source, _, own_set in [] if vertices is None else inputs(vertices):
            if own in {"POSITION", "NORMAL", "TEXCOORD", "COLOR", "UV"}:
                read = library.points if own == "POSITION" else library.finite
                found.append(_Input(own, read(own_source), offset, own_set))
    return found


def _faces(
    library: Library, element: ET.Element, stride: int, position: _Input, place: str
) -> tuple[Numbers, Triangles]:
    """Return `(corners, stride)` indices and `(t, 3)` triangles of corner numbers."""
    runs = [_table(library, p.text, stride, place) for p in element.findall("p")]
    if element.tag == "triangles":
        corners = _stacked(runs, stride)
        return corners, np.arange(len(corners) // 3 * 3).reshape(-1, 3)
    if element.tag == "polylist":
        corners = _stacked(runs, stride)
        sizes = library.indices(element.findtext("vcount"), place)
        # Each alone first: the sum of numbers without bounds may come round to any.
        is_bounded = ((sizes >= 0) & (sizes <= len(corners))).all()
        if not is_bounded or int(sizes.sum()) > len(corners):
            came = f"{len(corners)} of {int(sizes.sum()) if is_bounded else 'others'}"
            raise library.refused(place, "as many corners as vcount says", came)
        corners = corners[: int(sizes.sum())]
        return corners, triangulate(sizes, _points(library, corners, position, place))
    if element.tag == "polygons":
        return _polygons(library, element, stride, position, place)
    corners = _stacked(runs, stride)
    starts = np.cumsum([0, *(len(run) for run in runs)]).tolist()
    made = [
        start + (_strip(len(run)) if element.tag == "tristrips" else _fan(len(run)))
        for start, run in zip(starts, runs, strict=False)
        if len(run) > 2
    ]
    return corners, np.concatenate(made) if made else np.empty((0, 3), np.int64)


def _polygons(
    library: Library, element: ET.Element, stride: int, position: _Input, place: str
) -> tuple[Numbers, Triangles]:
    plain = [_table(library, p.text, stride, place) for p in element.findall("p")]
    sizes = np.array([len(run) for run in plain], np.int64)
    corners = _stacked(plain, stride)
    faces = [triangulate(sizes, _points(library, corners, position, place))]
    parts, total = [corners], len(corners)
    for holed in element.findall("ph"):
        rings = [_table(library, holed.findtext("p"), stride, place)]
        rings += [_table(library, h.text, stride, place) for h in holed.findall("h")]
        places = [_points(library, ring, position, place) for ring in rings]
        if len(rings[0]) > 2:
            faces.append(total + cut_with_holes(places[0], places[1:]))
        parts += rings
        total += sum(map(len, rings))
    return np.concatenate(parts), np.concatenate(faces)


def _points(library: Library, corners: Numbers, position: _Input, place: str) -> Floats:
    column = corners[:, position.offset]
    if len(column) and not 0 <= int(column.min()) <= int(column.max()) < len(position.values):
        came = f"{int(column.max())} of {len(position.values)} for POSITION"
        raise library.refused(place, "indices of what is there", came)
    return _three(position.values)[column]


def _table(library: Library, text: str | None, stride: int, place: str) -> Numbers:
    values = library.indices(text, place)
    return values[: len(values) // stride * stride].reshape(-1, stride)


def _stacked(runs: Sequence[Numbers], stride: int) -> Numbers:
    return np.concatenate(runs) if runs else np.empty((0, stride), np.int64)


def _strip(count: int) -> Triangles:
    made = np.arange(count - 2)[:, None] + np.arange(3)
    made[1::2] = made[1::2][:, [1, 0, 2]]
    return made


def _fan(count: int) -> Triangles:
    ahead = np.arange(1, count - 1)
    return np.stack([np.zeros_like(ahead), ahead, ahead + 1], axis=1)


def _attributes(
    listed: Sequence[_Input], vertices: Numbers
) -> tuple[dict[str, Array], tuple[int, ...]]:
    found: dict[str, Array] = {}
    uv = sorted((i for i in listed if i.semantic in {"TEXCOORD", "UV"}), key=lambda i: i.set)
    painted = sorted((i for i in listed if i.semantic == "COLOR"), key=lambda i: i.set)
    for item in listed:
        if item.semantic in {"POSITION", "NORMAL"} and item.semantic not in found:
            found[item.semantic] = _three(item.values)[vertices[:, item.offset]]
    for number, item in enumerate(uv):
        values = item.values[vertices[:, item.offset]]
        second = values[:, 1] if values.shape[1] > 1 else np.zeros(len(values))
        found[f"TEXCOORD_{number}"] = np.stack([values[:, 0], 1 - second], axis=1)
    for number, item in enumerate(painted):
        values = item.values[vertices[:, item.offset]]
        if values.shape[1] >= 3:
            colour = np.nan_to_num(values[:, :4]).clip(0, 1)
            colour[:, :3] = linear(colour[:, :3])  # as Blender's and Maya's paint has them
            found[f"COLOR_{number}"] = colour
    return found, tuple(item.set for item in uv)


def _three(values: Floats) -> Floats:
    """Return x, y, z; what a flat source lacks is zero."""
    if values.shape[1] >= 3:
        return values[:, :3]
    return np.pad(values, ((0, 0), (0, 3 - values.shape[1])))
