"""Which addresses a client goes to."""

from typing import Final
from urllib.parse import urlsplit

from ..errors import InputRefused

_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


def checked_address(base_url: str) -> str:
    """Return a branch's address without a slash at its end.

    Raises:
        InputRefused: `address_refused`.
    """
    try:
        parts = urlsplit(base_url)
        is_whole = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:  # a port that is none, a bracket that is not closed
        raise refused("something else") from None
    if not is_whole or parts.query or parts.fragment or parts.username is not None:
        raise refused("something else")
    if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
        raise refused("plain http to another machine")
    return base_url.rstrip("/")


def refused(came: str) -> InputRefused:
    """Return the error for an address that a client does not go to."""
    return InputRefused(
        "an address such as 'https://branch.example' or 'http://localhost:8710'",
        came,
        "correct the address",
        code="address_refused",
    )
