"""Draw fewer triangles: vertex clustering, attributes kept."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from ..clustering import cluster
from ..document import AccessorPool, Array, Document, Json, Outcome
from ..geometry import TRIANGLES, Triangles, largest_scale, placements, positions, triangles
from ..rewrite import prune


@dataclass(frozen=True, slots=True)
class SimplifyOptions:
    """`cell_m`: side of a cluster's cell in the scene; nothing moves further than its diagonal."""

    cell_m: float = 0.05


DEFAULTS: Final = SimplifyOptions()


def simplify(document: Document, options: SimplifyOptions = DEFAULTS) -> Outcome:
    """Cluster the vertices of every triangle mesh; points and lines stay as they are.

    Morphed primitives stay too: their targets belong to their vertices. A mesh that is drawn at
    several sizes takes the finest cell.
    """
    changed = document.copy()
    pool = AccessorPool(changed.accessors)
    scales: dict[int, float] = {}
    for placement in placements(changed):
        scale = largest_scale(placement.matrices)
        scales[placement.mesh] = max(scales.get(placement.mesh, 0.0), scale)
    counts = {"triangles_before": 0.0, "triangles_after": 0.0, "error_m": 0.0}
    for index, mesh in enumerate(changed.listed("meshes")):
        scale = scales.get(index, 1.0) or 1.0
        for primitive in mesh["primitives"]:
            if primitive.get("mode", TRIANGLES) < TRIANGLES or primitive.get("targets"):
                continue
            _simplify(changed, primitive, pool, counts, cell=options.cell_m / scale, scale=scale)
        mesh["primitives"] = [p for p in mesh["primitives"] if p["attributes"]]
    _drop_empty_meshes(changed)
    return Outcome(prune(Document(changed.root, pool.all(), changed.images)), counts)


def _simplify(
    document: Document,
    primitive: Json,
    pool: AccessorPool,
    counts: dict[str, float],
    *,
    cell: float,
    scale: float,
) -> None:
    points, faces = positions(document, primitive), triangles(document, primitive)
    counts["triangles_before"] += len(faces)
    if not len(faces):
        primitive["attributes"] = {}
        return
    made = cluster(points, faces, cell=cell)
    if len(made.triangles) >= 0.95 * len(faces):
        counts["triangles_after"] += len(faces)
        return
    counts["triangles_after"] += len(made.triangles)
    counts["error_m"] = max(counts["error_m"], made.error * scale)
    if not len(made.triangles):
        primitive["attributes"] = {}
        return
    for name, old in primitive["attributes"].items():
        accessor = document.accessors[old]
        values = accessor.values[made.places if name == "POSITION" else made.sources]
        primitive["attributes"][name] = pool.add(
            values, accessor.type, is_normalized=accessor.is_normalized
        )
    primitive["mode"] = TRIANGLES
    primitive["indices"] = pool.add(index_array(made.triangles), "SCALAR")


def index_array(faces: Triangles) -> Array:
    """Return triangle corners as the smallest type that never meets the restart value."""
    is_short = faces.size == 0 or int(faces.max()) < 65535
    return faces.reshape(-1, 1).astype(np.uint16 if is_short else np.uint32)


def _drop_empty_meshes(document: Document) -> None:
    empty = {i for i, mesh in enumerate(document.listed("meshes")) if not mesh["primitives"]}
    for node in document.listed("nodes"):
        if node.get("mesh") in empty:
            del node["mesh"]
            node.pop("weights", None)
