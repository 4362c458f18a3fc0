"""What has another name, or one that others have too, is still told apart; so are its looks."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.assets.rooms import picture
from tests.assets.test_comparison import side
from typer.testing import CliRunner

from branchxr.cli.assets import app
from branchxr.errors import PackageRefused
from branchxr_assets.build import build_scene
from branchxr_assets.comparison import Change, Side, compare
from branchxr_assets.document import Json
from branchxr_assets.readers import read

Edit = Callable[[Any], object]


@pytest.fixture
def differences(new_maker: Callable[[Path], Any], tmp_path: Path) -> Any:
    """Return a function: what `compare` says of a scene before and after an edit."""

    def call(furnish: Edit, edit: Edit) -> list[Change]:
        sides = []
        for changes in (lambda _maker: None, edit):
            maker = new_maker(tmp_path)
            furnish(maker)
            changes(maker)
            sides.append(side(read(maker.save()).document))
        return compare(*sides)

    return call


def said(changes: list[Change]) -> list[tuple[str, str]]:
    return [(change.path, change.kind) for change in changes]


def desks(maker: Any) -> None:
    """A group with three desks of one name and an empty below each; the second is turned."""
    group = maker.node(name="Desks", translation=[0, 0, 1])
    mesh = maker.mesh([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 2]], [[0, 1, 2], [0, 2, 3]])
    for number in range(3):
        desk = maker.node(group, name="Desk", mesh=mesh, translation=[number * 2, 0, 0])
        maker.node(desk, name="seat", extras={"branch_anchor": "seat", "number": number})
    maker.root["nodes"][3]["rotation"] = [0, 0.6, 0, 0.8]


def node(maker: Any, number: int) -> Json:
    found: Json = maker.root["nodes"][number]
    return found


# --- objects ---------------------------------------------------------------------------------


def test_of_twins_the_first_is_deleted(differences: Any) -> None:
    found = differences(desks, lambda m: node(m, 0)["children"].remove(1))
    assert said(found) == [("Desks/Desk", "object_removed"), ("Desks/Desk/seat", "anchor_removed")]
    assert found[0].message == "it is gone: of 3 with this name the one that was at 0.5, 0.5, 2.0 m"
    assert found[1].due_to == "Desks/Desk"


def test_of_twins_one_is_moved_and_a_fourth_comes(differences: Any) -> None:
    def edit(maker: Any) -> None:
        node(maker, 3)["translation"] = [2, 0, 0.5]
        twin = maker.node(name="Desk", mesh=0, translation=[9, 0, 0])
        maker.root["scenes"][0]["nodes"].remove(twin)
        node(maker, 0)["children"].insert(0, twin)

    assert said(differences(desks, edit)) == [
        ("Desks/Desk", "object_added"),
        ("Desks/Desk#3", "moved"),
        ("Desks/Desk#3/seat", "anchor_moved"),
    ]


def test_a_renamed_object_and_group(differences: Any) -> None:
    found = differences(desks, lambda m: node(m, 3).update(name="Table"))
    assert said(found) == [("Desks/Table", "renamed")]
    assert found[0].message == "it has another name now; it was 'Desks/Desk#2'"
    found = differences(desks, lambda m: node(m, 0).update(name="Furniture"))
    assert said(found) == [("Furniture", "renamed")]


def test_renamed_and_moved(differences: Any) -> None:
    def furnish(maker: Any) -> None:
        desks(maker)
        maker.node(name="Vase", mesh=maker.box((0.1, 0.2, 0.3)))

    changed = {"name": "Jug", "translation": [1, 0, 0]}
    found = differences(furnish, lambda m: node(m, 7).update(changed))
    assert said(found) == [("Jug", "moved"), ("Jug", "renamed")]

    # Of three desks alike nobody knows which one it was.
    def several(maker: Any) -> None:
        desks(maker)
        for number in (1, 3, 5):
            node(maker, number)["children"] = []

    changed = {"name": "Table", "translation": [9, 0, 0]}
    kinds = {kind for _, kind in said(differences(several, lambda m: node(m, 5).update(changed)))}
    assert {"object_removed", "object_added"} <= kinds


def test_what_hangs_somewhere_else_in_the_same_place(differences: Any) -> None:
    def furnish(maker: Any) -> None:
        desks(maker)
        maker.node(name="Hall", translation=[0, 0, 1])

    def edit(maker: Any) -> None:
        node(maker, 0)["children"].remove(5)
        node(maker, 7)["children"] = [5]

    found = differences(furnish, edit)
    assert said(found) == [("Hall/Desk", "regrouped")]
    assert "'Desks'" in found[0].message


def test_a_moved_group_is_said_once_with_what_it_takes_along(differences: Any) -> None:
    def edit(maker: Any) -> None:
        node(maker, 0)["translation"] = [1, 0, 1]
        node(maker, 5)["translation"] = [4, 0, 3]

    found = differences(desks, edit)
    by_itself = [(c.path, c.message) for c in found if c.due_to is None]
    assert by_itself == [
        ("Desks", "it was moved by 1.00 m"),
        ("Desks/Desk#3", "it was moved by 3.16 m"),
    ]
    assert {c.due_to for c in found if c.path.startswith("Desks/Desk#2")} == {"Desks"}
    assert [c.due_to for c in found if c.path == "Desks/Desk#3/seat"] == ["Desks/Desk#3"]


def test_a_removed_group_takes_all_below_it_along(differences: Any) -> None:
    found = differences(desks, lambda m: m.root["scenes"][0]["nodes"].remove(0))
    assert [(c.path, c.kind) for c in found if c.due_to is None] == [("Desks", "node_removed")]
    assert [c.due_to for c in found if c.kind == "object_removed"] == ["Desks"] * 3


def test_turning_is_no_moving_and_no_scaling(differences: Any) -> None:
    found = differences(desks, lambda m: node(m, 5).update(rotation=[0, 0.38268343, 0, 0.92387953]))
    assert [c.message for c in found if c.due_to is None] == ["it was turned by 45.0 degrees"]
    found = differences(desks, lambda m: node(m, 5).update(scale=[2, 2, 2]))
    assert [c.message for c in found if c.path == "Desks/Desk#3"] == [
        "its size was changed: 2.45 m before, 4.90 m now across"
    ]


def test_an_anchor_is_turned_and_becomes_another_kind(differences: Any) -> None:
    def edit(maker: Any) -> None:
        node(maker, 2).update(rotation=[0, 0.6, 0, 0.8])
        node(maker, 4)["extras"]["branch_anchor"] = "atm"

    assert said(differences(desks, edit)) == [
        ("Desks/Desk#2/seat", "property_changed"),
        ("Desks/Desk/seat", "anchor_turned"),
    ]


def test_texture_coordinates_are_no_shape(differences: Any) -> None:
    def furnish(maker: Any, shift: float = 0.0) -> None:
        points = [[0, 0, 0], [1, 0, 0], [0, 1, 0]]
        uv = maker.array([[0, 0], [1, 0], [shift, 1]])
        maker.node(name="Sign", mesh=maker.mesh(points, [[0, 1, 2]], attributes={"TEXCOORD_0": uv}))

    def edit(maker: Any) -> None:
        maker.__init__(maker.folder)
        furnish(maker, 0.5)

    found = differences(furnish, edit)
    assert said(found) == [("Sign", "attribute_changed")]
    assert found[0].message == "its texture coordinates were changed"


def test_a_thousand_objects_with_other_names(differences: Any) -> None:
    def furnish(maker: Any, name: str = "a") -> None:
        mesh = maker.box()
        for number in range(1000):
            place = [number % 60, 0, number // 60]
            maker.node(name=f"{name}{number}", mesh=mesh, translation=place)

    def edit(maker: Any) -> None:
        for item in maker.root["nodes"]:
            item["name"] = item["name"].replace("a", "b")

    assert {kind for _, kind in said(differences(furnish, edit))} == {"renamed"}


# --- looks -----------------------------------------------------------------------------------


def painted(maker: Any) -> None:
    """Three materials of one name, two of them with nameless images."""
    views = [maker.view(picture(seed)) for seed in (1, 2)]
    maker.root["images"] = [{"bufferView": view, "mimeType": "image/png"} for view in views]
    maker.root["textures"] = [{"source": 0}, {"source": 1}]
    maker.root["materials"] = [
        {"name": "Paint", "pbrMetallicRoughness": {"baseColorTexture": {"index": 0}}},
        {"name": "Paint", "normalTexture": {"index": 1}},
        {"name": "Paint", "pbrMetallicRoughness": {"roughnessFactor": 0.5}},
    ]
    for number in range(3):
        maker.node(mesh=maker.box(material=number), name=f"box {number}")


def test_of_materials_of_one_name_the_one_that_changed(differences: Any) -> None:
    def edit(maker: Any) -> None:
        maker.root["materials"][2]["pbrMetallicRoughness"] = {"roughnessFactor": 0.25}

    assert differences(painted, lambda _maker: None) == []
    (found,) = differences(painted, edit)
    assert (found.path, found.kind) == ("'Paint'", "material_changed")
    assert found.message == (
        "the material, one of 3 with this name, was changed: roughness 0.5 before, 0.25 now"
    )


def test_one_more_and_one_less_of_a_name(differences: Any) -> None:
    def more(maker: Any) -> None:
        maker.root["materials"].append({"name": "Paint", "doubleSided": True})
        maker.node(mesh=maker.box(material=3), name="box 3")

    found = differences(painted, more)
    assert ("'Paint'", "material_added") in said(found)
    assert not any(kind == "material_changed" for _, kind in said(found))


def test_a_nameless_image_is_called_by_where_it_is_used(differences: Any) -> None:
    def edit(maker: Any) -> None:
        maker.root["images"][1]["bufferView"] = maker.view(picture(3))

    assert said(differences(painted, edit)) == [("'normal map of Paint'", "image_changed")]


def test_an_image_that_is_only_stored_anew(differences: Any) -> None:
    import io

    from PIL import Image

    def edit(maker: Any) -> None:
        target = io.BytesIO()
        with Image.open(io.BytesIO(picture(1))) as image:
            image.resize((128, 128)).save(target, "WEBP", quality=95)
        maker.root["images"][0] = {
            "bufferView": maker.view(target.getvalue()), "mimeType": "image/webp",
        }  # fmt: skip

    (found,) = differences(painted, edit)
    assert found.message == (
        "the image was stored anew and looks the same: "
        "64 x 64 pixels before, 128 x 128 now, PNG before, WebP now"
    )


# --- packages --------------------------------------------------------------------------------


def test_levels_that_are_larger_now() -> None:
    def of(full: int, **more: int) -> Side:
        sizes = {"coarsest": 60_000, "full": full, **more}
        chunks = [{"role": r, "bytes": n, "triangles": 9} for r, n in sizes.items()]
        return Side([], {"nodes": [], "anchors": [], "budgets": {"chunks": chunks}})

    found = compare(of(1_000_000, middle=5000), of(1_200_000, live=100))
    assert said(found) == [
        ("the full level", "level_changed"),
        ("the live tile", "level_added"),
        ("the middle level", "level_removed"),
    ]
    assert found[0].message == "1,000 kB with 9 triangles before, 1,200 kB with 9 triangles now"
    assert compare(of(1_000_000), of(1_005_000)) == []


@pytest.mark.parametrize(
    "branch", [{}, {"nodes": 3, "anchors": []}, {"nodes": [{}], "anchors": []}]
)
def test_a_branch_json_of_another_shape_is_refused(branch: Json) -> None:
    whole = Side([], {"nodes": [], "anchors": []})
    with pytest.raises(PackageRefused, match=r"branch\.json"):
        compare(whole, Side([], copy.deepcopy(branch)))


def test_two_builds_at_the_command_line(maker: Any, key: Any, tmp_path: Path) -> None:
    desks(maker)
    maker.room()
    source = maker.save()
    build_scene(source, tmp_path / "a", key=key, lods=1)
    node(maker, 0)["translation"] = [0, 0, 1.5]
    build_scene(maker.save(), tmp_path / "b", key=key, lods=1)

    def call(*words: str) -> str:
        words = ("diff", str(tmp_path / "a"), str(tmp_path / "b"), *words)
        result = CliRunner().invoke(app, words)
        assert result.exit_code == 0
        return result.stdout

    assert call().splitlines()[0] == "Desks: it was moved by 500 mm, with 6 below it"
    found = json.loads(call("--json"))
    assert found["schema"] == 1
    assert {
        "kind": "moved",
        "path": "Desks",
        "message": "it was moved by 500 mm",
        "due_to": None,
    } in (found["changes"])
    assert all(c["due_to"] == "Desks" for c in found["changes"] if c["path"].startswith("Desks/"))
