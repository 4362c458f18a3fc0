"""The laws of the books, as a state machine against a small model, and one by one."""

import asyncio
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from branchxr.money import Money
from branchxr.server import ledger
from branchxr.server.ledger import Entry, LedgerRefused
from branchxr.server.store import Store

ACCOUNTS = {"EQUITY": "RUB", "A": "RUB", "B": "RUB", "C": "RUB", "E": "EUR", "F": "EUR"}


def open_accounts(connection: Any) -> None:
    for account, currency in ACCOUNTS.items():
        ledger.open_account(
            connection,
            account,
            owner="somebody",
            name=account,
            currency=currency,
            may_overdraw=account == "EQUITY",
        )


@dataclass
class Model:
    """What the books should say: forty lines that anybody can check by reading."""

    balance: dict[str, int] = field(default_factory=lambda: dict.fromkeys(ACCOUNTS, 0))
    held: dict[str, int] = field(default_factory=lambda: dict.fromkeys(ACCOUNTS, 0))
    ids: set[str] = field(default_factory=set)
    holds: dict[str, Entry | None] = field(default_factory=dict)

    def refusal(self, entry: Entry) -> str | None:
        if entry.debit == entry.credit:
            return "same_account"
        if entry.debit not in ACCOUNTS or entry.credit not in ACCOUNTS:
            return "account_unknown"
        if {ACCOUNTS[entry.debit], ACCOUNTS[entry.credit]} != {entry.money.currency}:
            return "currency_mismatch"
        if entry.id in self.ids:
            return "transfer_exists"
        free = self.balance[entry.debit] - self.held[entry.debit]
        if entry.debit != "EQUITY" and free < entry.money.minor:
            return "insufficient_funds"
        return None

    def book(self, entries: list[Entry]) -> str | None:
        """Book all, or none and say why."""
        before = (dict(self.balance), dict(self.held), set(self.ids), dict(self.holds))
        for entry in entries:
            code = self.refusal(entry)
            if code:
                self.balance, self.held, self.ids, self.holds = before
                return code
            self.ids.add(entry.id)
            if entry.is_hold:
                self.held[entry.debit] += entry.money.minor
                self.holds[entry.id] = entry
            else:
                self.move(entry.debit, entry.credit, entry.money.minor)
        return None

    def move(self, debit: str, credit: str, minor: int) -> None:
        self.balance[debit] -= minor
        self.balance[credit] += minor

    def resolve(self, hold: str, resolution: str, money: Money | None) -> str | None:
        if hold not in self.holds:
            return "hold_unknown"
        entry = self.holds[hold]
        if entry is None:
            return "hold_resolved"
        if money is not None and money.currency != entry.money.currency:
            return "currency_mismatch"
        if money is not None and money.minor > entry.money.minor:
            return "hold_exceeded"
        if resolution in self.ids:
            return "transfer_exists"
        self.ids.add(resolution)
        self.held[entry.debit] -= entry.money.minor
        self.holds[hold] = None
        if money is not None:
            self.move(entry.debit, entry.credit, money.minor)
        return None


ids = st.integers(0, 30).map(lambda n: f"t{n}")
accounts = st.sampled_from([*ACCOUNTS, "NOBODY"])
moneys = st.builds(Money.from_minor, st.integers(1, 900), st.sampled_from(["RUB", "RUB", "EUR"]))
entries = st.builds(Entry, ids, accounts, accounts, moneys, is_hold=st.booleans())


