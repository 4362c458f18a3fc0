"""Programs that take a KTX2 encoder's place, and what encoders are asked for in tests."""

import stat
from pathlib import Path

from branchxr_assets.ktx2 import Settings

COLOUR = Settings(is_colour=True, quality=80)
NUMBERS = Settings(is_colour=False, quality=80)


def stand_in(folder: Path, script: str, name: str = "basisu") -> str:
    """Write a program that takes an encoder's place, and does not do its work."""
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)
