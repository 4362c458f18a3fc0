"""The realtime listener on real ports of this machine, and what a handshake has to be."""

import asyncio
import json
import random
import secrets
import socket
import struct
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from branchxr.clock import SystemClock
from branchxr.errors import (
    ConnectionFailed,
    InputRefused,
    PermissionRefused,
    RateLimited,
    Unauthenticated,
)
from branchxr.events import Chat, Disconnected, Reconnected
from branchxr.models import Role
from branchxr.protocol.frames import pack_uplink, parse_frame
from branchxr.protocol.messages import SUBPROTOCOL, Join, encode
from branchxr.protocol.plan import BranchPlan
from branchxr.protocol.pose import Pose
from branchxr.protocol.room import Room
from branchxr.protocol.session import Grant, RoomLimits
from branchxr.protocol.visitor import Visitor
from branchxr.server.ports import bind
from branchxr.server.socket import RealtimeListener
from branchxr.transport.link import Link
from branchxr.transport.websocket import open_websocket

pytestmark = pytest.mark.end_to_end
SCOPES = frozenset({"look", "walk", "chat"})
PAGE = "http://localhost:8710"


def authenticate(headers: Mapping[str, str], url: str) -> Grant:
    """Stand in for the branch's own check: a word per name, bound to the address."""
    scheme, _, token = headers.get("Authorization", "").partition(" ")
    if scheme != "DPoP" or not token.startswith("good-"):
        raise Unauthenticated(
            "a token of this branch", "another", "sign in", code="token_invalid", status=401
        )
    if headers.get("DPoP") != f"proof for {url}":
        raise Unauthenticated("a proof", "none", "sign", code="dpop_invalid", status=401)
    if token == "good-busy":
        raise RateLimited("fewer", "more", "wait", code="rate_limited", status=429)
    if token == "good-broken":
        raise RuntimeError("a fault that must not show")
    name = token.removeprefix("good-")
    return Grant(name, name, Role.VISITOR, SCOPES, name)


def new_room(limits: RoomLimits | None = None) -> Room:
    return Room(BranchPlan(), new_token=lambda: secrets.token_hex(16), limits=limits)


@asynccontextmanager
async def listening(room: Room | None = None) -> AsyncIterator[RealtimeListener]:
    async with RealtimeListener(
        room or new_room(), authenticate, clock=SystemClock(), allowed_origins={PAGE}
    ) as listener:
        yield listener


def headers_for(listener: RealtimeListener, name: str = "Ada", **more: str) -> dict[str, str]:
    url = listener.url.replace("ws://", "http://")
    return {"Authorization": f"DPoP good-{name}", "DPoP": f"proof for {url}", **more}


def link_to(listener: RealtimeListener, name: str, url: str | None = None) -> Link:
    return Link(
        lambda: open_websocket(url or listener.url, headers_for(listener, name)),
        Visitor(),
        clock=SystemClock(),
        random=random.Random(name),
    )


@asynccontextmanager
async def bare(listener: RealtimeListener, name: str = "Eve") -> AsyncIterator[ClientConnection]:
    """Open a WebSocket that is nobody's client."""
    async with connect(
        listener.url,
        additional_headers=headers_for(listener, name),
        subprotocols=[SUBPROTOCOL],  # type: ignore[list-item]
        compression=None,
        proxy=None,
    ) as connection:
        yield connection


async def closed(connection: ClientConnection) -> tuple[int, str, list[Any]]:
    """Read to the end; return close code, reason and the text messages."""
    texts = []
    try:
        while True:
            message = await connection.recv()
            if isinstance(message, str):
                texts.append(json.loads(message))
    except ConnectionClosed as error:
        received = error.rcvd
    assert received
    return received.code, received.reason, texts


async def walk(link: Link, poses: int) -> None:
    x, y, z = link.visitor.place.position
    for step in range(poses):
        await link.wait_for_sample()
        link.send_pose(Pose.standing((x + step * 0.01, y, z)))


async def test_two_see_each_other_move_and_ages_are_measured() -> None:
    async with (
        listening() as listener,
        link_to(listener, "Ada") as ada,
        link_to(listener, "Bob") as bob,
    ):
        await asyncio.gather(walk(ada, 30), walk(bob, 30))
        for one, other in ((ada, bob), (bob, ada)):
            slots = one.visitor.bodies(SystemClock().monotonic()).slots.tolist()
            assert other.visitor.you.slot in slots
            ages = list(one.visitor.pose_ages_ms)
            assert len(ages) >= 10
            assert all(-1 < age < 5000 for age in ages)


