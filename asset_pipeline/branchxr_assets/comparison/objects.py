"""What changed of the objects of a scene."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np

from ..document import Floats
from ..tree import matrix_quaternion
from .change import Change, length, text
from .pairs import Pair, base, parent
from .scene import MOVED_M, Body, Item, is_turned_copy, looks_alike, values_alike

TURNED_DEG: Final = 0.1
_ATTRIBUTES: Final = {
    "NORMAL": "normals",
    "TANGENT": "tangents",
    "TEXCOORD": "texture coordinates",
    "COLOR": "vertex colours",
    "JOINTS": "weights",
    "WEIGHTS": "weights",
}


def objects(pairs: Sequence[Pair]) -> Iterator[Change]:
    """Yield what is not as it was, object by object."""
    went = {pair.old.path: pair.old for pair in pairs if pair.old and pair.new is None}
    came = {pair.new.path: pair.new for pair in pairs if pair.new and pair.old is None}
    both = {pair.new.path: (pair.old, pair.new) for pair in pairs if pair.old and pair.new}
    twins = Counter(base(pair.old.path) for pair in pairs if pair.old)
    for item in went.values():
        yield Change(item.path, f"{_what(item)}_removed", _gone(item, twins), _above(item, went))
    for item in came.values():
        yield Change(item.path, f"{_what(item)}_added", _new(item), _above(item, came))
    known_as = {old.path: new.path for old, new in both.values()}
    for old, new in both.values():
        yield from _called(old, new, known_as)
        yield from _moved(old, new, due_to=_carrier(new.path, both))
        yield from _fixtures(old, new)
        yield from _extras(new.path, old.extras, new.extras)
        if old.body is not None and new.body is not None:
            yield from _looks(new.path, old.body, new.body)
        elif old.body is not None:
            yield Change(new.path, "object_removed", "it shows nothing any more: its mesh is gone")
        elif new.body is not None:
            yield Change(new.path, "object_added", f"it has a mesh now: {_size(new.body)}")


def _what(item: Item) -> str:
    if item.anchor is not None:
        return "anchor"
    if item.body is not None:
        return "object"
    return next(iter(sorted(item.fixtures)), "node")


def _gone(item: Item, twins: Mapping[str, int]) -> str:
    message = f"the {_what(item)} is gone" if item.body is None else "it is gone"
    count = twins[base(item.path)]
    if count > 1 and item.place is not None:
        x, y, z = (round(float(v), 1) + 0.0 for v in item.place)
        message += f": of {count} with this name the one that was at {x}, {y}, {z} m"
    return message


def _new(item: Item) -> str:
    if item.anchor is not None:
        return f"the anchor is new: {item.anchor['kind']}"
    return f"the {_what(item)} is new" if item.body is None else f"it is new: {_size(item.body)}"


def _size(body: Body) -> str:
    return f"{body.triangles:,} triangles"


def _above(item: Item, others: Mapping[str, Item]) -> str | None:
    """Return the topmost of the others that it hangs below."""
    found, path = None, parent(item.path)
    while path:
        found = path if path in others else found
        path = parent(path)
    return found


def _called(old: Item, new: Item, known_as: Mapping[str, str]) -> Iterator[Change]:
    names = [base(item.path).rpartition("/")[2] for item in (old, new)]
    if names[0] != names[1]:
        yield Change(new.path, "renamed", f"it has another name now; it was {old.path!r}")
    above = parent(old.path)
    if known_as.get(above, above) != parent(new.path):
        where = repr(above) if above else "the top of the scene"
        yield Change(new.path, "regrouped", f"it hangs somewhere else now; it was below {where}")


def _moved(old: Item, new: Item, *, due_to: str | None) -> Iterator[Change]:
    prefix = "anchor_" if new.anchor is not None else ""
    it = "the anchor" if new.anchor is not None else "it"
    off_m, angle = _off_m(old, new), _angle_deg(old, new)
    if off_m > MOVED_M:
        yield Change(new.path, f"{prefix}moved", f"{it} was moved by {length(off_m)}", due_to)
    if angle > TURNED_DEG:
        yield Change(new.path, f"{prefix}turned", f"{it} was turned by {angle:.1f} degrees", due_to)


def _off_m(old: Item, new: Item) -> float:
    """Return how far a thing was moved: at its pivot, for turning and scaling is no moving."""
    if _is_rigid(old, new) and old.world is not None and new.world is not None:
        return float(np.linalg.norm(new.world[:3, 3] - old.world[:3, 3]))
    if old.place is None or new.place is None or (old.body is None) != (new.body is None):
        return 0.0
    return float(np.linalg.norm(new.place - old.place))


def _angle_deg(old: Item, new: Item) -> float:
    if not _is_rigid(old, new) or _is_there(old, new):
        return 0.0
    turns = [_turn(item) for item in (old, new)]
    if turns[0] is None or turns[1] is None:
        return 0.0
    return float(np.degrees(2 * np.arccos(min(1.0, abs(float(turns[0] @ turns[1]))))))


def _turn(item: Item) -> Floats | None:
    if item.world is not None:
        return matrix_quaternion(item.world)
    return None if item.anchor is None else np.array(item.anchor["rotation"], np.float64)


def _is_rigid(old: Item, new: Item) -> bool:
    """Tell whether places of nodes are places of what they show.

    A copy may be stored as another mesh, turned; and bones or instances move on their own.
    """
    if old.body is None or new.body is None:
        return old.body is new.body
    is_plain = all(
        len(body.placement.matrices) == 1 and not body.placement.is_skinned
        for body in (old.body, new.body)
    )
    return is_plain and (old.body.shape == new.body.shape or not is_turned_copy(old.body, new.body))


def _carrier(path: str, both: Mapping[str, tuple[Item, Item]]) -> str | None:
    """Return the topmost object that was moved and took this one along."""
    found = None
    old, new = both[path]
    above = parent(path)
    while above in both:
        move = _move(*both[above])
        if move is not None and _was_taken(old, new, move):
            found = above
        above = parent(above)
    return found


def _move(old: Item, new: Item) -> Floats | None:
    """Return `(4, 4)`, what an object's move does to what hangs below; `None` if it stayed."""
    if old.world is None or new.world is None or not _is_rigid(old, new):
        return None
    if _is_there(old, new) or abs(np.linalg.det(old.world)) < 1e-12:
        return None
    move: Floats = new.world @ np.linalg.inv(old.world)
    return move


