"""How glTF may be stored: compressed, quantised, sparse, instanced, in pieces; and by others."""

import base64
import json
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from branchxr.errors import SceneRefused
from branchxr_assets import meshopt
from branchxr_assets.document import Document
from branchxr_assets.geometry import bounds, drawn_triangles, positions, triangles
from branchxr_assets.glb import write_glb
from branchxr_assets.readers import Source, read
from branchxr_assets.readers.gltf import Draco, read_gltf
from branchxr_assets.tree import paths

HERE = Path(__file__).parent


def grid(side: int = 12) -> tuple[np.ndarray, np.ndarray]:
    """Return a hill of `side * side` vertices and its triangles."""
    x, z = np.meshgrid(np.arange(side), np.arange(side), indexing="ij")
    points = np.stack([x, np.sin(x / 3) + np.cos(z / 4), z], axis=-1).reshape(-1, 3)
    number = np.arange(side * side).reshape(side, side)
    a, b, c, d = number[:-1, :-1], number[:-1, 1:], number[1:, :-1], number[1:, 1:]
    faces = np.stack([a, b, c, c, b, d], axis=-1).reshape(-1, 3)
    return points.astype(np.float32), faces


def corners(document: Document) -> np.ndarray:
    """Return the sorted triangles of the first primitive as positions, one row each."""
    primitive = document.primitives()[0]
    found = positions(document, primitive)[triangles(document, primitive)]
    first = np.lexsort(np.moveaxis(found, 2, 0)[::-1], axis=1)[:, :1]
    turned = np.take_along_axis(found, ((first + np.arange(3)) % 3)[:, :, None], axis=1)
    rows = turned.reshape(len(turned), 9)
    return rows[np.lexsort(rows.T[::-1])]


# --- meshopt ----------------------------------------------------------------------------------


def pack(maker: Any, accessor: int, mode: str, *, name: str, filter_: str = "NONE") -> None:
    """Compress an accessor's view in place; the uncompressed buffer becomes one without data."""
    root = maker.root
    item = root["accessors"][accessor]
    view = root["bufferViews"][item["bufferView"]]
    at, size = view["byteOffset"], view["byteLength"]
    values = np.frombuffer(bytes(maker.binary[at : at + size]), np.uint8)
    stride = size // item["count"]
    version = 1 if name.startswith("KHR") else 0
    rows = values.reshape(-1, stride)
    if mode == "ATTRIBUTES":
        raw = meshopt.encode(rows, "ATTRIBUTES", version=version)
    else:
        raw = meshopt.encode(values.view(f"<u{stride}"), mode)  # type: ignore[arg-type]
    where = dict(root["bufferViews"][maker.view(raw)])
    view["buffer"] = 1
    view["extensions"] = {
        name: where
        | {"byteStride": stride, "count": item["count"], "mode": mode}
        | ({} if filter_ == "NONE" else {"filter": filter_})
    }


def packed_grid(maker: Any, *, name: str, mode: str = "TRIANGLES", index: str = "u2") -> None:
    points, faces = grid()
    maker.node(mesh=maker.mesh(points, faces, dtype=index))
    pack(maker, 0, "ATTRIBUTES", name=name)
    pack(maker, 1, mode, name=name)
    maker.root["extensionsUsed"] = maker.root["extensionsRequired"] = [name]


def saved(maker: Any, name: str) -> Path:
    """Save with a second buffer that has no data, as the extension has it."""
    path = maker.save()
    raw = path.read_bytes()
    (size,) = struct.unpack_from("<I", raw, 12)
    root = json.loads(raw[20 : 20 + size])
    views = [view for view in root["bufferViews"] if view["buffer"] == 1]
    top = max(view["byteOffset"] + view["byteLength"] for view in views)
    root["buffers"].append({"byteLength": top, "extensions": {name: {"fallback": True}}})
    text = json.dumps(root).encode()
    text += b" " * (-len(text) % 4)
    body = struct.pack("<I4s", len(text), b"JSON") + text + raw[20 + size :]
    path.write_bytes(struct.pack("<4sII", b"glTF", 2, 12 + len(body)) + body)
    return path


