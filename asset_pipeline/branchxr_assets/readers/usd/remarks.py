"""Say what of a stage is not kept although nothing is wrong with it."""

from collections.abc import Sequence
from typing import Any, Final

from ...warnings import SceneWarning
from .bindings import UsdGeom
from .values import Clock, name_of

_MOVING: Final = {
    "points": "its points are animated (a vertex cache)",
    "visibility": "its visibility is animated",
    "focalLength": "its focal length is animated",
    "inputs:intensity": "its intensity is animated",
    "inputs:color": "its colour is animated",
    "positions": "its instances are animated",
}


def remark(prims: Sequence[Any], clock: Clock, warnings: list[SceneWarning]) -> None:
    """Add warnings about variants, animated attributes, and names that were restored."""
    _names(prims, warnings)
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
