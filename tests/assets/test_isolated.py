"""The worker process: what it may do, and what becomes of one that fails."""

import json
import textwrap
from pathlib import Path

import numpy as np
import pytest

from branchxr.errors import SceneRefused
from branchxr_assets.readers.isolated import Limits, limits_for, read_isolated

pytest.importorskip("resource", reason="the system has no resource limits")

READERS = """
import gc, json, os, signal, time
from pathlib import Path
import numpy as np
from branchxr.errors import SceneRefused
from branchxr_assets.document import AccessorPool, Document
from branchxr_assets.readers.source import Counts, Source
from branchxr_assets.warnings import SceneWarning

def whole(path):
    pool = AccessorPool()
    place = pool.add(np.eye(3, dtype="f4"), "VEC3")
    root = {
        "asset": {"version": "2.0", "copyright": "ours"},
        "scene": 0, "scenes": [{"nodes": [0]}],
        "nodes": [{"name": "Касса/1", "mesh": 0, "extras": {"seats": [1, 2]}}],
        "meshes": [{"primitives": [{"attributes": {"POSITION": place}}]}],
    }
    return Source(
        file=path.name, format="made", document=Document(root, pool.all()), size_bytes=7,
        hashes={path.name: "00"}, counts=Counts(nodes=5), generator="a test", licence="ours",
        unit_m=0.01, bounds_m=np.array([[0.0, 1, 2], [3, 4, 5]]),
        warnings=(SceneWarning("some_code", "Касса", "a message"),),
    )

def refuses(path):
    raise SceneRefused("this", "that", "do so", code="scene_odd")

def crashes(path):
    os.kill(os.getpid(), signal.SIGSEGV)

def leaves(path):
    os._exit(3)

def raises(path):
    return {}["a key"]

def sleeps(path):
    time.sleep(60)

def spins(path):
    while True: pass

def fills(path):
    return np.ones(1 << 33)

def lies(path):
    Path("answer.json").write_text('{"source": {"format": 1}}')
    os._exit(0)

def says_nothing(path):
    os._exit(0)

def looks_around(path):
    names = sorted(set(os.environ) | {str(len(os.listdir("/proc/self/fd")))})
    raise SceneRefused(json.dumps(names), str(Path.cwd()), "x")
"""


@pytest.fixture
def readers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "readers"
    folder.mkdir()
    (folder / "readers_of_test.py").write_text(textwrap.dedent(READERS), encoding="utf-8")
    monkeypatch.syspath_prepend(str(folder))
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    path = tmp_path / "зал.fbx"
    path.write_bytes(b"seven..")
    return path


SMALL = Limits(memory_bytes=1 << 30, cpu_s=20, wall_s=30.0, output_bytes=1 << 20)


def refusal(path: Path, name: str, limits: Limits = SMALL) -> SceneRefused:
    with pytest.raises(SceneRefused) as caught:
        read_isolated(path, f"readers_of_test:{name}", limits=limits)
    assert list((path.parent / "scratch").iterdir()) == []
    return caught.value


def test_a_source_comes_back_whole(readers: Path) -> None:
    source = read_isolated(readers, "readers_of_test:whole")
    assert (source.file, source.format, source.size_bytes) == ("зал.fbx", "made", 7)
    assert source.document.listed("nodes")[0]["name"] == "Касса/1"
    assert source.document.listed("nodes")[0]["extras"] == {"seats": [1, 2]}
    assert np.array_equal(source.document.accessors[0].values, np.eye(3))
    assert source.counts.nodes == 5
    assert (source.generator, source.licence, source.unit_m) == ("a test", "ours", 0.01)
    assert source.bounds_m is not None
    assert source.bounds_m.tolist() == [[0, 1, 2], [3, 4, 5]]
    assert [w.code for w in source.warnings] == ["some_code"]
    assert list((readers.parent / "scratch").iterdir()) == []


def test_what_the_reader_refuses_is_refused(readers: Path) -> None:
    error = refusal(readers, "refuses")
    assert (error.code, str(error)) == ("scene_odd", "expected this; got that; do so")


@pytest.mark.parametrize(
    ("name", "code", "came"),
    [
        ("crashes", "scene_reader_crashed", "SIGSEGV"),
        ("leaves", "scene_reader_crashed", "exit code 3"),
        ("raises", "scene_reader_failed", "KeyError"),
        ("fills", "scene_too_large", "1024 MiB"),
        ("lies", "scene_reader_failed", "ValidationError"),
        ("says_nothing", "scene_reader_failed", "FileNotFoundError"),
    ],
)
def test_a_reader_that_fails_is_a_named_refusal(
    readers: Path, name: str, code: str, came: str
) -> None:
    error = refusal(readers, name)
    assert error.code == code
    assert came in str(error)
    assert "'зал.fbx'" in str(error)


def test_time_is_bounded(readers: Path) -> None:
    assert refusal(readers, "sleeps", Limits(1 << 30, 20, 1.0, 1)).code == "scene_too_slow"
    assert refusal(readers, "spins", Limits(1 << 30, 1, 30.0, 1)).code == "scene_too_slow"


def test_a_worker_inherits_nothing(readers: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRANCHXR_SECRET", "hush")
    error = refusal(readers, "looks_around")
    names = json.loads(error.expected)
    assert "BRANCHXR_SECRET" not in names
    assert "PATH" not in names
    assert error.came.startswith(str(readers.parent / "scratch"))


def test_limits_grow_with_the_file() -> None:
    small, large = limits_for(1000), limits_for(1 << 30)
    assert small.memory_bytes < 2 << 30
    assert large.memory_bytes > small.memory_bytes
    assert large.cpu_s > small.cpu_s
    gigabyte = limits_for(10**9)
    assert 3_500_000_000 < gigabyte.memory_bytes < 3_800_000_000  # below 4 GB with all else
    assert limits_for(4 * 10**9).memory_bytes > 3 * gigabyte.memory_bytes