@pytest.mark.parametrize("name", ["EXT_meshopt_compression", "KHR_meshopt_compression"])
@pytest.mark.parametrize("index", ["u2", "u4"])
@pytest.mark.parametrize("mode", ["TRIANGLES", "INDICES"])
def test_meshopt_unpacks_to_what_was_packed(maker: Any, name: str, index: str, mode: str) -> None:
    packed_grid(maker, name=name, mode=mode, index=index)
    source = read(saved(maker, name))
    points, faces = grid()
    np.testing.assert_array_equal(
        positions(source.document, source.document.primitives()[0]), points
    )
    assert source.counts.triangles_drawn == len(faces)
    assert source.extensions_used == (name,)
    assert source.warnings == ()
    found = triangles(source.document, source.document.primitives()[0])
    assert {frozenset(face) for face in found.tolist()} == {frozenset(f) for f in faces.tolist()}
    if mode == "INDICES":
        np.testing.assert_array_equal(found, faces)
    written = write_glb(source.document)
    assert b"meshopt" not in written


UNIT = np.array([[1, 0, 0, 0], [0, -1, 0, 0], [0, 0, 1, 0], [0.6, 0.64, 0.48, 1]], np.float32)


@pytest.mark.parametrize(
    ("filter_", "encoded", "dtype", "wanted", "tolerance"),
    [
        (
            "OCTAHEDRAL",
            lambda: meshopt.encode_octahedral(UNIT, bits=8, stride=4),
            "i1",
            UNIT[:, :3],
            0.02,
        ),
        (
            "OCTAHEDRAL",
            lambda: meshopt.encode_octahedral(UNIT, bits=14, stride=8),
            "<i2",
            UNIT[:, :3],
            1e-3,
        ),
        (
            "QUATERNION",
            lambda: meshopt.encode_quaternions(UNIT[:3], bits=14),
            "<i2",
            UNIT[:3],
            1e-3,
        ),
        ("EXPONENTIAL", lambda: meshopt.encode_exponents(UNIT * 7, bits=15), "<f4", UNIT * 7, 1e-3),
    ],
)
@pytest.mark.parametrize("version", [0, 1])
def test_meshopt_filters(
    filter_: Any, encoded: Any, dtype: str, wanted: Any, tolerance: float, version: int
) -> None:
    rows = encoded()
    raw = meshopt.encode(rows, "ATTRIBUTES", version=version)
    found = meshopt.decode(raw, len(rows), rows.shape[1], "ATTRIBUTES", filter_).view(dtype)
    table = found.reshape(len(rows), -1)[:, : wanted.shape[1]].astype(float)
    if dtype != "<f4":
        table /= np.iinfo(dtype).max
    if filter_ == "QUATERNION":  # q and -q are the same turn
        table *= np.sign((table * wanted).sum(axis=1, keepdims=True))
    np.testing.assert_allclose(table, wanted, atol=tolerance)


def test_the_colour_filter() -> None:
    colours = np.array([[1, 0, 0, 1], [0, 1, 0, 0.5], [0.25, 0.5, 0.75, 1]], np.float32)
    rows = meshopt.encode_colours(colours, bits=8, stride=4)
    raw = meshopt.encode(rows, "ATTRIBUTES", version=1)
    found = meshopt.decode(raw, 3, 4, "ATTRIBUTES", "COLOR").reshape(3, 4) / 255
    np.testing.assert_allclose(found, colours, atol=0.02)


