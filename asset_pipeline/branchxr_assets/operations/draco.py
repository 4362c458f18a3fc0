"""Compress triangle meshes with Draco (KHR_draco_mesh_compression).

The values kept are the decoded ones, in the order a viewer will have them, so that bounds, counts
and whatever looks at the document afterwards tell the truth.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from ..columns import across
from ..document import Accessor, AccessorPool, Array, Document, Json, Outcome
from ..geometry import TRIANGLES, index_array, placed_meshes, triangles
from ..packing import DracoPart, DracoStream, position_bits
from ..rewrite import prune
from ..vertices import Order, VertexKey, byte_weights, stepped, vertex_key
from ..warnings import SceneWarning


@dataclass(frozen=True, slots=True)
class DracoOptions:
    """How finely values are kept, and how hard to try.

    Attributes:
        position_bits: of a primitive's size, at most.
        position_step_m: in the scene: no finer than this. A value is off by half of it at most, if
            the bits reach so far.
        normal_bits: of a direction.
        texture_bits: of the range of texture coordinates; of those of a second set (a light map's)
            between 0 and 1, and where they leave that they are kept as they are.
        colour_bits: of vertex colours. 16-bit ones, as Blender writes them, were a third of the
            dense scene's plants.
        level: 0 to 10. The dense scene packs to 1.34, 0.72 and 0.67 MB by 1, 7 and 10, in 0.25,
            0.33 and 0.41 s.
        triangles_min: smaller primitives stay plain: a stream costs about 300 bytes of its own.
        jobs: threads; the bytes do not depend on it.
    """

    position_bits: int = 16
    position_step_m: float = 0.0005
    normal_bits: int = 10
    texture_bits: int = 12
    colour_bits: int = 8
    level: int = 10
    triangles_min: int = 24
    jobs: int = 2


DEFAULTS: Final = DracoOptions()
_NUMBERS: Final = 30
"""Unique id of the vertices' numbers, above those of any attribute."""
_TYPES: Final = {"POSITION": 0, "NORMAL": 1, "TEXCOORD_0": 3}
"""draco::GeometryAttribute::Type of what DracoPy knows by name; the rest are generic (4)."""
_Key = tuple[VertexKey, int, int]
"""A primitive's vertices, its indices, its mode: a wire frame may share a mesh's first two."""


class _NotForDraco(Exception):
    """Why a mesh is kept without Draco: always, whoever tries again."""


def draco(document: Document, options: DracoOptions = DEFAULTS) -> Outcome:
    """Compress every list of triangles.

    Draco puts vertices in an order of its own. Skins go along, joints and weights being in the
    stream; morph targets are not, and are put in that order. What is smaller plain is left alone
    and counted; what Draco cannot hold whole is kept as it was, and named.
    """
    changed = document.copy()
    groups: dict[_Key, list[Json]] = {}
    scales: dict[_Key, float] = {}
    names: dict[_Key, str] = {}
    failed: list[SceneWarning] = []
    placed = placed_meshes(changed)
    for index, mesh in enumerate(changed.listed("meshes")):
        for primitive in mesh["primitives"]:
            drawn = primitive.get("indices", -1), primitive.get("mode", TRIANGLES)
            key = vertex_key(primitive), *drawn
            groups.setdefault(key, []).append(primitive)
            names.setdefault(key, str(mesh.get("name") or f"meshes[{index}]"))
            scales[key] = max(scales.get(key, 0.0), placed.get(index, (1.0, 0))[0])
    fit = {}
    for key, group in groups.items():
        if reason := _unfit(changed, group[0], options):
            failed.append(_kept_without(names[key], reason))
        elif _is_large(changed, group[0], options):
            fit[key] = group
    chosen = list(fit.values())

    def pack(key: _Key) -> _Result | None:
        try:
            return _packed(changed, fit[key][0], options, scales[key])
        except _NotForDraco as reason:
            failed.append(_kept_without(names[key], str(reason)))
        except (ArithmeticError, MemoryError, RuntimeError, TypeError, ValueError) as error:
            message = f"it could not be compressed ({error}); it stays as it was"
            failed.append(SceneWarning("mesh_not_compressed", names[key], message))
        return None

    with ThreadPoolExecutor(max(options.jobs, 1)) as threads:
        made = list(threads.map(pack, fit))
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
        for target in first.get("targets", []):
            for name, index in target.items():
                target[name] = pool.take(changed.accessors[index], result.order)
        for primitive in group[1:]:
            shared = ("attributes", "indices", "mode", "targets")
            primitive |= {k: first[k] for k in shared if k in first}
        counts["primitives"] += len(group)
        counts["left_alone"] -= len(group)
        counts["bytes"] += result.size
    made_of = prune(Document(changed.root, pool.all(), changed.images))
    return Outcome(made_of, counts, tuple(sorted(failed)))


@dataclass(frozen=True, slots=True)
class _Result:
    attributes: dict[str, Accessor]
    indices: Accessor
    size: int
    order: Order
    """`order[new] == old`; empty where nothing outside the stream has to follow."""


def _kept_without(name: str, reason: str) -> SceneWarning:
    message = f"{reason}; it is kept without Draco"
    return SceneWarning("mesh_without_draco", name, message)


def _unfit(document: Document, primitive: Json, options: DracoOptions) -> str:
    """Return why a primitive is none that Draco could hold; empty if it is one, or small."""
    if primitive.get("mode", TRIANGLES) < TRIANGLES:
        return "it is points or lines, which the format has no Draco for"
    if not _is_large(document, primitive, options):
        return ""
    attributes = {n: document.accessors[i] for n, i in primitive["attributes"].items()}
    for name, accessor in attributes.items():
        if name != "POSITION" and accessor.values.dtype.kind not in "uf":
            return f"{name} holds signed integers, which the encoder does not take"
    if "POSITION" in attributes and attributes["POSITION"].values.dtype.kind != "f":
        return "its positions are in steps of a codec already"
    return ""


def _is_large(document: Document, primitive: Json, options: DracoOptions) -> bool:
    """Tell whether a primitive is worth a stream, and none already."""
    accessors = [document.accessors[i] for i in primitive["attributes"].values()]
    if "POSITION" not in primitive["attributes"] or any(a.packed is not None for a in accessors):
        return False
    return len(triangles(document, primitive)) >= options.triangles_min


def _packed(
    document: Document, primitive: Json, options: DracoOptions, scale: float
) -> _Result | None:
    import DracoPy  # noqa: PLC0415 - 120 ms that other codecs do not pay

    attributes = _rounded(document, primitive, options)
    faces = triangles(document, primitive)
    own = {"NORMAL": "normals", "TEXCOORD_0": "tex_coord"}
    ids: dict[str, int] = {}
    named: dict[str, Any] = {}
    generic: dict[int, Array] = {}
    for name, accessor in attributes.items():
        if name in own and accessor.values.dtype.kind == "f":
            named[own[name]] = accessor.values.astype(np.float64)
        elif name != "POSITION":
            ids[name] = len(ids)
            generic[ids[name]] = np.ascontiguousarray(accessor.values)
    corners = np.ascontiguousarray(attributes["POSITION"].values)
    if not np.isfinite(corners).all():
        raise _NotForDraco("it has positions that are no numbers")
    extent = float(np.ptp(corners, axis=0).max(initial=0.0))
    bits = min(options.position_bits, position_bits(extent, options.position_step_m / scale))

    def encode(generic: dict[int, Array], level: int) -> bytes:
        raw: bytes = DracoPy.encode(
            corners,
            faces.astype(np.uint32),
            quantization_bits=bits,
            compression_level=level,
            generic_attributes=generic or None,
            tex_coord_quantization_bits=options.texture_bits,
            normal_quantization_bits=options.normal_bits,
            **named,
        )
        return raw

    order = np.empty(0, np.int64)
    for level in _levels(corners, faces, options):
        try:
            raw = encode(generic, level)
        except DracoPy.EncodingFailedException as error:
            raise _NotForDraco("Draco refuses it") from error
        found = DracoPy.decode(raw)
        if len(found.faces) == len(faces):
            break
    else:
        raise _NotForDraco("triangles of it have no area, and Draco would drop them")
    if primitive.get("targets"):
        numbers = np.arange(len(corners), dtype=np.uint32)[:, None]
        numbered_raw = encode({**generic, _NUMBERS: numbers}, level)
        numbered = DracoPy.decode(numbered_raw)
        order = np.asarray(numbered.get_attribute_by_unique_id(_NUMBERS)["data"], np.int64)[:, 0]
        if not _is_alike(found, numbered):
            raw, found = numbered_raw, numbered
    plain = sum(a.values.nbytes for a in attributes.values()) + 2 * faces.size
    if len(raw) >= plain:
        return None
    return _result(attributes, DracoStream(raw), found, ids, order)


def _levels(points: Array, faces: Array, options: DracoOptions) -> list[int]:
    """Return the levels to try, until one keeps every triangle.

    From 2 on Draco drops those whose corners share a place, as at the poles of a sphere; at 1 those
    that name a vertex twice; at 0 (sequential, with twice the bytes) none. Where none would be left
    it says so on stderr, in words of its own, and is not asked.
    """

    def are_flat(ends: Array) -> Any:
        a, b, c = (ends[:, corner].reshape(len(faces), -1) for corner in range(3))
        same = [across(np.logical_and, one == other) for one, other in ((a, b), (b, c), (c, a))]
        return np.logical_or.reduce(same)

    if are_flat(faces).any() or are_flat(points[faces]).all():
        return [0]
    return list(dict.fromkeys((options.level, min(options.level, 1), 0)))


def _rounded(document: Document, primitive: Json, options: DracoOptions) -> dict[str, Accessor]:
    """Return the attributes, those rounded that the encoder would pack as floats, bit by bit."""
    attributes = {n: document.accessors[i] for n, i in primitive["attributes"].items()}
    for name, accessor in attributes.items():
        if name == "WEIGHTS_0" and "WEIGHTS_1" not in attributes:
            attributes[name] = byte_weights(accessor)
        elif name.startswith("COLOR_"):
            attributes[name] = stepped(accessor, options.colour_bits)
        elif name.startswith("TEXCOORD_") and name not in _TYPES:
            attributes[name] = stepped(accessor, options.texture_bits)
    return attributes


def _is_alike(found: Any, numbered: Any) -> bool:
    """Tell whether a stream puts vertices where another one that holds their numbers does.

    Mostly it does, and the numbers, about a byte a vertex, need not be shipped.
    """
    return np.array_equal(found.faces, numbered.faces) and np.array_equal(
        found.points, numbered.points
    )


def _result(
    attributes: dict[str, Accessor],
    stream: DracoStream,
    found: Any,
    ids: dict[str, int],
    order: Order,
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
    return _Result(made, indices, len(stream.raw), order)


def _kept(accessor: Accessor, values: Array, part: DracoPart) -> Accessor:
    table = np.ascontiguousarray(values).reshape(len(values), -1)
    table.setflags(write=False)
    return Accessor(table, accessor.type, accessor.is_normalized, accessor.rest, packed=part)
