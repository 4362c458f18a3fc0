"""Payments: from what somebody asks for, over what they sign, to money that has moved once.

`authorize` does everything in one immediate transaction. What it decides is kept with the
payment and the signature that decided it, so that a retry gets the same outcome, refusals
included. Whatever has to outlive a refusal (a failed attempt, a counter alarm, an expiry) is
*returned* from the transaction and raised after its commit.
"""

import uuid
from collections.abc import Callable, Mapping
from typing import Any, Final

from sqlalchemy import Connection, RowMapping, insert, select, update

from ..clock import Clock
from ..errors import ApiError, InvalidMoney
from ..models import Payment, PaymentRequest, PaymentState, Receipt
from ..money import Money
from ..protocol import intent as intents
from ..protocol.canonical import encode_base64url
from ..protocol.intent import Creditor, Intent
from ..protocol.text import fault_of
from . import credentials, customers, idempotency, ledger
from .credentials import Credential
from .idempotency import Key
from .ledger import Entry, LedgerRefused
from .policy import Policy
from .problems import refusal
from .relying_party import Assertion, RelyingParty
from .schema import PAYMENTS, TRANSFERS
from .sessions import Session
from .store import Store

PENDING: Final = PaymentState.PENDING.value
_LEDGER_CODES: Final = {"transfer_exists": "not_pending"}


