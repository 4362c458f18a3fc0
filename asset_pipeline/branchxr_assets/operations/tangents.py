"""Mend tangents that point nowhere, and write those that are missing, where that is asked for.

Where a file has none, a reader shall compute them by MikkTSpace (glTF 2.0, section 3.7.2.1), as
Unity's importer does; three.js takes derivatives for every pixel instead. For maps that repeat on
walls and floors nobody sees a difference, and they are left to the reader. What was baked from a
sculpture onto a coarse mesh wants exactly the tangents it was baked by: `has_all` writes them.
A clear coat's normal map and the directions of brushed metal, alone, always get them.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..columns import lengths, unique_rows
from ..document import AccessorPool, Document, Floats, Json, Outcome
from ..geometry import TRIANGLES, Triangles, index_array, positions, triangles
from ..mikktspace import CornerTangents, corner_tangents
from ..rewrite import prune
from ..vertices import take_vertices
from ..warnings import SceneWarning
from .textures import slots_of

_SLOTS: Final = ("normalTexture", "clearcoatNormalTexture", "anisotropyTexture")
_ANISOTROPY: Final = "KHR_materials_anisotropy"
_TRANSFORM: Final = "KHR_texture_transform"
_ALONG_MIN: Final = 0.05
"""Sine of the least angle to the normal; 3 degrees. Nearer, the third axis is noise."""


@dataclass(frozen=True, slots=True)
class TangentsOptions:
    """`has_all`: write the missing ones too, wherever a material needs them."""

    has_all: bool = False


DEFAULTS: Final = TangentsOptions()


def tangents(document: Document, options: TangentsOptions = DEFAULTS) -> Outcome:
    """Take tangents that are no use from the texture coordinates; the others stay as they came."""
    changed = document.copy()
    pool = AccessorPool(changed.accessors)
    counts = {"tangents_mended": 0, "primitives_given_tangents": 0}
    warnings: list[SceneWarning] = []
    for number, mesh in enumerate(changed.listed("meshes")):
        for part, primitive in enumerate(mesh["primitives"]):
            attributes = primitive["attributes"]
            if "NORMAL" not in attributes:
                continue
            if "TANGENT" in attributes:
                count = _mend(changed, primitive, pool)
                if count:
                    counts["tangents_mended"] += count
                    place = f"meshes[{number}].primitives[{part}].TANGENT"
                    message = (
                        f"{count} of its tangents were no use; they are made anew from its UVs"
                    )
                    warnings.append(SceneWarning("tangent_mended", place, message))
                continue
            is_wanted = options.has_all or _is_undefined(changed, primitive)
            uv_set = _uv_set(changed, primitive) if is_wanted else None
            if uv_set is not None and len(triangles(changed, primitive)):
                _write(changed, primitive, uv_set, pool)
                counts["primitives_given_tangents"] += 1
    if not any(counts.values()):
        return Outcome(changed, dict(counts))
    made = prune(Document(changed.root, pool.all(), changed.images))
    return Outcome(made, dict(counts), tuple(warnings))


def _is_undefined(document: Document, primitive: Json) -> bool:
    """Tell whether a map asks for tangents that no reader is told to compute.

    Readers make them for a normal map; for that of a clear coat alone, or for the direction of
    brushed metal, the Khronos validator calls their absence an error.
    """
    if "material" not in primitive:
        return False
    names = {name for name, _ in slots_of(document.listed("materials")[primitive["material"]])}
    return not names.isdisjoint(_SLOTS) and "normalTexture" not in names


def _uv_set(document: Document, primitive: Json) -> str | None:
    """Return the texture coordinates that the primitive's normal map goes by, if it has both."""
    if "material" not in primitive:
        return None
    material = document.listed("materials")[primitive["material"]]
    found = "TEXCOORD_0" if _ANISOTROPY in material.get("extensions", {}) else None
    for name, slot in slots_of(material):
        if name in _SLOTS:
            moved = slot.get("extensions", {}).get(_TRANSFORM, {})
            found = f"TEXCOORD_{moved.get('texCoord', slot.get('texCoord', 0))}"
            if name == "normalTexture":
                break
    return found if found in primitive["attributes"] else None


def _computed(document: Document, primitive: Json, uv_set: str) -> tuple[Triangles, CornerTangents]:
    faces = triangles(document, primitive)
    normals, uvs = (
        document.accessors[primitive["attributes"][name]].as_float() for name in ("NORMAL", uv_set)
    )
    return faces, corner_tangents(positions(document, primitive), normals, uvs, faces)


def _write(document: Document, primitive: Json, uv_set: str, pool: AccessorPool) -> None:
    """Write tangents; a vertex between two of them, where uvs are mirrored, becomes two."""
    faces, made = _computed(document, primitive, uv_set)
    keys = np.stack([faces.reshape(-1), made.groups], axis=1)
    first, kind = unique_rows(keys)
    take_vertices(document, primitive, faces.reshape(-1)[first], pool)
    primitive["attributes"]["TANGENT"] = pool.add(made.rows[first].astype(np.float32), "VEC4")
    primitive["indices"] = pool.add(index_array(kind.reshape(-1, 3)), "SCALAR")
    primitive["mode"] = TRIANGLES


def _mend(document: Document, primitive: Json, pool: AccessorPool) -> int:
    attributes = primitive["attributes"]
    came = document.accessors[attributes["TANGENT"]].as_float()
    normals = document.accessors[attributes["NORMAL"]].as_float()
    bad = _is_useless(came, normals)
    if not bad.any():
        return 0
    uv_set = _uv_set(document, primitive) or "TEXCOORD_0"
    if uv_set in attributes:
        faces, made = _computed(document, primitive, uv_set)
    else:  # no way to tell: any direction across the normal
        faces = triangles(document, primitive)
        uvs = np.zeros((len(came), 2))
        made = corner_tangents(positions(document, primitive), normals, uvs, faces)
    rows = came.copy()
    used = np.zeros(len(came), bool)
    used[faces.reshape(-1)] = True
    new = np.zeros((len(came), 4))
    new[faces.reshape(-1)[::-1]] = made.rows[::-1]  # of several at a vertex the first
    rows[bad] = np.where(used[:, None], new, (1.0, 0.0, 0.0, 1.0))[bad]
    attributes["TANGENT"] = pool.add(rows.astype(np.float32), "VEC4")
    return int(bad.sum())


def _is_useless(came: Floats, normals: Floats) -> NDArray[np.bool_]:
    """Tell which tangents have no length, or lie along their normal."""
    length = lengths(came[:, :3])
    across = lengths(np.cross(came[:, :3], normals))
    found: NDArray[np.bool_] = (length < 0.5) | (across < _ALONG_MIN)
    return found