def _is_there(old: Item, new: Item) -> bool:
    """Tell whether a node is where and how it was: quick, for most are."""
    if old.world is None or new.world is None:
        return False
    return float(np.abs(old.world - new.world).max()) <= 1e-6


def _was_taken(old: Item, new: Item, move: Floats) -> bool:
    if old.place is None or new.place is None:
        return False
    carried = move[:3, :3] @ old.place + move[:3, 3]
    return float(np.linalg.norm(carried - new.place)) <= MOVED_M


def _looks(path: str, old: Body, new: Body) -> Iterator[Change]:
    is_stored_alike = old.shape == new.shape
    if is_stored_alike:
        yield from _scaled(path, old, new)
    is_alike = is_stored_alike or looks_alike(old, new)
    if is_alike or is_turned_copy(old, new):
        if not is_alike:
            yield Change(path, "turned", "it was turned or mirrored")
        yield from _attributes(path, old, new, is_stored_alike=is_stored_alike)
    else:
        counts = f"{old.triangles:,} triangles before, {new.triangles:,} now"
        yield Change(path, "shape_changed", f"its shape was changed: {counts}")
    if old.materials != new.materials:
        names = ", ".join(map(repr, new.materials)) or "none"
        yield Change(path, "material_assigned", f"it has other materials now: {names}")


def _scaled(path: str, old: Body, new: Body) -> Iterator[Change]:
    if abs(new.size_m - old.size_m) <= max(MOVED_M, 1e-3 * old.size_m):
        return
    was, now = (float(np.linalg.norm(body.corners(), axis=1).max()) for body in (old, new))
    if abs(now - was) > max(MOVED_M, 1e-3 * was):  # else its box is another one as it was turned
        sizes = f"{length(old.size_m)} before, {length(old.size_m * now / was)} now"
        yield Change(path, "scaled", f"its size was changed: {sizes} across")


def _attributes(path: str, old: Body, new: Body, *, is_stored_alike: bool) -> Iterator[Change]:
    said = set()
    for name in sorted((old.digests.keys() | new.digests.keys()) - {"POSITION", "faces"}):
        kind = name.partition("_")[0]
        word = _ATTRIBUTES.get(kind, f"attribute {name}")
        if not is_stored_alike and kind in {"NORMAL", "TANGENT"}:
            continue  # in axes of another copy of the mesh
        if old.digests.get(name) == new.digests.get(name) or word in said:
            continue
        said.add(word)
        if name not in new.digests:
            yield Change(path, "attribute_removed", f"it has fewer {word} now")
        elif name not in old.digests:
            yield Change(path, "attribute_added", f"it has more {word} now")
        elif not values_alike(old, new, name):
            yield Change(path, "attribute_changed", f"its {word} were changed")


def _fixtures(old: Item, new: Item) -> Iterator[Change]:
    for what in sorted(old.fixtures.keys() | new.fixtures.keys()):
        kind, are = what.replace(" ", "_"), what.endswith("s")
        if what not in new.fixtures:
            yield Change(new.path, f"{kind}_removed", f"its {what} {'are' if are else 'is'} gone")
        elif what not in old.fixtures:
            yield Change(new.path, f"{kind}_added", f"it has {'' if are else 'a '}{what} now")
        elif old.fixtures[what] != new.fixtures[what]:
            were = "were" if are else "was"
            yield Change(new.path, f"{kind}_changed", f"its {what} {were} changed")


def _extras(path: str, old: Any, new: Any) -> Iterator[Change]:
    old, new = ({} if v is None else v for v in (old, new))
    if not (isinstance(old, dict) and isinstance(new, dict)):
        if old != new:
            message = f"its properties were {text(old)}, now {text(new)}"
            yield Change(path, "properties_changed", message)
        return
    for key in sorted(old.keys() | new.keys()):
        if key not in new:
            yield Change(path, "property_removed", f"the property {key!r} is gone")
        elif key not in old:
            yield Change(path, "property_added", f"the property {key!r} is new: {text(new[key])}")
        elif old[key] != new[key]:
            message = f"the property {key!r} was {text(old[key])}, now {text(new[key])}"
            yield Change(path, "property_changed", message)
