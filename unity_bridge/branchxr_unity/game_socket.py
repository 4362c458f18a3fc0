"""The WebSocket of a game beside this process; this package's only use of websockets.

Loopback only. Who may come in: whoever knows the token of this launch, and no page: a browser
always says its `Origin`, a game never.
"""

import asyncio
import hmac
import http
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final
from urllib.parse import parse_qs, urlsplit

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from branchxr.errors import BranchXRError, ProtocolError, StageError

from .codec import BATCH, HEADER, split
from .game import Game
from .layout import ALIGN, EVENTS_BYTES, SUBPROTOCOL
from .records import Taken

LOG: Final = logging.getLogger("branchxr.unity")
CLOSE_PROTOCOL: Final = 4400
CLOSE_SLOW: Final = 4408
CLOSE_REPLACED: Final = 4409
POSITION_MAX: Final = 1 << 62
"""More bytes than any game sends; what is counted on from it still is a u64."""


class GameSocket:
    """Connects one game at a time to its visit; a later one takes the place of the earlier.

    Args:
        game: the visit.
        token: what a game must show.
        keep_s: how long the visit stays without a game.

    Attributes:
        is_over: set when the game said goodbye, or stayed away for too long.
        visit: runs from the first time that a game comes.
    """

    def __init__(self, game: Game, *, token: str, keep_s: float) -> None:
        self.is_over = asyncio.Event()
        self._game = game
        self._token = token
        self._keep_s = keep_s
        self._attached = 0
        self._block = ""
        self._taken = 0
        self._away: asyncio.TimerHandle | None = None
        self.visit: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def listen(self, port: int) -> AsyncIterator[int]:
        """Listen on 127.0.0.1, and give the port; 0 takes any."""
        server: Server
        async with serve(
            self._serve, "127.0.0.1", port, process_request=self._check,
            subprotocols=[Subprotocol(SUBPROTOCOL)], compression=None,
            max_size=EVENTS_BYTES + BATCH.size, max_queue=16, write_limit=1 << 20,
            logger=logging.getLogger("branchxr.unity.websockets"),
        ) as server:  # fmt: skip
            self._leave_later()
            yield next(iter(server.sockets)).getsockname()[1]

    def _check(self, connection: ServerConnection, request: Request) -> Response | None:
        hosts = [host.partition(":")[0] for host in request.headers.get_all("Host")]
        shown = " ".join(request.headers.get_all("Authorization")).removeprefix("Bearer ")
        if "Origin" in request.headers or hosts not in (["127.0.0.1"], ["localhost"]):
            return connection.respond(http.HTTPStatus.FORBIDDEN, "for games only\n")
        if not hmac.compare_digest(shown.encode(), self._token.encode()):
            return Response(401, "Unauthorized", Headers(), b"expected the token of this launch\n")
        return None

    async def _serve(self, connection: ServerConnection) -> None:
        self._attached += 1
        turn = self._attached
        if self._away:
            self._away.cancel()
        query = parse_qs(urlsplit(connection.request.path if connection.request else "").query)
        block = query.get("block", [""])[0]
        if block != self._block:  # another process of the game: its events count from the start
            self._block, self._taken = block, 0
        self.visit = self.visit or self._game.start()
        self._game.stage_connection(is_connected=True)
        reader = asyncio.create_task(self._read(connection, turn))
        writer = asyncio.create_task(self._write(connection))
        try:
            await asyncio.wait({reader, writer}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (reader, writer):
                task.cancel()
            outcomes = await asyncio.gather(reader, writer, return_exceptions=True)
            await connection.close(*_closing(outcomes, is_replaced=turn != self._attached))
            if turn == self._attached:
                self._game.link.detach()
                self._game.stage_connection(is_connected=False)
                self._leave_later()

    async def _write(self, connection: ServerConnection) -> None:
        async for record in self._game.link.outgoing(self._game.hello(self._taken)):
            await connection.send(record)

    async def _read(self, connection: ServerConnection, turn: int) -> None:
        async for message in connection:
            if isinstance(message, str) or len(message) < BATCH.size:
                raise _malformed("something else")
            if turn == self._attached:
                self._take(message)
        if self._game.is_leaving:
            self.is_over.set()

    def _take(self, message: bytes) -> None:
        """Take the records that were not taken before; a position tells."""
        (position,) = BATCH.unpack_from(message)
        records = memoryview(message)[BATCH.size :]
        if position >= POSITION_MAX:
            raise _malformed(f"position {position}")
        skipped = 0
        while len(records) - skipped >= HEADER.size and position + skipped < self._taken:
            size, _code, _reserved = HEADER.unpack_from(records, skipped)
            skipped += HEADER.size + size + -size % ALIGN
        for record, payload in split(records[skipped:]):
            self._game.take_record(record, payload)
        self._taken = max(self._taken, position + len(records))
        self._game.link.say(Taken(self._taken))
        if self._game.is_leaving:
            self.is_over.set()

    def _leave_later(self) -> None:
        self._away = asyncio.get_running_loop().call_later(self._keep_s, self.is_over.set)


def _malformed(came: str) -> ProtocolError:
    return ProtocolError(
        "records of a game", came, "use the package of this version", code="record_malformed"
    )


def _closing(outcomes: Sequence[object], *, is_replaced: bool) -> tuple[int, str]:
    for outcome in outcomes:
        if isinstance(outcome, StageError):
            return CLOSE_SLOW, outcome.code
        if isinstance(outcome, BranchXRError):
            return CLOSE_PROTOCOL, outcome.code
        if isinstance(outcome, Exception) and not isinstance(outcome, ConnectionClosed):
            LOG.error("a game's socket failed", exc_info=outcome)
            return 1011, "internal"
    return (CLOSE_REPLACED, "replaced") if is_replaced else (1000, "over")
