"""Payments over a network that loses and doubles, to a branch that is killed again and again.

At the end the books, read by another program, have to be whole, and every customer has to know
exactly what became of each payment: posted, refused with a code, or cancelled.
"""

import asyncio
import random
import sqlite3
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from branchxr.testing.chaos import FaultyTransport

pytestmark = pytest.mark.end_to_end
LAUNCHER = Path(__file__).with_name("crashing_branch.py")
SEED, CUSTOMERS, KILLS = 7, 4, 6
UP = 0x01  # a person was present, and not verified: a signature that is refused


@dataclass
class Ask:
    """What decides about one payment, and how the branch answered."""

    path: str
    body: dict[str, Any]
    key: str
    verdict: str


class Payer:
    """A customer who insists: the same request under the same key until there is an answer."""

    def __init__(self, caller: Any, passkey: Any, chance: random.Random) -> None:
        self.caller = caller
        self.passkey = passkey
        self.chance = chance
        self.asks: dict[str, Ask] = {}
        self.unissued = 0

    async def insist(self, path: str, body: dict[str, Any], key: str) -> Any:
        while True:
            try:
                answer = await self.caller.send("POST", path, body, key=key)
            except httpx.TransportError:
                await asyncio.sleep(0.02)
                continue
            found = answer.json()
            # Whoever doubles a request doubles its proof: nobody knows what the first one did,
            # nor, after a restart, whether there was one.
            if answer.status_code < 500 and found.get("code") not in AGAIN:
                return found

    async def decide(self, payment: str, action: str, body: dict[str, Any]) -> None:
        ask = Ask(f"/v1/payments/{payment}/{action}", body, self.caller.new_key(), "")
        found = await self.insist(ask.path, ask.body, ask.key)
        ask.verdict = found.get("state") or found["code"]
        self.asks[payment] = ask

    async def pay(self, creditor: str, *, amount: str) -> None:
        asked = {"creditor": creditor, "amount": amount, "currency": "RUB"}
        begun = await self.insist("/v1/payments", asked, self.caller.new_key())
        if "id" not in begun:
            assert begun["code"] == "insufficient_funds"
            self.unissued += 1
            return
        drawn = self.chance.random()
        if drawn < 0.15:
            await self.decide(begun["id"], "cancel", {})
        elif drawn < 0.3:
            wrong = {"credential": self.passkey.sign(begun["options"], flags=UP)}
            await self.decide(begun["id"], "authorize", wrong)
        else:
            right = {"credential": self.passkey.sign(begun["options"])}
            await self.decide(begun["id"], "authorize", right)

    async def pay_on(self, others: list[str], stopped: asyncio.Event) -> None:
        while not stopped.is_set():
            creditor = self.chance.choice(others)
            if self.chance.random() < 0.2:  # together perhaps more than there is
                amount = "40000.00"
                await asyncio.gather(*(self.pay(creditor, amount=amount) for _ in range(3)))
            else:
                amount = f"{self.chance.randint(1, 300)}.{self.chance.randint(0, 99):02d}"
                await self.pay(creditor, amount=amount)

    async def ask_again(self) -> None:
        for payment, ask in self.asks.items():
            again = await self.insist(ask.path, ask.body, ask.key)
            assert (again.get("state") or again["code"]) == ask.verdict
            seen = await self.caller.ask("GET", f"/v1/payments/{payment}")
            assert seen["state"] == STATES.get(ask.verdict, ask.verdict)


AGAIN = {"dpop_replayed", "rate_limited"}
STATES = {"insufficient_funds": "rejected", "user_verification_missing": "pending"}
"""Where a payment stands after a refusal; one failed signature of five decides nothing."""
VERDICTS = {"posted", "cancelled", *STATES}


@asynccontextmanager
async def running(folder: Path, port: int) -> AsyncIterator[str]:
    """Run a branch, yield its address, and end it with SIGKILL."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(LAUNCHER),
        str(folder),
        str(port),
        "never",
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        yield (await process.stdout.readline()).decode().strip()
    finally:
        process.kill()
        await process.wait()


def check_books(folder: Path) -> set[str]:
    """Read the books with another program's eyes; return the payments that moved money."""
    with closing(sqlite3.connect(folder / "branch.sqlite3")) as books:
        assert books.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert books.execute("SELECT sum(balance_minor) FROM accounts").fetchone() == (0,)
        moved: Counter[str] = Counter()
        for debit, credit, amount in books.execute(
            "SELECT debit, credit, amount_minor FROM transfers"
        ):
            moved[debit] -= amount
            moved[credit] += amount
        for account, balance, may in books.execute(
            "SELECT id, balance_minor, may_overdraw FROM accounts"
        ):
            assert balance == moved[account]
            assert may or balance >= 0
        posted = books.execute("SELECT id FROM payments WHERE state = 'posted'")
        transfers = books.execute("SELECT id FROM transfers WHERE id NOT LIKE 'seed-%'")
        paid, booked = ({row[0] for row in rows} for rows in (posted, transfers))
    assert paid == booked
    return paid


async def meet(world: Any, address: str, new_passkey: Any) -> list[Payer]:
    payers = []
    for number in range(CUSTOMERS):
        chance = random.Random(SEED * 100 + number)
        caller = await world.remote(address, partial(FaultyTransport, random=chance))
        passkey = new_passkey(origin=address)
        await (await caller.enter()).register(passkey)
        payers.append(Payer(caller, passkey, chance))
    return payers


async def kill_and_raise(
    folder: Path, port: int, stopped: asyncio.Event, payers: list[Payer]
) -> None:
    chance = random.Random(SEED)
    for _ in range(KILLS):
        async with running(folder, port) as address:
            assert address
            await asyncio.sleep(chance.uniform(0.2, 1.0))
    async with running(folder, port):
        # A slow machine has answered few so far.
        while {ask.verdict for payer in payers for ask in payer.asks.values()} < VERDICTS:  # noqa: ASYNC110 - what is asked may change anywhere
            await asyncio.sleep(0.05)
        stopped.set()
        await asyncio.Event().wait()  # until whoever waits for an answer has it


async def test_every_verdict_is_the_ledgers(world: Any, new_passkey: Any, tmp_path: Path) -> None:
    async with running(tmp_path, 0) as address:
        port = urlsplit(address).port or 0
        payers = await meet(world, address, new_passkey)
        accounts = [await payer.caller.account() for payer in payers]
    for payer in payers:
        payer.caller.http._transport.by_chance(lose_request=0.1, lose_reply=0.1, duplicate=0.1)
    stopped = asyncio.Event()
    async with asyncio.timeout(120):
        killing = asyncio.create_task(kill_and_raise(tmp_path, port, stopped, payers))
        await asyncio.gather(
            *(
                payer.pay_on([a for a in accounts if a != mine], stopped)
                for payer, mine in zip(payers, accounts, strict=True)
            )
        )
        killing.cancel()
        await asyncio.gather(killing, return_exceptions=True)
    verdicts = {payment: ask.verdict for payer in payers for payment, ask in payer.asks.items()}
    told = {payment for payment, verdict in verdicts.items() if verdict == "posted"}
    assert check_books(tmp_path) == told
    for payer in payers:
        payer.caller.http._transport.by_chance()
    async with running(tmp_path, port):  # every outcome is replayed, refusals included
        for payer in payers:
            await payer.ask_again()
    assert check_books(tmp_path) == told
    assert set(verdicts.values()) == VERDICTS, Counter(verdicts.values())
