"""Check the shape of a glTF document before anything relies on it.

Only what the pipeline itself touches is checked, by a table; the rest passes through. The full
check of every rule is the Khronos validator's business.
"""

import math
from collections.abc import Callable
from typing import Any, Final

from branchxr.errors import SceneRefused

from .document import COMPONENT_TYPES, COMPONENTS, Json
from .refusal import refused

Check = Callable[[Any], bool]

DEPTH_MAX: Final = 200
"""JSON levels: more than any exporter writes, less than what recursion in a reader survives."""
NUMBER_MAX: Final = 1e30
"""Beyond this a product of two transforms overflows float32."""


def _is_index(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53


def _is_number(value: Any) -> bool:
    is_plain = isinstance(value, int | float) and not isinstance(value, bool)
    return is_plain and math.isfinite(value) and abs(value) < NUMBER_MAX


def _numbers(count: int | None = None) -> Check:
    def check(value: Any) -> bool:
        return (
            isinstance(value, list)
            and (count is None or len(value) == count)
            and all(map(_is_number, value))
        )

    return check


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_object(value: Any) -> bool:
    return isinstance(value, dict)


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _is_extensions(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(v, dict) for v in value.values())


def _indices(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_index, value))


def _index_map(value: Any) -> bool:
    return isinstance(value, dict) and all(map(_is_index, value.values()))


def _index_maps(value: Any) -> bool:
    return isinstance(value, list) and all(map(_index_map, value))


def _objects(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_object, value))


def _among(*allowed: object) -> Check:
    def check(value: Any) -> bool:
        return not isinstance(value, bool) and value in allowed

    return check


