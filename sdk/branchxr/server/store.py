"""The database: one writer at a time, every write all or nothing and on disk when it returns.

SQLite with WAL and `synchronous=FULL`. Writers begin with `BEGIN IMMEDIATE`: with a deferred
begin, a read followed by a write fails at once under contention (385 of 400 transfers at eight
threads), and `busy_timeout` does not help. Readers have an engine of their own, so that a
forgotten read never holds the write lock.
"""

import asyncio
import os
import sqlite3
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event, inspect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import QueuePool, StaticPool

from ..errors import InputRefused
from .schema import METADATA, SQLITE_TRIGGERS

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

ResultT = TypeVar("ResultT")

DATABASE_NAME: Final = "branch.sqlite3"
LOCK_NAME: Final = "branch.lock"
_BUSY_TIMEOUT_MS: Final = 30_000
_SCHEMA_VERSION: Final = 1
_UNUSABLE: Final = ("not a database", "unable to open", "readonly", "malformed", "locked", "full")
"""In SQLite's words: what a folder or a disk can be blamed for when a branch starts."""


class Store:
    """Runs functions inside transactions; open it with `Store.open`.

    In memory it runs them where it is called: they take microseconds, and a virtual clock works.
    On disk they run on one worker thread, since each commit waits for the disk (about 4 ms).
    """

    def __init__(self, writer: Engine, reader: Engine, worker: ThreadPoolExecutor | None) -> None:
        self._writer = writer
        self._reader = reader
        self._worker = worker

    @classmethod
    @asynccontextmanager
    async def open(cls, folder: Path | None) -> AsyncIterator["Store"]:
        """Open the database in a folder (made if absent, mode 0700), or in memory for `None`.

        Raises:
            InputRefused: `data_refused`: not a folder, not writable, not a branch's database, or
                another branch's at this moment.
        """
        worker = ThreadPoolExecutor(1, "branchxr-store") if folder is not None else None
        try:
            with _only_branch_on(folder):
                writer, reader = _engines(folder)
                try:
                    store = cls(writer, reader, worker)
                    await store._run(_prepare, writer)
                    yield store
                finally:
                    writer.dispose()
                    reader.dispose()
        except (DBAPIError, OSError) as error:
            if not _is_unusable(error):
                raise
            raise InputRefused(
                f"a folder for the branch's data at {str(folder)!r}",
                str(getattr(error, "orig", "")) or type(error).__name__,
                "choose another --data folder, or repair this one",
                code="data_refused",
            ) from error
        finally:
            if worker is not None:
                worker.shutdown(wait=True)

    async def write(self, change: Callable[[Connection], ResultT]) -> ResultT:
        """Run `change` in one immediate transaction; an exception undoes all of it."""
        return await self._run(_transact, self._writer, change)

    async def read(self, question: Callable[[Connection], ResultT]) -> ResultT:
        """Run `question` on a snapshot; it must not write."""
        return await self._run(_transact, self._reader, question)

    async def _run(self, function: Callable[..., ResultT], *arguments: Any) -> ResultT:
        if self._worker is None:
            return function(*arguments)
        work = asyncio.get_running_loop().run_in_executor(self._worker, function, *arguments)
        # Shielded: a caller who goes away does not decide whether money has moved.
        return await asyncio.shield(work)


def _transact(engine: Engine, function: Callable[[Connection], ResultT]) -> ResultT:
    with engine.begin() as connection:
        return function(connection)


@contextmanager
def _only_branch_on(folder: Path | None) -> Iterator[None]:
    """Hold a folder: sessions live in memory, so a second branch would not know who signed out."""
    if folder is None:
        yield
        return
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(folder / LOCK_NAME, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise InputRefused(
            f"a folder for the branch's data at {str(folder)!r}",
            error.strerror or type(error).__name__,
            "choose another --data folder, or repair this one",
            code="data_refused",
        ) from error
    try:
        if not _take(lock):
            raise InputRefused(
                f"a folder that no other branch uses at {str(folder)!r}",
                "one that is in use",
                "stop the other branch, or choose another --data folder",
                code="data_refused",
            )
        yield
    finally:
        os.close(lock)  # ends the lock too, as the end of the process does


def _take(lock: int) -> bool:
    try:
        if sys.platform == "win32":
            msvcrt.locking(lock, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True


def _engines(folder: Path | None) -> tuple[Engine, Engine]:
    if folder is None:
        only = create_engine(
            "sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False}
        )
        _listen(only, "BEGIN IMMEDIATE", is_on_disk=False)
        return only, only
    # SQLite gives its -wal and -shm files the mode of the database.
    (folder / DATABASE_NAME).touch(mode=0o600)
    address = f"sqlite:///{folder / DATABASE_NAME}"
    engines = []
    for begin in ("BEGIN IMMEDIATE", "BEGIN"):
        engine = create_engine(
            address,
            poolclass=QueuePool,
            pool_size=1,
            max_overflow=0,
            connect_args={"check_same_thread": False, "timeout": _BUSY_TIMEOUT_MS / 1000},
        )
        _listen(engine, begin, is_on_disk=True)
        engines.append(engine)
    return engines[0], engines[1]


def _listen(engine: Engine, begin: str, *, is_on_disk: bool) -> None:
    @event.listens_for(engine, "connect")
    def set_up(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # sqlite3 must not begin transactions of its own
        if is_on_disk:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute(f"PRAGMA busy_timeout={_BUSY_TIMEOUT_MS}")
        connection.execute("PRAGMA foreign_keys=ON")

    @event.listens_for(engine, "begin")
    def begin_transaction(connection: Connection) -> None:
        connection.exec_driver_sql(begin)


def _prepare(writer: Engine) -> None:
    with writer.begin() as connection:
        version = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
        if version not in {0, _SCHEMA_VERSION} or not _is_ours(connection, version):
            raise InputRefused(
                f"a branch's database of schema {_SCHEMA_VERSION}",
                f"schema {version}, or another program's",
                "use the version of branchxr that made it, or another --data folder",
                code="data_refused",
            )
        METADATA.create_all(connection)
        for trigger in SQLITE_TRIGGERS:
            connection.exec_driver_sql(trigger)
        connection.exec_driver_sql(f"PRAGMA user_version={_SCHEMA_VERSION}")


def _is_ours(connection: Connection, version: int) -> bool:
    found = inspect(connection)
    names = found.get_table_names()
    if version == 0:
        return not names
    return all(
        table.name in names
        and set(table.columns.keys()) <= {c["name"] for c in found.get_columns(table.name)}
        for table in METADATA.sorted_tables
    )


def _is_unusable(error: Exception) -> bool:
    """Tell a folder or file that cannot be used from a fault inside the branch."""
    if isinstance(error, OSError):
        return isinstance(error, (FileExistsError, NotADirectoryError, PermissionError))
    text = str(getattr(error, "orig", ""))
    return any(fault in text for fault in _UNUSABLE)
