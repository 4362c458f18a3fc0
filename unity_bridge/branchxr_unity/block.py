"""The block: memory that the game owns, and Python writes to without asking anybody.

Each counter has one writer. What it counts is written before it, in that order for both sides:
`Fence` sees to that. No address of C# code ever comes here, so that a game may throw its code
away (a domain reload) while Python goes on.
"""

import ctypes
from collections.abc import Iterator
from typing import Any, Final

import numpy as np

from branchxr.errors import ProtocolError

from . import layout
from .codec import HEADER, split
from .fence import Fence
from .layout import ALIGN, Record
from .slabs import Slabs

_WORD: Final = {name: at // 8 for name, _type, at in layout.BLOCK_HEADER if at % 8 == 0}
"""Where each 64-bit counter is, in words."""


class Block:
    """The Python side of a block.

    Args:
        memory: of the whole block, writable; header filled in by C# (or `create`).

    Attributes:
        commands: to C#.
        events: from C#.
        puppets: the slabs.

    Raises:
        ProtocolError: `block_refused`: no block, of another version, or cut short.
    """

    def __init__(self, memory: memoryview) -> None:
        self._bytes = memory.cast("B")
        header = _read_header(self._bytes)
        # One store and one load each: `struct.pack_into` would write byte by byte, and a reader on
        # another core could see half a counter.
        self._words = self._bytes[: layout.HEADER_BYTES].cast("Q")
        self.identity: int = header["identity"]
        fence = Fence()
        commands = slice(
            header["commands_offset"], header["commands_offset"] + header["commands_bytes"]
        )
        events = slice(header["events_offset"], header["events_offset"] + header["events_bytes"])
        self.commands = RingWriter(
            self._bytes[commands], self._words, ("commands_written", "commands_read"), fence
        )
        self.events = RingReader(
            self._bytes[events], self._words, ("events_written", "events_read"), fence
        )
        self.puppets = Slabs(
            self._bytes[header["slabs_offset"] :],
            published=self._counter("slab_published"),
            held=self._counter("slab_held"),
            puppets_max=header["puppets_max"],
            slab_bytes=header["slab_bytes"],
            fence=fence,
        )

    @classmethod
    def at(cls, address: int, size: int) -> "Block":
        """Take a block by its address; it must stay until Python has been fenced."""
        return cls(memoryview((ctypes.c_ubyte * size).from_address(address)).cast("B"))

    @classmethod
    def create(cls, sizes: layout.Sizes | None = None, *, identity: int = 1) -> "Block":
        """Make a block in Python's own memory, as C# does: for tests and benchmarks."""
        chosen = sizes or layout.Sizes()
        # 64 bytes more, to begin at a cache line.
        raw = np.zeros(chosen.block_bytes + 64, np.uint8)
        start = -raw.ctypes.data % 64
        memory = raw[start : start + chosen.block_bytes]
        events_at = layout.HEADER_BYTES + chosen.commands_bytes
        values = {
            "magic": layout.MAGIC, "version": layout.VERSION, "header_bytes": layout.HEADER_BYTES,
            "block_bytes": chosen.block_bytes, "identity": identity,
            "commands_offset": layout.HEADER_BYTES, "commands_bytes": chosen.commands_bytes,
            "events_offset": events_at, "events_bytes": chosen.events_bytes,
            "slabs_offset": events_at + chosen.events_bytes, "slab_bytes": chosen.slab_bytes,
            "puppets_max": chosen.puppets_max, "pose_floats": layout.POSE_FLOATS,
        }  # fmt: skip
        for name, kind, at in layout.BLOCK_HEADER:
            if name in values:
                width = _WIDTHS[kind]
                memory[at : at + width] = list(values[name].to_bytes(width, "little"))
        return cls(memoryview(memory.data))

    def _counter(self, name: str) -> memoryview:
        return self._words[_WORD[name] : _WORD[name] + 1]

    def word(self, name: str) -> int:
        """Return a counter of the header."""
        return self._words[_WORD[name]]

    def set_word(self, name: str, value: int) -> None:
        """Set a counter that this side writes."""
        self._words[_WORD[name]] = value

    def release(self) -> None:
        """Let go of the memory: every later use raises `ValueError` instead of touching it."""
        self.commands.release()
        self.events.release()
        self.puppets.release()
        self._words.release()


class RingWriter:
    """Puts records into a ring; a record that does not fit is not put, never cut."""

    def __init__(
        self, memory: memoryview, words: memoryview, names: tuple[str, str], fence: Fence
    ) -> None:
        self._memory = memory
        self._size = len(memory)
        self._words = words
        self._written_at, self._read_at = (_WORD[name] for name in names)
        self._fence = fence

    @property
    def free_bytes(self) -> int:
        """How much room there is."""
        return self._size - (self._words[self._written_at] - self._words[self._read_at])

    def put(self, records: bytes) -> bool:
        """Put one record, header and padding included; say whether there was room."""
        words, size = self._words, len(records)
        written = words[self._written_at]
        at = written % self._size
        to_end = self._size - at
        padding = to_end if size > to_end else 0
        if self._size - (written - words[self._read_at]) < size + padding:
            return False
        if padding:
            HEADER.pack_into(self._memory, at, to_end - HEADER.size, layout.PADDING, 0)
            at = 0
        self._memory[at : at + size] = records
        self._fence.stores()
        words[self._written_at] = written + padding + size
        return True

    def count_dropped(self, name: str, count: int = 1) -> None:
        """Count what was dropped for want of room."""
        self._words[_WORD[name]] += count

    def release(self) -> None:
        """Let go of the memory."""
        self._memory.release()


class RingReader:
    """Takes records out of a ring."""

    def __init__(
        self, memory: memoryview, words: memoryview, names: tuple[str, str], fence: Fence
    ) -> None:
        self._memory = memory
        self._size = len(memory)
        self._words = words
        self._written_at, self._read_at = (_WORD[name] for name in names)
        self._fence = fence

    def take(self, most_bytes: int = layout.EVENTS_BYTES) -> Iterator[tuple[Record, bytes]]:
        """Yield the records that wait; each is taken once the next is asked for.

        Raises:
            ProtocolError: `record_malformed`; the ring is emptied.
        """
        written = self._words[self._written_at]
        self._fence.stores()
        read = self._words[self._read_at]
        end = min(written, read + most_bytes)
        while read < end:
            at = read % self._size
            size, _code, _reserved = HEADER.unpack_from(self._memory, at)
            whole = HEADER.size + size + -size % ALIGN
            if at + whole > self._size or read + whole > written:
                self._words[self._read_at] = written
                raise ProtocolError(
                    "whole records in the ring", f"{size} bytes", "restart the branch",
                    code="record_malformed",
                )  # fmt: skip
            yield from split(self._memory[at : at + whole])
            read += whole
            self._fence.stores()
            self._words[self._read_at] = read

    def release(self) -> None:
        """Let go of the memory."""
        self._memory.release()


_WIDTHS: Final = {layout.Type.U16: 2, layout.Type.U32: 4, layout.Type.U64: 8}


def _read_header(memory: memoryview) -> dict[str, Any]:
    if len(memory) < layout.HEADER_BYTES:
        raise _refused(f"{layout.HEADER_BYTES} bytes of header", f"{len(memory)}")
    header = {
        name: int.from_bytes(memory[at : at + _WIDTHS[kind]], "little")
        for name, kind, at in layout.BLOCK_HEADER
    }
    if header["magic"] != layout.MAGIC:
        raise _refused(f"magic 0x{layout.MAGIC:08x}", f"0x{header['magic']:08x}")
    if header["version"] != layout.VERSION:
        raise _refused(f"layout version {layout.VERSION}", f"{header['version']}")
    ends = (
        header["commands_offset"] + header["commands_bytes"],
        header["events_offset"] + header["events_bytes"],
        header["slabs_offset"] + layout.SLABS * header["slab_bytes"],
    )
    wanted = header["puppets_max"] * (8 + layout.POSE_BYTES)
    if (
        header["block_bytes"] > len(memory)
        or max(ends) > header["block_bytes"]
        or header["pose_floats"] != layout.POSE_FLOATS
        or header["puppets_max"] > layout.PUPPETS_LIMIT
        or header["slab_bytes"] < wanted
        or any(header[size] & (header[size] - 1) for size in ("commands_bytes", "events_bytes"))
    ):
        raise _refused("sizes that fit one another", "others")
    return header


def _refused(expected: str, came: str) -> ProtocolError:
    return ProtocolError(
        expected, came, "use the package and the Python of one version", code="block_refused"
    )
