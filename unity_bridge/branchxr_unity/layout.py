"""The one binary layout between Python and C#: the block, its rings and slabs, and every record.

The C# side is written from these tables (`python -m branchxr_unity.csharp`), the Python side reads
them as they are. Both carriers use them: in process the records stand in the block's rings, beside
the game they cross a WebSocket. Little endian throughout; every record is padded to 8 bytes, and no
record is cut in two. A change of any table is a change of `VERSION`.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

VERSION: Final = 1
MAGIC: Final = 0x42525842
"""`BXRB` in memory."""

ALIGN: Final = 8
COMMANDS_BYTES: Final = 1 << 20
"""Of the ring from Python to C#: a second of 40 full cells at 20 Hz."""

EVENTS_BYTES: Final = 1 << 18
"""Of the ring from C# to Python."""

RECORD_MAX: Final = 1 << 18
"""Payload of one record: a quarter of the larger ring; 4,096 nodes at once are 147 KB."""

EVENT_MAX: Final = 1 << 15
PUPPETS_MAX: Final = 1024
POSE_FLOATS: Final = 22
"""Of a puppet: position and rotation of head, left and right hand, and its flags as a number."""

POSE_BYTES: Final = POSE_FLOATS * 4
SLABS: Final = 3
SUBPROTOCOL: Final = "branchxr.unity.1"
UPLINK_BYTES: Final = 38


class Type(StrEnum):
    """What a field can be. Counts and lengths are u32 before what they count."""

    BOOL = "bool"
    U16 = "u16"
    U32 = "u32"
    U64 = "u64"
    I32 = "i32"
    F32 = "f32"
    TEXT = "text"
    """UTF-8."""
    BYTES = "bytes"
    FLOATS = "floats"
    """f32, flat."""
    IDS = "ids"
    """u32 index and u32 generation, counted as pairs."""
    REST = "rest"
    """Bytes up to the record's end, without a length."""


