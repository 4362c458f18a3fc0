"""What somebody may try with a payment's signature, one row each; nothing of it moves money."""

import copy
import json
from typing import Any

import pytest
from fido2 import cbor

from branchxr.protocol.canonical import decode_base64url, encode_base64url

UP, UV, BE, BS = 0x01, 0x04, 0x08, 0x10

LIES: list[tuple[str, dict[str, Any], str]] = [
    ("phishing origin", {"origin": "http://localhost.evil.test:8710"}, "origin_mismatch"),
    ("sub-domain of the branch", {"origin": "http://xss.localhost:8710"}, "origin_mismatch"),
    ("another port", {"origin": "http://localhost:9999"}, "origin_mismatch"),
    ("another scheme", {"origin": "https://localhost:8710"}, "origin_mismatch"),
    ("the branch's IP address", {"origin": "http://127.0.0.1:8710"}, "origin_mismatch"),
    ("an origin with a path", {"origin": "http://localhost:8710/"}, "origin_mismatch"),
    ("no user verification", {"flags": UP}, "user_verification_missing"),
    ("no user presence", {"flags": UV}, "user_presence_missing"),
    ("another relying party", {"rp_id": "evil.test"}, "rp_id_mismatch"),
    ("backup eligibility changed", {"flags": UP | UV | BE}, "assertion_invalid"),
    ("backed up, though never eligible", {"flags": UP | UV | BS}, "assertion_invalid"),
    ("made in a foreign frame", {"client_data": {"crossOrigin": True}}, "cross_origin"),
    ("crossOrigin that is no boolean", {"client_data": {"crossOrigin": 1}}, "cross_origin"),
    ("crossOrigin null", {"client_data": {"crossOrigin": None}}, "cross_origin"),
    (
        "a frame that names its top",
        {"client_data": {"topOrigin": "https://evil.test"}},
        "cross_origin",
    ),
    (
        "a registration's signature",
        {"client_data": {"type": "webauthn.create"}},
        "assertion_invalid",
    ),
    ("a payment.get of SPC", {"client_data": {"type": "payment.get"}}, "assertion_invalid"),
    ("another challenge", {"client_data": {"challenge": "A" * 43}}, "challenge_mismatch"),
    ("another customer's handle", {"user_handle": "b3RoZXI"}, "user_handle_mismatch"),
    ("a passkey nobody registered", {"id": b"x" * 32}, "credential_unknown"),
]


@pytest.mark.parametrize(("name", "lies", "code"), LIES, ids=[row[0] for row in LIES])
async def test_a_signature_that_lies(
    ada: Any, passkey: Any, name: str, lies: dict[str, Any], code: str
) -> None:
    payment = await ada.begin()
    answer = await ada.authorize(payment["id"], passkey.sign(payment["options"], **lies))
    assert answer.json()["code"] == code
    assert await ada.balance_minor() == 100_000_00
    honest = await ada.authorize(payment["id"], passkey.sign(payment["options"]))
    assert honest.json()["state"] == "posted"  # the lie has cost nothing but an attempt


def flipped(credential: dict[str, Any], field: str) -> dict[str, Any]:
    changed = copy.deepcopy(credential)
    raw = bytearray(decode_base64url(changed["response"][field]))
    raw[-1] ^= 1
    changed["response"][field] = encode_base64url(bytes(raw))
    return changed


@pytest.mark.parametrize("field", ["signature", "authenticatorData"])
async def test_one_bit_flipped(ada: Any, passkey: Any, field: str) -> None:
    payment = await ada.begin()
    forged = flipped(passkey.sign(payment["options"]), field)
    assert (await ada.authorize(payment["id"], forged)).json()["code"] == "assertion_invalid"
    assert await ada.balance_minor() == 100_000_00


async def test_claims_said_twice(ada: Any, passkey: Any) -> None:
    """The last of two equal keys wins in most parsers: what is checked must be what was signed."""
    payment = await ada.begin()
    credential = passkey.sign(payment["options"], client_data={"origin": "https://evil.test"})
    claims = decode_base64url(credential["response"]["clientDataJSON"]).decode()
    twice = claims[:-1] + ', "origin": "http://localhost:8710"}'
    credential["response"]["clientDataJSON"] = encode_base64url(twice.encode())
    assert (await ada.authorize(payment["id"], credential)).json()["code"] == "assertion_invalid"


