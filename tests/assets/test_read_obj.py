"""OBJ and MTL."""

import io
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from branchxr.errors import InputRefused, SceneRefused
from branchxr_assets.build import build_scene
from branchxr_assets.document import Document, Json
from branchxr_assets.geometry import bounds, drawn_triangles, positions, triangles
from branchxr_assets.readers import ReadOptions, Source, read

REAL = Path(__file__).parents[3] / "shared" / "scenes" / "real"
HALL = Path(__file__).parents[3] / "shared" / "scenes" / "hall" / "obj" / "hall.obj"
SQUARE = "v 0 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0\n"


def scene(folder: Path, text: str | bytes, mtl: str | bytes | None = None) -> Source:
    path = folder / "scene.obj"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    if mtl is not None:
        (folder / "scene.mtl").write_bytes(mtl.encode() if isinstance(mtl, str) else mtl)
    return read(path)


def picture(path: Path, colour: Any, size: tuple[int, int] = (4, 4)) -> None:
    mode = "L" if isinstance(colour, int) else "RGB" if len(colour) == 3 else "RGBA"
    Image.new(mode, size, colour).save(path)


def names(document: Document) -> list[str]:
    return [node["name"] for node in document.listed("nodes")]


def material(folder: Path, mtl: str) -> Json:
    found = scene(folder, SQUARE + "mtllib scene.mtl\nusemtl m\nf 1 2 3 4\n", "newmtl m\n" + mtl)
    return found.document.root["materials"][0]


def pixel(source: Document, slot: Json) -> tuple[int, ...]:
    index = source.root["textures"][slot["index"]]["source"]
    with Image.open(io.BytesIO(source.images[index])) as image:
        found = image.getpixel((0, 0))
    assert isinstance(found, tuple)
    return found


def codes(source: Source) -> set[str]:
    return {warning.code for warning in source.warnings}


@pytest.mark.parametrize(
    "text",
    [
        "f 1 2 3\nf 1 3 4\n",
        "f 1 2 3 4\n",
        "f -4 -3 -2 -1\n",
        "f 1 2 \\\n3 4\n",
        "f\t1\t2\t3\t4\t\n",
        "  f 1 2 3 4 # a comment\n",
        "fo 1 2 3 4\n",
        "f 1 2 3 4",
        "f 1 2 3 4\r\n",
    ],
)
def test_every_way_to_write_a_square(tmp_path: Path, text: str) -> None:
    found = scene(tmp_path, SQUARE + text)
    assert found.counts.triangles_drawn == drawn_triangles(found.document) == 2
    box = bounds(found.document)
    assert box is not None
    assert box.tolist() == [[0, 0, 0], [1, 1, 0]]
    assert found.warnings == ()


def test_a_byte_order_mark_hides_no_vertex(tmp_path: Path) -> None:
    assert scene(tmp_path, "\ufeff" + SQUARE + "f 1 2 3 4\n").counts.triangles_drawn == 2


def test_names_written_as_addresses_are_found(tmp_path: Path) -> None:
    (tmp_path / "my materials.mtl").write_text("newmtl m\nmap_Kd oak%20wood.png\n")
    picture(tmp_path / "oak wood.png", (1, 2, 3))
    text = SQUARE + "vt 0 0\nmtllib my%20materials.mtl\nusemtl m\nf 1/1 2/1 3/1\n"
    found = scene(tmp_path, text)
    assert (codes(found), len(found.document.images)) == (set(), 1)
    picture(tmp_path / "oak%20wood.png", (4, 5, 6))  # the very name goes first
    made = scene(tmp_path, text).document
    assert pixel(made, made.listed("materials")[0]["pbrMetallicRoughness"]["baseColorTexture"]) == (
        4, 5, 6
    )  # fmt: skip


def test_lines_of_old_macs_and_of_windows(tmp_path: Path) -> None:
    text = (SQUARE + "f 1 2 3 4\n").encode()
    for end in (b"\r", b"\r\n"):
        assert scene(tmp_path, text.replace(b"\n", end)).counts.triangles_drawn == 2


