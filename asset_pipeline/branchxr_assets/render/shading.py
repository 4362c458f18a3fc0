"""Colour the samples of a picture: a sky, a lamp beside the eye, and the scene's own lights."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from ..columns import across, dots, lengths
from ..document import Document, Floats
from ..tree import world_matrices
from .materials import Material
from .raster import Canvas, weights_of
from .soup import Integers, Reals, Soup

_SKY: Final = np.array([0.92, 0.97, 1.05], np.float32)
_GROUND: Final = np.array([0.46, 0.43, 0.40], np.float32)
_KEY: Final = np.array([1.0, 0.97, 0.92], np.float32)
_SKY_SHARE, _KEY_SHARE = 0.55, 0.42
_LIGHTS_MAX: Final = 32
"""The strongest; more would be hundreds of times the work."""
_DIELECTRIC: Final = 0.04
"""Reflectance of what is no metal (glTF 2.0, appendix B.2.1)."""


@dataclass(frozen=True, slots=True)
class Light:
    """A punctual light in scene axes; colour times candela, or lux for a sun."""

    kind: str
    place: Floats
    towards: Floats
    colour: Floats
    inner_cos: float
    outer_cos: float


@dataclass(frozen=True, slots=True)
class Scene:
    """All that shading looks at.

    Attributes:
        eye: where the camera is.
        key: direction to the lamp beside the eye.
        lights: the scene's own, scaled so that what they light best is about white.
    """

    soup: Soup
    canvas: Canvas
    materials: list[Material]
    eye: Floats
    key: Floats
    lights: tuple[Light, ...] = ()


@dataclass(frozen=True, slots=True)
class _Surface:
    """What is seen at each sample: interpolated attributes."""

    points: Reals
    normals: Reals
    tangents: Reals
    bitangents: Reals
    uvs: Reals
    spread: Reals
    colours: Reals

    def at(self, samples: Integers) -> "_Surface":
        """Return some of the samples."""
        return _Surface(
            *(self.points[samples], self.normals[samples], self.tangents[samples]),
            *(self.bitangents[samples], self.uvs[samples], self.spread[samples]),
            self.colours[samples],
        )


def shade(scene: Scene, pixels: Integers, owners: Integers) -> Reals:
    """Return `(n, 4)` linear colour and alpha of samples, each showing one triangle."""
    result = np.empty((len(pixels), 4), np.float32)
    whole = _surface(scene, pixels, owners)
    for part, material in _by_material(scene, owners):
        surface = whole.at(part)
        base = _base(material, surface)
        result[part, 3] = base[:, 3]
        if material.is_unlit:
            result[part, :3] = base[:, :3]
            continue
        result[part, :3] = _lit(scene, material, surface, base) + _emitted(material, surface)
    return result


def alpha(scene: Scene, pixels: Integers, owners: Integers) -> Reals:
    """Return `(n,)`: base colour alpha less the material's cutoff."""
    result = np.empty(len(pixels), np.float32)
    whole = _surface(scene, pixels, owners)
    for part, material in _by_material(scene, owners):
        result[part] = _base(material, whole.at(part))[:, 3] - material.cutoff
    return result


def punctual_lights(document: Document) -> list[Light]:
    """Return a document's lights where they stand (KHR_lights_punctual)."""
    nodes, defined, found = document.listed("nodes"), document.listed("lights"), []
    for index, world in world_matrices(document).items():
        carried = nodes[index].get("extensions", {}).get("KHR_lights_punctual")
        if carried is None:
            continue
        light = defined[carried["light"]]
        spot = light.get("spot", {})
        towards = -world[:3, 2] / max(float(np.linalg.norm(world[:3, 2])), 1e-12)
        colour = np.array(light.get("color", (1, 1, 1)), float) * float(light.get("intensity", 1))
        inner = np.cos(spot.get("innerConeAngle", 0.0))
        outer = np.cos(spot.get("outerConeAngle", np.pi / 4))
        place = world[:3, 3].copy()
        found.append(Light(light["type"], place, towards, colour, float(inner), float(outer)))
    found.sort(key=lambda light: -float(light.colour.max()))
    return found[:_LIGHTS_MAX]


