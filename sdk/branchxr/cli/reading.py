"""Options of every command that reads a scene: what its format does not say itself."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from branchxr_assets.readers import ReadOptions

Up = Annotated[
    str | None,
    typer.Option(
        metavar="X|Y|Z",
        help="Which axis points up, for formats that do not say it (OBJ, STL, PLY).",
    ),
]
Unit = Annotated[
    str | None,
    typer.Option(
        metavar="UNIT",
        help="One unit of the file, for formats that do not say it: mm, cm, m, in, ft, or metres.",
    ),
]

_UNITS_M = {"mm": 0.001, "cm": 0.01, "dm": 0.1, "m": 1.0, "km": 1000.0, "in": 0.0254, "ft": 0.3048}


def read_options(up: str | None, unit: str | None, path: Path) -> "ReadOptions":
    """Make the readers' options of what was typed.

    Raises:
        InputRefused: `option_up`, `option_unit`; `option_without_effect`: for a package, which is
            in metres, +Y up.
    """
    from branchxr.errors import InputRefused
    from branchxr_assets.opened import is_package
    from branchxr_assets.readers import ReadOptions

    if not (up is None and unit is None) and is_package(path):
        raise InputRefused(
            "no --up and --unit: they are for formats without axes and units",
            f"{path.name!r}, which is a package",
            "leave them out; a package is in metres, +Y up",
            code="option_without_effect",
        )

    if unit is None:
        unit_m = None
    elif unit.lower() in _UNITS_M:
        unit_m = _UNITS_M[unit.lower()]
    else:
        try:
            unit_m = float(unit)
        except ValueError:
            raise InputRefused(
                f"one of {', '.join(_UNITS_M)}, or metres in one unit",
                repr(unit),
                "write such as --unit cm or --unit 0.01",
                code="option_unit",
            ) from None
    return ReadOptions(None if up is None else up.upper(), unit_m)
