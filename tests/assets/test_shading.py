"""Phong to glTF's own model."""

import math

import pytest

from branchxr_assets.readers.shading import Gloss, Phong, to_pbr


def test_a_lambert_material_is_rough_and_has_its_colour() -> None:
    made = to_pbr(Phong(diffuse=(0.1, 0.2, 0.3)))
    assert made == {
        "pbrMetallicRoughness": {
            "baseColorFactor": [0.1, 0.2, 0.3, 1.0],
            "metallicFactor": 0.0,
            "roughnessFactor": 1.0,
        }
    }


@pytest.mark.parametrize(
    ("exponent", "gloss", "roughness"),
    [
        (0.0, Gloss.PHONG, 1.0),
        (30.0, Gloss.PHONG, 0.5),
        (2e12, Gloss.PHONG, 0.001),
        (250.0, Gloss.BLENDER_OBJ, 0.5),
        (25.0, Gloss.BLENDER_FBX, 0.5),
        (5000.0, Gloss.BLENDER_OBJ, 0.0),
        (-3.0, Gloss.PHONG, 1.0),
        (math.nan, Gloss.PHONG, 0.5),
        (None, Gloss.PHONG, 0.5),
    ],
)
def test_an_exponent_is_a_roughness(exponent: float | None, gloss: Gloss, roughness: float) -> None:
    made = to_pbr(Phong(specular=(0.5, 0.5, 0.5), exponent=exponent, gloss=gloss))
    assert made["pbrMetallicRoughness"]["roughnessFactor"] == pytest.approx(roughness)


def test_a_black_mirror_is_a_metal_and_black_paint_is_not() -> None:
    mirror = to_pbr(Phong(diffuse=(0, 0, 0), specular=(0.9, 0.7, 0.3), exponent=100))
    assert mirror["pbrMetallicRoughness"]["metallicFactor"] == 1
    assert mirror["pbrMetallicRoughness"]["baseColorFactor"] == [0.9, 0.7, 0.3, 1.0]
    paint = to_pbr(Phong(diffuse=(0, 0, 0), specular=(0.1, 0.1, 0.1), exponent=100))
    assert paint["pbrMetallicRoughness"]["metallicFactor"] == 0


def test_what_shines_bends_or_is_tinted_keeps_it_in_extensions() -> None:
    made = to_pbr(
        Phong(specular=(0.5, 0.25, 0.0), emissive=(4, 2, 0), ior=1.33, opacity=0.5, exponent=10)
    )
    assert made["emissiveFactor"] == [1.0, 0.5, 0.0]
    assert made["alphaMode"] == "BLEND"
    assert made["extensions"] == {
        "KHR_materials_emissive_strength": {"emissiveStrength": 4},
        "KHR_materials_ior": {"ior": 1.33},
        "KHR_materials_specular": {"specularColorFactor": [1.0, 0.5, 0.0]},
    }


def test_values_out_of_range_are_cut_off() -> None:
    made = to_pbr(Phong(diffuse=(2, -1, math.nan), emissive=(math.inf, -1, 0), ior=math.nan))
    assert made["pbrMetallicRoughness"]["baseColorFactor"] == [1, 0, 0, 1]
    assert "emissiveFactor" not in made
    assert "extensions" not in made
