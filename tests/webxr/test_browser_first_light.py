"""The page draws the coarsest level by itself before it fetches three.js, which then goes on."""

import io
import json
import re
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.async_api import Page, Route

from .conftest import Standing
from .stand import APP, Chromium, Stand, eventually, open_stand, until
from .test_browser_decoders import repacked

pytestmark = [pytest.mark.browser, pytest.mark.end_to_end]

LIGHT = "performance.getEntriesByName('branchxr-first-light')[0]?.startTime ?? null"
SHOWN = "document.querySelector('canvas[data-shown]') !== null"
ELEMENT = "document.querySelector('branchxr-branch')"
SIDE_BY_SIDE = "[...document.querySelector('branchxr-branch').children].slice(1)"
NO_SOCKET = "window.WebSocket = class extends EventTarget { close() {} send() {} };"
NO_RENDERER_NAME = """(() => {
  const { prototype } = WebGL2RenderingContext;
  const get = prototype.getExtension;
  prototype.getExtension = function (name) {
    return name === 'WEBGL_debug_renderer_info' ? null : get.call(this, name);
  };
})();"""
IMPATIENT = """(() => {
  const set = window.setTimeout;
  window.setTimeout = (then, ms, ...rest) => set(then, ms === 3000 ? 0 : ms, ...rest);
})();"""
NO_WEBGL = "HTMLCanvasElement.prototype.getContext = () => null;"


class Gate:
    """Holds requests back until it is opened."""

    def __init__(self) -> None:
        self.held: list[Route] = []
        self.is_open = False

    async def __call__(self, route: Route) -> None:
        if self.is_open:
            await route.continue_()
        else:
            self.held.append(route)

    async def open(self) -> None:
        self.is_open = True
        for route in self.held:
            await route.continue_()


