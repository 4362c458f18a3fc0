"""Three slabs of poses in a block: how Python shows puppets to a game without asking it.

What a frame costs is measured by `benchmarks/unity/block.py`. Tried, in microseconds of thread CPU
for 1,000 puppets, all in one run on a loaded machine where numpy copies the 88 KB in 3.2:

    publish: slices of both arrays assigned, as numpy does by itself          5.1
             the same, both through memoryviews made once                     3.6
             the same, and ids that cannot change copied once for each slab   3.3
    show:    a lock released and taken again as barrier, each attribute
             looked up where it is used                                       0.73
             one of the two at a time; what comes next looked up in a table   0.50

`ctypes.memmove` takes as long as numpy, a `ctypes` call as barrier longer than the lock. Then, on a
quiet machine where numpy copies in 2.6: all of that 3.8; with `show` written out inside `publish`,
and what is to be copied looked up once for each slab, 2.7 to 3.4 in four runs (medians).

Where an array lies matters more than all of that (Zen 3, glibc 2.36, `rep movsb`): from 2,112 bytes
on, a source that begins 1 to 31 bytes before the slab's place, modulo 4096, is copied 15 to 20
times slower, 88 KB in 30 to 50. At 0, at 32 and on the other side it is quick. An array begins at
any 16 bytes (88 KB are too few for pages of their own), the poses in a slab 8 bytes a puppet after
a cache line, so that one array of 256 lies so, two if the puppets are odd in number, and often the
same one in every run. It is copied aside first: 6.4 in place of 43.
"""

import ctypes
from collections.abc import Iterable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from branchxr.errors import InputRefused

from . import layout
from .fence import Fence
from .layout import POSE_BYTES, POSE_FLOATS

ID_BYTES: Final = 8
_STEP: Final = 1 << layout.SLAB_SEQUENCE_SHIFT
_FREE: Final = tuple(
    tuple(next(index for index in range(3) if index not in {shown, held}) for held in range(4))
    for shown in range(4)
)
"""Which slab is neither shown nor held. A game that holds none says 3."""
_PAGE: Final = 4096
_TOO_NEAR: Final = range(1, 32)
_QUICK_BYTES: Final = 2048
"""So few are copied in another way."""
_PLACES: Final = range(0, 9 * 16, 16)
"""Nine: each of three places, and the source, is too near to two of them at most."""

Ids = NDArray[np.uint32]
Poses = NDArray[np.float32]
_Copy = tuple[memoryview, memoryview]
"""To where, and what."""