class Approvals:
    """Begins, authorises and cancels payments."""

    def __init__(
        self,
        store: Store,
        relying_party: RelyingParty,
        policy: Policy,
        *,
        clock: Clock,
        random_bytes: Callable[[int], bytes],
    ) -> None:
        self._store = store
        self._relying_party = relying_party
        self._policy = policy
        self._clock = clock
        self._random_bytes = random_bytes

    async def begin(self, session: Session, request: PaymentRequest, *, key: Key) -> Payment:
        """Issue the intent for a payment; under a key used before, say where that one stands.

        Raises:
            ApiError: what is wrong with the request.
        """
        money = _money_of(request)
        fault = fault_of(request.reference, max_characters=intents.MAX_TEXT_CHARACTERS)
        if fault:
            raise refusal("reference_refused", fault)

        def begin(connection: Connection) -> Payment:
            former = idempotency.former(connection, key)
            if former is None:
                former = self._issue(connection, session, request, money)
                idempotency.keep(connection, key, former)
            return self._view(connection, _owned(connection, former, key.user))

        return await self._store.write(begin)

    async def read(self, payment: str, *, user: str) -> Payment:
        """Say where a payment stands; any session of its owner may ask.

        Raises:
            ApiError: `payment_unknown`.
        """
        return await self._store.read(
            lambda connection: self._view(connection, _owned(connection, payment, user))
        )

    async def authorize(
        self, session: Session, payment: str, credential: Mapping[str, Any], *, key: Key
    ) -> Payment:
        """Move the money if the signature is right, once.

        Raises:
            ApiError: the outcome, if it is a refusal; the same again for the same signature.
        """
        assertion = self._relying_party.parse_assertion(credential)

        def authorize(connection: Connection) -> Payment | ApiError:
            is_retry = idempotency.former(connection, key) is not None
            row = _owned(connection, payment, key.user)
            if row["sid"] != session.sid:
                raise refusal("session_mismatch", "another session of the same customer")
            outcome = self._outcome(connection, row, assertion, is_retry=is_retry)
            if not is_retry:
                idempotency.keep(connection, key, payment)
            return outcome or self._view(connection, _owned(connection, payment, key.user))

        outcome = await self._store.write(authorize)
        if isinstance(outcome, ApiError):
            raise outcome
        return outcome

    async def cancel(self, payment: str, *, key: Key) -> Payment:
        """Decline a payment: nothing moves; twice is as once.

        Raises:
            ApiError: `payment_unknown`, or `not_pending`: it was decided already.
        """

        def cancel(connection: Connection) -> Payment:
            idempotency.former(connection, key)
            row = _owned(connection, payment, key.user)
            if row["state"] not in {PENDING, PaymentState.CANCELLED.value}:
                raise refusal("not_pending", f"one that is {row['state']}")
            if row["state"] == PENDING:
                _decide(connection, row, PaymentState.CANCELLED)
                idempotency.keep(connection, key, payment)
            return self._view(connection, _owned(connection, payment, key.user))

        return await self._store.write(cancel)

    def _issue(
        self, connection: Connection, session: Session, request: PaymentRequest, money: Money
    ) -> str:
        user = session.user or ""
        debtor = _debtor(connection, user, request)
        payee = customers.payee(connection, request.creditor)
        if debtor["id"] == request.creditor:
            raise refusal("same_account", "one account twice")
        if not debtor["currency"] == payee.currency == money.currency:
            raise refusal("currency_mismatch", "accounts of other currencies")
        # A courtesy: what counts is the balance when the money moves.
        if debtor["balance_minor"] - debtor["held_minor"] < money.minor:
            raise refusal("insufficient_funds", "more than the account covers")
        if session.assurance is None or not self._policy.allows_payment(
            session.assurance, money.minor
        ):
            raise refusal("limit_exceeded", "more than this passkey may sign")
        now = int(self._clock.time())
        issued = Intent(
            typ=intents.TYP,
            id=str(uuid.UUID(bytes=self._random_bytes(16), version=4)),
            op="payment",
            rp=self._relying_party.rp_id,
            user=user,
            sid=session.sid,
            debtor=debtor["id"],
            creditor=Creditor(account=payee.account, name=payee.name),
            amount=money.amount,
            currency=money.currency,
            reference=request.reference,
            nonce=encode_base64url(self._random_bytes(intents.NONCE_BYTES)),
            iat=now,
            exp=now + intents.LIFETIME_S,
        )
        connection.execute(
            insert(PAYMENTS).values(
                id=issued.id,
                user=user,
                sid=session.sid,
                intent=intents.canonical(issued),
                floor_serial=credentials.newest_serial(connection),
                expires_at=issued.exp,
                state=PENDING,
                failed_attempts=0,
            )
        )
        return issued.id

    def _outcome(
        self, connection: Connection, row: RowMapping, assertion: Assertion, *, is_retry: bool
    ) -> ApiError | None:
        """Decide; `None` is posted. Every refusal returned here is to be committed."""
        if row["state"] != PENDING:
            return _replay(row, assertion)
        if self._clock.time() >= row["expires_at"]:
            _decide(connection, row, PaymentState.EXPIRED)
            return refusal("approval_expired", "a signature that is too late")
        try:
            credential = credentials.usable(connection, assertion.credential_id, user=row["user"])
            counter = self._relying_party.verify_assertion(
                assertion,
                challenge=intents.challenge(row["intent"]),
                user=row["user"],
                data=credential.data,
                is_backup_eligible=credential.is_backup_eligible,
            )
        except ApiError as error:
            if is_retry:  # counted when it came first; the same signature fails the same way
                return error
            return self._count_failure(connection, row, assertion, error)
        if not credentials.use_counter(
            connection, credential.id, counter, floor_serial=row["floor_serial"]
        ):
            _decide(connection, row, PaymentState.REJECTED, assertion, code="counter_reused")
            return refusal("counter_reused", "a counter that was used before")
        return self._post(connection, row, assertion, credential)

    def _count_failure(
        self, connection: Connection, row: RowMapping, assertion: Assertion, error: ApiError
    ) -> ApiError:
        failed = row["failed_attempts"] + 1
        is_it = PAYMENTS.c.id == row["id"]
        connection.execute(update(PAYMENTS).where(is_it).values(failed_attempts=failed))
        if failed >= self._policy.failed_approvals:
            _decide(connection, row, PaymentState.REJECTED, assertion, code="attempts_exceeded")
        return error

    def _post(
        self,
        connection: Connection,
        row: RowMapping,
        assertion: Assertion,
        credential: Credential,
    ) -> ApiError | None:
        signed = intents.parse(row["intent"])
        code = None
        if not self._policy.allows_payment(credential.assurance, signed.money.minor):
            code = "limit_exceeded"
        else:
            # The payment's id is the transfer's: not even a fault here could post it twice.
            entry = Entry(
                signed.id,
                signed.debtor,
                signed.creditor.account,
                signed.money,
                signed.reference,
            )
            try:
                ledger.book(connection, entry, now=self._clock.time())
            except LedgerRefused as refused:
                code = _LEDGER_CODES.get(refused.code, refused.code)
        if code is not None:
            _decide(connection, row, PaymentState.REJECTED, assertion, code=code)
            return refusal(code, "a payment that is not possible any more")
        _decide(connection, row, PaymentState.POSTED, assertion, transfer=signed.id)
        return None

    def _view(self, connection: Connection, row: RowMapping) -> Payment:
        canonical = row["intent"]
        state = PaymentState(row["state"])
        if state is PaymentState.PENDING and self._clock.time() >= row["expires_at"]:
            state = PaymentState.EXPIRED
        challenge = intents.challenge(canonical)
        options = None
        if state is PaymentState.PENDING:
            options = self._relying_party.request_options(
                challenge, credentials=credentials.active_ids(connection, row["user"])
            )
        return Payment(
            id=row["id"],
            state=state,
            intent=canonical.decode(),
            challenge=challenge.hex(),
            options=options,
            receipt=_receipt(connection, row["transfer"]),
            code=row["code"],
        )


