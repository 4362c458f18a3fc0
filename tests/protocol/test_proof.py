"""DPoP (RFC 9449): the proof that is taken, and every one that is not."""

import json
from typing import Any

import pytest
from joserfc import jws, jwt
from joserfc.jwk import ECKey, OctKey, RSAKey

from branchxr.errors import RateLimited, Unauthenticated
from branchxr.protocol.canonical import encode_base64url
from branchxr.protocol.proof import ReplayWindow, check_proof, make_proof, target_of

NOW = 1_800_000_000.0
URL = "http://localhost:8710/v1/payments"
TOKEN = "opaque-access-token"


@pytest.fixture(scope="module")
def key() -> ECKey:
    return ECKey.generate_key("P-256")


def check(proof: str, **changes: Any) -> str:
    asked: dict[str, Any] = {"method": "POST", "url": URL, "now": NOW, "access_token": TOKEN}
    replays = changes.pop("replays", None) or ReplayWindow()
    return check_proof(proof, replays=replays, **{**asked, **changes})


def proof_of(key: ECKey, **changes: Any) -> str:
    asked: dict[str, Any] = {"now": NOW, "jti": "0123456789abcdef", "access_token": TOKEN}
    method, url = changes.pop("method", "POST"), changes.pop("url", URL)
    return make_proof(key, method, url, **{**asked, **changes})


def signed(key: ECKey, header: dict[str, Any] | None = None, **claims: Any) -> str:
    """Sign whatever a forger may want to sign."""
    jwk = {k: v for k, v in key.as_dict(private=False).items() if k in {"crv", "kty", "x", "y"}}
    good = jwt.decode(proof_of(key), key, algorithms=["ES256"]).claims
    head = {"typ": "dpop+jwt", "alg": "ES256", "jwk": jwk, **(header or {})}
    body = {k: v for k, v in {**good, **claims}.items() if v is not None}
    return jws.serialize_compact(head, json.dumps(body), key, algorithms=["ES256"])


def test_a_good_proof_names_its_key(key: ECKey) -> None:
    assert check(proof_of(key)) == key.thumbprint()
    assert check(proof_of(key), thumbprint=key.thumbprint()) == key.thumbprint()


def test_the_same_address_in_other_words(key: ECKey) -> None:
    assert check(proof_of(key, url="HTTP://LocalHost:8710/v1/payments?x=1#y"))
    websocket = proof_of(key, url="ws://localhost:80/", method="GET")
    assert check(websocket, url="http://localhost/", method="GET")
    assert target_of("wss://[::1]:443/a?b") == "https://[::1]/a"


@pytest.mark.parametrize(
    "changes",
    [
        {"method": "GET"},
        {"url": "http://localhost:8710/v1/payments/1"},
        {"url": "http://localhost:8711/v1/payments"},
        {"url": "https://localhost:8710/v1/payments"},
        {"now": NOW - 61},
        {"now": NOW + 61},
        {"access_token": "another"},
        {"access_token": None},
        {"jti": "short"},
        {"jti": "x" * 129},
    ],
)
def test_a_proof_for_something_else(key: ECKey, changes: dict[str, Any]) -> None:
    with pytest.raises(Unauthenticated) as caught:
        check(proof_of(key, **changes))
    assert (caught.value.code, caught.value.status) == ("dpop_invalid", 401)


def test_the_key_is_swapped(key: ECKey) -> None:
    thief = ECKey.generate_key("P-256")
    with pytest.raises(Unauthenticated, match="another key"):
        check(proof_of(thief), thumbprint=key.thumbprint())


@pytest.mark.parametrize(
    "claims",
    [
        {"htm": None}, {"htu": None}, {"iat": None}, {"jti": None}, {"ath": None}, {"htu": 5},
        {"htu": "nowhere"}, {"iat": "now"}, {"iat": True}, {"iat": float("nan")}, {"jti": 12345678},
        {"iat": 10**400},
    ],
    ids=str,
)  # fmt: skip
def test_claims_that_are_not_right(key: ECKey, claims: dict[str, Any]) -> None:
    with pytest.raises(Unauthenticated):
        check(signed(key, **claims))


