r"""What a person signs when money moves: the intent, its canonical bytes and the challenge.

The bytes of RFC 8785 (JSON Canonicalization Scheme) are shown, hashed and signed as they are::

    challenge = SHA-256("branchxr/sca/v1\0" || JCS(intent))

The domain string keeps an intent's hash from ever being a hash of something else. Both sides
compute the challenge from the very bytes they show or store (RTS on strong customer
authentication, Article 5: dynamic linking). Vectors: `tests/vectors/{intent,jcs}.json`.
"""

import hashlib
import re
from typing import Final

import msgspec

from ..errors import InvalidMoney, ProtocolError
from ..money import Money
from .canonical import canonical_json, decode_base64url, load_json
from .text import fault_of

DOMAIN: Final = b"branchxr/sca/v1\0"
TYP: Final = "branchxr.intent/1"
LIFETIME_S: Final = 120
NONCE_BYTES: Final = 32
MAX_INTENT_BYTES: Final = 4096
MAX_TEXT_CHARACTERS: Final = 140
"""As the unstructured remittance information of ISO 20022 (Max140Text)."""


class Creditor(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who gets the money: the account, and its holder's name as the payer is shown it."""

    account: str
    name: str


class Intent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Exactly what is signed. Every field is mandatory.

    Attributes:
        rp: the WebAuthn relying party id.
        user: id of who signs.
        sid: thumbprint of the session's DPoP key: it outlives a refreshed token.
        amount: decimal string with exactly the currency's decimals.
        nonce: 32 random bytes of the branch, base64url without padding.
        iat: when it was issued, unix seconds; `exp` is `iat + 120`.
    """

    typ: str
    id: str
    op: str
    rp: str
    user: str
    sid: str
    debtor: str
    creditor: Creditor
    amount: str
    currency: str
    reference: str
    nonce: str
    iat: int
    exp: int

    @property
    def money(self) -> Money:
        """The amount, exact."""
        return Money(self.amount, self.currency)


def canonical(intent: Intent) -> bytes:
    """Return the canonical bytes of an intent, after checking it.

    Raises:
        ProtocolError: a field is not what an intent allows; the codes are those of `parse`.
    """
    _check(intent)
    return canonical_json(msgspec.to_builtins(intent))


def challenge(canonical_bytes: bytes) -> bytes:
    """Return the 32 bytes to sign for these canonical bytes."""
    return hashlib.sha256(DOMAIN + canonical_bytes).digest()


def parse(canonical_bytes: bytes) -> Intent:
    """Read an intent back from its canonical bytes.

    Raises:
        ProtocolError: with code `intent_malformed` (a field missing, unknown or of the
            wrong type), `json_malformed`, `json_duplicate_key`, `intent_not_canonical`,
            `intent_text_refused`, `intent_amount_refused` or `intent_lifetime_refused`.
    """
    if len(canonical_bytes) > MAX_INTENT_BYTES:
        raise _refused("intent_malformed", f"{len(canonical_bytes)} bytes")
    try:
        intent = msgspec.convert(load_json(canonical_bytes), Intent, strict=True)
    except msgspec.ValidationError as error:
        raise _refused("intent_malformed", _safe(error)) from None
    if canonical(intent) != canonical_bytes:
        raise _refused("intent_not_canonical", "the same intent in another spelling")
    return intent


def _check(intent: Intent) -> None:
    if intent.typ != TYP or intent.op != "payment":
        raise _refused("intent_malformed", "another type of intent")
    for name in ("id", "rp", "user", "sid", "debtor"):
        _check_identifier(getattr(intent, name), name)
    _check_identifier(intent.creditor.account, "creditor.account")
    if not intent.creditor.name.strip():
        raise _refused("intent_text_refused", "an empty creditor.name")
    for name, text in (("creditor.name", intent.creditor.name), ("reference", intent.reference)):
        fault = fault_of(text, max_characters=MAX_TEXT_CHARACTERS)
        if fault:
            raise _refused("intent_text_refused", f"{fault} in {name}")
    _check_amount(intent)
    _check_nonce(intent.nonce)
    if intent.iat < 0 or intent.exp != intent.iat + LIFETIME_S:
        raise _refused("intent_lifetime_refused", "another lifetime", f"exp = iat + {LIFETIME_S}")


def _check_identifier(value: str, name: str) -> None:
    if not re.fullmatch(r"[A-Za-z0-9._:-]{1,64}", value):
        raise _refused("intent_malformed", f"a {name} that is no identifier")


def _check_amount(intent: Intent) -> None:
    try:
        is_positive = intent.money.minor > 0
    except InvalidMoney as error:
        raise _refused("intent_amount_refused", error.came, error.expected) from None
    if not is_positive:
        raise _refused("intent_amount_refused", "nothing or less", "an amount above zero")


def _check_nonce(nonce: str) -> None:
    try:
        size_bytes = len(decode_base64url(nonce))
    except ValueError:
        size_bytes = 0
    if size_bytes != NONCE_BYTES:
        raise _refused("intent_malformed", f"a nonce that is not {NONCE_BYTES} bytes of base64url")


def _safe(error: msgspec.ValidationError) -> str:
    # msgspec quotes field names of ours and types, and unknown field names of theirs: cut those.
    return str(error).split(" - at ", maxsplit=1)[0].partition("`")[0].strip() or "a wrong field"


def _refused(
    code: str, came: str, expected: str = "an intent as docs/http.md says"
) -> ProtocolError:
    return ProtocolError(expected, came, "do not sign or send it", code=code)