def _money_of(request: PaymentRequest) -> Money:
    try:
        money = Money(request.amount, request.currency)
    except InvalidMoney as error:
        raise refusal("amount_refused", error.came) from None
    if money.minor <= 0:
        raise refusal("amount_refused", "nothing, or less")
    return money


def _debtor(connection: Connection, user: str, request: PaymentRequest) -> RowMapping:
    mine = ledger.accounts_of(connection, user)
    if request.debtor is not None:
        chosen = [row for row in mine if row["id"] == request.debtor]
    else:
        chosen = [row for row in mine if row["currency"] == request.currency] or list(mine)
    if not chosen:
        raise refusal("account_unknown", "no account of the payer's")
    return chosen[0]


def _owned(connection: Connection, payment: str, user: str) -> RowMapping:
    is_it = (PAYMENTS.c.id == payment) & (PAYMENTS.c.user == user)
    row = connection.execute(select(PAYMENTS).where(is_it)).mappings().one_or_none()
    if row is None:
        raise refusal("payment_unknown", "another one")
    return row


def _replay(row: RowMapping, assertion: Assertion) -> ApiError | None:
    """Return what was decided, if this very signature decided it."""
    if row["state"] == PaymentState.EXPIRED.value:
        return refusal("approval_expired", "a signature that is too late")
    if row["response_digest"] != assertion.digest:
        is_posted = row["state"] == PaymentState.POSTED.value
        code = "approval_replayed" if is_posted else "not_pending"
        return refusal(code, f"one that is {row['state']} by another signature")
    return refusal(row["code"], "the same signature again") if row["code"] else None


def _decide(
    connection: Connection,
    row: RowMapping,
    state: PaymentState,
    assertion: Assertion | None = None,
    *,
    code: str | None = None,
    transfer: str | None = None,
) -> None:
    connection.execute(
        update(PAYMENTS)
        .where(PAYMENTS.c.id == row["id"])
        .values(
            state=state.value,
            code=code,
            transfer=transfer,
            response_digest=assertion.digest if assertion is not None else None,
        )
    )


def _receipt(connection: Connection, transfer: str | None) -> Receipt | None:
    if transfer is None:
        return None
    query = select(TRANSFERS.c.posted_at).where(TRANSFERS.c.id == transfer)
    return Receipt(transfer=transfer, posted_at=connection.execute(query).scalar_one())
