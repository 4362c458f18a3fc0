"""One encrypted file of passkeys.

Layout, big endian::

    header  5 B magic "BXKS1" | u8 kind | u8 log2(n) | u8 r | u8 p | 16 B salt      25 bytes
    body    12 B nonce | AES-256-GCM(plain text, associated data = header)

Kind 1 stretches a person's password with scrypt (RFC 7914), kind 0 takes 32 random bytes through
HKDF. The header is authenticated, and its numbers are checked *before* they are used: a file
must not choose weak parameters, nor ones that take a gigabyte. A new nonce for every save; the
file is replaced, never written into, and the folder is synced, so that a power cut leaves the old
file or the new one.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from ..errors import KeyRefused
from ..secret import Secret

MAGIC: Final = b"BXKS1"
HEADER_BYTES: Final = 25
NONCE_BYTES: Final = 12  # NIST SP 800-38D section 5.2.1.1
SALT_BYTES: Final = 16
MAX_STORE_BYTES: Final = 1024 * 1024
_RANDOM, _PASSWORD = 0, 1
LOG2_N: Final = 17
"""About one second and 128 MiB on the machine of facts/auth_tx.md; what a person can wait."""
_LOG2_N_ALLOWED: Final = range(15, 21)  # below: too cheap to guess; above: 1 GiB of memory
_R, _P = 8, 1


class KeyStore:
    """The file, opened. Make one with `create` or `load`; it keeps the derived key, no secret."""

    def __init__(
        self, path: Path, *, header: bytes, key: bytes, random_bytes: Callable[[int], bytes]
    ) -> None:
        self._path = path
        self._header = header
        self._cipher = AESGCM(key)
        self._random_bytes = random_bytes

    @classmethod
    def create(
        cls,
        path: Path,
        secret: Secret,
        *,
        random_bytes: Callable[[int], bytes] = os.urandom,
        log2_n: int = LOG2_N,
    ) -> "KeyStore":
        """Make a new store with nothing in it.

        Raises:
            KeyRefused: `key_exists`: there is a file already; it is left alone.
        """
        if path.exists():
            raise KeyRefused(
                f"no file at {str(path)!r} yet",
                "one that exists",
                "load it, or choose another path",
                code="key_exists",
            )
        kind = _RANDOM if secret.is_random else _PASSWORD
        numbers = (0, 0, 0) if kind == _RANDOM else (log2_n, _R, _P)
        header = MAGIC + bytes([kind, *numbers]) + random_bytes(SALT_BYTES)
        _check(header, path)
        return cls(path, header=header, key=_derive(header, secret), random_bytes=random_bytes)

    @classmethod
    def load(
        cls, path: Path, secret: Secret, *, random_bytes: Callable[[int], bytes] = os.urandom
    ) -> tuple["KeyStore", bytes]:
        """Open a store and return it with its plain text.

        Raises:
            KeyRefused: `key_missing`, `key_malformed`, or `key_wrong_secret` (which is also what
                a damaged file looks like: nothing tells the two apart).
        """
        raw = _read(path)
        header, body = raw[:HEADER_BYTES], raw[HEADER_BYTES:]
        _check(header, path)
        if secret.is_random != (header[len(MAGIC)] == _RANDOM):
            raise _wrong_secret(path)
        store = cls(path, header=header, key=_derive(header, secret), random_bytes=random_bytes)
        try:
            return store, store._cipher.decrypt(body[:NONCE_BYTES], body[NONCE_BYTES:], header)
        except (InvalidTag, ValueError):
            raise _wrong_secret(path) from None

    def save(self, plain: bytes) -> None:
        """Replace the content; when this returns, it is on the disk.

        Raises:
            KeyRefused: `key_not_saved`: the disk is full or read-only; the old file stands.
        """
        nonce = self._random_bytes(NONCE_BYTES)
        sealed = self._header + nonce + self._cipher.encrypt(nonce, plain, self._header)
        if len(sealed) > MAX_STORE_BYTES:
            raise _not_saved(self._path, f"{len(sealed)} bytes, more than {MAX_STORE_BYTES}")
        try:
            _replace(self._path, sealed)
        except OSError as error:
            raise _not_saved(self._path, type(error).__name__) from error


def _derive(header: bytes, secret: Secret) -> bytes:
    salt, log2_n = header[-SALT_BYTES:], header[len(MAGIC) + 1]
    if secret.is_random:
        return HKDF(SHA256(), 32, salt, b"branchxr/key-store/1").derive(secret.reveal())
    return Scrypt(salt=salt, length=32, n=1 << log2_n, r=_R, p=_P).derive(secret.reveal())


def _check(header: bytes, path: Path) -> None:
    if len(header) != HEADER_BYTES or not header.startswith(MAGIC):
        raise _malformed(path, "another kind of file")
    kind, log2_n, r, p = header[len(MAGIC) : len(MAGIC) + 4]
    if kind == _RANDOM and (log2_n, r, p) == (0, 0, 0):
        return
    if kind != _PASSWORD or log2_n not in _LOG2_N_ALLOWED or (r, p) != (_R, _P):
        raise _malformed(path, "scrypt parameters out of the allowed range")


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_STORE_BYTES + 1)
    except OSError as error:
        raise KeyRefused(
            f"a key file at {str(path)!r}",
            type(error).__name__,
            "create one with SoftKey.create",
            code="key_missing",
        ) from None
    if len(raw) > MAX_STORE_BYTES:
        raise _malformed(path, f"more than {MAX_STORE_BYTES} bytes")
    return raw


def _replace(path: Path, content: bytes) -> None:
    temporary = path.with_name(path.name + ".tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    if os.name != "posix":  # Windows has no handle of a folder to sync
        return
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _malformed(path: Path, came: str) -> KeyRefused:
    return KeyRefused(
        f"a key file of branchxr at {str(path)!r}", came, "restore it", code="key_malformed"
    )


def _wrong_secret(path: Path) -> KeyRefused:
    return KeyRefused(
        f"the secret that opens {str(path)!r}",
        "another one, or a damaged file",
        "give the secret it was made with",
        code="key_wrong_secret",
    )


def _not_saved(path: Path, came: str) -> KeyRefused:
    return KeyRefused(
        f"to write {str(path)!r}",
        came,
        "make room, or choose a folder that can be written; nothing was signed",
        code="key_not_saved",
    )
