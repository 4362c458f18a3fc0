"""Make textures smaller: scale them to what can be seen, and write WebP where it pays.

Colours are judged as eyes judge them (`quality`); pixels that are numbers (`data_quality`) are
not colours, and a normal map is measured by the angle between the directions it meant and the
ones it came out with. What is not clearly smaller stays as it came.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, Literal

from PIL import Image

from ..document import Document, Json, Outcome
from ..pictures import (
    ENCODERS,
    angular_error_deg,
    as_webp,
    centred,
    is_cmyk,
    is_sixteen_bit_png,
    opened,
    scaled,
)
from ..rewrite import prune
from ..steps import NOTHING_REMEMBERED, Step, StepCache
from ..warnings import SceneWarning

WEBP: Final = "EXT_texture_webp"
VERSION: Final = 1
"""Of the bytes that this makes: raised with every change of them (`branchxr_assets.steps`)."""
LOSSLESS: Final = 100
NORMAL_ERROR_MAX_DEG: Final = 1.5
"""Mean over a normal map; a flat one shows steps of light from about 2 degrees on."""
_WORTH_FINER: Final = 0.75
"""What a finer encoding must bring the angle down to, to be kept: WebP halves the resolution of
two of three channels at any quality, and on maps like noise (5.1 degrees at quality 80, 4.1 at 97
for 2.4 times the bytes) no quality helps."""
_SAVING: Final = 0.95
"""A repacked image must be at least 5 % smaller to be worth an extension."""
_FINER: Final = (10, 17)
"""Steps of quality that a normal map is tried at when its directions are off."""


_WINDOW_PX: Final = 512


class Kind(Enum):
    """What an image's pixels are."""

    COLOUR = "colour"
    NORMAL = "normal"
    NUMBERS = "numbers"


@dataclass(frozen=True, slots=True)
class TexturesOptions:
    """How far to go.

    Attributes:
        format: `keep` scales what must be scaled and repacks nothing.
        quality: of colours, 1 to 100; 100 is lossless.
        data_quality: of numbers, 1 to 100.
        side_max_px: longer sides are scaled down to it.
        halvings: how often width and height are halved on top.
        jobs: threads; the bytes do not depend on it.
    """

    format: Literal["webp", "keep"] = "webp"
    quality: int = LOSSLESS
    data_quality: int = LOSSLESS
    side_max_px: int = 16384
    halvings: int = 0
    jobs: int = 2


DEFAULTS: Final = TexturesOptions()


def textures(
    document: Document,
    options: TexturesOptions = DEFAULTS,
    *,
    cache: StepCache = NOTHING_REMEMBERED,
) -> Outcome:
    """Re-encode every image; one that cannot be read stays as it is, with a warning."""
    changed = document.copy()
    kinds = _kinds(changed)
    images = list(changed.images)
    counts = {"bytes_before": sum(map(len, images)), "images_changed": 0}

    def encode(index: int) -> bytes | None:
        return _remembered(images[index], options, kinds.get(index, Kind.NUMBERS), cache)

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


_UNREADABLE: Final = b""
_AS_IT_CAME: Final = b"\0"
"""What is remembered of images that are not encoded; no WebP looks like either."""


def _remembered(raw: bytes, options: TexturesOptions, kind: Kind, cache: StepCache) -> bytes | None:
    """Return the new bytes, the same object when nothing pays, `None` when it is unreadable."""
    decides = {
        "format": options.format,
        "quality": options.quality if kind is Kind.COLOUR else options.data_quality,
        "side_max_px": options.side_max_px,
        "halvings": options.halvings,
        "kind": kind.value,
    }
    inputs = (cache.digest(raw),) if cache.is_on else ()
    step = Step("textures", VERSION, decides, inputs, ENCODERS)
    found = cache.remember(step, lambda: _encoded(raw, options, kind))
    if found == _AS_IT_CAME:
        return raw
    return None if found == _UNREADABLE else found


