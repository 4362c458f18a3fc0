"""Materials as a picture needs them: glTF's metallic-roughness model, factors and textures."""

from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import numpy as np

from ..document import Document, Json
from .soup import Reals
from .textures import Decode, Texture, load_texture, shrunk

_GLASS_ALPHA: Final = 0.25
"""Of a fully transmissive material, which is shown as thin glass."""
_EMISSION_MAX: Final = 1.5


@dataclass(frozen=True, slots=True)
class Slot:
    """A texture where a material uses it.

    Attributes:
        uv_set: 0 or 1.
        matrix: `(2, 3)`, KHR_texture_transform.
        scale: of a normal map; strength of an occlusion map.
    """

    texture: Texture
    uv_set: int
    matrix: Reals
    scale: float

    def sample(self, uvs: Reals, spread: Reals, *, is_colour: bool = False) -> Reals:
        """Return `(n, 4)`; `uvs` is `(n, 2, 2)`, `spread` `(n, 2)`: for each set of uvs."""
        uv = uvs[:, self.uv_set] @ self.matrix[:, :2].T + self.matrix[:, 2]
        stretch = float(np.linalg.norm(self.matrix[:, :2], ord=2))
        return self.texture.sample(uv, spread[:, self.uv_set] * stretch, is_colour=is_colour)


@dataclass(frozen=True, slots=True)
class Material:
    """What shading asks of a material.

    Attributes:
        mode: `OPAQUE`, `MASK` or `BLEND`.
        base: linear RGBA.
        emission: linear RGB.
    """

    mode: str
    cutoff: float
    is_two_sided: bool
    is_unlit: bool
    base: Reals
    metallic: float
    roughness: float
    emission: Reals
    base_map: Slot | None = None
    metal_map: Slot | None = None
    normal_map: Slot | None = None
    emission_map: Slot | None = None
    occlusion_map: Slot | None = None


PLAIN: Final = Material(
    *("OPAQUE", 0.5, False, False, np.array([0.8, 0.8, 0.8, 1], np.float32), 0.0, 0.8),
    np.zeros(3, np.float32),
)
"""Of triangles without one: grey, so that the picture says so without being white."""


def load_materials(document: Document, decode: Decode = shrunk) -> list[Material]:
    """Return the document's materials; each image is decoded once."""

    @cache
    def texture(index: int) -> Texture | None:
        return load_texture(document, {"index": index}, decode)

    def slot(info: Json | None, scale: str = "") -> Slot | None:
        found = None if info is None else texture(info["index"])
        if info is None or found is None:
            return None
        change = info.get("extensions", {}).get("KHR_texture_transform", {})
        uv_set = change.get("texCoord", info.get("texCoord", 0))
        amount = float(info.get(scale, 1.0)) if scale else 1.0
        return Slot(found, min(int(uv_set), 1), uv_matrix(change), amount)

    return [_loaded(material, slot) for material in document.listed("materials")]


def _loaded(material: Json, slot: Any) -> Material:
    extensions = material.get("extensions", {})
    pbr = material.get("pbrMetallicRoughness", {})
    base = np.array(pbr.get("baseColorFactor", (1, 1, 1, 1)), np.float32)
    mode = material.get("alphaMode", "OPAQUE")
    metallic, roughness = pbr.get("metallicFactor", 1.0), pbr.get("roughnessFactor", 1.0)
    base_map = pbr.get("baseColorTexture")
    glossy = extensions.get("KHR_materials_pbrSpecularGlossiness")
    if glossy is not None:
        base = np.array(glossy.get("diffuseFactor", (1, 1, 1, 1)), np.float32)
        base_map = glossy.get("diffuseTexture")
        metallic, roughness = 0.0, 1.0 - glossy.get("glossinessFactor", 1.0)
    transmission = extensions.get("KHR_materials_transmission", {}).get("transmissionFactor", 0)
    if transmission > 0 and mode != "MASK":
        mode = "BLEND"
        base[3] *= 1 - (1 - _GLASS_ALPHA) * min(float(transmission), 1.0)
    strength = extensions.get("KHR_materials_emissive_strength", {}).get("emissiveStrength", 1.0)
    emission = np.array(material.get("emissiveFactor", (0, 0, 0)), np.float32) * strength
    return Material(
        mode=mode,
        cutoff=float(material.get("alphaCutoff", 0.5)),
        is_two_sided=bool(material.get("doubleSided", False)),
        is_unlit="KHR_materials_unlit" in extensions,
        base=base,
        metallic=float(metallic),
        roughness=float(roughness),
        emission=emission * (_EMISSION_MAX / max(float(emission.max()), _EMISSION_MAX)),
        base_map=slot(base_map),
        metal_map=None if glossy is not None else slot(pbr.get("metallicRoughnessTexture")),
        normal_map=slot(material.get("normalTexture"), "scale"),
        emission_map=slot(material.get("emissiveTexture")),
        occlusion_map=slot(material.get("occlusionTexture"), "strength"),
    )


def uv_matrix(change: Json) -> Reals:
    """Return KHR_texture_transform as `(2, 3)`: translation * rotation * scale."""
    turn = float(change.get("rotation", 0.0))
    sx, sy = change.get("scale", (1.0, 1.0))
    dx, dy = change.get("offset", (0.0, 0.0))
    c, s = np.cos(turn), np.sin(turn)
    return np.array([[c * sx, s * sy, dx], [-s * sx, c * sy, dy]], np.float32)
