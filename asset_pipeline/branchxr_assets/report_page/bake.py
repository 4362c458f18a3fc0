"""Pack what a package shows into a few hundred kilobytes for the report's viewer.

Not glTF: the viewer would need a reader of it. One raw deflate stream (RFC 1951): the length of a
JSON head, the head, then arrays. Everything stands in scene axes already, so that the viewer is a
loop of draws. Each scene's arrays are deflated by themselves and laid end to end, so that a scene
which did not change (the live tile, while a desk moved) is neither decoded nor deflated again.

Arrays are differences (`_written`), which deflate to a third of what they would be by themselves:
on the dense scene's first level 0.6 MB for 1.7. Level 5 deflates as well as 9, in a fifth of the
time, and 4, twice as quick again, as well on the hall, but worse by 1.5 % on the dense scene.
"""

import base64
import io
import json
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import msgspec
import numpy as np

from ..columns import low_high
from ..document import Array, Document, Json
from ..geometry import around, drawn_triangles
from ..pictures import ENCODERS
from ..render.materials import PLAIN, Material, Slot, load_materials
from ..render.soup import Soup, gather
from ..render.textures import Decode, shrunk
from ..steps import NOTHING_REMEMBERED, Step, StepCache, own_code
from .outline import Outline

BYTES_MAX: Final = 1_500_000
"""Of the baked stream, compressed; as base64 it takes a third more."""
_TRIANGLES_MAX: Final = 400_000
_TEXTURE_SIDES: Final = (512, 256, 128)
_TEXTURE_BYTES_MAX: Final = 600_000
_QUALITY: Final = 78
_LEVEL: Final = 5
"""Of deflate."""
_OFFSETS: Final = ("places", "normals", "uvs", "order", "colours")
"""What of a batch says where an array begins."""


@dataclass(frozen=True, slots=True)
class Baked:
    """What the viewer shows.

    Attributes:
        stream: raw deflate.
        triangles: how many are in it.
    """

    stream: bytes
    triangles: int

    @property
    def text(self) -> str:
        """The stream as base64."""
        return base64.b64encode(self.stream).decode("ascii")


class _Map(msgspec.Struct, frozen=True):
    """An image as a batch uses it: its number in the scene, glTF's wraps, whether alpha counts."""

    image: int
    wraps: list[int]
    has_alpha: bool


class _Piece(msgspec.Struct, frozen=True):
    """One scene: its batches as JSON, their maps, and its arrays, deflated up to a full flush."""

    batches: str
    maps: list[dict[str, _Map]]
    size: int
    arrays: bytes


def bake(
    scenes: Sequence[Outline],
    decode: Decode = shrunk,
    *,
    cache: StepCache = NOTHING_REMEMBERED,
) -> Baked | None:
    """Pack scenes that are shown together; `None` when they are too much for a page."""
    triangles = sum(drawn_triangles(scene.document) for scene in scenes)
    if triangles > _TRIANGLES_MAX:
        return None
    soups = [_LazySoup(scene) for scene in scenes]
    boxes = [_box(scene, soup, cache) for scene, soup in zip(scenes, soups, strict=True)]
    every = np.array([box for box in boxes if box is not None] or [[[0.0] * 3, [1.0] * 3]])
    low, high = around(every)
    pieces = [
        _piece(scene, soup, (low, high), decode, cache)
        for scene, soup in zip(scenes, soups, strict=True)
    ]
    textures, numbers = _textures(scenes, pieces, decode, cache)
    head = {
        "box": [low.tolist(), high.tolist()],
        "batches": _batches(pieces, numbers),
        "textures": textures,
    }
    text = json.dumps(head).encode()
    text += b" " * (-len(text) % 4)
    arrays = [piece.arrays for piece in pieces]
    stream = b"".join(
        [
            _deflated(struct.pack("<I", len(text)) + text),
            *arrays,
            zlib.compress(b"", _LEVEL, wbits=-15),
        ]
    )
    return Baked(stream, triangles) if len(stream) <= BYTES_MAX else None


class _LazySoup:
    """A scene's triangles, gathered when somebody asks, and then once."""

    def __init__(self, scene: Outline) -> None:
        self._scene = scene
        self._found: tuple[Document, Soup] | None = None

    def get(self) -> tuple[Document, Soup]:
        if self._found is None:
            document = self._scene.whole()
            self._found = document, gather([document])
        return self._found


def _box(scene: Outline, soup: _LazySoup, cache: StepCache) -> list[list[float]] | None:
    def make() -> bytes:
        points = soup.get()[1].points
        box = low_high(points).tolist() if len(points) else None
        return json.dumps(box).encode()

    step = Step("baked_box", own_code(), inputs=(scene.form,))
    found: list[list[float]] | None = json.loads(cache.remember(step, make))
    return found


def _piece(
    scene: Outline, soup: _LazySoup, box: tuple[Array, Array], decode: Decode, cache: StepCache
) -> _Piece:
    def make() -> bytes:
        return msgspec.msgpack.encode(_made(*soup.get(), box, decode))

    if not cache.is_on:
        return _made(*soup.get(), box, decode)
    # Of pixels it matters only whether there are any: a map that cannot be read is none.
    shown = [_is_readable(raw, decode, cache) for raw in scene.document.images]
    decides = {"box": [edge.tolist() for edge in box], "shown": shown}
    step = Step("baked", own_code(), decides, (scene.form,), ENCODERS)
    return msgspec.msgpack.decode(cache.remember(step, make), type=_Piece)


