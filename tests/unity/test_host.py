"""The door beside a game: who may come in, one at a time, and every event once."""

import asyncio
import stat
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Subprotocol

from branchxr.stages.stage import InputEvent, PanelPressed
from branchxr.testing import InProcessBranch
from branchxr.testing import branch as open_branch
from branchxr_unity import codec
from branchxr_unity.game import Player
from branchxr_unity.game_socket import GameSocket
from branchxr_unity.host import Address, HostOptions, hosting
from branchxr_unity.layout import SUBPROTOCOL
from branchxr_unity.watchdog import is_running

pytestmark = pytest.mark.end_to_end


class Room:
    """A host, and what its script was told."""

    def __init__(self, address: Address, door: GameSocket, pressed: list[str]) -> None:
        self.address, self.door, self.pressed = address, door, pressed

    def open(self, *, token: str | None = None, block: str = "1", **headers: str) -> Any:
        shown = self.address.token if token is None else token
        return connect(
            f"ws://127.0.0.1:{self.address.port}/?block={block}",
            additional_headers={"Authorization": f"Bearer {shown}", **headers},
            compression=None,
            subprotocols=[Subprotocol(SUBPROTOCOL)],
        )

    async def until_pressed(self, count: int) -> None:
        async with asyncio.timeout(20):
            while len(self.pressed) < count:  # noqa: ASYNC110 - the script appends to a list
                await asyncio.sleep(0.01)


async def heard(socket: ClientConnection, name: str) -> dict[str, Any]:
    """Wait for a record."""
    async with asyncio.timeout(20):
        async for message in socket:
            assert isinstance(message, bytes)
            for record, payload in codec.split(message):
                if record.name == name:
                    return codec.unpack(record, payload)
    raise AssertionError(f"no {name}")


def press(number: int) -> bytes:
    return codec.pack("press", panel="p", button="b", fields=[{"name": "n", "value": str(number)}])


SIZE = len(press(0))


def batch(position: int, *records: bytes) -> bytes:
    return codec.BATCH.pack(position) + b"".join(records)


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    from branchxr.clock import SystemClock
    from branchxr.stages.stage import Panel, PanelButton

    pressed: list[str] = []

    async def main(_branch: Any, stage: Any) -> None:
        await stage.open_panel(Panel("p", "P", buttons=(PanelButton("b", "B"),)))
        event: InputEvent
        async for event in stage.inputs():
            if isinstance(event, PanelPressed):
                pressed.append(event.fields["n"])  # noqa: PERF401 - one by one, as they come

    def joined(place: InProcessBranch) -> Any:
        return lambda _url, **options: place.connect(**{**options, "headers": {}})

    async with open_branch() as place:
        player = Player(main=main, name="Uma", connect=joined(place), clock=SystemClock())
        options = HostOptions(ready=tmp_path / "Temp/host.txt", keep_s=0.5)
        async with hosting(player, options) as (address, door):
            yield Room(address, door, pressed)


async def test_a_game_is_greeted_and_told(room: Room) -> None:
    async with room.open() as socket:
        assert (await heard(socket, "hello"))["taken"] == 0
        assert (await heard(socket, "panel"))["title"] == "P"


@pytest.mark.parametrize(
    ("token", "headers", "status"),
    [
        ("", {}, 401),
        ("wrong", {}, 401),
        (None, {"Origin": "http://localhost:1"}, 403),
        (None, {"Origin": "null"}, 403),
        (None, {"Host": "evil.example"}, 403),
    ],
)
async def test_others_are_kept_out(
    room: Room, token: str | None, headers: dict[str, str], status: int
) -> None:
    with pytest.raises(InvalidStatus) as caught:
        async with room.open(token=token, **headers):
            pass
    assert caught.value.response.status_code == status
    assert room.door.visit is None  # nothing was begun for them


async def test_events_sent_again_are_taken_once(room: Room) -> None:
    async with room.open() as socket:
        await heard(socket, "panel")
        await socket.send(batch(0, press(1), press(2)))
        assert (await heard(socket, "taken"))["position"] == 2 * SIZE
    async with room.open() as socket:
        assert (await heard(socket, "hello"))["taken"] == 2 * SIZE
        await socket.send(batch(SIZE, press(2), press(3)))  # the first of them is old
        await socket.send(batch(4 * SIZE, press(4)))  # poses between were left out
        await room.until_pressed(4)
    assert room.pressed == ["1", "2", "3", "4"]


async def test_another_process_of_the_game_counts_from_the_start(room: Room) -> None:
    async with room.open() as socket:
        await heard(socket, "panel")
        await socket.send(batch(0, press(1)))
        await heard(socket, "taken")
    async with room.open(block="2") as socket:
        assert (await heard(socket, "hello"))["taken"] == 0
        await socket.send(batch(0, press(2)))
        await room.until_pressed(2)


async def test_a_second_game_takes_the_place_of_the_first(room: Room) -> None:
    async with room.open() as first:
        await heard(first, "panel")
        async with room.open() as second:
            await heard(second, "panel")
            with pytest.raises(ConnectionClosed) as caught:
                await heard(first, "never")
            assert caught.value.rcvd is not None
            assert caught.value.rcvd.code == 4409
            await second.send(batch(0, press(1)))
            await room.until_pressed(1)


@pytest.mark.parametrize(
    "message",
    [
        b"", b"short", "text", codec.BATCH.pack(0) + b"\xff" * 9, batch(2**64 - 1, press(1)),
        batch(0, press(1), b"\0" * 4), batch(0, b"\xff" * 8),
    ],
)  # fmt: skip
async def test_what_is_no_record_ends_the_connection_and_not_the_visit(
    room: Room, message: bytes | str
) -> None:
    async with room.open() as socket:
        await heard(socket, "panel")
        await socket.send(message)
        with pytest.raises(ConnectionClosed) as caught:
            await heard(socket, "never")
        assert caught.value.rcvd is not None
        assert (caught.value.rcvd.code, caught.value.rcvd.reason) == (4400, "record_malformed")
    async with room.open() as socket:
        await heard(socket, "panel")


async def test_an_event_out_of_bounds_is_told_and_dropped(room: Room) -> None:
    async with room.open() as socket:
        await heard(socket, "panel")
        await socket.send(batch(0, codec.pack("chat", text="x" * 5000), press(1)))
        assert (await heard(socket, "fault"))["code"] == "record_refused"
        await room.until_pressed(1)


async def test_a_goodbye_ends_it(room: Room) -> None:
    async with room.open() as socket:
        await heard(socket, "panel")
        await socket.send(batch(0, codec.pack("bye")))
        async with asyncio.timeout(5):
            await room.door.is_over.wait()


async def test_a_game_that_stays_away_ends_it(room: Room) -> None:
    async with room.open() as socket:
        await heard(socket, "panel")
    assert not room.door.is_over.is_set()
    async with asyncio.timeout(5):
        await room.door.is_over.wait()


async def test_the_address_is_for_its_owner_alone(room: Room, tmp_path: Path) -> None:
    ready = tmp_path / "Temp/host.txt"
    assert stat.S_IMODE(ready.stat().st_mode) == 0o600
    lines = dict(line.split("=", 1) for line in ready.read_text().splitlines())
    assert lines["token"] == room.address.token
    assert lines["layout"] == "1"
    assert is_running(int(lines["pid"]))
    assert not is_running(2**22 + 1)
