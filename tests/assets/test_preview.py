"""`branchxr assets preview`: a picture of a scene or of a package."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tests.assets.rooms import furnish, repaint_as_ktx2
from typer.testing import CliRunner, Result

from branchxr.cli.assets import app


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["preview", *map(str, arguments)])


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"), int)


def test_a_package_looks_like_its_source(hall: Path, hall_package: Path, tmp_path: Path) -> None:
    for name, source in (("came", hall), ("went", hall_package)):
        result = run(source, "-o", tmp_path / f"{name}.png", "--size", "240x135", "--json")
        assert result.exit_code == 0
        assert json.loads(result.stdout)["size"] == [240, 135]
    came, went = pixels(tmp_path / "came.png"), pixels(tmp_path / "went.png")
    assert came.shape == (135, 240, 3)
    assert len(np.unique(came.reshape(-1, 3), axis=0)) > 2000
    # Textures became WebP, which costs a little.
    assert np.abs(came - went).mean() < 2


def test_what_is_seen_first_has_the_same_shape(hall_package: Path, tmp_path: Path) -> None:
    run(hall_package, "-o", tmp_path / "full.png", "--size", "160x90", "--from", "top")
    run(hall_package, "-o", tmp_path / "first.png", "--size", "160x90", "--from", "top",
        "--level", "coarsest")  # fmt: skip
    full, first = pixels(tmp_path / "full.png"), pixels(tmp_path / "first.png")
    sky = full[0, 0]
    both = [(np.abs(picture - sky).max(axis=2) > 8) for picture in (full, first)]
    assert (both[0] ^ both[1]).mean() < 0.03


def test_a_camera_of_the_scene_and_one_that_is_not_there(hall: Path, tmp_path: Path) -> None:
    output = tmp_path / "a.png"
    camera = "Branch_Root/Camera.000"
    assert run(hall, "-o", output, "--size", "64x36", "--camera", camera).exit_code == 0
    refused = run(hall, "-o", tmp_path / "b.png", "--camera", "Nobody")
    assert refused.exit_code == 3
    assert "camera_not_found" in refused.stderr
    assert camera in refused.stderr
    assert not (tmp_path / "b.png").exists()


def test_textures_that_no_picture_shows_are_said(maker: Any, tmp_path: Path) -> None:
    furnish(maker)
    words = ("-o", tmp_path / "a.png", "--size", "64x36")
    assert "plain colour" not in run(maker.save(), *words).stderr
    repaint_as_ktx2(maker)
    result = run(maker.save(), *words, "--json")
    assert json.loads(result.stdout)["plain_textures"] == 1
    assert "1 textures are for graphics processors (KTX2, DDS)" in result.stderr


@pytest.mark.parametrize("size", ["0x5", "9", "99999x99999", "axb", "1280x720x3"])
def test_sizes_that_are_none(maker: Any, tmp_path: Path, size: str) -> None:
    maker.node(mesh=maker.box())
    assert run(maker.save(), "-o", tmp_path / "a.png", "--size", size).exit_code == 3


def test_a_place_that_cannot_be_written(maker: Any, tmp_path: Path) -> None:
    maker.node(mesh=maker.box())
    path = maker.save()
    result = run(path, "-o", tmp_path / "no" / "a.png", "--size", "8x8")
    assert result.exit_code == 3
    assert "output_not_writable" in result.stderr
    assert sorted(tmp_path.iterdir()) == [path]


def test_whole_leaves_the_ceiling_on(maker: Any, tmp_path: Path) -> None:
    maker.room()
    red = {"pbrMetallicRoughness": {"baseColorFactor": [1, 0, 0, 1], "metallicFactor": 0}}
    maker.root["materials"] = [red]
    maker.node(mesh=maker.box((6, 0.1, 4), material=0), translation=[0, 3.5, 0])
    path = maker.save()
    run(path, "-o", tmp_path / "open.png", "--size", "16x16", "--from", "top")
    run(path, "-o", tmp_path / "shut.png", "--size", "16x16", "--from", "top", "--whole")
    opened, shut = (pixels(tmp_path / f"{n}.png")[8, 5] for n in ("open", "shut"))
    assert shut[0] > 2 * shut[1]
    assert opened[0] < 1.5 * opened[1]
