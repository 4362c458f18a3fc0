"""Read glTF 2.0: GLB, or .gltf with the files beside it."""

import json
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Any, Final

from branchxr.errors import SceneRefused

from .. import container, schema
from ..document import Document, Json
from ..mapped import mapped
from ..references import KNOWN_EXTENSIONS, points_elsewhere, references
from ..refusal import refused
from ..tree import check_tree
from ..warnings import SceneWarning, distinct
from .buffers import MESHOPT, BufferTable
from .draco import DRACO, draco_accessors, unpack_draco, uses_draco
from .gltf_counts import count
from .options import DEFAULTS, ReadOptions
from .resources import Resources
from .restart import RESTART, without_restarts
from .source import Source

_DISSOLVED: Final = (DRACO, *MESHOPT, *RESTART)
"""Extensions that say how a file is stored, not what is in it: reading undoes them."""


class Draco(Enum):
    """Where Google's native decoder may meet the file's bytes."""

    REFUSED = "refused"
    ISOLATED = "isolated"
    HERE = "here"


KEEPS: Final[Mapping[str, str]] = {
    "nodes": "yes",
    "names": "yes, in any script",
    "pivots": "yes: a node's origin is its pivot",
    "extras": "yes, with their types, on everything",
    "uv": "yes, all sets",
    "colours": "yes, all sets; values outside 0 to 1 are clamped",
    "tangents": "yes",
    "skins": "yes; of more than four influences the strongest",
    "animations": "yes; clips that move nothing are named and left out",
    "morphs": "yes",
    "cameras": "yes",
    "lights": "yes (KHR_lights_punctual)",
    "instancing": "yes, EXT_mesh_gpu_instancing too",
    "materials": "yes, all KHR_materials_*; unknown extensions pass through",
    "textures": "yes: PNG, JPEG, WebP, embedded or beside the file",
    "units": "the format is in metres",
    "axes": "the format is +Y up",
}
"""What is kept of each feature: `docs/formats.md` shows it."""


def read_gltf(path: Path, raw: bytes, *, draco: Draco = Draco.REFUSED) -> Source:
    """Read a glTF document and the files beside it.

    Args:
        path: where it lies; only its own folder and folders in it are read.
        raw: its bytes.
        draco: what to do with a file that KHR_draco_mesh_compression compressed.

    Raises:
        SceneRefused: with a code, the file and the place in it.
    """
    file = path.name
    resources = Resources(path, raw)
    json_bytes, binary = raw, None
    if raw[:4] == container.MAGIC:
        json_bytes, binary = container.split(raw, file=file)
    root = parse_json(json_bytes, file=file)
    root, text_warnings = _mend_text(root)
    _check_version(root, file=file)
    original = json.loads(json.dumps(root))
    schema.check(root, file=file)
    if uses_draco(root) and draco is Draco.REFUSED:
        raise _extension_refused(DRACO, file)
    if uses_draco(root) and draco is Draco.ISOLATED:
        from .isolated import read_isolated  # noqa: PLC0415 - it leans on this module

        return read_isolated(path, f"{__name__}:read_with_draco")
    document, warnings = _checked(root, BufferTable(root, binary, resources, file=file))
    asset = original["asset"]
    return Source(
        file=file,
        format="glb" if raw[:4] == container.MAGIC else "gltf",
        document=document,
        size_bytes=resources.size_bytes,
        hashes=resources.hashes(),
        counts=count(original, document),
        generator=asset.get("generator"),
        licence=asset.get("copyright"),
        extensions_used=tuple(sorted(original.get("extensionsUsed", []))),
        warnings=distinct((*text_warnings, *warnings)),
    )


def read_handed(path: Path) -> tuple[Document, list[SceneWarning]]:
    """Read the GLB that a worker made of a stranger's file: trusted no more than that.

    Its arrays are views of the file, which may be deleted.

    Raises:
        SceneRefused: as `read_gltf`.
    """
    root, binary = _parsed(mapped(path), file=path.name)
    if uses_draco(root):
        raise _extension_refused(DRACO, path.name)
    return _checked(root, BufferTable(root, binary, Resources(path, b""), file=path.name))


