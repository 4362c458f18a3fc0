"""Say what changed between two packages, in an artist's words: what moved, came, went, was redone.

Places are compared where things stand in the scene, not in the file: a desk under a moved group
has moved, and one whose numbers were only written another way has not.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from branchxr.protocol.floor import Floor

from .document import Document, Floats, Json
from .geometry import placements, triangle_count, world_positions
from .operations.textures import image_sources, slots_of, texture_slots
from .tree import matrix_quaternion, paths, world_matrices

MOVED_M: Final = 0.001
"""A millimetre; below it is rounding."""
TURNED_DEG: Final = 0.1
_TEXT_MAX: Final = 60


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two: the documents of its fullest level and live tile, and its `branch.json`."""

    documents: Sequence[Document]
    branch: Json


@dataclass(frozen=True, slots=True, order=True)
class Change:
    """One thing that is not as it was.

    Attributes:
        path: of the object; a name in quotes for materials, images and clips.
        kind: stable, lower snake case.
        message: what changed, in words.
    """

    path: str
    kind: str
    message: str

    def as_json(self) -> dict[str, str]:
        """Return the object that `--json` prints."""
        return {"kind": self.kind, "path": self.path, "message": self.message}


@dataclass(frozen=True, slots=True)
class _Body:
    """What can be seen of a node."""

    middle: Floats
    size_m: float
    turn: Floats
    shape: str
    triangles: int
    materials: tuple[str, ...]


def compare(before: Side, after: Side) -> list[Change]:
    """Return all changes from one package to the other, by path."""
    old, new = _seen(before), _seen(after)
    return sorted(
        [
            *_bodies(old, new),
            *_fixtures(before, after, seen=old.keys() & new.keys()),
            *_nodes(before, after, seen=old.keys() | new.keys()),
            *_anchors(before, after),
            *_named("material", _materials(before), _materials(after)),
            *_named("image", _images(before), _images(after)),
            *_named("clip", _clips(before), _clips(after)),
            *_floor(before, after),
        ]
    )


def _bodies(old: Mapping[str, _Body], new: Mapping[str, _Body]) -> Iterator[Change]:
    for path in old.keys() - new.keys():
        yield Change(path, "object_removed", "it is gone")
    for path in new.keys() - old.keys():
        yield Change(path, "object_added", f"it is new: {new[path].triangles:,} triangles")
    for path in old.keys() & new.keys():
        yield from _one_body(path, old[path], new[path])


def _one_body(path: str, old: _Body, new: _Body) -> Iterator[Change]:
    if old.shape != new.shape:
        counts = f"{old.triangles:,} triangles before, {new.triangles:,} now"
        yield Change(path, "shape_changed", f"its shape was changed: {counts}")
    off = float(np.linalg.norm(new.middle - old.middle))
    if off > MOVED_M:
        yield Change(path, "moved", f"it was moved by {_length(off)}")
    cosine = min(1.0, abs(float(old.turn @ new.turn)))
    angle = float(np.degrees(2 * np.arccos(cosine)))
    if old.shape == new.shape and angle > TURNED_DEG:
        yield Change(path, "turned", f"it was turned by {angle:.1f} degrees")
    if old.shape == new.shape and abs(new.size_m - old.size_m) > max(MOVED_M, 1e-3 * old.size_m):
        sizes = f"{_length(old.size_m)} before, {_length(new.size_m)} now"
        yield Change(path, "scaled", f"its size was changed: {sizes} across")
    if old.materials != new.materials:
        names = ", ".join(map(repr, new.materials)) or "none"
        yield Change(path, "material_assigned", f"it has other materials now: {names}")


