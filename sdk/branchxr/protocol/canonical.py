"""JSON that has one spelling (RFC 8785), JSON that has one meaning (RFC 7493), and base64url."""

import base64
import hashlib
import json
import math
import re
from collections.abc import Iterable
from typing import Any, Final

import rfc8785

from ..errors import ProtocolError

_MAX_INTEGER: Final = 2**53 - 1  # RFC 7493 section 2.2


def canonical_json(value: Any) -> bytes:  # Any: whatever JSON can hold
    """Serialise a JSON value as RFC 8785 says.

    Raises:
        ProtocolError: `json_not_canonical`: NaN, infinity, an integer of 2**53 or more, a lone
            surrogate, nesting without end, or something JSON has no form for.
    """
    try:
        return rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, UnicodeEncodeError, RecursionError) as error:
        raise _refused("json_not_canonical", type(error).__name__) from None


def load_json(text: bytes) -> Any:  # Any: whatever JSON can hold
    """Read JSON, refusing what readers disagree about (RFC 7493).

    That is: duplicate keys, NaN, integers of 2**53 or more, half a surrogate pair.

    Raises:
        ProtocolError: `json_duplicate_key` or `json_malformed`.
    """
    try:
        value = json.loads(
            text.decode("utf-8"),
            object_pairs_hook=_object_of,
            parse_constant=_refuse_constant,
            parse_int=_integer_of,
            parse_float=_float_of,
        )
        if b"\\u" in text:  # only an escape can bring one: UTF-8 itself has no surrogates
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError) as error:
        raise _refused("json_malformed", type(error).__name__) from None
    return value


def fingerprint(value: Any) -> bytes:  # Any: whatever JSON can hold
    """Return SHA-256 over the canonical form: two requests are the same if these are equal."""
    return hashlib.sha256(canonical_json(value)).digest()


def _object_of(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    members: dict[str, Any] = {}
    for key, value in pairs:
        if key in members:
            raise _refused("json_duplicate_key", "a key that comes twice")
        members[key] = value
    return members


def _refuse_constant(_name: str) -> Any:
    raise ValueError("not JSON")


def _integer_of(digits: str) -> int:
    number = int(digits) if len(digits) <= 17 else _MAX_INTEGER + 1
    if abs(number) > _MAX_INTEGER:
        raise ValueError("beyond what every peer can hold")
    return number


def _float_of(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError("beyond a double")
    return number


def decode_base64url(text: str) -> bytes:
    """Decode base64url without padding (RFC 7515 section 2), refusing any other spelling.

    Raises:
        ValueError: a character outside the alphabet, padding, or stray bits at the end.
    """
    if not re.fullmatch(r"[A-Za-z0-9_-]*", text):
        raise ValueError("not base64url")
    decoded = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))  # binascii.Error: ValueError
    if encode_base64url(decoded) != text:
        raise ValueError("not base64url: stray bits")
    return decoded


def encode_base64url(value: bytes) -> str:
    """Encode as base64url without padding (RFC 7515 section 2)."""
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def _refused(code: str, came: str) -> ProtocolError:
    return ProtocolError("JSON as RFC 7493 (I-JSON) allows", came, "send other JSON", code=code)
