"""The report: one file, nothing of any network, everything that happened, in two languages."""

import json
import re
import shutil
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.assets.rooms import furnish, repaint_as_ktx2

from branchxr_assets import report_page
from branchxr_assets.build import build_scene
from branchxr_assets.glb import write_glb
from branchxr_assets.operations.draco import draco
from branchxr_assets.operations.meshopt import meshopt
from branchxr_assets.operations.sparse import sparse
from branchxr_assets.readers import read
from branchxr_assets.report_page import BYTES_MAX
from branchxr_assets.report_page.bake import bake
from branchxr_assets.report_page.outline import Outline, outline_of_source
from branchxr_assets.report_page.sizes import largest_meshes, sizes, stored_sizes
from branchxr_assets.steps import NOTHING_REMEMBERED

FLAGS = [
    "--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--use-angle=swiftshader", "--enable-unsafe-swiftshader",
]  # fmt: skip


def outline(path: Path) -> Outline:
    return outline_of_source(read(path).document, NOTHING_REMEMBERED)


def unpacked(stream: bytes) -> tuple[Any, bytes]:
    raw = zlib.decompress(stream, wbits=-15)
    (size,) = struct.unpack_from("<I", raw)
    return json.loads(raw[4 : 4 + size]), raw[4 + size :]


def table(arrays: bytes, at: int, kind: str, rows: int, columns: int = 1) -> Any:
    """Return an array of the baked scene, as the viewer sums it up."""
    differences = np.frombuffer(arrays, kind, rows * columns, at).reshape(columns, rows)
    return np.cumsum(differences, axis=1, dtype=kind).T


@pytest.fixture(scope="module")
def page(hall_package: Path) -> str:
    return (hall_package / "report.html").read_text(encoding="utf-8")


def test_it_is_one_file_of_a_stated_size_that_asks_for_nothing(page: str) -> None:
    assert len(page.encode()) <= BYTES_MAX
    assert "default-src 'none'" in page
    linked = re.findall(r"""(?:src|href)=["']?([^"' >]+)""", page)
    assert linked
    assert all(uri.startswith("data:") for uri in linked)
    assert "://" not in page.replace('<script id="scene"', "").split("<body")[0]
    assert not re.search(r"\b(fetch|XMLHttpRequest|WebSocket|import)\s*\(", page)


def test_what_it_says_is_there_in_both_languages(page: str) -> None:
    body = page.split("<body")[1].split('<script id="scene"', maxsplit=1)[0]
    english = re.findall(r'lang="en">([^<]+)<', body)
    russian = re.findall(r'lang="ru">([^<]+)<', body)
    assert len(english) == len(russian) > 40
    assert all(re.search("[А-Яа-я]", text) for text in russian)
    for number in ("44\u202f770", "46", "TellerBodyMesh", "wood_normal"):
        assert number in body


def test_the_baked_scene_is_what_the_package_shows(hall: Path) -> None:
    baked = bake([outline(hall)])
    assert baked is not None
    assert baked.triangles == 44_770
    head, arrays = unpacked(baked.stream)
    assert head["box"][0] == pytest.approx([-10.1, 0, -6.1], abs=1e-3)
    assert sum(batch["count"] for batch in head["batches"]) == 3 * 44_770
    assert all(item["uri"].startswith("data:image/webp") for item in head["textures"])
    for batch in head["batches"]:
        order = table(arrays, batch["order"], "<u4", batch["count"])
        assert order.max() == batch["vertices"] - 1
    assert baked.stream == bake([outline(hall)]).stream  # type: ignore[union-attr]


def test_a_baked_corner_is_where_it_was(maker: Any) -> None:
    maker.node(mesh=maker.box((2, 4, 6)), translation=[10, 0, 0])
    baked = bake([outline(maker.save())])
    assert baked is not None
    head, arrays = unpacked(baked.stream)
    (batch,) = head["batches"]
    low, high = np.array(head["box"])
    places = table(arrays, batch["places"], "<u2", 8, 3)
    found = low + places / 65535 * (high - low)
    assert found.min(axis=0).tolist() == [9, -2, -3]
    assert found.max(axis=0).tolist() == [11, 2, 3]


def test_sizes_add_up_to_the_file(hall: Path) -> None:
    source = read(hall)
    found = sizes([source.document], source.size_bytes)
    assert found.total == hall.stat().st_size
    assert found.textures == sum(map(len, source.document.images))
    assert min(found.textures, found.geometry, found.animation, found.rest) > 0
    assert largest_meshes([source.document], most=1)[0].name == "TellerBodyMesh"


