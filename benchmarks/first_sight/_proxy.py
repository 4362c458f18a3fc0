"""A slow line on loopback: a round trip time, a shared downlink rate, and TCP's slow start.

Every connection pays one round trip to be made; each byte then waits half of one, down and up.
The downlink is one for all connections, first come first served. A connection may have 10 segments
under way in its first round trip, and twice as many in each further one (RFC 6928, RFC 5681).
"""

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, Self

SEGMENT_BYTES: Final = 1460
FIRST_WINDOW_BYTES: Final = 10 * SEGMENT_BYTES
LARGEST_WINDOW_BYTES: Final = 1 << 20
PIECE_BYTES: Final = 4096
CONNECTIONS_MAX: Final = 64
WAITING_MAX: Final = 4096


@dataclass
class Window:
    """How much a connection may send in the round trip that runs."""

    size_bytes: int = FIRST_WINDOW_BYTES
    used_bytes: int = 0
    began: float = 0.0

    async def take(self, size_bytes: int, rtt_s: float) -> None:
        """Wait until so much may be sent."""
        now = time.monotonic()
        if now - self.began > rtt_s:
            self.began, self.used_bytes = now, 0
        if self.used_bytes + size_bytes > self.size_bytes:
            await asyncio.sleep(max(0.0, self.began + rtt_s - now))
            self.began, self.used_bytes = time.monotonic(), 0
            self.size_bytes = min(self.size_bytes * 2, LARGEST_WINDOW_BYTES)
        self.used_bytes += size_bytes


@dataclass
class SlowLine:
    """`async with SlowLine(port) as line:` listens on `line.port` and passes all on to `port`.

    Attributes:
        delivered: what reached the browser so far: wall clock in seconds, bytes in all.
    """

    target: int
    rtt_s: float = 0.060
    bytes_per_s: float = 10e6 / 8
    port: int = 0
    delivered: list[tuple[float, int]] = field(default_factory=list)
    _free_at: float = 0.0
    _tasks: set["asyncio.Task[None]"] = field(default_factory=set)

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_exception: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def bytes_until(self, wall_s: float) -> int:
        """Return how many bytes had reached the browser at a time."""
        return max((total for at, total in self.delivered if at <= wall_s), default=0)

    def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._tasks) >= CONNECTIONS_MAX:
            writer.transport.abort()
            return
        task = asyncio.create_task(self._pass_on(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(self.rtt_s)  # SYN, and its answer
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target)
        try:
            await asyncio.gather(
                self._pump(reader, far_writer, None), self._pump(far_reader, writer, Window())
            )
        finally:
            for each in (writer, far_writer):
                each.transport.abort()

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, window: Window | None
    ) -> None:
        """Pass bytes on in one direction; with a window it is the downlink."""
        waiting: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(WAITING_MAX)
        reading = asyncio.create_task(self._read(reader, waiting, window))
        try:
            while True:
                due, piece = await waiting.get()
                await asyncio.sleep(max(0.0, due - time.monotonic()))
                if not piece:
                    break
                writer.write(piece)
                if window is not None:
                    total = self.delivered[-1][1] if self.delivered else 0
                    self.delivered.append((time.time(), total + len(piece)))
                await writer.drain()
            with suppress(OSError):
                writer.write_eof()
        except OSError:
            pass
        finally:
            reading.cancel()

    async def _read(
        self,
        reader: asyncio.StreamReader,
        waiting: "asyncio.Queue[tuple[float, bytes]]",
        window: Window | None,
    ) -> None:
        piece = b"-"
        while piece:
            try:
                piece = await reader.read(PIECE_BYTES)
            except OSError:
                piece = b""
            due = time.monotonic()
            if window is not None and piece:
                await window.take(len(piece), self.rtt_s)
                self._free_at = max(time.monotonic(), self._free_at) + len(piece) / self.bytes_per_s
                due = self._free_at
            await waiting.put((due + self.rtt_s / 2, piece))
