"""Chunks as foreign encoders pack them, in a real browser under the page's own policy."""

import asyncio
import hashlib
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from branchxr_assets.packager import sealed, write_package

from .stand import APP, Chromium, Stand, open_stand, until
from .test_browser import picture

pytestmark = [
    pytest.mark.browser,
    pytest.mark.end_to_end,
    pytest.mark.tool,
    pytest.mark.timeout(300),  # packs, and opens up to two browsers
]

PACK = Path(__file__).with_name("pack.mjs")
FIRST = "performance.getEntriesByName('branchxr-first-sight')[0]?.startTime"
ERRORS = "[...document.querySelectorAll('.bx-notice')].map((one) => one.textContent)"


def repacked(
    package: Path,
    to: Path,
    pack: Callable[[bytes], bytes],
    *,
    live: bool = True,
    only_coarsest: bool = False,
) -> Path:
    """Write a package again with all but its coarsest chunk packed, or it alone; signed anew."""
    tileset = json.loads((package / "tileset.json").read_text())
    files = {"branch.json": (package / "branch.json").read_bytes()}

    def visit(tile: dict[str, Any], *, is_first: bool) -> None:
        if content := tile.get("content"):
            is_live = tile.get("extras", {}).get("role") == "live"
            glb = (package / content["uri"]).read_bytes()
            if is_first if only_coarsest else not is_first and (live or not is_live):
                glb = pack(glb)
            digest = hashlib.sha256(glb).hexdigest()
            content["uri"] = f"c/{digest}.glb"
            content["extras"] = {"sha256": digest, "bytes": len(glb)}
            files[content["uri"]] = glb
            is_first = False
        for child in tile.get("children", ()):
            is_live = child.get("extras", {}).get("role") == "live"
            visit(child, is_first=is_first and not is_live)

    visit(tileset["root"], is_first=True)
    files["tileset.json"] = json.dumps(tileset).encode()
    write_package(to, sealed(files, Ed25519PrivateKey.generate(), scene="packed", version=1))
    return to


Packing = Callable[[str], Path]


@pytest.fixture
def packing(hall_package: Path, needs_tool: Callable[[str], str], tmp_path: Path) -> Packing:
    node = needs_tool("node")

    def pack_package(how: str) -> Path:
        def pack(glb: bytes) -> bytes:
            came, went = tmp_path / "came.glb", tmp_path / "went.glb"
            came.write_bytes(glb)
            command = [node, str(PACK), str(came), str(went), how]
            subprocess.run(command, check=True, capture_output=True, timeout=60)
            return went.read_bytes()

        return repacked(hall_package, tmp_path / "package", pack)

    return pack_package


@pytest.fixture(scope="module")
def plain() -> dict[str, Any]:
    """Return where the unpacked hall's picture is kept for all that are compared with it."""
    return {}


async def shown(stand: Stand) -> Any:
    """Open a page, wait until all levels are there, and stand before the cash machines."""
    page = await stand.open()
    await page.wait_for_selector("canvas[data-shown]")
    await until(page, f"{APP}.view.live !== null")
    # The branch would put back who leaps, and a busy machine would draw fewer pixels.
    await page.evaluate(
        f"(() => {{ const app = {APP}; app.walk.place = app.view.adapt = () => {{}};"
        " app.view.ratio = 1; app.view.fit(); })()"
    )
    await page.evaluate(f"{APP}.walk.body.place([-5.5, 0, -1], 0.35)")
    await until(page, f"Math.abs({APP}.view.rig.position.x + 5.5) < 0.01")
    await until(page, f"{APP}.view.tiles.renderer.visibleTiles.size > 0")
    await until(page, f"{APP}.view.tiles.renderer.loadProgress === 1")
    await page.wait_for_timeout(800)
    return page


async def requests(page: Any) -> list[dict[str, Any]]:
    return await page.evaluate(
        "performance.getEntriesByType('resource').map(({ name, startTime }) => "
        "({ name, startTime }))"
    )


def brand(pixels: Any) -> Any:
    """Return where the cash machines' blue plastic is seen."""
    red, green, blue = pixels[..., 0], pixels[..., 1], pixels[..., 2]
    return (blue > 110) & (blue - red > 60) & (blue - green > 25) & (green > red)


@pytest.mark.parametrize(
    ("how", "files"),
    [
        ("draco", {"draco.worker.js"}),
        ("meshopt", {"meshopt.worker.js"}),
        ("sparse", set()),
    ],
)
async def test_packed_geometry_is_shown_as_it_was(
    chromium: Chromium,
    hall_package: Path,
    packing: Packing,
    plain: dict[str, Any],
    how: str,
    files: set[str],
) -> None:
    if not plain:
        async with open_stand(chromium, hall_package) as stand:
            plain["picture"] = await picture(await shown(stand))
    async with open_stand(chromium, await asyncio.to_thread(packing, how)) as stand:
        page = await shown(stand)
        pixels = await picture(page)
        assert await page.evaluate(ERRORS) == []
        assert stand.complaints == []
        assert stand.hosts == {stand.address.removeprefix("http://")}
        assert brand(pixels).mean() > 0.04
        assert (
            abs(pixels - plain["picture"]).mean() < 4
        )  # of 255; another pose of somebody who moves
        first = await page.evaluate(FIRST)
        decoders = [one for one in await requests(page) if ".worker.js" in one["name"]]
        assert {one["name"].rpartition("/")[2] for one in decoders} == files
        assert all(one["startTime"] > first for one in decoders)


async def test_ktx2_textures_are_shown(chromium: Chromium, packing: Packing) -> None:
    package = await asyncio.to_thread(packing, "ktx2")
    async with open_stand(chromium, package) as stand:
        page = await shown(stand)
        pixels = await picture(page)
        assert await page.evaluate(ERRORS) == []
        assert stand.complaints == []
        red, green, blue = pixels[..., 0], pixels[..., 1], pixels[..., 2]
        # All pictures were made magenta: the floor and what else has one.
        assert ((red - green > 40) & (blue - green > 40)).mean() > 0.1
        first = await page.evaluate(FIRST)
        ours = [one for one in await requests(page) if "ktx2.worker.js" in one["name"]]
        assert ours
        assert all(one["startTime"] > first for one in ours)


async def test_what_a_decoder_cannot_read_is_said_and_the_rest_is_shown(
    chromium: Chromium, packing: Packing, hall_package: Path, tmp_path: Path
) -> None:
    good = await asyncio.to_thread(packing, "draco")

    def spoil(glb: bytes) -> bytes:
        """Keep the JSON, and zero what Draco wrote."""
        size = int.from_bytes(glb[12:16], "little")
        return glb[: 28 + size] + bytes(len(glb) - 28 - size)

    bad = repacked(good, tmp_path / "spoilt", spoil, live=False)
    async with open_stand(chromium, bad) as stand:
        page = await stand.open()
        await page.wait_for_selector("canvas[data-shown]")
        await page.get_by_text("Part of the scene is missing").first.wait_for()
        assert await page.evaluate(f"{APP}.state.link") == "open"
        await page.wait_for_timeout(2000)  # both levels have failed by then
        assert await page.evaluate(f"{APP}.view.tiles.renderer.visibleTiles.size") == 1
