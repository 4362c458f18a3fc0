"""Compress triangle meshes with Draco (KHR_draco_mesh_compression).

The values kept are the decoded ones, in the order a viewer will have them, so that bounds, counts
and whatever looks at the document afterwards tell the truth.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from ..document import Accessor, AccessorPool, Array, Document, Json, Outcome
from ..geometry import TRIANGLES, index_array, triangles
from ..packing import DracoPart, DracoStream
from ..rewrite import prune
from ..vertices import byte_weights, vertex_key


@dataclass(frozen=True, slots=True)
class DracoOptions:
    """How finely values are kept, and how hard to try.

    Attributes:
        position_bits: of a primitive's size: 14 on a 4 m desk are 0.25 mm.
        normal_bits: of a direction.
        texture_bits: of the range of texture coordinates.
        level: 0 to 10. The dense scene packs to 1.34, 0.72 and 0.67 MB by 1, 7 and 10, in 0.25,
            0.33 and 0.41 s.
        triangles_min: smaller primitives stay plain: a stream costs about 300 bytes of its own.
        jobs: threads; the bytes do not depend on it.
    """

    position_bits: int = 14
    normal_bits: int = 10
    texture_bits: int = 12
    level: int = 10
    triangles_min: int = 24
    jobs: int = 2


DEFAULTS: Final = DracoOptions()
_TYPES: Final = {"POSITION": 0, "NORMAL": 1, "TEXCOORD_0": 3}
"""draco::GeometryAttribute::Type of what DracoPy knows by name; the rest are generic (4)."""


def draco(document: Document, options: DracoOptions = DEFAULTS) -> Outcome:
    """Compress every list of triangles.

    Morphed primitives are left as they are, since targets belong to vertices that Draco puts in
    another order; so is what is smaller plain. Skins are fine: joints and weights go into the
    stream with their vertices.
    """
    changed = document.copy()
    groups: dict[tuple[int, ...], list[Json]] = {}
    for primitive in changed.primitives():
        key = (*vertex_key(primitive), primitive.get("indices", -1))
        groups.setdefault(key, []).append(primitive)
    chosen = [group for group in groups.values() if _is_fit(changed, group[0], options)]
    with ThreadPoolExecutor(max(options.jobs, 1)) as threads:
        made = list(threads.map(lambda group: _packed(changed, group[0], options), chosen))
    pool = AccessorPool(changed.accessors)
    counts = {"primitives": 0.0, "left_alone": float(len(changed.primitives())), "bytes": 0.0}
    for group, result in zip(chosen, made, strict=True):
        if result is None:
            continue
        first = group[0]
        for name, accessor in result.attributes.items():
            first["attributes"][name] = pool.keep(accessor)
        first["indices"] = pool.keep(result.indices)
        first["mode"] = TRIANGLES
        for primitive in group[1:]:
            primitive |= {k: first[k] for k in ("attributes", "indices", "mode")}
        counts["primitives"] += len(group)
        counts["left_alone"] -= len(group)
        counts["bytes"] += result.size
    return Outcome(prune(Document(changed.root, pool.all(), changed.images)), counts)


@dataclass(frozen=True, slots=True)
class _Result:
    attributes: dict[str, Accessor]
    indices: Accessor
    size: int


def _is_fit(document: Document, primitive: Json, options: DracoOptions) -> bool:
    if primitive.get("targets") or primitive.get("mode", TRIANGLES) < TRIANGLES:
        return False
    accessors = [document.accessors[i] for i in primitive["attributes"].values()]
    if any(accessor.packed is not None for accessor in accessors):
        return False
    is_plain = "POSITION" in primitive["attributes"] and (
        document.accessors[primitive["attributes"]["POSITION"]].values.dtype.kind == "f"
    )
    return is_plain and len(triangles(document, primitive)) >= options.triangles_min


def _packed(document: Document, primitive: Json, options: DracoOptions) -> _Result | None:
    import DracoPy  # noqa: PLC0415 - 120 ms that other codecs do not pay

    attributes = {n: document.accessors[i] for n, i in primitive["attributes"].items()}
    if "WEIGHTS_0" in attributes and "WEIGHTS_1" not in attributes:  # floats are packed as they are
        attributes["WEIGHTS_0"] = byte_weights(attributes["WEIGHTS_0"])
    faces = triangles(document, primitive)
    own = {"NORMAL": "normals", "TEXCOORD_0": "tex_coord"}
    ids: dict[str, int] = {}
    named: dict[str, Any] = {}
    generic: dict[int, Array] = {}
    for name, accessor in attributes.items():
        if name in own and accessor.values.dtype.kind == "f":
            named[own[name]] = accessor.values.astype(np.float64)
        elif name != "POSITION":
            stored = _unsigned(accessor)
            if stored is None:
                return None  # signed integers are no type that the encoder takes
            ids[name] = len(ids)
            generic[ids[name]] = stored
    raw = DracoPy.encode(
        np.ascontiguousarray(attributes["POSITION"].values),
        faces.astype(np.uint32),
        quantization_bits=options.position_bits,
        compression_level=options.level,
        generic_attributes=generic or None,
        tex_coord_quantization_bits=options.texture_bits,
        normal_quantization_bits=options.normal_bits,
        **named,
    )
    found = DracoPy.decode(raw)
    plain = sum(a.values.nbytes for a in attributes.values()) + 2 * faces.size
    if len(found.faces) != len(faces) or len(raw) >= plain:
        return None
    return _result(attributes, DracoStream(raw), found, ids)


def _unsigned(accessor: Accessor) -> Array | None:
    values = np.ascontiguousarray(accessor.values)
    return values if values.dtype.kind in "uf" else None


def _result(
    attributes: dict[str, Accessor], stream: DracoStream, found: Any, ids: dict[str, int]
) -> _Result:
    by_id = {part["unique_id"]: part for part in found.attributes}
    by_type = {part["attribute_type"]: part["unique_id"] for part in found.attributes}
    made = {}
    for name, accessor in attributes.items():
        number = ids[name] if name in ids else by_type[_TYPES[name]]
        values = np.asarray(by_id[number]["data"]).astype(accessor.values.dtype)
        made[name] = _kept(accessor, values, DracoPart(stream, number))
    faces = index_array(np.asarray(found.faces, np.int64))
    indices = _kept(Accessor(faces, "SCALAR"), faces, DracoPart(stream, None))
    return _Result(made, indices, len(stream.raw))


def _kept(accessor: Accessor, values: Array, part: DracoPart) -> Accessor:
    table = np.ascontiguousarray(values).reshape(len(values), -1)
    table.setflags(write=False)
    return Accessor(table, accessor.type, accessor.is_normalized, accessor.rest, packed=part)
