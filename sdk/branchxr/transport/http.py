"""The one module that knows httpx: operations become calls, and answers become values or errors.

httpx's transports are driven directly, without its client: no cookies, no redirects, no proxies
from the environment, and no log line of its own with an account number in the address.
"""

import asyncio
import logging
import random
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, TypeVar
from urllib.parse import quote

import httpx
import msgspec

from .._version import __version__
from ..clock import Clock, SystemClock
from ..errors import (
    ApiError,
    BranchXRError,
    ConnectionFailed,
    DeadlineExceeded,
    ProtocolError,
    TransportError,
    Unauthenticated,
)
from ..identity.tokens import Session
from ..models import RefreshRequest
from ..operations import REFRESH, Operation
from .address import checked_address, refused
from .problems import error_of, outcome_unknown

MAX_ATTEMPTS: Final = 4
MAX_ANSWER_BYTES: Final = 1024 * 1024
BACKOFF_FIRST_S: Final = 0.5  # facts/auth_tx.md section 6: full jitter, 0.5 to 8 s
BACKOFF_MAX_S: Final = 8.0
CONNECT_S: Final = 5.0
_NO_VERDICT: Final = frozenset({0, 401, 403, 429})
_NOT_SENT: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)

_logger = logging.getLogger("branchxr.http")
HttpTransport = httpx.AsyncBaseTransport
"""What carries requests; another one may stand in for the network."""

_RequestT = TypeVar("_RequestT", bound=msgspec.Struct)
_ResponseT = TypeVar("_ResponseT", bound=msgspec.Struct)


@dataclass(frozen=True, slots=True)
class Retry:
    """What `on_retry` is told before a call is repeated."""

    operation: str
    attempt: int
    wait_s: float
    error: BranchXRError


@dataclass(slots=True)
class _Progress:
    """How far a call has come.

    Attributes:
        may_have_arrived: a request may have reached the branch.
        is_unsure: an attempt failed without telling whether it had an effect.
    """

    may_have_arrived: bool = False
    is_unsure: bool = False


@dataclass(frozen=True, slots=True)
class Download:
    """A file on its way.

    Attributes:
        status: 200 from the start, 206 from `offset`.
        etag: the file's strong ETag, or an empty string.
        parts: the bytes as they come.
    """

    status: int
    etag: str
    offset: int
    parts: AsyncIterator[bytes]