class Books(RuleBasedStateMachine):
    """Do the same to the model and to the books; they have to agree in every word."""

    @initialize()
    def open(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.opening = Store.open(None)
        self.store = self.loop.run_until_complete(self.opening.__aenter__())
        self.run(open_accounts)
        self.model = Model()
        for account, currency in ACCOUNTS.items():
            if account != "EQUITY" and currency == "RUB":
                money = Money.from_minor(1000, "RUB")
                self.agree([Entry(f"seed-{account}", "EQUITY", account, money)])

    def run(self, change: Any) -> Any:
        return self.loop.run_until_complete(self.store.write(change))

    def agree(self, booked: list[Entry]) -> None:
        expected = self.model.book(booked)
        found = None
        try:
            self.run(lambda connection: ledger.book(connection, *booked, now=1.0))
        except LedgerRefused as refused:
            found = refused.code
        assert found == expected

    @rule(entry=entries)
    def book(self, entry: Entry) -> None:
        self.agree([entry])

    @rule(linked=st.lists(entries, min_size=2, max_size=4))
    def book_linked(self, linked: list[Entry]) -> None:
        self.agree(linked)

    @rule(hold=ids, resolution=ids, money=st.none() | moneys)
    def resolve(self, hold: str, resolution: str, money: Money | None) -> None:
        expected = self.model.resolve(hold, resolution, money)
        found = None
        try:
            self.run(
                lambda connection: ledger.resolve(
                    connection, hold, resolution=resolution, money=money, now=2.0
                )
            )
        except LedgerRefused as refused:
            found = refused.code
        assert found == expected

    @invariant()
    def balances_agree(self) -> None:
        def read(connection: Any) -> None:
            for account in ACCOUNTS:
                row = ledger.find_account(connection, account)
                assert row is not None
                assert row["balance_minor"] == self.model.balance[account]
                assert row["held_minor"] == self.model.held[account]
                assert row["may_overdraw"] or row["balance_minor"] >= row["held_minor"] >= 0
            assert set(ledger.sums_minor(connection).values()) == {0}
            assert ledger.discrepancies(connection) == []

        if hasattr(self, "store"):
            self.run(read)

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.loop.run_until_complete(self.opening.__aexit__(None, None, None))
            self.loop.close()


Books.TestCase.settings = settings(
    max_examples=30, stateful_step_count=25, deadline=None, derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)  # fmt: skip
TestBooks = Books.TestCase


@pytest.fixture
async def store(world: Any) -> Store:
    store: Store = await world.stack.enter_async_context(Store.open(None))
    await store.write(open_accounts)
    rub = Money("10.00", "RUB")
    await store.write(
        lambda connection: ledger.book(connection, Entry("seed", "EQUITY", "A", rub), now=1.0)
    )
    return store


FORBIDDEN = {
    "changing a transfer": "UPDATE transfers SET amount_minor = 1",
    "deleting a transfer": "DELETE FROM transfers",
    "deleting an account": "DELETE FROM accounts WHERE id = 'B'",
    "changing a currency": "UPDATE accounts SET currency = 'EUR' WHERE id = 'A'",
    "letting an account overdraw": "UPDATE accounts SET may_overdraw = 1 WHERE id = 'A'",
    "an account that starts with money": (
        "INSERT INTO accounts VALUES ('X', 'x', 'x', 'RUB', 0, 5, 0)"
    ),
    "taking more than there is": (
        "INSERT INTO transfers VALUES ('x', 'posted', 'A', 'B', 1001, 'RUB', '', NULL, 1, 99)"
    ),
    "a negative amount": (
        "INSERT INTO transfers VALUES ('x', 'posted', 'A', 'B', -1, 'RUB', '', NULL, 1, 99)"
    ),
    "two currencies": (
        "INSERT INTO transfers VALUES ('x', 'posted', 'A', 'E', 1, 'RUB', '', NULL, 1, 99)"
    ),
    "an account that is not": (
        "INSERT INTO transfers VALUES ('x', 'posted', 'A', 'X', 1, 'RUB', '', NULL, 1, 99)"
    ),
    "paying oneself": (
        "INSERT INTO transfers VALUES ('x', 'posted', 'A', 'A', 1, 'RUB', '', NULL, 1, 99)"
    ),
    "resolving what is no hold": (
        "INSERT INTO transfers VALUES ('x', 'post', 'EQUITY', 'A', 1, 'RUB', '', 'seed', 1, 99)"
    ),
}


@pytest.mark.parametrize("statement", FORBIDDEN.values(), ids=FORBIDDEN)
async def test_the_database_itself_refuses(store: Store, statement: str) -> None:
    with pytest.raises(IntegrityError):
        await store.write(lambda connection: connection.execute(text(statement)))
    assert await store.read(ledger.sums_minor) == {"EUR": 0, "RUB": 0}
    assert await store.read(ledger.transfer_count) == 1


def book_one(connection: Any, entry: Entry) -> None:
    ledger.book(connection, entry, now=2.0)


async def test_statements_are_the_newest_first_and_bounded(store: Store) -> None:
    one = Money("0.01", "RUB")
    for n in range(60):
        entry = Entry(f"t{n}", "A", "B", one, f"number {n}")
        await store.write(partial(book_one, entry=entry))
    rows = await store.read(lambda connection: ledger.statement(connection, "A"))
    assert len(rows) == ledger.STATEMENT_TRANSFERS + 1
    assert (rows[0]["reference"], rows[0]["signed_minor"]) == ("number 59", -1)
    assert rows[0]["counterparty"] == "B"
