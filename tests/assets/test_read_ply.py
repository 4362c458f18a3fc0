"""PLY, in its three forms."""

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from branchxr.errors import SceneRefused
from branchxr_assets import mapped
from branchxr_assets.build import build_scene
from branchxr_assets.geometry import bounds, drawn_triangles, triangles
from branchxr_assets.glb import write_glb
from branchxr_assets.readers import ReadOptions, Source, ply_bodies, read
from branchxr_assets.readers.ply_bodies import read_tables
from branchxr_assets.readers.ply_table import Ragged, parse_head

HALL = Path(__file__).parents[3] / "shared" / "scenes" / "hall" / "hall.ply"
FORMS = ("ascii", "binary_little_endian", "binary_big_endian")
CODES = dict(float="f", double="d", uchar="B", int="i", uint="I", ushort="H", short="h", char="b")  # noqa: C408
Rows = list[list[Any]]
XYZ = ["float x", "float y", "float z"]
SQUARE: Rows = [[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]]
INDICES = ["list uchar int vertex_indices"]


def ply(form: str, *elements: tuple[str, list[str], Rows], comments: str = "") -> bytes:
    head = f"ply\nformat {form} 1.0\n{comments}"
    body = b""
    order = "<" if "little" in form else ">"
    for name, properties, rows in elements:
        head += f"element {name} {len(rows)}\n" + "".join(f"property {p}\n" for p in properties)
        for row in rows:
            words: list[str] = []
            for kind, value in zip(properties, row, strict=True):
                parts = kind.split()
                values = value if parts[0] == "list" else [value]
                types = [parts[2]] * len(values) if parts[0] == "list" else [parts[0]]
                if parts[0] == "list":
                    types.insert(0, parts[1])
                    values = [len(values), *values]
                words += map(str, values)
                body += (
                    b""
                    if form == "ascii"
                    else struct.pack(order + "".join(CODES[t] for t in types), *values)
                )
            if form == "ascii":
                body += " ".join(words).encode() + b"\n"
    return head.encode() + b"end_header\n" + body


def scene(folder: Path, raw: bytes, **options: Any) -> Source:
    (folder / "scan.ply").write_bytes(raw)
    return read(folder / "scan.ply", ReadOptions(**options))


def codes(source: Source) -> set[str]:
    return {warning.code for warning in source.warnings} - {"axes_assumed", "unit_assumed"}


def attribute(source: Source, name: str, primitive: int = 0) -> np.ndarray:
    made = source.document
    return made.accessors[made.primitives()[primitive]["attributes"][name]].values


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "faces", [[[0, 1, 2], [0, 2, 3]], [[0, 1, 2, 3]], [[0, 1, 2], [0, 1, 2, 3]]]
)
def test_every_form_and_faces_of_any_length(tmp_path: Path, form: str, faces: Rows) -> None:
    raw = ply(form, ("vertex", XYZ, SQUARE), ("face", INDICES, [[f] for f in faces]))
    found = scene(tmp_path, raw, up="Y", unit_m=1)
    expected = sum(len(face) - 2 for face in faces)
    assert found.counts.triangles_drawn == drawn_triangles(found.document) == expected
    box = bounds(found.document)
    assert box is not None
    assert box.tolist() == [[0, 0, 0], [1, 1, 0]]
    assert found.warnings == ()


@pytest.mark.parametrize("form", FORMS)
def test_everything_a_vertex_says(tmp_path: Path, form: str) -> None:
    columns = ["float x", "float y", "float z", "float nx", "float ny", "float nz"]
    columns += ["uchar red", "uchar green", "uchar blue", "uchar alpha", "float s", "float t"]
    rows = [[*p, 0, 0, 1, 255, 188, 0, 51, 0.25, 0.75] for p in SQUARE]
    found = scene(tmp_path, ply(form, ("vertex", columns, rows), ("face", INDICES, [[[0, 1, 2]]])))
    assert attribute(found, "NORMAL")[0].tolist() == [0, 0, 1]
    assert attribute(found, "TEXCOORD_0")[0].tolist() == [0.25, 0.25]
    assert attribute(found, "COLOR_0")[0] == pytest.approx([1, 0.5028865, 0, 0.2])
    assert (found.counts.uv_sets, found.counts.vertex_colour_sets) == (1, 1)


