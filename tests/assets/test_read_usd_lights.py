"""USD's lights and cameras."""

import math
from pathlib import Path
from typing import Any

import pytest

from branchxr_assets.readers import Source

from .usd_text import codes, node, scene

# ---------------------------------------------------------------- lights, cameras


def light(source: Source) -> dict[str, Any]:
    found: dict[str, Any] = source.document.listed("lights")[0]
    return found


def test_lights_by_their_units(tmp_path: Path) -> None:
    found = light(scene(tmp_path, """def SphereLight "L" { float inputs:intensity = 10
        float inputs:exposure = 2 float inputs:radius = 0.5 color3f inputs:color = (0.5, 1, 0)
    }"""))  # fmt: skip
    assert found["type"] == "point"
    assert found["intensity"] == pytest.approx(40 * math.pi * 0.25)
    assert found["color"] == [0.5, 1, 0]
    found = light(scene(tmp_path, """def SphereLight "L" ( apiSchemas = ["ShapingAPI"] ) {
        float inputs:intensity = 8 bool inputs:normalize = 1
        float inputs:shaping:cone:angle = 30 float inputs:shaping:cone:softness = 0.5
    }"""))  # fmt: skip
    assert (found["type"], found["intensity"]) == ("spot", 2)
    assert found["spot"]["outerConeAngle"] == pytest.approx(math.radians(30))
    assert found["spot"]["innerConeAngle"] == pytest.approx(math.radians(15))
    found = light(scene(tmp_path, """def DistantLight "Sun" { float inputs:intensity = 1000
        bool inputs:normalize = 1 }"""))  # fmt: skip
    assert (found["type"], found["intensity"]) == ("directional", 1000)


def test_area_lights_are_kept_as_data(tmp_path: Path) -> None:
    body = """def RectLight "Panel" { float inputs:width = 2 float inputs:intensity = 3 }
    def DomeLight "Sky" { asset inputs:texture:file = @sky.hdr@ }"""
    found = scene(tmp_path, body)
    assert found.counts.lights == 2
    assert found.document.listed("lights") == []
    kept = node(found, "Panel")["extras"]["light"]
    assert (kept["type"], kept["width"], kept["intensity"]) == ("RectLight", 2, 3)
    assert node(found, "Sky")["extras"]["light"]["texture:file"] == "sky.hdr"
    assert codes(found) == ["light_kept_as_data"] * 2


def test_cameras(tmp_path: Path) -> None:
    body = """def Camera "Eye" { float focalLength = 50 float horizontalAperture = 36
        float verticalAperture = 24 float2 clippingRange = (10, 1000) }
    def Camera "Plan" { token projection = "orthographic" float horizontalAperture = 200
        float verticalAperture = 100 float2 clippingRange = (1, 100) }"""
    found = scene(tmp_path, body, 'metersPerUnit = 0.01\n upAxis = "Y"')
    eye, plan = found.document.listed("cameras")
    assert eye["perspective"]["yfov"] == pytest.approx(2 * math.atan(12 / 50))
    assert eye["perspective"]["aspectRatio"] == pytest.approx(1.5)
    assert (eye["perspective"]["znear"], eye["perspective"]["zfar"]) == pytest.approx((0.1, 10))
    assert plan["orthographic"]["xmag"] == pytest.approx(0.1)
