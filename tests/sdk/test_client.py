"""Connecting, signing in and out: the real client against the real server, in one process."""

import logging
import random
from pathlib import Path
from typing import Any

import httpx
import pytest

import branchxr
import branchxr.testing
from branchxr import Money, Secret, SoftKey
from branchxr.client import Branch
from branchxr.errors import (
    ApiError,
    BranchXRError,
    ConnectionFailed,
    Declined,
    KeyRefused,
    PermissionRefused,
    Unauthenticated,
)
from branchxr.models import Assurance, Role
from branchxr.payments.approval import Approval, Assertion, Refusal
from branchxr.settings import Settings
from branchxr.testing import Fault, InProcessBranch, VirtualClock


async def test_a_guest_looks_around(place: InProcessBranch) -> None:
    async with place.connect(name="Grete") as guest:
        assert guest.describe.rp_id == "localhost"
        assert guest.describe.development
        assert (guest.session.role, guest.session.name) == (Role.GUEST, "Grete")
        with pytest.raises(PermissionRefused) as refusal:
            await guest.accounts()
        assert refusal.value.code == "scope_missing"


async def test_a_new_key_registers_and_a_known_one_signs_in(place: InProcessBranch) -> None:
    key = place.key("Ada")
    async with place.connect(name="Ada", authenticator=key) as first:
        assert (first.session.role, first.session.assurance) == (Role.VISITOR, Assurance.SOFT)
        (account,) = await first.accounts()
        assert (account.balance, account.currency) == ("100000.00", "RUB")
        user = first.session.user
    async with place.connect(name="Somebody", authenticator=key) as again:
        assert (again.session.user, again.session.name) == (user, "Ada")
        assert (await again.accounts())[0].id == account.id


async def test_a_guest_becomes_a_visitor_in_the_same_session(place: InProcessBranch) -> None:
    class Mute:
        """An authenticator that cannot say what it holds: nothing happens by itself."""

        def __init__(self) -> None:
            self.key = place.key()
            self.authenticate = self.key.authenticate
            self.register = self.key.register

    async with place.connect(authenticator=Mute()) as branch:
        before = branch.session
        assert before.role is Role.GUEST
        after = await branch.register("Berta")
        assert (after.role, after.name) == (Role.VISITOR, "Berta")
        assert (after.sid, after.participant) == (before.sid, before.participant)


async def test_a_key_file_signs_in_after_a_restart(place: InProcessBranch, tmp_path: Path) -> None:
    path, secret = tmp_path / "bot.key", Secret("5a" * 32)
    async with place.connect(authenticator=SoftKey.create(path, secret=secret)) as first:
        user = first.session.user
    async with place.connect(authenticator=SoftKey.load(path, secret=secret)) as again:
        assert again.session.user == user
    with pytest.raises(KeyRefused) as refusal:
        SoftKey.load(path, secret=Secret("00" * 32))
    assert refusal.value.code == "key_wrong_secret"


async def test_a_key_of_another_branch_is_refused(place: InProcessBranch) -> None:
    key = place.key()
    async with place.connect(authenticator=key):
        pass
    async with branchxr.testing.branch(scene=False, clock=place.clock, seed=2) as other:
        with pytest.raises(ApiError) as refusal:
            async with other.connect(authenticator=key):
                pass
    assert refusal.value.code == "credential_unknown"


async def test_a_revoked_key_is_refused(place: InProcessBranch) -> None:
    key = place.key()
    async with place.connect(authenticator=key) as branch:
        (passkey,) = await branch.passkeys()
        await branch.revoke_passkey(passkey.id)
    with pytest.raises(ApiError) as refusal:
        async with place.connect(authenticator=key):
            pass
    assert refusal.value.code == "credential_revoked"


async def test_a_finger_that_does_not_match_leaves_a_guest_outside(place: InProcessBranch) -> None:
    key = SoftKey.in_memory(verify_user=lambda _operation, _rp_id: False)
    with pytest.raises(Declined):
        async with place.connect(authenticator=key):
            pass
    with pytest.raises(KeyRefused) as refusal:
        async with place.connect() as guest:
            await guest.register()
    assert refusal.value.code == "no_authenticator"


async def test_another_origin_gets_nothing(place: InProcessBranch) -> None:
    for origin in ("http://localhost:9999", "https://evil.example"):
        with pytest.raises(BranchXRError) as refusal:
            async with place.connect(authenticator=place.key(), origin=origin):
                pass
        assert refusal.value.code in {"origin_mismatch", "key_unsuitable"}


