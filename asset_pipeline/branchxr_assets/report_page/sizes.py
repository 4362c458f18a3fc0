"""What takes how many bytes in a file, by cause, and the largest of each."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ..document import Document, Json
from ..geometry import triangle_count
from ..pictures import size_px

CAUSES: Final = ("textures", "geometry", "animation", "rest")


@dataclass(frozen=True, slots=True)
class Item:
    """A texture or a mesh.

    Attributes:
        detail: `1024 x 1024` of a texture, its triangles of a mesh.
    """

    name: str
    size_bytes: int
    detail: str


@dataclass(frozen=True, slots=True)
class Sizes:
    """Bytes by cause; `rest` is JSON, names and whatever a source's format needs beside."""

    textures: int
    geometry: int
    animation: int
    rest: int

    @property
    def total(self) -> int:
        """All of it."""
        return self.textures + self.geometry + self.animation + self.rest


def sizes(documents: Sequence[Document], total_bytes: int) -> Sizes:
    """Share out the bytes of files that were read as these documents."""
    textures = sum(len(raw) for document in documents for raw in document.images)
    animation = geometry = 0
    for document in documents:
        moving = _animation_accessors(document)
        for index, accessor in enumerate(document.accessors):
            if index in moving:
                animation += accessor.values.nbytes
            else:
                geometry += accessor.values.nbytes
    if textures + geometry + animation > total_bytes:
        # Compressed or shared: what is left beside textures and JSON is shared out alike.
        text = sum(len(json.dumps(d.root, separators=(",", ":"))) for d in documents)
        left = max(total_bytes - textures - text, 0)
        animation = left * animation // max(geometry + animation, 1)
        geometry = left - animation
        textures = min(textures, total_bytes)
    return Sizes(textures, geometry, animation, total_bytes - textures - geometry - animation)


def largest_textures(documents: Sequence[Document], most: int | None = None) -> list[Item]:
    """Return the images, those that take most bytes first; `most` of them, or all."""
    found = []
    for document in documents:
        for index, raw in enumerate(document.images):
            width, height = size_px(raw)
            kind = document.listed("images")[index].get("mimeType", "").partition("/")[2]
            name = str(document.listed("images")[index].get("name") or f"images[{index}]")
            detail = f"{width} × {height} {kind.upper()}" if width else kind.upper()
            found.append(Item(name, len(raw), detail))
    return sorted(found, key=lambda item: (-item.size_bytes, item.name))[:most]


def largest_meshes(documents: Sequence[Document], most: int | None = None) -> list[Item]:
    """Return the meshes, the largest first; an array that two share counts for the first."""
    found = []
    for document in documents:
        counted: set[int] = set()
        for index, mesh in enumerate(document.listed("meshes")):
            own = {i for primitive in mesh["primitives"] for i in _indices(primitive)} - counted
            counted |= own
            size = sum(document.accessors[i].values.nbytes for i in own)
            drawn = sum(triangle_count(document, primitive) for primitive in mesh["primitives"])
            name = str(mesh.get("name") or f"meshes[{index}]")
            found.append(Item(name, size, f"{drawn:,}".replace(",", "\u202f") + " △"))
    return sorted(found, key=lambda item: (-item.size_bytes, item.name))[:most]


def _animation_accessors(document: Document) -> set[int]:
    found: set[int] = set()
    for animation in document.listed("animations"):
        for sampler in animation["samplers"]:
            found |= {sampler["input"], sampler["output"]}
    return found


def _indices(primitive: Json) -> list[int]:
    targets = [i for target in primitive.get("targets", []) for i in target.values()]
    own = [primitive["indices"]] if "indices" in primitive else []
    return [*primitive["attributes"].values(), *own, *targets]
