"""A session's tokens, and which of them have arrived.

A refresh token is good once. But the reply to a refresh can be lost on the way, and then the used
token is all that its owner has. RFC 9700 section 4.14.2 asks for rotation *or* tokens bound to
their sender; ours are both, so a repetition that proves the same key comes from the same client:
for a short while, and until something shows that the reply did arrive, it is answered again.
"""

import hashlib
from dataclasses import dataclass
from typing import Final

TOKEN_BYTES: Final = 32
ACCESS: Final = "access"
REFRESH: Final = "refresh"
LOST_REPLY_S: Final = 60.0
"""How long a refresh may be repeated: a call's deadline of 30 s, and once more."""


@dataclass(frozen=True, slots=True)
class Token:
    """What is kept of one token, under its hash."""

    session: str
    kind: str
    is_used: bool
    expires_at: int


@dataclass(frozen=True, slots=True)
class Renewal:
    """The newest refresh of a session, while nothing has shown that its reply arrived.

    Attributes:
        spent: hash of the refresh token that was exchanged.
        given: hash of each token that the reply had.
        repeatable_until: unix seconds.
    """

    spent: bytes
    given: dict[bytes, Token]
    repeatable_until: float


class Renewals:
    """The newest refresh of each session; at most one, gone once its reply is known to be there."""

    def __init__(self) -> None:
        self._unheard: dict[str, Renewal] = {}

    def note(self, session: str, *, spent: bytes, given: dict[bytes, Token], now: float) -> None:
        """Remember a refresh whose reply is on its way."""
        self._unheard[session] = Renewal(spent, given, now + LOST_REPLY_S)

    def hear(self, session: str, hashed: bytes) -> None:
        """Take a token that somebody used: of the newest reply, it has arrived."""
        renewal = self._unheard.get(session)
        if renewal is not None and hashed in renewal.given:
            del self._unheard[session]

    def repeated(self, session: str, spent: bytes, *, now: float) -> Renewal | None:
        """Return the refresh that a used token may repeat, if it may."""
        renewal = self._unheard.get(session)
        if renewal is None or renewal.spent != spent or renewal.repeatable_until <= now:
            return None
        return renewal

    def forget(self, session: str) -> None:
        """Forget a session: it ended, or all its tokens are new."""
        self._unheard.pop(session, None)


def hash_of(token: str) -> bytes:
    """Return what is kept of a token."""
    return hashlib.sha256(token.encode()).digest()
