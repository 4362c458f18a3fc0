"""Normals and tangents: by the standard, held against the original MikkTSpace."""

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from branchxr_assets.document import Document
from branchxr_assets.mikktspace import corner_tangents
from branchxr_assets.normals import face_normals, summed, unit
from branchxr_assets.operations.normals import NormalsOptions, normals
from branchxr_assets.operations.tangents import TangentsOptions, tangents
from branchxr_assets.readers import read

from .conftest import box

HERE = Path(__file__).parent
ALL = TangentsOptions(has_all=True)


def grid(side: int, *, bump: float, mirrored: bool = False, holes: bool = False) -> Any:
    """Return points, normals, uvs and faces of a bumpy sheet."""
    random = np.random.default_rng(side)
    x, z = np.meshgrid(np.linspace(0, 1, side), np.linspace(0, 1, side))
    points = np.stack([x, random.random(x.shape) * bump, z], -1).reshape(-1, 3)
    uvs = np.stack([x, z], -1).reshape(-1, 2) + random.random((side * side, 2)) * bump / 3
    if mirrored:
        uvs[:, 0] = np.abs(uvs[:, 0] - 0.5)
    if holes:
        uvs[random.integers(0, len(uvs), 9)] = uvs[0]
    first = (np.arange(side - 1)[:, None] * side + np.arange(side - 1)).reshape(-1, 1)
    quads = [first + np.array([0, side, 1]), first + np.array([1, side, side + 1])]
    faces = np.concatenate(quads)
    each = np.repeat(face_normals(points, faces), 3, axis=0)
    rows = (points, unit(summed(faces.reshape(-1), each, len(points))), uvs)
    return (*(part.astype(np.float32).astype(float) for part in rows), faces)


def flat_box() -> Any:
    """Return a box of 24 corners; each side has the whole map, three of them mirrored."""
    corners, faces = box((1, 2, 3))
    points = corners[faces.reshape(-1)]
    rows = np.repeat(unit(face_normals(corners, faces)), 3, axis=0)
    free = np.where(np.abs(rows) > 0.5, np.nan, points)
    uvs = np.array([row[~np.isnan(row)] for row in free])
    return points, rows, uvs, np.arange(len(points)).reshape(-1, 3)


MESHES = {
    "sheet": grid(12, bump=0.1),
    "mirrored": grid(12, bump=0.02, mirrored=True),
    "jagged": grid(9, bump=0.6),
    "box": flat_box(),
}


@pytest.mark.tool
@pytest.mark.parametrize("name", MESHES)
def test_tangents_are_those_of_mikktspace(
    name: str, npm: Path, tmp_path: Path, needs_tool: Callable[[str], str]
) -> None:
    points, rows, uvs, faces = MESHES[name]
    for file, part in (("p", points), ("n", rows), ("u", uvs)):
        (tmp_path / file).write_bytes(part[faces.reshape(-1)].astype(np.float32).tobytes())
    script = [str(HERE / "mikktspace.mjs"), str(npm), "p", "n", "u", "out"]
    subprocess.run([needs_tool("node"), *script], cwd=tmp_path, check=True, timeout=60)
    theirs = np.fromfile(tmp_path / "out", np.float32).reshape(-1, 4).astype(float)
    theirs[:, 3] *= -1  # glTF's v points down
    ours = corner_tangents(points, rows, uvs, faces).rows
    cosine = (ours[:, :3] * theirs[:, :3]).sum(1)
    assert np.degrees(np.arccos(cosine.clip(-1, 1))).max() < 0.1
    assert (ours[:, 3] == theirs[:, 3]).all()


def test_faces_without_an_area_in_uv_take_a_neighbours_tangent() -> None:
    points, rows, uvs, faces = grid(10, bump=0.02, holes=True)
    made = corner_tangents(points, rows, uvs, faces).rows
    assert np.isfinite(made).all()
    assert np.linalg.norm(made[:, :3], axis=1) == pytest.approx(np.ones(len(made)))
    across = (made[:, :3] * rows[faces.reshape(-1)]).sum(1)
    assert np.abs(across).max() < 1e-6
    nowhere = corner_tangents(points, rows, np.zeros_like(uvs), faces).rows
    assert np.linalg.norm(nowhere[:, :3], axis=1) == pytest.approx(np.ones(len(nowhere)))


def mapped(maker: Any, mesh: Any, **attributes: int) -> Document:
    """Return a scene of one mesh with a normal map."""
    points, rows, uvs, faces = mesh
    given = {"TEXCOORD_0": maker.array(uvs), "NORMAL": maker.array(rows)} | attributes
    given = {name: index for name, index in given.items() if index >= 0}
    maker.root["textures"] = [{}]
    maker.root["materials"] = [{"normalTexture": {"index": 0}}]
    maker.node(name="it", mesh=maker.mesh(points, faces, attributes=given, material=0))
    return read(maker.save()).document


def values(document: Document, name: str) -> Any:
    return document.accessors[document.primitives()[0]["attributes"][name]].as_float()


# --- tangents ---------------------------------------------------------------------------------


def test_missing_tangents_are_left_to_the_reader(maker: Any) -> None:
    came = mapped(maker, MESHES["sheet"])
    outcome = tangents(came)
    assert outcome.changed == {"tangents_mended": 0, "primitives_given_tangents": 0}
    assert outcome.document == came


