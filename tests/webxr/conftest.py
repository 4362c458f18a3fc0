"""A page without a browser: it speaks to the host's ASGI app in memory, on virtual time."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import branchxr.testing
from branchxr.identity.soft_key import SoftKey
from branchxr.testing import InProcessBranch
from branchxr_webxr.host import create_app

ORIGIN = "http://localhost:8710"


class Answer:
    def __init__(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.status, self.headers, self.body = status, headers, body


class PageSocket:
    """One WebSocket of a page."""

    def __init__(self, app: Any, *, protocols: list[str], origin: str | None, host: str) -> None:
        headers = [(b"host", host.encode())]
        if origin is not None:
            headers.append((b"origin", origin.encode()))
        if protocols:
            headers.append((b"sec-websocket-protocol", ", ".join(protocols).encode()))
        self._scope = {
            "type": "websocket", "path": "/page", "raw_path": b"/page", "root_path": "",
            "query_string": b"", "headers": headers, "subprotocols": protocols, "scheme": "ws",
            "client": ("127.0.0.1", 50_000), "server": ("localhost", 8710), "state": {},
            "extensions": {},
        }  # fmt: skip
        self._app = app
        self._up: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._news = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._number = 0
        self.messages: list[dict[str, Any]] = []
        self.frames: list[bytes] = []
        self.is_accepted = False
        self.is_gone = self.is_gone_once_accepted = False
        self.closed: int | None = None
        self.reason = ""

    def start(self) -> "PageSocket":
        self._up.put_nowait({"type": "websocket.connect"})
        self._task = asyncio.create_task(self._app(self._scope, self._up.get, self._send))
        return self

    async def open(self) -> "PageSocket":
        self.start()
        await self.until(lambda: self.is_accepted or self.closed is not None)
        return self

    async def _send(self, message: dict[str, Any]) -> None:
        if self.is_gone:
            raise ConnectionResetError  # as ASGI 2.4 has it: an OSError
        if message["type"] == "websocket.accept":
            self.is_accepted = True
            self.is_gone = self.is_gone_once_accepted
        elif message["type"] == "websocket.close":
            self.closed, self.reason = message.get("code", 1000), message.get("reason", "")
        elif message.get("text") is not None:
            self.messages.append(json.loads(message["text"]))
        else:
            self.frames.append(message["bytes"])
        self._news.set()

    async def until(self, holds: Callable[[], Any], *, within_s: float = 60) -> None:
        async with asyncio.timeout(within_s):
            while not holds():
                self._news.clear()
                await self._news.wait()

    async def heard(self, op: str, **fields: Any) -> dict[str, Any]:
        """Wait for a message, and return the newest such."""

        def find() -> dict[str, Any] | None:
            for message in reversed(self.messages):
                if message["op"] == op and fields.items() <= message.items():
                    return message
            return None

        await self.until(find)
        found = find()
        assert found is not None
        return found

    def ops(self, op: str) -> list[dict[str, Any]]:
        return [message for message in self.messages if message["op"] == op]

    def say(self, op: str, *, number: int | None = None, **fields: Any) -> None:
        if number is None:
            self._number += 1
            number = self._number
        self.say_text(json.dumps({"op": op, "n": number, **fields}))

    def say_text(self, text: str) -> None:
        self._up.put_nowait({"type": "websocket.receive", "text": text})

    def send_bytes(self, pose: bytes) -> None:
        self._up.put_nowait({"type": "websocket.receive", "bytes": pose})

    async def cut(self) -> None:
        """Lose the connection."""
        self._up.put_nowait({"type": "websocket.disconnect", "code": 1006})
        await self.ended()

    async def ended(self) -> None:
        """Wait until the app is done with this socket; raises what the app raised."""
        assert self._task is not None
        with suppress(asyncio.CancelledError):
            await asyncio.wait_for(asyncio.shield(self._task), 60)


class PageHost:
    """A branch and a host in front of it, and pages that open there."""

    def __init__(self, place: InProcessBranch, app: Any) -> None:
        self.place, self.app = place, app
        self.sockets: list[PageSocket] = []

    @property
    def visitors(self) -> Any:
        return self.app.state.visitors

    async def get(
        self, path: str = "/", *, host: str = "localhost:8710", encoding: str = ""
    ) -> Answer:
        headers = [(b"host", host.encode()), (b"accept-encoding", encoding.encode())]
        scope = {
            "type": "http", "method": "GET", "path": path, "raw_path": path.encode(),
            "root_path": "", "query_string": b"", "headers": headers,
            "scheme": "http", "client": ("127.0.0.1", 50_000), "server": ("localhost", 8710),
            "http_version": "1.1", "state": {},
        }  # fmt: skip
        got: list[dict[str, Any]] = []

        asked = 0

        async def receive() -> dict[str, Any]:
            nonlocal asked
            asked += 1
            if asked > 1:
                await asyncio.Event().wait()  # nobody disconnects
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            got.append(message)

        await self.app(scope, receive, send)
        headers = {name.decode().lower(): value.decode() for name, value in got[0]["headers"]}
        return Answer(got[0]["status"], headers, b"".join(m.get("body", b"") for m in got[1:]))

    async def token(self) -> str:
        found = re.search(rb'token="([^"]+)"', (await self.get()).body)
        assert found
        return found[1].decode()

    async def socket(
        self,
        *secrets: str,
        protocol: str = "branchxr.page.1",
        origin: str | None = ORIGIN,
        host: str = "localhost:8710",
    ) -> PageSocket:
        return await self.unopened(*secrets, protocol=protocol, origin=origin, host=host).open()

    def unopened(
        self,
        *secrets: str,
        protocol: str = "branchxr.page.1",
        origin: str | None = ORIGIN,
        host: str = "localhost:8710",
    ) -> PageSocket:
        socket = PageSocket(self.app, protocols=[protocol, *secrets], origin=origin, host=host)
        self.sockets.append(socket)
        return socket

    async def page(self) -> PageSocket:
        """Open a page and wait until its person is in the branch."""
        socket = await self.socket(f"token.{await self.token()}")
        await socket.until(lambda: any(m["you"]["participant"] for m in socket.ops("you")))
        return socket

    async def back(self, socket: PageSocket) -> PageSocket:
        """Come back with the resume secret of an earlier socket."""
        resume = (await socket.heard("hello"))["resume"]
        again = await self.socket(f"resume.{resume}")
        again._number = socket._number
        return again


Hosting = Callable[..., Any]


@pytest.fixture
def hosting() -> Hosting:
    """Return a function that opens a branch and a host: `async with hosting() as host:`."""

    @asynccontextmanager
    async def open_host(**options: Any) -> AsyncIterator[PageHost]:
        async with branchxr.testing.branch() as place:
            app = create_app(
                branch_url=place.url,
                allowed_origins=[ORIGIN],
                connect=place.connect,
                host_secret="testing",
                clock=place.clock,
                **options,
            )
            host = PageHost(place, app)
            try:
                yield host
            finally:
                await app.state.visitors.close()
                for socket in host.sockets:
                    await socket.ended()

    return open_host


async def hold_ceremony(socket: PageSocket, key: SoftKey, *, kind: str) -> dict[str, Any]:
    """Answer the ceremony that Python asks for as a browser would, with a soft key."""
    ask = await socket.heard("ask", kind=kind)
    hold = key.register if kind == "register" else key.authenticate
    socket.say("answer", id=ask["id"], credential=await hold(ask["options"], origin=ORIGIN))
    return ask


Standing = Callable[..., Any]


@pytest.fixture(scope="session")
def chromium(
    needs_tool: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Any]:
    from .stand import Chromium

    with Chromium(needs_tool("chromium"), tmp_path_factory.mktemp("chromium")) as browser:
        yield browser


@pytest.fixture
def standing(chromium: Any, hall_package: Path) -> Standing:
    """Return a function that opens a branch, a page host and a browser; see `stand.py`."""
    from .stand import open_stand

    return partial(open_stand, chromium, hall_package)
