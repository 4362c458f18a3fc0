"""Make docs/picture.png, the picture in the README: the demo itself in Chromium."""

import re
import subprocess
import sys
import time
from pathlib import Path

from playwright.sync_api import sync_playwright

HERE = Path(__file__).parent
FLAGS = [
    "--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
]  # fmt: skip


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
            browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
            page = browser.new_page(viewport={"width": 1280, "height": 720})
            page.goto(address)
            page.wait_for_selector("[data-state=ready]", timeout=60_000)
            time.sleep(20)  # the bots walk in, the full level of detail arrives
            page.screenshot(path=str(HERE / "picture.png"))
            browser.close()
    finally:
        demo.terminate()
        demo.communicate(timeout=30)


if __name__ == "__main__":
    main()
