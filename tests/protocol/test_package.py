"""Packages: what is signed is what is read, and everything else is refused with its own code."""

import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from branchxr.errors import PackageRefused
from branchxr.protocol import package
from branchxr.protocol.package import FileEntry, Manifest

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # FIPS 180-2, B.1


def manifest(**changes: object) -> Manifest:
    values: dict[str, object] = {
        "schema": 1,
        "scene": "hall",
        "version": 7,
        "files": {"tileset.json": FileEntry(ABC, 3), f"c/{ABC}.glb": FileEntry(ABC, 3)},
    }
    return Manifest(**(values | changes))  # type: ignore[arg-type]


def verify(sealed: tuple[bytes, bytes | None], **changes: object) -> Manifest:
    options: dict[str, object] = {"pinned": None, "now": 1000.0, "newest_seen": None}
    return package.verify(*sealed, **(options | changes))  # type: ignore[arg-type]


def refusal(sealed: tuple[bytes, bytes | None], **changes: object) -> str:
    with pytest.raises(PackageRefused) as caught:
        verify(sealed, **changes)
    return caught.value.code


def test_what_was_sealed_comes_back() -> None:
    sealed = package.seal(manifest(), KEY)
    pinned = KEY.public_key().public_bytes_raw()
    assert verify(sealed, pinned=pinned, newest_seen=7) == manifest()
    assert package.parse_signature(sealed[1]).signer == pinned


def test_the_same_manifest_gives_the_same_bytes() -> None:
    backwards = manifest(files=dict(reversed(manifest().files.items())))
    assert package.seal(backwards, KEY) == package.seal(manifest(), KEY)


def test_one_changed_byte_anywhere_is_tampering() -> None:
    manifest_bytes, signature = package.seal(manifest(), KEY)
    for at in range(len(manifest_bytes)):
        changed = bytearray(manifest_bytes)
        changed[at] ^= 1
        assert refusal((bytes(changed), signature)) == "package_tampered"


def test_a_signature_of_other_bytes_does_not_fit() -> None:
    mine, _ = package.seal(manifest(), KEY)
    _, theirs = package.seal(manifest(version=8), KEY)
    assert refusal((mine, theirs)) == "package_tampered"


@pytest.mark.parametrize("signature", [None, b""])
def test_no_signature(signature: bytes | None) -> None:
    assert refusal((package.seal(manifest(), KEY)[0], signature)) == "package_unsigned"


@pytest.mark.parametrize(
    "signature",
    [
        b"not json",
        b"\xff",
        b'{"algorithm":"ed25519","public_key":"zz","signature":""}',
        b'{"algorithm":"none","public_key":"' + b"0" * 64 + b'","signature":"' + b"0" * 128 + b'"}',
        b'{"algorithm":"ed25519","public_key":"00","signature":"00"}',
    ],
)
def test_a_broken_signature_is_tampering(signature: bytes) -> None:
    assert refusal((package.seal(manifest(), KEY)[0], signature)) == "package_tampered"


def test_only_the_pinned_signer_counts() -> None:
    sealed = package.seal(manifest(), OTHER)
    pinned = KEY.public_key().public_bytes_raw()
    assert refusal(sealed, pinned=pinned) == "package_foreign_signer"
    assert verify(sealed).version == 7


def test_an_older_version_is_refused_and_the_same_one_is_not() -> None:
    sealed = package.seal(manifest(), KEY)
    assert refusal(sealed, newest_seen=8) == "package_older"
    assert verify(sealed, newest_seen=7).version == 7


def test_expiry() -> None:
    sealed = package.seal(manifest(expires=1000), KEY)
    assert verify(sealed, now=999.9).expires == 1000
    assert refusal(sealed, now=1000.0) == "package_expired"


@pytest.mark.parametrize(
    "path",
    ["../out", "/etc/passwd", "a//b", "a/./b", "", "c:\\x", "a\\b", "a\x00b", "manifest.json"],
)
def test_a_path_that_leaves_the_package_is_never_sealed(path: str) -> None:
    with pytest.raises(PackageRefused) as caught:
        package.seal(manifest(files={path: FileEntry(ABC, 3)}), KEY)
    assert caught.value.code == "package_malformed"


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "{}",
        '{"files":{},"scene":"hall","schema":2,"version":1}\n',
        '{"files":{},"scene":"hall","schema":1,"version":1}',  # no newline
        '{"files":{},"scene":"a","scene":"hall","schema":1,"version":1}\n',  # twice the same key
        '{"files":{},"more":1,"scene":"hall","schema":1,"version":1}\n',
        '{"files":{"a":{"bytes":1,"sha256":"00"}},"scene":"hall","schema":1,"version":1}\n',
    ],
)
def test_only_the_one_form_is_a_manifest(text: str) -> None:
    with pytest.raises(PackageRefused) as caught:
        package.parse_manifest(text.encode())
    assert caught.value.code == "package_malformed"


def test_an_endless_manifest_is_refused() -> None:
    with pytest.raises(PackageRefused) as caught:
        package.parse_manifest(b" " * (package.MANIFEST_BYTES_MAX + 1))
    assert caught.value.code == "package_malformed"


def test_the_manifest_is_plain_json() -> None:
    manifest_bytes, _ = package.seal(manifest(), KEY)
    assert json.loads(manifest_bytes)["files"]["tileset.json"] == {"sha256": ABC, "bytes": 3}


def test_files_are_checked_against_the_manifest() -> None:
    package.verify_file(manifest(), "tileset.json", b"abc")
    for path, data in [
        ("tileset.json", b"abd"),
        ("tileset.json", b"ab"),
        ("tileset.json", b"abcd"),
        ("other.json", b"abc"),
    ]:
        with pytest.raises(PackageRefused) as caught:
            package.verify_file(manifest(), path, data)
        assert caught.value.code == "package_tampered"


def test_a_file_is_checked_while_it_arrives() -> None:
    check = package.FileCheck(manifest(), "tileset.json")
    check.update(b"a")
    check.update(b"bc")
    check.finish()
    with pytest.raises(PackageRefused):
        check.update(b"d")  # before anything of it is kept
