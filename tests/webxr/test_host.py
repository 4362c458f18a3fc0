"""Who is let in: origin, host, token, resume, and how many."""

import html
import json
import re
from typing import Any

import brotli
import pytest

from branchxr.protocol.package import FileEntry, Manifest
from branchxr.scene.streamer import LoadedScene
from branchxr.scene.tiles import Tile
from branchxr.testing import Fault
from branchxr_webxr import page
from branchxr_webxr.first_sight import LIGHT_BYTES_MAX, FirstSight, first_sight_of
from branchxr_webxr.page_socket import MESSAGES_PER_S

from .conftest import ORIGIN, Hosting


async def test_the_page_loads_only_its_own(hosting: Hosting) -> None:
    async with hosting() as host:
        first, second = await host.get(), await host.get()
        assert first.status == 200
        policy = first.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "require-trusted-types-for 'script'; trusted-types branchxr-workers" in policy
        assert "worker-src 'self';" in policy
        nonce = policy.partition("script-src 'nonce-")[2].partition("'")[0]
        assert first.body.count(f'nonce="{nonce}"'.encode()) == 2 + len(page.modules())
        assert nonce not in second.headers["content-security-policy"]
        assert first.headers["cross-origin-opener-policy"] == "same-origin"
        assert first.headers["x-content-type-options"] == "nosniff"
        assert first.headers["referrer-policy"] == "no-referrer"
        assert first.headers["cache-control"] == "no-store"
        assert b"http://" not in first.body
        assert b"https://" not in first.body


async def test_static_files_have_the_headers_too(hosting: Hosting) -> None:
    async with hosting() as host:
        script = await host.get("/static/branchxr.js")
        assert script.status == 200
        assert script.headers["cross-origin-resource-policy"] == "same-origin"
        assert (await host.get("/static/../page.py")).status == 404
        assert (await host.get("/healthz")).body == b"ok\n"


async def test_a_page_can_show_the_scene_before_its_socket_is_open(hosting: Hosting) -> None:
    async with hosting() as host:
        assert b"tileset.json" not in (await host.get()).body  # nobody has verified a scene yet
        await host.app.state.look_ahead()
        assert len(host.visitors) == 0
        body = (await host.get()).body.decode()
        found = re.search(r' scene="([^"]+)"', body)
        assert found
        sight = json.loads(html.unescape(found[1]))
        socket = await host.page()
        scene, place = await socket.heard("scene"), await socket.heard("place")
        assert sight["base"] == scene["base"]
        assert sight["files"].items() <= scene["files"].items()
        assert set(sight["files"]) == {"tileset.json", "branch.json"}
        assert sight["first"]
        for path in sight["first"]:
            assert path == f"c/{scene['files'][path]}.glb"
            assert f'as="fetch" crossorigin href="/scene/{path}"' in body
        assert sight["position"] == pytest.approx(place["position"])
        assert sight["yaw"] == pytest.approx(place["yaw"])
        # So few bytes are drawn by the page's own script; nothing else shares the line with them.
        assert sight["is_light"]
        assert body.count("preload") == len(sight["first"])
        assert "modulepreload" not in body


@pytest.mark.parametrize(
    "sight", [None, FirstSight("/scene/", {}, ("c/a.glb",), False, (0, 0, 0), 0)]
)
def test_a_scene_that_is_not_light_waits_for_nothing(sight: FirstSight | None) -> None:
    body = page.render("token", "nonce", sight, ("chunk-a.js", "chunk-b.js"))
    for name in ("chunk-a.js", "chunk-b.js"):
        assert f'<link rel="modulepreload" nonce="nonce" href="/static/{name}">' in body
    fetched = re.findall(r'as="fetch" crossorigin href="([^"]+)"', body)
    assert fetched == (["/scene/tileset.json", "/scene/c/a.glb"] if sight else [])


def test_only_a_whole_coarse_level_of_few_bytes_is_light() -> None:
    def sight(*sizes: int) -> FirstSight | None:
        hashes = [f"{number:064x}" for number in range(len(sizes))]
        files = {f"c/{h}.glb": FileEntry(h, size) for h, size in zip(hashes, sizes, strict=True)}
        tiles = tuple(Tile(path, 0.0, (0, 0, 0), 1.0) for path in files)
        files |= {name: FileEntry("f" * 64, 1) for name in ("tileset.json", "branch.json")}
        manifest = Manifest(1, "a scene", 1, files)
        branch = {"cells": [{"id": 1, "origin": [0, 0, 0]}], "anchors": []}
        root = Tile("", 1.0, (0, 0, 0), 1.0, children=tiles)
        return first_sight_of(LoadedScene(manifest, branch, root, (), None), "/scene/")

    half = LIGHT_BYTES_MAX // 2
    for sizes, is_light, count in [((half, half), True, 2), ((half, half, 1), False, 3)]:
        found = sight(*sizes)
        assert found is not None
        assert (found.is_light, len(found.first)) == (is_light, count)
    many = sight(*[half] * 8)
    assert many is not None
    assert not many.is_light
    assert len(many.first) < 8


