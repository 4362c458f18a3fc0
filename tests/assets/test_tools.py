"""Other people's programs read what the pipeline writes: Khronos' validator, 3d-tiles-renderer."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from branchxr.errors import SceneRefused
from branchxr_assets.build import build_scene

HERE = Path(__file__).parent
pytestmark = pytest.mark.tool


def node(script: str, *arguments: object, program: str) -> list[Any]:
    command = [program, str(HERE / script), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=100)
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_the_halls_chunks_have_no_errors(
    hall_package: Path, npm: Path, needs_tool: Callable[[str], str]
) -> None:
    chunks = sorted(hall_package.glob("c/*.glb"))
    reports = node("validate.mjs", npm, *chunks, program=needs_tool("node"))
    assert len(reports) == 4
    assert [report["errors"] for report in reports] == [[]] * 4


def test_a_foreign_viewer_shows_the_hall_upright(
    hall_package: Path, npm: Path, needs_tool: Callable[[str], str]
) -> None:
    (seen,) = node("tiles.mjs", npm, hall_package, program=needs_tool("node"))
    assert seen["failures"] == []
    coarsest, middle, live, full = seen["models"]
    assert [m["role"] for m in seen["models"]] == ["lod", "lod", "live", "lod"]
    for model, tolerance in ((coarsest, 0.02), (middle, 0.02), (full, 1e-4)):
        assert model["low"] == pytest.approx([-10.1, 0.0, -6.1], abs=tolerance)
        assert model["high"] == pytest.approx([10.1, 3.6, 6.015], abs=tolerance)
        assert model["lights"] == model["skins"] == 0
    assert coarsest["physical"] == 0
    assert (live["lights"], live["skins"], live["animations"]) == (7, 2, 4)
    assert full["extras"] == 46
    assert full["triangles"] + live["triangles"] == 44_770


def real_scenes(hall: Path) -> list[Path]:
    """Return the hall, and files of real tools where they lie beside the checkout."""
    folder = HERE.parents[2] / "shared" / "scenes"
    return [hall, *sorted(path for s in ("*.glb", "*.gltf") for path in folder.rglob(s))]


def refusal(source: Path, output: Path, key: Ed25519PrivateKey) -> SceneRefused | None:
    try:
        build_scene(source, output, key=key, has_report=False)
    except SceneRefused as error:
        return error
    return None


def test_scenes_of_real_tools_build_or_say_why_not(
    tmp_path: Path, hall: Path, npm: Path, key: Ed25519PrivateKey, needs_tool: Callable[[str], str]
) -> None:
    for number, source in enumerate(real_scenes(hall)):
        output = tmp_path / str(number)
        error = refusal(source, output, key)
        assert output.exists() is (error is None)
        assert error is None or source.name in error.came
    built = sorted(tmp_path.glob("*/c/*.glb"))
    assert len(built) >= 4
    reports = node("validate.mjs", npm, *built, program=needs_tool("node"))
    assert {r["file"]: r["errors"][:3] for r in reports if r["errors"]} == {}
