"""Make `tests/vectors/cell_frames.json`; `pytest tests/protocol/test_vectors.py --update-golden`.

The expected numbers of the quantisation cases are worked out here with integers and fractions
(`decimal`), not with the code under test; frames are packed by it and checked field by field.
"""

import json
import struct
from decimal import ROUND_FLOOR, Decimal
from typing import Any

from branchxr.protocol import frames
from branchxr.protocol.pose import IDENTITY, Pose, PoseFlags, unpack_body

HALF = 0.5**0.5
ORIGIN = (32.0, 0.0, -64.0)

POSITIONS_M = [
    0.0, 0.0004, 0.0005, -0.0004, -0.0005, -0.0006, 0.0015, -0.0015, 0.0025, -0.0025,
    1.65, -1.2345, 32.766, 32.767, 32.7674, 32.768, 40.0, -32.768, -32.7686, -32.769, -1000.0,
]  # fmt: skip

ROTATIONS = {
    "identity: largest w": IDENTITY,
    "largest x": (0.9, 0.3, 0.3, 0.1),
    "largest y": (0.1, 0.9, -0.3, 0.3),
    "largest z": (-0.3, 0.1, 0.9, 0.3),
    "largest w": (0.3, -0.3, 0.1, 0.9),
    "largest x and negative: all signs flip": (-0.9, 0.3, 0.3, 0.1),
    "largest w and negative: all signs flip": (0.3, -0.3, 0.1, -0.9),
    "exactly the opposite of identity": (0.0, 0.0, 0.0, -1.0),
    "x and y equal: the first is the largest": (HALF, HALF, 0.0, 0.0),
    "z and w equal, largest negative: w is clamped to 0": (0.0, 0.0, -HALF, HALF),
    "y and w equal: w is 1022": (0.0, HALF, 0.0, HALF),
    "all four equal": (0.5, 0.5, 0.5, 0.5),
    "half a step below zero": (-0.5 / (2**0.5 * 511), 0.0, 0.0, 1.0),
}

GARBAGE_ROTATIONS = {
    "all bits set: 1023 is no honest step, and the squares exceed 1": 0xFFFFFFFF,
    "all bits clear": 0x00000000,
}


def millimetres(metres: float) -> int:
    """`floor(x * 1000 + 0.5)` on the decimal that was written, clamped to int16."""
    exact = (Decimal(repr(metres)) * 1000 + Decimal("0.5")).to_integral_value(ROUND_FLOOR)
    return min(32767, max(-32768, int(exact)))


def normalised(rotation: tuple[float, ...]) -> tuple[float, float, float, float]:
    length = sum(component * component for component in rotation) ** 0.5
    x, y, z, w = (component / length for component in rotation)
    return (x, y, z, w)


def bits_of(rotation: tuple[float, ...]) -> int:
    """Smallest three with 50 decimals."""
    exact = [Decimal(component) for component in rotation]
    largest = max(range(4), key=lambda index: (abs(exact[index]), -index))
    sign = -1 if exact[largest] < 0 else 1
    packed = largest
    for index in range(4):
        if index != largest:
            step = exact[index] * sign * Decimal(2).sqrt() * 511 + Decimal("0.5")
            packed = packed << 10 | min(
                1022, max(0, 511 + int(step.to_integral_value(ROUND_FLOOR)))
            )
    return packed


