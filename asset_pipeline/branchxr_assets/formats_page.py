"""Write docs/formats.md: what each count means, and what each format keeps."""

from collections.abc import Mapping
from typing import Final

from .readers import FORMATS

FEATURES: Final = (
    ("nodes", "node tree"),
    ("names", "names"),
    ("pivots", "pivots"),
    ("extras", "custom properties"),
    ("uv", "texture coordinates"),
    ("colours", "vertex colours"),
    ("tangents", "tangents"),
    ("skins", "skins"),
    ("animations", "animations"),
    ("morphs", "shape keys"),
    ("cameras", "cameras"),
    ("lights", "lights"),
    ("instancing", "copies that share a mesh"),
    ("materials", "materials"),
    ("textures", "textures"),
    ("units", "units"),
    ("axes", "axes"),
)
"""Every reader's `KEEPS` has these keys, and no others."""

_HEAD: Final = """\
<!-- Made by `make docs` (python -m branchxr_assets.formats_page > docs/formats.md); do not edit by hand. -->

# Formats

What `branchxr assets` reads, what each count of `inspect` means in each format, and what each format keeps. A format is known by what is in the
file, not by its name. What could not be kept of a file is a warning, never silence; the guides in `docs/artists/` say how to export.

Everything becomes metres, right-handed, +Y up: units and axes are worked into transforms, so that the tree, pivots and animations stay right.
Nothing is rescaled because it looks too large: `inspect` shows `bounds_m` and `unit_m`, and `validate` says when a size is odd.

What is hidden in a file is in the package, shown, and named in a warning (`node_hidden`): FBX, USD and Blender mean different things by it (an
editor's eye, a render switch, a layer), and only an artist knows which was meant. What stands in for another is not drawn but keeps its node: USD's
purposes *guide* and, beside a *render* twin, *proxy*, and lower levels of an FBX group of levels of detail.

## What the counts mean

`inspect` counts the **source**, as its own format means it, before anything is dropped or repaired. The report of a build shows the package beside it.

| count | all formats | FBX | COLLADA | USD | OBJ, STL, PLY |
|---|---|---|---|---|---|
| `nodes` | nodes of the file, glTF's joints too | all but the root, bones too | of the visual scenes, `instance_node` followed | Xform prims, instances too | objects (OBJ); 1 |
| `meshes` | mesh definitions, each once | mesh attributes | geometries | Mesh prims and shapes (Cube, Sphere, …), a prototype once | as `nodes` |
| `triangles_unique` | of every mesh once; a polygon of n corners counts n - 2 | the same | `triangles`, `polylist`, `polygons` | the same | the same |
| `triangles_drawn` | of the scene that is shown, each instance counted | each node that shows a mesh | each `instance_geometry` and `instance_controller` | instance proxies and point instances counted | as `triangles_unique` |
| `materials` | materials | materials | materials | Material prims | `newmtl` |
| `textures` | uses of images, with their sampling | textures | samplers | texture readers | maps |
| `images` | pictures, by path or content | videos | images | distinct asset paths | distinct paths |
| `skins` | skins | skin deformers | skin controllers | Skeleton prims | 0 |
| `animations` | clips | stacks (Blender writes one for each animated object) | animations with a sampler | SkelAnimation prims (all else that moves is one clip, `Timeline`) | 0 |
| `morph_targets` | targets of each mesh, those of its primitives once | channels of blend deformers | targets of morph controllers | BlendShape prims | 0 |
| `cameras` | nodes with a camera | the same; one without a node is named | instances | Camera prims | 0 |
| `lights` | nodes with a light (KHR_lights_punctual) | the same, area lights too; one without a node is named | instances | all with LightAPI, and dome lights | 0 |
| `nodes_with_extras` | nodes with `extras` | with custom properties of any author, those that Maya and 3ds Max put on every mesh too | with `user_properties` or Blender's own | prims of any kind with `userProperties:` (`customData` and other custom attributes are kept, not counted) | 0 |
| `uv_sets`, `vertex_colour_sets` | of the mesh that has most | the same | the same | the same | the same |
| `bounds_m` | of the scene that is shown, rest pose, no morph; a skin stands where its joints put it | | | | |
| `unit_m` | 1: glTF is in metres | metres in a unit of the file | `meter` of `unit` | `metersPerUnit` | 1, or `--unit` |

What the pipeline itself writes into extras is no property of any author and not counted: an area light's data (`light_kept_as_data`), which is in the
extra `light`, from FBX in `fbx_light`.

## How large a file may be

A file of 1 GB is read and written as GLB in less than 4 GB of memory, all processes together: FBX takes 1.3 to 2.9 GB, PLY 2.3 to 3.3 (a copy of
a large file lies on disk meanwhile), OBJ 3.2, STL 3.4. `inspect` of a PLY takes 1.9, of a GLB 1.1; among more than five million triangles it seeks
no floor. `build` does, and has no such bound. A worker that reads FBX or USD of 1 GB has 3.67 GB; what wants more is refused (`scene_too_large`),
whatever memory there is: export it in parts, or as GLB. Two kinds of file come to that:

- FBX that is packed: ufbx holds 1.3 times what it unpacks, numbers in 64 bits, and a mesh in the making takes 70 bytes a corner. 0.86 GB that
  unpack to 2.8, in 20 meshes, take 3.5 GB; 0.35 GB that unpack to 1.0, in a single mesh, take 2.8.
- USD with a mesh of more than some 300 MB: with a normal and texture coordinates for each corner it takes ten times that while it is made. 270 MB in
  one mesh take 2.6 GB, in five 1.0.

## What each format keeps

"yes" means: nothing of it is lost from this format. What a format itself cannot hold is said too.
"""


_ORDER: Final = ("glTF", "FBX", "COLLADA", "USD", ".blend", "OBJ", "PLY", "STL")


def keeps_by_format() -> dict[str, Mapping[str, str]]:
    """Return what each reader keeps of each feature, as artists look for them."""
    rows = {row.name: row.keeps for row in FORMATS}
    return {name: rows[name] for name in _ORDER}


def make_page() -> str:
    """Return the page for the readers that there are."""
    keeps = keeps_by_format()
    names = list(keeps)
    lines = [_HEAD, f"| | {' | '.join(names)} |", f"|---|{'---|' * len(names)}"]
    for key, title in FEATURES:
        cells = [keeps[name][key].replace("|", "\\|") for name in names]
        lines.append(f"| **{title}** | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    import sys

    sys.stdout.write(make_page())
