"""Which nodes are live: what may move, shine, look or be acted on stays out of the LODs."""

from typing import Final

from .document import Document, Json
from .tree import walk

LIVE_EXTRAS: Final = ("interaction", "avatar", "live")


def live_nodes(document: Document) -> frozenset[int]:
    """Return the live nodes, all descendants of live nodes included.

    Lights, cameras, skins with their joints, animated nodes, morphed nodes, and nodes whose
    extras say `interaction`, `avatar` or `live`. Constant animation channels must be gone before.
    """
    nodes = document.listed("nodes")
    first = {index for index, node in enumerate(nodes) if _is_live(document, node)}
    for index, node in enumerate(nodes):
        if "skin" in node:
            first |= {index, *document.listed("skins")[node["skin"]]["joints"]}
    for animation in document.listed("animations"):
        first |= {c["target"]["node"] for c in animation["channels"] if "node" in c["target"]}
    found: set[int] = set()
    for index, parent in walk(document):  # parents come before their children
        if index in first or parent in found:
            found.add(index)
    return frozenset(found)


def is_avatar(node: Json) -> bool:
    """Tell whether a node is somebody's body."""
    extras = node.get("extras")
    return isinstance(extras, dict) and bool(extras.get("avatar"))


def _is_live(document: Document, node: Json) -> bool:
    extras = node.get("extras")
    if isinstance(extras, dict) and any(extras.get(key) for key in LIVE_EXTRAS):
        return True
    if "camera" in node or "KHR_lights_punctual" in node.get("extensions", {}):
        return True
    if "mesh" not in node:
        return False
    return any(p.get("targets") for p in document.listed("meshes")[node["mesh"]]["primitives"])
