"""C# shows the same bodies as Python, whatever the frames hold."""

import json
import math
import struct
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

from branchxr.errors import ProtocolError
from branchxr.protocol.frames import pack_frame, pack_uplink, parse_frame, parse_uplink
from branchxr.protocol.interpolation import Interpolator
from branchxr.protocol.pose import Pose, PoseFlags

from ..protocol.scenarios import ORIGIN, hostile, walkers
from . import mono

pytestmark = pytest.mark.tool
Steps = list[dict[str, Any]]


@pytest.fixture(scope="module")
def interpolate(needs_tool: Callable[[str], str]) -> Path:
    """Return the program that feeds frames to the C# interpolator."""
    needs_tool("mono")
    needs_tool("mcs")
    package = mono.compile_package()["BranchXR.Client"]
    return mono.compile_csharp(
        "Interpolate",
        [mono.HERE / "programs/Interpolate.cs"],
        references=[mono.engine(), package],
        is_program=True,
        is_unsafe=True,
    )


def shown_by_unity(program: Path, steps: Steps, folder: Path) -> list[Any]:
    lines = [f"origin {' '.join(map(str, ORIGIN))}"]
    lines += [
        f"feed {step['now_ms']!r} {step['hex']}" if "hex" in step else f"sample {step['now_ms']!r}"
        for step in steps
    ]
    file = folder / "steps.txt"
    file.write_text("\n".join(lines))
    return [json.loads(line) for line in mono.run(program, str(file)).splitlines()]


def shown_by_python(steps: Steps) -> list[Any]:
    interpolator = Interpolator()
    shown: list[Any] = []
    for step in steps:
        if "hex" not in step:
            shown.append(interpolator.sample(step["now_ms"]))
            continue
        try:
            frame = parse_frame(bytes.fromhex(step["hex"]))
        except ProtocolError as refusal:
            shown.append(refusal.code)
        else:
            interpolator.feed(frame, step["now_ms"], origin=ORIGIN)
    return shown


def assert_same(unity: list[Any], python: list[Any]) -> int:
    """Compare; return how many bodies were compared."""
    compared = 0
    for theirs, ours in zip(unity, python, strict=True):
        if isinstance(ours, str):
            assert theirs == ours
            continue
        assert [body["slot"] for body in theirs] == ours.slots.tolist()
        assert [body["flags"] for body in theirs] == ours.flags.tolist()
        for index, body in enumerate(theirs):
            np.testing.assert_allclose(body["positions"], ours.positions[index], atol=2e-4)
            np.testing.assert_allclose(body["rotations"], ours.rotations[index], atol=2e-4)
            np.testing.assert_allclose(np.linalg.norm(body["rotations"], axis=1), 1, atol=1e-5)
        compared += len(theirs)
    return compared


@pytest.mark.parametrize("make", [walkers, hostile])
@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_unity_and_python_show_the_same_bodies(
    interpolate: Path, tmp_path: Path, seed: int, make: Callable[[int], Steps]
) -> None:
    steps = make(seed)
    unity = shown_by_unity(interpolate, steps, tmp_path)
    assert assert_same(unity, shown_by_python(steps)) > 300


@pytest.mark.parametrize("seed", [1, 2])
def test_broken_frames_are_refused_alike(interpolate: Path, tmp_path: Path, seed: int) -> None:
    random = Random(seed)
    steps: Steps = []
    for step in hostile(seed):
        if "hex" not in step:
            steps.append(step)
            continue
        frame = bytearray.fromhex(step["hex"])
        for _ in range(random.randrange(3)):
            frame[random.randrange(min(14, len(frame)))] = random.randrange(256)
        cut = random.choice([len(frame), len(frame), random.randrange(len(frame) + 1)])
        steps.append({**step, "hex": bytes(frame[:cut]).hex()})
    unity = shown_by_unity(interpolate, steps, tmp_path)
    python = shown_by_python(steps)
    assert_same(unity, python)
    refusals = {one for one in python if isinstance(one, str)}
    assert refusals >= {"frame_type", "frame_length", "frame_flags"}


