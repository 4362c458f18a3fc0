"""Leave parts of a document out and number the rest again."""

from collections.abc import Collection
from typing import Any, Final

from .document import Document, Json
from .references import references

_PRUNED: Final = (
    # Whoever points first is dropped first, so one pass is enough.
    ("meshes", "skins", "cameras", "lights"),
    ("materials",),
    ("textures",),
    ("images", "samplers"),
    ("accessors",),
)


def keep_nodes(document: Document, keep: Collection[int]) -> Document:
    """Return a document with only these nodes, and nothing that points to another.

    A dropped parent takes its children with it unless they are kept: those are left without a
    parent, which is why callers keep whole branches. Skins that lose a joint are dropped.
    """
    changed = document.copy()
    root = changed.root
    kept = sorted(keep)
    new = {old: index for index, old in enumerate(kept)}
    for scene in root.get("scenes", []):
        _filter_list(scene, "nodes", new)
    for node in root.get("nodes", []):
        _filter_list(node, "children", new)
    _drop_skins(root, new)
    _drop_channels(root, new)
    for reference in references(root, ("nodes",)):
        reference.container[reference.key] = new[reference.container[reference.key]]
    root["nodes"] = [root["nodes"][old] for old in kept]
    return changed


def prune(document: Document) -> Document:
    """Drop everything that no node and no animation needs."""
    changed = document.copy()
    root, accessors, images = changed.root, changed.accessors, changed.images
    for collections in _PRUNED:
        used: dict[str, set[int]] = {name: set() for name in collections}
        slots = list(references(root, collections))
        for slot in slots:
            used[slot.target].add(slot.container[slot.key])
        for name in collections:
            kept = sorted(used[name])
            new = {old: index for index, old in enumerate(kept)}
            for slot in slots:
                if slot.target == name:
                    slot.container[slot.key] = new[slot.container[slot.key]]
            if name == "accessors":
                accessors = tuple(accessors[old] for old in kept)
                continue
            if name == "images":
                images = tuple(images[old] for old in kept)
            _take(changed, name, kept)
    return Document(root, accessors, images)


def drop_empty_meshes(document: Document) -> None:
    """Take meshes without primitives away from their nodes, in place."""
    empty = {i for i, mesh in enumerate(document.listed("meshes")) if not mesh["primitives"]}
    for node in document.listed("nodes"):
        if node.get("mesh") in empty:
            del node["mesh"]
            node.pop("weights", None)


def drop_extensions(container: Json, names: Collection[str]) -> int:
    """Remove extensions of these names from one object; return how many there were."""
    extensions = container.get("extensions", {})
    found = [name for name in extensions if name in names]
    for name in found:
        del extensions[name]
    if not extensions:
        container.pop("extensions", None)
    return len(found)


def _take(document: Document, name: str, kept: list[int]) -> None:
    items = document.listed(name)
    if len(items) == len(kept):
        return
    items[:] = [items[old] for old in kept]
    if not items:
        _forget(document.root, name)


def _forget(root: Json, name: str) -> None:
    root.pop(name, None)
    if name == "lights":
        drop_extensions(root, {"KHR_lights_punctual"})


def _filter_list(container: Json, key: str, new: dict[int, int]) -> None:
    if key in container:
        container[key] = [index for index in container[key] if index in new]
        if not container[key]:
            del container[key]


def _drop_skins(root: Json, new: dict[int, int]) -> None:
    skins: list[Any] = root.get("skins", [])
    kept = [i for i, skin in enumerate(skins) if all(joint in new for joint in skin["joints"])]
    numbers = {old: index for index, old in enumerate(kept)}
    for node in root.get("nodes", []):
        if "skin" in node:
            node["skin"] = numbers.get(node["skin"], -1)
            if node["skin"] < 0:
                del node["skin"]
    root["skins"] = [skins[old] for old in kept]
    for skin in root["skins"]:
        if skin.get("skeleton") not in new:
            skin.pop("skeleton", None)  # only a hint (glTF 2.0, section 5.28.2)
    if not kept:
        del root["skins"]


def _drop_channels(root: Json, new: dict[int, int]) -> None:
    for animation in root.get("animations", []):
        animation["channels"] = [
            channel for channel in animation["channels"] if channel["target"].get("node") in new
        ]
        renumber_samplers(animation)
    root["animations"] = [a for a in root.get("animations", []) if a["channels"]]
    if not root["animations"]:
        del root["animations"]


def renumber_samplers(animation: Json) -> None:
    """Drop an animation's samplers that no channel uses."""
    used = sorted({channel["sampler"] for channel in animation["channels"]})
    numbers = {old: index for index, old in enumerate(used)}
    animation["samplers"] = [animation["samplers"][old] for old in used]
    for channel in animation["channels"]:
        channel["sampler"] = numbers[channel["sampler"]]
