"""Make textures smaller: scale them to what can be seen, and write WebP where it pays, or KTX2.

KTX2 is not for the download: ETC1S comes near WebP, UASTC is several times as large. It is for the
graphics memory, where it stays at a byte a pixel instead of four, so it is written wherever it is
asked for.

Colours are judged as eyes judge them (`quality`); pixels that are numbers (`data_quality`) are
not colours, and a normal map is measured by the angle between the directions it meant and the
ones it came out with. What is not clearly smaller stays as it came.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import Any, Final, Literal

from PIL import Image

from ..document import Document, Json, Outcome
from ..ktx2 import Encoder, Settings, find_encoder
from ..normal_maps import normal_map_as_webp
from ..picture_pool import PicturePool
from ..pictures import (
    ENCODERS,
    LOSSLESS,
    as_webp,
    decoded,
    is_cmyk,
    is_ktx2,
    is_sixteen_bit_png,
    is_too_large,
    scale_of,
    scaled,
    size_px,
)
from ..rewrite import prune
from ..small_pictures import SIDE_PX, keep_small, small
from ..steps import NOTHING_REMEMBERED, Step, StepCache
from ..warnings import SceneWarning

WEBP: Final = "EXT_texture_webp"
BASISU: Final = "KHR_texture_basisu"
_MIME: Final = {b"\xabKTX": "image/ktx2", b"RIFF": "image/webp"}
VERSION: Final = 2
"""Of the bytes that this makes: raised with every change of them (`branchxr_assets.steps`)."""
_SAVING: Final = 0.95
"""A repacked image must be at least 5 % smaller to be worth an extension."""


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
        quality: of colours, 1 to 100; 100 is lossless, but for `ktx2`, which never is.
        data_quality: of numbers, 1 to 100.
        side_max_px: longer sides are scaled down to it.
        halvings: how often width and height are halved on top.
        jobs: threads; the bytes do not depend on it.
    """

    format: Literal["webp", "ktx2", "keep"] = "webp"
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
    encoder: Encoder | None = None,
    pool: PicturePool | None = None,
) -> Outcome:
    """Re-encode every image; one that cannot be read stays as it is, with a warning.

    Args:
        document: whose images.
        options: how far to go.
        cache: remembers what was made for the next build.
        encoder: for `ktx2`; the one that is found on this machine if not given.
        pool: where they may have been begun already (`begin_textures`); threads of its own without.

    Raises:
        MissingTool: `ktx2_encoder_missing`.
        EncoderFailed: `ktx2_encoder_failed`.
    """
    if options.format == "ktx2" and encoder is None:
        encoder = find_encoder()
    if pool is None:
        with PicturePool(options.jobs) as own, stopping(encoder):
            return textures(document, options, cache=cache, encoder=encoder, pool=own)
    begin_textures(document, options, cache=cache, encoder=encoder, pool=pool)
    changed = document.copy()
    images = list(changed.images)
    counts = {"bytes_before": sum(map(len, images)), "images_changed": 0}
    found = [pool.result(*work) for work in _works(document, options, cache, encoder)]
    warnings = []
    for index, raw in enumerate(found):
        made = images[index] if raw == _AS_IT_CAME else raw
        warnings += _said(changed, index, made, options)
        if made != _UNREADABLE and made is not images[index]:
            images[index] = made
            counts["images_changed"] += 1
            changed.listed("images")[index]["mimeType"] = _MIME[made[:4]]
    result = Document(changed.root, changed.accessors, tuple(images))
    for texture in result.listed("textures"):
        _declare(result, texture)
    counts["bytes_after"] = sum(map(len, images))
    return Outcome(prune(result), dict(counts), tuple(warnings))


@contextmanager
def stopping(encoder: Encoder | None) -> Iterator[None]:
    """End an encoder's programs when what is done meanwhile fails or is interrupted."""
    try:
        yield
    except BaseException:
        if encoder is not None:
            encoder.stopped.set()
        raise