def change_view(**changes: Any) -> Callable[[Any], None]:
    def change(root: Any) -> None:
        view = root["bufferViews"][0]
        view["extensions"]["EXT_meshopt_compression"].update(changes)
        if {"count", "byteStride"} & changes.keys():
            given = view["extensions"]["EXT_meshopt_compression"]
            view["byteLength"] = given["count"] * given["byteStride"]

    return change


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (change_view(byteLength=20), "scene_accessor"),
        (change_view(byteLength=10**9), "scene_accessor"),
        (change_view(byteOffset=10**9), "scene_accessor"),
        (change_view(buffer=7), "scene_accessor"),
        (change_view(byteOffset=1), "scene_accessor"),
        (change_view(count=10**8), "scene_accessor"),
        (change_view(count=10**12), "scene_accessor"),
        (change_view(byteStride=10), "scene_accessor"),
        (change_view(byteStride=512), "scene_accessor"),
        (change_view(mode="TRIANGLES"), "scene_accessor"),
        (change_view(filter="QUATERNION"), "scene_accessor"),
        (change_view(mode="POLYGONS"), "scene_malformed"),
        (change_view(filter="SEPIA"), "scene_malformed"),
        (change_view(count=-1), "scene_malformed"),
        (lambda root: root["bufferViews"][0].update(byteLength=7), "scene_accessor"),
    ],
)
def test_bad_meshopt_is_refused(maker: Any, change: Callable[[Any], None], code: str) -> None:
    packed_grid(maker, name="EXT_meshopt_compression")
    change(maker.root)
    with pytest.raises(SceneRefused) as caught:
        read(saved(maker, "EXT_meshopt_compression"))
    assert caught.value.code == code
    assert "bufferViews[0]" in caught.value.came


def test_a_fallback_that_has_data_is_not_needed(maker: Any) -> None:
    """Files of `gltfpack -cf` have both; the compressed half is what counts."""
    packed_grid(maker, name="EXT_meshopt_compression")
    maker.root["extensionsRequired"] = []
    assert read(saved(maker, "EXT_meshopt_compression")).counts.triangles_drawn == 242


# --- Draco ------------------------------------------------------------------------------------


def draco_grid(maker: Any, **changes: Any) -> None:
    """Write a Draco primitive by hand: POSITION and a generic attribute, accessors without data."""
    import DracoPy

    points, faces = grid()
    marks = np.arange(len(points), dtype=np.uint8)[:, None].repeat(4, axis=1)
    raw = DracoPy.encode(
        points, faces, quantization_bits=14, preserve_order=True, generic_attributes={5: marks}
    )
    by_type = {a["attribute_type"]: a["unique_id"] for a in DracoPy.decode(raw).attributes}
    root = maker.root
    root["accessors"] = [
        {"componentType": 5126, "count": len(points), "type": "VEC3"},
        {"componentType": 5121, "count": len(points), "type": "VEC4", "normalized": True},
        {"componentType": 5123, "count": faces.size, "type": "SCALAR"},
    ]
    extension = {
        "bufferView": maker.view(raw),
        "attributes": {"POSITION": by_type[0], "COLOR_0": 5},
    }
    primitive = {
        "attributes": {"POSITION": 0, "COLOR_0": 1},
        "indices": 2,
        "extensions": {"KHR_draco_mesh_compression": extension | changes},
    }
    root["meshes"] = [{"primitives": [primitive]}]
    maker.node(mesh=0, name="hill", extras={"kept": [1, True]})
    root["extensionsUsed"] = root["extensionsRequired"] = ["KHR_draco_mesh_compression"]


def test_draco_unpacks_in_a_worker(maker: Any) -> None:
    draco_grid(maker)
    source = read(maker.save())
    points, faces = grid()
    assert source.counts.triangles_drawn == len(faces)
    assert source.extensions_used == ("KHR_draco_mesh_compression",)
    document = source.document
    np.testing.assert_allclose(bounds(document), [points.min(0), points.max(0)], atol=1e-3)
    (primitive,) = document.primitives()
    colours = document.accessors[primitive["attributes"]["COLOR_0"]]
    assert (colours.values.dtype, colours.is_normalized) == (np.dtype("u1"), True)
    assert set(colours.values[:, 0].tolist()) == set(range(144))
    assert document.listed("nodes")[0]["extras"] == {"kept": [1, True]}
    assert "extensions" not in primitive


