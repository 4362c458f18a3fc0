"""meshoptimizer (Arseny Kapoulkine, MIT): its codec, its vertex order and its simplifier."""

from .codec import (
    Filter,
    Mode,
    decode,
    encode,
    encode_colours,
    encode_exponents,
    encode_octahedral,
    encode_quaternions,
    unfilter,
)
from .machine import MeshoptFailed
from .order import fetch_order, for_vertex_cache
from .simplifier import Simplified, SimplifierOptions, simplify

__all__ = [
    "Filter",
    "MeshoptFailed",
    "Mode",
    "Simplified",
    "SimplifierOptions",
    "decode",
    "encode",
    "encode_colours",
    "encode_exponents",
    "encode_octahedral",
    "encode_quaternions",
    "fetch_order",
    "for_vertex_cache",
    "simplify",
    "unfilter",
]