_MESHOPT: Final[dict[str, Check]] = {
    "buffer": _is_index,
    "byteOffset": _is_index,
    "byteLength": _is_index,
    "byteStride": _is_index,
    "count": _is_index,
    "mode": _among("ATTRIBUTES", "TRIANGLES", "INDICES"),
    "filter": _among("NONE", "OCTAHEDRAL", "QUATERNION", "EXPONENTIAL", "COLOR"),
}
_MESHOPT_REQUIRED: Final = ("buffer", "byteLength", "byteStride", "count", "mode")
_TEXTURE_SLOT: Final[dict[str, Check]] = {"index": _is_index, "texCoord": _is_index}
_PROPERTY: Final[dict[str, Check]] = {"extensions": _is_extensions, "name": _is_text}
_FIELDS: Final[dict[str, dict[str, Check]]] = {
    "asset": {"version": _is_text, "generator": _is_text, "copyright": _is_text},
    "scenes[]": {"nodes": _indices},
    "nodes[]": {
        "children": _indices,
        "mesh": _is_index,
        "skin": _is_index,
        "camera": _is_index,
        "matrix": _numbers(16),
        "translation": _numbers(3),
        "rotation": _numbers(4),
        "scale": _numbers(3),
        "weights": _numbers(),
    },
    "nodes[].extensions.KHR_lights_punctual": {"light": _is_index},
    "nodes[].extensions.EXT_mesh_gpu_instancing": {"attributes": _index_map},
    "meshes[]": {"primitives": _objects, "weights": _numbers()},
    "meshes[].primitives[]": {
        "attributes": _index_map,
        "indices": _is_index,
        "material": _is_index,
        "mode": _among(*range(7)),
        "targets": _index_maps,
        "extensions": _is_extensions,
    },
    "meshes[].primitives[].extensions.KHR_draco_mesh_compression": {
        "bufferView": _is_index,
        "attributes": _index_map,
    },
    "meshes[].primitives[].extensions.KHR_materials_variants": {"mappings": _objects},
    "meshes[].primitives[].extensions.KHR_materials_variants.mappings[]": {
        "material": _is_index,
        "variants": _indices,
    },
    "materials[]": {
        "pbrMetallicRoughness": _is_object,
        "emissiveFactor": _numbers(3),
        "alphaMode": _is_text,
        "alphaCutoff": _is_number,
        "doubleSided": _is_flag,
        "normalTexture": _is_object,
        "occlusionTexture": _is_object,
        "emissiveTexture": _is_object,
    },
    "materials[].pbrMetallicRoughness": {
        "baseColorFactor": _numbers(4),
        "metallicFactor": _is_number,
        "roughnessFactor": _is_number,
        "baseColorTexture": _is_object,
        "metallicRoughnessTexture": _is_object,
    },
    "materials[].normalTexture": _TEXTURE_SLOT,
    "materials[].occlusionTexture": _TEXTURE_SLOT,
    "materials[].emissiveTexture": _TEXTURE_SLOT,
    "materials[].pbrMetallicRoughness.baseColorTexture": _TEXTURE_SLOT,
    "materials[].pbrMetallicRoughness.metallicRoughnessTexture": _TEXTURE_SLOT,
    "materials[].extensions.KHR_materials_emissive_strength": {"emissiveStrength": _is_number},
    "materials[].extensions.KHR_materials_transmission": {"transmissionFactor": _is_number},
    "materials[].extensions.KHR_materials_pbrSpecularGlossiness": {
        "diffuseFactor": _numbers(4),
        "glossinessFactor": _is_number,
        "diffuseTexture": _is_object,
    },
    "textures[]": {"sampler": _is_index, "source": _is_index},
    "images[]": {"uri": _is_text, "bufferView": _is_index, "mimeType": _is_text},
    "samplers[]": {},
    "skins[]": {"joints": _indices, "inverseBindMatrices": _is_index, "skeleton": _is_index},
    "animations[]": {"channels": _objects, "samplers": _objects},
    "animations[].channels[]": {"sampler": _is_index, "target": _is_object},
    "animations[].channels[].target": {"node": _is_index, "path": _is_text},
    "animations[].samplers[]": {
        "input": _is_index,
        "output": _is_index,
        "interpolation": _among("LINEAR", "STEP", "CUBICSPLINE"),
    },
    "cameras[]": {"type": _is_text},
    "buffers[]": {"byteLength": _is_index, "uri": _is_text},
    "bufferViews[]": {
        "buffer": _is_index,
        "byteOffset": _is_index,
        "byteLength": _is_index,
        "byteStride": _is_index,
    },
    "bufferViews[].extensions.EXT_meshopt_compression": _MESHOPT,
    "bufferViews[].extensions.KHR_meshopt_compression": _MESHOPT,
    "accessors[]": {
        "bufferView": _is_index,
        "byteOffset": _is_index,
        "componentType": _among(*COMPONENT_TYPES),
        "normalized": _is_flag,
        "count": _is_index,
        "type": _among(*COMPONENTS),
        "sparse": _is_object,
    },
    "accessors[].sparse": {"count": _is_index, "indices": _is_object, "values": _is_object},
    "accessors[].sparse.indices": {
        "bufferView": _is_index,
        "byteOffset": _is_index,
        "componentType": _among(5121, 5123, 5125),
    },
    "accessors[].sparse.values": {"bufferView": _is_index, "byteOffset": _is_index},
    "extensions.KHR_lights_punctual": {"lights": _objects},
    "extensions.KHR_materials_variants": {"variants": _objects},
}
_REQUIRED: Final = {
    "meshes[]": ("primitives",),
    "meshes[].primitives[]": ("attributes",),
    "meshes[].primitives[].extensions.KHR_draco_mesh_compression": ("bufferView", "attributes"),
    "nodes[].extensions.EXT_mesh_gpu_instancing": ("attributes",),
    "skins[]": ("joints",),
    "animations[]": ("channels", "samplers"),
    "animations[].channels[]": ("sampler", "target"),
    "animations[].channels[].target": ("path",),
    "animations[].samplers[]": ("input", "output"),
    "buffers[]": ("byteLength",),
    "bufferViews[]": ("buffer", "byteLength"),
    "bufferViews[].extensions.EXT_meshopt_compression": _MESHOPT_REQUIRED,
    "bufferViews[].extensions.KHR_meshopt_compression": _MESHOPT_REQUIRED,
    "accessors[]": ("componentType", "count", "type"),
    "accessors[].sparse": ("count", "indices", "values"),
    "accessors[].sparse.indices": ("bufferView", "componentType"),
    "accessors[].sparse.values": ("bufferView",),
}