def test_draco_is_decoded_nowhere_unless_asked_for(maker: Any) -> None:
    draco_grid(maker)
    path = maker.save()
    with pytest.raises(SceneRefused) as caught:
        read_gltf(path, path.read_bytes())
    assert caught.value.code == "scene_extension"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"bufferView": 9}, "scene_accessor"),
        ({"attributes": {"POSITION": 77}}, "scene_draco"),
        ({"attributes": {"NORMAL": 0}}, "scene_draco"),
        ({"attributes": {"POSITION": 5, "COLOR_0": 5}}, "scene_draco"),
        ({"attributes": {"POSITION": -1}}, "scene_malformed"),
        ({"bufferView": "a"}, "scene_malformed"),
    ],
)
def test_bad_draco_is_refused(maker: Any, change: Any, code: str) -> None:
    draco_grid(maker, **change)
    path = maker.save()
    with pytest.raises(SceneRefused) as caught:
        read_gltf(path, path.read_bytes(), draco=Draco.HERE)
    assert caught.value.code == code


def test_a_broken_draco_stream_is_refused_by_name(maker: Any) -> None:
    draco_grid(maker)
    maker.binary[11:60] = b"\xff" * 49
    path = maker.save()
    with pytest.raises(SceneRefused) as caught:
        read(path)
    assert caught.value.code in {"scene_draco", "scene_reader_crashed", "scene_too_large"}
    assert path.name in caught.value.came


def test_an_accessor_that_only_draco_fills_claims_no_memory(maker: Any) -> None:
    draco_grid(maker)
    maker.root["accessors"][0]["count"] = 2**50
    assert read(maker.save()).counts.triangles_drawn == 242


# --- restarts, instances, sparse, textures, old and odd files -----------------------------------


@pytest.mark.parametrize(
    ("mode", "indices", "wanted_mode", "wanted"),
    [
        (5, [0, 1, 2, 3, 65535, 4, 5, 6], 4, [[0, 1, 2], [1, 3, 2], [4, 5, 6]]),
        (5, [0, 1, 65535, 65535, 4, 5, 6, 65535], 4, [[4, 5, 6]]),
        (6, [0, 1, 2, 3, 65535, 4, 5, 6], 4, [[1, 2, 0], [2, 3, 0], [5, 6, 4]]),
        (2, [0, 1, 2, 65535, 3, 4], 1, [[0, 1], [1, 2], [2, 0], [3, 4], [4, 3]]),
        (3, [0, 1, 2, 65535, 3, 4], 1, [[0, 1], [1, 2], [3, 4]]),
        (5, [0, 1, 2, 3], 5, [[0], [1], [2], [3]]),
    ],
)
def test_restarts_become_lists(
    maker: Any, mode: int, indices: list[int], wanted_mode: int, wanted: list[list[int]]
) -> None:
    maker.node(mesh=maker.mesh(grid(3)[0], indices, mode=mode))
    maker.root["extensionsUsed"] = maker.root["extensionsRequired"] = ["KHR_mesh_primitive_restart"]
    source = read(maker.save())
    (primitive,) = source.document.primitives()
    assert primitive["mode"] == wanted_mode
    found = source.document.accessors[primitive["indices"]].values[:, 0]
    assert found.tolist() == [index for part in wanted for index in part]
    assert source.warnings == ()


def test_instances_are_kept_and_counted(maker: Any) -> None:
    at = maker.array([[0, 0, 0], [2, 0, 0], [4, 0, 0]])
    extension = {"EXT_mesh_gpu_instancing": {"attributes": {"TRANSLATION": at}}}
    maker.node(mesh=maker.box(), extensions=extension)
    maker.root["extensionsUsed"] = ["EXT_mesh_gpu_instancing"]
    source = read(maker.save())
    assert (source.counts.triangles_unique, source.counts.triangles_drawn) == (12, 36)
    np.testing.assert_allclose(bounds(source.document), [[-0.5] * 3, [4.5, 0.5, 0.5]])
    assert "EXT_mesh_gpu_instancing" in source.document.listed("nodes")[0]["extensions"]


