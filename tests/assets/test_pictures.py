"""Pictures are found near the scene only, and become what glTF holds."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from branchxr_assets.readers.picture_formats import converted
from branchxr_assets.readers.pictures import Pictures
from branchxr_assets.readers.resources import Resources


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    target = io.BytesIO()
    image.save(target, kind, **options)
    return target.getvalue()


def colour(red: int) -> bytes:
    return encoded(Image.new("RGB", (2, 2), (red, 0, 0)), "PNG")


def red_of(raw: bytes) -> int:
    with Image.open(io.BytesIO(raw)) as image:
        return int(image.convert("RGB").getpixel((0, 0))[0])  # type: ignore[index]


@pytest.fixture
def near(tmp_path: Path) -> Pictures:
    """A scene folder with pictures, and one outside of it."""
    scene = tmp_path / "scene"
    files = {
        "Wood.PNG": 1,
        "textures/floor color.png": 2,
        "textures/a/wall.png": 3,
        "textures/b/wall.png": 4,
        "дуб.png": 5,
    }
    for name, red in files.items():
        (scene / name).parent.mkdir(parents=True, exist_ok=True)
        (scene / name).write_bytes(colour(red))
    (tmp_path / "secret.png").write_bytes(colour(9))
    (scene / "link.png").symlink_to(tmp_path / "secret.png")
    return Pictures(Resources(scene / "scene.obj", b""), scene)


@pytest.mark.parametrize(
    ("stated", "red"),
    [
        (["Wood.PNG"], 1),
        (["wood.png"], 1),
        (["./wood.png"], 1),
        (["textures\\floor color.png"], 2),
        (["floor color.png"], 2),
        (["C:\\Projects\\branch\\Floor Color.png"], 2),
        (["/home/someone/x/floor color.png"], 2),
        (["file:///C:/x/floor%20color.png"], 2),
        (["file://textures/floor%20color.png"], 2),
        (["../../elsewhere/floor color.png"], 2),
        (["\\\\server\\share\\wood.png"], 1),
        (["D:\\art\\b\\wall.png"], 4),
        (["missing.png", "textures/a/wall.png"], 3),
        (["дуб.png"], 5),
        (['"Wood.PNG"'], 1),
    ],
)
def test_a_picture_is_found_by_the_paths_that_are_stated(
    near: Pictures, stated: list[str], red: int
) -> None:
    found = near.find(*stated, place="x")
    assert found is not None
    assert red_of(found.raw) == red
    assert near.warnings == []


@pytest.mark.parametrize(
    ("stated", "code"),
    [
        ("../secret.png", "image_outside"),
        ("../../../../etc/passwd", "image_outside"),
        ("/etc/passwd", "image_outside"),
        ("link.png", "image_missing"),
        ("http://example.com/wood.png", "image_outside"),
        ("HTTPS://example.com/wood.png", "image_outside"),
        ("ftp:wood.png", "image_outside"),
        ("none.png", "image_missing"),
        ("textures", "image_missing"),
        ("", "image_missing"),
        ("a\0b", "image_missing"),
        ("x" * 5000, "image_missing"),
    ],
)
def test_nothing_outside_the_folder_is_read(near: Pictures, stated: str, code: str) -> None:
    assert near.find(stated, place="material 'x'") is None
    assert [(w.code, w.path) for w in near.warnings] == [(code, "material 'x'")]
    assert len(near.warnings[0].message) < 500
    assert near.find(stated, place="material 'x'") is None
    assert len(near.warnings) == 1


def test_a_name_that_may_be_two_files_is_said(near: Pictures) -> None:
    found = near.find("Z:/wall.png", place="x")
    assert found is not None
    assert red_of(found.raw) == 3
    assert [w.code for w in near.warnings] == ["image_guessed"]


def test_what_was_read_counts_as_read(near: Pictures) -> None:
    near.find("wood.png", place="x")
    assert list(near.resources.hashes()) == ["Wood.PNG", "scene.obj"]


def test_a_broken_picture_is_left_out_and_said(near: Pictures) -> None:
    assert near.embedded(colour(1)[:40], "C:\\x\\wood.png", place="x") is None
    assert near.embedded(b"", "wood.png", place="x") is None
    assert near.embedded(b"no picture", "wood.tga", place="x") is None
    assert {w.code for w in near.warnings} == {"image_unreadable"}


@pytest.mark.parametrize("kind", ["TGA", "BMP", "TIFF", "GIF", "PCX", "PPM", "SGI", "DDS", "ICO"])
def test_other_formats_become_png(kind: str) -> None:
    raw = encoded(Image.new("RGB", (16, 16), (200, 0, 0)), kind)
    made = converted(raw)
    assert made is not None
    assert (made.mime, made.lost) == ("image/png", "")
    assert red_of(made.raw) == 200


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_what_gltf_holds_is_not_touched(kind: str) -> None:
    raw = encoded(Image.new("RGB", (4, 4)), kind)
    made = converted(raw)
    assert made is not None
    assert made.raw is raw


def test_alpha_survives() -> None:
    made = converted(encoded(Image.new("RGBA", (4, 4), (1, 2, 3, 77)), "TGA"))
    assert made is not None
    with Image.open(io.BytesIO(made.raw)) as image:
        assert image.getpixel((0, 0)) == (1, 2, 3, 77)


def test_sixteen_bit_grey_stays_sixteen_bit() -> None:
    values = np.array([[0, 258], [40_000, 65_535]], np.uint16)
    made = converted(encoded(Image.fromarray(values), "TIFF"))
    assert made is not None
    assert made.lost == ""
    with Image.open(io.BytesIO(made.raw)) as image:
        assert np.asarray(image).tolist() == values.tolist()


def test_what_is_lost_is_said() -> None:
    float_values = Image.fromarray(np.array([[0.5, 7.0]], np.float32))
    made = converted(encoded(float_values, "TIFF"))
    assert made is not None
    assert "floats" in made.lost
    frames = [Image.new("RGB", (2, 2), (n * 90, 0, 0)) for n in range(3)]
    moving = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    made = converted(moving)
    assert made is not None
    assert made.lost == "the first of 3 pictures"
    made = converted(encoded(Image.new("CMYK", (2, 2)), "TIFF"))
    assert made is not None
    assert "CMYK" in made.lost
