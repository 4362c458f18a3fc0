"""What a client has begun and does not know the end of, kept across crashes.

A payment's idempotency key is written here before the first byte of it leaves. With a folder, the
outbox is a SQLite file with `synchronous=FULL`; without one it lives in memory, and so do its
promises.
"""

import asyncio
import os
import sqlite3
import threading
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Final, Self, TypeVar

import msgspec

from ..errors import ApprovalError, InputRefused
from ..models import PaymentRequest

MAX_OPEN: Final = 100
"""More unsettled payments than a person or a bot can have on purpose."""
MAX_CLOSED: Final = 1000

_Result = TypeVar("_Result")


class EntryState(StrEnum):
    """How far a payment has come, as far as this client knows."""

    ASKED = "asked"  # the branch may have been asked for an intent; nothing is signed
    OFFERED = "offered"  # the intent is here; nothing is signed
    SIGNED = "signed"  # the signature may have arrived: only the branch knows the outcome
    CLOSED = "closed"  # the outcome is known


class Entry(msgspec.Struct, frozen=True):
    """One payment.

    Attributes:
        key: the idempotency key; what follows the first call derives its own from it.
        owner: branch and user it belongs to.
        payment: the branch's id, once offered.
        outcome: once closed: a payment state, `"abandoned"`, or the code of a refusal.
    """

    key: str
    owner: str
    request: PaymentRequest
    state: EntryState = EntryState.ASKED
    payment: str = ""
    challenge: str = ""
    outcome: str = ""


class Outbox:
    """The entries; use it with `async with`.

    Args:
        folder: where `outbox.sqlite` lies; `None` keeps everything in memory.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._path = folder / "outbox.sqlite" if folder else None
        self._lock = threading.Lock()
        self._database: sqlite3.Connection | None = None

    async def __aenter__(self) -> Self:
        """Open the file.

        Raises:
            InputRefused: `outbox_unusable`: no file can be there, or another one is.
        """
        try:
            await self._run(self._open)
        except (OSError, ApprovalError) as error:
            await self._run(self._close)
            raise InputRefused(
                f"a folder for payments under way at {str(self._path and self._path.parent)!r}",
                error.came if isinstance(error, ApprovalError) else type(error).__name__,
                "choose another data_dir, or make room; without one nothing is kept",
                code="outbox_unusable",
            ) from error
        return self

    async def __aexit__(self, *_exception: object) -> None:
        await self._run(self._close)

    async def begin(self, key: str, owner: str, request: PaymentRequest) -> Entry:
        """Write a new entry; when this returns it is durable.

        Raises:
            ApprovalError: `outbox_full`: `MAX_OPEN` entries of this owner are unsettled;
                `outbox_unusable`: the disk does not take it.
        """
        entry = Entry(key, owner, request)
        await self._run(lambda: self._insert(entry))
        return entry

    async def advance(
        self,
        entry: Entry,
        state: EntryState,
        *,
        payment: str = "",
        challenge: str = "",
        outcome: str = "",
    ) -> Entry:
        """Move an entry on; when this returns it is durable.

        Raises:
            ApprovalError: `outbox_conflict`: it is no longer where this client left it, as when
                another process has settled it meanwhile.
        """
        moved = msgspec.structs.replace(
            entry,
            state=state,
            payment=payment or entry.payment,
            challenge=challenge or entry.challenge,
            outcome=outcome,
        )
        await self._run(lambda: self._update(entry, moved))
        return moved

    async def unsettled(self, owner: str) -> list[Entry]:
        """Return the owner's open entries, oldest first."""
        return await self._run(lambda: self._select(owner))

    async def _run(self, work: Callable[[], _Result]) -> _Result:
        # Memory never blocks; a disk does, for as long as an fsync takes.
        try:
            return work() if self._path is None else await asyncio.to_thread(work)
        except sqlite3.Error as error:
            raise ApprovalError(
                "to write down a payment under way", f"{type(error).__name__}: {error}"[:200],
                "make room on the disk", code="outbox_unusable",
            ) from error  # fmt: skip

    def _open(self) -> None:
        if self._path is not None:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            # SQLite gives its journal the mode of the file: it holds who paid whom.
            os.close(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600))
        self._database = sqlite3.connect(
            self._path or ":memory:", timeout=10, isolation_level=None, check_same_thread=False
        )
        self._database.execute("PRAGMA synchronous=FULL")
        self._database.execute(
            "CREATE TABLE IF NOT EXISTS entries (number INTEGER PRIMARY KEY, key TEXT UNIQUE"
            " NOT NULL, owner TEXT NOT NULL, state TEXT NOT NULL, body BLOB NOT NULL) STRICT"
        )

    def _close(self) -> None:
        if self._database is not None:
            self._database.close()
            self._database = None

    def _insert(self, entry: Entry) -> None:
        with self._lock, self._transaction() as database:
            (count,) = database.execute(
                "SELECT count(*) FROM entries WHERE owner = ? AND state <> 'closed'", (entry.owner,)
            ).fetchone()
            if count >= MAX_OPEN:
                raise ApprovalError(
                    f"at most {MAX_OPEN} unsettled payments",
                    "one more",
                    "settle the old ones first: await branch.settle()",
                    code="outbox_full",
                )
            database.execute(
                "INSERT INTO entries (key, owner, state, body) VALUES (?, ?, ?, ?)",
                (entry.key, entry.owner, entry.state, msgspec.json.encode(entry)),
            )
            database.execute(
                "DELETE FROM entries WHERE state = 'closed' AND number <= (SELECT number FROM"
                " entries WHERE state = 'closed' ORDER BY number DESC LIMIT 1 OFFSET ?)",
                (MAX_CLOSED,),
            )

    def _update(self, entry: Entry, moved: Entry) -> None:
        with self._lock, self._transaction() as database:
            changed = database.execute(
                "UPDATE entries SET state = ?, body = ? WHERE key = ? AND state = ?",
                (moved.state, msgspec.json.encode(moved), entry.key, entry.state),
            ).rowcount
            if changed != 1:
                raise ApprovalError(
                    "a payment in the state this client left it in",
                    "another state",
                    "ask the branch where it stands",
                    code="outbox_conflict",
                )

    def _select(self, owner: str) -> list[Entry]:
        with self._lock:
            rows = self._connection.execute(
                "SELECT body FROM entries WHERE owner = ? AND state <> 'closed' ORDER BY number",
                (owner,),
            ).fetchall()
        return [msgspec.json.decode(body, type=Entry) for (body,) in rows]

    @property
    def _connection(self) -> sqlite3.Connection:
        if self._database is None:
            raise RuntimeError("the outbox is used inside `async with`")
        return self._database

    def _transaction(self) -> "_Transaction":
        return _Transaction(self._connection)


class _Transaction:
    """BEGIN IMMEDIATE … COMMIT: two processes may share the file."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def __enter__(self) -> sqlite3.Connection:
        self._database.execute("BEGIN IMMEDIATE")
        return self._database

    def __exit__(self, kind: type[BaseException] | None, *_rest: object) -> None:
        try:
            if kind is None:
                self._database.execute("COMMIT")
        finally:
            if self._database.in_transaction:  # also after a commit for which the disk was full
                self._database.execute("ROLLBACK")