def test_sparse_over_a_compressed_view(maker: Any) -> None:
    packed_grid(maker, name="EXT_meshopt_compression")
    maker.root["accessors"][0]["sparse"] = {
        "count": 1,
        "indices": {"bufferView": maker.view(bytes([3])), "componentType": 5121},
        "values": {"bufferView": maker.view(struct.pack("<3f", 7, 8, 9))},
    }
    document = read(saved(maker, "EXT_meshopt_compression")).document
    points = positions(document, document.primitives()[0])
    assert points[3].tolist() == [7, 8, 9]
    np.testing.assert_array_equal(np.delete(points, 3, 0), np.delete(grid()[0], 3, 0))


@pytest.mark.parametrize(
    ("name", "raw", "mime"),
    [
        ("KHR_texture_basisu", b"\xabKTX 20\xbb\r\n\x1a\n" + bytes(68), "image/ktx2"),
        ("EXT_texture_webp", b"RIFF\x04\0\0\0WEBP", "image/webp"),
        ("MSFT_texture_dds", b"DDS " + bytes(124), "image/vnd-ms.dds"),
    ],
)
def test_textures_of_other_formats_are_kept(maker: Any, name: str, raw: bytes, mime: str) -> None:
    maker.root["images"] = [{"bufferView": maker.view(raw), "mimeType": mime}]
    maker.root["textures"] = [{"extensions": {name: {"source": 0}}}]
    slot = {"baseColorTexture": {"index": 0}}
    maker.root["materials"] = [{"pbrMetallicRoughness": slot}]
    maker.node(mesh=maker.box(material=0))
    maker.root["extensionsUsed"] = maker.root["extensionsRequired"] = [name]
    source = read(maker.save())
    assert source.document.images == (raw,)
    again = maker.folder / "again.glb"
    again.write_bytes(write_glb(source.document))
    kept = read(again).document
    assert kept.images == (raw,)
    assert kept.listed("images")[0]["mimeType"] == mime
    assert kept.listed("textures") == [{"extensions": {name: {"source": 0}}}]
    assert read(again).extensions_used == (name,)


def test_a_gltf_of_pieces_is_the_same_scene(maker: Any, tmp_path: Path) -> None:
    points, faces = grid()
    maker.node(mesh=maker.mesh(points, faces), name="Зал/1")
    whole = read(maker.save())
    half = len(maker.binary) // 2 // 4 * 4
    maker.root["bufferViews"][1]["buffer"] = 1
    at = maker.root["bufferViews"][1]["byteOffset"]
    maker.root["bufferViews"][1]["byteOffset"] = 0
    assert half
    (tmp_path / "bits").mkdir()
    (tmp_path / "bits" / "a b.bin").write_bytes(maker.binary[:at])
    inline = base64.b64encode(bytes(maker.binary[at:])).decode()
    buffers = [
        {"uri": "bits/a%20b.bin", "byteLength": at},
        {
            "uri": f"data:application/octet-stream;base64,{inline}",
            "byteLength": len(maker.binary) - at,
        },
    ]
    path = tmp_path / "pieces.gltf"
    path.write_text(json.dumps(maker.root | {"buffers": buffers}))
    pieces = read(path)
    assert write_glb(pieces.document) == write_glb(whole.document)
    assert set(pieces.hashes) == {"pieces.gltf", "bits/a b.bin"}
    assert (pieces.format, whole.format) == ("gltf", "glb")


