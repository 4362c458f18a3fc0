"""The package of the hall: what DESIGN says of it, and that the same input gives the same bytes."""

import io
import json
import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from PIL import Image

from branchxr.errors import InputRefused, PackageRefused
from branchxr.protocol.package import parse_manifest, verify, verify_file
from branchxr_assets.build import build_scene
from branchxr_assets.container import split
from branchxr_assets.inspection import inspect_package, inspect_scene
from branchxr_assets.readers import read
from branchxr_assets.tileset import z_up_box
from branchxr_assets.tree import paths, world_matrices


def tiles(package: Path) -> tuple[list[Any], Any]:
    """Return the chain of LODs, coarsest first, and the live tile."""
    root = json.loads((package / "tileset.json").read_bytes())["root"]
    (live,) = [t for t in root["children"] if t.get("extras", {}).get("role") == "live"]
    (tile,) = [t for t in root["children"] if t is not live]
    chain = []
    while tile is not None:
        chain.append(tile)
        tile = (tile.get("children") or [None])[0]
    return chain, live


def gltf(package: Path, tile: Any) -> Any:
    raw = (package / tile["content"]["uri"]).read_bytes()
    return json.loads(split(raw, file="chunk")[0])


def test_a_name_that_is_no_utf8(maker: Any, key: Ed25519PrivateKey, tmp_path: Path) -> None:
    maker.room()
    source = maker.save(os.fsdecode(b"caf\xe9.glb"))
    assert build_scene(source, tmp_path / "out", key=key).scene == "caf\ufffd"
    assert json.loads((tmp_path / "out" / "branch.json").read_bytes())["scene"] == "caf\ufffd"


def test_the_tileset_has_the_shape_of_the_design(hall_package: Path) -> None:
    tileset = json.loads((hall_package / "tileset.json").read_bytes())
    root = tileset["root"]
    assert tileset["asset"]["version"] == "1.1"
    assert "transform" not in root
    assert "content" not in root
    assert root["refine"] == "ADD"
    chain, live = tiles(hall_package)
    assert [tile["refine"] for tile in chain] == ["REPLACE"] * 3
    errors = [root["geometricError"], *(tile["geometricError"] for tile in chain)]
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] == live["geometricError"] == 0
    assert chain[0]["boundingVolume"]["box"][:3] == [0.0, 0.0425, 1.8]
    assert root["boundingVolume"] == live["boundingVolume"]
    for tile in (*chain, live):
        extras = tile["content"]["extras"]
        assert tile["content"]["uri"] == f"c/{extras['sha256']}.glb"
        assert (hall_package / tile["content"]["uri"]).stat().st_size == extras["bytes"]


def test_a_box_is_turned_upright() -> None:
    box = z_up_box(np.array([[1.0, 10.0, 100.0], [3.0, 14.0, 106.0]]))
    assert box == [2, -103, 12, 1, 0, 0, 0, 3, 0, 0, 0, 2]


def test_the_first_sight_is_small_and_plain(hall_package: Path) -> None:
    chain, _ = tiles(hall_package)
    first = gltf(hall_package, chain[0])
    assert chain[0]["content"]["extras"]["bytes"] < 60_000
    assert first["extensionsUsed"] == ["KHR_mesh_quantization"]
    assert not {"images", "textures", "animations", "cameras"} & first.keys()
    assert len(first["nodes"]) == 1


def test_the_middle_has_half_the_texture_and_fewer_triangles(hall_package: Path) -> None:
    chain, _ = tiles(hall_package)
    sizes = [tile["content"]["extras"]["bytes"] for tile in chain]
    assert sizes == sorted(sizes)
    budgets = json.loads((hall_package / "branch.json").read_bytes())["budgets"]
    triangles = {chunk["role"]: chunk["triangles"] for chunk in budgets["chunks"]}
    assert triangles["coarsest"] < triangles["middle"] < 0.6 * triangles["full"]
    assert "KHR_lights_punctual" not in gltf(hall_package, chain[1])["extensionsUsed"]


