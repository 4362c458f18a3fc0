"""Copy the package into a Unity project, and update it there without touching what is not ours.

What was copied is written down beside it, with hashes: so an update can tell its own files from
those that somebody has changed or added, and removes only its own.
"""

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from branchxr._version import __version__
from branchxr.errors import InputRefused

PACKAGE: Final = Path(__file__).parent / "com.branchxr.client"
OLDEST: Final = (2021, 3)
RECORD: Final = ".branchxr-export.json"
"""Unity does not see names that begin with a dot."""

_RECORD_BYTES: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export has done.

    Attributes:
        folder: the package in the project.
        written: paths below it that are new or were updated.
        removed: files of an earlier version that are gone.
        kept: files of an earlier version that somebody has changed: left alone.
    """

    folder: Path
    editor: str
    written: tuple[str, ...]
    removed: tuple[str, ...]
    kept: tuple[str, ...]

    def as_json(self) -> dict[str, object]:
        """Return it for `--json`."""
        return {
            "schema": 1,
            "folder": str(self.folder),
            "version": __version__,
            "editor": self.editor,
            "written": list(self.written),
            "removed": list(self.removed),
            "kept": list(self.kept),
        }


def export_package(project: Path, *, overwrite: bool = False) -> Exported:
    """Copy the package to `PROJECT/Packages`, or update it there.

    Args:
        project: the folder that holds `Assets` and `ProjectSettings`.
        overwrite: also replace files of the package that somebody has changed.

    Raises:
        InputRefused: `no_unity_project`, `unity_too_old`, `package_linked` (a link stands where a
            file would be written), `package_changed` (nothing was written).
    """
    editor = _editor_of(project)
    folder = project / "Packages" / PACKAGE.name
    ours = {path.relative_to(PACKAGE).as_posix(): path.read_bytes() for path in _files(PACKAGE)}
    _refuse_links(project, folder, ours)
    before = _read_record(folder)
    there = {
        name: (folder / name).read_bytes() for name in ours | before if _is_file(folder / name)
    }
    changed = sorted(
        name
        for name, content in ours.items()
        if name in there and there[name] != content and _hash(there[name]) != before.get(name)
    )
    if changed and not overwrite:
        raise InputRefused(
            "files of the package as they were exported",
            f"{len(changed)} that were changed: {', '.join(changed[:5])}",
            "move your changes out of Packages, or use --overwrite",
            code="package_changed",
        )
    written = sorted(name for name, content in ours.items() if there.get(name) != content)
    # Written down first: what is cut off half way is still known as ours.
    hashes = {name: _hash(content) for name, content in ours.items()}
    _write(folder / RECORD, _record(before | hashes))
    for name in written:
        _write(folder / name, ours[name])
    gone = [name for name in sorted(before.keys() - ours.keys()) if name in there]
    removed = [name for name in gone if _hash(there[name]) == before[name]]
    for name in removed:
        (folder / name).unlink()
        _remove_empty((folder / name).parent, folder)
    _write(folder / RECORD, _record(hashes))
    kept = tuple(name for name in gone if name not in removed)
    return Exported(folder, editor, tuple(written), tuple(removed), kept)


def _editor_of(project: Path) -> str:
    file = project / "ProjectSettings/ProjectVersion.txt"
    if not (project / "Assets").is_dir() or not file.is_file():
        raise InputRefused(
            "a Unity project: a folder with Assets and ProjectSettings/ProjectVersion.txt",
            f"{str(project)!r}",
            "name the folder that you open in Unity Hub",
            code="no_unity_project",
        )
    text = file.read_text(encoding="utf-8", errors="replace")[:4096]
    found = re.search(r"^m_EditorVersion:\s*((\d+)\.(\d+)\S*)", text, re.MULTILINE)
    if not found or (int(found[2]), int(found[3])) < OLDEST:
        raise InputRefused(
            f"Unity {OLDEST[0]}.{OLDEST[1]} or newer",
            f"{found[1] if found else text[:40]!r} in {str(file)!r}",
            "open the project with a newer Unity",
            code="unity_too_old",
        )
    return found[1]


def _files(folder: Path) -> Iterator[Path]:
    """Yield all files that belong to the package; caches and hidden files do not."""
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        if path.is_file() and not any(part.startswith((".", "__")) for part in parts):
            yield path


def _refuse_links(project: Path, folder: Path, names: dict[str, bytes]) -> None:
    """Refuse to write through a link: it leads out of the project, or into this very package."""
    places = {project / "Packages", folder, folder / RECORD}
    for name in names:
        path = folder / name
        places |= {path, *(parent for parent in path.parents if folder in parent.parents)}
    for place in sorted(places):
        if place.is_symlink():
            raise InputRefused(
                "a folder of the project's own",
                f"a link: {str(place)!r}",
                "remove the link, or update what it leads to",
                code="package_linked",
            )


def _is_file(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()


def _read_record(folder: Path) -> dict[str, str]:
    """Return the hashes of what an earlier export wrote; nothing, if there is no sound record."""
    try:
        text = (folder / RECORD).read_bytes()[:_RECORD_BYTES]
        files = json.loads(text)["files"]
        hashes = {str(name): str(value) for name, value in files.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}
    # A record that names places elsewhere is none of ours: nothing outside is ever removed.
    return {name: value for name, value in hashes.items() if _is_inside(name)}


def _is_inside(name: str) -> bool:
    path = Path(name)
    return not path.is_absolute() and ".." not in path.parts and bool(path.parts)


def _record(hashes: dict[str, str]) -> bytes:
    return (json.dumps({"version": __version__, "files": hashes}, indent=1) + "\n").encode()


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _write(path: Path, content: bytes) -> None:
    """Put a file in place at once: Unity may look at any moment."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.new")
    try:
        new.write_bytes(content)
        new.replace(path)
    except OSError:
        new.unlink(missing_ok=True)
        raise


def _remove_empty(folder: Path, top: Path) -> None:
    """Remove folders that held only what is gone."""
    while folder != top and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent
