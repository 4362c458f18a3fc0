"""Write a document as GLB: the same document gives the same bytes on every machine."""

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np

from . import container
from .accessor_uses import Use, needing_bounds, primitives_of, uses_of
from .columns import across, low_high
from .container import Piece
from .document import COMPONENT_CODES, Accessor, Array, Document, Json
from .mapped import flat_bytes, let_go
from .packing import (
    DRACO,
    EXT_MESHOPT,
    KHR_MESHOPT,
    DracoPart,
    DracoStream,
    MeshoptRows,
    SparseRows,
)
from .references import references
from .refusal import refused

GENERATOR: Final = "BranchXR"
_ALWAYS_REQUIRED: Final = frozenset(
    {
        *("KHR_mesh_quantization", "EXT_mesh_gpu_instancing", DRACO, EXT_MESHOPT, KHR_MESHOPT),
    }
)
"""Without them a reader shows something wrong; the others degrade (glTF 2.0, section 3.12)."""
_ORDER: Final = (
    *("asset", "extensionsUsed", "extensionsRequired", "extensions", "extras"),
    *("scene", "scenes", "nodes", "meshes", "materials", "textures", "images", "samplers"),
    *("skins", "animations", "cameras"),
)


@dataclass(slots=True)
class _View:
    use: Use
    stride: int
    parts: list[Piece] = field(default_factory=list)
    size: int = 0
    packed: MeshoptRows | None = None
    """The first of the rows that are stored alike."""
    rows: list[Array] = field(default_factory=list)

    def add(self, raw: Piece) -> int:
        """Append on a 4-byte boundary; return where it starts."""
        pad = -self.size % 4
        start = self.size + pad
        self.parts += [b"\0" * pad, raw] if pad else [raw]
        self.size = start + len(raw)
        return start


def write_glb(document: Document) -> bytes:
    """Return the bytes of a GLB.

    Accessors of one kind share a buffer view, which keeps the JSON small; equal ones share bytes.
    """
    return b"".join(_pieces(document))


def save_glb(document: Document, path: Path) -> None:
    """Write a GLB, the same bytes, without having them in memory."""
    with path.open("wb") as file:
        for piece in _pieces(document):
            file.write(piece)
            if isinstance(piece, memoryview) and isinstance(piece.obj, np.ndarray):
                let_go(piece.obj)


def _pieces(document: Document) -> list[Piece]:
    root = document.copy().root
    bounded = needing_bounds(root)
    uses = uses_of(root)
    numbers = _merge_equal(root, document.accessors, bounded, uses)
    streams, streamed = _declare_draco(root, [document.accessors[old] for old in numbers])
    views: dict[object, _View] = {}
    accessors = [
        _declared(document.accessors[old], has_bounds=old in bounded)
        if number in streamed
        else _place(document.accessors[old], views, use=uses[old], has_bounds=old in bounded)
        for number, old in enumerate(numbers)
    ]
    listed = list(views.values())
    for accessor in accessors:
        sparse = accessor.get("sparse", {})
        for part in (accessor, sparse.get("indices", {}), sparse.get("values", {})):
            if "bufferView" in part:
                part["bufferView"] = listed.index(part["bufferView"])
    for stream, extensions in streams.items():
        for extension in extensions:
            extension["bufferView"] = len(listed)
        view = _View(Use.IMAGE, 0)
        view.add(stream.raw)
        listed.append(view)
    for image, raw in zip(root.get("images", []), document.images, strict=True):
        view = _View(Use.IMAGE, 0)
        view.add(raw)
        image["bufferView"] = len(listed)
        listed.append(view)
    return _assembled(root, accessors, listed, is_quantized=_is_quantized(document))


def _assembled(
    root: Json, accessors: list[Json], views: list[_View], *, is_quantized: bool
) -> list[Piece]:
    binary: list[Piece] = []
    size = 0
    buffer_views = []
    unpacked, meshopt_name = 0, ""
    for view in views:
        binary.append(b"\0" * (-size % 4))
        size += -size % 4
        item: Json = {"buffer": 0, "byteOffset": size, "byteLength": view.size}
        parts = view.parts
        if view.packed is not None:
            meshopt_name = view.packed.extension
            encoded = view.packed.encoded(view.rows)
            parts = [encoded]
            item = _packed_view(view, view.packed, encoded, at=size, unpacked=unpacked)
            unpacked += view.size + -view.size % 4
        if view.use is Use.VERTEX:
            item["byteStride"] = view.stride
        if view.use in {Use.VERTEX, Use.INDEX}:
            item["target"] = int(view.use)
        buffer_views.append(item)
        binary += parts
        size += sum(map(len, parts))
    kept = {"copyright", "extras", "extensions"}
    asset = {key: value for key, value in root.get("asset", {}).items() if key in kept}
    root["asset"] = {"version": "2.0", "generator": GENERATOR, **asset}
    known = {view.packed.extension for view in views if view.packed is not None}
    root["extensionsUsed"] = sorted(known | ({"KHR_mesh_quantization"} if is_quantized else set()))
    declare_extensions(root)
    ordered = in_order(root)
    if accessors:
        ordered["accessors"] = accessors
    if buffer_views:
        ordered["bufferViews"] = buffer_views
        ordered["buffers"] = [{"byteLength": size}]
        if meshopt_name:
            fallback = {"fallback": True}
            ordered["buffers"] += [{"byteLength": unpacked, "extensions": {meshopt_name: fallback}}]
    return container.pieces(_text(ordered).encode(), binary)


