"""The books: double entry. Transfers are immutable, sums are always zero.

Every function takes the connection of the caller's transaction, so that money moves in the same
transaction as whatever caused it. The triggers of `schema` apply a transfer to the balances and
refuse what breaks a rule, also when the code here has a fault; what is refused here is refused
with a code.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, RowMapping, case, func, insert, or_, select

from ..money import Money, exponent_of
from .schema import ACCOUNTS, TRANSFERS

STATEMENT_TRANSFERS: Final = 50


class LedgerRefused(Exception):
    """A transfer that is not possible; nothing of it, or of what is linked to it, was booked.

    Attributes:
        code: `account_unknown`, `amount_refused`, `currency_mismatch`, `same_account`,
            `insufficient_funds`, `transfer_exists`, `hold_unknown`, `hold_resolved` or
            `hold_exceeded`.
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Entry:
    """A transfer to book: `money` goes from `debit` to `credit`.

    Attributes:
        is_hold: only reserve it; `resolve` decides about it later.
    """

    id: str
    debit: str
    credit: str
    money: Money
    reference: str = ""
    is_hold: bool = False


def open_account(
    connection: Connection,
    account: str,
    *,
    owner: str,
    name: str,
    currency: str,
    may_overdraw: bool = False,
) -> None:
    """Open an empty account; only an equity account may overdraw."""
    exponent_of(currency)
    connection.execute(
        insert(ACCOUNTS).values(
            id=account,
            owner=owner,
            name=name,
            currency=currency,
            may_overdraw=int(may_overdraw),
            balance_minor=0,
            held_minor=0,
        )
    )


def find_account(connection: Connection, account: str) -> RowMapping | None:
    """Return an account's row, or `None`."""
    row = connection.execute(select(ACCOUNTS).where(ACCOUNTS.c.id == account)).mappings()
    return row.one_or_none()


def accounts_of(connection: Connection, owner: str) -> Sequence[RowMapping]:
    """Return an owner's accounts, oldest first."""
    query = select(ACCOUNTS).where(ACCOUNTS.c.owner == owner).order_by(ACCOUNTS.c.id)
    return connection.execute(query).mappings().all()


def book(connection: Connection, *entries: Entry, now: float) -> None:
    """Book linked transfers: all of them, or none.

    Raises:
        LedgerRefused: one of them is not possible.
    """
    with connection.begin_nested():
        for entry in entries:
            _check(connection, entry)
            kind = "pending" if entry.is_hold else "posted"
            _insert(connection, entry, kind, None, now=now)


def resolve(
    connection: Connection, hold: str, *, resolution: str, money: Money | None, now: float
) -> None:
    """End a hold, once: post `money` of it (at most what is held), or void it with `None`.

    Args:
        connection: of the caller's transaction.
        hold: the transfer that reserved the money.
        resolution: the id of the transfer that resolves it.
        money: what moves; the rest is released.
        now: unix seconds.

    Raises:
        LedgerRefused: `hold_unknown`, `hold_resolved`, `hold_exceeded`, `amount_refused` or
            `currency_mismatch`.
    """
    held = _transfer(connection, hold)
    if held is None or held["kind"] != "pending":
        raise LedgerRefused("hold_unknown")
    query = select(TRANSFERS.c.id).where(TRANSFERS.c.resolves == hold)
    if connection.execute(query).first():
        raise LedgerRefused("hold_resolved")
    whole = Money.from_minor(held["amount_minor"], held["currency"])
    moved = whole if money is None else money
    if moved.currency != whole.currency:
        raise LedgerRefused("currency_mismatch")
    if moved.minor <= 0:
        raise LedgerRefused("amount_refused")
    if moved > whole:
        raise LedgerRefused("hold_exceeded")
    entry = Entry(resolution, held["debit"], held["credit"], moved, held["reference"])
    if _transfer(connection, resolution) is not None:
        raise LedgerRefused("transfer_exists")
    _insert(connection, entry, "void" if money is None else "post", hold, now=now)


