"""`branchxr assets`: results on stdout, the rest on stderr, one exit code per cause."""

import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as generate
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from typer.testing import CliRunner, Result

from branchxr.cli.assets import app


@pytest.fixture
def run(tmp_path: Path) -> Any:
    environ = {"BRANCHXR_CONFIG_DIR": str(tmp_path / "config")}

    def call(*arguments: object) -> Result:
        return CliRunner(env=environ).invoke(app, [str(argument) for argument in arguments])

    return call


def test_build_prints_one_object(run: Any, hall: Path, tmp_path: Path) -> None:
    result = run("build", hall, "-o", tmp_path / "out", "--json")
    assert result.exit_code == 0
    found = json.loads(result.stdout)
    assert list(found) == [
        *("schema", "inputs", "output", "chunks", "bytes", "bytes_source"),
        *("triangles_drawn_source", "triangles_drawn_full", "nodes_with_extras"),
        *("warnings", "seconds"),
    ]
    assert (found["schema"], found["chunks"], found["nodes_with_extras"]) == (1, 4, 66)
    assert found["triangles_drawn_source"] == found["triangles_drawn_full"] == 44_770
    assert found["bytes_source"] == hall.stat().st_size
    assert found["bytes"] == sum(p.stat().st_size for p in tmp_path.glob("out/c/*.glb"))
    assert "made a signing key" in result.stderr
    again = run("build", hall, "-o", tmp_path / "out")
    assert "made a signing key" not in again.stderr
    assert "coarsest" in again.stdout


def test_build_with_a_key_of_ones_own(run: Any, maker: Any, tmp_path: Path) -> None:
    maker.room()
    source = maker.save()
    run("build", source, "-o", tmp_path / "one")
    key = tmp_path / "config" / "package-signing.pem"
    moved = key.rename(tmp_path / "mine.pem")
    result = run("build", source, "-o", tmp_path / "two", "--key", moved)
    assert result.exit_code == 0
    assert not key.exists()
    signers = {
        json.loads(run("inspect", tmp_path / name, "--json").stdout)["signer"]
        for name in ("one", "two")
    }
    assert len(signers) == 1


@pytest.mark.parametrize("content", [None, b"", b"no key", b"x" * 1_000_000, "encrypted", "p256"])
def test_a_key_that_is_none_is_refused(
    run: Any, maker: Any, tmp_path: Path, content: bytes | str | None
) -> None:
    maker.room()
    key = tmp_path / "key.pem"
    if isinstance(content, str):
        made = Ed25519PrivateKey.generate() if content == "encrypted" else generate(SECP256R1())
        lock = BestAvailableEncryption(b"secret") if content == "encrypted" else NoEncryption()
        key.write_bytes(made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, lock))
    elif content is not None:
        key.write_bytes(content)
    result = run("build", maker.save(), "-o", tmp_path / "out", "--key", key)
    assert result.exit_code == 3
    assert "error [key_refused]: expected an Ed25519 private key" in result.stderr
    assert "remedy:" in result.stderr
    assert not (tmp_path / "out").exists()


def test_a_path_that_the_system_refuses(run: Any, maker: Any) -> None:
    maker.room()
    for words in (("build", maker.save(), "-o", "n" * 300), ("inspect", "n" * 300)):
        result = run(*words)
        assert (result.exit_code, result.stdout) == (1, "")
        assert "error [system_refused]: expected files and folders" in result.stderr
        assert "got:    File name too long at 'nnn" in result.stderr


def test_warnings_go_to_stderr_and_strict_refuses(run: Any, maker: Any, tmp_path: Path) -> None:
    maker.node(mesh=maker.box())
    source = maker.save()
    result = run("build", source, "-o", tmp_path / "out", "--json")
    assert result.exit_code == 0
    (warning,) = json.loads(result.stdout)["warnings"]
    assert set(warning) == {"code", "path", "message"}
    assert "warning [floor_guessed]" in result.stderr
    strict = run("build", source, "-o", tmp_path / "strict", "--strict")
    assert strict.exit_code == 3
    assert not (tmp_path / "strict").exists()


