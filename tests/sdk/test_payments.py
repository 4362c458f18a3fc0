"""Payments end to end: what is signed is what was asked, and money moves once or not at all."""

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from branchxr import Money
from branchxr.client import Branch
from branchxr.errors import (
    ApiError,
    ApprovalError,
    ApprovalExpired,
    BranchXRError,
    Conflict,
    Declined,
    InputRefused,
    IntentMismatch,
    InvalidMoney,
    KeyRefused,
    ProtocolError,
)
from branchxr.models import Payment, PaymentRequest, PaymentState
from branchxr.payments import outbox as outbox_module
from branchxr.payments.approval import Approval, Assertion, KeyConfirmer, Refusal
from branchxr.payments.outbox import EntryState, Outbox
from branchxr.protocol.canonical import encode_base64url
from branchxr.protocol.intent import Creditor, Intent, canonical, challenge, parse
from branchxr.testing import Fault, InProcessBranch

AMOUNT = Money("25.00", "RUB")
OFFER = "POST /v1/payments$"
AUTHORIZE = "POST /v1/payments/.*/authorize"
READ = "GET /v1/payments/"


async def balance(branch: Branch) -> str:
    return (await branch.accounts())[0].balance


async def test_a_payment_moves_the_money_and_gives_a_receipt(
    place: InProcessBranch, ada: Branch
) -> None:
    receipt = await ada.pay(place.MERCHANT, AMOUNT, "rent", payee_name="City Utilities (simulated)")
    assert (receipt.state, receipt.amount) == (PaymentState.POSTED, AMOUNT)
    assert receipt.challenge_sha256 == challenge(canonical(receipt.intent)).hex()
    assert receipt.intent.creditor.account == place.MERCHANT
    assert await balance(ada) == "99975.00"
    assert await place.server.ledger.balance_minor(place.MERCHANT) == 2500
    assert await place.server.ledger.sum_minor() == 0
    assert await ada.payments.settle() == []


async def test_a_reference_is_sent_in_normal_form_c(place: InProcessBranch, ada: Branch) -> None:
    receipt = await ada.pay(place.MERCHANT, AMOUNT, "Cafe\u0301")
    assert receipt.intent.reference == "Café"


@pytest.mark.parametrize(
    ("to", "amount", "code"),
    [
        ("ACC-NOBODY", AMOUNT, "account_unknown"),
        ("HARBOUR-RENTALS", AMOUNT, "currency_mismatch"),
    ],
)
async def test_what_the_branch_refuses(
    place: InProcessBranch, ada: Branch, to: str, amount: Money, code: str
) -> None:
    with pytest.raises(ApiError) as refusal:
        await ada.pay(to, amount)
    assert refusal.value.code == code
    assert refusal.value.outcome_known
    assert await ada.payments.settle() == []


async def test_more_than_there_is(place: InProcessBranch, ada: Branch) -> None:
    await ada.pay(place.MERCHANT, Money("60000.00", "RUB"))
    with pytest.raises(Conflict) as refusal:
        await ada.pay(place.MERCHANT, Money("60000.00", "RUB"))
    assert refusal.value.code == "insufficient_funds"
    assert await balance(ada) == "40000.00"


@pytest.mark.parametrize("amount", ["0.00", "-1.00"])
async def test_nothing_or_less_is_not_asked_for(
    place: InProcessBranch, ada: Branch, amount: str
) -> None:
    asked = len(place.faults.log)
    with pytest.raises(InvalidMoney):
        await ada.pay(place.MERCHANT, Money(amount, "RUB"))
    assert len(place.faults.log) == asked


async def test_without_somebody_to_approve_nothing_is_asked(place: InProcessBranch) -> None:
    async with place.connect() as guest:
        with pytest.raises(KeyRefused) as refusal:
            await guest.pay(place.MERCHANT, AMOUNT)
    assert refusal.value.code == "no_confirmer"


# --- what is signed is what was asked -----------------------------------------------------------


