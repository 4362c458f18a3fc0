"""A package's scene as an artist knows it: objects by their paths, with all that hangs on them."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from ..document import Document, Floats, Json
from ..geometry import (
    Placement,
    placed_bounds,
    placements,
    triangle_count,
    triangles,
    world_positions,
)
from ..tree import paths, world_matrices
from .change import Side, told

MOVED_M: Final = 0.001
"""A millimetre; below it is rounding."""
_STEP: Final = 1e-3
"""Of a mesh's size, which codecs may round by: 10 bits, coarser than any preset's."""
_WAYS: Final = np.array(
    [
        [1, 0, 0],
        [0, 1, 0],
        [0, 0, 1],
        [0.8, 0.6, 0],
        [0, 0.8, 0.6],
        [0.6, 0, 0.8],
        [0.6, 0.64, 0.48],
    ]
)
"""Directions that a shape is looked at from: no two different ones look alike from all of them."""


@dataclass(frozen=True, slots=True)
class Body:
    """What can be seen of a node.

    Attributes:
        middle: of its box in the scene.
        digests: attribute -> SHA-256 of its values, as they are stored.
        materials: their names, part by part.
    """

    document: Document
    placement: Placement
    middle: Floats
    size_m: float
    digests: Mapping[str, str]
    triangles: int
    materials: tuple[str, ...]

    @property
    def shape(self) -> str:
        """Tell its shape from others', bit by bit."""
        return self.digests["POSITION"] + self.digests["faces"]

    def corners(self) -> Floats:
        """Return `(n, 3)`: every corner of every triangle, about their middle, in scene axes."""
        parts = []
        for primitive, points in world_positions(self.document, self.placement):
            faces = triangles(self.document, primitive)
            parts.append(points[faces.reshape(-1)] if len(faces) else points)
        points = np.concatenate(parts)
        centred: Floats = points - points.mean(axis=0)
        return centred

    def values(self, name: str) -> Floats | None:
        """Return an attribute at every corner, as numbers; `None` where a part has none."""
        parts = []
        for primitive in self.document.listed("meshes")[self.placement.mesh]["primitives"]:
            if name not in primitive["attributes"]:
                return None
            values = self.document.accessors[primitive["attributes"][name]].as_float()
            faces = triangles(self.document, primitive)
            parts.append(values[faces.reshape(-1)] if len(faces) else values)
        return np.concatenate(parts) if len({p.shape[1] for p in parts}) == 1 else None


def looks_alike(old: Body, new: Body) -> bool:
    """Tell whether two bodies show one shape, turned alike: a codec's rounding does not count."""
    if old.triangles != new.triangles:
        return False
    one, other = (body.corners() for body in (old, new))
    off_m = MOVED_M + _STEP * max(old.size_m, new.size_m)
    return one.shape == other.shape and _is_near(one @ _WAYS.T, other @ _WAYS.T, off_m)


def is_turned_copy(old: Body, new: Body) -> bool:
    """Tell whether one is the other turned or mirrored: corners lie as far from the middle."""
    if old.triangles != new.triangles:
        return False
    one, other = (np.linalg.norm(b.corners(), axis=1, keepdims=True) for b in (old, new))
    off_m = MOVED_M + _STEP * max(old.size_m, new.size_m)
    return one.shape == other.shape and _is_near(one, other, off_m)


def values_alike(old: Body, new: Body, name: str) -> bool:
    """Tell whether an attribute has the same values: a codec's rounding does not count."""
    one, other = old.values(name), new.values(name)
    if one is None or other is None:
        return one is other
    span = max(float(np.ptp(one)), float(np.ptp(other)), 1.0)
    return one.shape == other.shape and _is_near(one, other, 8e-3 * span)


def _is_near(one: Floats, other: Floats, off: float) -> bool:
    return bool(np.abs(np.sort(one, axis=0) - np.sort(other, axis=0)).max(initial=0.0) <= off)


@dataclass(frozen=True, slots=True)
class Item:
    """A node.

    Attributes:
        world: `(4, 4)`, where it is in a chunk.
        fixtures: `light`, `camera`, `shape keys` or `variants` -> what it is like.
    """

    path: str
    extras: Any = None
    anchor: Json | None = None
    world: Floats | None = None
    body: Body | None = None
    fixtures: Mapping[str, str] = field(default_factory=dict)

    @property
    def place(self) -> Floats | None:
        """Return its middle if it can be seen, else where it is; `None` where nobody says."""
        if self.body is not None:
            return self.body.middle
        if self.anchor is not None:
            return np.array(self.anchor["position"], np.float64)
        return None if self.world is None else self.world[:3, 3]


