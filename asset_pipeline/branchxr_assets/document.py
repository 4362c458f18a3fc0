"""The spine of the pipeline: a glTF document as plain JSON, numpy arrays and image bytes.

Everything that is not geometry stays exactly the JSON that came in, so unknown properties,
extensions and extras pass through untouched. Buffers and buffer views do not exist here: an
accessor is an array, an image is bytes, and `glb.py` lays them out again.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from .packing import Packed
from .warnings import SceneWarning

Json = dict[str, Any]
"""A JSON object. `Any` because extras and unknown extensions are whatever an artist wrote."""

Array = NDArray[Any]
Floats = NDArray[np.float64]

COMPONENTS: Final = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT2": 4, "MAT3": 9, "MAT4": 16}
"""glTF 2.0, table 'Accessor Data Types'."""
_ROWS_AT_ONCE: Final = 1 << 20
COMPONENT_TYPES: Final[dict[int, np.dtype[Any]]] = {
    5120: np.dtype("<i1"),
    5121: np.dtype("<u1"),
    5122: np.dtype("<i2"),
    5123: np.dtype("<u2"),
    5125: np.dtype("<u4"),
    5126: np.dtype("<f4"),
}
COMPONENT_CODES: Final = {dtype: code for code, dtype in COMPONENT_TYPES.items()}


@dataclass(frozen=True, slots=True)
class Accessor:
    """A typed array.

    Attributes:
        values: `(count, components)`, stored component type, never written to.
        type: `SCALAR`, `VEC3`, …
        is_normalized: integers stand for 0..1 or -1..1.
        rest: name, extras and unknown properties of the accessor.
        packed: how it is stored, where that is not as plain bytes.
    """

    values: Array
    type: str
    is_normalized: bool = False
    rest: Json = field(default_factory=dict)
    packed: Packed | None = None

    @property
    def count(self) -> int:
        """Number of elements."""
        return len(self.values)

    def as_float(self) -> Floats:
        """Return the values as float64, integers scaled as glTF 2.0 section 3.6.2.2 says."""
        values = self.values.astype(np.float64)
        if not self.is_normalized:
            return values
        limit = float(np.iinfo(self.values.dtype).max)
        return np.maximum(values / limit, -1.0)

    def float_blocks(self) -> Iterator[Floats]:
        """Yield what `as_float` returns, a million rows at a time: a scan has a hundred."""
        for start in range(0, self.count, _ROWS_AT_ONCE):
            yield replace(self, values=self.values[start : start + _ROWS_AT_ONCE]).as_float()


@dataclass(frozen=True, slots=True)
class Document:
    """A glTF document.

    Attributes:
        root: the glTF JSON without `buffers`, `bufferViews` and `accessors`; an image has no
            `uri` and no `bufferView`.
        accessors: what accessor indices in `root` point to.
        images: the bytes of `root["images"]`, in their own format (PNG, JPEG, WebP, KTX2).
    """

    root: Json
    accessors: tuple[Accessor, ...] = ()
    images: tuple[bytes, ...] = ()

    def copy(self) -> "Document":
        """Return a document whose JSON may be changed; arrays and images are shared."""
        return replace(self, root=_copied(self.root))

    def listed(self, collection: str) -> list[Json]:
        """Return a top-level list such as `nodes`, empty when there is none.

        `lights` are those of KHR_lights_punctual, `variants` those of KHR_materials_variants.
        """
        if collection in _IN_EXTENSIONS:
            extension = self.root.get("extensions", {}).get(_IN_EXTENSIONS[collection], {})
            found: list[Json] = extension.get(collection, [])
            return found
        top: list[Json] = self.root.get(collection, [])
        return top

    def primitives(self) -> list[Json]:
        """Return all mesh primitives, in order."""
        return [p for mesh in self.listed("meshes") for p in mesh["primitives"]]


def _copied(root: Json) -> Json:
    """Copy JSON. What is shared comes apart, so that a change of one never shows in another.

    In Python it takes six times as long, there and back through `json` eighteen times.
    """
    copied: Json = msgspec.to_builtins(root, enc_hook=_plain)
    return copied


def _plain(value: Any) -> Any:
    """Return numpy's numbers as Python's: whoever computes may put one among the JSON."""
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} is no JSON")


_IN_EXTENSIONS: Final = {
    "lights": "KHR_lights_punctual",
    "variants": "KHR_materials_variants",
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an operation made of a document.

    Attributes:
        changed: what it did, in numbers, by name.
    """

    document: Document
    changed: Mapping[str, float] = field(default_factory=dict)
    warnings: tuple[SceneWarning, ...] = ()


class AccessorPool:
    """Collect accessors while an operation rewrites a document; equal objects are kept once."""

    def __init__(self, start: tuple[Accessor, ...] = ()) -> None:
        self._accessors = list(start)

    def add(self, values: Array, kind: str, *, is_normalized: bool = False) -> int:
        """Add an array; return its index."""
        table = np.ascontiguousarray(values).reshape(-1, COMPONENTS[kind])
        table.setflags(write=False)
        return self.keep(Accessor(table, kind, is_normalized))

    def take(self, accessor: Accessor, order: Array) -> int:
        """Add rows of an accessor, in an order; all else of it stays."""
        values = np.ascontiguousarray(accessor.values[order])
        values.setflags(write=False)
        return self.keep(replace(accessor, values=values, packed=None))

    def keep(self, accessor: Accessor) -> int:
        """Add an accessor as it is."""
        self._accessors.append(accessor)
        return len(self._accessors) - 1

    def all(self) -> tuple[Accessor, ...]:
        """Return all that were collected."""
        return tuple(self._accessors)
