"""Payments: what is asked for, idempotency, retries, concurrency, limits."""

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from branchxr.models import Assurance
from branchxr.protocol.intent import parse
from branchxr.protocol.soft import SOFT_AAGUID
from branchxr.server.policy import Policy

ASKED = {"creditor": "CITY-UTILITIES", "amount": "10.00", "currency": "RUB"}


async def test_the_intent_says_what_was_asked(ada: Any, clock: Any) -> None:
    payment = await ada.begin(amount="1500.00", reference="Аренда № 7")
    intent = parse(payment["intent"].encode())
    assert (intent.amount, intent.currency, intent.reference) == ("1500.00", "RUB", "Аренда № 7")
    assert intent.debtor == await ada.account()
    assert intent.creditor.account == "CITY-UTILITIES"
    assert intent.creditor.name == "City Utilities (simulated)"
    assert (intent.sid, intent.user) == (ada.tokens["sid"], ada.tokens["user"])
    assert (intent.iat, intent.exp) == (clock.now, clock.now + 120)
    assert payment["options"]["rpId"] == intent.rp == "localhost"
    assert payment["options"]["userVerification"] == "required"


AMOUNTS = [
    "25.001", "-1", "-1.00", "1e2", "٢٥", "٢٥.٠٠", "10", "10.0", "+1.00", "0.00", " 1.00",
    "1.00\n", "NaN", "01.00", "1,00", "", "1.00 RUB", "0x10", "10000000000000.01", "∞",
]  # fmt: skip


@pytest.mark.parametrize("amount", AMOUNTS)
async def test_amounts_that_are_none(ada: Any, amount: str) -> None:
    body = {**ASKED, "amount": amount}
    code = await ada.refused("POST", "/v1/payments", body, key=ada.new_key())
    assert code == "amount_refused"


REQUESTS: list[tuple[dict[str, Any], str]] = [
    ({"currency": "JPY", "amount": "10.00"}, "amount_refused"),
    ({"currency": "rub"}, "amount_refused"),
    ({"currency": "XXX"}, "amount_refused"),
    ({"currency": "EUR"}, "currency_mismatch"),
    ({"creditor": "HARBOUR-RENTALS"}, "currency_mismatch"),
    ({"creditor": "HARBOUR-RENTALS", "currency": "EUR"}, "currency_mismatch"),
    ({"creditor": "NOBODY"}, "account_unknown"),
    ({"creditor": "EQUITY-RUB"}, "account_unknown"),
    ({"creditor": "\x00'; DROP TABLE accounts"}, "account_unknown"),
    ({"debtor": "CITY-UTILITIES"}, "account_unknown"),
    ({"debtor": "EQUITY-RUB"}, "account_unknown"),
    ({"amount": "100000.01"}, "insufficient_funds"),
    ({"reference": "x" * 141}, "reference_refused"),
    ({"reference": "a\u202eb"}, "reference_refused"),
    ({"reference": "e\u0301"}, "reference_refused"),
    ({"amount": 10}, "bad_request"),
    ({"amount": 10.0}, "bad_request"),
    ({"note": "unknown field"}, "bad_request"),
]


@pytest.mark.parametrize(("changes", "code"), REQUESTS, ids=lambda value: str(value)[:40])
async def test_requests_that_are_refused(ada: Any, changes: dict[str, Any], code: str) -> None:
    body = {**ASKED, **changes}
    assert await ada.refused("POST", "/v1/payments", body, key=ada.new_key()) == code
    assert await ada.balance_minor() == 100_000_00


async def test_paying_oneself(ada: Any) -> None:
    body = {**ASKED, "creditor": await ada.account()}
    assert await ada.refused("POST", "/v1/payments", body, key=ada.new_key()) == "same_account"


async def test_one_key_is_one_payment(ada: Any) -> None:
    key = ada.new_key()
    first = await ada.ask("POST", "/v1/payments", ASKED, key=key)
    assert await ada.ask("POST", "/v1/payments", ASKED, key=key) == first
    reordered = dict(reversed(ASKED.items()))
    assert (await ada.ask("POST", "/v1/payments", reordered, key=key))["id"] == first["id"]
    other = {**ASKED, "amount": "99.00"}
    assert await ada.refused("POST", "/v1/payments", other, key=key) == "idempotency_key_reused"
    assert (await ada.begin())["id"] != first["id"]


