"""How an accessor is stored where plain bytes will not do: Draco, meshopt, or what is not zero.

An accessor carries its packed form beside its values, which are what a viewer will decode. An
operation that makes other values makes another accessor, which has none: nothing goes stale.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from . import meshopt

DRACO: Final = "KHR_draco_mesh_compression"
EXT_MESHOPT: Final = "EXT_meshopt_compression"
KHR_MESHOPT: Final = "KHR_meshopt_compression"


@dataclass(frozen=True, slots=True, eq=False)
class DracoStream:
    """A compressed primitive: its bytes."""

    raw: bytes


@dataclass(frozen=True, slots=True)
class DracoPart:
    """One attribute of a stream, by its unique id, or its triangles when that is `None`."""

    stream: DracoStream
    unique_id: int | None


@dataclass(frozen=True, slots=True, eq=False)
class MeshoptRows:
    """Rows that meshopt is to encode, filtered already.

    Attributes:
        rows: `(n, stride)` bytes, the stride a multiple of 4; `(n,)` indices for the other modes.
        extension: whose name and codec version they are stored by.
    """

    rows: NDArray[Any]
    mode: meshopt.Mode
    filter: meshopt.Filter
    extension: str

    @property
    def stride(self) -> int:
        """Bytes of one row."""
        return int(self.rows[:1].nbytes)

    def encoded(self, parts: list[NDArray[Any]]) -> bytes:
        """Encode rows of several accessors that are stored alike as one stream."""
        version = 1 if self.extension == KHR_MESHOPT else 0
        return meshopt.encode(np.concatenate(parts), self.mode, version=version)


@dataclass(frozen=True, slots=True)
class SparseRows:
    """Only the rows that are not zero are stored (glTF 2.0, section 3.6.2.3)."""


_BITS_MIN: Final = 10
_BITS_MAX: Final = 16


def position_bits(extent: float, step: float) -> int:
    """Return how many bits a mesh's positions need: `step` apart, in the units of `extent`.

    At least 10, so that what is small stays round, and at most 16.
    """
    steps = extent / step if step > 0 else 2.0**_BITS_MAX
    return int(min(max(np.ceil(np.log2(max(steps, 1.0))), _BITS_MIN), _BITS_MAX))


Packed = DracoPart | MeshoptRows | SparseRows