def test_everything_with_extras_is_in_the_chunks_and_in_branch_json(
    hall: Path, hall_package: Path
) -> None:
    source = read(hall).document
    wanted = {
        path: source.listed("nodes")[index]["extras"]
        for index, path in paths(source).items()
        if "extras" in source.listed("nodes")[index]
    }
    assert len(wanted) == 66
    chain, live = tiles(hall_package)
    found: dict[str, Any] = {}
    for tile in (chain[-1], live):
        document = read(hall_package / tile["content"]["uri"]).document
        for index, path in paths(document).items():
            if "extras" in document.listed("nodes")[index]:
                found[path] = document.listed("nodes")[index]["extras"]
    assert found == wanted
    branch = json.loads((hall_package / "branch.json").read_bytes())
    assert {n["path"]: n["extras"] for n in branch["nodes"] if "extras" in n} == wanted
    assert len(branch["nodes"]) == 148
    assert branch["extras"] == {"branch_name": "Hall"}


def test_empties_with_extras_are_in_a_chunk_though_nothing_stands_still(
    maker: Any, key: Ed25519PrivateKey, tmp_path: Path
) -> None:
    maker.node(mesh=maker.box(), extras={"live": True})
    maker.node(name="s", extras={"branch_anchor": "spawn", "capacity": 3})
    result = build_scene(maker.save(), tmp_path / "out", key=key)
    assert [chunk.role for chunk in result.chunks] == ["full", "live"]
    chain, live = tiles(tmp_path / "out")
    nodes = [n for tile in (*chain, live) for n in gltf(tmp_path / "out", tile)["nodes"]]
    assert [n["extras"] for n in nodes] == [
        {"branch_anchor": "spawn", "capacity": 3},
        {"live": True},
    ]


def test_anchors_have_their_place_and_their_own_properties(hall: Path, hall_package: Path) -> None:
    branch = json.loads((hall_package / "branch.json").read_bytes())
    by_path = {anchor["path"]: anchor for anchor in branch["anchors"]}
    assert by_path["Branch_Root/Counter.001/counter.002"] == {
        "path": "Branch_Root/Counter.001/counter.002",
        "kind": "counter",
        "position": [5.8, 0.0, -2.8],
        "rotation": [0.0, 0.0, 0.0, 1.0],
        "desk": 2,
        "service": "kyc",
        "radius_m": 0.6,
    }
    seat = by_path["Branch_Root/Chair.000/seat.001"]  # a chair somebody has turned a little
    assert seat["rotation"] == [0.0, -0.052826, 0.0, 0.998604]
    source = read(hall).document
    worlds, named = world_matrices(source), paths(source)
    for index, path in named.items():
        if path in by_path:
            assert by_path[path]["position"] == pytest.approx(worlds[index][:3, 3], abs=1e-6)


def test_manifest_and_signature(hall_package: Path, key: Ed25519PrivateKey) -> None:
    manifest_bytes = (hall_package / "manifest.json").read_bytes()
    manifest = verify(
        manifest_bytes,
        (hall_package / "manifest.json.sig").read_bytes(),
        pinned=key.public_key().public_bytes_raw(),
        now=0,
        newest_seen=None,
    )
    assert manifest.scene == "hall"
    on_disk = {
        path.relative_to(hall_package).as_posix()
        for path in hall_package.rglob("*")
        if path.is_file()
    }
    assert set(manifest.files) == on_disk - {"manifest.json", "manifest.json.sig"}
    for path in manifest.files:
        verify_file(manifest, path, (hall_package / path).read_bytes())


def test_brotli_twins_unpack_to_the_same_bytes(hall_package: Path) -> None:
    import brotli

    twins = sorted(hall_package.rglob("*.br"))
    assert len(twins) == 6
    for twin in twins:
        raw = twin.with_suffix("").read_bytes()
        assert brotli.decompress(twin.read_bytes()) == raw
        assert twin.stat().st_size < 0.95 * len(raw)


