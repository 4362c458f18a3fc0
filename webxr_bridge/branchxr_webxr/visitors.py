"""Who may open a socket: one-time tokens, resume secrets, how many, and how long they are kept.

`GET /` mints a token into each page; the page's first socket spends it and is told a resume secret,
which each later socket of that page shows. Only hashes are kept. Neither is ever in an address.
"""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Callable
from typing import Final, Generic, Protocol, TypeVar

from branchxr.clock import Clock
from branchxr.errors import PermissionRefused, RateLimited, Unauthenticated

TOKEN_LIFE_S: Final = 120.0
TOKENS_MAX: Final = 1024
"""Unspent tokens; the oldest go first. A page spends its own within a second."""

KEEP_S: Final = 120.0
CAP: Final = 32


class Visit(Protocol):
    """What runs for a page."""

    def start(self) -> "asyncio.Task[None]":
        """Begin; the task ends when the visit does."""
        ...


VisitT = TypeVar("VisitT", bound=Visit)


class Place(Generic[VisitT]):
    """One page's place among the visitors.

    Attributes:
        resume: secret of the page's next socket.
        handled: number of the last message that was taken from the page.
    """

    def __init__(self, visit: VisitT, task: "asyncio.Task[None]", resume: str) -> None:
        self.visit = visit
        self.task = task
        self.resume = resume
        self.handled = 0
        self.sockets = 0
        self.leaving: asyncio.Task[None] | None = None


class Visitors(Generic[VisitT]):
    """All pages of a host.

    Args:
        begin: makes what runs for a page, given its origin and its address.
        clock: for expiry.
        new_secret: makes what cannot be guessed; `secrets.token_urlsafe`.
        cap: pages at once.
        keep_s: how long a page may be without a socket.
    """

    def __init__(
        self,
        begin: Callable[[str, str], VisitT],
        *,
        clock: Clock,
        new_secret: Callable[[], str],
        cap: int = CAP,
        keep_s: float = KEEP_S,
    ) -> None:
        self._begin = begin
        self._clock = clock
        self._new_secret = new_secret
        self._cap = cap
        self._keep_s = keep_s
        self._tokens: OrderedDict[bytes, float] = OrderedDict()
        self._places: dict[bytes, Place[VisitT]] = {}

    def __len__(self) -> int:
        return len(self._places)

    def mint(self) -> str:
        """Return a token for one page."""
        token = self._new_secret()
        self._tokens[_digest(token)] = self._clock.monotonic() + TOKEN_LIFE_S
        while len(self._tokens) > TOKENS_MAX:
            self._tokens.popitem(last=False)
        return token

    def spend(self, token: str, *, origin: str, address: str) -> Place[VisitT]:
        """Begin a visit for a token, once.

        Raises:
            Unauthenticated: `page_used_up`: spent, expired, or never minted.
            RateLimited: `pages_full`.
        """
        expires = self._tokens.pop(_digest(token), None)
        if expires is None or expires < self._clock.monotonic():
            raise Unauthenticated(
                "the token of a page just opened",
                "one that was used or has expired",
                "reload the page",
                code="page_used_up",
                status=401,
            )
        if len(self._places) >= self._cap:
            raise RateLimited(
                f"at most {self._cap} pages",
                "one more",
                "come back later",
                code="pages_full",
                status=429,
                retryable=True,
            )
        visit = self._begin(origin, address)
        place = Place(visit, visit.start(), self._new_secret())
        key = _digest(place.resume)
        self._places[key] = place
        place.task.add_done_callback(lambda _task: self._places.pop(key, None))
        return place

    def resume(self, secret: str) -> Place[VisitT]:
        """Find the visit of a resume secret.

        Raises:
            PermissionRefused: `visit_over`.
        """
        place = self._places.get(_digest(secret))
        if place is None:
            raise PermissionRefused(
                "a page whose visit goes on",
                "one whose visit is over",
                "reload the page",
                code="visit_over",
                status=403,
            )
        return place

    def attach(self, place: Place[VisitT]) -> None:
        """Count a socket in: the visit is not kept for a return any more."""
        place.sockets += 1
        if place.leaving:
            place.leaving.cancel()
            place.leaving = None

    def detach(self, place: Place[VisitT]) -> None:
        """Count a socket out; without any the visit ends after `keep_s`."""
        place.sockets -= 1
        if place.sockets == 0 and not place.task.done():
            place.leaving = asyncio.create_task(self._leave(place))

    async def close(self) -> None:
        """End all visits and wait until they are over."""
        places = list(self._places.values())
        for place in places:
            place.task.cancel()
            if place.leaving:
                place.leaving.cancel()
        waiting = [place.task for place in places]
        waiting += [place.leaving for place in places if place.leaving]
        await asyncio.gather(*waiting, return_exceptions=True)

    async def _leave(self, place: Place[VisitT]) -> None:
        await self._clock.sleep(self._keep_s)
        place.task.cancel()


def _digest(secret: str) -> bytes:
    # Looked up by hash: how long a lookup takes says nothing about the secret.
    return hashlib.sha256(secret.encode()).digest()
