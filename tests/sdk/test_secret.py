"""Secrets: they do not print, pickle or compare in the clear."""

import copy
import pickle
from pathlib import Path

import pytest

from branchxr import Secret
from branchxr.errors import KeyRefused


def test_it_prints_as_stars_everywhere() -> None:
    secret = Secret("correct horse")
    assert "horse" not in f"{secret} {secret!r} {[secret]} {secret:}"
    assert secret.reveal() == b"correct horse"


@pytest.mark.parametrize("act", [pickle.dumps, copy.copy, copy.deepcopy, hash])
def test_it_does_not_leave_by_a_side_door(act: object) -> None:
    with pytest.raises(TypeError):
        act(Secret("correct horse"))  # type: ignore[operator]


def test_64_digits_are_32_random_bytes_and_nothing_else_is() -> None:
    assert Secret("ab" * 32).is_random
    assert Secret("ab" * 32).reveal() == b"\xab" * 32
    assert not Secret("ab" * 31).is_random
    assert not Secret("x" * 64).is_random
    assert Secret.random(lambda size: b"\x07" * size) == Secret("07" * 32)
    assert Secret("a") != Secret("b")


def test_from_env() -> None:
    assert Secret.from_env("KEY", environ={"KEY": "open"}) == Secret("open")
    for environ in ({}, {"KEY": ""}):
        with pytest.raises(KeyRefused) as refusal:
            Secret.from_env("KEY", environ=environ)
        assert refusal.value.code == "secret_missing"


def test_from_file(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("open\n")
    file.chmod(0o600)
    assert Secret.from_file(file) == Secret("open")
    file.chmod(0o640)
    with pytest.raises(KeyRefused, match="chmod 600") as refusal:
        Secret.from_file(file)
    assert refusal.value.code == "secret_exposed"
    with pytest.raises(KeyRefused):
        Secret.from_file(tmp_path / "absent")


@pytest.mark.parametrize("value", ["", "x" * 1025])
def test_its_size_is_bounded(value: str) -> None:
    with pytest.raises(KeyRefused):
        Secret(value)


def test_an_environment_variable_of_any_bytes_is_a_secret() -> None:
    raw = b"caf\xe9"
    environ = {"KEY": raw.decode(errors="surrogateescape")}
    assert Secret.from_env("KEY", environ=environ).reveal() == raw
