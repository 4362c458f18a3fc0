"""Read OBJ with its MTL libraries.

An object (`o`) becomes a node with a mesh; its groups (`g`), where they have other names, nodes
below it. A file without objects has its groups on top. One primitive for each material. The
format has no unit; +Y is up unless the user says otherwise.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final
from urllib.parse import unquote

import numpy as np

from ..warnings import SceneWarning, distinct
from .assembly import Assembly, Geometry
from .corners import cut_faces, polygon_of_triangle
from .mtl import MtlMaterial, parse_mtl
from .obj_groups import NO_GROUP, Grouping, group_faces, sorted_by_primitive
from .obj_lines import ObjLines, parse_lines
from .obj_materials import MaterialMaker
from .obj_meshes import weld_triangles
from .obj_polypaint import polypaint
from .options import DEFAULTS, ReadOptions
from .pictures import Pictures
from .resources import Resources
from .shading import Gloss
from .source import Counts, Source
from .transforms import to_metres

KEEPS: Final[Mapping[str, str]] = {
    "nodes": "objects and groups; the format has no tree",
    "names": "yes",
    "pivots": "the format has none",
    "extras": "the format has none",
    "uv": "yes; the format has one set",
    "colours": "yes, as six values of `v` or in ZBrush's comments",
    "tangents": "the format has none",
    "skins": "the format has none",
    "animations": "the format has none",
    "morphs": "the format has none",
    "cameras": "the format has none",
    "lights": "the format has none",
    "instancing": "the format has none",
    "materials": "yes; Phong by a table, Pr, Pm, Ps, Pc, aniso as they are",
    "textures": "map_Kd, map_d, map_Ns, map_Ke, map_Pr, map_Pm, bump and norm; others are named",
    "units": "the format has none: metres, or `--unit`",
    "axes": "the format has none: +Y up, or `--up`",
}
_MTL_BYTES_MAX: Final = 64 * 1024 * 1024


def read_obj(path: Path, raw: bytes, options: ReadOptions = DEFAULTS) -> Source:
    """Read an OBJ file, its material libraries and their textures.

    Raises:
        SceneRefused: with a code, the file and the line.
    """
    resources = Resources(path, raw)
    pictures = Pictures(resources, path.parent)
    lines = parse_lines(raw, file=path.name)
    is_painted = lines.colours is None and b"\n#MRGB" in raw
    if is_painted:
        lines = replace(lines, colours=polypaint(raw, len(lines.points)))
    grouping = group_faces(lines)
    library = _load_libraries(grouping, resources)
    comments = "\n".join(lines.comments)
    is_blender = "blender" in comments.lower()
    assembly = Assembly()
    maker = MaterialMaker(
        assembly, pictures, Gloss.BLENDER_OBJ if is_blender else Gloss.PHONG, is_blender
    )
    triangles = _add_nodes(assembly, lines, grouping, library, maker, options, path.stem)
    warnings = (
        *grouping.warnings,
        *_comment_warnings(comments, is_lost=is_painted and lines.colours is None),
        *maker.warnings,
        *pictures.warnings,
    )
    objects = sum(name is not None for name in grouping.objects)
    maps = [statement.path for m in library.values() for statement in m.maps.values()]
    counts = Counts(
        nodes=objects,
        meshes=objects,
        triangles_unique=triangles,
        triangles_drawn=triangles,
        materials=len(library),
        textures=len(maps),
        images=len(set(maps)),
        uv_sets=int(len(lines.coordinates) > 0),
        vertex_colour_sets=int(lines.colours is not None),
    )
    return Source(
        file=path.name,
        format="obj",
        document=assembly.document(),
        size_bytes=resources.size_bytes,
        hashes=resources.hashes(),
        counts=counts,
        generator=next((line for line in lines.comments if any(map(str.isalpha, line))), None),
        unit_m=options.unit_m or 1.0,
        warnings=distinct(warnings),
    )


def _load_libraries(grouping: Grouping, resources: Resources) -> dict[str, MtlMaterial]:
    """Read every library that is there; of materials of one name the first counts."""
    found: dict[str, MtlMaterial] = {}
    for stated in dict.fromkeys(grouping.libraries):
        whole = _library(stated, resources)
        each = [whole] if whole is not None else [_library(n, resources) for n in stated.split()]
        for name, raw in zip([stated] if whole is not None else stated.split(), each, strict=True):
            if raw is None:
                message = f"{name[:120]!r} is not beside the scene; its materials are plain"
                grouping.warnings.append(SceneWarning("library_missing", "mtllib", message))
                continue
            for material in parse_mtl(raw):
                found.setdefault(material.name, material)
    return found


def _library(stated: str, resources: Resources) -> bytes | None:
    """Load a library by its stated path, or by its name alone where that lies elsewhere."""
    name = stated.strip().strip('"')
    names = [name, name.replace("\\", "/").rpartition("/")[2]]
    for tried in (*names, *map(unquote, names)):  # some programs write them as addresses
        raw = resources.neighbour(tried, bytes_max=_MTL_BYTES_MAX) if tried else None
        if raw is not None:
            return raw
    return None


def _add_nodes(
    assembly: Assembly,
    lines: ObjLines,
    grouping: Grouping,
    library: dict[str, MtlMaterial],
    maker: MaterialMaker,
    options: ReadOptions,
    stem: str,
) -> int:
    """Add nodes and meshes; return how many triangles there are."""
    matrix = to_metres(options.unit_m or 1.0, options.up or "Y")
    is_plain = bool((matrix == np.eye(4)).all())
    top = None if is_plain else assembly.node(stem, matrix=matrix)
    numbers = {name: maker.make(material) for name, material in library.items()}
    for name in sorted({m for _, m in grouping.primitives if m is not None} - numbers.keys()):
        numbers[name] = assembly.material({"name": name})
        if library or not grouping.libraries:
            message = f"no library has the material {name!r}; it is plain"
            grouping.warnings.append(
                SceneWarning("material_missing", f"material {name!r}", message)
            )
    if (thin := int((lines.sizes < 3).sum())) > 0:
        message = f"{thin} faces have fewer than three corners; they are left out"
        grouping.warnings.append(SceneWarning("faces_dropped", "the file", message))
    faces = cut_faces(lines.sizes, lines.points, lines.corners[:, 0])
    if not len(faces):
        message = "it has no faces: nothing is to be seen; export it as a mesh"
        grouping.warnings.append(SceneWarning("mesh_missing", "the file", message))
    polygons = polygon_of_triangle(lines.sizes)
    order, edges = sorted_by_primitive(grouping, polygons)
    geometries: dict[int, list[Geometry]] = {}
    for number, (part, material) in enumerate(grouping.primitives):
        if edges[number] == edges[number + 1]:
            continue
        span = slice(edges[number], edges[number + 1])
        rows = span if order is None else order[span]
        smooth = grouping.smooth[polygons[rows]]
        made = weld_triangles(lines, faces[rows], smooth, numbers.get(material or "\0"))
        geometries.setdefault(part, []).append(made)
    _place(assembly, grouping, geometries, top, stem)
    return len(faces)


def _place(
    assembly: Assembly,
    grouping: Grouping,
    geometries: dict[int, list[Geometry]],
    top: int | None,
    stem: str,
) -> None:
    """Add one node for each object, in order, even an empty one, and one for each group."""
    by_object: dict[int, list[int]] = {}
    for number, part in enumerate(grouping.parts):
        if number in geometries:
            by_object.setdefault(part.object, []).append(number)
    for index, name in enumerate(grouping.objects):
        numbers = by_object.get(index, [])
        groups = [grouping.parts[number].group for number in numbers]
        parent = top
        if name is not None:
            is_whole = len(numbers) <= 1 and NO_GROUP.issuperset({*groups} - {name})
            mesh = (
                assembly.mesh(geometries[numbers[0]], name=name) if numbers and is_whole else None
            )
            parent = assembly.node(name, parent=top, mesh=mesh)
            if is_whole:
                continue
        for number, group in zip(numbers, groups, strict=True):
            label = (name or stem) if group in NO_GROUP else group
            mesh = assembly.mesh(geometries[number], name=label)
            assembly.node(label, parent=parent, mesh=mesh)


def _comment_warnings(comments: str, *, is_lost: bool) -> list[SceneWarning]:
    found = []
    if is_lost:
        message = "vertex colours in #MRGB comments (ZBrush) do not fit its vertices; they are lost"
        found.append(SceneWarning("vertex_colours_lost", "the file", message))
    for line in comments.splitlines():
        head, _, unit = line.partition("=")
        if "unit" in head.lower() and unit.strip().lower() not in {"", "m", "meter", "meters"}:
            message = (
                f"a comment says {line[:60]!r}, but the format has no unit: metres are taken; "
                "say --unit with the metres in one unit if it is right"
            )
            found.append(SceneWarning("unit_in_comment", "the file", message))
    return found
