"""From USD's faces to glTF's meshes: one primitive for each material."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from ...document import Array, Floats
from ..assembly import Assembly, Geometry
from ..corners import Numbers, Welded, weld
from .bindings import UsdGeom, UsdShade
from .faces import Faces
from .materials import Materials
from .primvars import Spread, colour_names, read_primvar, uv_names
from .shaders import FromMesh, Shaders, Surface
from .values import BLENDERS_OWN, Clock, Warn, extras_of, name_of, whole

_V_DOWN: Final = np.array([1, -1], np.float32)
_V_FROM: Final = np.array([0, 1], np.float32)
"""V counts upwards in USD and downwards in glTF."""


@dataclass(frozen=True, slots=True)
class Deformation:
    """What bends a mesh.

    Attributes:
        joints, weights: `(points, k)`; `k` is 4, or 0 where no skin is.
        targets: for each morph target its name and `(points, 3)` offsets of points, and of
            normals where it has them.
        rest_weights: of the targets.
    """

    joints: Array
    weights: Floats
    targets: Sequence[tuple[str, Floats, Floats | None]] = ()
    rest_weights: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class _Bound:
    """Faces and the material they are bound to (`None`: none)."""

    material: Any | None
    faces: Numbers | None


@dataclass(slots=True)
class Meshes:
    """Make meshes; those that USD shares between instances are made once."""

    scene: Assembly
    materials: Materials
    shaders: Shaders
    clock: Clock
    time: Any
    warn: Warn
    _known: dict[Any, int | None] = field(default_factory=dict)
    _surfaces: dict[str, Surface | None] = field(default_factory=dict)

    def of(self, prim: Any, faces: Faces, *, bent: Deformation | None = None) -> int | None:
        """Return the number of a prim's mesh; `None` when nothing of it is drawn."""
        bound = self._bound(prim, len(faces.shape.sizes))
        source = prim.GetPrimInPrototype() if prim.IsInstanceProxy() else prim
        key = (
            str(source.GetPath()),
            tuple(str(b.material.GetPath()) if b.material else "" for b in bound),
        )
        if bent is not None:
            return self._made(prim, faces, bound, bent)
        if key not in self._known:
            self._known[key] = self._made(prim, faces, bound, None)
        return self._known[key]

    def _made(
        self, prim: Any, faces: Faces, bound: list[_Bound], bent: Deformation | None
    ) -> int | None:
        triangles, face = faces.triangles()
        if not len(triangles):
            return None
        surfaces = [self._surface(b.material) for b in bound]
        corners = self._corner_values(prim, faces, surfaces)
        welded = weld(list(corners.columns.values()))
        owner = np.full(len(faces.shape.sizes), -1)
        for number, part in enumerate(bound):
            free = owner < 0 if part.faces is None else np.isin(np.arange(len(owner)), part.faces)
            owner[free & (owner < 0)] = number
        primitives = []
        for number, (part, surface) in enumerate(zip(bound, surfaces, strict=True)):
            chosen = triangles[owner[face] == number]
            if len(chosen):
                material = self._material(prim, part.material, surface, corners)
                primitives.append(_geometry(chosen, welded, corners, faces, material, bent))
        if not primitives:
            return None
        note = prim.GetAttribute(BLENDERS_OWN + "data_name")
        return self.scene.mesh(
            primitives,
            name=str((note.Get() if note else None) or prim.GetName()),
            weights=None if bent is None else bent.rest_weights,
            target_names=() if bent is None else [name for name, *_ in bent.targets],
        )

    def _corner_values(
        self, prim: Any, faces: Faces, surfaces: Sequence[Surface | None]
    ) -> "_Corners":
        """Read all that a mesh says of its corners."""
        point = faces.shape.corner_point
        columns: dict[str, Array] = {"POSITION": point[:, None]}
        values: dict[str, Array] = {"POSITION": faces.points[point]}
        if faces.normals is not None:
            values["NORMAL"] = columns["NORMAL"] = faces.normals.rows
        used = tuple(uv for s in surfaces if s is not None for uv in s.uvs)
        sets: dict[str, int] = {}
        for name in uv_names(prim, used):
            found = self._primvar(prim, name, faces, 2)
            if found is not None:
                rows = found.rows * _V_DOWN + _V_FROM
                sets[name] = len(sets)
                key = f"TEXCOORD_{sets[name]}"
                values[key] = columns[key] = rows
        missing = [uv for uv in used if uv not in sets]
        if missing and sets:
            first = next(iter(sets))
            message = f"its material reads {missing[0]!r}, which it lacks; {first!r} is used"
            self.warn("usd_uv_missing", str(prim.GetPath()), message)
        elif missing:
            message = f"its material reads {missing[0]!r}; it has no texture coordinates"
            self.warn("usd_uv_missing", str(prim.GetPath()), message)
        tint = self._colours(prim, faces, surfaces, values, columns)
        for name, table in values.items():
            if not np.isfinite(table).all():
                message = f"{name} holds NaN or infinity; zero is put in its place"
                self.warn("attribute_not_finite", str(prim.GetPath()), message)
                values[name] = np.where(np.isfinite(table), table, 0)
        return _Corners(values, columns, sets, tint)

    def _primvar(self, prim: Any, name: str, faces: Faces, columns: int) -> Spread | None:
        primvar = UsdGeom.PrimvarsAPI(prim).FindPrimvarWithInheritance(name)
        if not primvar or not primvar.HasValue():
            return None
        found = read_primvar(primvar, self.time, faces.shape, columns)
        if found is None:
            message = f"its primvar {name!r} does not fit its faces; it is left out"
            self.warn("usd_primvar", str(prim.GetPath()), message)
        return found

    def _colours(
        self,
        prim: Any,
        faces: Faces,
        surfaces: Sequence[Surface | None],
        values: dict[str, Array],
        columns: dict[str, Array],
    ) -> tuple[float, ...] | None:
        """Put colours into COLOR_n; return a constant `displayColor`, which tints a material.

        A constant `displayColor` beside a material is what a viewer without materials would
        show, and is not drawn; one that varies is somebody's painting and is kept.
        """
        tint = None
        number = 0
        reads = any(
            isinstance(v, FromMesh) and v.primvar == "displayColor"
            for s in surfaces if s is not None for v in s.inputs.values()
        )  # fmt: skip
        opacity = self._primvar(prim, "displayOpacity", faces, 1)
        for name in colour_names(prim):
            found = self._primvar(prim, name, faces, 4)
            if found is None:
                continue
            rows = found.rows
            if name == "displayColor" and opacity is not None:
                rows = np.concatenate([rows[:, :3], opacity.rows], axis=1)
            if name == "displayColor" and found.is_constant and not reads:
                first = rows[0] if len(rows) else np.ones(3)
                tint = tuple(float(v) for v in first)
                continue
            key = f"COLOR_{number}"
            values[key] = columns[key] = np.ascontiguousarray(rows, np.float32)
            number += 1
        return tint

    def _surface(self, material: Any | None) -> Surface | None:
        if material is None:
            return None
        key = str(material.GetPath())
        if key not in self._surfaces:
            self._surfaces[key] = self.shaders.surface_of(material)
        return self._surfaces[key]

    def _material(
        self, prim: Any, material: Any | None, surface: Surface | None, corners: "_Corners"
    ) -> int | None:
        is_double_sided = bool(UsdGeom.Gprim(prim).GetDoubleSidedAttr().Get(self.time))
        if material is None:
            if corners.tint is None and not is_double_sided:
                return None
            colour = corners.tint or ((1.0, 1.0, 1.0) if "COLOR_0" in corners.values else None)
            return self.materials.of(
                "", None, name="displayColor", sets={}, is_double_sided=is_double_sided,
                colour=colour,
            )  # fmt: skip
        return self.materials.of(
            str(material.GetPath()),
            surface,
            name=name_of(material.GetPrim()),
            sets=corners.sets,
            is_double_sided=is_double_sided,
            extras=extras_of(material.GetPrim(), self.time),
        )

    def _bound(self, prim: Any, count: int) -> list[_Bound]:
        """Return which faces have which material: subsets first, then the rest."""
        found = []
        subsets = UsdGeom.Subset.GetAllGeomSubsets(UsdGeom.Imageable(prim))
        for subset in subsets:
            family = str(subset.GetFamilyNameAttr().Get() or "")
            is_ours = family == UsdShade.Tokens.materialBind
            is_ours = is_ours and str(subset.GetElementTypeAttr().Get()) == UsdGeom.Tokens.face
            if not is_ours:
                message = f"the set {subset.GetPrim().GetName()!r} of its parts is not kept"
                self.warn("usd_subset", str(prim.GetPath()), message)
                continue
            indices = whole(subset.GetIndicesAttr().Get(self.time))
            if ((indices < 0) | (indices >= count)).any():
                message = f"the set {subset.GetPrim().GetName()!r} names faces that are not there"
                self.warn("usd_subset", str(prim.GetPath()), message)
            found.append(_Bound(_material_of(subset.GetPrim()), indices))
        return [*found, _Bound(_material_of(prim), None)]


