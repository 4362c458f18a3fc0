"""Amounts of money: integer minor units and an ISO 4217 currency, and no floats anywhere near."""

import re
from typing import Final, Self

from .errors import InvalidMoney

EXPONENTS: Final[dict[str, int]] = {
    # ISO 4217, list one, as amended on 2026-01-01: number of decimals of the minor unit.
    "AED": 2, "AMD": 2, "AUD": 2, "AZN": 2, "BHD": 3, "BRL": 2, "BYN": 2, "CAD": 2, "CHF": 2,
    "CLP": 0, "CNY": 2, "CZK": 2, "DKK": 2, "EUR": 2, "GBP": 2, "GEL": 2, "HKD": 2, "HUF": 2,
    "IDR": 2, "ILS": 2, "INR": 2, "ISK": 0, "JOD": 3, "JPY": 0, "KGS": 2, "KRW": 0, "KWD": 3,
    "KZT": 2, "MDL": 2, "MXN": 2, "NOK": 2, "NZD": 2, "OMR": 3, "PLN": 2, "RON": 2, "RSD": 2,
    "RUB": 2, "SAR": 2, "SEK": 2, "SGD": 2, "THB": 2, "TJS": 2, "TMT": 2, "TND": 3, "TRY": 2,
    "UAH": 2, "USD": 2, "UZS": 2, "VND": 0, "ZAR": 2,
}  # fmt: skip

MAX_MINOR: Final = 10**15
"""Largest amount in minor units. Well below 2**53, so that every peer can hold it exactly."""


class Money:
    """An amount of one currency, exact; immutable, hashable, ordered within a currency.

    >>> Money("25.00", "RUB").minor
    2500
    >>> str(Money.from_minor(2500, "RUB"))
    '25.00 RUB'

    Args:
        amount: ASCII digits with exactly the decimals of the currency, optionally one leading
            minus: ``"25.00"`` for RUB, ``"25"`` for JPY, ``"25.000"`` for KWD.
        currency: three capital letters of ISO 4217.

    Raises:
        InvalidMoney: anything else: another count of decimals, a float, an exponent, spaces,
            digits that are not ASCII, an unknown currency, or more than `MAX_MINOR`.
    """

    __slots__ = ("currency", "minor")

    minor: int
    currency: str

    def __init__(self, amount: str, currency: str) -> None:
        exponent = exponent_of(currency)
        decimals = rf"\.[0-9]{{{exponent}}}" if exponent else ""
        if not isinstance(amount, str) or not re.fullmatch(
            rf"-?(0|[1-9][0-9]{{0,15}}){decimals}", amount
        ):
            example = "25." + "0" * exponent if exponent else "25"
            raise InvalidMoney(
                f"an amount of {currency} with exactly {exponent} decimals, such as {example!r}",
                f"{amount!r:.60}",
                "write it as a string of ASCII digits",
            )
        self._set(int(amount.replace(".", "")), currency)

    @classmethod
    def from_minor(cls, minor: int, currency: str) -> Self:
        """Make an amount from integer minor units (kopecks, cents).

        Raises:
            InvalidMoney: not an integer, too large, or an unknown currency.
        """
        exponent_of(currency)
        if isinstance(minor, bool) or not isinstance(minor, int):
            raise InvalidMoney(
                "an integer number of minor units", repr(minor)[:60], "use Money('25.00', 'RUB')"
            )
        money = cls.__new__(cls)
        money._set(minor, currency)
        return money

    def _set(self, minor: int, currency: str) -> None:
        if abs(minor) > MAX_MINOR:
            raise InvalidMoney(f"at most {MAX_MINOR} minor units", f"{minor}", "split the amount")
        object.__setattr__(self, "minor", minor)
        object.__setattr__(self, "currency", currency)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"Money is immutable: cannot set {name!r}")

    @property
    def amount(self) -> str:
        """The decimal string with exactly the currency's decimals, as on the wire."""
        exponent = EXPONENTS[self.currency]
        digits = str(abs(self.minor)).rjust(exponent + 1, "0")
        sign = "-" if self.minor < 0 else ""
        return sign + (f"{digits[:-exponent]}.{digits[-exponent:]}" if exponent else digits)

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"

    def __repr__(self) -> str:
        return f"Money({self.amount!r}, {self.currency!r})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Money):
            return NotImplemented
        return (self.minor, self.currency) == (other.minor, other.currency)

    def __hash__(self) -> int:
        return hash((self.minor, self.currency))

    def __reduce__(self) -> tuple[type["Money"], tuple[str, str]]:
        return Money, (self.amount, self.currency)

    def __lt__(self, other: "Money") -> bool:
        return self.minor < self._same(other)

    def __le__(self, other: "Money") -> bool:
        return self.minor <= self._same(other)

    def __add__(self, other: "Money") -> "Money":
        return Money.from_minor(self.minor + self._same(other), self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money.from_minor(self.minor - self._same(other), self.currency)

    def __neg__(self) -> "Money":
        return Money.from_minor(-self.minor, self.currency)

    def _same(self, other: "Money") -> int:
        if not isinstance(other, Money) or other.currency != self.currency:
            raise InvalidMoney(
                f"an amount in {self.currency}", repr(other)[:60], "convert it first"
            )
        return other.minor


def exponent_of(currency: str) -> int:
    """Return the number of decimals of a currency's minor unit.

    Raises:
        InvalidMoney: the currency is not in `EXPONENTS`.
    """
    try:
        return EXPONENTS[currency]
    except (KeyError, TypeError):
        raise InvalidMoney(
            "a currency code of ISO 4217 such as 'RUB'", f"{currency!r:.20}", "correct the code"
        ) from None
