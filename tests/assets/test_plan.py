"""The report's pictures: both are drawn, to one scale, from what was really written."""

import base64
import io
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from branchxr_assets.geometry import bounds
from branchxr_assets.plan import draw_plan
from branchxr_assets.readers import read


def pixels(raw: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(raw)).convert("RGB"), np.int64)


def test_the_report_shows_the_source_and_what_became_of_it(hall_package: Path) -> None:
    page = (hall_package / "report.html").read_text("utf-8")
    found = re.findall(r'alt="([^"]+)" src="data:image/png;base64,([^"]+)"', page)
    pictures = {name: pixels(base64.b64decode(raw)) for name, raw in found}
    source, first, end = pictures.values()
    assert list(pictures) == [f"{name}, from above" for name in TITLES]
    assert source.shape == first.shape == end.shape
    assert np.abs(source - end).mean() < 1
    assert 1 < np.abs(source - first).mean() < 12
    assert len(np.unique(source.reshape(-1, 3), axis=0)) > 20


TITLES = ("the source", "seen first", "seen in the end")


def test_a_plan_is_cut_open_and_in_place(maker: Any) -> None:
    maker.root["materials"] = [
        {"pbrMetallicRoughness": {"baseColorFactor": [float(n == 0), float(n == 1), 0, 1]}}
        for n in range(2)
    ]
    maker.node(mesh=maker.box((2, 1, 2), material=0), translation=[-4, 0.5, -2])
    maker.node(mesh=maker.box((10, 0.1, 6), material=1), translation=[0, 3, 0])  # a ceiling
    document = read(maker.save()).document
    box = bounds(document)
    assert box is not None
    open_plan = pixels(draw_plan([document], box, cut_m=2.0))
    height, width = open_plan.shape[:2]
    assert width / height == pytest.approx(10 / 6, rel=0.03)
    red = (open_plan[:, :, 0] > 150) & (open_plan[:, :, 1] < 50)
    rows, columns = np.nonzero(red)
    assert columns.max() < width * 0.25
    assert rows.max() < height * 0.4
    assert (open_plan[-20:] == 255).all()
    assert (pixels(draw_plan([document], box, cut_m=4.0))[height // 2, width // 2, 1]) > 150


def test_an_empty_scene_has_a_plan(maker: Any) -> None:
    assert (pixels(draw_plan([read(maker.save()).document], np.zeros((2, 3)), cut_m=1)) > 250).all()
