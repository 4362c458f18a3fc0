"""COLLADA's nodes, with what they show: transforms, cameras, lights, geometries, controllers."""

import math
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from ..document import Array, Floats, Json
from ..refusal import refused
from .assembly import Assembly, Geometry
from .dae_controllers import Morph, Skin, find_base, influences, morph_of, skin_of
from .dae_geometry import Surface, surfaces
from .dae_library import Library
from .dae_materials import Materials

TRANSFORMS: Final = ("matrix", "translate", "rotate", "scale", "skew", "lookat")
_WATTS_TO_LUMENS: Final = 683.0
"""What Blender's glTF exporter takes; its DAE exporter writes watts (at 555 nm, SI brochure)."""
_NEAR_M: Final = 3.0
"""Where a light that does not fade is made as bright as it was: across a room."""
_BLENDER_OWN: Final = frozenset(
    {"connect", "layer", "roll", "tip_x", "tip_y", "tip_z", "connected"}
)
"""What Blender's exporter says of every bone: no custom properties."""


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
            made = None if camera is None else self._camera(camera)
            if made is not None:
                self._on(placed, "camera", self.assembly.camera(made))
        elif instance.tag == "instance_light":
            light = self.library.find(url, "light")
            made = None if light is None else self._light(light)
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

    def _camera(self, camera: ET.Element) -> Json | None:
        name = camera.get("name") or camera.get("id", "")
        common = camera.find("optics/technique_common")
        shape = None if common is None else next(iter(common), None)
        if shape is None or shape.tag not in {"perspective", "orthographic"}:
            self.library.warn("camera_lost", f"camera {name!r}", "it says no way to project")
            return None

        def value(tag: str) -> float | None:
            found = float(self.library.vector(shape.find(tag), 1, (math.nan,))[0])
            return found if math.isfinite(found) and found > 0 else None

        near, far = value("znear") or 0.1 / self.unit_m, value("zfar")
        made: Json = {"znear": near * self.unit_m}
        if far is not None and far > near:
            made["zfar"] = far * self.unit_m
        aspect = value("aspect_ratio")
        wide, high = (
            value("xfov" if shape.tag == "perspective" else "xmag"),
            value("yfov" if shape.tag == "perspective" else "ymag"),
        )
        if shape.tag == "perspective":
            across = None if wide is None else math.tan(math.radians(min(wide, 179.0)) / 2)
            up = None if high is None else math.tan(math.radians(min(high, 179.0)) / 2)
            if up is None:
                up = (across or math.tan(math.radians(25))) / (aspect or 1.0)
            made["yfov"] = 2 * math.atan(up)
            if aspect or across:
                made["aspectRatio"] = aspect or (across or up) / up
        else:
            high = high or (wide or 1.0) / (aspect or 1.0)
            made["ymag"] = high * self.unit_m
            made["xmag"] = (wide or high * (aspect or 1.0)) * self.unit_m
            made.setdefault("zfar", made["znear"] + 1000.0)
        return {"name": name, "type": shape.tag, shape.tag: made}

    def _light(self, light: ET.Element) -> Json | None:
        name = light.get("name") or light.get("id") or ""
        common = light.find("technique_common")
        shape = None if common is None else next(iter(common), None)
        if shape is None or shape.tag not in {"point", "spot", "directional"}:
            what = "ambient light" if shape is not None and shape.tag == "ambient" else "light"
            message = f"glTF has no such {what}; it is left out"
            self.library.warn("light_lost", f"light {name!r}", message)
            return None
        colour = np.maximum(self.library.vector(shape.find("color"), 3, (1.0, 1.0, 1.0)), 0)
        power = float(colour.max())
        made: Json = {
            "name": name,
            "type": shape.tag,
            "color": [float(v) for v in (colour / power if power > 0 else np.ones(3))],
            "intensity": power * self._brightness(shape, name),
        }
        if shape.tag == "spot":
            whole = float(self.library.vector(shape.find("falloff_angle"), 1, (180.0,))[0])
            outer = math.radians(min(max(whole, 0.01), 180.0)) / 2
            blend = float(self.library.vector(shape.find("falloff_exponent"), 1, (0.0,))[0])
            soft = min(max(blend, 0.0), 1.0) if self.library.is_blender else float(blend > 0) / 2
            inner = min(outer * (1 - soft), outer - 1e-4)
            made["spot"] = {"innerConeAngle": max(0.0, inner), "outerConeAngle": outer}
        return made

    def _brightness(self, shape: ET.Element, name: str) -> float:
        """Return candela, or lux, of a light of colour 1.

        In the old model such a light shows a white wall white; a white Lambert wall does so under
        pi lux. Blender writes watts.
        """
        if shape.tag == "directional":
            return _WATTS_TO_LUMENS if self.library.is_blender else math.pi
        if self.library.is_blender:
            return _WATTS_TO_LUMENS / (4 * math.pi)
        fading = float(self.library.vector(shape.find("quadratic_attenuation"), 1, (0.0,))[0])
        if fading > 0:
            return math.pi / fading * self.unit_m**2
        message = f"it does not fade as light does; it is as bright as it was {_NEAR_M:g} m away"
        self.library.warn("light_guessed", f"light {name!r}", message)
        return math.pi * _NEAR_M**2


