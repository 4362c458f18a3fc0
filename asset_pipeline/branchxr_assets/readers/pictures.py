"""Find the pictures a scene names, near it only, and turn them into what glTF holds."""

import re
import urllib.parse
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Final

from ..warnings import SceneWarning
from .picture_formats import SUFFIXES, converted
from .resources import Resources

ENTRIES_MAX: Final = 50_000
"""Files and folders below a scene that are looked at; more are not searched."""
DEPTH_MAX: Final = 6
BYTES_MAX: Final = 512 * 1024 * 1024
"""Of one picture file; an 8192 x 8192 RGBA TGA has half of it."""
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")


@dataclass(frozen=True, slots=True)
class Picture:
    """An image that glTF holds.

    Attributes:
        mime: `image/png`, `image/jpeg`, `image/webp` or `image/ktx2`.
        name: for people: the file's name without folders and suffix.
    """

    raw: bytes
    mime: str
    name: str


@dataclass(slots=True)
class Pictures:
    """Look for pictures in the scene's own folder and below it, and remember what was found.

    Paths are tried as the source states them where they are relative and stay inside; then, and
    for paths of other disks, by file name alone, whatever its case: FBX, 3ds Max and Maya write
    where the file lay on the author's machine. Nothing outside the folder and no address is
    ever read. What cannot be had is in `warnings`.
    """

    resources: Resources
    folder: Path
    warnings: list[SceneWarning] = field(default_factory=list)
    _found: dict[tuple[str, ...], Picture | None] = field(default_factory=dict)
    _below: dict[str, list[str]] | None = None

    def find(self, *stated: str, place: str) -> Picture | None:
        r"""Return a picture by the paths that a source states for it, the best first.

        Args:
            stated: such as a relative and an absolute path; `/` or `\` between folders;
                `file:` addresses are taken as paths.
            place: the object that uses it, for warnings: `material 'Oak'`.
        """
        names = tuple(name for name in (_cleaned(path) for path in stated) if name)
        if names not in self._found:
            self._found[names] = self._search(names, place)
        return self._found[names]

    def embedded(self, raw: bytes, name: str, *, place: str) -> Picture | None:
        """Return a picture whose bytes the source carries itself; `name` may be a path."""
        stem = PurePosixPath(_cleaned(name) or name).name
        return self._made(raw, stem, place)

    def _search(self, names: tuple[str, ...], place: str) -> Picture | None:
        if not names:
            return self._missing("image_missing", "no file is named", place)
        addresses = [n for n in names if _SCHEME.match(n) and not _is_drive(n)]
        paths = [n for n in names if n not in addresses]
        if not paths:
            message = f"{addresses[0][:120]!r} is an address; only files beside the scene are read"
            return self._missing("image_outside", message, place)
        # Some programs write paths as addresses; a file of that very name goes first.
        paths += [plain for plain in map(urllib.parse.unquote, paths) if plain not in paths]
        for path in paths:
            if _is_plain(path) and (raw := self._load(path)) is not None:
                return self._made(raw, path, place)
        for path in paths:
            for name in self._candidates(path, place):
                if (raw := self._load(name)) is not None:
                    return self._made(raw, name, place)
        is_outside = not any(_is_plain(path) for path in paths)
        code = "image_outside" if is_outside else "image_missing"
        last = PurePosixPath(paths[0].replace("\\", "/")).name[:120]
        message = f"{paths[0][:200]!r} was not found; put {last!r} beside the scene"
        return self._missing(code, message, place)

    def _candidates(self, path: str, place: str) -> list[str]:
        """Return files of the same name below the folder, the likeliest first."""
        steps = [step.lower() for step in path.replace("\\", "/").split("/") if step]
        if not steps:
            return []
        found = self._index().get(steps[-1], [])

        def unlikeness(name: str) -> tuple[int, int, str]:
            own = name.lower().split("/")
            same = 0
            while same < min(len(own), len(steps)) and own[-1 - same] == steps[-1 - same]:
                same += 1
            return (-same, len(own), name)

        ordered = sorted(found, key=unlikeness)
        if len(ordered) > 1 and unlikeness(ordered[0])[:2] == unlikeness(ordered[1])[:2]:
            message = (
                f"{path[:120]!r} may be {' or '.join(map(repr, ordered[:2]))}; the first is used"
            )
            self.warnings.append(SceneWarning("image_guessed", place, message))
        return ordered

    def _index(self) -> dict[str, list[str]]:
        """List pictures below the folder once, by lower-case name."""
        if self._below is None:
            self._below = {}
            for name in _walk(self.folder):
                key = name.rpartition("/")[2].lower()
                self._below.setdefault(key, []).append(name)
        return self._below

    def _load(self, name: str) -> bytes | None:
        return self.resources.neighbour(name, bytes_max=BYTES_MAX)

    def _made(self, raw: bytes, name: str, place: str) -> Picture | None:
        label = PurePosixPath(name.replace("\\", "/")).name
        made = converted(raw)
        if made is None:
            message = (
                f"{label[:120]!r} is no picture that can be read; save it as PNG or JPEG"
                if raw
                else f"{label[:120]!r} is empty; export it again"
            )
            return self._missing("image_unreadable", message, place)
        if made.lost:
            message = f"{label[:120]!r} was turned into PNG: {made.lost}"
            self.warnings.append(SceneWarning("image_converted", place, message))
        return Picture(made.raw, made.mime, PurePosixPath(label).stem)

    def _missing(self, code: str, message: str, place: str) -> Picture | None:
        self.warnings.append(SceneWarning(code, place, f"its texture is left out: {message}"))
        return None


def _cleaned(path: str) -> str:
    """Return a stated path without quotes, `file:` and percent signs of an address."""
    name = path.strip().strip('"').replace("\0", "")
    if name[:5].lower() == "file:":
        name = urllib.parse.unquote(name[5:])
        name = re.sub(r"^/{2,3}(?=[A-Za-z]:|$)", "", name)
        name = re.sub(r"^//(localhost)?(?=/)", "", name)
    return name


def _is_drive(path: str) -> bool:
    return re.match(r"[A-Za-z]:[\\/]", path) is not None


def _is_plain(path: str) -> bool:
    """Tell whether a path is relative and never goes up."""
    steps = path.replace("\\", "/").split("/")
    return bool(steps[0]) and ".." not in steps and not re.match(r"[A-Za-z]:", path)


def _walk(folder: Path) -> Iterable[str]:
    """Yield pictures below a folder, breadth first, in order of their names; links are skipped."""
    seen = 0
    level = [(folder, "")]
    for _ in range(DEPTH_MAX):
        deeper = []
        for current, prefix in level:
            try:
                entries = sorted(current.iterdir())
            except OSError:
                continue
            for entry in entries:
                seen += 1
                if seen > ENTRIES_MAX:
                    return
                if entry.is_symlink():
                    continue
                if entry.suffix.lower() in SUFFIXES:
                    yield prefix + entry.name
                elif entry.is_dir():
                    deeper.append((entry, f"{prefix}{entry.name}/"))
        level = deeper