def check(root: Json, *, file: str) -> None:
    """Check the types of every field in the table.

    Raises:
        SceneRefused: `scene_malformed`, naming the file and the place in it.
    """
    _check_nesting(root, file)
    for key in ("extensionsUsed", "extensionsRequired"):
        names = root.get(key, [])
        if not (isinstance(names, list) and all(map(_is_text, names))):
            raise _malformed(file, key, f"{names!r:.80}")
    for pattern in _FIELDS:
        _check_pattern(root, pattern, file)


def _check_nesting(root: Json, file: str) -> None:
    """Check that `extensions` holds objects wherever it is, and that nothing lies too deep.

    Nor may a number be beyond all floats: `1e999` is JSON, but what is read of it is not.
    """
    stack: list[tuple[str, Any, int, bool]] = [("", root, 0, False)]
    while stack:
        place, current, depth, is_extra = stack.pop()
        if depth > DEPTH_MAX:
            raise _malformed(file, f"{place[:80]}…", f"objects nested deeper than {DEPTH_MAX}")
        is_list = isinstance(current, list)
        if not (is_list or is_extra or _is_extensions(current.get("extensions", {}))):
            raise _malformed(file, f"{place}.extensions".lstrip("."), "no objects")
        for key, item in enumerate(current) if is_list else current.items():
            # Most are numbers and words, which need no place of their own.
            if isinstance(item, dict | list) or (
                isinstance(item, float) and not math.isfinite(item)
            ):
                here = f"{place}[{key}]" if is_list else f"{place}.{key}".lstrip(".")
                if isinstance(item, float):
                    raise _malformed(file, here, "a number beyond all floats")
                stack.append((here, item, depth + 1, is_extra or key == "extras"))


def _check_pattern(root: Json, pattern: str, file: str) -> None:
    fields, required = _FIELDS[pattern], _REQUIRED.get(pattern, ())
    is_item = pattern.endswith("[]") and "." not in pattern
    for place, item in _items(root, pattern, file):
        for key in required:
            if key not in item:
                raise _malformed(file, place, f"no {key!r}")
        for key, is_right in (fields | _PROPERTY if is_item else fields).items():
            if key in item and not is_right(item[key]):
                raise _malformed(file, f"{place}.{key}", f"{item[key]!r:.80}")


def _items(root: Json, pattern: str, file: str) -> list[tuple[str, Json]]:
    """Return the objects a pattern stands for, each with its place."""
    found: list[tuple[str, Any]] = [("", root)]
    for step in pattern.split("."):
        key, is_list = step.removesuffix("[]"), step.endswith("[]")
        following: list[tuple[str, Any]] = []
        for place, item in found:
            if key not in item:
                continue
            here, value = f"{place}.{key}".lstrip("."), item[key]
            if is_list and isinstance(value, list):
                following += [(f"{here}[{i}]", element) for i, element in enumerate(value)]
            elif is_list or not isinstance(value, dict):
                raise _malformed(file, here, f"{value!r:.80}")
            else:
                following.append((here, value))
        for place, item in following:
            if not isinstance(item, dict):
                raise _malformed(file, place, f"{item!r:.80}")
        found = following
    return found


def _malformed(file: str, place: str, came: str) -> SceneRefused:
    return refused(
        "scene_malformed",
        file=file,
        place=place,
        expected="a value that glTF 2.0 allows there",
        came=came,
        remedy="export the scene again; `gltf-validator` tells more about the file",
    )
