"""COLLADA's skins and morphs (chapter 5, `<controller>`)."""

import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from ..document import Array, Floats
from .dae_library import Library, Numbers, inputs

_CHAIN_MAX: Final = 16
INFLUENCES: Final = 4


@dataclass(frozen=True, slots=True)
class Skin:
    """How joints move points.

    Attributes:
        joints: names (sid) or ids of nodes.
        inverse_binds: `(joints, 4, 4)`.
        bind_shape: `(4, 4)`, applied to points first.
        joint_of, weight_of: `(points, 4)`, the strongest first, weights adding up to one.
    """

    identifier: str
    joints: tuple[str, ...]
    inverse_binds: Floats
    bind_shape: Floats
    joint_of: Numbers
    weight_of: Floats


@dataclass(frozen=True, slots=True)
class Morph:
    """Shapes to blend.

    Attributes:
        weights_source: id of the source of weights, which animations name.
        deltas: one `(points, 3)` for each target.
    """

    identifier: str
    weights_source: str
    names: tuple[str, ...]
    weights: tuple[float, ...]
    deltas: tuple[Floats, ...]


def find_base(library: Library, controller: ET.Element) -> ET.Element | None:
    """Return the geometry below a controller, or below the controllers below it."""
    for _ in range(_CHAIN_MAX):
        below = _below(library, controller)
        if below is None or below.tag == "geometry":
            return below
        controller = below
    return None


def skin_of(library: Library, controller: ET.Element) -> Skin | None:
    """Return the skin of a controller or of one below it; `None` without."""
    found = _first(library, controller, "skin")
    return None if found is None else _skin(library, *found)


def morph_of(library: Library, controller: ET.Element) -> Morph | None:
    """Return the morph of a controller or of one below it; `None` without."""
    found = _first(library, controller, "morph")
    return None if found is None else _morph(library, *found)


def influences(skin: Skin, points: Numbers) -> dict[str, Array]:
    """Return `JOINTS_0` and `WEIGHTS_0` of vertices.

    Raises:
        IndexError: never: points without weights follow the first joint.
    """
    rows = np.minimum(points, len(skin.joint_of) - 1) if len(skin.joint_of) else points * 0
    joints = skin.joint_of[rows]
    kind = np.uint8 if len(skin.joints) <= 256 else np.uint16
    return {"JOINTS_0": joints.astype(kind), "WEIGHTS_0": skin.weight_of[rows]}


def _below(library: Library, controller: ET.Element) -> ET.Element | None:
    part = controller.find("skin")
    if part is None:
        part = controller.find("morph")
    found = None if part is None else library.find(part.get("source"))
    return found if found is not None and found.tag in {"geometry", "controller"} else None


def _first(
    library: Library, controller: ET.Element, tag: str
) -> tuple[ET.Element, ET.Element] | None:
    current: ET.Element | None = controller
    for _ in range(_CHAIN_MAX):
        if current is None or current.tag != "controller":
            return None
        part = current.find(tag)
        if part is not None:
            return current, part
        current = _below(library, current)
    return None


def _skin(library: Library, controller: ET.Element, skin: ET.Element) -> Skin:
    name = controller.get("name") or controller.get("id", "")
    place = f"controller {name!r}"
    bind_shape = library.vector(skin.find("bind_shape_matrix"), 16, tuple(np.eye(4).ravel()))
    listed = {semantic: source for semantic, source, _, _ in _inputs_of(skin, "joints")}
    joints = library.names(listed.get("JOINT"))
    matrices = (
        library.source(listed.get("INV_BIND_MATRIX")) if "INV_BIND_MATRIX" in listed else None
    )
    binds = np.tile(np.eye(4), (len(joints), 1, 1))
    if matrices is not None and matrices.shape[1] == 16:
        count = min(len(matrices), len(joints))
        binds[:count] = matrices[:count].reshape(-1, 4, 4)
    if not np.isfinite(binds).all():
        raise library.refused(place, "bind matrices of numbers", "NaN or infinity")
    weights = skin.find("vertex_weights")
    joint_of, weight_of = np.zeros((1, INFLUENCES), np.int64), np.zeros((1, INFLUENCES))
    if weights is not None and joints:
        joint_of, weight_of = _weights(library, weights, len(joints), place)
    return Skin(
        controller.get("id", ""),
        tuple(joints),
        binds,
        bind_shape.reshape(4, 4),
        joint_of,
        weight_of,
    )


def _inputs_of(element: ET.Element, tag: str) -> list[tuple[str, str, int, int]]:
    part = element.find(tag)
    return [] if part is None else list(inputs(part))


