"""The stub is Unity's surface and nothing else: one file a type, its driver out of sight."""

import re
from pathlib import Path

import pytest

from . import mono

STUB = mono.HERE / "stub"
FILES = sorted(STUB.rglob("*.cs"))
TYPES = [file for file in FILES if "Driver" not in file.parts]
PUBLIC = re.compile(
    r"^    public (?:static |sealed |abstract |partial |readonly )*"
    r"(?:class|struct|enum|interface) (\w+)",
    re.MULTILINE,
)
MARK = re.compile(
    r"// As UnityCsReference has it: [\w/.]+\.cs(?: and [\w.]+\.cs)?, "
    r"(?:Unity \d{4}\.\d+\.\d+[abfp]\d+|and the Script Reference of Unity \d{4}\.\d+)\.\n"
)
"""Of the reference the release that was read. Where no release is known for what was read of it,
its declarations were compared with those in the Script Reference of one that is named."""


def name_of(file: Path) -> str:
    return file.relative_to(STUB).as_posix()


@pytest.mark.parametrize("file", TYPES, ids=name_of)
def test_one_file_for_each_type_and_where_it_was_checked(file: Path) -> None:
    text = file.read_text()
    assert PUBLIC.findall(text) == [file.stem]
    assert MARK.match(text), "say which file and version of Unity's reference has it"
    (namespace,) = re.findall(r"^namespace ([\w.]+)$", text, re.MULTILINE)
    assert namespace.split(".")[0] == file.relative_to(STUB).parts[0]


def test_nothing_public_drives_it() -> None:
    drivers = [file for file in FILES if file not in TYPES]
    assert len(drivers) > 5
    for file in drivers:
        members = re.findall(r"^ .*\bpublic\b.*", file.read_text(), re.MULTILINE)
        assert [line for line in members if " override " not in line] == [], name_of(file)


def test_nothing_stands_in_it_for_nobody() -> None:
    sources = [*mono.PACKAGE.rglob("*.cs"), *(mono.HERE.rglob("*.cs")), *(STUB.rglob("*.cs"))]
    texts = {file: file.read_text() for file in sources}
    for file in TYPES:
        word = re.compile(rf"\b{file.stem.removesuffix('Attribute')}")
        assert any(word.search(text) for other, text in texts.items() if other != file), file