def test_the_same_input_gives_the_same_bytes(
    hall: Path, hall_package: Path, key: Ed25519PrivateKey, tmp_path: Path
) -> None:
    again = tmp_path / "again"
    build_scene(hall, again, key=key, jobs=1)
    promised = ["tileset.json", "branch.json", "report.html"]
    promised += [p.relative_to(again).as_posix() for p in again.glob("c/*.glb")]
    assert len(promised) == 7
    for path in promised:
        assert (again / path).read_bytes() == (hall_package / path).read_bytes()


def test_a_gltf_with_files_beside_it_is_the_same_scene(
    hall: Path, key: Ed25519PrivateKey, tmp_path: Path
) -> None:
    json_bytes, binary = split(hall.read_bytes(), file="hall.glb")
    assert binary is not None
    root = json.loads(json_bytes)
    for number, image in enumerate(root["images"]):
        view = root["bufferViews"][image.pop("bufferView")]
        raw = binary[view["byteOffset"] : view["byteOffset"] + view["byteLength"]]
        (tmp_path / f"image {number}").write_bytes(raw)
        image["uri"] = f"image%20{number}"
    root["buffers"][0]["uri"] = "hall.bin"
    (tmp_path / "hall.bin").write_bytes(binary)
    (tmp_path / "hall.gltf").write_text(json.dumps(root))
    one = build_scene(tmp_path / "hall.gltf", tmp_path / "one", key=key, has_report=False)
    other = build_scene(hall, tmp_path / "other", key=key, has_report=False)
    assert [chunk.glb for chunk in one.chunks] == [chunk.glb for chunk in other.chunks]
    assert one.warnings == other.warnings == ()


@pytest.mark.parametrize("lods", [1, 2, 4])
def test_as_many_levels_as_asked_for(
    hall: Path, key: Ed25519PrivateKey, tmp_path: Path, lods: int
) -> None:
    result = build_scene(hall, tmp_path / "out", key=key, lods=lods, has_report=False)
    assert len(result.chunks) == lods + 1
    drawn = [chunk.triangles for chunk in result.chunks if chunk.role != "live"]
    assert drawn == sorted(drawn)


@pytest.mark.parametrize("lods", [0, 7, -1])
def test_levels_out_of_range(hall: Path, tmp_path: Path, lods: int) -> None:
    with pytest.raises(InputRefused) as caught:
        build_scene(hall, tmp_path / "out", lods=lods)
    assert caught.value.code == "lods_out_of_range"


def test_strict_refuses_and_leaves_nothing(
    maker: Any, key: Ed25519PrivateKey, tmp_path: Path
) -> None:
    maker.node(mesh=maker.box())
    source = maker.save()
    with pytest.raises(InputRefused) as caught:
        build_scene(source, tmp_path / "out", key=key, strict=True)
    assert caught.value.code == "warnings_strict"
    assert list(tmp_path.iterdir()) == [source]


# --- inspect ----------------------------------------------------------------------------------


def test_inspect_counts_what_the_hall_holds(hall: Path) -> None:
    found = inspect_scene(hall)
    wanted = {
        "format": "glb",
        "nodes": 148,
        "meshes": 19,
        "triangles_unique": 22414,
        "triangles_drawn": 44770,
        "materials": 14,
        "textures": 12,
        "images": 12,
        "skins": 1,
        "animations": 4,
        "morph_targets": 2,
        "cameras": 2,
        "lights": 7,
        "nodes_with_extras": 66,
        "uv_sets": 2,
        "vertex_colour_sets": 2,
        "unit_m": 1.0,
        "bounds_m": [[-10.1, 0.0, -6.1], [10.1, 3.6, 6.015]],
        "anchors": {"atm": 6, "counter": 3, "panel": 3, "queue": 6, "seat": 24, "spawn": 4},
        "warnings": [],
    }
    assert {name: found[name] for name in wanted} == wanted
    assert len(found["extensions_used"]) == 9


def copied(package: Path, folder: Path) -> Path:
    import shutil

    return Path(shutil.copytree(package, folder / "copy"))


