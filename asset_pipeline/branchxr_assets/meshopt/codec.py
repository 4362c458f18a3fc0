"""The meshopt bitstreams of EXT_meshopt_compression and KHR_meshopt_compression.

Appendix A of either extension describes the streams, appendix B the filters. Version 0 of the
vertex codec is what EXT allows; version 1 and the filter `COLOR` belong to KHR.
"""

from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from .machine import Bytes, MeshoptFailed, machine

Mode = Literal["ATTRIBUTES", "TRIANGLES", "INDICES"]
Shared = Literal["row", "column"]
Filter = Literal["NONE", "OCTAHEDRAL", "QUATERNION", "EXPONENTIAL", "COLOR"]

_DECODERS: Final[dict[Mode, str]] = {
    "ATTRIBUTES": "meshopt_decodeVertexBuffer",
    "TRIANGLES": "meshopt_decodeIndexBuffer",
    "INDICES": "meshopt_decodeIndexSequence",
}
_FILTERS: Final[dict[Filter, tuple[str, tuple[int, ...]]]] = {
    "OCTAHEDRAL": ("meshopt_decodeFilterOct", (4, 8)),
    "QUATERNION": ("meshopt_decodeFilterQuat", (8,)),
    "EXPONENTIAL": ("meshopt_decodeFilterExp", tuple(range(4, 257, 4))),
    "COLOR": ("meshopt_decodeFilterColor", (4, 8)),
}
"""What undoes a filter, and the strides it is defined for."""
_STRIDES: Final[dict[Mode, tuple[int, ...]]] = {
    "ATTRIBUTES": tuple(range(4, 257, 4)),
    "TRIANGLES": (2, 4),
    "INDICES": (2, 4),
}
_RATIO_MAX: Final[dict[Mode, int]] = {"ATTRIBUTES": 1100, "TRIANGLES": 12, "INDICES": 4}
"""What a byte can become at most: a vertex block of zeros has 2 control bits per 256 bytes (version
1), a triangle takes a byte, an index of a sequence takes one. A stream that claims more is false,
and nothing is allocated for it."""
_SLACK: Final = 32 * 1024


def decode(raw: bytes, count: int, stride: int, mode: Mode, filter_: Filter = "NONE") -> Bytes:
    """Decode a compressed buffer view into `count * stride` bytes.

    Raises:
        MeshoptFailed: malformed, or the numbers are none that the format has.
    """
    _check(raw, count, stride, mode, filter_)
    if not count:
        return np.empty(0, np.uint8)
    whole = count + -count % 4  # filters work on four at a time
    with machine("decoder") as lent:
        target = lent.reserve(whole * stride)
        source = lent.put(np.frombuffer(raw, np.uint8))
        fault = lent.run(_DECODERS[mode], target, count, stride, source, len(raw))
        if fault:
            raise MeshoptFailed(f"malformed {mode.lower()} stream (fault {fault})")
        if filter_ != "NONE":
            lent.run(_FILTERS[filter_][0], target, whole, stride)
        found: Bytes = lent.take(target, count * stride, np.uint8)
    return found


def _check(raw: bytes, count: int, stride: int, mode: Mode, filter_: Filter) -> None:
    if stride not in _STRIDES[mode]:
        raise MeshoptFailed(f"a stride of {stride} bytes, which {mode} does not have")
    if filter_ != "NONE" and (mode != "ATTRIBUTES" or stride not in _FILTERS[filter_][1]):
        raise MeshoptFailed(f"the filter {filter_} on {mode} of {stride} bytes")
    if mode == "TRIANGLES" and count % 3:
        raise MeshoptFailed(f"{count} indices, which are no triangles")
    if count * stride > len(raw) * _RATIO_MAX[mode] + _SLACK:
        raise MeshoptFailed(f"{len(raw)} bytes that claim to hold {count * stride}")


def unfilter(rows: Bytes, filter_: Filter) -> Bytes:
    """Return `(n, stride)` bytes as a viewer will have them, of rows that a filter encoded."""
    count, stride = rows.shape
    if filter_ == "NONE" or not count:
        return rows
    with machine("decoder") as lent:
        whole = count + -count % 4
        place = lent.put(np.concatenate([rows, np.zeros((whole - count, stride), np.uint8)]))
        lent.run(_FILTERS[filter_][0], place, whole, stride)
        found: Bytes = lent.take(place, count * stride, np.uint8)
    return found.reshape(count, stride)


