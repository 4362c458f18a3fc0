"""Keeps a visitor connected.

The reconnecting of websockets starts after up to 5 s and grows to 90 s: too slow for bodies. Here
a broken wire is opened again after a random part of 0.1 s, doubling to at most 10 s.
"""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from random import Random
from types import TracebackType
from typing import Final, Self

from ..clock import Clock
from ..errors import (
    ApiError,
    BranchXRError,
    ConnectionFailed,
    PermissionRefused,
    ProtocolError,
    RateLimited,
    TransportError,
    Unauthenticated,
)
from ..events import Discontinuity, Event
from ..protocol.messages import FINAL_CODES, CloseCode
from ..protocol.pose import Pose
from ..protocol.visitor import Visitor
from ..wire import Wire, WireClosed

FIRST_RETRY_S: Final = 0.1
LONGEST_RETRY_S: Final = 10.0
EVENTS_KEPT: Final = 1024
HEARTBEAT_S: Final = 0.1
JOIN_S: Final = 10.0
POSE_BUFFER_BYTES: Final = 4096
"""With more than this on its way, poses are dropped: an old one is worth nothing."""

_LOG: Final = logging.getLogger("branchxr.realtime")


class Link:
    """A visitor's connection, which comes back by itself; use it with `async with`.

    Args:
        open_wire: makes a new wire, with a fresh proof each time.
        visitor: the state machine.
        clock: where time comes from.
        random: for jitter.

    Attributes:
        on_frame: called with the bytes of each cell frame, as they came.
    """

    def __init__(
        self,
        open_wire: Callable[[], Awaitable[Wire]],
        visitor: Visitor,
        *,
        clock: Clock,
        random: Random,
    ) -> None:
        self._open_wire = open_wire
        self.visitor = visitor
        self._clock = clock
        self._random = random
        self._wire: Wire | None = None
        self._events: deque[Event] = deque()
        self._changed = asyncio.Event()
        self._joined = asyncio.Event()
        self._error: BranchXRError | None = None
        self._is_over = False
        self._task: asyncio.Task[None] | None = None
        self.on_frame: list[Callable[[bytes], None]] = []

    async def __aenter__(self) -> Self:
        """Begin to connect, and wait until the branch has let the visitor in.

        Raises:
            ConnectionFailed: nobody answers.
            ApiError: the branch refuses the token, the name or the anchor, or it is full.
        """
        self._task = asyncio.create_task(self._run(), name="branchxr link")
        waiting = asyncio.create_task(self._joined.wait())
        try:
            async with asyncio.timeout(JOIN_S):
                await asyncio.wait({self._task, waiting}, return_when=asyncio.FIRST_COMPLETED)
        except TimeoutError:
            self._error = ConnectionFailed(
                f"to be let in within {JOIN_S:g} s", "silence", "try again", code="join_timeout"
            )
        except BaseException:
            await self.close()
            raise
        finally:
            waiting.cancel()
        if not self._joined.is_set():
            await self.close()
            raise self._error or ConnectionFailed("to be let in", "a closed wire", "try again")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Leave the branch for good and end `events()`."""
        self.visitor.leave()
        self._flush()
        try:
            if self._task is not None:
                self._task.cancel()
                await asyncio.wait({self._task})
        finally:  # cancelled or not, nothing is left open
            wire, self._wire = self._wire, None
            self._end()
            if wire is not None:
                await wire.close(CloseCode.NORMAL, "left")

    @property
    def is_connected(self) -> bool:
        """Whether the branch hears this visitor now."""
        return self._wire is not None and self.visitor.is_joined

    async def events(self) -> AsyncIterator[Event]:
        """Yield what happens, to one reader, until the link is closed.

        At most 1,024 events wait; a reader slower than that gets one `Discontinuity` instead.

        Raises:
            ApiError: the branch ended the session, or refuses to go on.
        """
        while True:
            while self._events:
                yield self._events.popleft()
            if self._is_over:
                if self._error is not None:
                    raise self._error
                return
            self._changed.clear()
            await self._changed.wait()

    def check_alive(self) -> None:
        """Raise what ended the connection for good, if something has."""
        if self._is_over:
            raise self._error or ConnectionFailed(
                "somebody who is in the branch", "somebody who left", "connect again", code="left"
            )

    def say(self, text: str) -> None:
        """Say something to everybody.

        Raises:
            RateLimited: too much waits already.
            InputRefused: more than a message may have.
            BranchXRError: what ended the connection for good.
        """
        self.check_alive()
        self.visitor.say(text)
        self._flush()

    def emote(self, name: str) -> None:
        """Make a gesture; raises as `say`."""
        self.check_alive()
        self.visitor.emote(name)
        self._flush()

    def subscribe(self, cells: list[int]) -> None:
        """Ask for the frames of these cells; none means "mine and those around it"."""
        self.visitor.subscribe(cells)
        self._flush()

    def send_pose(self, pose: Pose) -> bool:
        """Send a pose sampled now; `False` when there is no connection to take it."""
        return self._send_pose(lambda now: self.visitor.pose(pose, now))

    def send_pose_bytes(self, uplink: bytes, *, age_ms: float = 0.0) -> bool:
        """Relay an uplink pose of 38 bytes as a stage packed it, sampled `age_ms` ago.

        Raises:
            ProtocolError: `frame_length` or `frame_type`.
        """
        return self._send_pose(lambda now: self.visitor.relay(uplink, now, age_ms=age_ms))

    async def wait_for_sample(self) -> None:
        """Wait until the next pose is to be sampled, in phase with the branch's tick."""
        now = self._clock.monotonic()
        await self._clock.sleep(max(0.0, self.visitor.next_sample_at(now) - now))

    # --- inside -----------------------------------------------------------------------------

    def _send_pose(self, pack: Callable[[float], bytes]) -> bool:
        wire = self._wire
        if wire is None or not self.visitor.is_joined or wire.buffered_bytes > POSE_BUFFER_BYTES:
            return False
        wire.send(pack(self._clock.monotonic()))
        return True

    async def _run(self) -> None:
        try:
            await self._stay_connected()
        except BranchXRError as error:
            await self._fail(error)
        except Exception as error:  # noqa: BLE001 - a listener's own, or a fault: it is told
            _LOG.exception("the realtime connection failed")
            came, remedy = type(error).__name__, "see the log, and connect again"
            await self._fail(ConnectionFailed("a connection that goes on", came, remedy))
        finally:
            self._end()

    async def _fail(self, error: BranchXRError) -> None:
        self._error = error
        self._put(self.visitor.lost(error.code))
        if self._wire is not None:
            await self._wire.close(CloseCode.GOING_AWAY, "failed")

    async def _stay_connected(self) -> None:
        retry_s = FIRST_RETRY_S
        while True:
            try:
                self._wire = await self._open_wire()
            except BranchXRError as error:
                # A branch that starts again answers 503 to a renewal: that passes, too.
                passes = error.retryable or isinstance(error, TransportError | RateLimited)
                if not (passes and self._joined.is_set()):
                    raise
            else:
                closed = await self._serve(self._wire)
                self._wire = None
                if self.visitor.is_joined:
                    retry_s = FIRST_RETRY_S
                self._put(self.visitor.lost(closed.reason or f"close code {closed.code}"))
                if closed.code in FINAL_CODES or not self._joined.is_set():
                    raise self._refusal(closed)
            await self._clock.sleep(self._random.uniform(0.0, retry_s))
            retry_s = min(LONGEST_RETRY_S, retry_s * 2)

    async def _serve(self, wire: Wire) -> WireClosed:
        """Run the visitor over one wire until it is closed; return how."""
        self.visitor.connected(self._clock.monotonic())
        self._flush()
        heart = asyncio.create_task(self._beat(wire))
        try:
            while True:
                self._take(await wire.receive())
        except WireClosed as closed:
            return closed
        except ProtocolError as error:
            await wire.close(CloseCode.PROTOCOL, error.code)
            raise
        finally:
            heart.cancel()

    async def _beat(self, wire: Wire) -> None:
        while True:
            await self._clock.sleep(HEARTBEAT_S)
            now = self._clock.monotonic()
            if self.visitor.is_silent(now):
                await wire.close(CloseCode.SILENT, "silent")
                return
            self.visitor.heartbeat(now)
            self._flush()
            if self.visitor.is_resting(now):
                await self.wait_for_sample()
                uplink = self.visitor.rest(self._clock.monotonic())
                if uplink is not None:
                    wire.send(uplink)

    def _take(self, message: str | bytes) -> None:
        now = self._clock.monotonic()
        if isinstance(message, str):
            self._put(self.visitor.receive_text(message, now))
            if self.visitor.is_joined:
                self._joined.set()
            self._flush()
        elif self.visitor.receive_frame(message, now) is not None:
            for listener in tuple(self.on_frame):
                listener(message)

    def _flush(self) -> None:
        if self._wire is not None:
            for message in self.visitor.drain():
                self._wire.send(message)

    def _put(self, events: list[Event]) -> None:
        self._events.extend(events)
        if len(self._events) > EVENTS_KEPT:
            self._events.clear()
            self._events.append(Discontinuity())
        if events:
            self._changed.set()

    def _end(self) -> None:
        self._is_over = True
        self._changed.set()

    def _refusal(self, closed: WireClosed) -> BranchXRError:
        fault = self.visitor.fault
        if closed.code == CloseCode.SESSION_ENDED:
            return Unauthenticated(
                "a session that goes on", "one that ended", "sign in again", code="session_ended"
            )
        if fault is not None and fault.code == closed.reason:
            kind = PermissionRefused if closed.code == CloseCode.REFUSED else ApiError
            return kind(fault.expected, fault.came, fault.remedy, code=fault.code)
        return ConnectionFailed(
            "a connection that goes on",
            f"close code {closed.code} ({closed.reason or 'no reason'})",
            "connect again",
        )
