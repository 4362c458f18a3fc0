"""Read an FBX file with ufbx; runs in the worker process only (`readers.isolated`)."""

import hashlib
import math
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from threading import Thread
from typing import Any, Final

import ufbx

from branchxr.errors import SceneRefused

from ...mapped import IN_MEMORY_BYTES, mapped, sha256_of
from ...refusal import refused
from ...warnings import distinct
from ..assembly import Assembly
from ..pictures import Pictures
from ..resources import Resources
from ..source import Counts, Source
from . import native
from .animations import read_animations, say_rigs
from .nodes import is_helper, read_nodes
from .placement import Placement
from .properties import user_properties
from .reading import Reading

_HEAD_BYTES: Final = 8192
_AXES: Final = ufbx.axes_right_handed_y_up
_BLENDER: Final = {ufbx.Exporter.BLENDER_BINARY, ufbx.Exporter.BLENDER_ASCII}


def read_scene(path: Path) -> Source:
    """Read an FBX file, 6.1 to 7.7, ASCII or binary.

    Raises:
        SceneRefused: `scene_fbx`, with ufbx's own words; `scene_truncated`.
    """
    hashed = _hashed_meanwhile(path)
    scene, is_scaled = _load(path)
    resources = Resources(path, b"")
    pictures = Pictures(resources, path.parent)
    unit_m = float(scene.settings.original_unit_meters)
    if not math.isfinite(unit_m):
        raise _broken(path, "scene_fbx", f"a unit of {unit_m} cm (UnitScaleFactor)")
    exporter = ufbx.Exporter(scene.metadata.exporter)
    reading = Reading(
        scene,
        Assembly(),
        pictures,
        file=path.name,
        unit_m=unit_m,
        is_scaled=is_scaled,
        is_blender=exporter in _BLENDER,
    )
    read_nodes(reading)
    meshes = Placement(reading)
    meshes.place()
    read_animations(reading, meshes.morphed)
    say_rigs(reading)
    _say_losses(reading)
    if unit_m <= 0:  # ufbx then takes metres
        message = f"its unit, {unit_m * 100:g} cm, is no length; metres are taken"
        reading.warn("unit_unknown", "the file", message)
        reading.unit_m = 1.0
    return Source(
        file=path.name,
        format="fbx",
        document=reading.assembly.document(),
        size_bytes=path.stat().st_size + resources.size_bytes,
        hashes=resources.hashes() | {path.name: hashed()},
        counts=_count(scene),
        generator=_generator(scene),
        unit_m=reading.unit_m,
        bounds_m=meshes.box,
        warnings=distinct((*reading.warnings, *pictures.warnings)),
    )


def _load(path: Path) -> tuple[Any, bool]:
    """Load a file into metres, +Y up, right-handed; tell whether nodes carry the unit.

    Blender gives each top node the scale that makes metres of centimetres, so there the unit
    goes into nodes and is gone (100 x 0.01). Maya and 3ds Max have nodes of scale 1: there it
    goes into geometry and distances, so that nobody has to work below a node of scale 0.01.
    """
    with path.open("rb") as file:
        is_scaled = b"Blender" in file.read(_HEAD_BYTES)
    conversion = ufbx.SpaceConversion
    try:
        scene = native.load(
            path,
            target_axes=_AXES,
            target_camera_axes=_AXES,
            target_light_axes=_AXES,
            target_unit_meters=1.0,
            space_conversion=conversion.ADJUST_TRANSFORMS
            if is_scaled
            else conversion.MODIFY_GEOMETRY,
            handedness_conversion_axis=ufbx.MirrorAxis.Z,
            geometry_transform_handling=ufbx.GeometryTransformHandling.MODIFY_GEOMETRY,
            inherit_mode_handling=ufbx.InheritModeHandling.COMPENSATE,
            generate_missing_normals=True,
            normalize_normals=True,
            normalize_tangents=True,
            use_blender_pbr_material=True,
            load_external_files=False,
            file_format=ufbx.FileFormat.FBX,
            skip_mesh_parts=True,
            skip_skin_vertices=True,
        )
    except ufbx.UfbxError as error:
        came = f"what ufbx calls {str(error) or type(error).__name__!r}"
        raise _broken(path, "scene_fbx", came) from error
    if scene.metadata.ascii and not _is_closed(path):
        raise _broken(path, "scene_truncated", "text that ends inside a block: it is cut off")
    if len(scene.elements) <= 1 and not scene.metadata.creator:
        raise _broken(path, "scene_truncated", "a file with nothing in it, not even who wrote it")
    return scene, is_scaled


