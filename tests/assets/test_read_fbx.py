"""FBX files of real programs: what they hold, and what is made of it."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from branchxr_assets.geometry import drawn_triangles
from branchxr_assets.operations.select_scene import select_scene
from branchxr_assets.readers import Source, read

SCENES = Path(__file__).parents[3] / "shared" / "scenes"


def expected() -> dict[Path, Any]:
    """Return the reference counts of files that lie beside the checkout, where they do."""
    found = {}
    for listing in sorted(SCENES.glob("*/expected.json")):
        for name, counts in json.loads(listing.read_text(encoding="utf-8")).items():
            if name.endswith(".fbx"):
                found[listing.parent / name] = counts
    return found


def codes(source: Source) -> set[str]:
    return {warning.code for warning in source.warnings}


@pytest.mark.parametrize("path", expected(), ids=lambda path: path.name)
def test_a_real_file_counts_as_an_independent_reader_counted_it(path: Path) -> None:
    want, source = expected()[path], read(path)
    counts = asdict(source.counts)
    assert {key: counts[key] for key in counts if key in want} == {
        key: want[key] for key in counts if key in want
    }
    assert source.unit_m == pytest.approx(want["unit_m"])
    assert source.bounds_m is not None
    assert np.abs(source.bounds_m - want["bounds_m"]).max() <= 0.0005 + 1e-9
    document = select_scene(source.document).document
    assert drawn_triangles(document) == want["triangles_drawn"]
    clips = {clip["name"] for clip in document.listed("animations")}
    lost = {name.rpartition("|")[2] for name in want["animation_names"]} - clips
    assert not lost or codes(source) & {"animation_merged", "animation_constant"}
    named = [node for node in document.listed("nodes") if "name" in node]
    assert len(named) == want["nodes"]
