"""Merge all static triangles into one mesh in scene axes, one primitive per material.

Positions only: without normals a reader shades flat (glTF 2.0, section 3.7.2.1), which suits
what is seen for a moment. The hall's 71 mesh nodes become one with 12 primitives.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from ..document import AccessorPool, Document, Floats, Json, Outcome
from ..geometry import Placement, Triangles, placements, triangles, world_positions
from ..rewrite import prune
from .simplify import index_array


@dataclass(frozen=True, slots=True)
class MergeOptions:
    """`colour_steps`: vertex colours are averaged per primitive into so many steps."""

    colour_steps: int = 16


DEFAULTS: Final = MergeOptions()
_Key = tuple[int, tuple[float, ...]]


def merge(document: Document, options: MergeOptions = DEFAULTS) -> Outcome:
    """Replace the scene by one node with one mesh; points, lines, names and extras are left out."""
    parts: dict[_Key, list[tuple[Floats, Triangles]]] = {}
    for placement in placements(document):
        _collect(document, placement, parts, options.colour_steps)
    pool = AccessorPool()
    materials: list[Json] = []
    primitives: list[Json] = []
    for key in sorted(parts):
        points, faces = _joined(parts[key])
        positions = pool.add(points.astype(np.float32), "VEC3")
        primitives.append(
            {
                "attributes": {"POSITION": positions},
                "indices": pool.add(index_array(faces), "SCALAR"),
                "material": len(materials),
            }
        )
        materials.append(_material(document, key))
    rights = {k: v for k, v in document.root.get("asset", {}).items() if k == "copyright"}
    root: Json = {"asset": rights, "scene": 0, "scenes": [{"nodes": [0]}]}
    root["nodes"] = [{"mesh": 0}]
    root["meshes"] = [{"primitives": primitives}]
    root["materials"] = materials
    for name in ("textures", "images", "samplers"):
        if name in document.root:
            root[name] = document.root[name]
    if not primitives:
        root["nodes"], root["meshes"] = [{}], []
    made = Document(root, pool.all(), document.images)
    return Outcome(prune(made), {"primitives": len(primitives)})


def _collect(
    document: Document,
    placement: Placement,
    parts: dict[_Key, list[tuple[Floats, Triangles]]],
    steps: int,
) -> None:
    mirrored = np.linalg.det(placement.matrices[:, :3, :3]) < 0
    for count, (primitive, points) in enumerate(world_positions(document, placement)):
        faces = triangles(document, primitive)
        # Instances come primitive by primitive, so the turn follows the place in that row.
        if mirrored[count % len(mirrored)]:
            faces = faces[:, [0, 2, 1]]
        if len(faces):
            key = (primitive.get("material", -1), _tint(document, primitive, steps))
            parts.setdefault(key, []).append((points, faces))


def _joined(parts: list[tuple[Floats, Triangles]]) -> tuple[Floats, Triangles]:
    """Put parts into one array of welded, used positions."""
    starts = np.cumsum([0, *(len(points) for points, _ in parts)])
    points = np.concatenate([points for points, _ in parts]).astype(np.float32)
    faces = np.concatenate([f + start for (_, f), start in zip(parts, starts, strict=False)])
    used, faces = np.unique(faces, return_inverse=True)
    welded, number = np.unique(points[used], axis=0, return_inverse=True)
    return welded.astype(np.float64), number.reshape(-1)[faces.reshape(-1)].reshape(-1, 3)


def _tint(document: Document, primitive: Json, steps: int) -> tuple[float, ...]:
    if "COLOR_0" not in primitive["attributes"]:
        return (1.0, 1.0, 1.0)
    colours = document.accessors[primitive["attributes"]["COLOR_0"]].as_float()
    if not len(colours):
        return (1.0, 1.0, 1.0)
    return tuple(round(float(part) * steps) / steps for part in colours[:, :3].mean(axis=0))


def _material(document: Document, key: _Key) -> Json:
    index, tint = key
    if index < 0:
        base: Json = {"pbrMetallicRoughness": {"metallicFactor": 0}}
    else:
        base = dict(document.listed("materials")[index])
    if tint == (1.0, 1.0, 1.0):
        return base
    pbr = dict(base.get("pbrMetallicRoughness", {}))
    colour = pbr.get("baseColorFactor", [1, 1, 1, 1])
    factors = (*tint, 1.0)
    pbr["baseColorFactor"] = [round(float(a) * b, 3) for a, b in zip(colour, factors, strict=True)]
    return base | {"pbrMetallicRoughness": pbr}
