"""Pay: ask, check the intent, have it signed, and know the outcome or say that it is not known.

The way of a payment through the outbox, and what a crash there means::

    ASKED     the key is on the disk, the branch may know it     nothing is signed: abandoned
    OFFERED   the intent is here and may be on the screen        nothing is signed: abandoned
    SIGNED    the signature may have reached the branch          ask the branch, never sign again
    CLOSED    the outcome is known
"""

import asyncio
import contextlib
import unicodedata
from collections.abc import Callable
from typing import Final

import msgspec

from ..clock import Clock
from ..errors import (
    ApiError,
    ApprovalError,
    ApprovalExpired,
    BranchXRError,
    Conflict,
    Declined,
    InvalidMoney,
    KeyRefused,
    ProtocolError,
)
from ..identity.tokens import random_id
from ..models import CredentialRequest, Payment, PaymentRequest, PaymentState
from ..money import Money
from ..operations import AUTHORIZE_PAYMENT, BEGIN_PAYMENT, CANCEL_PAYMENT, READ_PAYMENT
from ..protocol.intent import Intent, challenge
from ..transport.http import BranchHttp
from .approval import Approval, Assertion, Confirmer, Expectation, Refusal, check_offer
from .outbox import Entry, EntryState, Outbox

ABANDONED: Final = "abandoned"
"""Outcome of what was never signed: it cannot move money, and its intent expires by itself."""


class PaymentReceipt(msgspec.Struct, frozen=True):
    """A posted payment.

    Attributes:
        challenge_sha256: what was signed, as hex; computed here, from the intent.
        transfer: the ledger's transfer.
        posted_at: unix seconds.
    """

    id: str
    state: PaymentState
    intent: Intent
    challenge_sha256: str
    transfer: str
    posted_at: int

    @property
    def amount(self) -> Money:
        """What was paid."""
        return self.intent.money


class Settled(msgspec.Struct, frozen=True):
    """What became of a payment that an earlier run left open.

    Attributes:
        payment: the branch's id; empty if it was never offered.
        outcome: a payment state, `"abandoned"`, or a code; `"pending"` stays open.
    """

    request: PaymentRequest
    payment: str
    outcome: str


