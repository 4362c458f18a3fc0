"""C# shows the same bodies as Python, whatever the frames hold."""

import json
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

from branchxr.errors import ProtocolError
from branchxr.protocol.frames import parse_frame
from branchxr.protocol.interpolation import Interpolator

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
