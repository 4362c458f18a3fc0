"""A CTAP 2.1 authenticator in software, driven by python-fido2 as it drives a USB key.

Section numbers are those of CTAP 2.1. What a client of ours never sends (PIN tokens, large blobs,
extensions) is answered with the standard's error.
"""

import hashlib
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, cast

import msgspec
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from fido2 import cbor
from fido2.cose import ES256, CoseKey, EdDSA
from fido2.ctap import CtapDevice, CtapError
from fido2.hid import CAPABILITY, CTAPHID
from fido2.webauthn import Aaguid, AttestedCredentialData, AuthenticatorData

from ..protocol.soft import SOFT_AAGUID

VerifyUser = Callable[[str, str], bool]
"""What stands in for the finger: (`"register"` or `"authenticate"`, rp id) -> did it match?"""

MAX_CREDENTIALS: Final = 64
MAX_VERIFICATION_FAILURES: Final = 3  # section 6.5.2.3: then only a restart helps
CREDENTIAL_ID_BYTES: Final = 32
_FLAG = AuthenticatorData.FLAG
_ERR = CtapError.ERR


class Credential(msgspec.Struct):
    """A passkey. `count` is the signature counter; `key` is PKCS #8 DER."""

    id: bytes
    rp_id: str
    algorithm: int
    key: bytes
    user: dict[str, Any]
    is_discoverable: bool
    count: int
    made: int

    def sign(self, message: bytes) -> bytes:
        """Sign as the algorithm says (WebAuthn section 6.5.5)."""
        key = serialization.load_der_private_key(self.key, None)
        if isinstance(key, ec.EllipticCurvePrivateKey):
            return key.sign(message, ec.ECDSA(hashes.SHA256()))
        if isinstance(key, ed25519.Ed25519PrivateKey):
            return key.sign(message)
        raise CtapError(_ERR.UNSUPPORTED_ALGORITHM)

    def public_key(self) -> CoseKey:
        """Return the public half as a COSE key."""
        public = serialization.load_der_private_key(self.key, None).public_key()
        kind = ES256 if self.algorithm == ES256.ALGORITHM else EdDSA
        return cast("CoseKey", kind.from_cryptography_key(public))  # type: ignore[no-untyped-call]


