"""The one binary layout: both sides write the same bytes, and what is generated is current."""

import random
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import numpy as np
import pytest

from branchxr.errors import ProtocolError
from branchxr_unity import codec, csharp, layout
from branchxr_unity.layout import Many, Record, Struct, Type

from .conftest import Playing

TEXTS = ("", "Ada", "Ünïcødé ★", "日本語", "😀 and\nlines\t", "x" * 300)


def value_of(kind: Type | Many, chance: random.Random) -> Any:
    if isinstance(kind, Many):
        return [values_of(kind.of, chance) for _ in range(chance.randrange(4))]
    count = chance.randrange(5)
    pairs = [[chance.randrange(1 << 32), chance.randrange(1 << 32)] for _ in range(count)]
    return {
        Type.BOOL: chance.random() < 0.5,
        Type.U16: chance.randrange(1 << 16),
        Type.U32: chance.randrange(1 << 32),
        Type.U64: chance.randrange(1 << 64),
        Type.I32: chance.randrange(-(1 << 31), 1 << 31),
        Type.F32: float(np.float32(chance.uniform(-100, 100))),
        Type.TEXT: chance.choice(TEXTS),
        Type.BYTES: chance.randbytes(count * 7),
        Type.REST: chance.randbytes(count * 7),
        Type.FLOATS: np.array([chance.uniform(-9, 9) for _ in range(count)], np.float32),
        Type.IDS: np.array(pairs, np.uint32).reshape(-1, 2),
    }[kind]


def values_of(struct: Struct, chance: random.Random) -> dict[str, Any]:
    return {name: value_of(kind, chance) for name, kind in struct.fields}


def samples() -> Iterator[tuple[Record, dict[str, Any]]]:
    chance = random.Random(7)
    for record in layout.RECORDS:
        for _ in range(6):
            yield record, values_of(record.struct, chance)


def is_same(came: Any, sent: Any) -> bool:
    if isinstance(sent, np.ndarray):
        return bool(np.array_equal(came, sent))
    if isinstance(sent, dict):
        return all(is_same(came[name], value) for name, value in sent.items())
    if isinstance(sent, list):
        return len(came) == len(sent) and all(map(is_same, came, sent))
    return bool(came == sent)


def test_what_is_written_is_read() -> None:
    for record, values in samples():
        packed = codec.pack(record.name, **values)
        assert len(packed) % layout.ALIGN == 0
        [(found, payload)] = codec.split(packed)
        assert found is record
        assert is_same(codec.unpack(record, payload), values), record.name


@pytest.mark.tool
async def test_csharp_writes_the_same_bytes(playing: Playing) -> None:
    async with playing(is_root=True) as game:
        for record, values in samples():
            packed = codec.pack(record.name, **values)
            answer = await game.call("rewrite", packed.hex())
            assert answer["hex"] == packed.hex(), record.name


@pytest.mark.tool
async def test_csharp_refuses_what_is_cut_off(playing: Playing) -> None:
    async with playing(is_root=True) as game:
        for record, values in samples():
            packed = codec.pack(record.name, **values)
            if record.struct.fields and record.struct.fields[-1][1] is not Type.REST:
                size = int.from_bytes(packed[:4], "little")
                for short in range(max(0, size - 9), size):
                    cut = short.to_bytes(4, "little") + packed[4:]
                    answer = await game.call("refuses", cut.hex())
                    assert answer["code"] == "record_malformed", (record.name, short)


