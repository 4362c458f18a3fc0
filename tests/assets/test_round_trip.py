"""What `inspect` says of a source, an independent reader finds in the built package; or a warning
says why not.

Over the example hall, and over `../shared/scenes` (the hall in every format, files of real
programs) where that lies beside the checkout.
"""

from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from branchxr_assets import khronos
from branchxr_assets.build import BuildResult, build_scene
from branchxr_assets.geometry import bounds
from branchxr_assets.inspection import inspect_scene
from branchxr_assets.prepare import prepare
from branchxr_assets.readers import SUFFIXES, read
from branchxr_assets.render import Lighting, render, view_from

from .independent import Whole

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared" / "scenes"
SCENES = [
    ROOT / "examples" / "hall" / "hall.glb",
    *sorted(
        path
        for path in SHARED.rglob("*")
        # A .blend is read by the user's own Blender: tests/assets/test_read_blend.py.
        if path.suffix.lower() in SUFFIXES and path.suffix != ".blend"
    ),
]
EXPLAINED_BY = {
    "triangles_drawn": ("primitive_", "mesh_", "faces_", "lod_", "geometry_", "node_hidden",
                        "scene_dropped", "node_unplaced", "usd_"),
    "skins": ("skin_", "usd_skel"),
    "animations": ("animation_", "animations_joined", "usd_animation"),
    "morph_targets": ("morph_", "usd_blend", "usd_inbetween", "mesh_"),
    "cameras": ("node_unplaced", "scene_dropped"),
    "lights": ("light_", "node_unplaced", "scene_dropped", "usd_light"),
    "nodes_with_extras": ("node_unplaced", "scene_dropped", "property_", "light_kept_as_data"),
}  # fmt: skip
"""Which warnings may say why a count is another one in the package."""


def name_of(path: Path) -> str:
    return path.relative_to(SHARED if path.is_relative_to(SHARED) else ROOT).as_posix()


@pytest.fixture(scope="module", params=SCENES, ids=name_of)
def built(
    request: pytest.FixtureRequest,
    key: Ed25519PrivateKey,
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Path, Path, BuildResult]:
    package = tmp_path_factory.mktemp("built") / "package"
    return (
        request.param,
        package,
        build_scene(request.param, package, key=key, has_report=False, lods=2),
    )


def codes(result: BuildResult) -> set[str]:
    return {warning.code for warning in result.warnings}


def test_counts_come_back_or_a_warning_says_why(built: tuple[Path, Path, BuildResult]) -> None:
    source, package, result = built
    said = inspect_scene(source)
    found = Whole(package).counts()
    different = {n: (said[n], count) for n, count in found.items() if said[n] != count}
    unexplained = {
        name: pair
        for name, pair in different.items()
        if not any(code.startswith(EXPLAINED_BY[name]) for code in codes(result))
    }
    assert unexplained == {}
    assert result.triangles_drawn_full == found["triangles_drawn"]


def test_every_axis_of_its_box_comes_back(built: tuple[Path, Path, BuildResult]) -> None:
    source, package, result = built
    said, found = inspect_scene(source)["bounds_m"], Whole(package).bounds()
    assert (said is None) == (found is None)
    if "skin_pose" in codes(result):  # joints that do not stand as they were bound: it says so
        assert found is not None
    elif found is not None:
        extent = float(np.ptp(np.array(said), axis=0).max())
        assert np.abs(found - np.array(said)).max() <= 1e-3 + 1e-4 * extent


def test_names_and_extras_come_back(built: tuple[Path, Path, BuildResult]) -> None:
    """Of nodes that draw, shine, look, or have properties; the rest is in branch.json."""
    source, package, _ = built
    nodes = prepare(read(source)).whole.listed("nodes")
    wanted = {
        node["name"]
        for node in nodes
        if node.get("name") and ("mesh" in node or "extras" in node or "camera" in node)
    }
    found = Whole(package).names()
    # A twin may be called by its path step there: `Chair#2`.
    missing = {n for n in wanted - found if not any(f.startswith(f"{n}#") for f in found)}
    assert missing == set()


def test_khronos_finds_no_error_in_any_chunk(built: tuple[Path, Path, BuildResult]) -> None:
    _, package, _ = built
    for path in package.glob("c/*.glb"):
        verdict = khronos.validate(path.read_bytes())
        errors = [f for f in verdict.findings if f.severity == "error"]
        assert (verdict.counts[0], errors) == (0, [])


_CARRIED: Final = {
    "gltf/hall.gltf": 0.1,
    "hall.usdc": 5.0,
    "hall.usdz": 5.0,
    # Blender writes no transmission to FBX: the glass is opaque.
    "hall.fbx": 5.0,
    "hall_maya_zup_cm.fbx": 5.0,
    "hall_ascii.fbx": 5.0,
    # Collada has no transmission, no texture transform (the floor's tiles), no emission texture.
    "dae/hall.dae": 10.0,
}
"""The mean difference from the GLB that is borne, of 255, and what the format does not carry."""


@pytest.mark.skipif(not SHARED.exists(), reason="needs ../shared/scenes: the hall in every format")
@pytest.mark.parametrize("file", _CARRIED)
def test_the_same_scene_looks_the_same_in_every_format(file: str, hall: Path) -> None:
    path = SHARED / "hall" / file
    size = (320, 180)

    def taken(source: Path) -> Any:
        document = prepare(read(source)).whole
        box = bounds(document)
        assert box is not None
        camera = view_from("corner", np.array([[-10.1, 0, -6.1], [10.1, 3.6, 6.0]]), size=size,
                           cut_m=2.2)  # fmt: skip
        return render([document], camera, size, Lighting(own=False)).astype(int)

    difference = np.abs(taken(path) - taken(SHARED / "hall" / "hall.glb"))
    assert difference.mean() <= _CARRIED[file]