def poses() -> dict[str, Pose]:
    """Uplinks, by what they show; positions are in scene axes."""
    x, _, z = ORIGIN
    hands = PoseFlags.HANDS | PoseFlags.TRACKED
    return {
        "somebody standing at the cell's origin": Pose.standing(ORIGIN),
        "hands absent: their bytes are (0, 0, 0, identity)": Pose((x + 1.5, 1.65, z - 2.25)),
        "muted, seated, tracked": Pose(
            (x - 3.0, 1.2, z),
            normalised((0.1, 0.9, -0.3, 0.3)),
            (x - 3.25, 0.75, z - 0.5),
            normalised((-0.3, 0.1, 0.9, 0.3)),
            (x - 2.75, 0.75, z - 0.5),
            normalised((-0.9, 0.3, 0.3, 0.1)),
            hands | PoseFlags.MUTED | PoseFlags.SEATED,
        ),
        "teleport": Pose.standing((x + 12.0, 0.0, z + 3.0), 1.0, flags=hands | PoseFlags.TELEPORT),
        "head and hands clamped": Pose(
            (x + 100.0, 1.65, z - 100.0),
            IDENTITY,
            (x - 100.0, 1.0, z + 100.0),
            IDENTITY,
            (x + 100.001, 1.0, z - 100.0),
            IDENTITY,
            hands,
        ),
        "hand minus head, both rounded first: 0.61 mm minus 0.49 mm make 1 mm": Pose(
            (x + 0.0625 / 128, 1.5, z),
            IDENTITY,
            (x + 0.078125 / 128, 1.5, z),
            IDENTITY,
            (x - 0.0625 / 128, 1.5, z),
            IDENTITY,
            hands,
        ),
    }


def describe_pose(pose: Pose) -> dict[str, Any]:
    return {
        "head_position": pose.head_position,
        "head_rotation": pose.head_rotation,
        "left_position": pose.left_position,
        "left_rotation": pose.left_rotation,
        "right_position": pose.right_position,
        "right_rotation": pose.right_rotation,
        "flags": int(pose.flags),
    }


def describe_body(body: bytes) -> dict[str, Any]:
    head, left, right = (struct.unpack_from("<hhhI", body, start) for start in (0, 10, 20))
    pose = unpack_body(body, ORIGIN)
    decoded = describe_pose(pose)
    del decoded["flags"]
    return {
        "head_mm": head[:3],
        "head_rotation_bits": head[3],
        "left_mm": left[:3],
        "left_rotation_bits": left[3],
        "right_mm": right[:3],
        "right_rotation_bits": right[3],
        "decoded": decoded,
    }


def record(slot: int, flags: int, age_ms: int, body: bytes) -> bytes:
    return struct.pack("<HBB", slot, flags, age_ms) + body


def frame_cases() -> list[dict[str, Any]]:
    bodies = [
        frames.pack_uplink(pose, cell=7, client_ms=0, origin=ORIGIN)[8:]
        for pose in poses().values()
    ]
    all_flags = [int(pose.flags) for pose in poses().values()]
    slots, ages = [0, 1, 255, 256, 4095, 65535], [0, 7, 49, 120, 254, 255]
    everybody = list(zip(slots, all_flags, ages, bodies, strict=True))
    specs: list[tuple[str, list[Any], dict[str, Any]]] = [
        ("nobody moved", [], {"tick": 1, "server_ms": 50}),
        (
            "complete and empty: the cell is empty",
            [],
            {"tick": 40, "server_ms": 2003, "done": True},
        ),
        ("one body", everybody[:1], {"tick": 1200, "server_ms": 60007}),
        ("everybody, complete", everybody, {"tick": 1240, "server_ms": 62001, "done": True}),
        ("server_ms has wrapped", everybody[1:3], {"tick": 1311, "server_ms": 65552 & 0xFFFF}),
        (
            "the tick is late by 20 ms over the wrap",
            [],
            {"tick": 1310, "server_ms": 65540 & 0xFFFF},
        ),
        (
            "the last tick",
            everybody[3:4],
            {"tick": 2**32 - 1, "server_ms": (2**32 - 1) * 50 & 0xFFFF},
        ),
    ]
    return [
        _frame_case(name, rows, done=spec.pop("done", False), **spec) for name, rows, spec in specs
    ]


