"""Put an FBX scene's meshes on its nodes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import ufbx

from ...columns import placed_box
from ...document import Floats
from . import native
from .deformers import Morphs, Skin, matrix_of, read_morphs, read_skin, say_loose
from .materials import read_material
from .meshes import Shape, read_shape
from .properties import extras_of
from .reading import Reading
from .textures import Textures

_APART_M: Final = 1e-3
"""What a posed skin may be away from its unposed mesh without a word."""


@dataclass(slots=True)
class Placement:
    """Put meshes, with their materials, skins and morph targets, on the nodes that have them."""

    reading: Reading
    morphed: list[tuple[int, Morphs]] = field(default_factory=list)
    _low: Floats = field(default_factory=lambda: np.full(3, np.inf))
    _high: Floats = field(default_factory=lambda: np.full(3, -np.inf))
    _materials: dict[int, int] = field(default_factory=dict)
    _skins: list[tuple[list[int], str]] = field(default_factory=list)
    _known_skins: dict[object, int] = field(default_factory=dict)
    _made: dict[object, int] = field(default_factory=dict)

    @property
    def box(self) -> Floats | None:
        """Return `(2, 3)` of all geometry where its nodes are, unposed, as FBX shows it."""
        if not np.isfinite(self._low).all():
            return None
        return np.array([self._low, self._high])

    def place(self) -> None:
        """Go through the meshes, each with all its nodes: its arrays live no longer than that."""
        scene = self.reading.scene
        names: dict[str, int] = {}
        for mesh in scene.meshes:
            for number, uv_set in enumerate(mesh.uv_sets):
                names.setdefault(str(uv_set.name), number)
        textures = Textures(self.reading, names)
        for material in scene.materials:
            number = read_material(self.reading, textures, material)
            self._materials[int(material.element_id)] = number
        for mesh in scene.meshes:
            self._mesh(mesh)
        say_loose(self.reading)
        self._join_trees()

    def _mesh(self, mesh: Any) -> None:
        nodes = [n for n in mesh.instances if self._is_own(mesh, n)]
        points = native.reals(mesh.vertices)
        for node in nodes:
            self._grow(node, points)
        shown = [n for n in nodes if int(n.typed_id) not in self.reading.unseen]
        if not shown:
            if not len(mesh.instances):
                message = "no node shows this mesh; it is left out"
                self.reading.warn("mesh_unused", str(mesh.name), message)
            return
        shape = read_shape(self.reading, mesh)
        if shape is None:
            message = "it has no surface (no face of three corners); its node stays without it"
            self.reading.warn("mesh_empty", self.reading.place(mesh), message)
            return
        _say_mesh(self.reading, mesh)
        morphs = read_morphs(self.reading, mesh, shape.point_count)
        for node in shown:
            self._instance(mesh, node, shape, morphs, points)

    def _is_own(self, mesh: Any, node: Any) -> bool:
        """Tell whether a node shows a mesh: of several that hang on it, it shows one."""
        if int(node.typed_id) not in self.reading.numbers:
            return False
        if int(node.mesh.element_id) == int(mesh.element_id):
            return True
        message = f"the mesh {mesh.name!r} is left out here: of several a node shows one"
        self.reading.warn("mesh_unused", self.reading.paths[int(node.typed_id)], message)
        return False

    def _instance(
        self, mesh: Any, node: Any, shape: Shape, morphs: Morphs | None, points: Floats
    ) -> None:
        index = self.reading.numbers[int(node.typed_id)]
        listed = list(node.materials) or list(mesh.materials)
        materials = tuple(
            None if m is None else self._materials.get(int(m.element_id)) for m in listed
        )
        skin = read_skin(self.reading, mesh, node, shape.point_count)
        key = (int(mesh.element_id), materials)
        if key not in self._made:
            self._made[key] = self.reading.assembly.mesh(
                shape.geometries(
                    materials,
                    {} if skin is None else skin.attributes,
                    [] if morphs is None else morphs.targets,
                ),
                name=str(mesh.name) or None,
                weights=None if morphs is None else morphs.weights,
                target_names=() if morphs is None else morphs.names,
                extras=extras_of(self.reading, mesh, self.reading.place(mesh)),
            )
        item = self.reading.assembly.nodes[index]
        item["mesh"] = self._made[key]
        if skin is not None:
            item["skin"] = self._skin(skin, node, points)
        if morphs is not None:
            self.morphed.append((index, morphs))

    def _skin(self, skin: Skin, node: Any, points: Floats) -> int:
        numbers = self.reading.numbers
        joints = [numbers[joint] for joint in skin.joints]
        if len(skin.binds) > len(joints):
            joints.append(self._still(joints, node))
        first = self.reading.scene.nodes[skin.joints[0]]
        shown = matrix_of(first.node_to_world) @ skin.binds[0]
        apart = _box(points, shown) - _box(points, matrix_of(node.geometry_to_world))
        if np.abs(apart).max(initial=0) > _APART_M:
            message = (
                f"its joints do not stand as they were bound: posed, it is up to "
                f"{np.abs(apart).max():.3g} m away from where its own node is"
            )
            self.reading.warn("skin_pose", self.reading.paths[int(node.typed_id)], message)
        key = (skin.name, tuple(joints), skin.binds.tobytes())
        if key not in self._known_skins:  # instances of a mesh share their skin
            self._skins.append((joints, self.reading.paths[int(node.typed_id)]))
            number = self.reading.assembly.skin(joints, skin.binds, name=skin.name or None)
            self._known_skins[key] = number
        return self._known_skins[key]

    def _still(self, joints: list[int], node: Any) -> int:
        """Return the joint of points that follow none: FBX leaves them on the mesh's own node.

        A skin's joints are in one tree (glTF 2.0, section 3.7.3.3). A mesh in another, where
        Blender puts it, gets a node without a name below what all its joints are below.
        """
        assembly, own = self.reading.assembly, self.reading.numbers[int(node.typed_id)]
        parents = assembly.parents()
        lines = [_line(parents, joint) for joint in joints]
        if _line(parents, own)[0] in {line[0] for line in lines}:
            return own
        shared = [step[0] for step in zip(*lines, strict=False) if len(set(step)) == 1]
        if not shared:
            return own
        by_index = {index: number for number, index in self.reading.numbers.items()}
        parent = self.reading.scene.nodes[by_index[shared[-1]]]
        place = np.linalg.pinv(matrix_of(parent.node_to_world)) @ matrix_of(node.node_to_world)
        return assembly.node(parent=shared[-1], matrix=place)

    def _join_trees(self) -> None:
        """Give the joints of each skin one tree: a node without a name above their trees."""
        assembly = self.reading.assembly
        parents = assembly.parents()
        for joints, path in self._skins:
            tops = list(dict.fromkeys(_line(parents, joint)[0] for joint in joints))
            if len(tops) > 1:
                parents |= dict.fromkeys(tops, assembly.gather(tops))
                message = (
                    f"its joints are in {len(tops)} trees; a node without a name now holds these, "
                    "since glTF wants one: put them under one in the modelling program"
                )
                self.reading.warn("skin_trees", path, message)

    def _grow(self, node: Any, points: Floats) -> None:
        if len(points):
            low, high = _box(points, matrix_of(node.geometry_to_world))
            self._low, self._high = np.minimum(self._low, low), np.maximum(self._high, high)


def _line(parents: Mapping[int, int], index: int) -> list[int]:
    """Return the nodes from the top down to a node."""
    found = [index]
    while found[-1] in parents:
        found.append(parents[found[-1]])
    return found[::-1]


def _box(points: Floats, matrix: Floats) -> Floats:
    return placed_box(points, matrix) if len(points) else np.zeros((2, 3))


def _say_mesh(reading: Reading, mesh: Any) -> None:
    path = reading.place(mesh)
    is_smooth = ufbx.SubdivisionDisplayMode(mesh.subdivision_display_mode)
    if is_smooth is not ufbx.SubdivisionDisplayMode.DISABLED:
        message = "it is a subdivision surface; its base mesh is kept: apply it before you export"
        reading.warn("mesh_subdivision", path, message)
    if len(mesh.cache_deformers):
        message = "it moves by a point cache beside the file, which glTF has not; its rest is kept"
        reading.warn("mesh_cache", path, message)