@dataclass(frozen=True, slots=True)
class _Corners:
    """`values` and what tells them apart (`columns`) at each corner, by glTF's names."""

    values: Mapping[str, Array]
    columns: Mapping[str, Array]
    sets: Mapping[str, int]
    tint: tuple[float, ...] | None


def _material_of(prim: Any) -> Any | None:
    """Return the material bound for a preview, or else for any purpose, or for a full render."""
    api = UsdShade.MaterialBindingAPI(prim)
    for purpose in (UsdShade.Tokens.preview, UsdShade.Tokens.full):
        material = api.ComputeBoundMaterial(purpose)[0]
        if material:
            return material
    return None


def _geometry(
    triangles: Numbers,
    welded: Welded,
    corners: _Corners,
    faces: Faces,
    material: int | None,
    bent: Deformation | None,
) -> Geometry:
    """Make a primitive of some triangles, with the vertices they use and no others."""
    used, indices = np.unique(welded.vertex[triangles], return_inverse=True)
    first = welded.first[used]
    attributes = {name: values[first] for name, values in corners.values.items()}
    targets: list[dict[str, Array]] = []
    if bent is not None:
        point = faces.shape.corner_point[first]
        if bent.weights.shape[1]:
            attributes["JOINTS_0"] = bent.joints[point]
            attributes["WEIGHTS_0"] = bent.weights[point].astype(np.float32)
        for _, offsets, turns in bent.targets:
            target = {"POSITION": offsets[point]}
            if turns is not None and "NORMAL" in attributes:
                target["NORMAL"] = turns[point]
            targets.append(target)
    return Geometry(
        attributes=attributes,
        indices=indices.reshape(-1, 3),
        material=material,
        targets=targets,
    )
