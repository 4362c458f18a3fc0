"""COLLADA's materials and textures."""
# ruff: noqa: E501 (XML reads better whole)

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from branchxr_assets.document import Json

from .dae_text import codes, document, floats, mesh, scene, triangles


def material(folder: Path, model: str, extra: str = "") -> Json:
    libraries = (
        f'<library_effects><effect id="e"><profile_COMMON><technique>{model}{extra}</technique>'
        '</profile_COMMON></effect></library_effects><library_materials><material id="m">'
        '<instance_effect url="#e"/></material></library_materials>'
        f"<library_geometries>{mesh(triangles())}</library_geometries>"
    )
    found = scene(folder, document('<node><instance_geometry url="#g"/></node>', libraries))
    return found.document.root["materials"][0]


def test_shading_models(tmp_path: Path) -> None:
    diffuse = "<diffuse><color>0.1 0.2 0.3 1</color></diffuse>"
    shine = "<specular><color>1 1 1 1</color></specular><shininess><float>30</float></shininess>"
    lambert = material(tmp_path, f"<lambert>{diffuse}{shine}</lambert>")
    assert lambert["pbrMetallicRoughness"]["roughnessFactor"] == 1
    assert lambert["pbrMetallicRoughness"]["baseColorFactor"] == [0.1, 0.2, 0.3, 1]
    phong = material(tmp_path, f"<phong>{diffuse}{shine}</phong>")
    assert phong["pbrMetallicRoughness"]["roughnessFactor"] == pytest.approx(0.5)
    blinn = material(tmp_path, f"<blinn>{diffuse}{shine}</blinn>")
    assert blinn["pbrMetallicRoughness"]["roughnessFactor"] < 0.5
    constant = material(
        tmp_path, "<constant><emission><color>1 0 0 1</color></emission></constant>"
    )
    assert constant["pbrMetallicRoughness"]["baseColorFactor"] == [1, 0, 0, 1]
    assert "KHR_materials_unlit" in constant["extensions"]
    both = "<extra><technique profile='MAX3D'><double_sided>1</double_sided></technique></extra>"
    assert material(tmp_path, f"<lambert>{diffuse}</lambert>", both)["doubleSided"] is True


@pytest.mark.parametrize(
    ("mode", "colour", "amount", "opacity"),
    [
        ("A_ONE", "1 1 1 1", "0.25", 0.25),
        ("A_ONE", "1 1 1 0.5", "0.5", 0.25),
        ("RGB_ZERO", "0.5 0.5 0.5 1", "0.5", 0.75),
        ("RGB_ZERO", "0 0 0 1", "1", 1.0),
        ("A_ZERO", "1 1 1 0.25", "1", 0.75),
        ("RGB_ONE", "0.5 0.5 0.5 1", "1", 0.5),
        ("A_ONE", "0 0 0 1", "0", 1.0),
    ],
)
def test_transparency(tmp_path: Path, mode: str, colour: str, amount: str, opacity: float) -> None:
    clear = (
        f"<lambert><transparent opaque='{mode}'><color>{colour}</color></transparent>"
        f"<transparency><float>{amount}</float></transparency></lambert>"
    )
    made = material(tmp_path, clear)
    assert made["pbrMetallicRoughness"]["baseColorFactor"][3] == pytest.approx(opacity, abs=1e-5)
    assert made.get("alphaMode", "OPAQUE") == ("BLEND" if opacity < 1 - 1e-4 else "OPAQUE")


def placed(folder: Path, extras: str) -> tuple[Json, set[str]]:
    """Return how a texture with such extras lies, and what is said of it."""
    Image.new("RGB", (2, 2)).save(folder / "a.png")
    effect = (
        '<library_images><image id="i"><init_from>a.png</init_from></image></library_images>'
        '<library_effects><effect id="e"><profile_COMMON><technique><lambert><diffuse><texture '
        f'texture="i"><extra><technique profile="MAYA">{extras}</technique></extra></texture>'
        "</diffuse></lambert></technique></profile_COMMON></effect></library_effects>"
        '<library_materials><material id="m"><instance_effect url="#e"/></material></library_materials>'
    )
    more = '<input semantic="TEXCOORD" source="#t" offset="0"/>'
    body = mesh(triangles(more=more), more=floats("t", "0 0 1 0 1 1 0 1", 2, "ST"))
    node = '<node><instance_geometry url="#g"/></node>'
    found = scene(
        folder, document(node, f"<library_geometries>{body}</library_geometries>{effect}")
    )
    slot = found.document.root["materials"][0]["pbrMetallicRoughness"]["baseColorTexture"]
    transform: Json = slot.get("extensions", {}).get("KHR_texture_transform", {})
    return transform, codes(found)


def test_a_turned_texture_turns_about_the_middle(tmp_path: Path) -> None:
    transform, said = placed(
        tmp_path, "<rotateUV>90</rotateUV><repeatU>2</repeatU><offsetV>0.25</offsetV>"
    )
    assert said == {"texture_turned"}
    turn, scale, offset = (np.array(transform[k]) for k in ("rotation", "scale", "offset"))
    u, v = 0.3, 0.9
    # The KHR_texture_transform text: counter-clockwise, in coordinates whose v runs down.
    matrix = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    across, down = matrix @ (scale * (u, 1 - v)) + offset
    repeated = np.array([2 * u, v + 0.25]) - 0.5
    wanted = np.array([-repeated[1], repeated[0]]) + 0.5
    assert [across, 1 - down] == pytest.approx(wanted.tolist())


def test_what_is_lost_of_a_texture_s_place_is_said(tmp_path: Path) -> None:
    assert placed(tmp_path, "<mirrorU>1</mirrorU>")[1] == {"texture_transform_lost"}
    assert placed(tmp_path, "<repeatU>2</repeatU>") == ({"scale": [2, 1], "offset": [0, 0]}, set())
