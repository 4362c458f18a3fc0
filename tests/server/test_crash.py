"""A branch is killed inside a payment: afterwards the money has moved once, or not at all."""

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

pytestmark = pytest.mark.end_to_end
LAUNCHER = Path(__file__).with_name("crashing_branch.py")


@contextmanager
def running(folder: Path, port: int, point: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    command = [sys.executable, str(LAUNCHER), str(folder), str(port), point]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip(), process
        finally:
            process.kill()


def moved_minor(folder: Path) -> int:
    """Read the books with another program's eyes, and check that they are whole."""
    with sqlite3.connect(folder / "branch.sqlite3") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("SELECT sum(balance_minor) FROM accounts").fetchone() == (0,)
        query = "SELECT balance_minor FROM accounts WHERE id = 'CITY-UTILITIES'"
        (moved,) = connection.execute(query).fetchone()
        posted = connection.execute("SELECT count(*) FROM payments WHERE state = 'posted'")
        assert posted.fetchone() == (moved // 25_00,)
    connection.close()
    return int(moved)


@pytest.mark.parametrize(
    ("point", "moved_at_once"),
    [("after_counter", 0), ("after_transfer", 0), ("before_commit", 0), ("after_commit", 25_00)],
)
async def test_a_crash_inside_a_payment(
    world: Any, new_passkey: Any, tmp_path: Path, point: str, moved_at_once: int
) -> None:
    with running(tmp_path, 0, "never") as (address, _process):
        port = urlsplit(address).port
        assert port
        ada = await world.remote(address)
        passkey = new_passkey(origin=address)
        await (await ada.enter()).register(passkey)
        payment = await ada.begin(amount="25.00")
        signed = passkey.sign(payment["options"])
    key = ada.new_key()
    with running(tmp_path, port, point) as (_address, process):
        with pytest.raises(httpx.TransportError):
            await ada.authorize(payment["id"], signed, key=key)
        assert process.wait(30) == -9
    assert moved_minor(tmp_path) == moved_at_once
    with running(tmp_path, port, "never"):
        for _ in range(2):  # the client cannot know: it asks again, with the same signature
            answer = await ada.authorize(payment["id"], signed, key=key)
            assert answer.json()["state"] == "posted", answer.text
        assert (await ada.ask("GET", "/v1/accounts"))["accounts"][0]["balance"] == "99975.00"
    assert moved_minor(tmp_path) == 25_00
