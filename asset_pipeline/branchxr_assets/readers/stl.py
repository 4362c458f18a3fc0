"""Read STL, binary and ASCII (3D Systems, 1988).

Each triangle stands alone; equal corners are welded, and its normal, which must follow from its
corners anyway, is left to them. The format has neither unit nor axes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from ..document import Array, Floats
from ..refusal import refused
from ..warnings import SceneWarning
from .assembly import Assembly, Geometry
from .axes import assumed, usual_frame
from .corners import weld
from .mtl import decoded
from .options import DEFAULTS, ReadOptions
from .resources import Resources
from .shading import linear
from .sniff import is_ascii_stl
from .source import Counts, Source
from .text_rows import blocks, floats, gather, joined_lines, lines_of

KEEPS: Final[Mapping[str, str]] = {
    "nodes": "one for each solid of an ASCII file",
    "names": "of solids, ASCII only",
    "colours": "of facets, as VisCAM and Magics write them",
    "materials": "the format has none",
    "units": "the format has none: metres, or `--unit`",
    "axes": "the format has none: +Z up, or `--up`",
    **dict.fromkeys(
        ("pivots", "extras", "uv", "tangents", "skins", "animations", "morphs", "cameras"),
        "the format has none",
    ),
    **dict.fromkeys(("lights", "instancing", "textures"), "the format has none"),
}
_HEAD: Final = 84
_FACET: Final = np.dtype([("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("word", "<u2")])
_GREY: Final = (0.8, 0.8, 0.8)


@dataclass(frozen=True, slots=True)
class _Solid:
    """A named mesh: `(t, 3, 3)` corners, and `(t, 3)` colours where facets have some."""

    name: str | None
    corners: Array
    colours: Floats | None = None


def read_stl(path: Path, raw: bytes, options: ReadOptions = DEFAULTS) -> Source:
    """Read an STL file.

    Raises:
        SceneRefused: `scene_truncated`, `scene_malformed`, `scene_not_finite`.
    """
    count = int.from_bytes(raw[80:84], "little") if len(raw) >= _HEAD else 0
    more = max(0, (len(raw) - _HEAD) // _FACET.itemsize - count)
    is_binary = len(raw) == _HEAD + count * _FACET.itemsize or not is_ascii_stl(raw[:65536])
    solids = [_binary(raw, count + more, path.name)] if is_binary else _ascii(raw, path.name)
    warnings = assumed(options)
    if is_binary and more:
        message = f"{more} triangles follow those that its header counts ({count}); they are kept"
        warnings.append(SceneWarning("triangles_uncounted", "the file", message))
    assembly = Assembly()
    frame = usual_frame(options)
    shown = [solid for solid in solids if len(solid.corners)]
    top = assembly.node(path.stem, matrix=frame) if len(shown) > 1 else None
    for solid in shown:
        name = solid.name or path.stem
        mesh = assembly.mesh([_geometry(solid)], name=name)
        assembly.node(name, parent=top, matrix=frame if top is None else None, mesh=mesh)
    if not shown:
        warnings.append(SceneWarning("mesh_missing", "the file", "it has no triangles"))
    triangles = sum(len(solid.corners) for solid in shown)
    resources = Resources(path, raw)
    head = raw[:80].split(b"\0")[0].strip() if is_binary else b""
    return Source(
        file=path.name,
        format="stl",
        document=assembly.document(),
        size_bytes=resources.size_bytes,
        hashes=resources.hashes(),
        counts=Counts(
            nodes=len(shown),
            meshes=len(shown),
            triangles_unique=triangles,
            triangles_drawn=triangles,
            vertex_colour_sets=int(any(solid.colours is not None for solid in shown)),
        ),
        generator=decoded(head) if head.isascii() and head else None,
        unit_m=options.unit_m or 1.0,
        warnings=tuple(warnings),
    )


def _binary(raw: bytes, count: int, file: str) -> _Solid:
    if len(raw) < _HEAD + count * _FACET.itemsize or len(raw) < _HEAD:
        raise refused(
            "scene_truncated",
            file=file,
            place="byte 80",
            expected=f"{count} triangles in {_HEAD + count * _FACET.itemsize} bytes",
            came=f"{len(raw)} bytes",
            remedy="export the scene again",
        )
    table = np.frombuffer(raw, _FACET, count, _HEAD)
    corners: Array = table["corners"].astype(np.float32)
    bad = ~np.isfinite(corners).all(axis=(1, 2))
    if bad.any():
        raise refused(
            "scene_not_finite",
            file=file,
            place=f"triangle {int(bad.argmax())}",
            expected="corners that are numbers",
            came="NaN or infinity",
            remedy="clean the mesh in the modelling program and export again",
        )
    return _Solid(None, corners, _colours(raw[:80], table["word"].astype(np.uint16)))


def _colours(head: bytes, words: Array) -> Floats | None:
    """Return facet colours: Magics names a colour in the head, VisCAM sets the highest bit."""
    fives = np.stack([words & 31, (words >> 5) & 31, (words >> 10) & 31], axis=1) / 31
    has_bit = (words & 0x8000) != 0
    at = head.find(b"COLOR=")
    if at >= 0 and len(head) >= at + 9:  # Materialise Magics: red lowest, bit clear where own
        whole = np.frombuffer(head, np.uint8, 3, at + 6) / 255
        return linear(np.where(has_bit[:, None], whole, fives))
    if not has_bit.any():
        return None
    return np.where(has_bit[:, None], linear(fives[:, ::-1]), _GREY)  # VisCAM: blue lowest


def _ascii(raw: bytes, file: str) -> list[_Solid]:
    """Parse the vertex lines together; solids part them."""
    names: list[str | None] = []
    begins: list[int] = []
    parts: list[Floats] = []
    total = first_line = 0
    for block in blocks(joined_lines(raw)):
        lines = lines_of(block)
        initials = lines.text[np.minimum(lines.starts, len(lines.text) - 1)] | 32  # lower case
        is_vertex = initials == ord("v")
        which = np.flatnonzero(is_vertex)
        rows = gather(block, lines, which, keyword=len("vertex"), first_line=first_line)
        for number in np.flatnonzero(initials == ord("s")).tolist():
            words = block[lines.starts[number] : lines.ends[number]].split(None, 1)
            if words and words[0].lower() == b"solid":
                names.append(decoded(words[1]).strip() if len(words) > 1 else None)
                begins.append(total + int(is_vertex[:number].sum()))
        if len(which):
            parts.append(floats(rows, 3, file=file)[:, :3])
            total += len(which)
        first_line += len(lines.ends)
    if total % 3:
        raise refused(
            "scene_truncated",
            file=file,
            place=f"line {first_line}",
            expected="three vertices for each facet",
            came=f"{total} vertices in all",
            remedy="export the scene again",
        )
    points = np.concatenate(parts) if parts else np.empty((0, 3))
    edges = [begin // 3 for begin in begins] + [total // 3]
    table = points.reshape(-1, 3, 3)
    return [_Solid(name, table[edges[n] : edges[n + 1]]) for n, name in enumerate(names)]


def _geometry(solid: _Solid) -> Geometry:
    # Stored as float32: what is equal there is one vertex.
    columns: list[Array] = [solid.corners.reshape(-1, 3).astype(np.float32, copy=False)]
    if solid.colours is not None:
        columns.append(np.repeat(solid.colours, 3, axis=0).astype(np.float32))
    welded = weld(columns)
    attributes: dict[str, Array] = {"POSITION": columns[0][welded.first]}
    if solid.colours is not None:
        attributes["COLOR_0"] = columns[1][welded.first]
    return Geometry(attributes=attributes, indices=welded.vertex)
