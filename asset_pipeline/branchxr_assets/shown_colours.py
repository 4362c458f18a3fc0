"""The mean colour of that part of a texture which a primitive shows.

Many objects share one atlas, and of a bottle's picture half is background: the mean of the whole
image is then the colour of nothing. So points on the triangles are looked up, as many per square
metre everywhere, in an image of 256 pixels a side.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .columns import across, lengths
from .document import Array, Document, Floats, Json
from .geometry import triangles
from .operations.textures import image_sources
from .pictures import ENCODERS
from .render.materials import uv_matrix
from .render.textures import TO_LINEAR
from .small_pictures import opened_small
from .steps import Shelf, Step, StepCache, own_code

_SAMPLES: Final = 1024
"""Points per primitive. Of 200 tiled images of black and white noise, what they say is off by 0.03
to the eye at most: less than what `PlainMaterialsOptions.difference` passes over."""
_SIDE_PX: Final = 256
"""A palette of 32 x 32 colours still has 8 pixels for each."""
_TRIANGLES_MAX: Final = 16384
"""A scan has a million, and needs no more of them for 1,024 points."""
_GOLDEN: Final = 0.6180339887498949
_PLASTIC: Final = np.array([[0.7548776662466927], [0.5698402909980532]])
"""Steps that fill a line and a square evenly, however many there are."""
_NUMBERS: Final = np.arange(_SAMPLES)
_SPREAD: Final = (_NUMBERS * _PLASTIC + 0.5) % 1
_INSIDE: Final = np.where(_SPREAD.sum(axis=0) > 1, 1 - _SPREAD, _SPREAD)[:, :, None]
"""Points in a triangle: a square folded over its diagonal (Turk, Graphics Gems, 1990)."""
_CLAMP, _MIRROR = 33071, 33648  # glTF 2.0, sampler.wrapS
_REPEAT: Final = 10497


@dataclass(frozen=True, slots=True)
class Shown:
    """Mean linear RGBA, colour weighted by alpha.

    Attributes:
        surface: of the primitive, in square metres of its own.
        part: of what a primitive shows of an image.
        whole: of all of that image, of the same pixels: what `part` is to be compared with.
    """

    surface: float
    part: list[float]
    whole: list[float]


class ShownColours:
    """What primitives show of a document's images, computed once each, or remembered."""

    def __init__(self, document: Document, cache: StepCache, shelf: Shelf) -> None:
        self._document = document
        self._cache = cache
        self._shelf = shelf
        self._images: dict[int, _Pixels | None] = {}

    def of(self, primitive: Json, slot: Any) -> Shown | None:
        """Return what a primitive shows of a texture slot; `None` where there is nothing to see."""
        if not isinstance(slot, dict) or "index" not in slot:
            return None
        texture = self._document.listed("textures")[slot["index"]]
        change = slot.get("extensions", {}).get("KHR_texture_transform", {})
        uv = f"TEXCOORD_{change.get('texCoord', slot.get('texCoord', 0))}"
        source = next(iter(image_sources(texture)), None)
        attributes = primitive["attributes"]
        if source is None or uv not in attributes or "POSITION" not in attributes:
            return None
        sampler: Json = {}
        if "sampler" in texture:
            sampler = self._document.listed("samplers")[texture["sampler"]]
        wraps = (sampler.get("wrapS", _REPEAT), sampler.get("wrapT", _REPEAT))

        def make() -> bytes:
            found = self._made(primitive, uv, source, change, wraps)
            return json.dumps(
                None if found is None else [found.surface, found.part, found.whole]
            ).encode()

        key = self._key(primitive, uv, source, [change, wraps])
        found = json.loads(self._shelf.remember(key, make))
        return None if found is None else Shown(*found)

    def _key(self, primitive: Json, uv: str, source: int, how: list[Any]) -> str:
        slots = (*(primitive["attributes"][n] for n in ("POSITION", uv)), primitive.get("indices"))
        told: list[Any] = [source, *slots]
        if self._cache.is_on:
            accessors = (None if i is None else self._document.accessors[i] for i in slots)
            told = [None if a is None else self._cache.facts(a) for a in accessors]
            told.append(self._cache.digest(self._document.images[source]))
        return json.dumps([primitive.get("mode"), told, how])

    def _made(
        self, primitive: Json, uv: str, source: int, change: Json, wraps: tuple[int, int]
    ) -> Shown | None:
        if source not in self._images:
            self._images[source] = _pixels(self._document.images[source], self._cache)
        pixels = self._images[source]
        found = None if pixels is None else _places(self._document, primitive, uv)
        if pixels is None or found is None:
            return None
        places, surface = found
        with np.errstate(over="ignore", invalid="ignore"):
            matrix = uv_matrix(change).astype(np.float64)
            placed = places @ matrix[:, :2].T + matrix[:, 2]
        placed = placed[across(np.logical_and, np.isfinite(placed))]
        if not len(placed):
            return None
        return Shown(surface, _mean(pixels.at(placed, wraps)), pixels.mean)


