"""Budgets: what is too much is named, with the largest parts."""

from dataclasses import fields
from typing import Any

import pytest

from branchxr_assets.contents.budgets import NOTHING, measure, overruns
from branchxr_assets.document import Document
from branchxr_assets.geometry import drawn_triangles
from branchxr_assets.presets import Budgets
from branchxr_assets.readers import read


@pytest.fixture(scope="module")
def whole(hall: Any) -> Document:
    return read(hall).document


def test_it_counts_what_is_drawn_and_held(whole: Document) -> None:
    load = measure(whole) + NOTHING
    totals = {f.name: sum(size for size, _ in getattr(load, f.name)) for f in fields(load)}
    assert totals["triangles"] == drawn_triangles(whole)
    assert totals["draws"] > len(whole.listed("meshes"))
    largest = 1024 * 1024 * 4 * 4 / 3
    assert largest <= totals["texture_bytes"] <= len(whole.images) * largest


def test_within_the_budget_nothing_is_said(whole: Document) -> None:
    assert overruns(measure(whole), Budgets(), download_bytes=1) == []


def test_each_overrun_names_the_largest_parts(whole: Document) -> None:
    tight = Budgets(triangles=1000, draws=10, texture_bytes=1, download_bytes=1)
    found = overruns(measure(whole), tight, download_bytes=2)
    assert [w.code for w in found] == [
        *("budget_triangles", "budget_draws", "budget_texture_memory", "budget_download")
    ]
    assert (
        "'Branch_Root/Teller/TellerBody' 5,648, 'Branch_Root/Sculpture' 5,120" in found[0].message
    )
    assert "1,000" in found[0].message


def test_a_ktx2_image_stays_small() -> None:
    header = b"\xabKTX 20\xbb\r\n\x1a\n" + bytes(8) + (512).to_bytes(4, "little") * 2
    document = Document({"images": [{"name": "floor"}]}, (), (header,))
    assert measure(document).texture_bytes == ((int(512 * 512 * 4 / 3), "floor"),)
