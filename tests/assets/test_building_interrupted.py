"""A build that is stopped leaves nothing half-written, and the next one goes on."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.assets.rooms import furnish, left, promised

from branchxr_assets.build import build_scene
from branchxr_assets.steps import StepCache

STAGES = (
    *("reading", "floor and anchors", "levels of detail", "live tile", "report and compression"),
    *("signing and writing", "done"),
)


@pytest.fixture(scope="module")
def clean(
    new_maker: Callable[[Path], Any], key: Any, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, bytes]:
    """What a build of the furnished room makes that nobody interrupts."""
    folder = tmp_path_factory.mktemp("clean")
    maker = new_maker(folder)
    furnish(maker)
    build_scene(maker.save(), folder / "out", key=key, lods=2)
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
        build_scene(source, output, key=key, lods=2, cache=StepCache(folder), progress=stop)
    assert told == list(STAGES[: STAGES.index(stage) + 1])
    assert left(tmp_path) - {"cache", "scene.glb"} == ({"out"} if stage == "done" else set())
    assert not list(folder.rglob("*.tmp"))
    build_scene(source, output, key=key, lods=2, cache=StepCache(folder))
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


KILLED = """
import os, signal
from branchxr.cli.app import main
from branchxr_assets import packager
def die(*_words):
    os.kill(os.getpid(), signal.SIGKILL)
packager._swap = die
main()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
def test_a_build_that_is_killed_while_it_writes(
    run: Any, room: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("build", str(room), "-o", str(tmp_path / "out"), "--lods", "1")
    assert run(*words).exit_code == 0
    before = promised(tmp_path / "out")
    environ = {**os.environ, "BRANCHXR_CACHE_DIR": str(tmp_path / "cache")}
    environ["BRANCHXR_CONFIG_DIR"] = str(tmp_path / "config")
    command = [sys.executable, "-c", KILLED, "assets", *words]
    done = subprocess.run(command, check=False, env=environ, capture_output=True, timeout=60)
    assert done.returncode == -signal.SIGKILL
    assert promised(tmp_path / "out") == before
    (remains,) = tmp_path.glob(".out.*.new")
    assert run(*words).exit_code == 0
    assert remains.exists()  # it may be another build's that is still at it
    os.utime(remains, (1, 1))
    (tmp_path / ".out.somebody.new").mkdir()
    (tmp_path / ".out.somebody.new" / "notes.txt").touch()
    os.utime(tmp_path / ".out.somebody.new", (1, 1))
    assert run(*words).exit_code == 0
    assert [path.name for path in tmp_path.glob(".out.*")] == [".out.somebody.new"]
    assert promised(tmp_path / "out") == before