def transform_matrix(library: Library, item: ET.Element) -> Floats:
    """Return the `(4, 4)` of one transform element.

    Raises:
        SceneRefused: `scene_malformed`: too few numbers, or some that are none.
    """
    counts = {"matrix": 16, "translate": 3, "rotate": 4, "scale": 3, "skew": 7, "lookat": 9}
    values = library.numbers(item.text, f"<{item.tag}>")
    if len(values) < counts[item.tag] or not np.isfinite(values).all():
        came = f"{len(values)}" if np.isfinite(values).all() else "NaN or infinity"
        raise library.refused(f"<{item.tag}>", f"{counts[item.tag]} numbers", came)
    return matrix_of(item.tag, values)


def matrix_of(tag: str, values: Floats) -> Floats:
    """Return the `(4, 4)` of a transform by its numbers (5.2, `<lookat>` to `<translate>`)."""
    found = np.eye(4)
    if tag == "matrix":
        found = values[:16].reshape(4, 4)
    elif tag == "translate":
        found[:3, 3] = values[:3]
    elif tag == "scale":
        found[:3, :3] = np.diag(values[:3])
    elif tag == "rotate":
        found[:3, :3] = _turn(values[:3], math.radians(values[3]))
    elif tag == "skew":
        angle, axis, along = math.radians(values[0]), values[1:4], values[4:7]
        norm, length = np.linalg.norm(axis), np.linalg.norm(along)
        if norm > 0 and length > 0 and abs(math.cos(angle)) > 1e-6:
            found[:3, :3] += math.tan(angle) * np.outer(along / length, axis / norm)
    elif tag == "lookat":
        eye, target, up = values[:3], values[3:6], values[6:9]
        back = _unit(eye - target, (0.0, 0.0, 1.0))
        right = _unit(np.cross(up, back), (1.0, 0.0, 0.0))
        found[:3, :4] = np.stack([right, np.cross(back, right), back, eye], axis=1)
    return found


def _turn(axis: Floats, angle: float) -> Floats:
    """Return Rodrigues' rotation."""
    x, y, z = _unit(axis, (0.0, 0.0, 1.0))
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    found: Floats = np.eye(3) + math.sin(angle) * cross + (1 - math.cos(angle)) * cross @ cross
    return found


def _unit(vector: Floats, plain: tuple[float, float, float]) -> Floats:
    length = float(np.linalg.norm(vector))
    return vector / length if length > 1e-12 else np.array(plain)


def custom(element: ET.Element) -> Json:
    """Return the custom properties of a node: of Blender, and 3ds Max's and Maya's user text."""
    found: Json = {}
    for extra in element.findall("extra"):
        for technique in extra.findall("technique"):
            for item in technique:
                text = (item.text or "").strip()
                if item.tag == "user_properties" and text:
                    found["user_properties"] = text
                elif (
                    technique.get("profile") == "blender"
                    and item.tag not in _BLENDER_OWN
                    and not len(item)
                    and text
                ):
                    found[item.get("name") or item.tag] = _typed(text, item.get("type", ""))
    return found


def _typed(text: str, kind: str) -> object:
    try:
        if kind == "int":
            return int(text)
        if kind == "float":
            value = float(text)
            return value if math.isfinite(value) else text
    except ValueError:
        return text
    return text == "true" if kind == "bool" and text in {"true", "false"} else text


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
