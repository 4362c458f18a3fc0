"""Unpack a COLLADA archive (.zae): a zip of a document and its pictures.

COLLADA 1.5, "COLLADA Archive": `manifest.xml` names the document in `<dae_root>`; archives
without one have a document all the same. What an archive may become is bounded before anything
of it is unpacked, and no name may lead out of it.
"""

import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Final

from branchxr.errors import SceneRefused

from ..refusal import refused
from .archives import ZIP_FAULTS, is_plain_name
from .xml_tree import parse_xml

ENTRIES_MAX: Final = 10_000
UNPACKED_BYTES_MAX: Final = 512 * 2**20
_UNPACKED_PER_BYTE: Final = 40
"""An archive may become so many bytes, or so many for each of its own: XML packs 5:1 to 20:1."""
_MANIFEST: Final = "manifest.xml"


@contextmanager
def unpacked(path: Path) -> Iterator[Path]:
    """Unpack an archive for a while; yield the document in it.

    Raises:
        SceneRefused: `zae_malformed`, `zae_path`, `zae_too_large`.
    """
    with TemporaryDirectory(prefix="branchxr-zae-") as made:
        folder = Path(made)
        try:
            with zipfile.ZipFile(path) as archive:
                entries = _entries(archive, path)
                for entry in entries:
                    target = folder / entry.filename
                    target.parent.mkdir(parents=True, exist_ok=True)
                    target.write_bytes(archive.read(entry))
        except ZIP_FAULTS as error:
            came = f"a broken one ({str(error) or type(error).__name__})"[:200]
            raise _refused("zae_malformed", path, "its files", "a zip archive", came) from error
        yield _document(folder, [entry.filename for entry in entries], path)


def _entries(archive: zipfile.ZipFile, path: Path) -> list[zipfile.ZipInfo]:
    listed = [info for info in archive.infolist() if not info.filename.endswith("/")]
    if len(listed) > ENTRIES_MAX:
        came = f"{len(listed)} of them"
        raise _refused("zae_too_large", path, "its files", f"at most {ENTRIES_MAX}", came)
    most = max(UNPACKED_BYTES_MAX, _UNPACKED_PER_BYTE * path.stat().st_size)
    # `zipfile` reads no more of a file than is said here, and checks that it is all.
    size = sum(info.file_size for info in listed)
    if size > most:
        expected = f"files that become at most {most // 2**20} MiB"
        raise _refused("zae_too_large", path, "its files", expected, f"{size // 2**20} MiB")
    for info in listed:
        if not is_plain_name(info.filename):
            place, came = f"{info.filename[:120]!r}", "a name that leads elsewhere"
            raise _refused("zae_path", path, place, "names inside the archive", came)
    return listed


def _document(folder: Path, names: list[str], path: Path) -> Path:
    """Return the document that the manifest names, or else the first one."""
    found = [name for name in names if name.lower().endswith(".dae")]
    if _MANIFEST in names:
        root = parse_xml((folder / _MANIFEST).read_bytes(), file=f"{path.name}/{_MANIFEST}")
        named = _root_of(root)
        found = [name for name in found if name == named] or found
    if not found:
        came = ", ".join(names[:3])[:120] or "no file"
        raise _refused("zae_malformed", path, "its files", "a COLLADA document (.dae)", came)
    return folder / found[0]


def _root_of(manifest: ET.Element) -> str:
    text = manifest.findtext("dae_root") if manifest.tag != "dae_root" else manifest.text
    return str(PurePosixPath((text or "").strip().removeprefix("./").partition("#")[0]))


def _refused(code: str, path: Path, place: str, expected: str, came: str) -> SceneRefused:
    return refused(
        code,
        file=path.name,
        place=place,
        expected=expected,
        came=came,
        remedy="export the scene again, or unpack the archive and name the .dae inside",
    )
