"""The files beside a .gltf: only in its own folder or below, never a network address."""

import base64
import binascii
import re
import urllib.parse
from pathlib import Path, PurePosixPath

from branchxr.errors import SceneRefused

from ..mapped import Raw, sha256_of
from ..refusal import refused


class Resources:
    """Read what a scene file names, and remember what was read."""

    def __init__(self, path: Path, raw: Raw) -> None:
        self.file = path.name
        self._folder = path.parent
        self._read: dict[str, Raw] = {path.name: raw}

    @property
    def size_bytes(self) -> int:
        """Bytes of all files that were read."""
        return sum(map(len, self._read.values()))

    def hashes(self) -> dict[str, str]:
        """Return name -> SHA-256 of all files that were read, by name."""
        return {name: sha256_of(raw) for name, raw in sorted(self._read.items())}

    def load(self, uri: str, *, place: str) -> bytes:
        """Return the bytes of a data URI or of a neighbouring file.

        Raises:
            SceneRefused: `scene_path`: an address, or outside the folder; `scene_missing_file`.
        """
        if uri[:5].lower() == "data:":
            return self._inline(uri, place)
        name = urllib.parse.unquote(uri)
        if not self._is_inside(name):
            raise self._refused(
                "scene_path",
                place,
                "a file in the scene's own folder",
                f"{uri[:120]!r}",
                "put the file beside the scene and export again",
            )
        if name not in self._read:
            try:
                self._read[name] = _bytes_of(self._folder / name)
            except OSError as error:
                raise self._refused(
                    "scene_missing_file",
                    place,
                    f"the file {name!r} beside the scene",
                    error.strerror or str(error) or type(error).__name__,
                    "copy it there, or export as a single .glb",
                ) from error
        return self._read[name][:]

    def neighbour(self, name: str, *, bytes_max: int) -> bytes | None:
        r"""Return the bytes of a file by its plain path in the folder; `None` where there is none.

        Args:
            name: relative; `\` and `/` both part folders; nothing is unquoted.
            bytes_max: a larger file counts as none.
        """
        name = re.sub(r"^(\./+)+", "", name.replace("\\", "/"))
        if not self._is_inside(name):
            return None
        if name not in self._read:
            path = self._folder / name
            try:
                if not path.is_file() or path.stat().st_size > bytes_max:
                    return None
                self._read[name] = path.read_bytes()
            except (OSError, ValueError):
                return None
        return self._read[name][:]

    def _is_inside(self, name: str) -> bool:
        """Refuse schemes, drives, absolute paths and every way out, links included."""
        if re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", name) or "\\" in name or "\0" in name:
            return False
        path = PurePosixPath(name)
        if not name or path.is_absolute() or ".." in path.parts:
            return False
        folder = self._folder.resolve()
        try:
            return (folder / name).resolve().is_relative_to(folder)
        except (OSError, RuntimeError):  # a link that leads to itself: OSError from Python 3.13 on
            return False

    def _inline(self, uri: str, place: str) -> bytes:
        head, comma, body = uri.partition(",")
        try:
            is_base64 = bool(comma) and head.lower().endswith(";base64")
            # A lone `=` is no base64 at all: the reason is then the decoder's own.
            return base64.b64decode(urllib.parse.unquote(body) if is_base64 else "=", validate=True)
        except (ValueError, binascii.Error) as error:
            raise self._refused(
                "scene_malformed",
                place,
                "a data: URI in base64",
                str(error),
                "export as a single .glb",
            ) from error

    def _refused(
        self, code: str, place: str, expected: str, came: str, remedy: str
    ) -> SceneRefused:
        return refused(
            code, file=self.file, place=place, expected=expected, came=came, remedy=remedy
        )


def _bytes_of(path: Path) -> bytes:
    if path.exists() and not path.is_file():  # who opens a pipe waits for ever
        raise OSError("a folder, a pipe or a device")
    return path.read_bytes()
