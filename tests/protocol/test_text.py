"""Text that may stand in front of somebody who decides."""

import pytest

from branchxr.protocol.text import fault_of, fault_of_name


@pytest.mark.parametrize(
    "text",
    ["", "rent", "Городская аптека № 5", "Müller & Söhne", "東京カメラ店", "Ελένη", "Ada 2", "👋"],
)
def test_plain_text_is_taken(text: str) -> None:
    assert fault_of(text, max_characters=40) is None


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("x" * 41, "more than"),
        ("e\u0301", "form C"),
        ("a\u202eb", "invisible"),
        ("a\u200bb", "invisible"),
        ("a\tb", "control"),
        ("\ud800", "control"),
        ("Вank", "alphabets"),
        ("\U0001d401ob", "looks like"),
        ("\uff11\uff10", "looks like"),
    ],
)
def test_deceiving_text_is_refused(text: str, fault: str) -> None:
    assert fault in (fault_of(text, max_characters=40) or "")


@pytest.mark.parametrize("name", ["", " ", " Ada", "Ada ", "Ada  L", "x" * 41, "Ada\u202e"])
def test_names_that_are_refused(name: str) -> None:
    assert fault_of_name(name)


def test_a_name_that_is_taken() -> None:
    assert fault_of_name("Ada L") is None
