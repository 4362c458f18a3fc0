"""Large images are decoded once in a build, and what is made of them does not depend on that."""

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from branchxr_assets.at_hand import AtHand
from branchxr_assets.document import Document
from branchxr_assets.operations.plain_materials import plain_materials
from branchxr_assets.operations.textures import TexturesOptions, textures
from branchxr_assets.pictures import decoded
from branchxr_assets.render.textures import shrunk
from branchxr_assets.small_pictures import small
from branchxr_assets.steps import NOTHING_REMEMBERED, StepCache


def png(width: int, height: int, mode: str = "RGB") -> bytes:
    rng = np.random.default_rng(1)
    coarse = rng.integers(0, 255, (9, 9, len(mode)), np.uint8)
    target = io.BytesIO()
    Image.fromarray(coarse, mode).resize((width, height)).save(target, "PNG")
    return target.getvalue()


def scene(raw: bytes) -> Document:
    root: dict[str, Any] = {
        "asset": {"version": "2.0"}, "scene": 0, "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0}],
        "meshes": [{"primitives": [{"attributes": {}, "material": 0}]}],
        "materials": [{"pbrMetallicRoughness": {"baseColorTexture": {"index": 0}}}],
        "textures": [{"source": 0}], "images": [{"mimeType": "image/png"}],
    }  # fmt: skip
    return Document(root, images=(raw,))


def everything_of(document: Document, cache: StepCache) -> list[object]:
    """Return what a build makes of an image, in a build's order."""
    full, middle = TexturesOptions(side_max_px=2048), TexturesOptions(side_max_px=2048, halvings=1)
    made: list[object] = [
        textures(document, o, cache=cache).document.images for o in (full, middle)
    ]
    made.append(plain_materials(document, cache=cache).document.root["materials"])
    image = shrunk(document.images[0], side_max_px=512, cache=cache)
    assert image is not None
    assert max(image.size) <= 512
    return [*made, image.mode, image.tobytes()]


@pytest.mark.parametrize(
    ("width", "height"), [(4096, 64), (3000, 30), (33, 2048), (70, 1025), (2047, 1)]
)
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_nothing_depends_on_what_is_at_hand(width: int, height: int, mode: str) -> None:
    document = scene(png(width, height, mode))
    apart = StepCache(None, held_bytes_max=0)
    assert everything_of(document, StepCache(None)) == everything_of(document, apart)


def test_a_large_image_is_decoded_once(monkeypatch: Any) -> None:
    document, counted = scene(png(4096, 256)), []

    def counting(raw: bytes) -> Any:
        counted.append(len(raw))
        return decoded(raw)

    for module in ("small_pictures", "operations.textures"):
        monkeypatch.setattr(f"branchxr_assets.{module}.decoded", counting)
    everything_of(document, StepCache(None))
    assert len(counted) == 1


@pytest.mark.parametrize(("width", "side"), [(1, 1), (2047, 2047), (2048, 1024), (5000, 1250)])
def test_a_small_image_has_up_to_two_thousand_pixels(width: int, side: int) -> None:
    image = small(png(width, 3))
    assert image is not None
    assert image.width == side


def test_what_is_at_hand_is_never_saved_itself() -> None:
    document = scene(png(2048, 16))
    cache = StepCache(None)
    held = small(document.images[0], cache)
    textures(document, TexturesOptions(side_max_px=2048, halvings=1, quality=60), cache=cache)
    assert held is small(document.images[0], cache)
    assert not hasattr(held, "encoderinfo")


def test_what_is_no_image_is_none(tmp_path: Any) -> None:
    assert small(b"\x89PNG and nothing", StepCache(tmp_path)) is None
    assert small(b"") is None


def test_nothing_is_kept_for_nobody() -> None:
    raw = png(64, 64)
    small(raw)
    assert NOTHING_REMEMBERED.images.get(raw) is None


def test_the_oldest_goes_where_there_is_no_room() -> None:
    held: AtHand[str] = AtHand(100)
    held.keep(b"a", "a", size_bytes=60)
    held.keep(b"b", "b", size_bytes=40)
    held.keep(b"large", "large", size_bytes=101)
    assert [held.get(key) for key in (b"a", b"b", b"large")] == ["a", "b", None]
    held.keep(b"c", "c", size_bytes=1)
    held.keep(b"b", "another", size_bytes=1)
    assert [held.get(key) for key in (b"a", b"b", b"c")] == [None, "b", "c"]