def _parsed(glb: container.Raw, *, file: str) -> tuple[Json, memoryview | None]:
    """Return a GLB's JSON, checked, and its binary chunk."""
    json_bytes, binary = container.split(glb, file=file)
    root, _ = _mend_text(parse_json(json_bytes, file=file))
    _check_version(root, file=file)
    schema.check(root, file=file)
    return root, binary


def _checked(root: Json, buffers: BufferTable) -> tuple[Document, list[SceneWarning]]:
    """Read what the JSON points to and check all that it says of itself."""
    warnings = _settle_extensions(root, file=buffers.file)
    document, more = _document(root, buffers)
    check_references(document, file=buffers.file)
    check_tree(document, file=buffers.file)
    return document, [*warnings, *more]


def read_stranger(path: Path, raw: bytes, _options: ReadOptions = DEFAULTS) -> Source:
    """Read a glTF file of somebody else: what native code decodes, a worker process does."""
    return read_gltf(path, raw, draco=Draco.ISOLATED)


def read_chunk(glb: bytes) -> Document:
    """Read a GLB that this process wrote, or whose signature was checked: no stranger's bytes."""
    path = Path("chunk.glb")
    root, binary = _parsed(glb, file=path.name)
    return _checked(root, BufferTable(root, binary, Resources(path, b""), file=path.name))[0]


def read_with_draco(path: Path) -> Source:
    """Read a file that Draco compressed: for a worker process only."""
    return read_gltf(path, path.read_bytes(), draco=Draco.HERE)


def _document(root: Json, buffers: BufferTable) -> tuple[Document, list[SceneWarning]]:
    """Read what the JSON points to, and undo how it is stored."""
    accessors = buffers.accessors(declared=draco_accessors(root))
    accessors = unpack_draco(root, accessors, buffers)
    images, warnings = buffers.images()
    for key in ("buffers", "bufferViews", "accessors"):
        root.pop(key, None)
    document = without_restarts(Document(root, accessors, images))
    return document, [*warnings, *_drop_misplaced(document.root)]


def _drop_misplaced(root: Json) -> list[SceneWarning]:
    """Take away what should be dissolved by now: it stood where its extension has no meaning."""
    warnings = []
    for place, extensions in _extension_sites(root):
        for name in sorted(extensions.keys() & set(_DISSOLVED)):
            del extensions[name]
            message = f"{name} has no meaning there; it is left out"
            warnings.append(SceneWarning("extension_dropped", place, message))
    return warnings


def parse_json(json_bytes: bytes, *, file: str) -> Json:
    """Parse strictly: UTF-8, no duplicate keys, no NaN, an object with an asset of version 2."""
    try:
        root = json.loads(
            json_bytes.decode("utf-8-sig"),
            object_pairs_hook=_without_twins,
            parse_constant=_no_constant,
        )
    except (ValueError, RecursionError) as error:
        came = "JSON nested too deep" if isinstance(error, RecursionError) else str(error)
        raise refused(
            "scene_malformed",
            file=file,
            place="its JSON",
            expected="JSON of glTF 2.0",
            came=came,
            remedy="export the scene again",
        ) from error
    if not isinstance(root, dict):
        raise refused(
            "scene_not_gltf",
            file=file,
            place="its JSON",
            expected="a JSON object of glTF 2.0",
            came=type(root).__name__,
            remedy="export the scene as glTF 2.0",
        )
    return root


def check_references(document: Document, *, file: str) -> None:
    """Check that every index points to something."""
    root = document.root
    sizes: dict[str, int] = {"accessors": len(document.accessors)}
    for reference in references(root):
        target = reference.target
        size = sizes.setdefault(target, len(document.listed(target)))
        index = reference.container[reference.key]
        if not (isinstance(index, int) and not isinstance(index, bool) and 0 <= index < size):
            raise refused(
                "scene_reference",
                file=file,
                place=reference.place,
                expected=f"an index below {size} into {target}",
                came=repr(index),
                remedy="export the scene again; the file contradicts itself",
            )


