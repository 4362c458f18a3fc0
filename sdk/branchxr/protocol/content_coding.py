"""Which encoding an `Accept-Encoding` asks for (RFC 9110 section 12.5.3)."""

import re
from typing import Final

_NO_WEIGHT: Final = 1.0


def prefers_brotli(accept_encoding: str | None) -> bool:
    """Tell whether brotli is accepted, and no less welcome than no encoding (section 12.5.3)."""
    if accept_encoding is None:
        return False
    weights: dict[str, float] = {}
    for item in accept_encoding.lower().split(","):
        coding, *parameters = (part.strip() for part in item.split(";"))
        weights[coding] = _weight_of(parameters)
    anything = weights.get("*")
    brotli = weights.get("br", anything if anything is not None else 0.0)
    identity = weights.get("identity", anything if anything is not None else 0.0)
    return brotli > 0 and brotli >= identity


def _weight_of(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            is_weight = re.fullmatch(r"(0(\.[0-9]{0,3})?|1(\.0{0,3})?)", value.strip())
            return float(value) if is_weight else 0.0
    return _NO_WEIGHT
