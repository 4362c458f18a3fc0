"""Waiting for changes, with a clock that changes the files itself: no test sleeps."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from branchxr_assets.watching import changes


class Steps:
    """Stands in for sleeping: each call does the next thing, then the waiting ends."""

    def __init__(self, *steps: Callable[[], object]) -> None:
        self._steps = list(steps)

    def __call__(self, seconds: float) -> None:
        assert seconds > 0
        if not self._steps:
            raise KeyboardInterrupt
        self._steps.pop(0)()


def nothing() -> None:
    pass


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    made = [tmp_path / "a.gltf", tmp_path / "a.bin", tmp_path / "branchxr.toml"]
    for path in made[:2]:
        path.write_bytes(b"1")
        os.utime(path, (1000, 1000))
    return made


def seen(files: list[Path], *steps: Callable[[], object]) -> list[list[str]]:
    found: list[list[str]] = []
    try:
        for changed in changes(lambda: files, sleep=Steps(*steps)):
            found += [[path.name for path in changed]]
    except KeyboardInterrupt:
        return found
    raise AssertionError("the waiting ended by itself")


def test_a_change_counts_once_the_files_hold_still(files: list[Path]) -> None:
    writes = [lambda n=n: files[1].write_bytes(b"x" * n) for n in (2, 3, 4)]
    assert seen(files, nothing, *writes, nothing, nothing, nothing) == [["a.bin"]]


def test_two_changes_are_two(files: list[Path]) -> None:
    def first() -> None:
        files[0].write_bytes(b"22")

    def second() -> None:
        files[0].write_bytes(b"333")

    assert seen(files, first, nothing, second, nothing, nothing) == [["a.gltf"], ["a.gltf"]]


def test_a_file_that_comes_or_goes_is_a_change(files: list[Path]) -> None:
    come = seen(files, lambda: files[2].write_text("[lods]"), nothing, nothing)
    gone = seen(files, files[2].unlink, nothing, nothing)
    assert come == gone == [["branchxr.toml"]]


def test_the_same_size_at_another_time_is_a_change(files: list[Path]) -> None:
    assert seen(files, lambda: os.utime(files[0], (2000, 2000)), nothing, nothing) == [["a.gltf"]]


def test_what_changes_while_building_is_not_missed(files: list[Path]) -> None:
    waiting = changes(
        lambda: files, sleep=Steps(lambda: files[0].write_bytes(b"22"), nothing, nothing, nothing)
    )
    assert [p.name for p in next(waiting)] == ["a.gltf"]
    files[1].write_bytes(b"while the build of the first change ran")
    assert [p.name for p in next(waiting)] == ["a.bin"]