def encode(values: NDArray[Any], mode: Mode, *, version: int = 0, level: int = 2) -> bytes:
    """Encode rows of an array.

    Args:
        values: `(n, stride)` bytes or any rows of whole elements for `ATTRIBUTES`; `(n,)` indices
            (uint16 or uint32) for the others.
        mode: what the rows are.
        version: of the vertex codec: 0 for EXT_meshopt_compression, 1 for KHR.
        level: 0 to 3, the effort of version 1.
    """
    if mode == "ATTRIBUTES":
        return _encode_vertices(values, version, level)
    indices = np.ascontiguousarray(values, np.uint32).reshape(-1)
    name = "meshopt_encodeIndexBuffer" if mode == "TRIANGLES" else "meshopt_encodeIndexSequence"
    vertices = int(indices.max(initial=0)) + 1
    with machine("encoder") as lent:
        lent.run("meshopt_encodeIndexVersion", 1)
        bound = lent.run(f"{name}Bound", len(indices), vertices)
        target = lent.reserve(bound)
        size = lent.run(name, target, bound, lent.put(indices), len(indices))
        return _taken(lent.take(target, size, np.uint8))


def _encode_vertices(values: NDArray[Any], version: int, level: int) -> bytes:
    rows = np.ascontiguousarray(values)
    count = len(rows)
    stride = rows.itemsize * (rows.size // count if count else 1)
    if stride not in _STRIDES["ATTRIBUTES"]:
        raise MeshoptFailed(f"a stride of {stride} bytes, which ATTRIBUTES does not have")
    with machine("encoder") as lent:
        bound = lent.run("meshopt_encodeVertexBufferBound", count, stride)
        target = lent.reserve(bound)
        source = lent.put(rows)
        name = "meshopt_encodeVertexBufferLevel"
        size = lent.run(name, target, bound, source, count, stride, level, version)
        return _taken(lent.take(target, size, np.uint8))


def _taken(found: Bytes) -> bytes:
    if not len(found):
        raise MeshoptFailed("the encoder ran out of room")
    return found.tobytes()


def encode_octahedral(vectors: NDArray[Any], *, bits: int, stride: int) -> Bytes:
    """Fold unit vectors onto an octahedron, for the filter `OCTAHEDRAL`.

    Args:
        vectors: `(n, 4) float32`, the fourth a sign (a tangent's handedness) or zero.
        bits: 2 to 8 with a stride of 4 (int8), to 16 with 8 (int16).
        stride: bytes of a row.

    Returns:
        `(n, stride)` bytes.
    """
    return _filtered("meshopt_encodeFilterOct", vectors, 4, stride, bits)


def encode_quaternions(quaternions: NDArray[Any], *, bits: int) -> Bytes:
    """Keep the smallest three of unit quaternions `(n, 4) float32`, for the filter `QUATERNION`.

    Returns:
        `(n, 8)` bytes.
    """
    return _filtered("meshopt_encodeFilterQuat", quaternions, 4, 8, bits)


def encode_exponents(values: NDArray[Any], *, bits: int, shared: Shared = "row") -> Bytes:
    """Round floats `(n, k)` to mantissas that share an exponent, for the filter `EXPONENTIAL`.

    Args:
        values: float32, finite.
        bits: of the mantissa, 1 to 24.
        shared: who shares one exponent: a row, or a column. By columns the steps are the same
            everywhere, as with integers.

    Returns:
        `(n, 4 * k)` bytes.
    """
    columns = values.shape[1]
    mode = {"row": 1, "column": 2}[shared]
    return _filtered("meshopt_encodeFilterExp", values, columns, 4 * columns, bits, mode)


def encode_colours(colours: NDArray[Any], *, bits: int, stride: int) -> Bytes:
    """Turn RGBA `(n, 4) float32`, 0 to 1, to luma and chroma, for the filter `COLOR`.

    Args:
        colours: RGBA.
        bits: 2 to 8 with a stride of 4, to 16 with 8.
        stride: bytes of a row.
    """
    return _filtered("meshopt_encodeFilterColor", colours, 4, stride, bits)


def _filtered(
    name: str, values: NDArray[Any], columns: int, stride: int, bits: int, *more: int
) -> Bytes:
    table = np.ascontiguousarray(values, np.float32).reshape(-1, columns)
    with machine("encoder") as lent:
        target = lent.reserve(len(table) * stride)
        lent.run(name, target, len(table), stride, bits, lent.put(table), *more)
        found: Bytes = lent.take(target, len(table) * stride, np.uint8)
    return found.reshape(-1, stride)
