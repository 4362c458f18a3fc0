"""Draw far fewer triangles: vertex clustering, which pays no heed to how a mesh hangs together.

The last resort, for what a visitor sees first: there `simplify` would keep each of a thousand
separate parts. Everything else goes by `simplify`, which looks better at any number of triangles.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from ..clustering import ClusterMesh, Clusters
from ..document import AccessorPool, Document, Json, Outcome
from ..geometry import TRIANGLES, index_array, placed_meshes, positions, triangles
from ..normals import reshade
from ..rewrite import drop_empty_meshes, prune


@dataclass(frozen=True, slots=True)
class ClusterOptions:
    """`cell_m`: side of a cluster's cell in the scene; nothing moves further than its diagonal."""

    cell_m: float = 0.05


DEFAULTS: Final = ClusterOptions()
_WORTH: Final = 0.95
"""A result with more of the triangles than this is thrown away: the source looks better."""


def cluster(document: Document, options: ClusterOptions = DEFAULTS) -> Outcome:
    """Cluster the vertices of every triangle mesh; points and lines stay as they are.

    Morphed primitives stay too: their targets belong to their vertices. A mesh that is drawn at
    several sizes takes the finest cell.
    """
    changed = document.copy()
    pool = AccessorPool(changed.accessors)
    placed = placed_meshes(changed)
    counts = {"triangles_before": 0.0, "triangles_after": 0.0, "error_m": 0.0}
    for index, mesh in enumerate(changed.listed("meshes")):
        scale, _ = placed.get(index, (1.0, 0))
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
    options: ClusterOptions,
    scale: float,
    counts: dict[str, float],
) -> Clusters | None:
    """Return the clusters of a primitive, `None` when it stays as it is."""
    points, faces = positions(document, primitive), triangles(document, primitive)
    counts["triangles_before"] += len(faces)
    made: Clusters | None = ClusterMesh(points, faces).cluster(options.cell_m / scale)
    if made is not None and len(made.triangles) >= _WORTH * len(faces):
        made = None
    counts["triangles_after"] += len(faces if made is None else made.triangles)
    return made


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
