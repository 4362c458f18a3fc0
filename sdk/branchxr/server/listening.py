"""uvicorn as the branch needs it: on sockets that are bound already, without its own signals."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from socket import socket

import h11
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from ..errors import InputRefused
from .settings import ServerSettings

_STOP_S = 2
_HEAD_S = 20


class _Http(H11Protocol):
    """uvicorn's protocol, for peers that send slowly: it has a time limit between requests only.

    A request's head has to come within `_HEAD_S`; the gate sees to its body.
    """

    _head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._forget_head()
        super().connection_lost(exc)

    def on_response_complete(self) -> None:
        self._expect_head()
        super().on_response_complete()

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        # RFC 6455 section 4.1: GET, and without a body; anything else is never answered there.
        if event.method != b"GET":
            self.send_400_response("A WebSocket begins with GET.")
            return
        super().handle_websocket_upgrade(event)

    def _expect_head(self) -> None:
        self._forget_head()
        self._head_timer = self.loop.call_later(_HEAD_S, self._cut_if_waiting, self.cycle)

    def _forget_head(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()

    def _cut_if_waiting(self, last: object) -> None:
        is_mine = self.transport.get_protocol() is self  # a WebSocket's is another
        if is_mine and self.cycle is last:
            self.transport.close()


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to whoever runs the loop."""
        yield


def tls_of(settings: ServerSettings) -> ssl.SSLContext | None:
    """Return what TLS needs, or `None` without a certificate.

    Raises:
        InputRefused: `certificate_refused`.
    """
    if settings.certificate is None or settings.certificate_key is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        # Without a password given, OpenSSL would ask for one at the terminal.
        context.load_cert_chain(settings.certificate, settings.certificate_key, password="")
    except OSError as error:  # ssl.SSLError is one
        raise InputRefused(
            "a certificate chain and its private key, as PEM files",
            f"{type(error).__name__} for {settings.certificate.name!r}",
            "check both files, that they belong together, and that the key has no password",
            code="certificate_refused",
        ) from error
    return context


@asynccontextmanager
async def http_on(
    app: ASGIApp, sockets: Sequence[socket], *, tls: ssl.SSLContext | None
) -> AsyncIterator[None]:
    """Serve `app` on listening sockets; they are closed at the end."""
    config = uvicorn.Config(
        app,
        access_log=False,  # the gate has the one log line, by allow-list
        log_config=None,
        lifespan="off",
        http=_Http,
        ws="websockets-sansio",
        ws_max_size=64 * 1024,
        ws_per_message_deflate=False,
        h11_max_incomplete_event_size=32 * 1024,
        limit_concurrency=2000,
        timeout_graceful_shutdown=_STOP_S,
        proxy_headers=False,
        server_header=False,
        ssl_context_factory=None if tls is None else (lambda _config, _default: tls),
    )
    server = _Server(config)
    task = asyncio.create_task(server.serve(list(sockets)), name="branchxr-http")
    try:
        while not server.started:
            if task.done():
                task.result()
                raise RuntimeError("uvicorn ended before it began")
            await asyncio.sleep(0.005)
        yield
    finally:
        server.should_exit = True
        await asyncio.shield(task)
