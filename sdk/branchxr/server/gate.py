"""What every request passes: Host, Origin, sizes, rates, security headers, and one log line.

The log has a request id, the method, the path template, the status and the duration, and nothing
else: what is not listed cannot leak.
"""

import asyncio
import logging
import math
import traceback
from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..clock import Clock
from ..errors import ApiError
from .origins import Origins
from .policy import Policy
from .problems import problem_of, refusal

MAX_BODY_BYTES: Final = 64 * 1024
MAX_BODY_S: Final = 20
MAX_HEADER_BYTES: Final = 16 * 1024
_LOG: Final = logging.getLogger("branchxr.server")

_SECURITY_HEADERS: Final = {
    # Defaults: an app behind the gate (the WebXR page) may answer with its own.
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}


class RateLimiter:
    """Token buckets by key, at most `capacity` of them; the least recently used is forgotten.

    Args:
        per_s: requests a bucket gains each second.
        burst: what a full bucket holds.
    """

    def __init__(self, *, per_s: float, burst: int, clock: Clock, capacity: int = 10_000) -> None:
        self._per_s = per_s
        self._burst = burst
        self._clock = clock
        self._capacity = capacity
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, key: str) -> None:
        """Take one request out of a bucket.

        Raises:
            ApiError: `rate_limited`: it is empty.
        """
        now = self._clock.monotonic()
        level, filled_at = self._buckets.pop(key, (float(self._burst), now))
        level = min(float(self._burst), level + (now - filled_at) * self._per_s)
        allowed = level >= 1
        self._buckets[key] = (level - 1 if allowed else level, now)
        if len(self._buckets) > self._capacity:
            self._buckets.popitem(last=False)
        if not allowed:
            raise refusal("rate_limited", "more", retry_after_s=max(1.0, 1 / self._per_s))


class Gate:
    """The outermost ASGI app.

    Args:
        app: what is behind it.
        exempts: tells by its headers whether a request is the host's own, which has no rate.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        origins: Origins,
        policy: Policy,
        clock: Clock,
        random_bytes: Callable[[int], bytes],
        exempts: Callable[[Headers], bool],
    ) -> None:
        self._app = app
        self._origins = origins
        self._clock = clock
        self._random_bytes = random_bytes
        self._exempts = exempts
        self._rates = RateLimiter(
            per_s=policy.address_requests_per_s, burst=policy.address_requests_burst, clock=clock
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let one request, WebSocket or lifespan through, or refuse it."""
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._websocket(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        request_id = self._random_bytes(8).hex()
        scope["branchxr.request_id"] = request_id
        began = self._clock.monotonic()
        answer = _Answer(send, request_id)
        limited = _LimitedBody(receive)
        try:
            self._check(scope)
            await self._app(scope, limited, answer)
        except ApiError as error:
            await answer.refuse(error)
        except ClientDisconnect:  # in the middle of its body: nobody is left to answer
            pass
        except Exception as error:  # noqa: BLE001 - the outermost handler: nothing passes it
            if limited.is_exceeded:
                await answer.refuse(refusal("body_too_large", "more"))
            else:
                # The type only: a message may quote what was sent.
                _LOG.error("%s %s %s", request_id, type(error).__name__, _place_of(error))
                await answer.refuse(refusal("internal", "a fault"))
        finally:
            template = scope.get("branchxr.template", "-")
            duration_ms = (self._clock.monotonic() - began) * 1000
            _LOG.info(
                "%s %s %s %d %.1f ms",
                request_id, scope["method"], template, answer.status, duration_ms,
            )  # fmt: skip

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            self._check(scope)
        except ApiError:
            await receive()  # websocket.connect; closing before accepting answers 403
            await send({"type": "websocket.close", "code": 1008})
            return
        await self._app(scope, receive, send)

    def _check(self, scope: Scope) -> None:
        headers = Headers(scope=scope)
        if sum(len(key) + len(value) for key, value in headers.raw) > MAX_HEADER_BYTES:
            raise refusal("bad_request", f"more than {MAX_HEADER_BYTES} bytes of headers")
        hosts = headers.getlist("host")
        if len(hosts) != 1 or not self._origins.allows_host(hosts[0]):
            raise refusal("host_refused", "another one")
        origins = headers.getlist("origin")
        if len(origins) > 1 or any(origin not in self._origins for origin in origins):
            raise refusal("origin_refused", "a page of another origin")
        length = headers.get("content-length", "0")
        if not (length.isascii() and length.isdigit()):
            raise refusal("bad_request", "a Content-Length that is no number")
        if len(length) > 9 or int(length) > MAX_BODY_BYTES:
            raise refusal("body_too_large", "more")
        if not self._exempts(headers):
            client = scope.get("client")
            self._rates.take(client[0] if client else "")


class _LimitedBody:
    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._size_bytes = 0
        self._ends_at: float | None = None
        self._is_whole = False
        self.is_exceeded = False

    async def __call__(self) -> Message:
        message = await (self._receive() if self._is_whole else self._receive_in_time())
        self._is_whole = not message.get("more_body", False)
        self._size_bytes += len(message.get("body", b""))
        if self._size_bytes > MAX_BODY_BYTES:
            self.is_exceeded = True
            raise refusal("body_too_large", "more")
        return message

    async def _receive_in_time(self) -> Message:
        if self._ends_at is None:
            self._ends_at = asyncio.get_running_loop().time() + MAX_BODY_S
        try:
            async with asyncio.timeout_at(self._ends_at):
                return await self._receive()
        except TimeoutError:
            raise refusal("bad_request", f"a body that took more than {MAX_BODY_S} s") from None


class _Answer:
    def __init__(self, send: Send, request_id: str) -> None:
        self._send = send
        self._request_id = request_id
        self.status = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(raw=list(message.get("headers", ())))
            for name, value in _SECURITY_HEADERS.items():
                headers.setdefault(name, value)
            headers["x-request-id"] = self._request_id
            message = {**message, "headers": headers.raw}
        await self._send(message)

    async def refuse(self, error: ApiError) -> None:
        if self.status:
            return  # an answer has begun: the server cuts it off
        response = problem_response(error, self._request_id, {})
        with suppress(OSError):  # the client may be gone
            start = {"type": "http.response.start", "status": error.status}
            await self({**start, "headers": response.raw_headers})
            await self({"type": "http.response.body", "body": response.body})


def problem_response(error: ApiError, request_id: str, headers: Mapping[str, str]) -> Response:
    """Make the answer for an error: a problem document (RFC 9457)."""
    response = Response(
        msgspec.json.encode(problem_of(error, request_id)),
        status_code=error.status,
        media_type="application/problem+json",
        headers={"cache-control": "no-store", **headers},
    )
    if error.status == 401:
        response.headers["www-authenticate"] = challenge_of(error.code)
    if error.retry_after_s is not None:
        response.headers["retry-after"] = str(math.ceil(error.retry_after_s))
    return response


def challenge_of(code: str) -> str:
    """Return the `WWW-Authenticate` header for a 401 (RFC 9449 section 7.1)."""
    error = "invalid_dpop_proof" if code.startswith("dpop_") else "invalid_token"
    return f'DPoP algs="ES256", error="{error}"'


def _place_of(error: BaseException) -> str:
    """Say where a fault happened: file, line and function of its last frames, and no values."""
    frames = traceback.extract_tb(error.__traceback__)[-3:]
    return " < ".join(f"{Path(f.filename).name}:{f.lineno} {f.name}" for f in reversed(frames))
