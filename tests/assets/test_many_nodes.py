"""Of twice the nodes the work is twice as much, not four times: calls are counted, not seconds."""

import cProfile
import pstats
from collections.abc import Callable
from pathlib import Path
from typing import Any

from branchxr_assets.comparison import compare
from branchxr_assets.lods import make_chain
from branchxr_assets.prepare import prepare
from branchxr_assets.readers import read
from branchxr_assets.recipe import Recipe

from .test_comparison import side


def of_many(maker: Any, count: int) -> Path:
    """Write a room with groups of ten boxes; ten meshes, and names that come again."""
    maker.room()
    meshes = [maker.box((0.1, 0.1, 0.1 + number / 100)) for number in range(10)]
    for number in range(count // 10):
        group = maker.node(name="group")
        for box, mesh in enumerate(meshes):
            place = [number % 14 * 0.3, 0.1, number // 14 * 0.3 + box / 100]
            maker.node(group, name="box", mesh=mesh, translation=place, extras={"id": box})
    path: Path = maker.save(f"{count}.glb")
    return path


def test_work_grows_as_the_scene_does(new_maker: Callable[[Path], Any], tmp_path: Path) -> None:
    counts = []
    for many in (150, 300):
        source = of_many(new_maker(tmp_path), many)
        with cProfile.Profile() as profile:
            prepared = prepare(read(source))
            make_chain(prepared.whole, Recipe())
            seen = side(prepared.whole)
            compare(seen, seen)
        counts.append(pstats.Stats(profile).total_calls)  # type: ignore[attr-defined]
    assert counts[1] < 2.4 * counts[0]
