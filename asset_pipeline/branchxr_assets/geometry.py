"""Where a document's geometry lies: placements, world positions, bounds, triangles."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from .columns import low_high, placed_box
from .document import Accessor, Array, Document, Floats, Json
from .tree import quaternion_matrix, walk, world_matrices

Triangles = NDArray[np.signedinteger[Any]]

TRIANGLES: Final = 4


@dataclass(frozen=True, slots=True)
class Placement:
    """A mesh at a node: `(k, 4, 4)` world matrices, one per instance."""

    node: int
    mesh: int
    matrices: Floats
    is_skinned: bool


def placements(document: Document) -> Iterator[Placement]:
    """Yield where every mesh of the scene is drawn, in rest pose."""
    nodes = document.listed("nodes")
    for index, world in world_matrices(document).items():
        node = nodes[index]
        if "mesh" not in node:
            continue
        is_instanced = "EXT_mesh_gpu_instancing" in node.get("extensions", {})
        matrices: Floats = world[None]
        if is_instanced:
            matrices = matrices @ instance_matrices(document, node)
        yield Placement(index, node["mesh"], matrices, "skin" in node)


def drawn_meshes(document: Document) -> Iterator[tuple[int, int, int]]:
    """Yield `(node, mesh, how often)` for everything drawn: `placements` without the places."""
    nodes = document.listed("nodes")
    for index, _ in walk(document):
        node = nodes[index]
        if "mesh" in node:
            extension = node.get("extensions", {}).get("EXT_mesh_gpu_instancing")
            yield index, node["mesh"], 1 if extension is None else _copies(document, extension)


def _copies(document: Document, extension: Json) -> int:
    counts = [document.accessors[index].count for index in extension["attributes"].values()]
    return max(counts, default=0)


def positions(document: Document, primitive: Json) -> Floats:
    """Return a primitive's positions, `(n, 3) float64`, empty when it has none."""
    if "POSITION" not in primitive["attributes"]:
        return np.empty((0, 3))
    accessor: Accessor = document.accessors[primitive["attributes"]["POSITION"]]
    return accessor.as_float()