def bomb() -> bytes:
    return b"\x81" * 20_000 + b"\x00"  # CBOR: a list in a list in a list…


MALFORMED: dict[str, Any] = {
    "nothing": {},
    "another type": {"type": "password"},
    "a list as response": {"type": "public-key", "id": "AA", "rawId": "AA", "response": []},
    "numbers for bytes": {
        "type": "public-key", "id": "AA", "rawId": "AA",
        "response": {"clientDataJSON": 1, "authenticatorData": 2, "signature": 3},
    },
    "an id that differs": {"type": "public-key", "id": "AB", "rawId": "AA", "response": {}},
    "authenticator data cut short": {
        "type": "public-key", "id": "AA", "rawId": "AA",
        "response": {"clientDataJSON": "e30", "authenticatorData": "AAAA", "signature": "AA"},
    },
    "extensions without end": {
        "type": "public-key", "id": "AA", "rawId": "AA",
        "response": {
            "clientDataJSON": "e30", "signature": "AA",
            "authenticatorData": encode_base64url(bytes(32) + b"\x85" + bytes(4) + bomb()),
        },
    },
}  # fmt: skip


@pytest.mark.parametrize("credential", MALFORMED.values(), ids=MALFORMED)
async def test_bytes_that_mean_nothing(ada: Any, credential: dict[str, Any]) -> None:
    payment = await ada.begin()
    assert (await ada.authorize(payment["id"], credential)).json()["code"] == "assertion_invalid"


@pytest.mark.parametrize("depth", [100, 300, 450, 600, 800, 900, 950, 2000])
async def test_nesting_without_end(ada: Any, depth: int) -> None:
    payment = await ada.begin()
    nested = "[" * depth + "]" * depth
    path = f"/v1/payments/{payment['id']}/authorize"
    headers = {
        "Authorization": f"DPoP {ada.access_token}",
        "DPoP": ada.proof("POST", path),
        "Idempotency-Key": ada.new_key(),
        "content-type": "application/json",
    }
    body = f'{{"credential": {{"type": "public-key", "x": {nested}}}}}'
    answer = await ada.http.post(path, content=body, headers=headers)
    assert answer.json()["code"] in {"bad_request", "assertion_invalid"}


async def test_a_signature_for_another_payment(ada: Any, passkey: Any) -> None:
    small, large = await ada.begin(amount="1.00"), await ada.begin(amount="9000.00")
    signed = passkey.sign(small["options"])
    assert (await ada.authorize(large["id"], signed)).json()["code"] == "challenge_mismatch"
    assert (await ada.authorize(small["id"], signed)).json()["state"] == "posted"
    assert await ada.balance_minor() == 99_999_00


async def test_a_sign_in_is_no_approval(world: Any, branch: Any, ada: Any, passkey: Any) -> None:
    other = await (await world.caller(branch)).enter()
    begun = await other.ask("POST", "/v1/sign-ins", {})
    payment = await ada.begin()
    answer = await ada.authorize(payment["id"], passkey.sign(begun["options"]))
    assert answer.json()["code"] == "challenge_mismatch"


async def test_other_people(
    world: Any, branch: Any, ada: Any, passkey: Any, new_passkey: Any
) -> None:
    his = new_passkey()
    mallory = await world.customer(branch, his, "Mallory")
    payment = await ada.begin()
    signed = passkey.sign(payment["options"])
    assert (await mallory.authorize(payment["id"], signed)).json()["code"] == "payment_unknown"
    assert await mallory.refused("GET", f"/v1/payments/{payment['id']}") == "payment_unknown"
    answer = await ada.authorize(payment["id"], his.sign(payment["options"]))
    assert answer.json()["code"] == "credential_unknown"
    second = await (await (await world.caller(branch)).enter()).sign_in(passkey)
    elsewhere = await second.authorize(payment["id"], passkey.sign(payment["options"]))
    assert elsewhere.json()["code"] == "session_mismatch"
    seen = await second.ask("GET", f"/v1/payments/{payment['id']}")
    assert seen["state"] == "pending"  # but any session of the owner may look
    stranger = await mallory.refused("GET", f"/v1/accounts/{await ada.account()}/transfers")
    assert stranger == "account_unknown"


async def test_too_late(ada: Any, passkey: Any, clock: Any) -> None:
    payment = await ada.begin()
    signed = passkey.sign(payment["options"])
    clock.now += 120
    assert (await ada.ask("GET", f"/v1/payments/{payment['id']}"))["state"] == "expired"
    for _ in range(2):
        assert (await ada.authorize(payment["id"], signed)).json()["code"] == "approval_expired"
    assert await ada.balance_minor() == 100_000_00


