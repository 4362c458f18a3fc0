"""The realtime listener: the shell around `protocol.room`; the server's only use of websockets."""

import asyncio
import http
import logging
import socket
import ssl
from collections.abc import Awaitable, Callable, Container, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from types import TracebackType
from typing import Final, Protocol, Self
from urllib.parse import urlsplit

import msgspec
from websockets.asyncio.server import ServerConnection, broadcast, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from ..clock import Clock
from ..errors import ApiError
from ..models import Problem
from ..protocol.messages import SUBPROTOCOL, CloseCode
from ..protocol.room import Room
from ..protocol.session import Close, Grant, Send
from ..wire import Wire, WireClosed
from .ports import LOOPBACK, bind
from .ticker import Ticker

PATH: Final = "/realtime"
SEND_BUFFER_BYTES: Final = 128 * 1024
"""Of the kernel, per connection. Without it megabytes of old poses would hide there before the
room sees that somebody is slow; it still lets 680 kB/s (1,000 bodies) pass at 150 ms."""

OPEN_TIMEOUT_S: Final = 5.0
MAX_CONNECTIONS: Final = 1024
_LOG: Final = logging.getLogger("branchxr.server")

Authenticate = Callable[[Mapping[str, str], str], Grant]
"""Checks the headers of a handshake to an address; raises `ApiError`."""


class _Line(Protocol):
    """A way to a client: a WebSocket, or a wire in memory."""

    @property
    def buffered_bytes(self) -> int: ...

    def send(self, message: str | bytes) -> None: ...

    async def close(self, code: int, reason: str) -> None: ...