def test_refusals_have_three_parts_and_exit_with_3(run: Any, tmp_path: Path) -> None:
    (tmp_path / "x.glb").write_bytes(b"glTF\2\0\0\0")
    for command in (
        ("build", tmp_path / "x.glb", "-o", tmp_path / "out"),
        ("inspect", tmp_path / "x.glb", "--json"),
        ("inspect", tmp_path),
    ):
        result = run(*command)
        assert result.exit_code == 3
        assert result.stdout == ""
        lines = result.stderr.splitlines()
        assert lines[0].startswith("error [")
        assert lines[1].startswith("  got:")
        assert lines[2].startswith("  remedy:")
    assert not (tmp_path / "out").exists()


def test_wrong_usage_exits_with_2(run: Any, hall: Path, tmp_path: Path) -> None:
    assert run("build", hall).exit_code == 2
    assert run("build", hall, "-o", tmp_path / "out", "--lods", "9").exit_code == 2


def test_inspect_speaks_to_people_and_to_programs(run: Any, maker: Any) -> None:
    maker.room()
    source = maker.save()
    spoken = run("inspect", source)
    assert "triangles drawn      14" in spoken.stdout
    found = json.loads(run("inspect", source, "--json").stdout)
    assert found["anchors"] == {"counter": 1, "spawn": 1}


def test_an_unsigned_package_needs_the_option(run: Any, maker: Any, tmp_path: Path) -> None:
    maker.room()
    run("build", maker.save(), "-o", tmp_path / "out")
    (tmp_path / "out" / "manifest.json.sig").unlink()
    assert run("inspect", tmp_path / "out").exit_code == 3
    assert run("inspect", tmp_path / "out", "--allow-unsigned").exit_code == 0


@pytest.mark.parametrize(("unit", "metres"), [("cm", 0.01), ("0.01", 0.01), ("IN", 0.0254)])
def test_units_and_axes_are_told_where_the_format_does_not(
    run: Any, tmp_path: Path, unit: str, metres: float
) -> None:
    path = tmp_path / "a.obj"
    path.write_text("v 0 0 0\nv 100 0 0\nv 0 0 100\nf 1 2 3\n")
    found = json.loads(run("inspect", path, "--json", "--unit", unit, "--up", "z").stdout)
    assert found["unit_m"] == metres
    low, high = found["bounds_m"]
    assert [round(b - a, 3) for a, b in zip(low, high, strict=True)] == [
        round(100 * metres, 3), round(100 * metres, 3), 0
    ]  # fmt: skip


def test_units_that_are_none_or_would_do_nothing(
    run: Any, hall: Path, hall_package: Path, tmp_path: Path
) -> None:
    for path, options, code in (
        (hall, ("--unit", "parsec"), "option_unit"),
        (hall, ("--up", "W"), "option_up"),
        (hall, ("--up", "Z"), "option_without_effect"),
        (hall_package, ("--up", "Z"), "option_without_effect"),
    ):
        result = run("inspect", path, *options)
        assert (result.exit_code, code in result.stderr) == (3, True)


def test_what_does_not_fit_into_memory_is_a_refusal(
    run: Any, maker: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_arguments: object, **_options: object) -> None:
        raise MemoryError("Unable to allocate 9.00 TiB")

    maker.room()
    source = maker.save()
    monkeypatch.setattr("branchxr_assets.prepare.mended", full)
    for command in (("inspect", source), ("build", source, "-o", tmp_path / "out", "--jobs", "1")):
        result = run(*command)
        assert result.exit_code == 3
        assert "error [out_of_memory]: expected an input that fits" in result.stderr
        assert "Unable to allocate 9.00 TiB" in result.stderr
    assert not (tmp_path / "out").exists()
