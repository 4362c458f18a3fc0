"""STL, binary and ASCII."""

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from branchxr.errors import SceneRefused
from branchxr_assets.build import build_scene
from branchxr_assets.geometry import bounds, drawn_triangles
from branchxr_assets.readers import ReadOptions, Source, read

HALL = Path(__file__).parents[3] / "shared" / "scenes" / "hall" / "hall.stl"
CORNERS = [[[0, 0, 0], [1, 0, 0], [0, 2, 0]], [[0, 0, 0], [0, 2, 0], [0, 0, 3]]]


def binary(head: bytes = b"", words: Any = (0, 0), corners: Any = CORNERS) -> bytes:
    raw = head.ljust(80, b"\0") + struct.pack("<I", len(corners))
    for facet, word in zip(corners, words, strict=True):
        raw += struct.pack("<12fH", 0, 0, 1, *np.ravel(facet), word)
    return raw


def text(name: str = "", corners: Any = CORNERS, end: str = "\n") -> str:
    lines = [f"solid {name}"]
    for facet in corners:
        lines += ["  facet normal 0 0 1", "    outer loop"]
        lines += ["      vertex {} {} {}".format(*corner) for corner in facet]
        lines += ["    endloop", "  endfacet"]
    return end.join([*lines, f"endsolid {name}", ""])


def scene(folder: Path, raw: bytes | str, name: str = "part.stl", **options: Any) -> Source:
    (folder / name).write_bytes(raw.encode() if isinstance(raw, str) else raw)
    return read(folder / name, ReadOptions(**options))


def codes(source: Source) -> list[str]:
    return [warning.code for warning in source.warnings]


@pytest.mark.parametrize(
    "raw",
    [
        binary(),
        binary(b"solid made by some CAD program"),
        text(),
        text(end="\r\n"),
        text().upper().replace("SOLID", "solid").replace("FACET", "facet"),
        text(corners=[[["1e0", "-0.5E-1", "+.5"], [0, 0, 0], [1, 1, 1]], *CORNERS[:1]]),
    ],
)
def test_both_forms(tmp_path: Path, raw: bytes | str) -> None:
    found = scene(tmp_path, raw)
    assert found.format == "stl"
    assert found.counts.triangles_drawn == drawn_triangles(found.document) == 2
    assert [node["name"] for node in found.document.listed("nodes")] == ["part"]
    assert codes(found) == ["axes_assumed", "unit_assumed"]


def test_corners_are_welded_and_z_is_up(tmp_path: Path) -> None:
    found = scene(tmp_path, binary())
    assert found.document.accessors[0].count == 4
    box = bounds(found.document)
    assert box is not None
    assert box == pytest.approx(np.array([[0, 0, -2], [1, 3, 0]]))


def test_the_users_word_counts(tmp_path: Path) -> None:
    found = scene(tmp_path, binary(), up="Y", unit_m=0.001)
    box = bounds(found.document)
    assert box is not None
    assert box == pytest.approx(np.array([[0, 0, 0], [0.001, 0.002, 0.003]]))
    assert codes(found) == []
    assert codes(scene(tmp_path, binary(), up="Z")) == ["unit_assumed"]


def test_solids_are_nodes(tmp_path: Path) -> None:
    found = scene(tmp_path, text("Стол/1") + text("箱", CORNERS[:1]) + "solid empty\nendsolid\n")
    assert [node["name"] for node in found.document.listed("nodes")] == ["part", "Стол/1", "箱"]
    assert found.counts.triangles_drawn == drawn_triangles(found.document) == 3


