"""Split a scene into what stands still (the LODs) and what is live."""

from dataclasses import dataclass
from typing import Final

from ..document import Document, Outcome
from ..liveness import live_nodes
from ..parts import name_by_path, part_of
from ..rewrite import keep_nodes, prune
from ..tree import walk


@dataclass(frozen=True, slots=True)
class SplitLiveOptions:
    """`part`: `"static"` or `"live"`."""

    part: str = "static"


DEFAULTS: Final = SplitLiveOptions()


def split_live(document: Document, options: SplitLiveOptions = DEFAULTS) -> Outcome:
    """Keep one side of a scene; the live side repeats its ancestors as bare transforms."""
    live = live_nodes(document)
    reached = [index for index, _ in walk(document)]
    if options.part == "live":
        changed = part_of(document, live)
    else:
        kept = sorted(index for index in reached if index not in live)
        changed = keep_nodes(document, kept)
        changed.root.pop("animations", None)
        name_by_path(document, changed, kept)
    made = prune(changed)
    count = len(made.listed("nodes"))
    return Outcome(made, {"nodes": count, "nodes_left_out": len(reached) - count})
