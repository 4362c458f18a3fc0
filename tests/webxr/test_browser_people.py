"""Thumbs, keys alone, a headset's ray, and a host that lies: what people meet in a real browser."""

import asyncio
import json
from typing import Any

import numpy as np
import pytest
from playwright.async_api import Page

from branchxr.client import Branch
from branchxr.stages.ceremonies import Ceremonies
from branchxr.stages.stage import Panel, PanelButton, PanelPressed
from branchxr_webxr.stage import WebXRStage

from .conftest import Standing
from .stand import APP, IWER, go_to, until

pytestmark = [pytest.mark.browser, pytest.mark.end_to_end]

FOCUSED = "(document.activeElement.textContent || document.activeElement.ariaLabel || '').trim()"
EMULATOR = (
    ";window.device = new IWER.XRDevice(IWER.metaQuest3);"
    "device.installRuntime({forceInstall: true, polyfillLayers: false});"
)


async def sign_in(page: Page) -> None:
    await page.get_by_role("button", name="Sign in").click()
    await page.get_by_role("textbox", name="Your name").fill("Vera Holm")
    await page.keyboard.press("Enter")
    await page.get_by_text("100\u202f000.00\u00a0RUB").wait_for()


async def tab_to(page: Page, name: str, *, key: str = "Tab") -> None:
    """Press Tab until something of that name has the focus."""
    for _ in range(60):
        focused = await page.evaluate(FOCUSED)
        if focused.startswith(name):
            return
        await page.keyboard.press(key)
    raise AssertionError(f"{name!r} cannot be reached by {key}")


IS_IN_SIGHT = """(element) => {
    const box = element.getBoundingClientRect();
    const ends = [[box.left + 4, box.top + 4], [box.right - 4, box.bottom - 4]];
    return ends.every(([x, y]) => document.elementFromPoint(x, y) === element);
}"""
"""Whether neither the window's edge nor anything else hides a part of it."""


async def test_two_thumbs_walk_and_look(standing: Standing) -> None:
    async with standing() as stand:
        page = await stand.open(is_phone=True)
        await until(page, f"{APP}.walk.body.floor !== null")
        got_it = page.get_by_role("button", name="Got it")
        await page.set_viewport_size({"width": 740, "height": 360})  # held across
        assert await got_it.evaluate(IS_IN_SIGHT)
        await page.set_viewport_size({"width": 390, "height": 700})
        assert await got_it.evaluate(IS_IN_SIGHT)
        await got_it.tap()
        await until(page, "document.querySelector('.bx-panel') === null")  # it covers the picture
        start = await page.evaluate(f"{APP}.state.position")
        yaw = await page.evaluate(f"{APP}.state.yaw")
        devtools = await page.context.new_cdp_session(page)

        async def thumbs(kind: str, *points: tuple[int, int]) -> None:
            touches = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(points)]
            await devtools.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touches})

        await thumbs("touchStart", (80, 420))
        await thumbs("touchMove", (80, 370))
        x, _, z = start
        await until(page, f"Math.hypot({APP}.walk.body.x - {x}, {APP}.walk.body.z - {z}) > 0.3")
        await page.locator(".bx-stick").wait_for()
        await thumbs("touchStart", (80, 370), (320, 400))
        await thumbs("touchMove", (80, 370), (260, 400))
        await until(page, f"{APP}.state.yaw < {yaw} - 0.1")
        await thumbs("touchEnd")
        await page.locator(".bx-stick").wait_for(state="hidden")
        await page.wait_for_timeout(600)
        rest = await page.evaluate(f"{APP}.state.position")
        await page.wait_for_timeout(400)
        assert np.allclose(rest, await page.evaluate(f"{APP}.state.position"), atol=0.01)
        # On a phone nothing of the frame lies over anything else of it.
        boxes = [await page.locator(each).bounding_box() for each in (".bx-brand", ".bx-account")]
        assert boxes[0]["y"] + boxes[0]["height"] <= boxes[1]["y"]
        await page.locator("summary", has_text="Places").tap()
        await page.get_by_role("button", name="Cash machine 1").tap()
        await page.get_by_role("button", name="Cash machine 1").wait_for(state="hidden")
        assert stand.complaints == []