async def test_a_key_is_kept_for_ever(ada: Any, passkey: Any, clock: Any) -> None:
    key = ada.new_key()
    first = await ada.ask("POST", "/v1/payments", ASKED, key=key)
    await ada.authorize(first["id"], passkey.sign(first["options"]))
    for _ in range(4):
        clock.now += 11 * 3600
        ada.access_token = ""
        ada.take(
            await ada.ask("POST", "/v1/tokens", {"refresh_token": ada.tokens["refresh_token"]})
        )
    again = await ada.ask("POST", "/v1/payments", ASKED, key=key)
    assert (again["id"], again["state"]) == (first["id"], "posted")
    assert await ada.balance_minor() == 99_990_00


async def test_a_key_belongs_to_one_customer(
    world: Any, branch: Any, ada: Any, new_passkey: Any
) -> None:
    ben = await world.customer(branch, new_passkey(), "Ben")
    mine = await ada.ask("POST", "/v1/payments", ASKED, key="shared-key-0123456")
    his = await ben.ask("POST", "/v1/payments", ASKED, key="shared-key-0123456")
    assert mine["id"] != his["id"]


@pytest.mark.parametrize(
    "key", [None, "short", "x" * 65, "key with spaces 00", "key-with-a-tail-0\x7f"]
)
async def test_keys_that_are_none(ada: Any, key: str | None) -> None:
    code = await ada.refused("POST", "/v1/payments", ASKED, key=key)
    assert code == "idempotency_key_missing"


async def test_the_same_signature_again_is_the_same_receipt(ada: Any, passkey: Any) -> None:
    payment = await ada.begin()
    signed = passkey.sign(payment["options"])
    first = (await ada.authorize(payment["id"], signed)).json()
    assert (await ada.authorize(payment["id"], signed)).json() == first
    assert await ada.ask("GET", f"/v1/payments/{payment['id']}") == first
    other = await ada.authorize(payment["id"], passkey.sign(payment["options"]))
    assert other.json()["code"] == "approval_replayed"
    assert await ada.balance_minor() == 99_990_00


async def test_a_refusal_is_replayed_like_a_success(ada: Any, passkey: Any) -> None:
    first, second = await ada.begin(amount="60000.00"), await ada.begin(amount="60000.00")
    await ada.authorize(first["id"], passkey.sign(first["options"]))
    signed = passkey.sign(second["options"])
    for _ in range(3):
        answer = await ada.authorize(second["id"], signed)
        assert (answer.status_code, answer.json()["code"]) == (409, "insufficient_funds")
    seen = await ada.ask("GET", f"/v1/payments/{second['id']}")
    assert (seen["state"], seen["code"]) == ("rejected", "insufficient_funds")
    assert "options" not in seen or seen["options"] is None


async def test_a_failed_signature_sent_again_fails_once(ada: Any, passkey: Any) -> None:
    payment = await ada.begin()
    wrong, key = (
        passkey.sign(payment["options"], flags=0x01),
        ada.new_key(),
    )  # present, not verified
    for _ in range(10):  # the replies were lost
        answer = await ada.authorize(payment["id"], wrong, key=key)
        assert answer.json()["code"] == "user_verification_missing"
    honest = await ada.authorize(payment["id"], passkey.sign(payment["options"]))
    assert honest.json()["state"] == "posted"


async def test_an_authorisation_key_used_for_another_signature(ada: Any, passkey: Any) -> None:
    payment = await ada.begin()
    key = ada.new_key()
    signed = passkey.sign(payment["options"])
    await ada.authorize(payment["id"], signed, key=key)
    other = await ada.authorize(payment["id"], passkey.sign(payment["options"]), key=key)
    assert other.json()["code"] == "idempotency_key_reused"


async def test_cancelling(ada: Any, passkey: Any) -> None:
    payment = await ada.begin()
    path = f"/v1/payments/{payment['id']}/cancel"
    key = ada.new_key()
    for _ in range(2):
        assert (await ada.ask("POST", path, {}, key=key))["state"] == "cancelled"
    assert (await ada.ask("POST", path, key=ada.new_key()))["state"] == "cancelled"
    answer = await ada.authorize(payment["id"], passkey.sign(payment["options"]))
    assert answer.json()["code"] == "not_pending"
    posted = await ada.begin()
    await ada.authorize(posted["id"], passkey.sign(posted["options"]))
    gone = f"/v1/payments/{posted['id']}/cancel"
    assert await ada.refused("POST", gone, {}, key=ada.new_key()) == "not_pending"
    nowhere = "/v1/payments/nothing/cancel"
    assert await ada.refused("POST", nowhere, {}, key=ada.new_key()) == "payment_unknown"


