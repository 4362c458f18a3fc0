"""What changed between two packages is named once, in words, and what did not is not."""

import copy
import io
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from branchxr_assets.comparison import Side, compare
from branchxr_assets.contents.anchors import list_anchors, list_nodes
from branchxr_assets.contents.floor import make_floor
from branchxr_assets.document import Accessor, Document, Json
from branchxr_assets.readers import read
from branchxr_assets.tree import paths

Changed = Callable[[Callable[[Json], object]], list[tuple[str, str]]]


def side(document: Document) -> Side:
    anchors, _ = list_anchors(document)
    floor, _ = make_floor(document, anchors)
    branch = {
        "nodes": list_nodes(document),
        "anchors": anchors,
        "floor": None if floor is None else floor.to_json(),
    }
    return Side([document], json.loads(json.dumps(branch)))


@pytest.fixture(scope="module")
def before(hall: Any) -> Document:
    return read(hall).document


@pytest.fixture(scope="module")
def stood(before: Document) -> Side:
    return side(before)


@pytest.fixture
def changed(before: Document, stood: Side) -> Changed:
    def call(edit: Callable[[Json], object]) -> list[tuple[str, str]]:
        after = before.copy()
        edit(after.root)
        return [(c.path, c.kind) for c in compare(stood, side(after))]

    return call


def node(root: Json, name: str) -> Json:
    found: Json = next(n for n in root["nodes"] if n.get("name") == name)
    return found


def path_of(document: Document, name: str) -> str:
    nodes = document.listed("nodes")
    return next(p for i, p in paths(document).items() if nodes[i].get("name") == name)


def test_nothing_changed(before: Document, stood: Side, changed: Changed) -> None:
    assert changed(lambda root: None) == []


def test_a_chair_was_moved_with_its_seat(before: Document, stood: Side, changed: Changed) -> None:
    def edit(root: Json) -> None:
        chair = node(root, "Chair.003")
        chair["translation"][0] += 0.25

    found = changed(edit)
    chair = path_of(before, "Chair.003")
    assert (chair, "moved") in found
    assert [p.rpartition("/")[0] for p, kind in found if kind == "anchor_moved"] == [chair]
    assert {kind for _, kind in found} <= {"moved", "anchor_moved", "floor_changed"}


def test_turned_scaled_and_gone(before: Document, stood: Side, changed: Changed) -> None:
    def turn(root: Json) -> None:
        node(root, "Sculpture").update(rotation=[0, 0.6, 0, 0.8])

    def scale(root: Json) -> None:
        node(root, "Sculpture").update(scale=[2, 2, 2])

    def remove(root: Json) -> None:
        index = root["nodes"].index(node(root, "Sculpture"))
        for parent in root["nodes"]:
            if index in parent.get("children", []):
                parent["children"].remove(index)

    sculpture = path_of(before, "Sculpture")
    assert (sculpture, "turned") in changed(turn)
    assert (sculpture, "scaled") in changed(scale)
    assert (sculpture, "object_removed") in changed(remove)
    assert (sculpture, "node_removed") not in changed(remove)


def test_properties_by_name(before: Document, stood: Side, changed: Changed) -> None:
    def edit(root: Json) -> None:
        extras = next(n for n in root["nodes"] if n.get("extras", {}).get("desk") == 1)["extras"]
        extras.update(service="loans", hours="9 to 17")
        del extras["radius_m"]

    assert sorted(kind for _, kind in changed(edit)) == [
        "property_added",
        "property_changed",
        "property_removed",
    ]


