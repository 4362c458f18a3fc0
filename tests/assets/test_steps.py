"""The memory of costly steps: what it must find again, and what must not matter to it."""

import os
import threading
from pathlib import Path

import pytest

from branchxr_assets import steps as steps_module
from branchxr_assets.steps import Step, StepCache, user_cache_folder

STEP = Step("texture", 1, {"quality": 80}, ("ab" * 32,), {"pillow": "13.0.0"})


def never() -> bytes:
    raise AssertionError("made again")


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
    cache.tidy()


@pytest.mark.parametrize("damage", [b"", b"x", b"../../../etc/passwd", b"0" * 64, b"\xff" * 64])
def test_a_damaged_pointer_is_made_anew(tmp_path: Path, damage: bytes) -> None:
    StepCache(tmp_path).remember(STEP, lambda: b"made")
    (tmp_path / "steps" / STEP.key()[:2] / STEP.key()).write_bytes(damage)
    assert StepCache(tmp_path).remember(STEP, lambda: b"anew") == b"anew"
    assert StepCache(tmp_path).remember(STEP, never) == b"anew"


def test_a_damaged_result_is_made_anew(tmp_path: Path) -> None:
    StepCache(tmp_path).remember(STEP, lambda: b"made")
    (result,) = [p for p in (tmp_path / "results").rglob("*") if p.is_file()]
    result.write_bytes(b"mada")
    assert StepCache(tmp_path).remember(STEP, lambda: b"anew") == b"anew"


def test_a_folder_that_cannot_be_used_only_costs_time(tmp_path: Path) -> None:
    (tmp_path / "steps").write_bytes(b"a file where a folder should be")
    (tmp_path / "results").write_bytes(b"")
    cache = StepCache(tmp_path)
    assert cache.remember(STEP, lambda: b"made") == b"made"
    cache.tidy()


def test_it_stays_within_its_size(tmp_path: Path) -> None:
    cache = StepCache(tmp_path, limit_bytes=1000)
    for number in range(20):
        step = Step("texture", number)
        cache.remember(step, lambda n=number: bytes([n]) * 100)
    files = [p for p in (tmp_path / "results").rglob("*") if p.is_file()]
    assert sum(p.stat().st_size for p in files) <= 1000
    assert StepCache(tmp_path).remember(Step("texture", 19), never) == bytes([19]) * 100


def test_pointers_are_bounded_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps_module, "STEPS_MAX", 10)
    cache = StepCache(tmp_path)
    for number in range(15):
        step = Step("texture", number)
        cache.remember(step, lambda n=number: bytes([n]))
        path = tmp_path / "steps" / step.key()[:2] / step.key()
        os.utime(path, (number, number))
    cache.tidy()
    assert len([p for p in (tmp_path / "steps").rglob("*") if p.is_file()]) == 9
    assert StepCache(tmp_path).remember(Step("texture", 14), never) == bytes([14])


def test_builds_may_share_it(tmp_path: Path) -> None:
    made: list[bytes] = []

    def build() -> None:
        cache = StepCache(tmp_path, limit_bytes=400)
        for number in range(60):
            made.append(cache.remember(Step("s", number % 7), lambda n=number: bytes([n % 7]) * 90))
            assert made[-1] == bytes([number % 7]) * 90

    threads = [threading.Thread(target=build) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 240


def test_where_it_lies() -> None:
    assert user_cache_folder({"BRANCHXR_CACHE_DIR": "/c"}) == Path("/c/assets")
    assert user_cache_folder({"XDG_CACHE_HOME": "/x"}).parts[-2:] == ("branchxr", "assets")
