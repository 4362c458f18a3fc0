"""Every place in a glTF document that points to something by its index, as one table walk.

Checking, pruning and splitting all lean on this walk: a place missing here would break in all
three, and a test compares it with the glTF 2.0 schema.
"""

from collections.abc import Callable, Collection, Iterator
from typing import Any, Final, NamedTuple

from .document import Json


class Reference(NamedTuple):
    """A slot holding an index: `container[key]` points into the top-level list `target`.

    Attributes:
        at: the way from the top to the container; a build walks over 100,000 slots and names none.
    """

    container: Any
    key: Any
    target: str
    at: tuple[str | int, ...]

    @property
    def place(self) -> str:
        """Name the slot, as `nodes[3].children[0]`."""
        steps = (f"[{k}]" if isinstance(k, int) else f".{k}" for k in (*self.at, self.key))
        return "".join(steps).removeprefix(".")


KNOWN_EXTENSIONS: Final = frozenset(
    {
        "EXT_mesh_gpu_instancing",
        "EXT_texture_avif",
        "EXT_texture_webp",
        "KHR_lights_punctual",
        "KHR_materials_anisotropy",
        "KHR_materials_clearcoat",
        "KHR_materials_diffuse_transmission",
        "KHR_materials_dispersion",
        "KHR_materials_emissive_strength",
        "KHR_materials_ior",
        "KHR_materials_iridescence",
        "KHR_materials_pbrSpecularGlossiness",
        "KHR_materials_sheen",
        "KHR_materials_specular",
        "KHR_materials_transmission",
        "KHR_materials_unlit",
        "KHR_materials_variants",
        "KHR_materials_volume",
        "KHR_mesh_quantization",
        "KHR_texture_basisu",
        "KHR_texture_transform",
        "MSFT_texture_dds",
    }
)
"""Extensions whose every index this module knows."""

_POINTING_KEYS: Final = frozenset(
    [
        *("accessor", "accessors", "attributes", "buffer", "bufferView", "bufferViews", "camera"),
        *("children", "ids", "index", "indices", "input", "joints", "light"),
        *("lights", "material", "materials", "mesh", "meshes", "node", "nodes"),
        *("output", "pointer", "root", "sampler", "scene", "skeleton", "skin"),
        *("source", "target", "texture", "textures"),
    ]
)


def references(root: Json, targets: Collection[str] | None = None) -> Iterator[Reference]:
    """Walk over all index slots of a document whose shape `schema.check` has accepted.

    Args:
        root: of the document.
        targets: only slots that point into these lists; walks that never do are not made, which
            makes pruning three times as fast.
    """
    for reach, walk in _SECTIONS:
        if targets is None:
            yield from walk(root)
        elif not reach.isdisjoint(targets):
            yield from (found for found in walk(root) if found.target in targets)


def points_elsewhere(extension: object, *, in_material: bool = False) -> bool:
    """Tell whether an unknown extension seems to hold indices, which would go stale.

    In a material, texture slots of any extension are known: `references` finds them by their name.
    """
    stack = [extension]
    while stack:
        current = stack.pop()
        if isinstance(current, dict):
            if _POINTING_KEYS & current.keys():
                return True
            for key, value in current.items():
                is_slot = in_material and key.endswith("Texture") and isinstance(value, dict)
                stack.append({k: v for k, v in value.items() if k != "index"} if is_slot else value)
        elif isinstance(current, list):
            stack.extend(current)
    return False


_At = tuple[str | int, ...]


def _numbered(root: Json, collection: str) -> Iterator[tuple[_At, Json]]:
    for index, item in enumerate(root.get(collection, [])):
        yield (collection, index), item


def _one(container: Any, key: str, target: str, at: _At) -> Iterator[Reference]:
    if isinstance(container, dict) and key in container:
        yield Reference(container, key, target, at)


def _each(container: Json, key: str, target: str, at: _At) -> Iterator[Reference]:
    items = container.get(key)
    if items:
        here = (*at, key)
        for index in range(len(items)):
            yield Reference(items, index, target, here)


def _every_value(container: Json, target: str, at: _At) -> Iterator[Reference]:
    for key in container:
        yield Reference(container, key, target, at)


def _of_scenes(root: Json) -> Iterator[Reference]:
    if "scene" in root:
        yield Reference(root, "scene", "scenes", ())
    for at, scene in _numbered(root, "scenes"):
        yield from _each(scene, "nodes", "nodes", at)