def triangles(document: Document, primitive: Json) -> Triangles:
    """Return a primitive's triangles, `(t, 3)`; strips and fans are taken apart."""
    mode = primitive.get("mode", TRIANGLES)
    if mode < TRIANGLES or "POSITION" not in primitive["attributes"]:
        return np.empty((0, 3), np.int64)
    if "indices" in primitive:
        order = document.accessors[primitive["indices"]].values[:, 0].astype(np.int64)
    else:
        order = np.arange(document.accessors[primitive["attributes"]["POSITION"]].count)
    if mode == TRIANGLES:
        return order[: len(order) // 3 * 3].reshape(-1, 3)
    if len(order) < 3:
        return np.empty((0, 3), np.int64)
    if mode == 5:  # a strip turns every second triangle (glTF 2.0, section 3.7.2.1)
        found = np.stack([order[:-2], order[1:-1], order[2:]], axis=1)
        found[1::2] = found[1::2][:, [0, 2, 1]]
        return found
    first = np.broadcast_to(order[:1], len(order) - 2)
    return np.stack([order[1:-1], order[2:], first], axis=1)


def triangle_count(document: Document, primitive: Json) -> int:
    """Return how many triangles a primitive draws."""
    mode = primitive.get("mode", TRIANGLES)
    attributes = primitive["attributes"]
    if mode < TRIANGLES or ("indices" not in primitive and "POSITION" not in attributes):
        return 0
    index = primitive["indices"] if "indices" in primitive else attributes["POSITION"]
    count = document.accessors[index].count
    return count // 3 if mode == TRIANGLES else max(0, count - 2)


def drawn_triangles(document: Document) -> int:
    """Return how many triangles the scene draws, instances counted."""
    per_mesh = [
        sum(triangle_count(document, p) for p in mesh["primitives"])
        for mesh in document.listed("meshes")
    ]
    return sum(per_mesh[mesh] * copies for _, mesh, copies in drawn_meshes(document))


def world_positions(document: Document, placement: Placement) -> Iterator[tuple[Json, Floats]]:
    """Yield `(primitive, (n, 3) float64)` in the scene, instance after instance."""
    for _, primitive, points in world_points(document, placement, lambda p: positions(document, p)):
        yield primitive, points


def world_points(
    document: Document, placement: Placement, points_of: Callable[[Json], Floats]
) -> Iterator[tuple[int, Json, Floats]]:
    """Yield `(instance, primitive, (n, 3) float64)`: a primitive's points, placed in the scene.

    Args:
        document: the scene.
        placement: of one of its meshes.
        points_of: gives a primitive's points, one for each vertex.
    """
    skinning = _joint_matrices(document, placement) if placement.is_skinned else None
    for primitive in document.listed("meshes")[placement.mesh]["primitives"]:
        points = points_of(primitive)
        if skinning is not None and "JOINTS_0" in primitive["attributes"]:
            yield 0, primitive, _skinned(document, primitive, points, skinning)
            continue
        for index, matrix in enumerate(placement.matrices):
            yield index, primitive, points @ matrix[:3, :3].T + matrix[:3, 3]


def bounds(document: Document) -> Floats | None:
    """Return the box of all geometry in rest pose, `(2, 3)`: low and high; `None` without any."""
    boxes = [box for p in placements(document) if (box := placed_bounds(document, p)) is not None]
    return around(boxes) if boxes else None


def placed_bounds(document: Document, placement: Placement) -> Floats | None:
    """Return the box of a placed mesh, `(2, 3)`; large ones are looked at in parts."""
    if placement.is_skinned:
        every = (points for _, points in world_positions(document, placement))
        boxes = [low_high(points) for points in every if len(points)]
        return around(boxes) if boxes else None
    boxes = []
    for primitive in document.listed("meshes")[placement.mesh]["primitives"]:
        if "POSITION" in primitive["attributes"]:
            accessor = document.accessors[primitive["attributes"]["POSITION"]]
            boxes += [
                placed_box(points, matrix)
                for points in accessor.float_blocks()
                for matrix in placement.matrices
            ]
    return around(boxes) if boxes else None


def around(boxes: Floats | Sequence[Floats]) -> Floats:
    """Return the box `(2, 3)` around boxes, of which there is at least one."""
    every = np.array(boxes)
    return np.array([every[:, 0].min(axis=0), every[:, 1].max(axis=0)])


def placed_meshes(document: Document) -> dict[int, tuple[float, int]]:
    """Return by how much each mesh is stretched at most, never zero, and how often it is drawn."""
    placed = list(placements(document))
    if not placed:
        return {}
    # One decomposition of all matrices takes a twentieth of the time of one by one.
    stretched = np.linalg.norm(
        np.concatenate([p.matrices for p in placed])[:, :3, :3], ord=2, axis=(1, 2)
    )
    found: dict[int, tuple[float, int]] = {}
    start = 0
    for placement in placed:
        end = start + len(placement.matrices)
        scale, copies = found.get(placement.mesh, (0.0, 0))
        scale = max(scale, float(stretched[start:end].max(initial=0.0)))
        found[placement.mesh] = scale, copies + end - start
        start = end
    return {mesh: (scale or 1.0, copies) for mesh, (scale, copies) in found.items()}


def index_array(faces: Triangles) -> Array:
    """Return triangle corners as the smallest type that never meets the restart value."""
    is_short = faces.size == 0 or int(faces.max()) < 65535
    return faces.reshape(-1, 1).astype(np.uint16 if is_short else np.uint32)


def instance_matrices(document: Document, node: Json) -> Floats:
    """Return the matrices of a node's EXT_mesh_gpu_instancing, `(k, 4, 4)`, in its space."""
    extension = node["extensions"]["EXT_mesh_gpu_instancing"]
    found = {n: document.accessors[i].as_float() for n, i in extension["attributes"].items()}
    count = _copies(document, extension)
    matrices = np.tile(np.eye(4), (count, 1, 1))
    if "ROTATION" in found:
        matrices[:, :3, :3] = quaternion_matrix(found["ROTATION"])
    if "SCALE" in found:
        matrices[:, :3, :3] *= found["SCALE"][:, None, :]
    if "TRANSLATION" in found:
        matrices[:, :3, 3] = found["TRANSLATION"]
    return matrices


def _joint_matrices(document: Document, placement: Placement) -> Floats:
    skin = document.listed("skins")[document.listed("nodes")[placement.node]["skin"]]
    worlds = world_matrices(document)
    joints = np.array([worlds.get(joint, np.eye(4)) for joint in skin["joints"]])
    if "inverseBindMatrices" not in skin:
        return joints
    inverse: Accessor = document.accessors[skin["inverseBindMatrices"]]
    binds = inverse.as_float().reshape(-1, 4, 4).transpose(0, 2, 1)[: len(joints)]
    return joints @ binds if len(binds) == len(joints) else joints


def _skinned(document: Document, primitive: Json, points: Floats, matrices: Floats) -> Floats:
    """Place a skin by its joints, not by its node (glTF 2.0, section 3.7.3.3)."""
    total = np.zeros((len(points), 3))
    weights_sum = np.zeros((len(points), 1))
    attributes = primitive["attributes"]
    for number in range(8):
        if f"JOINTS_{number}" not in attributes or f"WEIGHTS_{number}" not in attributes:
            break
        joints = document.accessors[attributes[f"JOINTS_{number}"]].values.astype(np.int64)
        weights = document.accessors[attributes[f"WEIGHTS_{number}"]].as_float()
        joints = np.minimum(joints, len(matrices) - 1)
        for column in range(4):
            each = matrices[joints[:, column]]
            moved = np.einsum("nij,nj->ni", each[:, :3, :3], points) + each[:, :3, 3]
            total += moved * weights[:, column : column + 1]
            weights_sum += weights[:, column : column + 1]
    return np.where(weights_sum > 0, total / np.where(weights_sum > 0, weights_sum, 1), points)