@pytest.mark.parametrize(
    "raw",
    [
        json.dumps({"asset": {"version": "1.0"}, "nodes": {"a": {}}}).encode(),
        json.dumps({"nodes": {"a": {}}, "meshes": {}}).encode(),
        b"glTF" + struct.pack("<IIII", 1, 20, 0, 0),
    ],
)
def test_gltf_1_is_refused_with_words(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "old.gltf"
    path.write_bytes(raw)
    with pytest.raises(SceneRefused) as caught:
        read(path)
    assert "glTF 1.0" in caught.value.came


def test_unknown_material_extensions_keep_their_textures(maker: Any) -> None:
    maker.root["images"] = [{"bufferView": maker.view(b"\x89PNG\r\n\x1a\n" + bytes(8))}]
    maker.root["textures"] = [{"source": 0}]
    glow = {"glowTexture": {"index": 0, "texCoord": 0}, "glowFactor": 2}
    maker.root["materials"] = [{"extensions": {"ACME_glow": glow}}]
    maker.node(mesh=maker.box(material=0), extras={"a": {"index": 3}})
    source = read(maker.save())
    assert source.document.listed("materials")[0]["extensions"]["ACME_glow"] == glow
    assert source.warnings == ()


def test_many_small_claims_are_added_up(maker: Any) -> None:
    maker.node(mesh=maker.box())
    empty = {"componentType": 5126, "count": 3_000_000, "type": "MAT4"}
    maker.root["accessors"] += [empty] * 9
    with pytest.raises(SceneRefused) as caught:
        read(maker.save())
    assert caught.value.code == "scene_accessor"


# --- files of other people's encoders -----------------------------------------------------------


def same_scene(found: Source, wanted: Source, *, tolerance: float) -> None:
    for field in ("triangles_unique", "triangles_drawn", "skins", "morph_targets", "lights"):
        assert getattr(found.counts, field) == getattr(wanted.counts, field), field
    assert sorted(paths(found.document).values()) == sorted(paths(wanted.document).values())
    np.testing.assert_allclose(bounds(found.document), bounds(wanted.document), atol=tolerance)
    extras = [[n.get("extras") for n in s.document.listed("nodes")] for s in (found, wanted)]
    assert sorted(map(json.dumps, extras[0])) == sorted(map(json.dumps, extras[1]))


@pytest.mark.tool
@pytest.mark.parametrize("how", ["draco", "draco-sequential", "meshopt", "meshopt-filter"])
def test_files_of_gltf_transform(
    how: str, hall: Path, npm: Path, tmp_path: Path, needs_tool: Callable[[str], str]
) -> None:
    target = tmp_path / "hall.glb"
    script = HERE / "convert.mjs"
    subprocess.run(
        [needs_tool("node"), script, npm, how, hall, target], check=True, capture_output=True
    )
    wanted = read(hall)
    assert target.stat().st_size < wanted.size_bytes
    same_scene(read(target), wanted, tolerance=0.01)


@pytest.mark.tool
@pytest.mark.parametrize(
    ("options", "name"),
    [
        (["-c"], "EXT_meshopt_compression"),
        (["-cc", "-vpf"], "EXT_meshopt_compression"),
        (["-cf", "-vi"], "EXT_meshopt_compression"),
        (["-cz", "-ce", "khr"], "KHR_meshopt_compression"),
        (["-noq"], None),
        (["-mi", "-vpn"], "EXT_mesh_gpu_instancing"),
    ],
)
def test_files_of_gltfpack(
    options: list[str],
    name: str | None,
    hall: Path,
    npm: Path,
    tmp_path: Path,
    needs_tool: Callable[[str], str],
) -> None:
    target = tmp_path / "hall.glb"
    pack_ = npm / "node_modules" / "gltfpack" / "cli.js"
    keep = [] if "-mi" in options else ["-kn"]
    command = [needs_tool("node"), pack_, *options, *keep, "-km", "-ke", "-kv"]
    subprocess.run([*command, "-i", hall, "-o", target], check=True, capture_output=True)
    found, wanted = read(target), read(hall)
    assert name is None or name in found.extensions_used
    assert found.counts.triangles_drawn == wanted.counts.triangles_drawn
    assert found.counts.skins == wanted.counts.skins
    low_high = bounds(wanted.document)
    np.testing.assert_allclose(bounds(found.document), low_high, atol=0.02)
    if "-mi" not in options:
        names = {path.rpartition("/")[2] for path in paths(wanted.document).values()}
        assert names <= {path.rpartition("/")[2] for path in paths(found.document).values()}
    assert drawn_triangles(found.document) == found.counts.triangles_drawn