async def test_after_signing_out_nothing_is_left(ada: Branch) -> None:
    await ada.enter()
    await ada.sign_out()
    with pytest.raises(Unauthenticated) as refusal:
        await ada.accounts()
    assert refusal.value.code == "session_missing"
    assert [event async for event in ada.events()] == []


async def test_who_leaves_leaves_no_session_behind(place: InProcessBranch) -> None:
    most = place.server.policy.guests_per_address
    for _ in range(most + 1):  # without the header that exempts tests from the cap
        async with place.connect(headers={}):
            pass
        place.clock.advance(1)
    place.faults.add("DELETE /v1/session", Fault.LOSE_REQUEST)
    async with place.connect():
        pass  # a branch that does not take note is no error


async def test_tokens_are_renewed_without_a_word(place: InProcessBranch, ada: Branch) -> None:
    sid = ada.session.sid
    for _ in range(3):
        place.clock.advance(ada._session.tokens.expires_in + 1)
        assert len(await ada.accounts()) == 1
    assert ada.session.sid == sid
    assert sum("/v1/tokens" in line for line in place.faults.log) == 3


async def test_statement_and_payee(place: InProcessBranch, ada: Branch) -> None:
    (account,) = await ada.accounts()
    statement = await ada.statement(account.id)
    assert [transfer.amount for transfer in statement.transfers] == ["100000.00"]
    assert (await ada.payee(place.MERCHANT)).name == "City Utilities (simulated)"
    with pytest.raises(ApiError) as refusal:
        await ada.payee("ACC-NOBODY")
    assert refusal.value.code == "account_unknown"


async def test_a_branch_that_is_not_there() -> None:
    def nobody(_request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    async with VirtualClock() as clock:
        began = clock.monotonic()
        with pytest.raises(ConnectionFailed, match="branchxr serve") as refusal:
            async with branchxr.connect(
                "http://localhost:1", http_transport=httpx.MockTransport(nobody), clock=clock,
                random=random.Random(1), settings=Settings(),
            ):  # fmt: skip
                pass
        assert refusal.value.outcome_known
        assert clock.monotonic() - began < 4


async def test_a_request_that_is_lost_on_the_way_in(place: InProcessBranch) -> None:
    place.faults.add("GET /.well-known/branchxr", Fault.LOSE_REQUEST, times=2)
    retries: list[Any] = []
    async with place.connect(on_retry=retries.append):
        assert [retry.operation for retry in retries] == ["describe", "describe"]


@pytest.mark.parametrize(
    ("use", "code"),
    [
        (lambda branch: branch.describe, "not_connected"),
        (lambda branch: branch.session, "session_missing"),
        (lambda branch: branch.events(), "not_entered"),
        (lambda branch: branch.participants, "not_entered"),
        (lambda branch: branch.positions(), "not_entered"),
        (lambda branch: branch.send_pose_bytes(bytes(38)), "not_entered"),
    ],
)
async def test_what_is_used_too_early_says_what_comes_first(
    place: InProcessBranch, use: Any, code: str
) -> None:
    with pytest.raises(Unauthenticated) as refusal:
        use(place.connect())
    assert refusal.value.code == code


async def test_nothing_secret_in_representations(ada: Branch) -> None:
    tokens = ada._session.tokens
    shown = f"{ada._session!r} {ada.session!r} {ada!r} {ada._given.authenticator!r}"
    assert tokens.access_token not in shown
    assert tokens.refresh_token not in shown


async def test_nothing_secret_in_any_log(
    place: InProcessBranch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    signed: list[str] = []
    key = place.key("Ada")

    class Noting:
        async def confirm(self, approval: Approval) -> Assertion | Refusal:
            credential = await key.authenticate(approval.options, origin=approval.origin)
            signed.append(credential["response"]["signature"])
            return Assertion(credential)

    async with place.connect(name="Ada", authenticator=key, confirmer=Noting()) as ada:
        await ada.enter()
        (account,) = await ada.accounts()
        await ada.statement(account.id)
        await ada.pay(place.MERCHANT, Money("25.00", "RUB"), "canary-reference")
        with pytest.raises(ApiError):
            await ada.payee("ACC-0000000000")
        tokens = ada._session.tokens
    assert "/v1/payments" in caplog.text  # the log works
    canaries = [tokens.access_token, tokens.refresh_token, account.id, *signed, "eyJ",
                "canary-reference", "ACC-0000000000"]  # fmt: skip
    assert [canary for canary in canaries if canary in caplog.text] == []
