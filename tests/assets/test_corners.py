"""Corners to vertices and polygons to triangles."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from branchxr_assets.document import Floats
from branchxr_assets.geometry import Triangles
from branchxr_assets.readers import corners
from branchxr_assets.readers.corners import polygon_of_triangle, triangulate, weld
from branchxr_assets.readers.polygons import cut_polygon, cut_with_holes

tables = hnp.arrays(
    np.int64, st.tuples(st.integers(0, 60), st.integers(1, 4)), elements=st.integers(0, 3)
)


def areas(points: Floats, faces: Triangles) -> Floats:
    """Signed, seen from +Z."""
    a, b, c = points[faces[:, 0]], points[faces[:, 1]], points[faces[:, 2]]
    found: Floats = np.cross(b - a, c - a)[:, 2] / 2
    return found


def outline_area(points: Floats) -> float:
    x, y = points[:, 0], points[:, 1]
    return float((x * np.roll(y, -1) - y * np.roll(x, -1)).sum() / 2)


def star(corners: int) -> Floats:
    turn = np.linspace(0, 2 * np.pi, corners, endpoint=False)
    radius = np.where(np.arange(corners) % 2, 1.0, 0.4)
    return np.stack([radius * np.cos(turn), radius * np.sin(turn), np.zeros(corners)], axis=1)


def square(x: float, y: float, side: float) -> Floats:
    return np.array([[x, y, 0], [x + side, y, 0], [x + side, y + side, 0], [x, y + side, 0]])


@given(tables)
def test_welding_makes_one_vertex_of_equal_rows_in_order_of_appearance(rows: np.ndarray) -> None:
    welded = weld([rows])
    assert (rows[welded.first][welded.vertex] == rows).all()
    assert len(welded.first) == len({tuple(row) for row in rows.tolist()})
    assert (np.diff(welded.first) > 0).all()


@given(tables, st.integers(1, 20))
def test_welding_in_parts_is_the_same(rows: np.ndarray, at_once: int) -> None:
    whole = weld([rows])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(corners, "_PART_ROWS", at_once)
        parted = weld([rows])
    assert (parted.first == whole.first).all()
    assert (parted.vertex == whole.vertex).all()


@given(tables)
def test_welding_values_or_their_numbers_is_the_same(rows: np.ndarray) -> None:
    whole, split = weld([rows]), weld([column.astype(np.float32) for column in rows.T])
    assert (whole.vertex == split.vertex).all()


def test_welding_takes_zero_for_zero_and_keeps_wide_values_apart() -> None:
    assert weld([np.array([0.0, -0.0, 1.0])]).vertex.tolist() == [0, 0, 1]
    assert weld([np.array([1, 1 + 2**40])]).vertex.tolist() == [0, 1]
    assert weld([np.array([-1, 2**32 - 1])]).vertex.tolist() == [0, 1]
    assert weld([np.array([[1, 2], [1, 2]], np.uint8)]).vertex.tolist() == [0, 0]


def test_rows_made_to_have_one_hash_are_told_apart_in_bounded_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def one_hash(words: list[np.ndarray]) -> np.ndarray:
        return np.zeros(len(words[0]), np.uint64)

    monkeypatch.setattr(corners, "_hashed", one_hash)
    rows = np.arange(2000) % 500
    welded = weld([rows])
    assert (welded.vertex == rows).all()
    assert (welded.first == np.arange(500)).all()


@pytest.mark.parametrize("count", [6, 8, 30, 334])
@pytest.mark.parametrize("direction", [1, -1])
def test_a_star_is_cut_without_going_outside(count: int, direction: int) -> None:
    points = star(count)[::direction]
    faces = triangulate(np.array([len(points)]), points)
    assert len(faces) == len(points) - 2
    assert (areas(points, faces) * direction > 0).all()
    assert areas(points, faces).sum() == pytest.approx(outline_area(points))


def test_a_quad_that_turns_inward_is_cut_at_that_corner() -> None:
    arrow = np.array([[0.0, 0, 0], [2, 2, 0], [0, 1, 0], [-2, 2, 0]])
    for turned in range(4):
        points = np.roll(arrow, turned, axis=0)
        faces = triangulate(np.array([4]), points)
        assert (areas(points, faces) > 0).all()


def test_quads_alone_are_cut_as_among_other_polygons() -> None:
    dice = np.random.default_rng(5)
    quads = dice.random((500, 4, 3)).astype(np.float32)
    alone = triangulate(np.full(500, 4), quads.reshape(-1, 3))
    among = triangulate(
        np.array([3, *([4] * 500)]), np.concatenate([np.eye(3, dtype="f4"), quads.reshape(-1, 3)])
    )
    assert (among[1:] - 3 == alone).all()


def test_convex_polygons_are_fans() -> None:
    assert triangulate(np.array([4]), square(0, 0, 1)).tolist() == [[0, 1, 2], [0, 2, 3]]
    turn = np.linspace(0, 2 * np.pi, 6, endpoint=False)
    six = np.stack([np.cos(turn), np.sin(turn), 0 * turn], axis=1)
    assert triangulate(np.array([6]), six)[:, 0].tolist() == [0] * 4


@given(st.lists(st.integers(0, 9), min_size=1, max_size=30), st.integers(0, 2**32 - 1))
def test_any_polygons_give_two_triangles_fewer_than_corners(sizes: list[int], seed: int) -> None:
    points = np.random.default_rng(seed).integers(-3, 3, (sum(sizes), 3)).astype(float)
    faces = triangulate(np.array(sizes), points)
    assert len(faces) == sum(max(0, size - 2) for size in sizes)
    owner = np.repeat(np.arange(len(sizes)), sizes)
    if len(faces):
        assert (owner[faces] == polygon_of_triangle(np.array(sizes))[:, None]).all()
        assert (np.diff(np.sort(faces, axis=1), axis=1) > 0).all()


def test_a_polygon_of_many_corners_is_cut_in_bounded_time() -> None:
    assert len(cut_polygon(star(20_000))) == 19_998


@pytest.mark.parametrize("direction", [1, -1])
@pytest.mark.parametrize("side", [1, 8])
def test_holes_stay_open(direction: int, side: int) -> None:
    holes = [
        square(10 * (x + 0.3) / side, 10 * (y + 0.3) / side, 4 / side)[:: 1 - 2 * ((x + y) % 2)]
        for x in range(side)
        for y in range(side)
    ]
    outline = square(0, 0, 10)[::direction]
    points = np.concatenate([outline, *holes])
    faces = cut_with_holes(outline, holes)
    assert len(faces) == 2 + len(holes) * 6
    assert (areas(points, faces) * direction > 0).all()
    assert abs(areas(points, faces).sum()) == pytest.approx(100 - 16)


def test_a_hole_that_only_another_hole_sees_is_joined_to_that_one() -> None:
    ring = np.array([[2.0, 2, 0], [8, 2, 0], [8, 8, 0], [2, 8, 0], [2, 7.9, 0], [7.9, 7.9, 0],
                     [7.9, 2.1, 0], [2, 2.1, 0]])  # fmt: skip
    inner = square(4, 4, 1)
    outline = square(0, 0, 10)
    faces = cut_with_holes(outline, [inner, ring])
    points = np.concatenate([outline, inner, ring])
    assert len(faces) == 4 - 2 + 6 + 10
    assert areas(points, faces).sum() == pytest.approx(100 - 1 - abs(outline_area(ring)))
    assert (areas(points, faces) > 0).all()
