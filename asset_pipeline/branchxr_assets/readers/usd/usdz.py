"""Check a USDZ archive before anything else opens it.

USDZ is a zip whose files are stored as they are (USDZ specification, "Zip Constraints"): nothing
is compressed or encrypted, so nothing can grow. An archive that says otherwise, whose two lists
of files differ, or whose names lead out of it, is refused; what passes is unpacked into a folder
of its own, so that its layers are read by the same rules as those beside a `.usda`.
"""

import struct
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from branchxr.errors import SceneRefused

from ...refusal import refused
from ..archives import ZIP_FAULTS, is_plain_name

ENTRIES_MAX: Final = 10_000
_LOCAL: Final = struct.Struct("<4s5H3I2H")
_ENCRYPTED: Final = 0x1
_SUFFIXES: Final = (".usd", ".usda", ".usdc")


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of the archive.

    Attributes:
        start: where its bytes begin.
        size_bytes: how many there are.
    """

    name: str
    start: int
    size_bytes: int


def is_zip(raw: bytes) -> bool:
    """Tell whether bytes begin as a zip archive does."""
    return raw[:4] in {b"PK\x03\x04", b"PK\x05\x06"}


def entries_of(path: Path, raw: bytes) -> list[Entry]:
    """Return what a USDZ archive holds, its default layer first.

    Raises:
        SceneRefused: `usdz_malformed`, `usdz_compressed`, `usdz_path`, `usdz_too_many`.
    """
    file = path.name
    try:
        with path.open("rb") as opened, zipfile.ZipFile(opened) as archive:
            listed = [info for info in archive.infolist() if not info.filename.endswith("/")]
    except ZIP_FAULTS as error:
        came = f"a broken one ({str(error) or type(error).__name__})"
        raise _refused(
            "usdz_malformed", file, "the list of files", "a zip archive", came
        ) from error
    if len(listed) > ENTRIES_MAX:
        came = f"{len(listed)} of them"
        raise _refused("usdz_too_many", file, "the archive", f"at most {ENTRIES_MAX} files", came)
    entries = [_entry(info, raw, file) for info in listed]
    _check_apart(entries, file)
    if not entries or not entries[0].name.lower().endswith(_SUFFIXES):
        came = repr(entries[0].name[:120]) if entries else "an empty archive"
        expected = "a .usd, .usda or .usdc layer as the first file"
        raise _refused("usdz_malformed", file, "the first file", expected, came)
    return entries


def unpack(entries: list[Entry], raw: bytes, folder: Path) -> Path:
    """Write an archive's files into an empty folder; return the path of its default layer."""
    for entry in entries:
        target = folder / entry.name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(raw[entry.start : entry.start + entry.size_bytes])
    return folder / entries[0].name


def _entry(info: zipfile.ZipInfo, raw: bytes, file: str) -> Entry:
    place = f"{info.filename[:120]!r}"
    if info.compress_type != zipfile.ZIP_STORED or info.flag_bits & _ENCRYPTED:
        kind = "encrypted" if info.flag_bits & _ENCRYPTED else "compressed"
        raise refused(
            "usdz_compressed",
            file=file,
            place=place,
            expected="files stored as they are, as USDZ demands",
            came=f"a {kind} one that says it becomes {info.file_size} bytes",
            remedy="export the .usdz again, or pack it with usdzip or `zip -0`",
        )
    if info.compress_size != info.file_size:
        came = f"{info.compress_size} bytes said to be {info.file_size}"
        raise _refused("usdz_malformed", file, place, "one size of a stored file", came)
    _check_name(info.filename, file, place)
    return Entry(info.filename, _start(info, raw, file, place), info.file_size)


def _check_name(name: str, file: str, place: str) -> None:
    if not is_plain_name(name):
        came = "a name that leads elsewhere"
        raise _refused("usdz_path", file, place, "names inside the archive", came)


def _start(info: zipfile.ZipInfo, raw: bytes, file: str, place: str) -> int:
    """Return where a file's bytes begin, by its own header, which must say what the list says."""
    at = info.header_offset
    header = raw[at : at + _LOCAL.size]
    if len(header) < _LOCAL.size or header[:4] != b"PK\x03\x04":
        came = f"none at byte {at}"
        raise _refused("usdz_malformed", file, place, "the header of a file", came)
    _, _, flags, method, *_, packed, size, name_length, extra_length = _LOCAL.unpack(header)
    name = raw[at + _LOCAL.size :][:name_length]
    is_alike = (
        method == info.compress_type
        and not flags & _ENCRYPTED
        and size in {info.file_size, 0, 0xFFFFFFFF}
        and packed in {info.file_size, 0, 0xFFFFFFFF}
        and name == info.orig_filename.encode("utf-8" if info.flag_bits & 0x800 else "cp437")
    )
    start: int = at + _LOCAL.size + name_length + extra_length
    if not is_alike or start + info.file_size > len(raw):
        came = "a header that contradicts the archive's list, or bytes beyond its end"
        raise _refused("usdz_malformed", file, place, "a file as the archive lists it", came)
    return start


def _check_apart(entries: list[Entry], file: str) -> None:
    """Refuse names that stand twice, and files that share bytes."""
    names = [entry.name.lower() for entry in entries]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        came = "the same name twice"
        raise _refused("usdz_malformed", file, f"{twice[:120]!r}", "each file once", came)
    end = 0
    for entry in sorted(entries, key=lambda entry: entry.start):
        if entry.start < end:
            came = "bytes of another file"
            raise _refused("usdz_malformed", file, f"{entry.name[:120]!r}", "its own bytes", came)
        end = entry.start + entry.size_bytes


def _refused(code: str, file: str, place: str, expected: str, came: str) -> SceneRefused:
    return refused(
        code,
        file=file,
        place=place,
        expected=expected,
        came=came,
        remedy="export the .usdz again, or pack it with usdzip",
    )
