"""Mend meshes that readers would refuse, and say so; what cannot be mended is refused."""

from dataclasses import dataclass, field
from typing import Final

import numpy as np

from branchxr.errors import SceneRefused

from ..columns import lengths
from ..document import Accessor, AccessorPool, Array, Document, Floats, Json, Outcome
from ..geometry import TRIANGLES, index_array, triangles
from ..refusal import refused
from ..rewrite import drop_empty_meshes
from ..vertices import close_texture_sets
from ..warnings import SceneWarning


@dataclass(frozen=True, slots=True)
class RepairOptions:
    """What is let through.

    Attributes:
        unit_tolerance: how far from 1 a normal's length may be (the validator allows 0.00674).
        file: the source's name, for messages.
    """

    unit_tolerance: float = 0.005
    file: str = ""


DEFAULTS: Final = RepairOptions()
_TYPES: Final = {
    "POSITION": ("VEC3",),
    "NORMAL": ("VEC3",),
    "TANGENT": ("VEC4",),
    "TEXCOORD": ("VEC2",),
    "COLOR": ("VEC3", "VEC4"),
    "JOINTS": ("VEC4",),
    "WEIGHTS": ("VEC4",),
}
"""glTF 2.0, section 3.7.2.1, by the name before the set's number."""


def repair(document: Document, options: RepairOptions = DEFAULTS) -> Outcome:
    """Check the geometry of every primitive and mend what can be mended.

    Strips and fans become triangle lists; NaN in attributes other than positions becomes zero;
    normals and tangents become unit vectors, or zero where they have no direction (`normals` and
    `tangents` mend those); colours are cut to 0..1.

    Raises:
        SceneRefused: `scene_not_finite` (a position), `scene_accessor` (an index beyond the
            vertices, attributes of different lengths or of a wrong type).
    """
    changed = document.copy()
    mender = _Mender(changed, AccessorPool(changed.accessors), options)
    for index, mesh in enumerate(changed.listed("meshes")):
        for number, primitive in enumerate(mesh["primitives"]):
            mender.mend(primitive, f"meshes[{index}].primitives[{number}]")
        mesh["primitives"] = [p for p in mesh["primitives"] if p["attributes"]]
    drop_empty_meshes(changed)
    made = Document(changed.root, mender.pool.all(), changed.images)
    return Outcome(made, dict(mender.counts), tuple(mender.warnings))


