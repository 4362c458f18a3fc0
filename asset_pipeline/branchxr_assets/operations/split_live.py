"""Split a scene into what stands still (the LODs) and what is live."""

from dataclasses import dataclass
from typing import Final

from ..document import Document, Json, Outcome
from ..liveness import live_nodes
from ..rewrite import keep_nodes, prune
from ..tree import segments, walk


@dataclass(frozen=True, slots=True)
class SplitLiveOptions:
    """`part`: `"static"` or `"live"`."""

    part: str = "static"


DEFAULTS: Final = SplitLiveOptions()
_TRANSFORM: Final = frozenset({"name", "matrix", "translation", "rotation", "scale"})


def split_live(document: Document, options: SplitLiveOptions = DEFAULTS) -> Outcome:
    """Keep one side of a scene.

    The live side repeats the ancestors of live nodes as bare transforms without extras. Nodes
    keep their names unless the side alone would give them another path than the whole scene.
    """
    live = live_nodes(document)
    reached = [index for index, _ in walk(document)]
    if options.part == "live":
        changed, kept = _live_side(document, live)
    else:
        kept = [index for index in reached if index not in live]
        changed = keep_nodes(document, kept)
        changed.root.pop("animations", None)
    _name_by_path(document, changed, sorted(kept))
    pruned = prune(changed)
    return Outcome(pruned, {"nodes": len(kept), "nodes_left_out": len(reached) - len(kept)})


def _live_side(document: Document, live: frozenset[int]) -> tuple[Document, list[int]]:
    parents = dict(walk(document))
    needed = set(live)
    for index in live:
        parent = parents[index]
        while parent is not None and parent not in needed:
            needed.add(parent)
            parent = parents[parent]
    bare = document.copy()
    nodes = bare.listed("nodes")
    for index in needed - live:
        nodes[index] = _bare(nodes[index])
    for scene in bare.listed("scenes"):
        scene.pop("extras", None)
    return keep_nodes(bare, needed), sorted(needed)


def _bare(node: Json) -> Json:
    return {k: v for k, v in node.items() if k in _TRANSFORM or k == "children"}


def _name_by_path(whole: Document, side: Document, kept: list[int]) -> None:
    """Rename the nodes whose twins are on the other side, so that their paths stay true."""
    wanted = segments(whole)
    nodes = side.listed("nodes")
    for new, segment in segments(side).items():
        if segment != wanted[kept[new]]:
            nodes[new]["name"] = wanted[kept[new]].replace("~1", "/")