def _frame_case(
    name: str, rows: list[Any], *, tick: int, server_ms: int, done: bool
) -> dict[str, Any]:
    message = frames.pack_frame(
        b"".join(record(*row) for row in rows),
        cell=7,
        tick=tick,
        server_ms=server_ms,
        is_complete=done,
    )
    late_ms = (server_ms - tick * 50) % 65536
    return {
        "name": name,
        "hex": message.hex(),
        "cell": 7,
        "origin": ORIGIN,
        "tick": tick,
        "server_ms": server_ms,
        "packed_ms": tick * 50 + late_ms,
        "is_complete": done,
        "bodies": [
            {"slot": slot, "flags": flags, "age_ms": age_ms, **describe_body(body)}
            for slot, flags, age_ms, body in rows
        ],
    }


def refused_cases() -> list[dict[str, str]]:
    """Messages every decoder must refuse, with the code it gives."""
    whole = bytes.fromhex(frame_cases()[3]["hex"])
    swapped = whole[:12] + whole[46:80] + whole[12:46] + whole[80:]
    twice = whole[:8] + struct.pack("<H", 2) + whole[10:12] + whole[12:46] * 2
    return [
        {"name": "empty message", "hex": "", "code": "frame_type"},
        {"name": "reserved type DELTA", "hex": "02" + whole[1:].hex(), "code": "frame_type"},
        {"name": "unknown type", "hex": "7f", "code": "frame_type"},
        {"name": "half a header", "hex": whole[:6].hex(), "code": "frame_length"},
        {"name": "one byte short", "hex": whole[:-1].hex(), "code": "frame_length"},
        {"name": "one byte too many", "hex": whole.hex() + "00", "code": "frame_length"},
        {"name": "count and length disagree", "hex": whole[:-34].hex(), "code": "frame_length"},
        {"name": "flag zstd", "hex": "0105" + whole[2:].hex(), "code": "frame_flags"},
        {"name": "without flag key", "hex": "0108" + whole[2:].hex(), "code": "frame_flags"},
        {"name": "a flag of no meaning", "hex": "0141" + whole[2:].hex(), "code": "frame_flags"},
        {"name": "the highest flag", "hex": "0189" + whole[2:].hex(), "code": "frame_flags"},
        {"name": "slots descend", "hex": swapped.hex(), "code": "frame_order"},
        {"name": "a slot twice", "hex": twice.hex(), "code": "frame_order"},
    ]


def make_vectors() -> dict[str, Any]:
    client_ms = [0, 1, 4_294_967_295, 123_456_789, 50, 2**31]
    return {
        "made_by": "pytest tests/protocol/test_vectors.py --update-golden",
        "notes": [
            "millimetres are floor(metres * 1000 + 0.5), clamped to int16",
            "metres of a cell are scene position minus the cell's origin",
            "a hand's bytes are its own rounded millimetres minus the head's as sent, clamped",
            "rotations: smallest three; 511 + floor(c * sqrt(2) * 511 + 0.5), clamped to 0..1022",
            "decoders divide the three by their length if their squares sum to more than 1",
            "decoded numbers are exact to 1e-6",
        ],
        "positions": [{"metres": m, "millimetres": millimetres(m)} for m in POSITIONS_M],
        "rotations": [
            {"name": name, "rotation": normalised(rotation), "bits": bits_of(normalised(rotation))}
            for name, rotation in ROTATIONS.items()
        ],
        "garbage_rotations": [
            {
                "name": name,
                "bits": bits,
                "decoded": unpack_body(
                    struct.pack("<hhhI", 0, 0, 0, bits) + bytes(20)
                ).head_rotation,
            }
            for name, bits in GARBAGE_ROTATIONS.items()
        ],
        "uplinks": [
            {
                "name": name,
                "cell": 7,
                "origin": ORIGIN,
                "client_ms": milliseconds,
                "pose": describe_pose(pose),
                "hex": (
                    packed := frames.pack_uplink(
                        pose, cell=7, client_ms=milliseconds, origin=ORIGIN
                    )
                ).hex(),
                **describe_body(packed[8:]),
            }
            for (name, pose), milliseconds in zip(poses().items(), client_ms, strict=True)
        ],
        "frames": frame_cases(),
        "refused_frames": refused_cases(),
    }


def render() -> str:
    return json.dumps(make_vectors(), indent=1, ensure_ascii=True) + "\n"