@pytest.mark.parametrize("codec", [draco, meshopt, sparse])
def test_a_meshs_size_is_what_the_codec_left_of_it(maker: Any, codec: Any) -> None:
    furnish(maker)
    maker.root["meshes"][1]["name"] = "Ball"
    came = read(maker.save()).document
    plain, packed = (write_glb(each) for each in (came, codec(came).document))
    (before, _), (after, meshes) = (stored_sizes([glb]) for glb in (plain, packed))
    assert after.total == len(packed)
    assert after.textures == before.textures == len(came.images[0])
    assert sum(meshes.values()) == pytest.approx(after.geometry, abs=4)
    assert (len(plain) - len(packed)) - (before.rest - after.rest) == pytest.approx(
        (before.geometry - after.geometry) + (before.animation - after.animation), abs=4
    )
    if codec is not sparse:
        assert meshes["Ball"] < stored_sizes([plain])[1]["Ball"] / 2


def test_what_a_scene_is_called_cannot_act(
    maker: Any, key: Ed25519PrivateKey, tmp_path: Path
) -> None:
    evil = "</script><script>alert(1)</script><img src=x onerror=alert(1)>\"'"
    maker.node(mesh=maker.box(), name=evil, extras={"branch_anchor": evil})
    maker.root["asset"]["generator"] = evil
    maker.root["meshes"][0]["name"] = evil
    build_scene(maker.save(), tmp_path / "out", key=key)
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert page.count("<script") == 2


def test_textures_that_it_cannot_show_are_said_in_both_languages(
    maker: Any, key: Ed25519PrivateKey, tmp_path: Path
) -> None:
    furnish(maker)
    repaint_as_ktx2(maker)
    build_scene(maker.save(), tmp_path / "out", key=key, lods=1)
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "Textures for graphics processors (KTX2, DDS): 1." in page
    assert "Текстуры для видеокарт (KTX2, DDS): 1." in page


def test_a_scene_with_nothing_in_it_has_a_report(
    maker: Any, key: Ed25519PrivateKey, tmp_path: Path
) -> None:
    maker.node(name="alone", extras={"a": 1})
    build_scene(maker.save(), tmp_path / "out", key=key)
    assert "Built." in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["source", "first", "full"])
def test_a_picture_that_fails_in_its_thread_ends_the_build(
    maker: Any, key: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    def take(_man: object, which: str, _shown: object) -> dict[str, str]:
        if which == name:
            raise KeyboardInterrupt(which)
        return {}

    furnish(maker)
    monkeypatch.setattr(report_page._Photographer, "take", take)
    with pytest.raises(KeyboardInterrupt, match=name):
        build_scene(maker.save(), tmp_path / "out", key=key)
    assert not (tmp_path / "out").exists()


@pytest.mark.browser
def test_a_browser_shows_it_turns_it_and_goes_to_what_is_named(
    maker: Any, key: Ed25519PrivateKey, tmp_path: Path, needs_tool: Callable[[str], str]
) -> None:
    from playwright.sync_api import sync_playwright

    program = needs_tool("chromium")
    assert shutil.which(program)
    maker.room()
    maker.node(name="far", translation=[2, 0, 1], extras={"branch_anchor": "fountain"})
    build_scene(maker.save(), tmp_path / "out", key=key)
    said: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        page = browser.new_context(locale="ru-RU", offline=True).new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto((tmp_path / "out" / "report.html").as_uri())
        page.wait_for_selector(".viewer.ready[data-drawn]", timeout=60_000)
        assert page.evaluate("document.documentElement.dataset.lang") == "ru"
        assert "что получилось" in page.title()
        page.get_by_role("button", name="English").click()
        assert "what became of it" in page.title()
        drawn = """() => {
            viewer.draw();
            const { gl, canvas } = viewer, seen = new Uint8Array(4 * canvas.width * canvas.height);
            gl.readPixels(0, 0, canvas.width, canvas.height, gl.RGBA, gl.UNSIGNED_BYTE, seen);
            let count = 0;
            for (let i = 3; i < seen.length; i += 4) count += seen[i] > 0;
            return count / (canvas.width * canvas.height);
        }"""
        assert page.evaluate(drawn) > 0.1
        before = page.evaluate("viewer.yaw")
        page.locator(".viewer canvas").focus()
        page.keyboard.press("ArrowLeft")
        assert page.evaluate("viewer.yaw") != before
        page.locator("[data-go]").first.click()
        assert page.evaluate("viewer.target") == [2, 0, 1]
        for width in (360, 1280):
            page.set_viewport_size({"width": width, "height": 800})
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        browser.close()
    assert said == []
