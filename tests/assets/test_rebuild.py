"""A build after a small change: the bytes of a clean one, and only what changed made again."""

import json
import struct
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.assets.rooms import furnish, promised

from branchxr_assets import bodies, lods, recipe
from branchxr_assets.build import build_scene
from branchxr_assets.document import Document, Outcome
from branchxr_assets.geometry import bounds
from branchxr_assets.glb import write_glb
from branchxr_assets.operations.tile import TileOptions
from branchxr_assets.prepare import prepare
from branchxr_assets.presets import load
from branchxr_assets.readers import read
from branchxr_assets.readers.gltf import read_chunk
from branchxr_assets.render import view_from
from branchxr_assets.render.textures import shrunk
from branchxr_assets.report_page.bake import bake
from branchxr_assets.report_page.outline import Outline, outline_of_chunk, outline_of_source
from branchxr_assets.report_page.pictures import Pictures
from branchxr_assets.steps import NOTHING_REMEMBERED, StepCache

SIZE = (160, 90)


Change = Callable[[Any], object]
CHANGES: dict[str, Change] = {
    "moved": lambda m: m.root["nodes"][5].update(translation=[0.3, 0.4, 0.1]),
    "turned": lambda m: m.root["nodes"][5].update(rotation=[0, 0.6, 0, 0.8]),
    "renamed": lambda m: m.root["nodes"][5].update(name="bowl", extras={"sold": True}),
    "scaled": lambda m: m.root["nodes"][5].update(scale=[2, 2, 2]),
    "removed": lambda m: m.root["scenes"][0]["nodes"].remove(5),
    "live moved": lambda m: m.root["nodes"][14].update(translation=[-2, 1, 3]),
    "material": lambda m: m.root["materials"][0].update(doubleSided=True),
    "anchor": lambda m: m.root["nodes"][15].update(translation=[1, 0, 3]),
}


@pytest.mark.parametrize(
    ("change", "codec"), [*((change, "draco") for change in CHANGES), ("moved", "meshopt")]
)
def test_a_rebuild_gives_the_bytes_of_a_clean_build(
    maker: Any, key: Ed25519PrivateKey, tmp_path: Path, change: str, codec: str
) -> None:
    preset = load(given={"geometry": {"codec": codec}})
    furnish(maker)
    folder = tmp_path / "cache"
    build_scene(
        maker.save(),
        tmp_path / "a",
        key=key,
        preset=preset,
        cache=StepCache(folder),
        has_report=False,
    )
    CHANGES[change](maker)
    source = maker.save()
    warm = StepCache(folder)
    build_scene(source, tmp_path / "a", key=key, preset=preset, cache=warm, has_report=False)
    build_scene(source, tmp_path / "b", key=key, preset=preset, has_report=False)
    assert promised(tmp_path / "a") == promised(tmp_path / "b")
    assert warm.hits > warm.misses


