"""Sizes that no branch has are named, never corrected."""

from pathlib import Path
from typing import Any

import pytest

from branchxr_assets.geometry import bounds
from branchxr_assets.prepare import prepare
from branchxr_assets.readers import read


@pytest.mark.parametrize(
    ("side", "is_named"),
    [(0.017, True), (0.4, True), (1, False), (20, False), (200, False), (1700, True)],
)
def test_implausible_sizes(maker: Any, side: float, said: str) -> None:
    maker.node(mesh=maker.box((side, side / 2, side / 3)), name="Hall")
    prepared = prepare(read(maker.save()))
    named = [w for w in prepared.warnings if w.code == "scale_implausible"]
    assert len(named) == bool(said)
    box = bounds(prepared.whole)
    assert box is not None
    assert (box[1] - box[0]).max() == pytest.approx(side)
    assert all(said in warning.message for warning in named)


def test_a_scene_without_geometry_has_no_size(maker: Any, tmp_path: Path) -> None:
    maker.node(name="in", extras={"branch_anchor": "spawn"})
    codes = {w.code for w in prepare(read(maker.save())).warnings}
    assert "scale_implausible" not in codes
