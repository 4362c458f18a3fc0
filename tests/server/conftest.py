"""A branch in process, a client that says exactly what it is told, and a passkey that may lie."""

import datetime as dt
import hashlib
import itertools
import json
import struct
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from fido2 import cbor
from joserfc.jwk import ECKey

from branchxr.clock import SystemClock
from branchxr.protocol.canonical import decode_base64url, encode_base64url
from branchxr.protocol.intent import challenge as challenge_of
from branchxr.protocol.proof import make_proof
from branchxr.server.branch import BranchServer, ServerSettings

START = 1_800_000_000.0
ORIGIN = "http://localhost:8710"
UP, UV, BE, BS, AT = 0x01, 0x04, 0x08, 0x10, 0x40


@dataclass
class StandingClock:
    """Time that passes only when told."""

    now: float = START

    def time(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.now - START + 1000.0

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


@dataclass
class Passkey:
    """A minimal authenticator; every field that a test wants wrong can be given wrong."""

    rp_id: str = "localhost"
    origin: str = ORIGIN
    aaguid: bytes = bytes(16)
    counter: int = 0
    flags: int = UP | UV
    step: int = 1
    attestation: str = "none"
    private: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    id: bytes = b""
    user_handle: str | None = None
    client_data: dict[str, Any] = field(default_factory=dict)
    cose: dict[int, Any] | None = None
    attestor: tuple[ec.EllipticCurvePrivateKey, list[bytes]] | None = None

    def __post_init__(self) -> None:
        if not self.id:
            point = self.private.public_key().public_numbers()
            self.id = hashlib.sha256(point.x.to_bytes(32, "big")).digest()

    def _client_data(self, kind: str, challenge: str) -> bytes:
        claims = {
            "type": kind,
            "challenge": challenge,
            "origin": self.origin,
            "crossOrigin": False,
            **self.client_data,
        }
        return json.dumps(claims).encode()

    def _authenticator_data(self, attested: bytes = b"") -> bytes:
        flags = self.flags | (AT if attested else 0)
        head = hashlib.sha256(self.rp_id.encode()).digest()
        return head + struct.pack(">BI", flags, self.counter) + attested

    def register(self, options: dict[str, Any]) -> dict[str, Any]:
        point = self.private.public_key().public_numbers()
        x, y = point.x.to_bytes(32, "big"), point.y.to_bytes(32, "big")
        key = self.cose or {1: 2, 3: -7, -1: 1, -2: x, -3: y}
        attested = self.aaguid + struct.pack(">H", len(self.id)) + self.id + cbor.encode(key)
        found = self._authenticator_data(attested)
        client_data = self._client_data("webauthn.create", options["challenge"])
        statement: dict[str, Any] = {}
        if self.attestation == "packed":
            signed = found + hashlib.sha256(client_data).digest()
            signer, chain = self.attestor or (self.private, [])
            statement = {"alg": -7, "sig": signer.sign(signed, ec.ECDSA(hashes.SHA256()))}
            if chain:
                statement["x5c"] = chain
        attestation = cbor.encode(
            {"fmt": self.attestation, "authData": found, "attStmt": statement}
        )
        self.user_handle = self.user_handle or options["user"]["id"]
        return self._response(client_data, {"attestationObject": encode_base64url(attestation)})

    def sign(self, options: dict[str, Any], **lies: Any) -> dict[str, Any]:
        liar = replace(self, **lies) if lies else self
        if not lies.get("counter"):
            self.counter += self.step
            liar.counter = self.counter
        return liar._sign(options)

    def _sign(self, options: dict[str, Any]) -> dict[str, Any]:
        client_data = self._client_data("webauthn.get", options["challenge"])
        found = self._authenticator_data()
        signed = found + hashlib.sha256(client_data).digest()
        signature = self.private.sign(signed, ec.ECDSA(hashes.SHA256()))
        fields = {
            "authenticatorData": encode_base64url(found),
            "signature": encode_base64url(signature),
            "userHandle": self.user_handle,
        }
        return self._response(client_data, {k: v for k, v in fields.items() if v is not None})

    def _response(self, client_data: bytes, fields: dict[str, Any]) -> dict[str, Any]:
        return {
            "id": encode_base64url(self.id),
            "rawId": encode_base64url(self.id),
            "type": "public-key",
            "clientExtensionResults": {},
            "response": {"clientDataJSON": encode_base64url(client_data), **fields},
        }


class Caller:
    """One client of the branch: its DPoP key, its tokens, and raw HTTP."""

    def __init__(
        self,
        branch: Any,
        clock: Any,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.branch = branch
        self.clock = clock
        self.key = ECKey.generate_key("P-256")
        self.access_token = ""
        self.tokens: dict[str, Any] = {}
        self.headers = dict(headers or {})
        self._numbers = itertools.count()
        wire = transport or httpx.ASGITransport(app=branch.app, raise_app_exceptions=True)
        self.http = httpx.AsyncClient(transport=wire, base_url=branch.address, timeout=30)

    def proof(self, method: str, path: str, **changes: Any) -> str:
        asked: dict[str, Any] = {
            "now": self.clock.time(),
            "jti": f"jti-{id(self)}-{next(self._numbers)}",
            "access_token": self.access_token or None,
        }
        asked |= changes
        key = asked.pop("key", self.key)
        return make_proof(key, method, f"{self.branch.address}{path}", **asked)

    async def send(
        self, method: str, path: str, body: Any = None, *, key: str | None = None, **headers: str
    ) -> httpx.Response:
        sent = {"DPoP": self.proof(method, path), **self.headers}
        if self.access_token:
            sent["Authorization"] = f"DPoP {self.access_token}"
        if key is not None:
            sent["Idempotency-Key"] = key
        sent = {name: value for name, value in {**sent, **headers}.items() if value}
        if body is None:
            return await self.http.request(method, path, headers=sent)
        return await self.http.request(method, path, json=body, headers=sent)

    async def ask(self, method: str, path: str, body: Any = None, **rest: Any) -> Any:
        answer = await self.send(method, path, body, **rest)
        assert answer.status_code < 300, answer.text
        return answer.json()

    async def refused(self, method: str, path: str, body: Any = None, **rest: Any) -> str:
        answer = await self.send(method, path, body, **rest)
        assert answer.headers["content-type"] == "application/problem+json", answer.text
        problem = answer.json()
        assert problem["status"] == answer.status_code >= 400
        assert problem["request_id"] == answer.headers["x-request-id"]
        return str(problem["code"])

    def take(self, tokens: dict[str, Any]) -> dict[str, Any]:
        self.tokens = tokens
        self.access_token = tokens["access_token"]
        return tokens

    async def enter(self, name: str = "Guest") -> "Caller":
        self.take(await self.ask("POST", "/v1/guests", {"name": name}))
        return self

    async def register(self, passkey: Passkey, name: str = "Ada") -> "Caller":
        begun = await self.ask("POST", "/v1/registrations", {"name": name})
        answer = {"credential": passkey.register(begun["options"])}
        self.take(await self.ask("POST", f"/v1/registrations/{begun['id']}", answer))
        return self

    async def sign_in(self, passkey: Passkey, **lies: Any) -> "Caller":
        begun = await self.ask("POST", "/v1/sign-ins", {})
        answer = {"credential": passkey.sign(begun["options"], **lies)}
        self.take(await self.ask("POST", f"/v1/sign-ins/{begun['id']}", answer))
        return self

    async def account(self) -> str:
        return str((await self.ask("GET", "/v1/accounts"))["accounts"][0]["id"])

    async def balance_minor(self) -> int:
        return int(await self.branch.ledger.balance_minor(await self.account()))

    def new_key(self) -> str:
        return f"key-{next(self._numbers):016d}"

    async def begin(self, **changes: Any) -> dict[str, Any]:
        asked = {"creditor": "CITY-UTILITIES", "amount": "10.00", "currency": "RUB", **changes}
        payment: dict[str, Any] = await self.ask("POST", "/v1/payments", asked, key=self.new_key())
        assert challenge_of(payment["intent"].encode()).hex() == payment["challenge"]
        assert decode_base64url(payment["options"]["challenge"]).hex() == payment["challenge"]
        return payment

    async def authorize(self, payment: str, credential: Any, key: str = "") -> httpx.Response:
        path = f"/v1/payments/{payment}/authorize"
        return await self.send("POST", path, {"credential": credential}, key=key or self.new_key())


@dataclass
class World:
    """Makes branches, callers and passkeys for a test."""

    stack: AsyncExitStack
    clock: StandingClock = field(default_factory=StandingClock)

    async def open(self, **settings: Any) -> BranchServer:
        made = BranchServer.open(ServerSettings(**settings), clock=self.clock)
        return await self.stack.enter_async_context(made)

    async def caller(self, branch: BranchServer, **headers: str) -> Caller:
        caller = Caller(branch, self.clock, headers=headers)
        self.stack.push_async_callback(caller.http.aclose)
        return caller

    async def remote(
        self, address: str, around: Callable[[httpx.AsyncBaseTransport], Any] = lambda inner: inner
    ) -> Caller:
        """Return a caller of a branch in another process, in real time."""
        there, inner = SimpleNamespace(address=address), httpx.AsyncHTTPTransport()
        caller = Caller(there, SystemClock(), transport=around(inner))
        self.stack.push_async_callback(inner.aclose)
        self.stack.push_async_callback(caller.http.aclose)
        return caller

    async def customer(self, branch: BranchServer, passkey: Passkey, name: str = "Ada") -> Caller:
        return await (await (await self.caller(branch)).enter()).register(passkey, name)


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with AsyncExitStack() as stack:
        yield World(stack)


@pytest.fixture
async def branch(world: World) -> BranchServer:
    return await world.open()


@pytest.fixture
def new_passkey() -> Callable[..., Passkey]:
    return Passkey


@pytest.fixture
def clock(world: World) -> StandingClock:
    return world.clock


@pytest.fixture
def passkey() -> Passkey:
    return Passkey()


@pytest.fixture
async def guest(world: World, branch: BranchServer) -> Caller:
    return await (await world.caller(branch)).enter()


@pytest.fixture
async def ada(world: World, branch: BranchServer, passkey: Passkey) -> Caller:
    """A customer who has just registered `passkey`."""
    return await world.customer(branch, passkey)


@pytest.fixture
def tls_files(tmp_path: Path) -> tuple[Path, Path]:
    """Return a certificate for localhost that signed itself, and its key: PEM files."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    begin = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(begin)
        .not_valid_after(begin + dt.timedelta(days=36_500))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    paths = tmp_path / "certificate.pem", tmp_path / "key.pem"
    paths[0].write_bytes(certificate.public_bytes(Encoding.PEM))
    paths[1].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return paths