class SoftDevice(CtapDevice):
    """The device. It holds no file: `save` is called with all credentials when one changes.

    Args:
        credentials: what it holds already.
        save: makes the credentials durable; what it raises, the caller of the key sees.
        verify_user: the stand-in for a finger on a sensor.
        random_bytes: for credential ids.
    """

    def __init__(
        self,
        credentials: Sequence[Credential],
        *,
        save: Callable[[Sequence[Credential]], None],
        verify_user: VerifyUser,
        random_bytes: Callable[[int], bytes],
    ) -> None:
        self._credentials = {credential.id: credential for credential in credentials}
        self._save = save
        self._verify_user = verify_user
        self._random_bytes = random_bytes
        self._failures = 0
        self._waiting: list[dict[int, Any]] = []
        self._lock = threading.Lock()
        self.failure: Exception | None = None

    @classmethod
    def list_devices(cls) -> Any:  # an iterator of devices: there is nothing to discover
        """Return no devices: a soft key is made, not found."""
        return iter(())

    @property
    def capabilities(self) -> int:
        """CBOR, and no CTAP1 messages (section 11.2.9.1.3)."""
        return CAPABILITY.CBOR | CAPABILITY.NMSG

    def rp_ids(self) -> frozenset[str]:
        """Return the relying parties it can sign in at without being told which credential."""
        return frozenset(c.rp_id for c in self._credentials.values() if c.is_discoverable)

    def call(
        self,
        cmd: int,
        data: bytes = b"",
        event: threading.Event | None = None,
        on_keepalive: Callable[[Any], None] | None = None,  # noqa: ARG002 - it never waits
    ) -> bytes:
        """Answer one CTAPHID message: a status byte, then canonical CBOR (section 6)."""
        if cmd != CTAPHID.CBOR:
            raise CtapError(_ERR.INVALID_COMMAND)
        if event is not None and event.is_set():
            return bytes([_ERR.KEEPALIVE_CANCEL])
        with self._lock:
            try:
                arguments = cbor.decode(data[1:]) if data[1:] else {}
                answer = self._dispatch(data[0], cast("Mapping[int, Any]", arguments))
            except CtapError as error:
                return bytes([int(error.code)])
            except (IndexError, KeyError, TypeError, ValueError):
                return bytes([_ERR.INVALID_CBOR])
        return b"\0" + (cbor.encode(answer) if answer is not None else b"")

    def _dispatch(self, command: int, arguments: Mapping[int, Any]) -> dict[int, Any] | None:
        match command:
            case 0x01:
                return self._make_credential(arguments)
            case 0x02:
                return self._get_assertion(arguments)
            case 0x04:
                return self._describe()
            case 0x08:
                return self._next_assertion()
            case 0x0B:  # authenticatorSelection: this is the one
                return None
        raise CtapError(_ERR.INVALID_COMMAND)

    def _describe(self) -> dict[int, Any]:
        # Built-in user verification without pinUvAuthToken: one callback per operation. The PIN
        # protocol list must not be empty all the same: python-fido2's ClientPin asks for one.
        return {
            1: ["FIDO_2_0", "FIDO_2_1"],
            3: SOFT_AAGUID,
            4: {"rk": True, "up": True, "uv": True, "plat": False, "makeCredUvNotRqd": True},
            5: 4096,
            6: [2],
            7: 8,
            8: CREDENTIAL_ID_BYTES,
            9: ["internal"],
            10: [{"alg": alg, "type": "public-key"} for alg in (ES256.ALGORITHM, EdDSA.ALGORITHM)],
        }

    def _check_user(self, operation: str, rp_id: str) -> None:
        if self._failures >= MAX_VERIFICATION_FAILURES:
            raise CtapError(_ERR.UV_BLOCKED)
        if not self._verify_user(operation, rp_id):
            self._failures += 1
            is_last = self._failures >= MAX_VERIFICATION_FAILURES
            raise CtapError(_ERR.UV_BLOCKED if is_last else _ERR.OPERATION_DENIED)
        self._failures = 0

    def _make_credential(self, arguments: Mapping[int, Any]) -> dict[int, Any]:
        """Section 6.1: 1 client data hash, 2 rp, 3 user, 4 algorithms, 5 excluded, 7 options."""
        rp_id, user, options = arguments[2]["id"], arguments[3], arguments.get(7, {})
        algorithm = self._choose_algorithm(arguments[4])
        is_verified = bool(options.get("uv"))
        if is_verified:
            self._check_user("register", rp_id)
        for excluded in arguments.get(5, []):
            known = self._credentials.get(excluded["id"])
            if known is not None and known.rp_id == rp_id:
                raise CtapError(_ERR.CREDENTIAL_EXCLUDED)
        credential = Credential(
            id=self._random_bytes(CREDENTIAL_ID_BYTES),
            rp_id=rp_id,
            algorithm=algorithm,
            key=_new_key(algorithm),
            user=dict(user),
            is_discoverable=bool(options.get("rk")),
            count=0,
            made=max((c.made for c in self._credentials.values()), default=0) + 1,
        )
        self._add(credential)
        attested = AttestedCredentialData.create(
            Aaguid(SOFT_AAGUID), credential.id, credential.public_key()
        )
        flags = _FLAG.UP | _FLAG.AT | (_FLAG.UV if is_verified else 0)
        signed = AuthenticatorData.create(_hash_of(rp_id), flags, 0, attested)
        # Self attestation (WebAuthn section 8.2): it proves possession, and claims no maker.
        signature = credential.sign(bytes(signed) + arguments[1])
        return {1: "packed", 2: bytes(signed), 3: {"alg": algorithm, "sig": signature}}

    def _choose_algorithm(self, offered: Sequence[Mapping[str, Any]]) -> int:
        for parameters in offered:
            algorithm = parameters["alg"]
            if parameters["type"] == "public-key" and algorithm in {
                ES256.ALGORITHM,
                EdDSA.ALGORITHM,
            }:
                return int(algorithm)
        raise CtapError(_ERR.UNSUPPORTED_ALGORITHM)

    def _add(self, credential: Credential) -> None:
        # A second discoverable credential for the same user replaces the first (section 6.1.2).
        kept = [
            other
            for other in self._credentials.values()
            if not (
                credential.is_discoverable
                and other.is_discoverable
                and other.rp_id == credential.rp_id
                and other.user["id"] == credential.user["id"]
            )
        ]
        if len(kept) >= MAX_CREDENTIALS:
            raise CtapError(_ERR.KEY_STORE_FULL)
        self._store([*kept, credential])
        self._credentials = {other.id: other for other in [*kept, credential]}

    def _get_assertion(self, arguments: Mapping[int, Any]) -> dict[int, Any]:
        """Section 6.2: 1 rp id, 2 client data hash, 3 allowed, 5 options."""
        rp_id, client_data_hash, options = arguments[1], arguments[2], arguments.get(5, {})
        allowed = arguments.get(3)
        found = self._find(rp_id, allowed)
        if not found:
            raise CtapError(_ERR.NO_CREDENTIALS)
        # python-fido2 probes the lists with up=false first: no prompt, no count (section 6.2.2).
        is_present, is_verified = bool(options.get("up", True)), bool(options.get("uv"))
        if is_verified:
            self._check_user("authenticate", rp_id)
        answers = [
            self._assert(
                credential, client_data_hash, is_present=is_present, is_verified=is_verified
            )
            for credential in (found[:1] if allowed else found)
        ]
        if not allowed and len(answers) > 1:
            answers[0][5] = len(answers)
        self._waiting = answers[1:]
        return answers[0]

    def _find(self, rp_id: str, allowed: Sequence[Mapping[str, Any]] | None) -> list[Credential]:
        if allowed:
            listed = (self._credentials.get(entry["id"]) for entry in allowed)
            return [c for c in listed if c is not None and c.rp_id == rp_id]
        here = (c for c in self._credentials.values() if c.is_discoverable and c.rp_id == rp_id)
        return sorted(here, key=lambda credential: -credential.made)

    def _next_assertion(self) -> dict[int, Any]:
        if not self._waiting:
            raise CtapError(_ERR.NOT_ALLOWED)
        return self._waiting.pop(0)

    def _assert(
        self,
        credential: Credential,
        client_data_hash: bytes,
        *,
        is_present: bool,
        is_verified: bool,
    ) -> dict[int, Any]:
        if is_present:
            credential.count += 1
            self._store(list(self._credentials.values()))  # durable before the signature leaves
        flags = (_FLAG.UP if is_present else 0) | (_FLAG.UV if is_verified else 0)
        signed = AuthenticatorData.create(
            _hash_of(credential.rp_id), _FLAG(flags), credential.count, b""
        )
        answer: dict[int, Any] = {
            1: {"id": credential.id, "type": "public-key"},
            2: bytes(signed),
            3: credential.sign(bytes(signed) + client_data_hash),
        }
        if credential.is_discoverable:
            # Without user verification only the handle may leave (section 6.2.2, step 13).
            answer[4] = credential.user if is_verified else {"id": credential.user["id"]}
        return answer

    def _store(self, credentials: Sequence[Credential]) -> None:
        try:
            self._save(credentials)
        except Exception as error:
            self.failure = error  # CTAP has only a number for it; the key raises this instead
            raise CtapError(_ERR.OTHER) from error


def _new_key(algorithm: int) -> bytes:
    key = (
        ec.generate_private_key(ec.SECP256R1())
        if algorithm == ES256.ALGORITHM
        else ed25519.Ed25519PrivateKey.generate()
    )
    return key.private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _hash_of(rp_id: str) -> bytes:
    return hashlib.sha256(rp_id.encode()).digest()
