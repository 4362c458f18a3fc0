"""The whole way once: guest, registration, sign-in, accounts, payment, receipt."""

from typing import Any


async def test_from_the_door_to_the_receipt(
    world: Any, branch: Any, ada: Any, passkey: Any
) -> None:
    assert ada.tokens["role"] == "visitor"
    assert await ada.balance_minor() == 100_000_00
    payment = await ada.begin(amount="25.00", reference="rent")
    answer = await ada.authorize(payment["id"], passkey.sign(payment["options"]))
    assert answer.status_code == 200, answer.text
    assert answer.json()["state"] == "posted"
    assert answer.json()["receipt"]["transfer"]
    assert await ada.balance_minor() == 99_975_00
    assert await branch.ledger.balance_minor("CITY-UTILITIES") == 25_00
    assert await branch.ledger.sum_minor() == 0
    assert await branch.ledger.discrepancies() == []

    later = await (await world.caller(branch)).enter("Visitor")
    before = later.tokens
    await later.sign_in(passkey)
    assert (later.tokens["name"], later.tokens["role"]) == ("Ada", "visitor")
    assert later.tokens["participant"] == before["participant"]
    statement = await later.ask("GET", f"/v1/accounts/{await later.account()}/transfers")
    assert [t["amount"] for t in statement["transfers"]] == ["-25.00", "100000.00"]
