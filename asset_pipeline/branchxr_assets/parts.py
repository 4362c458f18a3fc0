"""Take some nodes of a scene as a document of their own, each still at its path."""

from collections.abc import Collection
from typing import Final

from .document import Document, Json
from .rewrite import keep_nodes
from .tree import segments, walk

_TRANSFORM: Final = frozenset({"name", "matrix", "translation", "rotation", "scale"})


def part_of(document: Document, own: Collection[int]) -> Document:
    """Return a document of these nodes, with their ancestors as bare transforms without extras.

    Nodes keep their names unless the part alone would give them another path than the whole.
    The scene's own extras stay behind: they belong to the whole.
    """
    parents = dict(walk(document))
    needed = set(own)
    for index in own:
        parent = parents[index]
        while parent is not None and parent not in needed:
            needed.add(parent)
            parent = parents[parent]
    bare = document.copy()
    nodes = bare.listed("nodes")
    for index in needed - set(own):
        nodes[index] = _bare(nodes[index])
    for scene in bare.listed("scenes"):
        scene.pop("extras", None)
    kept = sorted(needed)
    made = keep_nodes(bare, kept)
    name_by_path(document, made, kept)
    return made


def name_by_path(whole: Document, part: Document, kept: list[int]) -> None:
    """Rename the nodes whose twins are in another part, so that their paths stay true.

    Args:
        whole: where they come from.
        part: changed in place.
        kept: the part's nodes, as the whole numbers them, in the part's order.
    """
    wanted = segments(whole)
    nodes = part.listed("nodes")
    for new, segment in segments(part).items():
        if segment != wanted[kept[new]]:
            nodes[new]["name"] = wanted[kept[new]].replace("~1", "/")


def _bare(node: Json) -> Json:
    return {k: v for k, v in node.items() if k in _TRANSFORM or k == "children"}
