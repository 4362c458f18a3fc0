"""Which encoders decide on the bytes of a package, and in which versions."""

import functools
from collections.abc import Mapping

from branchxr._version import __version__

from .meshopt.machine import FOLDER
from .pictures import ENCODERS


@functools.cache
def encoder_versions() -> Mapping[str, str]:
    """Return package -> version, ours among them: part of `branch.json` and of every cached key."""
    from importlib import metadata  # noqa: PLC0415 - 25 ms, for some commands only

    named = {name.lower(): metadata.version(name) for name in ("numpy", "DracoPy", "brotli")}
    meshopt = (FOLDER / "VERSION").read_text("utf-8").strip()
    return {"branchxr": __version__, **named, "meshoptimizer": meshopt, **ENCODERS}
