"""COLLADA's animations as glTF clips (chapter 5, `<animation>`).

A channel moves one number or one matrix of a node's stack of transforms. glTF moves translation,
rotation and scale, so the stack is worked out at every key; where it is not straight between
keys (curves, turns about an axis), at 30 moments a second besides.
"""

import re
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..document import Floats
from .assembly import Track
from .dae_library import Library, Numbers, inputs
from .dae_scene import SceneMaker
from .dae_transforms import TRANSFORMS, matrix_of, transform_matrix, turns_of
from .transforms import decomposed

_RATE_HZ: Final = 30.0
SAMPLES_MAX: Final = 20_000
"""Of one node: eleven minutes at 30 a second; a longer motion is sampled more seldom."""
ALL_SAMPLES_MAX: Final = 4_000_000
"""Of a file: four minutes of 500 nodes. A stranger's kilobyte says hours as easily."""
_CURVED: Final = frozenset({"BEZIER", "HERMITE", "CARDINAL", "BSPLINE", "TCB"})
_MEMBERS: Final = {
    "X": 0,
    "Y": 1,
    "Z": 2,
    "W": 3,
    "R": 0,
    "G": 1,
    "B": 2,
    "A": 3,
    "ANGLE": 3,
    "U": 0,
    "V": 1,
    "S": 0,
    "T": 1,
    "P": 2,
}


@dataclass(frozen=True, slots=True)
class Curve:
    """Keys of one channel.

    Attributes:
        times: `(k,)` seconds, rising.
        values: `(k, width)`.
        kinds: `(k,)` how it goes on from each key.
        into, out: `(k, width, 2)` control points, time and value, or `None`.
    """

    times: Floats
    values: Floats
    kinds: tuple[str, ...]
    into: Floats | None
    out: Floats | None

    @property
    def is_curved(self) -> bool:
        """Tell whether it is anything but straight or in steps."""
        return not _CURVED.isdisjoint(self.kinds)

    def at(self, moments: Floats) -> Floats:
        """Return `(moments, width)`."""
        inside = moments.clip(self.times[0], self.times[-1])
        key = (np.searchsorted(self.times, inside, side="right") - 1).clip(0, len(self.times) - 1)
        after = np.minimum(key + 1, len(self.times) - 1)
        span = self.times[after] - self.times[key]
        share = np.where(span > 0, (inside - self.times[key]) / np.where(span > 0, span, 1), 0.0)
        start, end = self.values[key], self.values[after]
        found = start + (end - start) * share[:, None]
        kinds = np.array(self.kinds)[key]
        found[kinds == "STEP"] = start[kinds == "STEP"]
        if self.is_curved and self.into is not None and self.out is not None:
            curved = np.isin(kinds, ("BEZIER", "HERMITE"))
            controls = (self.out[key], self.into[after])
            found[curved] = self._bezier(key, after, inside, kinds, controls)[curved]
        result: Floats = found
        return result

    def _bezier(
        self,
        key: Numbers,
        after: Numbers,
        moments: Floats,
        kinds: NDArray[np.str_],
        controls: tuple[Floats, Floats],
    ) -> Floats:
        """Follow cubic curves; where control points have times, the share is searched for."""
        result = np.empty((len(moments), self.values.shape[1]))
        t0, t3 = self.times[key], self.times[after]
        is_hermite = kinds == "HERMITE"
        for column in range(self.values.shape[1]):
            p0, p3 = self.values[key, column], self.values[after, column]
            out, into = controls[0][:, column], controls[1][:, column]
            # Hermite's tangents are three times as long as the way to Bézier's control points.
            t1 = np.where(is_hermite, t0 + out[:, 0] / 3, out[:, 0]).clip(t0, t3)
            t2 = np.where(is_hermite, t3 - into[:, 0] / 3, into[:, 0]).clip(t0, t3)
            p1 = np.where(is_hermite, p0 + out[:, 1] / 3, out[:, 1])
            p2 = np.where(is_hermite, p3 - into[:, 1] / 3, into[:, 1])
            low, high = np.zeros(len(moments)), np.ones(len(moments))
            for _ in range(40):
                middle = (low + high) / 2
                is_early = _cubic(t0, t1, t2, t3, middle) < moments
                low, high = np.where(is_early, middle, low), np.where(is_early, high, middle)
            result[:, column] = _cubic(p0, p1, p2, p3, (low + high) / 2)
        return result


