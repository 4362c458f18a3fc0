"""A pose: head and two hands at an instant, and its 30 bytes on the wire (one at a time, no numpy).

`frames` does the same for many at once; a test holds both against each other and against
`tests/vectors/cell_frames.json`.
"""

import math
import struct
from dataclasses import dataclass
from enum import IntFlag
from typing import Final, Self

from ..errors import InputRefused

Vector = tuple[float, float, float]
"""A position: x, y, z in metres, right-handed, +Y up."""

Quaternion = tuple[float, float, float, float]
"""A rotation: a unit quaternion x, y, z, w."""

IDENTITY: Final[Quaternion] = (0.0, 0.0, 0.0, 1.0)

MM_MIN: Final = -32768
MM_MAX: Final = 32767
ROTATION_ZERO: Final = 511
"""What a component of exactly 0 is on the wire; 10 bits hold 0..1022."""

SQRT2: Final = math.sqrt(2.0)

HEAD_HEIGHT_M: Final = 1.65
"""Height of the eyes of somebody standing, as WebXR's emulated `local-floor` height."""

_BODY: Final = struct.Struct("<hhhIhhhIhhhI")
_FAR_MM: Final = 2.0**31  # a finite number of metres may be no finite number of millimetres
BODY_BYTES: Final = _BODY.size


class PoseFlags(IntFlag):
    """One byte that travels with a pose."""

    NONE = 0
    HANDS = 1
    """The hands are known; without it their bytes mean nothing."""
    TRACKED = 2
    """Measured by a device, not made up by a program."""
    TELEPORT = 4
    """Do not interpolate from where this body was. Counts only as far as the branch allows it."""
    MUTED = 8
    SEATED = 16


@dataclass(frozen=True, slots=True)
class Pose:
    """Head and two hands in scene axes; hands are absolute, as the head is.

    Raises:
        InputRefused: a number that is not finite, or a rotation that is none.
    """

    head_position: Vector
    head_rotation: Quaternion = IDENTITY
    left_position: Vector = (0.0, 0.0, 0.0)
    left_rotation: Quaternion = IDENTITY
    right_position: Vector = (0.0, 0.0, 0.0)
    right_rotation: Quaternion = IDENTITY
    flags: PoseFlags = PoseFlags.NONE

    def __post_init__(self) -> None:
        for position in (self.head_position, self.left_position, self.right_position):
            if len(position) != 3 or not all(map(math.isfinite, position)):
                raise InputRefused(
                    "three finite metres",
                    f"{position!r:.60}",
                    "check the pose",
                    code="pose_refused",
                )
        for rotation in (self.head_rotation, self.left_rotation, self.right_rotation):
            # Twice the rounding of float32 would do; 1 % lets a caller's own arithmetic drift.
            if len(rotation) != 4 or not 0.99 < math.hypot(*rotation) < 1.01:
                raise InputRefused(
                    "a unit quaternion x y z w",
                    f"{rotation!r:.60}",
                    "normalise the rotation",
                    code="pose_refused",
                )

    @classmethod
    def standing(
        cls,
        position: Vector,
        yaw: float = 0.0,
        *,
        flags: PoseFlags = PoseFlags.HANDS,
        head_height_m: float = HEAD_HEIGHT_M,
    ) -> Self:
        """Return somebody standing at a point of the floor, hands by their side.

        Args:
            position: a point of the floor.
            yaw: radians about +Y; 0 looks along -Z, as a glTF camera does.
            flags: what travels with the pose.
            head_height_m: of the eyes above the floor.
        """
        x, y, z = position
        sine, cosine = math.sin(yaw), math.cos(yaw)
        turn: Quaternion = (0.0, math.sin(yaw / 2), 0.0, math.cos(yaw / 2))

        def beside(right_m: float) -> Vector:
            forward_m, height_m = 0.08, head_height_m * 0.55
            return (
                x + right_m * cosine - forward_m * sine,
                y + height_m,
                z - right_m * sine - forward_m * cosine,
            )

        return cls((x, y + head_height_m, z), turn, beside(-0.25), turn, beside(0.25), turn, flags)


def round_half_up(value: float) -> int:
    """Round as every language can: `floor(x + 0.5)`."""
    return math.floor(value + 0.5)


