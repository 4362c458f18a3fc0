"""Pictures encoded beside other work: each once, the same whoever asks, and none after an error."""

import sys
import threading
from typing import Any

import pytest

from branchxr_assets.lods import make_full
from branchxr_assets.operations.split_live import split_live
from branchxr_assets.operations.textures import TexturesOptions, textures
from branchxr_assets.picture_pool import PicturePool
from branchxr_assets.readers import read
from branchxr_assets.recipe import Recipe, with_pictures_begun


def test_what_was_begun_is_made_once() -> None:
    made = []

    def make() -> bytes:
        made.append(threading.get_ident())
        return b"made"

    with PicturePool(2) as pool:
        pool.begin("key", make)
        pool.begin("key", make)
        assert pool.result("key", make) == pool.result("key", make) == b"made"
        assert pool.result("other", make) == b"made"
    assert len(made) == 2
    assert threading.get_ident() not in made


def test_a_fault_comes_to_whoever_asks() -> None:
    def fail() -> bytes:
        raise ValueError("broken")

    with PicturePool(1) as pool:
        pool.begin("key", fail)
        with pytest.raises(ValueError, match="broken"):
            pool.result("key", fail)


def test_after_an_error_nothing_begins() -> None:
    started, go_on, made = threading.Event(), threading.Event(), []

    def wait() -> bytes:
        started.set()
        go_on.wait(10)
        return b""

    def make() -> bytes:
        made.append(1)
        return b""

    pool = PicturePool(1)
    before = sys.getswitchinterval()

    def fail() -> None:
        with pool:
            pool.begin("first", wait)
            pool.begin("second", make)
            started.wait(10)
            threading.Timer(0.0, go_on.set).start()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert sys.getswitchinterval() == before
    # The one that ran was waited for; the other one was cancelled, or its thread had come to it.
    assert go_on.is_set()
    assert len(made) <= 1


def test_pictures_begun_before_are_those_made_alone(hall: Any) -> None:
    whole = read(hall).document
    static = split_live(whole).document
    alone = textures(static, TexturesOptions(quality=80, data_quality=80, side_max_px=256))
    with PicturePool(2) as pool:
        options = TexturesOptions(quality=80, data_quality=80, side_max_px=256)
        assert textures(static, options, pool=pool).document.images == alone.document.images


def test_a_level_is_the_same_with_pictures_begun_and_without(hall: Any) -> None:
    whole = read(hall).document
    static = split_live(whole).document
    with with_pictures_begun(whole, Recipe(jobs=1)) as ahead:
        early, _ = make_full(static, ahead)
    late, _ = make_full(static, Recipe(jobs=3))
    assert [chunk.glb for chunk in early] == [chunk.glb for chunk in late]