def _is_readable(raw: bytes, decode: Decode, cache: StepCache) -> bool:
    step = Step("report_image_shown", own_code(), {}, (cache.digest(raw),), ENCODERS)
    return bool(cache.remember(step, lambda: b"" if decode(raw) is None else b"1"))


def _made(document: Document, soup: Soup, box: tuple[Array, Array], decode: Decode) -> _Piece:
    materials = [*load_materials(document, decode), PLAIN]
    blob = io.BytesIO()
    batches: list[Json] = []
    maps: list[dict[str, _Map]] = []
    for number in sorted(set(soup.materials.tolist())):
        material = materials[number]
        chosen = soup.corners[soup.materials == number]
        batches.append(_batch(soup, chosen, material, box, blob))
        maps.append(_maps(material))
    blob.write(b"\0" * (-blob.tell() % 4))
    raw = blob.getvalue()
    return _Piece(json.dumps(batches), maps, len(raw), _deflated(raw))


def _deflated(raw: bytes) -> bytes:
    """Deflate up to a full flush: whatever follows starts on a byte, and refers to nothing here."""
    deflate = zlib.compressobj(_LEVEL, wbits=-15)
    return deflate.compress(raw) + deflate.flush(zlib.Z_FULL_FLUSH)


def _maps(material: Material) -> dict[str, _Map]:
    slots = (
        ("map", material.base_map, material.mode != "OPAQUE"),
        ("glow", material.emission_map, False),
    )
    return {
        name: _Map(slot.texture.image, list(slot.texture.wraps), with_alpha)
        for name, slot, with_alpha in slots
        if slot is not None
    }


_Key = tuple[bytes, tuple[int, ...], bool]
"""Of a texture on the page: the image's bytes, wraps, alpha."""


def _textures(
    scenes: Sequence[Outline], pieces: Sequence[_Piece], decode: Decode, cache: StepCache
) -> tuple[list[Json], list[list[dict[str, int]]]]:
    """Return the page's textures, all at one size that fits it, and each batch's numbers."""
    order: dict[_Key, int] = {}
    numbers: list[list[dict[str, int]]] = []
    for scene, piece in zip(scenes, pieces, strict=True):
        numbers.append([])
        for maps in piece.maps:
            keys = {
                name: (scene.document.images[m.image], tuple(m.wraps), m.has_alpha)
                for name, m in maps.items()
            }
            numbers[-1].append({n: order.setdefault(key, len(order)) for n, key in keys.items()})
    listed: list[Json] = []
    for side in _TEXTURE_SIDES:
        listed = [{"uri": _uri(key, side, decode, cache), "wrap": list(key[1])} for key in order]
        if sum(len(item["uri"]) for item in listed) <= _TEXTURE_BYTES_MAX:
            break
    return listed, numbers


def _uri(key: _Key, side: int, decode: Decode, cache: StepCache) -> str:
    raw, _, has_alpha = key

    def make() -> bytes:
        image = decode(raw)
        if image is None:
            return b""  # it could be read a moment ago
        factor = -(-max(image.size) // side)
        smaller = image.reduce((min(factor, image.width), min(factor, image.height)))
        target = io.BytesIO()
        mode = "RGBA" if has_alpha else "RGB"
        smaller.convert(mode).save(target, "WEBP", quality=_QUALITY, method=2)
        return target.getvalue()

    inputs = (cache.digest(raw),) if cache.is_on else ()
    options = {"side_max_px": side, "has_alpha": has_alpha}
    made = cache.remember(Step("baked_texture", own_code(), options, inputs, ENCODERS), make)
    return f"data:image/webp;base64,{base64.b64encode(made).decode('ascii')}"


def _batches(pieces: Sequence[_Piece], numbers: list[list[dict[str, int]]]) -> list[Json]:
    """Return all batches, with their arrays' places in the whole stream."""
    found: list[Json] = []
    start = 0
    for piece, maps in zip(pieces, numbers, strict=True):
        for batch, textures in zip(json.loads(piece.batches), maps, strict=True):
            moved = {key: batch[key] + start for key in _OFFSETS if key in batch}
            found.append({**batch, **moved, **textures})
        start += piece.size
    return found


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
        "vertices": len(vertices),
        "places": _written(blob, places),
        "normals": _written(blob, normals),
        "uvs": _written(blob, uvs),
        "uv": [*uv_low, *uv_size],
        "order": _written(blob, order.astype("<u4").reshape(-1, 1)),
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
    low, high = low_high(uv)
    size = np.where(high > low, high - low, 1)
    packed = np.round((uv - low) / size * 65535).astype("<u2")
    return [float(v) for v in low], [float(v) for v in size], packed


def _written(blob: io.BytesIO, table: Array) -> int:
    """Append a table at a multiple of four bytes; return where.

    Column by column, each integer less the one before it, modulo its size: what is drawn one after
    the other lies close together.
    """
    blob.write(b"\0" * (-blob.tell() % 4))
    place = blob.tell()
    blob.write(np.diff(table.T, prepend=table.dtype.type(0)).tobytes())
    return place