def _text(root: Json) -> str:
    """Return the JSON; readers bound what they read, and a number that slips by is refused."""
    try:
        return json.dumps(root, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    except ValueError as error:
        raise refused(
            "scene_not_finite",
            file="the scene",
            place="a camera, light, material or node",
            expected="numbers",
            came="NaN or infinity",
            remedy="clean the scene in the modelling program and export again",
        ) from error


def declare_extensions(root: Json) -> None:
    """List the extensions that a document uses, beside those listed already, and the required."""
    used = used_extensions(root) | set(root.get("extensionsUsed", []))
    root["extensionsUsed"] = sorted(used)
    root["extensionsRequired"] = sorted(_required(root, used))


def in_order(root: Json) -> Json:
    """Return a document's JSON in the order that a reader of it likes, without empty lists."""
    ordered = {key: root[key] for key in _ORDER if root.get(key) not in (None, [], {})}
    return ordered | {key: value for key, value in root.items() if key not in _ORDER}


def used_extensions(root: Json) -> set[str]:
    """Return the names of all extensions that have an object in a document, extras left alone."""
    found: set[str] = set()
    stack: list[Any] = [root]
    while stack:
        current = stack.pop()
        if isinstance(current, list):
            stack += current
        elif isinstance(current, dict):
            found |= current.get("extensions", {}).keys()
            stack += [value for key, value in current.items() if key != "extras"]
    return found


def _is_quantized(document: Document) -> bool:
    """Tell whether a vertex attribute has a type that only KHR_mesh_quantization allows."""
    for primitive in document.primitives():
        for attributes in (primitive["attributes"], *primitive.get("targets", [])):
            for name, index in attributes.items():
                accessor = document.accessors[index]
                is_float = accessor.values.dtype.kind == "f"
                if name in {"POSITION", "NORMAL", "TANGENT"} and not is_float:
                    return True
                is_plain = accessor.values.dtype.kind == "u" and accessor.is_normalized
                if name.startswith("TEXCOORD_") and not (is_float or is_plain):
                    return True
    return False


def _required(root: Json, used: set[str]) -> set[str]:
    found = used & _ALWAYS_REQUIRED
    for texture in root.get("textures", []):
        if "source" not in texture:
            found |= {n for n, e in texture.get("extensions", {}).items() if "source" in e}
    return found


def _merge_equal(
    root: Json, accessors: tuple[Accessor, ...], bounded: set[int], uses: dict[int, Use]
) -> list[int]:
    """Point equal accessors to the first of them; return the old numbers that remain."""
    first: dict[object, int] = {}
    numbers: dict[int, int] = {}
    kept: list[int] = []
    for old in sorted(uses):
        accessor = accessors[old]
        values = accessor.values
        key = (
            uses[old],
            old in bounded,
            accessor.type,
            accessor.is_normalized,
            values.dtype.str,
            json.dumps(accessor.rest, sort_keys=True),
            accessor.packed if not isinstance(accessor.packed, MeshoptRows) else _how(accessor),
            values.shape,
            hashlib.blake2b(flat_bytes(values).data).digest(),
        )
        let_go(values)
        if key not in first:
            first[key] = len(kept)
            kept.append(old)
        numbers[old] = first[key]
    for reference in references(root, ("accessors",)):
        reference.container[reference.key] = numbers[reference.container[reference.key]]
    return kept


def _how(accessor: Accessor) -> object:
    """Return what tells rows that are stored alike: equal ones may differ in the filtered form."""
    packed = accessor.packed
    if not isinstance(packed, MeshoptRows):
        return None
    return packed.mode, packed.filter, packed.extension, packed.stride, packed.rows.tobytes()


def _declare_draco(
    root: Json, accessors: list[Accessor]
) -> tuple[dict[DracoStream, list[Json]], set[int]]:
    """Write the extension for each primitive whose corners and triangles are of one stream.

    Returns:
        The streams with the extension objects that point to them, and the accessors that need no
        bytes of their own.
    """
    streams: dict[DracoStream, list[Json]] = {}
    inside, outside = set[int](), set[int]()
    for primitive in primitives_of(root):
        slots = {**primitive["attributes"], "": primitive.get("indices", -1)}
        parts = {n: accessors[i].packed for n, i in slots.items() if i >= 0}
        corners, faces = parts.get("POSITION"), parts.get("")
        is_whole = isinstance(corners, DracoPart) and isinstance(faces, DracoPart)
        stream = faces.stream if isinstance(faces, DracoPart) else None
        if not (is_whole and isinstance(corners, DracoPart) and corners.stream is stream):
            outside |= set(slots.values())
            continue
        own = {n: p for n, p in parts.items() if isinstance(p, DracoPart) and p.stream is stream}
        inside |= {slots[name] for name in own}
        outside |= {slots[name] for name in slots.keys() - own.keys()}
        attributes = {n: p.unique_id for n, p in own.items() if p.unique_id is not None}
        extension: Json = {"bufferView": -1, "attributes": attributes}
        primitive.setdefault("extensions", {})[DRACO] = extension
        if stream is not None:
            streams.setdefault(stream, []).append(extension)
    return streams, inside - outside


def _packed_view(view: _View, packed: MeshoptRows, raw: bytes, *, at: int, unpacked: int) -> Json:
    """Describe a view of EXT_meshopt_compression; the second buffer exists in words only."""
    told: Json = {
        "buffer": 0,
        "byteOffset": at,
        "byteLength": len(raw),
        "byteStride": packed.stride,
        "count": view.size // packed.stride,
        "mode": packed.mode,
    }
    if packed.filter != "NONE":
        told["filter"] = packed.filter
    item = {"buffer": 1, "byteOffset": unpacked, "byteLength": view.size}
    return item | {"extensions": {packed.extension: told}}


def _place(accessor: Accessor, views: dict[object, _View], *, use: Use, has_bounds: bool) -> Json:
    values = accessor.values
    packed = accessor.packed
    if isinstance(packed, MeshoptRows):
        key = (use, packed.stride, packed.mode, packed.filter, packed.extension)
        view = views.setdefault(key, _View(use, packed.stride, packed=packed))
        place = {"bufferView": view, "byteOffset": view.size}
        view.rows.append(packed.rows)
        view.size += packed.rows.nbytes
        return place | _declared(accessor, has_bounds=has_bounds)
    if isinstance(packed, SparseRows):
        sparse = {"sparse": _sparse(values, views)}
        return _declared(accessor, has_bounds=has_bounds) | sparse
    width = values.shape[1] * values.dtype.itemsize
    stride = -(-width // 4) * 4 if use is Use.VERTEX else values.dtype.itemsize
    view = views.setdefault((use, stride), _View(use, stride))
    table = np.ascontiguousarray(values)
    if use is Use.VERTEX and stride != width:
        padded = np.zeros((len(table), stride), np.uint8)
        padded[:, :width] = table.view(np.uint8).reshape(len(table), width)
        table = padded
    place = {"bufferView": view, "byteOffset": view.add(flat_bytes(table).data)}
    declared = _declared(accessor, has_bounds=has_bounds)
    let_go(values)
    return place | declared


def _declared(accessor: Accessor, *, has_bounds: bool) -> Json:
    """Describe an accessor, wherever its bytes are."""
    values = accessor.values
    item: Json = {
        "componentType": COMPONENT_CODES[values.dtype],
        "count": accessor.count,
        "type": accessor.type,
    }
    if accessor.is_normalized:
        item["normalized"] = True
    if has_bounds and accessor.count:
        item["min"], item["max"] = map(_shortest, low_high(values))
    return item | accessor.rest


def _sparse(values: Array, views: dict[object, _View]) -> Json:
    """Store the rows that are not zero; there is at least one, as section 5.2 wants."""
    rows = np.flatnonzero(across(np.logical_or, values != 0))
    rows = rows if len(rows) else np.zeros(1, np.int64)
    dtype = np.dtype("<u2") if rows[-1] < 65536 else np.dtype("<u4")
    view = views.setdefault((Use.SPARSE, 0), _View(Use.SPARSE, 0))
    item: Json = {"count": len(rows)}
    for key, table in (("indices", rows.astype(dtype)), ("values", values[rows])):
        item[key] = {"bufferView": view, "byteOffset": view.add(table.tobytes())}
    item["indices"]["componentType"] = COMPONENT_CODES[dtype]
    return item


def _shortest(values: Array) -> list[float]:
    """Return numbers in the fewest digits that float32 tells apart: 0.3, not 0.30000001192."""
    is_float = values.dtype.kind == "f"
    return [float(str(value)) if is_float else value.item() for value in values]
