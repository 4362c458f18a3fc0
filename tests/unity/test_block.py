"""The block by itself: rings that are full, that wrap, that lie; slabs that nobody tears."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
import pytest

from branchxr.errors import InputRefused, ProtocolError
from branchxr_unity import codec, layout
from branchxr_unity.block import Block, RingReader
from branchxr_unity.fence import Fence
from branchxr_unity.game import Player
from branchxr_unity.inside import Inside
from branchxr_unity.layout import Sizes
from branchxr_unity.puppets import Puppets
from branchxr_unity.slabs import slow_sources
from branchxr_unity.stage import SlabSink

SMALL = Sizes(commands_bytes=256, events_bytes=256, puppets_max=4)
READ = 256 // 8
HELD = 384 // 8


def game_side(block: Block) -> RingReader:
    """What C# has: the other end of the ring of commands."""
    names = ("commands_written", "commands_read")
    return RingReader(block.commands._memory, block._words, names, Fence())


def test_records_come_out_as_they_went_in_whatever_their_length() -> None:
    block = Block.create(SMALL)
    reader, chance = game_side(block), random.Random(3)
    sent: list[bytes] = []
    came: list[bytes] = []
    for number in range(2000):
        frame = number.to_bytes(4, "little") + chance.randbytes(chance.randrange(90))
        if block.commands.put(codec.wrap(2, frame)):
            sent.append(frame)
        if chance.random() < 0.4:
            came += [payload for _, payload in reader.take()]
    came += [payload for _, payload in reader.take()]
    assert came == sent
    assert 300 < len(sent) < 2000  # it was full now and then, and went round many times


def test_a_full_ring_takes_nothing_and_cuts_nothing() -> None:
    block = Block.create(SMALL)
    record = codec.wrap(2, bytes(56))
    assert [block.commands.put(record) for _ in range(5)] == [True] * 4 + [False]
    assert block.commands.free_bytes == 0
    block.commands.count_dropped("commands_dropped")
    assert block.word("commands_dropped") == 1
    assert len(list(game_side(block).take())) == 4
    assert block.commands.put(record)


def test_a_record_is_taken_only_once_it_was_handled() -> None:
    block = Block.create(SMALL)
    for number in range(3):
        block.commands.put(codec.pack("heartbeat", count=number))
    taking = game_side(block).take()
    next(taking)
    next(taking)
    taking.close()  # the second was being handled when it ended
    left = [codec.unpack(record, payload)["count"] for record, payload in game_side(block).take()]
    assert left == [1, 2]


def test_a_ring_that_lies_is_emptied() -> None:
    block = Block.create(SMALL)
    block.commands.put(codec.wrap(2, bytes(40)))
    block.commands._memory[0:4] = (5000).to_bytes(4, "little")
    with pytest.raises(ProtocolError) as caught:
        list(game_side(block).take())
    assert caught.value.code == "record_malformed"
    assert list(game_side(block).take()) == []


def poses(count: int, value: float) -> np.ndarray:
    return np.full((count, layout.POSE_FLOATS), value, np.float32)


def test_a_slab_that_is_read_is_never_written() -> None:
    block = Block.create(SMALL)
    ids = np.array([[1, 1], [2, 1]], np.uint32)
    chance = random.Random(1)
    held, expected = 3, 0.0
    for turn in range(1, 500):
        block.puppets.publish(ids, poses(2, turn))
        if held != 3:
            assert (block.puppets._slabs[held][1][:2] == expected).all()
        if chance.random() < 0.4:
            word = block.word("slab_published")
            held, expected = word & 3, float(turn)
            block.set_word("slab_held", held)
            assert word >> 2 & layout.PUPPETS_LIMIT == 2
            assert word >> layout.SLAB_SEQUENCE_SHIFT == turn


def test_rows_are_written_in_place() -> None:
    block = Block.create(SMALL)
    rows = block.puppets.poses
    block.puppets.ids[:1], rows[:1] = (7, 2), 4.5
    block.puppets.show(1)
    shown = block.word("slab_published") & 3
    assert (block.puppets._slabs[shown][1][0] == 4.5).all()
    assert block.puppets.poses is not rows


