"""List the anchors of a scene file or of a package as a table."""

import csv
import io
import json
from collections.abc import Sequence
from math import atan2, degrees
from pathlib import Path
from typing import Any, Final

from .document import Json
from .opened import is_package, malformed, open_package
from .prepare import prepare
from .readers import ReadOptions, read
from .readers.options import DEFAULTS

_FIXED: Final = ("path", "kind", "position", "rotation")
_COLUMNS: Final = ("kind", "path", "x", "y", "z", "qx", "qy", "qz", "qw")


def extract(
    path: Path, *, now: float, allow_unsigned: bool = False, options: ReadOptions = DEFAULTS
) -> list[Json]:
    """Return the anchors as `branch.json` lists them: `kind`, `path`, `position`, `rotation`, ….

    Raises:
        SceneRefused: a scene that cannot be read.
        PackageRefused: a package that is unsigned (unless allowed), tampered with, or incomplete.
    """
    if not is_package(path):
        return prepare(read(path, options)).anchors
    anchors = open_package(path, now=now, allow_unsigned=allow_unsigned).branch.get("anchors")
    if not isinstance(anchors, list) or not all(map(_is_anchor, anchors)):
        raise malformed("a branch.json without a list of anchors")
    return anchors


def as_csv(anchors: Sequence[Json]) -> str:
    """Return the anchors as CSV (RFC 4180): a column for each property that any of them has.

    Metres and a unit quaternion, +Y up. Lists and objects are written as JSON.
    """
    names = property_names(anchors)
    target = io.StringIO()
    table = csv.writer(target)
    table.writerow([*_COLUMNS, *names])
    for anchor in anchors:
        own = [_cell(anchor.get(name)) for name in names]
        table.writerow(
            [anchor["kind"], anchor["path"], *anchor["position"], *anchor["rotation"], *own]
        )
    return target.getvalue()


def as_table(anchors: Sequence[Json]) -> list[tuple[str, ...]]:
    """Return rows for people, head first: kind, path, place, turn about the vertical, the rest."""
    rows: list[tuple[str, ...]] = [("kind", "path", "x y z, m", "turned", "properties")]
    for anchor in anchors:
        own = {name: anchor[name] for name in property_names([anchor])}
        place = " ".join(f"{value:.2f}" for value in anchor["position"])
        said = ", ".join(f"{name}={_cell(value)}" for name, value in own.items())
        rows.append((anchor["kind"], anchor["path"], place, f"{_yaw(anchor):.0f}°", said))
    return rows


def property_names(anchors: Sequence[Json]) -> list[str]:
    """Return the names of all properties beside the fixed ones, in order of first use."""
    return list(dict.fromkeys(n for anchor in anchors for n in anchor if n not in _FIXED))


def _yaw(anchor: Json) -> float:
    x, y, z, w = anchor["rotation"]
    # Where the node's own +Z points, seen from above: 0 is +Z, 90 is +X.
    return degrees(atan2(2 * (x * z + w * y), 1 - 2 * (x * x + y * y))) + 0.0


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _is_anchor(item: Any) -> bool:
    def numbers(name: str, count: int) -> bool:
        found = item.get(name)
        return (
            isinstance(found, list)
            and len(found) == count
            and all(isinstance(v, int | float) for v in found)
        )

    return (
        isinstance(item, dict)
        and isinstance(item.get("kind"), str)
        and isinstance(item.get("path"), str)
        and numbers("position", 3)
        and numbers("rotation", 4)
    )
