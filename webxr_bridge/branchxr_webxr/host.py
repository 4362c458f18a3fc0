"""The ASGI app that serves pages: `/`, `/static/*`, the page's socket, and, apart, the scene.

Mounted by `demo` and `serve` at `/` of the branch's own port, or served alone by
`branchxr run --stage webxr`, where it also passes on the scene's files. What lets a socket in:
the exact `Origin`, the exact `Host`, and a token or a resume secret in the subprotocol.
"""

import logging
import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Final
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket

from branchxr import script as scripts
from branchxr.client import connect as connect_to_branch
from branchxr.clock import Clock, SystemClock
from branchxr.stages import lobby

from .page import STATIC, modules, render, require_static, security_headers
from .page_socket import serve_socket
from .static_files import ShimFiles
from .visit import Connect, Host, PageVisit
from .visitors import CAP, KEEP_S, Visitors

LOG: Final = logging.getLogger("branchxr.webxr")


def create_app(
    *,
    branch_url: str | Callable[[], str],
    allowed_origins: Sequence[str] | Callable[[], Sequence[str]],
    connect: Connect = connect_to_branch,
    script: scripts.Main | None = None,
    scene: ASGIApp | None = None,
    host_secret: str | None = None,
    clock: Clock | None = None,
    new_secret: Callable[[], str] = secrets.token_urlsafe,
    cap: int = CAP,
    keep_s: float = KEEP_S,
) -> Starlette:
    """Make the app. Whoever mounts it closes `app.state.visitors` at the end.

    Once the branch answers, `await app.state.look_ahead()` lets its very first page show the scene
    before its socket is open, as each later one does.

    Args:
        branch_url: the branch; a function when its port is known only once it listens.
        allowed_origins: exact origins with port, such as `http://localhost:8710`; may be a
            function as well. `Host` is held against them.
        connect: as `branchxr.connect`.
        script: `async def main(branch, stage)`; without one, `lobby.main`.
        scene: answers below `/scene/` when the branch is another process; see `SceneProxy`.
        host_secret: shared with the branch, which then counts guests by the page's address.
        clock: for tokens and kept pages.
        new_secret: makes tokens and secrets.
        cap: pages at once.
        keep_s: how long a page without a socket keeps its visit.

    Raises:
        MissingTool: `shim_missing`: the page's JavaScript was not built.
    """
    require_static()
    imports = modules()
    time = clock or SystemClock()
    origins = allowed_origins if callable(allowed_origins) else lambda: allowed_origins
    host = Host(
        connect=connect,
        branch_url=branch_url if callable(branch_url) else lambda: branch_url,
        main=script or lobby.main,
        clock=time,
        new_id=new_secret,
        host_secret=host_secret,
    )
    visitors: Visitors[PageVisit] = Visitors(
        lambda origin, address: PageVisit(host, origin=origin, address=address),
        clock=time,
        new_secret=new_secret,
        cap=cap,
        keep_s=keep_s,
    )

    async def page(request: Request) -> Response:
        nonce = new_secret()
        response = HTMLResponse(render(visitors.mint(), nonce, host.known.sight, imports))
        response.headers.update(security_headers(_origin_of(request.scope, origins()), nonce))
        response.headers["cache-control"] = "no-store"  # it carries a token
        return response

    async def look_ahead() -> None:
        await PageVisit(host, origin=next(iter(origins()), ""), address="").look_ahead()

    async def health(_request: Request) -> Response:
        return PlainTextResponse("ok\n", headers={"cache-control": "no-store"})

    async def socket(websocket: WebSocket) -> None:
        await serve_socket(websocket, visitors, origins=origins(), clock=time)

    routes: list[BaseRoute] = [
        Route("/", page),
        Route("/healthz", health),
        WebSocketRoute("/page", socket),
        Mount("/static", ShimFiles(directory=STATIC)),
    ]
    if scene is not None:
        routes.append(Mount("/scene", scene))

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        yield
        await visitors.close()

    app = Starlette(routes=routes, lifespan=lifespan)
    app.state.visitors = visitors  # a mounted app gets no lifespan
    app.state.look_ahead = look_ahead
    app.add_middleware(_Wall, origins=origins)
    return app


class _Wall:
    """Refuse any `Host` that is not ours (DNS rebinding), and put headers on every answer."""

    def __init__(self, app: ASGIApp, *, origins: Callable[[], Sequence[str]]) -> None:
        self._app = app
        self._origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        origin = _origin_of(scope, self._origins())
        if not origin:
            await _refuse_host(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                present = {name.lower() for name, _value in message["headers"]}
                headers = [(k.encode(), v.encode()) for k, v in security_headers(origin).items()]
                added = [header for header in headers if header[0] not in present]
                message = {**message, "headers": [*message["headers"], *added]}
            await send(message)

        await self._app(scope, receive, send_with_headers)


async def _refuse_host(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008})
        return
    # 421: "not configured to produce responses" for that authority (RFC 9110 section 15.5.20).
    await PlainTextResponse("open the address that was printed\n", 421)(scope, receive, send)


def _origin_of(scope: Scope, origins: Sequence[str]) -> str:
    """Return the allowed origin that the request's `Host` belongs to, or nothing."""
    hosts = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
    if len(hosts) != 1:
        return ""
    return next((origin for origin in origins if urlsplit(origin).netloc == hosts[0]), "")
