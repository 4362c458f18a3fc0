"""Sizes that no branch has are named, never corrected."""

from pathlib import Path
from typing import Any

import pytest

from branchxr_assets.geometry import bounds
from branchxr_assets.prepare import prepare
from branchxr_assets.readers import read


@pytest.mark.parametrize(
    ("side", "said"),
    [(0.017, "17.0 mm"), (0.4, "400.0 mm"), (1, ""), (20, ""), (200, ""), (1700, "1,700 m")],
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
