"""What the decoders of all languages are fed, to show the same bodies as Python's."""

from random import Random
from typing import Any

from branchxr.protocol.frames import pack_frame
from branchxr.protocol.pose import Pose, PoseFlags, pack_body

ORIGIN = (32.0, 0.0, -64.0)


def record(slot: int, pose: Pose, *, age_ms: int) -> bytes:
    return slot.to_bytes(2, "little") + bytes([int(pose.flags), age_ms]) + pack_body(pose, ORIGIN)


def walkers(seed: int) -> list[dict[str, Any]]:
    """Three bodies: one walks, one rests now and then, one jumps; frames come unevenly."""
    random = Random(seed)
    steps: list[dict[str, Any]] = []
    for tick in range(100, 180):
        packed_ms = tick * 50 + random.randrange(4)
        now_ms = packed_ms + 5_000 + random.random() * (40 if tick % 9 else 130)
        angle = tick / 7
        records = b""
        walker = Pose.standing((ORIGIN[0] + tick * 0.07 - 9, 0.0, ORIGIN[2]), angle)
        records += record(3, walker, age_ms=random.randrange(20))
        if tick % 40 < 25:
            rester = Pose.standing((ORIGIN[0], 0.0, ORIGIN[2] + (tick % 40) * 0.05), -angle)
            records += record(7, rester, age_ms=random.randrange(40))
        elif tick % 40 == 35:  # a complete frame says again what is known, long ago
            rester = Pose.standing((ORIGIN[0], 0.0, ORIGIN[2] + 24 * 0.05), -angle)
            records += record(7, rester, age_ms=255)
        flags = PoseFlags.HANDS | (PoseFlags.TELEPORT if tick == 130 else PoseFlags(0))
        place = (ORIGIN[0] + (4.0 if tick >= 130 else -4.0), 0.0, ORIGIN[2] - 5.0)
        if tick % 2 and tick < 165:
            records += record(9, Pose.standing(place, 0.0, flags=flags), age_ms=3)
        frame = pack_frame(
            records, cell=5, tick=tick, server_ms=packed_ms, is_complete=tick in {100, 135, 170}
        )
        steps.append({"now_ms": now_ms, "hex": frame.hex()})
        steps += [{"now_ms": now_ms + later} for later in (0.0, 7.5, 31.0)]
    return steps


def hostile(seed: int) -> list[dict[str, Any]]:
    """Well-formed frames of noise: any bits for rotations, any slots, ages, cells and orders."""
    random = Random(seed)
    steps: list[dict[str, Any]] = []
    start = random.choice([0, 1_000, 2**32 - 60])
    pool = [random.randrange(65536) for _ in range(12)] + [0, 65535, 63, 64]
    for step in range(60):
        tick = min(2**32 - 1, start + max(0, step + random.choice([0, 0, 0, 0, -3, 5])))
        slots = sorted(set(random.choices(pool, k=random.randrange(9))))
        records = b"".join(_noise(random, slot) for slot in slots)
        server_ms = tick * 50 + random.randrange(60)
        frame = pack_frame(
            records, cell=random.choice([0, 5, 65535]), tick=tick, server_ms=server_ms,
            is_complete=random.random() < 0.2,
        )  # fmt: skip
        now_ms = tick * 50 + random.random() * 200 - 9e6
        steps.append({"now_ms": now_ms, "hex": frame.hex()})
        steps += [{"now_ms": now_ms + random.random() * 300} for _ in range(2)]
    return steps


def _noise(random: Random, slot: int) -> bytes:
    age_ms = random.choice([0, 3, 60, 254, 255, 255])
    # Near the origin now and then: else each sample is a jump and nothing is interpolated.
    body = bytearray(random.randbytes(30))
    if random.random() < 0.7:
        for at in (0, 2, 4):
            body[at : at + 2] = random.randrange(-700, 700).to_bytes(2, "little", signed=True)
    flags = random.choice([0, 1, 1, 1, 3, 17, 255 - 4, 4])
    return slot.to_bytes(2, "little") + bytes([flags, age_ms]) + bytes(body)
