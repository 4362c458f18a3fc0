"""Ends of columns and placed boxes are those that numpy finds, of the same type."""

import numpy as np
import pytest

from branchxr_assets.columns import low_high, placed_box


@pytest.mark.parametrize("dtype", ["<f4", "<f8", "<i2", "<u1", "<u4"])
def test_both_ends_of_each_column(dtype: str) -> None:
    table = np.array([[3, 200, 7], [1, 5, 9], [2, 6, 8]], dtype)
    found = low_high(table)
    assert found.dtype == table.dtype
    assert found.tolist() == [[1, 5, 7], [3, 200, 9]]


def test_no_number_is_an_end() -> None:
    found = low_high(np.array([[1.0, np.nan], [0.0, 2.0]]))
    assert found[:, 0].tolist() == [0.0, 1.0]
    assert np.isnan(found[:, 1]).all()


def test_no_row_has_no_ends() -> None:
    with pytest.raises(ValueError, match="zero-size"):
        low_high(np.empty((0, 3)))


def test_a_box_is_that_of_the_placed_points() -> None:
    rng = np.random.default_rng(7)
    points, matrix = rng.normal(size=(50, 3)), np.eye(4)
    matrix[:3] = rng.normal(size=(3, 4))
    placed = points @ matrix[:3, :3].T + matrix[:3, 3]
    expected = np.array([placed.min(axis=0), placed.max(axis=0)])
    np.testing.assert_allclose(placed_box(points, matrix), expected, rtol=0, atol=1e-13)
