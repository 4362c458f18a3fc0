"""Bad input: exit code 3's error with a code, the file and the place; nothing is left behind."""

import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from branchxr.errors import SceneRefused
from branchxr_assets.build import build_scene
from branchxr_assets.readers import read


def refusal(path: Path, key: Ed25519PrivateKey) -> SceneRefused:
    output = path.parent / "out"
    before = sorted(path.parent.iterdir())
    with pytest.raises(SceneRefused) as caught:
        build_scene(path, output, key=key, has_report=False)
    assert sorted(path.parent.iterdir()) == before
    assert path.name in caught.value.came
    return caught.value


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "scene_not_gltf"),
        (b"Kaydara FBX Binary  \0", "scene_fbx"),
        (b"solid cube", "scene_not_gltf"),
        (b"glTF", "scene_truncated"),
        (b"glTF" + struct.pack("<II", 1, 12), "scene_malformed"),
        (b"glTF" + struct.pack("<II", 2, 12), "scene_truncated"),
        (b"glTF" + struct.pack("<II", 2, 99), "scene_truncated"),
        (b"glTF" + struct.pack("<IIII", 2, 20, 0, 0x12345678), "scene_malformed"),
        (b"glTF" + struct.pack("<IIII", 2, 20, 9999, 0x4E4F534A), "scene_truncated"),
        (b"{}", "scene_not_gltf"),
        (b"{", "scene_malformed"),
        (b'{"asset":{"version":"1.0"}}', "scene_not_gltf"),
        (b'{"asset":{"version":"2.0"},"asset":{"version":"2.0"}}', "scene_malformed"),
        (b'{"asset":{"version":"2.0"},"x":NaN}', "scene_malformed"),
        (b'{"asset":{"version":"2.0"},"extras":{"x":1e999}}', "scene_malformed"),
        (b'{"asset":{"version":"2.0"},"x":"\xff"}', "scene_malformed"),
        (b'{"asset":{"version":"2.0"},"x":' + b"[" * 100_000, "scene_malformed"),
        (b'{"asset":{"version":"2.0"},"nodes":7}', "scene_malformed"),
        (b'{"asset":{"version":"2.0"},"nodes":[7]}', "scene_malformed"),
        (b'{"asset":{"version":"2.0"},"extensionsRequired":["ACME_x"]}', "scene_extension"),
    ],
)
def test_what_is_no_gltf(tmp_path: Path, key: Ed25519PrivateKey, raw: bytes, code: str) -> None:
    path = tmp_path / "scene.gltf"
    path.write_bytes(raw)
    assert refusal(path, key).code == code


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SceneRefused) as caught:
        read(tmp_path / "none.glb")
    assert caught.value.code == "scene_not_found"


