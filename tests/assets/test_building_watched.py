"""`branchxr assets build --watch`: again whenever a file changes, whatever it is for a moment."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from branchxr.errors import InputRefused
from branchxr_assets.orders import Order


def test_watching_builds_again_and_outlives_a_broken_file(
    run: Any, maker: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    maker.room()
    source = maker.save()
    good = source.read_bytes()
    maker.node(mesh=maker.box((1, 1, 1)), translation=[2, 0.5, 0])
    changes = [
        lambda: source.write_bytes(b"glTF, half of it"), lambda: None,
        source.unlink, lambda: None,
        lambda: source.write_bytes(good), lambda: None,
        maker.save, lambda: None,
    ]  # fmt: skip

    def sleep(_seconds: float) -> None:
        if not changes:
            raise KeyboardInterrupt
        changes.pop(0)()

    monkeypatch.setattr("branchxr.cli.building.time.sleep", sleep)
    result = run("build", source, "-o", tmp_path / "out", "--watch")
    assert result.exit_code == 130
    assert result.stderr.count("changed: scene.glb") == 4
    assert result.stderr.count("watching scene.glb") == 5
    assert "error [scene_malformed]" in result.stderr
    assert "error [scene_not_found]" in result.stderr
    assert result.stdout.count(" chunks, ") == 3
    found = json.loads(run("inspect", tmp_path / "out", "--json").stdout)
    assert found["triangles"]["full"] == 26


def test_saving_in_the_ways_that_programs_save(
    run: Any, room: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside it and renamed over it; emptied first; deleted first; only touched."""
    raw, beside = room.read_bytes(), tmp_path / "scene.glb~"
    built: list[int] = []

    def renamed() -> None:
        beside.write_bytes(raw)
        os.utime(beside, (10, 10))
        beside.replace(room)

    changes = [
        renamed, lambda: None,
        lambda: room.write_bytes(b""), lambda: room.write_bytes(raw), lambda: None,
        room.unlink, lambda: room.write_bytes(raw), lambda: None,
        lambda: os.utime(room, (20, 20)), lambda: None,
        (tmp_path / "stranger.txt").touch, lambda: None,
    ]  # fmt: skip

    def sleep(_seconds: float) -> None:
        if not changes:
            raise KeyboardInterrupt
        changes.pop(0)()

    def build(_self: Any, **_words: Any) -> Any:
        assert room.read_bytes() == raw  # never in the middle of it
        built.append(1)
        raise InputRefused("a", "b", "c", code="not_built_here")

    monkeypatch.setattr("branchxr.cli.building.time.sleep", sleep)
    monkeypatch.setattr(Order, "carry_out", build)
    result = run("build", room, "-o", tmp_path / "out", "--watch", "--no-cache")
    assert result.exit_code == 130
    assert len(built) == 5
    assert result.stderr.count("changed: scene.glb") == 4
