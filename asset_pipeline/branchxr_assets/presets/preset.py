"""What a preset can say, read strictly: a misspelt key is refused, not passed over."""

import codecs
import difflib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from branchxr.errors import InputRefused

NAMES: Final = ("mobile", "desktop", "archive")
OVERRIDES_NAME: Final = "branchxr.toml"
"""Beside the scene: the same tables and keys as a preset, those that differ."""
_OVERRIDES_BYTES_MAX: Final = 64 * 1024
_WORD_MAX: Final = 40

Bits = Annotated[int, Meta(ge=6, le=16)]
Quality = Annotated[int, Meta(ge=1, le=100)]
Count = Annotated[int, Meta(ge=1, le=2**53)]


class Geometry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How meshes are stored.

    Attributes:
        codec: `draco` is smallest, `meshopt` decodes fastest, `none` needs no decoder; `auto` is
            `draco` for chunks large enough to be worth its decoder, else `none`.
        position_bits: steps over a mesh's size; 14 bits on a 3 m desk are 0.2 mm.
        normal_bits: steps of a direction.
        texcoord_bits: steps over a mesh's texture coordinates.
        colour_bits: steps of a vertex colour.
        is_exact: nothing is rounded; only with `none` and `meshopt`.
        has_tangents: missing normals and tangents are written where a normal map needs them
            (MikkTSpace), instead of being left to the viewer.
    """

    codec: Literal["auto", "draco", "meshopt", "none"] = "auto"
    position_bits: Bits = 14
    normal_bits: Bits = 10
    texcoord_bits: Bits = 12
    colour_bits: Bits = 8
    is_exact: bool = False
    has_tangents: bool = False


class Textures(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How images are stored.

    Attributes:
        format: `webp`, smallest; `ktx2`, a quarter of the graphics memory, by an encoder on this
            machine; `auto`, KTX2 where there is one and else WebP; `keep` as they came.
        quality: of colours, 1 to 100; 100 is lossless (with KTX2: as fine as ETC1S can).
        data_quality: of normals, roughness and the like, where pixels are numbers.
        side_max_px: longer sides are scaled down.
    """

    format: Literal["webp", "ktx2", "auto", "keep"] = "webp"
    quality: Quality = 80
    data_quality: Quality = 80
    side_max_px: Annotated[int, Meta(ge=16, le=16384)] = 2048


class Levels(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Levels of detail: how many, the fullest included."""

    count: Annotated[int, Meta(ge=1, le=6)] = 3


class Motion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Animations: what no eye sees, in metres, quaternion parts, factors."""

    tolerance: Annotated[float, Meta(ge=0, le=1)] = 1e-4


class Budgets(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a device can take; more is a warning, and an error with `--strict`.

    Attributes:
        triangles: drawn by the fullest level and the live tile together.
        draws: draw calls of the same.
        texture_bytes: in graphics memory, mip levels included.
        download_bytes: of all chunks.
    """

    triangles: Count = 2_000_000
    draws: Count = 1_500
    texture_bytes: Count = 512 * 1024**2
    download_bytes: Count = 50_000_000


class Preset(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All of it. `about` says in a sentence what the preset is for."""

    about: str = ""
    geometry: Geometry = Geometry()
    textures: Textures = Textures()
    lods: Levels = Levels()
    animations: Motion = Motion()
    budgets: Budgets = Budgets()


def load(
    name: str = "desktop",
    *,
    beside: Path | None = None,
    given: Mapping[str, Mapping[str, Any]] | None = None,
) -> Preset:
    """Put a preset together: the named file, then `branchxr.toml`, then what was typed.

    Args:
        name: one of `NAMES`.
        beside: the scene's folder, where `branchxr.toml` may lie.
        given: table -> key -> value; `None` values are as if not given.

    Raises:
        InputRefused: `preset_unknown`; `preset_refused`: a key, type or value that is not one, or
            keys that contradict each other.
    """
    if name not in NAMES:
        raise InputRefused(
            f"a preset: {', '.join(NAMES)}", repr(name), "choose one of these, or put what differs "
            f"in a {OVERRIDES_NAME} beside the scene", code="preset_unknown",
        )  # fmt: skip
    file = f"{name}.toml"
    values = _parse((Path(__file__).parent / file).read_bytes(), file)
    overrides = None if beside is None else beside / OVERRIDES_NAME
    if overrides is not None and overrides.is_file():
        file = OVERRIDES_NAME
        values = _merged(values, _parse(_read(overrides), file))
    typed = {
        t: {k: v for k, v in keys.items() if v is not None} for t, keys in (given or {}).items()
    }
    try:
        msgspec.convert(values, Preset)  # what is wrong shows, also where what was typed covers it
        preset = msgspec.convert(_merged(values, typed), Preset)
    except msgspec.ValidationError as error:
        raise _refused(_meant(values, typed) or str(error), file) from error
    if preset.geometry.is_exact and preset.geometry.codec in {"auto", "draco"}:
        raise InputRefused(
            "a codec that rounds nothing, since geometry.is_exact is true",
            f"{preset.geometry.codec!r}, which rounds, in {file!r} or typed",
            "choose the codec none or meshopt, or a preset that is not exact, such as desktop",
            code="preset_refused",
        )
    return preset


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as opened:
            raw = opened.read(_OVERRIDES_BYTES_MAX + 1)
    except OSError as error:
        raise _refused(error.strerror or type(error).__name__, path.name) from error
    if len(raw) > _OVERRIDES_BYTES_MAX:
        raise _refused(f"more than {_OVERRIDES_BYTES_MAX} bytes", path.name)
    return raw


def _parse(raw: bytes, file: str) -> dict[str, Any]:
    try:
        parsed: dict[str, Any] = msgspec.toml.decode(raw.removeprefix(codecs.BOM_UTF8))
    except UnicodeDecodeError as error:
        came = f"text that is no UTF-8 (byte {error.start}); save the file as UTF-8"
        raise _refused(came, file) from error
    except (msgspec.DecodeError, RecursionError) as error:
        is_double = "overwrite" in str(error) or "twice" in str(error)
        came = f"a key or table that is given twice ({error})" if is_double else str(error)
        raise _refused(came, file) from error
    return parsed


def _meant(*given: Mapping[str, Any]) -> str:
    """Return what is misspelt, and how it may have been meant; empty where nothing is."""
    tables = {field.name: field.type for field in msgspec.structs.fields(Preset)}
    for values in given:
        for table, keys in values.items():
            if table not in tables:
                return f"[{table}]{_like(table, tables)}"
            if not (isinstance(keys, Mapping) and issubclass(tables[table], msgspec.Struct)):
                continue
            known = [field.name for field in msgspec.structs.fields(tables[table])]
            for key in keys:
                if key not in known:
                    return f"{key!r} in [{table}]{_like(key, known)}"
    return ""


def _like(word: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(word[:_WORD_MAX], known, 1)
    return f", which is none; did you mean {near[0]!r}?" if near else (
        f", which is none: there are {', '.join(known)}"
    )  # fmt: skip


def _merged(values: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Lay tables over tables, key by key."""
    merged = dict(values)
    for table, keys in over.items():
        base = merged.get(table)
        both = isinstance(keys, Mapping) and isinstance(base, Mapping)
        merged[table] = {**base, **keys} if both and base is not None else keys
    return merged


def _refused(came: str, file: str) -> InputRefused:
    return InputRefused(
        f"tables and keys of a preset in {file!r}",
        came,
        "see docs/artists/presets.md for the keys and their ranges",
        code="preset_refused",
    )
