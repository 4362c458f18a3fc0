"""Take a document apart into what is costly to pack and what changes from one day to the next.

A body is the document without places, names, extras and pixels. Packing it gives the same bytes
wherever its nodes stand, so what was made of it before holds after a desk was moved, renamed or
painted anew. All else is put back over a packed GLB: a matter of its JSON, and of bytes at its end.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from . import container
from .document import AccessorPool, Document, Floats, Json, Outcome
from .encoders import encoder_versions
from .glb import declare_extensions, in_order, write_glb
from .references import references
from .rewrite import prune
from .steps import Step, StepCache, own_code
from .tree import world_matrices
from .vertices import accessor_slots, vertex_accessors
from .warnings import SceneWarning

_OUTER: Final = frozenset(
    {"name", "extras", "children", "matrix", "translation", "rotation", "scale"}
)
"""Keys of a node that no packing asks for; all others may point to what is packed."""
_OUTER_SCENE: Final = frozenset({"name", "extras", "nodes"})
_STRETCH_DIGITS: Final = 6
"""Significant digits of a stretch: turning a node changes the last ones, which decide nothing."""
LASTING: Final = frozenset({"mesh_without_draco"})
"""Warnings that any build of the same mesh would give. Of others nothing is remembered: what was
not done for want of memory, perhaps, the next build tries again."""
Pack = Callable[[Document], Outcome]


@dataclass(frozen=True, slots=True)
class Packed:
    """A packed body: its GLB, what its packing did, in numbers, and what it could not do."""

    body: bytes
    whole: Document
    changed: Mapping[str, float]
    warnings: tuple[SceneWarning, ...] = ()

    def glb(self, painted: Document | None = None) -> bytes:
        """Return the GLB of it all.

        Args:
            painted: the document with other images, as `textures` gives it; else with its own.
        """
        return joined(self.body, self.whole, painted or self.whole)


def packed(
    document: Document, name: str, pack: Pack, *, cache: StepCache, options: Mapping[str, Any]
) -> Packed:
    """Pack a document, or remember how its body was packed.

    Args:
        document: all its nodes are in its one scene, and nothing in it is unused.
        name: of the step.
        pack: may change meshes, accessors and animations, and drop what nothing draws any more;
            it sees every mesh at the size it has in the scene, and no node's place.
        cache: remembers by the body.
        options: all that `pack` does otherwise for.
    """
    body = body_of(document)
    if not cache.is_on:
        return _made(pack(body), document)
    step = Step(name, own_code(), options, (document_digest(body, cache),), encoder_versions())
    known = cache.recall(step)
    if known is not None:
        head, _, glb = known.partition(b"\n")
        changed, warnings = json.loads(head)
        return Packed(glb, document, changed, tuple(SceneWarning(*said) for said in warnings))
    made = _made(pack(body), document)
    if all(warning.code in LASTING for warning in made.warnings):
        said = [[warning.code, warning.path, warning.message] for warning in made.warnings]
        cache.replace(step, json.dumps([dict(made.changed), said]).encode() + b"\n" + made.body)
    return made


def _made(outcome: Outcome, document: Document) -> Packed:
    return Packed(write_glb(outcome.document), document, outcome.changed, outcome.warnings)


def body_of(document: Document) -> Document:
    """Return the body of a document: its textures are numbers, its nodes stand at the origin."""
    body = document.copy()
    worlds = world_matrices(document)
    stretches = _stretches(worlds)
    for index, node in enumerate(body.listed("nodes")):
        for key in _OUTER & node.keys():
            del node[key]
        if "mesh" in node and index in worlds:
            node["scale"] = [_rounded(stretches[index] or 1.0)] * 3
    for scene in body.listed("scenes"):
        for key in _OUTER_SCENE & scene.keys():
            del scene[key]
    if body.listed("scenes"):
        body.listed("scenes")[body.root.get("scene", 0)]["nodes"] = sorted(worlds)
    for name in ("images", "samplers"):
        body.root.pop(name, None)
    numbers = range(len(body.listed("textures")))
    body.listed("textures")[:] = [{"name": str(number)} for number in numbers]
    return Document(body.root, body.accessors)


def _stretches(worlds: Mapping[int, Floats]) -> dict[int, float]:
    """Return by how much each transform stretches at most: one decomposition of all."""
    if not worlds:
        return {}
    found = np.linalg.norm(np.stack([*worlds.values()])[:, :3, :3], ord=2, axis=(1, 2))
    return dict(zip(worlds, found.tolist(), strict=True))


def joined(glb: bytes, whole: Document, painted: Document) -> bytes:
    """Put the GLB of a packed body together with all that its document has beside it.

    Args:
        glb: of the body.
        whole: the document that the body is of.
        painted: has the textures, their images and samplers.
    """
    text, binary = container.split(glb, file="a chunk")
    root = json.loads(text)
    for name, outer in (("nodes", _OUTER), ("scenes", _OUTER_SCENE)):
        _dress(root, name, whole.listed(name), outer)
    parts = [] if binary is None else [bytes(binary)]
    _paint(root, painted, parts)
    declare_extensions(root)
    whole_json = json.dumps(
        in_order(root), ensure_ascii=False, separators=(",", ":"), allow_nan=False
    )
    return b"".join(container.pieces(whole_json.encode(), parts))


def _dress(root: Json, name: str, wholes: list[Json], outer: frozenset[str]) -> None:
    """Give a body's nodes or scenes what was taken off, each key at its old place."""
    items = root.get(name, [])
    if len(items) != len(wholes):
        raise ValueError(f"{len(wholes)} {name} went in, {len(items)} came out")
    if wholes:
        root[name] = [
            {k: v if k in outer else item[k] for k, v in whole.items() if k in outer or k in item}
            for whole, item in zip(wholes, items, strict=True)
        ]


