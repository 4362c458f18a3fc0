"""What is shown before the page's socket is open stays when it opens."""

import pytest

from .conftest import Standing
from .stand import APP, until

pytestmark = [pytest.mark.browser, pytest.mark.end_to_end]


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
