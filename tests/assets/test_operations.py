"""Each operation: what it must do, what it must leave, and that its input stays untouched."""

import json
from typing import Any

import numpy as np
import pytest

from branchxr_assets.document import Document
from branchxr_assets.first_view import make_coarsest
from branchxr_assets.geometry import bounds, drawn_triangles
from branchxr_assets.glb import write_glb
from branchxr_assets.operations.cluster import cluster
from branchxr_assets.operations.dedup import dedup
from branchxr_assets.operations.drop_constant import drop_constant
from branchxr_assets.operations.merge import merge
from branchxr_assets.operations.plain_materials import plain_materials
from branchxr_assets.operations.quantize import quantize
from branchxr_assets.operations.reorder import reorder
from branchxr_assets.operations.repair import repair
from branchxr_assets.operations.repair_animations import repair_animations
from branchxr_assets.operations.repair_nodes import repair_nodes
from branchxr_assets.operations.repair_weights import repair_weights
from branchxr_assets.operations.select_scene import select_scene
from branchxr_assets.operations.simplify import simplify
from branchxr_assets.operations.split_live import SplitLiveOptions, split_live
from branchxr_assets.operations.strip import strip
from branchxr_assets.operations.textures import TexturesOptions, textures
from branchxr_assets.operations.weld import weld
from branchxr_assets.pictures import opened
from branchxr_assets.readers import read
from branchxr_assets.readers.gltf import read_chunk
from branchxr_assets.recipe import Recipe
from branchxr_assets.tree import paths


@pytest.fixture(scope="module")
def whole(hall: Any) -> Document:
    return drop_constant(read(hall).document).document


@pytest.mark.parametrize(
    "operation",
    [
        *(drop_constant, merge, plain_materials, repair, repair_animations, repair_nodes),
        *(repair_weights, select_scene, simplify, split_live, strip, textures),
        *(cluster, dedup, reorder, weld),
        lambda document: quantize(merge(document).document),
        lambda document: split_live(document, SplitLiveOptions("live")),
    ],
)
def test_every_operation_leaves_its_input_alone_and_repeats_itself(
    whole: Document, operation: Any
) -> None:
    before = json.dumps(whole.root)
    values = [accessor.values.tobytes() for accessor in whole.accessors]
    once, twice = operation(whole), operation(whole)
    assert json.dumps(whole.root) == before
    assert [accessor.values.tobytes() for accessor in whole.accessors] == values
    assert write_glb(once.document) == write_glb(twice.document)
    assert once.changed == twice.changed
    assert all(np.isfinite(value) for value in once.changed.values())


@pytest.mark.parametrize("operation", [repair, repair_nodes, repair_animations, select_scene])
def test_a_sound_scene_needs_no_mending(whole: Document, operation: Any) -> None:
    outcome = operation(whole)
    assert outcome.warnings == ()
    assert set(outcome.changed.values()) <= {0}


def test_written_and_read_again_it_is_the_same(whole: Document, tmp_path: Any) -> None:
    path = tmp_path / "again.glb"
    path.write_bytes(write_glb(whole))
    again = read(path).document
    assert list(paths(again).values()) == list(paths(whole).values())
    assert [n.get("extras") for n in again.listed("nodes")] == [
        n.get("extras") for n in whole.listed("nodes")
    ]
    assert again.listed("materials") == whole.listed("materials")
    assert again.images == whole.images
    assert bounds(again) == pytest.approx(bounds(whole))
    assert write_glb(again) == path.read_bytes()


# --- drop_constant ----------------------------------------------------------------------------