def test_missing_tangents_are_written_where_asked_for(maker: Any) -> None:
    came = mapped(maker, MESHES["mirrored"])
    outcome = tangents(came, ALL)
    assert outcome.changed["primitives_given_tangents"] == 1
    made, rows = values(outcome.document, "TANGENT"), values(outcome.document, "NORMAL")
    assert np.abs((made[:, :3] * rows).sum(1)).max() < 1e-5
    assert {-1.0, 1.0} == set(made[:, 3])
    # Those at the mirror's line are two now, and everything else is as it was.
    before, after = (values(d, "POSITION") for d in (came, outcome.document))
    assert len(before) < len(after) <= len(before) + 3 * 12
    assert {tuple(row) for row in before} == {tuple(row) for row in after}
    assert tangents(outcome.document, ALL).document == outcome.document


def test_only_what_needs_tangents_gets_them(maker: Any) -> None:
    points, rows, uvs, faces = MESHES["sheet"]
    attributes = {"TEXCOORD_0": maker.array(uvs), "NORMAL": maker.array(rows)}
    maker.root["materials"] = [{}, {"normalTexture": {"index": 0, "texCoord": 1}}]
    maker.root["textures"] = [{}]
    for material in (0, 1):  # no normal map; one whose coordinates are not there
        maker.node(mesh=maker.mesh(points, faces, attributes=attributes, material=material))
    assert tangents(read(maker.save()).document, ALL).changed["primitives_given_tangents"] == 0


@pytest.mark.parametrize(
    ("name", "slot", "count"),
    [
        ("KHR_materials_clearcoat", "clearcoatNormalTexture", 1),
        ("KHR_materials_anisotropy", "anisotropyTexture", 1),
        ("KHR_materials_clearcoat", "clearcoatTexture", 0),
    ],
)
def test_a_map_that_no_reader_makes_tangents_for_gets_them(
    maker: Any, name: str, slot: str, count: int
) -> None:
    points, rows, uvs, faces = MESHES["sheet"]
    attributes = {"TEXCOORD_0": maker.array(uvs), "NORMAL": maker.array(rows)}
    material = {"extensions": {name: {slot: {"index": 0}}}}
    maker.root |= {"materials": [material], "textures": [{}], "extensionsUsed": [name]}
    maker.node(mesh=maker.mesh(points, faces, attributes=attributes, material=0))
    made = tangents(read(maker.save()).document)
    assert made.changed["primitives_given_tangents"] == count
    assert tangents(made.document).document == made.document


def test_useless_tangents_are_made_anew_and_the_others_stay(maker: Any) -> None:
    mesh = MESHES["sheet"]
    given = np.tile([1.0, 0, 0, -1], (len(mesh[0]), 1))
    given[3] = 0
    given[7, :3] = mesh[1][7]  # along its normal
    came = mapped(maker, mesh, TANGENT=maker.array(given))
    outcome = tangents(came)
    assert outcome.changed["tangents_mended"] == 2
    assert [w.code for w in outcome.warnings] == ["tangent_mended"]
    made = values(outcome.document, "TANGENT")
    assert (np.delete(made, [3, 7], 0) == np.delete(given, [3, 7], 0)).all()
    assert (made[[3, 7], 0] > 0.9).all()  # u grows along x
    assert (made[[3, 7], 3] == 1).all()
    assert tangents(outcome.document).changed["tangents_mended"] == 0


# --- normals ----------------------------------------------------------------------------------


def test_normals_of_no_length_are_taken_from_the_faces(maker: Any) -> None:
    mesh = grid(5, bump=0.0)
    given = mesh[1].copy()
    given[2], given[9] = 0, (1, 0, 0)
    outcome = normals(mapped(maker, mesh, NORMAL=maker.array(given)))
    assert outcome.changed["normals_mended"] == 1
    assert [w.code for w in outcome.warnings] == ["normal_missing"]
    made = values(outcome.document, "NORMAL")
    assert made[2] == pytest.approx(mesh[1][2])
    assert made[9] == pytest.approx([1, 0, 0])
    assert normals(outcome.document).document == outcome.document


def test_missing_normals_stay_missing_or_become_flat(maker: Any) -> None:
    corners, faces = box((1, 2, 3))
    maker.node(mesh=maker.mesh(corners, faces))
    unlit = {"extensions": {"KHR_materials_unlit": {}}}
    maker.root["materials"] = [unlit]
    maker.root["extensionsUsed"] = ["KHR_materials_unlit"]
    maker.node(mesh=maker.mesh(corners, faces, material=0))
    came = read(maker.save()).document
    assert normals(came).document == came
    outcome = normals(came, NormalsOptions(has_all=True))
    assert outcome.changed["primitives_shaded"] == 1
    lit, plain = outcome.document.primitives()
    assert "NORMAL" not in plain["attributes"]
    made = values(outcome.document, "NORMAL")
    assert len(made) == 24  # four to a side: its two triangles are level
    points = values(outcome.document, "POSITION")
    order = outcome.document.accessors[lit["indices"]].values.reshape(-1, 3).astype(int)
    wanted = unit(face_normals(points, order))
    for corner in range(3):
        assert made[order[:, corner]] == pytest.approx(wanted)
    assert normals(outcome.document, NormalsOptions(has_all=True)).document == outcome.document


def test_tangents_without_normals_go(maker: Any) -> None:
    given = maker.array(np.tile([1.0, 0, 0, 1], (len(MESHES["sheet"][0]), 1)))
    outcome = normals(mapped(maker, MESHES["sheet"], NORMAL=-1, TANGENT=given))
    assert outcome.changed["tangents_dropped"] == 1
    assert "TANGENT" not in outcome.document.primitives()[0]["attributes"]