def test_a_glb_cut_off_anywhere(hall: Path, tmp_path: Path) -> None:
    raw = hall.read_bytes()
    path = tmp_path / "cut.glb"
    for length in [0, 3, 4, 11, 12, 19, 20, 1000, len(raw) // 2, len(raw) - 1]:
        path.write_bytes(raw[:length])
        with pytest.raises(SceneRefused) as caught:
            read(path)
        assert caught.value.code in {"scene_truncated", "scene_not_gltf"}


def nested(depth: int) -> Any:
    return {"a": nested(depth - 1)} if depth else 1


def set_accessor(**changes: Any) -> Callable[[Any], None]:
    return lambda root: root["accessors"][0].update(changes)


def set_view(**changes: Any) -> Callable[[Any], None]:
    return lambda root: root["bufferViews"][0].update(changes)


def set_node(**changes: Any) -> Callable[[Any], None]:
    return lambda root: root["nodes"][0].update(changes)


def set_primitive(**changes: Any) -> Callable[[Any], None]:
    return lambda root: root["meshes"][0]["primitives"][0].update(changes)


def set_material(name: str, **values: Any) -> Callable[[Any], None]:
    return lambda root: root.update(materials=[{"extensions": {name: values}}])


@pytest.mark.parametrize(
    ("change", "code", "place"),
    [
        (set_accessor(count=100_000_000), "scene_accessor", "accessors[0]"),
        (set_accessor(byteOffset=4), "scene_accessor", "accessors[0]"),
        (set_accessor(bufferView=9), "scene_accessor", "accessors[0].bufferView"),
        (set_accessor(count=-1), "scene_malformed", "accessors[0].count"),
        (set_accessor(count=True), "scene_malformed", "accessors[0].count"),
        (set_accessor(componentType=5124), "scene_malformed", "accessors[0].componentType"),
        (set_accessor(type="VEC5"), "scene_malformed", "accessors[0].type"),
        (set_view(byteOffset=10**9), "scene_accessor", "accessors[0].bufferView"),
        (set_view(byteLength=10**12), "scene_accessor", "accessors[0].bufferView"),
        (set_view(byteStride=4), "scene_accessor", "accessors[0]"),
        (set_view(buffer=3), "scene_accessor", "accessors[0].bufferView"),
        (set_node(mesh=5), "scene_reference", "nodes[0].mesh"),
        (set_node(mesh="a"), "scene_malformed", "nodes[0].mesh"),
        (set_node(children=[0]), "scene_cyclic", "nodes[0]"),
        (set_node(translation=[0, 0]), "scene_malformed", "nodes[0].translation"),
        (set_node(translation=[0, 0, 1e39]), "scene_malformed", "nodes[0].translation"),
        (set_node(rotation=[0, 0, "1", 0]), "scene_malformed", "nodes[0].rotation"),
        (set_node(extras=nested(300)), "scene_malformed", "nodes[0].extras" + ".a" * 32 + ".…"),
        (set_node(extensions=[]), "scene_malformed", "nodes[0].extensions"),
        (set_primitive(indices=0), "scene_accessor", "meshes[0].primitives[0].indices"),
        (set_primitive(material=0), "scene_reference", "meshes[0].primitives[0].material"),
        (set_primitive(mode=9), "scene_malformed", "meshes[0].primitives[0].mode"),
        (
            set_material("KHR_materials_emissive_strength", emissiveStrength="bright"),
            "scene_malformed",
            "materials[0].extensions.KHR_materials_emissive_strength.emissiveStrength",
        ),
        (
            set_material("KHR_materials_transmission", transmissionFactor=[1]),
            "scene_malformed",
            "materials[0].extensions.KHR_materials_transmission.transmissionFactor",
        ),
        (
            set_material("KHR_materials_pbrSpecularGlossiness", diffuseFactor=[1]),
            "scene_malformed",
            "materials[0].extensions.KHR_materials_pbrSpecularGlossiness.diffuseFactor",
        ),
    ],
)
def test_a_file_that_contradicts_itself(
    maker: Any, key: Ed25519PrivateKey, change: Callable[[Any], None], code: str, place: str
) -> None:
    maker.node(mesh=maker.box())
    change(maker.root)
    error = refusal(maker.save(), key)
    assert error.code == code
    assert f"at {place} of" in error.came


def test_a_number_beyond_all_floats(maker: Any, key: Ed25519PrivateKey) -> None:
    maker.node(mesh=maker.box(), extras={"price": [12345.5]})
    path = maker.save()
    path.write_bytes(path.read_bytes().replace(b"12345.5", b"  1e999"))
    error = refusal(path, key)
    assert error.code == "scene_malformed"
    assert "nodes[0].extras.price[0]" in str(error)


def test_cyclic_nodes(maker: Any, key: Ed25519PrivateKey) -> None:
    top = maker.node()
    middle = maker.node(top)
    maker.root["nodes"][middle]["children"] = [top]
    assert refusal(maker.save(), key).code == "scene_cyclic"


def test_a_node_with_two_parents(maker: Any, key: Ed25519PrivateKey) -> None:
    shared = maker.node(maker.node())
    maker.node(children=[shared])
    assert refusal(maker.save(), key).code == "scene_cyclic"


def test_indices_beyond_the_vertices(maker: Any, key: Ed25519PrivateKey) -> None:
    maker.node(mesh=maker.mesh([[0, 0, 0], [1, 0, 0], [0, 0, 1]], [[0, 1, 3]]))
    error = refusal(maker.save(), key)
    assert (error.code, "meshes[0].primitives[0].indices" in error.came) == ("scene_accessor", True)


def test_indices_that_are_no_whole_numbers(maker: Any, key: Ed25519PrivateKey) -> None:
    mesh = maker.box()
    maker.root["meshes"][mesh]["primitives"][0]["indices"] = maker.array([float("nan")] * 3)
    maker.node(mesh=mesh)
    assert refusal(maker.save(), key).code == "scene_accessor"


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_positions_that_are_no_numbers(maker: Any, key: Ed25519PrivateKey, value: float) -> None:
    maker.node(mesh=maker.mesh([[0, 0, 0], [1, 0, value], [0, 0, 1]]))
    error = refusal(maker.save(), key)
    assert error.code == "scene_not_finite"
    assert "meshes[0].primitives[0].POSITION" in error.came


def test_attributes_of_different_lengths(maker: Any, key: Ed25519PrivateKey) -> None:
    short = maker.array([[0, 1, 0]] * 2)
    points = [[0, 0, 0], [1, 0, 0], [0, 0, 1]]
    maker.node(mesh=maker.mesh(points, attributes={"NORMAL": short}))
    assert refusal(maker.save(), key).code == "scene_accessor"


@pytest.mark.parametrize("name", ["TEXCOORD_0", "COLOR_0", "JOINTS_0", "WEIGHTS_0"])
def test_attributes_of_a_wrong_type(maker: Any, key: Ed25519PrivateKey, name: str) -> None:
    numbers = maker.array([1.0, 2.0, 3.0])
    points = [[0, 0, 0], [1, 0, 0], [0, 0, 1]]
    maker.node(mesh=maker.mesh(points, attributes={name: numbers}))
    assert refusal(maker.save(), key).code == "scene_accessor"


def test_elements_without_data_are_limited(maker: Any, key: Ed25519PrivateKey) -> None:
    maker.node(mesh=maker.box())
    maker.root["accessors"][0] = {"componentType": 5126, "count": 10**8, "type": "VEC3"}
    assert refusal(maker.save(), key).code == "scene_accessor"


@pytest.mark.parametrize(
    "sparse_indices", [[5, 2], [2, 2], [2, 99]], ids=["falling", "twice", "beyond"]
)
def test_sparse_accessors_are_checked(
    maker: Any, key: Ed25519PrivateKey, sparse_indices: list[int]
) -> None:
    maker.node(mesh=maker.box())
    indices = maker.view(bytes(sparse_indices))
    values = maker.view(struct.pack("<6f", *range(6)))
    maker.root["accessors"][0]["sparse"] = {
        "count": 2,
        "indices": {"bufferView": indices, "componentType": 5121},
        "values": {"bufferView": values},
    }
    assert refusal(maker.save(), key).code == "scene_accessor"


@pytest.mark.parametrize(
    "uri",
    [
        "../secret.bin",
        "/etc/passwd",
        "..%2Fsecret.bin",
        "a/../../secret.bin",
        "http://localhost/x.bin",
        "file:///etc/passwd",
        "C:\\x.bin",
        "",
    ],
)
def test_nothing_outside_the_folder_is_read(
    maker: Any, key: Ed25519PrivateKey, tmp_path: Path, uri: str
) -> None:
    (tmp_path / "secret.bin").write_bytes(b"\0" * 999)
    inner = tmp_path / "inner"
    inner.mkdir()
    path = inner / "scene.gltf"
    root = maker.root | {"buffers": [{"uri": uri, "byteLength": 4}]}
    path.write_text(json.dumps(root))
    assert refusal(path, key).code == "scene_path"


def test_a_link_out_of_the_folder_is_not_followed(
    maker: Any, key: Ed25519PrivateKey, tmp_path: Path
) -> None:
    (tmp_path / "secret.bin").write_bytes(b"\0" * 999)
    inner = tmp_path / "inner"
    inner.mkdir()
    (inner / "data.bin").symlink_to(tmp_path / "secret.bin")
    path = inner / "scene.gltf"
    path.write_text(json.dumps(maker.root | {"buffers": [{"uri": "data.bin", "byteLength": 4}]}))
    assert refusal(path, key).code == "scene_path"


def test_a_link_to_itself_leads_nowhere(maker: Any, key: Ed25519PrivateKey, tmp_path: Path) -> None:
    (tmp_path / "a.bin").symlink_to("a.bin")
    maker.root["buffers"] = [{"uri": "a.bin", "byteLength": 4}]
    path = tmp_path / "scene.gltf"
    path.write_text(json.dumps({**maker.root, "bufferViews": [{"buffer": 0, "byteLength": 4}]}))
    assert refusal(path, key).code in {"scene_path", "scene_missing_file"}


def test_a_missing_neighbour_is_named(maker: Any, key: Ed25519PrivateKey, tmp_path: Path) -> None:
    path = tmp_path / "scene.gltf"
    path.write_text(json.dumps(maker.root | {"buffers": [{"uri": "a b.bin", "byteLength": 4}]}))
    error = refusal(path, key)
    assert error.code == "scene_missing_file"
    assert "'a b.bin'" in error.expected


def test_a_refusal_never_tells_what_a_foreign_file_holds(
    maker: Any, key: Ed25519PrivateKey, tmp_path: Path
) -> None:
    error = refusal_of_text(
        tmp_path, key, '{"asset":{"version":"2.0"},"nodes":"' + "x" * 999 + '"}'
    )
    assert len(str(error)) < 400


def refusal_of_text(folder: Path, key: Ed25519PrivateKey, text: str) -> SceneRefused:
    path = folder / "scene.gltf"
    path.write_text(text)
    return refusal(path, key)
