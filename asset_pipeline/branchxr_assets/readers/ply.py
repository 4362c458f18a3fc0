"""Read PLY (Stanford Polygon Library): meshes as Blender, MeshLab and scanners write them."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from branchxr.errors import SceneRefused

from ..columns import across
from ..document import Array, Floats
from ..geometry import Triangles
from ..mapped import Raw
from ..refusal import refused
from ..warnings import SceneWarning, distinct
from .assembly import Assembly, Geometry
from .axes import assumed, usual_frame
from .corners import Numbers, cut_faces, cut_points, polygon_of_triangle, triangle_count, weld
from .options import DEFAULTS, ReadOptions
from .packing import alpha_mode
from .pictures import Pictures
from .ply_bodies import read_tables
from .ply_table import Columns, Ragged, parse_head
from .resources import Resources
from .shading import linear
from .source import Counts, Source

KEEPS: Final[Mapping[str, str]] = {
    "nodes": "one; the format has one mesh",
    "names": "the format has none",
    "uv": "yes, of vertices or of faces; the format has one set",
    "colours": "yes, of vertices or of faces",
    "materials": "the format has none",
    "textures": "the pictures that MeshLab names in comments",
    "units": "the format has none: metres, or `--unit`",
    "axes": "the format has none: +Z up, or `--up`",
    "skins": "vertex groups as columns are named",
    **dict.fromkeys(
        ("pivots", "extras", "tangents", "animations", "morphs", "cameras", "lights", "instancing"),
        "the format has none",
    ),
}
_UV_NAMES: Final = (("s", "t"), ("u", "v"), ("texture_u", "texture_v"), ("texture_s", "texture_t"))
_COLOUR_NAMES: Final = (
    ("red", "green", "blue", "alpha"),
    ("r", "g", "b", "a"),
    ("diffuse_red", "diffuse_green", "diffuse_blue", "diffuse_alpha"),
)
_AUTHOR: Final = re.compile(r"created|generated|\bby\b", re.IGNORECASE)
_FACES: Final = ("vertex_indices", "vertex_index")


@dataclass(frozen=True, slots=True)
class _Faces:
    """Polygons: `(c,)` vertex of each corner, corners of each, what else faces say."""

    vertices: Numbers
    sizes: Numbers
    columns: Columns


def read_ply(path: Path, raw: Raw, options: ReadOptions = DEFAULTS) -> Source:
    """Read a PLY file.

    Raises:
        SceneRefused: `scene_truncated`, `scene_malformed`, `scene_reference`, `scene_not_finite`.
    """
    head = parse_head(raw, file=path.name)
    tables = read_tables(raw, head, file=path.name)
    resources = Resources(path, raw)
    pictures = Pictures(resources, path.parent)
    warnings = assumed(options)
    assembly = Assembly()
    vertex = tables.get("vertex", {})
    points = _points(vertex, path.name)
    faces = _faces(tables, len(points), path.name)
    strips = _strips(tables.get("tristrips", {}), len(points), path.name)
    count = triangle_count(faces.sizes) + len(strips)
    stated = [c[len("TextureFile") :].strip() for c in head.comments if c.startswith("TextureFile")]
    if count:
        materials = _materials(assembly, pictures, stated)
        parts = _primitives(vertex, points, faces, strips, materials)
        mesh = assembly.mesh(parts, name=path.stem)
        assembly.node(path.stem, matrix=usual_frame(options), mesh=mesh)
    warnings += _losses(tables, has_faces=count > 0)
    return Source(
        file=path.name,
        format="ply",
        document=assembly.document(),
        size_bytes=resources.size_bytes,
        hashes=resources.hashes(),
        counts=Counts(
            nodes=int(count > 0),
            meshes=int(count > 0),
            triangles_unique=count,
            triangles_drawn=count,
            textures=len(stated),
            images=len(set(stated)),
            uv_sets=int(_named(vertex, _UV_NAMES, 2) is not None or "texcoord" in faces.columns),
            vertex_colour_sets=int(
                _named(vertex, _COLOUR_NAMES, 3) is not None
                or _named(faces.columns, _COLOUR_NAMES, 3) is not None
            ),
        ),
        generator=next((c for c in head.comments if _AUTHOR.search(c)), None),
        unit_m=options.unit_m or 1.0,
        warnings=distinct((*warnings, *pictures.warnings)),
    )


def _points(vertex: Columns, file: str) -> Floats:
    axes = [vertex.get(name) for name in "xyz"]
    columns = [a for a in axes if isinstance(a, np.ndarray)]
    if len(columns) < 3:
        if not vertex:
            return np.empty((0, 3))
        raise _refused(
            "scene_malformed", file, "element 'vertex'", "properties x, y and z", "others"
        )
    points: Floats = np.stack(columns, axis=1)
    points = points if points.dtype == np.float32 else points.astype(np.float64)
    bad = ~across(np.logical_and, np.isfinite(points))
    if bad.any():
        place = f"vertex {int(bad.argmax())}"
        raise _refused("scene_not_finite", file, place, "numbers", "NaN or infinity")
    return points


def _faces(tables: Mapping[str, Columns], count: int, file: str) -> _Faces:
    columns = tables.get("face", {})
    listed = next((c for name in _FACES if isinstance(c := columns.get(name), Ragged)), None)
    if listed is None:
        none = np.empty(0, np.int64)
        return _Faces(none, none, {})
    vertices = _whole(listed.values)
    is_right = len(vertices) == 0 or (int(vertices.min()) >= 0 and int(vertices.max()) < count)
    if not (is_right and np.array_equal(vertices, listed.values)):
        bad = (vertices < 0) | (vertices >= count) | (vertices != listed.values)
        corner = int(bad.argmax())
        face = int(np.searchsorted(np.cumsum(listed.sizes), corner, side="right"))
        came = str(listed.values[corner])
        expected = f"a number of one of the {count} vertices"
        raise _refused("scene_reference", file, f"face {face}", expected, came)
    return _Faces(vertices, listed.sizes, columns)


def _strips(columns: Columns, count: int, file: str) -> Triangles:
    """Take strips apart; -1 begins a new one."""
    listed = next((c for name in _FACES if isinstance(c := columns.get(name), Ragged)), None)
    if listed is None or not len(listed.values):
        return np.empty((0, 3), np.int64)
    values = _whole(listed.values)
    if (values >= count).any() or (values < -1).any():
        came = str(int(values.max()))
        expected = f"a number of one of the {count} vertices"
        raise _refused("scene_reference", file, "element 'tristrips'", expected, came)
    ends = np.cumsum(listed.sizes)
    is_start = np.zeros(len(values), np.int64)
    is_start[ends[:-1][ends[:-1] < len(values)]] = 1
    strip = np.cumsum(is_start + (values == -1))
    begins = np.flatnonzero(np.concatenate([[True], np.diff(strip) > 0]))
    first = np.repeat(begins, np.diff(np.append(begins, len(values))))
    first = first + (values[first] == -1)
    place = np.arange(len(values) - 2)
    made = np.stack([values[:-2], values[1:-1], values[2:]], axis=1)
    is_odd = (place - first[:-2]) % 2 == 1
    made[is_odd] = made[is_odd][:, [1, 0, 2]]
    whole = (strip[:-2] == strip[2:]) & across(np.logical_and, made >= 0) & (place >= first[:-2])
    kept: Triangles = made[whole]
    return kept


def _materials(assembly: Assembly, pictures: Pictures, stated: list[str]) -> list[int | None]:
    """Make a material of each texture that a comment names (MeshLab)."""
    found: list[int | None] = []
    for name in stated:
        picture = pictures.find(name, place="the file")
        if picture is None:
            found.append(None)
            continue
        slot = {"index": assembly.texture(picture)}
        look = {"baseColorTexture": slot, "metallicFactor": 0.0, "roughnessFactor": 1.0}
        mode = alpha_mode(picture)
        more = {} if mode == "OPAQUE" else {"alphaMode": mode}
        found.append(
            assembly.material({"name": picture.name, "pbrMetallicRoughness": look, **more})
        )
    return found


def _primitives(
    vertex: Columns,
    points: Floats,
    faces: _Faces,
    strips: Triangles,
    materials: list[int | None],
) -> list[Geometry]:
    shared = {"POSITION": points} | _vertex_attributes(vertex)
    own = _corner_attributes(faces)
    plain = materials[0] if materials else None
    if not own and len(materials) < 2:
        indices = cut_points(faces.sizes, points, faces.vertices)
        indices = np.concatenate([indices, strips]) if len(strips) else indices
        return [Geometry(attributes=shared, indices=indices, material=plain)]
    parts = []
    for number, flat in _by_texture(faces, points, len(materials)):
        vertices = faces.vertices[flat]
        mine = {name: values[flat] for name, values in own.items()}
        welded = weld([vertices, *mine.values()])
        attributes = {name: values[vertices[welded.first]] for name, values in shared.items()}
        attributes |= {name: values[welded.first] for name, values in mine.items()}
        material = materials[number] if number < len(materials) else plain
        parts.append(Geometry(attributes=attributes, indices=welded.vertex, material=material))
    if len(strips):
        parts.append(Geometry(attributes=shared, indices=strips, material=plain))
    return parts


def _vertex_attributes(vertex: Columns) -> dict[str, Array]:
    found: dict[str, Array] = {}
    normals = _named(vertex, (("nx", "ny", "nz"),), 3)
    if normals is not None:
        found["NORMAL"] = np.stack(normals, axis=1)
    uv = _named(vertex, _UV_NAMES, 2)
    if uv is not None:
        found["TEXCOORD_0"] = np.stack([uv[0], (1 - uv[1].astype(np.float64)).astype("f4")], axis=1)
    colours = _named(vertex, _COLOUR_NAMES, 3)
    if colours is not None:
        found["COLOR_0"] = _colour_table(colours)
    return found


def _corner_attributes(faces: _Faces) -> dict[str, Array]:
    """Return what faces say of their corners, for each corner."""
    found: dict[str, Array] = {}
    uv = faces.columns.get("texcoord")
    if isinstance(uv, Ragged) and (uv.sizes == 2 * faces.sizes).all():
        table = uv.values.astype(np.float32).reshape(-1, 2)
        np.subtract(1, table[:, 1], out=table[:, 1])
        found["TEXCOORD_0"] = table
    colours = _named(faces.columns, _COLOUR_NAMES, 3)
    if colours is not None:
        found["COLOR_0"] = np.repeat(_colour_table(colours), faces.sizes, axis=0)
    return found


def _by_texture(faces: _Faces, points: Floats, count: int) -> Iterator[tuple[int, Numbers | slice]]:
    """Yield textures with the corners of their triangles; a slice where those lie in order."""
    numbers = _texture_of(faces, count)
    listed = np.unique(numbers, return_counts=True)[0].tolist()
    if len(listed) == 1 and (faces.sizes == 3).all():
        yield listed[0], slice(None)
        return
    corners = cut_faces(faces.sizes, points, faces.vertices)
    picked = numbers[polygon_of_triangle(faces.sizes)]
    for number in listed:
        flat = (corners if len(listed) == 1 else corners[picked == number]).reshape(-1)
        if len(flat):
            yield number, flat


def _texture_of(faces: _Faces, count: int) -> Numbers:
    numbers = faces.columns.get("texnumber")
    if not isinstance(numbers, np.ndarray):
        return np.zeros(len(faces.sizes), np.int32)
    return _whole(numbers).clip(0, max(0, count - 1))


def _whole(values: Array) -> Numbers:
    """Return whole numbers; what is none or beyond all counts becomes one that is refused."""
    if values.dtype == np.uint32:
        return np.ascontiguousarray(values).view(np.int32)  # beyond half of them: negative
    if values.dtype.kind == "f":
        values = np.nan_to_num(values, nan=-2.0).clip(-2.0, 2.0**40)
    is_short = values.dtype.kind != "f" and values.itemsize <= 4
    return values.astype(np.int32 if is_short else np.int64, copy=False)


def _colour_table(columns: list[Array]) -> Array:
    """Return linear RGB or RGBA; whole numbers go up to their type's largest."""
    found = np.empty((len(columns[0]), len(columns)), np.float32)
    for number, column in enumerate(columns):  # one after the other: they may be millions
        values = np.nan_to_num(column.astype(np.float64))
        if column.dtype.kind in "iu":
            values /= 255.0 if column.dtype.itemsize == 1 else np.iinfo(column.dtype).max
        elif values.max(initial=0) > 1.5:
            values /= 255
        values = values.clip(0, 1)
        found[:, number] = linear(values) if number < 3 else values
    return found


