"""Measure what a device must take, and name what is too much with its largest parts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ..document import Document
from ..geometry import drawn_meshes, triangle_count
from ..pictures import size_px
from ..presets import Budgets
from ..tree import paths
from ..warnings import SceneWarning

MATERIALS_MAX: Final = 128
LIGHTS_MAX: Final = 16
TEXTURE_SIDE_MAX_PX: Final = 4096
_NAMED: Final = 3
"""How many of the largest parts a warning names."""
_BYTES_PER_PIXEL: Final = 4 * 4 / 3
"""RGBA in graphics memory, mip levels included."""
_BLOCK_BYTES_PER_PIXEL: Final = 1 * 4 / 3
"""KTX2 stays in blocks of one byte a pixel (BC7, ASTC 4x4)."""

Parts = tuple[tuple[int, str], ...]
"""`(how much, of what)`."""


@dataclass(frozen=True, slots=True)
class Load:
    """What is drawn and held at once, each with its parts, by the names of `Budgets`."""

    triangles: Parts = ()
    draws: Parts = ()
    texture_bytes: Parts = ()

    def __add__(self, other: "Load") -> "Load":
        """Return what both together take."""
        return Load(
            self.triangles + other.triangles,
            self.draws + other.draws,
            self.texture_bytes + other.texture_bytes,
        )


NOTHING: Final = Load()


def measure(document: Document) -> Load:
    """Measure what a document draws, and the textures it holds."""
    named = paths(document)
    triangles, draws = [], []
    for node, mesh, copies in drawn_meshes(document):
        primitives = document.listed("meshes")[mesh]["primitives"]
        drawn = sum(triangle_count(document, p) for p in primitives)
        triangles.append((drawn * copies, named[node]))
        draws.append((len(primitives), named[node]))
    images = zip(document.listed("images"), document.images, strict=True)
    held = tuple((_texture_bytes(raw), str(item.get("name", "an image"))) for item, raw in images)
    return Load(tuple(triangles), tuple(draws), held)


def overruns(load: Load, budgets: Budgets, *, download_bytes: int = 0) -> list[SceneWarning]:
    """Return a warning for each budget that is overrun."""
    found = []
    held = "bytes of textures are held in graphics memory"
    for code, parts, most, what in (
        ("budget_triangles", load.triangles, budgets.triangles, "triangles are drawn"),
        ("budget_draws", load.draws, budgets.draws, "draw calls are needed"),
        ("budget_texture_memory", load.texture_bytes, budgets.texture_bytes, held),
    ):
        total = sum(size for size, _ in parts)
        if total > most:
            largest = sorted(parts, key=lambda part: (-part[0], part[1]))[:_NAMED]
            named = ", ".join(f"{of!r} {size:,}" for size, of in largest)
            message = f"{total:,} {what}, {most:,} is the preset's budget; the most: {named}"
            found.append(SceneWarning(code, "the scene", message))
    if download_bytes > budgets.download_bytes:
        most = budgets.download_bytes
        message = f"{download_bytes:,} bytes are downloaded, {most:,} is the preset's budget"
        found.append(SceneWarning("budget_download", "the scene", message))
    return found


def excesses(documents: Sequence[Document]) -> list[SceneWarning]:
    """Return a warning for what no preset is meant for: many materials or lights, huge images."""
    found = []
    materials = sum(len(document.listed("materials")) for document in documents)
    lights = sum(
        "KHR_lights_punctual" in node.get("extensions", {})
        for document in documents
        for node in document.listed("nodes")
    )
    for code, count, most, what in (
        ("budget_materials", materials, MATERIALS_MAX, "materials are used"),
        ("budget_lights", lights, LIGHTS_MAX, "lights shine"),
    ):
        if count > most:
            found.append(SceneWarning(code, "the scene", f"{count:,} {what}, {most:,} is plenty"))
    for document in documents:
        for index, (image, raw) in enumerate(
            zip(document.listed("images"), document.images, strict=True)
        ):
            width, height = size_px(raw)
            if max(width, height) > TEXTURE_SIDE_MAX_PX:
                name = str(image.get("name", ""))
                most = TEXTURE_SIDE_MAX_PX
                message = f"the texture {name!r} is {width} x {height}; {most} is enough"
                found.append(SceneWarning("budget_texture_side", f"images[{index}]", message))
    return found


def _texture_bytes(raw: bytes) -> int:
    width, height = size_px(raw)
    is_block = raw.startswith(b"\xabKTX")
    return int(width * height * (_BLOCK_BYTES_PER_PIXEL if is_block else _BYTES_PER_PIXEL))
