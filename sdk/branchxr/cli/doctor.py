"""`branchxr doctor`: what is here, what is missing, and the line that installs it."""

import importlib.util
import platform
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from .output import Exit, print_json, say


@dataclass(frozen=True, slots=True)
class Need:
    """Something the project can use.

    Attributes:
        kind: `module`, `program` or `file`.
        what_for: what does not work without it.
        install: the line to type.
        is_required: `doctor` fails without it.
    """

    kind: str
    name: str
    what_for: str
    install: str
    is_required: bool = True


_EXTRA = "pip install -e '.[{}]'"

NEEDS = (
    *(
        Need("module", name, "the SDK", "pip install -e .")
        for name in (
            "cryptography", "fido2", "httpx", "joserfc", "msgspec", "numpy", "rfc8785",
            "typer", "websockets",
        )
    ),
    *(Need("module", name, "branchxr assets", _EXTRA.format("assets"))
      for name in ("DracoPy", "PIL", "brotli", "quickjs", "ufbx", "wasmtime")),
    *(Need("module", name, "branchxr serve, branchxr demo", _EXTRA.format("server"))
      for name in ("rich", "sqlalchemy", "starlette", "uvicorn")),
    Need("file", "shim", "the page of the WebXR stage", "make setup"),
    Need("file", "gltf-validator", "branchxr assets validate", "make setup"),
    Need("program", "node", "building the shim, and its tests", "apt-get install nodejs npm"),
    Need("program", "npm", "building the shim", "apt-get install nodejs npm"),
    Need("program", "chromium", "the browser tests", "apt-get install chromium"),
    Need("module", "pxr", "USD scenes", _EXTRA.format("usd"), is_required=False),
    Need("program", "blender", ".blend scenes", "install Blender", is_required=False),
    Need("module", "pythonnet", "the Unity stage", _EXTRA.format("unity"), is_required=False),
    Need("module", "psycopg", "PostgreSQL; the branch keeps to SQLite so far",
         _EXTRA.format("postgres"), is_required=False),
    Need("module", "uvloop", "less CPU per participant", _EXTRA.format("fast"), is_required=False),
)  # fmt: skip

_DISTRIBUTIONS = {
    "DracoPy": "dracopy", "PIL": "pillow", "pxr": "usd-core", "quickjs": "quickjs-ng",
}  # fmt: skip
_BUILT = {"shim": ("branchxr_webxr", "*.js"), "gltf-validator": ("branchxr_assets", "*.dart.js")}
"""Built files: the package whose `static` folder has them, and what they are called."""


def _find(need: Need) -> str | None:
    """Return the version or place of what is needed, or `None`."""
    if need.kind == "program":
        return shutil.which(need.name)
    if need.kind == "file":
        package, pattern = _BUILT[need.name]
        spec = importlib.util.find_spec(package)
        for folder in (spec.submodule_search_locations or []) if spec else []:
            if any((Path(folder) / "static").glob(pattern)):
                return "built"
        return None
    if importlib.util.find_spec(need.name) is None:
        return None
    from importlib.metadata import (  # every command imports this module
        PackageNotFoundError,
        version,
    )

    try:
        return version(_DISTRIBUTIONS.get(need.name, need.name))
    except PackageNotFoundError:
        return "present"


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Name each missing tool or extra, and the line that installs it.

    Exit code 4 if something required is missing.
    """
    rows = [(need, _find(need)) for need in NEEDS]
    missing = [need for need, found in rows if found is None and need.is_required]
    if as_json:
        print_json(
            {
                "schema": 1,
                "python": platform.python_version(),
                "system": f"{platform.system()} {platform.machine()}",
                "needs": [
                    {
                        "kind": need.kind,
                        "name": need.name,
                        "found": found,
                        "required": need.is_required,
                        "what_for": need.what_for,
                        "install": need.install,
                    }
                    for need, found in rows
                ],
            }
        )
    else:
        typer.echo(f"python {platform.python_version()} at {sys.prefix}")
        for need, found in rows:
            if found:
                typer.echo(f"  ok       {need.name:<13} {found}")
            else:
                word = "MISSING" if need.is_required else "absent"
                typer.echo(f"  {word:<8} {need.name:<13} {need.what_for}: {need.install}")
        say("all there" if not missing else f"{len(missing)} missing")
    if missing:
        raise typer.Exit(Exit.MISSING_TOOL)