def scene_of(side: Side) -> dict[str, Item]:
    """Return every node by its path, in the order of the tree."""
    worlds: dict[str, Floats] = {}
    bodies: dict[str, Body] = {}
    fixtures: dict[str, dict[str, str]] = {}
    for document in side.documents:
        named, places = paths(document), world_matrices(document)
        shapes: dict[int, dict[str, str]] = {}
        worlds.update((named[index], world) for index, world in places.items())
        for placement in placements(document):
            if placement.mesh not in shapes:
                primitives = document.listed("meshes")[placement.mesh]["primitives"]
                shapes[placement.mesh] = _digests(document, primitives)
            body = _body(document, placement, shapes[placement.mesh])
            if body is not None:
                bodies[named[placement.node]] = body
        for index in places:
            found = _fixtures(document, document.listed("nodes")[index])
            if found:
                fixtures[named[index]] = found
    anchors = {anchor["path"]: anchor for anchor in side.branch["anchors"]}
    listed = {node["path"]: node.get("extras") for node in side.branch["nodes"]}
    return {
        path: Item(
            path,
            extras,
            anchors.get(path),
            worlds.get(path),
            bodies.get(path),
            fixtures.get(path, {}),
        )
        for path, extras in {**dict.fromkeys([*worlds]), **listed}.items()
    }


def _body(document: Document, placement: Placement, digests: Mapping[str, str]) -> Body | None:
    box = placed_bounds(document, placement)
    if box is None:
        return None
    primitives = document.listed("meshes")[placement.mesh]["primitives"]
    names = [str(m.get("name", "")) for m in document.listed("materials")]
    drawn = sum(triangle_count(document, p) for p in primitives)
    return Body(
        document=document,
        placement=placement,
        middle=box.mean(axis=0),
        size_m=float(np.linalg.norm(box[1] - box[0])),
        digests=digests,
        triangles=drawn * len(placement.matrices),
        materials=tuple(names[p["material"]] for p in primitives if "material" in p),
    )


def _digests(document: Document, primitives: Sequence[Json]) -> dict[str, str]:
    """Return attribute -> digest; shapes of morph targets count as positions."""
    found: dict[str, Any] = {"POSITION": hashlib.sha256(), "faces": hashlib.sha256()}
    for primitive in primitives:
        slots = sorted(primitive["attributes"].items())
        slots += [("POSITION", i) for t in primitive.get("targets", []) for i in t.values()]
        for name, index in slots:
            accessor = document.accessors[index]
            digest = found.setdefault(name, hashlib.sha256())
            digest.update(np.ascontiguousarray(accessor.values).data)
        if "indices" in primitive:
            faces = document.accessors[primitive["indices"]].values
            found["faces"].update(np.ascontiguousarray(faces).data)
    return {name: digest.hexdigest() for name, digest in found.items()}


def _fixtures(document: Document, node: Json) -> dict[str, str]:
    found = {}
    light = node.get("extensions", {}).get("KHR_lights_punctual", {}).get("light")
    if light is not None:
        found["light"] = told(document.listed("lights")[light])
    if "camera" in node:
        found["camera"] = told(document.listed("cameras")[node["camera"]])
    if "mesh" in node:
        mesh = document.listed("meshes")[node["mesh"]]
        found |= {k: told(v) for k, v in _choices(document, node, mesh).items() if v}
    return found


def _choices(document: Document, node: Json, mesh: Json) -> dict[str, Json]:
    """Return what a person can choose of a mesh: its shape keys and its variants' materials."""
    extras = mesh.get("extras")
    keys = {
        "names of them": extras.get("targetNames") if isinstance(extras, dict) else None,
        "weights": node.get("weights", mesh.get("weights")),
    }
    materials = [str(m.get("name", "")) for m in document.listed("materials")]
    variants = [str(v.get("name", "")) for v in document.listed("variants")]
    shown: dict[str, list[str]] = {}
    for number, primitive in enumerate(mesh["primitives"]):
        extension = primitive.get("extensions", {}).get("KHR_materials_variants", {})
        for mapping in extension.get("mappings", []):
            for variant in mapping.get("variants", []) if "material" in mapping else []:
                part = f"{number}: {materials[mapping['material']]}"
                shown.setdefault(variants[variant], []).append(part)
    return {"shape keys": {k: v for k, v in keys.items() if v is not None}, "variants": shown}
