"""Leave out what only the fullest level carries: extras, empty leaves, second UV sets."""

from dataclasses import dataclass
from typing import Final

from ..document import Document, Json, Outcome
from ..rewrite import keep_nodes, prune
from ..tree import walk
from ..vertices import close_texture_sets


@dataclass(frozen=True, slots=True)
class StripOptions:
    """`attributes`: vertex attributes that stay, beside the texture sets that materials use."""

    attributes: tuple[str, ...] = ("POSITION", "NORMAL", "TANGENT", "COLOR_0")


DEFAULTS: Final = StripOptions()


def strip(document: Document, options: StripOptions = DEFAULTS) -> Outcome:
    """Keep what is drawn; nodes that draw nothing and lead to nothing drawn are left out."""
    changed = document.copy()
    _forget_extras(changed.root)
    attributes_before = sum(len(p["attributes"]) for p in changed.primitives())
    for primitive in changed.primitives():
        used = {*options.attributes, *_texture_sets(changed, primitive)}
        primitive["attributes"] = {n: i for n, i in primitive["attributes"].items() if n in used}
        close_texture_sets(primitive["attributes"])
    drawn = _drawn(changed)
    before = len(changed.listed("nodes"))
    kept = prune(keep_nodes(changed, drawn))
    attributes_after = sum(len(p["attributes"]) for p in kept.primitives())
    counts = {
        "nodes_left_out": before - len(drawn),
        "attributes_left_out": attributes_before - attributes_after,
    }
    return Outcome(kept, dict(counts))


def _forget_extras(root: Json) -> None:
    for collection in ("scenes", "nodes", "meshes", "materials", "textures", "images"):
        for item in root.get(collection, []):
            item.pop("extras", None)
    for mesh in root.get("meshes", []):
        for primitive in mesh["primitives"]:
            primitive.pop("extras", None)


def _texture_sets(document: Document, primitive: Json) -> set[str]:
    if "material" not in primitive:
        return set()
    material = document.listed("materials")[primitive["material"]]
    found, stack = set(), [material]
    if "KHR_materials_anisotropy" in material.get("extensions", {}):
        found.add("TEXCOORD_0")  # readers derive its direction from it; without it, white glare
    while stack:
        for key, value in stack.pop().items():
            if not isinstance(value, dict):
                continue
            if key.endswith("Texture") and "index" in value:
                transform = value.get("extensions", {}).get("KHR_texture_transform", {})
                number = transform.get("texCoord", value.get("texCoord", 0))
                found.add(f"TEXCOORD_{number}")
            stack.append(value)
    return found


def _drawn(document: Document) -> set[int]:
    nodes = document.listed("nodes")
    parents = dict(walk(document))
    found: set[int] = set()
    for index in parents:
        current: int | None = index if "mesh" in nodes[index] else None
        while current is not None and current not in found:
            found.add(current)
            current = parents[current]
    return found
