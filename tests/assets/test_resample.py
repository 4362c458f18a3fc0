"""Fewer keyframes, the same movement."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from branchxr_assets.document import Accessor, Document
from branchxr_assets.operations.resample import ResampleOptions, resample
from branchxr_assets.readers import read


def clip(times: Any, values: Any, path: str = "translation", mode: str = "LINEAR") -> Document:
    """Return a document that moves one node."""
    kind = {3: "VEC3", 4: "VEC4", 1: "SCALAR"}[np.shape(values)[1]]
    accessors = (
        Accessor(np.array(times, "<f4").reshape(-1, 1), "SCALAR"),
        Accessor(np.array(values, "<f4"), kind),
    )
    channel = {"sampler": 0, "target": {"node": 0, "path": path}}
    sampler = {"input": 0, "output": 1, "interpolation": mode}
    animation = {"name": "clip", "channels": [channel], "samplers": [sampler]}
    root = {"asset": {"version": "2.0"}, "scene": 0, "scenes": [{"nodes": [0]}],
            "nodes": [{"name": "door", "extras": {"interaction": "open"}}],
            "animations": [animation]}  # fmt: skip
    return Document(root, accessors)


def keys(document: Document) -> tuple[Any, Any]:
    sampler = document.listed("animations")[0]["samplers"][0]
    return (
        document.accessors[sampler["input"]].values[:, 0],
        document.accessors[sampler["output"]].values,
    )


def test_two_straight_moves_need_three_keys() -> None:
    times = np.arange(61) / 30
    swing = np.interp(times, [0, 1, 2], [0, 3, 1])
    made = resample(clip(times, np.stack([swing, swing * 0, swing], 1)))
    assert made.changed == {"keys_before": 61, "keys_after": 3}
    assert keys(made.document)[0].tolist() == [0, 1, 2]


def test_steps_keep_their_changes_and_their_length() -> None:
    made = resample(clip(range(6), [[v] * 3 for v in (1, 1, 2, 2, 2, 2)], mode="STEP"))
    assert keys(made.document)[0].tolist() == [0, 2, 5]


def test_a_turn_and_its_negative_are_the_same() -> None:
    angles = np.linspace(0, 1, 31)
    turns = np.stack([0 * angles, np.sin(angles / 2), 0 * angles, np.cos(angles / 2)], 1)
    turns[::2] *= -1
    times, rows = keys(resample(clip(range(31), turns, "rotation")).document)
    assert times.tolist() == [0, 30]
    assert abs(rows[0] @ turns[0]) == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("turn_deg", [170.0, 30.0, 6.0, -6.0])
def test_a_wheel_goes_on_turning(turn_deg: float) -> None:
    """Half a turn and more between two keys would be taken the other way round."""
    times = np.arange(1440 / abs(turn_deg) + 1)
    half = np.radians(times * turn_deg) / 2
    turns = np.stack([0 * half, np.sin(half), 0 * half, np.cos(half)], axis=1)
    made = resample(clip(times, turns, "rotation"))
    kept, values = keys(made.document)
    moves = np.diff(kept.reshape(-1)) * turn_deg
    assert np.abs(moves).max() < 180
    assert np.abs((values[1:] * values[:-1]).sum(axis=1)).min() > 0.08
    assert abs(turn_deg) > 90 or len(kept) < len(times)


def test_splines_and_broken_times_stay() -> None:
    spline = clip(range(2), np.zeros((6, 3)), mode="CUBICSPLINE")
    backwards = clip([0, 1, 1, 2], np.zeros((4, 3)))
    for document in (spline, backwards):
        made = resample(document)
        assert keys(made.document)[1].tolist() == keys(document)[1].tolist()
        assert made.changed["keys_before"] == made.changed["keys_after"]


def test_the_hall_moves_as_before(hall: Any) -> None:
    whole = read(hall).document
    made = resample(whole)
    assert made.changed["keys_after"] < made.changed["keys_before"]
    assert [a["name"] for a in made.document.listed("animations")] == [
        a["name"] for a in whole.listed("animations")
    ]
    assert json.dumps(made.document.listed("nodes")) == json.dumps(whole.listed("nodes"))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(*[st.floats(-50, 50, width=32)] * 3), min_size=2, max_size=40),
    st.sampled_from([1e-4, 1e-2, 1.0]),
)
def test_no_key_moves_by_more_than_the_tolerance(rows: Any, tolerance: float) -> None:
    values = np.array(rows)
    document = clip(range(len(rows)), values)
    times, kept = keys(resample(document, ResampleOptions(tolerance)).document)
    for axis in range(3):
        again = np.interp(np.arange(len(rows)), times, kept[:, axis])
        assert np.abs(again - values[:, axis]).max() <= tolerance + 1e-5
    assert (times[0], times[-1]) == (0, len(rows) - 1)