async def test_a_soft_key_is_capped(world: Any, branch: Any, new_passkey: Any) -> None:
    soft = new_passkey(aaguid=SOFT_AAGUID, attestation="packed")
    bot = await world.customer(branch, soft, "Bot")
    assert bot.tokens["assurance"] == "soft"
    body = {**ASKED, "amount": "60000.01"}
    assert await bot.refused("POST", "/v1/payments", body, key=bot.new_key()) == "limit_exceeded"
    payment = await bot.begin(amount="60000.00")
    answer = await bot.authorize(payment["id"], soft.sign(payment["options"]))
    assert answer.json()["state"] == "posted"


async def test_production_takes_no_passkey_it_cannot_trust(world: Any, new_passkey: Any) -> None:
    branch = await world.open(policy=Policy.production())
    for passkey in (new_passkey(), new_passkey(aaguid=SOFT_AAGUID)):
        guest = await (await world.caller(branch)).enter()
        begun = await guest.ask("POST", "/v1/registrations", {"name": "Ada"})
        answer = {"credential": passkey.register(begun["options"])}
        path = f"/v1/registrations/{begun['id']}"
        assert await guest.refused("POST", path, answer) == "assurance_too_low"
    platform = new_passkey(aaguid=bytes.fromhex("fbfc3007154e4ecc8c0b6e020557d7bd"))
    ada = await world.customer(branch, platform)
    assert ada.tokens["assurance"] == Assurance.PLATFORM
    assert await ada.balance_minor() == 0  # no seeded money outside development


async def test_what_was_stored_cannot_be_altered(ada: Any, passkey: Any, branch: Any) -> None:
    payment = await ada.begin()
    signed = passkey.sign(payment["options"])
    forged = payment["intent"].replace('"10.00"', '"99.00"').encode()
    update = text("UPDATE payments SET intent = :intent WHERE id = :id")
    values = {"intent": forged, "id": payment["id"]}
    store = branch._store
    with pytest.raises(IntegrityError, match="ends once"):
        await store.write(lambda connection: connection.execute(update, values))
    await store.write(lambda connection: connection.execute(text("DROP TRIGGER payments_end_once")))
    await store.write(lambda connection: connection.execute(update, values))
    answer = await ada.authorize(payment["id"], signed)  # even past the trigger, it is not signed
    assert answer.json()["code"] == "challenge_mismatch"
    assert await ada.balance_minor() == 100_000_00


async def test_64_times_the_same_at_once(world: Any, tmp_path: Path, new_passkey: Any) -> None:
    branch, passkey = await world.open(data=tmp_path), new_passkey()
    ada = await world.customer(branch, passkey)
    payment = await ada.begin(amount="10.00")
    signed = passkey.sign(payment["options"])
    answers = await asyncio.gather(*(ada.authorize(payment["id"], signed) for _ in range(64)))
    assert {answer.json()["state"] for answer in answers} == {"posted"}
    assert len({answer.json()["receipt"]["transfer"] for answer in answers}) == 1
    assert await ada.balance_minor() == 99_990_00
    assert await branch.ledger.transfer_count() == 2  # the seeded sum, and this one


async def test_20_payments_for_8_times_the_money(
    world: Any, tmp_path: Path, new_passkey: Any
) -> None:
    branch = await world.open(data=tmp_path, policy=Policy(seed_minor=80_00))
    passkey = new_passkey()
    ada = await world.customer(branch, passkey)
    payments = await asyncio.gather(*(ada.begin(amount="10.00") for _ in range(20)))
    signed = [(payment["id"], passkey.sign(payment["options"])) for payment in payments]
    answers = await asyncio.gather(*(ada.authorize(*each) for each in signed))
    outcomes = Counter(answer.json().get("code") or answer.json()["state"] for answer in answers)
    assert outcomes == {"posted": 8, "insufficient_funds": 12}
    assert await ada.balance_minor() == 0
    assert await branch.ledger.sum_minor() == 0
    assert await branch.ledger.discrepancies() == []