@pytest.mark.parametrize("names", [("u", "v"), ("texture_u", "texture_v"), ("s", "t")])
def test_names_of_texture_coordinates(tmp_path: Path, names: tuple[str, str]) -> None:
    columns = [*XYZ, f"float {names[0]}", f"float {names[1]}"]
    rows = [[*p, 0.5, 1] for p in SQUARE]
    raw = ply("ascii", ("vertex", columns, rows), ("face", INDICES, [[[0, 1, 2]]]))
    assert attribute(scene(tmp_path, raw), "TEXCOORD_0")[0].tolist() == [0.5, 0]


@pytest.mark.parametrize(
    ("kind", "value"), [("float", 0.5), ("double", 0.5), ("ushort", 32768), ("float", 127.5)]
)
def test_colours_of_every_type(tmp_path: Path, kind: str, value: float) -> None:
    columns = [*XYZ, *(f"{kind} {c}" for c in ("red", "green", "blue"))]
    raw = ply(
        "binary_big_endian",
        ("vertex", columns, [[*p, value, value, value] for p in SQUARE]),
        ("face", INDICES, [[[0, 1, 2]]]),
    )
    assert attribute(scene(tmp_path, raw), "COLOR_0")[0] == pytest.approx([0.2140411] * 3, abs=1e-4)


@pytest.mark.parametrize("form", FORMS)
def test_what_faces_say_of_their_corners(tmp_path: Path, form: str) -> None:
    for name, red in (("a.png", 1), ("b.png", 2)):
        Image.new("RGB", (2, 2), (red, 0, 0)).save(tmp_path / name)
    columns = [*INDICES, "list uchar float texcoord", "int texnumber"]
    columns += ["uchar red", "uchar green", "uchar blue"]
    faces: Rows = [
        [[0, 1, 2], [0, 0, 1, 0, 1, 1], 0, 255, 0, 0],
        [[0, 2, 3], [0, 0, 1, 1, 0, 1], 1, 0, 0, 255],
    ]
    comments = "comment TextureFile a.png\ncomment TextureFile b.png\n"
    elements = (("vertex", XYZ, SQUARE), ("face", columns, faces))
    found = scene(tmp_path, ply(form, *elements, comments=comments))
    assert len(found.document.primitives()) == len(found.document.images) == 2
    assert attribute(found, "TEXCOORD_0", 0).tolist() == [[0, 1], [1, 1], [1, 0]]
    assert attribute(found, "COLOR_0", 1)[0].tolist() == [0, 0, 1]
    assert found.counts.images == 2
    assert codes(found) == set()


def test_strips(tmp_path: Path) -> None:
    strips: Rows = [[[0, 1, 3, 2, -1, 1, 2, 3]]]
    listed = ("tristrips", ["list int int vertex_indices"], strips)
    found = scene(tmp_path, ply("binary_little_endian", ("vertex", XYZ, SQUARE), listed))
    faces = triangles(found.document, found.document.primitives()[0])
    assert faces.tolist() == [[0, 1, 3], [3, 1, 2], [1, 2, 3]]


def test_elements_in_any_order_and_others_between(tmp_path: Path) -> None:
    raw = ply(
        "binary_little_endian",
        ("camera", ["list uchar float view", "float zoom"], [[[1, 2], 3.0], [[1], 2.0]]),
        ("face", INDICES, [[[0, 1, 2]]]),
        ("edge", ["int vertex1", "int vertex2"], [[0, 1]]),
        ("vertex", XYZ, SQUARE),
    )
    found = scene(tmp_path, raw)
    assert drawn_triangles(found.document) == 1
    assert codes(found) == {"element_lost"}


