"""Turn the table of operations into routes.

A handler gets a `Call` whose proof, token, scope, body and idempotency key were checked already,
and returns the operation's response struct or raises an `ApiError`.
"""

import hmac
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from ...errors import ProtocolError
from ...models import Nothing
from ...operations import HOST_SECRET_HEADER, OPERATIONS, PAGE_ADDRESS_HEADER, Operation
from ...protocol.canonical import load_json
from ..authorization import Authorization
from ..gate import RateLimiter, problem_response
from ..idempotency import Key, key_of
from ..origins import Origins
from ..problems import refusal
from ..sessions import Session

AnyOperation = Operation[msgspec.Struct, msgspec.Struct]


@dataclass(frozen=True, slots=True)
class Call:
    """One checked request.

    Attributes:
        path: the path's parameters.
        body: the request struct.
        address: who counts for caps: the socket's address, the page's that the host passed on,
            or empty for the host's own.
        sid: thumbprint of the key that signed the proof; empty if the operation needs none.
    """

    path: Mapping[str, str]
    body: Any  # Any: the operation's request struct; each handler knows which
    address: str
    sid: str
    maybe_session: Session | None
    maybe_key: Key | None

    @property
    def session(self) -> Session:
        """The caller's session; only operations with a scope have one."""
        assert self.maybe_session is not None  # noqa: S101 - the binder saw to it
        return self.maybe_session

    @property
    def user(self) -> str:
        """The caller's customer id; only visitors hold the scopes of operations that need it."""
        assert self.session.user is not None  # noqa: S101 - so say the scopes of guests
        return self.session.user

    @property
    def key(self) -> Key:
        """The idempotency key; only keyed operations have one."""
        assert self.maybe_key is not None  # noqa: S101 - the binder saw to it
        return self.maybe_key


Handler = Callable[[Call], Awaitable[msgspec.Struct]]


class HostSecret:
    """Recognises the process that serves the pages, by a secret both were given at start."""

    def __init__(self, secret: str | None) -> None:
        self._secret = secret.encode() if secret else None

    def matches(self, headers: Headers) -> bool:
        """Tell whether a request carries the secret."""
        given = headers.get(HOST_SECRET_HEADER)
        if given is None or self._secret is None:
            return False
        return hmac.compare_digest(given.encode(), self._secret)

    def address_of(self, request: Request) -> str:
        """Return the address whose caps a request counts for."""
        if self.matches(request.headers):
            return request.headers.get(PAGE_ADDRESS_HEADER, "")[:64]
        return request.client.host if request.client else "unknown"


class AnyMethod:
    """An endpoint that is asked whatever the method: Starlette takes a class for no function."""

    def __init__(self, answer: Callable[[Request], Awaitable[Response]]) -> None:
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        response = await self._answer(Request(scope, receive, send))
        await response(scope, receive, send)


@dataclass(frozen=True, slots=True)
class Binder:
    """Binds operations to handlers."""

    authorization: Authorization
    origins: Origins
    host_secret: HostSecret
    session_rates: RateLimiter

    def bind(self, handlers: Mapping[str, Handler]) -> list[Route]:
        """Return a route for each path of the table; every operation needs a handler."""
        by_path: dict[str, dict[str, AnyOperation]] = {}
        for operation in OPERATIONS:
            by_path.setdefault(operation.path, {})[operation.method] = operation
        return [self._route(path, methods, handlers) for path, methods in by_path.items()]

    def _route(
        self, path: str, methods: Mapping[str, AnyOperation], handlers: Mapping[str, Handler]
    ) -> Route:
        bound = {method: (found, handlers[found.name]) for method, found in methods.items()}

        async def endpoint(request: Request) -> Response:
            request.scope["branchxr.template"] = path
            if request.method not in bound:
                error = refusal("method_refused", "another one")
                allowed = {"allow": ", ".join(sorted(bound))}
                return problem_response(error, request.scope["branchxr.request_id"], allowed)
            operation, handler = bound[request.method]
            answer = await handler(await self._call(operation, request))
            return Response(
                msgspec.json.encode(answer),
                status_code=operation.status,
                media_type="application/json",
                headers={"cache-control": "no-store"},
            )

        return Route(path, AnyMethod(endpoint))

    async def _call(self, operation: AnyOperation, request: Request) -> Call:
        # The body first: whoever sends it slowly must not keep a token alive that has ended since.
        raw = b"" if operation.method == "GET" else await request.body()
        raw_path = request.scope.get("raw_path") or request.scope["path"].encode()
        url = self.origins.address_of(request.headers["host"], raw_path.decode("latin-1"))
        session, sid = None, ""
        if operation.scope is not None:
            session = self.authorization.authenticate(
                operation.method, url, request.headers, scope=operation.scope
            )
            sid = session.sid
            self.session_rates.take(session.id)
        elif operation.is_proof_only:
            sid = self.authorization.prove(operation.method, url, request.headers)
        values = _values_of(operation, request, raw)
        body = _convert(values, operation.request)
        key = None
        if operation.is_keyed and session is not None:
            key = _key_of(operation, request, values, session)
        return Call(
            path=request.path_params,
            body=body,
            address=self.host_secret.address_of(request),
            sid=sid,
            maybe_session=session,
            maybe_key=key,
        )


def _values_of(operation: AnyOperation, request: Request, raw: bytes) -> Any:
    if not raw and operation.request is Nothing:
        return {}
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise refusal("bad_request", "a body that is not application/json")
    try:
        return load_json(raw)
    except ProtocolError as error:
        raise refusal("bad_request", error.came) from None


def _convert(values: Any, kind: type[msgspec.Struct]) -> msgspec.Struct:
    try:
        return msgspec.convert(values, kind, strict=True)
    except msgspec.ValidationError as error:
        raise refusal("bad_request", f"{error}"[:200]) from None
    except RecursionError:
        raise refusal("bad_request", "nesting without end") from None


def _key_of(operation: AnyOperation, request: Request, values: Any, session: Session) -> Key:
    given = request.headers.getlist("idempotency-key")
    try:
        return key_of(
            given[0] if len(given) == 1 else None,
            user=session.user or "",
            operation=operation.name,
            asked={"path": dict(request.path_params), "body": values},
        )
    except ProtocolError as error:  # a lone surrogate: no canonical form
        raise refusal("bad_request", error.came) from None
