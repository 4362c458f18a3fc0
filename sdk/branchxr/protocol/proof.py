"""DPoP: each request proves possession of the key its token is bound to (RFC 9449).

A stolen token is worth nothing without the key. Only ES256 over P-256 is spoken: what every
browser, .NET and Python have.
"""

import hashlib
import heapq
import math
from typing import Any, Final
from urllib.parse import urlsplit

from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from ..errors import ProtocolError, RateLimited, Unauthenticated
from .canonical import decode_base64url, encode_base64url, load_json

WINDOW_S: Final = 60
"""How far the clocks may differ and how old a proof may be, seconds (RFC 9449 section 11.1)."""

MAX_PROOF_BYTES: Final = 2048
_MAX_JTI_CHARACTERS: Final = 128
_HEADER_FIELDS: Final = frozenset({"typ", "alg", "jwk"})
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


class ReplayWindow:
    """Remember which proofs were seen, for as long as they would still be accepted.

    Full, it refuses new proofs: forgetting an old one early would let it be replayed.

    Args:
        capacity: how many proofs it remembers at most.
    """

    def __init__(self, *, capacity: int = 100_000) -> None:
        self._capacity = capacity
        self._since = 0.0
        self._seen: set[bytes] = set()
        self._ends: list[tuple[float, bytes]] = []  # a heap: clocks are set back, too

    @property
    def remembered(self) -> int:
        """How many proofs it remembers now."""
        return len(self._seen)

    def begin_at(self, now: float) -> None:
        """Refuse proofs stamped earlier: a former window, lost with its process, may know them."""
        self._since = now

    def use(self, thumbprint: str, jti: str, *, issued_at: float, now: float) -> None:
        """Use a proof's id up.

        Raises:
            Unauthenticated: `dpop_replayed`: it was used before.
            RateLimited: `rate_limited`: the window is full, or too young to know.
        """
        if issued_at < self._since:  # its sender's clock is late, or somebody repeats it
            wait_s = min(WINDOW_S, math.ceil(self._since - issued_at))
            raise _limited("a proof from after the branch's start", "an earlier one", wait_s)
        while self._ends and self._ends[0][0] <= now:
            self._seen.discard(heapq.heappop(self._ends)[1])
        mark = hashlib.sha256(f"{thumbprint} {jti}".encode()).digest()
        if mark in self._seen:
            raise _refused("a proof that was used before", code="dpop_replayed")
        if len(self._seen) >= self._capacity:
            expected = f"at most {self._capacity} requests in {2 * WINDOW_S} s"
            raise _limited(expected, "more", WINDOW_S)
        # A proof may be stamped WINDOW_S ahead and is accepted until WINDOW_S after its stamp.
        self._seen.add(mark)
        heapq.heappush(self._ends, (now + 2 * WINDOW_S, mark))


def make_proof(
    key: ECKey,
    method: str,
    url: str,
    *,
    now: float,
    jti: str,
    access_token: str | None = None,
) -> str:
    """Make the value of the `DPoP` header for one request.

    Args:
        key: a private P-256 key.
        method: the HTTP method, upper case.
        url: the request's address; query and fragment are left out, `ws(s)` becomes `http(s)`.
        now: unix seconds.
        jti: never used before; 128 random bits are enough.
        access_token: the token that goes with the request; the proof is bound to it (`ath`).
    """
    # With milliseconds, as RFC 7519 allows: whole seconds would lie before a branch's start for as
    # long as that second lasts, and be refused.
    issued_at = math.floor(now * 1000) / 1000
    claims: dict[str, Any] = {"jti": jti, "htm": method, "htu": target_of(url), "iat": issued_at}
    if access_token is not None:
        claims["ath"] = _hash_of(access_token)
    header = {"typ": "dpop+jwt", "alg": "ES256", "jwk": _public_members(key.as_dict(private=False))}
    return jwt.encode(header, claims, key, algorithms=["ES256"])


