"""Ends of columns and placed boxes are those that numpy finds, of the same type."""

import numpy as np
import pytest

from branchxr_assets.columns import across, dots, lengths, low_high, placed_box, unique_rows


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


@pytest.mark.parametrize("shape", [(0, 3), (5, 1), (5, 3), (5, 3, 2), (5, 9, 2)])
def test_folding_the_second_axis_is_what_numpy_does(shape: tuple[int, ...]) -> None:
    table = np.random.default_rng(3).normal(size=shape)
    for fold, same in ((np.minimum, table.min), (np.maximum, table.max), (np.add, table.sum)):
        np.testing.assert_allclose(across(fold, table), same(axis=1), rtol=1e-15, atol=1e-15)
    is_up = table > 0
    assert (across(np.logical_and, is_up) == is_up.all(axis=1)).all()
    assert (across(np.logical_or, is_up) == is_up.any(axis=1)).all()


def test_lengths_and_products_of_rows_keep_their_type() -> None:
    one, other = np.random.default_rng(5).normal(size=(2, 40, 3)).astype(np.float32)
    assert lengths(one).dtype == dots(one, other).dtype == np.float32
    np.testing.assert_array_equal(lengths(one), np.linalg.norm(one, axis=1))
    np.testing.assert_allclose(dots(one, other), (one * other).sum(axis=1), rtol=1e-6)


@pytest.mark.parametrize("count", [0, 1, 300])
def test_rows_that_are_equal_are_found_in_numpys_order(count: int) -> None:
    table = np.random.default_rng(9).integers(-3, 3, (count, 3)).astype(np.float32) * 0.5
    table[::7] *= -0.0
    first, kind = unique_rows(table)
    unique, index, inverse = np.unique(table, axis=0, return_index=True, return_inverse=True)
    assert (table[first] == unique).all()
    assert first.tolist() == index.tolist()
    assert kind.tolist() == inverse.reshape(-1).tolist()
