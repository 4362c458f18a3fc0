"""The shim against the Python side: shared vectors, interpolation, currencies, and its lock."""

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from branchxr.money import EXPONENTS
from branchxr.protocol.frames import parse_frame
from branchxr.protocol.interpolation import Interpolator

from ..protocol.scenarios import ORIGIN, hostile, walkers

NPM = Path(__file__).parents[2] / "webxr_bridge/npm"


def npm_run(needs_tool: Callable[[str], str], *arguments: str) -> str:
    needs_tool("node")
    command = [needs_tool("npm"), "--prefix", str(NPM), "run", "--silent", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.tool
def test_the_shims_own_tests(needs_tool: Callable[[str], str]) -> None:
    assert "# fail 0" in npm_run(needs_tool, "test")


@pytest.mark.tool
@pytest.mark.parametrize("make", [walkers, hostile])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_page_and_python_show_the_same_bodies(
    needs_tool: Callable[[str], str],
    tmp_path: Path,
    seed: int,
    make: Callable[[int], list[dict[str, Any]]],
) -> None:
    steps = make(seed)
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
