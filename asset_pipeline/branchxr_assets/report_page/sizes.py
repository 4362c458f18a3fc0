"""What takes how many bytes in a file, by cause, and the largest of each."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from .. import container
from ..document import Document, Json
from ..geometry import triangle_count
from ..packing import DRACO, EXT_MESHOPT, KHR_MESHOPT
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


def stored_sizes(glbs: Sequence[bytes]) -> tuple[Sizes, dict[str, int]]:
    """Return the bytes of chunks by cause, and those of meshes by name, as codecs packed them."""
    textures = geometry = animation = 0
    meshes: dict[str, int] = {}
    for glb in glbs:
        root = json.loads(container.split(glb, file="a chunk")[0])
        views = [_stored_bytes(view) for view in root.get("bufferViews", [])]
        shares = _shares(root, views)
        textures += sum(views[image["bufferView"]] for image in root.get("images", []))
        moving = {
            index
            for clip in root.get("animations", [])
            for sampler in clip["samplers"]
            for index in (sampler["input"], sampler["output"])
        }
        animation += round(sum(shares[index] for index in moving))
        geometry += round(sum(share for i, share in enumerate(shares) if i not in moving))
        counted: set[int] = set()
        for index, mesh in enumerate(root.get("meshes", [])):
            name = str(mesh.get("name") or f"meshes[{index}]")
            own = {i for primitive in mesh["primitives"] for i in _indices(primitive)} - counted
            streams = {
                p["extensions"][DRACO]["bufferView"]
                for p in mesh["primitives"]
                if DRACO in p.get("extensions", {})
            }
            counted |= own
            size = sum(shares[i] for i in own) + sum(views[view] for view in streams)
            meshes[name] = meshes.get(name, 0) + round(size)
            geometry += sum(views[view] for view in streams)
    total = sum(map(len, glbs))
    return Sizes(textures, geometry, animation, total - textures - geometry - animation), meshes


def _stored_bytes(view: Json) -> int:
    """Return what a buffer view has in the file, packed."""
    extensions = view.get("extensions", {})
    packed = next((extensions[n] for n in (EXT_MESHOPT, KHR_MESHOPT) if n in extensions), view)
    return int(packed["byteLength"])


def _shares(root: Json, views: Sequence[int]) -> list[float]:
    """Return each accessor's bytes; those of a view that several share go by their counts."""
    used: list[list[int]] = []
    for accessor in root.get("accessors", []):
        sparse = accessor.get("sparse", {})
        parts = [accessor, sparse.get("indices", {}), sparse.get("values", {})]
        used.append([part["bufferView"] for part in parts if "bufferView" in part])
    counts = [accessor["count"] for accessor in root.get("accessors", [])]
    totals: dict[int, int] = {}
    for count, own in zip(counts, used, strict=True):
        for view in own:
            totals[view] = totals.get(view, 0) + count
    return [
        sum(views[view] * count / max(totals[view], 1) for view in own)
        for count, own in zip(counts, used, strict=True)
    ]


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
