"""The key that signs packages: one per user, made at the first build."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from branchxr.errors import KeyRefused

KEY_NAME = "package-signing.pem"
MAX_KEY_BYTES = 16 * 1024
"""An Ed25519 key is 119 bytes of PEM; some tools put a page of text before it."""


def config_folder(environ: Mapping[str, str]) -> Path:
    """Return the user's configuration folder; BRANCHXR_CONFIG_DIR overrides it.

    Raises:
        KeyRefused: `key_refused`: the user has no home.
    """
    if environ.get("BRANCHXR_CONFIG_DIR"):
        return Path(environ["BRANCHXR_CONFIG_DIR"])
    if sys.platform == "win32" and environ.get("APPDATA"):
        return Path(environ["APPDATA"]) / "BranchXR"
    base = environ.get("XDG_CONFIG_HOME")
    try:
        return (Path(base) if base else Path.home() / ".config") / "branchxr"
    except RuntimeError as error:
        raise KeyRefused(
            "a home folder, where the key that signs packages is kept",
            "a user without one",
            "pass --key, or let BRANCHXR_CONFIG_DIR name a folder of yours",
        ) from error


def load_key(path: Path) -> Ed25519PrivateKey:
    """Read an Ed25519 private key: PEM (PKCS #8), not encrypted.

    Raises:
        KeyRefused: `key_refused`: no file, no Ed25519 key.
    """
    try:
        with path.open("rb") as file:
            key = load_pem_private_key(file.read(MAX_KEY_BYTES), password=None)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise _refused(path, error.strerror if isinstance(error, OSError) else None) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise _refused(path, type(key).__name__)
    return key


def user_key(environ: Mapping[str, str]) -> tuple[Ed25519PrivateKey, Path | None]:
    """Return the user's key, and its path if it was made just now.

    Raises:
        KeyRefused: `key_refused`: what lies there is no key, or none can be put there.
    """
    path = config_folder(environ) / KEY_NAME
    if path.exists():
        return load_key(path), None
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:  # another build was quicker: its key is the user's key
        return load_key(path), None
    except OSError as error:
        raise KeyRefused(
            f"a configuration folder that can be written, for {path.name!r}",
            f"{error.strerror or type(error).__name__} in {str(path.parent)!r}",
            "pass --key, or let BRANCHXR_CONFIG_DIR name a folder of yours",
        ) from error
    with os.fdopen(handle, "wb") as file:
        file.write(pem)
    return key, path


def _refused(path: Path, came: str | None) -> KeyRefused:
    return KeyRefused(
        f"an Ed25519 private key (PEM, not encrypted) in {path.name!r}",
        came or "something else",
        "pass another --key, or remove the file to have a new key made",
    )
