"""KTX2: what an encoder is asked for, what is made of its answer, and who decodes it."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tests.assets.encoders import COLOUR, NUMBERS, stand_in

from branchxr.errors import MissingTool
from branchxr_assets.build import build_scene
from branchxr_assets.document import Document
from branchxr_assets.glb import write_glb
from branchxr_assets.ktx2 import Encoder, Ktx2, Settings, find_encoder, parse_ktx2
from branchxr_assets.ktx2.header import ETC1S, UASTC
from branchxr_assets.ktx2.running import EncoderFailed, output_bytes_max
from branchxr_assets.operations.textures import TexturesOptions, textures
from branchxr_assets.presets import Preset, Textures
from branchxr_assets.steps import StepCache

from .test_textures import document, png, smooth

HERE = Path(__file__).parent
KTX2 = TexturesOptions(format="ktx2", quality=80, data_quality=80)


@pytest.fixture(scope="module")
def node_encoder(needs_tool: Callable[[str], str]) -> Encoder:
    """Return the encoder that runs on any machine the project is developed on."""
    folder = Path(needs_tool("node")).parent
    return find_encoder({"PATH": str(folder), "BRANCHXR_KTX": "node"})


@pytest.fixture(scope="module")
def encoded(node_encoder: Encoder) -> dict[str, bytes]:
    """Return pictures that a real encoder made, once for all tests."""
    # Three seconds of processor time each: the encoder's own start.
    return {
        "odd": node_encoder.encode(Image.fromarray(odd(), "RGBA"), COLOUR),
        "normal": node_encoder.encode(normal_map(64), NUMBERS),
    }


def odd() -> Any:
    return smooth(45, 4).astype(np.uint8)[:30]


def normal_map(side: int) -> Image.Image:
    x, y = np.meshgrid(np.arange(side), np.arange(side))
    slopes = np.stack([np.sin(x / 5) * 0.6, np.cos(y / 7) * 0.6, np.ones_like(x, float)], -1)
    unit = slopes / np.linalg.norm(slopes, axis=-1, keepdims=True)
    return Image.fromarray(((unit * 0.5 + 0.5) * 255 + 0.5).astype(np.uint8))


# --- a real encoder ---------------------------------------------------------------------------


@pytest.mark.tool
def test_headers_say_what_gltf_asks_for(encoded: dict[str, bytes]) -> None:
    said = {name: parse_ktx2(raw) for name, raw in encoded.items()}
    # 45 x 30 is no multiple of four.
    assert said["odd"] == Ktx2(48, 32, 6, ETC1S, is_srgb=True, has_alpha=True, scheme=1)
    assert said["normal"] == Ktx2(64, 64, 7, UASTC, is_srgb=False, has_alpha=False, scheme=2)


@pytest.mark.tool
def test_the_pages_own_transcoder_shows_what_came(
    encoded: dict[str, bytes], npm: Path, tmp_path: Path, needs_tool: Callable[[str], str]
) -> None:
    def decoded(raw: bytes, level: int) -> tuple[dict[str, Any], Any]:
        (tmp_path / "in.ktx2").write_bytes(raw)
        script = [str(HERE / "ktx2.mjs"), str(npm), "in.ktx2", str(level), "out.rgba"]
        command = [needs_tool("node"), *script]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=True, timeout=60)
        pixels = np.fromfile(tmp_path / "out.rgba", np.uint8)
        said = json.loads(done.stdout)
        return said, pixels.reshape(said["level"][1], said["level"][0], 4)

    said, pixels = decoded(encoded["normal"], 0)
    assert (said["uastc"], said["srgb"], said["alpha"]) == (True, False, False)
    one, other = (
        p.reshape(-1, 3) / 127.5 - 1 for p in (np.asarray(normal_map(64)), pixels[..., :3])
    )
    cosine = (one * other).sum(1) / np.linalg.norm(one, axis=1) / np.linalg.norm(other, axis=1)
    assert np.degrees(np.arccos(cosine.clip(-1, 1))).mean() < 1.5
    said, pixels = decoded(encoded["odd"], 1)
    assert (said["uastc"], said["srgb"], said["alpha"]) == (False, True, True)
    assert pixels.shape == (16, 24, 4)
    assert np.ptp(pixels[..., 3]) > 60


@pytest.mark.tool
def test_a_build_with_ktx2_is_valid_and_small_in_graphics_memory(
    maker: Any, key: Any, npm: Path, needs_tool: Callable[[str], str], monkeypatch: Any
) -> None:
    monkeypatch.setenv("BRANCHXR_KTX", "node")
    maker.room()
    raws = [png(smooth(30)), png(np.asarray(normal_map(32)))]
    maker.root["images"] = [
        {"bufferView": maker.view(raw), "mimeType": "image/png"} for raw in raws
    ]
    maker.root["textures"] = [{"source": 0}, {"source": 1}]
    pbr = {"baseColorTexture": {"index": 0}}
    maker.root["materials"] = [{"pbrMetallicRoughness": pbr, "normalTexture": {"index": 1}}]
    uv = maker.array(np.random.default_rng(1).random((8, 2)))
    normals = maker.array([[0.0, 1.0, 0.0]] * 8)
    maker.node(mesh=maker.box(material=0, attributes={"TEXCOORD_0": uv, "NORMAL": normals}))
    preset = Preset(textures=Textures(format="ktx2"))
    package = maker.folder / "package"
    result = build_scene(maker.save(), package, preset=preset, key=key, has_report=False, lods=1)
    assert {w.code for w in result.warnings} == set()
    (full,) = [chunk for chunk in result.chunks if chunk.role == "full"]
    assert [size for size, _ in full.load.texture_bytes] == [32 * 32 * 4 // 3] * 2  # 30 in blocks
    files = sorted(map(str, package.glob("c/*.glb")))
    command = [needs_tool("node"), str(HERE / "validate.mjs"), str(npm), *files]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert [json.loads(line)["errors"] for line in done.stdout.splitlines()] == [[]] * len(files)


# --- which encoder ----------------------------------------------------------------------------


def test_without_an_encoder_the_message_says_what_to_install(
    tmp_path: Path, maker: Any, key: Any, monkeypatch: Any
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("BRANCHXR_KTX", raising=False)
    with pytest.raises(MissingTool, match="npm install -g ktx2-encoder") as caught:
        find_encoder()
    assert caught.value.code == "ktx2_encoder_missing"
    maker.room()
    scene = maker.save()
    preset = Preset(textures=Textures(format="ktx2"))
    with pytest.raises(MissingTool):
        build_scene(scene, tmp_path / "package", preset=preset, key=key, has_report=False)
    assert not (tmp_path / "package").exists()
    preset = Preset(textures=Textures(format="auto"))
    result = build_scene(scene, tmp_path / "package", preset=preset, key=key, has_report=False)
    assert "textures_webp" in {w.code for w in result.warnings}


def test_the_environment_names_an_encoder(tmp_path: Path) -> None:
    program = stand_in(tmp_path, "echo toktx v4.3.2", "toktx")
    found = find_encoder({"PATH": "", "BRANCHXR_KTX": program})
    assert (found.kind, found.program, found.version) == ("toktx", program, "toktx v4.3.2")
    assert find_encoder({"PATH": str(tmp_path)}) == found
    stand_in(tmp_path, "echo ktx version: v4.4.2", "ktx")
    assert find_encoder({"PATH": str(tmp_path)}).kind == "ktx"
    for wrong in ("convert", str(tmp_path / "missing"), "toktx"):
        with pytest.raises(MissingTool, match="BRANCHXR_KTX"):
            find_encoder({"PATH": "/nowhere", "BRANCHXR_KTX": wrong})


def test_a_package_in_the_current_folder_is_not_run(tmp_path: Path, monkeypatch: Any) -> None:
    planted = tmp_path / "node_modules" / "ktx2-encoder" / "dist" / "node"
    planted.mkdir(parents=True)
    (planted / "index.js").touch()
    (planted.parents[1] / "package.json").write_text('{"name": "ktx2-encoder", "version": "9"}')
    stand_in(tmp_path / "bin" if (tmp_path / "bin").mkdir() is None else tmp_path, "exit 1", "node")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("branchxr_assets.ktx2.encoders._CHECKOUT", tmp_path / "none")
    where = {"PATH": str(tmp_path / "bin"), "NODE_PATH": "node_modules"}
    with pytest.raises(MissingTool):
        find_encoder(where)
    named = {**where, "NODE_PATH": str(tmp_path / "node_modules")}
    assert find_encoder(named).version == "9"


ARGUMENTS = {
    ("ktx", COLOUR): "create --format R8G8B8_SRGB --assign-oetf srgb --assign-primaries bt709"
    " --generate-mipmap --threads 1 --encode basis-lz --clevel 1 --qlevel 204 in.png out.ktx2",
    ("ktx", NUMBERS): "create --format R8G8B8_UNORM --assign-oetf linear --assign-primaries none"
    " --generate-mipmap --threads 1 --encode uastc --uastc-quality 1 --uastc-rdo --uastc-rdo-m"
    " --uastc-rdo-l 0.5 --zstd 18 in.png out.ktx2",
    ("toktx", COLOUR): "--t2 --target_type RGB --genmipmap --threads 1 --assign_oetf srgb"
    " --assign_primaries bt709 --encode etc1s --clevel 1 --qlevel 204 out.ktx2 in.png",
    ("toktx", NUMBERS): "--t2 --target_type RGB --genmipmap --threads 1 --assign_oetf linear"
    " --assign_primaries none --encode uastc --uastc_quality 1 --uastc_rdo_m --uastc_rdo_l 0.5"
    " --zcmp 18 out.ktx2 in.png",
    ("basisu", COLOUR): "-ktx2 -mipmap -no_multithreading -comp_level 1 -q 204"
    " -file in.png -output_file out.ktx2",
    ("basisu", NUMBERS): "-ktx2 -mipmap -no_multithreading -linear -uastc -uastc_level 1"
    " -uastc_rdo_m -uastc_rdo_l 0.5 -ktx2_zstandard_level 18 -file in.png -output_file out.ktx2",
}


@pytest.mark.parametrize(("kind", "settings"), ARGUMENTS)
def test_command_lines(tmp_path: Path, kind: Any, settings: Settings) -> None:
    told = tmp_path / "told"
    program = stand_in(tmp_path, f'echo "$@" > {told}; exit 3', kind)
    encoder = Encoder(kind, program, "1")
    with pytest.raises(EncoderFailed, match="exit status 3"):
        encoder.encode(Image.new("RGB", (8, 8)), settings)
    assert told.read_text().strip() == ARGUMENTS[kind, settings]


# --- what lies is refused ---------------------------------------------------------------------


@pytest.mark.tool
def test_a_file_of_another_picture_is_refused(tmp_path: Path, encoded: dict[str, bytes]) -> None:
    (tmp_path / "made.ktx2").write_bytes(encoded["odd"])
    encoder = Encoder("toktx", stand_in(tmp_path, f"cp {tmp_path}/made.ktx2 out.ktx2"), "1")
    right = Image.new("RGBA", (46, 31), (9, 9, 9, 9))
    assert encoder.encode(right, COLOUR) == encoded["odd"]
    for image, settings in (
        (Image.new("RGB", (64, 32)), COLOUR),  # of another size
        (right, NUMBERS),  # sRGB where numbers were asked for
    ):
        with pytest.raises(EncoderFailed, match="was asked for"):
            encoder.encode(image, settings)
    (tmp_path / "made.ktx2").write_bytes(encoded["normal"])
    assert encoder.encode(Image.new("RGB", (64, 64)), NUMBERS) == encoded["normal"]
    with pytest.raises(EncoderFailed, match="has_alpha=True"):
        encoder.encode(Image.new("RGBA", (64, 64), (0, 0, 0, 9)), NUMBERS)


@pytest.mark.tool
def test_every_lie_in_a_header_is_found(encoded: dict[str, bytes]) -> None:
    raw = encoded["odd"]
    for at, value in (
        (0, 0), (12, 37), (20, 0), (28, 1), (32, 1), (36, 6), (40, 3), (40, 200), (44, 2), (44, 0),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=r"\w"):
            parse_ktx2(raw[:at] + bytes([value]) + raw[at + 1 :])
    descriptor = int.from_bytes(raw[48:52], "little")
    for at, value in ((descriptor + 12, 1), (descriptor + 14, 9), (descriptor + 10, 0)):
        with pytest.raises(ValueError, match=r"\w"):
            parse_ktx2(raw[:at] + bytes([value]) + raw[at + 1 :])
    for size in (*range(0, 200, 7), len(raw) - 1):
        with pytest.raises(ValueError, match=r"\w"):
            parse_ktx2(raw[:size])


# --- the operation ----------------------------------------------------------------------------


@pytest.fixture
def recorder(tmp_path: Path, encoded: dict[str, bytes]) -> Encoder:
    """Return a stand-in that makes one real file of every picture of 45 x 30."""
    (tmp_path / "made.ktx2").write_bytes(encoded["odd"])
    script = f"echo x >> {tmp_path}/runs; cp {tmp_path}/made.ktx2 out.ktx2"
    return Encoder("ktx", stand_in(tmp_path, script, "ktx"), "1")


def coloured() -> Document:
    return document(png(odd(), "RGBA"))


@pytest.mark.tool
def test_textures_are_declared_and_required(recorder: Encoder, encoded: dict[str, bytes]) -> None:
    came = coloured()
    came.root["textures"][0]["extensions"] = {"EXT_texture_webp": {"source": 0}}
    outcome = textures(came, KTX2, encoder=recorder)
    assert outcome.warnings == ()
    assert outcome.document.images == (encoded["odd"],)
    assert outcome.document.listed("images")[0]["mimeType"] == "image/ktx2"
    assert outcome.document.listed("textures") == [
        {"extensions": {"KHR_texture_basisu": {"source": 0}}}
    ]
    glb = write_glb(outcome.document)
    root = json.loads(glb[20 : 20 + int.from_bytes(glb[12:16], "little")])
    assert root["extensionsRequired"] == ["KHR_texture_basisu"]
    again = textures(outcome.document, KTX2, encoder=recorder)
    assert again.document.images == outcome.document.images
    assert again.changed["images_changed"] == 0
    assert again.warnings == ()


@pytest.mark.tool
def test_what_an_encoder_made_is_remembered(tmp_path: Path, recorder: Encoder) -> None:
    cache, came = StepCache(tmp_path / "cache"), coloured()
    for _ in range(2):
        textures(came, KTX2, cache=cache, encoder=recorder)
    assert (tmp_path / "runs").read_text() == "x\n"
    newer = Encoder("ktx", recorder.program, "2")
    textures(came, KTX2, cache=cache, encoder=newer)
    assert (tmp_path / "runs").read_text() == "x\nx\n"


@pytest.mark.tool
def test_what_is_colour_and_number_at_once_stays_webp(recorder: Encoder) -> None:
    came = coloured()
    material = came.root["materials"][0]
    material["occlusionTexture"] = {"index": 0}
    outcome = textures(came, KTX2, encoder=recorder)
    assert [w.code for w in outcome.warnings] == ["image_not_ktx2"]
    assert outcome.document.listed("images")[0]["mimeType"] == "image/webp"
    # Of this one only alpha is read, and KHR_materials_specular means it to be shared.
    del material["occlusionTexture"]
    material["extensions"] = {"KHR_materials_specular": {"specularTexture": {"index": 0}}}
    assert textures(came, KTX2, encoder=recorder).warnings == ()


def test_what_is_too_large_for_the_encoder_stays_webp(monkeypatch: Any) -> None:
    monkeypatch.setattr("branchxr_assets.ktx2.encoders._WASM_PIXELS_MAX", 1000)
    encoder = Encoder("node", "/nowhere", "1", Path("/nowhere"))
    outcome = textures(coloured(), KTX2, encoder=encoder)
    assert [w.code for w in outcome.warnings] == ["image_not_ktx2"]
    assert outcome.document.images[0][8:12] == b"WEBP"


def test_an_output_has_a_limit() -> None:
    assert output_bytes_max(2048 * 2048) < 26_000_000
