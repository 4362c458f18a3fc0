"""COLLADA's nodes, with what they show: transforms, cameras, lights, geometries, controllers."""

import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from ..document import Array, Floats
from ..refusal import refused
from .assembly import Assembly, Geometry
from .dae_attributes import camera_json, custom, light_json
from .dae_controllers import Morph, Skin, find_base, influences, morph_of, skin_of
from .dae_geometry import Surface, surfaces
from .dae_library import Library
from .dae_materials import Materials
from .dae_transforms import TRANSFORMS, transform_matrix

_Pending = tuple[ET.Element, int | None, tuple[int, ...], tuple[str, ...]]


@dataclass(slots=True)
class Placed:
    """A COLLADA node as it stands in the document.

    Attributes:
        index: in the document.
        path: `(index, …)` of all nodes above it.
    """

    element: ET.Element
    index: int
    path: tuple[int, ...]


@dataclass(slots=True)
class SceneMaker:
    """Adds the nodes of one visual scene to a document.

    Attributes:
        placed: all nodes, in order.
        morphed: controller id -> nodes that show it, and how many targets it has.
    """

    library: Library
    assembly: Assembly
    materials: Materials
    unit_m: float
    placed: list[Placed] = field(default_factory=list)
    morphed: dict[str, tuple[list[int], int]] = field(default_factory=dict)
    _surfaces: dict[str, list[Surface]] = field(default_factory=dict)
    _meshes: dict[object, int | None] = field(default_factory=dict)
    _shown: list[tuple[Placed, ET.Element]] = field(default_factory=list)

    def add(self, scene: ET.Element, top: int | None) -> None:
        """Add a visual scene below `top`.

        Raises:
            SceneRefused: `scene_cyclic`, or a geometry that is broken.
        """
        above = () if top is None else (top,)
        tops = reversed(scene.findall("node"))
        stack: list[_Pending] = [(node, top, above, ()) for node in tops]
        while stack:
            element, parent, path, inside = stack.pop()
            placed = self._node(element, parent, path)
            below = (*path, placed.index)
            for child in reversed(element):
                target = child if child.tag == "node" else None
                chain: tuple[str, ...] = inside
                if child.tag == "instance_node":
                    target = self._instanced(child, inside, placed)
                    chain = (*inside, child.get("url", ""))
                if target is not None:
                    stack.append((target, placed.index, below, chain))
        for placed, instance in self._shown:
            self._show(placed, instance)

    def local_matrix(self, element: ET.Element) -> Floats:
        """Return the product of a node's transforms, in the order they are written (5.2)."""
        found = np.eye(4)
        for item in element:
            if item.tag in TRANSFORMS:
                found = found @ transform_matrix(self.library, item)
        return found

    def rest_weights(self, mesh: int | None, count: int) -> Floats:
        """Return the weights of a mesh's morph targets at rest."""
        found = {} if mesh is None else self.assembly.meshes[mesh]
        return np.array(found.get("weights", [0.0] * count), np.float64)

    def _instanced(
        self, child: ET.Element, inside: Sequence[str], placed: Placed
    ) -> ET.Element | None:
        url = child.get("url", "")
        if url in inside:
            raise refused(
                "scene_cyclic",
                file=self.library.file,
                place=f"node {placed.element.get('id', '')!r}",
                expected="nodes that form trees",
                came=f"instance_node {url!r} inside itself",
                remedy="export the scene again",
            )
        target = self.library.find(url, "node")
        if target is None:
            self.library.warn("node_missing", f"instance_node {url[:80]!r}", "no such node")
        return target

    def _node(self, element: ET.Element, parent: int | None, path: tuple[int, ...]) -> Placed:
        name = element.get("name") or element.get("id") or element.get("sid")
        is_moved = any(item.tag in TRANSFORMS for item in element)
        matrix = self.local_matrix(element) if is_moved else None
        index = self.assembly.node(name, parent=parent, matrix=matrix, extras=custom(element))
        placed = Placed(element, index, path)
        self.placed.append(placed)
        self._shown += [(placed, c) for c in element if c.tag.startswith("instance_")]
        return placed

    def _show(self, placed: Placed, instance: ET.Element) -> None:
        """Put what a node shows on it; a second mesh goes on a node below."""
        url = instance.get("url")
        if instance.tag == "instance_camera":
            camera = self.library.find(url, "camera")
            made = None if camera is None else camera_json(self.library, camera, self.unit_m)
            if made is not None:
                self._on(placed, "camera", self.assembly.camera(made))
        elif instance.tag == "instance_light":
            light = self.library.find(url, "light")
            made = None if light is None else light_json(self.library, light, self.unit_m)
            if made is not None:
                extension = {"KHR_lights_punctual": {"light": self.assembly.light(made)}}
                node = self.assembly.nodes[placed.index]
                if "extensions" in node:
                    index = self.assembly.node(made.get("name"), parent=placed.index)
                    node = self.assembly.nodes[index]
                node["extensions"] = extension
        elif instance.tag == "instance_geometry":
            geometry = self.library.find(url, "geometry")
            if geometry is None:
                self._missing(placed, instance)
                return
            mesh = self._mesh(geometry, instance, None, None)
            if mesh is not None:
                self._on(placed, "mesh", mesh)
        elif instance.tag == "instance_controller":
            self._controller(placed, instance)

    def _missing(self, placed: Placed, instance: ET.Element) -> None:
        name = placed.element.get("name") or placed.element.get("id", "")
        message = f"{instance.tag} {instance.get('url', '')[:80]!r} points to nothing in the file"
        self.library.warn("geometry_missing", f"node {name!r}", message)

    def _on(self, placed: Placed, key: str, number: int) -> int:
        node = self.assembly.nodes[placed.index]
        if key not in node:
            node[key] = number
            return placed.index
        index = self.assembly.node(None, parent=placed.index)
        self.assembly.nodes[index][key] = number
        return index

    def _controller(self, placed: Placed, instance: ET.Element) -> None:
        controller = self.library.find(instance.get("url"), "controller")
        geometry = None if controller is None else find_base(self.library, controller)
        if controller is None or geometry is None:
            self._missing(placed, instance)
            return
        skin, morph = skin_of(self.library, controller), morph_of(self.library, controller)
        if skin is not None and self.library.is_blender:
            skin = self._bound_in_the_scene(skin, placed)
        mesh = self._mesh(geometry, instance, skin, morph)
        if mesh is None:
            return
        index = self._on(placed, "mesh", mesh)
        if morph is not None:
            self.morphed.setdefault(morph.identifier, ([], len(morph.weights)))[0].append(index)
        if skin is not None:
            joints = self._joints(skin, instance)
            if joints is None:
                name = controller.get("name") or controller.get("id", "")
                message = "some of its joints are in no node; it is shown without its skeleton"
                self.library.warn("skin_lost", f"controller {name!r}", message)
                return
            number = self.assembly.skin(joints, skin.inverse_binds, name=controller.get("name"))
            self.assembly.nodes[index]["skin"] = number

    def _bound_in_the_scene(self, skin: Skin, placed: Placed) -> Skin:
        """Correct Blender's bind shape.

        It writes the object's own matrix beside bind matrices of the scene: under an armature
        that stands elsewhere, the body would stand at the origin.
        """
        above = [p for p in self.placed if p.index in placed.path]
        world = np.eye(4)
        for parent in above:  # in the order they were added: from the top down
            world = world @ self.local_matrix(parent.element)
        is_own = np.allclose(skin.bind_shape, self.local_matrix(placed.element), atol=1e-4)
        return replace(skin, bind_shape=world @ skin.bind_shape) if is_own else skin

    def _joints(self, skin: Skin, instance: ET.Element) -> list[int] | None:
        """Find the nodes of a skin's joints: below its skeletons first, then anywhere (5.2.6)."""
        urls = [(s.text or "").strip() for s in instance.findall("skeleton")]
        tops = {id(e) for url in urls if (e := self.library.find(url, "node")) is not None}
        roots = {p.index for p in self.placed if id(p.element) in tops}
        near = [p for p in self.placed if roots & {*p.path, p.index}]
        found: dict[str, int] = {}
        for nodes in (near, self.placed):
            for attribute in ("sid", "id", "name"):
                for placed in nodes:
                    name = placed.element.get(attribute)
                    if name is not None:
                        found.setdefault(name, placed.index)
        joints = [found.get(name) for name in skin.joints]
        known = [joint for joint in joints if joint is not None]
        return known if known and len(known) == len(joints) else None

    def _mesh(
        self,
        geometry: ET.Element,
        instance: ET.Element,
        skin: Skin | None,
        morph: Morph | None,
    ) -> int | None:
        """Make a mesh once for each geometry, controller and way its materials are bound."""
        bound = {
            item.get("symbol", ""): item
            for item in instance.findall("bind_material/technique_common/instance_material")
        }
        target = None if skin is None else skin.identifier
        shape = None if morph is None else morph.identifier
        identifier = geometry.get("id", str(id(geometry)))
        if identifier not in self._surfaces:
            self._surfaces[identifier] = surfaces(self.library, geometry)
        shown = self._surfaces[identifier]
        materials = [self._material(surface, bound) for surface in shown]
        key = (identifier, target, shape, tuple(materials))
        if key not in self._meshes:
            parts = [
                _geometry(surface, number, skin, morph)
                for surface, number in zip(shown, materials, strict=True)
            ]
            self._meshes[key] = (
                self.assembly.mesh(
                    parts,
                    name=geometry.get("name") or geometry.get("id"),
                    weights=None if morph is None else morph.weights,
                    target_names=() if morph is None else morph.names,
                )
                if parts
                else None
            )
        return self._meshes[key]

    def _material(self, surface: Surface, bound: dict[str, ET.Element]) -> int | None:
        item = bound.get(surface.symbol)
        if item is None and len(bound) == 1 and not surface.symbol:
            item = next(iter(bound.values()))
        element = None if item is None else self.library.find(item.get("target"), "material")
        if element is None and surface.symbol:
            element = self.library.find(f"#{surface.symbol}", "material")
        if element is None:
            if not surface.symbol:
                return None
            message = f"the material {surface.symbol!r} is bound to nothing; it is plain"
            self.library.warn("material_missing", f"material {surface.symbol!r}", message)
            return self.materials.plain(surface.symbol)
        sets = {}
        for bind in [] if item is None else item.findall("bind_vertex_input"):
            if bind.get("input_semantic") == "TEXCOORD":
                number = bind.get("input_set", "0")
                sets[bind.get("semantic", "")] = int(number) if number.isdecimal() else 0

        def uv_of(name: str) -> int:
            number = sets.get(name, -1)
            return surface.uv_sets.index(number) if number in surface.uv_sets else 0

        return self.materials.make(element, uv_of)


def _geometry(
    surface: Surface, material: int | None, skin: Skin | None, morph: Morph | None
) -> Geometry:
    attributes: dict[str, Array] = dict(surface.attributes)
    targets: list[dict[str, Array]] = []
    if morph is not None:
        targets = [{"POSITION": moved[surface.points]} for moved in morph.deltas]
    if skin is not None:
        shape = skin.bind_shape
        attributes["POSITION"] = attributes["POSITION"] @ shape[:3, :3].T + shape[:3, 3]
        if "NORMAL" in attributes:
            attributes["NORMAL"] = attributes["NORMAL"] @ np.linalg.pinv(shape[:3, :3])
        for target in targets:
            target["POSITION"] = target["POSITION"] @ shape[:3, :3].T
        attributes |= influences(skin, surface.points)
    return Geometry(
        attributes=attributes, indices=surface.indices, material=material, targets=targets
    )
