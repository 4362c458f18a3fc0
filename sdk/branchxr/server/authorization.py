"""Who asks, and may they: DPoP proofs, access tokens and scopes.

Nothing here trusts a header about where a request was sent: the address that a proof has to be
for is built from configuration, after `Host` was checked against it.
"""

from collections.abc import Iterable, Mapping

from ..clock import Clock
from ..operations import Scope
from ..protocol.proof import ReplayWindow, check_proof
from .problems import refusal
from .sessions import Session, Sessions


class Authorization:
    """Checks requests; one for HTTP operations and realtime handshakes, with one replay window."""

    def __init__(self, sessions: Sessions, *, clock: Clock, replays: ReplayWindow) -> None:
        self._sessions = sessions
        self._clock = clock
        self._replays = replays

    def prove(self, method: str, url: str, headers: Mapping[str, str]) -> str:
        """Check a request that carries a proof and no token; return the key's thumbprint.

        Raises:
            ApiError: `dpop_missing`, `dpop_invalid`, `dpop_replayed` or `rate_limited`.
        """
        return check_proof(
            _proof_of(headers),
            method=method,
            url=url,
            now=self._clock.time(),
            replays=self._replays,
        )

    def authenticate(
        self, method: str, url: str, headers: Mapping[str, str], *, scope: Scope
    ) -> Session:
        """Check a request's token, its proof, and that the token allows `scope`.

        Raises:
            ApiError: `token_missing`, `token_invalid`, `token_expired`, `dpop_missing`,
                `dpop_invalid`, `dpop_replayed`, `rate_limited` or `scope_missing`.
        """
        scheme, _, token = _only(headers, "authorization", "token_missing").partition(" ")
        if scheme.lower() != "dpop" or not token:
            # RFC 9449 section 7.2: a DPoP-bound token must not be taken as a bearer token.
            raise refusal("token_missing", "a header of another scheme")
        proof = _proof_of(headers)
        session = self._sessions.authenticate(token)
        check_proof(
            proof,
            method=method,
            url=url,
            now=self._clock.time(),
            replays=self._replays,
            access_token=token,
            thumbprint=session.sid,
        )
        if scope not in session.scopes:
            raise refusal("scope_missing", f"a token without {scope.value!r}")
        return session


def _proof_of(headers: Mapping[str, str]) -> str:
    return _only(headers, "dpop", "dpop_missing")


def _only(headers: Mapping[str, str], name: str, code: str) -> str:
    """Return the value of a header that has to come exactly once (RFC 9449 section 4.3, 1)."""
    # `websockets` keeps repeated headers apart in raw_items(); Starlette in items().
    pairs: Iterable[tuple[str, str]] = getattr(headers, "raw_items", headers.items)()
    values = [value for key, value in pairs if key.lower() == name]
    if len(values) != 1:
        raise refusal(code, f"{len(values)} of them")
    return values[0]
