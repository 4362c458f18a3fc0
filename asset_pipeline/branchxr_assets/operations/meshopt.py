"""Store geometry and animation as EXT_meshopt_compression or KHR_meshopt_compression has it.

Positions stay floats on an even grid and nodes stay where they are: the filter `EXPONENTIAL` with
one exponent a column packs as integers do. Normals go onto an octahedron, rotations keep their
smallest three. Run `reorder` before: the codec lives on neighbours that resemble each other.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from .. import meshopt as codec
from ..columns import lengths
from ..document import Accessor, AccessorPool, Array, Document, Json, Outcome
from ..geometry import TRIANGLES, placed_meshes
from ..packing import EXT_MESHOPT, MeshoptRows, position_bits
from ..references import references
from ..rewrite import prune
from ..vertices import byte_weights, stepped, vertex_accessors


@dataclass(frozen=True, slots=True)
class MeshoptOptions:
    """How finely values are kept; `None` keeps every bit.

    Attributes:
        extension: `EXT_meshopt_compression`, which viewers know, or `KHR_meshopt_compression`,
            whose second version packs a few percent better.
        position_bits: of a mesh's reach, or extent if that is less, and its sign, at most.
        position_step_m: in the scene: no finer than this. A value is off by half of it at most, if
            the bits reach so far. Half a millimetre; gltfpack's 14 bits of a 20 m scene are 1.2.
        texture_bits: of the range of texture coordinates.
        normal_bits: 8 or less are stored as bytes.
        rotation_bits: of animated rotations.
        translation_bits: of the range that a clip's translations and scales cover, if it is 1 or
            more, else of 1; so are `texture_bits`.
        colour_bits: of vertex colours.
        has_byte_weights: skin weights of one set become bytes.
    """

    extension: str = EXT_MESHOPT
    position_bits: int | None = 17
    position_step_m: float = 0.0005
    texture_bits: int | None = 12
    normal_bits: int | None = 8
    rotation_bits: int | None = 14
    translation_bits: int | None = 16
    colour_bits: int | None = 8
    has_byte_weights: bool = True


DEFAULTS: Final = MeshoptOptions()
EXACT: Final = MeshoptOptions(
    position_bits=None,
    texture_bits=None,
    normal_bits=None,
    rotation_bits=None,
    translation_bits=None,
    colour_bits=None,
    has_byte_weights=False,
)
"""Every bit kept: for an archive."""
_MANTISSA_BITS: Final = 24
"""Of the filter `EXPONENTIAL`, the sign among them."""
_Filtered = tuple[Array, codec.Filter, Array, bool]
"""Rows to encode, their filter, the values a viewer will have, whether those are normalised."""


def meshopt(document: Document, options: MeshoptOptions = DEFAULTS) -> Outcome:
    """Pack vertices, triangles, clips, instances and inverse binds; what is packed stays."""
    changed = document.copy()
    pool = AccessorPool(changed.accessors)
    packer = _Packer(changed, pool, options)
    for primitive in changed.primitives():
        packer.primitive(primitive)
    for animation in changed.listed("animations"):
        for sampler in animation["samplers"]:
            packer.sampler(animation, sampler)
    for reference in references(changed.root, ("accessors",)):
        packer.lossless(reference.container, reference.key)
    made = prune(Document(changed.root, pool.all(), changed.images))
    counts = {"accessors": float(len(packer.done)), "position_error_m": packer.position_error}
    return Outcome(made, counts)


class _Packer:
    def __init__(self, document: Document, pool: AccessorPool, options: MeshoptOptions) -> None:
        self.done: dict[tuple[int, str], int] = {}
        self.position_error = 0.0
        self._scales = _scales(document)
        self._scale = 1.0
        self._made: set[int] = set()
        self._document = document
        self._pool = pool
        self._options = options

    def primitive(self, primitive: Json) -> None:
        if "indices" in primitive and self._is_wide(primitive["indices"]):
            is_list = primitive.get("mode", TRIANGLES) == TRIANGLES
            self._once(primitive, "indices", _triangles if is_list else _sequence)
        for target in primitive.get("targets", []):
            for name in target:
                self._once(target, name, self._rule("POSITION" if name == "POSITION" else "DELTA"))
        is_one_set = "WEIGHTS_1" not in primitive["attributes"]
        for name in primitive["attributes"]:
            is_weights = name == "WEIGHTS_0" and is_one_set and self._options.has_byte_weights
            rule = self._weights if is_weights else self._rule(name)
            self._once(primitive["attributes"], name, rule)

    def _is_wide(self, indices: int) -> bool:
        """Tell whether indices have two bytes or more: for fewer the codec has no mode."""
        return indices in self._made or self._document.accessors[indices].values.itemsize > 1

    def sampler(self, animation: Json, sampler: Json) -> None:
        uses = [c["target"]["path"] for c in animation["channels"]]
        of_it = {
            path
            for path, c in zip(uses, animation["channels"], strict=True)
            if animation["samplers"][c["sampler"]] is sampler
        }
        is_spline = sampler.get("interpolation") == "CUBICSPLINE"
        if of_it == {"rotation"} and not is_spline:
            self._once(sampler, "output", self._quaternions)
        elif of_it and of_it <= {"translation", "scale"}:
            self._once(sampler, "output", self._grid(self._options.translation_bits))

    def lossless(self, container: Any, key: Any) -> None:
        """Pack what no rule above has touched, every bit kept.

        Only vertices may have a stride (glTF 2.0, section 3.6.2.4): rows of clips and indices that
        are no multiple of the codec's four bytes stay as they are, for they cannot be padded.
        """
        index = container[key]
        if index not in self._made and self._document.accessors[index].values[:1].nbytes % 4 == 0:
            self._once(container, key, _plain)

    def _once(
        self, container: Any, key: Any, rule: Callable[[Accessor], MeshoptRows | _Filtered]
    ) -> None:
        old = container[key]
        if old in self._made:
            return
        name = getattr(rule, "__name__", "")
        if (old, name) not in self.done:
            accessor = self._document.accessors[old]
            self._scale = self._scales.get(old, 1.0)
            is_left = accessor.packed is not None or not accessor.count
            self.done[old, name] = old if is_left else self._add(accessor, rule(accessor))
            self._made.add(self.done[old, name])
        container[key] = self.done[old, name]

    def _add(self, accessor: Accessor, made: MeshoptRows | _Filtered) -> int:
        if isinstance(made, MeshoptRows):
            packed = replace(made, extension=self._options.extension)
            return self._pool.keep(replace(accessor, packed=packed))
        rows, filter_, values, is_normalized = made
        packed = MeshoptRows(rows, "ATTRIBUTES", filter_, self._options.extension)
        values = np.ascontiguousarray(values)
        values.setflags(write=False)
        return self._pool.keep(
            Accessor(values, accessor.type, is_normalized, accessor.rest, packed=packed)
        )

    def _rule(self, name: str) -> Callable[[Accessor], MeshoptRows | _Filtered]:
        options = self._options
        if name == "POSITION":
            return self._positions
        if name in {"NORMAL", "TANGENT"} and options.normal_bits is not None:
            return self._directions
        if name.startswith("COLOR_") and options.colour_bits is not None:
            return self._colours
        if name.startswith("TEXCOORD_"):
            return self._grid(options.texture_bits)
        if name == "DELTA":
            return self._steps
        return _plain

    def _weights(self, accessor: Accessor) -> MeshoptRows | _Filtered:
        if accessor.values.dtype.kind != "f":
            return _plain(accessor)
        made = byte_weights(accessor)
        return made.values, "NONE", made.values, True

    def _colours(self, accessor: Accessor) -> MeshoptRows | _Filtered:
        made = stepped(accessor, self._options.colour_bits or 8)
        return _plain(made).rows, "NONE", made.values, made.is_normalized

    def _positions(self, accessor: Accessor) -> MeshoptRows | _Filtered:
        made = self._steps(accessor)
        if not isinstance(made, MeshoptRows):
            off = np.abs(made[2].astype(np.float64) - accessor.values).max(initial=0.0)
            self.position_error = max(self.position_error, float(off) * self._scale)
        return made

    def _steps(self, accessor: Accessor) -> MeshoptRows | _Filtered:
        most, step_m = self._options.position_bits, self._options.position_step_m
        if most is None or accessor.values.dtype.kind != "f":
            return _plain(accessor)
        span = _span(accessor.values)
        # Grids are of powers of two here: the next finer one keeps what was promised. Mantissas
        # have a sign, so a reach has one bit more than an extent.
        finer = _power_of_two(step_m / self._scale)
        bits = min(most, position_bits(2 * _power_of_two(span), finer) + 1)
        return _on_grid(accessor, bits, span)

    def _grid(self, bits: int | None) -> Callable[[Accessor], MeshoptRows | _Filtered]:
        def exponents(accessor: Accessor) -> MeshoptRows | _Filtered:
            if accessor.values.dtype.kind != "f" or bits is None:
                return _plain(accessor)
            return _on_grid(accessor, bits, _span(accessor.values, at_least=1.0))

        exponents.__name__ = f"exponents{bits}"
        return exponents

    def _directions(self, accessor: Accessor) -> MeshoptRows | _Filtered:
        if accessor.values.dtype.kind != "f" or self._options.normal_bits is None:
            return _plain(accessor)
        wide = np.zeros((accessor.count, 4), np.float32)
        wide[:, : accessor.values.shape[1]] = accessor.values
        bits = self._options.normal_bits
        stride, dtype = (4, "<i1") if bits <= 8 else (8, "<i2")
        rows = codec.encode_octahedral(wide, bits=bits, stride=stride)
        values = codec.unfilter(rows, "OCTAHEDRAL").view(dtype).reshape(-1, 4)
        return rows, "OCTAHEDRAL", values[:, : accessor.values.shape[1]], True

    def _quaternions(self, accessor: Accessor) -> MeshoptRows | _Filtered:
        bits = self._options.rotation_bits
        is_float = accessor.values.dtype.kind == "f" and accessor.type == "VEC4"
        sizes = lengths(accessor.as_float())
        if not is_float or bits is None or (np.abs(sizes - 1) > 1e-3).any():
            return _plain(accessor)
        rows = codec.encode_quaternions(accessor.values, bits=bits)
        values = codec.unfilter(rows, "QUATERNION").view("<i2").reshape(-1, 4)
        return rows, "QUATERNION", values, True


def _scales(document: Document) -> dict[int, float]:
    """Return, for each accessor of a mesh, the metres in the scene of one of its units."""
    placed = placed_meshes(document)
    found: dict[int, float] = {}
    for index, mesh in enumerate(document.listed("meshes")):
        scale, _ = placed.get(index, (1.0, 0))
        for primitive in mesh["primitives"]:
            for accessor in vertex_accessors(primitive):
                found[accessor] = max(found.get(accessor, 0.0), scale)
    return found


def _span(values: Array, *, at_least: float = 0.0) -> float:
    """Return over what the steps are counted: the reach from zero, or the extent where it is less.

    What a modelling program froze into the scene's axes, or a clip moves far out there, lies in a
    small part of its reach: a chair at 100 m would be on a grid of a centimetre.

    Args:
        values: `(n, k)`.
        at_least: an extent below this is taken as this: finer steps than its would serve nobody.
    """
    reach = float(np.abs(values).max(initial=0.0))
    extent = float(np.ptp(values, axis=0).max(initial=0.0)) if len(values) else 0.0
    return min(reach, max(extent, at_least) or reach)


def _on_grid(accessor: Accessor, bits: int, span: float) -> MeshoptRows | _Filtered:
    """Round each column to steps as fine as `bits` have on a reach of `span`.

    A mantissa has 24 bits; what needs more keeps every bit it has.
    """
    reach = np.abs(accessor.values).max(axis=0, initial=0.0)
    further = np.ceil(np.log2(np.maximum(reach / span, 1.0))) if span > 0 else np.zeros(len(reach))
    each = bits + further.astype(int)
    if each.max(initial=0) > _MANTISSA_BITS:
        return _plain(accessor)
    table = np.empty(accessor.values.shape, "<u4")
    for count in set(each.tolist()):
        some = np.ascontiguousarray(accessor.values[:, each == count])
        table[:, each == count] = _words(codec.encode_exponents(some, bits=count, shared="column"))
    rows = table.view(np.uint8).reshape(len(table), -1)
    values = codec.unfilter(rows, "EXPONENTIAL").view("<f4")
    return rows, "EXPONENTIAL", values.reshape(accessor.values.shape), False


def _words(rows: Array) -> Array:
    return np.ascontiguousarray(rows).view("<u4").reshape(len(rows), -1)


def _power_of_two(value: float) -> float:
    """Return the next power of two that is not above a value; 0 of what has none."""
    return float(2.0 ** np.floor(np.log2(value))) if value > 0 else 0.0


def _triangles(accessor: Accessor) -> MeshoptRows:
    if accessor.count % 3:
        return _sequence(accessor)
    return MeshoptRows(accessor.values[:, 0], "TRIANGLES", "NONE", "")


def _sequence(accessor: Accessor) -> MeshoptRows:
    return MeshoptRows(accessor.values[:, 0], "INDICES", "NONE", "")


def _plain(accessor: Accessor) -> MeshoptRows:
    """Pad rows to a multiple of four bytes, as the codec wants them."""
    raw = np.ascontiguousarray(accessor.values).view(np.uint8).reshape(accessor.count, -1)
    rows = np.zeros((len(raw), -(-raw.shape[1] // 4) * 4), np.uint8)
    rows[:, : raw.shape[1]] = raw
    return MeshoptRows(rows, "ATTRIBUTES", "NONE", "")
