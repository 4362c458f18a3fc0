"""Faults between a client and a branch, on demand or by chance, always from a seed.

A lost request never reaches the branch; a lost reply leaves its effect there and an error here; a
duplicated request arrives twice. Wires have faults of their own: `MemoryWire.cut` and `stall`.
"""

import random
import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

import httpx

Alter = Callable[[httpx.Response, bytes], bytes]
"""Change an answer's body on its way."""


class Fault(Enum):
    """What can go wrong with one request."""

    LOSE_REQUEST = "lose request"
    LOSE_REPLY = "lose reply"
    DUPLICATE = "duplicate"


@dataclass(slots=True)
class _Rule:
    path: re.Pattern[str]
    fault: Fault | Alter
    left: int


class FaultyTransport(httpx.AsyncBaseTransport):
    """An httpx transport around another one.

    Args:
        inner: what carries requests in the end; it belongs to whoever made it.
        random: decides about the faults by chance.

    Attributes:
        log: method and path of each request that was asked for, the newest 1,000.
    """

    def __init__(self, inner: httpx.AsyncBaseTransport, random: random.Random) -> None:
        self._inner = inner
        self._random = random
        self._rules: list[_Rule] = []
        self._chances: dict[Fault, float] = {}
        self.log: deque[str] = deque(maxlen=1000)

    @classmethod
    def before(cls, app: Any, random: random.Random) -> "FaultyTransport":
        """Put one before an ASGI app; what the app raises becomes an answer, as on a network."""
        return cls(httpx.ASGITransport(app=app, raise_app_exceptions=False), random)

    def add(self, path: str, fault: Fault | Alter, *, times: int = 1) -> None:
        """Have a fault strike the next requests whose method and path match.

        Args:
            path: a regular expression, searched in `"POST /v1/payments"`.
            fault: what happens; a function changes the answer's body.
            times: how many requests it strikes.
        """
        self._rules.append(_Rule(re.compile(path), fault, times))

    def by_chance(
        self, *, lose_request: float = 0.0, lose_reply: float = 0.0, duplicate: float = 0.0
    ) -> None:
        """Have faults strike any request with these probabilities."""
        self._chances = {
            Fault.LOSE_REQUEST: lose_request,
            Fault.LOSE_REPLY: lose_reply,
            Fault.DUPLICATE: duplicate,
        }

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Carry a request, or do not."""
        line = f"{request.method} {request.url.path}"
        self.log.append(line)
        fault = self._fault_for(line)
        if fault is Fault.LOSE_REQUEST:
            raise httpx.ReadError("the request was lost", request=request)
        response = await self._inner.handle_async_request(request)
        if fault is Fault.DUPLICATE:
            await response.aread()
            response = await self._inner.handle_async_request(request)
        if fault is Fault.LOSE_REPLY:
            await response.aread()
            raise httpx.ReadError("the reply was lost", request=request)
        return (
            response
            if fault is None or isinstance(fault, Fault)
            else await _altered(response, fault)
        )

    def _fault_for(self, line: str) -> Fault | Alter | None:
        for rule in self._rules:
            if rule.left and rule.path.search(line):
                rule.left -= 1
                return rule.fault
        drawn = self._random.random()
        for fault, chance in self._chances.items():
            if drawn < chance:
                return fault
            drawn -= chance
        return None


async def _altered(response: httpx.Response, alter: Alter) -> httpx.Response:
    body = alter(response, await response.aread())
    headers = {k: v for k, v in response.headers.items() if k.lower() != "content-length"}
    return httpx.Response(response.status_code, headers=headers, content=body)