def _seen(side: Side) -> dict[str, _Body]:
    found: dict[str, _Body] = {}
    for document in side.documents:
        named, worlds = paths(document), world_matrices(document)
        names = [str(m.get("name", "")) for m in document.listed("materials")]
        for placement in placements(document):
            parts = [points for _, points in world_positions(document, placement) if len(points)]
            if not parts:
                continue
            points = np.concatenate(parts)
            low, high = points.min(axis=0), points.max(axis=0)
            primitives = document.listed("meshes")[placement.mesh]["primitives"]
            found[named[placement.node]] = _Body(
                middle=(low + high) / 2,
                size_m=float(np.linalg.norm(high - low)),
                turn=matrix_quaternion(worlds[placement.node]),
                shape=_shape(document, primitives),
                triangles=sum(triangle_count(document, p) for p in primitives),
                materials=tuple(names[p["material"]] for p in primitives if "material" in p),
            )
    return found


def _shape(document: Document, primitives: Sequence[Json]) -> str:
    digest = hashlib.sha256()
    for primitive in primitives:
        for name, index in sorted({**primitive["attributes"]}.items()):
            digest.update(name.encode())
            digest.update(np.ascontiguousarray(document.accessors[index].values).tobytes())
        if "indices" in primitive:
            digest.update(document.accessors[primitive["indices"]].values.tobytes())
    return digest.hexdigest()


def _fixtures(before: Side, after: Side, *, seen: AbstractSet[str]) -> Iterator[Change]:
    """Compare lights and cameras; where they stand only if nothing else is seen to move there."""
    old, new = _mounted(before), _mounted(after)
    for path, what in old.keys() - new.keys():
        yield Change(path, f"{what}_removed", f"its {what} is gone")
    for path, what in new.keys() - old.keys():
        yield Change(path, f"{what}_added", f"it has a {what} now")
    for path, what in old.keys() & new.keys():
        (was, stood), (now, stands) = old[path, what], new[path, what]
        if was != now:
            yield Change(path, f"{what}_changed", f"its {what} was changed")
        if path not in seen:
            yield from _stood(path, stood, stands)


def _mounted(side: Side) -> dict[tuple[str, str], tuple[str, Floats]]:
    """Return `(path, what)` -> what a light or camera is like, and its place in the scene."""
    found: dict[tuple[str, str], tuple[str, Floats]] = {}
    for document in side.documents:
        named, worlds = paths(document), world_matrices(document)
        lights, cameras = document.listed("lights"), document.listed("cameras")
        for index, world in worlds.items():
            node = document.listed("nodes")[index]
            light = node.get("extensions", {}).get("KHR_lights_punctual", {}).get("light")
            if light is not None:
                found[named[index], "light"] = _told(lights[light]), world
            if "camera" in node:
                found[named[index], "camera"] = _told(cameras[node["camera"]]), world
    return found


def _told(item: Json) -> str:
    return json.dumps({k: v for k, v in item.items() if k != "name"}, sort_keys=True)


def _stood(path: str, old: Floats, new: Floats) -> Iterator[Change]:
    off = float(np.linalg.norm(new[:3, 3] - old[:3, 3]))
    if off > MOVED_M:
        yield Change(path, "moved", f"it was moved by {_length(off)}")
    cosine = min(1.0, abs(float(matrix_quaternion(old) @ matrix_quaternion(new))))
    angle = float(np.degrees(2 * np.arccos(cosine)))
    if angle > TURNED_DEG:
        yield Change(path, "turned", f"it was turned by {angle:.1f} degrees")


def _nodes(before: Side, after: Side, *, seen: AbstractSet[str]) -> Iterator[Change]:
    """Compare extras, and name the nodes that came or went unseen."""
    old, new = ({n["path"]: n.get("extras") for n in s.branch["nodes"]} for s in (before, after))
    for path in old.keys() - new.keys() - seen:
        yield Change(path, "node_removed", "the node is gone")
    for path in new.keys() - old.keys() - seen:
        yield Change(path, "node_added", "the node is new")
    for path in old.keys() & new.keys():
        yield from _extras(path, old[path], new[path])


