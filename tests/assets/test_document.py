"""A document's copy shares nothing that may be changed."""

import json
from typing import Any

import numpy as np
import pytest

from branchxr_assets.document import Document

SHARED: dict[str, Any] = {"a": [1, {"b": 2}]}


def test_a_change_of_a_copy_shows_nowhere_else() -> None:
    root = {"nodes": [{"extras": SHARED}, {"extras": SHARED}], "extras": ({"c": 1},)}
    copied = Document(root).copy().root
    assert copied == root
    copied["nodes"][0]["extras"]["a"][1]["b"] = 3
    copied["extras"][0]["c"] = 2
    assert copied["nodes"][1]["extras"] == SHARED == {"a": [1, {"b": 2}]}
    assert root["extras"] == ({"c": 1},)


@pytest.mark.parametrize("number", [np.float64(0.1), np.float32(0.5), np.int64(-3), np.bool_(True)])
def test_numbers_of_numpys_become_pythons(number: Any) -> None:
    (copied,) = Document({"extras": [number]}).copy().root["extras"]
    assert copied == number
    assert json.loads(json.dumps(copied)) == number


def test_numbers_stay_as_they_are() -> None:
    numbers = [2**70, -(2**64), 2**53 + 1, 0.1, -0.0, 1e308, True, None, "\ud800"]
    assert repr(Document({"extras": numbers}).copy().root["extras"]) == repr(numbers)
