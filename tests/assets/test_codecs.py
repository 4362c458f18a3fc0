"""meshopt and Draco as operations: what they may change, and by how much."""

import json
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from branchxr_assets import meshopt as codec
from branchxr_assets.document import Accessor, AccessorPool, Document, Outcome
from branchxr_assets.first_view import COARSEST_BYTES_MAX
from branchxr_assets.geometry import bounds, drawn_triangles, positions, triangles
from branchxr_assets.glb import write_glb
from branchxr_assets.lods import make_chain
from branchxr_assets.operations.draco import DracoOptions, draco
from branchxr_assets.operations.meshopt import EXACT, MeshoptOptions, meshopt
from branchxr_assets.operations.reorder import ReorderOptions, reorder
from branchxr_assets.operations.split_live import split_live
from branchxr_assets.packing import KHR_MESHOPT
from branchxr_assets.prepare import prepare
from branchxr_assets.presets import Geometry, Preset
from branchxr_assets.readers import read
from branchxr_assets.readers.gltf import read_chunk
from branchxr_assets.recipe import Recipe
from branchxr_assets.rewrite import prune
from branchxr_assets.tree import paths
from branchxr_assets.vertices import byte_weights, stepped

HERE = Path(__file__).parent
Operation = Callable[[Document], Outcome]


def khr(document: Document) -> Outcome:
    return meshopt(document, MeshoptOptions(extension=KHR_MESHOPT))


def exact(document: Document) -> Outcome:
    return meshopt(document, EXACT)


def both(document: Document) -> Outcome:
    return meshopt(draco(document).document)


ALL = [meshopt, khr, exact, draco, both]


@pytest.fixture(scope="module")
def whole(hall: Path) -> Document:
    return prepare(read(hall)).whole


@pytest.fixture(scope="module")
def written(whole: Document) -> Callable[[Operation], bytes]:
    made: dict[str, bytes] = {}

    def write(operation: Operation) -> bytes:
        name = operation.__name__
        if name not in made:
            made[name] = write_glb(operation(whole).document)
        return made[name]

    return write


@pytest.mark.parametrize("operation", ALL)
def test_read_again_it_is_what_the_operation_said(
    whole: Document, tmp_path: Path, written: Any, operation: Operation
) -> None:
    said = operation(whole).document
    path = tmp_path / "packed.glb"
    path.write_bytes(written(operation))
    found = read(path).document
    assert list(paths(found).values()) == list(paths(whole).values())
    assert [n.get("extras") for n in found.listed("nodes")] == [
        n.get("extras") for n in whole.listed("nodes")
    ]
    assert found.listed("materials") == whole.listed("materials")
    assert drawn_triangles(found) == drawn_triangles(whole)
    for mine, theirs in zip(said.primitives(), found.primitives(), strict=True):
        assert mine["attributes"].keys() == theirs["attributes"].keys()
        for name, index in mine["attributes"].items():
            one, other = said.accessors[index], found.accessors[theirs["attributes"][name]]
            assert (one.type, one.is_normalized) == (other.type, other.is_normalized)
            np.testing.assert_array_equal(one.values, other.values, err_msg=name)
    for mine, theirs in zip(said.listed("animations"), found.listed("animations"), strict=True):
        for one, other in zip(mine["samplers"], theirs["samplers"], strict=True):
            for key in ("input", "output"):
                np.testing.assert_array_equal(
                    said.accessors[one[key]].values, found.accessors[other[key]].values
                )


@pytest.mark.parametrize("operation", [meshopt, khr, draco, both])
def test_it_is_smaller(whole: Document, written: Any, operation: Operation) -> None:
    images = sum(map(len, whole.images))
    plain = len(write_glb(whole)) - images
    assert len(written(operation)) - images < 0.56 * plain


@pytest.mark.parametrize("operation", ALL)
def test_twice_is_once(whole: Document, operation: Operation) -> None:
    once = operation(whole).document
    assert write_glb(operation(once).document) == write_glb(once)


@pytest.mark.parametrize("operation", ALL)
def test_where_nothing_is_to_do(maker: Any, operation: Operation) -> None:
    maker.node(name="empty", extras={"a": 1})
    document = read(maker.save()).document
    made = operation(document)
    assert write_glb(made.document) == write_glb(document)