def test_what_is_lost_is_said(tmp_path: Path) -> None:
    columns = [*XYZ, "float Hips", "float Spine"]
    rows = [[*p, 0, 1] for p in SQUARE]
    raw = ply("ascii", ("vertex", columns, rows), ("face", INDICES, [[[0, 1, 2]]]))
    found = scene(tmp_path, raw)
    assert codes(found) == {"attributes_lost"}
    lost = next(w.message for w in found.warnings if w.code == "attributes_lost")
    assert "'Hips', 'Spine'" in lost
    cloud = scene(tmp_path, ply("ascii", ("vertex", XYZ, SQUARE)))
    assert codes(cloud) == {"mesh_missing"}


@given(
    st.sampled_from(FORMS),
    st.lists(
        st.tuples(
            st.lists(st.integers(0, 1000), max_size=5),
            st.integers(0, 255),
            st.lists(st.integers(-9, 9), max_size=3),
        ),
        max_size=20,
    ),
)
def test_tables_come_back_as_they_were_written(form: str, rows: list[tuple[Any, ...]]) -> None:
    columns = ["list uchar int a", "uchar b", "list int short c"]
    raw = ply(form, ("thing", columns, [list(row) for row in rows]), ("end", ["float x"], [[1.5]]))
    found = read_tables(raw, parse_head(raw, file="x"), file="x")
    for number, name in ((0, "a"), (2, "c")):
        column = found["thing"][name]
        assert isinstance(column, Ragged)
        assert column.sizes.tolist() == [len(row[number]) for row in rows]
        assert column.values.tolist() == [v for row in rows for v in row[number]]
    assert np.asarray(found["thing"]["b"]).tolist() == [row[1] for row in rows]
    assert np.asarray(found["end"]["x"]).tolist() == [1.5]


@pytest.mark.parametrize("form", FORMS)
def test_runs_of_rows_alike_and_unlike_in_small_blocks(
    form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ply_bodies, "_BLOCK_BYTES", 50)
    monkeypatch.setattr(ply_bodies, "_ROWS_AT_ONCE", 7)
    monkeypatch.setattr(ply_bodies, "_RUN", 4)
    faces: Rows = [[list(range(n))] for n in [3] * 30 + [3, 4] * 9 + [5] * 9 + [200] + [0, 3] * 5]
    more = [[f, 7, [1.5] * (len(f) % 3)] for (f,) in faces]
    columns = ["list uchar int a", "uint b", "list ushort float c"]
    raw = ply(form, ("face", INDICES, faces), ("more", columns, more), ("end", ["char z"], [[-3]]))
    found = read_tables(raw, parse_head(raw, file="x"), file="x")
    for name, column in (("face", "vertex_indices"), ("more", "a")):
        listed = found[name][column]
        assert isinstance(listed, Ragged)
        assert listed.sizes.tolist() == [len(face) for (face,) in faces]
        assert listed.values.tolist() == [v for (face,) in faces for v in face]
    third = found["more"]["c"]
    assert isinstance(third, Ragged)
    assert (third.sizes.sum(), set(third.values.tolist())) == (sum(len(c) for *_, c in more), {1.5})
    assert np.asarray(found["more"]["b"]).tolist() == [7] * len(faces)
    assert np.asarray(found["end"]["z"]).tolist() == [-3]


def test_a_large_file_is_read_from_a_copy_on_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = ply("binary_little_endian", ("vertex", XYZ, SQUARE * 500),
              ("face", INDICES, [[[0, 1, 2]], [[0, 1, 2, 3]]] * 500))  # fmt: skip
    in_memory = scene(tmp_path, raw)
    monkeypatch.setattr(mapped, "IN_MEMORY_BYTES", 1000)
    on_disk = scene(tmp_path, raw)
    assert write_glb(on_disk.document) == write_glb(in_memory.document)
    assert (on_disk.hashes, on_disk.size_bytes) == (in_memory.hashes, in_memory.size_bytes)


