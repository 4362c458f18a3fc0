"""The memory of costly steps: what it must find again, and what must not matter to it."""

import errno
import os
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from branchxr.errors import KeyRefused
from branchxr_assets.signing import config_folder
from branchxr_assets.steps import Step, StepCache, own_code, user_cache_folder

STEP = Step("texture", 1, {"quality": 80}, ("ab" * 32,), {"pillow": "13.0.0"})


def never() -> bytes:
    raise AssertionError("made again")


def files(folder: Path) -> list[Path]:
    return sorted(p for p in (folder / "made").glob("??/*"))


def test_what_was_made_is_not_made_again_also_in_another_process(tmp_path: Path) -> None:
    assert StepCache(tmp_path).remember(STEP, lambda: b"made") == b"made"
    later = StepCache(tmp_path)
    assert later.remember(STEP, never) == b"made"
    assert (later.hits, later.misses) == (1, 0)


@pytest.mark.parametrize(
    "other",
    [
        Step("mesh", 1, {"quality": 80}, ("ab" * 32,), {"pillow": "13.0.0"}),
        Step("texture", 2, {"quality": 80}, ("ab" * 32,), {"pillow": "13.0.0"}),
        Step("texture", 1, {"quality": 81}, ("ab" * 32,), {"pillow": "13.0.0"}),
        Step("texture", 1, {"quality": 80}, ("cd" * 32,), {"pillow": "13.0.0"}),
        Step("texture", 1, {"quality": 80}, ("ab" * 32,), {"pillow": "13.0.1"}),
    ],
)
def test_whatever_decides_on_the_bytes_is_in_the_key(other: Step) -> None:
    assert other.key() != STEP.key()


def test_the_order_of_options_is_not() -> None:
    one = Step("a", 1, {"x": 1, "y": 2}, (), {"p": "1", "q": "2"})
    assert one.key() == Step("a", 1, {"y": 2, "x": 1}, (), {"q": "2", "p": "1"}).key()


