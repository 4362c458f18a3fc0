"""What changed of materials and images. Several may have one name: they are told apart by looks."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import numpy as np

from ..document import Document, Json
from ..operations.textures import image_sources, slots_of
from ..pictures import is_ktx2, opened, size_px
from .change import Change, Side, text

_SEEN: Final = 3.0
"""Grey levels of 256, on average, from which on a picture was painted anew; WebP at quality 80 is
off by about 2."""
_COMPARED_PX: Final = 256
_PARTS: Final = (
    ("baseColorFactor", "colour"),
    ("metallicFactor", "metalness"),
    ("roughnessFactor", "roughness"),
    ("emissiveFactor", "glow"),
    ("emissiveStrength", "strength of the glow"),
    ("alphaMode", "kind of transparency"),
    ("alphaCutoff", "threshold of transparency"),
    ("doubleSided", "visibility from behind"),
    ("baseColorTexture", "colour texture"),
    ("metallicRoughnessTexture", "roughness and metalness texture"),
    ("normalTexture", "normal map"),
    ("occlusionTexture", "occlusion texture"),
    ("emissiveTexture", "glow texture"),
)
_WORDS: Final = dict(_PARTS)
_DEFAULTS: Final[Mapping[str, Any]] = {
    "baseColorFactor": [1, 1, 1, 1],
    "metallicFactor": 1,
    "roughnessFactor": 1,
    "emissiveFactor": [0, 0, 0],
    "emissiveStrength": 1,
    "alphaMode": "OPAQUE",
    "alphaCutoff": 0.5,
    "doubleSided": False,
}
"""glTF 2.0, section 5.19; KHR_materials_emissive_strength."""
_REPEAT: Final = 10497
"""glTF 2.0, section 5.26: where a sampler does not say."""
_Tell = Callable[[str, str], str]


def materials(before: Side, after: Side) -> Iterator[Change]:
    """Yield what changed of materials."""
    yield from _named("material", _materials(before), _materials(after), _material_words)


def images(before: Side, after: Side) -> Iterator[Change]:
    """Yield what changed of images that are used."""
    old, new = _images(before), _images(after)
    raws = {d: raw for side in (old, new) for each in side.values() for d, raw in each.items()}
    names = [{name: list(each) for name, each in side.items()} for side in (old, new)]

    def tell(was: str, now: str) -> str:
        return _image_words(raws[was], raws[now])

    yield from _named("image", names[0], names[1], tell)


def _named(
    what: str, old: Mapping[str, list[str]], new: Mapping[str, list[str]], tell: _Tell
) -> Iterator[Change]:
    """Compare things by name; of several of one name those that are as they were are set aside."""
    for name in sorted(old.keys() | new.keys()):
        one, other = old.get(name, []), new.get(name, [])
        went = [look for look in one if look not in other]
        came = [look for look in other if look not in one]
        count = max(len(one), len(other))
        of = "" if count == 1 else f", one of {count} with this name,"
        for was, now in zip(went, came, strict=False):
            yield Change(repr(name), f"{what}_changed", f"the {what}{of} {tell(was, now)}")
        for _ in went[len(came) :]:
            yield Change(repr(name), f"{what}_removed", f"the {what}{of} is gone")
        for _ in came[len(went) :]:
            yield Change(repr(name), f"{what}_added", f"the {what}{of} is new")


def _materials(side: Side) -> dict[str, list[str]]:
    """Return name -> what those of that name look like, their images by name, each once."""
    found: dict[str, dict[str, None]] = {}
    for document in side.documents:
        for material in document.listed("materials"):
            copy = json.loads(json.dumps(material))
            names = _image_names(document)
            for _, slot in slots_of(copy):
                texture = document.listed("textures")[slot["index"]]
                slot["repeated"] = _repeated(document, texture)
                sources = image_sources(texture)
                slot["index"] = [names.get(source, "") for source in sources[:1]]
            name = str(copy.pop("name", ""))
            found.setdefault(name, {})[json.dumps(copy, sort_keys=True)] = None
    return {name: list(looks) for name, looks in found.items()}


def _repeated(document: Document, texture: Json) -> list[int | None]:
    """Return how a texture goes on beyond its edges, and how it is made larger and smaller."""
    sampler = document.listed("samplers")[texture["sampler"]] if "sampler" in texture else {}
    wraps = [sampler.get(key, _REPEAT) for key in ("wrapS", "wrapT")]
    return [*wraps, *(sampler.get(key) for key in ("magFilter", "minFilter"))]


def _material_words(was: str, now: str) -> str:
    one, other = (dict(_leaves(json.loads(look))) for look in (was, now))
    said = []
    for key in sorted(one.keys() | other.keys(), key=_place):
        old, new = (look.get(key, _DEFAULTS.get(key)) for look in (one, other))
        if old == new:
            continue
        word = _WORDS.get(key, key)
        if isinstance(old, dict) or isinstance(new, dict):
            same = isinstance(old, dict) and isinstance(new, dict) and old["index"] == new["index"]
            shown = [_shown(v) for v in (old, new)]
            said.append(
                f"{word} laid otherwise" if same else f"{word} {shown[0]} before, {shown[1]} now"
            )
        else:
            said.append(f"{word} {text(old)} before, {text(new)} now")
    return "was changed: " + ("; ".join(said) or "in what it holds beside its looks")


def _shown(slot: Any) -> str:
    return "none" if slot is None else ", ".join(map(repr, slot["index"])) or "none"


def _place(key: str) -> tuple[int, str]:
    return next((n for n, (known, _) in enumerate(_PARTS) if known == key), len(_PARTS)), key


def _leaves(item: Json) -> Iterator[tuple[str, Any]]:
    """Yield `(key, value)` of what a material is made of; textures whole."""
    for key, value in item.items():
        if (
            isinstance(value, dict)
            and key != "extras"
            and not (key.endswith("Texture") and "index" in value)
        ):
            yield from _leaves(value)
        else:
            yield key, value


def _images(side: Side) -> dict[str, dict[str, bytes]]:
    """Return name -> digest -> bytes of the images that materials use."""
    found: dict[str, dict[str, bytes]] = {}
    for document in side.documents:
        for index, name in sorted(_image_names(document).items()):
            raw = document.images[index]
            found.setdefault(name, {})[hashlib.sha256(raw).hexdigest()] = raw
    return found


def _image_names(document: Document) -> dict[int, str]:
    """Return the names of images in use; a nameless one is called by where it is used."""
    found: dict[int, str] = {}
    for material in document.listed("materials"):
        for slot, texture in slots_of(material):
            for source in image_sources(document.listed("textures")[texture["index"]])[:1]:
                place = f"{_WORDS.get(slot, slot)} of {material.get('name', '')}"
                name = str(document.listed("images")[source].get("name") or place)
                found.setdefault(source, name)
    return found


def _image_words(was: bytes, now: bytes) -> str:
    said = []
    sizes, kinds = [size_px(raw) for raw in (was, now)], [_format(raw) for raw in (was, now)]
    if sizes[0] != sizes[1]:
        said.append(
            f"{sizes[0][0]} x {sizes[0][1]} pixels before, {sizes[1][0]} x {sizes[1][1]} now"
        )
    if kinds[0] != kinds[1]:
        said.append(f"{kinds[0]} before, {kinds[1]} now")
    off = _off(was, now)
    if off is not None and off < _SEEN:
        return "was stored anew and looks the same: " + (", ".join(said) or _bytes(was, now))
    return "was changed" + (f": {', '.join(said)}" if said else "")


def _bytes(was: bytes, now: bytes) -> str:
    return f"{len(was):,} bytes before, {len(now):,} now"


def _format(raw: bytes) -> str:
    if is_ktx2(raw):
        return "KTX2"
    if raw[8:12] == b"WEBP":
        return "WebP"
    return {b"\x89PN": "PNG", b"\xff\xd8\xff": "JPEG"}.get(raw[:3], "another format")


def _off(was: bytes, now: bytes) -> float | None:
    """Return how far two pictures differ, seen small, in grey levels; `None` if nobody can tell."""
    small = []
    for raw in (was, now):
        image = opened(raw)
        if image is None:
            return None
        pixels = image.convert("RGBA").resize((_COMPARED_PX, _COMPARED_PX))
        values = np.asarray(pixels, np.float64)
        values[..., :3] *= values[..., 3:] / 255  # nobody sees the colour of what is transparent
        small.append(values)
    return float(np.abs(small[0] - small[1]).mean(axis=(0, 1)).max())
