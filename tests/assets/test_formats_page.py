"""docs/formats.md: current, complete, and true where the hall shows it."""

from pathlib import Path

import pytest

from branchxr_assets.formats_page import FEATURES, keeps_by_format, make_page
from branchxr_assets.inspection import inspect_scene
from branchxr_assets.readers import FORMATS

ROOT = Path(__file__).parents[2]
HALL = ROOT.parent / "shared" / "scenes" / "hall"
SHOWN = {
    "glTF": ("hall.glb", "gltf/hall.gltf"),
    "FBX": ("hall.fbx", "hall_maya_zup_cm.fbx", "hall_ascii.fbx"),
    "COLLADA": ("dae/hall.dae",),
    "USD": ("hall.usdc", "hall.usdz"),
    "OBJ": ("obj/hall.obj",),
    "PLY": ("hall.ply",),
    "STL": ("hall.stl",),
}
COUNTED = {
    "nodes": "nodes",
    "extras": "nodes_with_extras",
    "uv": "uv_sets",
    "colours": "vertex_colour_sets",
    "skins": "skins",
    "animations": "animations",
    "morphs": "morph_targets",
    "cameras": "cameras",
    "lights": "lights",
    "materials": "materials",
    "textures": "images",
}
"""Which count shows a feature."""
ABSENT = {
    ("COLLADA", "extras"),  # Blender 4.5 writes no custom properties to Collada
    ("COLLADA", "morphs"),
    ("COLLADA", "colours"),
    ("OBJ", "colours"),  # and vertex colours to OBJ only when asked
    ("USD", "colours"),
    ("PLY", "textures"),
    ("PLY", "skins"),  # its columns of vertex groups are named as lost
    ("STL", "colours"),
}
"""What a format can hold, and Blender did not write into this file."""


def test_the_page_is_current() -> None:
    written = (ROOT / "docs" / "formats.md").read_text(encoding="utf-8")
    assert written == make_page(), "run `make docs`"


def test_every_reader_says_what_it_keeps_of_every_feature() -> None:
    features = {key for key, _ in FEATURES}
    for name, keeps in keeps_by_format().items():
        assert set(keeps) == features, name
        assert all(text.strip() for text in keeps.values()), name
    assert set(keeps_by_format()) == {row.name for row in FORMATS}


@pytest.mark.skipif(not HALL.exists(), reason="needs ../shared/scenes: the hall in every format")
@pytest.mark.parametrize(("name", "file"), [(n, f) for n, files in SHOWN.items() for f in files])
def test_what_it_claims_is_true_of_the_hall(name: str, file: str) -> None:
    """Kept: the hall's file counts some; the format has none: it counts none."""
    found, keeps = inspect_scene(HALL / file), keeps_by_format()[name]
    for feature, count in COUNTED.items():
        if (name, feature) in ABSENT:
            continue
        has_none = keeps[feature].startswith(("the format has no", "no"))
        if has_none:
            assert found[count] <= (1 if feature == "nodes" else 0), (feature, keeps[feature])
        else:
            assert found[count] > 0, (feature, keeps[feature])
    low, high = found["bounds_m"]
    # In the Collada file the vault's door stands open, beyond the back wall.
    back = -6.604 if name == "COLLADA" else -6.1
    assert low == pytest.approx([-10.1, 0.0, back], abs=0.01)
    assert high == pytest.approx([10.1, 3.6, 6.015], abs=0.01)
