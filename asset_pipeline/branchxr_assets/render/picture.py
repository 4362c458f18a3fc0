"""Render documents into one picture."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..columns import across
from ..document import Document
from .camera import Camera
from .creases import creases
from .materials import PLAIN, Material, load_materials
from .raster import Canvas, Fragments, fragments, make_canvas
from .shading import Scene, alpha, irradiance, punctual_lights, seen, shade
from .soup import Integers, Reals, Soup, gather
from .textures import Decode, shrunk

Pixels = NDArray[np.uint8]
Window = tuple[int, int, int, int]
"""Pixels `x0, y0, x1, y1` of a picture, the ends left out."""

BACKGROUND: Final = (0.80, 0.84, 0.89)
"""Display values: a pale sky, on white pages and dark ones."""
_NOTHING: Final = np.iinfo(np.uint64).max
_SHADED_AT_ONCE: Final = 100_000
_LAYERS_MAX: Final = 8
"""Blended surfaces behind one another that are told apart; of more the farthest are left out."""
_BLENDED_MAX: Final = 12_000_000


@dataclass(frozen=True, slots=True)
class Lighting:
    """How a picture is lit.

    Attributes:
        own: the scene's own lights as well as the sky; without, every scene is lit alike.
        samples: a side of the grid of samples in each pixel.
    """

    own: bool = True
    samples: int = 2


DEFAULTS: Final = Lighting()


def render(
    documents: Sequence[Document],
    camera: Camera,
    size: tuple[int, int],
    lighting: Lighting = DEFAULTS,
    *,
    decode: Decode = shrunk,
) -> Pixels:
    """Draw documents into one picture, in rest pose. The same input gives the same bytes.

    Args:
        documents: drawn together, in scene axes.
        camera: where from.
        size: width and height, pixels.
        lighting: how.
        decode: an image's bytes to what is shown of it.

    Returns:
        `(height, width, 3) uint8`, sRGB.

    Raises:
        InputRefused: `picture_too_large`: more triangles than memory is for.
    """
    (whole,) = render_windows(documents, camera, size, [(0, 0, *size)], lighting, decode=decode)
    return whole


def render_windows(
    documents: Sequence[Document],
    camera: Camera,
    size: tuple[int, int],
    windows: Sequence[Window],
    lighting: Lighting = DEFAULTS,
    *,
    decode: Decode = shrunk,
) -> list[Pixels]:
    """Draw windows of one picture, as `render` would draw it, for the cost of what they show.

    Surfaces are darkened by what is beside them inside the window only; the scene's own lights are
    exposed for each window by itself.
    """
    samples = lighting.samples
    soup = gather(documents)
    canvas = make_canvas(soup, camera, width=size[0] * samples, height=size[1] * samples)
    materials = [m for document in documents for m in load_materials(document, decode)]
    scene = _scene(soup, canvas, [*materials, PLAIN], camera)  # -1 is the last
    drawn = []
    for x0, y0, x1, y1 in windows:
        window = (x0 * samples, y0 * samples, x1 * samples, y1 * samples)
        part = replace(scene, canvas=replace(canvas, window=window))
        drawn.append(_drawn(part, documents, camera, lighting, height=size[1]))
    return drawn


def _drawn(
    scene: Scene, documents: Sequence[Document], camera: Camera, lighting: Lighting, *, height: int
) -> Pixels:
    """Draw the canvas' window of a picture that is so high."""
    samples, canvas = lighting.samples, scene.canvas
    buffer = _visible(scene)
    shown = np.flatnonzero(buffer != _NOTHING)
    owners = (buffer[shown] & np.uint64(0xFFFFFFFF)).astype(np.int64)
    if lighting.own:
        scene = _with_lights(scene, documents, shown, owners)
    depths = (buffer >> np.uint64(32)).astype(np.uint32).view(np.float32)
    depths[buffer == _NOTHING] = np.inf
    image = np.tile(_linear(np.array(BACKGROUND, np.float32)), (len(buffer), 1))
    image[shown] = _shaded(scene, shown, owners, samples)[:, :3]
    image *= _creased(depths, canvas, camera, samples, height=height)[:, None]
    _blend(scene, image, depths, samples)
    sides = (canvas.height // samples, samples, canvas.width // samples, samples, 3)
    mean = _display(image).reshape(sides).mean(axis=(1, 3))
    picture: Pixels = (mean * 255 + 0.5).astype(np.uint8)
    return picture


def _scene(soup: Soup, canvas: Canvas, materials: list[Material], camera: Camera) -> Scene:
    # The lamp stands above the right shoulder of whoever looks.
    towards = camera.world[:3, :3] @ np.array([0.45, 0.65, 0.62])
    return Scene(soup, canvas, materials, camera.world[:3, 3], towards / np.linalg.norm(towards))


def _visible(scene: Scene) -> NDArray[np.uint64]:
    """Return what is nearest at each sample: the distance's bits, then the triangle's number."""
    size = scene.canvas.width * scene.canvas.height
    buffer = np.full(size, _NOTHING, np.uint64)
    for portion in _portions(scene, "OPAQUE"):
        np.minimum.at(buffer, portion.pixels, _keys(portion))
    for portion in _portions(scene, "MASK"):
        keys = _keys(portion)
        near = np.flatnonzero(keys < buffer[portion.pixels])
        is_there = alpha(scene, portion.pixels[near], portion.triangles[near]) >= 0
        kept = near[is_there]
        np.minimum.at(buffer, portion.pixels[kept], keys[kept])
    return buffer


def _shaded(scene: Scene, shown: Integers, owners: Integers, samples: int) -> Reals:
    """Return `(n, 4)`: samples' colours; those of one pixel that show one triangle get one.

    Colours differ little within a pixel, edges do.
    """
    row, column = shown // scene.canvas.width, shown % scene.canvas.width
    pixel = (row // samples) * (scene.canvas.width // samples) + column // samples
    keys = pixel * (int(owners.max(initial=0)) + 1) + owners
    _, first, at = np.unique(keys, return_index=True, return_inverse=True)
    colours = np.empty((len(first), 4), np.float32)
    for start in range(0, len(first), _SHADED_AT_ONCE):
        part = first[start : start + _SHADED_AT_ONCE]
        colours[start : start + len(part)] = shade(scene, shown[part], owners[part])
    return colours[at]


def _creased(depths: Reals, canvas: Canvas, camera: Camera, samples: int, *, height: int) -> Reals:
    grid = depths.reshape(canvas.height, canvas.width)
    factors = creases(grid[::samples, ::samples], camera, height=height)
    return factors.repeat(samples, axis=0).repeat(samples, axis=1).reshape(-1)


def _keys(portion: Fragments) -> NDArray[np.uint64]:
    # Positive floats sort as their bits do; equal distances go to the lower number.
    bits = portion.depths.view(np.uint32).astype(np.uint64)
    return (bits << np.uint64(32)) | portion.triangles.astype(np.uint64)


def _portions(scene: Scene, mode: str) -> Iterator[Fragments]:
    modes = np.array([material.mode == mode for material in scene.materials])
    two_sided = np.array([material.is_two_sided for material in scene.materials])
    wanted = np.flatnonzero(modes[scene.soup.materials])
    sides = two_sided[scene.soup.materials[wanted]]
    return fragments(scene.soup, scene.canvas, wanted, sides)


def _with_lights(
    scene: Scene, documents: Sequence[Document], shown: Integers, owners: Integers
) -> Scene:
    """Add the scene's lights, exposed so that what is lit well is not burnt out."""
    lights = [light for document in documents for light in punctual_lights(document)]
    if not lights or not len(shown):
        return scene
    few = slice(None, None, max(1, len(shown) // 4096))
    points, normals = seen(scene, shown[few], owners[few])
    total = sum(across(np.maximum, irradiance(light, points, normals)) for light in lights)
    bright = float(np.percentile(total, 90))
    if not bright > 0:
        return scene
    exposed = (replace(light, colour=light.colour * (0.45 / bright)) for light in lights)
    return replace(scene, lights=tuple(exposed))


def _blend(scene: Scene, image: Reals, depths: Reals, samples: int) -> None:
    """Lay blended surfaces over the image, the farthest first."""
    found: list[Fragments] = []
    count = 0
    for portion in _portions(scene, "BLEND"):
        kept = portion.depths < depths[portion.pixels]
        found.append(Fragments(portion.pixels[kept], portion.depths[kept], portion.triangles[kept]))
        count += int(kept.sum())
        if count > _BLENDED_MAX:
            break
    if not count:
        return
    pixels = np.concatenate([f.pixels for f in found])
    distances = np.concatenate([f.depths for f in found])
    owners = np.concatenate([f.triangles for f in found])
    order = np.lexsort((owners, distances, pixels))  # nearest first in each sample
    pixels, owners = pixels[order], owners[order]
    starts = np.flatnonzero(np.r_[True, pixels[1:] != pixels[:-1]])
    layer = np.arange(len(pixels)) - np.repeat(starts, np.diff(np.r_[starts, len(pixels)]))
    for number in range(min(int(layer.max()) + 1, _LAYERS_MAX) - 1, -1, -1):
        chosen = np.flatnonzero(layer == number)
        colours = _shaded(scene, pixels[chosen], owners[chosen], samples)
        share = np.clip(colours[:, 3:], 0, 1)
        behind = image[pixels[chosen]]
        image[pixels[chosen]] = behind + (colours[:, :3] - behind) * share


def _display(linear: Reals) -> Reals:
    """Roll off what is brighter than white, then encode as sRGB."""
    safe = np.nan_to_num(np.clip(linear, 0, 1e4), nan=0.0)
    # Straight up to 0.7, then towards 1: mid tones keep the colours artists chose.
    rolled = np.where(safe <= 0.7, safe, 0.7 + 0.3 * (1 - np.exp(-(safe - 0.7) / 0.3)))
    return np.where(rolled <= 0.0031308, rolled * 12.92, 1.055 * rolled ** (1 / 2.4) - 0.055)


def _linear(display: Reals) -> Reals:
    low = display <= 0.04045
    return np.where(low, display / 12.92, ((display + 0.055) / 1.055) ** 2.4).astype(np.float32)
