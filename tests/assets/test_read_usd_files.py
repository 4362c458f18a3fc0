"""What USD files are made of: layers, variants, packages; and broken ones."""

import struct
import zipfile
from pathlib import Path

import pytest

from branchxr.errors import MissingTool, SceneRefused
from branchxr_assets.inspection import inspect_scene
from branchxr_assets.readers import read
from branchxr_assets.readers.usd import stage, usdz
from branchxr_assets.readers.usd.stage import convert

from .usd_text import HEAD, QUAD, codes, material, picture, scene, texture, usda

# ---------------------------------------------------------------- composition


def test_layers_in_the_folder_are_composed_and_hashed(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    chair = usda(f'def Xform "Chair" {{ def Mesh "Seat" {{ {QUAD} }} }}', 'defaultPrim = "Chair"')
    (tmp_path / "parts/chair.usda").write_text(chair)
    (tmp_path / "lights.usda").write_text(usda('def SphereLight "Lamp" { }'))
    body = 'def Xform "A" ( payload = @./parts/chair.usda@ ) { }'
    found = scene(tmp_path, body, f"{HEAD}\n subLayers = [@./lights.usda@]")
    assert found.counts.meshes == 1
    assert found.counts.lights == 1
    assert set(found.hashes) == {"scene.usda", "lights.usda", "parts/chair.usda"}


@pytest.mark.parametrize(
    "named", ["../secret.usda", "{absolute}", "link.usda", '`"../secret.usda"`']
)
def test_layers_outside_are_never_read(tmp_path: Path, named: str) -> None:
    secret = tmp_path / "secret.usda"
    secret.write_text(usda(f'def Mesh "Secret" {{ {QUAD} }}', 'defaultPrim = "Secret"'))
    folder = tmp_path / "scene"
    folder.mkdir()
    (folder / "link.usda").symlink_to(secret)
    path = named.format(absolute=secret)
    for arc in (f"references = @{path}@", f"payload = @{path}@"):
        found = scene(folder, f'def Xform "A" ( {arc} ) {{ }}')
        assert found.counts.meshes == 0
        assert "usd_layer_outside" in codes(found)
    found = scene(folder, "", f"{HEAD}\n subLayers = [@{path}@]")
    assert found.counts.meshes == 0
    assert "usd_layer_outside" in codes(found)


def test_layers_outside_hidden_in_variants_and_clips_are_never_read(tmp_path: Path) -> None:
    (tmp_path / "secret.usda").write_text(usda('def Xform "Secret" { }', 'defaultPrim = "Secret"'))
    folder = tmp_path / "scene"
    folder.mkdir()
    body = """def Xform "A" ( variants = { string v = "one" } prepend variantSets = "v" ) {
        variantSet "v" = { "one" ( references = @../secret.usda@ ) { } } }
    def Xform "B" ( clips = { dictionary default = {
        asset[] assetPaths = [@../secret.usda@] string primPath = "/Secret" } } ) { }"""
    found = scene(folder, body)
    outside = [w for w in found.warnings if w.code == "usd_layer_outside"]
    assert [n["name"] for n in found.document.listed("nodes")] == ["A", "B"]
    assert len(outside) == 2
    assert set(found.hashes) == {"scene.usda"}


def test_missing_and_broken_layers_are_warnings(tmp_path: Path) -> None:
    (tmp_path / "broken.usda").write_text("#usda 1.0\n def {")
    body = """def Xform "A" ( references = @./gone.usda@ ) { }
    def Xform "B" ( references = @./broken.usda@ ) { }
    def Xform "C" ( references = @http://example.com/x.usda@ ) { }"""
    found = scene(tmp_path, body)
    assert {"usd_layer_missing", "usd_layer_unreadable", "usd_layer_outside"} <= set(codes(found))
    assert not any(str(tmp_path) in w.message for w in found.warnings)


def test_textures_outside_are_never_read(tmp_path: Path) -> None:
    picture(tmp_path / "secret.png", (1, 2, 3))
    folder = tmp_path / "scene"
    folder.mkdir()
    shader = "color3f inputs:diffuseColor.connect = </M/C.outputs:rgb>"
    for path in ("../secret.png", str(tmp_path / "secret.png"), "http://example.com/secret.png"):
        found = scene(folder, material(shader, texture("C", path)))
        assert found.document.images == ()
        assert set(codes(found)) & {"image_outside", "image_missing"}


# ---------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"#usda 1.0\n def {{{", "scene_malformed"),
        (b"PXR-USDC" + b"\0" * 80, "scene_malformed"),
        (b"PXR-USDC", "scene_malformed"),
        (b"#usda 1.0\n(metersPerUnit = 0)\n", "scene_malformed"),
    ],
)
def test_broken_layers_are_refused(tmp_path: Path, raw: bytes, code: str) -> None:
    path = tmp_path / "bad.usd"
    path.write_bytes(raw)
    with pytest.raises(SceneRefused) as caught:
        read(path)
    assert caught.value.code == code
    assert "bad.usd" in caught.value.came
    assert str(tmp_path) not in str(caught.value)


