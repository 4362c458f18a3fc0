"""The node tree of an FBX scene."""

import math
from typing import Any, Final

import ufbx

from ...document import Json
from ...warnings import HIDDEN
from .attributes import camera_json, light_extras, light_json
from .properties import extras_of, user_properties
from .reading import Reading

_PARTS: Final = {
    "translation": (0.0, 0.0, 0.0),
    "rotation": (0.0, 0.0, 0.0, 1.0),
    "scale": (1.0, 1.0, 1.0),
}
_DROPPED: Final = {
    ufbx.ElementType.NURBS_SURFACE: "a NURBS surface",
    ufbx.ElementType.NURBS_TRIM_SURFACE: "a trimmed NURBS surface",
    ufbx.ElementType.PROCEDURAL_GEOMETRY: "geometry made by a rule",
    ufbx.ElementType.STEREO_CAMERA: "a stereo camera",
    ufbx.ElementType.CAMERA_SWITCHER: "a camera switcher",
}
"""What a node may carry and glTF does not.

NURBS: the wheel of ufbx 0.0.5 evaluates a surface at one point (`evaluate_nurbs_surface`); it has
nothing that makes a mesh of one (`ufbx_tessellate_nurbs_surface` of the C library), nor that cuts
one along its trims. The program that it comes from does both, as finely as its artist wants.
"""
_LINES: Final = {ufbx.ElementType.NURBS_CURVE, ufbx.ElementType.LINE_CURVE}
"""A rig has hundreds of them, for its animators."""
_BARE: Final = {ufbx.ElementType.EMPTY, ufbx.ElementType.BONE, ufbx.ElementType.LOD_GROUP}
"""What glTF has only nodes for."""
_SURFACES: Final = "convert it to polygons before you export"


def read_nodes(reading: Reading) -> None:
    """Add all nodes with their names, transforms, extras, cameras and lights.

    Nodes that ufbx puts in between (a geometric transform that several instances of a mesh have
    different ones of; a scale that children do not inherit) have no name.
    """
    for node in reading.scene.nodes:
        if not node.is_root:
            _add(reading, node)
    lines = [n for n in reading.scene.nodes if ufbx.ElementType(n.attrib_type) in _LINES]
    if lines:
        message = f"{len(lines)} curves and lines, of which this is the first, are left out"
        reading.warn("curves_dropped", reading.paths[int(lines[0].typed_id)], message)
    for kind, listed in (("camera", reading.scene.cameras), ("light", reading.scene.lights)):
        _say_unshown(reading, kind, listed)


def _say_unshown(reading: Reading, kind: str, elements: Any) -> None:
    """Name cameras or lights that no node shows: of several that hang on one it shows one."""
    held = [getattr(node, kind) for node in reading.scene.nodes]
    shown = {int(element.element_id) for element in held if element is not None}
    for element in elements:
        if int(element.element_id) not in shown:
            message = f"no node shows this {kind}; it is left out"
            reading.warn(f"{kind}_lost", reading.place(element), message)


def is_helper(node: Any) -> bool:
    """Tell whether a node is not the file's own."""
    return bool(node.is_geometry_transform_helper or node.is_scale_helper)


def _add(reading: Reading, node: Any) -> None:
    number, parent = int(node.typed_id), node.parent
    name = None if is_helper(node) else str(node.name)
    above = None if parent is None or parent.is_root else int(parent.typed_id)
    step = (name or "").replace("/", "~1")
    path = step if above is None else f"{reading.paths[above]}/{step}"
    reading.paths[number] = path
    extras = {} if name is None else extras_of(reading, node, path)
    camera = None if node.camera is None else _camera(reading, node)
    light = None if node.light is None else _light(reading, node, extras)
    index = reading.assembly.node(
        name,
        parent=None if above is None else reading.numbers[above],
        camera=camera,
        light=light,
        extras=extras or None,
    )
    reading.numbers[number] = index
    reading.assembly.nodes[index].update(_parts(reading, node.local_transform, path))
    _hide_levels(reading, node, path, is_unseen=above in reading.unseen)
    _say_losses(reading, node, path)


def _parts(reading: Reading, transform: Any, path: str) -> Json:
    """Return translation, rotation and scale, those that say something."""
    found = {key: [float(v) + 0.0 for v in getattr(transform, key)] for key in _PARTS}
    if not all(math.isfinite(v) for values in found.values() for v in values):
        message = "its transform holds NaN or infinity; it stands where its parent is"
        reading.warn("node_not_finite", path, message)
        return {}
    return {key: value for key, value in found.items() if tuple(value) != _PARTS[key]}


def _camera(reading: Reading, node: Any) -> int:
    path = reading.paths[int(node.typed_id)]
    extras = extras_of(reading, node.camera, path)
    item = camera_json(reading, node.camera)
    return reading.assembly.camera(item | ({"extras": extras} if extras else {}))


def _light(reading: Reading, node: Any, extras: Json) -> int | None:
    light, path = node.light, reading.paths[int(node.typed_id)]
    own = extras_of(reading, light, path)
    item = light_json(reading, light)
    if item is not None:
        return reading.assembly.light(item | ({"extras": own} if own else {}))
    kept = own | light_extras(light)
    extras["fbx_light"] = kept
    message = (
        f"glTF has no {kept['type']} light; it is kept as data in the extra 'fbx_light' and "
        "gives no light: use point or spot lights, or bake it"
    )
    reading.warn("light_kept_as_data", path, message)
    return None


def _hide_levels(reading: Reading, node: Any, path: str, *, is_unseen: bool) -> None:
    """Of a group of levels of detail only the finest is kept: the pipeline makes its own."""
    if is_unseen:
        reading.unseen.add(int(node.typed_id))
    attribute = node.attrib
    if attribute is None or ufbx.ElementType(node.attrib_type) is not ufbx.ElementType.LOD_GROUP:
        return
    lower = list(node.children)[1:]
    reading.unseen |= {int(child.typed_id) for child in lower}
    if lower:
        message = (
            f"its levels of detail below the first are left out ({len(lower)}); the pipeline "
            "makes its own"
        )
        reading.warn("lod_dropped", path, message)


def _say_losses(reading: Reading, node: Any, path: str) -> None:
    kind = ufbx.ElementType(node.attrib_type)
    if kind in _DROPPED:
        message = f"it is {_DROPPED[kind]}, which is left out; {_SURFACES}"
        reading.warn("geometry_dropped", path, message)
    attribute = node.attrib
    if kind in _BARE and attribute is not None and user_properties(attribute):
        message = "custom properties of its data are left out; put them on the object itself"
        reading.warn("property_dropped", path, message)
    if not node.visible and not is_helper(node) and node.mesh is not None:
        reading.warn("node_hidden", path, HIDDEN)