def spoilt() -> Iterator[tuple[Record, bytes]]:
    """Payloads with bits turned, counts that lie, bytes too many; text that is no UTF-8."""
    chance = random.Random(8)
    for record, values in samples():
        packed = codec.pack(record.name, **values)
        payload = bytearray(packed[8 : 8 + int.from_bytes(packed[:4], "little")])
        if len(payload) >= 4:
            at = chance.randrange(len(payload) - 3)
            lie = chance.choice([0xFFFFFFFF, 0x80000000, 0x10000000, len(payload)])
            yield record, bytes(payload[:at]) + lie.to_bytes(4, "little") + payload[at + 4 :]
            payload[chance.randrange(len(payload))] ^= 1 << chance.randrange(8)
        yield record, bytes(payload)
        yield record, bytes(payload) + b"\0"
    for text in (b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xf0\x9f\x98"):
        yield layout.BY_NAME["left"], len(text).to_bytes(4, "little") + text


@pytest.mark.tool
async def test_csharp_refuses_what_python_refuses(playing: Playing) -> None:
    refused = 0
    async with playing(is_root=True) as game:
        for record, payload in spoilt():
            code = "none"
            with suppress(ProtocolError):
                code = "record_malformed"
                codec.unpack(record, payload)
                code = "none"
            answer = await game.call("refuses", codec.wrap(record.code, payload).hex())
            assert answer["code"] == code, (record.name, payload)
            refused += code != "none"
    assert refused > 200


def test_as_many_rows_as_there_can_be() -> None:
    for record in layout.RECORDS:
        for _name, kind in record.struct.fields:
            if isinstance(kind, Many):
                parts: list[bytes] = []
                codec._pack_struct(kind.of, empty(kind.of), parts)
                assert kind.of.least_bytes == len(b"".join(parts)), kind.of.name


def empty(struct: Struct) -> dict[str, Any]:
    return {
        name: "" if kind is Type.TEXT else [] if isinstance(kind, Many) else 0
        for name, kind in struct.fields
    }


def test_what_is_cut_off_is_refused() -> None:
    for record, values in samples():
        packed = codec.pack(record.name, **values)
        for end in range(1, len(packed), 5):
            if end < 8 + int.from_bytes(packed[:4], "little"):
                with pytest.raises(ProtocolError) as caught:
                    list(codec.split(packed[:end]))
                assert caught.value.code == "record_malformed"


def test_records_of_a_later_version_are_skipped() -> None:
    later = codec.wrap(900, b"new")
    assert [record.name for record, _ in codec.split(later + codec.pack("bye"))] == ["bye"]


def test_a_count_that_cannot_be_is_refused_at_once() -> None:
    payload = (0xFFFFFFFF).to_bytes(4, "little")
    for name in ("accounts", "remove", "panel_closed"):
        with pytest.raises(ProtocolError):
            codec.unpack(layout.BY_NAME[name], payload)


def test_too_long_is_refused_before_it_is_sent() -> None:
    with pytest.raises(ProtocolError) as caught:
        codec.pack("frame", frame=bytes(layout.RECORD_MAX + 1))
    assert caught.value.code == "record_too_long"


def test_the_generated_csharp_is_current() -> None:
    for name, text in csharp.files().items():
        assert (csharp.FOLDER / name).read_text(encoding="utf-8") == text, (
            "run: python -m branchxr_unity.csharp"
        )


def test_numbers_are_used_once_and_counters_stand_apart() -> None:
    codes = [record.code for record in layout.RECORDS]
    assert len(set(codes)) == len(codes)
    assert {record.is_up for record in layout.RECORDS} == {True, False}
    ends = 0
    for name, kind, at in layout.BLOCK_HEADER:
        width = {Type.U16: 2, Type.U32: 4, Type.U64: 8}[kind]
        assert at % width == 0, name
        assert at >= ends, name
        ends = at + width
    assert ends <= layout.HEADER_BYTES
    by_python = {"commands_written", "events_read", "slab_published"}
    by_game = {"commands_read", "events_written", "slab_held", "fence"}
    lines = {name: at // 64 for name, _, at in layout.BLOCK_HEADER}
    assert not {lines[name] for name in by_python} & {lines[name] for name in by_game}


def test_the_csharp_header_says_the_same_offsets() -> None:
    text = (csharp.FOLDER / "BlockLayout.g.cs").read_text()
    for name, _, at in layout.BLOCK_HEADER:
        assert re.search(rf"int {csharp.pascal(name)} = {at};", text), name
