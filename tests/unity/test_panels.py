"""What a game shows and hashes of a payment is what Python would: same bytes, same refusals."""

import json
import re
import unicodedata
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from branchxr.errors import ProtocolError
from branchxr.money import EXPONENTS
from branchxr.protocol.canonical import canonical_json
from branchxr.protocol.intent import challenge, parse
from branchxr.protocol.text import fault_of

from . import make_text_tables, mono

TABLES = mono.PACKAGE / "Runtime/Panels/DisplayTextTables.g.cs"


@pytest.fixture(scope="module")
def client(needs_tool: Callable[[str], str]) -> Path:
    needs_tool("mono")
    needs_tool("mcs")
    return mono.compile_package()["BranchXR.Client"]


@pytest.mark.tool
@pytest.mark.usefixtures("client")
def test_the_shared_vectors() -> None:
    tests = mono.compile_tests("BranchXR.VectorTests", [mono.HERE / "vectors"])
    vectors = {"BRANCHXR_VECTORS": str(mono.ROOT / "tests/vectors")}
    assert len(mono.run_tests(tests, environment=vectors)) == 9


def test_the_text_tables_are_current(update_golden: bool) -> None:
    if update_golden:
        TABLES.write_text(make_text_tables.render())
    if f"// Unicode {unicodedata.unidata_version}:" not in TABLES.read_text():
        pytest.skip(
            f"the tables are of another Unicode than this Python's {make_text_tables.VERSION}"
        )
    assert TABLES.read_text() == make_text_tables.render()


def test_the_game_knows_the_same_currencies() -> None:
    source = (mono.PACKAGE / "Runtime/Panels/Currencies.cs").read_text()
    found: dict[str, int] = {}
    for name, exponent in (("Two", 2), ("None", 0), ("Three", 3)):
        block = re.search(rf"const string {name} =(.*?);", source, re.DOTALL)
        assert block
        found |= dict.fromkeys(re.findall(r"[A-Z]{3}", block[1]), exponent)
    assert found == EXPONENTS


def texts(random: Random) -> list[str]:
    """Every character by itself, and words of letters that combine, compose and mix."""
    alone = [chr(code) for code in range(0x30000)]  # beyond: tags, and what is private
    rows = make_text_tables.compositions()
    composing = [chr(part) for row in random.sample(rows, 60) for part in row]
    marks = "\u0301\u0308\u0323\u0327\u0345\u3099\u094d\U0001d165"
    pool = ["abcо한한ᆨ가ΩЖΆաᎠ 한𝐀😀ｱẞ12-_.'", marks, "".join(composing)]
    words = [
        "".join(random.choices(random.choice(pool) + marks, k=random.randrange(1, 7)))
        for _ in range(20_000)
    ]
    composed = [chr(first) + chr(second) for first, second, _ in rows]
    return [*alone, *words, *composed, "", "x" * 140, "x" * 141, "😀" * 140, "😀" * 141]


@pytest.mark.tool
def test_the_same_texts_deceive(client: Path, tmp_path: Path) -> None:
    program = mono.compile_csharp(
        "Deceptive",
        [mono.HERE / "programs/Deceptive.cs"],
        references=[mono.engine(), client],
        is_program=True,
    )
    cases = texts(Random(5))
    file = tmp_path / "texts.txt"
    file.write_text("\n".join(case.encode("utf-16-be", "surrogatepass").hex() for case in cases))
    answers = mono.run(program, str(file)).strip()
    assert len(answers) == len(cases)
    wrong = [
        case
        for case, answer in zip(cases, answers, strict=True)
        if (answer == "1") != (fault_of(case, max_characters=140) is not None)
    ]
    assert not [f"U+{ord(case[0]):04X} {len(case)}" for case in wrong]


def spoilt(random: Random) -> list[bytes]:
    """Intents that somebody has tampered with, in their bytes or in their meaning."""
    golden = json.loads((mono.ROOT / "tests/vectors/intent.json").read_text())["golden"]
    cases = []
    for _ in range(1_500):
        case = random.choice(golden)
        data = bytearray(case["canonical"].encode())
        for _ in range(random.randrange(1, 4)):
            at = random.randrange(len(data))
            data[at : at + random.randrange(2)] = random.choice(PIECES)
        cases.append(bytes(data))
        intent = json.loads(json.dumps(case["intent"]))
        place = random.choice([intent, intent, intent["creditor"]])
        place[random.choice([*place, "more"])] = random.choice(VALUES)
        cases.append(random.choice([canonical_json, plain_json])(intent))
    return cases


def plain_json(value: object) -> bytes:
    return json.dumps(value).encode()


PIECES = [
    b"", b" ", b"0", b"1", b'"', b"\\", b"\\u0041", b"\\ud800", b"\xff", b"\xc3\xa9", b"e1", b".",
    b"-", b"{", b"}", b"[", b",", b'"a":1,', b"\x00", b"\xe2\x80\xae", b"null",
]  # fmt: skip
VALUES = [
    None, True, 1, 0, -1, 1.5, 2**53 - 1, "", "a", "0.00", "1.00", "EUR", "JPY", "é", "e\u0301",
    "\u0430b", "x" * 140, "x" * 141, "a b", " ", "\u200b", "\t", [], {}, {"account": "A"},
    "A\u0300",
    1_700_000_000, 1_700_000_120, "payment", "branchxr.intent/1", "\u00a0", "\u2028",
]  # fmt: skip


@pytest.mark.tool
def test_intents_are_refused_for_the_same_reasons(client: Path, tmp_path: Path) -> None:
    program = mono.compile_csharp(
        "ReadIntents",
        [mono.HERE / "programs/ReadIntents.cs"],
        references=[mono.engine(), client],
        is_program=True,
    )
    cases = spoilt(Random(11))
    file = tmp_path / "intents.txt"
    file.write_text("\n".join(case.hex() for case in cases))
    answers = mono.run(program, str(file)).splitlines()
    assert len(answers) == len(cases)
    seen = set()
    for case, answer in zip(cases, answers, strict=True):
        try:
            parse(case)
            expected = challenge(case).hex()
        except ProtocolError as refusal:
            expected = refusal.code
        assert answer == expected, case
        seen.add(expected)
    assert seen > {"json_malformed", "intent_malformed", "intent_not_canonical"}