def test_inspect_reads_a_folder_and_a_zip_of_it(hall_package: Path, tmp_path: Path) -> None:
    archive = tmp_path / "hall.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        for path in hall_package.rglob("*"):
            if path.is_file():
                file.write(path, path.relative_to(hall_package).as_posix())
    found = inspect_package(hall_package, now=0)
    assert found == inspect_package(archive, now=0)
    assert (found["scene"], found["chunks"], found["nodes_with_extras"]) == ("hall", 4, 66)


@pytest.mark.parametrize("name", ["branch.json", "tileset.json", "c", "manifest.json"])
def test_one_changed_byte_is_found(hall_package: Path, tmp_path: Path, name: str) -> None:
    package = copied(hall_package, tmp_path)
    path = package / name
    if path.is_dir():
        path = min(path.iterdir())
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(raw)
    with pytest.raises(PackageRefused) as caught:
        inspect_package(package, now=0)
    assert caught.value.code == "package_tampered"


def test_a_missing_file_is_found(hall_package: Path, tmp_path: Path) -> None:
    package = copied(hall_package, tmp_path)
    (package / "branch.json").unlink()
    with pytest.raises(PackageRefused) as caught:
        inspect_package(package, now=0)
    assert caught.value.code == "package_tampered"


def test_an_unsigned_package_needs_permission(hall_package: Path, tmp_path: Path) -> None:
    package = copied(hall_package, tmp_path)
    (package / "manifest.json.sig").unlink()
    with pytest.raises(PackageRefused) as caught:
        inspect_package(package, now=0)
    assert caught.value.code == "package_unsigned"
    assert inspect_package(package, now=0, allow_unsigned=True)["signer"] is None
    manifest = parse_manifest((package / "manifest.json").read_bytes())
    assert manifest.scene == "hall"


def _bumpy(side: int) -> tuple[np.ndarray, np.ndarray]:
    """Return a floor of `2 * side * side` triangles that no simplifier takes for flat."""
    x, z = (part.ravel() for part in np.meshgrid(np.arange(side + 1.0), np.arange(side + 1.0)))
    corner = (np.arange(side)[:, None] * (side + 1) + np.arange(side)).ravel()
    beside, below = corner + 1, corner + side + 1
    faces = np.stack([corner, below, beside, beside, below, below + 1], axis=1).reshape(-1, 3)
    return np.stack([x, np.sin(x * 2) * np.cos(z * 3) * 0.4, z], axis=1) / side * 6, faces


@pytest.mark.parametrize("side", [4, 20, 60, 200])
@pytest.mark.parametrize("is_textured", [False, True])
def test_who_comes_nearer_never_sees_less(
    maker: Any, key: Ed25519PrivateKey, tmp_path: Path, side: int, is_textured: bool
) -> None:
    points, faces = _bumpy(side)
    look: dict[str, Any] = {}
    if is_textured:
        noise = np.random.default_rng(1).integers(0, 255, (512, 512, 3), np.uint8)
        png = io.BytesIO()
        Image.fromarray(noise).save(png, "PNG")
        maker.root["images"] = [{"bufferView": maker.view(png.getvalue()), "mimeType": "image/png"}]
        maker.root["textures"] = [{"source": 0}]
        maker.root["materials"] = [{"pbrMetallicRoughness": {"baseColorTexture": {"index": 0}}}]
        uv = maker.array(points[:, [0, 2]] / 6)
        look = {"material": 0, "attributes": {"TEXCOORD_0": uv}}
    maker.node(mesh=maker.mesh(points, faces, dtype="u4", **look), extras={"walkable": True})
    result = build_scene(maker.save(), tmp_path / "out", key=key)
    triangles = [chunk.triangles for chunk in result.chunks]
    assert triangles == sorted(triangles)
    roles = [chunk.role for chunk in result.chunks]
    assert (roles[0], roles[-1]) == ("coarsest", "full")
    # Where a level in between neither saves triangles nor pictures, there is none.
    assert ("middle" in roles) is (is_textured or side > 60)
    assert result.as_json()["chunks"] == len(roles)
