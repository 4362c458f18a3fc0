"""A scene's outline: all that can be told without decoding it, and parts of it decoded on demand.

Every node that shows something has a key: the hash of all that decides on how it looks. After a
small change nearly all keys are old ones, and only what is not needs to be decoded.
"""

import functools
import hashlib
import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .. import container
from ..columns import low_high
from ..document import COMPONENT_TYPES, COMPONENTS, Accessor, Document, Floats, Json
from ..operations.textures import image_sources, slots_of
from ..readers.gltf import read_chunk
from ..rewrite import prune
from ..steps import StepCache
from ..tree import world_matrices


@dataclass(frozen=True, slots=True)
class Outline:
    """What is known of a scene.

    Attributes:
        document: of a chunk, accessors are zeros of their own size that take no memory.
        keys: node -> the hash of all that decides on how it looks, for each that has a mesh.
        part: decodes these nodes alone.
        corners: `(2, 3)` lowest and highest position of an accessor.
        form: SHA-256 of all that decides on how the scene looks, the pixels of its images left out.
    """

    document: Document
    keys: Mapping[int, str]
    part: Callable[[Collection[int]], Document]
    corners: Callable[[int], Floats]
    form: str

    def whole(self) -> Document:
        """Decode everything."""
        return self.part(self.keys)


def outline_of_source(document: Document, cache: StepCache) -> Outline:
    """Return the outline of a document that is in memory anyway."""

    def content(index: int) -> str:
        accessor = document.accessors[index]
        how = (accessor.type, accessor.is_normalized, accessor.values.dtype.str)
        return f"{how} {cache.digest(accessor.values)}"

    keys = _keys(document, content, lambda index: cache.digest(document.images[index]))

    def corners(index: int) -> Floats:
        values = document.accessors[index].as_float()
        return low_high(values)

    arrays = [content(index) for index in range(len(document.accessors))]
    form = _hash([document.root, arrays])
    return Outline(document, keys, lambda nodes: _only(document, nodes), corners, form)


def outline_of_chunk(glb: bytes) -> Outline:
    """Return the outline of a GLB that this build wrote."""
    text, binary = container.split(glb, file="a chunk")
    root: Json = json.loads(text)
    views: list[Json] = root.pop("bufferViews", [])
    declared: list[Json] = root.pop("accessors", [])
    buffers: list[Json] = root.pop("buffers", [])
    raw = memoryview(b"") if binary is None else binary
    hashes: dict[int, str] = {}

    def stored(view: int) -> memoryview:
        found = views[view]
        for extension in found.get("extensions", {}).values():
            found = extension
        return raw[found.get("byteOffset", 0) :][: found["byteLength"]]

    def view_hash(view: int) -> str:
        if view not in hashes:
            hashes[view] = hashlib.sha256(stored(view)).hexdigest()
        return hashes[view]

    def content(index: int) -> str:
        item = declared[index]
        sparse = item.get("sparse", {})
        parts = (item, sparse, sparse.get("indices", {}), sparse.get("values", {}))
        own = [view_hash(part["bufferView"]) for part in parts if "bufferView" in part]
        return json.dumps([*map(_without_numbers, parts), own], sort_keys=True)

    @functools.cache
    def everything() -> Document:
        return read_chunk(glb)

    def part(nodes: Collection[int]) -> Document:
        if len(nodes) == len(keys):
            return everything()
        if not nodes:
            return Document({})
        fewer = _only(document, nodes)
        kept = {**fewer.root, "bufferViews": views, "buffers": buffers}
        kept["accessors"] = [declared[accessor.rest["number"]] for accessor in fewer.accessors]
        kept = {key: value for key, value in kept.items() if value}
        return read_chunk(b"".join(container.pieces(json.dumps(kept).encode(), [raw])))

    images = [image["bufferView"] for image in root.get("images", [])]
    document = Document(
        root,
        tuple(_sized(item, number) for number, item in enumerate(declared)),
        tuple(bytes(stored(view)) for view in images),
    )
    keys = _keys(document, content, lambda index: view_hash(images[index]), streams=view_hash)

    def corners(index: int) -> Floats:
        sized = document.accessors[index]
        values = np.array([declared[index]["min"], declared[index]["max"]], sized.values.dtype)
        return replace(sized, values=values).as_float()

    # How long an image is moves the ones behind it, but no geometry: it lies before them.
    solid = sorted(set(range(len(views))) - set(images))
    stored_so = [[number, views[number], view_hash(number)] for number in solid]
    return Outline(document, keys, part, corners, _hash([root, declared, stored_so]))


