r"""What makes a scene package trustworthy: its manifest, the hashes in it, and its signature.

`manifest.json` names every other file of a package with its SHA-256 and its length.
`manifest.json.sig` carries an Ed25519 public key (RFC 8032) and its signature over
`branchxr/package/v1\0` and the very bytes of the manifest. Nothing here reads a file or a clock:
bytes and times come in as arguments.
"""

import hashlib
from typing import Final

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from ..errors import PackageRefused

MANIFEST_NAME: Final = "manifest.json"
SIGNATURE_NAME: Final = "manifest.json.sig"
DOMAIN: Final = b"branchxr/package/v1\0"
"""Set before the signed bytes, so that a signature over something else never fits here."""
MANIFEST_BYTES_MAX: Final = 16 * 2**20
"""About 100,000 files; more is not a branch."""


class FileEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file of a package: `sha256` in lower-case hex, of the raw (not compressed) bytes."""

    sha256: str
    bytes: int


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Every file of a package but the manifest and its signature.

    Attributes:
        scene: the scene's id; versions are counted per scene and signer.
        version: grows with each build; readers refuse one older than they have seen.
        files: path with `/` from the package's root -> hash and length.
        expires: unix seconds after which no reader accepts it.
    """

    schema: int
    scene: str
    version: int
    files: dict[str, FileEntry]
    expires: int | None = None


