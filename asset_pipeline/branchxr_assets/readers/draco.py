"""Undo KHR_draco_mesh_compression.

Google's decoder is native code; `gltf.read_gltf` lets it meet a stranger's bytes only in a worker
process (`isolated.py`).
"""

from typing import Any, Final

import numpy as np

from branchxr.errors import SceneRefused

from ..document import COMPONENT_TYPES, COMPONENTS, Accessor, Array, Json
from ..geometry import TRIANGLES
from ..refusal import refused
from .buffers import BufferTable

DRACO: Final = "KHR_draco_mesh_compression"


def uses_draco(root: Json) -> bool:
    """Tell whether any primitive of a checked document is compressed."""
    return bool(_sites(root))


def draco_accessors(root: Json) -> frozenset[int]:
    """Return the accessors whose data lies in a Draco stream."""
    found: set[int] = set()
    for _, primitive in _sites(root):
        names = primitive["extensions"][DRACO]["attributes"]
        attributes = primitive["attributes"]
        found |= {attributes[name] for name in names if name in attributes}
        found |= {primitive["indices"]} if "indices" in primitive else set()
    return frozenset(found)


def unpack_draco(
    root: Json, accessors: tuple[Accessor, ...], buffers: BufferTable
) -> tuple[Accessor, ...]:
    """Give every compressed primitive accessors of its own, and take the extension away.

    Raises:
        SceneRefused: `scene_draco`: it does not decode, or not to what the primitive says.
    """
    unpacker = _Unpacker(list(accessors), buffers)
    for place, primitive in _sites(root):
        unpacker.unpack(primitive, place)
    return tuple(unpacker.accessors)


def _sites(root: Json) -> list[tuple[str, Json]]:
    return [
        (f"meshes[{index}].primitives[{number}]", primitive)
        for index, mesh in enumerate(root.get("meshes", []))
        for number, primitive in enumerate(mesh["primitives"])
        if DRACO in primitive.get("extensions", {})
    ]


class _Unpacker:
    def __init__(self, accessors: list[Accessor], buffers: BufferTable) -> None:
        self.accessors = accessors
        self._buffers = buffers
        self._meshes: dict[int, Any] = {}

    def unpack(self, primitive: Json, place: str) -> None:
        extension = primitive["extensions"].pop(DRACO)
        if not primitive["extensions"]:
            del primitive["extensions"]
        mesh = self._mesh(extension["bufferView"], place)
        for name, unique_id in extension["attributes"].items():
            if name not in primitive["attributes"]:
                raise self._refused(place, f"an accessor for {name}", "none")
            declared = self._declared(primitive["attributes"][name], f"{place}.{name}")
            found = next((a for a in mesh.attributes if a["unique_id"] == unique_id), None)
            if found is None:
                came = f"no attribute {unique_id}"
                raise self._refused(f"{place}.{name}", "its attribute in the stream", came)
            values = np.asarray(found["data"])
            primitive["attributes"][name] = self._add(values, declared, f"{place}.{name}")
        if "faces" not in dir(mesh):
            raise self._refused(place, "a mesh in the stream", "a cloud of points")
        corners = np.asarray(mesh.faces).reshape(-1, 1)
        if "indices" in primitive:
            declared = self._declared(primitive["indices"], f"{place}.indices")
        else:
            declared = Accessor(np.empty((0, 1), np.uint32), "SCALAR")
        primitive["indices"] = self._add(corners, declared, f"{place}.indices")
        primitive["mode"] = TRIANGLES  # a strip comes out of the stream as a list

    def _mesh(self, view: int, place: str) -> Any:
        """Decode a buffer view once, however many primitives share it."""
        if view not in self._meshes:
            import DracoPy  # noqa: PLC0415 - only compressed scenes need it

            raw, _ = self._buffers.view(view, f"{place}.{DRACO}.bufferView")
            try:
                self._meshes[view] = DracoPy.decode(raw)
            except (DracoPy.FileTypeException, ValueError, RuntimeError, OverflowError) as error:
                came = str(error) or type(error).__name__
                raise self._refused(place, "a Draco stream that decodes", came) from error
        return self._meshes[view]

    def _declared(self, index: int, place: str) -> Accessor:
        if index >= len(self.accessors):
            raise self._refused(place, f"one of {len(self.accessors)} accessors", f"number {index}")
        return self.accessors[index]

    def _add(self, values: Array, declared: Accessor, place: str) -> int:
        """Store decoded values as the accessor said they would be: its type, its component type."""
        columns = COMPONENTS[declared.type]
        table = values.reshape(len(values), -1) if values.size else np.empty((0, columns))
        if table.shape[1] != columns:
            raise self._refused(place, f"{columns} components", f"{table.shape[1]}")
        dtype = declared.values.dtype
        top = int(table.max(initial=0)) if place.endswith(".indices") else 0
        if dtype.kind in "iu" and top > np.iinfo(dtype).max:
            dtype = COMPONENT_TYPES[5125]
        made = np.ascontiguousarray(table.astype(dtype))
        made.setflags(write=False)
        self.accessors.append(Accessor(made, declared.type, declared.is_normalized, declared.rest))
        return len(self.accessors) - 1

    def _refused(self, place: str, expected: str, came: str) -> SceneRefused:
        return refused(
            "scene_draco",
            file=self._buffers.file,
            place=place,
            expected=expected,
            came=came,
            remedy="export the scene again, without compression if that does not help",
        )