def shown(block: Block) -> tuple[np.ndarray, np.ndarray]:
    """What the game would take: the rows of the slab that is published."""
    word = block.word("slab_published")
    count = word >> 2 & layout.PUPPETS_LIMIT
    slab_ids, slab_poses = block.puppets._slabs[word & 3]
    return slab_ids[:count].copy(), slab_poses[:count].copy()


@pytest.mark.parametrize("seed", range(5))
def test_what_is_shown_is_what_was_given_however_it_was_given(seed: int) -> None:
    """The same arrays again, changed, with fixed ids, of other types and strides, or in place."""
    block, chance = Block.create(SMALL), np.random.default_rng(seed)
    ids, rows = np.zeros((0, 2), np.uint32), poses(0, 0)
    for turn in range(400):
        way = chance.integers(7)
        if way < 2:  # others
            count = int(chance.integers(5))
            ids = chance.integers(1, 9, (count, 2)).astype(np.uint32)
            rows = chance.random((count, layout.POSE_FLOATS)).astype(np.float32)
            ids.flags.writeable = bool(chance.integers(2))
        elif way == 2 and len(ids):  # rows in place, with ids of their own
            block.puppets.ids[:1], block.puppets.poses[:1] = (turn, 1), turn
            block.puppets.show(1)
            assert shown(block)[0].tolist() == [[turn, 1]]
            assert (shown(block)[1] == turn).all()
            continue
        elif way == 3:
            rows += 1
            if ids.flags.writeable:
                ids += 1
        given_ids, given_rows = ids, rows
        if way == 4:
            given_ids, given_rows = ids.astype(np.int64), rows.astype(np.float64)
        elif way == 5:
            given_ids, given_rows = np.asfortranarray(ids), np.repeat(rows, 2, axis=0)[::2]
        elif way == 6:
            rows = rows.copy()  # the same ids with other poses
            given_rows = rows
        block.puppets.publish(given_ids, given_rows)
        held = int(chance.integers(4))
        if held == 3 or block.word("slab_published") & 3 == held:
            block.set_word("slab_held", held)
        assert np.array_equal(shown(block)[0], ids)
        assert np.array_equal(shown(block)[1], rows)


def test_where_the_poses_of_a_slab_begin_for_every_number_of_puppets() -> None:
    """From a line on they are quick to copy to, but for three of eight."""
    slow = set()
    for puppets_max in range(1, layout.PUPPETS_LIMIT + 1):
        sizes = Sizes(puppets_max=puppets_max)
        first = layout.HEADER_BYTES + sizes.commands_bytes + sizes.events_bytes
        places = {
            (first + index * sizes.slab_bytes + puppets_max * 8) % 64
            for index in range(layout.SLABS)
        }
        assert places == {puppets_max % 8 * 8}
        if any(source % 64 == 0 for source in slow_sources(places)):
            slow.add(puppets_max % 8)
    assert slow == {1, 2, 3}


def test_puppets_keep_their_poses_at_a_line() -> None:
    sink = SlabSink(Block.create(SMALL).puppets)
    assert [Puppets(sink)._poses.ctypes.data % 64 for _ in range(5)] == [0] * 5


MANY = Sizes(commands_bytes=256, events_bytes=256, puppets_max=300)


def before(place: np.ndarray, near: int) -> np.ndarray:
    """An array as the other, so many bytes before it modulo a page."""
    raw = np.zeros(place.nbytes + 4096, np.uint8)
    start = (place.ctypes.data - near - raw.ctypes.data) % 4096
    return raw[start : start + place.nbytes].view(place.dtype).reshape(place.shape)


@pytest.mark.parametrize("near", [1, 8, 16, 31])
@pytest.mark.parametrize("slab", range(layout.SLABS))
def test_rows_that_lie_too_near_are_copied_through_a_better_place(slab: int, near: int) -> None:
    block = Block.create(MANY)
    ids, rows = (before(place, near) for place in block.puppets._slabs[slab])
    for turn in range(1, 5):
        ids[:], rows[:] = turn, turn / 2
        block.puppets.publish(ids, rows)
        assert np.array_equal(shown(block)[0], ids)
        assert np.array_equal(shown(block)[1], rows)
    assert len(block.puppets._aside) == 2
    _, of_poses, before_them = block.puppets._copies[0]
    given = before_them[-1][1], of_poses
    for each, slow, source in zip(given, block.puppets._slow, (ids, rows), strict=True):
        aside = np.frombuffer(each, np.uint8).ctypes.data
        assert aside % 4096 not in slow
        assert source.ctypes.data % 4096 not in slow_sources([aside])


