"""Unity's `.meta` files of the package: `python -m branchxr_unity.meta` writes them.

Each file and folder needs one, outside folders that end in `~`, which Unity does not see. Its GUID
is what scenes and prefabs refer to, so it must be the same for everybody: it is the hash of the
path. A file that moves gets another, as if it were new.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

PACKAGE: Final = Path(__file__).parent / "com.branchxr.client"

_TAIL: Final = "  externalObjects: {}\n  userData: \n  assetBundleName: \n  assetBundleVariant: \n"
_SCRIPT: Final = (
    "MonoImporter:\n  externalObjects: {}\n  serializedVersion: 2\n  defaultReferences: []\n"
    "  executionOrder: 0\n  icon: {instanceID: 0}\n  userData: \n  assetBundleName: \n"
    "  assetBundleVariant: \n"
)
_IMPORTERS: Final = {
    ".asmdef": "AssemblyDefinitionImporter:\n" + _TAIL,
    ".cs": _SCRIPT,
    ".json": "TextScriptImporter:\n" + _TAIL,
    ".md": "TextScriptImporter:\n" + _TAIL,
}
_DEFAULT: Final = "DefaultImporter:\n" + _TAIL


def metas() -> dict[Path, str]:
    """Return all `.meta` files as they should be."""
    return {path.with_name(f"{path.name}.meta"): _meta(path) for path in _assets(PACKAGE)}


def guid_of(path: Path) -> str:
    """Return the GUID of a file or folder of the package: 32 hex digits."""
    name = f"{PACKAGE.name}/{path.relative_to(PACKAGE).as_posix()}"
    return hashlib.md5(name.encode(), usedforsecurity=False).hexdigest()


def _assets(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.name.endswith((".meta", "~")) or path.name.startswith("."):
            continue
        yield path
        if path.is_dir():
            yield from _assets(path)


def _meta(path: Path) -> str:
    head = f"fileFormatVersion: 2\nguid: {guid_of(path)}\n"
    if path.is_dir():
        return f"{head}folderAsset: yes\n{_DEFAULT}"
    if path == PACKAGE / "package.json":
        return f"{head}PackageManifestImporter:\n{_TAIL}"
    return head + _IMPORTERS.get(path.suffix, _DEFAULT)


def write() -> None:
    """Write what is missing or another, and remove what belongs to nothing."""
    wanted = metas()
    for path in PACKAGE.rglob("*.meta"):
        if path not in wanted:
            path.unlink()
    for path, text in wanted.items():
        path.write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    write()
