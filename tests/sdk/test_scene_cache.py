"""The chunk cache and the memory of versions."""

import hashlib
import os
from pathlib import Path

import pytest

from branchxr.errors import InputRefused
from branchxr.scene import cache as cache_module
from branchxr.scene.cache import ChunkCache, NewestSeen


def chunk(number: int, size: int = 100) -> tuple[str, bytes]:
    content = bytes([number]) * size
    return hashlib.sha256(content).hexdigest(), content


def test_what_was_kept_comes_back_also_in_another_process(tmp_path: Path) -> None:
    name, content = chunk(1)
    first = ChunkCache(tmp_path / "c", limit_bytes=1000)
    assert first.read(name) is None
    first.keep(name, content)
    assert first.read(name) == content
    other = ChunkCache(tmp_path / "c", limit_bytes=1000)
    assert other.read(name) == content
    assert other.total_bytes == 100


def test_the_least_recently_used_goes_first(tmp_path: Path) -> None:
    cache = ChunkCache(tmp_path, limit_bytes=300)
    for number in (1, 2, 3):
        cache.keep(*chunk(number))
    cache.read(chunk(1)[0])
    cache.keep(*chunk(4))
    assert [cache.read(chunk(n)[0]) is not None for n in (1, 2, 3, 4)] == [True, False, True, True]
    assert cache.total_bytes == 300
    assert len(list(tmp_path.glob("??/*"))) == 3


def test_the_order_outlives_the_process(tmp_path: Path) -> None:
    cache = ChunkCache(tmp_path, limit_bytes=300)
    for number in (1, 2, 3):
        name, content = chunk(number)
        cache.keep(name, content)
        os.utime(tmp_path / name[:2] / name, (1000 - number, 1000 - number))  # 3 is the oldest
    later = ChunkCache(tmp_path, limit_bytes=300)
    later.keep(*chunk(4))
    assert later.read(chunk(3)[0]) is None
    assert later.read(chunk(1)[0]) is not None


def test_a_chunk_larger_than_the_cache_is_not_kept(tmp_path: Path) -> None:
    cache = ChunkCache(tmp_path, limit_bytes=99)
    cache.keep(*chunk(1))
    assert cache.total_bytes == 0


def test_the_number_of_files_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache_module, "MAX_FILES", 2)
    cache = ChunkCache(tmp_path, limit_bytes=10_000)
    for number in range(5):
        cache.keep(*chunk(number))
    assert len(list(tmp_path.glob("??/*"))) == 2


@pytest.mark.parametrize("damage", [b"", b"x" * 100, bytes([1]) * 99])
def test_a_damaged_file_is_deleted_and_counts_as_absent(tmp_path: Path, damage: bytes) -> None:
    name, content = chunk(1)
    cache = ChunkCache(tmp_path, limit_bytes=1000)
    cache.keep(name, content)
    file = tmp_path / name[:2] / name
    file.write_bytes(damage)
    assert cache.read(name) is None
    assert not file.exists()
    assert cache.total_bytes == 0
    cache.keep(name, content)
    assert cache.read(name) == content


@pytest.mark.parametrize("name", ["", "x", "../" + "0" * 61, "A" * 64, "0" * 63])
def test_only_hashes_become_paths(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="SHA-256"):
        ChunkCache(tmp_path, limit_bytes=1000).read(name)


def test_a_disk_that_refuses_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "c").write_bytes(b"a file where the folder should be")
    cache = ChunkCache(tmp_path / "c", limit_bytes=1000)
    cache.keep(*chunk(1))
    assert cache.read(chunk(1)[0]) is None


def test_the_newest_version_is_remembered_per_signer_and_scene(tmp_path: Path) -> None:
    path = tmp_path / "newest.json"
    seen = NewestSeen(path)
    assert seen.version("aa", "hall") is None
    seen.note("aa", "hall", 3)
    seen.note("aa", "hall", 2)
    seen.note("bb", "hall", 1)
    assert NewestSeen(path).version("aa", "hall") == 3
    assert NewestSeen(path).version("bb", "hall") == 1
    assert [file.name for file in tmp_path.iterdir()] == ["newest.json"]


def test_a_damaged_memory_is_an_empty_one_and_is_mended(tmp_path: Path) -> None:
    path = tmp_path / "newest.json"
    path.write_bytes(b"{")
    seen = NewestSeen(path)
    assert seen.version("aa", "hall") is None
    seen.note("aa", "hall", 1)
    assert NewestSeen(path).version("aa", "hall") == 1


def test_a_version_that_cannot_be_remembered_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputRefused) as refusal:
        NewestSeen(tmp_path / "file" / "newest.json").note("aa", "hall", 1)
    assert refusal.value.code == "newest_not_saved"


def test_a_file_that_goes_while_it_is_looked_at_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ChunkCache(tmp_path, limit_bytes=1000).keep(*chunk(1))
    stat = Path.stat

    def gone(path: Path, **more: bool) -> os.stat_result:
        if path.name == chunk(1)[0]:
            raise FileNotFoundError(path)
        return stat(path, **more)

    monkeypatch.setattr(Path, "stat", gone)
    monkeypatch.setattr(Path, "touch", gone)
    cache = ChunkCache(tmp_path, limit_bytes=1000)
    assert cache.total_bytes == 0
    assert cache.read(chunk(1)[0]) == chunk(1)[1]
