"""Idempotency keys: kept for ever, with a fingerprint of what was asked under them.

The answer to a retry is not a stored response but the current state of what the key began.
"""

import re
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, insert, select

from ..protocol.canonical import fingerprint
from .problems import refusal
from .schema import IDEMPOTENCY_KEYS


@dataclass(frozen=True, slots=True)
class Key:
    """A key as one customer uses it for one operation."""

    user: str
    operation: str
    value: str
    fingerprint: bytes


def key_of(
    value: str | None, *, user: str, operation: str, asked: Any
) -> Key:  # Any: the JSON of the request
    """Check an `Idempotency-Key` header.

    Args:
        value: the header.
        user: whose key it is.
        operation: the operation's name.
        asked: path parameters and body, as JSON values.

    Raises:
        ApiError: `idempotency_key_missing`.
    """
    if value is None or not re.fullmatch(r"[A-Za-z0-9_-]{16,64}", value):
        raise refusal("idempotency_key_missing", "none, or another form")
    return Key(user, operation, value, fingerprint(asked))


def former(connection: Connection, key: Key) -> str | None:
    """Return the payment that this key began or changed before, or `None`.

    Raises:
        ApiError: `idempotency_key_reused`: for something else.
    """
    row = connection.execute(
        select(IDEMPOTENCY_KEYS).where(
            (IDEMPOTENCY_KEYS.c.user == key.user)
            & (IDEMPOTENCY_KEYS.c.operation == key.operation)
            & (IDEMPOTENCY_KEYS.c.key == key.value)
        )
    ).one_or_none()
    if row is None:
        return None
    if row.fingerprint != key.fingerprint:
        raise refusal("idempotency_key_reused", "another request under the same key")
    return str(row.payment)


def keep(connection: Connection, key: Key, payment: str) -> None:
    """Keep a key, for ever."""
    connection.execute(
        insert(IDEMPOTENCY_KEYS).values(
            user=key.user,
            operation=key.operation,
            key=key.value,
            fingerprint=key.fingerprint,
            payment=payment,
        )
    )