def _weights(
    library: Library, element: ET.Element, joints: int, place: str
) -> tuple[Numbers, Floats]:
    """Return the four strongest influences of each point."""
    listed = {semantic: (source, offset) for semantic, source, offset, _ in inputs(element)}
    if "JOINT" not in listed or "WEIGHT" not in listed:
        raise library.refused(place, "inputs JOINT and WEIGHT", ", ".join(listed) or "none")
    values = library.finite(listed["WEIGHT"][0])[:, 0]
    stride = 1 + max(offset for _, offset in listed.values())
    counts = library.indices(element.findtext("vcount"), place)
    table = library.indices(element.findtext("v"), place)
    table = table[: len(table) // stride * stride].reshape(-1, stride)
    total = int(counts.sum())
    # Each alone first: the sum of numbers without bounds may come round to any.
    if (counts < 0).any() or (counts > len(table)).any() or total > len(table):
        raise library.refused(place, f"{total} influences, as vcount says", f"{len(table)}")
    joint = table[:total, listed["JOINT"][1]]
    which = table[:total, listed["WEIGHT"][1]]
    if total and (int(which.max()) >= len(values) or which.min() < 0 or int(joint.max()) >= joints):
        raise library.refused(place, "indices of joints and weights that are there", "others")
    point = np.repeat(np.arange(len(counts)), counts)
    # -1 stands for the bind shape itself (5.2.6): it moves with no joint, so it counts for none.
    weight = np.where(joint < 0, 0.0, values[which]) if total else np.empty(0)
    order = np.lexsort((-weight, point))
    rank = np.arange(total) - np.repeat(np.cumsum(counts) - counts, counts)
    joint_of = np.zeros((len(counts), INFLUENCES), np.int64)
    weight_of = np.zeros((len(counts), INFLUENCES))
    kept = rank < INFLUENCES
    rows, columns = point[order][kept], rank[kept]
    joint_of[rows, columns] = np.maximum(joint[order][kept], 0)
    weight_of[rows, columns] = np.maximum(weight[order][kept], 0)
    joint_of[weight_of == 0] = 0
    if (over := weight[order][~kept]).size and over.max() > 0:
        message = (
            f"{len(np.unique(point[order][~kept]))} points follow more than {INFLUENCES} joints; "
            f"the strongest {INFLUENCES} are kept, at most {over.max():.2f} of a weight is lost"
        )
        library.warn("skin_influences", place, message)
    sums = weight_of.sum(axis=1, keepdims=True)
    return joint_of, weight_of / np.where(sums > 0, sums, 1)


def _morph(library: Library, controller: ET.Element, morph: ET.Element) -> Morph | None:
    name = controller.get("name") or controller.get("id", "")
    place = f"controller {name!r}"
    listed = {semantic: source for semantic, source, _, _ in _inputs_of(morph, "targets")}
    ids = library.names(listed.get("MORPH_TARGET"))
    weights = library.finite(listed["MORPH_WEIGHT"])[:, 0] if "MORPH_WEIGHT" in listed else None
    base = find_base(library, controller)
    base_points = None if base is None else _positions(library, base)
    if base_points is None or not ids:
        return None
    names, kept, deltas = [], [], []
    for number, identifier in enumerate(ids):
        target = library.find(f"#{identifier}", "geometry")
        points = None if target is None else _positions(library, target)
        if target is None or points is None or len(points) != len(base_points):
            message = f"its target {identifier!r} is missing or has other points; it is left out"
            library.warn("morph_lost", place, message)
            continue
        is_relative = morph.get("method") == "RELATIVE"
        deltas.append(points if is_relative else points - base_points)
        names.append(target.get("name") or identifier)
        has_weight = weights is not None and number < len(weights)
        kept.append(float(weights[number]) if weights is not None and has_weight else 0.0)
    source = (listed.get("MORPH_WEIGHT") or "").lstrip("#")
    if not deltas:
        return None
    return Morph(controller.get("id", ""), source, tuple(names), tuple(kept), tuple(deltas))


def _positions(library: Library, geometry: ET.Element) -> Floats | None:
    vertices = geometry.find("mesh/vertices")
    listed: Sequence[tuple[str, str, int, int]] = [] if vertices is None else list(inputs(vertices))
    source = next((s for semantic, s, _, _ in listed if semantic == "POSITION"), None)
    points = None if source is None else library.points(source)
    return None if points is None or points.shape[1] < 3 else points[:, :3]
