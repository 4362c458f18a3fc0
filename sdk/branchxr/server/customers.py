"""The invented customers and payees of a development branch, and what a customer may read."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, insert, select

from ..models import Account, Accounts, Payee, Role, Statement, Transfer
from ..money import Money
from . import ledger
from .ledger import Entry
from .policy import Policy
from .problems import refusal
from .schema import USERS

BRANCH: Final = "branch"
"""Owner of the accounts that are nobody's: equity and the invented payees."""


@dataclass(frozen=True, slots=True)
class Merchant:
    """An invented payee."""

    account: str
    name: str
    currency: str


MERCHANTS: Final = (
    Merchant("CITY-UTILITIES", "City Utilities (simulated)", "RUB"),
    Merchant("CORNER-BOOKSHOP", "Corner Bookshop (simulated)", "RUB"),
    Merchant("HARBOUR-RENTALS", "Harbour Rentals (simulated)", "EUR"),
    Merchant("KAWA-TEAHOUSE", "Kawa Teahouse (simulated)", "JPY"),
)


def equity_of(currency: str) -> str:
    """Return the account that seeded money comes from; only such accounts may overdraw."""
    return f"EQUITY-{currency}"


def seed(connection: Connection) -> None:
    """Open the accounts of a development branch, unless they are there."""
    for currency in sorted({merchant.currency for merchant in MERCHANTS}):
        if ledger.find_account(connection, equity_of(currency)) is None:
            ledger.open_account(
                connection,
                equity_of(currency),
                owner=BRANCH,
                name="Equity (simulated)",
                currency=currency,
                may_overdraw=True,
            )
    for merchant in MERCHANTS:
        if ledger.find_account(connection, merchant.account) is None:
            ledger.open_account(
                connection,
                merchant.account,
                owner=BRANCH,
                name=merchant.name,
                currency=merchant.currency,
            )


def enrol(
    connection: Connection,
    user: str,
    *,
    name: str,
    policy: Policy,
    random_bytes: Callable[[int], bytes],
    now: float,
) -> str:
    """Make a customer and open their account; seed it where money is fake. Return the account."""
    connection.execute(
        insert(USERS).values(id=user, name=name, role=Role.VISITOR.value, created_at=int(now))
    )
    account = _new_number(connection, random_bytes)
    currency = policy.seed_currency
    ledger.open_account(connection, account, owner=user, name=name, currency=currency)
    if policy.seed_minor:
        money = Money.from_minor(policy.seed_minor, currency)
        entry = Entry(f"seed-{account}", equity_of(currency), account, money, "Welcome (simulated)")
        ledger.book(connection, entry, now=now)
    return account


def name_and_role(connection: Connection, user: str) -> tuple[str, Role]:
    """Return a customer's name and role."""
    row = connection.execute(select(USERS).where(USERS.c.id == user)).mappings().one()
    return row["name"], Role(row["role"])


def accounts(connection: Connection, user: str) -> Accounts:
    """Return a customer's accounts."""
    found = ledger.accounts_of(connection, user)
    return Accounts(
        accounts=[
            Account(
                id=row["id"],
                name=row["name"],
                currency=row["currency"],
                balance=Money.from_minor(row["balance_minor"], row["currency"]).amount,
            )
            for row in found
        ]
    )


def statement(connection: Connection, account: str, *, user: str) -> Statement:
    """Return the latest transfers of a customer's account.

    Raises:
        ApiError: `account_unknown`: there is none, or it is somebody else's.
    """
    found = ledger.find_account(connection, account)
    if found is None or found["owner"] != user:
        raise refusal("account_unknown", "another account")
    rows = ledger.statement(connection, account)
    latest = rows[: ledger.STATEMENT_TRANSFERS]
    return Statement(
        account=account,
        transfers=[
            Transfer(
                id=row["id"],
                amount=Money.from_minor(row["signed_minor"], row["currency"]).amount,
                currency=row["currency"],
                counterparty=row["counterparty"],
                reference=row["reference"],
                posted_at=row["posted_at"],
            )
            for row in latest
        ],
        has_more=len(rows) > len(latest),
    )


def payee(connection: Connection, account: str) -> Payee:
    """Say whose account that is (verification of payee).

    Raises:
        ApiError: `account_unknown`: none, or one that takes no payments.
    """
    found = ledger.find_account(connection, account)
    if found is None or found["may_overdraw"]:
        raise refusal("account_unknown", "another account")
    return Payee(account=account, name=found["name"], currency=found["currency"])


def _new_number(connection: Connection, random_bytes: Callable[[int], bytes]) -> str:
    while True:
        number = f"ACC-{int.from_bytes(random_bytes(8), 'big') % 10**10:010d}"
        if ledger.find_account(connection, number) is None:
            return number
