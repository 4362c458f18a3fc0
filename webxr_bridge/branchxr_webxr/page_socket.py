"""A page's socket: who may open it, and what goes through."""

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from typing import Final

from starlette.websockets import WebSocket, WebSocketDisconnect

from branchxr.clock import Clock
from branchxr.errors import ApiError, BranchXRError, ProtocolError
from branchxr.protocol.frames import UPLINK_BYTES
from branchxr.stages.bucket import Bucket
from branchxr.stages.link import StageOverflow

from .messages import MAX_UP_BYTES, SUBPROTOCOL, Handled, parse_up
from .visit import PageVisit
from .visitors import Place, Visitors

LOG: Final = logging.getLogger("branchxr.webxr")

CLOSE_NORMAL: Final = 1000
CLOSE_PROTOCOL: Final = 4400
CLOSE_REFUSED: Final = 4401
CLOSE_SLOW: Final = 4408
CLOSE_REPLACED: Final = 4409
CLOSE_FULL: Final = 4413
CLOSE_FLOOD: Final = 4429

MESSAGES_PER_S: Final = 40.0
"""Control messages; a person makes a few. Poses are counted apart."""

POSES_PER_S: Final = 90.0


async def serve_socket(
    websocket: WebSocket, visitors: Visitors[PageVisit], *, origins: Sequence[str], clock: Clock
) -> None:
    """Serve one socket from its handshake to its end."""
    origin = websocket.headers.get("origin", "")
    protocols = websocket.headers.get("sec-websocket-protocol", "")
    offered = [part.strip() for part in protocols.split(",")]
    host = websocket.headers.get("host", "")
    # The page belongs to the host it was loaded from, not to another allowed origin.
    if origin not in origins or origin.partition("://")[2] != host or SUBPROTOCOL not in offered:
        await _close(websocket, CLOSE_REFUSED)  # before accepting: 403
        return
    try:
        await websocket.accept(subprotocol=SUBPROTOCOL)
    except OSError:  # gone within the handshake; a token is not spent
        return
    address = websocket.client.host if websocket.client else ""
    try:
        place = _admit(visitors, offered, origin=origin, address=address)
    except ApiError as error:
        code = CLOSE_FULL if error.code == "pages_full" else CLOSE_REFUSED
        await _close(websocket, code, error.code)
        return
    visitors.attach(place)
    try:
        await _converse(websocket, place, clock=clock)
    finally:
        visitors.detach(place)


def _admit(
    visitors: Visitors[PageVisit], offered: Sequence[str], *, origin: str, address: str
) -> Place[PageVisit]:
    for part in offered:
        kind, _, secret = part.partition(".")
        if kind == "resume" and secret:
            return visitors.resume(secret)
        if kind == "token" and secret:
            return visitors.spend(secret, origin=origin, address=address)
    return visitors.spend("", origin=origin, address=address)  # refused as a used one is


async def _converse(websocket: WebSocket, place: Place[PageVisit], *, clock: Clock) -> None:
    visit = place.visit
    connected = asyncio.create_task(visit.connected.wait())
    await asyncio.wait({connected, place.task}, return_when=asyncio.FIRST_COMPLETED)
    connected.cancel()
    visit.stage_connection(is_connected=True)
    writer = asyncio.create_task(_write(websocket, place))
    reader = asyncio.create_task(_read(websocket, place, clock=clock))
    ended = asyncio.create_task(_drain_when_over(place))
    tasks = {writer, reader, ended}
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    code, reason = _closing(outcomes, is_over=place.task.done(), is_replaced=place.sockets > 1)
    visit.stage_connection(is_connected=False)
    await _close(websocket, code, reason)


async def _close(websocket: WebSocket, code: int, reason: str = "") -> None:
    # Which of these it is when the other side was quicker depends on how far the handshake had got.
    with contextlib.suppress(RuntimeError, OSError, WebSocketDisconnect):
        await websocket.close(code, reason)


async def _write(websocket: WebSocket, place: Place[PageVisit]) -> None:
    hello = place.visit.hello(place.resume, place.handled)
    async for message in place.visit.link.outgoing(hello):
        if isinstance(message, str):
            await websocket.send_text(message)
        else:
            await websocket.send_bytes(message)


async def _read(websocket: WebSocket, place: Place[PageVisit], *, clock: Clock) -> None:
    controls = Bucket(MESSAGES_PER_S, clock=clock)
    poses = Bucket(POSES_PER_S, clock=clock)
    while True:
        message = await websocket.receive()
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code", 1006))
        if (pose := message.get("bytes")) is not None:
            _take_pose(place, pose, poses)
        else:
            _take_text(place, message.get("text") or "", controls)


def _take_pose(place: Place[PageVisit], pose: bytes, bucket: Bucket) -> None:
    if len(pose) != UPLINK_BYTES:
        raise ProtocolError(
            f"a pose of {UPLINK_BYTES} bytes", f"{len(pose)} bytes", "reload the page",
            code="frame_length",
        )  # fmt: skip
    if bucket.take():
        place.visit.pose(pose)


def _take_text(place: Place[PageVisit], text: str, bucket: Bucket) -> None:
    if not bucket.take():
        raise ProtocolError(
            f"at most {MESSAGES_PER_S:g} messages a second", "more", "slow down", code="page_flood"
        )
    if len(text) > MAX_UP_BYTES:
        raise ProtocolError(
            f"at most {MAX_UP_BYTES} bytes", f"{len(text)}", "reload the page",
            code="page_message_malformed",
        )  # fmt: skip
    message = parse_up(text)
    if message.n <= place.handled:
        return  # sent again after a resume, and already done
    place.handled = message.n
    place.visit.take(message)
    place.visit.link.say(Handled(message.n))


async def _drain_when_over(place: Place[PageVisit]) -> None:
    """Wait for the visit's end, and let its last words out."""
    await asyncio.wait({place.task})
    await place.visit.link.drained()


def _closing(outcomes: Sequence[object], *, is_over: bool, is_replaced: bool) -> tuple[int, str]:
    for outcome in outcomes:
        if isinstance(outcome, StageOverflow):
            return CLOSE_SLOW, outcome.code
        if isinstance(outcome, BranchXRError):
            return (CLOSE_FLOOD if outcome.code == "page_flood" else CLOSE_PROTOCOL), outcome.code
        if isinstance(outcome, Exception) and not isinstance(outcome, WebSocketDisconnect):
            LOG.error("a page's socket failed", exc_info=outcome)
            return 1011, "internal"
    if is_replaced:
        return CLOSE_REPLACED, "replaced"
    return (CLOSE_NORMAL, "over") if is_over else (1001, "")
