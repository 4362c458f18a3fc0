""".blend: what is run, what is said without Blender, and a real one where one is found."""

import gzip
import os
import shutil
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from branchxr.errors import MissingTool, SceneRefused
from branchxr_assets.document import Accessor, Document
from branchxr_assets.geometry import bounds
from branchxr_assets.operations.rescale import RescaleOptions, rescale
from branchxr_assets.readers import read
from branchxr_assets.readers.blender import saved_by_version
from branchxr_assets.readers.blender.program import SCRIPT, Blender, find_blender
from branchxr_assets.readers.foreign import FORMATS, foreign_format
from branchxr_assets.readers.sniff import is_blend

SCENES = Path(__file__).parents[3] / "shared/scenes/hall"
HAS_BLENDER = os.environ.get("BRANCHXR_BLENDER") or shutil.which("blender")
needs_blender = pytest.mark.skipif(
    not (HAS_BLENDER or os.environ.get("BRANCHXR_REQUIRE_TOOLS")),
    reason="needs Blender: `make blender`, or set BRANCHXR_BLENDER to yours",
)


def blend(folder: Path, raw: bytes = b"BLENDER-v500" + b"\0" * 64) -> Path:
    path = folder / "зал.blend"
    path.write_bytes(raw)
    return path


def test_without_blender_it_says_what_to_install_or_to_export(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("BRANCHXR_BLENDER", raising=False)
    with pytest.raises(MissingTool) as caught:
        read(blend(tmp_path))
    assert caught.value.code == "missing_blender"
    assert "BRANCHXR_BLENDER" in caught.value.remedy
    assert "glTF 2.0" in caught.value.remedy


def test_a_variable_that_names_nothing_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BRANCHXR_BLENDER", str(tmp_path / "gone"))
    with pytest.raises(MissingTool, match="gone"):
        read(blend(tmp_path))


def test_a_program_that_is_no_blender_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRANCHXR_BLENDER", shutil.which("true") or "true")
    with pytest.raises(MissingTool, match="does not call itself Blender"):
        find_blender()


def test_blender_starts_clean_offline_and_without_the_files_scripts() -> None:
    command = Blender("/opt/blender", is_python=False, version=(4, 2)).command(
        Path("/s/a.blend"), Path("/t")
    )
    assert command == [
        *("/opt/blender", "--background", "--factory-startup", "--disable-autoexec"),
        *("--offline-mode", "--python-exit-code", "3", "--python", str(SCRIPT)),
        *("--", "/s/a.blend", "/t"),
    ]
    older = Blender("/opt/blender", is_python=False, version=(3, 6)).command(Path("/a"), Path("/t"))
    assert "--offline-mode" not in older
    python = Blender("/v/bin/python", is_python=True).command(Path("/a"), Path("/t"))
    assert python == ["/v/bin/python", "-I", "-B", str(SCRIPT), "--", "/a", "/t"]


def test_packed_files_are_known_by_their_name() -> None:
    packed = gzip.compress(b"BLENDER-v300")
    assert is_blend(packed, ".blend", 0)
    assert is_blend(b"\x28\xb5\x2f\xfd....", ".blend", 0)
    assert is_blend(b"BLENDER-v279RENDH", ".txt", 0)
    assert not is_blend(packed, ".gz", 0)


def test_a_head_tells_which_blender_saved_it() -> None:
    assert saved_by_version(b"BLENDER-v405REND") == (4, 5)
    assert saved_by_version(b"BLENDER_V279REND") == (2, 79)
    assert saved_by_version(b"BLENDER17-01v0500REND") == (5, 0)
    assert saved_by_version(b"\x28\xb5\x2f\xfd") is None


def test_a_scene_is_rescaled_at_its_top_nodes_only() -> None:
    points = Accessor(np.eye(3, dtype=np.float32), "VEC3")
    times = Accessor(np.array([[0], [1]], np.float32), "SCALAR")
    moves = Accessor(np.array([[1, 0, 0], [3, 0, 0]], np.float32), "VEC3")
    channel: Any = {"sampler": 0, "target": {"path": "translation"}}
    root: dict[str, Any] = {
        "scenes": [{"nodes": [0, 2]}],
        "nodes": [
            {"children": [1], "translation": [1, 2, 3]},
            {"mesh": 0, "translation": [1, 0, 0]},
            {"matrix": [2, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 5, 6, 7, 1]},
        ],
        "meshes": [{"primitives": [{"attributes": {"POSITION": 0}}]}],
        "cameras": [{"type": "perspective", "perspective": {"yfov": 1, "znear": 2, "zfar": 4}}],
        "animations": [
            {
                "samplers": [{"input": 1, "output": 2}],
                "channels": [
                    channel | {"target": {"node": node, "path": "translation"}} for node in (0, 1)
                ],
            }
        ],
    }
    before = Document(root, (points, times, moves))
    after = rescale(before, RescaleOptions(0.5)).document
    top, below, matrix = after.listed("nodes")
    assert (top["translation"], top["scale"]) == ([0.5, 1, 1.5], [0.5] * 3)
    assert "scale" not in below
    assert matrix["matrix"] == [1, 0, 0, 0, 0, 0.5, 0, 0, 0, 0, 0.5, 0, 2.5, 3, 3.5, 1]
    assert after.listed("cameras")[0]["perspective"] == {"yfov": 1, "znear": 1, "zfar": 2}
    samplers = after.listed("animations")[0]["samplers"]
    first, second = (c["sampler"] for c in after.listed("animations")[0]["channels"])
    assert after.accessors[samplers[first]["output"]].values[:, 0].tolist() == [0.5, 1.5]
    assert after.accessors[samplers[second]["output"]].values[:, 0].tolist() == [1, 3]
    old, new = bounds(before), bounds(after)
    assert old is not None
    assert new == pytest.approx(old * 0.5)


@needs_blender
@pytest.mark.blender
@pytest.mark.tool
@pytest.mark.skipif(not SCENES.is_dir(), reason="the shared scenes are not here")
def test_the_hall_counts_as_blender_counts() -> None:
    found = read(SCENES / "hall.blend")
    counts = found.counts
    assert (found.format, found.unit_m) == ("blend", 1)
    assert (counts.nodes, counts.meshes, counts.materials, counts.images) == (129, 19, 14, 12)
    assert (counts.triangles_drawn, counts.triangles_unique) == (44770, 22414)
    assert (counts.animations, counts.skins, counts.morph_targets) == (4, 1, 2)
    assert (counts.lights, counts.cameras, counts.nodes_with_extras) == (7, 2, 66)
    box = bounds(found.document)
    assert box == pytest.approx(np.array([[-10.1, 0, -6.1], [10.1, 3.6, 6.015]]), abs=1e-3)


@needs_blender
@pytest.mark.blender
@pytest.mark.tool
def test_a_broken_blend_is_refused(tmp_path: Path) -> None:
    before = blend(tmp_path)
    with pytest.raises(SceneRefused) as caught:
        read(before)
    assert caught.value.code == "scene_malformed"
    assert before.name in caught.value.came
    assert list(tmp_path.iterdir()) == [before]


# ---------------------------------------------------------------- formats of other programs

STARTS = {
    "a.mb": b"FOR8\0\0\0\0\0\0\0\x10Maya",
    "a.ma": b"//Maya ASCII 2024 scene",
    "a.max": bytes.fromhex("d0cf11e0a1b11ae1"),
    "a.c4d": b"QC4DC4D6",
    "a.skp": b"\xff\xfe\xff\x0eS\0k\0e\0t\0c\0h\0U\0p\0 \0",
    "a.3ds": b"MM" + struct.pack("<IH", 8, 0x3D3D),
    "a.lwo": b"FORM\0\0\0\x04LWO2",
    "a.ifc": b"ISO-10303-21;\nHEADER;FILE_SCHEMA(('IFC4'));",
    "a.step": b"ISO-10303-21;\nHEADER;",
    "a.rvt": bytes.fromhex("d0cf11e0a1b11ae1"),
    "a.3dm": b"3D Geometry File Format ",
    "a.abc": b"Ogawa\xff",
    "a.uasset": b"\xc1\x83\x2a\x9e",
    "a.png": b"\x89PNG\r\n",
    "a.zip": b"PK\x03\x04",
    "a.3mf": b"PK\x03\x04",
    "a.sldprt": b"?",
}


@pytest.mark.parametrize("name", STARTS)
def test_formats_of_other_programs_are_named(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(STARTS[name])
    with pytest.raises(SceneRefused) as caught:
        read(path)
    assert caught.value.code == "scene_format_foreign"
    known = foreign_format(path, STARTS[name])
    assert known is not None
    assert path.suffix in known.suffixes
    assert known.remedy == caught.value.remedy


def test_content_goes_before_the_name() -> None:
    found = foreign_format(Path("a.fbx"), STARTS["a.ma"])
    assert found is not None
    assert ".ma" in found.suffixes
    assert foreign_format(Path("a.doc"), STARTS["a.max"]) is None


def test_every_format_says_what_to_do() -> None:
    assert all(len(known.remedy) > 20 and known.suffixes for known in FORMATS)
    suffixes = [suffix for known in FORMATS for suffix in known.suffixes]
    assert len(set(suffixes)) == len(suffixes)
