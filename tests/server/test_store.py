"""The store: all or nothing, one writer, readers beside it, and folders it cannot use."""

import asyncio
import errno
import os
import sqlite3
import stat
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, insert, select, text

from branchxr.errors import InputRefused
from branchxr.server import store as module
from branchxr.server.schema import SCENES_SEEN, USERS
from branchxr.server.store import DATABASE_NAME, Store


def add_user(connection: Any, user: str) -> None:
    connection.execute(insert(USERS).values(id=user, name="x", role="visitor", created_at=1))


def scalar_of(question: Any, connection: Any) -> Any:
    return connection.execute(question).scalar_one()


def count_users(connection: Any) -> int:
    return int(connection.execute(select(func.count()).select_from(USERS)).scalar_one())


@pytest.mark.parametrize("is_on_disk", [True, False])
async def test_an_exception_undoes_everything(tmp_path: Path, is_on_disk: bool) -> None:
    async with Store.open(tmp_path if is_on_disk else None) as store:

        def fail(connection: Any) -> None:
            add_user(connection, "half")
            raise LookupError

        with pytest.raises(LookupError):
            await store.write(fail)
        assert await store.read(count_users) == 0
        await store.write(lambda connection: add_user(connection, "whole"))
        assert await store.read(count_users) == 1


async def test_it_is_safe_against_power_loss_and_keeps_others_out(tmp_path: Path) -> None:
    async with Store.open(tmp_path) as store:
        for pragma, value in {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}.items():
            asked = text(f"PRAGMA {pragma}")
            for ask in (store.write, store.read):
                assert await ask(partial(scalar_of, asked)) == value
        modes = {stat.S_IMODE(file.stat().st_mode) for file in os.scandir(tmp_path)}
    assert modes == {0o600}  # the write-ahead log too


async def test_a_reader_does_not_wait_for_a_writer(tmp_path: Path) -> None:
    async with Store.open(tmp_path) as store:
        other = sqlite3.connect(tmp_path / DATABASE_NAME, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        other.execute("INSERT INTO scenes_seen VALUES ('a', 'b', 1)")
        query = select(func.count()).select_from(SCENES_SEEN)
        assert await store.read(lambda connection: connection.execute(query).scalar_one()) == 0
        other.execute("COMMIT")
        other.close()
        assert await store.read(lambda connection: connection.execute(query).scalar_one()) == 1


async def test_who_goes_away_does_not_decide_what_is_written(tmp_path: Path) -> None:
    async with Store.open(tmp_path) as store:
        for n in range(20):
            task = asyncio.create_task(store.write(partial(add_user, user=f"u{n}")))
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        assert await store.read(count_users) == 20


async def test_it_opens_again_with_what_it_held(tmp_path: Path) -> None:
    for n in range(2):
        async with Store.open(tmp_path / "new" / "folder") as store:
            assert await store.read(count_users) == n
            await store.write(partial(add_user, user=f"u{n}"))


async def test_a_folder_belongs_to_one_branch_at_a_time(tmp_path: Path) -> None:
    for _ in range(2):  # the first one's end sets it free
        async with Store.open(tmp_path) as store:
            with pytest.raises(InputRefused) as caught:
                async with Store.open(tmp_path):
                    pass
            assert (caught.value.code, caught.value.came) == ("data_refused", "one that is in use")
            await store.write(partial(add_user, user=f"u{id(store)}"))


async def test_a_database_that_another_program_holds(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(module, "_BUSY_TIMEOUT_MS", 10)
    async with Store.open(tmp_path):
        pass
    other = sqlite3.connect(tmp_path / DATABASE_NAME, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(InputRefused) as caught:
        async with Store.open(tmp_path):
            pass
    other.close()
    assert (caught.value.code, caught.value.came) == ("data_refused", "database is locked")


async def test_a_folder_that_cannot_be_made(tmp_path: Path, monkeypatch: Any) -> None:
    def refuse(*_arguments: Any, **_named: Any) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(InputRefused) as caught:
        async with Store.open(tmp_path / "new"):
            pass
    assert (caught.value.code, caught.value.came) == ("data_refused", "Read-only file system")


async def test_folders_it_cannot_use(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("not a folder")
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / DATABASE_NAME).write_bytes(b"this is not a database" * 100)
    newer = tmp_path / "newer"
    newer.mkdir()
    with sqlite3.connect(newer / DATABASE_NAME) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    with sqlite3.connect(foreign / DATABASE_NAME) as connection:
        connection.execute("CREATE TABLE users (name TEXT)")
    connection.close()
    similar = tmp_path / "similar"
    similar.mkdir()
    with sqlite3.connect(similar / DATABASE_NAME) as connection:
        connection.execute("CREATE TABLE users (name TEXT)")
        connection.execute("PRAGMA user_version = 1")
    connection.close()
    torn = tmp_path / "torn"
    async with Store.open(torn):
        pass
    with (torn / DATABASE_NAME).open("r+b") as database:
        database.truncate(5000)
    for folder in (file, broken, newer, foreign, similar, torn):
        with pytest.raises(InputRefused) as caught:
            async with Store.open(folder):
                pass
        assert caught.value.code == "data_refused"