def check_proof(
    proof: str,
    *,
    method: str,
    url: str,
    now: float,
    replays: ReplayWindow,
    access_token: str | None = None,
    thumbprint: str | None = None,
) -> str:
    """Check a proof (RFC 9449 section 4.3) and return its key's thumbprint (RFC 7638).

    Args:
        proof: the value of the request's only `DPoP` header.
        method: the request's method, upper case.
        url: the request's address as the server knows it, never as a header claims it.
        now: unix seconds.
        replays: the proofs seen so far; this one is used up.
        access_token: the token that came with the request, if one did.
        thumbprint: the key that token is bound to.

    Raises:
        Unauthenticated: `dpop_invalid` or `dpop_replayed`.
        RateLimited: `rate_limited`: too many proofs are remembered.
    """
    key = _key_of(proof)
    claims = _claims_of(proof, key)
    if claims.get("htm") != method or _target_or_none(claims.get("htu")) != target_of(url):
        raise _refused("a proof for another request")
    issued_at = claims.get("iat")
    if isinstance(issued_at, bool) or not isinstance(issued_at, (int, float)):
        raise _refused("a proof without a time")
    if not abs(now - issued_at) <= WINDOW_S:  # written so that NaN is refused
        raise _refused(f"a proof more than {WINDOW_S} s off; check the clock")
    if access_token is not None and claims.get("ath") != _hash_of(access_token):
        raise _refused("a proof for another token")
    found = key.thumbprint()
    if thumbprint is not None and found != thumbprint:
        raise _refused("a proof by another key")
    jti = claims.get("jti")
    if not isinstance(jti, str) or not 8 <= len(jti) <= _MAX_JTI_CHARACTERS:
        raise _refused("a proof without a usable jti")
    replays.use(found, jti, issued_at=issued_at, now=now)
    return found


def target_of(url: str) -> str:
    """Return the `htu` form of an address: `http(s)`, lower-case host, no default port, no query.

    Raises:
        ValueError: not an absolute http(s) or ws(s) address.
    """
    parts = urlsplit(url)
    scheme = {"ws": "http", "wss": "https"}.get(parts.scheme, parts.scheme)
    if scheme not in _DEFAULT_PORTS or not parts.hostname:
        raise ValueError("not an absolute http address")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    port = "" if parts.port in {None, _DEFAULT_PORTS[scheme]} else f":{parts.port}"
    return f"{scheme}://{host}{port}{parts.path or '/'}"


def _target_or_none(url: object) -> str | None:
    try:
        return target_of(url) if isinstance(url, str) else None
    except ValueError:
        return None


def _key_of(proof: str) -> ECKey:
    if len(proof) > MAX_PROOF_BYTES or proof.count(".") != 2:
        raise _refused("something that is no signed JWT")
    try:
        header = load_json(decode_base64url(proof.partition(".")[0]))
    except (ValueError, ProtocolError):
        raise _refused("a proof whose header is no JSON") from None
    # Strict: an unknown field (`crit`, `b64`, `kid`, `x5c`) could change what was signed.
    if not isinstance(header, dict) or set(header) != _HEADER_FIELDS:
        raise _refused("a proof with other header fields than typ, alg and jwk")
    if header["typ"] != "dpop+jwt" or header["alg"] != "ES256":
        raise _refused("a proof of another type or algorithm")
    jwk = header["jwk"]
    if not isinstance(jwk, dict) or "d" in jwk or jwk.get("kty") != "EC":
        raise _refused("a proof without a public EC key")
    try:
        members = _public_members(jwk)
        if members["crv"] != "P-256" or len(decode_base64url(members["x"])) != 32:
            raise _refused("a key of another curve")
        if len(decode_base64url(members["y"])) != 32:
            raise _refused("a key of another curve")
        key = ECKey.import_key({**members})
        key.raw_value  # noqa: B018 - joserfc reads the point lazily: off the curve, it raises here
    except (JoseError, KeyError, TypeError, ValueError):
        raise _refused("a proof without a usable P-256 key") from None
    return key


def _claims_of(proof: str, key: ECKey) -> dict[str, Any]:
    try:
        payload = jws.deserialize_compact(proof, key, algorithms=["ES256"]).payload
        claims = load_json(payload or b"")
    except (JoseError, ValueError, ProtocolError):
        raise _refused("a proof whose signature does not hold") from None
    if not isinstance(claims, dict):
        raise _refused("a proof without claims")
    return claims


def _public_members(jwk: Any) -> dict[str, str]:  # Any: JSON of the peer or of joserfc
    return {name: jwk[name] for name in ("crv", "kty", "x", "y")}


def _hash_of(access_token: str) -> str:
    return encode_base64url(hashlib.sha256(access_token.encode()).digest())


def _limited(expected: str, came: str, wait_s: int) -> RateLimited:
    return RateLimited(
        expected, came, "wait a moment",
        code="rate_limited", status=429, retryable=True, retry_after_s=wait_s,
    )  # fmt: skip


def _refused(came: str, *, code: str = "dpop_invalid") -> Unauthenticated:
    return Unauthenticated(
        "a fresh DPoP proof for this request (RFC 9449)", came, "sign a new proof and try again",
        code=code, status=401,
    )  # fmt: skip
