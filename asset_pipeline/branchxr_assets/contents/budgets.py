"""Measure what a device must take, and name what is too much with its largest parts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ..document import Document
from ..geometry import placements, triangle_count
from ..pictures import size_px
from ..presets import Budgets
from ..tree import paths
from ..warnings import SceneWarning

_NAMED: Final = 3
"""How many of the largest parts a warning names."""
_BYTES_PER_PIXEL: Final = 4 * 4 / 3
"""RGBA in graphics memory, mip levels included."""
_BLOCK_BYTES_PER_PIXEL: Final = 1 * 4 / 3
"""KTX2 stays in blocks of one byte a pixel (BC7, ASTC 4x4)."""

Parts = list[tuple[int, str]]
"""`(how much, of what)`."""


@dataclass(frozen=True, slots=True)
class Load:
    """What is drawn and held at once, each with its parts."""

    triangles: Parts
    draws: Parts
    texture_bytes: Parts

    @property
    def totals(self) -> dict[str, int]:
        """The sums, by the names of `Budgets`."""
        listed = {"triangles": self.triangles, "draws": self.draws,
                  "texture_bytes": self.texture_bytes}  # fmt: skip
        return {name: sum(size for size, _ in parts) for name, parts in listed.items()}


def measure(documents: Sequence[Document]) -> Load:
    """Measure the fullest level and the live tile together."""
    load = Load([], [], [])
    for document in documents:
        named = paths(document)
        for placement in placements(document):
            primitives = document.listed("meshes")[placement.mesh]["primitives"]
            drawn = sum(triangle_count(document, p) for p in primitives)
            load.triangles.append((drawn * len(placement.matrices), named[placement.node]))
            load.draws.append((len(primitives), named[placement.node]))
        for image, raw in zip(document.listed("images"), document.images, strict=True):
            load.texture_bytes.append((_texture_bytes(raw), str(image.get("name", "an image"))))
    return load


def overruns(load: Load, budgets: Budgets, *, download_bytes: int) -> list[SceneWarning]:
    """Return a warning for each budget that is overrun."""
    found = []
    words = {
        "triangles": ("triangles are drawn", load.triangles),
        "draws": ("draw calls are needed", load.draws),
        "texture_bytes": ("bytes of textures are held in graphics memory", load.texture_bytes),
    }
    for name, (what, parts) in words.items():
        total, most = load.totals[name], getattr(budgets, name)
        if total > most:
            largest = sorted(parts, key=lambda part: (-part[0], part[1]))[:_NAMED]
            named = ", ".join(f"{of!r} {size:,}" for size, of in largest)
            message = f"{total:,} {what}, {most:,} is the preset's budget; the most: {named}"
            found.append(SceneWarning(f"budget_{name}", "the scene", message))
    if download_bytes > budgets.download_bytes:
        most = budgets.download_bytes
        message = f"{download_bytes:,} bytes are downloaded, {most:,} is the preset's budget"
        found.append(SceneWarning("budget_download_bytes", "the scene", message))
    return found


def _texture_bytes(raw: bytes) -> int:
    width, height = size_px(raw)
    is_block = raw.startswith(b"\xabKTX")
    return int(width * height * (_BLOCK_BYTES_PER_PIXEL if is_block else _BYTES_PER_PIXEL))