class RealtimeListener:
    """Listens for clients and runs the room's ticks while it is entered with `async with`.

    Args:
        room: the state machine.
        authenticate: checks token and proof of a handshake.
        clock: where time comes from.
        allowed_origins: of pages; a handshake without `Origin` is no page.
        host: address to bind; a loopback one binds 127.0.0.1 and, where it exists, ::1.
        port: 0 takes any, the same for both.
        public_url: what clients connect to, when that is not `ws://localhost:port/realtime`.
        tls: for `wss://`; any other address than loopback needs it, here or in front.
    """

    def __init__(
        self,
        room: Room,
        authenticate: Authenticate,
        *,
        clock: Clock,
        allowed_origins: Container[str] = (),
        host: str = "localhost",
        port: int = 0,
        public_url: str | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._room = room
        self._authenticate = authenticate
        self._clock = clock
        self._origins = allowed_origins
        self._host = host
        self._port = port
        self._public_url = public_url
        self._tls = tls
        self._lines: dict[int, _Line] = {}
        self._closing: set[asyncio.Task[None]] = set()
        self._resources = AsyncExitStack()
        self.ticker = Ticker(self._on_tick, clock=clock)

    @property
    def url(self) -> str:
        """Where clients connect to."""
        scheme = "ws" if self._tls is None else "wss"
        return self._public_url or f"{scheme}://localhost:{self._port}{PATH}"

    @property
    def port(self) -> int:
        """The port that was bound."""
        return self._port

    @property
    def connections(self) -> int:
        """How many clients are connected."""
        return len(self._lines)

    async def __aenter__(self) -> Self:
        """Bind and listen.

        Raises:
            InputRefused: `port_taken` or `address_unavailable`.
        """
        sockets = bind(self._host, self._port)
        self._port = sockets[0].getsockname()[1]
        async with AsyncExitStack() as resources:
            for listening in sockets:
                await resources.enter_async_context(self._serve(listening))
            resources.push_async_callback(self._say_goodbye)  # before the library closes them
            await resources.enter_async_context(self.ticker)
            self._resources = resources.pop_all()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._resources.aclose()

    async def attach(self, wire: Wire, grant: Grant) -> None:
        """Serve one client over a wire whose handshake is done, until it is closed.

        For wires in memory; the ticks come from the listener, or from `ticker` alone.
        """
        await self._converse(wire, wire.receive, grant)

    # --- the handshake ----------------------------------------------------------------------

    def _serve(self, listening: socket.socket) -> AbstractAsyncContextManager[object]:
        listener: AbstractAsyncContextManager[object] = serve(
            self._handle,
            sock=listening,
            ssl=self._tls,
            process_request=self._check,
            subprotocols=[Subprotocol(SUBPROTOCOL)],
            compression=None,  # poses are dense; every receiver would need a context of its own
            ping_interval=None,  # the protocol has its heartbeat, and the room its deadline
            open_timeout=OPEN_TIMEOUT_S,
            close_timeout=1.0,
            max_size=self._room.limits.message_bytes,
            server_header=None,
            logger=logging.getLogger("branchxr.server.websockets"),
        )
        return listener

    def _check(self, connection: ServerConnection, request: Request) -> Response | None:
        """Answer a handshake that is not allowed; whom it is for is kept on the connection."""
        try:
            connection.grant = self._admit(request)  # type: ignore[attr-defined]
        except ApiError as error:
            return _problem(error)
        except Exception:  # noqa: BLE001 - logged; the peer gets an answer, never a traceback
            _LOG.exception("a handshake failed")
            return _problem(_refusal("internal", "an answer", "a fault", status=500))
        return None

    def _admit(self, request: Request) -> Grant:
        headers = request.headers
        public = urlsplit(self.url)
        hosts = headers.get_all("Host")
        if len(hosts) != 1 or hosts[0].lower() not in self._hosts():
            raise _refusal("host_refused", "a Host that this branch goes by", "another", status=421)
        if request.path != public.path:
            raise _refusal("not_found", f"the path {public.path}", "another", status=404)
        origins = headers.get_all("Origin")
        if origins and (len(origins) > 1 or origins[0] not in self._origins):
            raise _refusal("origin_refused", "a page of an allowed origin", "another", status=403)
        offered = [
            name.strip()
            for line in headers.get_all("Sec-WebSocket-Protocol")
            for name in line.split(",")
        ]
        if SUBPROTOCOL not in offered:
            raise _refusal("subprotocol_missing", f"subprotocol {SUBPROTOCOL}", "none", status=400)
        if len(self._lines) >= MAX_CONNECTIONS:
            raise _refusal("branch_full", "a free connection", "none", status=503)
        scheme = "https" if public.scheme == "wss" else "http"
        return self._authenticate(headers, f"{scheme}://{hosts[0].lower()}{public.path}")

    def _hosts(self) -> frozenset[str]:
        """What `Host` may be; another comes from a name rebound to this machine."""
        public = urlsplit(self.url)
        if public.hostname not in LOOPBACK:
            return frozenset({public.netloc.lower()})
        port = public.port or self._port
        return frozenset(f"{name}:{port}" for name in ("localhost", "127.0.0.1", "[::1]"))

    # --- a connection -----------------------------------------------------------------------

    async def _handle(self, connection: ServerConnection) -> None:
        grant: Grant = connection.grant  # type: ignore[attr-defined]
        peer = connection.transport.get_extra_info("socket")
        if peer is not None:
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

        async def receive() -> str | bytes:
            try:
                return await connection.recv()
            except ConnectionClosed as error:
                raise WireClosed from error

        await self._converse(_WebSocketLine(connection), receive, grant)

    async def _converse(
        self, line: _Line, receive: Callable[[], Awaitable[str | bytes]], grant: Grant
    ) -> None:
        room, clock = self._room, self._clock
        number = room.connect(grant, clock.monotonic())
        self._lines[number] = line
        try:
            while True:
                message = await receive()
                now = clock.monotonic()
                if isinstance(message, str):
                    room.receive_text(number, message, now)
                else:
                    room.receive_pose(number, message, now)
                self._deliver()
        except WireClosed:
            pass
        finally:
            self._lines.pop(number, None)
            room.disconnect(number, clock.monotonic())
            self._deliver()

    def _on_tick(self, now: float) -> None:
        self._room.tick(now, self._buffered)
        self._deliver()

    def _buffered(self, number: int) -> int:
        line = self._lines.get(number)
        return 0 if line is None else line.buffered_bytes

    def _deliver(self) -> None:
        for action in self._room.drain():
            if isinstance(action, Send):
                self._send(action)
            else:
                self._close(action)

    def _send(self, action: Send) -> None:
        sockets = []
        for number in action.to:
            line = self._lines.get(number)
            if isinstance(line, _WebSocketLine):
                sockets.append(line.connection)
            elif line is not None:
                line.send(action.payload)
        if sockets:
            broadcast(sockets, action.payload)

    def _close(self, action: Close) -> None:
        line = self._lines.pop(action.connection, None)
        if line is not None:
            task = asyncio.create_task(line.close(action.code, action.reason))
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)

    async def _say_goodbye(self) -> None:
        lines, self._lines = list(self._lines.values()), {}
        closes = [line.close(CloseCode.GOING_AWAY, "branch_stops") for line in lines]
        await asyncio.gather(*closes, *self._closing, return_exceptions=True)


class _WebSocketLine:
    """A server's WebSocket; sent to by `broadcast`, which frames a message once for everybody."""

    def __init__(self, connection: ServerConnection) -> None:
        self.connection = connection

    @property
    def buffered_bytes(self) -> int:
        return self.connection.transport.get_write_buffer_size()

    def send(self, message: str | bytes) -> None:
        broadcast((self.connection,), message)

    async def close(self, code: int, reason: str) -> None:
        # Queues behind what nobody takes; after `close_timeout` the library drops the connection.
        await self.connection.close(code, reason)


def _refusal(code: str, expected: str, came: str, *, status: int) -> ApiError:
    return ApiError(expected, came, "see docs/protocol.md", code=code, status=status)


def _problem(error: ApiError) -> Response:
    """Answer a handshake with a problem document (RFC 9457)."""
    status = http.HTTPStatus(error.status or 401)
    body = msgspec.json.encode(
        Problem(
            "about:blank",
            status.phrase,
            int(status),
            error.code,
            error.expected,
            error.came,
            error.remedy,
            error.request_id,
            error.retryable,
        )
    )
    headers = Headers(
        {
            "Content-Type": "application/problem+json",
            "Content-Length": str(len(body)),
            "Cache-Control": "no-store",
            "Connection": "close",
        }
    )
    if status == http.HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = f'DPoP error="{error.code}"'
    return Response(int(status), status.phrase, headers, body)