class Slabs:
    """Poses of puppets: three slabs, of which one is shown, one may be read, and one is written.

    A slab's rows are whole: who writes one writes all of them. `publish` copies rows in (a memory
    copy, 88 KB for 1,000). Or write `ids` and `poses` themselves, and `show` them: nothing is
    copied then.

    Args:
        memory: of the slabs, one behind the other.
        published: the counter that this side writes, one 64-bit word.
        held: the counter that the game writes.
        puppets_max: rows of a slab.
        slab_bytes: from one slab to the next.
        fence: orders what is written here.

    Attributes:
        ids: `(puppets_max, 2) uint32` of the slab that nobody reads; another one after `show`.
        poses: `(puppets_max, 22) float32` of the same; its contents are those of an earlier slab.
    """

    __slots__ = (
        "_aside", "_barrier", "_bytes", "_copies", "_count", "_has_more", "_held", "_ids_of",
        "_next", "_other_barrier", "_own_sequence", "_poses_of", "_published", "_sequence",
        "_slabs", "_slow", "_stores", "_turns", "ids", "poses", "puppets_max",
    )  # fmt: skip

    def __init__(
        self,
        memory: memoryview,
        *,
        published: memoryview,
        held: memoryview,
        puppets_max: int,
        slab_bytes: int,
        fence: Fence,
    ) -> None:
        self._published, self._held = published, held
        # Taken out of the fence: a call of Python's own would cost as much as both.
        self._stores = None if fence.is_ordered else fence.stores
        self._barrier, self._other_barrier = fence.turns
        self.puppets_max = puppets_max
        self._bytes = [
            memory[index * slab_bytes : (index + 1) * slab_bytes] for index in range(layout.SLABS)
        ]
        self._slabs = [_arrays(slab, puppets_max) for slab in self._bytes]
        ids, poses = zip(*self._slabs, strict=True)
        self._slow = (slow_sources(map(_address, ids)), slow_sources(map(_address, poses)))
        self._turns = tuple(tuple((free, *self._slabs[free]) for free in row) for row in _FREE)
        word, shift = published[0], layout.SLAB_SEQUENCE_SHIFT
        self._sequence = self._own_sequence = word >> shift << shift
        self._next, self.ids, self.poses = self._turns[word & 3][held[0] & 3]
        # What was published last, and of each slab: where poses go, their bytes, and what to copy
        # before them; nothing once ids that stay as they are lie there.
        self._ids_of: Ids | None = None
        self._poses_of: Poses | None = None
        self._count = 0
        self._copies: list[tuple[memoryview, memoryview, tuple[_Copy, ...]]] = []
        self._aside: list[_Copy] = []
        self._has_more = True

    def publish(self, ids: Ids, poses: Poses) -> None:
        """Copy rows in and show them: `(n, 2)` ids and `(n, 22)` poses.

        The same two arrays time after time cost least. Ids that are read-only
        (`ids.flags.writeable`) are taken to stay as they are.

        Raises:
            InputRefused: `puppets_full` or `shape_refused`.
        """
        if (
            poses is not self._poses_of
            or ids is not self._ids_of
            or self._sequence != self._own_sequence  # written in place since: what ids, is unknown
        ):
            self._look_at(ids, poses)
        shown = self._next
        room, given, before = self._copies[shown]
        if before:
            for target, source in before:
                target[:] = source
            if not self._has_more:
                self._copies[shown] = room, given, ()
        room[:] = given
        # As `show`, whose call would be a tenth of it all.
        self._own_sequence = self._sequence = sequence = self._sequence + _STEP
        if self._stores is not None:
            self._stores()
        self._published[0] = self._count * 4 + shown + sequence
        barrier = self._barrier
        self._barrier = self._other_barrier
        self._other_barrier = barrier
        barrier()
        self._next, self.ids, self.poses = self._turns[shown][self._held[0] & 3]

    def show(self, count: int) -> None:
        """Publish the first `count` rows of `ids` and `poses`, and turn to another slab.

        One call, and no other inside it: the slab that comes next is chosen here (and not when it
        is first written, which took a second call and twice as long).
        """
        self._sequence = sequence = self._sequence + _STEP
        shown = self._next
        if self._stores is not None:
            self._stores()
        # Sequence, count and slab in one word: none is ever seen without the others. Sums, since
        # Python adds small numbers quicker than it shifts them.
        self._published[0] = count * 4 + shown + sequence
        # The reader says what it holds and looks again whether that is still the one shown; both
        # orders need a full barrier between a store and a load, or both could miss the other.
        barrier = self._barrier
        self._barrier = self._other_barrier
        self._other_barrier = barrier
        barrier()
        self._next, self.ids, self.poses = self._turns[shown][self._held[0] & 3]

    def release(self) -> None:
        """Let go of the memory: every later use raises `ValueError` instead of touching it."""
        for view in (self._published, self._held, *(room for room, _, _ in self._copies)):
            view.release()
        self._copies.clear()
        self._slabs.clear()
        self._bytes.clear()
        self._turns = ()
        self._ids_of = self._poses_of = None
        self.ids, self.poses = np.zeros((0, 2), np.uint32), np.zeros((0, POSE_FLOATS), np.float32)

    def _look_at(self, ids: Ids, poses: Poses) -> None:
        """Take arrays that are not those of the last time."""
        self._published[0]  # raises after `release`
        count = len(ids)
        if count > self.puppets_max:
            raise InputRefused(
                f"at most {self.puppets_max} puppets", f"{count}", "remove some first",
                code="puppets_full",
            )  # fmt: skip
        plain_ids = np.ascontiguousarray(ids, "<u4")
        plain_poses = np.ascontiguousarray(poses, "<f4")
        if plain_ids.shape != (count, 2) or plain_poses.shape != (count, POSE_FLOATS):
            raise InputRefused(
                f"ids ({count}, 2) and poses ({count}, {POSE_FLOATS})",
                f"{plain_ids.shape} and {plain_poses.shape}", "check the arrays",
                code="shape_refused",
            )  # fmt: skip
        slow_ids, slow_poses = self._slow
        self._aside = []
        given_ids, given = self._placed(plain_ids, slow_ids), self._placed(plain_poses, slow_poses)
        rooms = [self._room(slab, count) for slab in self._bytes]
        self._copies = [
            (room, given, (*self._aside, (room_of_ids, given_ids))) for room_of_ids, room in rooms
        ]
        self._count = count
        # A copy that was made here is good for this once.
        self._ids_of = ids if plain_ids is ids else None
        self._poses_of = poses if plain_poses is poses else None
        self._has_more = bool(self._aside) or plain_ids.flags.writeable
        self._own_sequence = self._sequence

    def _placed(self, rows: Ids | Poses, slow: frozenset[int]) -> memoryview:
        """Return the bytes of rows, or room for them that lies better, to be filled each time."""
        given = _as_bytes(rows)
        if len(given) < _QUICK_BYTES:
            return given
        source = _address(rows)
        if source % _PAGE not in slow:
            return given
        raw = np.empty(len(given) + _PLACES.stop, np.uint8)
        base = _address(raw)
        start = next(
            start
            for start in _PLACES
            if (base + start) % _PAGE not in slow
            and (base + start - source) % _PAGE not in _TOO_NEAR
        )
        aside = raw[start : start + len(given)].data
        self._aside.append((aside, given))
        return aside

    def _room(self, slab: memoryview, count: int) -> tuple[memoryview, memoryview]:
        start = self.puppets_max * ID_BYTES
        return slab[: count * ID_BYTES], slab[start : start + count * POSE_BYTES]


def slow_sources(places: Iterable[int]) -> frozenset[int]:
    """Return where in its page a source lies that is copied slowly to one of these addresses."""
    return frozenset((place - near) % _PAGE for place in places for near in _TOO_NEAR)


def _address(rows: NDArray[Any]) -> int:
    view = rows.data
    if view.readonly or not view.nbytes:
        return rows.ctypes.data
    return ctypes.addressof(ctypes.c_char.from_buffer(view))  # a third of the time


def _as_bytes(rows: Ids | Poses) -> memoryview:
    # Not `cast`, which refuses what is empty.
    return rows.reshape(-1).view(np.uint8).data


def _arrays(slab: memoryview, most: int) -> tuple[Ids, Poses]:
    raw = np.frombuffer(slab, np.uint8)
    ids = raw[: most * ID_BYTES].view("<u4").reshape(most, 2)
    poses = raw[most * ID_BYTES : most * (ID_BYTES + POSE_BYTES)].view("<f4")
    return ids, poses.reshape(most, POSE_FLOATS)