@pytest.mark.parametrize("near", [0, 32, -1])
def test_rows_that_lie_well_are_not(near: int) -> None:
    block = Block.create(Sizes(puppets_max=512))  # whole pages: the slabs lie alike
    ids, rows = (before(place, near) for place in block.puppets._slabs[0])
    block.puppets.publish(ids, rows)
    assert block.puppets._aside == []


def test_few_rows_may_lie_anywhere() -> None:
    block = Block.create(MANY)
    ids, rows = (before(place, 16)[:20] for place in block.puppets._slabs[0])
    block.puppets.publish(ids, rows)
    assert block.puppets._aside == []


def test_rows_of_another_shape_are_refused_and_nothing_is_shown() -> None:
    block = Block.create(SMALL)
    for ids, rows in ((np.zeros((2, 2)), poses(1, 0)), (np.zeros((1, 3)), poses(1, 0))):
        with pytest.raises(InputRefused) as caught:
            block.puppets.publish(ids.astype(np.uint32), rows)
        assert caught.value.code == "shape_refused"
    assert block.word("slab_published") == 0


def test_memory_that_was_let_go_is_not_touched() -> None:
    block = Block.create(SMALL)
    ids, rows = np.zeros((1, 2), np.uint32), poses(1, 1)
    block.puppets.publish(ids, rows)
    block.release()
    for use in (
        lambda: block.puppets.publish(ids, rows),
        lambda: block.puppets.publish(ids.copy(), rows),
        lambda: block.puppets.show(1),
    ):
        with pytest.raises(ValueError, match="released"):
            use()


def test_more_puppets_than_there_is_room_for_are_refused() -> None:
    with pytest.raises(InputRefused) as caught:
        Block.create(SMALL).puppets.publish(np.zeros((5, 2), np.uint32), poses(5, 0))
    assert caught.value.code == "puppets_full"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("magic", 1),
        ("version", 2),
        ("commands_offset", 1 << 30),
        ("commands_bytes", 3),
        ("slab_bytes", 64),
        ("block_bytes", 1 << 40),
        ("puppets_max", layout.PUPPETS_LIMIT + 1),
        ("pose_floats", 7),
    ],
)
def test_a_block_of_another_layout_is_refused(name: str, value: int) -> None:
    block = Block.create(SMALL)
    at = {field: place for field, _, place in layout.BLOCK_HEADER}[name]
    width = 2 if name == "version" else 8 if name == "block_bytes" else 4
    block._bytes[at : at + width] = value.to_bytes(width, "little")
    with pytest.raises(ProtocolError) as caught:
        Block(block._bytes)
    assert caught.value.code == "block_refused"


@pytest.mark.parametrize("machine", ["x86_64", "AMD64", "aarch64", "arm64"])
def test_a_fence_of_any_machine_can_be_called_for_ever(machine: str) -> None:
    fence = Fence(machine=machine)
    assert fence.is_ordered == (machine in {"x86_64", "AMD64"})
    for _ in range(3):
        fence.stores()
        for turn in fence.turns:
            turn()


def test_slabs_on_a_machine_without_an_order_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("branchxr_unity.block.Fence", lambda: Fence(machine="aarch64"))
    block = Block.create(SMALL)
    for turn in range(5):
        block.puppets.publish(np.array([[turn, 1]], np.uint32), poses(1, turn))
        assert (shown(block)[1] == turn).all()


async def test_python_that_can_show_nothing_any_more_does_not_go_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    @asynccontextmanager
    async def nobody_answers(*_: object, **__: object) -> AsyncIterator[Any]:
        await asyncio.Event().wait()
        yield

    async def fails(*_: object) -> None:
        raise OverflowError("a number that no record holds")

    monkeypatch.setattr(Inside, "_put", fails)
    async with asyncio.timeout(10):
        with pytest.raises(OverflowError):
            await Inside(Block.create(), Player(connect=nobody_answers)).run()
