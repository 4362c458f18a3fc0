"""Pack what a package shows into a few hundred kilobytes for the report's viewer.

Not glTF: the viewer would need a reader of it. One gzip stream: the length of a JSON head, the
head, then arrays. Everything stands in scene axes already, so that the viewer is a loop of draws.
"""

import base64
import gzip
import io
import json
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from PIL import Image

from ..document import Array, Document, Json
from ..render.materials import PLAIN, Material, Slot, load_materials
from ..render.soup import Soup, gather
from ..render.textures import Texture

BYTES_MAX: Final = 1_500_000
"""Of the baked stream, compressed; as base64 it takes a third more."""
_TRIANGLES_MAX: Final = 400_000
_TEXTURE_SIDES: Final = (512, 256, 128)
_TEXTURE_BYTES_MAX: Final = 600_000
_QUALITY: Final = 78


@dataclass(frozen=True, slots=True)
class Baked:
    """What the viewer shows.

    Attributes:
        stream: gzip.
        triangles: how many are in it.
    """

    stream: bytes
    triangles: int

    @property
    def text(self) -> str:
        """The stream as base64."""
        return base64.b64encode(self.stream).decode("ascii")


def bake(documents: Sequence[Document]) -> Baked | None:
    """Pack documents that are shown together; `None` when they are too much for a page."""
    soup = gather(documents)
    if len(soup.corners) > _TRIANGLES_MAX:
        return None
    materials = [*(m for document in documents for m in load_materials(document)), PLAIN]
    used = sorted(set(soup.materials.tolist()))
    pictures = _Pictures()
    low = soup.points.min(axis=0) if len(soup.points) else np.zeros(3)
    high = soup.points.max(axis=0) if len(soup.points) else np.ones(3)
    blob = io.BytesIO()
    batches = []
    for number in used:
        material = materials[number]
        batch = _batch(soup, soup.corners[soup.materials == number], material, (low, high), blob)
        batches.append(batch | pictures.of(material))
    head = {
        "box": [low.tolist(), high.tolist()],
        "batches": batches,
        "textures": pictures.encoded(),
    }
    text = json.dumps(head).encode()
    text += b" " * (-len(text) % 4)
    stream = gzip.compress(struct.pack("<I", len(text)) + text + blob.getvalue(), 9, mtime=0)
    return Baked(stream, len(soup.corners)) if len(stream) <= BYTES_MAX else None


class _Pictures:
    """The base colour maps in use, each once."""

    def __init__(self) -> None:
        self._found: list[tuple[Texture, bool]] = []

    def of(self, material: Material) -> Json:
        """Return the numbers of a material's maps."""
        found: Json = {}
        for name, slot, with_alpha in (
            ("map", material.base_map, material.mode != "OPAQUE"),
            ("glow", material.emission_map, False),
        ):
            if slot is not None:
                found[name] = self._number(slot.texture, with_alpha)
        return found

    def _number(self, texture: Texture, with_alpha: bool) -> int:
        for number, (known, has_alpha) in enumerate(self._found):
            if known is texture and has_alpha == with_alpha:
                return number
        self._found.append((texture, with_alpha))
        return len(self._found) - 1

    def encoded(self) -> list[Json]:
        """Return data URIs and wraps, all at one size that fits the page."""
        listed: list[Json] = []
        for side in _TEXTURE_SIDES:
            listed = [
                {"uri": _as_uri(_level(t, side, with_alpha=a)), "wrap": list(t.wraps)}
                for t, a in self._found
            ]
            if sum(len(item["uri"]) for item in listed) <= _TEXTURE_BYTES_MAX:
                break
        return listed


def _level(texture: Texture, side: int, *, with_alpha: bool) -> Image.Image:
    sizes = np.maximum(texture.widths, texture.heights)
    level = int(np.flatnonzero(sizes <= side)[0])
    width, height = int(texture.widths[level]), int(texture.heights[level])
    start = int(texture.starts[level])
    texels = texture.texels[start : start + width * height].reshape(height, width, 4)
    return Image.fromarray(texels if with_alpha else np.ascontiguousarray(texels[:, :, :3]))


def _as_uri(image: Image.Image) -> str:
    target = io.BytesIO()
    image.save(target, "WEBP", quality=_QUALITY, method=4)
    return f"data:image/webp;base64,{base64.b64encode(target.getvalue()).decode('ascii')}"


def _batch(
    soup: Soup,
    corners: Array,
    material: Material,
    box: tuple[Array, Array],
    blob: io.BytesIO,
) -> Json:
    """Write one material's arrays; return what the viewer must know of them."""
    vertices, order = np.unique(corners.reshape(-1), return_inverse=True)
    low, high = box
    extent = np.where(high > low, high - low, 1)
    places = np.round((soup.points[vertices] - low) / extent * 65535).astype("<u2")
    normals = np.round(np.clip(soup.normals[vertices], -1, 1) * 127).astype("i1")
    colours = np.round(soup.colours[vertices] * 255).astype("u1")
    uv_low, uv_size, uvs = _packed_uvs(soup, vertices, material.base_map or material.emission_map)
    batch: Json = {
        "places": _written(blob, np.pad(places, ((0, 0), (0, 1)))),
        "normals": _written(blob, np.pad(normals, ((0, 0), (0, 1)))),
        "uvs": _written(blob, uvs),
        "uv": [*uv_low, *uv_size],
        "order": _written(blob, order.astype("<u4")),
        "count": len(order),
        "base": [round(float(v), 4) for v in material.base],
        "glows": [round(float(v), 4) for v in material.emission],
        "mode": material.mode,
        "cutoff": material.cutoff,
        "twoSided": material.is_two_sided,
        "unlit": material.is_unlit,
        "metal": 0.0 if material.metal_map is not None else material.metallic,
    }
    if (colours != 255).any():
        batch["colours"] = _written(blob, colours)
    return batch


def _packed_uvs(
    soup: Soup, vertices: Array, slot: Slot | None
) -> tuple[list[float], list[float], Array]:
    if slot is None:
        return [0.0, 0.0], [1.0, 1.0], np.zeros((len(vertices), 2), "<u2")
    uv = soup.uvs[vertices, slot.uv_set] @ slot.matrix[:, :2].T + slot.matrix[:, 2]
    low, high = uv.min(axis=0), uv.max(axis=0)
    size = np.where(high > low, high - low, 1)
    packed = np.round((uv - low) / size * 65535).astype("<u2")
    return [float(v) for v in low], [float(v) for v in size], packed


def _written(blob: io.BytesIO, values: Array) -> int:
    """Append an array at a multiple of four bytes; return where."""
    blob.write(b"\0" * (-blob.tell() % 4))
    place = blob.tell()
    blob.write(np.ascontiguousarray(values).tobytes())
    return place
