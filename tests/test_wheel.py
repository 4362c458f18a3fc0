"""What an installed wheel holds: everything that a checkout runs, and nothing else."""

import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import branchxr

ROOT = Path(__file__).parents[1]
PACKAGES = ("branchxr", "branchxr_assets", "branchxr_unity", "branchxr_webxr")


def test_one_version_for_all_parts() -> None:
    package = json.loads((ROOT / "webxr_bridge/npm/package.json").read_text())
    lock = json.loads((ROOT / "webxr_bridge/npm/package-lock.json").read_text())
    assert {package["version"], lock["version"], branchxr.__version__} == {branchxr.__version__}


def test_no_lock_carries_an_address() -> None:
    for name in ("constraints.txt", "webxr_bridge/npm/package-lock.json"):
        assert "://" not in re.sub(r'"(url|funding)": ".*"', "", (ROOT / name).read_text())


@pytest.mark.tool
def test_the_wheel_is_complete(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=110)
    (wheel,) = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    for package in PACKAGES:
        assert f"{package}/py.typed" in names
    sources = {
        str(path.relative_to(folder))
        for folder in (ROOT / "sdk", ROOT / "asset_pipeline", ROOT / "webxr_bridge")
        for path in folder.rglob("*.py")
        if "node_modules" not in path.parts
    }
    assert sources <= names
    static = {f"branchxr_webxr/static/{name}" for name in ("branchxr.js", "LICENSES.txt")}
    static |= {f"branchxr_assets/static/{n}" for n in ("gltf_validator.dart.js", "LICENSES.txt")}
    assert static | {"branchxr/examples/hall.glb"} <= names
    assert not [name for name in names if "node_modules" in name or "tests" in name.split("/")]
