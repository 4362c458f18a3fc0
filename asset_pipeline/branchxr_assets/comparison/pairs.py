"""Which object of one package is which of the other, also where it has another name now.

Paths tell, but for renamed objects, regrouped ones, and twins: of two chairs of one name the
second becomes the first when that is deleted. Those are known by what they are and where they are.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from .scene import MOVED_M, Item

_NUMBER: Final = re.compile(r"#\d+(?=/|$)")
"""What tells twins apart in a path (`branchxr_assets.tree.paths`)."""
_CELL_M: Final = 0.01
_PAIRS_MAX: Final = 10_000
"""Of twins that are held against one another for the nearest: a tenth of a second."""
_Sign = Callable[[Item], Hashable]


@dataclass(frozen=True, slots=True)
class Pair:
    """An object before and after; one of them `None` where it came or went."""

    old: Item | None
    new: Item | None

    @property
    def path(self) -> str:
        """As it is called now, or was at last."""
        known = self.new or self.old
        return "" if known is None else known.path


def pairs_of(old: Mapping[str, Item], new: Mapping[str, Item]) -> list[Pair]:
    """Match all objects of two scenes."""
    twins = _twins(old) | _twins(new)
    settled = {
        path
        for path in old.keys() & new.keys()
        if base(path) not in twins or _is_same(old[path], new[path])
    }
    match = _Match(
        {path: item for path, item in old.items() if path not in settled},
        {path: item for path, item in new.items() if path not in settled},
    )
    match.by_place(lambda item: (base(item.path), _sign(item)))
    match.by_place(lambda item: _sign(item) if _has_content(item) else None)
    match.by_place(lambda item: None if item.body is None else item.body.shape)
    match.in_order(lambda item: item.path)
    match.nearest(lambda item: base(item.path))
    counts = (Counter(map(_sign, old.values())), Counter(map(_sign, new.values())))
    match.in_order(
        lambda item: (
            sign
            if _has_content(item) and all(c[sign := _sign(item)] <= 1 for c in counts)
            else None
        )
    )
    known = {path: path for path in settled} | match.found
    match.by_children(known)
    known |= match.found
    return [
        *(Pair(old[one], new[other]) for one, other in known.items()),
        *(Pair(item, None) for item in match.old.values()),
        *(Pair(None, item) for item in match.new.values()),
    ]


def base(path: str) -> str:
    """Return a path without the numbers that tell twins apart."""
    return _NUMBER.sub("", path)


def parent(path: str) -> str:
    """Return the path of what an object hangs below; empty at the top."""
    return path.rpartition("/")[0]


def _twins(scene: Mapping[str, Item]) -> set[str]:
    return {name for name, count in Counter(map(base, scene)).items() if count > 1}


def _has_content(item: Item) -> bool:
    return item.body is not None or bool(item.fixtures) or bool(item.extras)


def _sign(item: Item) -> Hashable:
    """Return what an object is, wherever it stands."""
    shape = None if item.body is None else item.body.shape
    return shape, tuple(sorted(item.fixtures)), json.dumps(item.extras, sort_keys=True)


def _is_same(old: Item, new: Item) -> bool:
    return _sign(old) == _sign(new) and _off_m(old, new) <= MOVED_M


def _off_m(old: Item, new: Item) -> float:
    if old.place is None or new.place is None:
        return 0.0 if old.place is new.place else np.inf
    return float(np.linalg.norm(old.place - new.place))


class _Match:
    """What has found no counterpart yet, and what has: `found`, old path -> new path."""

    def __init__(self, old: dict[str, Item], new: dict[str, Item]) -> None:
        self.old, self.new = old, new
        self.found: dict[str, str] = {}

    def by_place(self, sign: _Sign) -> None:
        """Match what has the same sign and stands in the same place."""
        cells: dict[Hashable, list[Item]] = {}
        for item in self.new.values():
            if (what := sign(item)) is not None and item.place is not None:
                cells.setdefault((what, _cell(item.place)), []).append(item)
        for item in list(self.old.values()):
            if (what := sign(item)) is None or item.place is None:
                continue
            for cell in _cells_about(item.place):
                near = cells.get((what, cell), [])
                other = next((o for o in near if _off_m(item, o) <= MOVED_M), None)
                if other is not None:
                    near.remove(other)
                    self._take(item, other)
                    break

    def in_order(self, sign: _Sign) -> None:
        """Match what has the same sign, the first with the first."""
        waiting: dict[Hashable, list[Item]] = {}
        for item in reversed(self.new.values()):
            if (what := sign(item)) is not None:
                waiting.setdefault(what, []).append(item)
        for item in list(self.old.values()):
            if (what := sign(item)) is not None and waiting.get(what):
                self._take(item, waiting[what].pop())

    def nearest(self, sign: _Sign) -> None:
        """Match what has the same sign, the nearest first; in order where there are very many."""
        groups: dict[Hashable, tuple[list[Item], list[Item]]] = {}
        for side, items in enumerate((self.old, self.new)):
            for item in items.values():
                groups.setdefault(sign(item), ([], []))[side].append(item)
        for old, new in groups.values():
            if len(old) * len(new) <= _PAIRS_MAX:
                pairs = sorted(
                    (_off_m(one, other), i, k)
                    for i, one in enumerate(old)
                    for k, other in enumerate(new)
                )
                for _, i, k in pairs:
                    if old[i].path in self.old and new[k].path in self.new:
                        self._take(old[i], new[k])
        self.in_order(sign)

    def by_children(self, known: Mapping[str, str]) -> None:
        """Match a group with the one that most of what hung below it hangs below now."""
        votes: dict[str, Counter[str]] = {}
        for one, other in known.items():
            if parent(one) in self.old and parent(other) in self.new:
                votes.setdefault(parent(one), Counter())[parent(other)] += 1
        for one in sorted(votes, key=lambda path: -path.count("/")):
            other = votes[one].most_common(1)[0][0]
            if other in self.new:
                self._take(self.old[one], self.new[other])
                above = parent(one), parent(other)
                if above[0] in self.old and above[1] in self.new:
                    votes.setdefault(above[0], Counter())[above[1]] += 1

    def _take(self, old: Item, new: Item) -> None:
        self.found[old.path] = new.path
        del self.old[old.path], self.new[new.path]


def _cell(place: np.ndarray) -> tuple[int, ...]:
    return tuple(int(v) for v in np.floor(place / _CELL_M))


def _cells_about(place: np.ndarray) -> Iterator[tuple[int, ...]]:
    """Yield the cells that a point a millimetre away may lie in, the point's own first."""
    yield _cell(place)
    low, high = _cell(place - MOVED_M), _cell(place + MOVED_M)
    for corner in np.ndindex(2, 2, 2):
        yield tuple(high[k] if corner[k] else low[k] for k in range(3))
