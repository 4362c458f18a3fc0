"""FBX meshes: polygons with attributes by corner, into indexed triangles by material."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from ...columns import dots
from ...document import Array, Floats
from ...refusal import refused
from ..assembly import Geometry
from ..corners import cut_faces, weld
from . import native
from .reading import Reading

_LINEAR_BELOW: Final = 0.04045
"""IEC 61966-2-1, where sRGB's straight part ends."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A mesh as triangles of welded vertices.

    Attributes:
        attributes: glTF's name -> `(v, components)`.
        points: `(v,)` the control point that a vertex stands on: skins and morphs go by these.
        point_count: how many control points there are.
        triangles: `(t, 3)` vertices.
        slots: `(t,)` material slots.
        uv_names: of `TEXCOORD_0`, `TEXCOORD_1`, …
    """

    attributes: Mapping[str, Array]
    points: Array
    point_count: int
    triangles: Array
    slots: Array
    uv_names: tuple[str, ...]

    def geometries(
        self,
        materials: Sequence[int | None],
        more: Mapping[str, Array],
        targets: Sequence[Mapping[str, Array]],
    ) -> list[Geometry]:
        """Return one primitive for each material.

        Args:
            materials: of each slot; slots beyond have none.
            more: further attributes by control point (joints and weights).
            targets: morph targets by control point.
        """
        found = []
        present = np.unique(self.slots, return_counts=True)[0].tolist()
        numbers = {s: materials[s] if s < len(materials) else None for s in present}
        for material in sorted(set(numbers.values()), key=lambda m: -1 if m is None else m):
            slots = [slot for slot, number in numbers.items() if number == material]
            is_all = len(slots) == len(numbers)
            chosen = self.triangles if is_all else self.triangles[np.isin(self.slots, slots)]
            found.append(self._geometry(chosen, material, more, targets))
        return found

    def _geometry(
        self,
        triangles: Array,
        material: int | None,
        more: Mapping[str, Array],
        targets: Sequence[Mapping[str, Array]],
    ) -> Geometry:
        attributes, points = self.attributes, self.points
        if len(triangles) < len(self.triangles):
            is_used = np.zeros(len(points), np.bool_)
            is_used[triangles] = True
            attributes = {name: values[is_used] for name, values in attributes.items()}
            points = points[is_used]
            triangles = (np.cumsum(is_used, dtype=np.int32) - 1)[triangles]
        return Geometry(
            attributes={
                **attributes,
                **{name: values[points] for name, values in more.items()},
            },
            indices=triangles,
            material=material,
            targets=[{name: values[points] for name, values in t.items()} for t in targets],
        )


def read_shape(reading: Reading, mesh: Any) -> Shape | None:
    """Cut and weld a mesh; `None` when it has no triangle.

    Raises:
        SceneRefused: `scene_not_finite`: a corner is nowhere.
    """
    faces = native.pairs(mesh.faces)
    slots = native.indices(mesh.face_material) if len(mesh.face_material) else None
    slots = np.zeros(len(faces), np.uint32) if slots is None else slots
    faces, slots = _drawn(reading, mesh, faces, slots)
    sizes = faces[:, 1].astype(np.int64)
    corners = _corners(faces[:, 0], sizes)
    control = native.indices(mesh.vertex_indices)[corners]
    places = native.floats(mesh.vertices)
    local = cut_faces(sizes, places, control)
    if not len(local):
        return None
    layers = {name: layer for name, layer in _layers(mesh).items() if layer is not None}
    by_corner = {name: numbers[corners] for name, (_, numbers) in layers.items()}
    # Values that are not shared need comparing; numbers of shared ones say enough.
    welded = weld(
        [
            control,
            *(
                values[by_corner[name]] if len(values) >= len(numbers) else by_corner[name]
                for name, (values, numbers) in layers.items()
            ),
        ]
    )
    first = welded.first
    attributes: dict[str, Array] = {"POSITION": places[control[first]]}
    attributes |= {n: values[by_corner[n][first]] for n, (values, _) in layers.items()}
    if not np.isfinite(attributes["POSITION"]).all():
        raise refused(
            "scene_not_finite",
            file=reading.file,
            place=reading.place(mesh) or str(mesh.name),
            expected="positions that are numbers",
            came="NaN, infinity or a number beyond float32",
            remedy="clean the mesh in the modelling program and export again",
        )
    return Shape(
        attributes=_finished(attributes),
        points=control[first],
        point_count=len(places),
        triangles=welded.vertex[local],
        slots=np.repeat(slots, np.maximum(sizes - 2, 0)),
        uv_names=tuple(str(s.name) for s in mesh.uv_sets),
    )


def _drawn(reading: Reading, mesh: Any, faces: Array, slots: Array) -> tuple[Array, Array]:
    """Leave out what is no surface: holes, edges, points."""
    is_drawn = faces[:, 1] >= 3
    if not is_drawn.all():
        message = f"{int((~is_drawn).sum())} faces with one or two corners are left out"
        reading.warn("mesh_lines", reading.place(mesh), message)
    if len(mesh.face_hole):
        is_hole = native.flags(mesh.face_hole)
        if (is_hole & is_drawn).any():
            message = f"{int((is_hole & is_drawn).sum())} faces are marked as holes; they stay open"
            reading.warn("mesh_holes", reading.place(mesh), message)
        is_drawn &= ~is_hole
    return (faces, slots) if is_drawn.all() else (faces[is_drawn], slots[is_drawn])


def _corners(starts: Array, sizes: Array) -> Array | slice:
    """Return the corner numbers of faces in their order; a slice, where they lie in order."""
    in_order = np.cumsum(sizes) - sizes
    if np.array_equal(in_order, starts):
        return slice(0, int(sizes.sum()))
    found: Array = np.arange(int(sizes.sum())) + np.repeat(starts - in_order, sizes)
    return found


def _layers(mesh: Any) -> dict[str, tuple[Array, Array] | None]:
    """Return what corners have, as values and the number of each corner's value."""
    layers: dict[str, tuple[Array, Array] | None] = {"NORMAL": _layer(mesh.vertex_normal)}
    sets = list(mesh.uv_sets)
    if sets and layers["NORMAL"] is not None:
        layers["TANGENT"] = _tangents(sets[0], layers["NORMAL"])
    for number, uv_set in enumerate(sets):
        layers[f"TEXCOORD_{number}"] = _layer(uv_set.vertex_uv)
    for number, colour_set in enumerate(mesh.color_sets):
        layers[f"COLOR_{number}"] = _layer(colour_set.vertex_color)
    return layers