def test_a_changed_texture_is_packed_anew_and_geometry_is_not(
    new_maker: Callable[[Path], Any],
    key: Ed25519PrivateKey,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sources = []
    for seed in (1, 2):
        (tmp_path / str(seed)).mkdir()
        maker = new_maker(tmp_path / str(seed))
        furnish(maker, seed=seed)
        sources.append(maker.save())
    folder = tmp_path / "cache"
    build_scene(sources[0], tmp_path / "a", key=key, cache=StepCache(folder), has_report=False)
    build_scene(sources[1], tmp_path / "b", key=key, has_report=False)
    monkeypatch.setattr(bodies, "write_glb", lambda _document: pytest.fail("packed again"))
    build_scene(sources[1], tmp_path / "a", key=key, cache=StepCache(folder), has_report=False)
    assert promised(tmp_path / "a") == promised(tmp_path / "b")


def test_a_moved_node_packs_nothing_again(
    maker: Any, key: Ed25519PrivateKey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    furnish(maker)
    folder = tmp_path / "cache"
    build_scene(maker.save(), tmp_path / "a", key=key, cache=StepCache(folder), has_report=False)
    CHANGES["moved"](maker)
    monkeypatch.setattr(bodies, "write_glb", lambda _document: pytest.fail("packed again"))
    build_scene(maker.save(), tmp_path / "a", key=key, cache=StepCache(folder), has_report=False)


def test_the_hall_rebuilt_is_the_hall_built(
    hall: Path, hall_package: Path, key: Ed25519PrivateKey, tmp_path: Path
) -> None:
    """Skins, morph targets, lights, cameras and twins: everything that a scene can hold."""
    folder = tmp_path / "cache"
    build_scene(hall, tmp_path / "a", key=key, cache=StepCache(folder), has_report=False)
    assert promised(tmp_path / "a") == promised(hall_package)
    moved = tmp_path / "hall.glb"
    moved.write_bytes(with_json(hall.read_bytes(), "Plant.002", [0.5, 0, 0.25]))
    build_scene(moved, tmp_path / "a", key=key, cache=StepCache(folder), has_report=False)
    build_scene(moved, tmp_path / "b", key=key, has_report=False)
    assert promised(tmp_path / "a") == promised(tmp_path / "b") != promised(hall_package)


def test_a_street_is_cut_from_what_was_packed_once(
    maker: Any, key: Ed25519PrivateKey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    furnish(maker)
    wide = lods.tile

    def narrow(document: Document) -> list[Outcome]:
        return wide(document, TileOptions(triangles_max=1000, side_min_m=1.0))

    packed = []
    inner = recipe.draco

    def counted(*words: Any) -> Outcome:
        packed.append(1)
        return inner(*words)

    monkeypatch.setattr(lods, "tile", narrow)
    monkeypatch.setattr(recipe, "draco", counted)
    monkeypatch.setattr(lods, "_WORTH_PARTS", 100)
    preset = load(given={"geometry": {"codec": "draco"}, "lods": {"count": 1}})
    folder = tmp_path / "cache"
    build_scene(
        maker.save(),
        tmp_path / "a",
        key=key,
        preset=preset,
        cache=StepCache(folder),
        has_report=False,
    )
    assert len(packed) == 2  # the static side, the live one
    assert len(list((tmp_path / "a").glob("c/*.glb"))) > 2
    CHANGES["renamed"](maker)
    source = maker.save()
    build_scene(source, tmp_path / "b", key=key, preset=preset, has_report=False)
    del packed[:]
    build_scene(
        source, tmp_path / "a", key=key, preset=preset, cache=StepCache(folder), has_report=False
    )
    assert promised(tmp_path / "a") == promised(tmp_path / "b")
    assert packed == []


def with_json(glb: bytes, name: str, by: list[float]) -> bytes:
    size = int.from_bytes(glb[12:16], "little")
    root = json.loads(glb[20 : 20 + size])
    (node,) = [n for n in root["nodes"] if n.get("name") == name]
    node["translation"] = [a + b for a, b in zip(node["translation"], by, strict=True)]
    text = json.dumps(root).encode()
    text += b" " * (-len(text) % 4)
    rest = glb[20 + size :]
    head = struct.pack("<4sIII4s", b"glTF", 2, 20 + len(text) + len(rest), len(text), b"JSON")
    return head + text + rest


def test_other_pixels_bake_no_geometry_again(
    new_maker: Callable[[Path], Any],
    key: Ed25519PrivateKey,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = tmp_path / "cache"
    pages = []
    for seed in (1, 2):
        (tmp_path / str(seed)).mkdir()
        maker = new_maker(tmp_path / str(seed))
        furnish(maker, seed=seed)
        build_scene(maker.save(), tmp_path / "a", key=key, cache=StepCache(folder))
        pages.append((tmp_path / "a" / "report.html").read_bytes())
        module = import_module("branchxr_assets.report_page.bake")
        monkeypatch.setattr(module, "_made", lambda *_words: pytest.fail("baked again"))
    monkeypatch.undo()
    build_scene(maker.save(), tmp_path / "b", key=key)
    baked = [page.split(b'<script id="scene"')[1] for page in pages]
    assert baked[0] != baked[1]
    clean = (tmp_path / "b" / "report.html").read_bytes()
    assert baked[1] == clean.split(b'<script id="scene"')[1]


def test_a_map_that_cannot_be_read_is_baked_apart(maker: Any, tmp_path: Path) -> None:
    furnish(maker)
    document = prepare(read(maker.save())).whole
    broken = replace(document, images=(document.images[0][:40],))
    whole, torn = (outline_of_chunk(write_glb(each)) for each in (document, broken))
    assert whole.form == torn.form
    cache = StepCache(tmp_path / "cache")
    found = [bake([scene], cache=cache) for scene in (whole, torn)]
    assert found == [bake([scene]) for scene in (whole, torn)]
    assert found[0] != found[1]


# --- bodies and shells -----------------------------------------------------------------------


def test_a_shell_put_back_gives_the_same_document(maker: Any) -> None:
    furnish(maker)
    document = read(maker.save()).document
    body = bodies.body_of(document)
    again = read_chunk(bodies.joined(write_glb(body), document, document))
    assert again.root == read_chunk(write_glb(document)).root
    assert again.images == document.images
    assert not any(
        {"name", "extras", "translation", "children"} & node.keys() for node in body.listed("nodes")
    )


def test_a_packing_that_renumbers_nodes_is_a_fault(maker: Any) -> None:
    furnish(maker)
    document = read(maker.save()).document

    def drop(body: Document) -> Outcome:
        changed = body.copy()
        changed.listed("scenes")[0]["nodes"].pop()
        changed.listed("nodes").pop()
        return Outcome(changed)

    made = bodies.packed(document, "drop", drop, cache=NOTHING_REMEMBERED, options={})
    with pytest.raises(ValueError, match="16 nodes went in, 15 came out"):
        made.glb()


# --- pictures --------------------------------------------------------------------------------


def outlines(path: Path, cache: StepCache, *, of: str) -> list[Outline]:
    document = prepare(read(path)).whole
    if of == "source":
        return [outline_of_source(document, cache)]
    return [outline_of_chunk(write_glb(document))]


@pytest.mark.parametrize("of", ["source", "chunk"])
@pytest.mark.parametrize("change", ["moved", "scaled", "removed", "material", "live moved"])
def test_a_picture_mended_is_the_picture_taken_anew(
    maker: Any, tmp_path: Path, change: str, of: str
) -> None:
    furnish(maker)
    cache = StepCache(tmp_path / "cache")
    document = prepare(read(maker.save())).whole
    box = bounds(document)
    assert box is not None
    camera = view_from("corner", box, size=SIZE, cut_m=2.2)
    Pictures(SIZE, shrunk, cache).take("x", outlines(maker.save(), cache, of=of), camera)
    CHANGES[change](maker)
    source = maker.save()
    mended = Pictures(SIZE, shrunk, cache).take("x", outlines(source, cache, of=of), camera)
    anew = Pictures(SIZE, shrunk, NOTHING_REMEMBERED).take(
        "x", outlines(source, NOTHING_REMEMBERED, of=of), camera
    )
    assert np.abs(mended.astype(int) - anew).max() <= 1
    before = Pictures(SIZE, shrunk, NOTHING_REMEMBERED)
    assert (before.take("x", [outline_of_source(document, cache)], camera) != anew).any()


def test_a_mesh_that_stands_nowhere_is_on_no_picture(
    maker: Any, key: Ed25519PrivateKey, tmp_path: Path
) -> None:
    none = {"EXT_mesh_gpu_instancing": {"attributes": {}}}
    maker.node(mesh=maker.box(), extensions=none)
    maker.node(mesh=maker.box((2, 1, 1)))
    maker.root["extensionsUsed"] = ["EXT_mesh_gpu_instancing"]
    source = maker.save()
    build_scene(source, tmp_path / "a", key=key, cache=StepCache(tmp_path / "cache"))
    build_scene(source, tmp_path / "b", key=key)
    assert promised(tmp_path / "a") == promised(tmp_path / "b")


def test_a_picture_of_the_same_is_not_taken_again(
    maker: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    furnish(maker)
    cache = StepCache(tmp_path)
    document = prepare(read(maker.save())).whole
    camera = view_from("top", np.array([[-4.0, 0, -4], [4, 1, 4]]), size=SIZE)
    scenes = [outline_of_source(document, cache)]
    one = Pictures(SIZE, shrunk, cache).take("x", scenes, camera)
    monkeypatch.setattr(
        "branchxr_assets.report_page.pictures.render", lambda *_a, **_k: pytest.fail("taken again")
    )
    assert (Pictures(SIZE, shrunk, cache).take("x", scenes, camera) == one).all()
