"""Turn buffers, buffer views and accessors into arrays, trusting nothing they say."""

from collections.abc import Collection
from typing import Any, Final

import numpy as np

from branchxr.errors import SceneRefused

from ..document import COMPONENT_TYPES, COMPONENTS, Accessor, Array, Json
from ..meshopt import MeshoptFailed, decode
from ..refusal import refused
from ..warnings import SceneWarning
from .resources import Resources

IMAGE_TYPES: Final = {
    b"\x89PNG": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"\xabKTX": "image/ktx2",
    b"DDS ": "image/vnd-ms.dds",
}
ZEROS_BYTES_MAX: Final = 128 * 2**20
"""Bytes of all accessors that have no data: what a small file may claim in memory."""
UNPACKED_BYTES_MAX: Final = 256 * 2**20
_UNPACKED_PER_BYTE: Final = 64
"""Bytes that all meshopt views may unpack to: so many, or so many for each byte of the file. Whole
files pack 5:1 to 20:1; a view of one repeated vertex reaches 1000:1."""
MESHOPT: Final = ("KHR_meshopt_compression", "EXT_meshopt_compression")
_BLANK_PNG: Final = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154"
    "78da63f8ffff3f0005fe02fe331295140000000049454e44ae426082"
)
"""One white pixel, in place of an image that is not there."""