def test_a_shape_a_material_an_image_a_clip(
    before: Document, stood: Side, changed: Changed
) -> None:
    accessors = list(before.accessors)
    root = copy.deepcopy(before.root)
    plant = next(m for m in root["meshes"] if m.get("name") == "PlantMesh")
    index = plant["primitives"][0]["attributes"]["POSITION"]
    grown = Accessor(accessors[index].values * np.float32(1.5), "VEC3")
    accessors[index] = grown
    root["materials"][0].setdefault("pbrMetallicRoughness", {})["roughnessFactor"] = 0.123
    target = io.BytesIO()
    Image.new("RGB", (2, 2), "red").save(target, "PNG")
    images = (target.getvalue(), *before.images[1:])
    walk = next(a for a in root["animations"] if a["name"] == "Walk")
    output = walk["samplers"][0]["output"]
    accessors[output] = replace(accessors[output], values=accessors[output].values * 0.5)
    after = Document(root, tuple(accessors), images)
    found = {c.kind for c in compare(stood, side(after))}
    assert {"shape_changed", "material_changed", "image_changed", "clip_changed"} <= found


def test_what_a_person_can_choose_and_how_things_go_on(changed: Changed) -> None:
    def steps(root: Json) -> None:
        for sampler in next(a for a in root["animations"] if a["name"] == "Walk")["samplers"]:
            sampler["interpolation"] = "STEP"

    def ends(root: Json) -> None:
        for sampler in root["samplers"]:
            sampler["wrapS"] = 33071

    def rests(root: Json) -> None:
        for mesh in root["meshes"]:
            if any("targets" in p for p in mesh["primitives"]):
                mesh["weights"] = [0.75] * len(mesh["primitives"][0]["targets"])

    def varies(root: Json) -> None:
        root.setdefault("extensions", {})["KHR_materials_variants"] = {"variants": [{"name": "v"}]}
        mapping = {"mappings": [{"material": 0, "variants": [0]}]}
        mesh = root["meshes"][node(root, "Chair.003")["mesh"]]
        mesh["primitives"][0]["extensions"] = {"KHR_materials_variants": mapping}

    assert ("'Walk'", "clip_changed") in changed(steps)
    assert {kind for _, kind in changed(ends)} == {"material_changed"}
    assert "shape_keys_changed" in {kind for _, kind in changed(rests)}
    assert {kind for _, kind in changed(varies)} == {"variants_added"}


def test_another_way_to_write_a_place_is_no_move(
    before: Document, stood: Side, changed: Changed
) -> None:
    def edit(root: Json) -> None:
        chair = node(root, "Chair.003")
        chair["rotation"] = [-v for v in chair.get("rotation", [0, 0, 0, 1])]
        chair["extras"] = chair.get("extras")
        if chair["extras"] is None:
            del chair["extras"]

    assert changed(edit) == []


def test_lights_and_cameras(before: Document, stood: Side, changed: Changed) -> None:
    nodes = before.listed("nodes")
    lamp = next(i for i, n in enumerate(nodes) if "KHR_lights_punctual" in n.get("extensions", {}))
    eye = next(i for i, n in enumerate(nodes) if "camera" in n)
    named = paths(before)

    def brighter(root: Json) -> None:
        number = root["nodes"][lamp]["extensions"]["KHR_lights_punctual"]["light"]
        root["extensions"]["KHR_lights_punctual"]["lights"][number]["intensity"] = 1.5

    def longer(root: Json) -> None:
        root["cameras"][root["nodes"][eye]["camera"]]["perspective"]["yfov"] = 0.3

    def higher(root: Json) -> None:
        root["nodes"][lamp]["translation"] = [0.0, 99.0, 0.0]

    def elsewhere(root: Json) -> None:
        root["nodes"][eye].update(rotation=[0.6, 0, 0, 0.8])

    assert (named[lamp], "light_changed") in changed(brighter)
    assert changed(longer) == [(named[eye], "camera_changed")]
    assert (named[lamp], "moved") in changed(higher)
    assert changed(elsewhere) == [(named[eye], "turned")]
    gone = changed(lambda root: root["nodes"][eye].pop("camera"))
    assert gone == [(named[eye], "camera_removed")]
    after = before.copy()
    after.listed("nodes")[eye].pop("camera")
    assert [c.kind for c in compare(side(after), stood)] == ["camera_added"]
