"""The block by itself: rings that are full, that wrap, that lie; slabs that nobody tears."""

import random

import numpy as np
import pytest

from branchxr.errors import InputRefused, ProtocolError
from branchxr_unity import codec, layout
from branchxr_unity.block import Block, Fence, RingReader
from branchxr_unity.layout import Sizes

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


def test_a_fence_of_any_machine_is_callable() -> None:
    for machine in ("x86_64", "aarch64"):
        fence = Fence(machine=machine)
        fence.stores()
        fence.release()
        fence.acquire()
