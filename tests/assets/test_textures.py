"""Textures: smaller, to the eye the same, and numbers as numbers."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from branchxr_assets.document import Document
from branchxr_assets.normal_maps import ERROR_MAX_DEG
from branchxr_assets.operations.textures import TexturesOptions, textures
from branchxr_assets.pictures import angular_error_deg, opened, size_px
from branchxr_assets.steps import StepCache

LOSSY = TexturesOptions(quality=80, data_quality=90)
RANDOM = np.random.default_rng(3)


def png(pixels: Any, mode: str = "RGB") -> bytes:
    target = io.BytesIO()
    Image.fromarray(np.asarray(pixels, np.uint8), mode).save(target, "PNG")
    return target.getvalue()


def smooth(side: int, channels: int = 3) -> Any:
    """Return a picture such as artists paint: large shapes, a little noise."""
    x, y = np.meshgrid(np.linspace(0, 9, side), np.linspace(0, 7, side))
    waves = [np.sin(x + k) * np.cos(y * (k + 1) / 2) for k in range(channels)]
    noise = RANDOM.normal(0, 3, (side, side, channels))
    return (np.stack(waves, -1) * 100 + 127 + noise).clip(0, 255)


def bumps(side: int, steepness: float) -> Any:
    x, y = np.meshgrid(np.arange(side), np.arange(side))
    dx, dy = np.sin(x * 0.7) * steepness, np.cos(y * 0.9) * steepness
    normals = np.stack([dx, dy, np.ones_like(dx)], -1)
    normals /= np.linalg.norm(normals, axis=-1, keepdims=True)
    return (normals * 0.5 + 0.5) * 255 + 0.5


def document(raw: bytes, slot: str = "baseColorTexture") -> Document:
    texture = {"index": 0}
    material = {"pbrMetallicRoughness": {slot: texture}} if slot in PBR else {slot: texture}
    return Document(
        {
            "asset": {"version": "2.0"},
            "scenes": [{"nodes": [0]}],
            "nodes": [{"mesh": 0}],
            "meshes": [{"primitives": [{"attributes": {}, "material": 0}]}],
            "materials": [material],
            "textures": [{"source": 0}],
            "images": [{"mimeType": "image/png", "name": "picture"}],
        },
        (),
        (raw,),
    )


PBR = {"baseColorTexture", "metallicRoughnessTexture"}


def made_of(raw: bytes, options: TexturesOptions = LOSSY, **more: Any) -> bytes:
    return textures(document(raw, **more), options).document.images[0]


def psnr_db(one: bytes, other: bytes) -> float:
    first, second = opened(one), opened(other)
    assert first is not None
    assert second is not None
    off = np.asarray(first, float) - np.asarray(second, float)
    return float(10 * np.log10(255**2 / (off**2).mean()))


def test_colours_become_much_smaller_and_look_the_same() -> None:
    raw = png(smooth(256))
    made = made_of(raw)
    assert len(made) < len(raw) / 4
    assert psnr_db(raw, made) > 35


def test_long_sides_are_scaled_and_short_ones_are_not() -> None:
    for side, wanted in ((300, 128), (512, 128), (100, 100)):
        made = opened(made_of(png(smooth(side)), TexturesOptions(side_max_px=128)))
        assert made is not None
        assert made.size == (wanted, wanted)


def test_a_strip_keeps_at_least_a_pixel() -> None:
    made = opened(made_of(png(smooth(512)[:3]), TexturesOptions(side_max_px=64)))
    assert made is not None
    assert made.size == (64, 1)


@pytest.mark.parametrize("steepness", [0.05, 0.5, 3.0])
def test_a_normal_map_keeps_its_directions(steepness: float) -> None:
    raw = png(bumps(192, steepness))
    options = TexturesOptions(quality=80, data_quality=75)
    image = opened(raw)
    assert image is not None
    plain = made_of(raw, TexturesOptions(quality=75), slot="baseColorTexture")
    made = made_of(raw, options, slot="normalTexture")
    error, as_colour = angular_error_deg(image, made), angular_error_deg(image, plain)
    assert error <= max(ERROR_MAX_DEG, as_colour)
    assert error <= ERROR_MAX_DEG or len(made) == len(plain) or error < as_colour * 0.75


def test_a_map_like_noise_is_not_blown_up_for_nothing() -> None:
    noise = RANDOM.normal(0, 1, (128, 128, 3)) * (1, 1, 0) + (0, 0, 1.5)
    noise /= np.linalg.norm(noise, axis=-1, keepdims=True)
    raw = png((noise * 0.5 + 0.5) * 255)
    wanted = made_of(raw, TexturesOptions(quality=80), slot="baseColorTexture")
    assert made_of(raw, TexturesOptions(data_quality=80), slot="normalTexture") == wanted


def test_the_measure_of_directions_knows_a_turn_when_it_sees_one() -> None:
    flat, leaning = np.full((60, 60, 3), (128, 128, 255)), np.full((60, 60, 3), (217, 128, 217))
    image = opened(png(flat))
    assert image is not None
    assert angular_error_deg(image, png(leaning)) == pytest.approx(45, abs=0.5)
    assert angular_error_deg(image, png(flat)) == pytest.approx(0, abs=0.1)


def test_an_image_of_two_uses_is_treated_as_the_more_delicate() -> None:
    raw = png(bumps(192, 3.0))
    both = document(raw, "normalTexture")
    both.root["materials"][0]["pbrMetallicRoughness"] = {"baseColorTexture": {"index": 0}}
    options = TexturesOptions(quality=1, data_quality=90)
    assert textures(both, options).document.images[0] == made_of(raw, options, slot="normalTexture")


def test_alpha_and_grey_come_through() -> None:
    pixels = smooth(128, 4)
    pixels[..., 3] = (np.indices((128, 128)).sum(0) // 16 % 2) * 255
    made = opened(made_of(png(pixels, "RGBA")))
    assert made is not None
    assert np.array_equal(np.asarray(made)[..., 3], np.asarray(pixels[..., 3], np.uint8))
    grey = opened(made_of(png(smooth(128, 1)[..., 0], "L")))
    assert grey is not None
    assert np.ptp(np.asarray(grey, int), axis=2).max() <= 2


def test_keep_keeps_and_scales_only_what_must_be() -> None:
    raw = png(smooth(256))
    assert made_of(raw, TexturesOptions(format="keep")) is raw
    scaled = opened(made_of(raw, TexturesOptions(format="keep", side_max_px=64)))
    assert scaled is not None
    assert scaled.size == (64, 64)


def test_what_is_lossy_already_or_no_image_stays() -> None:
    target = io.BytesIO()
    Image.fromarray(smooth(64).astype(np.uint8)).save(target, "WEBP", quality=50)
    raw = target.getvalue()
    assert made_of(raw) is raw
    broken = textures(document(b"\x89PNG not really"), LOSSY)
    assert [w.code for w in broken.warnings] == ["image_kept"]


def test_remembered_images_are_the_same_and_made_once(tmp_path: Any) -> None:
    raw, cache = png(smooth(128)), StepCache(tmp_path)
    first = textures(document(raw), LOSSY, cache=cache).document.images
    assert textures(document(raw), LOSSY, cache=cache).document.images == first
    assert (cache.hits, cache.misses) == (1, 1)
    for other in (document(raw, "normalTexture"), document(png(smooth(129)))):
        textures(other, LOSSY, cache=cache)
    assert cache.misses == 3
    for raw in (b"nothing", png(np.zeros((2, 2, 3)))):  # unreadable; too small to gain
        alone = textures(document(raw), LOSSY)
        again = [textures(document(raw), LOSSY, cache=cache) for _ in range(2)]
        assert [o.document.images for o in again] == [alone.document.images] * 2
        assert [o.warnings for o in again] == [alone.warnings] * 2


def test_a_picture_that_does_not_fit_into_memory_is_named_and_not_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = document(png(smooth(64)))
    made.root["images"][0]["name"] = "carpet"

    def full(_file: object) -> None:
        raise MemoryError

    cache = StepCache(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr("PIL.ImageFile.ImageFile.load", full)
        assert opened(made.images[0]) is None
        (warning,) = textures(made, LOSSY, cache=cache).warnings
        assert (warning.code, warning.path) == ("image_kept", "images[0]")
        assert "'carpet'" in warning.message
    assert textures(made, LOSSY, cache=cache).warnings == ()


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
@pytest.mark.parametrize("size", [(1, 1), (3, 5), (16383, 2), (700, 1025)])
@pytest.mark.parametrize(
    "how", [{"lossless": True}, {"quality": 70}, {"quality": 70, "exif": b"Exif\0\0and more"}]
)
def test_the_size_of_a_webp_is_read_off_its_header(
    mode: str, size: tuple[int, int], how: dict[str, Any]
) -> None:
    target = io.BytesIO()
    Image.new(mode, size, (1, 2, 3, 4)[: len(mode)]).save(target, "WEBP", **how)
    assert size_px(target.getvalue()) == size
    assert size_px(target.getvalue()[:24]) == (0, 0)
