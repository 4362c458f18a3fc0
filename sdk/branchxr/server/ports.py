"""Listening sockets: the same port on 127.0.0.1 and, where it exists, on ::1."""

import errno
import socket
from typing import Final

from ..errors import InputRefused

LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_ATTEMPTS: Final = 20


def bind(host: str, port: int) -> list[socket.socket]:
    """Bind listening sockets; on loopback both families, with the same number, also for port 0.

    The caller closes them.

    Raises:
        InputRefused: `port_taken` or `address_unavailable`.
    """
    if host not in LOOPBACK:
        return [_bind_one(host, port)]
    for _attempt in range(_ATTEMPTS):  # the number that IPv4 gives may be taken on IPv6
        first = _bind_one("127.0.0.1", port)
        try:
            return [first, _bind_one("::1", first.getsockname()[1])]
        except InputRefused as error:
            if error.code == "address_unavailable":  # no IPv6 here
                return [first]
            first.close()
            if port != 0:
                raise
    raise _taken(port)


def check_free(host: str, port: int) -> None:
    """Refuse a port that is taken now, before work is done that needs it later.

    Raises:
        InputRefused: `port_taken` or `address_unavailable`.
    """
    for listening in bind(host, port):
        listening.close()


def _bind_one(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening: socket.socket | None = None
    try:
        listening = socket.socket(family, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listening.bind((host, port))
        listening.listen(128)  # so that a taken port is known now, not at the first connection
        listening.setblocking(False)
    except OSError as error:
        if listening is not None:
            listening.close()
        if error.errno in {errno.EADDRINUSE, errno.EACCES}:
            raise _taken(port) from error
        raise InputRefused(
            "an address of this machine",
            f"{host!r}: {error.strerror or 'no such address'}",
            "use --host localhost",
            code="address_unavailable",
        ) from error
    return listening


def _taken(port: int) -> InputRefused:
    return InputRefused(
        f"port {port} to be free",
        "a port that another program holds, or that needs rights",
        "stop that program, or choose another with --port or --realtime-port (0 takes any)",
        code="port_taken",
    )