def test_a_failure_is_not_remembered(tmp_path: Path) -> None:
    cache = StepCache(tmp_path)
    with pytest.raises(ZeroDivisionError):
        cache.remember(STEP, lambda: bytes(1 // 0))
    assert cache.remember(STEP, lambda: b"made") == b"made"


def test_without_a_folder_nothing_is_remembered() -> None:
    cache = StepCache(None)
    assert [cache.remember(STEP, lambda n=n: bytes([n])) for n in (1, 2)] == [b"\1", b"\2"]
    with cache.shelf(STEP) as shelf:
        assert shelf.remember("a", lambda: b"1") == b"1"
    cache.tidy()
    assert cache.recall(STEP) is None


@pytest.mark.parametrize("damage", [b"", b"x", b"BXR1" + bytes(32) + b"made", "cut", "flipped"])
def test_a_damaged_result_is_made_anew(tmp_path: Path, damage: Any) -> None:
    StepCache(tmp_path).remember(STEP, lambda: b"made")
    (path,) = files(tmp_path)
    raw = path.read_bytes()
    path.write_bytes({"cut": raw[:-1], "flipped": raw[:-1] + b"E"}.get(damage, damage))
    assert StepCache(tmp_path).remember(STEP, lambda: b"anew") == b"anew"
    assert StepCache(tmp_path).remember(STEP, never) == b"anew"


@pytest.mark.parametrize("stands_for", ["made", "group"])
def test_a_folder_that_cannot_be_used_only_costs_time(tmp_path: Path, stands_for: str) -> None:
    place = tmp_path / "made"
    if stands_for == "group":
        place.mkdir()
        place /= STEP.key()[:2]
    place.write_bytes(b"a file where a folder should be")
    cache = StepCache(tmp_path)
    assert cache.remember(STEP, lambda: b"made") == b"made"
    assert cache.trouble
    (warning,) = cache.warnings()
    assert warning.code == "cache_not_written"
    cache.tidy()


def test_a_full_disk_is_said_once_and_tried_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = []

    def full(_self: Path, _target: Path) -> Path:
        tries.append(1)
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    cache = StepCache(tmp_path)
    for number in range(5):
        assert cache.remember(Step("s", number), lambda: b"made") == b"made"
    assert (len(tries), files(tmp_path)) == (1, [])
    assert "No space left on device" in cache.warnings()[0].message


def test_an_interrupt_while_writing_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_self: Path, _target: Path) -> Path:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", interrupted)
        with pytest.raises(KeyboardInterrupt):
            StepCache(tmp_path).remember(STEP, lambda: b"made")
    assert files(tmp_path) == []
    assert StepCache(tmp_path).remember(STEP, lambda: b"made") == b"made"


def test_it_stays_within_its_size_and_the_oldest_go_first(tmp_path: Path) -> None:
    for number in range(40):
        cache = StepCache(tmp_path, limit_bytes=3200)
        cache.remember(Step("texture", number), lambda n=number: bytes([n]) * 100)
        cache.tidy()
    found = files(tmp_path)
    assert 2000 < sum(p.stat().st_size for p in found) <= 3200 * 17 // 16
    assert StepCache(tmp_path).remember(Step("texture", 39), never) == bytes([39]) * 100
    assert StepCache(tmp_path).recall(Step("texture", 0)) is None


def test_what_is_used_is_no_longer_old(tmp_path: Path) -> None:
    for number in range(8):
        cache = StepCache(tmp_path)
        cache.remember(Step("s", number), lambda n=number: bytes([n]) * 100)
        (newest,) = [p for p in files(tmp_path) if p.name == Step("s", number).key()]
        os.utime(newest, (number, number))
    StepCache(tmp_path).remember(Step("s", 0), never)
    cache = StepCache(tmp_path, limit_bytes=544, files_max=3)
    cache.remember(Step("s", 8), lambda: b"8")
    cache.tidy()
    assert StepCache(tmp_path).recall(Step("s", 0)) is not None
    assert StepCache(tmp_path).recall(Step("s", 1)) is None


def test_files_are_counted_too(tmp_path: Path) -> None:
    for number in range(15):
        cache = StepCache(tmp_path, files_max=10, limit_bytes=16 * 37)
        cache.remember(Step("texture", number), lambda n=number: bytes([n]))
        cache.tidy()
    assert len(files(tmp_path)) == 10


def test_limits_are_looked_at_while_a_build_goes_on(tmp_path: Path) -> None:
    cache = StepCache(tmp_path, limit_bytes=160_000, files_max=32)
    for number in range(200):
        cache.remember(Step("many", number), lambda: b"small")
        assert len(files(tmp_path)) <= 32 + 2
    cache = StepCache(tmp_path / "large", limit_bytes=16_000)
    for number in range(200):
        cache.remember(Step("large", number), lambda: bytes(900))
        assert sum(p.stat().st_size for p in files(tmp_path / "large")) <= 16_000 * 17 // 16


def test_small_files_are_counted_from_one_build_to_the_next(tmp_path: Path) -> None:
    for number in range(100):
        cache = StepCache(tmp_path, files_max=64)
        cache.remember(Step("texture", number), lambda: b"small")
        cache.tidy()
    assert len(files(tmp_path)) <= 64 + 4


def test_what_is_too_large_for_the_cache_is_not_kept(tmp_path: Path) -> None:
    cache = StepCache(tmp_path, limit_bytes=1600)
    assert len(cache.remember(STEP, lambda: bytes(101))) == 101
    assert files(tmp_path) == []


def test_only_its_own_files_are_touched(tmp_path: Path) -> None:
    strangers = [tmp_path / "made" / "ab" / "notes.txt", tmp_path / "made" / "readme"]
    strangers[0].parent.mkdir(parents=True)
    for stranger in strangers:
        stranger.write_bytes(b"x" * 5000)
        os.utime(stranger, (1, 1))
    left_over = tmp_path / "made" / "ab" / f"{'ab' * 32}.1234.tmp"
    left_over.write_bytes(b"half")
    os.utime(left_over, (1, 1))
    cache = StepCache(tmp_path, limit_bytes=1600)
    cache.remember(STEP, lambda: bytes(100))
    cache.tidy()
    assert all(stranger.exists() for stranger in strangers)
    assert not left_over.exists()


def test_a_shelf_holds_what_was_asked_for_last(tmp_path: Path) -> None:
    with StepCache(tmp_path).shelf(STEP) as shelf:
        assert [shelf.remember(k, lambda k=k: k.encode()) for k in "abc"] == [b"a", b"b", b"c"]
    with StepCache(tmp_path).shelf(STEP) as shelf:
        assert (shelf.remember("a", never), shelf.remember("d", lambda: b"d")) == (b"a", b"d")
    with StepCache(tmp_path).shelf(STEP) as shelf:
        assert shelf.remember("a", never) + shelf.remember("d", never) == b"ad"
        assert shelf.remember("b", lambda: b"anew") == b"anew"


def test_a_shelf_that_is_none_is_empty(tmp_path: Path) -> None:
    StepCache(tmp_path).replace(STEP, b"\xc1 no msgpack")
    with StepCache(tmp_path).shelf(STEP) as shelf:
        assert shelf.remember("a", lambda: b"a") == b"a"


def test_an_array_is_hashed_by_its_bytes_in_its_own_order(tmp_path: Path) -> None:
    cache = StepCache(tmp_path)
    table = np.arange(12, dtype=np.int32).reshape(3, 4)
    assert cache.digest(table) == cache.digest(table.tobytes()) == cache.digest(table.copy())
    assert cache.digest(table.T) != cache.digest(table)


def test_builds_may_share_it(tmp_path: Path) -> None:
    made: list[bytes] = []

    def build() -> None:
        cache = StepCache(tmp_path, limit_bytes=1600)
        for number in range(60):
            step = Step("s", number % 7)
            made.append(cache.remember(step, lambda n=number: bytes([n % 7]) * 90))
            assert made[-1] == bytes([number % 7]) * 90
            cache.tidy()

    threads = [threading.Thread(target=build) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 240


def test_another_code_is_another_version(tmp_path: Path) -> None:
    (tmp_path / "operations").mkdir()
    (tmp_path / "operations" / "draco.py").write_text("level = 10")
    one = own_code.__wrapped__(tmp_path)
    (tmp_path / "operations" / "draco.py").write_text("level = 7")
    assert own_code.__wrapped__(tmp_path) != one


def test_who_has_no_home_has_no_cache_and_no_key_of_ones_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", homeless)
    assert user_cache_folder({}) is None
    with pytest.raises(KeyRefused, match="BRANCHXR_CONFIG_DIR"):
        config_folder({})


def test_where_it_lies() -> None:
    assert user_cache_folder({"BRANCHXR_CACHE_DIR": "/c"}) == Path("/c/assets")
    found = user_cache_folder({"XDG_CACHE_HOME": "/x"})
    assert found is not None
    assert found.parts[-2:] == ("branchxr", "assets")
