"""A session's key and tokens. Both stay in memory and are gone with the session."""

import secrets
from collections.abc import Callable
from typing import Final

from joserfc.jwk import ECKey

from ..clock import Clock
from ..errors import Unauthenticated
from ..models import TokenSet
from ..protocol.proof import make_proof

RENEW_BEFORE_S: Final = 10.0
"""An access token this close to its end is exchanged before a long-lived connection uses it."""


def random_id() -> str:
    """Return 128 random bits as text."""
    return secrets.token_hex(16)


class Session:
    """The DPoP key, made once, and the newest token set bound to it.

    Tokens are rotated by handing each new set to `keep`; the old one is forgotten, as the branch
    has forgotten it too.
    """

    def __init__(self, *, clock: Clock, new_id: Callable[[], str] = random_id) -> None:
        self._key = ECKey.generate_key("P-256")
        self._clock = clock
        self._new_id = new_id
        self._tokens: TokenSet | None = None
        self._ends_at = 0.0

    def __repr__(self) -> str:
        who = self._tokens.participant if self._tokens else "not started"
        return f"Session({who!r})"

    @property
    def tokens(self) -> TokenSet:
        """The newest token set.

        Raises:
            Unauthenticated: `session_missing`: not started, or signed out.
        """
        if self._tokens is None:
            raise Unauthenticated(
                "a session", "none, or one that has ended", "connect again", code="session_missing"
            )
        return self._tokens

    @property
    def is_open(self) -> bool:
        """Whether there are tokens."""
        return self._tokens is not None

    @property
    def is_stale(self) -> bool:
        """Whether the access token ends within `RENEW_BEFORE_S`."""
        return self._clock.monotonic() > self._ends_at - RENEW_BEFORE_S

    def keep(self, tokens: TokenSet) -> None:
        """Take a new token set."""
        self._tokens = tokens
        self._ends_at = self._clock.monotonic() + tokens.expires_in

    def forget(self) -> None:
        """Drop the tokens."""
        self._tokens = None

    def headers(self, method: str, url: str, *, with_token: bool) -> dict[str, str]:
        """Return the headers that prove who asks; a new proof at every call (RFC 9449).

        Raises:
            Unauthenticated: `session_missing`.
        """
        token = self.tokens.access_token if with_token else None
        proof = make_proof(
            self._key, method, url, now=self._clock.time(), jti=self._new_id(), access_token=token
        )
        return {"DPoP": proof} | ({"Authorization": f"DPoP {token}"} if token else {})