@pytest.mark.parametrize(
    "number", ["0.25", "2.5e-1", ".25", "+0.250000", "25E-2", "0.2500000000000000000001", "0.25000"]
)
def test_numbers_are_what_python_takes_them_for(tmp_path: Path, number: str) -> None:
    found = scene(
        tmp_path, f"v {number} 1.50000 -{number.lstrip('+')}\nv 1 0 0\nv 0 1 0\nf 1 2 3\n"
    )
    points = positions(found.document, next(iter(found.document.primitives())))
    assert points[0].tolist() == [0.25, 1.5, -0.25]


def test_the_fast_way_and_the_plain_way_read_the_same(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    values = rng.uniform(-5000, 5000, (500, 3)).round(6)
    values[::7] *= 1e-5
    faces = "".join(f"f {a + 1} {a + 2} {a + 3}\n" for a in range(0, 498, 3))
    even = "".join("v {:.6f} {:.6f} {:.6f}\n".format(*row) for row in values.tolist())
    odd = "".join(
        "v {!r} {!r} {!r}\n".format(*map(float, row.split()[1:])) for row in even.splitlines()
    )
    boxes = [bounds(scene(tmp_path, text + faces).document) for text in (even, odd)]
    assert np.array_equal(boxes[0], boxes[1])


def test_corners_of_all_kinds_may_be_mixed(tmp_path: Path) -> None:
    text = SQUARE + "vt 0 0\nvt 1 0\nvn 0 0 1\nf 1/1/1 2/2/1 3/2/1\nf 1//1 3//1 4//1\nf 1/1 2/2 3/1\nf 1 2 3\nf 1/ 2/ 3/\n"  # fmt: skip  # noqa: E501
    found = scene(tmp_path, text)
    assert drawn_triangles(found.document) == 5
    primitive = next(iter(found.document.primitives()))
    assert set(primitive["attributes"]) == {"POSITION", "NORMAL", "TEXCOORD_0"}
    normals = found.document.accessors[primitive["attributes"]["NORMAL"]].values
    assert (normals == [0, 0, 1]).all()


def test_texture_coordinates_run_down_and_normals_stay(tmp_path: Path) -> None:
    text = SQUARE + "vt 0.25 0.75\nvn 0 0 1\nf 1/1/1 2/1/1 3/1/1\n"
    found = scene(tmp_path, text).document
    attributes = next(iter(found.primitives()))["attributes"]
    assert found.accessors[attributes["TEXCOORD_0"]].values[0].tolist() == [0.25, 0.25]


def test_objects_and_groups_become_named_nodes(tmp_path: Path) -> None:
    text = (
        SQUARE
        + "o Касса/1\nf 1 2 3\no 箱\ng top\nf 1 2 3\ng side a\nf 1 3 4\ng top\nf 2 3 4\no empty\n"
    )
    found = scene(tmp_path, text)
    assert names(found.document) == ["Касса/1", "箱", "top", "side a", "empty"]
    assert (found.counts.nodes, found.counts.meshes) == (3, 3)
    assert [len(node.get("children", [])) for node in found.document.listed("nodes")][:2] == [0, 2]
    assert drawn_triangles(found.document) == 4


def test_without_objects_groups_are_on_top_and_nameless_parts_have_the_files_name(
    tmp_path: Path,
) -> None:
    found = scene(tmp_path, SQUARE + "f 1 2 3\ng default\nf 1 2 3\ng pCube1\nf 1 3 4\n")
    assert names(found.document) == ["scene", "scene", "pCube1"]
    assert found.counts.nodes == 0


def test_names_that_are_no_utf_8(tmp_path: Path) -> None:
    found = scene(tmp_path, SQUARE.encode() + "o Schöner Stuhl\nf 1 2 3\n".encode("cp1252"))
    assert names(found.document) == ["Schöner Stuhl"]


def test_smoothing_groups_make_normals_where_there_are_none(tmp_path: Path) -> None:
    roof = "v 0 0 0\nv 1 0 0\nv 0 1 1\nv 1 1 1\nv 0 0 2\nv 1 0 2\n"
    faces = "f 1 2 4 3\nf 3 4 6 5\n"
    flat = scene(tmp_path, roof + "s off\n" + faces).document
    assert "NORMAL" not in next(iter(flat.primitives()))["attributes"]
    smooth = scene(tmp_path, roof + "s 1\n" + faces).document
    attributes = next(iter(smooth.primitives()))["attributes"]
    points = smooth.accessors[attributes["POSITION"]].values
    normals = smooth.accessors[attributes["NORMAL"]].values
    assert len(points) == 6
    assert np.abs(normals[points[:, 1] == 1]) == pytest.approx(np.array([[0, 1, 0]] * 2), abs=1e-6)
    mixed = scene(tmp_path, roof + "s 1\nf 1 2 4 3\ns 2\nf 3 4 6 5\n").document
    assert len(mixed.accessors[0].values) == 8


def test_vertex_colours_become_linear(tmp_path: Path) -> None:
    text = "v 0 0 0 1 0.5 0\nv 1 0 0 1 0.5 0\nv 0 1 0 1 0.5 0\nv 9 9 9\nf 1 2 3\n"
    found = scene(tmp_path, text)
    attributes = next(iter(found.document.primitives()))["attributes"]
    colour = found.document.accessors[attributes["COLOR_0"]].values[0]
    assert colour == pytest.approx([1, 0.2140411, 0])
    assert found.counts.vertex_colour_sets == 1


def test_what_was_painted_in_zbrush_is_kept(tmp_path: Path) -> None:
    square = "v 0 0 0\nv 1 0 0\nv 1 1 0\n#MRGB ffff0000ff00ff00\n#MRGB ff808080 \nf 1 2 3\n"
    found = scene(tmp_path, square)
    attributes = found.document.primitives()[0]["attributes"]
    colours = found.document.accessors[attributes["COLOR_0"]].values
    assert colours == pytest.approx(np.array([[1, 0, 0], [0, 1, 0], [0.2158605] * 3]), abs=1e-6)
    assert found.counts.vertex_colour_sets == 1
    assert "vertex_colours_lost" not in codes(found)
    short = scene(tmp_path, square.replace("#MRGB ff808080 \n", ""))
    assert "vertex_colours_lost" in codes(short)
    assert "COLOR_0" not in short.document.primitives()[0]["attributes"]


def test_axes_and_units_are_the_users_word(tmp_path: Path) -> None:
    path = tmp_path / "scene.obj"
    path.write_text("v 0 0 0\nv 100 0 0\nv 0 0 300\nf 1 2 3\n")
    found = read(path, ReadOptions(up="Z", unit_m=0.01))
    box = bounds(found.document)
    assert box is not None
    assert box == pytest.approx(np.array([[0, 0, 0], [1, 3, 0]]))
    assert found.unit_m == 0.01
    for bad in ({"up": "W"}, {"unit_m": 0}, {"unit_m": math.nan}):
        with pytest.raises(InputRefused):
            ReadOptions(**bad)


def test_options_that_would_do_nothing_are_refused(hall: Path) -> None:
    with pytest.raises(InputRefused) as caught:
        read(hall, ReadOptions(up="Z"))
    assert caught.value.code == "option_without_effect"


@pytest.mark.parametrize(
    ("text", "code", "place"),
    [
        (SQUARE + "f 1 2 5\n", "scene_reference", "line 5"),
        (SQUARE + "o a\nf 1 2 3\nf 1 2 3\nf 1 2 999999999999\n", "scene_reference", "line 8"),
        (SQUARE + "f 1 2 -5\n", "scene_reference", "line 5"),
        (SQUARE + "vt 0 0\nf 1/1 2/2 3/1\n", "scene_reference", "line 6"),
        (SQUARE + "f 1//1 2//1 3//1\n", "scene_reference", "line 5"),
        (SQUARE + "f 0 1 2\n", "scene_malformed", "line 5"),
        (SQUARE + "f 1 2 x\n", "scene_malformed", "line 5"),
        (SQUARE + "f 1 2 3.5\n", "scene_malformed", "line 5"),
        (SQUARE + "f 1/2/3/4 2 3\n", "scene_malformed", "line 5"),
        ("v 0 0 0\nv 1 nan 0\nv 0 1 0\nf 1 2 3\n", "scene_not_finite", "line 2"),
        ("v 0 0 0\nv 1 inf 0\nv 0 1 0\nf 1 2 3\n", "scene_not_finite", "line 2"),
        ("v 0 0 0\nv 1 1e999 0\nv 0 1 0\nf 1 2 3\n", "scene_not_finite", "line 2"),
        ("v 0 0 0\nv 1 a 0\nv 0 1 0\nf 1 2 3\n", "scene_malformed", "line 2"),
        ("v 0 0 0\nv 1,5 2,5 0\nv 0 1 0\nf 1 2 3\n", "scene_malformed", "line 2"),
        ("v 0 0 0\nv 1 0\nv 0 1 0\nf 1 2 3\n", "scene_not_finite", "line 2"),
        ("v 0 0\nv 1 0\nv 0 1\nf 1 2 3\n", "scene_malformed", "line 1"),
    ],
)
def test_what_is_broken_is_refused_with_its_line(
    tmp_path: Path, text: str, code: str, place: str
) -> None:
    with pytest.raises(SceneRefused) as caught:
        scene(tmp_path, text)
    assert caught.value.code == code
    assert f"{place} of 'scene.obj'" in caught.value.came


def test_what_is_not_kept_is_said(tmp_path: Path) -> None:
    text = (
        SQUARE
        + "l 1 2\nl 2 3\np 1\nf 1 2\nf 1 2 3\ncstype bezier\nsurf 0 1 0 1 1 2\nmtllib none.mtl\n"
    )
    found = scene(tmp_path, SQUARE + text)
    assert codes(found) == {
        *("lines_lost", "points_lost", "surfaces_lost", "faces_dropped", "library_missing"),
    }
    assert "2 lines" in next(w.message for w in found.warnings if w.code == "lines_lost")
    assert codes(scene(tmp_path, "v 0 0 0\n")) == {"mesh_missing"}


def test_a_unit_in_a_comment_is_said_not_taken(tmp_path: Path) -> None:
    found = scene(tmp_path, "# File units = inches\n" + SQUARE + "f 1 2 3\n")
    assert codes(found) == {"unit_in_comment"}


def test_phong(tmp_path: Path) -> None:
    made = material(tmp_path, "Kd 0.1 0.2 0.3\nKs 0.5 0.5 0.5\nNs 30\nd 0.5\nNi 1.33\nillum 2\n")
    assert made["name"] == "m"
    assert made["pbrMetallicRoughness"] == {
        "baseColorFactor": [0.1, 0.2, 0.3, 0.5],
        "metallicFactor": 0.0,
        "roughnessFactor": pytest.approx(0.5),
    }
    assert made["alphaMode"] == "BLEND"
    assert made["extensions"] == {"KHR_materials_ior": {"ior": 1.33}}


def test_clear_and_opaque(tmp_path: Path) -> None:
    def alpha(mtl: str) -> float:
        return float(material(tmp_path, mtl)["pbrMetallicRoughness"]["baseColorFactor"][3])

    assert alpha("Tr 0.25\n") == 0.75
    assert alpha("d 0.25\nTr 0.5\n") == 0.25
    assert alpha("d -halo 0.25\n") == 0.25
    assert alpha("Tr 1\n") == 1.0


def test_pbr_statements(tmp_path: Path) -> None:
    made = material(
        tmp_path,
        "Kd 1 0 0\nPr 0.3\nPm 1\nPs 0.6\nPc 0.5\nPcr 0.1\naniso 0.6\nanisor 0.25\nKe 0 2 0\n",
    )
    assert made["pbrMetallicRoughness"]["roughnessFactor"] == 0.3
    assert made["pbrMetallicRoughness"]["metallicFactor"] == 1.0
    assert made["emissiveFactor"] == [0, 1, 0]
    assert made["extensions"]["KHR_materials_clearcoat"]["clearcoatRoughnessFactor"] == 0.1
    assert set(made["extensions"]) == {
        "KHR_materials_anisotropy",
        "KHR_materials_clearcoat",
        "KHR_materials_emissive_strength",
        "KHR_materials_sheen",
    }


def test_textures_with_options_and_spaces(tmp_path: Path) -> None:
    picture(tmp_path / "my oak 2.png", (10, 20, 30))
    source = scene(
        tmp_path,
        SQUARE + "mtllib scene.mtl\nusemtl m\nf 1 2 3 4\n",
        "newmtl\tm\t\nKd 0 0 0\nmap_Kd -s 2 3 -o 0.25 0.5 0 -clamp on my oak 2.png\n",
    )
    pbr = source.document.root["materials"][0]["pbrMetallicRoughness"]
    assert pbr["baseColorFactor"] == [1, 1, 1, 1]
    slot = pbr["baseColorTexture"]
    assert pixel(source.document, slot) == (10, 20, 30)
    transform = slot["extensions"]["KHR_texture_transform"]
    # The corner (0, 0) of MTL is (0, 1) in glTF: there u = 0.25, v = 0.5, that is 0.5 from above.
    assert transform == {"scale": [2, 3], "offset": [0.25, -2.5]}
    assert transform["scale"][1] * 1 + transform["offset"][1] == 0.5
    assert source.document.root["samplers"] == [{"wrapS": 33071, "wrapT": 33071}]


def test_opacity_roughness_and_metal_are_packed_as_gltf_has_them(tmp_path: Path) -> None:
    picture(tmp_path / "colour.jpg", (200, 0, 0))
    picture(tmp_path / "holes.png", 64, (8, 8))
    picture(tmp_path / "rough.png", 50)
    picture(tmp_path / "metal.png", 90)
    picture(tmp_path / "glow.png", (1, 2, 3))
    text = SQUARE + "mtllib scene.mtl\nusemtl m\nf 1 2 3 4\n"
    mtl = "newmtl m\nmap_Kd colour.jpg\nmap_d holes.png\nmap_Pr rough.png\nmap_Pm metal.png\nmap_Ke glow.png\n"  # noqa: E501
    found = scene(tmp_path, text, mtl)
    made = found.document.root["materials"][0]
    red, *_, alpha = pixel(found.document, made["pbrMetallicRoughness"]["baseColorTexture"])
    assert (abs(red - 200) < 4, alpha, made["alphaMode"]) == (True, 64, "BLEND")
    surface = pixel(found.document, made["pbrMetallicRoughness"]["metallicRoughnessTexture"])
    assert surface == (255, 50, 90)
    assert made["emissiveFactor"] == [1, 1, 1]
    assert (found.counts.images, found.counts.textures, found.counts.materials) == (5, 5, 1)
    gloss = scene(tmp_path, text, "newmtl m\nPr 1\nmap_Ns rough.png\n").document
    slot = gloss.root["materials"][0]["pbrMetallicRoughness"]["metallicRoughnessTexture"]
    assert pixel(gloss, slot) == (255, 205, 255)


def test_bump_maps_are_normals_or_become_normals(tmp_path: Path) -> None:
    picture(tmp_path / "n.png", (128, 128, 255))
    picture(tmp_path / "b.png", 128)
    text = SQUARE + "mtllib scene.mtl\nusemtl m\nf 1 2 3 4\n"
    for mtl in ("norm n.png\n", "map_Bump -bm 0.5 n.png\n", "bump b.png\n"):
        found = scene(tmp_path, text, "newmtl m\n" + mtl)
        slot = found.document.root["materials"][0]["normalTexture"]
        assert pixel(found.document, slot) == (128, 128, 255)
        assert slot.get("scale", 1) == (0.5 if "-bm" in mtl else 1)
        assert codes(found) == ({"bump_converted"} if "b.png" in mtl else set())


def test_maps_that_gltf_has_no_place_for_are_said(tmp_path: Path) -> None:
    mtl = "newmtl m\nmap_Ka a.png\nmap_Ks a.png\nrefl -type sphere a.png\ndisp a.png\ndecal a.png\nKs spectral x.rfl\n"  # noqa: E501
    text = SQUARE + "mtllib scene.mtl\nusemtl m\nf 1 2 3 4\n"
    found = scene(tmp_path, text, mtl)
    assert sorted(w.code for w in found.warnings) == ["colour_lost"] + ["texture_lost"] * 5


def test_materials_that_no_library_has(tmp_path: Path) -> None:
    found = scene(tmp_path, SQUARE + "usemtl oak\nf 1 2 3\nusemtl \nf 1 3 4\n")
    assert codes(found) == {"material_missing"}
    assert [p.get("material") for p in found.document.primitives()] == [0, None]


def test_pictures_and_libraries_elsewhere_are_not_read(tmp_path: Path) -> None:
    folder = tmp_path / "scene"
    folder.mkdir()
    picture(tmp_path / "secret.png", (1, 2, 3))
    (tmp_path / "secret.mtl").write_text("newmtl m\nKd 1 0 0\n")
    text = SQUARE + "mtllib ../secret.mtl scene.mtl\nusemtl m\nf 1 2 3\n"
    found = scene(folder, text, "newmtl m\nmap_Kd ../secret.png\n")
    assert codes(found) == {"library_missing", "image_outside"}
    assert found.document.images == ()


def test_many_statements_stay_quick_and_primitives_few(tmp_path: Path) -> None:
    text = SQUARE + "".join(f"usemtl {n % 2}\nf 1 2 3\n" for n in range(20_000))
    found = scene(tmp_path, text)
    assert len(found.document.primitives()) == 2
    assert drawn_triangles(found.document) == 20_000
    first = next(iter(found.document.primitives()))
    assert len(triangles(found.document, first)) == 10_000


def test_it_builds(tmp_path: Path, key: Any) -> None:
    source = SQUARE + "o Floor\nf 1 2 3 4\n"
    (tmp_path / "scene.obj").write_text(source)
    result = build_scene(tmp_path / "scene.obj", tmp_path / "out", key=key, has_report=False)
    assert result.triangles_drawn_full == 2


@pytest.mark.skipif(not REAL.is_dir(), reason="needs ../shared/scenes")
def test_real_files() -> None:
    fuze, wall = read(REAL / "fuze.obj"), read(REAL / "wallhole.obj")
    assert fuze.counts.triangles_drawn == drawn_triangles(fuze.document) == 1000
    assert (fuze.counts.materials, fuze.counts.images, len(fuze.document.images)) == (1, 1, 1)
    # 66, as its three continued lines have it; read_counts.py takes each for a whole line.
    assert wall.counts.triangles_drawn == drawn_triangles(wall.document) == 66
    assert codes(wall) == {"library_missing"}


@pytest.mark.skipif(not HALL.is_file(), reason="needs ../shared/scenes")
def test_the_hall() -> None:
    found = read(HALL)
    assert found.warnings == ()
    assert (found.counts.nodes, found.counts.meshes, found.counts.materials) == (72, 72, 14)
    assert (found.counts.images, len(found.document.images)) == (11, 11)
    assert found.counts.triangles_drawn == drawn_triangles(found.document) == 44_770
    assert found.generator == "Blender 5.0.1"
