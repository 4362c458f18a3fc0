"""The table of every HTTP operation: the server's routes, the client's calls and `/openapi.json`.

Scene files are not in the table: they are plain files under `SceneAddress.base`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Generic, TypeVar

import msgspec

from . import models as m

RequestT = TypeVar("RequestT", bound=msgspec.Struct)
ResponseT = TypeVar("ResponseT", bound=msgspec.Struct)


class Scope(StrEnum):
    """What a token allows. Guests hold `LOOK` and `WALK`; visitors hold all of these."""

    LOOK = "look"
    WALK = "walk"
    CHAT = "chat"
    ACCOUNTS = "accounts"
    PAY = "pay"


@dataclass(frozen=True, slots=True)
class Operation(Generic[RequestT, ResponseT]):
    """One HTTP operation.

    Attributes:
        name: its name in the client and in OpenAPI (`operationId`).
        path: with `{parameters}`.
        scope: what the token must allow; `None` asks for no token.
        is_proof_only: no token, but a DPoP proof to bind the new one to.
        is_keyed: needs an `Idempotency-Key`; only such a POST may be repeated.
        errors: the codes it may answer with, beside those any operation may (`COMMON_ERRORS`).
        links: where its answer leads: operation name -> parameter -> field of the response.
    """

    name: str
    method: str
    path: str
    request: type[RequestT]
    response: type[ResponseT]
    summary: str
    scope: Scope | None = None
    is_proof_only: bool = False
    is_keyed: bool = False
    status: int = 200
    errors: tuple[str, ...] = ()
    links: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def is_repeatable(self) -> bool:
        """Whether sending it twice has the effect of sending it once."""
        return self.method == "GET" or self.is_keyed


HOST_SECRET_HEADER: Final = "X-BranchXR-Host-Secret"  # noqa: S105 - the name of a header
"""What the process that serves pages proves itself with to its branch; such calls are not counted
against its own address."""

PAGE_ADDRESS_HEADER: Final = "X-BranchXR-Page-Address"
"""The address of the page that such a call is for."""

COMMON_ERRORS: Final = (
    "bad_request",
    "body_too_large",
    "host_refused",
    "origin_refused",
    "dpop_missing",
    "dpop_invalid",
    "dpop_replayed",
    "token_missing",
    "token_invalid",
    "token_expired",
    "session_revoked",
    "scope_missing",
    "rate_limited",
    "internal",
)
"""Codes that any operation may answer with."""

_ASSERTION_ERRORS: Final = (
    "ceremony_unknown",
    "ceremony_expired",
    "credential_unknown",
    "credential_revoked",
    "credential_suspended",
    "assertion_invalid",
    "origin_mismatch",
    "rp_id_mismatch",
    "challenge_mismatch",
    "user_presence_missing",
    "user_verification_missing",
    "user_handle_mismatch",
    "cross_origin",
    "counter_reused",
    "assurance_too_low",
)

DESCRIBE = Operation(
    "describe", "GET", "/.well-known/branchxr", m.Nothing, m.BranchDescription,
    "Say what this branch is, where its realtime address and scene are, and its limits",
)  # fmt: skip
START_GUEST = Operation(
    "start_guest", "POST", "/v1/guests", m.GuestRequest, m.TokenSet,
    "Start a guest's session, bound to the key of the DPoP proof",
    is_proof_only=True, status=201, errors=("guests_full", "name_refused"),
)  # fmt: skip
REFRESH = Operation(
    "refresh", "POST", "/v1/tokens", m.RefreshRequest, m.TokenSet,
    "Exchange a refresh token for new tokens; a token used twice ends the session",
    is_proof_only=True, errors=("refresh_invalid", "refresh_reused"),
)  # fmt: skip
DESCRIBE_SESSION = Operation(
    "describe_session", "GET", "/v1/session", m.Nothing, m.SessionDescription,
    "Say who the caller is", scope=Scope.LOOK,
)  # fmt: skip
END_SESSION = Operation(
    "end_session", "DELETE", "/v1/session", m.Nothing, m.Done,
    "Sign out: revoke all tokens of the session", scope=Scope.LOOK,
)  # fmt: skip
BEGIN_REGISTRATION = Operation(
    "begin_registration", "POST", "/v1/registrations", m.RegistrationRequest, m.Ceremony,
    "Begin to register a passkey for a new customer", scope=Scope.LOOK, status=201,
    errors=("name_refused", "already_signed_in"),
    links={"end_registration": {"id": "id"}},
)  # fmt: skip
END_REGISTRATION = Operation(
    "end_registration", "POST", "/v1/registrations/{id}", m.CredentialRequest, m.TokenSet,
    "Register the passkey, open an account, and upgrade the session to a visitor's",
    scope=Scope.LOOK,
    errors=(
        *_ASSERTION_ERRORS, "already_signed_in", "algorithm_refused", "attestation_invalid",
        "credential_exists",
    ),
)  # fmt: skip
BEGIN_SIGN_IN = Operation(
    "begin_sign_in", "POST", "/v1/sign-ins", m.Nothing, m.Ceremony,
    "Begin to sign in with a passkey", scope=Scope.LOOK, status=201,
    errors=("already_signed_in",),
    links={"end_sign_in": {"id": "id"}},
)  # fmt: skip
END_SIGN_IN = Operation(
    "end_sign_in", "POST", "/v1/sign-ins/{id}", m.CredentialRequest, m.TokenSet,
    "Sign in, and upgrade the session to a visitor's",
    scope=Scope.LOOK, errors=(*_ASSERTION_ERRORS, "already_signed_in"),
)  # fmt: skip
LIST_PASSKEYS = Operation(
    "list_passkeys", "GET", "/v1/passkeys", m.Nothing, m.Passkeys,
    "List the caller's passkeys", scope=Scope.ACCOUNTS,
)  # fmt: skip
REVOKE_PASSKEY = Operation(
    "revoke_passkey", "DELETE", "/v1/passkeys/{id}", m.Nothing, m.Done,
    "Revoke a passkey of the caller's for good; the caller's other sessions end",
    scope=Scope.ACCOUNTS, errors=("credential_unknown",),
)  # fmt: skip
LIST_ACCOUNTS = Operation(
    "list_accounts", "GET", "/v1/accounts", m.Nothing, m.Accounts,
    "List the caller's accounts with their balances", scope=Scope.ACCOUNTS,
)  # fmt: skip
READ_STATEMENT = Operation(
    "read_statement", "GET", "/v1/accounts/{id}/transfers", m.Nothing, m.Statement,
    "List an account's latest transfers", scope=Scope.ACCOUNTS, errors=("account_unknown",),
)  # fmt: skip
CHECK_PAYEE = Operation(
    "check_payee", "GET", "/v1/payees/{account}", m.Nothing, m.Payee,
    "Say whose account that is", scope=Scope.PAY, errors=("account_unknown",),
)  # fmt: skip
BEGIN_PAYMENT = Operation(
    "begin_payment", "POST", "/v1/payments", m.PaymentRequest, m.Payment,
    "Ask to pay: the branch answers with the intent to sign", scope=Scope.PAY, is_keyed=True,
    status=201,
    errors=(
        "account_unknown", "amount_refused", "currency_mismatch", "reference_refused",
        "same_account", "insufficient_funds", "idempotency_key_missing",
        "idempotency_key_reused", "limit_exceeded",
    ),
    links={"authorize_payment": {"id": "id"}, "read_payment": {"id": "id"}},
)  # fmt: skip
READ_PAYMENT = Operation(
    "read_payment", "GET", "/v1/payments/{id}", m.Nothing, m.Payment,
    "Say where a payment stands", scope=Scope.PAY, errors=("payment_unknown",),
)  # fmt: skip
AUTHORIZE_PAYMENT = Operation(
    "authorize_payment", "POST", "/v1/payments/{id}/authorize", m.CredentialRequest, m.Payment,
    "Sign the intent: the money moves, once, or the refusal is kept", scope=Scope.PAY,
    is_keyed=True,
    errors=(
        *_ASSERTION_ERRORS, "payment_unknown", "session_mismatch", "not_pending",
        "approval_expired", "approval_replayed", "attempts_exceeded", "insufficient_funds",
        "limit_exceeded", "idempotency_key_missing", "idempotency_key_reused",
    ),
)  # fmt: skip
CANCEL_PAYMENT = Operation(
    "cancel_payment", "POST", "/v1/payments/{id}/cancel", m.Nothing, m.Payment,
    "Decline: nothing moves", scope=Scope.PAY, is_keyed=True,
    errors=(
        "payment_unknown", "not_pending", "idempotency_key_missing", "idempotency_key_reused",
    ),
)  # fmt: skip

OPERATIONS: Final[tuple[Operation[msgspec.Struct, msgspec.Struct], ...]] = (
    DESCRIBE, START_GUEST, REFRESH, DESCRIBE_SESSION, END_SESSION, BEGIN_REGISTRATION,
    END_REGISTRATION, BEGIN_SIGN_IN, END_SIGN_IN, LIST_PASSKEYS, REVOKE_PASSKEY, LIST_ACCOUNTS,
    READ_STATEMENT, CHECK_PAYEE, BEGIN_PAYMENT, READ_PAYMENT, AUTHORIZE_PAYMENT, CANCEL_PAYMENT,
)  # type: ignore[assignment]  # fmt: skip
