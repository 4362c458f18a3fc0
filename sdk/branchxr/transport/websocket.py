"""A WebSocket as a `Wire`; the only module of the client that knows websockets."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

import msgspec
from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as _connect
from websockets.asyncio.server import broadcast
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException
from websockets.typing import Subprotocol

from ..errors import (
    BranchXRError,
    ConnectionFailed,
    InputRefused,
    PermissionRefused,
    RateLimited,
    Unauthenticated,
)
from ..models import Problem
from ..protocol.messages import SUBPROTOCOL, CloseCode
from ..wire import Wire, WireClosed

MAX_FRAME_BYTES: Final = 4 * 1024 * 1024


class _WebSocketWire:
    """A client's WebSocket as a `Wire`."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection

    @property
    def buffered_bytes(self) -> int:
        return self._connection.transport.get_write_buffer_size()

    def send(self, message: str | bytes) -> None:
        # The library's only way to send without waiting; it skips a connection that is closing.
        broadcast((self._connection,), message)

    async def receive(self) -> str | bytes:
        try:
            return await self._connection.recv()
        except ConnectionClosed as error:
            received = error.rcvd
            if received is None:
                raise WireClosed from error
            raise WireClosed(received.code, received.reason) from error

    async def close(self, code: int = 1000, reason: str = "") -> None:
        await self._connection.close(code, reason)


class _ConnectWithoutRedirects(_connect):
    """A proof is for one address: following a redirect would carry tokens elsewhere."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc


async def open_websocket(
    url: str, headers: Mapping[str, str], *, open_timeout_s: float = 5.0
) -> Wire:
    """Open a wire to a branch's realtime address.

    Args:
        url: `ws://` or `wss://`, without any token.
        headers: of the handshake: `Authorization` and `DPoP`.
        open_timeout_s: for connecting and the handshake together.

    Raises:
        InputRefused: `address_refused`: no such address, or plain ws to another machine.
        ConnectionFailed: nobody answers, or it is no branch.
        Unauthenticated: the token or its proof was refused.
        PermissionRefused: the token does not allow it.
    """
    is_local = _is_local(url)
    try:
        connection = await _ConnectWithoutRedirects(
            url,
            additional_headers=dict(headers),
            subprotocols=[Subprotocol(SUBPROTOCOL)],
            compression=None,  # poses are dense; control messages are small
            ping_interval=None,  # the protocol's own heartbeat says more
            open_timeout=open_timeout_s,
            close_timeout=1.0,
            max_size=MAX_FRAME_BYTES,
            proxy=None if is_local else True,
        )
    except InvalidStatus as error:
        raise _refused(error) from error
    except (OSError, TimeoutError, WebSocketException) as error:
        raise ConnectionFailed(
            f"a branch that answers at {url}",
            f"{type(error).__name__}: {error}"[:200],
            "check the address and that the branch runs",
        ) from error
    if connection.subprotocol != SUBPROTOCOL:
        await connection.close(CloseCode.PROTOCOL, "subprotocol_missing")
        raise ConnectionFailed(
            f"a peer that speaks {SUBPROTOCOL}",
            f"{connection.subprotocol!r}",
            "check the address",
            code="subprotocol_missing",
        )
    return _WebSocketWire(connection)


def _refused(error: InvalidStatus) -> BranchXRError:
    status = error.response.status_code
    try:
        problem = msgspec.json.decode(error.response.body or b"", type=Problem)
    except (msgspec.DecodeError, RecursionError):
        problem = Problem("about:blank", "", status, "")
    kinds = {401: Unauthenticated, 403: PermissionRefused, 429: RateLimited}
    kind = kinds.get(status)
    if kind is None:
        return ConnectionFailed(
            "a branch's realtime address", f"HTTP status {status}", "check the address"
        )
    return kind(
        problem.expected or "a handshake that is allowed",
        problem.came or f"HTTP status {status}",
        problem.remedy or "sign in again",
        code=problem.code or None,
        status=status,
        request_id=problem.request_id,
    )


def _is_local(url: str) -> bool:
    """Say whether an address is on this machine; refuse one that would carry tokens in the open."""
    try:
        parts = urlsplit(url)
        scheme, host, is_whole = parts.scheme, parts.hostname, parts.port != 0
    except ValueError:  # a port that is none, a bracket that is not closed
        scheme, host, is_whole = "", None, False
    is_local = host in {"localhost", "127.0.0.1", "::1"}
    if not (host and is_whole and scheme in ({"ws", "wss"} if is_local else {"wss"})):
        raise InputRefused(
            "a realtime address: wss://, or ws:// on this machine",
            f"{url!r:.80}",
            "tell whoever runs the branch",
            code="address_refused",
        )
    return is_local