class Signature(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The content of `manifest.json.sig`; key and signature in lower-case hex."""

    algorithm: str
    public_key: str
    signature: str

    @property
    def signer(self) -> bytes:
        """The Ed25519 public key, 32 bytes."""
        return bytes.fromhex(self.public_key)


def encode_manifest(manifest: Manifest) -> bytes:
    """Return the one form a manifest may have: keys sorted, no white space, a final newline."""
    return msgspec.json.encode(manifest, order="deterministic") + b"\n"


def parse_manifest(manifest_bytes: bytes) -> Manifest:
    """Read a manifest without asking who signed it.

    Raises:
        PackageRefused: `package_malformed`: not a manifest, not in the one form (which rules out
            duplicate keys), or a path that leaves the package.
    """
    if len(manifest_bytes) > MANIFEST_BYTES_MAX:
        raise _malformed(f"{len(manifest_bytes)} bytes")
    try:
        manifest = msgspec.json.decode(manifest_bytes, type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _malformed(str(error)) from error
    if manifest.schema != 1:
        raise _malformed(f"schema {manifest.schema}")
    if encode_manifest(manifest) != manifest_bytes:
        raise _malformed("other bytes than its own canonical form")
    for path, entry in manifest.files.items():
        _check_entry(path, entry)
    return manifest


def seal(manifest: Manifest, private_key: Ed25519PrivateKey) -> tuple[bytes, bytes]:
    """Sign a manifest; return the bytes of `manifest.json` and of `manifest.json.sig`."""
    manifest_bytes = encode_manifest(manifest)
    parse_manifest(manifest_bytes)  # what no reader would accept must not leave the house
    signature = Signature(
        algorithm="ed25519",
        public_key=private_key.public_key().public_bytes_raw().hex(),
        signature=private_key.sign(DOMAIN + manifest_bytes).hex(),
    )
    return manifest_bytes, msgspec.json.encode(signature, order="deterministic") + b"\n"


def parse_signature(signature_bytes: bytes | None) -> Signature:
    """Read `manifest.json.sig` without checking it against anything.

    Raises:
        PackageRefused: `package_unsigned` when there is none, `package_tampered` when it is none.
    """
    if not signature_bytes:
        raise PackageRefused(
            "a package with manifest.json.sig",
            "no signature",
            "build it with `branchxr assets build`, or pass --allow-unsigned if you made it",
            code="package_unsigned",
        )
    try:
        signature = msgspec.json.decode(signature_bytes, type=Signature)
        sizes = len(signature.signer), len(bytes.fromhex(signature.signature))
    except (msgspec.DecodeError, ValueError) as error:
        raise _tampered("a readable signature", str(error)) from error
    if signature.algorithm != "ed25519" or sizes != (32, 64):
        raise _tampered("an Ed25519 key and signature", f"{signature.algorithm!r} of {sizes} bytes")
    return signature


def verify(
    manifest_bytes: bytes,
    signature_bytes: bytes | None,
    *,
    pinned: bytes | None,
    now: float,
    newest_seen: int | None,
) -> Manifest:
    """Check who signed a manifest, and that it is current; return it.

    Args:
        manifest_bytes: `manifest.json` as it came.
        signature_bytes: `manifest.json.sig` as it came; `None` when there is none.
        pinned: Ed25519 public key that alone counts, 32 bytes; `None` accepts any signer.
        now: unix seconds.
        newest_seen: the newest version already seen of this signer and scene.

    Raises:
        PackageRefused: `package_unsigned`, `package_tampered`, `package_foreign_signer`,
            `package_older`, `package_expired` or `package_malformed`.
    """
    signature = parse_signature(signature_bytes)
    if pinned is not None and signature.signer != pinned:
        raise PackageRefused(
            f"a package signed by {pinned.hex()[:16]!r}…",
            f"the signer {signature.public_key[:16]!r}…",
            "ask whoever publishes the branch, or pin the new signer's key on purpose",
            code="package_foreign_signer",
        )
    try:
        key = Ed25519PublicKey.from_public_bytes(signature.signer)
        key.verify(bytes.fromhex(signature.signature), DOMAIN + manifest_bytes)
    except (InvalidSignature, ValueError) as error:
        raise _tampered("a manifest that its signature fits", "another one") from error
    manifest = parse_manifest(manifest_bytes)
    _check_current(manifest, now=now, newest_seen=newest_seen)
    return manifest


class FileCheck:
    """Check one file while it arrives: feed it with `update`, then call `finish`."""

    def __init__(self, manifest: Manifest, path: str) -> None:
        entry = manifest.files.get(path)
        if entry is None:
            raise _tampered("a file that the manifest names", repr(path))
        self._entry = entry
        self._path = path
        self._hash = hashlib.sha256()
        self._length = 0

    def update(self, part: bytes) -> None:
        """Take the next bytes; raise `PackageRefused` as soon as they are too many."""
        self._length += len(part)
        if self._length > self._entry.bytes:
            raise _tampered(f"{self._entry.bytes} bytes of {self._path!r}", "more")
        self._hash.update(part)

    def finish(self) -> None:
        """Raise `PackageRefused` unless exactly the promised bytes came."""
        if self._length != self._entry.bytes:
            raise _tampered(f"{self._entry.bytes} bytes of {self._path!r}", f"{self._length}")
        if self._hash.hexdigest() != self._entry.sha256:
            raise _tampered(f"{self._path!r} as the manifest has it", "other bytes")


def verify_file(manifest: Manifest, path: str, data: bytes) -> None:
    """Check a whole file against the manifest.

    Raises:
        PackageRefused: `package_tampered`: not in the manifest, another length or another hash.
    """
    check = FileCheck(manifest, path)
    check.update(data)
    check.finish()


def is_safe_path(path: str) -> bool:
    """Tell whether a path stays inside the package on every system.

    Relative, `/` only, no empty, `.` or `..` step, no drive, no control characters.
    """
    steps = path.split("/")
    return (
        all(step not in {"", ".", ".."} for step in steps)
        and not any(ord(char) < 32 or char in '\\:*?"<>|' for char in path)
        and len(path) <= 255
        and path not in {MANIFEST_NAME, SIGNATURE_NAME}
    )


def _check_entry(path: str, entry: FileEntry) -> None:
    if not is_safe_path(path):
        raise _malformed(f"the path {path!r}")
    is_hash = len(entry.sha256) == 64 and set(entry.sha256) <= set("0123456789abcdef")
    if not is_hash or entry.bytes < 0:
        raise _malformed(f"the hash or length of {path!r}")


def _check_current(manifest: Manifest, *, now: float, newest_seen: int | None) -> None:
    if newest_seen is not None and manifest.version < newest_seen:
        raise PackageRefused(
            f"version {newest_seen} of {manifest.scene!r} or a newer one",
            f"version {manifest.version}",
            "fetch the current package; an old one may carry what was fixed since",
            code="package_older",
        )
    if manifest.expires is not None and now >= manifest.expires:
        raise PackageRefused(
            "a package that has not expired",
            f"one that expired at unix time {manifest.expires}",
            "fetch the current package, or build it again",
            code="package_expired",
        )


def _malformed(came: str) -> PackageRefused:
    return PackageRefused(
        "a package manifest as docs/scene-package.md has it",
        came,
        "build the package again with `branchxr assets build`",
        code="package_malformed",
    )


def _tampered(expected: str, came: str) -> PackageRefused:
    return PackageRefused(
        expected,
        came,
        "do not use this package; fetch it again from whoever publishes it",
        code="package_tampered",
    )