def _anchors(before: Side, after: Side) -> Iterator[Change]:
    old, new = ({a["path"]: a["position"] for a in s.branch["anchors"]} for s in (before, after))
    for path in old.keys() & new.keys():
        off = float(np.linalg.norm(np.subtract(new[path], old[path])))
        if off > MOVED_M:
            yield Change(path, "anchor_moved", f"the anchor was moved by {_length(off)}")


def _extras(path: str, old: Any, new: Any) -> Iterator[Change]:
    if not (isinstance(old, dict) and isinstance(new, dict)):
        if old != new:
            message = f"its properties were {_text(old)}, now {_text(new)}"
            yield Change(path, "properties_changed", message)
        return
    for key in sorted(old.keys() | new.keys()):
        if key not in new:
            yield Change(path, "property_removed", f"the property {key!r} is gone")
        elif key not in old:
            yield Change(path, "property_added", f"the property {key!r} is new: {_text(new[key])}")
        elif old[key] != new[key]:
            message = f"the property {key!r} was {_text(old[key])}, now {_text(new[key])}"
            yield Change(path, "property_changed", message)


def _named(what: str, old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[Change]:
    for name in old.keys() - new.keys():
        yield Change(repr(name), f"{what}_removed", f"the {what} is gone")
    for name in new.keys() - old.keys():
        yield Change(repr(name), f"{what}_added", f"the {what} is new")
    for name in old.keys() & new.keys():
        if old[name] != new[name]:
            yield Change(repr(name), f"{what}_changed", f"the {what} was changed")


def _materials(side: Side) -> dict[str, str]:
    """Return name -> what it looks like, its images by their names."""
    found: dict[str, str] = {}
    for document in side.documents:
        for material in document.listed("materials"):
            copy = json.loads(json.dumps(material))
            for _, slot in slots_of(copy):
                sources = image_sources(document.listed("textures")[slot["index"]])
                slot["index"] = [_image_name(document, source) for source in sources[:1]]
            found[str(copy.pop("name", ""))] = json.dumps(copy, sort_keys=True)
    return found


def _images(side: Side) -> dict[str, str]:
    found: dict[str, str] = {}
    for document in side.documents:
        shown = {t for _, t in texture_slots(document)}
        for texture in sorted(shown):
            for source in image_sources(document.listed("textures")[texture])[:1]:
                digest = hashlib.sha256(document.images[source]).hexdigest()
                found[_image_name(document, source)] = digest
    return found


def _image_name(document: Document, index: int) -> str:
    return str(document.listed("images")[index].get("name", f"images[{index}]"))


def _clips(side: Side) -> dict[str, str]:
    found: dict[str, str] = {}
    for document in side.documents:
        named = paths(document)
        for animation in document.listed("animations"):
            digest = hashlib.sha256()
            for channel in animation["channels"]:
                sampler = animation["samplers"][channel["sampler"]]
                target = channel["target"]
                digest.update(f"{named.get(target.get('node'))} {target['path']}".encode())
                for key in ("input", "output"):
                    digest.update(document.accessors[sampler[key]].values.tobytes())
            found[str(animation.get("name", ""))] = digest.hexdigest()
    return found


def _floor(before: Side, after: Side) -> Iterator[Change]:
    old, new = (_area_m2(side.branch.get("floor")) for side in (before, after))
    if abs(old - new) >= 0.05:
        message = f"{old:.1f} m² can be walked on before, {new:.1f} m² now"
        yield Change("the floor", "floor_changed", message)


def _area_m2(floor: Json | None) -> float:
    if floor is None:
        return 0.0
    read = Floor.from_json(floor)
    return float(np.count_nonzero(read.walkable)) * read.cell_m**2


def _length(metres: float) -> str:
    return f"{metres * 1000:.0f} mm" if metres < 1 else f"{metres:.2f} m"


def _text(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _TEXT_MAX else f"{text[:_TEXT_MAX]}…"
