"""Mend normals that point nowhere, and write those that are missing, where that is asked for.

Missing normals mean flat shading (glTF 2.0, section 3.7.2.1): three.js draws that from the
positions alone, for no bytes at all, so that they stay missing by default. Unity's importer
(glTFast) smooths over shared vertices instead. Written out, a mesh looks alike everywhere, and is
larger: a vertex between two faces that are not level becomes two.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from ..columns import across, lengths, unique_rows
from ..document import AccessorPool, Array, Document, Json, Outcome
from ..geometry import TRIANGLES, index_array, positions, triangles
from ..normals import face_normals, summed, unit
from ..rewrite import prune
from ..vertices import take_vertices
from ..warnings import SceneWarning

UNLIT: Final = "KHR_materials_unlit"
_ZERO: Final = 1e-6


@dataclass(frozen=True, slots=True)
class NormalsOptions:
    """`has_all`: write the missing ones too, flat as the standard says."""

    has_all: bool = False


DEFAULTS: Final = NormalsOptions()


def normals(document: Document, options: NormalsOptions = DEFAULTS) -> Outcome:
    """Turn normals of no length to what their faces have; drop tangents that have no normals."""
    changed = document.copy()
    pool = AccessorPool(changed.accessors)
    counts = {"normals_mended": 0, "primitives_shaded": 0, "tangents_dropped": 0}
    warnings: list[SceneWarning] = []
    mended: dict[tuple[int, int, int], int] = {}
    for number, mesh in enumerate(changed.listed("meshes")):
        for part, primitive in enumerate(mesh["primitives"]):
            attributes = primitive["attributes"]
            if "NORMAL" in attributes:
                place = f"meshes[{number}].primitives[{part}].NORMAL"
                _mend(changed, primitive, pool, mended, (counts, warnings, place))
                continue
            if attributes.pop("TANGENT", None) is not None:
                counts["tangents_dropped"] += 1  # readers must ignore them (section 3.7.2.1)
            if options.has_all and _can_be_flat(changed, primitive):
                _write_flat(changed, primitive, pool)
                counts["primitives_shaded"] += 1
    if not any(counts.values()):
        return Outcome(changed, dict(counts))
    made = prune(Document(changed.root, pool.all(), changed.images))
    return Outcome(made, dict(counts), tuple(warnings))


def _can_be_flat(document: Document, primitive: Json) -> bool:
    """Tell whether it has faces that are lit; a morph's would turn with its shape."""
    if "targets" in primitive or not len(triangles(document, primitive)):
        return False
    if "material" not in primitive:
        return True
    material = document.listed("materials")[primitive["material"]]
    return UNLIT not in material.get("extensions", {})


def _mend(
    document: Document,
    primitive: Json,
    pool: AccessorPool,
    mended: dict[tuple[int, int, int], int],
    told: tuple[dict[str, int], list[SceneWarning], str],
) -> None:
    attributes = primitive["attributes"]
    came = document.accessors[attributes["NORMAL"]]
    if not any((lengths(block) < _ZERO).any() for block in came.float_blocks()):
        return
    values = came.as_float()
    is_zero = lengths(values) < _ZERO
    counts, warnings, place = told
    key = (attributes["NORMAL"], attributes["POSITION"], primitive.get("indices", -1))
    if key not in mended:
        faces = triangles(document, primitive)
        points = positions(document, primitive)
        each = np.repeat(face_normals(points, faces), 3, axis=0)
        found = unit(summed(faces.reshape(-1), each, len(points)))
        found[lengths(found) < 0.5] = (0.0, 1.0, 0.0)
        whole = np.where(is_zero[:, None], found, values).astype(np.float32)
        mended[key] = pool.add(whole, "VEC3")
        count = int(is_zero.sum())
        counts["normals_mended"] += count
        message = f"{count} of its normals have no length; they are taken from the faces"
        warnings.append(SceneWarning("normal_missing", place, message))
    attributes["NORMAL"] = mended[key]


def _write_flat(document: Document, primitive: Json, pool: AccessorPool) -> None:
    """Give every corner its face's normal; corners of level faces go on sharing a vertex."""
    faces = triangles(document, primitive)
    flat = unit(face_normals(positions(document, primitive), faces)).astype(np.float32)
    flat[across(np.logical_and, flat == 0)] = (0.0, 1.0, 0.0)
    flat += np.float32(0)  # no negative zero: it would part what is level
    rows: Array = np.repeat(flat, 3, axis=0)
    keys = np.concatenate([faces.reshape(-1, 1).astype(np.float64), rows], axis=1)
    first, kind = unique_rows(keys)
    take_vertices(document, primitive, faces.reshape(-1)[first], pool)
    primitive["attributes"]["NORMAL"] = pool.add(rows[first], "VEC3")
    primitive["indices"] = pool.add(index_array(kind.reshape(-1, 3)), "SCALAR")
    primitive["mode"] = TRIANGLES