def swapped(**changes: Any) -> Callable[[httpx.Response, bytes], bytes]:
    """Return a fault that makes the branch offer a consistent intent with other content."""

    def alter(_response: httpx.Response, body: bytes) -> bytes:
        payment = msgspec.json.decode(body, type=Payment)
        intent = parse(payment.intent.encode())
        forged = canonical(msgspec.structs.replace(intent, **changes))
        options = dict(payment.options or {})
        options["challenge"] = encode_base64url(challenge(forged))
        return msgspec.json.encode(
            msgspec.structs.replace(
                payment,
                intent=forged.decode(),
                challenge=challenge(forged).hex(),
                options=options,
            )
        )

    return alter


class Watching:
    """A confirmer that notes what it was asked, and signs."""

    def __init__(self, place: InProcessBranch) -> None:
        self.key = place.key()
        self.asked: list[Approval] = []

    async def confirm(self, approval: Approval) -> Assertion | Refusal:
        self.asked.append(approval)
        return await KeyConfirmer(self.key).confirm(approval)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"creditor": Creditor("CORNER-BOOKSHOP", "City Utilities (simulated)")}, "creditor"),
        ({"creditor": Creditor("CITY-UTILITIES", "Corner Bookshop (simulated)")}, "payee name"),
        ({"amount": "2500.00"}, "amount"),
        ({"currency": "EUR"}, "currency"),
        ({"reference": "gift"}, "reference"),
        ({"rp": "elsewhere"}, "rp"),
        ({"sid": "another"}, "sid"),
        ({"user": "another"}, "user"),
        ({"id": "another"}, "id"),
    ],
)
async def test_an_intent_that_differs_is_not_signed(
    place: InProcessBranch, changes: dict[str, Any], field: str
) -> None:
    watching = Watching(place)
    async with place.connect(authenticator=watching.key, confirmer=watching) as branch:
        place.faults.add(OFFER, swapped(**changes))
        with pytest.raises(IntentMismatch) as refusal:
            await branch.pay(
                place.MERCHANT, AMOUNT, "rent", payee_name="City Utilities (simulated)"
            )
        assert refusal.value.code == "intent_mismatch"
        assert field in refusal.value.came
        assert watching.asked == []
        assert await balance(branch) == "100000.00"
        assert await branch.payments.settle() == []


async def test_a_debtor_of_ones_own_choice_must_stand_in_the_intent(
    place: InProcessBranch, ada: Branch
) -> None:
    (account,) = await ada.accounts()
    place.faults.add(OFFER, swapped(debtor="ACC-OTHER"))
    with pytest.raises(IntentMismatch):
        await ada.pay(place.MERCHANT, AMOUNT, debtor=account.id)
    await ada.pay(place.MERCHANT, AMOUNT, debtor=account.id)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda p: p | {"challenge": "00" * 32}, "challenge_mismatch"),
        (lambda p: p | {"options": p["options"] | {"challenge": "AAAA"}}, "challenge_mismatch"),
        (lambda p: p | {"options": p["options"] | {"challenge": 5}}, "challenge_mismatch"),
        (lambda p: p | {"options": p["options"] | {"rpId": "evil.example"}}, "intent_mismatch"),
        (lambda p: p | {"options": None}, "intent_mismatch"),
        (lambda p: p | {"intent": p["intent"].replace('"25.00"', '"25.0"')}, "intent_malformed"),
        (lambda p: p | {"intent": p["intent"].replace(",", ", ")}, "intent_malformed"),
        (lambda p: p | {"intent": p["intent"].replace("{", '{"amount":"1.00",', 1)},
         "intent_malformed"),
        (lambda p: p | {"intent": "[]"}, "intent_malformed"),
    ],
)  # fmt: skip
async def test_a_challenge_that_does_not_commit_to_the_intent_is_not_signed(
    place: InProcessBranch, change: Callable[[dict[str, Any]], Any], code: str
) -> None:
    def alter(_response: httpx.Response, body: bytes) -> bytes:
        return msgspec.json.encode(change(msgspec.json.decode(body)))

    watching = Watching(place)
    async with place.connect(authenticator=watching.key, confirmer=watching) as branch:
        place.faults.add(OFFER, alter)
        with pytest.raises(IntentMismatch) as refusal:
            await branch.pay(place.MERCHANT, AMOUNT)
    assert refusal.value.code == code
    assert watching.asked == []