def irradiance(light: Light, points: Reals, normals: Reals) -> Reals:
    """Return `(n, 3)`: what a light brings to surfaces; nothing casts a shadow here."""
    if light.kind == "directional":
        facing: Reals = np.clip(normals @ -light.towards, 0, None)
        return (facing[:, None] * light.colour).astype(np.float32)
    away = light.place - points
    squared = np.maximum(dots(away, away), 1e-4)
    away /= np.sqrt(squared)[:, None]
    amount = np.clip(dots(normals, away), 0, None) / squared
    if light.kind == "spot":
        reach = max(light.inner_cos - light.outer_cos, 1e-3)
        amount *= np.clip((-away @ light.towards - light.outer_cos) / reach, 0, 1) ** 2
    found: Reals = (amount[:, None] * light.colour).astype(np.float32)
    return found


def seen(scene: Scene, pixels: Integers, owners: Integers) -> tuple[Reals, Reals]:
    """Return places and normals of samples."""
    surface = _surface(scene, pixels, owners)
    return surface.points, surface.normals


def _by_material(scene: Scene, owners: Integers) -> list[tuple[Integers, Material]]:
    numbers = scene.soup.materials[owners]
    order = np.argsort(numbers, kind="stable")
    values, starts = np.unique(numbers[order], return_index=True)
    parts = np.split(order, starts[1:]) if len(values) else []
    return [(part, scene.materials[int(n)]) for n, part in zip(values, parts, strict=True)]


def _surface(scene: Scene, pixels: Integers, owners: Integers) -> _Surface:
    soup, canvas = scene.soup, scene.canvas
    unique, at = np.unique(owners, return_inverse=True)
    corners = soup.corners[unique]
    edges, _ = weights_of(canvas.projected[corners][:, :, :3])
    x, y = canvas.middles(pixels)
    own = edges[at]
    over_w = own[:, :, 0] * x[:, None] + own[:, :, 1] * y[:, None] + own[:, :, 2]
    shares = _shares(over_w)
    uvs = soup.uvs[corners][at]
    mixed = _mixed(shares, uvs.reshape(len(at), 3, 4)).reshape(-1, 2, 2)
    steps = [
        _mixed(_shares(over_w + own[:, :, axis]), uvs.reshape(len(at), 3, 4)).reshape(-1, 2, 2)
        for axis in (0, 1)
    ]
    spread = np.maximum(*(np.maximum(*np.moveaxis(np.abs(step - mixed), 2, 0)) for step in steps))
    points = _mixed(shares, soup.points[corners][at])
    flat, tangent, bitangent = _frames(soup, unique)
    normals = _mixed(shares, soup.normals[corners][at])
    normals = _upright(scene, normals, flat[at], unique, at)
    return _Surface(
        *(points, normals, tangent[at], bitangent[at], mixed, spread.astype(np.float32)),
        _mixed(shares, soup.colours[corners][at]),
    )


def _shares(over_w: Floats) -> Reals:
    total = across(np.add, over_w)[:, None]
    shares = over_w / np.where(np.abs(total) > 1e-300, total, 1)
    return np.clip(shares, -4, 5).astype(np.float32)


def _mixed(shares: Reals, values: Reals) -> Reals:
    mixed: Reals = np.einsum("nc,nck->nk", shares, values).astype(np.float32)
    return mixed


def _frames(soup: Soup, owners: Integers) -> list[Reals]:
    """Return each triangle's flat normal, and where u and v grow on it."""
    a, b, c = (soup.points[soup.corners[owners, k]] for k in range(3))
    ta, tb, tc = (soup.uvs[soup.corners[owners, k], 0].astype(np.float64) for k in range(3))
    first, second = b - a, c - a
    du, dv = tb - ta, tc - ta
    determinant = du[:, 0] * dv[:, 1] - du[:, 1] * dv[:, 0]
    sign = np.where(determinant < 0, -1.0, 1.0)[:, None]
    tangent = (first * dv[:, 1:] - second * du[:, 1:]) * sign
    bitangent = (second * du[:, :1] - first * dv[:, :1]) * sign
    frames = (np.cross(first, second), tangent, bitangent)
    return [_unit(vectors).astype(np.float32) for vectors in frames]