@pytest.fixture(scope="module")
def read_frames(needs_tool: Callable[[str], str]) -> Path:
    """Return the program that reads frames and packs uplinks in C#."""
    needs_tool("mono")
    needs_tool("mcs")
    return mono.compile_csharp(
        "ReadFrames",
        [mono.HERE / "programs/ReadFrames.cs"],
        references=[mono.engine(), mono.compile_package()["BranchXR.Client"]],
        is_program=True,
        is_unsafe=True,
    )


def answers(program: Path, lines: list[str], folder: Path) -> list[Any]:
    file = folder / "lines.txt"
    file.write_text("\n".join(lines))
    return [json.loads(line) for line in mono.run(program, str(file)).splitlines()]


def any_message(random: Random) -> bytes:
    """Any bytes; a frame of any bodies; the same with bytes changed, cut off or added."""
    if random.random() < 0.1:
        return random.randbytes(
            random.choice([0, 1, 11, 12, 13, 45, 46, 47, random.randrange(300)])
        )
    slots = sorted(random.sample(range(65536), random.choice([0, 1, 2, 5, 40])))
    if random.random() < 0.1:
        random.shuffle(slots)
    if slots and random.random() < 0.3:
        slots[0], slots[-1] = random.choice([(0, 65535), (65535, 0), (7, 7), (slots[0], slots[-1])])
    header = struct.pack(
        "<BBHIHH",
        random.choice([1] * 12 + [0, 2, 16, 255]),
        random.choice([1] * 8 + [9] * 4 + [0, 2, 5, 255]),
        random.choice([0, 1, 65535]),
        random.choice([0, 1, 2**31 - 1, 2**31, 2**32 - 1, random.randrange(2**32)]),
        len(slots) + random.choice([0] * 20 + [1, -len(slots), 65535 - len(slots)]),
        random.choice([0, 1, 65535, random.randrange(65536)]),
    )  # fmt: skip
    records = b"".join(slot.to_bytes(2, "little") + any_record(random) for slot in slots)
    message = bytearray(header + records)
    if random.random() < 0.1:
        message[random.randrange(len(message))] ^= 1 << random.randrange(8)
    if random.random() < 0.1:
        del message[random.randrange(len(message)) :]
    if random.random() < 0.05:
        message += random.randbytes(random.choice([1, 33, 34, 35]))
    return bytes(message)


def any_record(random: Random) -> bytes:
    """32 bytes of flags, age and body; bits that are all alike now and then."""
    return random.choice([random.randbytes(32), b"\0" * 32, b"\xff" * 32, b"\x80\x7f" * 16])


def read_by_python(message: bytes) -> Any:
    try:
        frame = parse_frame(message)
    except ProtocolError as refusal:
        return refusal.code
    return frame


@pytest.mark.parametrize("seed", range(4))
def test_any_message_is_read_or_refused_as_python_does(
    read_frames: Path, tmp_path: Path, seed: int
) -> None:
    random = Random(seed)
    messages = [any_message(random) for _ in range(600)]
    codes: list[str] = []
    came = answers(read_frames, [f"frame {message.hex()}" for message in messages], tmp_path)
    for theirs, message in zip(came, messages, strict=True):
        ours = read_by_python(message)
        if isinstance(ours, str):
            assert theirs == ours, message.hex()
            codes.append(ours)
            continue
        assert not isinstance(theirs, str), (theirs, message.hex())
        cell, tick, packed_ms, is_complete, bodies = theirs
        assert (cell, tick, packed_ms) == (ours.cell, ours.tick, ours.packed_ms)
        assert is_complete == ours.is_complete
        rows = np.array(bodies, np.float64).reshape(len(ours.records), 24)
        assert rows[:, 0].tolist() == ours.slots.tolist()
        assert rows[:, 1].tolist() == ours.records["flags"].tolist()
        assert rows[:, 2].tolist() == ours.records["age_ms"].tolist()
        positions, rotations = ours.decode(ORIGIN)
        parts = rows[:, 3:].reshape(-1, 3, 7)
        np.testing.assert_allclose(parts[:, :, :3], positions, atol=2e-5)
        np.testing.assert_allclose(parts[:, :, 3:], rotations, atol=1e-6)
    assert set(codes) == {"frame_type", "frame_length", "frame_flags", "frame_order"}
    assert len(codes) < len(messages) * 0.7


