"""Binary frames: the uplink pose (38 bytes) and the cell frame (12 bytes and 34 per body).

Little endian throughout; `docs/protocol.md` has the tables. Whole columns with numpy, no loop over
bodies.
"""

import struct
from dataclasses import dataclass
from enum import IntEnum, IntFlag
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..errors import ProtocolError
from .pose import (
    BODY_BYTES,
    MM_MAX,
    MM_MIN,
    ROTATION_ZERO,
    SQRT2,
    Pose,
    PoseFlags,
    Vector,
    pack_body,
)

Floats = NDArray[np.float32]
Records = NDArray[np.void]

HEADER: Final = struct.Struct("<BBHIHH")
UPLINK_HEADER: Final = struct.Struct("<BBHI")
RECORD: Final = np.dtype(
    [
        ("slot", "<u2"),
        ("flags", "u1"),
        ("age_ms", "u1"),
        ("head_mm", "<i2", (3,)),
        ("head_rotation", "<u4"),
        ("left_mm", "<i2", (3,)),
        ("left_rotation", "<u4"),
        ("right_mm", "<i2", (3,)),
        ("right_rotation", "<u4"),
    ]
)
RECORD_BYTES: Final = RECORD.itemsize
UPLINK_BYTES: Final = UPLINK_HEADER.size + BODY_BYTES
TICK_MS: Final = 50
"""20 Hz: `tick = floor(server monotonic ms / 50)`."""

MAX_AGE_MS: Final = 255
"""An age of 255 means "this or older"."""

_OTHERS: Final = np.array([[1, 2, 3], [0, 2, 3], [0, 1, 3], [0, 1, 2]])
_SHIFTS: Final = np.array([20, 10, 0], dtype=np.uint32)


class FrameType(IntEnum):
    """First byte of a binary message."""

    KEY = 0x01
    DELTA = 0x02
    """Reserved: differences to the previous frame of the cell."""
    POSE = 0x10


class FrameFlags(IntFlag):
    """Second byte of a cell frame."""

    KEY = 1
    DELTA = 2
    ZSTD = 4
    COMPLETE = 8
    """Slots of this cell that are not listed are gone."""


@dataclass(frozen=True, slots=True)
class Uplink:
    """A pose on its way up, its body still quantised.

    Attributes:
        client_ms: when it was sampled: the sender's estimate of the server's monotonic
            milliseconds, modulo 2**32.
        body: 30 bytes; see `pose.pack_body`.
    """

    flags: PoseFlags
    cell: int
    client_ms: int
    body: bytes


def pack_uplink(
    pose: Pose, *, cell: int, client_ms: int, origin: Vector = (0.0, 0.0, 0.0)
) -> bytes:
    """Pack a pose in scene axes for the way up, relative to the origin of its cell."""
    header = UPLINK_HEADER.pack(FrameType.POSE, int(pose.flags), cell, client_ms & 0xFFFFFFFF)
    return header + pack_body(pose, origin)


def parse_uplink(message: bytes) -> Uplink:
    """Parse a pose on its way up.

    Raises:
        ProtocolError: `frame_length` or `frame_type`.
    """
    if len(message) != UPLINK_BYTES:
        raise ProtocolError(
            f"a pose of {UPLINK_BYTES} bytes",
            f"{len(message)} bytes",
            "see docs/protocol.md",
            code="frame_length",
        )
    kind, flags, cell, client_ms = UPLINK_HEADER.unpack_from(message)
    if kind != FrameType.POSE:
        raise ProtocolError(
            "type 0x10 (pose)", f"0x{kind:02x}", "see docs/protocol.md", code="frame_type"
        )
    return Uplink(PoseFlags(flags), cell, client_ms, bytes(message[UPLINK_HEADER.size :]))


def pack_frame(
    records: bytes, *, cell: int, tick: int, server_ms: int, is_complete: bool = False
) -> bytes:
    """Put the header in front of records that are in ascending order of slots."""
    flags = FrameFlags.KEY | (FrameFlags.COMPLETE if is_complete else FrameFlags(0))
    count = len(records) // RECORD_BYTES
    header = HEADER.pack(FrameType.KEY, flags, cell, tick & 0xFFFFFFFF, count, server_ms & 0xFFFF)
    return header + records