@pytest.mark.parametrize("header", [{"typ": "JWT"}, {"kid": "1"}, {"cty": "x"}], ids=str)
def test_headers_that_are_not_right(key: ECKey, header: dict[str, Any]) -> None:
    with pytest.raises(Unauthenticated):
        check(signed(key, header))


def with_header(header: object, rest: str = "e30.AAAA") -> str:
    return f"{encode_base64url(json.dumps(header).encode())}.{rest}"


def test_keys_that_are_not_public_p256_keys(key: ECKey) -> None:
    private = key.as_dict(private=True)
    other_curve = ECKey.generate_key("P-384").as_dict(private=False)
    off_curve = {**key.as_dict(private=False), "x": encode_base64url(b"\1" * 32)}
    rsa = RSAKey.generate_key(2048).as_dict(private=False)
    jwk: Any
    secret = OctKey.generate_key(256).as_dict()
    for jwk in (private, other_curve, off_curve, rsa, secret, {}, [], "x", None):
        for alg in ("ES256", "HS256", "none"):
            with pytest.raises(Unauthenticated):
                check(with_header({"typ": "dpop+jwt", "alg": alg, "jwk": jwk}))


@pytest.mark.parametrize("proof", ["", "a.b", "a.b.c", "....", "é.e.e", "x" * 5000, "e30.e30.e30"])
def test_things_that_are_no_proof(proof: str) -> None:
    with pytest.raises(Unauthenticated):
        check(proof)


def test_an_altered_proof(key: ECKey) -> None:
    header, payload, signature = proof_of(key).split(".")
    swapped = encode_base64url(json.dumps({"htm": "POST"}).encode())
    for altered in (f"{header}.{swapped}.{signature}", f"{header}.{payload}.{signature[:-4]}AAAA"):
        with pytest.raises(Unauthenticated):
            check(altered)


def test_a_replay_is_refused_until_it_would_be_too_old_anyway(key: ECKey) -> None:
    replays = ReplayWindow()
    proof = proof_of(key)
    check(proof, replays=replays)
    for now in (NOW, NOW + 59):
        with pytest.raises(Unauthenticated) as caught:
            check(proof, replays=replays, now=now)
        assert caught.value.code == "dpop_replayed"
    assert check(proof_of(ECKey.generate_key("P-256")), replays=replays)  # another key's jti


def test_the_window_is_bounded_and_forgets(key: ECKey) -> None:
    replays = ReplayWindow(capacity=2)
    for n in range(2):
        check(proof_of(key, jti=f"jti-jti-{n}"), replays=replays)
    with pytest.raises(RateLimited):
        check(proof_of(key, jti="jti-jti-2"), replays=replays)
    later = NOW + 121
    check(proof_of(key, jti="jti-jti-2", now=later), replays=replays, now=later)
    assert replays.remembered == 1


def test_a_window_that_follows_another_refuses_what_that_may_have_seen(key: ECKey) -> None:
    replays = ReplayWindow()
    replays.begin_at(NOW + 0.5)
    with pytest.raises(RateLimited) as caught:
        check(proof_of(key), replays=replays, now=NOW + 1)
    assert caught.value.retryable
    assert caught.value.retry_after_s == 1
    assert check(proof_of(key, now=NOW + 1), replays=replays, now=NOW + 1)


def test_a_clock_set_back_does_not_fill_the_window() -> None:
    replays = ReplayWindow(capacity=3)
    replays.use("key", "from-the-future", issued_at=5000, now=5000.0)
    for n in range(6):
        replays.use("key", f"jti-{n}", issued_at=1000, now=1000.0 + 121 * n)
    assert replays.remembered == 2
    with pytest.raises(Unauthenticated):  # it is good again when its time comes
        replays.use("key", "from-the-future", issued_at=5000, now=5000.0)
