"""Turn a USD stage into a glTF document; runs in the worker process."""

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from branchxr.errors import SceneRefused

from ...document import Document
from ...refusal import refused
from ...warnings import SceneWarning, distinct
from ..assembly import Assembly
from ..pictures import Pictures
from ..resources import Resources
from ..source import Source
from ..transforms import to_metres
from .bindings import Tf, Usd, UsdGeom, UsdSkel
from .composition import Layers, first_line
from .counts import count
from .placing import Placing
from .remarks import remark
from .usdz import entries_of, is_zip, unpack
from .values import Clock

PRIMS_MAX: Final = 500_000
_FORMATS: Final = {b"PXR-USDC": "usdc", b"#usda 1.": "usda"}


def convert(path: Path) -> Source:
    """Read a USD file, with the layers and pictures in its folder.

    Raises:
        SceneRefused: with a code, the file and the prim.
    """
    raw = path.read_bytes()
    kind = "usdz" if is_zip(raw) else _FORMATS.get(raw[:8], "usd")
    if kind != "usdz" and path.suffix.lower() in {".usd", f".{kind}"}:
        return _read(path, path.resolve(), kind, Resources(path, raw))
    with tempfile.TemporaryDirectory(prefix="branchxr-usd-") as made:
        folder = Path(made).resolve()
        if kind == "usdz":
            root = unpack(entries_of(path, raw), raw, folder)
            return _read(path, root, kind, Resources(folder / path.name, raw))
        # USD goes by the suffix alone; layers beside a file with another one are not found.
        root = folder / f"scene.{kind}"
        root.write_bytes(raw)
        return _read(path, root, kind, Resources(path.resolve(), raw))


def _read(path: Path, root: Path, kind: str, resources: Resources) -> Source:
    """Read the stage whose root layer is `root`; `path` is the file that was asked for."""
    layers = Layers(path.name, root.parent, resources)
    try:
        return _read_stage(path, layers, root, kind, resources)
    except Tf.ErrorException as error:  # USD finds some faults only when it is asked
        raise layers.malformed(f"USD says: {first_line(error)}") from error


def _read_stage(path: Path, layers: Layers, root: Path, kind: str, resources: Resources) -> Source:
    folder = root.parent
    stage = layers.open_stage(root)
    clock = Clock(stage)
    time = Usd.TimeCode(clock.start)
    warnings = layers.warnings
    unit_m = _unit_m(stage, path.name, warnings)
    prims = _prims(stage, path.name)
    scene = Assembly()
    pictures = Pictures(resources, folder if kind == "usdz" else path.resolve().parent)
    placing = Placing.of(
        stage,
        scene=scene,
        pictures=pictures,
        clock=clock,
        unit_m=unit_m,
        frame=to_metres(unit_m, str(UsdGeom.GetStageUpAxis(stage))),
        file=path.name,
        folder=folder,
        warnings=warnings,
    )
    placing.skeletons.find(p for p in prims if p.IsA(UsdSkel.Root))
    placing.place_all(prims)
    placing.animate(prims)
    remark(prims, clock, warnings, nodes=placing.placed, materials=placing.meshes.materials.paths)
    is_packed = kind == "usdz"
    hashes = resources.hashes()
    return Source(
        file=path.name,
        format=kind,
        document=_finite(scene.document(name=_scene_name(stage)), warnings),
        size_bytes=path.stat().st_size if is_packed else resources.size_bytes,
        hashes={path.name: hashes[path.name]} if is_packed else hashes,
        counts=count(prims, time, placing.drawn_by),
        generator=_generator(stage),
        unit_m=unit_m,
        warnings=distinct((*warnings, *pictures.warnings)),
    )


def _finite(document: Document, warnings: list[SceneWarning]) -> Document:
    """Put zero where motions, skins and morph targets hold NaN or infinity, which JSON has not."""
    accessors = list(document.accessors)
    for index, accessor in enumerate(accessors):
        is_finite = np.isfinite(accessor.values)
        if not is_finite.all():
            accessors[index] = replace(accessor, values=np.where(is_finite, accessor.values, 0))
            message = "a motion, skin or morph target holds NaN or infinity; zero stands in for it"
            warnings.append(SceneWarning("attribute_not_finite", "the stage", message))
    return replace(document, accessors=tuple(accessors))


def _prims(stage: Any, file: str) -> list[Any]:
    """Return all prims, those inside instances too, parents first."""
    found = []
    for prim in Usd.PrimRange(stage.GetPseudoRoot(), Usd.TraverseInstanceProxies()):
        if not prim.IsPseudoRoot():
            found.append(prim)
        if len(found) > PRIMS_MAX:
            raise _too_many(file)
    return found


def _too_many(file: str) -> SceneRefused:
    return refused(
        "scene_too_large",
        file=file,
        place="its prims",
        expected=f"at most {PRIMS_MAX} of them, instances included",
        came="more",
        remedy="export the scene in parts",
    )


def _unit_m(stage: Any, file: str, warnings: list[SceneWarning]) -> float:
    unit_m = float(UsdGeom.GetStageMetersPerUnit(stage))
    if not UsdGeom.StageHasAuthoredMetersPerUnit(stage):
        message = "it does not say its unit; USD then means centimetres, and so it was read"
        warnings.append(SceneWarning("usd_unit_missing", "the stage", message))
    if not 1e-9 < unit_m < 1e9:
        raise refused(
            "scene_malformed",
            file=file,
            place="metersPerUnit",
            expected="metres in a unit, above zero",
            came=repr(unit_m),
            remedy="export the scene again",
        )
    return unit_m


def _scene_name(stage: Any) -> str | None:
    default = stage.GetDefaultPrim()
    return str(default.GetName()) if default else None


def _generator(stage: Any) -> str | None:
    """Return what wrote the file: exporters say it in the comment or in their own metadata."""
    layer = stage.GetRootLayer()
    data = layer.customLayerData
    said = data.get("creator") or data.get("generator") or layer.documentation or layer.comment
    return str(said)[:200] if said else None