def test_channels_at_rest_go_and_others_stay(maker: Any) -> None:
    still = maker.node(translation=[1, 2, 3], rotation=[0, 0.6, 0, 0.8])
    maker.animation(still, "translation", [0, 1], [[1, 2, 3], [1, 2, 3]])
    maker.animation(still, "rotation", [0, 1], [[0, -0.6, 0, -0.8], [0, 0.6, 0, 0.8]])
    maker.animation(still, "scale", [0, 1], [[1, 1, 1], [1, 1, 1]])
    node = maker.node(translation=[1, 2, 3])
    maker.animation(node, "translation", [0, 1], [[1, 2, 3], [1, 2, 4]])
    maker.animation(node, "scale", [0, 1], [[2, 2, 2], [2, 2, 2]])  # constant, but not at rest
    outcome = drop_constant(read(maker.save()).document)
    assert [a["name"] for a in outcome.document.listed("animations")] == ["clip3", "clip4"]
    assert outcome.changed == {"channels_dropped": 3, "animations_dropped": 3}
    assert {w.code for w in outcome.warnings} == {"animation_constant"}
    assert len(outcome.document.accessors) == 4


def test_what_holds_still_that_another_clip_moves_stays(maker: Any) -> None:
    door = maker.node()
    maker.animation(door, "translation", [0, 1], [[0, 0, 0], [1, 0, 0]])
    maker.animation(door, "translation", [0, 1], [[0, 0, 0], [0, 0, 0]])
    outcome = drop_constant(read(maker.save()).document)
    assert [a["name"] for a in outcome.document.listed("animations")] == ["clip0", "clip1"]
    assert outcome.warnings == ()


def test_a_spline_moves_by_its_tangents_too(maker: Any) -> None:
    bulging = [[0, 0, 0], [0, 0, 0], [5, 0, 0], [-5, 0, 0], [0, 0, 0], [0, 0, 0]]
    for values in (bulging, np.zeros((6, 3))):
        maker.animation(maker.node(), "translation", [0, 1], values)
        maker.root["animations"][-1]["samplers"][0]["interpolation"] = "CUBICSPLINE"
    outcome = drop_constant(read(maker.save()).document)
    assert [a["name"] for a in outcome.document.listed("animations")] == ["clip0"]


# --- split_live -------------------------------------------------------------------------------


def test_what_is_live_in_the_hall(whole: Document) -> None:
    static = split_live(whole).document
    live = split_live(whole, SplitLiveOptions("live")).document
    named = {path.rpartition("/")[2] for path in paths(live).values()}
    assert {"VaultDoor", "Teller", "TellerBody", "Hips", "Sun", "Camera.000"} <= named
    assert len(live.listed("skins")) == 1
    assert len(live.listed("animations")) == 4
    assert len(live.listed("lights")) == 7
    assert drawn_triangles(static) + drawn_triangles(live) == drawn_triangles(whole)
    for unwanted in ("skins", "animations", "cameras"):
        assert static.listed(unwanted) == []
    assert static.listed("lights") == []
    kept = [n["extras"] for side in (static, live) for n in side.listed("nodes") if "extras" in n]
    every = [n["extras"] for n in whole.listed("nodes") if "extras" in n]
    assert len(kept) == len(every) == 66
    root = live.listed("nodes")[live.listed("scenes")[0]["nodes"][0]]
    assert root["name"] == "Branch_Root"
    assert "extras" not in root


def test_descendants_of_live_nodes_are_live(maker: Any) -> None:
    top = maker.node(name="top", mesh=maker.box(), extras={"keep": 1}, translation=[1, 0, 0])
    door = maker.node(top, name="door", mesh=maker.box(), extras={"interaction": "open"})
    maker.node(door, name="knob", extras={"branch_anchor": "panel"})
    maker.node(top, name="off", extras={"live": False})
    document = read(maker.save()).document
    live = split_live(document, SplitLiveOptions("live")).document
    assert list(paths(live).values()) == ["top", "top/door", "top/door/knob"]
    assert live.listed("nodes")[0] == {"name": "top", "translation": [1, 0, 0], "children": [1]}
    static = split_live(document).document
    assert list(paths(static).values()) == ["top", "top/off"]
    assert static.listed("nodes")[0]["extras"] == {"keep": 1}