def _encoded(raw: bytes, options: TexturesOptions, kind: Kind) -> bytes:
    image = opened(raw)
    if image is None:
        return _UNREADABLE
    smaller = scaled(image, side_max_px=options.side_max_px, halvings=options.halvings)
    quality = options.quality if kind is Kind.COLOUR else options.data_quality
    is_wrong = is_cmyk(raw)
    is_scaled = smaller.size != image.size
    if not (is_wrong or is_scaled) and not _may_pay(raw, options, quality):
        return _AS_IT_CAME
    made = _as_webp(smaller, quality, kind)
    worth = len(raw) if is_scaled else len(raw) * _SAVING
    if made is None or (len(made) >= worth and not is_wrong):
        return _UNREADABLE if is_wrong else _AS_IT_CAME
    return made


def _may_pay(raw: bytes, options: TexturesOptions, quality: int) -> bool:
    """Tell whether encoding an image at its own size is worth a try."""
    if options.format == "keep" or raw[8:12] == b"WEBP":
        return False  # WebP is lossy already: a second loss would not pay
    is_lossless_png = raw.startswith(b"\x89PNG") and not is_sixteen_bit_png(raw)
    return quality < LOSSLESS or is_lossless_png


def _as_webp(image: Image.Image, quality: int, kind: Kind) -> bytes | None:
    """Encode; a normal map finer while its directions are off and that helps."""
    if quality >= LOSSLESS:
        return as_webp(image, quality=None)
    made = as_webp(image, quality=quality)
    if kind is not Kind.NORMAL or made is None:
        return made
    better = _finer_quality(image, quality)
    return made if better == quality else as_webp(image, quality=better)


def _finer_quality(image: Image.Image, quality: int) -> int:
    """Return the quality at which directions are right, judged on the middle of the map.

    A window of 512 pixels tells within 7 % what the whole of a 2048 map does, in a tenth of the
    time.
    """
    window = centred(image, side_px=_WINDOW_PX)

    def error_deg(at: int) -> float:
        made = as_webp(window, quality=at)
        return 180.0 if made is None else angular_error_deg(window, made)

    error = error_deg(quality)
    for step in _FINER:
        finer = min(quality + step, LOSSLESS - 1)
        if (
            error <= NORMAL_ERROR_MAX_DEG
            or (finer_error := error_deg(finer)) > error * _WORTH_FINER
        ):
            break
        quality, error = finer, finer_error
    return quality


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


_COLOUR_SLOTS: Final = frozenset(
    [
        *("baseColorTexture", "emissiveTexture", "diffuseTexture", "sheenColorTexture"),
        *("specularColorTexture", "specularGlossinessTexture", "diffuseTransmissionColorTexture"),
    ]
)
_NORMAL_SLOTS: Final = frozenset({"normalTexture", "clearcoatNormalTexture"})


def _kinds(document: Document) -> dict[int, Kind]:
    """Return what each image is; one that is several things is the most delicate of them."""
    found: dict[int, Kind] = {}
    for slot, texture_index in texture_slots(document):
        kind = (
            Kind.COLOUR
            if slot in _COLOUR_SLOTS
            else Kind.NORMAL
            if slot in _NORMAL_SLOTS
            else Kind.NUMBERS
        )
        for image in image_sources(document.listed("textures")[texture_index]):
            known = found.get(image, kind)
            found[image] = kind if known == kind else _more_delicate(known, kind)
    return found


def _more_delicate(one: Kind, other: Kind) -> Kind:
    return Kind.NORMAL if Kind.NORMAL in {one, other} else Kind.NUMBERS


def texture_slots(document: Document) -> Iterator[tuple[str, int]]:
    """Yield `(slot name, texture)` of every material."""
    for material in document.listed("materials"):
        for name, slot in slots_of(material):
            yield name, slot["index"]


def slots_of(material: Json) -> Iterator[tuple[str, Json]]:
    """Yield `(slot name, texture info)` of one material, in its extensions too."""
    stack: list[Any] = [material]
    while stack:
        current = stack.pop()
        for key, value in current.items():
            if isinstance(value, dict) and key != "extras":
                if key.endswith("Texture") and "index" in value:
                    yield key, value
                stack.append(value)


def image_sources(texture: Json) -> list[int]:
    """Return the images that a texture may show, the plain one last."""
    extensions = texture.get("extensions", {}).values()
    found = [e["source"] for e in extensions if "source" in e]
    return [*found, texture["source"]] if "source" in texture else found
