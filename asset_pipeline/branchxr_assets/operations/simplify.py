"""Draw fewer triangles: vertex clustering, attributes kept."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from ..clustering import ClusterMesh, Clusters
from ..document import AccessorPool, Array, Document, Json, Outcome
from ..geometry import TRIANGLES, Triangles, largest_scale, placements, positions, triangles
from ..normals import reshade
from ..rewrite import prune


@dataclass(frozen=True, slots=True)
class SimplifyOptions:
    """How much to keep.

    Attributes:
        cell_m: side of a cluster's cell in the scene; nothing moves further than its diagonal.
        ratio: share of its triangles that each primitive should keep at least; `None` lets the
            cell alone decide. One cell for all flattened a barrier's thin post while a dense
            sculpture lost nothing, so the fuller levels go by share.
        untouched: primitives of at most so many triangles stay as they are.
    """

    cell_m: float = 0.05
    ratio: float | None = None
    untouched: int = 0


DEFAULTS: Final = SimplifyOptions()
_SEARCH_STEPS: Final = 5
_WORTH: Final = 0.95
"""A result with more of the triangles than this is thrown away: the source looks better."""


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
            made = _clustered(changed, primitive, options, scale, counts)
            if made is not None:
                counts["error_m"] = max(counts["error_m"], made.error * scale)
                _rewrite(changed, primitive, pool, made)
        mesh["primitives"] = [p for p in mesh["primitives"] if p["attributes"]]
    drop_empty_meshes(changed)
    return Outcome(prune(Document(changed.root, pool.all(), changed.images)), counts)


def _clustered(
    document: Document,
    primitive: Json,
    options: SimplifyOptions,
    scale: float,
    counts: dict[str, float],
) -> Clusters | None:
    """Return the clusters of a primitive, `None` when it stays as it is."""
    points, faces = positions(document, primitive), triangles(document, primitive)
    counts["triangles_before"] += len(faces)
    made = None
    if len(faces) > options.untouched:
        cell = options.cell_m / scale
        mesh = ClusterMesh(points, faces)
        made = mesh.cluster(cell)
        if options.ratio is not None and len(made.triangles) < options.ratio * len(faces):
            made = _to_ratio(mesh, options.ratio, largest=cell)
        if len(made.triangles) >= _WORTH * len(faces):
            made = None
    counts["triangles_after"] += len(faces if made is None else made.triangles)
    return made


def _to_ratio(mesh: ClusterMesh, ratio: float, *, largest: float) -> Clusters:
    """Find about the largest cell that keeps a share of the triangles.

    A surface of area A in cells of side c keeps about 2 A / c^2 triangles: that is where the
    search begins, and five steps end within 10 % of the best cell.
    """
    guess = float(np.sqrt(2 * mesh.area / (ratio * len(mesh.faces))))
    low, high = min(guess, largest) / 4, min(guess * 2, largest)
    best = mesh.cluster(low)
    for _ in range(_SEARCH_STEPS):
        if len(best.triangles) >= ratio * len(mesh.faces):
            break
        low, high = low / 4, low  # most of it in small parts, such as bevels
        best = mesh.cluster(low)
    for _ in range(_SEARCH_STEPS):
        cell = float(np.sqrt(low * high))
        made = mesh.cluster(cell)
        if len(made.triangles) >= ratio * len(mesh.faces):
            low, best = cell, made
        else:
            high = cell
    return best


def _rewrite(document: Document, primitive: Json, pool: AccessorPool, made: Clusters) -> None:
    if not len(made.triangles):
        primitive["attributes"] = {}
        return
    attributes = primitive["attributes"]
    places, sources, faces, normals = made.places, made.sources, made.triangles, None
    if "NORMAL" in attributes:
        old_normals = document.accessors[attributes["NORMAL"]].as_float()[sources]
        points = positions(document, primitive)[places]
        split, faces, normals = reshade(points, faces, old_normals)
        places, sources = places[split], sources[split]
    for name, old in attributes.items():
        accessor = document.accessors[old]
        values = accessor.values[places if name == "POSITION" else sources]
        attributes[name] = pool.add(values, accessor.type, is_normalized=accessor.is_normalized)
    if normals is not None:
        attributes["NORMAL"] = pool.add(normals.astype(np.float32), "VEC3")
    primitive["mode"] = TRIANGLES
    primitive["indices"] = pool.add(index_array(faces), "SCALAR")


def index_array(faces: Triangles) -> Array:
    """Return triangle corners as the smallest type that never meets the restart value."""
    is_short = faces.size == 0 or int(faces.max()) < 65535
    return faces.reshape(-1, 1).astype(np.uint16 if is_short else np.uint32)


def drop_empty_meshes(document: Document) -> None:
    """Take meshes without primitives away from their nodes, in place."""
    empty = {i for i, mesh in enumerate(document.listed("meshes")) if not mesh["primitives"]}
    for node in document.listed("nodes"):
        if node.get("mesh") in empty:
            del node["mesh"]
            node.pop("weights", None)
