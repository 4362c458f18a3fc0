"""Records to bytes and back, by the tables of `layout`."""

import struct
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import numpy as np

from branchxr.errors import ProtocolError

from .layout import ALIGN, BY_CODE, BY_NAME, RECORD_MAX, Many, Record, Struct, Type

HEADER: Final = struct.Struct("<IHH")
BATCH: Final = struct.Struct("<Q")
_COUNT: Final = struct.Struct("<I")
_SCALARS: Final = {
    Type.BOOL: struct.Struct("<?"),
    Type.U16: struct.Struct("<H"),
    Type.U32: struct.Struct("<I"),
    Type.U64: struct.Struct("<Q"),
    Type.I32: struct.Struct("<i"),
    Type.F32: struct.Struct("<f"),
}
_PADS: Final = tuple(bytes(count) for count in range(ALIGN))

Values = Mapping[str, Any]
"""Any: what a field holds is its `Type`'s."""


def pack(name: str, /, **values: Any) -> bytes:
    """Return a whole record: header, payload, padding.

    Raises:
        ProtocolError: `record_too_long`.
    """
    record = BY_NAME[name]
    parts: list[bytes] = []
    _pack_struct(record.struct, values, parts)
    return wrap(record.code, b"".join(parts))


def wrap(code: int, payload: bytes) -> bytes:
    """Put a record's header before a payload that is packed already."""
    size = len(payload)
    if size > RECORD_MAX:
        raise ProtocolError(
            f"a record of at most {RECORD_MAX} bytes", f"{size}", "send less at once",
            code="record_too_long",
        )  # fmt: skip
    return HEADER.pack(size, code, 0) + payload + _PADS[-size % ALIGN]


def split(records: bytes | memoryview) -> Iterator[tuple[Record, bytes]]:
    """Yield each record and its payload; those of a later version are skipped.

    Raises:
        ProtocolError: `record_malformed`: cut off, or longer than it may be.
    """
    at, end = 0, len(records)
    while at < end:
        if end - at < HEADER.size:
            raise _malformed("a record's header", f"{end - at} bytes")
        size, code, _reserved = HEADER.unpack_from(records, at)
        after = at + HEADER.size + size
        if size > RECORD_MAX or after > end:
            raise _malformed(f"a record of at most {RECORD_MAX} bytes, whole", f"{size} bytes")
        record = BY_CODE.get(code)
        if record is not None:
            yield record, bytes(records[at + HEADER.size : after])
        at = after + -size % ALIGN


def unpack(record: Record, payload: bytes) -> dict[str, Any]:
    """Return a payload's values by name.

    Raises:
        ProtocolError: `record_malformed`.
    """
    try:
        values, at = _unpack_struct(record.struct, payload, 0)
    except (struct.error, UnicodeDecodeError) as error:
        raise _malformed(f"the fields of {record.name!r}", type(error).__name__) from error
    if at != len(payload):
        raise _malformed(f"{at} bytes of {record.name!r}", f"{len(payload)}")
    return values


def _pack_struct(shape: Struct, values: Values, parts: list[bytes]) -> None:
    for name, kind in shape.fields:
        value = values[name]
        if isinstance(kind, Many):
            parts.append(_COUNT.pack(len(value)))
            for each in value:
                _pack_struct(kind.of, each, parts)
        elif kind in _SCALARS:
            parts.append(_SCALARS[kind].pack(value))
        else:
            _PACKERS[kind](value, parts)


def _pack_counted(raw: bytes, count: int, parts: list[bytes]) -> None:
    parts.extend((_COUNT.pack(count), raw))


def _pack_text(value: str, parts: list[bytes]) -> None:
    # A lone surrogate is no character: it is shown as a question mark, here as in C#.
    raw = value.encode("utf-8", "replace")
    _pack_counted(raw, len(raw), parts)


def _pack_floats(value: Any, parts: list[bytes]) -> None:
    flat = np.ascontiguousarray(value, "<f4")
    _pack_counted(flat.tobytes(), flat.size, parts)


def _pack_ids(value: Any, parts: list[bytes]) -> None:
    flat = np.ascontiguousarray(value, "<u4")
    _pack_counted(flat.tobytes(), flat.size // 2, parts)


_PACKERS: Final[dict[Type, Callable[[Any, list[bytes]], None]]] = {
    Type.TEXT: _pack_text,
    Type.BYTES: lambda value, parts: _pack_counted(bytes(value), len(value), parts),
    Type.FLOATS: _pack_floats,
    Type.IDS: _pack_ids,
    Type.REST: lambda value, parts: parts.append(bytes(value)),
}


def _unpack_struct(shape: Struct, payload: bytes, at: int) -> tuple[dict[str, Any], int]:
    values: dict[str, Any] = {}
    for name, kind in shape.fields:
        values[name], at = _unpack_field(kind, payload, at)
    return values, at


def _unpack_field(kind: Type | Many, payload: bytes, at: int) -> tuple[Any, int]:
    if isinstance(kind, Many):
        (count,) = _COUNT.unpack_from(payload, at)
        at += _COUNT.size
        if count * kind.of.least_bytes > len(payload) - at:
            raise _malformed("a list that fits", f"{count} entries")
        rows = []
        for _ in range(count):
            row, at = _unpack_struct(kind.of, payload, at)
            rows.append(row)
        return rows, at
    if kind in _SCALARS:
        scalar = _SCALARS[kind]
        return scalar.unpack_from(payload, at)[0], at + scalar.size
    if kind is Type.REST:
        return payload[at:], len(payload)
    (count,) = _COUNT.unpack_from(payload, at)
    at += _COUNT.size
    after = at + count * _UNIT_BYTES.get(kind, 1)
    if after > len(payload):
        raise _malformed("a field that fits", f"{count} units of {kind}")
    return _read(kind, payload[at:after]), after


_UNIT_BYTES: Final = {Type.FLOATS: 4, Type.IDS: 8}


def _read(kind: Type, raw: bytes) -> Any:
    match kind:
        case Type.TEXT:
            return raw.decode()
        case Type.FLOATS:
            return np.frombuffer(raw, "<f4")
        case Type.IDS:
            return np.frombuffer(raw, "<u4").reshape(-1, 2)
        case _:
            return raw


def _malformed(expected: str, came: str) -> ProtocolError:
    return ProtocolError(
        expected, came, "use the package and the Python of one version", code="record_malformed"
    )