@dataclass(slots=True)
class _Mender:
    document: Document
    pool: AccessorPool
    options: RepairOptions
    warnings: list[SceneWarning] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    done: dict[tuple[str, int], int] = field(default_factory=dict)

    def mend(self, primitive: Json, place: str) -> None:
        attributes = primitive["attributes"]
        count = self._vertex_count(attributes, place)
        if count == 0 or self._index_count(primitive, place, count) == 0:
            message = "it has no positions or no corners; it is left out"
            self.warnings.append(SceneWarning("primitive_empty", place, message))
            primitive["attributes"] = {}
            return
        for number, target in enumerate(primitive.get("targets", [])):
            self._check_lengths(target, f"{place}.targets[{number}]", count)
            for name, index in target.items():
                target[name] = self._finite(name, index, f"{place}.targets[{number}].{name}")
        for name in list(attributes):
            attributes[name] = self._attribute(name, attributes[name], f"{place}.{name}")
        close_texture_sets(attributes)
        self._set_aside(attributes, place)
        self._as_list(primitive, place)

    def _set_aside(self, attributes: Json, place: str) -> None:
        """Keep the second colours of a mesh without first ones: nobody would show them.

        glTF has no gaps in the numbers of a set, and as the first ones they would tint the mesh.
        """
        for kind in ("COLOR", "JOINTS", "WEIGHTS"):
            sets = sorted(name for name in attributes if name.startswith(f"{kind}_"))
            for number, name in enumerate(sets):
                if name == f"{kind}_{number}":
                    continue
                attributes[f"_{name}"] = attributes.pop(name)
                message = f"there is no {kind}_{number}; its values are kept as _{name}"
                self.warnings.append(SceneWarning("attribute_renamed", f"{place}.{name}", message))

    def _as_list(self, primitive: Json, place: str) -> None:
        """Turn strips and fans into lists; drop corners that make no whole triangle."""
        mode = primitive.get("mode", TRIANGLES)
        if mode < TRIANGLES:
            return
        corners = primitive.get("indices", primitive["attributes"]["POSITION"])
        accessor = self.document.accessors[corners]
        if mode == TRIANGLES and accessor.count % 3 == 0:
            return
        faces = triangles(self.document, primitive)
        if not len(faces):
            message = "its corners make no triangle; it is left out"
            self.warnings.append(SceneWarning("primitive_empty", place, message))
            primitive["attributes"] = {}
            return
        primitive["mode"] = TRIANGLES
        primitive["indices"] = self.pool.add(index_array(faces), "SCALAR")
        self.counts["lists_made"] = self.counts.get("lists_made", 0) + 1

    def _vertex_count(self, attributes: Json, place: str) -> int:
        if "POSITION" not in attributes:
            return 0
        position = self.document.accessors[attributes["POSITION"]]
        self._check_lengths(attributes, place, position.count)
        if not np.isfinite(position.values).all():
            raise self._refused(
                "scene_not_finite",
                f"{place}.POSITION",
                "positions that are numbers",
                "NaN or infinity",
                "clean the mesh in the modelling program and export again",
            )
        return position.count

    def _check_lengths(self, attributes: Json, place: str, count: int) -> None:
        for name, index in attributes.items():
            accessor = self.document.accessors[index]
            wanted = _TYPES.get(name.rpartition("_")[0] or name, (accessor.type,))
            if ".targets[" in place and name == "TANGENT":
                wanted = ("VEC3",)  # a morph has no handedness
            is_whole = not name.startswith("JOINTS_") or accessor.values.dtype.kind == "u"
            if accessor.count != count or accessor.type not in wanted or not is_whole:
                raise self._refused(
                    "scene_accessor",
                    f"{place}.{name}",
                    f"{count} elements of type {' or '.join(wanted)}",
                    f"{accessor.count} of type {accessor.type} ({accessor.values.dtype.name})",
                    "export the scene again",
                )

    def _index_count(self, primitive: Json, place: str, vertices: int) -> int:
        if "indices" not in primitive:
            return vertices
        accessor = self.document.accessors[primitive["indices"]]
        is_right = accessor.type == "SCALAR" and accessor.values.dtype.kind == "u"
        top = int(accessor.values.max(initial=0)) if is_right else 0
        if not is_right or (accessor.count and top >= vertices):
            raise self._refused(
                "scene_accessor",
                f"{place}.indices",
                f"whole numbers below {vertices}",
                f"{top} in {accessor.values.dtype.name} {accessor.type}",
                "export the scene again; the file contradicts itself",
            )
        return accessor.count

    def _attribute(self, name: str, index: int, place: str) -> int:
        index = self._finite(name, index, place)
        key = (name, index)
        if key not in self.done:
            accessor = self.document.accessors[index] if index < self._known else self._new(index)
            self.done[key] = index
            if name.startswith("COLOR_"):
                self.done[key] = self._colour(index, accessor, place)
            if name in {"NORMAL", "TANGENT"}:
                self.done[key] = self._unit(name, index, accessor)
        return self.done[key]

    @property
    def _known(self) -> int:
        return len(self.document.accessors)

    def _new(self, index: int) -> Accessor:
        return self.pool.all()[index]

    def _finite(self, name: str, index: int, place: str) -> int:
        accessor = self.document.accessors[index]
        if accessor.values.dtype.kind != "f" or np.isfinite(accessor.values).all():
            return index
        message = f"{name} holds NaN or infinity; zero is put in its place"
        self.warnings.append(SceneWarning("attribute_not_finite", place, message))
        values = np.where(np.isfinite(accessor.values), accessor.values, 0)
        return self._replace(accessor, values.astype(accessor.values.dtype))

    def _colour(self, index: int, accessor: Accessor, place: str) -> int:
        values = accessor.values
        if values.dtype.kind != "f" or ((values >= 0) & (values <= 1)).all():
            return index
        message = "colours go from 0 to 1 in glTF; what is beyond is cut off"
        self.warnings.append(SceneWarning("colour_clamped", place, message))
        return self._replace(accessor, values.clip(0, 1))

    def _unit(self, name: str, index: int, accessor: Accessor) -> int:
        tolerance = self.options.unit_tolerance if accessor.values.dtype.kind == "f" else 0.05
        if all(_is_unit(name, block, tolerance) for block in accessor.float_blocks()):
            return index
        values = accessor.as_float()
        length = lengths(values[:, :3])
        off = np.abs(length - 1) > tolerance
        unit = values.copy()
        is_zero = (length < 1e-6)[:, None]
        unit[:, :3] = np.where(is_zero, 0.0, values[:, :3] / np.where(is_zero, 1, length[:, None]))
        if name == "TANGENT":
            unit[:, 3] = np.where(values[:, 3] < 0, -1.0, 1.0)
        self.counts["unit_vectors"] = self.counts.get("unit_vectors", 0) + int(off.sum())
        return self._replace(Accessor(accessor.values, accessor.type), unit.astype(np.float32))

    def _replace(self, accessor: Accessor, values: Array) -> int:
        return self.pool.add(values, accessor.type, is_normalized=accessor.is_normalized)

    def _refused(
        self, code: str, place: str, expected: str, came: str, remedy: str
    ) -> SceneRefused:
        return refused(
            code,
            file=self.options.file,
            place=place,
            expected=expected,
            came=came,
            remedy=remedy,
        )


def _is_unit(name: str, values: Floats, tolerance: float) -> bool:
    """Tell whether normals, or tangents with their sides, are what glTF wants."""
    is_signed = name == "NORMAL" or bool((np.abs(np.abs(values[:, 3]) - 1) < 1e-6).all())
    length = lengths(values[:, :3])
    return is_signed and not bool((np.abs(length - 1) > tolerance).any())
