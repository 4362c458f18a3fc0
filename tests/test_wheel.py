"""What an installed wheel holds: everything that a checkout runs, and nothing else."""

import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import branchxr

ROOT = Path(__file__).parents[1]
FOLDERS = ("sdk", "asset_pipeline", "unity_bridge", "webxr_bridge")
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
        for folder in (ROOT / name for name in FOLDERS)
        for path in folder.rglob("*.py")
        if "node_modules" not in path.parts
    }
    assert sources <= names
    unity = ROOT / "unity_bridge/branchxr_unity/com.branchxr.client"
    exported = {
        str(path.relative_to(ROOT / "unity_bridge")) for path in unity.rglob("*") if path.is_file()
    }
    assert any("Samples~" in name for name in exported)
    assert exported <= names
    static = {f"branchxr_webxr/static/{name}" for name in ("branchxr.js", "LICENSES.txt")}
    static |= {f"branchxr_assets/static/{n}" for n in ("gltf_validator.dart.js", "LICENSES.txt")}
    assert static | {"branchxr/examples/hall.glb"} <= names
    assert not [name for name in names if "node_modules" in name or "tests" in name.split("/")]


@pytest.mark.tool
def test_an_installed_wheel_exports_the_unity_package(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=110)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "installed")
    for folder in ("Assets", "ProjectSettings"):
        (tmp_path / "game" / folder).mkdir(parents=True)
    version = tmp_path / "game/ProjectSettings/ProjectVersion.txt"
    version.write_text("m_EditorVersion: 2021.3.0f1\n")
    done = subprocess.run(
        [sys.executable, "-m", "branchxr.cli", "unity", "export", str(tmp_path / "game"), "--json"],
        env={**os.environ, "PYTHONPATH": str(tmp_path / "installed")}, cwd=tmp_path,
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    said = json.loads(done.stdout)
    assert "Runtime/BranchStage.cs" in said["written"]
    assert "Samples~/HelloBranch/HelloBranch.cs" in said["written"]