async def test_user_verification_is_asked_for_whatever_the_branch_says(
    place: InProcessBranch,
) -> None:
    def alter(_response: httpx.Response, body: bytes) -> bytes:
        payment = msgspec.json.decode(body)
        payment["options"]["userVerification"] = "discouraged"
        return msgspec.json.encode(payment)

    watching = Watching(place)
    async with place.connect(authenticator=watching.key, confirmer=watching) as branch:
        place.faults.add(OFFER, alter)
        await branch.pay(place.MERCHANT, AMOUNT)
    (approval,) = watching.asked
    assert approval.options["userVerification"] == "required"
    assert parse(approval.canonical) == approval.intent


async def test_a_receipt_of_another_payment_is_refused(place: InProcessBranch, ada: Branch) -> None:
    first = await ada.pay(place.MERCHANT, AMOUNT)

    def alter(_response: httpx.Response, body: bytes) -> bytes:
        payment = msgspec.json.decode(body)
        return msgspec.json.encode(payment | {"id": first.id})

    place.faults.add(AUTHORIZE, alter)
    with pytest.raises(ProtocolError):
        await ada.pay(place.MERCHANT, AMOUNT)
    (settled,) = await ada.payments.settle()
    assert settled.outcome == "posted"


# --- saying no ----------------------------------------------------------------------------------


class Saying:
    """A confirmer that answers what it is told to."""

    def __init__(self, answer: Callable[[Approval], Any]) -> None:
        self._answer = answer

    async def confirm(self, approval: Approval) -> Assertion | Refusal:
        answer: Assertion | Refusal = await self._answer(approval)
        return answer


async def test_declining_cancels(place: InProcessBranch) -> None:
    seen: list[Intent] = []

    async def no(approval: Approval) -> Refusal:
        seen.append(approval.intent)
        return Refusal("not today")

    key = place.key()
    async with place.connect(authenticator=key, confirmer=Saying(no)) as branch:
        with pytest.raises(Declined, match="not today"):
            await branch.pay(place.MERCHANT, AMOUNT)
        assert (await branch.payments.read(seen[0].id)).state is PaymentState.CANCELLED
        assert await branch.payments.settle() == []
        assert await balance(branch) == "100000.00"


async def test_an_approval_that_comes_too_late(place: InProcessBranch) -> None:
    async def late(_approval: Approval) -> Refusal:
        await asyncio.sleep(3600)
        return Refusal()

    async with place.connect(authenticator=place.key(), confirmer=Saying(late)) as branch:
        began = place.clock.monotonic()
        with pytest.raises(ApprovalExpired):
            await branch.pay(place.MERCHANT, AMOUNT)
        assert place.clock.monotonic() - began == pytest.approx(120, abs=1.5)


async def test_who_is_cancelled_while_asked_leaves_nothing_open(place: InProcessBranch) -> None:
    async def never(_approval: Approval) -> Refusal:
        await asyncio.Event().wait()
        return Refusal()

    async with place.connect(authenticator=place.key(), confirmer=Saying(never)) as branch:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(5):
                await branch.pay(place.MERCHANT, AMOUNT)
        assert await branch.payments.settle() == []


# --- what the network does ----------------------------------------------------------------------


