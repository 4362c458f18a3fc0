"""What somebody is asked to sign, who answers, and what is checked before they are asked."""

from dataclasses import dataclass
from typing import Any, Protocol

from ..errors import BranchXRError, IntentMismatch
from ..identity.authenticator import Authenticator
from ..models import Payment, PaymentRequest
from ..protocol.canonical import decode_base64url, encode_base64url
from ..protocol.intent import Intent, challenge, parse


@dataclass(frozen=True, slots=True)
class Approval:
    """What to show, hash and sign.

    Attributes:
        canonical: the intent's canonical bytes: show what they say, nothing else.
        intent: the same, read.
        options: `PublicKeyCredentialRequestOptionsJSON`; its challenge was computed here, from
            `canonical`.
        origin: for `clientDataJSON`.
    """

    canonical: bytes
    intent: Intent
    options: dict[str, Any]
    origin: str


@dataclass(frozen=True, slots=True)
class Assertion:
    """The signature: `AuthenticationResponseJSON`."""

    credential: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Nothing was signed."""

    reason: str = "declined"


class Confirmer(Protocol):
    """Show an intent to its owner and have it signed; given at connect, out of a script's reach."""

    async def confirm(self, approval: Approval) -> Assertion | Refusal:
        """Return the signature or a refusal; never a boolean, which could be forged by a bug."""
        ...


class KeyConfirmer:
    """Sign what the caller itself has asked for, with its own key: for bots, not for people.

    That the intent is what was asked for has been checked before a confirmer is called.
    """

    def __init__(self, authenticator: Authenticator) -> None:
        self._authenticator = authenticator

    async def confirm(self, approval: Approval) -> Assertion | Refusal:
        """Sign."""
        return Assertion(
            await self._authenticator.authenticate(approval.options, origin=approval.origin)
        )


@dataclass(frozen=True, slots=True)
class Expectation:
    """What this client knows by itself, to hold the branch's intent against."""

    request: PaymentRequest
    rp_id: str
    user: str
    sid: str
    payee_name: str | None = None


def check_offer(payment: Payment, expected: Expectation, *, origin: str) -> Approval:
    """Hold an intent against what was asked for, field by field, and compute its challenge.

    Raises:
        IntentMismatch: `intent_mismatch` names the fields that differ; `challenge_mismatch`: the
            challenge does not commit to the intent; `intent_malformed`: it is no intent.
    """
    canonical = payment.intent.encode()
    try:
        intent = parse(canonical)
    except BranchXRError as error:
        raise IntentMismatch(
            error.expected, error.came, "do not sign; tell whoever runs the branch",
            code="intent_malformed",
        ) from error  # fmt: skip
    wrong = _differences(intent, payment, expected)
    if wrong:
        raise IntentMismatch(
            "an intent of exactly what was asked for",
            f"another {', '.join(wrong)}",
            "do not sign; nothing was paid",
        )
    own = challenge(canonical)
    options = dict(payment.options or {})
    if payment.challenge != own.hex() or _served_challenge(options) != own:
        raise IntentMismatch(
            "a challenge that commits to the intent",
            "another one",
            "do not sign; nothing was paid",
            code="challenge_mismatch",
        )
    options |= {"challenge": encode_base64url(own), "userVerification": "required"}
    return Approval(canonical, intent, options, origin)


def _differences(intent: Intent, payment: Payment, expected: Expectation) -> list[str]:
    request = expected.request
    pairs: dict[str, tuple[object, object]] = {
        "id": (intent.id, payment.id),
        "rp": (intent.rp, expected.rp_id),
        "user": (intent.user, expected.user),
        "sid": (intent.sid, expected.sid),
        "creditor": (intent.creditor.account, request.creditor),
        "amount": (intent.amount, request.amount),
        "currency": (intent.currency, request.currency),
        "reference": (intent.reference, request.reference),
        "rpId": ((payment.options or {}).get("rpId"), expected.rp_id),
    }
    if request.debtor is not None:
        pairs["debtor"] = (intent.debtor, request.debtor)
    if expected.payee_name is not None:
        pairs["payee name"] = (intent.creditor.name, expected.payee_name)
    return [name for name, (came, asked) in pairs.items() if came != asked]


def _served_challenge(options: dict[str, Any]) -> bytes:
    served = options.get("challenge")
    try:
        return decode_base64url(served) if isinstance(served, str) else b""
    except ValueError:
        return b""
