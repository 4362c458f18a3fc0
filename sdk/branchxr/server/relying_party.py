"""WebAuthn as a bank needs it: python-fido2's server, wrapped once and never called bare.

Run against fido2 2.2, `Fido2Server` alone accepts a sub-domain's origin, an algorithm that was
not offered, a response made in a foreign frame, another user's handle, and changed backup flags;
it does not look at attestation unless told. All of that is decided here, each with its own code.
One-time use and counters need memory: they are in `ceremonies` and `credentials`.
"""

import hashlib
import struct
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from fido2.attestation.apple import AppleAttestation
from fido2.attestation.base import (
    Attestation,
    InvalidAttestation,
    NoneAttestation,
    UnsupportedType,
    verify_x509_chain,
)
from fido2.attestation.packed import PackedAttestation
from fido2.attestation.tpm import TpmAttestation
from fido2.attestation.u2f import FidoU2FAttestation
from fido2.cose import ES256, RS256, CoseKey, EdDSA
from fido2.server import Fido2Server
from fido2.webauthn import (
    AttestationConveyancePreference,
    AttestationObject,
    AttestedCredentialData,
    AuthenticationResponse,
    AuthenticatorData,
    CollectedClientData,
    PublicKeyCredentialDescriptor,
    PublicKeyCredentialParameters,
    PublicKeyCredentialRpEntity,
    PublicKeyCredentialType,
    PublicKeyCredentialUserEntity,
    RegistrationResponse,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from ..errors import ProtocolError
from ..models import Assurance
from ..protocol.canonical import encode_base64url, load_json
from ..protocol.soft import SOFT_AAGUID
from .problems import refusal

ALGORITHMS: Final = (EdDSA.ALGORITHM, ES256.ALGORITHM, RS256.ALGORITHM)
"""RS256 for Windows Hello; the others for everything else (COSE, RFC 9053)."""

MIN_RSA_BITS: Final = 2048  # NIST SP 800-131A revision 2, section 3
MAX_RSA_BITS: Final = 4096  # a longer one only makes the branch work
MAX_CREDENTIAL_ID_BYTES: Final = 1023  # WebAuthn Level 3, section 4, "Credential ID"
CEREMONY_TIMEOUT_MS: Final = 120_000

_MALFORMED: Final = (
    ValueError, TypeError, KeyError, AttributeError, IndexError, RecursionError, OverflowError,
    struct.error, AssertionError, NotImplementedError,
)  # fmt: skip
"""What python-fido2's parsers raise for bytes that mean nothing."""

_ATTESTATIONS: Final[Mapping[str, type[Attestation]]] = {
    "apple": AppleAttestation,
    "fido-u2f": FidoU2FAttestation,
    "none": NoneAttestation,
    "packed": PackedAttestation,
    "tpm": TpmAttestation,
}

ResponseT = TypeVar("ResponseT", RegistrationResponse, AuthenticationResponse)


@dataclass(frozen=True, slots=True)
class NewCredential:
    """A passkey that has just been registered; `data` is its attested credential data."""

    id: bytes
    data: bytes
    counter: int
    assurance: Assurance
    is_backup_eligible: bool


@dataclass(frozen=True, slots=True)
class Assertion:
    """A signature that was parsed, not verified.

    Attributes:
        digest: SHA-256 over everything signed and the signature: the same again is a retry.
    """

    credential_id: bytes
    digest: bytes
    response: AuthenticationResponse


class RelyingParty:
    """Verifies passkeys for one relying party id.

    Args:
        rp_id: the domain passkeys are bound to.
        name: shown by authenticators.
        origins: the exact origins, port included, a signature may come from.
        platform_aaguids: authenticators taken for platform passkeys, though not attested.
        roots: AAGUID -> root certificates (DER) that may have attested it.
    """

    def __init__(
        self,
        rp_id: str,
        *,
        name: str,
        origins: Collection[str],
        platform_aaguids: Collection[bytes] = (),
        roots: Mapping[bytes, Sequence[bytes]] | None = None,
    ) -> None:
        self.rp_id = rp_id
        self._origins = origins
        self._platform_aaguids = frozenset(platform_aaguids)
        self._roots = dict(roots or {})
        wanted = (
            AttestationConveyancePreference.DIRECT
            if self._roots
            else AttestationConveyancePreference.NONE
        )
        self._server = Fido2Server(
            PublicKeyCredentialRpEntity(id=rp_id, name=name),
            attestation=wanted,
            verify_origin=origins.__contains__,
        )
        self._server.timeout = CEREMONY_TIMEOUT_MS  # type: ignore[assignment]  # None, untyped
        self._server.allowed_algorithms = [
            PublicKeyCredentialParameters(type=PublicKeyCredentialType.PUBLIC_KEY, alg=algorithm)
            for algorithm in ALGORITHMS
        ]

    def creation_options(self, challenge: bytes, *, user: str, name: str) -> dict[str, Any]:
        """Return `PublicKeyCredentialCreationOptionsJSON` for a new customer's passkey."""
        entity = PublicKeyCredentialUserEntity(id=user.encode(), name=name, display_name=name)
        options, _state = self._server.register_begin(
            entity,
            resident_key_requirement=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.REQUIRED,
            challenge=challenge,
        )
        return _plain(options.public_key)

    def request_options(
        self, challenge: bytes, *, credentials: Sequence[bytes] | None = None
    ) -> dict[str, Any]:
        """Return `PublicKeyCredentialRequestOptionsJSON`; without credentials any passkey may."""
        allowed = None
        if credentials is not None:
            kind = PublicKeyCredentialType.PUBLIC_KEY
            allowed = [PublicKeyCredentialDescriptor(type=kind, id=id_) for id_ in credentials]
        options, _state = self._server.authenticate_begin(
            allowed, user_verification=UserVerificationRequirement.REQUIRED, challenge=challenge
        )
        return _plain(options.public_key)

    def verify_registration(
        self, credential: Mapping[str, Any], *, challenge: bytes, now: float
    ) -> NewCredential:
        """Verify a `RegistrationResponseJSON` (WebAuthn Level 3, section 7.1).

        Raises:
            ApiError: with the code of what is wrong.
        """
        response = _parse(RegistrationResponse, credential)
        attestation = response.response.attestation_object
        found = attestation.auth_data
        client_data = response.response.client_data
        self._check(client_data, CollectedClientData.TYPE.CREATE, challenge, found)
        attested = found.credential_data
        if attested is None or response.raw_id != attested.credential_id:
            raise refusal("assertion_invalid", "a response without its credential")
        if not 16 <= len(attested.credential_id) <= MAX_CREDENTIAL_ID_BYTES:
            raise refusal("assertion_invalid", "a credential id of a wrong length")
        if attested.public_key.get(3) not in ALGORITHMS or not _is_usable(attested.public_key):
            raise refusal("algorithm_refused", "another algorithm, or a key that is none")
        self._complete(self._server.register_complete, challenge, response)
        return NewCredential(
            id=attested.credential_id,
            data=bytes(attested),
            counter=found.counter,
            assurance=self._assurance_of(attestation, client_data.hash, now),
            is_backup_eligible=found.is_backup_eligible(),
        )

    def parse_assertion(self, credential: Mapping[str, Any]) -> Assertion:
        """Read an `AuthenticationResponseJSON` without verifying it.

        Raises:
            ApiError: `assertion_invalid`: it is none.
        """
        response = _parse(AuthenticationResponse, credential)
        inner = response.response
        digest = hashlib.sha256()
        parts = (response.raw_id, inner.authenticator_data, inner.client_data, inner.signature)
        for part in (*parts, inner.user_handle or b""):
            digest.update(struct.pack(">I", len(part)) + bytes(part))
        return Assertion(response.raw_id, digest.digest(), response)

    def verify_assertion(
        self,
        assertion: Assertion,
        *,
        challenge: bytes,
        user: str,
        data: bytes,
        is_backup_eligible: bool,
        must_name_user: bool = False,
    ) -> int:
        """Verify a signature (WebAuthn Level 3, section 7.2); return its counter.

        Args:
            assertion: from `parse_assertion`.
            challenge: what had to be signed.
            user: whose passkey it has to be.
            data: the attested credential data that was registered.
            is_backup_eligible: as it was at registration; it can never change.
            must_name_user: the ceremony named no credential, so the user handle has to come.

        Raises:
            ApiError: with the code of what is wrong.
        """
        inner = assertion.response.response
        found = inner.authenticator_data
        self._check(inner.client_data, CollectedClientData.TYPE.GET, challenge, found)
        if found.is_backup_eligible() != is_backup_eligible:
            raise refusal("assertion_invalid", "a passkey whose backup eligibility changed")
        handle = inner.user_handle
        if (handle is None and must_name_user) or handle not in {None, user.encode()}:
            raise refusal("user_handle_mismatch", "another customer's passkey")
        registered = [AttestedCredentialData(data)]
        self._complete(
            lambda state, response: self._server.authenticate_complete(state, registered, response),
            challenge,
            assertion.response,
        )
        return found.counter

    def _check(
        self,
        client_data: CollectedClientData,
        kind: CollectedClientData.TYPE,
        challenge: bytes,
        found: AuthenticatorData,
    ) -> None:
        claims = _claims_of(client_data)
        if claims.get("type") != kind.value:
            raise refusal("assertion_invalid", "a response of another ceremony")
        if claims.get("challenge") != encode_base64url(challenge):
            raise refusal("challenge_mismatch", "another challenge")
        if claims.get("origin") not in self._origins:
            raise refusal("origin_mismatch", "another origin")
        if claims.get("crossOrigin", False) is not False or "topOrigin" in claims:
            raise refusal("cross_origin", "a response made in a frame")
        if found.rp_id_hash != hashlib.sha256(self.rp_id.encode()).digest():
            raise refusal("rp_id_mismatch", "a passkey of another relying party")
        if not found.is_user_present():
            raise refusal("user_presence_missing", "a response without a person present")
        if not found.is_user_verified():
            raise refusal("user_verification_missing", "a response without verification")
        if found.is_backed_up() and not found.is_backup_eligible():
            raise refusal("assertion_invalid", "a passkey backed up that cannot be")

    def _complete(
        self, verify: Callable[..., object], challenge: bytes, response: ResponseT
    ) -> None:
        state = {
            "challenge": encode_base64url(challenge),
            "user_verification": UserVerificationRequirement.REQUIRED,
        }
        try:
            verify(state, response)
        except _MALFORMED:
            raise refusal("assertion_invalid", "a signature that does not hold") from None

    def _assurance_of(
        self, attestation: AttestationObject, client_data_hash: bytes, now: float
    ) -> Assurance:
        credential = attestation.auth_data.credential_data
        aaguid = bytes(credential.aaguid) if credential is not None else b""
        chain = _verified_chain(attestation, client_data_hash)
        if aaguid == SOFT_AAGUID:  # a claim that only lowers needs no proof
            return Assurance.SOFT
        if any(_leads_to(chain, root, now) for root in self._roots.get(aaguid, ())):
            return Assurance.ATTESTED
        return Assurance.PLATFORM if aaguid in self._platform_aaguids else Assurance.UNATTESTED


def _parse(kind: type[ResponseT], credential: Mapping[str, Any]) -> ResponseT:
    if credential.get("type") != PublicKeyCredentialType.PUBLIC_KEY.value:
        raise refusal("assertion_invalid", "something that is no WebAuthn response")
    try:
        return kind.from_dict(credential)
    except _MALFORMED:
        raise refusal("assertion_invalid", "something that is no WebAuthn response") from None


def _claims_of(client_data: CollectedClientData) -> Mapping[str, Any]:
    # python-fido2 reads it with json.loads, which lets the last of two equal keys win.
    try:
        claims = load_json(bytes(client_data))
    except ProtocolError:
        raise refusal("assertion_invalid", "client data that is no JSON") from None
    if not isinstance(claims, dict):
        raise refusal("assertion_invalid", "client data that is no object")
    return claims


def _is_usable(key: CoseKey) -> bool:
    """Tell whether a public key is a point, or a modulus nobody can factor: else who signs?"""
    try:
        if key[3] == RS256.ALGORITHM:
            modulus_bits = int.from_bytes(key[-1], "big").bit_length()
            if not MIN_RSA_BITS <= modulus_bits <= MAX_RSA_BITS:
                return False
        key.verify(b"", bytes(64))
    except InvalidSignature:
        return True
    except _MALFORMED:
        return False
    return False


def _verified_chain(attestation: AttestationObject, client_data_hash: bytes) -> list[bytes]:
    """Return the certificates of an attestation whose signature holds; often there are none."""
    if not isinstance(attestation.fmt, str):
        raise refusal("attestation_invalid", "an attestation of no format")
    kind = _ATTESTATIONS.get(attestation.fmt)
    if kind is None:
        return []
    try:
        result = kind().verify(attestation.att_stmt, attestation.auth_data, client_data_hash)
    except UnsupportedType:
        return []
    except (InvalidAttestation, InvalidSignature, UnsupportedAlgorithm, *_MALFORMED):
        raise refusal("attestation_invalid", "an attestation that does not hold") from None
    return list(result.trust_path)


def _leads_to(chain: Sequence[bytes], root: bytes, now: float) -> bool:
    if not chain:
        return False
    try:
        verify_x509_chain([*chain, root])
        leaf = x509.load_der_x509_certificate(chain[0])
    except (InvalidAttestation, InvalidSignature, UnsupportedAlgorithm, *_MALFORMED):
        return False
    begins, ends = leaf.not_valid_before_utc.timestamp(), leaf.not_valid_after_utc.timestamp()
    return begins <= now <= ends


def _plain(options: Mapping[str, Any]) -> dict[str, Any]:
    """Turn python-fido2's options into plain JSON values, without the members that are absent."""

    def plain(value: Any) -> Any:  # Any: JSON, as python-fido2 nests it
        if isinstance(value, Mapping):
            return {key: plain(inner) for key, inner in value.items() if inner is not None}
        if isinstance(value, (list, tuple)):
            return [plain(inner) for inner in value]
        return str(value.value) if hasattr(value, "value") else value

    return {key: plain(value) for key, value in options.items()}