@pytest.mark.parametrize("fault", list(Fault))
@pytest.mark.parametrize("path", [OFFER, AUTHORIZE])
async def test_a_fault_on_the_way_pays_once(
    place: InProcessBranch, ada: Branch, path: str, fault: Fault
) -> None:
    place.faults.add(path, fault, times=2)
    receipt = await ada.pay(place.MERCHANT, AMOUNT)
    assert receipt.state is PaymentState.POSTED
    assert await balance(ada) == "99975.00"
    assert await place.server.ledger.balance_minor(place.MERCHANT) == 2500


async def test_if_no_answer_comes_the_branch_is_asked(place: InProcessBranch, ada: Branch) -> None:
    place.faults.add(AUTHORIZE, Fault.LOSE_REPLY, times=10)
    receipt = await ada.pay(place.MERCHANT, AMOUNT)
    assert receipt.state is PaymentState.POSTED
    assert await balance(ada) == "99975.00"


async def test_if_nothing_can_be_learnt_it_says_so_and_settles_later(
    place: InProcessBranch, ada: Branch
) -> None:
    place.faults.add(AUTHORIZE, Fault.LOSE_REPLY, times=10)
    place.faults.add(READ, Fault.LOSE_REQUEST, times=4)
    with pytest.raises(BranchXRError) as failure:
        await ada.pay(place.MERCHANT, AMOUNT)
    assert not failure.value.outcome_known
    (settled,) = await ada.payments.settle()
    assert (settled.outcome, settled.request.creditor) == ("posted", place.MERCHANT)
    assert await ada.payments.settle() == []
    assert await balance(ada) == "99975.00"


async def test_a_signature_that_never_arrived_stays_open_until_the_intent_expires(
    place: InProcessBranch, ada: Branch
) -> None:
    place.faults.add(AUTHORIZE, Fault.LOSE_REQUEST, times=4)
    with pytest.raises(BranchXRError) as failure:
        await ada.pay(place.MERCHANT, AMOUNT)
    assert not failure.value.outcome_known
    assert [settled.outcome for settled in await ada.payments.settle()] == ["pending"]
    await place.clock.sleep(130)
    (settled,) = await ada.payments.settle()
    assert settled.outcome in {"expired", "approval_expired"}
    assert await balance(ada) == "100000.00"
    assert await ada.payments.settle() == []


@pytest.mark.simulation
@pytest.mark.parametrize("seed", range(5))
async def test_under_chaos_every_verdict_equals_the_ledger(seed: int) -> None:
    import branchxr.testing

    async with branchxr.testing.branch(scene=False, seed=seed) as place:
        async with place.connect(authenticator=place.key()) as branch:
            place.faults.by_chance(lose_request=0.1, lose_reply=0.1, duplicate=0.1)
            posted = 0
            for _ in range(20):
                try:
                    await branch.pay(place.MERCHANT, AMOUNT)
                except BranchXRError as error:
                    if error.outcome_known:
                        continue
                    place.faults.by_chance()
                    outcomes = [settled.outcome for settled in await branch.payments.settle()]
                    posted += outcomes.count("posted")
                    place.faults.by_chance(lose_request=0.1, lose_reply=0.1, duplicate=0.1)
                else:
                    posted += 1
            place.faults.by_chance()
            await place.clock.sleep(130)
            settled_late = [settled.outcome for settled in await branch.payments.settle()]
            assert "posted" not in settled_late, f"repeat with seed {seed}"
        assert await place.server.ledger.balance_minor(place.MERCHANT) == 2500 * posted
        assert await place.server.ledger.sum_minor() == 0


# --- a client that dies -------------------------------------------------------------------------