@contextmanager
def shown_colours(document: Document, cache: StepCache) -> Iterator[ShownColours]:
    """Lend what primitives show; what they showed is remembered until an image is another."""
    inputs = [cache.digest(raw) for raw in document.images] if cache.is_on else []
    step = Step("shown_colours", own_code(), {}, inputs, ENCODERS)
    with cache.shelf(step) as shelf:
        yield ShownColours(document, cache, shelf)


@dataclass(frozen=True, slots=True)
class _Pixels:
    """An image: `(height, width, 4) uint8`, and the mean of them all."""

    texels: NDArray[np.uint8]
    mean: list[float]

    def at(self, uv: Floats, wraps: tuple[int, int]) -> NDArray[np.uint8]:
        """Return the `(n, 4)` pixels at `(n, 2)` places."""
        height, width = self.texels.shape[:2]
        column = _wrapped(uv[:, 0], wraps[0], width)
        row = _wrapped(uv[:, 1], wraps[1], height)
        found: NDArray[np.uint8] = self.texels[row, column]
        return found


def _wrapped(place: Floats, wrap: int, size: int) -> NDArray[np.int64]:
    if wrap == _CLAMP:
        inside = place.clip(0, 1)
    elif wrap == _MIRROR:
        inside = 1 - np.abs(np.mod(place, 2) - 1)
    else:
        inside = np.mod(place, 1)
    return np.minimum((inside * size).astype(np.int64), size - 1)


def _pixels(raw: bytes, cache: StepCache) -> _Pixels | None:
    """Return an image made small; to decode one again for each edited mesh takes 0.3 s."""

    def make() -> bytes:
        image = opened_small(raw, cache)
        if image is None:
            return b""
        smaller = image.copy()
        smaller.thumbnail((_SIDE_PX, _SIDE_PX), Image.Resampling.BOX)
        return bytes((smaller.width - 1, smaller.height - 1)) + smaller.convert("RGBA").tobytes()

    inputs = (cache.digest(raw),) if cache.is_on else ()
    made = cache.remember(Step("shown_pixels", own_code(), {}, inputs, ENCODERS), make)
    if not made:
        return None
    texels = np.frombuffer(made, np.uint8, offset=2).reshape(made[1] + 1, made[0] + 1, 4)
    return _Pixels(texels, _mean(texels.reshape(-1, 4)))


def _mean(texels: NDArray[np.uint8]) -> list[float]:
    """Return the mean linear RGBA of `(n, 4)` pixels, as `pictures.mean_colour` weighs them."""
    alpha = texels[:, 3] / 255
    weight = np.maximum(alpha, 1e-6)
    # Counted by value: to look up and add 65,536 pixels took 14 ms an image, this takes 0.9.
    counts = [np.bincount(texels[:, band], weight, minlength=256) for band in range(3)]
    total = float(weight.sum())
    return [*(float((count * TO_LINEAR).sum()) / total for count in counts), float(alpha.mean())]


def _places(document: Document, primitive: Json, uv: str) -> tuple[Floats, float] | None:
    """Return `(n, 2)` texture coordinates of points spread evenly over a surface, and its size."""
    points, coordinates = (
        document.accessors[primitive["attributes"][name]] for name in ("POSITION", uv)
    )
    faces = triangles(document, primitive)
    share = max(len(faces) / _TRIANGLES_MAX, 1.0)
    if share > 1:
        chosen = np.arange(_TRIANGLES_MAX) * _GOLDEN % 1 * len(faces)
        faces = faces[chosen.astype(np.int64)]
    if not len(faces) or int(faces.max()) >= min(points.count, coordinates.count):
        return None
    upto = np.cumsum(_areas([replace(points, values=points.values[c]).as_float() for c in faces.T]))
    if not upto[-1] > 0:
        return None
    face = np.searchsorted(upto, (_NUMBERS + 0.5) / _SAMPLES * upto[-1], side="right")
    corners = faces[np.minimum(face, len(faces) - 1)]
    a, b, c = (replace(coordinates, values=coordinates.values[n]).as_float() for n in corners.T)
    with np.errstate(over="ignore", invalid="ignore"):
        found: Floats = a + (b - a) * _INSIDE[0] + (c - a) * _INSIDE[1]
    return found, share * float(upto[-1]) / 2


def _areas(corners: list[Array]) -> Floats:
    """Return twice the area of each triangle, 0 where it is no number."""
    a, b, c = corners
    with np.errstate(over="ignore", invalid="ignore"):
        found: Floats = lengths(np.cross(b - a, c - a))
    return np.where(np.isfinite(found), found, 0.0)
