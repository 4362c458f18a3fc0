"""Laws of money: exact, closed, one currency at a time."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from branchxr import Money
from branchxr.errors import InvalidMoney
from branchxr.money import EXPONENTS, MAX_MINOR

minors = st.integers(-(MAX_MINOR // 4), MAX_MINOR // 4)
currencies = st.sampled_from(sorted(EXPONENTS))


@given(minors, currencies)
def test_text_and_minor_units_say_the_same(minor: int, currency: str) -> None:
    money = Money.from_minor(minor, currency)
    assert Money(money.amount, currency) == money
    assert pickle.loads(pickle.dumps(money)) == money
    assert len(money.amount.partition(".")[2]) == EXPONENTS[currency]


@given(minors, minors, currencies)
def test_sums_lose_nothing(a: int, b: int, currency: str) -> None:
    left, right = Money.from_minor(a, currency), Money.from_minor(b, currency)
    assert (left + right).minor == a + b
    assert left + right - right == left
    assert (-left).minor == -a
    assert (left < right) == (a < b)
    assert hash(left) == hash(Money.from_minor(a, currency))


@pytest.mark.parametrize(
    "amount",
    ["25.001", "25.0", "25", "25.", ".25", "1e2", "٢٥.00", "25.00\n", " 25.00", "+25.00", "025.00",
     "25,00", "0x19", "NaN", "Infinity", "", "--1.00", "1_0.00", "２５.00", 25, 25.0, None,
     b"25.00", "99999999999999999.00"],
)  # fmt: skip
def test_refuses_what_is_not_exactly_an_amount(amount: object) -> None:
    with pytest.raises(InvalidMoney) as caught:
        Money(amount, "RUB")  # type: ignore[arg-type]
    assert caught.value.code == "invalid_money"


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [("25.00", "RUB", 2500), ("0.01", "EUR", 1), ("25", "JPY", 25), ("1.234", "KWD", 1234),
     ("-0.50", "USD", -50)],
)  # fmt: skip
def test_accepts_each_exponent(amount: str, currency: str, minor: int) -> None:
    assert Money(amount, currency).minor == minor


@pytest.mark.parametrize(("amount", "currency"), [("25.00", "JPY"), ("25.00", "KWD"), ("1", "rub"),
                                                  ("1.00", "XXX"), ("1.00", None)])  # fmt: skip
def test_refuses_other_decimals_and_currencies(amount: str, currency: str) -> None:
    with pytest.raises(InvalidMoney):
        Money(amount, currency)


def test_currencies_do_not_mix() -> None:
    with pytest.raises(InvalidMoney):
        Money("1.00", "RUB") + Money("1.00", "EUR")
    assert Money("1.00", "RUB") != Money("1.00", "EUR")


@pytest.mark.parametrize("minor", [1.0, True, "1", None, MAX_MINOR + 1, -MAX_MINOR - 1])
def test_minor_units_are_bounded_integers(minor: object) -> None:
    with pytest.raises(InvalidMoney):
        Money.from_minor(minor, "RUB")  # type: ignore[arg-type]


def test_is_immutable() -> None:
    with pytest.raises(AttributeError):
        Money("1.00", "RUB").minor = 5