class Visit:
    """A page whose three.js is held back, and what it asked for until then."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.asked: list[str] = []
        self.complaints: list[str] = []
        self.app, self.chunks = Gate(), Gate()

    async def lit(self) -> list[str]:
        """Wait for first light and for what is asked for after it; return what was before it."""
        await until(self.page, f"{LIGHT} !== null")
        await eventually(lambda: len(self.app.held) > 1)
        before = await self.page.evaluate(
            "performance.getEntriesByType('resource')"
            f".filter((one) => one.startTime < {LIGHT}).map((one) => new URL(one.name).pathname)"
        )
        assert isinstance(before, list)
        return before

    async def picture(self) -> Any:
        raw = await self.page.screenshot()
        return np.asarray(Image.open(io.BytesIO(raw)).convert("RGB")).astype(int)


async def from_far(route: Route) -> None:
    """Let the page begin where nothing of the scene is in view."""
    response = await route.fetch()
    html = re.sub(r"position&quot;:\[", "position&quot;:[9e3,0,", await response.text())
    await route.fulfill(response=response, body=html)


async def refuse(route: Route) -> None:
    await route.abort()


@asynccontextmanager
async def visiting(
    stand: Stand, *, script: str = "", has_chunks: bool = True, is_far: bool = False
) -> AsyncIterator[Visit]:
    await stand.look_ahead()
    context = await stand.browser.new_context(viewport={"width": 360, "height": 240})
    visit = Visit(await context.new_page())
    visit.page.on("pageerror", lambda error: visit.complaints.append(str(error)))
    visit.page.on(
        "console",
        lambda line: "preload" in line.text and visit.complaints.append(line.text),
    )
    await visit.page.route("**/static/chunk-*", visit.app)
    if is_far:
        await visit.page.route(f"{stand.address}/", from_far)
    if not has_chunks:
        await visit.page.route("**/scene/c/*", visit.chunks)
    if script:
        await visit.page.add_init_script(script)
    await visit.page.goto(stand.address)
    yield visit
    await context.close()


async def test_first_light_comes_before_three_which_draws_the_same(standing: Standing) -> None:
    async with standing() as stand, visiting(stand, script=NO_SOCKET) as visit:
        page = visit.page
        before = await visit.lit()
        names = sorted(path.rpartition(".")[2] for path in before)
        assert names == ["css", "glb", "js"]
        canvas = await page.query_selector("canvas")
        await page.set_viewport_size({"width": 320, "height": 200})
        await until(page, "document.querySelector('canvas').width === 320")
        light = await visit.picture()
        assert len(np.unique(light.reshape(-1, 3), axis=0)) > 50
        # What is taken for a graphics processor smooths edges, and adds the sun's highlights.
        async with visiting(stand, script=NO_RENDERER_NAME) as other:
            await other.lit()
            await other.page.set_viewport_size({"width": 320, "height": 200})
            await until(other.page, "document.querySelector('canvas').width === 320")
            assert 0.1 < np.abs(light - await other.picture()).mean() < 5

        await page.route("**/scene/c/*", visit.chunks)
        await visit.app.open()
        await until(page, SHOWN)
        assert await page.evaluate("(one) => one === document.querySelector('canvas')", canvas)
        assert await page.evaluate(f"{APP}.view.picture === null")
        await page.evaluate(f"{SIDE_BY_SIDE}.forEach((one) => (one.style.display = 'none'))")
        three = await visit.picture()
        difference = np.abs(light - three)
        assert difference.mean() < 0.5
        assert (difference.max(axis=2) > 8).mean() < 0.005

        await visit.chunks.open()
        await until(page, f"{APP}.view.live !== null")
        assert await page.evaluate(f"{APP}.state.link") == "connecting"
        files = await page.evaluate(
            "performance.getEntriesByType('resource')"
            ".map((one) => one.name).filter((name) => name.includes('/scene/'))"
        )
        assert len(files) == len(set(files)), "nothing is fetched twice"
        assert any("tileset.json" in name for name in files)
        assert visit.complaints == []


async def test_what_goes_wrong_meanwhile(standing: Standing) -> None:
    async with standing() as stand:
        async with visiting(stand) as visit:  # a context is lost
            await visit.lit()
            lose = "document.querySelector('canvas').getContext('webgl2')"
            await visit.page.evaluate(f"{lose}.getExtension('WEBGL_lose_context').loseContext()")
            await visit.app.open()
            await until(visit.page, SHOWN)
            assert await visit.page.evaluate("document.querySelectorAll('canvas').length") == 1
            assert visit.complaints == []
        async with visiting(stand, script=IMPATIENT, has_chunks=False) as visit:  # a line stalls
            await eventually(lambda visit=visit: len(visit.app.held) > 1)
            assert await visit.page.evaluate(LIGHT) is None
            await visit.chunks.open()
            await until(visit.page, f"{LIGHT} !== null")  # and goes on before three.js is there
            await visit.page.evaluate(f"{ELEMENT}.style.width = '200px'")  # the page makes room,
            await until(visit.page, "document.querySelector('canvas').width === 200")
            canvas = await visit.page.query_selector("canvas")
            await visit.page.evaluate(f"document.body.prepend({ELEMENT})")  # and moves it
            await visit.app.open()
            await until(visit.page, f"{SHOWN} && {APP}.state.link === 'open'")
            is_same = "(one) => one === document.querySelector('canvas')"
            assert await visit.page.evaluate(is_same, canvas)
            assert visit.complaints == []
        async with visiting(stand, script=NO_SOCKET, is_far=True) as visit:  # nothing is in view
            await visit.lit()
            await visit.app.open()
            await until(visit.page, f"{APP}?.view.picture === null")
            assert not await visit.page.evaluate(SHOWN)
        async with visiting(stand, script=NO_WEBGL) as visit:
            await visit.app.open()
            told = await visit.page.wait_for_selector("[role=alert]:not([hidden])")
            assert told is not None
            assert "WebGL 2" in await told.inner_text()
        async with visiting(stand) as visit:  # taken away and put there; the rest does not come
            await visit.lit()
            await visit.page.evaluate(f"(window.gone = {ELEMENT}).remove()")
            assert await visit.page.evaluate("gone.childElementCount") == 0
            await visit.page.evaluate("document.body.append(gone)")
            await visit.page.route("**/static/chunk-*", refuse)
            for route in visit.app.held:
                await route.abort()
            await visit.page.get_by_role("button", name="Load it again").wait_for()
            assert await visit.page.get_by_role("alert").count() == 1
            assert await visit.page.locator("canvas").count() == 1


def with_another_extension(glb: bytes) -> bytes:
    """Add an extension that first light does not know, and three.js does."""
    length = struct.unpack_from("<I", glb, 12)[0]
    root = json.loads(glb[20 : 20 + length])
    root["extensionsUsed"].append("KHR_texture_transform")
    text = json.dumps(root, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 4)
    rest = glb[20 + length :]
    header = struct.pack("<5I", 0x46546C67, 2, 20 + len(text) + len(rest), len(text), 0x4E4F534A)
    return header + text + rest


async def test_what_first_light_does_not_know_is_left_to_three(
    chromium: Chromium, hall_package: Path, tmp_path: Path
) -> None:
    package = repacked(hall_package, tmp_path / "p", with_another_extension, only_coarsest=True)
    async with open_stand(chromium, package) as stand, visiting(stand) as visit:
        await visit.app.open()
        await until(visit.page, SHOWN)
        assert await visit.page.evaluate(LIGHT) is None
        assert visit.complaints == []
