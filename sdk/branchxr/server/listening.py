"""uvicorn as the branch needs it: on sockets that are bound already, without its own signals."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from socket import socket

import uvicorn
from starlette.types import ASGIApp

_STOP_S = 2


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to whoever runs the loop."""
        yield


@asynccontextmanager
async def http_on(
    app: ASGIApp, sockets: Sequence[socket], *, certificate: Path | None, key: Path | None
) -> AsyncIterator[None]:
    """Serve `app` on listening sockets; they are closed at the end."""
    config = uvicorn.Config(
        app,
        access_log=False,  # the gate has the one log line, by allow-list
        log_config=None,
        lifespan="off",
        http="h11",
        ws="websockets-sansio",
        ws_max_size=64 * 1024,
        ws_per_message_deflate=False,
        h11_max_incomplete_event_size=32 * 1024,
        limit_concurrency=2000,
        timeout_graceful_shutdown=_STOP_S,
        proxy_headers=False,
        server_header=False,
        ssl_certfile=None if certificate is None else str(certificate),
        ssl_keyfile=None if key is None else str(key),
        ssl_version=ssl.PROTOCOL_TLS_SERVER,
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