async def test_it_listens_on_both_loopback_families_at_one_port() -> None:
    async with listening() as listener:
        for host in ("127.0.0.1", "localhost", "[::1]"):
            url = f"ws://{host}:{listener.port}/realtime"
            proof = {"DPoP": f"proof for http://{host}:{listener.port}/realtime"}
            wire = await open_websocket(url, {**headers_for(listener), **proof})
            await wire.close()


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"Authorization": "DPoP stolen"}, 401, "token_invalid"),
        ({"Authorization": "Bearer good-Ada"}, 401, "token_invalid"),
        ({"Authorization": ""}, 401, "token_invalid"),
        ({"DPoP": "proof for http://localhost:1/realtime"}, 401, "dpop_invalid"),
        ({"Origin": "http://evil.example"}, 403, "origin_refused"),
        ({"Origin": "null"}, 403, "origin_refused"),
        ({"Origin": "http://localhost:8711"}, 403, "origin_refused"),
        ({"Host": "evil.example"}, 421, "host_refused"),
        ({"Sec-WebSocket-Protocol": "chat"}, 400, "subprotocol_missing"),
        ({"path": "/realtime?token=good-Ada"}, 404, "not_found"),
        ({"path": "/"}, 404, "not_found"),
        ({"Authorization": "DPoP good-busy"}, 429, "rate_limited"),
        ({"Authorization": "DPoP good-broken"}, 500, "internal"),
    ],
)
async def test_a_handshake_that_is_not_allowed_gets_a_problem(
    change: dict[str, str], status: int, code: str
) -> None:
    async with listening() as listener:
        fields = {
            "Host": f"localhost:{listener.port}",
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
            "Sec-WebSocket-Protocol": SUBPROTOCOL,
            **headers_for(listener),
            **change,
        }
        answer = await ask(listener.port, fields.pop("path", "/realtime"), fields)
        head, _, body = answer.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 %d " % status)
        assert b"application/problem+json" in head
        problem = json.loads(body)
        assert (problem["code"], problem["status"]) == (code, status)
        assert b"good-" not in answer
        assert b"Traceback" not in answer


async def ask(port: int, path: str, fields: Mapping[str, str]) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    lines = [f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items())]
    writer.write("\r\n".join([*lines, "", ""]).encode())
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer


async def test_a_page_of_an_allowed_origin_may_connect() -> None:
    async with listening() as listener:
        wire = await open_websocket(listener.url, headers_for(listener, Origin=PAGE))
        await wire.close()


async def test_the_client_turns_refusals_into_errors() -> None:
    async with listening() as listener:
        with pytest.raises(Unauthenticated) as caught:
            await open_websocket(listener.url, {"Authorization": "DPoP stolen"})
        assert (caught.value.code, caught.value.status) == ("token_invalid", 401)
        with pytest.raises(PermissionRefused) as refused:
            await open_websocket(listener.url, headers_for(listener, Origin="http://evil.example"))
        assert refused.value.code == "origin_refused"
        with pytest.raises(RateLimited):
            await open_websocket(listener.url, headers_for(listener, "busy"))
        with pytest.raises(ConnectionFailed):
            await open_websocket(listener.url + "/elsewhere", headers_for(listener))
        gone = listener.url
    with pytest.raises(ConnectionFailed) as nobody:
        await open_websocket(gone, {})
    assert nobody.value.retryable
    assert nobody.value.code == "connection_failed"


