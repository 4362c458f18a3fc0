"""Count what a USD stage holds, as USD means it."""

from typing import Any

import numpy as np

from ..source import Counts
from .bindings import Sdf, UsdGeom, UsdShade, UsdSkel
from .gprims import SHAPES, faces_of
from .lights import is_light
from .values import user_properties, whole


def count(prims: list[Any], time: Any, drawn_by: dict[str, int]) -> Counts:
    """Count; hidden prims and those for other purposes are part of the file and count too.

    Args:
        prims: of the stage, instances included.
        time: when the scene is read.
        drawn_by: for the path of a mesh below a `PointInstancer` how often it is drawn.
    """
    totals: dict[str, int] = dict.fromkeys(
        ("nodes", "materials", "skins", "animations", "morph_targets", "cameras", "lights"), 0
    )
    drawn = unique = tagged = textures = uv_sets = colour_sets = 0
    images: set[str] = set()
    sources: set[str] = set()
    for prim in prims:
        totals["nodes"] += prim.IsA(UsdGeom.Xform)
        totals["materials"] += prim.IsA(UsdShade.Material)
        totals["skins"] += prim.IsA(UsdSkel.Skeleton)
        totals["animations"] += prim.IsA(UsdSkel.Animation)
        totals["morph_targets"] += prim.IsA(UsdSkel.BlendShape)
        totals["cameras"] += prim.IsA(UsdGeom.Camera)
        totals["lights"] += is_light(prim)
        tagged += bool(user_properties(prim, time))
        if prim.IsA(UsdShade.Shader):
            shader = UsdShade.Shader(prim)
            textures += str(shader.GetShaderId() or "") == "UsdUVTexture"
            values = [shader_input.Get(time) for shader_input in shader.GetInputs()]
            images |= {v.path for v in values if isinstance(v, Sdf.AssetPath) and v.path}
        triangles = _triangles(prim, time)
        if triangles is None:
            continue
        path = str(prim.GetPath())
        source = path if not prim.IsInstanceProxy() else str(prim.GetPrimInPrototype().GetPath())
        drawn += triangles * drawn_by.get(path, 1)
        if source not in sources:
            sources.add(source)
            unique += triangles
        primvars = UsdGeom.PrimvarsAPI(prim).GetPrimvarsWithValues()
        roles = [str(primvar.GetTypeName().role) for primvar in primvars]
        uv_sets = max(uv_sets, roles.count("TextureCoordinate"))
        colour_sets = max(colour_sets, roles.count("Color"))
    return Counts(
        meshes=len(sources),
        triangles_unique=unique,
        triangles_drawn=drawn,
        textures=textures,
        images=len(images),
        nodes_with_extras=tagged,
        uv_sets=uv_sets,
        vertex_colour_sets=colour_sets,
        **totals,
    )


def _triangles(prim: Any, time: Any) -> int | None:
    """Return how many triangles a mesh or shape has; `None` when it is neither."""
    if prim.IsA(UsdGeom.Mesh):
        sizes = whole(UsdGeom.Mesh(prim).GetFaceVertexCountsAttr().Get(time))
    elif str(prim.GetTypeName()).removesuffix("_1") in SHAPES:
        faces = faces_of(prim, time)
        sizes = np.zeros(0, np.int64) if faces is None else faces.shape.sizes
    else:
        return None
    return int(np.maximum(sizes - 2, 0).sum())