def test_twins_keep_their_paths_on_either_side(maker: Any) -> None:
    top = maker.node(name="top")
    maker.node(top, name="a")
    maker.node(top, name="a", extras={"live": True})
    maker.node(top)
    maker.node(top, extras={"live": True})
    document = read(maker.save()).document
    every = set(paths(document).values())
    assert every == {"top", "top/a", "top/a#2", "top/#1", "top/#2"}
    static = set(paths(split_live(document).document).values())
    live = set(paths(split_live(document, SplitLiveOptions("live")).document).values())
    assert static == {"top", "top/a", "top/#1"}
    assert live == {"top", "top/a#2", "top/#2"}


# --- geometry ---------------------------------------------------------------------------------


def test_merging_keeps_places_and_turns_mirrored_triangles(maker: Any) -> None:
    mesh = maker.box((1, 2, 3))
    maker.node(mesh=mesh, translation=[5, 0, 0])
    maker.node(mesh=mesh, scale=[-1, 1, 1], translation=[-5, 0, 0])
    document = read(maker.save()).document
    outcome = merge(document)
    assert outcome.changed == {"primitives": 1}
    assert bounds(outcome.document) == pytest.approx(bounds(document))
    primitive = outcome.document.primitives()[0]
    points = outcome.document.accessors[primitive["attributes"]["POSITION"]].as_float()
    faces = outcome.document.accessors[primitive["indices"]].values.reshape(-1, 3).astype(int)
    a, b, c = (points[faces[:, i]] for i in range(3))
    outward = ((a + b + c) / 3) - np.where(a[:, :1] > 0, [[5.0, 0, 0]], [[-5.0, 0, 0]])
    assert ((np.cross(b - a, c - a) * outward).sum(axis=1) > 0).all()


def test_quantising_moves_nothing_further_than_half_a_step(whole: Document) -> None:
    merged = merge(split_live(whole).document).document
    outcome = quantize(merged)
    assert b"KHR_mesh_quantization" in write_glb(outcome.document)
    before, after = bounds(merged), bounds(outcome.document)
    assert before is not None
    assert after is not None
    assert np.abs(before - after).max() <= outcome.changed["error_m"] * 1.01 + 1e-6
    assert outcome.changed["error_m"] < 0.0005


def test_strip_keeps_what_is_drawn_and_nothing_else(whole: Document) -> None:
    static = split_live(whole).document
    outcome = strip(static)
    assert drawn_triangles(outcome.document) == drawn_triangles(static)
    assert all("extras" not in node for node in outcome.document.listed("nodes"))
    names = {name for p in outcome.document.primitives() for name in p["attributes"]}
    assert "TEXCOORD_1" not in names  # no material of the hall reads the second set
    assert {"POSITION", "NORMAL", "TEXCOORD_0", "COLOR_0"} == names


def test_texture_sets_are_numbered_without_a_gap(maker: Any) -> None:
    """A material may read the second set alone: a light map, or a source without a first one."""
    points, faces = [[0, 0, 0], [1, 0, 0], [0, 0, 1]], [[0, 2, 1]]
    uvs = {f"TEXCOORD_{n}": maker.array(np.full((3, 2), n)) for n in (0, 2)}
    maker.root["textures"] = [{}]
    slot = {"index": 0, "texCoord": 2}
    maker.root["materials"] = [{"pbrMetallicRoughness": {"baseColorTexture": slot}}]
    maker.node(mesh=maker.mesh(points, faces, attributes=uvs, material=0))
    whole = repair(read(maker.save()).document).document
    for made, first in ((whole, 0), (strip(whole).document, 2)):
        (primitive,) = made.primitives()
        found = [made.accessors[primitive["attributes"][f"TEXCOORD_{n}"]] for n in range(3)]
        assert [accessor.values[0, 0] for accessor in found] == [first, 2, 2]


def test_second_colours_without_first_ones_are_set_aside(maker: Any) -> None:
    points, faces = [[0, 0, 0], [1, 0, 0], [0, 0, 1]], [[0, 2, 1]]
    marks = {"COLOR_1": maker.array(np.full((3, 3), 0.5))}
    maker.node(mesh=maker.mesh(points, faces, attributes=marks))
    made = repair(read(maker.save()).document)
    assert set(made.document.primitives()[0]["attributes"]) == {"POSITION", "_COLOR_1"}
    assert [w.code for w in made.warnings] == ["attribute_renamed"]
    assert repair(made.document).warnings == ()


