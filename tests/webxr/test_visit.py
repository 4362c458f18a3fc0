"""A page's visit, end to end in one process: the real branch, no browser, no port."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from branchxr import events
from branchxr import script as scripts
from branchxr.client import Branch
from branchxr.protocol.frames import pack_uplink, parse_frame
from branchxr.protocol.pose import Pose
from branchxr.stages.stage import Arrived, Panel, PanelButton, StageConnection
from branchxr_webxr.stage import WebXRStage

from .conftest import Hosting, PageHost, PageSocket, hold_ceremony

COUNTER = "Room/counter.001"


async def sign_in(host: PageHost, socket: PageSocket, name: str = "Vera Holm") -> Any:
    key = host.place.key(name)
    socket.say("sign_in", how="create", name=name)
    await hold_ceremony(socket, key, kind="register")
    await socket.until(lambda: any(m["you"]["is_signed_in"] for m in socket.ops("you")))
    return key


async def open_payment(socket: PageSocket) -> dict[str, Any]:
    socket.say("arrived", anchor=COUNTER, kind="counter")
    await socket.until(
        lambda: any(m["panel"]["title"] == "Pay a bill" for m in socket.ops("panel"))
    )
    return (await socket.heard("panel"))["panel"]


def fields_of(panel: dict[str, Any]) -> dict[str, str]:
    return {field["name"]: field["value"] for field in panel["fields"]}


async def panel_titled(socket: PageSocket, title: str) -> dict[str, Any]:
    await socket.until(lambda: any(m["panel"]["title"] == title for m in socket.ops("panel")))
    return next(m["panel"] for m in reversed(socket.ops("panel")) if m["panel"]["title"] == title)


async def test_a_guest_comes_in_and_sees_the_scene_and_others(hosting: Hosting) -> None:
    async with hosting() as host:
        first, second = await host.page(), await host.page()
        hello = await first.heard("hello")
        assert (hello["is_development"], hello["rp_id"]) == (True, "localhost")
        scene = await first.heard("scene")
        assert scene["base"] == "/scene/"
        assert {"tileset.json", "branch.json"} <= scene["files"].keys()
        you = (await second.heard("you"))["you"]
        assert (you["role"], you["is_signed_in"]) == ("guest", False)
        seen = await first.heard("present")
        assert seen["participant"]["id"] == you["participant"]
        second.say("bye")
        await first.heard("left", id=you["participant"])


async def test_no_secret_of_the_session_reaches_the_page(hosting: Hosting) -> None:
    async with hosting() as host:
        socket = await host.page()
        await sign_in(host, socket)
        told = str(socket.messages)
        sessions = host.place.server.sessions
        assert sessions is not None
        for word in ("access_token", "refresh_token", "DPoP", "eyJ", '"sid"'):
            assert word not in told


async def test_a_page_stands_where_the_branch_puts_it_and_its_poses_are_relayed(
    hosting: Hosting,
) -> None:
    async with hosting() as host:
        walker, watcher = await host.page(), await host.page()
        x, y, z = (await walker.heard("place"))["position"]
        own_slot = (await walker.heard("you"))["you"]["slot"]
        wanted = (x + 0.3, y, z)
        walker.send_bytes(pack_uplink(Pose.standing(wanted), cell=0, client_ms=0))

        def is_seen() -> bool:
            for raw in watcher.frames:
                frame = parse_frame(raw)
                heads = frame.decode()[0][:, 0]
                for slot, head in zip(frame.slots.tolist(), heads.tolist(), strict=True):
                    if slot == own_slot and abs(head[0] - wanted[0]) < 0.002:
                        return True
            return False

        await watcher.until(is_seen)


async def test_a_body_that_goes_through_a_wall_is_put_back_on_the_page(hosting: Hosting) -> None:
    async with hosting() as host:
        socket = await host.page()
        x, y, z = (await socket.heard("place"))["position"]
        for step in range(40):  # westwards, out of the room
            await host.place.clock.sleep(0.1)
            away = (x - 0.1 * step, y, z)
            socket.send_bytes(pack_uplink(Pose.standing(away), cell=0, client_ms=0))
        await socket.until(lambda: len(socket.ops("place")) > 1)
        back = socket.ops("place")[-1]
        assert back["position"][0] > -6
        assert back["yaw"] is None


async def test_the_way_to_a_place_goes_through_the_door(hosting: Hosting) -> None:
    async with hosting() as host:
        socket = await host.page()
        start = (await socket.heard("place"))["position"]
        socket.say("go", anchor=COUNTER, **{"from": start})
        points = (await socket.heard("path"))["points"]
        assert any(1 < z < 3 and abs(x) < 1 for x, _y, z in points)
        socket.say("go", anchor="nowhere", **{"from": start})
        assert (await socket.heard("notice"))["level"] == "error"


async def test_a_visitor_pays_and_the_ledger_agrees(hosting: Hosting) -> None:
    async with hosting() as host:
        ledger = host.place.server.ledger
        socket = await host.page()
        key = await sign_in(host, socket)
        before = await ledger.balance_minor(host.place.MERCHANT)
        transfers = await ledger.transfer_count()
        panel = await open_payment(socket)
        socket.say("press", panel="counter", button="pay", fields=fields_of(panel))
        ask = await hold_ceremony(socket, key, kind="confirm")
        assert '"amount":"25.00"' in ask["canonical"]
        paid = await panel_titled(socket, "Paid")
        assert "25.00 RUB" in paid["text"]
        assert await ledger.balance_minor(host.place.MERCHANT) == before + 2500
        assert await ledger.transfer_count() == transfers + 1
        assert await ledger.sum_minor() == 0
        await socket.until(
            lambda: any(m["accounts"][0]["balance"] == "99975.00" for m in socket.ops("accounts"))
        )


async def test_a_guest_at_a_counter_is_offered_a_payment_after_signing_in(hosting: Hosting) -> None:
    async with hosting() as host:
        socket = await host.page()
        socket.say("arrived", anchor=COUNTER, kind="counter")
        assert "Sign in" in (await panel_titled(socket, "Payments"))["text"]
        await sign_in(host, socket)
        await panel_titled(socket, "Pay a bill")


async def test_who_arrives_while_paying_keeps_the_receipt(hosting: Hosting) -> None:
    async with hosting() as host:
        socket = await host.page()
        key = await sign_in(host, socket)
        panel = await open_payment(socket)
        socket.say("press", panel="counter", button="pay", fields=fields_of(panel))
        await socket.heard("ask", kind="confirm")
        socket.say("arrived", anchor=COUNTER, kind="counter")
        await hold_ceremony(socket, key, kind="confirm")
        await panel_titled(socket, "Paid")
        await host.place.clock.sleep(5)
        assert (await socket.heard("panel"))["panel"]["title"] == "Paid"


async def test_a_signature_over_something_else_pays_nothing(hosting: Hosting) -> None:
    async with hosting() as host:
        ledger = host.place.server.ledger
        socket = await host.page()
        key = await sign_in(host, socket)
        transfers = await ledger.transfer_count()
        panel = await open_payment(socket)
        socket.say("press", panel="counter", button="pay", fields=fields_of(panel))
        ask = await socket.heard("ask", kind="confirm")
        forged = {**ask["options"], "challenge": "A" * 43}
        socket.say(
            "answer", id=ask["id"],
            credential=await key.authenticate(forged, origin="http://localhost:8710"),
        )  # fmt: skip
        await panel_titled(socket, "That payment did not go through")
        assert await ledger.transfer_count() == transfers


@pytest.mark.parametrize(
    ("code", "title"),
    [
        ("declined", "Nothing was paid"),
        ("challenge_mismatch", "That payment did not go through"),
        ("intent_text_refused", "That payment did not go through"),
    ],
)
async def test_a_refusal_on_the_page_pays_nothing(hosting: Hosting, code: str, title: str) -> None:
    async with hosting() as host:
        ledger = host.place.server.ledger
        socket = await host.page()
        await sign_in(host, socket)
        transfers = await ledger.transfer_count()
        panel = await open_payment(socket)
        socket.say("press", panel="counter", button="pay", fields=fields_of(panel))
        ask = await socket.heard("ask", kind="confirm")
        socket.say("refuse", id=ask["id"], code=code)
        await panel_titled(socket, title)
        assert await ledger.transfer_count() == transfers


@pytest.mark.parametrize("amount", ["25.001", "-1", "1e2", "٢٥", "", "25,00", "0.00"])
async def test_an_amount_that_is_none_is_said_kindly(hosting: Hosting, amount: str) -> None:
    async with hosting() as host:
        socket = await host.page()
        await sign_in(host, socket)
        fields = fields_of(await open_payment(socket)) | {"amount": amount}
        socket.say("press", panel="counter", button="pay", fields=fields)
        await panel_titled(socket, "Please correct that")
        assert not [m for m in socket.ops("ask") if m["kind"] == "confirm"]


async def test_unknown_accounts_and_empty_purses_are_said_kindly(hosting: Hosting) -> None:
    async with hosting() as host:
        socket = await host.page()
        await sign_in(host, socket)
        fields = fields_of(await open_payment(socket))
        socket.say("press", panel="counter", button="pay", fields=fields | {"to": "NOBODY"})
        said = await panel_titled(socket, "That payment did not go through")
        assert said["text"] == "There is no such account."
        too_much = fields | {"amount": "100000.01"}
        offers = len(socket.ops("panel"))
        socket.say("press", panel="counter", button="again", fields={})
        await socket.until(lambda: len(socket.ops("panel")) > offers)
        socket.say("press", panel="counter", button="pay", fields=too_much)
        await socket.until(
            lambda: any("not enough money" in m["panel"]["text"] for m in socket.ops("panel"))
        )


async def test_a_ceremony_survives_a_cut(hosting: Hosting) -> None:
    async with hosting() as host:
        socket = await host.page()
        key = host.place.key("Vera Holm")
        socket.say("sign_in", how="create", name="Vera Holm")
        asked = await socket.heard("ask", kind="register")
        await socket.cut()
        again = await host.back(socket)
        asked_again = await hold_ceremony(again, key, kind="register")
        assert asked_again == asked
        await again.until(lambda: any(m["you"]["is_signed_in"] for m in again.ops("you")))


async def test_a_line_that_the_branch_refuses_is_said_to_be(hosting: Hosting) -> None:
    async with hosting() as host:
        socket = await host.page()
        socket.say("chat", text="hello")
        assert (await socket.heard("notice"))["text"] == "Sign in to talk."


@pytest.mark.parametrize(
    ("how", "kind", "title", "remedy"),
    [
        ("use", "authenticate", "You are not signed in", "type your name, and create one"),
        ("create", "register", "No passkey was created", "Nothing changed"),
    ],
)
async def test_a_sign_in_that_ends_in_nothing_says_what_to_do(
    hosting: Hosting, how: str, kind: str, title: str, remedy: str
) -> None:
    async with hosting() as host:
        socket = await host.page()
        socket.say("sign_in", how=how, name="Ada")
        ask = await socket.heard("ask", kind=kind)
        socket.say("refuse", id=ask["id"], code="declined")
        notice = await socket.heard("notice")
        assert (notice["level"], notice["title"]) == ("info", title)
        assert remedy in notice["text"]
        assert socket.ops("busy")[-1]["what"] == "nothing"


async def test_an_answer_that_nobody_asked_for_is_dropped(hosting: Hosting) -> None:
    async with hosting() as host:
        socket = await host.page()
        socket.say("answer", id="guess", credential={"id": "x"})
        socket.say("refuse", id="guess", code="declined")
        socket.say("visible", is_visible=True)
        await socket.heard("handled", n=3)


async def test_signing_out_ends_the_visit(hosting: Hosting) -> None:
    async with hosting() as host:
        socket = await host.page()
        await sign_in(host, socket)
        socket.say("sign_out")
        assert (await socket.heard("ended"))["code"] == "signed_out"
        await socket.ended()
        assert (socket.closed, len(host.visitors)) == (1000, 0)


async def test_a_script_that_raises_closes_its_own_page_only(hosting: Hosting) -> None:
    async def main(branch: Branch, stage: WebXRStage) -> None:
        await stage.open_panel(Panel("boom", "Boom", buttons=(PanelButton("go", "Go"),)))
        async for _ in stage.inputs():
            raise ZeroDivisionError("by the script")

    async with hosting(script=main) as host:
        unlucky, lucky = await host.page(), await host.page()
        unlucky.say("press", panel="boom", button="go", fields={})
        ended = await unlucky.heard("ended")
        assert ended["code"] == "script_failed"
        assert "ZeroDivisionError" in ended["text"]
        await unlucky.ended()
        assert len(host.visitors) == 1
        await lucky.heard("left")
        await lucky.heard("panel")


@pytest.mark.parametrize(
    "error", [SystemExit(3), SystemExit(), KeyboardInterrupt(), BaseException("of its own")]
)
async def test_a_script_cannot_end_the_host(hosting: Hosting, error: BaseException) -> None:
    async def main(branch: Branch, stage: WebXRStage) -> None:
        await stage.open_panel(Panel("boom", "Boom", buttons=(PanelButton("go", "Go"),)))
        async for _ in stage.inputs():
            raise error

    async with hosting(script=main) as host:
        socket = await host.page()
        socket.say("press", panel="boom", button="go", fields={})
        assert (await socket.heard("ended"))["code"] == "script_failed"


async def test_a_fault_of_ours_is_told_too(
    hosting: Hosting, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(*_: object) -> None:
        raise OverflowError("a number that no record holds")

    monkeypatch.setattr(WebXRStage, "show_scene", fails)
    async with hosting() as host:
        socket = await host.socket(f"token.{await host.token()}")
        assert (await socket.heard("ended"))["code"] == "internal"


async def test_a_script_that_returns_leaves_its_page_open(hosting: Hosting) -> None:
    async def main(branch: Branch, stage: WebXRStage) -> None:
        await stage.open_panel(Panel("done", "That is all"))

    async with hosting(script=main) as host:
        socket = await host.page()
        await panel_titled(socket, "That is all")
        await host.place.clock.sleep(60)
        assert socket.closed is None


async def test_a_script_hears_what_its_person_does_and_nothing_made_up(hosting: Hosting) -> None:
    heard: list[Any] = []
    is_told = asyncio.Event()

    async def main(branch: Branch, stage: WebXRStage) -> None:
        async for event in stage.inputs():
            heard.append(event)
            if isinstance(event, StageConnection) and not event.is_connected:
                is_told.set()

    async with hosting(script=main) as host:
        socket = await host.page()
        socket.say("press", panel="never opened", button="go", fields={})
        socket.say("arrived", anchor="nowhere", kind="counter")
        socket.say("select", path="nowhere", node=None)
        socket.say("select", path=None, node=(4095, 1))
        socket.say("select", path=None, node=(4_000_000_000, 1))
        socket.say("select", path=None, node=None)
        socket.say("arrived", anchor=COUNTER, kind="counter")
        await socket.heard("handled", n=7)
        await socket.cut()
        await is_told.wait()
        assert [e for e in heard if not isinstance(e, StageConnection)] == [
            Arrived(COUNTER, "counter")
        ]


async def test_the_greeter_runs_unchanged_on_a_page(hosting: Hosting) -> None:
    greeter = scripts.load(Path(__file__).parents[2] / "examples/04_greeter.py")
    async with hosting(script=greeter) as host:
        page = await host.page()
        panel = (await page.heard("panel"))["panel"]
        assert panel["name"] == "welcome"
        page.say("press", panel="welcome", button="close", fields={})
        await page.heard("panel_closed", name="welcome")
        async with host.place.connect(name="Grete") as guest:
            await guest.enter()
            async with asyncio.timeout(10):
                async for event in guest.events():
                    if isinstance(event, events.Emote):  # a page's guest may wave, and not talk
                        break
            assert event.emote == "wave"
