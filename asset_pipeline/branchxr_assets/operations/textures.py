"""Make textures smaller: halve them, and write WebP where it pays.

Unscaled textures are only ever repacked without loss. Scaled ones are WebP at `quality`, and at
`data_quality` where pixels are numbers (normals, roughness), not colours.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

from ..document import Document, Json, Outcome
from ..pictures import as_webp, halved, is_cmyk, is_sixteen_bit_png, opened
from ..rewrite import prune
from ..warnings import SceneWarning

WEBP: Final = "EXT_texture_webp"
_SAVING: Final = 0.95
"""A repacked image must be at least 5 % smaller to be worth an extension."""


@dataclass(frozen=True, slots=True)
class TexturesOptions:
    """How far to go.

    Attributes:
        halvings: how often width and height are halved.
        jobs: threads; the bytes do not depend on it.
    """

    halvings: int = 0
    quality: int = 80
    data_quality: int = 92
    jobs: int = 2


DEFAULTS: Final = TexturesOptions()


def textures(document: Document, options: TexturesOptions = DEFAULTS) -> Outcome:
    """Re-encode every image; one that cannot be read stays as it is, with a warning."""
    changed = document.copy()
    colours = _colour_images(changed)
    images = list(changed.images)
    counts = {"bytes_before": sum(map(len, images)), "images_changed": 0}

    def encode(index: int) -> bytes | None:
        return _encoded(images[index], options, is_colour=index in colours)

    with ThreadPoolExecutor(options.jobs) as threads:
        made = list(threads.map(encode, range(len(images))))
    warnings = []
    for index, raw in enumerate(made):
        if raw is None:
            name = changed.listed("images")[index].get("name", "")
            kind = changed.listed("images")[index].get("mimeType", "")
            message = f"the image {name!r} ({kind}) could not be decoded; it stays as it is"
            warnings.append(SceneWarning("image_kept", f"images[{index}]", message))
        elif raw is not images[index]:
            if is_cmyk(images[index]):
                name = changed.listed("images")[index].get("name", "")
                message = f"the image {name!r} is in printing colours (CMYK); it is made RGB"
                warnings.append(SceneWarning("image_cmyk", f"images[{index}]", message))
            images[index] = raw
            counts["images_changed"] += 1
            changed.listed("images")[index]["mimeType"] = "image/webp"
    result = Document(changed.root, changed.accessors, tuple(images))
    for texture in result.listed("textures"):
        _declare(result, texture)
    counts["bytes_after"] = sum(map(len, images))
    return Outcome(prune(result), dict(counts), tuple(warnings))


def _encoded(raw: bytes, options: TexturesOptions, *, is_colour: bool) -> bytes | None:
    """Return the new bytes, the same object when nothing pays, `None` when it is unreadable."""
    has_printing_colours = is_cmyk(raw)
    is_png = raw.startswith(b"\x89PNG")
    if options.halvings == 0 and not is_png and not has_printing_colours:
        return raw  # JPEG and WebP are lossy already: a second loss would not pay
    if options.halvings == 0 and is_sixteen_bit_png(raw):
        return raw  # WebP has eight bits
    image = opened(raw)
    if image is None:
        return None
    if options.halvings == 0:
        made = as_webp(image, quality=None)
        if has_printing_colours:
            return made
        return raw if made is None or len(made) >= len(raw) * _SAVING else made
    quality = options.quality if is_colour else options.data_quality
    made = as_webp(halved(image, options.halvings), quality=quality)
    return raw if made is None or len(made) >= len(raw) else made


def _declare(document: Document, texture: Json) -> None:
    """Point a texture at its WebP through the extension (EXT_texture_webp), and only then."""
    images = document.listed("images")
    extensions = texture.get("extensions", {})
    source = extensions.get(WEBP, {}).get("source", texture.get("source"))
    if source is None:
        return
    if images[source].get("mimeType") == "image/webp":
        texture.pop("source", None)
        texture.setdefault("extensions", {})[WEBP] = {"source": source}


def _colour_images(document: Document) -> frozenset[int]:
    """Return images that hold colours; the rest are numbers."""
    found = set()
    for slot, texture_index in texture_slots(document):
        if slot in {"baseColorTexture", "emissiveTexture", "diffuseTexture", "sheenColorTexture"}:
            found |= set(image_sources(document.listed("textures")[texture_index]))
    return frozenset(found)


def texture_slots(document: Document) -> Iterator[tuple[str, int]]:
    """Yield `(slot name, texture)` of every material."""
    for material in document.listed("materials"):
        stack: list[Any] = [material]
        while stack:
            current = stack.pop()
            for key, value in current.items():
                if isinstance(value, dict) and key != "extras":
                    if key.endswith("Texture") and "index" in value:
                        yield key, value["index"]
                    stack.append(value)


def image_sources(texture: Json) -> list[int]:
    """Return the images that a texture may show, the plain one last."""
    extensions = texture.get("extensions", {}).values()
    found = [e["source"] for e in extensions if "source" in e]
    return [*found, texture["source"]] if "source" in texture else found
