"""Mend nodes and skins that readers would refuse, and say so."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from ..document import Accessor, AccessorPool, Document, Floats, Json, Outcome
from ..refusal import refused
from ..tree import local_matrix, matrix_quaternion
from ..warnings import SceneWarning


@dataclass(frozen=True, slots=True)
class RepairNodesOptions:
    """What is let through.

    Attributes:
        unit_tolerance: how far from 1 a rotation's length may be (the validator allows 0.00674).
        shear_tolerance: largest part of a matrix, against its scale, that may be lost unsaid.
        file: the source's name, for messages.
    """

    unit_tolerance: float = 0.005
    shear_tolerance: float = 1e-3
    file: str = ""


DEFAULTS: Final = RepairNodesOptions()
_TRS: Final = ("translation", "rotation", "scale")


def repair_nodes(document: Document, options: RepairNodesOptions = DEFAULTS) -> Outcome:
    """Mend transforms, weights and skins.

    Rotations become unit quaternions; a matrix becomes translation, rotation and scale where it
    is animated or sheared (shear is lost: viewers drop it too); a skin stays only where it fits.

    Raises:
        SceneRefused: `scene_accessor`: instances or bind matrices of different lengths.
    """
    changed = document.copy()
    pool = AccessorPool(changed.accessors)
    warnings: list[SceneWarning] = []
    counts = {"transforms": 0, "skins": 0}
    _mend_skins(changed, pool, options, warnings)
    animated = {
        channel["target"].get("node")
        for animation in changed.listed("animations")
        for channel in animation["channels"]
    }
    for index, node in enumerate(changed.listed("nodes")):
        place = f"nodes[{index}]"
        counts["transforms"] += _mend_transform(
            node, place, options, warnings, is_animated=index in animated
        )
        counts["skins"] += _mend_skin_use(changed, node, place, warnings)
        _check_instances(changed, node, place, options.file)
        if "weights" in node and len(node["weights"]) != _target_count(changed, node):
            del node["weights"]
    for mesh in changed.listed("meshes"):
        targets = max((len(p.get("targets", [])) for p in mesh["primitives"]), default=0)
        if "weights" in mesh and len(mesh["weights"]) != targets:
            del mesh["weights"]
    made = Document(changed.root, pool.all(), changed.images)
    return Outcome(made, dict(counts), tuple(warnings))


def _mend_transform(
    node: Json,
    place: str,
    options: RepairNodesOptions,
    warnings: list[SceneWarning],
    *,
    is_animated: bool,
) -> bool:
    name = node.get("name", "")
    if "matrix" in node:
        for key in _TRS:
            if node.pop(key, None) is not None:
                message = f"the node {name!r} has a matrix and a {key}; the matrix counts"
                warnings.append(SceneWarning("node_transform", place, message))
        return _mend_matrix(node, place, options, warnings, is_animated=is_animated)
    rotation = np.array(node.get("rotation", (0, 0, 0, 1)), np.float64)
    length = float(np.linalg.norm(rotation))
    if abs(length - 1) <= options.unit_tolerance:
        return False
    node["rotation"] = [float(v) for v in rotation / length] if length > 1e-9 else [0, 0, 0, 1]
    return True


def _mend_matrix(
    node: Json,
    place: str,
    options: RepairNodesOptions,
    warnings: list[SceneWarning],
    *,
    is_animated: bool,
) -> bool:
    matrix = local_matrix(node)
    scale = np.linalg.norm(matrix[:3, :3], axis=0)
    if np.linalg.det(matrix[:3, :3]) < 0:
        scale[0] = -scale[0]
    parts: Json = {
        "translation": [float(v) for v in matrix[:3, 3]],
        "rotation": [float(v) for v in matrix_quaternion(matrix)],
        "scale": [float(v) for v in scale],
    }
    lost = np.abs(local_matrix(parts) - matrix).max() / max(1e-9, float(np.abs(scale).max()))
    is_sheared = lost > options.shear_tolerance
    if not is_sheared and not is_animated:
        return False
    del node["matrix"]
    node |= parts
    if is_sheared:
        message = f"the node {node.get('name', '')!r} is sheared, which glTF does not have"
        warnings.append(SceneWarning("node_sheared", place, message))
    return True


def _mend_skins(
    document: Document,
    pool: AccessorPool,
    options: RepairNodesOptions,
    warnings: list[SceneWarning],
) -> None:
    for index, skin in enumerate(document.listed("skins")):
        if "inverseBindMatrices" not in skin:
            continue
        binds: Accessor = document.accessors[skin["inverseBindMatrices"]]
        is_right = binds.type == "MAT4" and binds.values.dtype.kind == "f"
        if not is_right or binds.count < len(skin["joints"]):
            raise refused(
                "scene_accessor",
                file=options.file,
                place=f"skins[{index}].inverseBindMatrices",
                expected=f"{len(skin['joints'])} float matrices",
                came=f"{binds.count} of type {binds.type}",
                remedy="export the scene again",
            )
        matrices: Floats = binds.as_float()
        if not np.isfinite(matrices).all():
            message = "bind matrices hold NaN; the identity stands in for them"
            warnings.append(SceneWarning("skin_not_finite", f"skins[{index}]", message))
            bad = ~np.isfinite(matrices).all(axis=1)
            matrices[bad] = np.eye(4).ravel()
        clean = matrices.copy()
        clean[:, [3, 7, 11]], clean[:, 15] = 0.0, 1.0  # glTF 2.0, section 3.7.3.1
        if (clean != binds.values).any():
            skin["inverseBindMatrices"] = pool.add(clean.astype(np.float32), "MAT4")


def _mend_skin_use(
    document: Document, node: Json, place: str, warnings: list[SceneWarning]
) -> bool:
    """Take a skin away from a node whose mesh has no joints."""
    if "skin" not in node:
        return False
    skin = document.listed("skins")[node["skin"]]
    mesh = document.listed("meshes")[node["mesh"]] if "mesh" in node else {"primitives": []}
    has_joints = any("JOINTS_0" in p["attributes"] for p in mesh["primitives"])
    if has_joints and skin["joints"]:
        _check_joints(document, mesh, len(skin["joints"]), place, warnings)
        return False
    del node["skin"]
    message = f"the node {node.get('name', '')!r} has a skin but no mesh with joints for it"
    warnings.append(SceneWarning("skin_unused", place, message))
    return True


def _check_joints(
    document: Document, mesh: Json, count: int, place: str, warnings: list[SceneWarning]
) -> None:
    for primitive in mesh["primitives"]:
        for name, index in primitive["attributes"].items():
            joints = document.accessors[index].values
            if name.startswith("JOINTS_") and joints.size and int(joints.max()) >= count:
                message = f"{name} names joint {int(joints.max())} of {count}; viewers may differ"
                warnings.append(SceneWarning("joint_out_of_range", place, message))


_INSTANCE_TYPES: Final = {"TRANSLATION": "VEC3", "ROTATION": "VEC4", "SCALE": "VEC3"}
"""EXT_mesh_gpu_instancing; attributes of other names are an application's own."""


def _check_instances(document: Document, node: Json, place: str, file: str) -> None:
    extension = node.get("extensions", {}).get("EXT_mesh_gpu_instancing")
    if extension is None:
        return
    at = f"{place}.extensions.EXT_mesh_gpu_instancing"
    for name, index in extension["attributes"].items():
        kind = document.accessors[index].type
        if kind != _INSTANCE_TYPES.get(name, kind):
            raise refused(
                "scene_accessor",
                file=file,
                place=f"{at}.attributes.{name}",
                expected=f"instance attributes of type {_INSTANCE_TYPES[name]}",
                came=kind,
                remedy="export the scene again",
            )
    counts = {document.accessors[index].count for index in extension["attributes"].values()}
    if len(counts) > 1:
        raise refused(
            "scene_accessor",
            file=file,
            place=at,
            expected="instance attributes of one length",
            came=f"lengths {sorted(counts)}",
            remedy="export the scene again",
        )


def _target_count(document: Document, node: Json) -> int:
    if "mesh" not in node:
        return 0
    mesh = document.listed("meshes")[node["mesh"]]
    return max((len(p.get("targets", [])) for p in mesh["primitives"]), default=0)