def _of_children(root: Json) -> Iterator[Reference]:
    for at, node in _numbered(root, "nodes"):
        if "children" in node:
            yield from _each(node, "children", "nodes", at)


_CARRIED: Final = (("mesh", "meshes"), ("skin", "skins"), ("camera", "cameras"))


def _of_carried(root: Json) -> Iterator[Reference]:
    for at, node in _numbered(root, "nodes"):
        for key, target in _CARRIED:
            if key in node:
                yield Reference(node, key, target, at)
        if "extensions" in node:
            light = node["extensions"].get("KHR_lights_punctual")
            yield from _one(light, "light", "lights", at)


def _of_instances(root: Json) -> Iterator[Reference]:
    for at, node in _numbered(root, "nodes"):
        instancing = node.get("extensions", {}).get("EXT_mesh_gpu_instancing")
        if instancing is not None:
            yield from _every_value(instancing["attributes"], "accessors", (*at, "attributes"))


def _primitives(root: Json) -> Iterator[tuple[_At, Json]]:
    for number, mesh in enumerate(root.get("meshes", [])):
        for index, primitive in enumerate(mesh["primitives"]):
            yield ("meshes", number, "primitives", index), primitive


def _of_vertices(root: Json) -> Iterator[Reference]:
    for at, primitive in _primitives(root):
        yield from _every_value(primitive["attributes"], "accessors", (*at, "attributes"))
        if "indices" in primitive:
            yield Reference(primitive, "indices", "accessors", at)
        for index, target in enumerate(primitive.get("targets", [])):
            yield from _every_value(target, "accessors", (*at, "targets", index))


def _of_surfaces(root: Json) -> Iterator[Reference]:
    for at, primitive in _primitives(root):
        if "material" in primitive:
            yield Reference(primitive, "material", "materials", at)
        variants = primitive.get("extensions", {}).get("KHR_materials_variants", {})
        for index, mapping in enumerate(variants.get("mappings", [])):
            yield from _one(mapping, "material", "materials", (*at, "mappings", index))
            yield from _each(mapping, "variants", "variants", (*at, "mappings", index))


def _of_materials(root: Json) -> Iterator[Reference]:
    """Find texture slots wherever they are: core, known and unknown material extensions."""
    for at, material in _numbered(root, "materials"):
        stack: list[tuple[_At, Json]] = [(at, {k: v for k, v in material.items() if k != "extras"})]
        while stack:
            place, current = stack.pop()
            for key, value in current.items():
                if not isinstance(value, dict) or key == "extras":
                    continue
                if key.endswith("Texture") and "index" in value:
                    yield Reference(value, "index", "textures", (*place, key))
                stack.append(((*place, key), value))


def _of_textures(root: Json) -> Iterator[Reference]:
    for at, texture in _numbered(root, "textures"):
        yield from _one(texture, "sampler", "samplers", at)
        yield from _one(texture, "source", "images", at)
        for name, extension in texture.get("extensions", {}).items():
            yield from _one(extension, "source", "images", (*at, name))


def _of_skins(root: Json) -> Iterator[Reference]:
    for at, skin in _numbered(root, "skins"):
        yield from _one(skin, "inverseBindMatrices", "accessors", at)
        yield from _one(skin, "skeleton", "nodes", at)
        yield from _each(skin, "joints", "nodes", at)


def _of_animations(root: Json) -> Iterator[Reference]:
    for at, animation in _numbered(root, "animations"):
        for index, channel in enumerate(animation["channels"]):
            yield from _one(channel["target"], "node", "nodes", (*at, "channels", index, "target"))
        for index, sampler in enumerate(animation["samplers"]):
            yield from _one(sampler, "input", "accessors", (*at, "samplers", index))
            yield from _one(sampler, "output", "accessors", (*at, "samplers", index))


_SECTIONS: Final[tuple[tuple[frozenset[str], Callable[[Json], Iterator[Reference]]], ...]] = (
    (frozenset({"scenes", "nodes"}), _of_scenes),
    (frozenset({"nodes"}), _of_children),
    (frozenset({"meshes", "skins", "cameras", "lights"}), _of_carried),
    (frozenset({"accessors"}), _of_instances),
    (frozenset({"accessors"}), _of_vertices),
    (frozenset({"materials", "variants"}), _of_surfaces),
    (frozenset({"textures"}), _of_materials),
    (frozenset({"samplers", "images"}), _of_textures),
    (frozenset({"accessors", "nodes"}), _of_skins),
    (frozenset({"nodes", "accessors"}), _of_animations),
)
"""What each walk may point to, and the walk."""