def begin_textures(
    document: Document,
    options: TexturesOptions,
    *,
    cache: StepCache,
    encoder: Encoder | None = None,
    pool: PicturePool,
) -> None:
    """Have a document's images encoded, the largest first, so that no core is left with it last."""
    works = _works(document, options, cache, encoder)
    for key, make in sorted(works, key=lambda work: -len(work[0][0])):
        pool.begin(key, make)


_Key = tuple[bytes, "Kind", TexturesOptions, bool]


def _works(
    document: Document, options: TexturesOptions, cache: StepCache, encoder: Encoder | None
) -> list[tuple[_Key, Callable[[], bytes]]]:
    """Return for each image what tells its work from others', and the work."""
    kinds, mixed = _kinds(document)
    found: list[tuple[_Key, Callable[[], bytes]]] = []
    for index, raw in enumerate(document.images):
        usable = None if index in mixed else encoder
        work = _Work(options, kinds.get(index, Kind.NUMBERS), usable)
        key = (raw, work.kind, options, usable is not None)
        found.append((key, partial(_remembered, raw, work, cache)))
    return found


def _said(
    document: Document, index: int, made: bytes, options: TexturesOptions
) -> list[SceneWarning]:
    """Return what there is to say of one image."""
    described = document.listed("images")[index]
    name, place = described.get("name", ""), f"images[{index}]"
    if made == _UNREADABLE:
        kind = described.get("mimeType", "")
        if is_too_large(document.images[index]):
            width, height = size_px(document.images[index])
            message = (
                f"the image {name!r} is {width:,} x {height:,} pixels, more than is ever decoded; "
                "it stays as it is, and no device will show it: make it smaller"
            )
            return [SceneWarning("image_kept", place, message)]
        message = f"the image {name!r} ({kind}) could not be decoded; it stays as it is"
        return [SceneWarning("image_kept", place, message)]
    found = []
    if made is not document.images[index] and is_cmyk(document.images[index]):
        message = f"the image {name!r} is in printing colours (CMYK); it is made RGB"
        found.append(SceneWarning("image_cmyk", place, message))
    if options.format == "ktx2" and not is_ktx2(made):
        message = (
            f"the image {name!r} is not KTX2: it is larger than the encoder takes, or stands for "
            "colours in one place and numbers in another"
        )
        found.append(SceneWarning("image_not_ktx2", place, message))
    return found


_UNREADABLE: Final = b""
_AS_IT_CAME: Final = b"\0"
"""What is remembered of images that are not encoded; no WebP looks like either."""


@dataclass(frozen=True, slots=True)
class _Work:
    """What one image is to become: KTX2 where there is an encoder."""

    options: TexturesOptions
    kind: Kind
    encoder: Encoder | None

    @property
    def quality(self) -> int:
        """As the options have it for this kind."""
        return self.options.quality if self.kind is Kind.COLOUR else self.options.data_quality

    @property
    def settings(self) -> Settings:
        """For the encoder."""
        return Settings(is_colour=self.kind is Kind.COLOUR, quality=self.quality)


def _remembered(raw: bytes, work: _Work, cache: StepCache) -> bytes:
    """Return the new bytes, `_AS_IT_CAME` when nothing pays, `_UNREADABLE` when it is broken."""
    options, encoder = work.options, work.encoder
    if is_ktx2(raw) and options.halvings == 0 and max(size_px(raw)) <= options.side_max_px:
        return _AS_IT_CAME  # nothing is to be done with it
    decides: dict[str, Any] = {
        "format": options.format,
        "quality": work.quality,
        "side_max_px": options.side_max_px,
        "halvings": options.halvings,
        "kind": work.kind.value,
    }
    encoders = dict(ENCODERS)
    if encoder is not None:
        decides["ktx2"] = work.settings.as_json()
        encoders[encoder.kind] = encoder.version
    inputs = (cache.digest(raw),) if cache.is_on else ()
    step = Step("textures", VERSION, decides, inputs, encoders)
    try:
        return cache.remember(step, lambda: _encoded(raw, work, cache))
    except MemoryError:  # not remembered: next time there may be more
        return _UNREADABLE


