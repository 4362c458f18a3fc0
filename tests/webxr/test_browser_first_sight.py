"""The scene is shown before the page's socket is open, from what Python has verified."""

import pytest

from .conftest import Standing
from .stand import APP, until

pytestmark = [pytest.mark.browser, pytest.mark.end_to_end]

NO_SOCKET = "window.WebSocket = class extends EventTarget { close() {} send() {} };"


async def test_the_scene_is_shown_without_a_socket(standing: Standing) -> None:
    async with standing() as stand:
        await stand.look_ahead()
        context = await stand.browser.new_context(viewport={"width": 720, "height": 420})
        page = await context.new_page()
        lines: list[str] = []
        page.on("console", lambda line: lines.append(line.text))
        page.on("pageerror", lambda error: lines.append(str(error)))
        chunks: list[str] = []
        page.on("request", lambda one: chunks.append(one.url) if "/scene/c/" in one.url else None)
        await page.add_init_script(NO_SOCKET)
        await page.goto(stand.address)
        await page.wait_for_selector("canvas[data-shown]")
        assert await page.evaluate(f"{APP}.state.link") == "connecting"
        assert await page.evaluate(f"{APP}.state.calls") > 0
        await until(page, f"{APP}.view.live !== null")
        # What was preloaded was used: each chunk came once, and the browser does not complain.
        assert len(chunks) == len(set(chunks)) > 1
        assert not [line for line in lines if "preload" in line or "Error" in line]


async def test_the_socket_changes_nothing_that_is_shown_already(standing: Standing) -> None:
    async with standing() as stand:
        await stand.look_ahead()
        page = await stand.open()
        await page.wait_for_selector("canvas[data-shown]")
        tiles = await page.evaluate_handle(f"{APP}.view.tiles")
        await until(page, f"{APP}.view.live !== null && {APP}.walk.body.floor !== null")
        assert await page.evaluate(f"(tiles) => {APP}.view.tiles === tiles", tiles)
        base = await page.evaluate(
            "performance.getEntriesByType('resource').map((one) => one.name)"
        )
        assert sum("tileset.json" in name for name in base) == 1
        assert stand.complaints == []