async def test_a_redirect_is_not_followed() -> None:
    async def redirect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(
            b"HTTP/1.1 302 Found\r\nLocation: ws://localhost:9/\r\nContent-Length: 0\r\n\r\n"
        )
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(redirect, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(ConnectionFailed) as caught:
            await open_websocket(f"ws://127.0.0.1:{port}/", {"Authorization": "DPoP x"})
        assert "302" in caught.value.came


@pytest.mark.parametrize(
    ("message", "code", "reason"),
    [
        (b"\x10" * 37, 4000, "frame_length"),
        (b"\x10" * 39, 4000, "frame_length"),
        (b"", 4000, "frame_length"),
        (b"\x01" * 38, 4000, "frame_type"),
        ("nonsense", 4000, "message_malformed"),
        ('{"type":"chat","seq":1,"text":"x","from":"Ada"}', 4000, "message_malformed"),
        ("x" * 5000, 1009, None),
    ],
)
async def test_a_wrong_frame_closes_that_client_and_the_others_go_on(
    message: str | bytes, code: int, reason: str | None
) -> None:
    async with (
        listening() as listener,
        link_to(listener, "Ada") as ada,
        link_to(listener, "Bob") as bob,
    ):
        async with bare(listener) as connection:
            await connection.send(encode(Join()))
            await connection.send(message)
            got_code, got_reason, texts = await closed(connection)
        assert got_code == code
        if reason is not None:
            assert got_reason == reason
            assert texts[-1]["type"] == "error"
            assert texts[-1]["code"] == reason
        await walk(bob, 5)
        bob.say("still here")
        async for event in ada.events():
            if isinstance(event, Chat):
                assert event.text == "still here"
                break
        assert ada.is_connected
        assert bob.is_connected


async def test_a_broken_tcp_connection_is_resumed() -> None:
    async with (
        listening() as listener,
        proxied(listener) as (url, reset),
        link_to(listener, "Ada") as ada,
        link_to(listener, "Bob", url) as bob,
    ):
        slot = bob.visitor.you.slot
        reset()
        ada.say("while you were gone")
        seen: list[Any] = []
        async for event in bob.events():
            seen.append(event)
            if isinstance(event, Chat):
                break
        names = [type(event).__name__ for event in seen]
        assert names.index("Disconnected") < names.index("Reconnected") < names.index("Chat")
        assert isinstance(seen[0], Disconnected)
        assert Reconnected() in seen
        assert bob.visitor.you.slot == slot


@asynccontextmanager
async def proxied(listener: RealtimeListener) -> AsyncIterator[tuple[str, Any]]:
    """Stand between client and branch; the second value resets all connections (TCP RST)."""
    writers: list[asyncio.StreamWriter] = []
    pumps: set[asyncio.Task[None]] = set()

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                # The branch knows its own port only: this is a wire, not a host.
                writer.write(data.replace(f":{port}".encode(), f":{listener.port}".encode()))
                await writer.drain()
        except OSError:
            pass

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", listener.port)
        writers.extend((writer, far_writer))
        for task in (pump(reader, far_writer), pump(far_reader, writer)):
            pumps.add(asyncio.create_task(task))

    def reset() -> None:
        for writer in writers:
            raw = writer.get_extra_info("socket")
            if raw is not None and raw.fileno() >= 0:
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
        writers.clear()

    async with await asyncio.start_server(relay, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        yield f"ws://localhost:{port}/realtime", reset
        reset()
        for task in pumps:
            task.cancel()
        await asyncio.gather(*pumps, return_exceptions=True)


async def test_a_client_that_takes_nothing_is_dropped_and_the_others_go_on() -> None:
    room = new_room(RoomLimits(slow_bytes=20_000, silence_s=60))
    async with listening(room) as listener, link_to(listener, "Ada") as ada:
        async with bare(listener) as connection:
            await connection.send(encode(Join()))
            await connection.recv()
            connection.transport.pause_reading()
            # What is reliable piles up: two kernels hold some of it, the branch the rest.
            async with asyncio.timeout(30):
                while listener.connections == 2:
                    for number in range(200):
                        room.change("Ada", name=f"Ada the {number}th of her name and family")
                    await asyncio.sleep(0.05)
            connection.transport.abort()
        await walk(ada, 3)
        assert ada.is_connected


async def test_a_stopping_branch_says_so() -> None:
    async with listening() as listener, bare(listener) as connection:
        await connection.send(encode(Join()))
        stopping = asyncio.create_task(listener.__aexit__(None, None, None))
        code, reason, _ = await closed(connection)
        await stopping
    assert (code, reason) == (1001, "branch_stops")


async def test_a_bare_socket_speaks_the_documented_bytes() -> None:
    """No code of the client: what docs/protocol.md says is enough."""
    async with listening() as listener, bare(listener, "Eve") as connection:
        await connection.send('{"type":"join","client_ms":5}')
        welcome = json.loads(await connection.recv())
        assert welcome["type"] == "welcome"
        assert welcome["client_ms"] == 5
        place = welcome["place"]
        stamp = int(welcome["server_ms"])
        pose = Pose.standing(tuple(place["position"]))
        await connection.send(pack_uplink(pose, cell=place["cell"], client_ms=stamp))
        while True:
            message = await connection.recv()
            if isinstance(message, bytes):
                break
        assert parse_frame(message).slots.tolist() == [welcome["you"]["slot"]]
        await connection.send('{"type":"leave"}')
        assert (await closed(connection))[:2] == (1000, "left")


def test_a_taken_port_is_refused_and_an_odd_address_too() -> None:
    taken = bind("localhost", 0)
    port = taken[0].getsockname()[1]
    assert {listener.getsockname()[1] for listener in taken} == {port}
    with pytest.raises(InputRefused) as caught:
        bind("localhost", port)
    assert caught.value.code == "port_taken"
    with pytest.raises(InputRefused) as odd:
        bind("192.0.2.1", 0)
    assert odd.value.code == "address_unavailable"
    for listener in taken:
        listener.close()


async def test_a_port_taken_on_ipv6_only_is_refused() -> None:
    with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as other:
        other.bind(("::1", 0))
        other.listen()
        with pytest.raises(InputRefused) as caught:
            bind("localhost", other.getsockname()[1])
    assert caught.value.code == "port_taken"


async def test_the_handshake_needs_the_subprotocol_back() -> None:
    async with listening() as listener:
        with pytest.raises(InvalidStatus):
            async with connect(listener.url, additional_headers=headers_for(listener), proxy=None):
                raise AssertionError("it was let in")


@pytest.mark.parametrize(
    "url",
    [
        "ws://branch.example/realtime",  # tokens in the open
        "http://localhost:1/realtime",
        "ws://[::1/realtime",
        "ws://localhost:99999/realtime",
        "ws:///realtime",
        "",
    ],
)
async def test_a_client_goes_to_no_such_address(url: str) -> None:
    with pytest.raises(InputRefused) as caught:
        await open_websocket(url, {"Authorization": "DPoP x"})
    assert caught.value.code == "address_refused"