def _paint(root: Json, painted: Document, parts: list[bytes]) -> None:
    """Append the images of the textures that the body still uses."""
    if "textures" not in root:
        return
    textures = painted.copy().listed("textures")
    root["textures"] = [textures[int(texture["name"])] for texture in root["textures"]]
    kept: Json = {"textures": root["textures"]}
    for name in ("samplers", "images"):
        slots = [r for r in references(kept) if r.target == name]
        used = sorted({slot.container[slot.key] for slot in slots})
        for slot in slots:
            slot.container[slot.key] = used.index(slot.container[slot.key])
        root[name] = [dict(painted.listed(name)[index]) for index in used]
        if name == "images":
            _store(root, [painted.images[index] for index in used], parts)


def _store(root: Json, images: list[bytes], parts: list[bytes]) -> None:
    views = root.setdefault("bufferViews", [])
    buffer = root.setdefault("buffers", [{"byteLength": 0}])[0]
    size = buffer["byteLength"]
    del parts[1:]
    if parts:
        parts[0] = parts[0][:size]
    for item, raw in zip(root["images"], images, strict=True):
        pad = -size % 4
        item["bufferView"] = len(views)
        views.append({"buffer": 0, "byteOffset": size + pad, "byteLength": len(raw)})
        parts += [b"\0" * pad, raw]
        size += pad + len(raw)
    buffer["byteLength"] = size


def cut_from(whole: Document, done: Document, body: Document) -> Document:
    """Pack a part of a body as the whole was: what is drawn in several parts is packed once.

    Args:
        whole: the body of the whole.
        done: the same, packed, primitive by primitive.
        body: of a part; its accessors are the whole's own objects.
    """
    ready = {
        _identity(whole, primitive): packed_one
        for primitive, packed_one in zip(whole.primitives(), done.primitives(), strict=True)
    }
    changed = body.copy()
    pool = AccessorPool(changed.accessors)
    numbers: dict[int, int] = {}

    def moved(index: int) -> int:
        if index not in numbers:
            numbers[index] = pool.keep(done.accessors[index])
        return numbers[index]

    for primitive in changed.primitives():
        found = ready[_identity(changed, primitive)]
        primitive["attributes"] = {n: moved(i) for n, i in found["attributes"].items()}
        if "targets" in found:
            primitive["targets"] = [{n: moved(i) for n, i in t.items()} for t in found["targets"]]
        if "indices" in found:
            primitive["indices"] = moved(found["indices"])
        if "mode" in found:
            primitive["mode"] = found["mode"]
    return prune(Document(changed.root, pool.all(), changed.images))


def _identity(document: Document, primitive: Json) -> tuple[object, ...]:
    """Return what tells a primitive's geometry, in this process."""
    indices = [
        *vertex_accessors(primitive),
        *([primitive["indices"]] if "indices" in primitive else []),
    ]
    names = tuple(name for _, name in accessor_slots(primitive))
    of = tuple(id(document.accessors[index]) for index in indices)
    return primitive.get("mode"), names, of


def document_digest(document: Document, cache: StepCache) -> str:
    """Return the SHA-256 of all of a document; arrays and images are hashed once a build."""
    whole = hashlib.sha256(json.dumps(document.root).encode())
    for accessor in document.accessors:
        values = accessor.values
        how = [accessor.type, accessor.is_normalized, values.dtype.str, values.shape, accessor.rest]
        if accessor.packed is not None:
            raise ValueError("a digest is of values, before they are packed")
        whole.update(json.dumps([*how, cache.digest(values)]).encode())
    for raw in document.images:
        whole.update(f"image {cache.digest(raw)}".encode())
    return whole.hexdigest()


def _rounded(value: float) -> float:
    return float(np.format_float_positional(value, _STRETCH_DIGITS, fractional=False))
