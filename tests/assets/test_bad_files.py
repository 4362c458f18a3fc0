"""Bad files of every format at the command line: exit code 3, three parts, nothing left behind."""

import io
import json
import os
import struct
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from branchxr.cli.assets import app
from branchxr_assets.readers import SUFFIXES

HALL = Path(__file__).parents[3] / "shared" / "scenes" / "hall"


def zipped(*members: tuple[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as archive:
        for name, raw in members:
            archive.writestr(name, raw)
    return target.getvalue()


FBX = b"Kaydara FBX Binary  \0\x1a\0" + struct.pack("<I", 7400)
PLY = (
    "ply\nformat {} 1.0\nelement vertex {}\nproperty float x\nproperty float y\nproperty float z\n"
)
FACES = "element face {}\nproperty list uchar int vertex_indices\nend_header\n"
COLLADA = "http://www.collada.org/2005/11/COLLADASchema"
DAE = f'<?xml version="1.0"?><COLLADA xmlns="{COLLADA}" version="1.4.1">'
MANY = 100_000_000

BAD = {
    "empty.glb": b"",
    "empty.fbx": b"",
    "empty.obj": b"",
    "empty.dae": b"",
    "empty.usdc": b"",
    "empty.stl": b"",
    "empty.ply": b"",
    "noise.glb": bytes(range(256)) * 8,
    "noise.fbx": bytes(range(256)) * 8,
    "noise.usdz": bytes(range(256)) * 8,
    "text.fbx": b"dear diary\n" * 50,
    "picture.glb": b"\x89PNG\r\n\x1a\n" + b"\0" * 64,
    "maya.ma": b"//Maya ASCII 2025 scene\nrequires maya \"2025\";\n",
    "maya.mb": b"FOR8\0\0\0\x10Maya" + b"\0" * 64,
    "max.max": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 512,
    "cut.fbx": FBX,
    "node_beyond.fbx": FBX + struct.pack("<IIIB", 0xFFFFFFF0, 1, 9, 4) + b"Objects",
    "many.fbx": FBX + struct.pack("<IIIB", 200, MANY, MANY, 7) + b"Objects" + b"\0" * 300,
    "deep.fbx": b"; FBX 7.4.0 project file\n" + b"A: { " * 100_000,
    "cut.usdc": b"PXR-USDC" + b"\0" * 80,
    "cut.usda": b"#usda 1.0\ndef Mesh \"a\" {\n point3f[] points = [(0, 0",
    "deep.usda": b"#usda 1.0\n" + b"def Xform \"a\" {\n" * 20_000,
    "no_layer.usdz": zipped(("a.txt", b"nothing")),
    "bomb.usdz": zipped(("a.usda", b" " * 60_000_000), method=zipfile.ZIP_DEFLATED),
    "cut.blend": b"BLENDER-v405" + b"\0" * 64,
    "cut.dae": DAE.encode() + b"<library_geometries><geometry",
    "entities.dae": b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">'
    b'<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]><COLLADA>&c;</COLLADA>',
    "outside.dae": b'<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><COLLADA>&f;</COLLADA>',
    "deep.dae": DAE.encode() + b"<node>" * 100_000,
    "beyond.obj": b"v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 99\n",
    "nan.obj": b"v 0 0 nan\nv 1 0 0\nv 0 1 0\nf 1 2 3\n",
    "cut.stl": b"\0" * 80 + struct.pack("<I", 5) + b"\0" * 60,
    "many.stl": b"\0" * 80 + struct.pack("<I", MANY) + b"\0" * 500,
    "many.ply": (PLY.format("binary_little_endian", MANY) + FACES.format(MANY)).encode()
    + b"\0" * 99,
    "cut.ply": (PLY.format("ascii", 3) + FACES.format(1) + "0 0 0\n1 0 0\n").encode(),
    "beyond.ply": (
        PLY.format("ascii", 3) + FACES.format(1) + "0 0 0\n1 0 0\n0 1 0\n3 0 1 9\n"
    ).encode(),
    "deep.gltf": b'{"asset":{"version":"2.0"},"extras":' + b"[" * 200_000,
    "twice.gltf": b'{"asset":{"version":"2.0"},"asset":{"version":"2.0"}}',
    "many.gltf": json.dumps(
        {"asset": {"version": "2.0"}, "accessors": [
            {"componentType": 5126, "count": MANY, "type": "VEC3"}]}
    ).encode(),
    "outside.gltf": json.dumps(
        {"asset": {"version": "2.0"}, "buffers": [
            {"uri": "../../etc/passwd", "byteLength": 4}], "bufferViews": [
            {"buffer": 0, "byteLength": 4}], "accessors": [
            {"bufferView": 0, "componentType": 5126, "count": 1, "type": "SCALAR"}]}
    ).encode(),
}  # fmt: skip


def check(path: Path) -> None:
    """Build what cannot be built, and look at everything that is said and left."""
    folder = path.parent
    before = sorted(folder.iterdir())
    for command in (["build", str(path), "-o", str(folder / "out")], ["inspect", str(path)]):
        result = CliRunner(env={"BRANCHXR_CONFIG_DIR": str(folder / "config")}).invoke(app, command)
        assert result.exit_code in {3, 4}, (command[0], result.output[:300])
        assert result.exception is None or isinstance(result.exception, SystemExit)
        assert result.stdout == ""
        lines = [line for line in result.stderr.splitlines() if not line.startswith("warning")]
        assert lines[0].startswith("error ["), lines
        assert lines[1].startswith("  got:"), lines
        assert lines[2].startswith("  remedy:"), lines
        assert result.exit_code == 4 or path.name in "".join(lines), lines
        assert "Traceback" not in result.output
    assert sorted(folder.iterdir()) == before


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(BAD[name])
    check(path)


def halves() -> Iterator[Path]:
    if not HALL.exists():
        return
    for path in sorted(HALL.rglob("*")):
        if path.suffix in SUFFIXES and path.suffix not in {".obj", ".gltf", ".blend"}:
            yield path


@pytest.mark.parametrize("source", list(halves()), ids=lambda path: path.name)
def test_a_file_cut_in_half(tmp_path: Path, source: Path) -> None:
    raw = source.read_bytes()
    path = tmp_path / source.name
    path.write_bytes(raw[: len(raw) // 2])
    check(path)


def test_a_wrong_suffix_does_not_matter(hall: Path, tmp_path: Path) -> None:
    path = tmp_path / "hall.fbx"
    path.write_bytes(hall.read_bytes())
    result = CliRunner().invoke(app, ["inspect", str(path), "--json"])
    assert (result.exit_code, json.loads(result.stdout)["format"]) == (0, "glb")


def test_what_is_not_there_or_not_a_file(tmp_path: Path) -> None:
    for path in (tmp_path / "none.fbx", tmp_path / "no" / "none.glb"):
        assert CliRunner().invoke(app, ["inspect", str(path)]).exit_code == 3


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has such file names")
def test_a_name_that_is_no_utf8(tmp_path: Path) -> None:
    path = os.path.join(os.fsencode(tmp_path), b"h\xe4ll.glb")  # noqa: PTH118 - bytes
    with open(path, "wb") as file:  # noqa: PTH123
        file.write(b"glTF\2\0\0\0")
    command = [sys.executable, "-m", "branchxr.cli", "assets", "inspect", path]
    done = subprocess.run(command, capture_output=True, timeout=60, check=False)
    assert done.returncode == 3
    assert b"Traceback" not in done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="measures with Linux's own limits")
@pytest.mark.parametrize(
    "name", ["many.fbx", "many.stl", "many.ply", "many.gltf", "bomb.usdz", "entities.dae"]
)
def test_a_small_file_does_not_take_much_memory(tmp_path: Path, name: str) -> None:
    """No process of it may have 2 GB resident; its address space is larger and counts nothing."""
    path = tmp_path / name
    path.write_bytes(BAD[name])
    script = (
        "import resource, subprocess, sys\n"
        "code = subprocess.run([sys.executable, '-m', 'branchxr.cli', 'assets', 'inspect',"
        " sys.argv[1]], capture_output=True).returncode\n"
        "print(code, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(path)],
        capture_output=True, text=True, timeout=100, check=True,
    )  # fmt: skip
    code, kilobytes = map(int, done.stdout.split())
    assert code == 3
    assert kilobytes < 2 * 2**20


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_nobody_waits_for_a_pipe(tmp_path: Path) -> None:
    for name in ("scene.glb", "part.bin", "manifest.json"):
        os.mkfifo(tmp_path / name)
    root = {"asset": {"version": "2.0"}, "buffers": [{"byteLength": 4, "uri": "part.bin"}]}
    root["accessors"] = [{"bufferView": 0, "componentType": 5126, "count": 1, "type": "SCALAR"}]
    root["bufferViews"] = [{"buffer": 0, "byteLength": 4}]
    (tmp_path / "scene.gltf").write_text(json.dumps(root))
    output = ["-o", str(tmp_path / "out")]
    for path in (tmp_path / "scene.glb", tmp_path / "scene.gltf", tmp_path, Path(os.devnull)):
        for command, *more in (["inspect"], ["validate"], ["extract"], ["preview", *output]):
            result = CliRunner().invoke(app, [command, str(path), *more])
            assert result.exit_code == 3, (command, path)
            # What Khronos finds in a file that cannot be read is a result, not an error.
            assert "remedy:" in result.stderr or command == "validate"
    assert CliRunner().invoke(app, ["build", str(tmp_path / "scene.glb"), *output]).exit_code == 3
    assert not (tmp_path / "out").exists()