async def test_a_branch_that_does_not_answer_is_not_known_ahead(hosting: Hosting) -> None:
    async with hosting() as host:
        host.place.faults.add("well-known", Fault.LOSE_REQUEST, times=100)
        await host.app.state.look_ahead()
        assert b"tileset.json" not in (await host.get()).body


async def test_only_the_decoders_workers_may_compile_webassembly(hosting: Hosting) -> None:
    async with hosting() as host:
        for name in ("draco.worker.js", "ktx2.worker.js", "meshopt.worker.js"):
            worker = await host.get(f"/static/{name}")
            assert worker.status == 200
            policy = worker.headers["content-security-policy"]
            assert "default-src 'none'; script-src 'wasm-unsafe-eval'; connect-src 'self'" in policy
            assert worker.headers["cross-origin-embedder-policy"] == "require-corp"
            assert b"new Function" not in worker.body
        script = await host.get("/static/branchxr.js")
        assert "script-src" not in script.headers["content-security-policy"]


async def test_static_files_come_compressed_where_that_is_wanted(hosting: Hosting) -> None:
    async with hosting() as host:
        plain = await host.get("/static/branchxr.js")
        packed = await host.get("/static/branchxr.js", encoding="gzip, br;q=0.9")
        assert packed.headers["content-encoding"] == "br"
        assert packed.headers["content-type"] == plain.headers["content-type"]
        assert packed.headers["content-type"].startswith("text/javascript")
        assert packed.headers["vary"] == plain.headers["vary"] == "accept-encoding"
        assert packed.headers["etag"] != plain.headers["etag"]
        assert brotli.decompress(packed.body) == plain.body
        assert "content-encoding" not in plain.headers
        refused = await host.get("/static/branchxr.js", encoding="br;q=0")
        assert refused.body == plain.body
        wasm = await host.get("/static/draco_decoder_gltf.wasm", encoding="br")
        assert (
            wasm.headers["content-type"] == "application/wasm"
        )  # else it is compiled only once whole
        for missing in ("branchxr.js.br", "nothing.js", "../page.py"):
            assert (await host.get(f"/static/{missing}", encoding="br")).status == 404


async def test_another_host_name_is_refused(hosting: Hosting) -> None:
    async with hosting() as host:
        assert (await host.get(host="evil.test:8710")).status == 421
        assert (await host.get(host="localhost")).status == 421
        token = await host.token()
        assert not (await host.socket(f"token.{token}", host="evil.test:8710")).is_accepted


@pytest.mark.parametrize(
    "wrong",
    [
        {"origin": "http://evil.test"},
        {"origin": "http://localhost:8711"},
        {"origin": "https://localhost:8710"},
        {"origin": "null"},
        {"origin": None},
        {"protocol": "branchxr.1"},
    ],
)
async def test_a_socket_of_another_page_is_refused(hosting: Hosting, wrong: dict[str, Any]) -> None:
    async with hosting() as host:
        socket = await host.socket(f"token.{await host.token()}", **wrong)
        assert not socket.is_accepted
        assert socket.closed is not None
        assert len(host.visitors) == 0


@pytest.mark.parametrize("secret", [[], ["token."], ["token.guess"], ["resume.guess"]])
async def test_a_socket_without_a_good_secret_learns_nothing(
    hosting: Hosting, secret: list[str]
) -> None:
    async with hosting() as host:
        socket = await host.socket(*secret)
        await socket.ended()
        assert (socket.closed, socket.messages) == (4401, [])
        assert len(host.visitors) == 0


async def test_a_token_is_spent_by_its_first_socket(hosting: Hosting) -> None:
    async with hosting() as host:
        token = await host.token()
        await (await host.socket(f"token.{token}")).heard("hello")
        again = await host.socket(f"token.{token}")
        await again.ended()
        assert (again.closed, again.reason) == (4401, "page_used_up")
        assert len(host.visitors) == 1


async def test_a_token_expires(hosting: Hosting) -> None:
    async with hosting() as host:
        token = await host.token()
        await host.place.clock.sleep(121)
        late = await host.socket(f"token.{token}")
        await late.ended()
        assert late.closed == 4401


async def test_no_more_pages_than_the_cap(hosting: Hosting) -> None:
    async with hosting(cap=2) as host:
        await host.page()
        second = await host.page()
        third = await host.socket(f"token.{await host.token()}")
        await third.ended()
        assert (third.closed, third.reason) == (4413, "pages_full")
        second.say("bye")
        await second.ended()
        await host.page()


async def test_a_dropped_socket_keeps_its_visit_for_a_while(hosting: Hosting) -> None:
    async with hosting() as host:
        socket = await host.page()
        before = (await socket.heard("you"))["you"]["participant"]
        await socket.cut()
        await host.place.clock.sleep(119)
        again = await host.back(socket)
        assert (await again.heard("you"))["you"]["participant"] == before
        await again.cut()
        await host.place.clock.sleep(121)
        late = await host.back(socket)
        await late.ended()
        assert (late.closed, late.reason) == (4401, "visit_over")