def _layer(attribute: Any) -> tuple[Array, Array] | None:
    if not attribute.exists or not len(attribute.values):
        return None
    return native.floats(attribute.values), native.indices(attribute.indices)


def _tangents(uv_set: Any, normals: tuple[Array, Array]) -> tuple[Array, Array] | None:
    """Return tangents with the side of the bitangent, by corner (glTF 2.0, section 3.7.2.1)."""
    tangents = _layer(uv_set.vertex_tangent)
    bitangents = _layer(uv_set.vertex_bitangent)
    if tangents is None or bitangents is None:
        return None
    normal, tangent = normals[0][normals[1]], tangents[0][tangents[1]]
    bitangent = bitangents[0][bitangents[1]]
    side = np.where(dots(np.cross(normal, tangent), bitangent) < 0, -1, 1)
    values = np.concatenate([tangent, side[:, None]], axis=1).astype(np.float32)
    return values, np.arange(len(values), dtype=np.uint32)


def _finished(attributes: dict[str, Array]) -> dict[str, Array]:
    """Turn texture coordinates over (FBX counts from the bottom) and make colours linear."""
    for name, values in attributes.items():
        if name.startswith("TEXCOORD_"):
            values[:, 1] = 1 - values[:, 1]
        elif name.startswith("COLOR_"):
            attributes[name] = _linear(values)
    return attributes


def _linear(colours: Array) -> Array:
    """Return linear colours: programs that write FBX store what is seen (sRGB)."""
    seen: Floats = colours[:, :3].clip(0, 1).astype(np.float64)
    light = np.where(seen <= _LINEAR_BELOW, seen / 12.92, ((seen + 0.055) / 1.055) ** 2.4)
    return np.concatenate([light, colours[:, 3:].clip(0, 1)], axis=1).astype(np.float32)