def surface(document: Document, primitive: Any) -> np.ndarray:
    """Return the triangles' corners, turned and sorted so that two orders can be compared."""
    found = positions(document, primitive)[triangles(document, primitive)].round(4)
    rows = np.stack([np.roll(found, turn, axis=1).reshape(-1, 9) for turn in range(3)])
    best = [min(map(tuple, turned)) for turned in rows.transpose(1, 0, 2)]
    return np.array(sorted(best))


@settings(max_examples=25, deadline=None)
@given(
    st.integers(2, 9),
    st.integers(0, 2**32),
    st.sampled_from([0.1, 0.01, 0.001]),
    st.sampled_from([0.2, 1.0, 3.0]),
    st.sampled_from(["meshopt", "draco"]),
)
@example(2, 1, 0.01, 3.0, "meshopt")  # a step between two powers of two
@example(9, 0, 0.001, 3.0, "draco")
@example(9, 0, 0.001, 3.0, "meshopt")
def test_positions_stay_within_the_quantum(
    side: int, seed: int, step: float, scale: float, which: str
) -> None:
    dice = np.random.default_rng(seed)
    x, z = np.meshgrid(np.arange(side), np.arange(side), indexing="ij")
    points = np.stack([x, dice.random((side, side)), z], axis=-1).reshape(-1, 3) * 3
    number = np.arange(side * side).reshape(side, side)
    a, b, c, d = number[:-1, :-1], number[:-1, 1:], number[1:, :-1], number[1:, 1:]
    faces = np.stack([a, b, c, c, b, d], axis=-1).reshape(-1, 1)
    before = document_of(points.astype(np.float32), faces)
    before.listed("nodes")[0]["scale"] = [scale] * 3
    coarsest = max(step, float(np.ptp(points, axis=0).max()) * scale / 2**16)  # as the bits reach
    if which == "meshopt":
        made = meshopt(before, MeshoptOptions(position_step_m=step))
        assert made.changed["position_error_m"] <= coarsest * 0.51
    else:
        made = draco(before, DracoOptions(position_step_m=step, triangles_min=0))
    after = made.document
    low, high = bounds(before), bounds(after)
    assert low is not None
    assert high is not None
    assert np.abs(low - high).max() <= coarsest * 0.51
    assert drawn_triangles(after) == drawn_triangles(before)
    one, other = (np.sort(positions(d, d.primitives()[0]), axis=0) for d in (before, after))
    np.testing.assert_allclose(one, other, atol=coarsest * 0.51 / scale)


@pytest.mark.parametrize("place_m", [(0, 0, 0), (90, 0, 0), (-700, 3, 2_000), (40_000, 0, -9_000)])
def test_what_is_frozen_far_out_keeps_its_shape(place_m: tuple[float, float, float]) -> None:
    """As Maya's Freeze Transformations leaves a scene: all vertices in the scene's own axes."""
    chair = np.random.default_rng(3).random((60, 3)) * 0.8
    points = (chair + place_m).astype(np.float32)
    before = document_of(points, np.arange(60)[:, None])
    made = meshopt(before, MeshoptOptions(position_bits=15))
    after = positions(made.document, made.document.primitives()[0])
    # 15 bits are 14 and a sign; the grid is of powers of two, so that a step may be twice as wide.
    assert np.abs(after - points).max() <= max(0.8 / 2**14, 0.0005 / 2)


def test_a_clip_far_out_moves_as_smoothly() -> None:
    track = (np.linspace(0, 0.3, 50)[:, None] + [300.0, 0, -70]).astype(np.float32)
    pool = AccessorPool()
    times = pool.add(np.arange(50, dtype=np.float32), "SCALAR")
    sampler = {"input": times, "output": pool.add(track, "VEC3")}
    channel = {"sampler": 0, "target": {"node": 0, "path": "translation"}}
    root = {
        "asset": {"version": "2.0"},
        "scenes": [{"nodes": [0]}],
        "nodes": [{}],
        "animations": [{"samplers": [sampler], "channels": [channel]}],
    }
    made = meshopt(Document(root, pool.all())).document
    after = made.accessors[made.listed("animations")[0]["samplers"][0]["output"]]
    assert after.packed is not None
    assert np.abs(after.values - track).max() <= 5e-5


