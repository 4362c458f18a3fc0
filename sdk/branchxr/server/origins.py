"""By which names the branch goes, and which pages may speak to it: from configuration only."""

from collections.abc import Collection, Iterator, Sequence
from typing import Final
from urllib.parse import urlsplit

from ..errors import InputRefused

LOOPBACK_NAMES: Final = ("localhost", "127.0.0.1", "[::1]")
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


class Origins(Collection[str]):
    """The branch's own address and the origins of pages that may use it.

    As a collection it is those origins, at any time: the own one moves with the port.

    Args:
        scheme: `http` or `https`.
        name: the host name that pages see, such as `localhost`.
        port: of the branch; `move_to` changes it once the real one is known.
        others: further origins, exact, port included.

    Raises:
        InputRefused: `origin_malformed`.
    """

    def __init__(self, scheme: str, name: str, port: int, *, others: Sequence[str] = ()) -> None:
        self._scheme = scheme
        self._name = name
        self._others = frozenset(check_origin(origin) for origin in others)
        self.move_to(port)

    def __contains__(self, origin: object) -> bool:
        return origin in self._pages

    def __iter__(self) -> Iterator[str]:
        return iter(self._pages)

    def __len__(self) -> int:
        return len(self._pages)

    def move_to(self, port: int) -> None:
        """Take another port."""
        self.own = check_origin(f"{self._scheme}://{self._name}:{port}")
        self._pages = frozenset({self.own, *self._others})
        names = LOOPBACK_NAMES if self._name in LOOPBACK_NAMES else (self._name,)
        suffixes = ("", f":{port}") if port == _DEFAULT_PORTS[self._scheme] else (f":{port}",)
        self._hosts = frozenset(f"{name}{suffix}" for name in names for suffix in suffixes)

    def allows_host(self, host: str) -> bool:
        """Tell whether a `Host` header names this branch (DNS rebinding brings another)."""
        return host.lower() in self._hosts

    def address_of(self, host: str, path: str) -> str:
        """Return the address a request was sent to; `host` has passed `allows_host`."""
        return f"{self._scheme}://{host.lower()}{path}"


def check_origin(origin: str) -> str:
    """Return an origin as browsers serialise it (WHATWG HTML, "serialization of an origin").

    Raises:
        InputRefused: `origin_malformed`: not `scheme://host[:port]`, or neither https nor local.
    """
    try:
        parts = urlsplit(origin)
        port = parts.port
    except ValueError:
        raise _malformed(origin) from None
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    is_bare = not (parts.path or parts.query or parts.fragment or parts.username or parts.password)
    is_local = host in LOOPBACK_NAMES or host.endswith(".localhost")
    is_secure = parts.scheme == "https" or (parts.scheme == "http" and is_local)
    if not (host and is_bare and is_secure):
        raise _malformed(origin)
    is_default = port is None or port == _DEFAULT_PORTS[parts.scheme]
    return f"{parts.scheme}://{host}" + ("" if is_default else f":{port}")


def _malformed(origin: str) -> InputRefused:
    return InputRefused(
        "an origin such as 'https://branch.example' or 'http://localhost:8720'",
        f"{origin!r:.80}",
        "write scheme, host and port, without a path",
        code="origin_malformed",
    )