def _named(columns: Columns, names: tuple[tuple[str, ...], ...], least: int) -> list[Array] | None:
    """Return the columns of the first naming that is there; alpha may be missing."""
    for row in names:
        found = [c for name in row if isinstance(c := columns.get(name), np.ndarray)]
        if len(found) >= least and all(name in columns for name in row[:least]):
            return found
    return None


def _losses(tables: Mapping[str, Columns], *, has_faces: bool) -> list[SceneWarning]:
    found = []
    known = {*"xyz", "nx", "ny", "nz", *(n for row in (*_UV_NAMES, *_COLOUR_NAMES) for n in row)}
    vertex = tables.get("vertex", {})
    others = [name for name in vertex if name not in known]
    if others and has_faces:
        listed = ", ".join(map(repr, others[:5])) + (", …" if len(others) > 5 else "")
        message = f"{len(others)} columns of vertices, such as vertex groups, are lost: {listed}"
        found.append(SceneWarning("attributes_lost", "element 'vertex'", message))
    if not has_faces:
        what = "it is a cloud of points" if vertex else "it has no vertices"
        message = f"{what}: nothing is to be seen; make a mesh of it"
        found.append(SceneWarning("mesh_missing", "the file", message))
    for name, columns in tables.items():
        if name not in {"vertex", "face", "tristrips"} and columns:
            message = f"the element {name!r} is not kept: only vertices and faces are"
            found.append(SceneWarning("element_lost", f"element {name!r}", message))
    return found


def _refused(code: str, file: str, place: str, expected: str, came: str) -> SceneRefused:
    return refused(
        code,
        file=file,
        place=place,
        expected=expected,
        came=came,
        remedy="export the scene again",
    )