class Payments:
    """Payments of one signed-in session.

    Args:
        confirmer: who shows and signs; `None` can only look.
        new_id: makes idempotency keys.
    """

    def __init__(
        self,
        http: BranchHttp,
        outbox: Outbox,
        *,
        confirmer: Confirmer | None,
        rp_id: str,
        origin: str,
        clock: Clock,
        new_id: Callable[[], str] = random_id,
    ) -> None:
        self._http = http
        self._outbox = outbox
        self._confirmer = confirmer
        self._rp_id = rp_id
        self._origin = origin
        self._clock = clock
        self._new_id = new_id
        self._under_way: set[str] = set()

    async def pay(
        self,
        to: str,
        amount: Money,
        *,
        reference: str = "",
        debtor: str | None = None,
        payee_name: str | None = None,
    ) -> PaymentReceipt:
        """Pay, once; see `Branch.pay`."""
        if not isinstance(amount, Money):
            raise InvalidMoney(
                'Money, such as Money("25.00", "RUB")', type(amount).__name__, "say the currency"
            )
        if amount.minor <= 0:
            raise InvalidMoney("an amount above zero", str(amount), "pay something")
        if self._confirmer is None:
            raise KeyRefused(
                "somebody to approve the payment",
                "no authenticator",
                "connect with authenticator= or confirmer=",
                code="no_confirmer",
            )
        request = PaymentRequest(
            creditor=to,
            amount=amount.amount,
            currency=amount.currency,
            reference=unicodedata.normalize("NFC", reference),
            debtor=debtor,
        )
        entry = await self._outbox.begin(self._new_id(), self._owner, request)
        self._under_way.add(entry.key)
        try:
            return await self._pay(entry, self._confirmer, payee_name)
        finally:
            self._under_way.discard(entry.key)

    async def settle(self) -> list[Settled]:
        """Find out what became of payments that an earlier run, or a lost answer, left open.

        Asks only: it never signs, and never repeats anything under a new key.
        """
        entries = await self._outbox.unsettled(self._owner)
        return [await self._settle(entry) for entry in entries if entry.key not in self._under_way]

    async def read(self, payment_id: str) -> Payment:
        """Ask where a payment stands."""
        return await self._http.call(READ_PAYMENT, path={"id": payment_id})

    @property
    def _owner(self) -> str:
        return f"{self._http.base_url} {self._http.session.tokens.user}"

    async def _pay(
        self, entry: Entry, confirmer: Confirmer, payee_name: str | None
    ) -> PaymentReceipt:
        try:
            payment = await self._http.call(BEGIN_PAYMENT, entry.request, idempotency_key=entry.key)
            entry = await self._outbox.advance(entry, EntryState.OFFERED, payment=payment.id)
            expected = self._expectation(entry, payee_name)
            approval = check_offer(payment, expected, origin=self._origin)
            assertion = await self._confirm(confirmer, approval)
        except BaseException as error:
            # Cancelled included: nothing is signed yet, so nothing can move.
            if isinstance(error, BranchXRError):
                error.outcome_known = True
            await self._abandon(entry, error)
            raise
        own_challenge = challenge(approval.canonical).hex()
        entry = await self._outbox.advance(entry, EntryState.SIGNED, challenge=own_challenge)
        return await self._authorize(entry, approval, assertion)

    def _expectation(self, entry: Entry, payee_name: str | None) -> Expectation:
        tokens = self._http.session.tokens
        return Expectation(
            entry.request, self._rp_id, tokens.user or "", tokens.sid, payee_name=payee_name
        )

    async def _confirm(self, confirmer: Confirmer, approval: Approval) -> Assertion:
        left_s = approval.intent.exp - self._clock.time()
        try:
            async with asyncio.timeout(max(0.0, left_s)):
                answer = await confirmer.confirm(approval)
        except TimeoutError:
            raise ApprovalExpired(
                "an approval before the intent expires", "none", "pay again"
            ) from None
        if isinstance(answer, Refusal):
            raise Declined("the payer's approval", answer.reason, "nothing was paid")
        return answer

    async def _abandon(self, entry: Entry, error: BaseException) -> None:
        outcome = error.code if isinstance(error, BranchXRError) else ABANDONED
        with contextlib.suppress(ApprovalError):  # another process has closed it: the same to us
            await self._outbox.advance(entry, EntryState.CLOSED, outcome=outcome)
        if isinstance(error, BranchXRError) and entry.payment:
            await self._cancel(entry)

    async def _cancel(self, entry: Entry) -> None:
        # Politeness: the intent expires by itself, so an error here changes nothing.
        with contextlib.suppress(BranchXRError):
            await self._http.call(
                CANCEL_PAYMENT,
                path={"id": entry.payment},
                idempotency_key=f"{entry.key}-cancel",
            )

    async def _authorize(
        self, entry: Entry, approval: Approval, assertion: Assertion
    ) -> PaymentReceipt:
        try:
            payment = await self._http.call(
                AUTHORIZE_PAYMENT,
                CredentialRequest(credential=assertion.credential),
                path={"id": entry.payment},
                idempotency_key=f"{entry.key}-authorize",
            )
        except BranchXRError as error:
            if error.outcome_known:
                with contextlib.suppress(ApprovalError):
                    await self._outbox.advance(entry, EntryState.CLOSED, outcome=error.code)
                raise
            payment = await self._ask(entry, error)
        return await self._finish(entry, approval, payment)

    async def _ask(self, entry: Entry, error: BranchXRError) -> Payment:
        """Ask once more; if that does not help either, the entry stays open for `settle`."""
        try:
            payment = await self.read(entry.payment)
        except BranchXRError:
            raise error from None
        if payment.state in {PaymentState.PENDING, PaymentState.UNKNOWN}:
            raise error  # the signature may still be on its way
        return payment

    async def _finish(self, entry: Entry, approval: Approval, payment: Payment) -> PaymentReceipt:
        if payment.id != entry.payment or payment.intent.encode() != approval.canonical:
            raise _unclear("the receipt of this payment", "another one")
        if payment.state in {PaymentState.PENDING, PaymentState.UNKNOWN}:
            raise _unclear("a payment that is over", payment.state)
        if payment.state is PaymentState.POSTED and payment.receipt is None:
            raise _unclear("the receipt of a posted payment", "none")
        outcome = payment.code or payment.state.value
        # Another process may have closed it, or the disk be full: the branch has decided already.
        with contextlib.suppress(ApprovalError):
            await self._outbox.advance(entry, EntryState.CLOSED, outcome=outcome)
        if payment.state is not PaymentState.POSTED or payment.receipt is None:
            raise Conflict(
                "a posted payment", payment.state, "nothing was paid", code=outcome, status=409
            )
        return PaymentReceipt(
            id=payment.id,
            state=payment.state,
            intent=approval.intent,
            challenge_sha256=entry.challenge,
            transfer=payment.receipt.transfer,
            posted_at=payment.receipt.posted_at,
        )

    async def _settle(self, entry: Entry) -> Settled:
        outcome = ABANDONED
        if entry.state is EntryState.SIGNED:
            try:
                payment = await self.read(entry.payment)
                outcome = payment.code or payment.state.value
            except ApiError as error:
                if error.retryable or error.code != "payment_unknown":
                    raise
                outcome = error.code
        if outcome not in {PaymentState.PENDING, PaymentState.UNKNOWN}:
            await self._outbox.advance(entry, EntryState.CLOSED, outcome=outcome)
            if entry.state is EntryState.OFFERED:
                await self._cancel(entry)
        return Settled(entry.request, entry.payment, outcome)


def _unclear(expected: str, came: str) -> ProtocolError:
    error = ProtocolError(expected, came, "ask where it stands: branch.settle()")
    error.outcome_known = False
    return error