def clamp_mm(value_mm: int) -> int:
    """Limit millimetres to what 16 bits hold."""
    return min(MM_MAX, max(MM_MIN, value_mm))


def quantise_rotation(rotation: Quaternion) -> int:
    """Pack a unit quaternion into 32 bits, smallest three.

    The index of the largest component (the first of equals; x=0 … w=3) stands in bits 30-31, the
    others in the order x, y, z, w in bits 20-29, 10-19 and 0-9, all signs flipped if the largest
    is negative. Below 0.275 degrees (at four equal components), 0.089 rms.
    """
    largest = max(range(4), key=lambda index: (abs(rotation[index]), -index))
    sign = -1.0 if rotation[largest] < 0 else 1.0
    packed = largest
    for index, component in enumerate(rotation):
        if index != largest:
            step = ROTATION_ZERO + round_half_up(sign * component * SQRT2 * ROTATION_ZERO)
            packed = packed << 10 | min(1022, max(0, step))
    return packed


def dequantise_rotation(packed: int) -> Quaternion:
    """Unpack 32 bits into a unit quaternion, whatever the bits are."""
    largest = packed >> 30
    small = [
        ((packed >> shift & 0x3FF) - ROTATION_ZERO) / (SQRT2 * ROTATION_ZERO)
        for shift in (20, 10, 0)
    ]
    square = sum(component * component for component in small)
    # No honest sender exceeds 1, but the bits can: then the largest is 0 and the rest is scaled.
    scale = 1.0 / math.sqrt(max(1.0, square))
    small = [component * scale for component in small]
    small.insert(largest, math.sqrt(max(0.0, 1.0 - square)))
    return (small[0], small[1], small[2], small[3])


def pack_body(pose: Pose, origin: Vector = (0.0, 0.0, 0.0)) -> bytes:
    """Quantise a pose into its 30 bytes.

    The head is in millimetres from the cell's origin. A hand is its own rounded millimetres minus
    those of the head as sent, so that a hand at rest stays at rest while the head moves.

    Args:
        pose: in scene axes.
        origin: of the cell.
    """
    head = _millimetres(pose.head_position, origin)
    head = (clamp_mm(head[0]), clamp_mm(head[1]), clamp_mm(head[2]))
    if not pose.flags & PoseFlags.HANDS:
        at_rest = (0, 0, 0, quantise_rotation(IDENTITY))
        return _BODY.pack(*head, quantise_rotation(pose.head_rotation), *at_rest, *at_rest)
    left = _millimetres(pose.left_position, origin)
    right = _millimetres(pose.right_position, origin)
    return _BODY.pack(
        *head,
        quantise_rotation(pose.head_rotation),
        *(clamp_mm(hand - of_head) for hand, of_head in zip(left, head, strict=True)),
        quantise_rotation(pose.left_rotation),
        *(clamp_mm(hand - of_head) for hand, of_head in zip(right, head, strict=True)),
        quantise_rotation(pose.right_rotation),
    )


def unpack_body(
    body: bytes, origin: Vector = (0.0, 0.0, 0.0), *, flags: PoseFlags = PoseFlags.NONE
) -> Pose:
    """Return the pose of 30 bytes, in scene axes."""
    fields = _BODY.unpack(body)
    head = fields[0:3]

    def place(millimetres: tuple[int, ...]) -> Vector:
        x, y, z = (of_cell + mm / 1000 for of_cell, mm in zip(origin, millimetres, strict=True))
        return (x, y, z)

    def hand(start: int) -> Vector:
        return place(tuple(mm + fields[start + axis] for axis, mm in enumerate(head)))

    return Pose(
        place(head),
        dequantise_rotation(fields[3]),
        hand(4),
        dequantise_rotation(fields[7]),
        hand(8),
        dequantise_rotation(fields[11]),
        flags,
    )


def _millimetres(position: Vector, origin: Vector) -> tuple[int, int, int]:
    x, y, z = (
        round_half_up(min(_FAR_MM, max(-_FAR_MM, (metres - of_cell) * 1000)))
        for metres, of_cell in zip(position, origin, strict=True)
    )
    return (x, y, z)
