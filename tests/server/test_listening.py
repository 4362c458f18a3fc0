"""What uvicorn is told about peers that are slow, or that speak another protocol."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from branchxr.server import listening
from branchxr.server.branch import BranchServer, ServerSettings

pytestmark = pytest.mark.end_to_end
UPGRADE = (
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)


@pytest.fixture
async def port() -> AsyncIterator[int]:
    async with BranchServer.open(ServerSettings(port=0)) as branch, branch.listen():
        yield int(branch.address.rpartition(":")[2])


async def answer_to(port: int, request: str) -> str:
    """Send some text and read until the branch closes, which it has to."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request.encode())
    answer = await asyncio.wait_for(reader.read(), 30)
    writer.close()
    return answer.decode()


@pytest.mark.parametrize("begun", ["", "GET / HTTP/1.1\r\nHost: loc"])
async def test_a_head_that_never_ends(begun: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening, "_HEAD_S", 0.05)
    async with BranchServer.open(ServerSettings(port=0)) as branch, branch.listen():
        port = int(branch.address.rpartition(":")[2])
        assert await answer_to(port, begun) == ""
        whole = f"GET /openapi.json HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n"
        assert (await answer_to(port, whole + begun)).startswith("HTTP/1.1 200")


async def test_a_websocket_begins_with_get(port: int) -> None:
    request = f"POST /v1/session HTTP/1.1\r\nHost: localhost:{port}\r\n{UPGRADE}\r\n"
    assert (await answer_to(port, request)).startswith("HTTP/1.1 400")


@pytest.mark.parametrize("path", ["/v1/session", "/scene/tileset.json", "/"])
async def test_no_websocket_where_there_is_none(port: int, path: str) -> None:
    request = f"GET {path} HTTP/1.1\r\nHost: localhost:{port}\r\n{UPGRADE}\r\n"
    assert (await answer_to(port, request)).startswith("HTTP/1.1 403")