GOOD = ply("binary_little_endian", ("vertex", XYZ, SQUARE), ("face", INDICES, [[[0, 1, 2]]]))
TEXT = ply("ascii", ("vertex", XYZ, SQUARE), ("face", INDICES, [[[0, 1, 2]]]))


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (GOOD[:-1], "scene_truncated"),
        (GOOD[:-14], "scene_truncated"),
        (GOOD.replace(b"vertex 4", b"vertex 100000000"), "scene_truncated"),
        (GOOD.replace(b"face 1", b"face 100000000"), "scene_truncated"),
        (TEXT.replace(b"vertex 4", b"vertex 100000000"), "scene_truncated"),
        (TEXT.replace(b"face 1", b"face 100000000"), "scene_truncated"),
        (TEXT.replace(b"3 0 1 2", b"99999999 0 1 2"), "scene_truncated"),
        (GOOD.replace(b"list uchar", b"list char")[:-13] + b"\xff" + GOOD[-12:], "scene_truncated"),
        (TEXT.replace(b"3 0 1 2", b"-3 0 1 2"), "scene_truncated"),
        (b"\xef\xbb\xbf" + GOOD.replace(b"face 1", b"face 2"), "scene_truncated"),
        (TEXT.replace(b"float x", b"float x\nply"), "scene_malformed"),
        (TEXT.replace(b"3 0 1 2", b"nan 0 1 2"), "scene_truncated"),
        (TEXT.replace(b"3 0 1 2", b"3 0 1 9"), "scene_reference"),
        (TEXT.replace(b"3 0 1 2", b"3 0 1 -1"), "scene_reference"),
        (TEXT.replace(b"3 0 1 2", b"3 0 1 1e300"), "scene_reference"),
        (TEXT.replace(b"1 1 0", b"1 nan 0"), "scene_not_finite"),
        (TEXT.replace(b"1 1 0", b"1 a 0"), "scene_malformed"),
        (TEXT.replace(b"float x", b"float w"), "scene_malformed"),
        (TEXT.replace(b"float x", b"quad x"), "scene_malformed"),
        (TEXT.replace(b"format ascii", b"format morse"), "scene_malformed"),
        (b"ply\n", "scene_malformed"),
        (b"ply\nend_header\n", "scene_malformed"),
        (b"ply\nformat ascii 1.0\n" + b"comment x\n" * 5000, "scene_malformed"),
    ],
)
def test_what_is_broken_is_refused(tmp_path: Path, raw: bytes, code: str) -> None:
    with pytest.raises(SceneRefused) as caught:
        scene(tmp_path, raw)
    assert caught.value.code == code
    assert "of 'scan.ply'" in caught.value.came


def test_it_builds(tmp_path: Path, key: Any) -> None:
    (tmp_path / "scan.ply").write_bytes(GOOD)
    assert build_scene(tmp_path / "scan.ply", tmp_path / "out", key=key).triangles_drawn_full == 1


@pytest.mark.skipif(not HALL.is_file(), reason="needs ../shared/scenes")
def test_the_hall() -> None:
    found = read(HALL)
    assert found.counts.triangles_drawn == drawn_triangles(found.document) == 44_770
    assert (found.counts.uv_sets, found.counts.vertex_colour_sets) == (1, 1)
    assert codes(found) == {"attributes_lost"}
    box = bounds(found.document)
    assert box is not None
    assert box == pytest.approx(np.array([[-10.1, 0, -6.1], [10.1, 3.6, 6.015]]), abs=1e-3)


@pytest.mark.parametrize("count", ["9" * 5000, "9" * 400, "9" * 19])
@pytest.mark.parametrize("rest", [b"", b"property list uchar int vertex_indices\n"])
def test_a_count_of_thousands_of_digits_is_no_count(
    tmp_path: Path, count: str, rest: bytes
) -> None:
    head = f"ply\nformat ascii 1.0\nelement vertex {count}\n".encode()
    path = tmp_path / "lie.ply"
    path.write_bytes(head + rest + b"end_header\n3 1 2 3\n0\n")
    with pytest.raises(SceneRefused):
        read(path)
