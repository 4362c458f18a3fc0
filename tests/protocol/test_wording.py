"""Names that cannot be mistaken, and what may be said."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from branchxr.protocol.wording import (
    clean_name,
    distinct,
    fault_of_chat,
    fault_of_choice,
    skeleton,
)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ada", "ada"),
        ("Ada", "\u0410d\u0430"),  # Cyrillic
        ("Oxana", "\u041exana"),
        ("Ilya", "llya"),
        ("Bob", "B0b"),
        ("Anna", "A n n a"),
        ("René", "Rene"),
        ("Marn", "Mam"),
        ("Straße", "Strasse"),
        ("\u0412\u0435\u0440\u0430", "Bepa"),
        ("Tau", "\u03a4\u03b1u"),
    ],
)
def test_names_that_look_alike_have_one_skeleton(one: str, other: str) -> None:
    assert skeleton(one) == skeleton(other)


@pytest.mark.parametrize(("one", "other"), [("Ada", "Eda"), ("Иван", "Ивана"), ("李", "王")])
def test_other_names_have_another(one: str, other: str) -> None:
    assert skeleton(one) != skeleton(other)


@given(st.text(max_size=30), st.lists(st.text(max_size=30), max_size=8))
def test_a_distinct_name_looks_like_nobody_elses(name: str, others: list[str]) -> None:
    found = distinct(name, others=others)
    assert skeleton(found) not in {skeleton(other) for other in others}
    assert len(found) <= max(len(name), 40)


@given(st.text(max_size=50))
def test_cleaning_twice_is_cleaning_once(name: str) -> None:
    assert clean_name(clean_name(name)) == clean_name(name)


def test_the_very_same_name_is_no_fault_but_a_look_alike_is() -> None:
    assert fault_of_choice("Ada", others=["Ada"], staff=[]) is None
    assert fault_of_choice("ADA", others=["Ada"], staff=[]) is not None
    assert fault_of_choice("Ada", others=["Ada"], staff=["Ada"]) is not None
    assert fault_of_choice("Иван Петров", others=["Ada"], staff=[]) is None
    assert fault_of_choice("!?", others=[], staff=[]) is not None


@pytest.mark.parametrize(
    ("text", "is_fine"),
    [
        ("Здравствуйте! Как дела? 👋🏽", True),
        ("می\u200cخواهم", True),
        ("👩\u200d💻", True),
        (" ", False),
        ("a\u200bb", False),
        ("\u202etxt", False),
        ("tab\t", False),
        ("12345678901", False),
    ],
)
def test_chat(text: str, is_fine: bool) -> None:
    limit = 10 if text.startswith("1") else 100
    assert (fault_of_chat(text, max_characters=limit) is None) is is_fine