def any_pose(random: Random) -> tuple[Pose, tuple[float, float, float]]:
    """A pose of single-precision numbers, far away now and then, and the origin of its cell."""

    def single(value: float) -> float:
        return float(np.float32(value))

    def place() -> tuple[float, float, float]:
        reach = random.choice([0.001, 2.0, 40.0, 1e4, 1e30])
        x, y, z = (single(random.uniform(-reach, reach)) for _ in range(3))
        return x, y, z

    def turn() -> tuple[float, float, float, float]:
        parts = [random.choice([0.0, random.gauss(0, 1), random.gauss(0, 1)]) for _ in range(4)]
        length = math.hypot(*parts) or 1.0
        x, y, z, w = (
            (single(part / length) for part in parts) if any(parts) else (0.0, 0.0, -0.0, -1.0)
        )
        return x, y, z, w

    flags = PoseFlags(random.choice([0, 1, 3, 31, 255]))
    origin = random.choice([(0.0, 0.0, 0.0), (32.0, 0.0, -64.0), place()])
    return Pose(place(), turn(), place(), turn(), place(), turn(), flags), origin


def test_any_pose_becomes_the_bytes_that_python_makes(read_frames: Path, tmp_path: Path) -> None:
    random = Random(5)
    lines, expected = [], []
    for _ in range(2000):
        pose, origin = any_pose(random)
        cell, client_ms = (
            random.randrange(65536),
            random.choice([0, 2**32 - 1, random.randrange(2**32)]),
        )
        numbers = (
            *origin, *pose.head_position, *pose.head_rotation, *pose.left_position,
            *pose.left_rotation, *pose.right_position, *pose.right_rotation,
        )  # fmt: skip
        lines.append(f"uplink {int(pose.flags)} {cell} {client_ms} {' '.join(map(repr, numbers))}")
        expected.append(pack_uplink(pose, cell=cell, client_ms=client_ms, origin=origin).hex())
    for number, (theirs, ours) in enumerate(
        zip(answers(read_frames, lines, tmp_path), expected, strict=True)
    ):
        assert theirs == ours, lines[number]


def test_what_is_no_number_goes_up_as_a_place_that_is_one(
    read_frames: Path, tmp_path: Path
) -> None:
    """A game may have lost its tracking: the frame is whole, and Python can read it."""
    odd = ["NaN", "Infinity", "-Infinity", "3.4E+38", "1E-40", "0"]
    random = Random(6)
    lines = ["uplink 3 0 0 " + " ".join(random.choice(odd) for _ in range(24)) for _ in range(300)]
    for hexed in answers(read_frames, lines, tmp_path):
        record = b"\0\0\3\0" + parse_uplink(bytes.fromhex(hexed)).body
        positions, rotations = parse_frame(pack_frame(record, cell=0, tick=0, server_ms=0)).decode()
        assert np.isfinite(positions).all()
        np.testing.assert_allclose(np.linalg.norm(rotations, axis=2), 1, atol=1e-5)


def test_neither_feeding_nor_sampling_allocates() -> None:
    program = mono.compile_csharp(
        "Decode",
        [mono.ROOT / "benchmarks/unity/Decode.cs"],
        references=[mono.engine(), mono.compile_package()["BranchXR.Client"]],
        is_program=True,
        is_unsafe=True,
    )
    result = json.loads(mono.run(program, "300", "50"))
    assert (result["bodies"], result["allocated_bytes"]) == (300, 0)