async def test_everything_can_be_done_by_keys_alone(standing: Standing) -> None:
    async with standing() as stand:
        page = await stand.open()
        await tab_to(page, "Sign in")
        await page.keyboard.press("Enter")
        await tab_to(page, "Your name")
        await page.keyboard.type("Vera Holm")
        await page.keyboard.press("Enter")
        await page.get_by_text("100\u202f000.00\u00a0RUB").wait_for()
        await tab_to(page, "Counter 1")
        await page.keyboard.press("Enter")
        await page.get_by_role("button", name="Continue").wait_for()
        await tab_to(page, "Continue", key="Shift+Tab")
        await page.keyboard.press("Enter")
        await page.get_by_role("dialog").wait_for()
        await tab_to(page, "Pay with passkey")
        await page.keyboard.press("Enter")
        await page.get_by_role("heading", name="Paid").wait_for()
        await page.get_by_text("99\u202f975.00\u00a0RUB").wait_for()
        await tab_to(page, "Sign out", key="Shift+Tab")
        # A balance that changes under the focus leaves it where it is.
        await page.evaluate(f"{APP}.hud.setAccounts([])")
        assert await page.evaluate(FOCUSED) == "Sign out"
        assert stand.complaints == []


async def test_everything_has_a_name_and_news_are_announced(standing: Standing) -> None:
    async with standing() as stand:
        page = await stand.open()
        await until(page, "document.querySelector('.bx-panel') !== null")
        nameless = await page.evaluate(
            """[...document.querySelectorAll('button, input, summary, canvas, [tabindex]')]
                .filter((one) => !(one.ariaLabel || one.labels?.length || one.textContent.trim()))
                .map((one) => one.outerHTML)"""
        )
        assert nameless == []
        for news in (".bx-notices", ".bx-log", ".bx-panels"):
            assert await page.get_attribute(news, "aria-live") == "polite"
        assert await page.get_attribute(".bx-lost", "role") == "alert"
        assert await page.get_attribute("html", "lang") == "en"
        assert len(
            await page.evaluate("[...document.querySelectorAll('[id]')].map((e) => e.id)")
        ) == len(
            set(await page.evaluate("[...document.querySelectorAll('[id]')].map((e) => e.id)"))
        )


LIES: dict[str, Any] = {
    "challenge": lambda text, options: (text, options | {"challenge": "A" * 43}),
    "amount": lambda text, options: (text.replace('"25.00"', '"2.50"'), options),
    "payee": lambda text, options: (text.replace("City Utilities", "My own friend"), options),
    "bank": lambda text, options: (text, options | {"rpId": "evil.test"}),
    "twice": lambda text, options: (text[:-1] + ',"amount":"1.00"}', options),
}


