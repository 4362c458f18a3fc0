"""`branchxr assets build` with a cache that is full, damaged, shared or none."""

import errno
import os
from pathlib import Path
from typing import Any

import pytest
from tests.assets.rooms import promised


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_a_cache_that_cannot_be_written_is_a_warning_and_the_package_is_whole(
    run: Any, room: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    plain = Path.open

    def full(self: Path, mode: str = "r", **more: Any) -> Any:
        if self.is_relative_to(tmp_path / "cache") and "w" in mode:
            raise OSError(number, os.strerror(number))
        return plain(self, mode, **more)

    monkeypatch.setattr(Path, "open", full)
    result = run("build", room, "-o", tmp_path / "out", "--strict", "--lods", 1)
    assert result.exit_code == 0
    assert "warning [cache_not_written] the cache: " in result.stderr
    assert os.strerror(number) in result.stderr
    assert run("inspect", tmp_path / "out").exit_code == 0


def test_a_damaged_cache_gives_the_same_bytes(run: Any, room: Path, tmp_path: Path) -> None:
    run("build", room, "-o", tmp_path / "out")
    before = promised(tmp_path / "out")
    kept = sorted(p for p in (tmp_path / "cache").rglob("*") if p.is_file())
    assert len(kept) > 5
    whole = {path: path.read_bytes() for path in kept}
    for damages in (
        [b"", b"BXR1", bytes(4096)],
        [lambda raw: raw[:-1], lambda raw: raw[:-1] + bytes([raw[-1] ^ 1]), lambda raw: raw * 2],
    ):
        for number, (path, raw) in enumerate(whole.items()):
            damage = damages[number % 3]
            path.write_bytes(damage(raw) if callable(damage) else damage)
        result = run("build", room, "-o", tmp_path / "out")
        assert (result.exit_code, promised(tmp_path / "out")) == (0, before)


def test_a_cache_that_is_a_file(run: Any, room: Path, tmp_path: Path) -> None:
    (tmp_path / "cache").write_bytes(b"")
    result = run("build", room, "-o", tmp_path / "out")
    assert result.exit_code == 0
    assert "warning [cache_not_written]" in result.stderr


def test_no_cache_leaves_none(run: Any, room: Path, tmp_path: Path) -> None:
    assert run("build", room, "-o", tmp_path / "out", "--no-cache").exit_code == 0
    assert not (tmp_path / "cache").exists()


def test_what_a_refused_build_remembered_counts_too(run: Any, maker: Any, tmp_path: Path) -> None:
    maker.node(mesh=maker.box())
    result = run("build", maker.save(), "-o", tmp_path / "out", "--strict")
    assert (result.exit_code, (tmp_path / "out").exists()) == (3, False)
    assert (tmp_path / "cache/assets/made/written").is_file()  # the limits were looked at
