"""`branchxr assets build` when things go wrong: options, cache, interrupts, watching, several."""

import errno
import io
import json
import os
import signal
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.assets import workers
from tests.assets.rooms import furnish, promised
from typer.testing import CliRunner, Result

from branchxr.cli import progress
from branchxr.cli.assets import app
from branchxr_assets import lods, meshopt, processes
from branchxr_assets.build import build_scene
from branchxr_assets.operations import draco as draco_module
from branchxr_assets.orders import Order, carry_out_all
from branchxr_assets.steps import StepCache

STAGES = (
    *("reading", "floor and anchors", "levels of detail", "live tile", "report", "compressing"),
    *("signing and writing", "done"),
)


@pytest.fixture
def run(tmp_path: Path) -> Any:
    environ = {
        "BRANCHXR_CONFIG_DIR": str(tmp_path / "config"),
        "BRANCHXR_CACHE_DIR": str(tmp_path / "cache"),
    }

    def call(*arguments: object) -> Result:
        return CliRunner(env=environ).invoke(app, [str(argument) for argument in arguments])

    return call


@pytest.fixture
def room(maker: Any) -> Path:
    maker.room()
    path: Path = maker.save()
    return path


def left(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


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


# --- the cache -------------------------------------------------------------------------------


def test_a_full_cache_is_a_warning_and_the_package_is_whole(
    run: Any, room: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_self: StepCache, _key: str, _made: bytes) -> None:
        _self.trouble = os.strerror(errno.ENOSPC)

    monkeypatch.setattr(StepCache, "_keep", full)
    result = run("build", room, "-o", tmp_path / "out", "--strict")
    assert result.exit_code == 0
    assert "warning [cache_not_written] the cache: " in result.stderr
    assert "No space left on device" in result.stderr
    assert run("inspect", tmp_path / "out").exit_code == 0


@pytest.mark.parametrize("content", [b"", b"BXR1", b"\0" * 4096])
def test_a_damaged_cache_gives_the_same_bytes(
    run: Any, room: Path, tmp_path: Path, content: bytes
) -> None:
    run("build", room, "-o", tmp_path / "out")
    before = promised(tmp_path / "out")
    kept = [p for p in (tmp_path / "cache").rglob("*") if p.is_file()]
    assert len(kept) > 5
    for path in kept:
        path.write_bytes(content)
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


# --- interrupts ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def clean(
    new_maker: Callable[[Path], Any], key: Any, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, bytes]:
    """What a build of the furnished room makes that nobody interrupts."""
    folder = tmp_path_factory.mktemp("clean")
    maker = new_maker(folder)
    furnish(maker)
    build_scene(maker.save(), folder / "out", key=key)
    return promised(folder / "out")


@pytest.mark.parametrize("stage", STAGES)
def test_an_interrupt_leaves_the_old_package_and_the_next_build_goes_on(
    maker: Any, key: Any, tmp_path: Path, stage: str, clean: dict[str, bytes]
) -> None:
    furnish(maker)
    source = maker.save()
    output, folder = tmp_path / "out", tmp_path / "cache"
    told = []

    def stop(what: str, _share: float) -> None:
        told.append(what)
        if what == stage:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build_scene(source, output, key=key, cache=StepCache(folder), progress=stop)
    assert told == list(STAGES[: STAGES.index(stage) + 1])
    assert left(tmp_path) - {"cache", "scene.glb"} == ({"out"} if stage == "done" else set())
    assert not list(folder.rglob("*.tmp"))
    build_scene(source, output, key=key, cache=StepCache(folder))
    assert promised(output) == clean


