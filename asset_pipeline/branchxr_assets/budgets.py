"""What a branch may cost those who look at it: limits of ours, named when a scene is over them."""

import io
from collections.abc import Iterator, Sequence
from typing import Final

from PIL import Image

from .document import Document
from .geometry import drawn_triangles, placements
from .warnings import SceneWarning

# Goals for a standalone headset that draws two eyes in 14 ms; not limits of any standard.
TRIANGLES_MAX: Final = 1_000_000
DRAWS_MAX: Final = 1_000
MATERIALS_MAX: Final = 128
LIGHTS_MAX: Final = 16
TEXTURE_SIDE_MAX: Final = 4096
TEXTURE_MEMORY_BYTES_MAX: Final = 512 * 2**20
"""Decoded, four bytes a pixel and a third more for the smaller sizes."""


def over_budget(documents: Sequence[Document]) -> Iterator[SceneWarning]:
    """Name each limit that documents shown together are over."""
    triangles = sum(drawn_triangles(document) for document in documents)
    draws = sum(_draws(document) for document in documents)
    materials = sum(len(document.listed("materials")) for document in documents)
    lights = sum(
        "KHR_lights_punctual" in node.get("extensions", {})
        for document in documents
        for node in document.listed("nodes")
    )
    for code, found, most, what in (
        ("budget_triangles", triangles, TRIANGLES_MAX, "triangles are drawn"),
        ("budget_draws", draws, DRAWS_MAX, "draw calls are needed"),
        ("budget_materials", materials, MATERIALS_MAX, "materials are used"),
        ("budget_lights", lights, LIGHTS_MAX, "lights shine"),
    ):
        if found > most:
            yield SceneWarning(code, "the scene", f"{found:,} {what}, the budget is {most:,}")
    yield from _textures(documents)


def _draws(document: Document) -> int:
    """Count one call for each primitive at each node; instances are drawn together."""
    per_mesh = [len(mesh["primitives"]) for mesh in document.listed("meshes")]
    return sum(per_mesh[placement.mesh] for placement in placements(document))


def _textures(documents: Sequence[Document]) -> Iterator[SceneWarning]:
    memory = 0
    for document in documents:
        for index, raw in enumerate(document.images):
            width, height = image_size(raw) or (0, 0)
            memory += width * height * 4 * 4 // 3
            if max(width, height) > TEXTURE_SIDE_MAX:
                name = str(document.listed("images")[index].get("name", ""))
                message = (
                    f"the texture {name!r} is {width} x {height}; {TEXTURE_SIDE_MAX} is enough"
                )
                yield SceneWarning("budget_texture_side", f"images[{index}]", message)
    if memory > TEXTURE_MEMORY_BYTES_MAX:
        message = (
            f"textures take {memory / 2**20:,.0f} MB of graphics memory, the budget is "
            f"{TEXTURE_MEMORY_BYTES_MAX / 2**20:,.0f} MB"
        )
        yield SceneWarning("budget_texture_memory", "the scene", message)


def image_size(raw: bytes) -> tuple[int, int] | None:
    """Return width and height from an image's head; `None` where it cannot be told."""
    try:
        with Image.open(io.BytesIO(raw), formats=("PNG", "JPEG", "WEBP")) as file:
            return file.size
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
