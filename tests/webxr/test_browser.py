"""The whole path in real headless Chromium: hall, avatars, walking, passkey, payment, a cut.

Only `http://localhost`: WebAuthn refuses an IP address. No test here asks for a frame rate: the
picture is drawn in software.
"""

import asyncio
import base64
import io
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.async_api import Page

import branchxr
from branchxr.client import Branch
from branchxr.protocol.frames import parse_frame
from branchxr.protocol.pose import PoseFlags
from branchxr.stages.stage import Panel, PanelButton, PanelPressed
from branchxr_webxr.stage import WebXRStage

from .conftest import Standing
from .stand import APP, IWER, eventually, go_to, until

pytestmark = [pytest.mark.browser, pytest.mark.end_to_end]


async def picture(page: Page) -> Any:
    """Return the canvas alone as `(height, width, 3) int`."""
    raw = await page.evaluate(
        f"""async () => {{
            const view = {APP}.view;
            view.renderer.render(view.scene, view.camera);
            return view.canvas.toDataURL('image/png').split(',')[1];
        }}"""
    )
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(raw))).convert("RGB")).astype(int)


async def test_the_hall_is_shown_upright_and_asks_no_other_host(standing: Standing) -> None:
    async with standing() as stand:
        page = await stand.open()
        await page.wait_for_selector("canvas[data-shown]")
        await until(page, f"{APP}.view.live !== null")
        await go_to(page, "Cash machine 1")
        await page.evaluate(f"{APP}.walk.body.place([-5.5, 0, -1], 0.35)")
        await page.wait_for_timeout(1500)
        pixels = await picture(page)
        red, green, blue = pixels[..., 0], pixels[..., 1], pixels[..., 2]
        # The cash machines' blue plastic, the bank's own colour: (0.05, 0.2, 0.5) in linear light.
        is_brand = (blue > 110) & (blue - red > 60) & (blue - green > 25) & (green > red)
        assert is_brand.mean() > 0.04
        rows = np.nonzero(is_brand.any(axis=1))[0] / len(pixels)
        assert rows.min() > 0.25, "machines stand on the floor, not on the ceiling"
        top, bottom = pixels[: len(pixels) // 8], pixels[-len(pixels) // 8 :]
        # Ceiling tiles are grey; the floor's are warm.
        assert (
            np.abs(top[..., 0] - top[..., 2]).mean()
            < np.abs(bottom[..., 0] - bottom[..., 2]).mean()
        )
        assert stand.hosts == {stand.address.removeprefix("http://")}
        assert stand.complaints == []
        assert await page.get_by_text("Embedded branch, fake money").is_visible()


async def test_an_avatar_walks_on_the_screen(standing: Standing) -> None:
    async with standing() as stand:
        page = await stand.open()
        async with branchxr.connect(stand.server.address, name="Walker") as walker:
            you = await walker.enter()
            await until(page, f"{APP}.state.people === 2")
            await page.evaluate(f"{APP}.walk.body.place([-6, 0, 4.6], -1.3)")
            seen = []
            walking = asyncio.create_task(walker.walk_to("queue.001"))
            for _ in range(200):
                seen.append(await page.evaluate(f"{APP}.project({you.id!r})"))
                if walking.done():
                    break
                await page.wait_for_timeout(50)
            places = [place for place in seen if place]
            assert len(places) > 5
            assert max(x for x, _ in places) - min(x for x, _ in places) > 40
            # Not a few great leaps: the body is interpolated between frames.
            assert len({(round(x), round(y)) for x, y in places}) > 5
            tag = await page.evaluate(
                f"[...{APP}.view.avatars.people.values()].some((one) => one.tag.visible)"
            )
            assert tag


async def test_a_guest_walks_with_keys_and_not_through_walls(standing: Standing) -> None:
    async with standing() as stand:
        page = await stand.open()
        await until(page, f"{APP}.walk.body.floor !== null")
        async with branchxr.connect(stand.server.address, name="Watcher") as watcher:
            await watcher.enter()
            guest = next(p for p in watcher.participants.values() if p.name != "Watcher")
            x, _, z = await page.evaluate(f"{APP}.state.position")
            await page.focus("canvas")
            await page.keyboard.down("w")
            # Not for so many seconds: on a busy machine few pictures, and so few steps, fit in.
            await until(page, f"Math.hypot({APP}.walk.body.x - {x}, {APP}.walk.body.z - {z}) > 0.5")
            await page.keyboard.up("w")
            end = await page.evaluate(f"[{APP}.walk.body.x, {APP}.walk.body.z]")

            def is_there() -> bool:
                head = watcher.positions()[guest.id]
                return bool(np.hypot(head[0] - end[0], head[2] - end[1]) < 0.3)

            await eventually(is_there)  # the branch has let it go there, and others see it
            await page.keyboard.down("ArrowUp")  # on to the wall behind the seats, and no further
            await page.wait_for_timeout(9000)
            await page.keyboard.up("ArrowUp")
            x, z = await page.evaluate(f"[{APP}.walk.body.x, {APP}.walk.body.z]")
            assert await page.evaluate(f"{APP}.walk.body.floor.isWalkable({x}, {z})")
            assert abs(x) < 10
            assert abs(z) < 6


async def test_a_visitor_signs_in_and_pays_at_a_counter(standing: Standing) -> None:
    async with standing() as stand:
        ledger = stand.server.ledger
        page = await stand.open()
        await page.get_by_role("button", name="Sign in").click()
        await page.get_by_role("textbox", name="Your name").fill("Vera Holm")
        await page.keyboard.press("Enter")
        await page.get_by_text("100\u202f000.00\u00a0RUB").wait_for()
        before = await ledger.balance_minor("CITY-UTILITIES")
        transfers = await ledger.transfer_count()
        await go_to(page, "Counter 1")
        await page.get_by_role("button", name="Continue").click()
        dialog = page.get_by_role("dialog")
        await dialog.get_by_text("City Utilities (simulated)").wait_for()
        assert await dialog.get_by_text("25.00\u00a0RUB").is_visible()
        assert "Decline" in await page.evaluate("document.activeElement.textContent")
        await dialog.get_by_role("button", name="Pay with passkey").click()
        await page.get_by_role("heading", name="Paid").wait_for()
        await page.get_by_text("99\u202f975.00\u00a0RUB").wait_for()
        assert await ledger.balance_minor("CITY-UTILITIES") == before + 2500
        assert await ledger.transfer_count() == transfers + 1
        assert await ledger.sum_minor() == 0
        # The same passkey signs in again on a fresh visit, and declining moves nothing.
        await page.reload()
        await until(page, f"({APP}?.state.people ?? 0) > 0")
        await page.get_by_role("button", name="Sign in").click()
        await page.get_by_role("button", name="Use my passkey").click()
        await page.get_by_text("99\u202f975.00\u00a0RUB").wait_for()
        await go_to(page, "Counter 1")
        await page.get_by_role("button", name="Continue").click()
        await page.get_by_role("button", name="Decline").wait_for()
        await page.keyboard.press("Escape")
        await page.get_by_role("heading", name="Nothing was paid").wait_for()
        assert await ledger.transfer_count() == transfers + 1
        assert stand.complaints == []


async def test_a_cut_connection_is_shown_and_comes_back(standing: Standing) -> None:
    async with standing() as stand:
        page = await stand.open()
        you = await page.evaluate(f"{APP}.you.participant")
        stand.cut.is_open = False
        stand.cut.cut()
        await page.get_by_role("alert").get_by_text("Connection lost").wait_for()
        stand.cut.is_open = True
        await page.get_by_text("You are back").wait_for()
        await until(page, f"{APP}.state.link === 'open' && {APP}.state.people > 0")
        assert not await page.get_by_role("alert").is_visible()
        assert await page.evaluate(f"{APP}.you.participant") == you


async def test_a_script_that_raises_says_so_on_its_page_only(standing: Standing) -> None:
    async def main(branch: Branch, stage: WebXRStage) -> None:
        panel = Panel("risk", "A risky button", buttons=(PanelButton("go", "Break it"),))
        await stage.open_panel(panel)
        async for event in stage.inputs():
            if not isinstance(event, PanelPressed):
                continue
            raise ValueError("<b>broken</b> on purpose")

    async with standing(main) as stand:
        unlucky, lucky = await stand.open(), await stand.open()
        await unlucky.get_by_role("button", name="Break it").click()
        await unlucky.get_by_text("The program behind this place has stopped").wait_for()
        # Text stays text: nothing of a script's becomes markup.
        assert await unlucky.get_by_text("<b>broken</b> on purpose").is_visible()
        await unlucky.get_by_role("button", name="Come in again").wait_for()
        assert await lucky.evaluate(f"{APP}.state.link") == "open"
        assert await lucky.get_by_role("button", name="Break it").is_visible()


async def test_a_headset_sends_head_and_hands(standing: Standing) -> None:
    emulator = IWER.read_text() + (
        ";window.device = new IWER.XRDevice(IWER.metaQuest3);"
        "device.installRuntime({forceInstall: true, polyfillLayers: false});"
    )
    async with standing() as stand:
        page = await stand.open(script=emulator)
        async with branchxr.connect(stand.server.address, name="Watcher") as watcher:
            await watcher.enter()
            frames: list[bytes] = []
            watcher.add_frame_listener(frames.append)
            slot = await page.evaluate(f"{APP}.you.slot")
            await page.get_by_role("button", name="Enter VR").click()
            await until(page, f"{APP}.headset.isPresenting")
            await page.evaluate("device.position.set(0, 1.72, -0.2)")
            wanted = PoseFlags.HANDS | PoseFlags.TRACKED

            def has_hands(raw: bytes) -> bool:
                records = parse_frame(raw).records
                own = records[records["slot"] == slot]
                return bool(len(own)) and int(own["flags"][0]) & wanted == wanted

            await eventually(lambda: any(map(has_hands, frames)))
            # The welcome panel hangs before the eyes: a ray presses its button.
            await until(page, f"{APP}.immersion.panels.length === 1")
            await page.evaluate(f"{APP}.immersion.panels[0].onPressed('close')")
            await until(page, f"{APP}.immersion.panels.length === 0")
            await page.evaluate(f"{APP}.headset.end()")
            await until(page, f"!{APP}.headset.isPresenting")
            assert await page.get_by_role("button", name="Enter VR").is_visible()
        assert stand.complaints == []