_COUNT_BYTES: Final = 4
_LEAST_BYTES: Final = {
    Type.BOOL: 1, Type.U16: 2, Type.U32: 4, Type.U64: 8, Type.I32: 4, Type.F32: 4, Type.REST: 0,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Many:
    """A list of structs."""

    of: "Struct"


@dataclass(frozen=True, slots=True)
class Struct:
    """Named fields in the order of their bytes."""

    name: str
    fields: tuple[tuple[str, "Type | Many"], ...]

    @property
    def least_bytes(self) -> int:
        """What it takes when all that is counted is empty: bounds how many there can be."""
        return sum(
            _COUNT_BYTES if isinstance(kind, Many) else _LEAST_BYTES.get(kind, _COUNT_BYTES)
            for _name, kind in self.fields
        )


@dataclass(frozen=True, slots=True)
class Record:
    """A message: its number and its payload."""

    code: int
    struct: Struct

    @property
    def name(self) -> str:
        """Lower snake case."""
        return self.struct.name

    @property
    def is_up(self) -> bool:
        """From C# to Python."""
        return self.code >= FIRST_UP


FIRST_UP: Final = 64
PADDING: Final = 0
"""Code of what fills the end of a ring when the next record does not fit there."""

B, U16, U32, U64, I32, F32 = Type.BOOL, Type.U16, Type.U32, Type.U64, Type.I32, Type.F32
TEXT, BYTES, FLOATS, IDS, REST = Type.TEXT, Type.BYTES, Type.FLOATS, Type.IDS, Type.REST

POINT: Final = (("x", F32), ("y", F32), ("z", F32))
TURN: Final = (("turn_x", F32), ("turn_y", F32), ("turn_z", F32), ("turn_w", F32))
WHERE: Final = (("positions", FLOATS), ("rotations", FLOATS))

FILE = Struct("scene_file", (("path", TEXT), ("sha256", TEXT)))
CELL = Struct("cell_place", (("id", U32), *POINT))
ANCHOR = Struct("anchor_place", (("path", TEXT), ("kind", TEXT), *POINT, *TURN))
FIELD = Struct("panel_field", (("name", TEXT), ("label", TEXT), ("value", TEXT)))
BUTTON = Struct("panel_button", (("name", TEXT), ("label", TEXT)))
ACCOUNT = Struct(
    "account_line", (("id", TEXT), ("name", TEXT), ("currency", TEXT), ("balance", TEXT))
)
PATH = Struct("node_path", (("path", TEXT),))
FILLED = Struct("filled_field", (("name", TEXT), ("value", TEXT)))


def _record(code: int, name: str, *fields: tuple[str, "Type | Many"]) -> Record:
    return Record(code, Struct(name, fields))


RECORDS: Final = (
    # --- commands: Python to C# ---
    _record(1, "hello", ("version", U16), ("taken", U64), ("python", TEXT)),
    _record(2, "frame", ("frame", REST)),
    _record(3, "puppets", ("nodes", IDS), ("poses", FLOATS)),
    _record(4, "heartbeat", ("count", U64)),
    _record(5, "taken", ("position", U64)),
    _record(6, "pong", ("stamp", U64)),
    _record(7, "fault", ("code", TEXT), ("expected", TEXT), ("came", TEXT), ("remedy", TEXT)),
    _record(30, "branch", ("name", TEXT), ("is_development", B), ("rp_id", TEXT)),
    _record(8, "you", ("participant", TEXT), ("name", TEXT), ("role", TEXT), ("slot", I32),
            ("is_signed_in", B)),
    _record(9, "present", ("id", TEXT), ("name", TEXT), ("role", TEXT), ("slot", U32),
            ("generation", U32)),
    _record(10, "left", ("id", TEXT)),
    _record(11, "heard", ("name", TEXT), ("role", TEXT), ("is_own", B), ("text", TEXT),
            ("is_emote", B)),
    _record(12, "place", *POINT, ("turns", B), ("yaw", F32)),
    _record(13, "path", ("anchor", TEXT), ("is_found", B), ("points", FLOATS)),
    _record(14, "scene", ("base", TEXT), ("files", Many(FILE))),
    _record(15, "cells", ("cells", Many(CELL))),
    _record(16, "anchors", ("anchors", Many(ANCHOR))),
    _record(17, "panel", ("name", TEXT), ("title", TEXT), ("text", TEXT), ("anchor", TEXT),
            ("fields", Many(FIELD)), ("buttons", Many(BUTTON))),
    _record(18, "panel_closed", ("name", TEXT)),
    _record(19, "accounts", ("accounts", Many(ACCOUNT))),
    _record(20, "notice", ("level", TEXT), ("title", TEXT), ("text", TEXT)),
    _record(21, "busy", ("what", TEXT)),
    _record(22, "branch_link", ("is_connected", B)),
    _record(23, "spawn", ("model", TEXT), ("nodes", IDS), *WHERE),
    _record(24, "move", ("nodes", IDS), *WHERE),
    _record(25, "remove", ("nodes", IDS)),
    _record(26, "live", ("paths", Many(PATH)), *WHERE),
    _record(27, "ask", ("id", TEXT), ("canonical", BYTES)),
    _record(28, "ask_over", ("id", TEXT)),
    _record(29, "ended", ("code", TEXT), ("title", TEXT), ("text", TEXT)),
    # --- events: C# to Python ---
    _record(64, "pose", ("uplink", REST)),
    _record(65, "ping", ("stamp", U64)),
    _record(66, "press", ("panel", TEXT), ("button", TEXT), ("fields", Many(FILLED))),
    _record(67, "select", ("path", TEXT), ("has_node", B), ("index", U32), ("generation", U32)),
    _record(68, "arrived", ("anchor", TEXT), ("kind", TEXT)),
    _record(69, "visible", ("is_visible", B)),
    _record(70, "go", ("anchor", TEXT), *POINT),
    _record(71, "chat", ("text", TEXT)),
    _record(72, "emote", ("emote", TEXT)),
    _record(73, "sign_in", ("how", TEXT), ("name", TEXT)),
    _record(74, "sign_out"),
    _record(75, "confirm", ("id", TEXT), ("challenge", BYTES)),
    _record(76, "refuse", ("id", TEXT), ("code", TEXT)),
    _record(77, "bye"),
)  # fmt: skip

BY_NAME: Final = {record.name: record for record in RECORDS}
BY_CODE: Final = {record.code: record for record in RECORDS}

RECORD_HEADER: Final = (("size", U32), ("code", U16), ("reserved", U16))
"""Before each payload; `size` is the payload's, without its padding."""

BATCH_HEADER: Final = (("position", U64),)
"""Before the records of one WebSocket message: how many bytes of records went before it."""


# --- the block ----------------------------------------------------------------------------------
# Whoever writes a counter has it on a cache line of its own, so that the two threads do not fight
# over lines. Counters are whole 64-bit words, written in one store each.

BLOCK_HEADER: Final = (
    # name, type, offset
    ("magic", U32, 0),
    ("version", U16, 4),
    ("header_bytes", U16, 6),
    ("block_bytes", U64, 8),
    ("identity", U64, 16),  # of this block: what is left over from another process is told apart
    ("commands_offset", U32, 24),
    ("commands_bytes", U32, 28),
    ("events_offset", U32, 32),
    ("events_bytes", U32, 36),
    ("slabs_offset", U32, 40),
    ("slab_bytes", U32, 44),
    ("puppets_max", U32, 48),
    ("pose_floats", U32, 52),
    # written by Python, or by the carrier's thread for it
    ("commands_written", U64, 64),
    ("commands_dropped", U64, 72),
    ("events_read", U64, 128),
    ("heartbeat", U64, 136),
    ("python_state", U64, 144),
    ("slab_published", U64, 192),
    # written by the game's main thread
    ("commands_read", U64, 256),
    ("events_written", U64, 320),
    ("events_dropped", U64, 328),
    ("poses_dropped", U64, 336),
    ("slab_held", U64, 384),  # the slab that is being read, or NO_SLAB
    ("fence", U64, 448),  # odd: Python stays out; another even number: greet anew
)
HEADER_BYTES: Final = 512

SLAB_SEQUENCE_SHIFT: Final = 16
"""A published word is `sequence << 16 | count << 2 | slab`; a slab is ids, then poses."""

PUPPETS_LIMIT: Final = (1 << 14) - 1
NO_SLAB: Final = 3
"""What `slab_held` says while nothing is read."""


class PythonState(StrEnum):
    """What the Python side of the block is doing; its number in the block is its place here."""

    ABSENT = "absent"
    RUNNING = "running"
    FENCED = "fenced"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Sizes:
    """How large the parts of a block are; the defaults do for 200 people and 1,024 puppets."""

    commands_bytes: int = COMMANDS_BYTES
    events_bytes: int = EVENTS_BYTES
    puppets_max: int = PUPPETS_MAX

    @property
    def slab_bytes(self) -> int:
        """Ids, then poses; whole cache lines."""
        return _up(self.puppets_max * (8 + POSE_BYTES), 64)

    @property
    def block_bytes(self) -> int:
        """All of it."""
        return HEADER_BYTES + self.commands_bytes + self.events_bytes + SLABS * self.slab_bytes


def _up(size: int, step: int) -> int:
    return (size + step - 1) // step * step