def test_colours_of_viscam_and_magics(tmp_path: Path) -> None:
    def colours(raw: bytes) -> list[list[float]]:
        made = scene(tmp_path, raw).document
        attributes = made.primitives()[0]["attributes"]
        table = made.accessors[attributes["COLOR_0"]].values
        return sorted({tuple(row) for row in table.astype(float).round(2).tolist()})  # type: ignore[return-value]

    red_bgr, red_rgb = 0x8000 | 31 << 10, 31
    assert colours(binary(words=(red_bgr, 0))) == [(0.8, 0.8, 0.8), (1, 0, 0)]
    magics = b"COLOR=" + bytes([0, 255, 0, 255])
    assert colours(binary(magics, (red_rgb, 0x8000))) == [(0, 1, 0), (1, 0, 0)]
    plain = scene(tmp_path, binary(words=(7, 9)))
    assert "COLOR_0" not in plain.document.primitives()[0]["attributes"]


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (binary()[:-1], "scene_truncated"),
        (binary()[:90], "scene_truncated"),
        (b"\0" * 80 + struct.pack("<I", 100_000_000) + b"\0" * 50, "scene_truncated"),
        (binary(corners=[[[0, 0, 0], [np.nan, 0, 0], [0, 1, 0]]] * 2), "scene_not_finite"),
        (binary(corners=[[[0, 0, 0], [np.inf, 0, 0], [0, 1, 0]]] * 2), "scene_not_finite"),
        (text().replace("vertex 1 0 0", "vertex 1 0 nan"), "scene_not_finite"),
        (text().replace("vertex 1 0 0", "vertex 1 0"), "scene_not_finite"),
        (text().replace("vertex 1 0 0", "vertex 1 0 x"), "scene_malformed"),
        (text().replace("      vertex 1 0 0\n", ""), "scene_truncated"),
        (b"", "scene_not_gltf"),
        (b"solid cube", "scene_not_gltf"),
    ],
)
def test_what_is_broken_is_refused(tmp_path: Path, raw: bytes | str, code: str) -> None:
    with pytest.raises(SceneRefused) as caught:
        scene(tmp_path, raw)
    assert caught.value.code == code
    assert "of 'part.stl'" in caught.value.came


def test_an_empty_solid_is_said(tmp_path: Path) -> None:
    found = scene(tmp_path, binary(words=(), corners=[]))
    assert "mesh_missing" in codes(found)


def test_it_builds_whatever_it_is_called(tmp_path: Path, key: Any) -> None:
    (tmp_path / "part.bin").write_bytes(binary())
    result = build_scene(tmp_path / "part.bin", tmp_path / "out", key=key, has_report=False)
    assert result.triangles_drawn_full == 2


@pytest.mark.parametrize(
    "raw",
    [
        text("part").upper(),
        "\ufeff" + text("part"),
        text("part", end="\r\n"),
        text("part", end="\r"),
        binary(b"solid made with facets of endsolid".ljust(80)),
        binary(b"solid\0facet"),
        binary() + b"and something behind",
    ],
)
def test_odd_forms_are_read_as_what_they_are(tmp_path: Path, raw: bytes | str) -> None:
    found = scene(tmp_path, raw, up="Y", unit_m=1)
    assert found.counts.triangles_drawn == drawn_triangles(found.document) == 2
    assert found.warnings == ()


def test_triangles_that_the_header_does_not_count_are_kept_and_said(tmp_path: Path) -> None:
    raw = bytearray(binary())
    raw[80:84] = bytes(4)
    found = scene(tmp_path, bytes(raw), up="Y", unit_m=1)
    assert found.counts.triangles_drawn == 2
    assert codes(found) == ["triangles_uncounted"]


def test_an_empty_solid_is_no_other_format(tmp_path: Path) -> None:
    assert "mesh_missing" in codes(scene(tmp_path, "solid x\nendsolid x\n"))


@pytest.mark.skipif(not HALL.is_file(), reason="needs ../shared/scenes")
def test_the_hall() -> None:
    found = read(HALL)
    assert found.counts.triangles_drawn == drawn_triangles(found.document) == 44_770
    box = bounds(found.document)
    assert box is not None
    assert box == pytest.approx(np.array([[-10.1, 0, -6.1], [10.1, 3.6, 6.015]]), abs=1e-3)
