"""Every refusal of the branch: its code, its HTTP status, and what to tell people.

Raise with `refusal("code", "what came")`; the text names neither tokens nor account numbers.
"""

from typing import Final

from ..errors import (
    ApiError,
    Conflict,
    NotFound,
    PermissionRefused,
    RateLimited,
    ServerFault,
    Unauthenticated,
)
from ..models import Problem

_PROBLEMS: Final[dict[str, tuple[int, str, str]]] = {
    # code: (status, what was expected, what to do)
    "bad_request": (400, "a request as /openapi.json describes it", "correct the request"),
    "not_found": (404, "an address of this branch", "see /openapi.json"),
    "method_refused": (405, "a method this address offers", "see /openapi.json"),
    "body_too_large": (413, "a body of at most 64 kB", "send less"),
    "host_refused": (421, "a Host that this branch goes by", "use the address it printed"),
    "origin_refused": (
        403,
        "a page of an allowed origin",
        "start the branch with --origin for this page",
    ),
    "dpop_missing": (401, "exactly one DPoP header", "send a proof (RFC 9449)"),
    "dpop_invalid": (401, "a fresh DPoP proof for this request", "sign a new proof"),
    "dpop_replayed": (401, "a DPoP proof never used before", "sign a new proof"),
    "token_missing": (401, "a DPoP-bound access token", "start a session first"),
    "token_invalid": (401, "an access token of this branch", "start a session first"),
    "token_expired": (401, "an access token that has not expired", "refresh it"),
    "session_revoked": (401, "a session that goes on", "start a new session"),
    "scope_missing": (403, "a token that allows this", "sign in first"),
    "rate_limited": (429, "fewer requests", "wait a moment"),
    "internal": (500, "no fault of the branch", "quote the request id to whoever runs it"),
    "guests_full": (429, "a free place for a guest from this address", "wait, or sign in"),
    "name_refused": (
        422,
        "a name of 1 to 40 plain characters that is not taken to be somebody else's",
        "choose another name",
    ),
    "refresh_invalid": (401, "a refresh token of this session", "start a new session"),
    "refresh_reused": (401, "a refresh token that was not used", "start a new session"),
    "already_signed_in": (409, "a guest's session", "sign out first"),
    "ceremony_unknown": (404, "a ceremony of this session that is open", "begin again"),
    "ceremony_expired": (409, "an answer in time", "begin again"),
    "credential_unknown": (403, "a passkey of this branch and this customer", "register it"),
    "credential_revoked": (403, "a passkey that was not revoked", "use another passkey"),
    "credential_suspended": (
        403,
        "a passkey without an alarm on it",
        "use another passkey and ask the branch: it may have been copied",
    ),
    "credential_exists": (409, "a new passkey", "sign in with it"),
    "assertion_invalid": (403, "a WebAuthn response whose signature holds", "sign again"),
    "algorithm_refused": (403, "a key of an algorithm that was offered", "use another key"),
    "attestation_invalid": (403, "an attestation that holds", "use another authenticator"),
    "origin_mismatch": (403, "a signature made on an allowed origin", "open the branch's own page"),
    "rp_id_mismatch": (403, "a signature for this branch", "use a passkey of this branch"),
    "challenge_mismatch": (403, "a signature over this challenge", "begin again"),
    "user_presence_missing": (403, "a person who was present", "sign again"),
    "user_verification_missing": (403, "a person who was verified", "use a PIN or a finger"),
    "user_handle_mismatch": (403, "a passkey of this customer", "use your own passkey"),
    "cross_origin": (403, "a signature made in the page itself", "leave the frame"),
    "counter_reused": (
        403,
        "a signature counter above all before it",
        "the passkey is suspended now: it may have been copied; ask the branch",
    ),
    "assurance_too_low": (403, "a passkey this branch trusts", "use a hardware or platform key"),
    "account_unknown": (404, "an account", "correct the account number"),
    "amount_refused": (422, "an amount above zero with the currency's decimals", "correct it"),
    "currency_mismatch": (422, "accounts of the payment's currency", "choose another account"),
    "reference_refused": (422, "a reference of at most 140 plain characters", "shorten or retype"),
    "same_account": (422, "two different accounts", "choose another account"),
    "insufficient_funds": (409, "an amount the account covers", "pay less"),
    "limit_exceeded": (403, "an amount within the passkey's limit", "use a stronger passkey"),
    "idempotency_key_missing": (
        400,
        "an Idempotency-Key of 16 to 64 characters A-Z a-z 0-9 _ -",
        "make one before the first try and keep it",
    ),
    "idempotency_key_reused": (422, "the same request under the same key", "make a new key"),
    "payment_unknown": (404, "a payment of this customer", "check its id"),
    "session_mismatch": (403, "the session that asked for the payment", "begin the payment again"),
    "not_pending": (409, "a payment that waits", "read its state"),
    "approval_expired": (409, "a signature within two minutes", "begin the payment again"),
    "approval_replayed": (409, "a signature used for one payment", "read its state"),
    "attempts_exceeded": (403, "fewer failed signatures", "begin the payment again"),
    "scene_missing": (404, "a file of the scene package", "see its manifest.json"),
    "precondition_failed": (412, "the version that was asked for", "read it again"),
    "range_refused": (416, "a range inside the file", "read the file's length first"),
}

_CLASSES: Final[dict[int, type[ApiError]]] = {
    400: Conflict, 401: Unauthenticated, 403: PermissionRefused, 404: NotFound, 405: NotFound,
    409: Conflict, 412: Conflict, 413: Conflict, 416: Conflict, 421: PermissionRefused,
    422: Conflict, 429: RateLimited, 500: ServerFault,
}  # fmt: skip

CODES: Final = frozenset(_PROBLEMS)


def refusal(code: str, came: str, *, retry_after_s: float | None = None) -> ApiError:
    """Make the error for a refusal.

    Args:
        code: one of `CODES`.
        came: what came instead, for people; never a secret, never more than was sent.
        retry_after_s: how long to wait, where waiting helps.
    """
    status, expected, remedy = _PROBLEMS[code]
    return _CLASSES[status](
        expected, came, remedy, code=code, status=status,
        retryable=status == 429, retry_after_s=retry_after_s,
    )  # fmt: skip


def status_of(code: str) -> int:
    """Return the HTTP status of a code."""
    return _PROBLEMS[code][0]


def explanation_of(code: str) -> tuple[str, str]:
    """Return what is expected, and what to do, for the documentation."""
    return _PROBLEMS[code][1:]


def problem_of(error: ApiError, request_id: str) -> Problem:
    """Make the problem document (RFC 9457) of an error."""
    return Problem(
        type=f"urn:branchxr:problem:{error.code}",
        title=error.code.replace("_", " "),
        status=error.status,
        code=error.code,
        expected=error.expected,
        came=error.came,
        remedy=error.remedy,
        request_id=request_id,
        retryable=error.retryable,
    )
