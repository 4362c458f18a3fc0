"""Secrets that do not end up in logs."""

import hmac
import os
import re
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, NoReturn, Self

from .errors import KeyRefused

RANDOM_BYTES: Final = 32
MAX_SECRET_BYTES: Final = 1024


class Secret:
    """A password, or 32 random bytes, that neither prints nor pickles.

    64 hexadecimal digits are taken as 32 random bytes; anything else is a person's password,
    which `identity.key_store` stretches with scrypt before it becomes a key.

    >>> Secret("correct horse")
    Secret('***')
    """

    __slots__ = ("_value", "is_random")

    def __init__(self, value: str) -> None:
        self.is_random = bool(re.fullmatch(rf"[0-9a-fA-F]{{{2 * RANDOM_BYTES}}}", value))
        # What an environment variable has that is no UTF-8 comes as it is in there.
        self._value = (
            bytes.fromhex(value) if self.is_random else value.encode(errors="surrogateescape")
        )
        if not 0 < len(self._value) <= MAX_SECRET_BYTES:
            raise KeyRefused(
                f"a secret of 1 to {MAX_SECRET_BYTES} bytes",
                f"{len(self._value)} bytes",
                "use a password, or the 64 digits of `openssl rand -hex 32`",
                code="secret_refused",
            )

    @classmethod
    def from_env(cls, name: str, *, environ: Mapping[str, str] | None = None) -> Self:
        """Read a secret from an environment variable.

        Raises:
            KeyRefused: `secret_missing`: it is not set, or empty.
        """
        value = (os.environ if environ is None else environ).get(name)
        if not value:
            raise KeyRefused(
                f"a secret in the environment variable {name!r}",
                "nothing there",
                f"set {name} before starting",
                code="secret_missing",
            )
        return cls(value)

    @classmethod
    def from_file(cls, path: str | os.PathLike[str]) -> Self:
        """Read a secret from a file that only its owner can read; a last line end is cut off.

        Raises:
            KeyRefused: `secret_missing` or `secret_exposed`.
        """
        file = Path(path)
        try:
            mode = file.stat().st_mode
            value = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise KeyRefused(
                f"a readable secret file at {str(file)!r}",
                type(error).__name__,
                "write the secret there, with mode 0600",
                code="secret_missing",
            ) from None
        if os.name == "posix" and stat.S_IMODE(mode) & 0o077:
            raise KeyRefused(
                f"a secret file that only its owner can read: {str(file)!r}",
                f"mode {stat.S_IMODE(mode):04o}",
                f"chmod 600 {file}",
                code="secret_exposed",
            )
        return cls(value.removesuffix("\n").removesuffix("\r"))

    @classmethod
    def random(cls, random_bytes: Callable[[int], bytes] = os.urandom) -> Self:
        """Make 32 random bytes."""
        return cls(random_bytes(RANDOM_BYTES).hex())

    def reveal(self) -> bytes:
        """Return the bytes; the one place where they leave."""
        return self._value

    def __repr__(self) -> str:
        return "Secret('***')"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._value, other._value)

    __hash__ = None  # type: ignore[assignment]  # a hash is a guess at the value

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret cannot be pickled or copied: pass the object itself")