def statement(connection: Connection, account: str) -> Sequence[RowMapping]:
    """Return an account's latest moves, newest first, one more than `STATEMENT_TRANSFERS`.

    Each has `id`, `signed_minor`, `currency`, `counterparty`, `reference` and `posted_at`.
    """
    is_debit = TRANSFERS.c.debit == account
    query = (
        select(
            TRANSFERS.c.id,
            TRANSFERS.c.currency,
            TRANSFERS.c.reference,
            TRANSFERS.c.posted_at,
            case((is_debit, -TRANSFERS.c.amount_minor), else_=TRANSFERS.c.amount_minor).label(
                "signed_minor"
            ),
            case((is_debit, TRANSFERS.c.credit), else_=TRANSFERS.c.debit).label("counterparty"),
        )
        .where(or_(is_debit, TRANSFERS.c.credit == account))
        .where(TRANSFERS.c.kind.in_(("posted", "post")))
        .order_by(TRANSFERS.c.serial.desc())
        .limit(STATEMENT_TRANSFERS + 1)
    )
    return connection.execute(query).mappings().all()


def sums_minor(connection: Connection) -> dict[str, int]:
    """Return the sum of all balances by currency: zero, each of them, always."""
    query = select(ACCOUNTS.c.currency, func.sum(ACCOUNTS.c.balance_minor)).group_by(
        ACCOUNTS.c.currency
    )
    return {currency: int(total) for currency, total in connection.execute(query)}


def transfer_count(connection: Connection) -> int:
    """Return how many transfers have moved money."""
    moved = TRANSFERS.c.kind.in_(("posted", "post"))
    return connection.execute(select(func.count()).where(moved)).scalar_one()


def discrepancies(connection: Connection) -> list[str]:
    """Recompute every balance from the transfers; return the accounts that differ: none."""
    moved = select(TRANSFERS).where(TRANSFERS.c.kind.in_(("posted", "post"))).subquery()
    credited = select(func.coalesce(func.sum(moved.c.amount_minor), 0)).where(
        moved.c.credit == ACCOUNTS.c.id
    )
    debited = select(func.coalesce(func.sum(moved.c.amount_minor), 0)).where(
        moved.c.debit == ACCOUNTS.c.id
    )
    difference = credited.scalar_subquery() - debited.scalar_subquery()
    query = select(ACCOUNTS.c.id).where(ACCOUNTS.c.balance_minor != difference)
    return [row.id for row in connection.execute(query)]


def _check(connection: Connection, entry: Entry) -> None:
    if entry.debit == entry.credit:
        raise LedgerRefused("same_account")
    if entry.money.minor <= 0:
        raise LedgerRefused("amount_refused")
    debit = find_account(connection, entry.debit)
    credit = find_account(connection, entry.credit)
    if debit is None or credit is None:
        raise LedgerRefused("account_unknown")
    if not debit["currency"] == credit["currency"] == entry.money.currency:
        raise LedgerRefused("currency_mismatch")
    if _transfer(connection, entry.id) is not None:
        raise LedgerRefused("transfer_exists")
    free_minor = debit["balance_minor"] - debit["held_minor"]
    if not debit["may_overdraw"] and free_minor < entry.money.minor:
        raise LedgerRefused("insufficient_funds")


def _transfer(connection: Connection, transfer: str) -> RowMapping | None:
    row = connection.execute(select(TRANSFERS).where(TRANSFERS.c.id == transfer)).mappings()
    return row.one_or_none()


def _insert(
    connection: Connection, entry: Entry, kind: str, resolves: str | None, *, now: float
) -> None:
    newest = select(func.coalesce(func.max(TRANSFERS.c.serial), 0) + 1).scalar_subquery()
    connection.execute(
        insert(TRANSFERS).values(
            id=entry.id,
            kind=kind,
            debit=entry.debit,
            credit=entry.credit,
            amount_minor=entry.money.minor,
            currency=entry.money.currency,
            reference=entry.reference,
            resolves=resolves,
            posted_at=int(now),
            serial=newest,
        )
    )
