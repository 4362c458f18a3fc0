"""Merge all static triangles into one mesh in scene axes, one primitive per material.

Positions only: without normals a reader shades flat (glTF 2.0, section 3.7.2.1), which suits
what is seen for a moment. The hall's 71 mesh nodes become one with 12 primitives.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from ..columns import lengths, unique_rows
from ..document import AccessorPool, Document, Floats, Json, Outcome
from ..geometry import (
    Placement,
    Triangles,
    bounds,
    index_array,
    placements,
    triangles,
    world_positions,
)
from ..rewrite import prune


@dataclass(frozen=True, slots=True)
class MergeOptions:
    """How much to keep apart.

    Attributes:
        colour_steps: vertex colours are averaged per primitive into so many steps.
        materials_max: beyond so many, those of the least surface take the nearest of the others:
            each costs about 300 bytes of JSON, and 1,500 of them left 92 triangles in the budget.
            Rounding all colours harder until few were left made a grey floor black.
    """

    colour_steps: int = 16
    materials_max: int = 64


DEFAULTS: Final = MergeOptions()
EYE: Final = 2.2
"""Light is linear and eyes are not: between 0 and 0.05 lies as much as between 0.7 and 1."""
_Key = tuple[int, tuple[float, ...]]
_Parts = list[tuple[Floats, Triangles]]


def merge(document: Document, options: MergeOptions = DEFAULTS) -> Outcome:
    """Replace the scene by one node with one mesh; points, lines, names and extras are left out."""
    origin = _middle(document)
    parts: dict[_Key, _Parts] = {}
    for placement in placements(document):
        _collect(document, placement, parts, origin, options.colour_steps)
    pool = AccessorPool()
    materials: list[Json] = []
    primitives: list[Json] = []
    for material, collected in _fewer(document, parts, options.materials_max):
        points, faces = _joined(collected)
        positions = pool.add(points.astype(np.float32), "VEC3")
        primitives.append(
            {
                "attributes": {"POSITION": positions},
                "indices": pool.add(index_array(faces), "SCALAR"),
                "material": len(materials),
            }
        )
        materials.append(material)
    rights = {k: v for k, v in document.root.get("asset", {}).items() if k == "copyright"}
    root: Json = {"asset": rights, "scene": 0, "scenes": [{"nodes": [0]}]}
    root["nodes"] = [{"mesh": 0, "translation": [float(part) for part in origin]}]
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
    parts: dict[_Key, _Parts],
    origin: Floats,
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
            parts.setdefault(key, []).append((points - origin, faces))


def _middle(document: Document) -> Floats:
    """Return the scene's middle: float32 steps are 3 cm half a million metres from the origin."""
    box = bounds(document)
    return np.zeros(3) if box is None else np.round(box.mean(axis=0), 3)


def _fewer(
    document: Document, parts: dict[_Key, _Parts], materials_max: int
) -> list[tuple[Json, _Parts]]:
    """Return each material with what it covers; small ones go to the nearest in colour."""
    surface = {key: sum(_area(*part) for part in parts[key]) for key in parts}
    ordered = sorted(parts, key=lambda key: (-surface[key], key))
    kept = [(_material(document, key), list(parts[key])) for key in ordered[:materials_max]]
    colours = np.array([looks(material) for material, _ in kept])
    for key in ordered[materials_max:]:
        wanted = looks(_material(document, key))
        kept[int(((colours - wanted) ** 2).sum(axis=1).argmin())][1].extend(parts[key])
    return kept


def _area(points: Floats, faces: Triangles) -> float:
    a, b, c = (points[faces[:, corner]] for corner in range(3))
    return float(lengths(np.cross(b - a, c - a)).sum()) / 2


def looks(material: Json) -> list[float]:
    """Return what tells materials apart at a glance: colour, glow, and whether one sees through."""
    pbr = material.get("pbrMetallicRoughness", {})
    *base, alpha = pbr.get("baseColorFactor", [1, 1, 1, 1])
    seen = [
        max(float(part), 0.0) ** (1 / EYE)
        for part in (*base, *material.get("emissiveFactor", [0] * 3))
    ]
    is_blended = material.get("alphaMode") == "BLEND"
    return [*seen, alpha, 4.0 * is_blended, 2.0 * bool(material.get("doubleSided"))]


def _joined(parts: _Parts) -> tuple[Floats, Triangles]:
    """Put parts into one array of welded, used positions."""
    starts = np.cumsum([0, *(len(points) for points, _ in parts)])
    points = np.concatenate([points for points, _ in parts]).astype(np.float32)
    faces = np.concatenate([f + start for (_, f), start in zip(parts, starts, strict=False)])
    is_used = np.zeros(len(points), np.bool_)
    is_used[faces] = True
    used, number = points[is_used], np.cumsum(is_used) - 1
    first, kind = unique_rows(used)
    return used[first].astype(np.float64), kind[number[faces]]


def _tint(document: Document, primitive: Json, steps: int) -> tuple[float, ...]:
    if "COLOR_0" not in primitive["attributes"]:
        return (1.0, 1.0, 1.0)
    colours = document.accessors[primitive["attributes"]["COLOR_0"]].as_float()
    if not len(colours):
        return (1.0, 1.0, 1.0)
    mean = colours[:, :3].mean(axis=0).clip(0, 1)  # float colours may be brighter than white
    return tuple(round(float(part) * steps) / steps for part in mean)


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