class BranchHttp:
    """Calls to one branch, with one session.

    Args:
        base_url: `https://…`, or `http://` on this machine only.
        session: whose key and tokens prove who asks.
        transport: an httpx transport, for tests (`ASGITransport`, `MockTransport`).
        random: for the jitter.
        headers: sent with every request.
        deadline_s: total time of one call, retries included.
        on_retry: told before each repetition.

    Raises:
        InputRefused: `address_refused`: not an address, or plain http to another machine.
    """

    def __init__(
        self,
        base_url: str,
        *,
        session: Session,
        transport: HttpTransport | None = None,
        clock: Clock | None = None,
        random: random.Random,
        headers: Mapping[str, str] | None = None,
        deadline_s: float = 30.0,
        on_retry: Callable[[Retry], None] | None = None,
    ) -> None:
        self.base_url = checked_address(base_url)
        try:
            httpx.URL(self.base_url)
        except httpx.InvalidURL:
            raise refused("something else") from None
        self.session = session
        self._is_own_transport = transport is None
        self._transport = transport or _real_transport(self.base_url)
        self._clock = clock or SystemClock()
        self._random = random
        self._headers = {
            "User-Agent": f"branchxr/{__version__}",
            "Accept": "application/json",
            "Accept-Encoding": "identity",
        } | dict(headers or {})
        self._deadline_s = deadline_s
        self._on_retry = on_retry
        self._renewal: asyncio.Task[None] | None = None

    async def close(self) -> None:
        """Close all connections; a transport that was given stays open for whoever gave it."""
        if self._renewal is not None:
            self._renewal.cancel()
            await asyncio.wait({self._renewal})
        if self._is_own_transport:
            await self._transport.aclose()

    async def call(
        self,
        operation: Operation[_RequestT, _ResponseT],
        body: _RequestT | None = None,
        *,
        path: Mapping[str, str] | None = None,
        idempotency_key: str | None = None,
        deadline_s: float | None = None,
    ) -> _ResponseT:
        """Call an operation and return its answer.

        Repeats only what may be repeated (a GET, or a POST under its key), at most
        `MAX_ATTEMPTS` times and within one deadline. An expired token is renewed once.

        Raises:
            ConnectionFailed, DeadlineExceeded: no answer; see `outcome_known`.
            ApiError: the branch answered with a problem.
            ProtocolError: an answer that is none.
        """
        if operation.is_keyed and not idempotency_key:
            raise ValueError(f"{operation.name} needs an idempotency key")
        progress = _Progress()
        limit_s = self._deadline_s if deadline_s is None else deadline_s
        try:
            async with asyncio.timeout(limit_s):
                return await self._call(operation, body, path or {}, idempotency_key, progress)
        except BranchXRError as error:
            if progress.is_unsure and getattr(error, "status", 0) in _NO_VERDICT:
                # The door answered, not the operation: what an earlier attempt did stays open.
                error.outcome_known = False
            raise
        except TimeoutError:
            raise DeadlineExceeded(
                f"an answer to {operation.name} within {limit_s:g} s",
                "none",
                "ask where it stands before repeating it"
                if outcome_unknown(operation, may_have_arrived=progress.may_have_arrived)
                else "try again, or give it a longer deadline",
                outcome_known=not outcome_unknown(
                    operation, may_have_arrived=progress.may_have_arrived
                ),
            ) from None

    async def _call(
        self,
        operation: Operation[_RequestT, _ResponseT],
        body: _RequestT | None,
        path: Mapping[str, str],
        key: str | None,
        progress: _Progress,
    ) -> _ResponseT:
        attempt, has_renewed = 1, False
        while True:
            token = self.session.tokens.access_token if operation.scope is not None else ""
            try:
                return await self._sure_attempt(operation, body, path, key, progress)
            except Unauthenticated as error:
                if error.code == "token_expired" and not has_renewed and operation is not REFRESH:
                    has_renewed = True
                    await self.renew(unless_changed_from=token)
                elif error.retryable and operation.is_repeatable and attempt < MAX_ATTEMPTS:
                    attempt += 1  # at once: it only takes a new proof
                else:
                    raise
            except (ConnectionFailed, ApiError) as error:
                if not (error.retryable and operation.is_repeatable and attempt < MAX_ATTEMPTS):
                    raise
                await self._wait(operation.name, attempt, error)
                attempt += 1

    async def renew(self, *, unless_changed_from: str) -> None:
        """Exchange the refresh token, once however many calls ask for it.

        Raises:
            Unauthenticated: `refresh_invalid`, `refresh_reused`: the session is over.
        """
        if self._renewal is None or self._renewal.done():
            if self.session.tokens.access_token != unless_changed_from:
                return
            self._renewal = asyncio.create_task(self._exchange(), name="branchxr renewal")
        # A refresh token is good for once: who asked may be cancelled, the exchange may not.
        await asyncio.shield(self._renewal)

    async def _exchange(self) -> None:
        request = RefreshRequest(refresh_token=self.session.tokens.refresh_token)
        try:
            tokens = await self.call(REFRESH, request)
        except TransportError as error:
            if error.outcome_known:
                raise
            tokens = await self.call(REFRESH, request)  # a lost reply is given once more
        self.session.keep(tokens)

    async def websocket_headers(self, url: str) -> dict[str, str]:
        """Return the headers of a WebSocket handshake (a GET to the http form of its address)."""
        if self.session.is_stale:
            await self.renew(unless_changed_from=self.session.tokens.access_token)
        return self._extra() | self.session.headers("GET", url, with_token=True)

    @asynccontextmanager
    async def download(
        self, path: str, *, offset: int = 0, etag: str = ""
    ) -> AsyncIterator[Download]:
        """Fetch a file below the branch's address; no token is sent.

        Args:
            path: as it stands in the address, starting with `/`.
            offset: where to go on; counts only while the file still has this `etag`
                (RFC 9110 section 13.1.5).
            etag: the strong ETag that came with the first part.

        Raises:
            ConnectionFailed: also while the bytes come.
            ApiError: there is no such file.
        """
        headers = dict(self._headers)
        if offset and etag:
            headers |= {"Range": f"bytes={offset}-", "If-Range": etag}
        request = self._request("GET", path, headers, None)
        response = await self._send(request, _Progress(), is_effect_free=True)
        try:
            if response.status_code not in {200, 206}:
                raise error_of(await _read(response), response.status_code, response.headers)
            start = offset if response.status_code == 206 else 0
            if start and not response.headers.get("Content-Range", "").startswith(
                f"bytes {start}-"
            ):
                raise _garbled("a part from where it was asked for", "another part")
            yield Download(
                response.status_code, response.headers.get("ETag", ""), start, _parts(response)
            )
        finally:
            await response.aclose()

    async def _sure_attempt(
        self,
        operation: Operation[_RequestT, _ResponseT],
        body: _RequestT | None,
        path: Mapping[str, str],
        key: str | None,
        progress: _Progress,
    ) -> _ResponseT:
        try:
            return await self._attempt(operation, body, path, key, progress)
        except BranchXRError as error:
            if isinstance(error, ProtocolError) or operation.method == "GET":
                # An answer that cannot be read says that there was one, not which.
                error.outcome_known = not outcome_unknown(operation, may_have_arrived=True)
            progress.is_unsure |= not error.outcome_known
            raise

    async def _attempt(
        self,
        operation: Operation[_RequestT, _ResponseT],
        body: _RequestT | None,
        path: Mapping[str, str],
        key: str | None,
        progress: _Progress,
    ) -> _ResponseT:
        filled = operation.path.format_map({name: quote(v, safe="") for name, v in path.items()})
        headers = dict(self._headers)
        if operation.scope is not None or operation.is_proof_only:
            url = self.base_url + filled
            headers |= self.session.headers(
                operation.method, url, with_token=operation.scope is not None
            )
        if key is not None:
            headers["Idempotency-Key"] = key
        content = msgspec.json.encode(body) if body is not None and _has_body(operation) else None
        request = self._request(operation.method, filled, headers, content)
        started = self._clock.monotonic()
        response = await self._send(request, progress, is_effect_free=operation.method == "GET")
        try:
            raw = await _read(response)
        finally:
            await response.aclose()
        # The path's template, not the path: what fills it may be an account number.
        _logger.debug(
            "%s %s -> %d in %.0f ms, request %s",
            operation.method,
            operation.path,
            response.status_code,
            (self._clock.monotonic() - started) * 1000,
            response.headers.get("X-Request-Id", "-"),
        )
        if response.status_code != operation.status:
            raise error_of(raw, response.status_code, response.headers, operation)
        try:
            return msgspec.json.decode(raw or b"{}", type=operation.response)
        except (msgspec.DecodeError, RecursionError) as error:
            raise _garbled(f"an answer to {operation.name}", "something else") from error

    def _request(
        self, method: str, path: str, headers: Mapping[str, str], content: bytes | None
    ) -> httpx.Request:
        sent = dict(headers)
        if content is not None:
            sent["Content-Type"] = "application/json"
        timeouts = httpx.Timeout(self._deadline_s, connect=min(CONNECT_S, self._deadline_s))
        try:
            return httpx.Request(
                method,
                self.base_url + path,
                headers=sent,
                content=content,
                extensions={"timeout": timeouts.as_dict()},
            )
        except httpx.InvalidURL as error:  # a path that the branch has named
            raise _garbled("the path of a file", "none that an address can hold") from error

    async def _send(
        self, request: httpx.Request, progress: _Progress, *, is_effect_free: bool
    ) -> httpx.Response:
        try:
            response = await self._transport.handle_async_request(request)
        except _NOT_SENT as error:
            raise self._lost(
                "no connection", outcome_known=not progress.may_have_arrived
            ) from error
        except httpx.TransportError as error:
            progress.may_have_arrived = True
            raise self._lost(type(error).__name__, outcome_known=is_effect_free) from error
        except BaseException:  # cancelled at the deadline, perhaps with the request on its way
            progress.may_have_arrived = True
            raise
        progress.may_have_arrived = True
        response.request = request
        return response

    def _lost(self, came: str, *, outcome_known: bool) -> ConnectionFailed:
        return ConnectionFailed(
            f"a branch that answers at {self.base_url}",
            came,
            "start it with `branchxr serve`, or correct the address",
            outcome_known=outcome_known,
        )

    async def _wait(self, name: str, attempt: int, error: ConnectionFailed | ApiError) -> None:
        most_s = min(BACKOFF_MAX_S, BACKOFF_FIRST_S * 2 ** (attempt - 1))
        wait_s = self._random.uniform(0, most_s)
        if isinstance(error, ApiError) and error.retry_after_s is not None:
            if error.retry_after_s > self._deadline_s:
                raise error
            wait_s += error.retry_after_s
        if self._on_retry is not None:
            self._on_retry(Retry(name, attempt, wait_s, error))
        await self._clock.sleep(wait_s)

    def _extra(self) -> dict[str, str]:
        own = {"Accept", "Accept-Encoding"}
        return {name: value for name, value in self._headers.items() if name not in own}


def _real_transport(base_url: str) -> HttpTransport:
    if base_url.startswith("https:"):
        return httpx.AsyncHTTPTransport()
    # Loading the roots takes 30 ms and plain http needs none. An empty context trusts nobody.
    return httpx.AsyncHTTPTransport(verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))


def _has_body(operation: Operation[Any, Any]) -> bool:
    return operation.method not in {"GET", "DELETE"} and bool(operation.request.__struct_fields__)


async def _read(response: httpx.Response) -> bytes:
    raw = bytearray()
    async for part in _parts(response):
        raw += part
        if len(raw) > MAX_ANSWER_BYTES:
            raise _garbled(f"an answer of at most {MAX_ANSWER_BYTES} bytes", "more")
    return bytes(raw)


async def _parts(response: httpx.Response) -> AsyncIterator[bytes]:
    try:
        async for part in response.aiter_bytes():
            yield part
    except httpx.TransportError as error:
        raise ConnectionFailed(
            "the whole answer", type(error).__name__, "try again", outcome_known=False
        ) from error
    except httpx.DecodingError as error:
        raise _garbled("an answer that can be decoded", "another") from error


def _garbled(expected: str, came: str) -> ProtocolError:
    return ProtocolError(expected, came, "check that a branch of this version answers there")