def test_rows_that_only_vertices_may_pad_stay_as_they_are(maker: Any) -> None:
    """Weights of a clip in bytes, and indices of points: a stride would be no glTF there."""
    lean = {"POSITION": maker.array(np.full((8, 3), 0.25))}
    node = maker.node(mesh=maker.box(targets=[lean]))
    dots = np.random.default_rng(1).random((9, 3))
    maker.node(mesh=maker.mesh(dots, [8, 0, 3], dtype="u1", mode=0))
    weights = np.arange(0, 250, 10)
    sampler = {
        "input": maker.array(np.arange(25)),
        "output": maker.array(weights, "u1", normalized=True),
    }
    channel = {"sampler": 0, "target": {"node": node, "path": "weights"}}
    maker.root["animations"] = [{"samplers": [sampler], "channels": [channel]}]
    made = meshopt(read(maker.save()).document).document
    again = read_chunk(write_glb(made))
    for document in (again, made):
        output = document.listed("animations")[0]["samplers"][0]["output"]
        np.testing.assert_array_equal(document.accessors[output].values[:, 0], weights)
        points = document.primitives()[1]["indices"]
        assert document.accessors[points].values[:, 0].tolist() == [8, 0, 3]
    assert made.accessors[output].packed is None
    assert made.accessors[points].packed is None


def document_of(points: np.ndarray, faces: np.ndarray) -> Document:
    pool = AccessorPool()
    primitive = {
        "attributes": {"POSITION": pool.add(points, "VEC3")},
        "indices": pool.add(faces.astype(np.uint16), "SCALAR"),
    }
    root = {
        "asset": {"version": "2.0"},
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0}],
        "meshes": [{"primitives": [primitive]}],
    }
    return Document(root, pool.all())


def test_exact_is_exact(whole: Document, tmp_path: Path) -> None:
    path = tmp_path / "exact.glb"
    path.write_bytes(write_glb(meshopt(whole, EXACT).document))
    again = read(path).document
    for mine, theirs in zip(whole.primitives(), again.primitives(), strict=True):
        for name, index in mine["attributes"].items():
            np.testing.assert_array_equal(
                whole.accessors[index].values, again.accessors[theirs["attributes"][name]].values
            )
        assert surface(whole, mine).tolist() == surface(again, theirs).tolist()


def test_draco_keeps_a_skins_vertices_together(maker: Any) -> None:
    points = np.random.default_rng(5).random((60, 3)).astype(np.float32)
    joints = np.stack([np.arange(60) % 4, *(np.zeros(60),) * 3], axis=1)
    weights = np.tile([1.0, 0, 0, 0], (60, 1))
    attributes = {
        "JOINTS_0": maker.array(joints, "u1"),
        "WEIGHTS_0": maker.array(weights),
        "TEXCOORD_1": maker.array(points[:, :2]),
        "COLOR_0": maker.array((points * 255).astype(np.uint8), "u1", normalized=True),
    }
    mesh = maker.mesh(points, np.arange(60).reshape(-1, 3), attributes=attributes)
    bones = [maker.node() for _ in range(4)]
    maker.root["skins"] = [{"joints": bones}]
    maker.node(mesh=mesh, skin=0)
    made = draco(read(maker.save()).document, DracoOptions(triangles_min=1)).document
    (primitive,) = made.primitives()
    tables = {n: made.accessors[i].values for n, i in primitive["attributes"].items()}
    nearest = np.linalg.norm(tables["POSITION"][:, None] - points[None], axis=2).argmin(axis=1)
    assert sorted(set(nearest.tolist())) == list(range(60))
    np.testing.assert_array_equal(tables["JOINTS_0"], joints[nearest])
    light_map = made.accessors[primitive["attributes"]["TEXCOORD_1"]].as_float()
    np.testing.assert_allclose(light_map, points[nearest, :2], atol=0.5 / 4095 + 1e-5)
    np.testing.assert_array_equal(tables["COLOR_0"], (points * 255).astype(np.uint8)[nearest])
    assert tables["WEIGHTS_0"].dtype == np.uint8


def test_draco_keeps_coordinates_beyond_0_to_1_bit_by_bit(maker: Any) -> None:
    points = np.random.default_rng(6).random((60, 3)).astype(np.float32)
    attributes = {"TEXCOORD_1": maker.array(points[:, :2] * 3 - 1)}
    maker.node(mesh=maker.mesh(points, np.arange(60).reshape(-1, 3), attributes=attributes))
    made = draco(read(maker.save()).document, DracoOptions(triangles_min=1)).document
    (primitive,) = made.primitives()
    found = made.accessors[primitive["attributes"]["TEXCOORD_1"]].values
    assert sorted(map(tuple, found)) == sorted(map(tuple, points[:, :2] * np.float32(3) - 1))


