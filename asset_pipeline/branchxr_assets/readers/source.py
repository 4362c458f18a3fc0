"""What every reader gives: a scene as it came in."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..document import Document, Floats
from ..warnings import SceneWarning


@dataclass(frozen=True, slots=True)
class Counts:
    """What a source holds, as its own format means it (`docs/formats.md` has the definitions).

    Attributes:
        triangles_unique: of every mesh once; a polygon of n corners counts n - 2.
        triangles_drawn: of the scene that is shown, each instance counted.
        animations: stacks or clips.
        morph_targets: channels, those of one object counted once each.
        cameras: all in the file.
        lights: all of them, area lights too.
        nodes_with_extras: nodes with custom properties of any author.
        uv_sets: of the mesh that has most.
        vertex_colour_sets: of the mesh that has most.
    """

    nodes: int = 0
    meshes: int = 0
    triangles_unique: int = 0
    triangles_drawn: int = 0
    materials: int = 0
    textures: int = 0
    images: int = 0
    skins: int = 0
    animations: int = 0
    morph_targets: int = 0
    cameras: int = 0
    lights: int = 0
    nodes_with_extras: int = 0
    uv_sets: int = 0
    vertex_colour_sets: int = 0


@dataclass(frozen=True, slots=True)
class Source:
    """A scene as it came in.

    Attributes:
        file: its name, without folders.
        format: `glb`, `gltf`, `fbx`, `obj`, `dae`, `usd`, …: what it is, whatever it is called.
        document: all that glTF can hold of it: metres, right-handed, +Y up.
        size_bytes: of the file and of everything it names beside it.
        hashes: file name -> SHA-256 of each file that was read.
        counts: of the source, not of `document`.
        generator: what wrote the file, in its own words.
        licence: what the file says of its rights.
        unit_m: metres in one unit of the file, as the file says; 1 where its format has no unit.
        extensions_used: as a glTF file lists them.
        bounds_m: `(2, 3)` of rest geometry in `document`'s frame, where the reader knows better
            than the document (a skin whose joints stand elsewhere); else it is measured there.
    """

    file: str
    format: str
    document: Document
    size_bytes: int
    hashes: Mapping[str, str]
    counts: Counts
    generator: str | None = None
    licence: str | None = None
    unit_m: float = 1.0
    extensions_used: tuple[str, ...] = ()
    bounds_m: Floats | None = None
    warnings: tuple[SceneWarning, ...] = field(default=())
