"""Make docs/picture.png, the picture in the README: the demo itself in Chromium."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

HERE = Path(__file__).parent
FLAGS = [
    "--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
]  # fmt: skip
PASSKEYS = {
    "protocol": "ctap2", "ctap2Version": "ctap2_1", "transport": "internal",
    "hasResidentKey": True, "hasUserVerification": True, "isUserVerified": True,
    "automaticPresenceSimulation": True,
}  # fmt: skip
APP = "document.querySelector('branchxr-branch').app"

IN_VIEW = f"""(() => {{
    const app = {APP}, {{ x, z }} = app.walk.body;
    const others = [...app.interpolator.sample(performance.now())]
        .filter((one) => one.slot !== app.you.slot);
    const away = ({{ body }}) => Math.hypot(body.head[0] - x, body.head[2] - z);
    if (others.some((one) => away(one) < 2.2)) return 0;
    const places = [...app.people.keys()].map((id) => app.project(id)).filter(Boolean);
    const open = places.map(([left]) => left).filter((left) => left > 360 && left < 1000);
    return new Set(open.map((left) => Math.round(left / 60))).size;
}})()"""
"""How many can be seen beside one another, between the panel and the edge."""

PLACE, YAW = "Entrance 4", 0.2
"""Where the whole hall is seen from, and radians to the left of straight ahead."""


def main() -> None:
    demo = subprocess.Popen(
        [sys.executable, "-m", "branchxr.cli", "demo", "--port", "0", "--seconds", "300"],
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert demo.stderr is not None
        address = next(
            found.group()
            for line in demo.stderr
            if (found := re.search(r"http://localhost:\d+", line))
        )
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=FLAGS
            )
            page = browser.new_page(viewport={"width": 1120, "height": 630})
            devtools = page.context.new_cdp_session(page)
            devtools.send("WebAuthn.enable", {"enableUI": False})
            devtools.send("WebAuthn.addVirtualAuthenticator", {"options": PASSKEYS})
            page.goto(address)
            pay(page)
            page.screenshot(path=str(HERE / "picture.png"))
            browser.close()
    finally:
        demo.terminate()
        demo.communicate(timeout=30)


def pay(page: Page) -> None:
    """Sign in, walk to a counter, and look over the hall while the payment is offered."""
    page.set_default_timeout(60_000)
    page.wait_for_selector("canvas[data-shown]")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("textbox", name="Your name").fill("Vera Holm")
    page.keyboard.press("Enter")
    page.get_by_text("100\u202f000.00\u00a0RUB").wait_for()
    page.get_by_role("button", name="Counter 1").first.click()
    page.get_by_role("button", name="Continue").wait_for()
    page.get_by_role("button", name=PLACE).click()
    page.wait_for_timeout(2_000)
    while page.evaluate(f"{APP}.walk.body.isFollowing"):
        page.wait_for_timeout(200)
    page.locator("summary", has_text="Places").click()
    page.evaluate(f"Object.assign({APP}.walk.body, {{ yaw: {YAW}, pitch: -0.04 }})")
    for _ in range(300):  # at most a minute: until some are in the open and nobody in the way
        if page.evaluate(IN_VIEW) >= 5:
            break
        page.wait_for_timeout(200)


if __name__ == "__main__":
    main()
