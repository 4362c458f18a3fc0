"""The in-memory wire: order, closing, and its faults."""

import asyncio

import pytest

from branchxr.testing.wire import MAX_BUFFERED_BYTES, wire_pair
from branchxr.wire import WireClosed


async def test_messages_arrive_in_order_both_ways() -> None:
    near, far = wire_pair()
    near.send("one")
    near.send(b"two")
    far.send("three")
    assert [await far.receive(), await far.receive()] == ["one", b"two"]
    assert await near.receive() == "three"


async def test_what_was_sent_before_a_close_still_arrives() -> None:
    near, far = wire_pair()
    near.send("last words")
    await near.close(4008, "too slow")
    await near.close(1000, "again")
    assert await far.receive() == "last words"
    with pytest.raises(WireClosed) as refusal:
        await far.receive()
    assert (refusal.value.code, refusal.value.reason) == (4008, "too slow")


async def test_a_cut_loses_what_is_on_its_way() -> None:
    near, far = wire_pair()
    near.send("lost")
    near.cut()
    for end in (near, far):
        with pytest.raises(WireClosed) as refusal:
            await end.receive()
        assert refusal.value.code == 1006
    near.send("dropped without an error")
    assert near.buffered_bytes == 0


async def test_a_cut_wakes_who_waits() -> None:
    near, far = wire_pair()
    waiting = asyncio.create_task(far.receive())
    await asyncio.sleep(0)
    near.cut()
    with pytest.raises(WireClosed):
        await waiting


async def test_a_stall_counts_as_buffered_until_it_flows() -> None:
    near, far = wire_pair()
    near.stall()
    near.send(b"12345")
    assert near.buffered_bytes == 5
    near.flow()
    assert near.buffered_bytes == 5  # delivered, not received yet
    assert await far.receive() == b"12345"
    assert near.buffered_bytes == 0


async def test_a_peer_that_never_reads_breaks_the_wire() -> None:
    near, _far = wire_pair()
    half = b"x" * (MAX_BUFFERED_BYTES // 2)
    near.send(half)
    near.send(half)
    assert not near.is_closed
    near.send(b"one more")
    assert near.is_closed
