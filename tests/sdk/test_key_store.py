"""The encrypted key file: what opens it, what does not, and what a crash leaves."""

import os
import stat
from pathlib import Path

import pytest

from branchxr import Secret
from branchxr.errors import KeyRefused
from branchxr.identity.key_store import HEADER_BYTES, MAX_STORE_BYTES, KeyStore

RANDOM = Secret("5a" * 32)
PASSWORD = Secret("correct horse")


def made(path: Path, secret: Secret = RANDOM, plain: bytes = b"plain text") -> Path:
    KeyStore.create(path, secret, log2_n=15).save(plain)
    return path


@pytest.mark.parametrize("secret", [RANDOM, PASSWORD], ids=["random", "password"])
def test_what_was_saved_comes_back(tmp_path: Path, secret: Secret) -> None:
    path = made(tmp_path / "bot.key", secret)
    assert KeyStore.load(path, secret)[1] == b"plain text"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert b"plain" not in path.read_bytes()
    assert [file.name for file in tmp_path.iterdir()] == ["bot.key"]


@pytest.mark.parametrize("wrong", [Secret("00" * 32), Secret("another")])
@pytest.mark.parametrize("secret", [RANDOM, PASSWORD], ids=["random", "password"])
def test_a_wrong_secret_is_refused(tmp_path: Path, secret: Secret, wrong: Secret) -> None:
    path = made(tmp_path / "bot.key", secret)
    with pytest.raises(KeyRefused) as refusal:
        KeyStore.load(path, wrong)
    assert refusal.value.code == "key_wrong_secret"


def test_a_nonce_is_never_used_twice(tmp_path: Path) -> None:
    store = KeyStore.create(tmp_path / "bot.key", RANDOM)
    seen = set()
    for _ in range(20):
        store.save(b"the same")
        seen.add((tmp_path / "bot.key").read_bytes()[HEADER_BYTES : HEADER_BYTES + 12])
    assert len(seen) == 20


@pytest.mark.parametrize("offset", [7, 20, HEADER_BYTES, HEADER_BYTES + 12, -1])
def test_one_changed_bit_is_found(tmp_path: Path, offset: int) -> None:
    path = made(tmp_path / "bot.key")
    raw = bytearray(path.read_bytes())
    raw[offset] ^= 1
    path.write_bytes(raw)
    with pytest.raises(KeyRefused):
        KeyStore.load(path, RANDOM)


@pytest.mark.parametrize(
    "numbers",
    [(1, 14, 8, 1), (1, 21, 8, 1), (1, 17, 9, 1), (1, 17, 8, 2), (0, 17, 8, 1), (2, 0, 0, 0)],
)
def test_a_file_does_not_choose_its_own_scrypt_parameters(
    tmp_path: Path, numbers: tuple[int, ...]
) -> None:
    path = made(tmp_path / "bot.key")
    raw = bytearray(path.read_bytes())
    raw[5:9] = bytes(numbers)
    path.write_bytes(raw)
    with pytest.raises(KeyRefused) as refusal:
        KeyStore.load(path, PASSWORD)
    assert refusal.value.code == "key_malformed"


@pytest.mark.parametrize(
    "content",
    [b"", b"BXKS1", b"not a key store at all, but long enough", b"x" * (MAX_STORE_BYTES + 1)],
)
def test_another_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bot.key"
    path.write_bytes(content)
    with pytest.raises(KeyRefused) as refusal:
        KeyStore.load(path, RANDOM)
    assert refusal.value.code == "key_malformed"


def test_an_absent_file_and_one_in_the_way(tmp_path: Path) -> None:
    with pytest.raises(KeyRefused) as refusal:
        KeyStore.load(tmp_path / "absent.key", RANDOM)
    assert refusal.value.code == "key_missing"
    path = made(tmp_path / "bot.key")
    before = path.read_bytes()
    with pytest.raises(KeyRefused) as refusal:
        KeyStore.create(path, RANDOM)
    assert refusal.value.code == "key_exists"
    assert path.read_bytes() == before


def test_a_disk_that_fails_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "bot.key"
    store = KeyStore.create(path, RANDOM)
    store.save(b"old")

    def full(_descriptor: int) -> None:
        raise OSError(28, "no space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(KeyRefused) as refusal:
        store.save(b"new")
    assert refusal.value.code == "key_not_saved"
    monkeypatch.undo()
    assert KeyStore.load(path, RANDOM)[1] == b"old"


def test_its_size_is_bounded(tmp_path: Path) -> None:
    store = KeyStore.create(tmp_path / "bot.key", RANDOM)
    with pytest.raises(KeyRefused):
        store.save(b"x" * MAX_STORE_BYTES)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    store = KeyStore.create(tmp_path / "absent" / "k", Secret.random())
    with pytest.raises(KeyRefused) as refusal:
        store.save(b"x")
    assert refusal.value.code == "key_not_saved"
    assert "folder" in refusal.value.remedy
