"""A glTF document in the making, for readers of every other format."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from ..document import Accessor, Array, Document, Floats, Json
from ..mapped import Scratch
from .pictures import Picture
from .transforms import parts_of

_KINDS: Final = {1: "SCALAR", 2: "VEC2", 3: "VEC3", 4: "VEC4", 16: "MAT4"}
_TEXTURES: Final = {"image/webp": "EXT_texture_webp", "image/ktx2": "KHR_texture_basisu"}
_LIGHTS: Final = "KHR_lights_punctual"


@dataclass(frozen=True, slots=True, kw_only=True)
class Geometry:
    """One primitive: indexed vertices of one material.

    Attributes:
        attributes: glTF's names (`POSITION`, `TEXCOORD_0`, …) -> `(n, components)`. Floats are
            stored as float32, `uint8` and `uint16` as they are: normalised, but for joints.
        indices: `(3 t,)` or `(t, 3)` corners; `None` draws the vertices in their order.
        material: a number that `Assembly.material` gave.
        targets: one mapping for each morph target: name -> `(n, 3)` differences.
        mode: as glTF numbers it; 4 are triangles.
    """

    attributes: Mapping[str, Array]
    indices: Array | None = None
    material: int | None = None
    targets: Sequence[Mapping[str, Array]] = ()
    mode: int = 4


@dataclass(frozen=True, slots=True)
class Track:
    """What one property of one node does over time.

    Attributes:
        path: `translation`, `rotation`, `scale` or `weights`.
        times: `(k,)` seconds, rising.
        values: `(k, components)`; `(k, targets)` for weights; `(k, 3, components)` in-tangent,
            value, out-tangent for `CUBICSPLINE`.
    """

    node: int
    path: str
    times: Floats
    values: Floats
    interpolation: str = "LINEAR"


@dataclass(slots=True)
class Assembly:
    """Collect the parts of a scene; every method returns the number of what it added.

    Names stay as they are, in any script. Equal pictures, textures and samplers are kept once.
    """

    _root: Json = field(default_factory=dict)
    _accessors: list[Accessor] = field(default_factory=list)
    _scratch: Scratch = field(default_factory=Scratch)
    _pictures: list[bytes] = field(default_factory=list)
    _known: dict[object, int] = field(default_factory=dict)
    _tops: list[int] = field(default_factory=list)

    @property
    def nodes(self) -> list[Json]:
        """The nodes so far, to be completed in place (extras, extensions)."""
        found: list[Json] = self._root.setdefault("nodes", [])
        return found

    @property
    def materials(self) -> list[Json]:
        """The materials so far, to be completed in place."""
        found: list[Json] = self._root.setdefault("materials", [])
        return found

    @property
    def meshes(self) -> list[Json]:
        """The meshes so far, to be completed in place."""
        found: list[Json] = self._root.setdefault("meshes", [])
        return found

    def image(self, picture: Picture) -> int:
        """Add a picture (`readers.pictures` finds and converts it)."""
        key = ("image", picture.raw)
        if key not in self._known:
            item: Json = {"mimeType": picture.mime}
            self._known[key] = self._add("images", _named(item, picture.name))
            self._pictures.append(picture.raw)
        return self._known[key]

    def texture(self, picture: Picture, *, sampler: Mapping[str, int] | None = None) -> int:
        """Add a picture as a texture.

        Args:
            picture: PNG or JPEG; WebP and KTX2 through their extensions.
            sampler: `wrapS`, `wrapT`, `magFilter`, `minFilter`; repeated and smooth without it.
        """
        image = self.image(picture)
        item: Json = {"source": image}
        if picture.mime in _TEXTURES:
            item = {"extensions": {_TEXTURES[picture.mime]: {"source": image}}}
        if sampler:
            item["sampler"] = self._once("samplers", dict(sampler))
        return self._once("textures", item)

    def material(self, material: Json) -> int:
        """Add a material as glTF JSON; texture slots hold numbers that `texture` gave."""
        return self._add("materials", material)

    def mesh(
        self,
        primitives: Sequence[Geometry],
        *,
        name: str | None = None,
        weights: Sequence[float] | None = None,
        target_names: Sequence[str] = (),
        extras: Json | None = None,
    ) -> int:
        """Add a mesh.

        Args:
            primitives: at least one; all have the same morph targets.
            name: as the artist wrote it.
            weights: of the morph targets at rest.
            target_names: kept as `extras.targetNames` (glTF 2.0, section 3.7.2.2).
            extras: custom properties.
        """
        item: Json = {"primitives": [self._primitive(p) for p in primitives]}
        if weights is not None and len(weights):
            item["weights"] = [float(w) for w in weights]
        found = dict(extras or {}) | ({"targetNames": list(target_names)} if target_names else {})
        return self._add("meshes", _named(item, name, found))

    def node(
        self,
        name: str | None = None,
        *,
        parent: int | None = None,
        matrix: Floats | None = None,
        mesh: int | None = None,
        skin: int | None = None,
        camera: int | None = None,
        light: int | None = None,
        extras: Json | None = None,
    ) -> int:
        """Add a node below `parent`, or at the top.

        Args:
            name: as the artist wrote it.
            parent: a node.
            matrix: `(4, 4)` for column vectors, metres; written as translation, rotation and
                scale, so that it can be animated. A shear, which glTF does not have, stays in
                the file for `repair_nodes` to report.
            mesh: a number that `mesh` gave; likewise `skin`, `camera`, `light`.
            skin: used with a mesh that has joints.
            camera: looks along -Z.
            light: shines along -Z.
            extras: custom properties.
        """
        item: Json = {}
        if matrix is not None:
            item |= parts_of(matrix)
        links = {"mesh": mesh, "skin": skin, "camera": camera}
        item |= {key: number for key, number in links.items() if number is not None}
        if light is not None:
            item["extensions"] = {_LIGHTS: {"light": light}}
        index = self._add("nodes", _named(item, name, extras))
        siblings = self._tops if parent is None else self.nodes[parent].setdefault("children", [])
        siblings.append(index)
        return index

    def parents(self) -> dict[int, int]:
        """Return the node above each node that has one."""
        return {c: i for i, node in enumerate(self.nodes) for c in node.get("children", [])}

    def gather(self, tops: Sequence[int]) -> int:
        """Put nodes that stand at the top below a new one without a name; return it."""
        index = self._add("nodes", {"children": list(tops)})
        self._tops = [index if top == tops[0] else top for top in self._tops]
        self._tops = [top for top in self._tops if top not in tops]
        return index

    def skin(
        self,
        joints: Sequence[int],
        inverse_binds: Floats,
        *,
        name: str | None = None,
        skeleton: int | None = None,
    ) -> int:
        """Add a skin: nodes, and `(joints, 4, 4)` matrices for column vectors, mesh to joint."""
        columns = np.asarray(inverse_binds, np.float64).transpose(0, 2, 1).reshape(-1, 16)
        item: Json = {"joints": list(joints), "inverseBindMatrices": self._accessor(columns)}
        if skeleton is not None:
            item["skeleton"] = skeleton
        return self._add("skins", _named(item, name))

    def camera(self, camera: Json) -> int:
        """Add a camera as glTF JSON: `type` with `perspective` or `orthographic`."""
        return self._add("cameras", camera)

    def light(self, light: Json) -> int:
        """Add a light as KHR_lights_punctual has it: candela, or lux for `directional`."""
        extension = self._root.setdefault("extensions", {}).setdefault(_LIGHTS, {"lights": []})
        extension["lights"].append(light)
        return len(extension["lights"]) - 1

    def animation(
        self, tracks: Sequence[Track], *, name: str | None = None, extras: Json | None = None
    ) -> int:
        """Add a clip; tracks with equal times share them."""
        samplers: list[Json] = []
        channels: list[Json] = []
        for track in tracks:
            times = np.asarray(track.times, np.float32).reshape(-1, 1)
            values = np.asarray(track.values, np.float32)
            is_scalar = track.path == "weights"
            samplers.append(
                {
                    "input": self._shared(times),
                    "output": self._accessor(
                        values.reshape(-1, 1 if is_scalar else values.shape[-1])
                    ),
                    "interpolation": track.interpolation,
                }
            )
            target = {"node": track.node, "path": track.path}
            channels.append({"sampler": len(samplers) - 1, "target": target})
        item: Json = {"channels": channels, "samplers": samplers}
        return self._add("animations", _named(item, name, extras))

    def document(self, *, name: str | None = None, extras: Json | None = None) -> Document:
        """Return what was collected as one scene; empty lists are left out."""
        scene = _named({"nodes": self._tops} if self._tops else {}, name, extras)
        root = {key: value for key, value in self._root.items() if value}
        root = {"asset": {"version": "2.0"}, "scene": 0, "scenes": [scene], **root}
        return Document(root, tuple(self._accessors), tuple(self._pictures))

    def _primitive(self, geometry: Geometry) -> Json:
        item: Json = {"attributes": self._attributes(geometry.attributes)}
        if geometry.indices is not None:
            item["indices"] = self._accessor(_index_table(geometry.indices))
        if geometry.material is not None:
            item["material"] = geometry.material
        if geometry.mode != 4:
            item["mode"] = geometry.mode
        if geometry.targets:
            item["targets"] = [self._attributes(target) for target in geometry.targets]
        return item

    def _attributes(self, attributes: Mapping[str, Array]) -> dict[str, int]:
        return {
            name: self._accessor(values, is_whole=name.startswith("JOINTS_"))
            for name, values in attributes.items()
        }

    def _accessor(self, values: Array, *, is_whole: bool = False) -> int:
        table = np.ascontiguousarray(values)
        if table.dtype.kind != "u":
            with np.errstate(over="ignore"):  # too far for float32 is infinite: refused later
                table = table.astype(np.float32)
        is_normalized = table.dtype.kind == "u" and table.itemsize < 4 and table.shape[1] > 1
        table = self._scratch.kept(table)
        table.setflags(write=False)
        kind = _KINDS[table.shape[1]]
        self._accessors.append(Accessor(table, kind, is_normalized and not is_whole))
        return len(self._accessors) - 1

    def _shared(self, values: Array) -> int:
        key = ("times", values.tobytes())
        if key not in self._known:
            self._known[key] = self._accessor(values)
        return self._known[key]

    def _once(self, collection: str, item: Json) -> int:
        key = (collection, repr(sorted(item.items())))
        if key not in self._known:
            self._known[key] = self._add(collection, item)
        return self._known[key]

    def _add(self, collection: str, item: Json) -> int:
        listed: list[Json] = self._root.setdefault(collection, [])
        listed.append(item)
        return len(listed) - 1


def _named(item: Json, name: str | None, extras: Json | None = None) -> Json:
    more: Json = {} if name is None else {"name": name}
    return more | item | ({"extras": extras} if extras else {})


def _index_table(indices: Array) -> Array:
    """Return indices in the smallest type that glTF has for them (65535 restarts a primitive)."""
    flat = indices.reshape(-1, 1)
    if flat.max(initial=0) < 65535:
        return flat.astype(np.uint16)
    # None is negative, so that those of 32 bits need no copy.
    return flat.view(np.uint32) if flat.dtype == np.int32 else flat.astype(np.uint32)