async def test_a_newer_socket_of_a_page_replaces_the_older(hosting: Hosting) -> None:
    async with hosting() as host:
        socket = await host.page()
        again = await host.back(socket)
        await again.heard("you")
        await socket.ended()
        assert socket.closed == 4409
        assert len(host.visitors) == 1


async def test_what_was_handled_is_not_handled_again(hosting: Hosting) -> None:
    async with hosting() as host:
        socket = await host.page()
        socket.say("press", panel="welcome", button="close", fields={})
        await socket.heard("panel_closed", name="welcome")
        await socket.cut()
        again = await host.back(socket)
        hello = await again.heard("hello")
        assert hello["handled"] == 1
        again.say("bye", number=1)  # a number that was used: dropped
        again.say("visible", is_visible=True)
        await again.heard("handled", n=2)
        assert again.closed is None


@pytest.mark.parametrize(
    "text",
    [
        "", "[]", "{}", '{"op":"nonsense","n":1}', '{"op":"bye"}', '{"op":"bye","n":0}',
        '{"op":"chat","n":1,"text":"x","as":"somebody else"}', '{"op":"chat","n":1,"text":7}',
        '{"op":"chat","n":1,"text":"' + "x" * 70_000 + '"}',
        '{"op":"visible","n":99999999999999999999,"is_visible":true}',
        '{"op":"select","n":1,"path":null,"node":[-1,0]}',
        '{"op":"select","n":1,"path":null,"node":[0,4294967296]}',
        '{"op":"go","n":1,"anchor":"Room/counter.001","from":[1e308,0,0]}',
        '{"op":"go","n":1,"anchor":"Room/counter.001","from":[1e999,0,0]}',
        '{"op":"chat","n":1,"text":"\\ud800"}',
        '{"op":"answer","n":1,"id":"x","credential":{"a":' + "[" * 9 + "]" * 9 + "}}",
        '{"op":"answer","n":1,"id":"x","credential":' + '{"a":' * 9000 + "1" + "}" * 9000 + "}",
    ],
)  # fmt: skip
async def test_a_malformed_message_ends_that_socket_only(
    hosting: Hosting, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with hosting() as host:
        other, socket = await host.page(), await host.page()
        socket.say_text(text)
        await socket.ended()
        assert not [record for record in caplog.records if record.exc_info]
        assert (socket.closed, socket.reason) == (4400, "page_message_malformed")
        other.say("visible", is_visible=False)
        await other.heard("handled")


async def test_a_pose_of_the_wrong_length_ends_that_socket_only(hosting: Hosting) -> None:
    async with hosting() as host:
        other, socket = await host.page(), await host.page()
        socket.send_bytes(b"\x10" * 37)
        await socket.ended()
        assert (socket.closed, socket.reason) == (4400, "frame_length")
        other.say("visible", is_visible=False)
        await other.heard("handled")


async def test_a_pose_of_another_type_ends_that_socket(hosting: Hosting) -> None:
    async with hosting() as host:
        socket = await host.page()
        socket.send_bytes(b"\xff" * 38)
        await socket.ended()
        assert (socket.closed, socket.reason) == (4400, "frame_type")


@pytest.mark.parametrize("when", ["handshake", "refused", "shown"])
async def test_a_page_that_is_gone_raises_nothing(hosting: Hosting, when: str) -> None:
    async with hosting() as host:
        if when == "handshake":
            socket = host.unopened(f"token.{await host.token()}")
            socket.is_gone = True
            await socket.start().ended()
            assert len(host.visitors) == 0
            return
        if when == "refused":
            socket = host.unopened("token.guess")
            socket.is_gone_once_accepted = True
            await socket.start().ended()
            return
        socket = await host.page()
        socket.is_gone = True
        await (await host.page()).heard("you")  # which the first is told, in vain
        await socket.ended()


async def test_a_flood_ends_that_socket(hosting: Hosting) -> None:
    async with hosting() as host:
        socket = await host.page()
        for _ in range(int(MESSAGES_PER_S * 3) + 1):
            socket.say("visible", is_visible=True)
        await socket.ended()
        assert (socket.closed, socket.reason) == (4429, "page_flood")


async def test_a_branch_that_refuses_is_said_on_the_page(hosting: Hosting) -> None:
    async with hosting() as host:
        host.place.faults.add("well-known", Fault.LOSE_REQUEST, times=100)
        socket = await host.socket(f"token.{await host.token()}")
        ended = await socket.heard("ended")
        assert ended["code"] in {"connection_failed", "deadline_exceeded"}
        assert len(host.visitors) == 0


def test_a_missing_build_names_the_line_that_makes_it(tmp_path: Any) -> None:
    with pytest.raises(page.MissingTool) as caught:
        page.require_static(tmp_path)
    assert caught.value.code == "shim_missing"
    assert "make setup" in str(caught.value)


def test_an_origin_is_allowed_for_its_own_sockets_only() -> None:
    policy = page.security_headers(ORIGIN, "abc")["content-security-policy"]
    assert "connect-src 'self' ws://localhost:8710 blob:" in policy