async def test_five_failed_signatures_end_a_payment(ada: Any, passkey: Any) -> None:
    payment = await ada.begin()
    for _ in range(5):
        wrong = passkey.sign(payment["options"], flags=UP)
        answer = await ada.authorize(payment["id"], wrong)
        assert answer.json()["code"] == "user_verification_missing"
    again = await ada.authorize(payment["id"], wrong)
    assert again.json()["code"] == "attempts_exceeded"
    honest = await ada.authorize(payment["id"], passkey.sign(payment["options"]))
    assert honest.json()["code"] == "not_pending"


async def test_a_revoked_passkey(ada: Any, passkey: Any) -> None:
    mine = (await ada.ask("GET", "/v1/passkeys"))["passkeys"]
    payment = await ada.begin()
    for _ in range(2):  # twice is as once
        await ada.ask("DELETE", f"/v1/passkeys/{mine[0]['id']}")
    assert (await ada.ask("GET", "/v1/passkeys"))["passkeys"][0]["is_revoked"]
    answer = await ada.authorize(payment["id"], passkey.sign(payment["options"]))
    assert answer.json()["code"] == "credential_revoked"


async def test_revoking_a_passkey_ends_the_customers_other_sessions(
    world: Any, branch: Any, ada: Any, passkey: Any, new_passkey: Any
) -> None:
    bob = await world.customer(branch, new_passkey(), "Bob")
    thief = await (await (await world.caller(branch)).enter()).sign_in(passkey)
    mine = (await ada.ask("GET", "/v1/passkeys"))["passkeys"]
    await ada.ask("DELETE", f"/v1/passkeys/{mine[0]['id']}")
    assert await thief.refused("GET", "/v1/accounts") == "token_invalid"
    for caller in (ada, bob):
        await caller.ask("GET", "/v1/accounts")


async def test_somebody_elses_passkey_cannot_be_revoked(
    world: Any, branch: Any, ada: Any, new_passkey: Any
) -> None:
    mallory = await world.customer(branch, new_passkey(), "Mallory")
    hers = (await ada.ask("GET", "/v1/passkeys"))["passkeys"][0]["id"]
    assert await mallory.refused("DELETE", f"/v1/passkeys/{hers}") == "credential_unknown"
    assert await mallory.refused("DELETE", "/v1/passkeys/A") == "credential_unknown"
    assert not (await ada.ask("GET", "/v1/passkeys"))["passkeys"][0]["is_revoked"]


async def test_a_cloned_passkey_is_found_and_suspended(
    world: Any, branch: Any, ada: Any, passkey: Any
) -> None:
    clone = copy.copy(passkey)
    payment = await ada.begin()
    await ada.authorize(payment["id"], passkey.sign(payment["options"]))
    second = await ada.begin()
    stale = clone.sign(second["options"])  # a counter that the original has used
    for _ in range(2):
        assert (await ada.authorize(second["id"], stale)).json()["code"] == "counter_reused"
    third = await ada.begin()
    answer = await ada.authorize(third["id"], passkey.sign(third["options"]))
    assert answer.json()["code"] == "credential_suspended"
    later = await (await world.caller(branch)).enter()
    begun = await later.ask("POST", "/v1/sign-ins", {})
    answer = {"credential": passkey.sign(begun["options"])}
    path = f"/v1/sign-ins/{begun['id']}"
    assert await later.refused("POST", path, answer) == "credential_suspended"


async def test_honest_payments_may_overtake_each_other(ada: Any, passkey: Any) -> None:
    """Signed in order, sent in reverse: 15 of 20 such were refused by the simple rule."""
    payments = [await ada.begin() for _ in range(5)]
    signed = [passkey.sign(payment["options"]) for payment in payments]
    for payment, credential in reversed(list(zip(payments, signed, strict=True))):
        assert (await ada.authorize(payment["id"], credential)).json()["state"] == "posted"


async def test_a_synced_passkey_counts_nothing(world: Any, branch: Any, new_passkey: Any) -> None:
    synced = new_passkey(step=0, flags=UP | UV | BE | BS)
    ben = await world.customer(branch, synced, "Ben")
    for _ in range(2):
        payment = await ben.begin()
        signed = synced.sign(payment["options"])
        assert (await ben.authorize(payment["id"], signed)).json()["state"] == "posted"
    payment = await ben.begin()
    left_the_cloud = synced.sign(payment["options"], flags=UP | UV | BE)
    assert (await ben.authorize(payment["id"], left_the_cloud)).json()["state"] == "posted"


