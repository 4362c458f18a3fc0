"""What a user says of a scene whose format does not say it itself."""

import math
from dataclasses import dataclass
from typing import Final

from branchxr.errors import InputRefused

AXES: Final = ("X", "Y", "Z")


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How to read a format without units or axes (OBJ, STL, PLY); `None` takes its usual way.

    Attributes:
        up: the axis that points up: `X`, `Y` or `Z`.
        unit_m: metres in one unit of the file.
    """

    up: str | None = None
    unit_m: float | None = None

    def __post_init__(self) -> None:
        if self.up is not None and self.up not in AXES:
            raise _refused("option_up", "X, Y or Z as the axis that is up", repr(self.up), "--up Z")
        unit = self.unit_m
        if unit is not None and not (math.isfinite(unit) and 1e-9 <= unit <= 1e9):
            raise _refused("option_unit", "metres in one unit, above 0", repr(unit), "--unit 0.01")

    @property
    def says_nothing(self) -> bool:
        """Tell whether everything is left to the format."""
        return self.up is None and self.unit_m is None


DEFAULTS: Final = ReadOptions()


def _refused(code: str, expected: str, came: str, example: str) -> InputRefused:
    return InputRefused(expected, came, f"write such as {example}", code=code)
