"""The first view's colour is that of the part of a texture which a primitive shows."""

import io
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from branchxr_assets import shown_colours
from branchxr_assets.document import AccessorPool, Array, Document, Json
from branchxr_assets.first_view import COARSEST_BYTES_MAX, make_coarsest
from branchxr_assets.operations.merge import merge
from branchxr_assets.operations.plain_materials import PlainMaterialsOptions, plain_materials
from branchxr_assets.readers.gltf import read_chunk
from branchxr_assets.recipe import Recipe
from branchxr_assets.steps import StepCache

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)
QUARTERS = {"red": (0, 0), "green": (0.5, 0), "blue": (0, 0.5), "white": (0.5, 0.5)}
"""Of the atlas: `v` counts downwards."""
COLOURS = {"red": [1, 0, 0], "green": [0, 1, 0], "blue": [0, 0, 1], "white": [1, 1, 1]}
MEAN = [0.5, 0.5, 0.5]
SQUARE = [[0, 0], [1, 0], [1, 1], [0, 1]]
CLAMP, MIRROR = {"wrapS": 33071, "wrapT": 33071}, {"wrapS": 33648, "wrapT": 33648}


def png(pixels: Any) -> bytes:
    target = io.BytesIO()
    Image.fromarray(np.asarray(pixels, np.uint8)).save(target, "PNG")
    return target.getvalue()


def atlas(side: int = 128) -> bytes:
    return png(np.array([[RED, GREEN], [BLUE, WHITE]]).repeat(side // 2, 0).repeat(side // 2, 1))


def checks() -> bytes:
    x, y = np.meshgrid(np.arange(64) // 8, np.arange(64) // 8)
    return png((((x + y) % 2)[:, :, None] * 200 + [20, 30, 40]).astype(np.uint8))


def quarter(name: str) -> Array:
    """Return texture coordinates well inside a quarter of the atlas."""
    return np.array(QUARTERS[name]) + 0.05 + np.array(SQUARE) * 0.4


def sheets(
    uvs: list[Any],
    image: bytes,
    *,
    slot: Json | None = None,
    sampler: Json | None = None,
    attributes: Json | None = None,
    **material: Any,
) -> Document:
    """Return squares of 1 m, one beside the other, all of one material and texture."""
    pool = AccessorPool()
    faces = pool.add(np.array([[0], [1], [2], [0], [2], [3]], np.uint16), "SCALAR")
    meshes: list[Json] = []
    for number, uv in enumerate(uvs):
        points = [[x + 1.5 * number, 0, z] for x, z in SQUARE]
        named = {"POSITION": pool.add(np.array(points, np.float32), "VEC3")}
        if uv is not None:
            named["TEXCOORD_0"] = pool.add(np.array(uv, np.float32), "VEC2")
        for name, values in (attributes or {}).items():
            named[name] = pool.add(np.array(values, np.float32), f"VEC{len(values[0])}")
        primitive = {"attributes": named, "indices": faces, "material": 0}
        meshes.append({"primitives": [primitive]})
    numbers = [*range(len(uvs))]
    base: Json = {"pbrMetallicRoughness": {"baseColorTexture": {"index": 0, **(slot or {})}}}
    root: Json = {
        "asset": {"version": "2.0"}, "scene": 0, "scenes": [{"nodes": numbers}],
        "nodes": [{"mesh": number} for number in numbers], "meshes": meshes,
        "materials": [base | material], "images": [{"mimeType": "image/png"}],
        "textures": [{"source": 0, "sampler": 0}], "samplers": [sampler or {}],
    }  # fmt: skip
    return Document(root, pool.all(), (image,))


def materials_of(document: Document, **options: Any) -> list[Json]:
    """Return the plain material of each primitive."""
    made = plain_materials(document, **options).document
    return [made.listed("materials")[p["material"]] for p in made.primitives()]


def bases(document: Document) -> list[list[float]]:
    return [m["pbrMetallicRoughness"]["baseColorFactor"][:3] for m in materials_of(document)]


def test_each_of_those_that_share_an_atlas_has_its_own_colour() -> None:
    document = sheets([*map(quarter, QUARTERS), quarter("red")], atlas())
    assert bases(document) == [*COLOURS.values(), COLOURS["red"]]
    made = plain_materials(document).document
    assert len(made.listed("materials")) == 4  # like ones share one, the atlas' mean is nobody's
    assert made.images == ()


@pytest.mark.parametrize("wrap", [{}, MIRROR])
@pytest.mark.parametrize("image", [atlas(), checks()])
def test_a_tiled_texture_keeps_the_mean_of_the_image(image: bytes, wrap: Json) -> None:
    tiled = [np.array(SQUARE) * [7, 4], np.array(SQUARE) * 40 - 13, SQUARE]
    without = sheets([None], image)
    assert bases(sheets(tiled, image, sampler=wrap)) == bases(without) * 3


def test_what_covers_more_surface_counts_more() -> None:
    document = sheets([quarter("red")], atlas())
    points = [*[[x, 0, z] for x, z in SQUARE], *[[3 * x, 2, z] for x, z in SQUARE]]
    pool = AccessorPool()
    place = pool.add(np.array(points, np.float32), "VEC3")
    uv = np.concatenate([quarter("red"), quarter("blue")]).astype(np.float32)
    faces = np.array([0, 1, 2, 0, 2, 3, 4, 5, 6, 4, 6, 7], np.uint16)[:, None]
    attributes = {"POSITION": place, "TEXCOORD_0": pool.add(uv, "VEC2")}
    document.root["meshes"][0]["primitives"][0].update(
        attributes=attributes, indices=pool.add(faces, "SCALAR")
    )
    (found,) = bases(replace(document, accessors=pool.all()))
    assert found == pytest.approx([0.25, 0, 0.75], abs=0.05)


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"offset": [0.5, 0]}, "green"),
        ({"offset": [0, 0.5]}, "blue"),
        # A quarter turn: (u, v) becomes (v, -u).
        ({"rotation": np.pi / 2, "offset": [0.0, 1.0]}, "blue"),
        ({"rotation": -np.pi / 2, "offset": [1.0, 0.0]}, "green"),
        ({"scale": [1, -1]}, "blue"),
        ({"texCoord": 1}, "white"),
    ],
)
def test_a_texture_transform_is_followed(change: Json, name: str) -> None:
    slot = {"extensions": {"KHR_texture_transform": change}}
    second = {"TEXCOORD_1": quarter("white").tolist()}
    document = sheets([quarter("red")], atlas(), slot=slot, attributes=second)
    assert bases(document) == [COLOURS[name]]


