"""The shim against the Python side: shared vectors, interpolation, currencies, and its lock."""

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

from branchxr.money import EXPONENTS
from branchxr.protocol.frames import pack_frame, parse_frame
from branchxr.protocol.interpolation import Interpolator
from branchxr.protocol.pose import Pose, PoseFlags, pack_body

NPM = Path(__file__).parents[2] / "webxr_bridge/npm"
ORIGIN = (32.0, 0.0, -64.0)


def npm_run(needs_tool: Callable[[str], str], *arguments: str) -> str:
    needs_tool("node")
    command = [needs_tool("npm"), "--prefix", str(NPM), "run", "--silent", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.tool
def test_the_shims_own_tests(needs_tool: Callable[[str], str]) -> None:
    assert "# fail 0" in npm_run(needs_tool, "test")


def record(slot: int, pose: Pose, *, age_ms: int) -> bytes:
    return slot.to_bytes(2, "little") + bytes([int(pose.flags), age_ms]) + pack_body(pose, ORIGIN)


def scenario(seed: int) -> list[dict[str, Any]]:
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


@pytest.mark.tool
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_page_and_python_show_the_same_bodies(
    needs_tool: Callable[[str], str], tmp_path: Path, seed: int
) -> None:
    steps = scenario(seed)
    file = tmp_path / "scenario.json"
    file.write_text(json.dumps({"origin": ORIGIN, "steps": steps}))
    node = needs_tool("node")
    subprocess.run([node, "build.mjs", "--tests"], cwd=NPM, check=True, timeout=60)
    command = [node, "out/tests/interpolation.mjs", str(file)]
    out = subprocess.run(command, cwd=NPM, capture_output=True, text=True, check=True, timeout=60)
    shown = iter(json.loads(out.stdout))
    interpolator = Interpolator()
    compared = 0
    for step in steps:
        if "hex" in step:
            frame = parse_frame(bytes.fromhex(step["hex"]))
            interpolator.feed(frame, step["now_ms"], origin=ORIGIN)
            continue
        bodies, page = interpolator.sample(step["now_ms"]), next(shown)
        assert [body["slot"] for body in page] == bodies.slots.tolist()
        for index, body in enumerate(page):
            for part, name in enumerate(("head", "left", "right")):
                np.testing.assert_allclose(body[name], bodies.positions[index, part], atol=2e-4)
                np.testing.assert_allclose(
                    body[f"{name}Rotation"], bodies.rotations[index, part], atol=2e-4
                )
            compared += 1
    assert compared > 500


def test_the_page_knows_the_same_currencies() -> None:
    source = (NPM / "src/currencies.ts").read_text()
    code = r"[A-Z]{3}"
    found: dict[str, int] = {}
    for name, exponent in (("TWO", 2), ("NONE", 0), ("THREE", 3)):
        block = re.search(rf"const {name} =(.*?);", source, re.DOTALL)
        assert block
        found |= dict.fromkeys(re.findall(code, block[1]), exponent)
    assert found == EXPONENTS


def test_the_lock_names_no_registry() -> None:
    text = re.sub(r'"(url|funding)": ".*"', "", (NPM / "package-lock.json").read_text())
    assert "resolved" not in text
    assert "http" not in text
    versions = json.loads((NPM / "package.json").read_text())["devDependencies"].values()
    assert all(version[0].isdigit() for version in versions)
