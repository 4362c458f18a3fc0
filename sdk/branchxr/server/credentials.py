"""Passkeys at rest, and the rule about their signature counters."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, Row, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from ..models import Assurance
from .problems import refusal
from .relying_party import NewCredential
from .schema import COUNTER_USES, CREDENTIALS

ACTIVE: Final = "active"
SUSPENDED: Final = "suspended"
REVOKED: Final = "revoked"


@dataclass(frozen=True, slots=True)
class Credential:
    """A registered passkey; `data` is its attested credential data."""

    id: bytes
    user: str
    data: bytes
    assurance: Assurance
    is_backup_eligible: bool
    state: str
    created_at: int


def add(connection: Connection, user: str, new: NewCredential, *, now: float) -> None:
    """Keep a new passkey.

    Raises:
        ApiError: `credential_exists`.
    """
    if _find(connection, new.id) is not None:
        raise refusal("credential_exists", "one that is registered here already")
    connection.execute(
        insert(CREDENTIALS).values(
            id=new.id,
            user=user,
            data=new.data,
            assurance=new.assurance.value,
            is_backup_eligible=int(new.is_backup_eligible),
            state=ACTIVE,
            created_at=int(now),
        )
    )
    if new.counter:
        connection.execute(insert(COUNTER_USES).values(credential=new.id, counter=new.counter))


def usable(connection: Connection, credential_id: bytes, *, user: str | None = None) -> Credential:
    """Return a passkey that may sign.

    Args:
        connection: of the caller's transaction.
        credential_id: as the authenticator gave it.
        user: whose it has to be.

    Raises:
        ApiError: `credential_unknown`, `credential_revoked` or `credential_suspended`.
    """
    found = _find(connection, credential_id)
    if found is None or (user is not None and found.user != user):
        raise refusal("credential_unknown", "another passkey")
    if found.state != ACTIVE:
        raise refusal(f"credential_{found.state}", "one that is not in use")
    return found


def of_user(connection: Connection, user: str) -> list[Credential]:
    """Return a customer's passkeys, oldest first, revoked ones included."""
    query = (
        select(CREDENTIALS)
        .where(CREDENTIALS.c.user == user)
        .order_by(CREDENTIALS.c.created_at, CREDENTIALS.c.id)
    )
    return [_credential(row) for row in connection.execute(query)]


def active_ids(connection: Connection, user: str) -> Sequence[bytes]:
    """Return the ids of the passkeys a customer can sign with."""
    return [found.id for found in of_user(connection, user) if found.state == ACTIVE]


def revoke(connection: Connection, credential_id: bytes, *, user: str) -> None:
    """Revoke a customer's passkey for good; twice is as once.

    Raises:
        ApiError: `credential_unknown`.
    """
    found = _find(connection, credential_id)
    if found is None or found.user != user:
        raise refusal("credential_unknown", "another passkey")
    _set_state(connection, credential_id, REVOKED)


def newest_serial(connection: Connection) -> int:
    """Return what a challenge remembers at its issue, for `use_counter` later."""
    query = select(func.coalesce(func.max(COUNTER_USES.c.serial), 0))
    return int(connection.execute(query).scalar_one())


def use_counter(
    connection: Connection, credential_id: bytes, counter: int, *, floor_serial: int
) -> bool:
    """Use a signature counter up; `False` is an alarm: the passkey is suspended now.

    The caller must commit after an alarm: raising would undo the suspension.

    A counter has to be above the one known *when the challenge was issued*, and is used once.
    The simpler rule, above the newest one, refuses honest payments signed one after the other
    and sent in parallel (15 of 20 were, and the key was suspended). Synced passkeys have no
    counter: they always say 0.
    """
    if counter == 0 and _highest(connection, credential_id, None) == 0:
        return True
    floor = _highest(connection, credential_id, floor_serial)
    if counter > floor:
        try:
            with connection.begin_nested():
                values = {"credential": credential_id, "counter": counter}
                connection.execute(insert(COUNTER_USES).values(values))
        except IntegrityError:
            pass  # used before
        else:
            return True
    _set_state(connection, credential_id, SUSPENDED)
    return False


def _highest(connection: Connection, credential_id: bytes, serial: int | None) -> int:
    query = select(func.coalesce(func.max(COUNTER_USES.c.counter), 0)).where(
        COUNTER_USES.c.credential == credential_id
    )
    if serial is not None:
        query = query.where(COUNTER_USES.c.serial <= serial)
    return int(connection.execute(query).scalar_one())


def _set_state(connection: Connection, credential_id: bytes, state: str) -> None:
    connection.execute(
        update(CREDENTIALS).where(CREDENTIALS.c.id == credential_id).values(state=state)
    )


def _find(connection: Connection, credential_id: bytes) -> Credential | None:
    query = select(CREDENTIALS).where(CREDENTIALS.c.id == credential_id)
    row = connection.execute(query).one_or_none()
    return None if row is None else _credential(row)


def _credential(row: Row[tuple[object, ...]]) -> Credential:
    found = row._mapping
    return Credential(
        id=found["id"],
        user=found["user"],
        data=found["data"],
        assurance=Assurance(found["assurance"]),
        is_backup_eligible=bool(found["is_backup_eligible"]),
        state=found["state"],
        created_at=found["created_at"],
    )