def test_the_set_of_coordinates_is_the_slots() -> None:
    second = {"TEXCOORD_1": quarter("green").tolist()}
    document = sheets([quarter("red")], atlas(), slot={"texCoord": 1}, attributes=second)
    assert bases(document) == [COLOURS["green"]]


@pytest.mark.parametrize(("wrap", "name"), [({}, "green"), (MIRROR, "red"), (CLAMP, "green")])
def test_coordinates_outside_the_image_are_wrapped(wrap: Json, name: str) -> None:
    beyond = quarter("green") + np.array([1, 0])  # 1.55 to 1.95, mirrored 0.45 to 0.05
    assert bases(sheets([beyond], atlas(), sampler=wrap)) == [COLOURS[name]]


@pytest.mark.parametrize(
    "garbage",
    [
        [[np.nan, 0.1]] * 4,
        [[np.inf, -np.inf]] * 4,
        [[3e38, -3e38], [-3e38, 3e38], [1e30, 1], [0, 0]],
        None,
    ],
)
@pytest.mark.parametrize("wrap", [{}, MIRROR, CLAMP])
def test_coordinates_that_are_none_harm_nothing(garbage: Any, wrap: Json) -> None:
    found = bases(sheets([garbage, quarter("blue")], atlas(), sampler=wrap))
    assert np.isfinite(found[0]).all()
    assert found[1] == COLOURS["blue"]
    if garbage is None or not np.isfinite(garbage).all():
        assert found[0] == MEAN


@pytest.mark.parametrize("where", [np.zeros((4, 3)), np.full((4, 3), np.nan)])
def test_what_has_no_surface_keeps_the_mean(where: Array) -> None:
    points = {"POSITION": where.tolist()}
    assert bases(sheets([quarter("blue")], atlas(), attributes=points)) == [MEAN]


def test_an_image_that_cannot_be_read_is_white() -> None:
    assert bases(sheets([quarter("blue")], b"\x89PNG nothing")) == [[1, 1, 1]]


def test_what_is_cut_out_has_no_say() -> None:
    pixels = np.zeros((64, 64, 4), np.uint8)
    pixels[:, :32] = [*RED, 255]
    pixels[::2, 32:] = [*GREEN, 255]  # every second row is cut out, and black below
    document = sheets([quarter("green"), quarter("red")], png(pixels), alphaMode="MASK")
    assert bases(document) == [COLOURS["green"], COLOURS["red"]]
    blended = materials_of(sheets([quarter("green")], png(pixels), alphaMode="BLEND"))
    assert blended[0]["pbrMetallicRoughness"]["baseColorFactor"] == [0, 1, 0, 0.5]


