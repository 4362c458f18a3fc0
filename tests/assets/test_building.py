"""`branchxr assets build` at the command line: options, several scenes, progress."""

import io
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.assets import workers
from tests.assets.rooms import left, promised

from branchxr.cli import progress
from branchxr_assets import processes
from branchxr_assets.orders import Order, carry_out_all

# --- options ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--watch", "--json"], 2, "--watch is for one scene"),
        (["--preset", "quest"], 2, "quest"),
        (["--codec", "zip"], 2, "zip"),
        (["--jobs", "0"], 2, "--jobs"),
        (["--lods", "7"], 2, "--lods"),
        (["--preset", "archive", "--codec", "draco"], 3, "error [preset_refused]"),
        (["--up", "z"], 3, "error [option_without_effect]"),
    ],
)
def test_options_that_contradict_each_other_or_are_none(
    run: Any, room: Path, tmp_path: Path, words: list[str], code: int, said: str
) -> None:
    result = run("build", room, "-o", tmp_path / "out", *words)
    assert (result.exit_code, result.stdout) == (code, "")
    assert said in result.stderr
    assert not (tmp_path / "out").exists()


def test_a_preset_beside_the_scene_that_is_none(run: Any, room: Path, tmp_path: Path) -> None:
    (tmp_path / "branchxr.toml").write_text("[textures]\nqualty = 3\n")
    result = run("build", room, "-o", tmp_path / "out")
    assert result.exit_code == 3
    assert "error [preset_refused]" in result.stderr
    assert "qualty" in result.stderr


def test_a_budget_overrun_is_a_warning_and_with_strict_an_error(
    run: Any, room: Path, tmp_path: Path
) -> None:
    (tmp_path / "branchxr.toml").write_text("[budgets]\ntriangles = 3\n")
    result = run("build", room, "-o", tmp_path / "out", "--json")
    assert result.exit_code == 0
    assert [w["code"] for w in json.loads(result.stdout)["warnings"]] == ["budget_triangles"]
    strict = run("build", room, "-o", tmp_path / "strict", "--json", "--strict")
    assert (strict.exit_code, strict.stdout) == (3, "")
    assert "error [warnings_strict]" in strict.stderr
    assert "budget_triangles" in strict.stderr
    assert not (tmp_path / "strict").exists()


def test_an_archive_of_webp_loses_nothing(maker: Any) -> None:
    from branchxr_assets.presets import load

    wanted = load("archive", given={"textures": {"format": "webp"}}).textures
    assert (wanted.quality, wanted.data_quality) == (100, 100)


def test_a_package_may_do_without_its_report(run: Any, room: Path, tmp_path: Path) -> None:
    result = run("build", room, "-o", tmp_path / "out")
    assert re.search(r"\d s, [\d.]+ of it for the chunks", result.stdout)
    assert "report.html" not in left(tmp_path / "out")
    run("build", room, "-o", tmp_path / "out", "--report")
    assert "report.html" in left(tmp_path / "out")


# --- several scenes --------------------------------------------------------------------------


def scenes(new_maker: Callable[[Path], Any], folder: Path, names: str) -> list[Path]:
    made: list[Path] = []
    for name in names:
        maker = new_maker(folder)
        maker.room()
        maker.node(mesh=maker.box((1, 1, 1 + len(made))), translation=[2, 0.5, 0])
        made.append(maker.save(f"{name}.glb"))
    return made


def test_of_several_scenes_the_good_ones_are_built(
    run: Any, new_maker: Callable[[Path], Any], tmp_path: Path
) -> None:
    one, two = scenes(new_maker, tmp_path, "ab")
    bad = tmp_path / "bad.glb"
    bad.write_bytes(b"glTF no more")
    words = ("-o", tmp_path / "out", "--json", "--jobs", 2)
    result = run("build", one, bad, tmp_path / "gone.glb", two, *words)
    assert result.exit_code == 3
    found = json.loads(result.stdout)
    assert list(found) == ["schema", "packages", "refused"]
    assert [Path(p["output"]).name for p in found["packages"]] == ["a", "b"]
    assert [r["input"] for r in found["refused"]] == [str(bad), str(tmp_path / "gone.glb")]
    assert all({"code", "expected", "came", "remedy"} < r.keys() for r in found["refused"])
    assert "error [" in result.stderr
    assert left(tmp_path / "out") == {"a", "b"}
    alone = run("build", one, "-o", tmp_path / "alone", "--jobs", 1, "--no-cache")
    assert alone.exit_code == 0
    assert promised(tmp_path / "alone") == promised(tmp_path / "out" / "a")


def test_two_scenes_of_one_name(run: Any, room: Path, tmp_path: Path) -> None:
    result = run("build", room, room, "-o", tmp_path / "out")
    assert result.exit_code == 3
    assert "error [sources_alike]" in result.stderr


def test_a_process_that_dies_takes_nothing_with_it() -> None:
    found = dict(processes.at_once(workers.end_of, [1, 2, 3], jobs=2))
    assert (found[1], found[3]) == (10, 30)
    assert isinstance(found[2], processes.WorkerDied)


def test_a_build_whose_process_died_has_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    orders = [Order(tmp_path / "a.glb", tmp_path / "a")]
    died = [(orders[0], processes.WorkerDied())]
    monkeypatch.setattr("branchxr_assets.processes.at_once", lambda *_a, **_k: iter(died))
    ((_, error),) = carry_out_all(orders, jobs=1)
    assert getattr(error, "code", None) == "build_process_died"


# --- progress --------------------------------------------------------------------------------


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_shows_a_bar_for_each_stage(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    with progress.progress_bar("building hall.glb") as tell:
        assert tell is not None
        for number in range(20):
            tell(f"stage {number}", number / 20)
            tell(f"stage {number}", number / 20 + 0.01)
    shown = terminal.getvalue()
    assert "building hall.glb" in shown
    assert "stage 19" in shown


def test_elsewhere_nothing_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    silent = io.StringIO()
    monkeypatch.setattr(sys, "stderr", silent)
    with progress.progress_bar("building") as tell:
        assert tell is None
    assert silent.getvalue() == ""