@dataclass(frozen=True, slots=True)
class CellFrame:
    """A parsed cell frame; `records` is a view of the message's own bytes."""

    cell: int
    tick: int
    server_ms: int
    is_complete: bool
    records: Records

    @property
    def slots(self) -> NDArray[np.uint16]:
        """Slots, ascending: `(n,) uint16`."""
        return self.records["slot"]

    @property
    def packed_ms(self) -> int:
        """When it was packed, by the server's monotonic milliseconds: `server_ms` unwrapped.

        The header has the low 16 bits only; the tick is the timeline they belong to. Correct as
        long as a tick is not more than 65 s late.
        """
        tick_start_ms = self.tick * TICK_MS
        return tick_start_ms + ((self.server_ms - tick_start_ms) & 0xFFFF)

    def decode(self, origin: Vector = (0.0, 0.0, 0.0)) -> tuple[Floats, Floats]:
        """Dequantise all bodies.

        Args:
            origin: of the cell, in scene axes.

        Returns:
            positions `(n, 3, 3) float32`, metres in scene axes, and rotations `(n, 3, 4) float32`
            x y z w; second axis: head, left hand, right hand.
        """
        records = self.records
        millimetres = np.empty((len(records), 3, 3), dtype=np.int32)
        millimetres[:, 0] = records["head_mm"]
        np.add(records["left_mm"], millimetres[:, 0], out=millimetres[:, 1])
        np.add(records["right_mm"], millimetres[:, 0], out=millimetres[:, 2])
        positions = millimetres * np.float32(0.001) + np.asarray(origin, dtype=np.float32)
        packed = np.empty((len(records), 3), dtype=np.uint32)
        for column, name in enumerate(("head_rotation", "left_rotation", "right_rotation")):
            packed[:, column] = records[name]
        rotations = dequantise_rotations(packed.reshape(-1)).reshape(-1, 3, 4)
        return positions.astype(np.float32, copy=False), rotations


def parse_frame(message: bytes) -> CellFrame:
    """Parse a cell frame without dequantising it.

    Raises:
        ProtocolError: `frame_type` (one this version does not know: skip it), `frame_length`,
            `frame_flags`, or `frame_order` (slots must ascend).
    """
    if not message or message[0] != FrameType.KEY:
        came = f"0x{message[0]:02x}" if message else "an empty message"
        raise ProtocolError("type 0x01 (KEY)", came, "skip the message", code="frame_type")
    count = len(message) - HEADER.size
    if count < 0 or count % RECORD_BYTES or count // RECORD_BYTES != _count_of(message):
        raise ProtocolError(
            f"{HEADER.size} bytes and {RECORD_BYTES} for each body",
            f"{len(message)} bytes",
            "see docs/protocol.md",
            code="frame_length",
        )
    _, flags, cell, tick, _, server_ms = HEADER.unpack_from(message)
    if flags & ~int(FrameFlags.COMPLETE) != FrameFlags.KEY:  # an IntFlag's ~ forgets other bits
        raise ProtocolError(
            "flags key and complete", f"0x{flags:02x}", "see docs/protocol.md", code="frame_flags"
        )
    records = np.frombuffer(message, dtype=RECORD, offset=HEADER.size)
    slots = records["slot"]
    if len(slots) > 1 and not (slots[1:] > slots[:-1]).all():
        raise ProtocolError(
            "slots in ascending order", "another order", "see docs/protocol.md", code="frame_order"
        )
    return CellFrame(cell, tick, server_ms, bool(flags & FrameFlags.COMPLETE), records)


def quantise_positions(positions_m: NDArray[np.floating]) -> NDArray[np.int16]:
    """Round metres to millimetres, `floor(x * 1000 + 0.5)`, clamped to int16. Any shape."""
    millimetres = np.floor(np.asarray(positions_m, dtype=np.float64) * 1000 + 0.5)
    return np.clip(millimetres, MM_MIN, MM_MAX).astype(np.int16)


def quantise_rotations(rotations: NDArray[np.floating]) -> NDArray[np.uint32]:
    """Pack unit quaternions `(n, 4)` into `(n,) uint32`; see `pose.quantise_rotation`."""
    rotations = np.asarray(rotations, dtype=np.float64)
    rows = np.arange(len(rotations))
    largest = np.abs(rotations).argmax(axis=1)
    sign = np.where(rotations[rows, largest] < 0, -1.0, 1.0)
    small = np.take_along_axis(rotations, _OTHERS[largest], axis=1)
    steps = ROTATION_ZERO + np.floor(sign[:, None] * small * SQRT2 * ROTATION_ZERO + 0.5)
    steps = np.clip(steps, 0, 2 * ROTATION_ZERO).astype(np.uint32)
    packed: NDArray[np.uint32] = (steps << _SHIFTS).sum(axis=1, dtype=np.uint32)
    packed |= largest.astype(np.uint32) << np.uint32(30)
    return packed


def dequantise_rotations(packed: NDArray[np.uint32]) -> Floats:
    """Unpack `(n,) uint32` into unit quaternions `(n, 4) float32`, whatever the bits are."""
    largest = (packed >> np.uint32(30)).astype(np.intp)
    steps = (packed[:, None] >> _SHIFTS & np.uint32(0x3FF)).astype(np.float32)
    small = (steps - np.float32(ROTATION_ZERO)) * np.float32(1 / (SQRT2 * ROTATION_ZERO))
    square = np.einsum("ij,ij->i", small, small)
    rotations = np.empty((len(packed), 4), dtype=np.float32)
    biggest = np.sqrt(np.maximum(np.float32(0), np.float32(1) - square))
    if len(packed) and square.max() > 1:
        small /= np.sqrt(np.maximum(np.float32(1), square))[:, None]
    np.put_along_axis(rotations, _OTHERS[largest], small, axis=1)
    np.put_along_axis(rotations, largest[:, None], biggest[:, None], axis=1)
    return rotations


def _count_of(message: bytes) -> int:
    return int.from_bytes(message[8:10], "little")