def _sized(raw: bytes, options: TexturesOptions, cache: StepCache) -> Image.Image | None:
    """Decode an image at the size it is to have; a small one is left at hand for others.

    Where it is gone at last nothing holds the large one: 67 MB of a side of 4096 are free before
    it is encoded.
    """
    longest = max(size_px(raw))
    factor = scale_of(longest, side_max_px=options.side_max_px, halvings=options.halvings)
    if longest / factor <= SIDE_PX and factor > 1:
        image = small(raw, cache)
        made = None if image is None else scaled(image, factor * max(image.size) / longest)
        # Pillow notes on an image how it is saved: what others have at hand is not saved itself.
        return made.copy() if made is not None and made is image else made
    image = decoded(raw)
    if image is None:
        return None
    result = scaled(image, factor)
    keep_small(raw, result if factor in {1, 2} else image, cache)
    return result


def _encoded(raw: bytes, work: _Work, cache: StepCache) -> bytes:
    options, quality = work.options, work.quality
    image = _sized(raw, options, cache)
    if image is None:
        return _UNREADABLE
    if work.encoder is not None and work.encoder.takes(image):
        return work.encoder.encode(image, work.settings)
    is_wrong = is_cmyk(raw)
    is_scaled = image.size != size_px(raw)
    if not (is_wrong or is_scaled) and not _may_pay(raw, options, quality):
        return _AS_IT_CAME
    made = _as_webp(image, quality, work.kind)
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
    if kind is not Kind.NORMAL:
        return as_webp(image, quality=quality)
    return normal_map_as_webp(image, quality)


def _declare(document: Document, texture: Json) -> None:
    """Point a texture at its WebP or KTX2 through the extension for it, and only then."""
    images = document.listed("images")
    extensions = texture.get("extensions", {})
    named = (extensions.get(name, {}).get("source") for name in (BASISU, WEBP))
    source = next((index for index in named if index is not None), texture.get("source"))
    mime = None if source is None else images[source].get("mimeType")
    if mime not in _EXTENSIONS:
        return
    texture.pop("source", None)
    for name in (BASISU, WEBP):
        extensions.pop(name, None)
    extensions[_EXTENSIONS[mime]] = {"source": source}
    texture["extensions"] = extensions


_EXTENSIONS: Final = {"image/webp": WEBP, "image/ktx2": BASISU}
_COLOUR_SLOTS: Final = frozenset(
    [
        *("baseColorTexture", "emissiveTexture", "diffuseTexture", "sheenColorTexture"),
        *("specularColorTexture", "specularGlossinessTexture", "diffuseTransmissionColorTexture"),
    ]
)
_NORMAL_SLOTS: Final = frozenset({"normalTexture", "clearcoatNormalTexture"})


_ALPHA_SLOTS: Final = frozenset(
    {"specularTexture", "sheenRoughnessTexture", "diffuseTransmissionTexture"}
)
"""Only alpha is read, so that the colours of the same image may be somebody else's."""


def _kinds(document: Document) -> tuple[dict[int, Kind], set[int]]:
    """Return what each image is, and which are several things: those count as most delicate."""
    found: dict[int, Kind] = {}
    mixed: set[int] = set()
    for slot, texture_index in sorted(texture_slots(document), key=lambda s: s[0] in _ALPHA_SLOTS):
        kind = _kind(slot)
        for image in image_sources(document.listed("textures")[texture_index]):
            known = found.setdefault(image, kind)
            if known == kind or slot in _ALPHA_SLOTS:
                continue
            found[image] = _more_delicate(known, kind)
            if Kind.COLOUR in {known, kind}:
                mixed.add(image)
    return found, mixed


def _kind(slot: str) -> Kind:
    if slot in _COLOUR_SLOTS:
        return Kind.COLOUR
    return Kind.NORMAL if slot in _NORMAL_SLOTS else Kind.NUMBERS


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