def test_faces_that_contradict_themselves_are_refused(tmp_path: Path) -> None:
    body = f'def Mesh "Floor" {{ {QUAD} }}'
    for wrong in ("[0, 1, 2, 9]", "[0, 1, 2]", "[0, 1, 2, -1]"):
        with pytest.raises(SceneRefused) as caught:
            scene(tmp_path, body.replace("[0, 1, 2, 3]", wrong))
        assert caught.value.code == "scene_accessor"


def test_a_bomb_of_instances_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage, "PRIMS_MAX", 10_000)
    levels = [f'class Xform "L0" {{ def Mesh "M" {{ {QUAD} }} }}']
    for level in range(1, 8):
        ten = " ".join(
            f'def Xform "I{k}" ( instanceable = true references = </L{level - 1}> ) {{ }}'
            for k in range(10)
        )
        levels.append(f'class Xform "L{level}" {{ {ten} }}')
    levels.append('def Xform "Top" ( references = </L7> ) { }')
    path = tmp_path / "bomb.usda"
    path.write_text(usda("\n".join(levels)))
    with pytest.raises(SceneRefused) as caught:
        convert(path)
    assert caught.value.code == "scene_too_large"


def packed(path: Path, files: dict[str, bytes], *, method: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, raw in files.items():
            archive.writestr(zipfile.ZipInfo(name), raw, method)
    return path


def test_a_package_is_read_with_its_textures(tmp_path: Path) -> None:
    picture(tmp_path / "c.png", (9, 8, 7))
    shader = "color3f inputs:diffuseColor.connect = </M/C.outputs:rgb>"
    root = usda(material(shader, texture("C", "textures/c.png"))).encode()
    files = {"scene.usda": root, "textures/c.png": (tmp_path / "c.png").read_bytes()}
    path = packed(tmp_path / "hall.usdz", files)
    found = read(path)
    assert found.format == "usdz"
    assert found.document.images == (files["textures/c.png"],)
    assert found.size_bytes == path.stat().st_size
    assert set(found.hashes) == {"hall.usdz"}
    assert inspect_scene(path)["kind"] == "scene"


@pytest.mark.parametrize(
    ("name", "code"),
    [("../out.usda", "usdz_path"), ("/etc/x.usda", "usdz_path"), ("a\\..\\b.usda", "usdz_path"),
     ("C:x.usda", "usdz_path"), ("picture.png", "usdz_malformed")],
)  # fmt: skip
def test_names_in_a_package_stay_inside(tmp_path: Path, name: str, code: str) -> None:
    path = packed(tmp_path / "bad.usdz", {name: b"#usda 1.0\n"})
    with pytest.raises(SceneRefused) as caught:
        read(path)
    assert caught.value.code == code
    assert sorted(tmp_path.iterdir()) == [path]


def test_packages_that_grow_or_lie_are_refused(tmp_path: Path) -> None:
    path = packed(
        tmp_path / "bomb.usdz", {"a.usda": b"\0" * 9_000_000}, method=zipfile.ZIP_DEFLATED
    )
    with pytest.raises(SceneRefused) as caught:
        read(path)
    assert caught.value.code == "usdz_compressed"
    honest = packed(tmp_path / "b.usdz", {"a.usda": usda("").encode()}).read_bytes()
    cases = {
        "truncated": honest[: len(honest) // 2],
        "another name": honest.replace(b"a.usda", b"b.usda", 1),
        "another size": honest.replace(
            struct.pack("<I", len(usda(""))), struct.pack("<I", 2**31), 1
        ),
        "no list": b"PK\x03\x04" + b"\0" * 60,
    }
    for raw in cases.values():
        (tmp_path / "lie.usdz").write_bytes(raw)
        with pytest.raises(SceneRefused) as caught:
            read(tmp_path / "lie.usdz")
        assert caught.value.code == "usdz_malformed"


def test_a_package_of_too_many_files_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(usdz, "ENTRIES_MAX", 2)
    path = packed(tmp_path / "many.usdz", {f"{k}.usda": b"#usda 1.0\n" for k in range(3)})
    with pytest.raises(SceneRefused) as caught:
        read(path)
    assert caught.value.code == "usdz_too_many"


def test_without_usd_core_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    path = tmp_path / "scene.usda"
    path.write_text(usda(""))
    with pytest.raises(MissingTool) as caught:
        read(path)
    assert ".[usd]" in caught.value.remedy


def test_text_that_is_no_utf8_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "latin.usda"
    path.write_bytes(b'#usda 1.0\ndef Xform "caf\xe9" { }\n')
    with pytest.raises(SceneRefused) as caught:
        convert(path)
    assert caught.value.code == "scene_malformed"
