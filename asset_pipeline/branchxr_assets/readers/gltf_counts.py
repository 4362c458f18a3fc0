"""Count what a glTF file holds, as the file itself means it."""

from ..document import Document, Json
from ..geometry import drawn_meshes, triangle_count
from ..operations.select_scene import select_scene
from .source import Counts


def count(raw: Json, document: Document) -> Counts:
    """Return the counts; `raw` is the file's own JSON, `document` what was read of it.

    `lights` and `cameras` are the nodes that carry one: glTF shares them between nodes.
    """
    shown = select_scene(document).document
    drawn = _per_mesh(shown)
    unique = _per_mesh(document)
    nodes = raw.get("nodes", [])
    sets = [set(p["attributes"]) for p in document.primitives()]
    return Counts(
        nodes=len(nodes),
        meshes=len(unique),
        triangles_unique=sum(unique),
        triangles_drawn=sum(drawn[mesh] * copies for _, mesh, copies in drawn_meshes(shown)),
        materials=len(raw.get("materials", [])),
        textures=len(raw.get("textures", [])),
        images=len(raw.get("images", [])),
        skins=len(raw.get("skins", [])),
        animations=len(raw.get("animations", [])),
        morph_targets=sum(_morph_targets(mesh) for mesh in raw.get("meshes", [])),
        cameras=sum("camera" in node for node in nodes),
        lights=sum("KHR_lights_punctual" in node.get("extensions", {}) for node in nodes),
        nodes_with_extras=sum("extras" in node for node in nodes),
        uv_sets=max((_how_many(names, "TEXCOORD_") for names in sets), default=0),
        vertex_colour_sets=max((_how_many(names, "COLOR_") for names in sets), default=0),
    )


def _per_mesh(document: Document) -> list[int]:
    meshes = document.listed("meshes")
    return [sum(triangle_count(document, p) for p in mesh["primitives"]) for mesh in meshes]


def _morph_targets(mesh: Json) -> int:
    return max((len(p.get("targets", [])) for p in mesh["primitives"]), default=0)


def _how_many(names: set[str], start: str) -> int:
    return sum(name.startswith(start) for name in names)
