"""What the accessors of a document are for: a buffer view serves one purpose only."""

from collections.abc import Iterator
from enum import IntEnum

from .document import Json
from .references import references


class Use(IntEnum):
    """What a buffer view is for: one view serves one purpose only (the validator insists).

    Vertex and index views carry their number as WebGL target.
    """

    ANIMATION = 1
    INVERSE_BINDS = 2
    INSTANCES = 3
    IMAGE = 4
    SPARSE = 5
    VERTEX = 34962
    INDEX = 34963


def uses_of(root: Json) -> dict[int, Use]:
    """Return what each accessor is for that anything points to."""
    uses: dict[int, Use] = {}
    for primitive in primitives_of(root):
        for attributes in (primitive["attributes"], *primitive.get("targets", [])):
            uses |= dict.fromkeys(attributes.values(), Use.VERTEX)
    for primitive in primitives_of(root):
        if "indices" in primitive:
            uses[primitive["indices"]] = Use.INDEX
    for skin in root.get("skins", []):
        if "inverseBindMatrices" in skin:
            uses.setdefault(skin["inverseBindMatrices"], Use.INVERSE_BINDS)
    for animation in root.get("animations", []):
        for sampler in animation["samplers"]:
            uses.setdefault(sampler["input"], Use.ANIMATION)
            uses.setdefault(sampler["output"], Use.ANIMATION)
    for reference in references(root, ("accessors",)):
        uses.setdefault(reference.container[reference.key], Use.INSTANCES)
    return uses


def needing_bounds(root: Json) -> set[int]:
    """Positions and animation times must say their smallest and largest (sections 3.7.2, 3.11)."""
    found = set()
    for primitive in primitives_of(root):
        for attributes in (primitive["attributes"], *primitive.get("targets", [])):
            if "POSITION" in attributes:
                found.add(attributes["POSITION"])
    for animation in root.get("animations", []):
        found |= {sampler["input"] for sampler in animation["samplers"]}
    return found


def primitives_of(root: Json) -> Iterator[Json]:
    """Yield the primitives of all meshes."""
    for mesh in root.get("meshes", []):
        yield from mesh["primitives"]
