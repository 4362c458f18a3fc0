"""Say what of a stage is not kept although nothing is wrong with it."""

from collections.abc import Collection, Sequence
from typing import Any, Final

from ...warnings import SceneWarning
from .bindings import Usd, UsdGeom, UsdShade
from .values import Clock, extras_of, name_of, user_properties

_MOVING: Final = {
    "points": "its points are animated (a vertex cache)",
    "visibility": "its visibility is animated",
    "focalLength": "its focal length is animated",
    "inputs:intensity": "its intensity is animated",
    "inputs:color": "its colour is animated",
    "positions": "its instances are animated",
}


def remark(
    prims: Sequence[Any],
    clock: Clock,
    warnings: list[SceneWarning],
    *,
    nodes: Collection[str],
    materials: Collection[str],
) -> None:
    """Add warnings about variants, animated attributes, restored names, and custom properties.

    Args:
        prims: of the stage.
        clock: when the scene is read.
        warnings: grows.
        nodes: paths of the prims that have a node.
        materials: paths of those that are a material.
    """
    _names(prims, warnings)
    _properties(prims, Usd.TimeCode(clock.start), warnings, nodes, materials)
    for prim in prims:
        path = str(prim.GetPath()).removeprefix("/")
        warnings += _variants(prim, path)
        for name, what in _MOVING.items():
            attribute = prim.GetAttribute(name)
            if attribute and attribute.ValueMightBeTimeVarying():
                message = f"{what}; kept is what it is at time {clock.start:g}"
                warnings.append(SceneWarning("usd_animated_attribute", path, message))


def _names(prims: Sequence[Any], warnings: list[SceneWarning]) -> None:
    """Say that names differ from those of the prims, once."""
    changed = [p for p in prims if p.IsA(UsdGeom.Imageable) and name_of(p) != str(p.GetName())]
    if not changed:
        return
    first = changed[0]
    message = (
        f"USD spells names with letters, digits and `_` only; {len(changed)} have the names their "
        f"author gave them again: {str(first.GetName())!r} is {name_of(first)!r}"
    )
    warnings.append(SceneWarning("usd_names_restored", "the stage", message))


def _properties(
    prims: Sequence[Any],
    time: Any,
    warnings: list[SceneWarning],
    nodes: Collection[str],
    materials: Collection[str],
) -> None:
    """Say of custom properties that are not in the extras of a node where they are."""
    others = []
    for prim in prims:
        key, users = str(prim.GetPath()), user_properties(prim, time)
        path = key.removeprefix("/")
        if empty := [name for name, value in users.items() if value is None]:
            listed = ", ".join(map(repr, empty))
            message = f"custom properties without a value are left out: {listed}"
            warnings.append(SceneWarning("property_dropped", path, message))
        if key in nodes or prim.IsInstanceProxy():
            others += [] if users or not extras_of(prim, time) else [path]
        elif key in materials:
            if users:
                message = "its custom properties are in the extras of the glTF material"
                warnings.append(SceneWarning("property_on_material", path, message))
        elif extras_of(prim, time):
            what = "material that nothing uses" if prim.IsA(UsdShade.Material) else "kind of prim"
            message = f"custom properties of this {what} are left out: glTF has no place for it"
            warnings.append(SceneWarning("property_dropped", path, message))
    if others:
        message = (
            f"{len(others)} prims, of which this is the first, have `customData` or attributes of "
            "programs; they are kept in the extras, and `inspect` counts `userProperties:` only"
        )
        warnings.append(SceneWarning("property_uncounted", others[0], message))


def _variants(prim: Any, path: str) -> list[SceneWarning]:
    found = []
    sets = prim.GetVariantSets()
    for name in sets.GetNames():
        chosen = sets.GetVariantSelection(name)
        others = [v for v in sets.GetVariantSet(name).GetVariantNames() if v != chosen]
        if others:
            kept = f"{chosen!r} is kept" if chosen else "none is selected"
            listed = ", ".join(map(repr, others[:6]))
            message = f"of its variant set {name!r} {kept}; left out: {listed}"
            found.append(SceneWarning("usd_variants", path, message))
    return found
