"""The report's pictures; after a small change only what of a picture has changed is drawn anew.

What is remembered is the last picture from a place and where on it each node showed. A node whose
key is new, or gone, makes its rectangle of the picture stale; there everything is drawn again.
"""

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Final

import msgspec
import numpy as np

from ..document import Floats
from ..geometry import placements
from ..render import Camera, Lighting, render, render_windows
from ..render.creases import RADIUS_MAX
from ..render.picture import Pixels
from ..render.picture import Window as Box
from ..render.textures import Decode
from ..steps import Step, StepCache, own_code
from .outline import Outline

_WORTH_SHARE: Final = 0.5
"""Of a picture: where more is stale, all of it is drawn at once."""
_STALE_MAX: Final = 12
"""Rectangles drawn one by one; beyond them a single one around all."""
_EVEN: Final = Lighting(own=False)


class _Taken(msgspec.Struct, frozen=True):
    """A picture, and where on it each node is, by its key."""

    pixels: bytes
    boxes: dict[str, Box]


class Pictures:
    """Takes pictures of one size and remembers them.

    Args:
        size: width and height, pixels.
        decode: an image's bytes to what is shown of it.
        cache: remembers.
    """

    def __init__(self, size: tuple[int, int], decode: Decode, cache: StepCache) -> None:
        self._size = size
        self._decode = decode
        self._cache = cache

    def take(self, name: str, scenes: Sequence[Outline], camera: Camera) -> Pixels:
        """Return the picture, `(h, w, 3) uint8`.

        Args:
            name: of what is shown; two that are named alike replace each other.
            scenes: drawn together.
            camera: where from.
        """
        if not self._cache.is_on:
            documents = [scene.whole() for scene in scenes]
            return render(documents, camera, self._size, _EVEN, decode=self._decode)
        eye = [camera.world.tolist(), camera.yfov, camera.height_m, camera.near_m, camera.cut_m]
        step = Step("picture", own_code(), {"name": name, "size": self._size, "eye": eye})
        before = _parsed(self._cache.recall(step))
        taken = self._taken(scenes, camera, before)
        if taken is not before:
            self._cache.replace(step, msgspec.msgpack.encode(taken))
        return self._image(taken.pixels)

    def _taken(self, scenes: Sequence[Outline], camera: Camera, before: _Taken | None) -> _Taken:
        keys = [_numbered(scene.keys) for scene in scenes]
        if before is not None and len(before.pixels) == 3 * self._size[0] * self._size[1]:
            again = self._changed(scenes, keys, camera, before)
            if again is not None:
                return again
        documents = [scene.whole() for scene in scenes]
        boxes: dict[str, Box] = {}
        for scene, named in zip(scenes, keys, strict=True):
            boxes |= {named[n]: box for n, box in self._boxes(scene, named, camera).items()}
        pixels = render(documents, camera, self._size, _EVEN, decode=self._decode)
        return _Taken(pixels.tobytes(), boxes)

    def _changed(
        self, scenes: Sequence[Outline], keys: list[dict[int, str]], camera: Camera, before: _Taken
    ) -> _Taken | None:
        """Return the picture with what is stale drawn anew, `None` where too much is."""
        known = before.boxes
        now = {key for named in keys for key in named.values()}
        new = [[n for n, key in named.items() if key not in known] for named in keys]
        if not any(new) and now == known.keys():
            return before
        if sum(map(len, new)) > len(now) * _WORTH_SHARE:
            return None
        boxes = {key: box for key, box in known.items() if key in now}
        for scene, named, nodes in zip(scenes, keys, new, strict=True):
            boxes |= {named[n]: box for n, box in self._boxes(scene, nodes, camera).items()}
        stale = [box for key, box in known.items() if key not in now]
        stale += [boxes[named[n]] for named, nodes in zip(keys, new, strict=True) for n in nodes]
        areas = _apart([self._grown(box) for box in stale if box[0] < box[2] and box[1] < box[3]])
        if sum(_area(area) for area in areas) > self._size[0] * self._size[1] * _WORTH_SHARE:
            return None
        pixels = self._image(before.pixels).copy()
        around = [self._grown(area) for area in areas]
        documents = [
            scene.part([n for n, k in named.items() if any(_meet(boxes[k], a) for a in around)])
            for scene, named in zip(scenes, keys, strict=True)
        ]
        drawn = render_windows(documents, camera, self._size, around, _EVEN, decode=self._decode)
        for (x0, y0, x1, y1), (left, top, _, _), part in zip(areas, around, drawn, strict=True):
            pixels[y0:y1, x0:x1] = part[y0 - top : y1 - top, x0 - left : x1 - left]
        return _Taken(pixels.tobytes(), boxes)

    def _boxes(self, scene: Outline, nodes: Collection[int], camera: Camera) -> dict[int, Box]:
        """Return where nodes are on the picture: no less than they cover."""
        found: dict[int, Box] = {}
        if not nodes:
            return found
        meshes = scene.document.listed("meshes")
        for placement in placements(scene.document):
            if placement.node in nodes:
                primitives = meshes[placement.mesh]["primitives"]
                is_bent = placement.is_skinned or any("targets" in p for p in primitives)
                used = {p["attributes"].get("POSITION") for p in primitives} - {None}
                boxes = [] if is_bent else [scene.corners(index) for index in sorted(used)]
                found[placement.node] = self._box(boxes, placement.matrices, camera)
        return found

    def _box(self, boxes: list[Floats], matrices: Floats, camera: Camera) -> Box:
        """Return the rectangle of boxes, placed; all of the picture, where one is past the eye."""
        width, height = self._size
        if not boxes:  # only decoding tells where a skin is
            return 0, 0, width, height
        if not len(matrices):  # instances, but none of them
            return 0, 0, 0, 0
        ends = np.array(boxes)
        corners = np.array(
            [[[box[k >> a & 1][a] for a in range(3)] for k in range(8)] for box in ends]
        )
        flat = corners.reshape(-1, 3)
        placed = [flat @ matrix[:3, :3].T + matrix[:3, 3] for matrix in matrices]
        seen = camera.project(np.concatenate(placed), width=width, height=height)
        if not (seen[:, 2] > camera.near_m).all():
            return 0, 0, width, height
        shown = seen[:, :2] / seen[:, 2:3]
        low = np.clip(np.floor(shown.min(axis=0)) - 1, 0, self._size).astype(int)
        high = np.clip(np.ceil(shown.max(axis=0)) + 1, 0, self._size).astype(int)
        return int(low[0]), int(low[1]), int(high[0]), int(high[1])

    def _grown(self, box: Box) -> Box:
        """Return a box with all that is darkened by what it shows."""
        width, height = self._size
        reach = math.ceil(RADIUS_MAX * height) + 1
        x0, y0, x1, y1 = box
        return (
            *(max(x0 - reach, 0), max(y0 - reach, 0)),
            *(min(x1 + reach, width), min(y1 + reach, height)),
        )

    def _image(self, raw: bytes) -> Pixels:
        image: Pixels = np.frombuffer(raw, np.uint8).reshape(self._size[1], self._size[0], 3)
        return image