class Snapshots(Outbox):
    """An outbox that copies its file at each state: what a client killed there leaves behind."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.folder = folder

    async def begin(self, key: str, owner: str, request: PaymentRequest) -> Any:
        entry = await super().begin(key, owner, request)
        self._snap(EntryState.ASKED)
        return entry

    async def advance(self, entry: Any, state: EntryState, **changes: Any) -> Any:
        moved = await super().advance(entry, state, **changes)
        self._snap(state)
        return moved

    def _snap(self, state: EntryState) -> None:
        shutil.copytree(self.folder, self.folder.with_name(f"killed-{state}"))


@pytest.mark.parametrize(
    ("state", "is_lost", "outcome", "left"),
    [
        (EntryState.ASKED, False, "abandoned", "99975.00"),
        (EntryState.OFFERED, False, "abandoned", "99975.00"),
        (EntryState.SIGNED, False, "posted", "99975.00"),
        (EntryState.SIGNED, True, "pending", "100000.00"),
        (EntryState.CLOSED, False, None, "99975.00"),
    ],
)
async def test_a_client_that_was_killed_learns_the_outcome(
    place: InProcessBranch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    state: EntryState, is_lost: bool, outcome: str | None, left: str,
) -> None:  # fmt: skip
    monkeypatch.setattr("branchxr.client.Outbox", Snapshots)
    key = place.key()
    async with place.connect(authenticator=key, data_dir=tmp_path / "data") as first:
        if is_lost:
            place.faults.add(AUTHORIZE, Fault.LOSE_REQUEST, times=4)
            with pytest.raises(BranchXRError):
                await first.pay(place.MERCHANT, AMOUNT)
        else:
            await first.pay(place.MERCHANT, AMOUNT)
    monkeypatch.undo()
    folder = tmp_path / f"killed-{state}"
    async with place.connect(authenticator=key, data_dir=folder) as again:
        settled = await again.payments.settle()
        assert [found.outcome for found in settled] == ([outcome] if outcome else [])
        assert await balance(again) == left
        if outcome != "pending":
            assert await again.payments.settle() == []


async def test_two_customers_share_an_outbox_without_seeing_each_other(
    place: InProcessBranch, tmp_path: Path
) -> None:
    one, other = place.key("one"), place.key("other")
    async with (
        place.connect(authenticator=one, data_dir=tmp_path) as first,
        place.connect(authenticator=other, data_dir=tmp_path) as second,
    ):
        place.faults.add(AUTHORIZE, Fault.LOSE_REQUEST, times=4)
        with pytest.raises(BranchXRError):
            await first.pay(place.MERCHANT, AMOUNT)
        assert await second.payments.settle() == []
        assert len(await first.payments.settle()) == 1


# --- the outbox by itself -----------------------------------------------------------------------

REQUEST = PaymentRequest(creditor="A", amount="1.00", currency="RUB")


async def test_an_entry_moves_only_from_where_it_was_left(tmp_path: Path) -> None:
    async with Outbox(tmp_path) as one, Outbox(tmp_path) as other:
        entry = await one.begin("k", "me", REQUEST)
        await other.advance(entry, EntryState.CLOSED, outcome="abandoned")
        with pytest.raises(ApprovalError) as refusal:
            await one.advance(entry, EntryState.SIGNED)
        assert refusal.value.code == "outbox_conflict"
        assert await one.unsettled("me") == []


async def test_it_outlives_the_process_and_only_the_owner_can_read_it(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    async with Outbox(folder) as box:
        await box.begin("k", "me", REQUEST)
    async with Outbox(folder) as box:
        (entry,) = await box.unsettled("me")
        assert (entry.key, entry.request, entry.state) == ("k", REQUEST, EntryState.ASKED)
        assert await box.unsettled("you") == []
    assert (folder / "outbox.sqlite").stat().st_mode & 0o077 == 0


async def test_open_and_closed_entries_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox_module, "MAX_OPEN", 3)
    monkeypatch.setattr(outbox_module, "MAX_CLOSED", 2)
    async with Outbox() as box:
        entries = [await box.begin(f"k{n}", "me", REQUEST) for n in range(3)]
        with pytest.raises(ApprovalError) as refusal:
            await box.begin("k3", "me", REQUEST)
        assert refusal.value.code == "outbox_full"
        for entry in entries:
            await box.advance(entry, EntryState.CLOSED, outcome="posted")
        await box.begin("k4", "me", REQUEST)
        (count,) = box._connection.execute("SELECT count(*) FROM entries").fetchone()
        assert count == 3


async def test_what_fails_before_the_signature_is_known_not_to_have_moved(
    place: InProcessBranch, ada: Branch
) -> None:
    place.faults.add("POST /v1/payments$", Fault.LOSE_REPLY, times=10)
    with pytest.raises(BranchXRError) as failure:
        await ada.pay(place.MERCHANT, AMOUNT)
    assert failure.value.outcome_known
    assert await ada.payments.settle() == []
    assert await balance(ada) == "100000.00"


async def test_a_garbled_answer_to_the_signature_is_no_refusal(
    place: InProcessBranch, ada: Branch
) -> None:
    place.faults.add(AUTHORIZE, lambda _response, body: body[:40])
    receipt = await ada.pay(place.MERCHANT, AMOUNT)
    assert receipt.state is PaymentState.POSTED
    assert await balance(ada) == "99975.00"


async def test_a_session_that_ends_behind_a_lost_reply_leaves_the_payment_open(
    place: InProcessBranch, ada: Branch
) -> None:
    def revoked(response: httpx.Response, _body: bytes) -> bytes:
        response.status_code = 401
        return b'{"type":"about:blank","title":"","status":401,"code":"session_revoked"}'

    place.faults.add(AUTHORIZE, Fault.LOSE_REPLY)
    place.faults.add(AUTHORIZE, revoked)
    place.faults.add(READ, revoked)
    with pytest.raises(BranchXRError) as failure:
        await ada.pay(place.MERCHANT, AMOUNT)
    assert (failure.value.code, failure.value.outcome_known) == ("session_revoked", False)
    (settled,) = await ada.payments.settle()
    assert settled.outcome == "posted"


async def test_posted_without_a_receipt_is_not_nothing(place: InProcessBranch, ada: Branch) -> None:
    def cut(_response: httpx.Response, body: bytes) -> bytes:
        answer = msgspec.json.decode(body)
        return msgspec.json.encode({**answer, "receipt": None})

    place.faults.add(AUTHORIZE, cut)
    with pytest.raises(ProtocolError) as failure:
        await ada.pay(place.MERCHANT, AMOUNT)
    assert not failure.value.outcome_known
    (settled,) = await ada.payments.settle()
    assert settled.outcome == "posted"


async def test_a_folder_that_cannot_hold_an_outbox(tmp_path: Path) -> None:
    (tmp_path / "outbox.sqlite").write_bytes(b"no database" * 1000)
    (tmp_path / "file").touch()
    for folder in (tmp_path, tmp_path / "file"):
        with pytest.raises(InputRefused) as refusal:
            async with Outbox(folder):
                raise AssertionError
        assert refusal.value.code == "outbox_unusable"


async def test_a_disk_that_takes_no_more_is_said_so_before_anything_is_sent(
    place: InProcessBranch, ada: Branch
) -> None:
    ada.payments._outbox._connection.execute("PRAGMA query_only = 1")
    asked = len(place.faults.log)
    with pytest.raises(ApprovalError) as failure:
        await ada.pay(place.MERCHANT, AMOUNT)
    assert failure.value.code == "outbox_unusable"
    assert len(place.faults.log) == asked


async def test_a_receipt_counts_though_the_outbox_was_closed_meanwhile(
    place: InProcessBranch, ada: Branch
) -> None:
    def settled_elsewhere(_response: httpx.Response, body: bytes) -> bytes:
        ada.payments._outbox._connection.execute("UPDATE entries SET state = 'closed'")
        return body

    place.faults.add(AUTHORIZE, settled_elsewhere)
    assert (await ada.pay(place.MERCHANT, AMOUNT)).state is PaymentState.POSTED


async def test_an_amount_is_money(ada: Branch) -> None:
    with pytest.raises(InvalidMoney):
        await ada.pay("CITY-UTILITIES", 25.0)  # type: ignore[arg-type]