SLOW = """
import sys
from branchxr.cli.app import main
from branchxr_assets import build
inner = build.make_chain
def chain(*arguments):
    print("now", flush=True)
    import time
    time.sleep(60)
    return inner(*arguments)
build.make_chain = chain
main()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="SIGINT of one process")
def test_ctrl_c_ends_a_build_with_130(room: Path, tmp_path: Path) -> None:
    words = ["assets", "build", str(room), "-o", str(tmp_path / "out")]
    environ = {**os.environ, "BRANCHXR_CACHE_DIR": str(tmp_path / "cache")}
    environ["BRANCHXR_CONFIG_DIR"] = str(tmp_path / "config")
    command = [sys.executable, "-c", SLOW, *words]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environ
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"now\n"
        process.send_signal(signal.SIGINT)
        out, error = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, b"")
    assert b"Traceback" not in error
    assert not [name for name in left(tmp_path) if name.startswith((".", "out"))]


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_an_interrupt_stops_workers_that_clean_up(tmp_path: Path) -> None:
    """The parent alone gets it, as from `kill -INT`: nobody is left behind."""
    script = (
        "import sys; from pathlib import Path\n"
        "from branchxr_assets.processes import at_once\n"
        "from tests.assets.workers import wait_here\n"
        "if __name__ == '__main__':\n"
        "    list(at_once(wait_here, [Path(sys.argv[1])] * 2, jobs=2))\n"
    )
    (tmp_path / "script.py").write_text(script)
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        [sys.executable, str(tmp_path / "script.py"), str(tmp_path)],
        stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environ,
    ) as process:  # fmt: skip
        while len(list(tmp_path.glob("*.started"))) < 2:
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    started, cleaned = ({p.stem for p in tmp_path.glob(f"*.{n}")} for n in ("started", "cleaned"))
    assert started == cleaned


# --- watching --------------------------------------------------------------------------------


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


# --- what cannot be done ----------------------------------------------------------------------


def huge_png() -> bytes:
    """A picture of 40,000 x 40,000 pixels that is a few hundred bytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = struct.pack(">IIBBBBB", 40_000, 40_000, 8, 0, 0, 0, 0)
    data = zlib.compress(bytes(40_001) * 4)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def test_a_texture_larger_than_memory_is_kept_as_it_came(
    run: Any, maker: Any, tmp_path: Path
) -> None:
    furnish(maker)
    maker.root["images"][0]["bufferView"] = maker.view(huge_png())
    result = run("build", maker.save(), "-o", tmp_path / "out")
    assert result.exit_code == 0
    assert "warning [image_kept]" in result.stderr


def test_a_mesh_that_cannot_be_compressed_is_kept_and_named(
    run: Any, maker: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    furnish(maker)
    maker.root["meshes"][1]["name"] = "Ball"

    def fail(*_arguments: object) -> None:
        raise RuntimeError("no encoding")

    words = ("build", maker.save(), "-o", tmp_path / "out", "--codec", "draco")
    with monkeypatch.context() as patched:
        patched.setattr(draco_module, "_packed", fail)
        result = run(*words)
        assert result.exit_code == 0
        assert "warning [mesh_not_compressed] Ball: it could not be compressed" in result.stderr
    again = run(*words)
    assert "mesh_not_compressed" not in again.stderr  # a failure is not remembered


def test_a_mesh_that_cannot_be_simplified_is_kept_and_named(
    run: Any, maker: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    furnish(maker)
    maker.root["meshes"][1]["name"] = "Ball"
    monkeypatch.setattr(lods, "_COARSEST_TARGET", 16_000)

    def fail(*_arguments: object, **_options: object) -> None:
        raise meshopt.MeshoptFailed("no memory for it")

    words = ("build", maker.save(), "-o", tmp_path / "out")
    with monkeypatch.context() as patched:
        patched.setattr(meshopt, "simplify", fail)
        result = run(*words)
    assert result.exit_code == 0
    assert "warning [mesh_not_simplified] Ball: it could not be simplified" in result.stderr
    assert "warning [mesh_not_simplified] the first view: " in result.stderr
    again = run(*words)
    assert "mesh_not_simplified" not in again.stderr  # a failure is not remembered
    seen = promised(tmp_path / "out")
    assert run(*words[:-1], tmp_path / "clean", "--no-cache").exit_code == 0
    assert promised(tmp_path / "clean") == seen


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


# --- bench -----------------------------------------------------------------------------------


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
    assert left(tmp_path / "tmp") == set()
    assert not (tmp_path / "cache").exists()
    assert not (tmp_path / "config").exists()


def test_bench_speaks_to_people(run: Any, room: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from branchxr_assets import bench

    made = bench.Run(3_000_000, 2_000_000, 60_000, 1234, 7, 1_500_000, 1.25, 0.25, None, 0)
    monkeypatch.setattr(bench, "at_once", lambda _work, tasks, **_k: [(tasks[0], made)])
    result = run("bench", room, "--preset", "mobile")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert len(lines) == 5
    assert lines[2].split()[:5] == ["mobile", "draco", "3,000", "2,000", "60"]


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
