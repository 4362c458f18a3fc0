"""The floor: nobody walks through walls, and the same question has the same answer."""

import itertools
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from branchxr.errors import PackageRefused
from branchxr.protocol.floor import Floor

PLAN = """
..........
..........
....##....
....##....
....##....
....##..##
....##..#.
"""  # one letter is a cell of 1 m; the cell at the lower right is shut in


def floor(plan: str = PLAN, *, seeds: tuple[tuple[float, float], ...] = ()) -> Floor:
    grid = np.array([[char == "." for char in line] for line in plan.split()])
    return Floor(grid, origin=(-5.0, 10.0), height=0.25, cell_m=1.0, seeds=seeds)


def test_json_brings_the_same_floor_back() -> None:
    before = floor(seeds=((-4.5, 10.5),))
    after = Floor.from_json(json.loads(json.dumps(before.to_json())))
    assert (after.walkable == before.walkable).all()
    assert (after.origin, after.height, after.cell_m) == ((-5.0, 10.0), 0.25, 1.0)
    assert after.seeds == before.seeds
    assert after.to_json() == before.to_json()


def test_the_bits_are_row_by_row_lowest_first() -> None:
    written = Floor(np.eye(3, dtype=bool), origin=(0, 0)).to_json()
    assert written["cells"] == "EQE="  # 1000 1000 1 -> 0x11 0x01


@pytest.mark.parametrize(
    "change",
    [
        {"size": [9, 7]},
        {"size": [0, 7]},
        {"size": [float("inf"), 7]},
        {"height": 10**400},
        {"size": [100_000, 100_000]},
        {"cells": "!"},
        {"cells": None},
        {"cell_m": 0},
        {"cell_m": 1e-320},
        {"cell_m": 1e300},
        {"height": float("nan")},
        {"origin": [1]},
        {"seeds": [1]},
    ],
)
def test_a_broken_floor_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(PackageRefused) as caught:
        Floor.from_json(floor().to_json() | change)
    assert caught.value.code == "floor_malformed"


def test_walkable_is_by_cell_and_never_outside() -> None:
    grid = floor()
    assert grid.is_walkable(-5.0, 10.0)
    assert grid.is_walkable(-1.01, 12.5)
    assert not grid.is_walkable(-0.99, 12.5)
    assert not grid.is_walkable(-5.01, 10.0)
    assert not grid.is_walkable(5.0, 10.0)
    assert not grid.is_walkable(float("nan"), 10.0)
    assert not grid.is_walkable(float("inf"), 10.0)


def test_clear_sees_walls_and_corners() -> None:
    grid = floor()
    assert grid.is_clear((-4.5, 10.5), (4.5, 11.5))
    assert not grid.is_clear((-4.5, 13.5), (4.5, 13.5))
    assert not grid.is_clear((-2.0, 11.0), (0.0, 13.0))  # through the block's corner
    assert not grid.is_clear((-4.5, 10.5), (-4.5, 9.5))
    assert not grid.is_clear((float("nan"), 10.5), (-4.5, 10.5))
    assert grid.is_clear((-4.5, 10.5), (-4.5, 10.5))


@given(
    a=st.tuples(st.floats(-6, 6), st.floats(9, 18)),
    b=st.tuples(st.floats(-6, 6), st.floats(9, 18)),
)
def test_a_clear_way_is_clear_at_every_point_of_it(
    a: tuple[float, float], b: tuple[float, float]
) -> None:
    grid = floor()
    steps = np.linspace(0, 1, 97)[:, None]
    points = np.array(a) * (1 - steps) + np.array(b) * steps
    # Points within a nanometre of a cell's edge may round to either side.
    inner = points[(np.abs(points - np.round(points)) > 1e-9).all(axis=1)]
    if grid.is_clear(a, b):
        assert all(grid.is_walkable(x, z) for x, z in inner)
        assert grid.is_clear(b, a)


def assert_is_way(grid: Floor, way: np.ndarray) -> None:
    assert way.dtype == np.float32
    assert (way[:, 1] == np.float32(grid.height)).all()
    for one, other in itertools.pairwise(way):
        assert grid.is_clear(one.tolist(), other.tolist())


def test_a_path_goes_around_the_wall() -> None:
    grid = floor()
    way = grid.path((-2.5, 16.5), (2.5, 16.5))
    assert way is not None
    assert_is_way(grid, way)
    assert way[0].tolist() == [-2.5, 0.25, 16.5]
    assert way[-1].tolist() == [2.5, 0.25, 16.5]
    assert way[:, 2].min() < 12.0  # past the wall's end
    assert len(way) <= 5


def test_a_straight_path_has_two_points() -> None:
    way = floor().path((-4.5, 0.0, 10.5), (4.5, 0.0, 10.5))
    assert way is not None
    assert len(way) == 2


def test_there_is_no_path_into_a_shut_room() -> None:
    assert floor().path((-4.5, 10.5), (4.5, 16.5)) is None


def test_a_path_to_an_obstacle_ends_at_its_approach() -> None:
    grid = floor()
    way = grid.path((-4.5, 10.5), (-0.5, 0.9, 13.5))
    assert way is not None
    approach = grid.approach((-0.5, 0.9, 13.5))
    assert approach is not None
    assert way[-1].tolist() == approach.tolist() == [-1.5, 0.25, 13.5]


def test_an_approach_is_near_reachable_and_on_this_storey() -> None:
    grid = floor(seeds=((-4.5, 10.5),))
    inside = grid.approach((4.5, 0.0, 16.5))  # the shut cell itself does not count
    assert inside is not None
    assert not grid.connected[6, 9]
    assert inside.tolist() == [4.5, 0.25, 14.5]
    assert grid.approach((-8.0, 0.0, 10.0)) is None
    assert grid.approach((-4.5, 4.0, 10.5)) is None
    assert grid.approach((float("nan"), 0.0, 10.5)) is None


def test_without_seeds_the_largest_part_counts() -> None:
    parts = floor("#..#.\n#..#.\n#..##")
    assert parts.connected.sum() == 6
    assert floor("##\n##").connected.sum() == 0
    assert floor("##\n##").approach((-4.5, 0, 10.5)) is None


def reached(grid: np.ndarray, start: tuple[int, int]) -> np.ndarray:
    """Flood a grid the plain way."""
    mask, stack = np.zeros_like(grid), [start]
    while stack:
        row, column = stack.pop()
        inside = 0 <= row < grid.shape[0] and 0 <= column < grid.shape[1]
        if inside and grid[row, column] and not mask[row, column]:
            mask[row, column] = True
            stack += [(row + 1, column), (row - 1, column), (row, column + 1), (row, column - 1)]
    return mask


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_paths_exist_exactly_where_cells_are_connected(seed: int) -> None:
    random = np.random.default_rng(seed)
    grid = random.random((9, 11)) > 0.35
    grid[0, 0] = grid[8, 10] = True
    area = Floor(grid, origin=(0, 0), cell_m=1.0, seeds=((0.5, 0.5),))
    mask = reached(grid, (0, 0))
    assert (area.connected == mask).all()
    way = area.path((0.5, 0.5), (10.5, 8.5))
    assert (way is not None) == mask[8, 10]
    if way is not None:
        assert_is_way(area, way)
        again = area.path((0.5, 0.5), (10.5, 8.5))
        assert again is not None
        assert way.tobytes() == again.tobytes()
