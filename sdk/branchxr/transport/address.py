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
    parts = urlsplit(base_url)
    is_whole = parts.scheme in {"http", "https"} and parts.hostname and not parts.query
    if not is_whole or parts.fragment or parts.username is not None:
        came = "something else"
    elif parts.scheme == "http" and parts.hostname not in _LOOPBACK:
        came = "plain http to another machine"
    else:
        return base_url.rstrip("/")
    raise InputRefused(
        "an address such as 'https://branch.example' or 'http://localhost:8710'",
        came,
        "correct the address",
        code="address_refused",
    )