# --- materials and textures -------------------------------------------------------------------


def test_plain_materials_have_no_textures_and_few_extensions(whole: Document) -> None:
    outcome = plain_materials(split_live(whole).document)
    assert outcome.document.images == ()
    assert b"KHR_materials" not in write_glb(outcome.document)
    by_glass = [m for m in outcome.document.listed("materials") if m.get("alphaMode") == "BLEND"]
    assert by_glass[0]["pbrMetallicRoughness"]["baseColorFactor"][3] == 0.25


def test_halved_textures_are_half_as_wide_and_declared(whole: Document) -> None:
    outcome = textures(whole, TexturesOptions(halvings=1))
    for before, after in zip(whole.images, outcome.document.images, strict=True):
        old, new = opened(before), opened(after)
        assert old is not None
        assert new is not None
        if after is not before:
            assert new.size == ((old.width + 1) // 2, (old.height + 1) // 2)
    for texture in outcome.document.listed("textures"):
        source = texture.get("source", texture.get("extensions", {}).get("EXT_texture_webp"))
        assert source is not None
    webp = [i["mimeType"] for i in outcome.document.listed("images")].count("image/webp")
    declared = sum(
        "EXT_texture_webp" in t.get("extensions", {}) for t in outcome.document.listed("textures")
    )
    assert webp == declared == outcome.changed["images_changed"]
    glb = write_glb(outcome.document)
    root = json.loads(glb[20 : 20 + int.from_bytes(glb[12:16], "little")])
    assert "EXT_texture_webp" in root["extensionsRequired"]


def test_unscaled_textures_lose_nothing(whole: Document) -> None:
    outcome = textures(whole)
    assert outcome.changed["bytes_after"] < outcome.changed["bytes_before"]
    for before, after in zip(whole.images, outcome.document.images, strict=True):
        old, new = opened(before), opened(after)
        assert old is not None
        assert new is not None
        assert np.array_equal(np.asarray(old), np.asarray(new.convert(old.mode)))


def test_threads_do_not_change_bytes(whole: Document) -> None:
    one, four = textures(whole, TexturesOptions(jobs=1)), textures(whole, TexturesOptions(jobs=4))
    assert one.document.images == four.document.images


# --- mending ----------------------------------------------------------------------------------


def test_weights_add_up_to_one(maker: Any) -> None:
    points = [[0, 0, 0], [1, 0, 0], [0, 0, 1]]
    floats = maker.array([[0.2, 0.2, 0, 0], [0, 0, 0, 0], [-1, 3, 0, 0]])
    bytes_ = maker.array([[100, 100, 0, 0], [255, 0, 0, 0], [1, 1, 1, 0]], "u1", normalized=True)
    joints = maker.array([[0, 0, 0, 0]] * 3, "u1")
    for weights in (floats, bytes_):
        maker.mesh(points, attributes={"JOINTS_0": joints, "WEIGHTS_0": weights})
        maker.node(mesh=len(maker.root["meshes"]) - 1)
    outcome = repair_weights(read(maker.save()).document)
    assert outcome.changed == {"sets": 2}
    for primitive in outcome.document.primitives():
        weights = outcome.document.accessors[primitive["attributes"]["WEIGHTS_0"]]
        assert weights.as_float().sum(axis=1) == pytest.approx(np.ones(3), abs=2e-7)
        assert (weights.as_float() >= 0).all()
    again = repair_weights(outcome.document)
    assert again.changed == {"sets": 0}


def test_an_animated_matrix_becomes_parts(maker: Any) -> None:
    matrix = [0, 0, -2, 0, 0, 2, 0, 0, 2, 0, 0, 0, 5, 6, 7, 1]
    node = maker.node(matrix=matrix)
    maker.animation(node, "translation", [0, 1], [[0, 0, 0], [1, 0, 0]])
    outcome = repair_nodes(read(maker.save()).document)
    made = outcome.document.listed("nodes")[0]
    assert made["translation"] == [5, 6, 7]
    assert made["scale"] == pytest.approx([2, 2, 2])
    assert made["rotation"] == pytest.approx([0, 2**-0.5, 0, 2**-0.5])
    assert outcome.warnings == ()


def test_sixteen_bit_images_are_not_cut_to_eight(maker: Any) -> None:
    from io import BytesIO

    from PIL import Image

    target = BytesIO()
    grey = np.arange(256 * 256, dtype=np.uint16).reshape(256, 256)
    Image.fromarray(grey).save(target, "PNG", compress_level=0)
    maker.root["images"] = [{"bufferView": maker.view(target.getvalue()), "mimeType": "image/png"}]
    maker.root["textures"] = [{"source": 0}]
    maker.root["materials"] = [{"normalTexture": {"index": 0}}]
    maker.node(mesh=maker.box(material=0))
    came = read(maker.save()).document
    assert textures(came).document.images == came.images
    assert textures(came, TexturesOptions(halvings=1)).document.images != came.images


def test_a_scene_far_from_the_origin_keeps_its_shape_when_merged(maker: Any) -> None:
    base = maker.node(translation=[512_345.678, 120.0, -5_412_345.25])
    for x in range(5):
        maker.node(base, mesh=maker.box((0.1, 2, 0.1)), translation=[x * 0.77, 0.013, 0.0])
    came = read(maker.save()).document
    merged = merge(came).document
    for made in (merged, quantize(merged).document):
        assert bounds(made) == pytest.approx(bounds(came), abs=2e-4)


def test_merging_keeps_few_materials_and_all_triangles(maker: Any) -> None:
    for n in range(300):
        colour = [[n / 300, (n % 17) / 17, (n % 5) / 5]] * 8
        maker.node(mesh=maker.box(attributes={"COLOR_0": maker.array(colour)}))
    bright = maker.array([[9.0, 0.0, 0.0]] * 8)
    maker.node(mesh=maker.box(attributes={"COLOR_0": bright}))
    came = read(maker.save()).document
    merged = merge(came).document
    assert len(merged.listed("materials")) == 64
    assert drawn_triangles(merged) == drawn_triangles(came)
    colours = [m["pbrMetallicRoughness"].get("baseColorFactor") for m in merged.listed("materials")]
    assert max(max(colour) for colour in colours if colour) <= 1


def test_of_many_colours_what_is_large_keeps_its_own(maker: Any) -> None:
    """A floor is two triangles; its grey is neither black nor that of a cup."""
    grey = [0.4, 0.42, 0.45]
    colours = [grey, *([n / 300, (n % 17) / 17, (n % 5) / 5] for n in range(300))]
    maker.root["materials"] = [
        {"doubleSided": not n, "pbrMetallicRoughness": {"baseColorFactor": [*colour, 1]}}
        for n, colour in enumerate(colours)
    ]
    square = [[-9, 0, -9], [9, 0, -9], [9, 0, 9], [-9, 0, 9]]
    maker.node(mesh=maker.mesh(square, [[0, 2, 1], [0, 3, 2]], material=0))
    for n in range(300):
        maker.node(mesh=maker.box((0.1, 0.1, 0.1), material=n + 1))
    chunk = make_coarsest(read(maker.save()).document, Recipe(), [], diagonal_m=26)
    assert chunk is not None
    made = read_chunk(chunk.glb).listed("materials")
    looks = [(m["pbrMetallicRoughness"]["baseColorFactor"], m.get("doubleSided")) for m in made]
    assert ([*grey, 1.0], True) in looks
    assert len(looks) == 64


def test_an_extension_that_is_only_declared_is_named(maker: Any) -> None:
    maker.node(mesh=maker.box())
    maker.root["extensionsUsed"] = ["FB_ngon_encoding", "KHR_texture_transform"]
    (warning,) = read(maker.save()).warnings
    assert (warning.code, warning.path) == ("extension_dropped", "extensionsUsed")
    assert "FB_ngon_encoding" in warning.message