class BufferTable:
    """The binary side of one glTF document."""

    def __init__(
        self, root: Json, binary: bytes | None, resources: Resources, *, file: str
    ) -> None:
        self._root = root
        self.file = file
        self._resources = resources
        self._zeros_left = ZEROS_BYTES_MAX
        self._unpacked: dict[int, bytes] = {}
        self._buffers = [
            self._buffer(index, buffer, binary)
            for index, buffer in enumerate(root.get("buffers", []))
        ]
        size = sum(map(len, self._buffers))
        self._unpacked_left = max(UNPACKED_BYTES_MAX, size * _UNPACKED_PER_BYTE)

    def accessors(self, *, declared: Collection[int] = ()) -> tuple[Accessor, ...]:
        """Read all accessors; nothing is copied unless it must be.

        Those that are only `declared`, because their data lies elsewhere, come out empty.
        """
        found = []
        for index, item in enumerate(self._root.get("accessors", [])):
            is_elsewhere = index in declared and "bufferView" not in item
            given = item | {"count": 0} if is_elsewhere else item
            found.append(self._accessor(given, f"accessors[{index}]"))
        return tuple(found)

    def images(self) -> tuple[tuple[bytes, ...], list[SceneWarning]]:
        """Read all images; one that is missing becomes a white pixel, with a warning."""
        images: list[bytes] = []
        warnings: list[SceneWarning] = []
        for index, image in enumerate(self._root.get("images", [])):
            place = f"images[{index}]"
            raw = self._image(image, place, warnings)
            mime = image_type(raw)
            if mime is None:
                message = "it is no image that glTF knows; a white pixel stands in for it"
                warnings.append(SceneWarning("image_unreadable", place, message))
                raw, mime = _BLANK_PNG, "image/png"
            image.pop("uri", None)
            image.pop("bufferView", None)
            image["mimeType"] = mime
            images.append(raw)
        return tuple(images), warnings

    def _image(self, image: Json, place: str, warnings: list[SceneWarning]) -> bytes:
        if "bufferView" in image:
            return self.view(image["bufferView"], f"{place}.bufferView")[0]
        if "uri" not in image:
            return b""
        uri = image["uri"]
        if not uri.startswith("data:"):
            image.setdefault("name", uri.rpartition("/")[2].rpartition(".")[0])
        try:
            return self._resources.load(uri, place=place)
        except SceneRefused as error:
            if error.code not in {"scene_missing_file", "scene_path"}:
                raise
            code = "image_missing" if error.code == "scene_missing_file" else "image_outside"
            message = f"{uri[:120]!r} was not read ({error.remedy}); a white pixel stands in for it"
            warnings.append(SceneWarning(code, place, message))
            return _BLANK_PNG

    def _buffer(self, index: int, buffer: Json, binary: bytes | None) -> bytes:
        place = f"buffers[{index}]"
        if "uri" in buffer:
            raw = self._resources.load(buffer["uri"], place=place)
        elif index == 0 and binary is not None:
            raw = binary
        else:
            # A buffer without data is legal where only extensions with a fallback use it.
            raw = b""
        if len(raw) < buffer["byteLength"] and (raw or "extensions" not in buffer):
            raise self._out_of_range(place, f"{buffer['byteLength']} bytes", f"{len(raw)} bytes")
        return raw

    def view(self, index: int, place: str) -> tuple[bytes, int | None]:
        """Return the bytes of a buffer view, unpacked, and its stride."""
        views = self._root.get("bufferViews", [])
        if index >= len(views):
            raise self._out_of_range(place, f"one of {len(views)} buffer views", f"number {index}")
        view = views[index]
        extensions = view.get("extensions", {})
        packed = next((extensions[name] for name in MESHOPT if name in extensions), None)
        if packed is None:
            return self._part(view, place), view.get("byteStride")
        if index not in self._unpacked:
            self._unpacked[index] = self._unpack(view, packed, f"bufferViews[{index}]")
        return self._unpacked[index], view.get("byteStride")

    def _part(self, view: Json, place: str) -> bytes:
        start, length = view.get("byteOffset", 0), view["byteLength"]
        if view["buffer"] >= len(self._buffers):
            came = f"number {view['buffer']}"
            raise self._out_of_range(place, f"one of {len(self._buffers)} buffers", came)
        buffer = self._buffers[view["buffer"]]
        if start + length > len(buffer):
            came = f"bytes {start} to {start + length}"
            raise self._out_of_range(place, f"bytes inside the {len(buffer)} of its buffer", came)
        return buffer[start : start + length]

    def _unpack(self, view: Json, packed: Json, place: str) -> bytes:
        """Undo EXT_meshopt_compression and KHR_meshopt_compression, which differ by name only."""
        count, stride = packed["count"], packed["byteStride"]
        size = count * stride
        if size != view["byteLength"]:
            came = f"{count} elements of {stride} bytes"
            raise self._out_of_range(place, f"{view['byteLength']} bytes, as it says", came)
        if size > self._unpacked_left:
            came = f"a compressed view of {size}"
            raise self._out_of_range(place, f"at most {self._unpacked_left} bytes more", came)
        self._unpacked_left -= size
        raw = self._part(packed, place)
        try:
            found = decode(raw, count, stride, packed["mode"], packed.get("filter", "NONE"))
        except MeshoptFailed as error:
            raise self._out_of_range(place, "a meshopt stream that decodes", str(error)) from error
        return found.tobytes()

    def _accessor(self, item: Json, place: str) -> Accessor:
        dtype = COMPONENT_TYPES[item["componentType"]]
        kind, count = item["type"], item["count"]
        if "bufferView" in item:
            values = self._table(item, dtype, kind, count, place)
        else:
            values = self._zeros(count, kind, dtype, place)
        if "sparse" in item:
            values = self._with_sparse(values, item["sparse"], kind, f"{place}.sparse")
        known = {"bufferView", "byteOffset", "componentType", "normalized", "count", "type"}
        rest = {k: v for k, v in item.items() if k not in known | {"min", "max", "sparse"}}
        is_normalized = bool(item.get("normalized")) and dtype.kind in "iu" and dtype.itemsize < 4
        values = values if values.base is None else values.view()
        values.setflags(write=False)
        return Accessor(values, kind, is_normalized, rest)

    def _zeros(self, count: int, kind: str, dtype: np.dtype[Any], place: str) -> Array:
        self._zeros_left -= count * COMPONENTS[kind] * dtype.itemsize
        if self._zeros_left < 0:
            came = f"{count} elements without data"
            raise self._out_of_range(place, f"at most {ZEROS_BYTES_MAX} bytes of them", came)
        return np.zeros((count, COMPONENTS[kind]), dtype)

    def _table(self, item: Json, dtype: np.dtype[Any], kind: str, count: int, place: str) -> Array:
        raw, stride = self.view(item["bufferView"], f"{place}.bufferView")
        columns, rows, column_bytes = _layout(kind, dtype)
        size = columns * column_bytes
        stride = stride or size
        start = item.get("byteOffset", 0)
        if stride < size:
            raise self._out_of_range(place, f"a stride of at least {size} bytes", f"{stride}")
        end = start + (stride * (count - 1) + size if count else 0)
        if end > len(raw):
            came = f"{count} elements that end at byte {end}"
            raise self._out_of_range(place, f"elements inside the {len(raw)} bytes", came)
        table = np.ndarray(
            (count, columns, rows),
            dtype,
            raw,
            start,
            (stride, column_bytes, dtype.itemsize),
        )
        return table.reshape(count, columns * rows)

    def _with_sparse(self, values: Array, sparse: Json, kind: str, place: str) -> Array:
        count = sparse["count"]
        index_item = sparse["indices"] | {"count": count, "type": "SCALAR"}
        index_type = COMPONENT_TYPES[index_item["componentType"]]
        indices = self._table(index_item, index_type, "SCALAR", count, f"{place}.indices")[:, 0]
        new = self._table(sparse["values"], values.dtype, kind, count, f"{place}.values")
        ordered = indices.astype(np.int64)
        if count and (ordered.max() >= len(values) or (np.diff(ordered) <= 0).any()):
            came = "an index out of range or out of order"
            raise self._out_of_range(place, f"rising indices below {len(values)}", came)
        filled = values.copy()
        filled[ordered] = new
        return filled

    def _out_of_range(self, place: str, expected: str, came: str) -> SceneRefused:
        return refused(
            "scene_accessor",
            file=self.file,
            place=place,
            expected=expected,
            came=came,
            remedy="export the scene again; the file contradicts itself",
        )


def image_type(raw: bytes) -> str | None:
    """Tell an image's MIME type by its first bytes; `None` when it is none that glTF knows."""
    if raw[:4] == b"RIFF" and raw[8:12] == b"WEBP":
        return "image/webp"
    if raw[4:12] == b"ftypavif":
        return "image/avif"
    return next((mime for magic, mime in IMAGE_TYPES.items() if raw.startswith(magic)), None)


def _layout(kind: str, dtype: np.dtype[Any]) -> tuple[int, int, int]:
    """Return columns, rows and bytes per column; matrix columns start on 4 bytes (3.6.2.4)."""
    if not kind.startswith("MAT"):
        return 1, COMPONENTS[kind], COMPONENTS[kind] * dtype.itemsize
    side = int(kind[3])
    return side, side, -(-side * dtype.itemsize // 4) * 4