def _hash(told: list[Any]) -> str:
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def _without_numbers(item: Json) -> Json:
    """Return an accessor's words without numbers of views, which other parts of a file decide."""
    inner = {"bufferView", "sparse", "indices", "values"}
    return {key: value for key, value in item.items() if key not in inner}


def _sized(item: Json, number: int) -> Accessor:
    shape = (item["count"], COMPONENTS[item["type"]])
    values = np.broadcast_to(np.zeros(1, COMPONENT_TYPES[item["componentType"]]), shape)
    return Accessor(values, item["type"], bool(item.get("normalized")), {"number": number})


def _only(document: Document, nodes: Collection[int]) -> Document:
    """Return a document that shows these nodes only; all keep their numbers and places."""
    fewer = document.copy()
    for index, node in enumerate(fewer.listed("nodes")):
        if index not in nodes:
            for key in ("mesh", "skin", "weights"):
                node.pop(key, None)
    return prune(replace(fewer, root={k: v for k, v in fewer.root.items() if k != "animations"}))


def _keys(
    document: Document,
    content: Callable[[int], str],
    image: Callable[[int], str],
    *,
    streams: Callable[[int], str] = str,
) -> dict[int, str]:
    """Return each showing node's key.

    Args:
        document: its JSON is looked at, not its arrays.
        content: what stands for an accessor.
        image: what stands for an image's bytes.
        streams: what stands for a buffer view that a mesh's extension points to.
    """
    worlds = world_matrices(document)
    materials = [_material_key(document, m, image) for m in document.listed("materials")]
    meshes = [_mesh_key(mesh, materials, content, streams) for mesh in document.listed("meshes")]
    nodes = document.listed("nodes")
    found = {}
    for index, world in worlds.items():
        node = nodes[index]
        if "mesh" not in node:
            continue
        whole = hashlib.sha256(world.tobytes())
        extension = node.get("extensions", {}).get("EXT_mesh_gpu_instancing", {})
        told: list[Any] = [meshes[node["mesh"]], node.get("weights")]
        told += [[n, content(i)] for n, i in sorted(extension.get("attributes", {}).items())]
        whole.update(json.dumps(told).encode())
        if "skin" in node:
            skin = document.listed("skins")[node["skin"]]
            for joint in skin["joints"]:
                whole.update(worlds.get(joint, np.eye(4)).tobytes())
            if "inverseBindMatrices" in skin:
                whole.update(content(skin["inverseBindMatrices"]).encode())
        found[index] = whole.hexdigest()
    return found


def _mesh_key(
    mesh: Json,
    materials: list[str],
    content: Callable[[int], str],
    streams: Callable[[int], str],
) -> str:
    told: list[Any] = [mesh.get("weights")]
    for primitive in mesh["primitives"]:
        targets = [primitive["attributes"], *primitive.get("targets", [])]
        told.append([[[n, content(i)] for n, i in sorted(each.items())] for each in targets])
        told.append(content(primitive["indices"]) if "indices" in primitive else None)
        told.append(materials[primitive["material"]] if "material" in primitive else None)
        told.append(primitive.get("mode"))
        for name, extension in sorted(primitive.get("extensions", {}).items()):
            if "bufferView" in extension:
                told.append([name, streams(extension["bufferView"])])
    return _hash(told)


def _material_key(document: Document, material: Json, image: Callable[[int], str]) -> str:
    told: list[Any] = [material]
    for name, slot in slots_of(material):
        texture = document.listed("textures")[slot["index"]]
        sampler = document.listed("samplers")[texture["sampler"]] if "sampler" in texture else None
        told.append([name, sampler, [image(source) for source in image_sources(texture)]])
    return _hash(told)
