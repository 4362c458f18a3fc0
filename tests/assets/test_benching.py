"""`branchxr assets bench`: what each kind of build costs."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.assets.rooms import left


def test_bench_prints_what_each_kind_costs_and_leaves_nothing(
    run: Any, room: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    words = ("--preset", "archive", "--codec", "draco", "--codec", "none", "--runs", 2)
    result = run("bench", room, *words, "--json")
    assert result.exit_code == 0
    refused, row = json.loads(result.stdout)["rows"]
    assert (refused["codec"], refused["refused"]) == ("draco", "preset_refused")
    assert (row["preset"], row["codec"], row["runs"]) == ("archive", "none", 2)
    assert 0 < row["first_sight_bytes"] <= row["download_bytes"] + 2000
    assert row["triangles"] == 14
    assert row["build_s"] > 0
    assert row["source_bytes"] == room.stat().st_size
    assert list(row["stages_s"])[:3] == ["reading", "floor and anchors", "levels of detail"]
    assert 0 < sum(row["stages_s"].values()) <= row["build_s"] + 0.01
    assert left(tmp_path / "tmp") == set()
    assert not (tmp_path / "cache").exists()
    assert not (tmp_path / "config").exists()


def test_bench_speaks_to_people(run: Any, room: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from branchxr_assets import bench

    stages = {"reading": 0.25, "levels of detail": 1.0}
    figures = (3_000_000, 2_000_000, 60_000, 1234, 7, 1_500_000, 1.25, 0.25, None, 0)
    made = bench.Run(*figures, source_bytes=4_000_000, stages_s=stages)
    monkeypatch.setattr(bench, "at_once", lambda _work, tasks, **_k: [(tasks[0], made)])
    result = run("bench", room, "--preset", "mobile")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0].endswith("room.glb: 4,000 kB") or lines[0].endswith("scene.glb: 4,000 kB")
    assert lines[2].split()[:7] == ["mobile", "draco", "3,000", "75", "%", "2,000", "60"]
    assert lines[5] == "  seconds of the build, by what was done:"
    assert lines[7].split() == ["mobile", "draco", "0.25", "1.00"]


def test_bench_refuses_as_build_does(run: Any, tmp_path: Path) -> None:
    result = run("bench", tmp_path / "gone.glb", "--preset", "mobile", "--codec", "none")
    assert (result.exit_code, result.stdout) == (3, "")
    assert "error [scene_not_found]" in result.stderr
    assert run("bench", tmp_path / "gone.glb", "--runs", 21).exit_code == 2


def test_bench_refuses_a_scene_of_which_nothing_can_be_built(run: Any, room: Path) -> None:
    (room.parent / "branchxr.toml").write_text("[geometry]\nposition_bits = 99\n")
    for words in ([], ["--json"]):
        result = run("bench", room, "--preset", "mobile", "--codec", "none", *words)
        assert result.exit_code == 3
        assert "error [preset_refused]" in result.stderr


def test_versions_of_encoders_are_written_down(run: Any, room: Path, tmp_path: Path) -> None:
    run("build", room, "-o", tmp_path / "out")
    pipeline = json.loads((tmp_path / "out" / "branch.json").read_bytes())["pipeline"]
    names = {"branchxr", "numpy", "dracopy", "meshoptimizer", "pillow", "libwebp", "brotli"}
    assert pipeline.keys() == names
    assert all(pipeline.values())
