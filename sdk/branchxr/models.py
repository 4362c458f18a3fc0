"""What crosses the HTTP wire: frozen structs, lenient where they are read, strict where signed.

Responses ignore unknown fields, so that an older client can talk to a newer branch. Requests
refuse them: a field the branch does not know is a misunderstanding. WebAuthn options and
credentials are passed on as the JSON of the WebAuthn standard (Level 3, section 5.1.8).
"""

from enum import StrEnum
from typing import Any

import msgspec


class Role(StrEnum):
    """Who somebody is in a branch; given by the branch, never by the client."""

    GUEST = "guest"
    VISITOR = "visitor"
    CONSULTANT = "consultant"
    OPERATOR = "operator"
    SERVICE = "service"
    UNKNOWN = "unknown"

    @classmethod
    def _missing_(cls, value: object) -> "Role":  # noqa: ARG003 - Enum's own name
        return cls.UNKNOWN


class Assurance(StrEnum):
    """How sure the branch is of a passkey, best first; decided by the branch, never claimed."""

    ATTESTED = "attested"  # attestation verified against trusted roots
    PLATFORM = "platform"  # a passkey of a platform or a roaming key, attestation not verified
    UNATTESTED = "unattested"
    SOFT = "soft"  # marked as a software key: bots and tests
    UNKNOWN = "unknown"

    @classmethod
    def _missing_(cls, value: object) -> "Assurance":  # noqa: ARG003 - Enum's own name
        return cls.UNKNOWN


class PaymentState(StrEnum):
    """Where a payment stands. Only `PENDING` can change."""

    PENDING = "pending"  # waits for its owner's signature
    POSTED = "posted"  # the money has moved
    REJECTED = "rejected"  # refused by the branch; `Payment.code` says why
    CANCELLED = "cancelled"  # declined by its owner
    EXPIRED = "expired"
    UNKNOWN = "unknown"

    @classmethod
    def _missing_(cls, value: object) -> "PaymentState":  # noqa: ARG003 - Enum's own name
        return cls.UNKNOWN


class Request(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A request body; unknown fields are refused."""


class Response(msgspec.Struct, frozen=True):
    """A response body; unknown fields are ignored."""


class Nothing(Request, frozen=True):
    """An empty body."""


class Done(Response, frozen=True):
    """It was done; there is nothing to tell."""


# --- the branch -------------------------------------------------------------------------------


class RealtimeAddress(Response, frozen=True):
    """Where the realtime WebSocket listens: `ws://` or `wss://` address, without a token."""

    url: str
    subprotocol: str = "branchxr.1"


class SceneAddress(Response, frozen=True):
    """Where the scene package lies, and whose signature on it the branch trusts.

    Attributes:
        base: address of the package's folder, ending in `/`, relative to the branch.
        id: the scene's id, as in `manifest.json`.
        version: the package's version.
        signer: Ed25519 public key, 32 bytes as lower-case hex.
    """

    base: str
    id: str
    version: int
    signer: str


class Limits(Response, frozen=True):
    """What the branch allows at most."""

    message_bytes: int = 4096
    chat_characters: int = 500
    participants: int = 200
    pose_hz: float = 20.0


class BranchDescription(Response, frozen=True):
    """`/.well-known/branchxr`: what a client must know before anything else.

    Attributes:
        development: a branch with invented customers and no real money.
        rp_id: the WebAuthn relying party id.
    """

    name: str
    versions: list[str]
    development: bool
    rp_id: str
    realtime: RealtimeAddress
    scene: SceneAddress | None
    limits: Limits


# --- sessions and passkeys --------------------------------------------------------------------


class GuestRequest(Request, frozen=True):
    """Ask for a guest's session. The DPoP proof on this call binds it to the caller's key."""

    name: str = "Guest"


class TokenSet(Response, frozen=True):
    """Tokens of a session, DPoP-bound (RFC 9449); `sid` is the thumbprint of the DPoP key.

    Attributes:
        scope: space-separated, as in RFC 6749 section 3.3.
        expires_in: seconds.
        user: the account holder's id once signed in.
    """

    access_token: str
    token_type: str
    expires_in: int
    refresh_token: str
    scope: str
    sid: str
    participant: str
    role: Role
    name: str
    user: str | None = None
    assurance: Assurance | None = None


class RefreshRequest(Request, frozen=True):
    """Exchange a refresh token, once, for a new token set (RFC 6749 section 6)."""

    refresh_token: str


class RegistrationRequest(Request, frozen=True):
    """Begin to register a passkey for a new customer."""

    name: str


class Ceremony(Response, frozen=True):
    """A WebAuthn ceremony that has begun.

    Attributes:
        options: `PublicKeyCredentialCreationOptionsJSON` or `…RequestOptionsJSON`.
    """

    id: str
    options: dict[str, Any]


class CredentialRequest(Request, frozen=True):
    """End a ceremony: `RegistrationResponseJSON` or `AuthenticationResponseJSON`."""

    credential: dict[str, Any]


class SessionDescription(Response, frozen=True):
    """Who the caller is to the branch."""

    participant: str
    role: Role
    name: str
    scope: str
    sid: str
    user: str | None = None
    assurance: Assurance | None = None


class Passkey(Response, frozen=True):
    """One of the caller's passkeys. `id` is the credential id as base64url."""

    id: str
    assurance: Assurance
    created_at: int
    is_revoked: bool


class Passkeys(Response, frozen=True):
    """The caller's passkeys."""

    passkeys: list[Passkey]


# --- accounts and payments --------------------------------------------------------------------


class Account(Response, frozen=True):
    """An account of the caller. Amounts are decimal strings of `currency`."""

    id: str
    name: str
    currency: str
    balance: str


class Accounts(Response, frozen=True):
    """The caller's accounts."""

    accounts: list[Account]


class Payee(Response, frozen=True):
    """Whose account that is, as far as a payer may know (verification of payee)."""

    account: str
    name: str
    currency: str


class PaymentRequest(Request, frozen=True):
    """Ask to pay. `amount` is a decimal string with exactly the currency's decimals.

    Without `debtor` the branch takes the caller's first account of that currency.
    """

    creditor: str
    amount: str
    currency: str
    reference: str = ""
    debtor: str | None = None


class Receipt(Response, frozen=True):
    """Proof that the money moved: the ledger's transfer and when it was posted (unix seconds)."""

    transfer: str
    posted_at: int


class Payment(Response, frozen=True):
    """A payment and where it stands.

    Attributes:
        intent: the canonical JSON (RFC 8785) of exactly what is signed; see `protocol.intent`.
        challenge: SHA-256 over it with its domain, as hex; clients compute it themselves.
        options: `PublicKeyCredentialRequestOptionsJSON` while the payment is pending.
        code: why it was rejected.
    """

    id: str
    state: PaymentState
    intent: str
    challenge: str
    options: dict[str, Any] | None = None
    receipt: Receipt | None = None
    code: str | None = None


class Transfer(Response, frozen=True):
    """One posted transfer as seen from one account: negative amounts left it."""

    id: str
    amount: str
    currency: str
    counterparty: str
    reference: str
    posted_at: int


class Statement(Response, frozen=True):
    """An account's latest transfers, newest first, at most 50."""

    account: str
    transfers: list[Transfer]
    has_more: bool


class Problem(Response, frozen=True):
    """A problem document (RFC 9457). `code` is stable; `came` and `remedy` are for people."""

    type: str
    title: str
    status: int
    code: str
    expected: str = ""
    came: str = ""
    remedy: str = ""
    request_id: str = ""
    retryable: bool = False