@dataclass(frozen=True, slots=True)
class _Aim:
    """What a channel moves: a transform of a node, all of it or one number; or morph weights."""

    owner: str
    sid: str
    member: int | None


@dataclass(slots=True)
class AnimationMaker:
    """Turns channels into tracks of nodes."""

    library: Library
    scene: SceneMaker
    lost: list[str] = field(default_factory=list)
    _samples: int = 0

    def tracks(self, animations: Sequence[ET.Element]) -> list[Track]:
        """Return what all channels below some `<animation>` elements do together."""
        moved: dict[str, list[tuple[_Aim, Curve]]] = {}
        for animation in animations:
            for channel in animation.iter("channel"):
                aim = _aim(channel.get("target", ""))
                curve = self._curve(channel)
                if aim is not None and curve is not None:
                    moved.setdefault(aim.owner, []).append((aim, curve))
        found: list[Track] = []
        for owner, listed in moved.items():
            made = self._of_morph(owner, listed) or self._of_node(owner, listed)
            if not made:
                self.lost.append(owner)
            self._samples += len(made[0].times) if made else 0
            if self._samples > ALL_SAMPLES_MAX:
                came, expected = "more", f"at most {ALL_SAMPLES_MAX} samples of motion"
                raise self.library.refused("<library_animations>", expected, came)
            found += made
        return found

    def _of_node(self, owner: str, listed: list[tuple[_Aim, Curve]]) -> list[Track]:
        """Work out the stack of a node's transforms over time."""
        element = self.library.find(f"#{owner}", "node")
        places = [p for p in self.scene.placed if p.element is element]
        if element is None or not places:
            return []
        stack = [item for item in element if item.tag in TRANSFORMS]
        aims: dict[int, list[tuple[_Aim, Curve]]] = {}
        for aim, curve in listed:
            number = next((n for n, item in enumerate(stack) if item.get("sid") == aim.sid), None)
            if number is None:
                self.lost.append(f"{owner}/{aim.sid}")
            else:
                aims.setdefault(number, []).append((aim, curve))
        curves = [curve for values in aims.values() for _, curve in values]
        if not curves:
            return []
        is_turned = any(stack[number].tag in {"rotate", "lookat", "skew"} for number in aims)
        is_curved = is_turned or any(curve.is_curved for curve in curves)
        is_stepped = all(set(curve.kinds) == {"STEP"} for curve in curves)
        moments = _moments(curves, is_dense=is_curved and not is_stepped)
        matrices = np.tile(np.eye(4), (len(moments), 1, 1))
        for number, item in enumerate(stack):
            matrices = matrices @ self._moving(item, aims.get(number, []), moments)
        if not np.isfinite(matrices).all():
            raise self.library.refused(f"animation of {owner!r}", "numbers", "NaN or infinity")
        parts = decomposed(matrices)
        rest = decomposed(self.scene.local_matrix(element)[None])
        kind = "STEP" if is_stepped else "LINEAR"
        found = []
        for path, values in parts.items():
            is_still = np.allclose(values, rest[path], atol=1e-7)
            if not is_still:
                found += [Track(p.index, path, moments, values, kind) for p in places]
        # A clip that holds everything still is a clip all the same.
        still = Track(places[0].index, "translation", moments, parts["translation"], kind)
        return found or [still]

    def _moving(
        self, item: ET.Element, listed: list[tuple[_Aim, Curve]], moments: Floats
    ) -> Floats:
        """Return `(moments, 4, 4)` of one transform."""
        if not listed:
            return transform_matrix(self.library, item)[None]
        own = self.library.numbers(item.text, f"<{item.tag}>")
        transform_matrix(self.library, item)  # refuses what is too short
        values = np.tile(own, (len(moments), 1))
        for aim, curve in listed:
            found = curve.at(moments)
            if aim.member is not None and aim.member < values.shape[1]:
                values[:, aim.member] = found[:, 0]
            elif aim.member is None:
                width = min(found.shape[1], values.shape[1])
                values[:, :width] = found[:, :width]
        if item.tag == "matrix":
            return values[:, :16].reshape(-1, 4, 4)
        if item.tag == "rotate":
            return turns_of(values[:, :4])
        return np.array([matrix_of(item.tag, row) for row in values])

    def _of_morph(self, owner: str, listed: list[tuple[_Aim, Curve]]) -> list[Track]:
        """Animate morph weights: a channel names their source, or the controller."""
        for identifier, (nodes, count) in self.scene.morphed.items():
            controller = self.library.find(f"#{identifier}", "controller")
            inside = [] if controller is None else [e.get("id") for e in controller.iter()]
            if owner not in inside:
                continue
            moments = _moments([c for _, c in listed], is_dense=any(c.is_curved for _, c in listed))
            rest = self.scene.assembly.nodes[nodes[0]].get("mesh")
            weights = np.tile(self.scene.rest_weights(rest, count), (len(moments), 1))
            for aim, curve in listed:
                found = curve.at(moments)
                if aim.member is not None and aim.member < count:
                    weights[:, aim.member] = found[:, 0]
                elif aim.member is None:
                    width = min(found.shape[1], count)
                    weights[:, :width] = found[:, :width]
            return [Track(node, "weights", moments, weights) for node in nodes]
        return []

    def _curve(self, channel: ET.Element) -> Curve | None:
        sampler = self.library.find(channel.get("source"), "sampler")
        listed = {} if sampler is None else {s: source for s, source, _, _ in inputs(sampler)}
        if "INPUT" not in listed or "OUTPUT" not in listed:
            self.lost.append(channel.get("target", ""))
            return None
        times = self.library.source(listed["INPUT"])[:, 0]
        values = self.library.finite(listed["OUTPUT"])
        count = min(len(times), len(values))
        if not count or not np.isfinite(times[:count]).all():
            self.lost.append(channel.get("target", ""))
            return None
        kinds = self.library.names(listed.get("INTERPOLATION")) or ["LINEAR"]
        kinds += [kinds[-1]] * count
        order = np.argsort(times[:count], kind="stable")
        keep = order[np.concatenate([np.diff(times[order]) > 0, [True]])]
        tangents = [
            self._tangents(listed.get(name), values.shape[1], keep)
            for name in ("IN_TANGENT", "OUT_TANGENT")
        ]
        return Curve(times[keep], values[keep], tuple(kinds[n] for n in keep.tolist()), *tangents)

    def _tangents(self, url: str | None, width: int, keep: NDArray[np.intp]) -> Floats | None:
        """Return `(k, width, 2)`; tangents of one number have no times (version 1.3)."""
        if url is None:
            return None
        table = self.library.finite(url)
        if len(table) <= int(keep.max()) or table.shape[1] < 2 * width:
            return None
        return table[keep, : 2 * width].reshape(len(keep), width, 2)


