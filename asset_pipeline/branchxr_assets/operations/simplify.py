"""Draw fewer triangles: edges collapse where it shows least, attributes and seams kept.

Meshoptimizer's simplifier, over all primitives of a mesh at once: where two materials meet, their
vertices lie on one another and collapse together, so no crack opens and no border need be locked.
One error in metres holds for the whole scene: a dense sculpture gives more of its triangles than
a plain door.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from .. import meshopt
from ..columns import lengths
from ..document import AccessorPool, Document, Floats, Json, Outcome
from ..geometry import (
    TRIANGLES,
    Triangles,
    index_array,
    placed_meshes,
    positions,
    triangles,
)
from ..meshopt import MeshoptFailed, Simplified
from ..rewrite import drop_empty_meshes, prune
from ..vertices import Order, accessor_slots, equal_vertices, take_vertices
from ..warnings import SceneWarning


@dataclass(frozen=True, slots=True)
class SimplifyOptions:
    """How much to keep.

    Attributes:
        ratio: share of the drawn triangles to come down to, as near as the error allows; `None`
            goes by the error alone.
        near: how near to the ratio is near enough: a pass more costs as much as the first.
        error_max_m: how far a surface may leave its place in the scene.
        untouched: meshes of at most so many triangles stay as they are.
        normal_weight: how far a normal that turns by a radian counts, in shares of a mesh's size.
        colour_weight: the same for a vertex colour that changes by 1.
        texture_weight: how far a texture that slips by a metre counts, in metres.
        jobs: threads; the bytes do not depend on it.
    """

    ratio: float | None = None
    near: float = 0.04
    error_max_m: float = 0.01
    untouched: int = 0
    normal_weight: float = 0.1
    colour_weight: float = 0.1
    texture_weight: float = 0.2
    jobs: int = 2


DEFAULTS: Final = SimplifyOptions()
_WORTH: Final = 0.95
"""A result with more of the triangles than this is thrown away: the source looks better."""
_CURVE_STEP: Final = 0.5
_CURVE_STEPS: Final = 12
_TRIES: Final = 5
_By = Callable[[float], list[Simplified]]
"""Simplifies every surface by an error in metres."""


def simplify(document: Document, options: SimplifyOptions = DEFAULTS) -> Outcome:
    """Simplify every triangle mesh; points, lines and morphed primitives stay as they are."""
    return Simplifier(document, options).down_to(options.ratio)


class Simplifier:
    """Simplifies a document as often as is asked; what it is made of is looked at once.

    Args:
        document: stays as it is.
        options: all but the ratio.
    """

    def __init__(self, document: Document, options: SimplifyOptions = DEFAULTS) -> None:
        self._document = document
        self._options = options
        stretched = placed_meshes(document)
        self._surfaces = [
            _Surface.of(document, mesh, options, stretched.get(index, (1.0, 1)))
            for index, mesh in enumerate(document.listed("meshes"))
        ]

    def down_to(self, ratio: float | None) -> Outcome:
        """Return the document with such a share of its triangles, as `SimplifyOptions` has it."""
        options, surfaces = replace(self._options, ratio=ratio), self._surfaces
        with ThreadPoolExecutor(max(options.jobs, 1)) as threads:

            def by(error_m: float) -> list[Simplified]:
                return list(threads.map(lambda surface: surface.simplified(error_m), surfaces))

            made = _made(surfaces, options, by)
        return self._rewritten(made)

    def _rewritten(self, made: list[Simplified]) -> Outcome:
        changed, surfaces = self._document.copy(), self._surfaces
        meshes, pool = changed.listed("meshes"), AccessorPool(changed.accessors)
        counts = {"triangles_before": 0.0, "triangles_after": 0.0, "error_m": 0.0}
        for mesh, surface, result in zip(meshes, surfaces, made, strict=True):
            before, after = len(surface.faces), len(result.triangles)
            is_worth = after < _WORTH * before
            counts["triangles_before"] += before
            counts["triangles_after"] += after if is_worth else before
            if is_worth:
                counts["error_m"] = max(counts["error_m"], result.error * surface.scale)
                surface.rewrite(changed, mesh, pool, result.triangles)
        warnings = tuple(
            SceneWarning(
                "mesh_not_simplified",
                str(mesh.get("name") or f"meshes[{index}]"),
                f"it could not be simplified ({surface.failed[0]}); it stays as it was",
            )
            for index, (mesh, surface) in enumerate(zip(meshes, surfaces, strict=True))
            if surface.failed
        )
        drop_empty_meshes(changed)
        fewer = prune(Document(changed.root, pool.all(), changed.images))
        return Outcome(fewer, counts, warnings)


def _made(surfaces: list["_Surface"], options: SimplifyOptions, by: _By) -> list[Simplified]:
    """Simplify all surfaces by one error, found so that the ratio is met."""
    if options.ratio is None:
        return by(options.error_max_m)
    if len(surfaces) == 1:  # nothing to share out
        target = int(options.ratio * len(surfaces[0].faces))
        return [surfaces[0].simplified(options.error_max_m, target)]
    wanted = max(options.ratio * sum(len(s.faces) * s.copies for s in surfaces), 1.0)
    error_m = min(_error_for(wanted, surfaces), options.error_max_m)
    best, shares = by(error_m), dict[float, float]()
    made = best
    while True:
        drawn = zip(made, surfaces, strict=True)
        shares[error_m] = sum(len(m.triangles) * s.copies for m, s in drawn) / wanted
        if min(shares.values(), key=_off) == shares[error_m]:
            best = made
        error_m = min(_next(shares), options.error_max_m)
        if (
            len(shares) == _TRIES
            or error_m in shares
            or _off(min(shares.values(), key=_off)) < options.near
        ):
            return best
        made = by(error_m)


def _off(share: float) -> float:
    """Return how far a share is from 1, the same for twice and for half."""
    return abs(float(np.log(max(share, 1e-3))))


def _next(shares: dict[float, float]) -> float:
    """Guess an error by the shares that others left; 1 is wanted.

    Around 10 % of the hall's triangles their number falls with the error to the power of 0.86.
    """
    over = max((e for e, share in shares.items() if share > 1), default=None)
    under = min((e for e, share in shares.items() if share <= 1), default=None)
    if over is None or under is None:
        error_m, share = max(shares.items()) if under is None else min(shares.items())
        return float(error_m * max(share, 1e-3) ** 1.2)
    if over <= 0:
        return under / 4
    along = _off(shares[over]) / max(_off(shares[over]) + _off(shares[under]), 1e-9)
    return float(over * (under / over) ** min(max(along, 0.1), 0.9))


def _error_for(wanted: float, surfaces: list["_Surface"]) -> float:
    """Return the error at which all surfaces together come down to so many triangles."""
    curves = [surface.curve() for surface in surfaces]
    errors = np.unique(np.concatenate([curve[:, 0] for curve in curves]))
    totals = sum(np.interp(errors, curve[:, 0], curve[:, 1]) for curve in curves)
    reached = np.flatnonzero(totals <= wanted)
    return float(errors[reached[0]] if len(reached) else errors[-1])


@dataclass(frozen=True, slots=True)
class _Block:
    """One primitive's part of a surface: `order` its vertices, `start` the first one's number."""

    primitive: int
    order: Order
    start: int


@dataclass(frozen=True, slots=True)
class _Surface:
    """All triangles of a mesh over one row of vertices.

    Attributes:
        points: `(n, 3)`.
        columns: `(n, k)` what else should be kept, with `weights` `(k,)`.
        faces: `(t, 3)`; those of one primitive use the vertices of one block.
        scale: metres in the scene for one unit, at most.
        copies: how often it is drawn.
        is_free: whether it may change at all.
        failed: why the simplifier gave up on it; then it stays as it is.
    """

    points: Floats
    columns: Floats
    weights: Floats
    faces: Triangles
    blocks: tuple[_Block, ...]
    scale: float
    copies: int
    is_free: bool
    failed: list[str] = field(default_factory=list)

    @classmethod
    def of(
        cls, document: Document, mesh: Json, options: SimplifyOptions, placed: tuple[float, int]
    ) -> "_Surface":
        blocks, points, parts, faces, start = [], [], [], [], 0
        for index, primitive in enumerate(mesh["primitives"]):
            if primitive.get("mode", TRIANGLES) < TRIANGLES or primitive.get("targets"):
                continue
            found = triangles(document, primitive)
            if not len(found):
                continue
            slots = accessor_slots(primitive)
            first, kind = equal_vertices([document.accessors[c[n]] for c, n in slots])
            used, numbered = np.unique(kind[found], return_inverse=True)
            order = first[used]
            blocks.append(_Block(index, order, start))
            points.append(positions(document, primitive)[order])
            parts.append(_columns(document, primitive, order))
            faces.append(numbered.reshape(-1, 3) + start)
            start += len(order)
        every = np.concatenate(faces) if faces else np.empty((0, 3), np.int64)
        where = np.concatenate(points) if points else np.empty((0, 3))
        columns = np.concatenate(parts) if parts else np.empty((0, _COLUMNS))
        weights = _weights(where, columns, every, options)
        is_free = len(every) > options.untouched
        return cls(where, columns, weights, every, tuple(blocks), *placed, is_free)

    def simplified(self, error_m: float, target: int = 0) -> Simplified:
        """Collapse as far as an error in the scene allows, or to so many triangles."""
        return self._collapse(self.faces, target, error_m / self.scale)

    def curve(self) -> Floats:
        """Return rows `(error in metres, triangles)`, from none of the one to none of the other."""
        rows, faces, error = [(0.0, len(self.faces) * self.copies)], self.faces, 0.0
        for _ in range(_CURVE_STEPS if self.is_free else 0):
            result = self._collapse(faces, int(len(faces) * _CURVE_STEP), np.inf)
            error = max(error, result.error * self.scale)
            if len(result.triangles) == len(faces):
                break
            faces = result.triangles
            rows.append((error, len(faces) * self.copies))
        return np.array(rows, np.float64)

    def rewrite(self, document: Document, mesh: Json, pool: AccessorPool, faces: Triangles) -> None:
        """Give each primitive what is left of its triangles."""
        starts = np.array([block.start for block in self.blocks])
        owner = np.searchsorted(starts, faces[:, 0], side="right") - 1
        for number, block in enumerate(self.blocks):
            primitive = mesh["primitives"][block.primitive]
            own = faces[owner == number] - block.start
            if not len(own):
                primitive["attributes"] = {}
                continue
            used, numbered = np.unique(own, return_inverse=True)
            take_vertices(document, primitive, block.order[used], pool)
            primitive["mode"] = TRIANGLES
            primitive["indices"] = pool.add(index_array(numbered.reshape(-1, 3)), "SCALAR")
        mesh["primitives"] = [p for p in mesh["primitives"] if p["attributes"]]

    def _collapse(self, faces: Triangles, target: int, error: float) -> Simplified:
        if not self.is_free or not len(faces) or self.failed:
            return Simplified(self.faces if self.failed else faces, 0.0)
        kept = self.weights > 0
        options = meshopt.SimplifierOptions(error_max=error, prunes=True)
        try:
            return meshopt.simplify(
                self.points,
                faces,
                target,
                options,
                attributes=self.columns[:, kept],
                weights=self.weights[kept],
            )
        except (MeshoptFailed, MemoryError) as reason:
            self.failed.append(str(reason) or "no memory for it")
            return Simplified(self.faces, 0.0)


_COLUMNS: Final = 8
_NORMAL, _COLOUR, _TEXTURE = slice(0, 3), slice(3, 6), slice(6, 8)


def _columns(document: Document, primitive: Json, order: Order) -> Floats:
    """Return `(n, 8)`: normal, colour, texture coordinates; zero where there are none."""
    found = np.zeros((len(order), _COLUMNS))
    for name, columns in (("NORMAL", _NORMAL), ("COLOR_0", _COLOUR), ("TEXCOORD_0", _TEXTURE)):
        if name in primitive["attributes"]:
            values = document.accessors[primitive["attributes"][name]].as_float()[order]
            found[:, columns] = values[:, : columns.stop - columns.start]
    return np.where(np.isfinite(found), found, 0)


def _weights(points: Floats, columns: Floats, faces: Triangles, options: SimplifyOptions) -> Floats:
    """Return `(8,)` weights; zero for what is the same everywhere, which then costs nothing."""
    weights = np.zeros(_COLUMNS)
    if not len(faces) or not columns.any():
        return weights
    weights[_NORMAL], weights[_COLOUR] = options.normal_weight, options.colour_weight
    size = max(float(np.ptp(points, axis=0).max()), 1e-9)
    a, b, c = (faces[:, corner] for corner in range(3))
    area = lengths(np.cross(points[b] - points[a], points[c] - points[a])).sum()
    u, v = columns[b, 6:] - columns[a, 6:], columns[c, 6:] - columns[a, 6:]
    spread = np.abs(u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0]).sum()
    if area > 0 and spread > 0:  # the side of a metre's square on the texture
        weights[_TEXTURE] = options.texture_weight / (np.sqrt(spread / area) * size)
    return np.where(np.ptp(columns, axis=0) > 0, weights, 0)