async def test_a_counter_that_falls_back_to_zero(ada: Any, passkey: Any) -> None:
    payment = await ada.begin()
    await ada.authorize(payment["id"], passkey.sign(payment["options"]))
    second = await ada.begin()
    passkey.counter, passkey.step = 0, 0
    answer = await ada.authorize(second["id"], passkey.sign(second["options"]))
    assert answer.json()["code"] == "counter_reused"


def rsa_key(bits: int) -> dict[int, Any]:
    return {1: 3, 3: -257, -1: (2 ** (bits - 1) + 1).to_bytes(bits // 8, "big"), -2: b"\1\0\1"}


REGISTRATIONS: list[tuple[str, dict[str, Any], str]] = [
    ("phishing origin", {"origin": "https://evil.test"}, "origin_mismatch"),
    ("no user verification", {"flags": UP}, "user_verification_missing"),
    ("no user presence", {"flags": UV}, "user_presence_missing"),
    ("another relying party", {"rp_id": "evil.test"}, "rp_id_mismatch"),
    ("a sign-in", {"client_data": {"type": "webauthn.get"}}, "assertion_invalid"),
    ("another challenge", {"client_data": {"challenge": "A" * 43}}, "challenge_mismatch"),
    ("in a frame", {"client_data": {"crossOrigin": True}}, "cross_origin"),
    ("backed up, never eligible", {"flags": UP | UV | BS}, "assertion_invalid"),
    ("a short credential id", {"id": b"short"}, "assertion_invalid"),
    ("a long credential id", {"id": bytes(1024)}, "assertion_invalid"),
    (
        "ES384, which was not offered",
        {"cose": {1: 2, 3: -35, -1: 2, -2: bytes(48), -3: bytes(48)}},
        "algorithm_refused",
    ),
    (
        "a point that is on no curve",
        {"cose": {1: 2, 3: -7, -1: 1, -2: b"\1" * 32, -3: b"\2" * 32}},
        "algorithm_refused",
    ),
    ("a short RSA key", {"cose": rsa_key(1024)}, "algorithm_refused"),
    ("an RSA key without end", {"cose": rsa_key(240_000)}, "algorithm_refused"),
    ("a symmetric key", {"cose": {1: 4, 3: 5, -1: b"secret"}}, "algorithm_refused"),
    ("an attestation that does not hold", {"attestation": "packed"}, "attestation_invalid"),
    ("a list for a format", {"attestation": ["none"]}, "attestation_invalid"),
    ("a number for a format", {"attestation": 7}, "attestation_invalid"),
]


@pytest.mark.parametrize(
    ("name", "lies", "code"), REGISTRATIONS, ids=[row[0] for row in REGISTRATIONS]
)
async def test_a_registration_that_lies(
    guest: Any, new_passkey: Any, name: str, lies: dict[str, Any], code: str
) -> None:
    begun = await guest.ask("POST", "/v1/registrations", {"name": "Ada"})
    credential = new_passkey(**lies).register(begun["options"])
    if lies.get("attestation") == "packed":
        credential = tampered_attestation(credential)
    path = f"/v1/registrations/{begun['id']}"
    assert await guest.refused("POST", path, {"credential": credential}) == code
    again = new_passkey().register(begun["options"])
    assert await guest.refused("POST", path, {"credential": again}) == "ceremony_unknown"
    assert (await guest.ask("GET", "/v1/session"))["role"] == "guest"


def tampered_attestation(credential: dict[str, Any]) -> dict[str, Any]:
    decoded = cbor.decode(decode_base64url(credential["response"]["attestationObject"]))
    assert isinstance(decoded, dict)
    signature = bytearray(decoded["attStmt"]["sig"])
    signature[-1] ^= 1
    changed = {**decoded, "attStmt": {**decoded["attStmt"], "sig": bytes(signature)}}
    credential["response"]["attestationObject"] = encode_base64url(cbor.encode(changed))
    return credential


def test_every_row_has_its_own_name() -> None:
    for table in (LIES, REGISTRATIONS):
        assert len({json.dumps(row[0]) for row in table}) == len(table)