def _upright(scene: Scene, normals: Reals, flat: Reals, unique: Integers, at: Integers) -> Reals:
    """Fill in flat normals where there are none, and turn those of back faces to the eye."""
    length = lengths(normals)[:, None]
    unit = np.where(length > 1e-6, normals / np.where(length > 1e-6, length, 1), flat)
    corners = scene.canvas.projected[scene.soup.corners[unique]][:, :, :3]
    _, determinant = weights_of(corners)
    is_behind = (determinant > 0)[at]
    return np.where(is_behind[:, None], -unit, unit).astype(np.float32)


def _base(material: Material, surface: _Surface) -> Reals:
    base = surface.colours * material.base
    if material.base_map is not None:
        base = base * material.base_map.sample(surface.uvs, surface.spread, is_colour=True)
    if material.mode == "OPAQUE":
        base[:, 3] = 1
    return base.astype(np.float32)


def _emitted(material: Material, surface: _Surface) -> Reals:
    if not material.emission.any():
        return np.zeros(3, np.float32)
    if material.emission_map is None:
        return material.emission
    found = material.emission_map.sample(surface.uvs, surface.spread, is_colour=True)
    return found[:, :3] * material.emission


def _lit(scene: Scene, material: Material, surface: _Surface, base: Reals) -> Reals:
    metallic, roughness = material.metallic, material.roughness
    metal: Reals | float = metallic
    rough: Reals | float = roughness
    if material.metal_map is not None:
        found = material.metal_map.sample(surface.uvs, surface.spread)
        metal, rough = found[:, 2:3] * metallic, found[:, 1:2] * roughness
    normals = _bumped(material, surface)
    to_eye = _unit(scene.eye - surface.points).astype(np.float32)
    facing = np.clip(dots(normals, to_eye), 0, 1)[:, None]
    diffuse = base[:, :3] * (1 - metal)
    reflectance = _DIELECTRIC * (1 - metal) + base[:, :3] * metal
    reflectance = reflectance + (np.maximum(1 - rough, reflectance) - reflectance) * (
        (1 - facing) ** 5
    )
    mirrored = 2 * facing * normals - to_eye
    lit = diffuse * _around(normals[:, 1:2], 1.0) + reflectance * _around(mirrored[:, 1:2], rough)
    key = np.clip(normals @ scene.key.astype(np.float32), 0, None)[:, None]
    lit = lit + diffuse * _KEY * (_KEY_SHARE * key)
    for light in scene.lights:
        lit = lit + (diffuse + 0.3 * reflectance) * irradiance(light, surface.points, normals)
    if material.occlusion_map is not None:
        shown = material.occlusion_map.sample(surface.uvs, surface.spread)[:, :1]
        lit = lit * (1 + material.occlusion_map.scale * (shown - 1))
    shaded: Reals = lit.astype(np.float32)
    return shaded


def _around(up: Reals, rough: Reals | float) -> Reals:
    """Return the light from around: sky above, ground below, sharper for what is smooth."""
    width = 0.15 + 0.85 * rough
    share = np.clip(up / width * 0.5 + 0.5, 0, 1)
    around: Reals = (_GROUND + (_SKY - _GROUND) * share) * _SKY_SHARE
    return around


def _bumped(material: Material, surface: _Surface) -> Reals:
    if material.normal_map is None:
        return surface.normals
    found = material.normal_map.sample(surface.uvs, surface.spread)[:, :3] * 2 - 1
    found[:, :2] *= material.normal_map.scale
    bumped = (
        surface.tangents * found[:, :1]
        # glTF's v runs down the image and its green up: the bitangent is turned.
        - surface.bitangents * found[:, 1:2]
        + surface.normals * found[:, 2:]
    )
    return _unit(bumped).astype(np.float32)


def _unit(vectors: Reals) -> Reals:
    length = lengths(vectors)[:, None]
    unit: Reals = vectors / np.where(length > 1e-20, length, 1)
    return unit