def _is_closed(path: Path) -> bool:
    """Tell whether every block of an ASCII file ends: ufbx takes what there is before a cut."""
    raw = path.read_bytes()
    if raw.count(b"{") == raw.count(b"}"):
        return True
    plain = re.sub(rb'"[^"\n]*"|;[^\n]*', b"", raw)
    return plain.count(b"{") <= plain.count(b"}")


def _broken(path: Path, code: str, came: str) -> SceneRefused:
    return refused(
        code,
        file=path.name,
        place="the whole",
        expected="an FBX file, version 6.1 to 7.7",
        came=came,
        remedy="export the scene again, as FBX 2014 or newer (binary)",
    )


def _say_losses(reading: Reading) -> None:
    """Say what belongs to no node: what ufbx found odd, sounds, units of light."""
    found: dict[str, int] = {}
    for warning in reading.scene.metadata.warnings:
        found[str(warning.description)] = found.get(str(warning.description), 0) + int(
            warning.count
        )
    for words, count in found.items():
        times = f" ({count} times)" if count > 1 else ""
        reading.warn("fbx_odd", "the file", f"ufbx says: {words}{times}")
    if len(reading.scene.audio_clips):
        message = f"{len(reading.scene.audio_clips)} sounds are left out"
        reading.warn("audio_dropped", "the file", message)
    if len(reading.scene.lights) and not reading.is_blender:
        message = (
            "FBX says how bright a light is only in per cent: 100 % is taken as pi candela or pi "
            "lux, which makes white paper white at one metre; check them"
        )
        reading.warn("light_units", "the file", message)


def _count(scene: Any) -> Counts:
    """Count what the file holds, helper nodes of ours left out."""
    nodes = [node for node in scene.nodes if not node.is_root]
    own = [node for node in nodes if not is_helper(node)]
    meshes = list(scene.meshes)
    return Counts(
        nodes=len(own),
        meshes=len(meshes),
        triangles_unique=sum(int(mesh.num_triangles) for mesh in meshes),
        triangles_drawn=sum(int(n.mesh.num_triangles) for n in nodes if n.mesh is not None),
        materials=len(scene.materials),
        textures=len(scene.textures),
        images=len(scene.videos),
        skins=len(scene.skin_deformers),
        animations=len(scene.anim_stacks),
        morph_targets=len(scene.blend_channels),
        cameras=sum(node.camera is not None for node in nodes),
        lights=sum(node.light is not None for node in nodes),
        nodes_with_extras=sum(bool(user_properties(node)) for node in own),
        uv_sets=_most(len(mesh.uv_sets) for mesh in meshes),
        vertex_colour_sets=_most(len(mesh.color_sets) for mesh in meshes),
    )


def _most(numbers: Iterable[int]) -> int:
    return max(numbers, default=0)


def _generator(scene: Any) -> str:
    made = scene.metadata.original_application
    named = " ".join(filter(None, (str(made.name), str(made.version))))
    return named or str(scene.metadata.creator)


def _hashed_meanwhile(path: Path) -> Callable[[], str]:
    """Hash a file in a thread, while ufbx reads it; call what is returned for the SHA-256."""
    raw = mapped(path)
    if len(raw) > IN_MEMORY_BYTES:  # now, in parts: all of it would count as our memory
        digest = sha256_of(raw)
        return lambda: digest
    found: list[str] = []
    # One call for the whole file: for as long as it takes, the interpreter is ufbx's alone.
    thread = Thread(target=lambda: found.append(hashlib.sha256(raw).hexdigest()))
    thread.start()

    def joined() -> str:
        thread.join()
        return found[0]

    return joined