def _parsed(raw: bytes | None) -> _Taken | None:
    try:
        return None if raw is None else msgspec.msgpack.decode(raw, type=_Taken)
    except msgspec.DecodeError:
        return None


def _numbered(keys: Mapping[int, str]) -> dict[int, str]:
    """Tell nodes apart that look the same and stand in one place."""
    counted: dict[str, int] = {}
    found = {}
    for node, key in keys.items():
        counted[key] = counted.get(key, 0) + 1
        found[node] = f"{key} {counted[key]}"
    return found


def _meet(one: Box, other: Box) -> bool:
    is_empty = one[0] >= one[2] or one[1] >= one[3]
    along = one[0] < other[2] and other[0] < one[2]
    return not is_empty and along and one[1] < other[3] and other[1] < one[3]


def _area(box: Box) -> int:
    return (box[2] - box[0]) * (box[3] - box[1])


def _around(one: Box, other: Box) -> Box:
    low, high = np.minimum(one, other), np.maximum(one, other)
    return int(low[0]), int(low[1]), int(high[2]), int(high[3])


def _apart(boxes: Collection[Box]) -> list[Box]:
    """Join boxes until none meets another, and few are left."""
    left: list[Box] = []
    for box in boxes:
        current, is_joined = box, True
        while is_joined:
            touching = next((other for other in left if _meet(current, other)), None)
            is_joined = touching is not None
            if touching is not None:
                left.remove(touching)
                current = _around(current, touching)
        left.append(current)
    while len(left) > _STALE_MAX:
        left = [_around(left[0], left[1]), *left[2:]]
        left = _apart(left) if len(left) > 1 else left
    return left
