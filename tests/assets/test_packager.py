"""Writing a package: all of it or nothing, and never over what is somebody else's."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from branchxr.errors import InputRefused, KeyRefused
from branchxr_assets.build import build_scene
from branchxr_assets.packager import check_target, next_version, write_package
from branchxr_assets.signing import load_key, user_key


def test_a_package_replaces_a_package_and_counts_up(
    maker: Any, key: Ed25519PrivateKey, tmp_path: Path
) -> None:
    maker.room()
    source, output = maker.save(), tmp_path / "out"
    first = build_scene(source, output, key=key, has_report=False, now=lambda: 1000.0)
    second = build_scene(source, output, key=key, has_report=False, now=lambda: 999.0)
    assert (first.version, second.version) == (1000, 1001)
    assert next_version(output, scene="other", now=5.0) == 5
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "scene.glb"]


def test_a_folder_of_something_else_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").write_text("mine")
    with pytest.raises(InputRefused) as caught:
        write_package(tmp_path / "out", {"a": b""})
    assert caught.value.code == "output_not_package"
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["thesis.txt"]


def test_a_failure_while_writing_leaves_the_old_package(
    tmp_path: Path, maker: Any, key: Ed25519PrivateKey
) -> None:
    maker.room()
    output = tmp_path / "out"
    build_scene(maker.save(), output, key=key, has_report=False)
    before = {p: p.read_bytes() for p in output.rglob("*") if p.is_file()}
    with pytest.raises(InputRefused, match="too long") as caught:
        write_package(output, {"tileset.json": b"new", "x" * 300: b""})
    assert caught.value.code == "output_not_writable"
    assert {p: p.read_bytes() for p in output.rglob("*") if p.is_file()} == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "scene.glb"]


def test_a_manifest_of_something_else_does_not_make_a_package(tmp_path: Path) -> None:
    output = tmp_path / "extension"
    output.mkdir()
    (output / "manifest.json").write_text('{"manifest_version":3,"name":"mine"}')
    with pytest.raises(InputRefused) as caught:
        write_package(output, {"a": b""})
    assert caught.value.code == "output_not_package"
    assert [path.name for path in output.iterdir()] == ["manifest.json"]


def test_a_whole_disk_is_no_package_and_is_not_searched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(InputRefused) as caught:
        check_target(Path("/"))
    assert caught.value.code in {"output_not_package", "output_not_writable"}
    (tmp_path / "a.txt").touch()
    (tmp_path / "z").mkdir()
    opened = []
    scan = os.scandir
    monkeypatch.setattr(os, "scandir", lambda path: opened.append(path) or scan(path))
    with pytest.raises(InputRefused, match=r"a\.txt"):
        check_target(tmp_path)
    assert len(opened) == 1


def test_a_link_in_a_package_is_somebody_elses(
    maker: Any, key: Ed25519PrivateKey, tmp_path: Path
) -> None:
    maker.room()
    source, output = maker.save(), tmp_path / "out"
    build_scene(source, output, key=key, has_report=False)
    (tmp_path / "mine").mkdir()
    (output / "linked").symlink_to(tmp_path / "mine")
    with pytest.raises(InputRefused, match="linked"):
        build_scene(source, output, key=key, has_report=False)


def test_notes_put_into_a_package_are_not_thrown_away(
    maker: Any, key: Ed25519PrivateKey, tmp_path: Path
) -> None:
    maker.room()
    source, output = maker.save(), tmp_path / "out"
    build_scene(source, output, key=key, has_report=False)
    (output / ".DS_Store").write_bytes(b"left by a file manager")
    build_scene(source, output, key=key, has_report=False)
    (output / "c" / "notes.txt").write_text("mine")
    with pytest.raises(InputRefused, match=r"c/notes\.txt"):
        build_scene(source, output, key=key, has_report=False)
    assert (output / "c" / "notes.txt").read_text() == "mine"


def test_an_output_that_cannot_be_written_is_refused_before_the_work(
    hall: Path, key: Ed25519PrivateKey, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("no folder")
    told: list[str] = []
    with pytest.raises(InputRefused) as caught:
        build_scene(
            hall,
            tmp_path / "file" / "out",
            key=key,
            has_report=False,
            progress=lambda what, _: told.append(what),
        )
    assert caught.value.code == "output_not_writable"
    assert told == []


def test_a_link_to_a_package_stays_a_link(
    maker: Any, key: Ed25519PrivateKey, tmp_path: Path
) -> None:
    maker.room()
    source, output = maker.save(), tmp_path / "out"
    build_scene(source, output, key=key, has_report=False)
    (tmp_path / "link").symlink_to(output)
    second = build_scene(source, tmp_path / "link", key=key, has_report=False)
    assert (tmp_path / "link").is_symlink()
    assert json.loads((output / "manifest.json").read_bytes())["version"] == second.version


def test_ctrl_c_between_two_renames_brings_the_old_package_back(
    maker: Any, key: Ed25519PrivateKey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    maker.room()
    source, output = maker.save(), tmp_path / "out"
    build_scene(source, output, key=key, has_report=False)
    before = (output / "manifest.json").read_bytes()
    rename = Path.rename

    def interrupted(self: Path, target: Path) -> Path:
        if self.name == "package":
            raise KeyboardInterrupt
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", interrupted)
    with pytest.raises(KeyboardInterrupt):
        build_scene(source, output, key=key, has_report=False)
    assert (output / "manifest.json").read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "scene.glb"]


# --- keys -------------------------------------------------------------------------------------


def test_a_users_key_is_made_once_and_is_theirs_alone(tmp_path: Path) -> None:
    environ = {"BRANCHXR_CONFIG_DIR": str(tmp_path / "config")}
    first, made = user_key(environ)
    again, made_again = user_key(environ)
    assert made is not None
    assert made_again is None
    assert first.private_bytes_raw() == again.private_bytes_raw()
    assert made.stat().st_mode & 0o777 == 0o600


def test_a_key_that_cannot_be_kept_is_said(tmp_path: Path) -> None:
    (tmp_path / "config").write_text("a file")
    for folder in ("config", "config/below"):
        with pytest.raises(KeyRefused, match=r"pass (another )?--key"):
            user_key({"BRANCHXR_CONFIG_DIR": str(tmp_path / folder)})


def test_other_keys_are_refused(tmp_path: Path) -> None:
    other = generate_private_key(SECP256R1())
    pem = other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    for name, raw in {"ec.pem": pem, "junk.pem": b"junk"}.items():
        (tmp_path / name).write_bytes(raw)
        with pytest.raises(KeyRefused):
            load_key(tmp_path / name)
    with pytest.raises(KeyRefused):
        load_key(tmp_path / "none.pem")
