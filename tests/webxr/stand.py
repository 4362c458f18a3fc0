"""A branch with a page and a real headless Chromium before it; used by `test_browser*.py`.

Only `http://localhost`: WebAuthn refuses an IP address.
"""

import asyncio
import subprocess
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from random import Random
from typing import Self

from playwright.async_api import Browser, Page, async_playwright

from branchxr.client import Branch
from branchxr.clock import SystemClock
from branchxr.identity.tokens import Session
from branchxr.server.branch import BranchServer, ServerSettings
from branchxr.server.listening import http_on
from branchxr.server.ports import bind
from branchxr.transport.http import BranchHttp
from branchxr_webxr.host import create_app
from branchxr_webxr.proxy import SceneProxy
from branchxr_webxr.stage import WebXRStage

FLAGS = [
    "--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
    # Chromium falls back to software drawing by itself no longer: it has to be asked.
    "--use-angle=swiftshader", "--enable-unsafe-swiftshader",
]  # fmt: skip
IWER = Path(__file__).parents[2] / "webxr_bridge/npm/node_modules/iwer/build/iwer.min.js"
APP = "document.querySelector('branchxr-branch')?.app"
PATIENCE_MS = 40_000


class Chromium:
    """One browser for many tests: it keeps the shaders that it has compiled, seconds each time.

    Each test has a context of its own in it: cache, storage, keys and windows are not shared.
    """

    def __init__(self, program: str, profile: Path) -> None:
        self._command = [program, "--headless", *FLAGS, "--remote-debugging-port=0",
                         f"--user-data-dir={profile}", "about:blank"]  # fmt: skip
        self._port_file = profile / "DevToolsActivePort"

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            self._command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        return self

    def __exit__(self, *_exception: object) -> None:
        self._process.terminate()
        self._process.wait(30)

    @property
    def address(self) -> str:
        """Where it is driven; waits until it is ready."""
        for _ in range(PATIENCE_MS // 50):
            assert self._process.poll() is None, "the browser has ended"
            if self._port_file.exists() and (lines := self._port_file.read_text().split("\n"))[1:]:
                return f"http://127.0.0.1:{lines[0]}"
            time.sleep(0.05)
        raise AssertionError("the browser does not say its port")


class Cut:
    """A TCP proxy on a port of its own, whose connections can be cut."""

    def __init__(self) -> None:
        self.target = 0
        self.is_open = True
        self.port = 0
        self._writers: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_exception: object) -> None:
        self.cut()
        self._server.close()
        await self._server.wait_closed()

    def cut(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self.is_open:
            writer.transport.abort()
            return
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target)
        mine = {writer, far_writer}
        self._writers |= mine
        try:
            pumps = (self._pump(reader, far_writer), self._pump(far_reader, writer))
            await asyncio.gather(*pumps)
        finally:
            self._writers -= mine
            for each in mine:
                each.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while part := await reader.read(65_536):
                writer.write(part)
                await writer.drain()
        except (ConnectionError, OSError):
            pass
        finally:
            writer.close()


class Stand:
    """A branch with a page, and the browser before it."""

    def __init__(
        self,
        server: BranchServer,
        browser: Browser,
        address: str,
        cut: Cut,
        look_ahead: Callable[[], Awaitable[None]],
    ) -> None:
        self.server, self.browser, self.address, self.cut = server, browser, address, cut
        self.look_ahead = look_ahead
        self.hosts: set[str] = set()
        self.complaints: list[str] = []

    async def open(self, *, script: str = "", is_phone: bool = False) -> Page:
        context = await self.browser.new_context(
            viewport={"width": 390, "height": 700} if is_phone else {"width": 720, "height": 420},
            has_touch=is_phone, is_mobile=is_phone,
        )  # fmt: skip
        page = await context.new_page()
        page.on("request", lambda request: self.hosts.add(request.url.split("/")[2]))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on(
            "console",
            lambda line: self.complaints.append(line.text) if line.type == "error" else None,
        )
        if script:
            await page.add_init_script(script)
        devtools = await context.new_cdp_session(page)
        await devtools.send("WebAuthn.enable", {"enableUI": False})
        await devtools.send(
            "WebAuthn.addVirtualAuthenticator",
            {
                "options": {
                    "protocol": "ctap2", "ctap2Version": "ctap2_1", "transport": "internal",
                    "hasResidentKey": True, "hasUserVerification": True, "isUserVerified": True,
                    "automaticPresenceSimulation": True,
                }
            },
        )  # fmt: skip
        page.set_default_timeout(PATIENCE_MS)
        await page.goto(self.address)
        await until(page, f"({APP}?.state.people ?? 0) > 0")
        return page


@asynccontextmanager
async def open_stand(
    chromium: Chromium,
    package: Path,
    script: Callable[[Branch, WebXRStage], Awaitable[None]] | None = None,
) -> AsyncIterator[Stand]:
    async with AsyncExitStack() as stack:
        cut = await stack.enter_async_context(Cut())
        address = f"http://localhost:{cut.port}"
        settings = ServerSettings(
            name="Test Branch", port=0, realtime_port=0, scene=package,
            origins=(address,), host_secret="browser tests",
        )  # fmt: skip
        server = await stack.enter_async_context(BranchServer.open(settings))
        await stack.enter_async_context(server.listen())

        def http() -> BranchHttp:
            session = Session(clock=SystemClock())
            return BranchHttp(server.address, session=session, random=Random(1))

        # As `branchxr run --stage webxr`: a host of its own, and the scene passed on.
        app = create_app(
            branch_url=server.address,
            allowed_origins=[address],
            script=script,
            scene=SceneProxy(http),
            host_secret="browser tests",
        )
        stack.push_async_callback(app.state.visitors.close)
        listeners = bind("localhost", 0)
        cut.target = listeners[0].getsockname()[1]
        await stack.enter_async_context(http_on(app, listeners, tls=None))
        driver = await stack.enter_async_context(async_playwright())
        # Leaving closes this test's pages; the browser stays.
        browser = await driver.chromium.connect_over_cdp(chromium.address)
        stack.push_async_callback(browser.close)
        yield Stand(server, browser, address, cut, app.state.look_ahead)


async def until(page: Page, expression: str) -> None:
    """Wait until an expression holds. Playwright's own waiting needs `eval`, which our CSP bans."""
    async with asyncio.timeout(PATIENCE_MS / 1000):
        while not await page.evaluate(expression):
            await page.wait_for_timeout(50)


async def eventually(holds: Callable[[], bool]) -> None:
    for _ in range(PATIENCE_MS // 50):
        if holds():
            return
        await asyncio.sleep(0.05)
    raise AssertionError("it never came to hold")


async def go_to(page: Page, place: str) -> None:
    """Walk to a place by keyboard alone, and wait until there."""
    button = page.get_by_role("button", name=place, exact=False).first
    await button.focus()
    await page.keyboard.press("Enter")
    await until(page, f"{APP}.walk.body.isFollowing")
    await until(page, f"!{APP}.walk.body.isFollowing")