@given(
    st.lists(st.floats(0, 1, width=32), min_size=1, max_size=20),
    st.integers(1, 16),
    st.sampled_from(["<f4", "<u2"]),
)
def test_stepped_values_are_off_by_half_a_step_at_most(
    rows: list[float], bits: int, dtype: str
) -> None:
    values = np.array(rows, np.float32)[:, None]
    if dtype == "<u2":
        values = (values * 65535).astype("<u2")
    before = Accessor(values, "SCALAR", is_normalized=dtype == "<u2")
    made = stepped(before, bits)
    assert made.values.dtype.itemsize == (1 if bits <= 8 else 2)
    off = np.abs(made.as_float() - before.as_float()).max()
    assert off <= 0.5 / (2**bits - 1) + 0.5 / np.iinfo(made.values.dtype).max
    np.testing.assert_array_equal(stepped(made, bits).values, made.values)


def test_what_is_no_share_of_1_is_not_stepped() -> None:
    for values in (np.array([[1.5]], "<f4"), np.array([[-0.1]], "<f4"), np.array([[7]], "<u2")):
        kept = Accessor(values, "SCALAR")
        assert stepped(kept, 8) is kept


def test_draco_puts_morph_targets_in_its_order(maker: Any) -> None:
    side = 12
    x, z = np.meshgrid(np.arange(side), np.arange(side), indexing="ij")
    points = np.stack([x, np.sin(x) + z % 3, z], axis=-1).reshape(-1, 3).astype(np.float32)
    number = np.arange(side * side).reshape(side, side)
    a, b, c, d = number[:-1, :-1], number[:-1, 1:], number[1:, :-1], number[1:, 1:]
    faces = np.stack([a, b, c, c, b, d], axis=-1).reshape(-1)
    target = {"POSITION": maker.array(points * 2)}
    mesh = maker.mesh(points, faces, targets=[target])
    maker.root["meshes"][mesh]["weights"] = [0.5]
    maker.node(mesh=mesh)
    made = draco(read(maker.save()).document)
    assert made.changed["primitives"] == 1
    (primitive,) = made.document.primitives()
    found = made.document.accessors[primitive["attributes"]["POSITION"]].values
    moved = made.document.accessors[primitive["targets"][0]["POSITION"]].values
    np.testing.assert_allclose(moved, found * 2, atol=0.01)
    assert set(map(tuple, moved.tolist())) == set(map(tuple, (points * 2).tolist()))


def test_points_and_small_meshes_stay_plain(maker: Any) -> None:
    maker.node(mesh=maker.mesh(np.eye(3), mode=0))
    maker.node(mesh=maker.box())
    document = read(maker.save()).document
    made = draco(document)
    assert (made.changed["primitives"], made.changed["left_alone"]) == (0, 2)
    assert write_glb(made.document) == write_glb(document)


def test_what_is_packed_can_be_left(whole: Document) -> None:
    packed = draco(whole).document
    rest = reorder(packed, ReorderOptions(keeps_packed=True))
    assert rest.changed["primitives"] < reorder(packed).changed["primitives"]
    streams = [a.packed for a in packed.accessors if a.packed is not None]
    assert streams
    assert streams == [a.packed for a in rest.document.accessors if a.packed is not None]


def test_an_operation_afterwards_leaves_nothing_stale(whole: Document) -> None:
    """What changes an accessor's values takes its packed form away."""
    for operation in (draco, meshopt):
        packed = operation(whole).document
        changed = reorder(packed).document
        raw = write_glb(changed)
        (size,) = struct.unpack_from("<I", raw, 12)
        root = json.loads(raw[20 : 20 + size])
        assert "KHR_draco_mesh_compression" not in root.get("extensionsUsed", [])
        assert drawn_triangles(changed) == drawn_triangles(whole)


@given(st.lists(st.lists(st.floats(0, 1), min_size=4, max_size=4), min_size=1, max_size=20))
def test_byte_weights_add_up(rows: list[list[float]]) -> None:
    weights = np.array(rows, np.float32)
    stored = byte_weights(Accessor(weights, "VEC4")).values.astype(int)
    total = weights.sum(axis=1)
    assert (stored.sum(axis=1) == np.where(total > 0, 255, 0)).all()
    unit = weights / np.where(total > 0, total, 1)[:, None]
    assert np.abs(stored / 255 - unit).max() <= 1 / 255 + 1e-6