async def test_a_page_refuses_to_sign_what_it_would_not_show(
    standing: Standing, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = Ceremonies.hold
    lies = iter(LIES.values())

    async def lying(
        self: Ceremonies, kind: Any, options: dict[str, Any], *, canonical: str | None = None
    ) -> dict[str, Any]:
        if canonical is not None:
            inner = options.get("publicKey", options)
            canonical, inner = next(lies)(canonical, inner)
            options = {"publicKey": inner} if "publicKey" in options else inner
        return await honest(self, kind, options, canonical=canonical)

    monkeypatch.setattr(Ceremonies, "hold", lying)
    spy = (
        "window.asked = 0; const get = navigator.credentials.get.bind(navigator.credentials);"
        "navigator.credentials.get = (options) => { window.asked++; return get(options); };"
    )
    async with standing() as stand:
        page = await stand.open(script=spy)
        await sign_in(page)
        transfers = await stand.server.ledger.transfer_count()
        await go_to(page, "Counter 1")
        for lie in LIES:
            await page.get_by_role("button", name="Continue").click()
            await page.get_by_role("heading", name="That payment did not go through").wait_for()
            assert await page.get_by_text("Do not pay").is_visible(), lie
            assert await page.evaluate("window.asked") == 0, lie
            assert not await page.get_by_role("dialog").is_visible(), lie
            await page.get_by_role("button", name="Back").click()
        assert next(lies, None) is None
        assert await stand.server.ledger.transfer_count() == transfers


AIM = """(name) => {
    const app = document.querySelector('branchxr-branch').app;
    const panel = app.immersion.confirmation ?? app.immersion.panels[0];
    const region = panel.regions.find((one) => one.name === name);
    const { position, quaternion } = app.view.rig;
    const [Vector, Quaternion] = [position.constructor, quaternion.constructor];
    const { width, height } = panel.mesh.geometry.parameters;
    const perPixel = width / panel.canvas.width;
    const target = new Vector(
        (region.x + region.width / 2) * perPixel - width / 2,
        height / 2 - (region.y + region.height / 2) * perPixel, 0);
    panel.mesh.updateWorldMatrix(true, false);
    app.view.rig.updateWorldMatrix(true, false);
    app.view.rig.worldToLocal(panel.mesh.localToWorld(target));
    const from = new Vector(0.25, 1.25, -0.2);
    const aim = target.sub(from).normalize();
    const turn = new Quaternion().setFromUnitVectors(new Vector(0, 0, -1), aim);
    const hand = device.controllers.right;
    hand.position.set(from.x, from.y, from.z);
    hand.quaternion.set(turn.x, turn.y, turn.z, turn.w);
}"""


async def pull_trigger(page: Page, button: str) -> None:
    await page.evaluate(f"({AIM})({json.dumps(button)})")
    await page.wait_for_timeout(500)
    await page.evaluate("device.controllers.right.updateButtonValue('trigger', 1)")
    await page.wait_for_timeout(500)
    await page.evaluate("device.controllers.right.updateButtonValue('trigger', 0)")


async def test_a_ray_presses_what_it_points_at_and_a_panel_faces_its_readers(
    standing: Standing,
) -> None:
    pressed: asyncio.Queue[PanelPressed] = asyncio.Queue()

    async def main(branch: Branch, stage: WebXRStage) -> None:
        anchors = (await branch.scene.load()).anchors
        board = next(anchor.path for anchor in anchors if anchor.kind == "panel")
        await stage.open_panel(
            Panel(
                "ask",
                "Left or right?",
                buttons=(PanelButton("left", "L"), PanelButton("right", "R")),
            )
        )
        async for event in stage.inputs():
            if isinstance(event, PanelPressed):
                pressed.put_nowait(event)
                await stage.close_panel("ask")
                await stage.open_panel(Panel("board", "On the board", anchor=board))

    async with standing(main) as stand:
        page = await stand.open(script=IWER.read_text() + EMULATOR)
        await page.get_by_role("button", name="Enter VR").click()
        await until(page, f"{APP}.headset.isPresenting && {APP}.immersion.panels.length === 1")
        await pull_trigger(page, "right")
        async with asyncio.timeout(20):
            assert (await pressed.get()).button == "right"
        await until(page, f"{APP}.immersion.panels[0]?.mesh.position.z < -3")
        # The hall's boards hang at z = -3.4 and are read from the hall, where z is greater.
        facing = await page.evaluate(
            f"(() => {{ const e = {APP}.immersion.panels[0].mesh; e.updateWorldMatrix(true, false);"
            "return e.matrixWorld.elements[10]; })()"
        )
        assert facing > 0.9
        assert pressed.empty()
        assert stand.complaints == []


async def test_a_payment_is_confirmed_by_the_ray_and_signed_on_the_flat_screen(
    standing: Standing,
) -> None:
    async with standing() as stand:
        page = await stand.open(script=IWER.read_text() + EMULATOR)
        await sign_in(page)
        await go_to(page, "Counter 1")
        await page.get_by_role("button", name="Continue").wait_for()
        await page.get_by_role("button", name="Enter VR").click()
        await until(page, f"{APP}.headset.isPresenting && {APP}.immersion.panels.length === 1")
        await pull_trigger(page, "pay")
        await until(page, f"{APP}.immersion.confirmation !== null")
        await pull_trigger(page, "approve")
        await page.get_by_role("heading", name="Paid").wait_for()
        await until(page, f"!{APP}.headset.isPresenting")
        await page.get_by_text("99\u202f975.00\u00a0RUB").wait_for()
