"""What changed of a package beside its objects and their looks: clips, the floor, the levels."""

from collections.abc import Iterator, Mapping
from typing import Final

import numpy as np

from branchxr.protocol.floor import Floor

from ..document import Document, Floats, Json
from ..tree import paths
from .change import Change, Side

_TIMES: Final = 64
_LASTS_OFF_S: Final = 0.01
_OFF_MAX: Final = 5e-3
"""Metres, quaternion parts, factors: beyond what any preset's codec rounds by."""
_WORTH_SAYING: Final = 0.01
"""Of a level's bytes or triangles: any change shifts them a little."""
_LEVELS: Final = {
    "coarsest": "the first view",
    "middle": "the middle level",
    "full": "the full level",
    "live": "the live tile",
}


_Clip = Mapping[str, Floats]
"""What moves, by path and property -> `(_TIMES, n)` values at times evenly apart."""


def clips(before: Side, after: Side, known_as: Mapping[str, str]) -> Iterator[Change]:
    """Yield what changed of animation clips; what moves in them may have another name now."""
    old, new = _clips(before, known_as), _clips(after, {})
    for name in sorted(old.keys() | new.keys()):
        if name not in new:
            yield Change(repr(name), "clip_removed", "the clip is gone")
        elif name not in old:
            yield Change(repr(name), "clip_added", f"the clip is new: {new[name][1]:.2f} s")
        elif abs(old[name][1] - new[name][1]) > _LASTS_OFF_S:
            lengths = f"{old[name][1]:.2f} s before, {new[name][1]:.2f} s now"
            yield Change(repr(name), "clip_changed", f"the clip was changed: {lengths}")
        elif not _moves_alike(old[name][0], new[name][0]):
            yield Change(repr(name), "clip_changed", "the clip was changed")


def _moves_alike(old: _Clip, new: _Clip) -> bool:
    return old.keys() == new.keys() and all(
        values.shape == new[what].shape and np.abs(values - new[what]).max(initial=0.0) <= _OFF_MAX
        for what, values in old.items()
    )


def _clips(side: Side, known_as: Mapping[str, str]) -> Mapping[str, tuple[_Clip, float]]:
    """Return name -> what moves in all clips of that name, and how many seconds they last."""
    found: dict[str, tuple[dict[str, Floats], float]] = {}
    for document in side.documents:
        named = paths(document)
        for animation in document.listed("animations"):
            inputs = [document.accessors[s["input"]] for s in animation["samplers"]]
            lasts_s = max((float(a.as_float().max(initial=0.0)) for a in inputs), default=0.0)
            name = str(animation.get("name", ""))
            moves, known_s = found.get(name, ({}, 0.0))
            for channel in animation["channels"]:
                target = channel["target"]
                path = named.get(target.get("node"), "")
                what = f"{known_as.get(path, path)} {target['path']}"
                while what in moves:
                    what += "+"
                sampler = animation["samplers"][channel["sampler"]]
                moves[what] = _curve(document, sampler, lasts_s, target["path"])
            found[name] = moves, max(known_s, lasts_s)
    return found


def _curve(document: Document, sampler: Json, lasts_s: float, what: str) -> Floats:
    """Return `(_TIMES, n)`; keys lie elsewhere after another codec, the curve does not."""
    keys = document.accessors[sampler["input"]].as_float().reshape(-1)
    values = document.accessors[sampler["output"]].as_float()
    rows = values.reshape(len(keys), -1) if len(keys) else values.reshape(0, 1)
    if sampler.get("interpolation") == "CUBICSPLINE":
        rows = rows.reshape(len(keys), 3, -1)[:, 1]
    if what == "rotation":  # of the two quaternions for a turn the one nearer to the key before
        signs = np.sign((rows[1:] * rows[:-1]).sum(axis=1))
        rows = rows * np.cumprod(np.r_[1.0, np.where(signs < 0, -1, 1)])[:, None]
        rows = rows * (1.0 if rows[0] @ np.array([1.0, 1.1, 1.2, 1.3]) >= 0 else -1.0)
    times = np.linspace(0.0, lasts_s, _TIMES)
    if sampler.get("interpolation") == "STEP" and len(keys):
        return rows[np.clip(np.searchsorted(keys, times, "right") - 1, 0, None)]
    columns = [np.interp(times, keys, column) for column in rows.T] if len(keys) else []
    return np.stack(columns, axis=1) if columns else np.empty((_TIMES, 0))


def floor(before: Side, after: Side) -> Iterator[Change]:
    """Yield how much more or less can be walked on."""
    old, new = (_area_m2(side.branch.get("floor")) for side in (before, after))
    if abs(old - new) >= 0.05:
        message = f"{old:.1f} m² could be walked on before, {new:.1f} m² can now"
        yield Change("the floor", "floor_changed", message)


def _area_m2(floor: Json | None) -> float:
    if floor is None:
        return 0.0
    read = Floor.from_json(floor)
    return float(np.count_nonzero(read.walkable)) * read.cell_m**2


def levels(before: Side, after: Side) -> Iterator[Change]:
    """Yield which levels of detail came, went, or are of another size."""
    old, new = (_levels(side.branch) for side in (before, after))
    for name in sorted(old.keys() | new.keys()):
        if name not in new:
            yield Change(name, "level_removed", "it is gone")
        elif name not in old:
            yield Change(name, "level_added", f"it is new: {_size(*new[name])}")
        elif any(_share(*both) > _WORTH_SAYING for both in zip(old[name], new[name], strict=True)):
            message = f"{_size(*old[name])} before, {_size(*new[name])} now"
            yield Change(name, "level_changed", message)


def _share(old: int, new: int) -> float:
    """Return how far two numbers are from one another, in shares of the larger."""
    return abs(new - old) / max(old, new, 1)


def _levels(branch: Json) -> dict[str, tuple[int, int]]:
    """Return name -> bytes and triangles; a level in parts is one, several middle ones are not."""
    found: dict[str, tuple[int, int]] = {}
    middles = 0
    for chunk in branch.get("budgets", {}).get("chunks", []):
        role = str(chunk["role"])
        name = _LEVELS.get(role, role)
        if role == "middle":
            middles += 1
            name = name if middles == 1 else f"{name} {middles}"
        size, triangles = found.get(name, (0, 0))
        found[name] = size + int(chunk["bytes"]), triangles + int(chunk["triangles"])
    return found


def _size(size_bytes: int, triangles: int) -> str:
    return f"{size_bytes / 1000:,.0f} kB with {triangles:,} triangles"