def test_the_simplifier_leaves_what_is_locked() -> None:
    side = 16
    x, z = np.meshgrid(np.arange(side), np.arange(side), indexing="ij")
    points = np.stack([x, 0 * x, z], axis=-1).reshape(-1, 3).astype(np.float32)
    number = np.arange(side * side).reshape(side, side)
    a, b, c, d = number[:-1, :-1], number[:-1, 1:], number[1:, :-1], number[1:, 1:]
    faces = np.stack([a, b, c, c, b, d], axis=-1).reshape(-1, 3)

    def kept(*, keeps_border: bool = False, **more: Any) -> set[int]:
        options = codec.SimplifierOptions(error_max=0.01, keeps_border=keeps_border)
        made = codec.simplify(points, faces, 2, options, **more)
        return set(made.triangles.reshape(-1).tolist())

    corners = {0, side - 1, side * (side - 1), side * side - 1}
    assert kept() == corners
    locked = np.zeros(len(points), bool)
    locked[[40, 77]] = True
    assert kept(locked=locked) == {*corners, 40, 77}
    border = {*number[0].tolist(), *number[-1].tolist(), *number[:, 0].tolist()}
    border |= set(number[:, -1].tolist())
    assert border <= kept(keeps_border=True)
    torn = points[faces].reshape(-1, 3)  # every triangle by itself: seams everywhere
    own = np.arange(len(torn)).reshape(-1, 3)
    normals = np.random.default_rng(1).normal(size=torn.shape)
    for crosses, fewer in ((False, False), (True, True)):
        options = codec.SimplifierOptions(crosses_seams=crosses)
        made = codec.simplify(torn, own, 2, options, attributes=normals, weights=np.full(3, 1e-6))
        assert (len(made.triangles) < 40) is fewer


def test_the_codec_refuses_what_it_cannot_take() -> None:
    with pytest.raises(codec.MeshoptFailed):
        codec.encode(np.zeros((3, 3), np.uint8), "ATTRIBUTES")
    with pytest.raises(ValueError, match="a weight per column"):
        codec.simplify(np.zeros((3, 3)), np.arange(3), 1, attributes=np.zeros((3, 2)))


@pytest.mark.parametrize("kind", ["none", "meshopt", "draco"])
def test_a_chain_packs_all_but_what_is_seen_first(whole: Document, kind: Any) -> None:
    static = split_live(whole).document
    for material in static.listed("materials"):  # textures are another test's business
        material.clear()
    static = prune(static)
    preset = Preset(geometry=Geometry(codec=kind))
    levels = [make_chain(static, Recipe(preset, jobs))[0] for jobs in (1, 3)]
    chains = [[chunk for level in chain for chunk in level] for chain in levels]
    assert [c.glb for c in chains[0]] == [c.glb for c in chains[1]]
    coarsest, *others = chains[0]
    assert coarsest.role == "coarsest"
    assert len(coarsest.glb) < COARSEST_BYTES_MAX
    for word in (b"meshopt_compression", b"draco"):
        assert word not in coarsest.glb
        is_used = kind.encode() in word
        assert all((word in chunk.glb) is is_used for chunk in others)
    assert others[-1].triangles == drawn_triangles(static)
    assert [c.error_m for c in chains[0]] == sorted((c.error_m for c in chains[0]), reverse=True)


@pytest.mark.tool
@pytest.mark.parametrize("operation", [meshopt, exact, draco, both])
def test_other_readers_read_it(
    whole: Document,
    written: Any,
    npm: Path,
    tmp_path: Path,
    operation: Operation,
    needs_tool: Callable[[str], str],
) -> None:
    packed, plain = tmp_path / "packed.glb", tmp_path / "plain.glb"
    packed.write_bytes(written(operation))
    node = needs_tool("node")
    validated = subprocess.run(
        [node, HERE / "validate.mjs", npm, packed], check=True, capture_output=True, text=True
    )
    assert json.loads(validated.stdout)["errors"] == []
    command = [node, HERE / "convert.mjs", npm, "plain", packed, plain]
    subprocess.run(command, check=True, capture_output=True)
    found = read(plain).document
    said = operation(whole).document
    assert drawn_triangles(found) == drawn_triangles(whole)
    np.testing.assert_allclose(bounds(found), bounds(said), atol=1e-5)