def _mend_text(root: Json) -> tuple[Json, list[SceneWarning]]:
    """Put `?` in the place of half characters (lone surrogates), which no UTF-8 file can hold."""
    text = json.dumps(root, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        mended: Json = json.loads(text.encode("utf-8", "replace"))
        message = "a name or property holds half a character; a question mark stands in for it"
        return mended, [SceneWarning("text_mended", "the file", message)]
    return root, []


def _without_twins(pairs: list[tuple[str, Any]]) -> Json:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"the key {next(n for n in names if names.count(n) > 1)!r} twice")
    return found


def _no_constant(name: str) -> float:
    raise ValueError(f"{name}, which JSON does not have")


def _check_version(root: Json, *, file: str) -> None:
    asset = root.get("asset")
    version = asset.get("version", "") if isinstance(asset, dict) else ""
    if str(version) in {"0.8", "1.0", "1.1"} or isinstance(root.get("nodes"), dict):
        raise _is_old(file)
    if not (isinstance(version, str) and version.startswith("2.")):
        raise refused(
            "scene_not_gltf",
            file=file,
            place="asset.version",
            expected="glTF version 2",
            came=repr(version) if version else "none",
            remedy="export the scene as glTF 2.0",
        )


def _is_old(file: str) -> SceneRefused:
    return refused(
        "scene_not_gltf",
        file=file,
        place="asset.version",
        expected="glTF version 2",
        came="glTF 1.0, which describes materials as programs",
        remedy="convert it with `gltf-pipeline --keepLegacyExtensions`, or export it anew as 2.0",
    )


def _settle_extensions(root: Json, *, file: str) -> list[SceneWarning]:
    """Refuse what cannot be read; drop what would go stale, with a warning; keep the rest."""
    required = root.get("extensionsRequired", [])
    for name in required:
        if name not in KNOWN_EXTENSIONS | {*_DISSOLVED}:
            raise _extension_refused(name, file)
    warnings = _declared_only(root)
    for place, extensions in _extension_sites(root):
        for name in list(extensions):
            in_material = place.startswith("materials[")
            if name in {*KNOWN_EXTENSIONS, *_DISSOLVED}:
                continue
            if not points_elsewhere(extensions[name], in_material=in_material):
                continue
            del extensions[name]
            message = f"{name} is not understood and points at other parts; it is left out"
            warnings.append(SceneWarning("extension_dropped", place, message))
    for key in ("extensionsUsed", "extensionsRequired"):
        root.pop(key, None)  # both are counted again when a chunk is written
    return warnings


def _declared_only(root: Json) -> list[SceneWarning]:
    """Name unknown extensions that have no object: what they say of the file is not kept."""
    present = {name for _, extensions in _extension_sites(root) for name in extensions}
    return [
        SceneWarning(
            "extension_dropped",
            "extensionsUsed",
            f"{name} is declared without an object and not understood; it is left out",
        )
        for name in root.get("extensionsUsed", [])
        if name not in present | KNOWN_EXTENSIONS | {*_DISSOLVED}
    ]


def _extension_sites(root: Json) -> list[tuple[str, Json]]:
    """Return every `extensions` object with the place it is at, extras left alone."""
    found: list[tuple[str, Json]] = []
    stack: list[tuple[str, Json]] = [("", root)]
    while stack:
        place, current = stack.pop()
        for key, value in current.items():
            if not isinstance(value, dict | list) or key == "extras":
                continue
            here = f"{place}.{key}".lstrip(".")
            if isinstance(value, list):
                stack += [(f"{here}[{i}]", v) for i, v in enumerate(value) if isinstance(v, dict)]
                continue
            if key == "extensions":
                found.append((place or "the file", value))
            stack.append((here, value))
    return sorted(found, key=lambda site: site[0])


def _extension_refused(name: str, file: str) -> SceneRefused:
    return refused(
        "scene_extension",
        file=file,
        place="extensionsRequired",
        expected="extensions that can be read",
        came=f"{name!r}",
        remedy="export the scene without that extension",
    )