def test_what_glows_has_its_own_colour_too() -> None:
    document = sheets(
        [quarter("green"), np.array(SQUARE) * 3], atlas(),
        emissiveTexture={"index": 0}, emissiveFactor=[0.2, 0.2, 0.2],
    )  # fmt: skip
    green, mixed = materials_of(document)
    assert green["emissiveFactor"] == pytest.approx([0, 0.2, 0], abs=0.02)
    assert mixed["emissiveFactor"] == [0.1, 0.1, 0.1]


def test_vertex_colours_still_multiply() -> None:
    half = {"COLOR_0": [[0.5, 0.5, 0.5]] * 4}
    document = sheets([quarter("red"), quarter("blue")], atlas(), attributes=half)
    merged = merge(plain_materials(document).document).document
    found = [m["pbrMetallicRoughness"]["baseColorFactor"][:3] for m in merged.listed("materials")]
    assert sorted(found) == [[0, 0, 0.5], [0.5, 0, 0]]


def test_colours_are_few_enough_for_the_first_view() -> None:
    dice = np.random.default_rng(7)
    pixels = dice.integers(0, 255, (16, 16, 3))
    cells = dice.integers(0, 16, (300, 2))
    many = [cell / 16 + 0.01 + np.array(SQUARE) * 0.04 for cell in cells]
    document = sheets(many, png(pixels.repeat(8, 0).repeat(8, 1)))
    chunk = make_coarsest(document, Recipe(jobs=1), [], diagonal_m=450.0)
    assert chunk is not None
    assert len(chunk.glb) <= COARSEST_BYTES_MAX
    most = PlainMaterialsOptions().own_max + 1
    assert most / 2 < len(read_chunk(chunk.glb).listed("materials")) <= most
    assert chunk.triangles == 600
    wanted = (pixels[cells[:, 1], cells[:, 0]] / 255) ** 2.2
    off, off_before = (np.abs(found - wanted).mean() for found in (bases(document), wanted.mean(0)))
    assert off < off_before / 2


def test_what_covers_most_keeps_its_colour_among_many() -> None:
    many = [*map(quarter, QUARTERS)] * 5
    options = PlainMaterialsOptions(own_max=2)
    document = sheets([*many, *[quarter("blue")] * 3, quarter("red")], atlas())
    found = [
        m["pbrMetallicRoughness"]["baseColorFactor"][:3]
        for m in materials_of(document, options=options)
    ]
    assert found[0] == COLOURS["red"]
    assert found[2] == COLOURS["blue"]
    assert len({*map(tuple, found)}) <= 3


def test_it_is_remembered_and_changes_nothing(tmp_path: Any, monkeypatch: Any) -> None:
    document = sheets([*map(quarter, QUARTERS)], atlas())
    clean = materials_of(document)
    assert materials_of(document, cache=StepCache(tmp_path)) == clean

    def never(*_args: Any) -> None:
        pytest.fail("it was looked up again")

    monkeypatch.setattr(shown_colours, "_places", never)
    moved = document.copy()
    moved.listed("nodes")[0]["translation"] = [0, 3, 0]
    assert materials_of(moved, cache=StepCache(tmp_path)) == clean
    other = replace(document, images=(checks(),))
    with pytest.raises(pytest.fail.Exception):
        materials_of(other, cache=StepCache(tmp_path))


def test_a_scan_of_many_triangles_is_looked_at_here_and_there() -> None:
    side = 400
    x, z = np.meshgrid(np.linspace(0, 1, side), np.linspace(0, 1, side))
    corner = (np.arange(side - 1)[:, None] * side + np.arange(side - 1)).reshape(-1, 1)
    faces = np.concatenate([corner, corner + side, corner + 1], axis=1).reshape(-1, 1)
    pool = AccessorPool()
    points = np.stack([x, 0 * x, z], axis=2).reshape(-1, 3).astype(np.float32)
    document = sheets([SQUARE], atlas())
    document.root["meshes"][0]["primitives"][0].update(
        attributes={
            "POSITION": pool.add(points, "VEC3"),
            "TEXCOORD_0": pool.add(points[:, [0, 2]] * [1, 0.5], "VEC2"),
        },
        indices=pool.add(faces.astype(np.uint32), "SCALAR"),
    )
    (found,) = bases(replace(document, accessors=pool.all()))
    assert found == pytest.approx([0.5, 0.5, 0], abs=0.05)  # the upper half of the atlas