def _aim(target: str) -> _Aim | None:
    """Parse such as `node/sid.ANGLE`, `node/sid(3)(2)`, `weights(1)` (3.3, Address Syntax)."""
    owner, *steps = target.split("/")
    last = steps[-1] if steps else owner
    found = re.fullmatch(r"([^.(]*)(?:\.(\w+)|((?:\(\d{1,4}\))*))", last)
    if found is None:
        # Ids of nodes may have dots in them; only the part after the slash has members.
        found = re.fullmatch(r"(.*?)(?:\.(\w+)|((?:\(\d{1,4}\))*))", last)
    if found is None or not owner:
        return None
    sid, member, numbers = found.groups()
    number: int | None = None
    if member is not None:
        number = _MEMBERS.get(member.upper())
        if number is None:
            return None
    elif numbers:
        indices = [int(n) for n in re.findall(r"\d+", numbers)]
        number = indices[0] if len(indices) == 1 else indices[0] + 4 * indices[1]
        if len(indices) == 2:  # (column)(row) of a matrix that is written row by row
            number = indices[1] * 4 + indices[0]
    return _Aim(owner if steps else sid, sid, number)


def _moments(curves: Sequence[Curve], *, is_dense: bool) -> Floats:
    keys = np.unique(np.concatenate([curve.times for curve in curves]))
    if is_dense and len(keys) > 1:
        count = min(int((keys[-1] - keys[0]) * _RATE_HZ) + 1, SAMPLES_MAX)
        keys = np.unique(np.concatenate([keys, np.linspace(keys[0], keys[-1], max(count, 2))]))
    moments: Floats = np.maximum(keys, 0.0)
    as_stored = np.unique(moments.astype(np.float32))  # times must rise in float32 too
    return as_stored.astype(np.float64)


def _cubic(a: Floats, b: Floats, c: Floats, d: Floats, share: Floats) -> Floats:
    rest = 1 - share
    found: Floats = rest**3 * a + 3 * rest**2 * share * b + 3 * rest * share**2 * c + share**3 * d
    return found
