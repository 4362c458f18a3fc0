"""Vertex clustering: nothing leaves its place by more than a cell's diagonal."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from branchxr_assets.clustering import ClusterMesh
from branchxr_assets.normals import reshade


def sphere(rings: int = 24) -> tuple[np.ndarray, np.ndarray]:
    angle, height = np.meshgrid(np.linspace(0, 2 * np.pi, rings), np.linspace(-1.5, 1.5, rings))
    points = np.stack(
        [np.cos(angle) * np.cos(height), np.sin(height), np.sin(angle) * np.cos(height)], -1
    ).reshape(-1, 3)
    corner = (np.arange(rings - 1)[:, None] * rings + np.arange(rings - 1)).reshape(-1, 1)
    faces = np.concatenate(
        [corner + np.array([0, rings, 1]), corner + np.array([1, rings, rings + 1])]
    )
    return points, faces


@settings(deadline=None, max_examples=30)
@given(cell=st.floats(0.01, 3), seed=st.integers(0, 2**32 - 1))
def test_laws(cell: float, seed: int) -> None:
    random = np.random.default_rng(seed)
    points = random.normal(size=(60, 3))
    faces = random.integers(0, 60, (90, 3))
    made = ClusterMesh(points, faces).cluster(cell)
    assert made.error <= cell * np.sqrt(3) + 1e-9
    assert len(made.triangles) <= len(faces)
    assert len(made.places) == len(made.sources)
    if len(made.triangles):
        assert made.triangles.max() < len(made.places)
        assert set(made.triangles.ravel()) == set(range(len(made.places)))
        corners = points[made.places][made.triangles]
        assert all(len(np.unique(three, axis=0)) == 3 for three in corners)
    again = ClusterMesh(points, faces).cluster(cell)
    assert made.triangles.tobytes() == again.triangles.tobytes()


def test_a_larger_cell_never_keeps_many_more() -> None:
    mesh = ClusterMesh(*sphere())
    counts = [len(mesh.cluster(cell).triangles) for cell in (0.02, 0.1, 0.3, 0.8)]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] > 900 > counts[-1] > 0


def test_corners_of_a_flat_sheet_stay_where_they_are() -> None:
    x, z = np.meshgrid(np.linspace(0, 10, 21), np.linspace(0, 6, 21))
    points = np.stack([x, 0 * x, z], -1).reshape(-1, 3)
    corner = (np.arange(20)[:, None] * 21 + np.arange(20)).reshape(-1, 1)
    faces = np.concatenate([corner + np.array([0, 21, 1]), corner + np.array([1, 21, 22])])
    made = ClusterMesh(points, faces).cluster(2.0)
    kept = points[made.places]
    assert len(made.triangles) < 80
    assert kept.min(axis=0).tolist() == [0, 0, 0]
    assert kept.max(axis=0).tolist() == [10, 0, 6]
    a, b, c = (kept[made.triangles[:, i]] for i in range(3))
    area = np.linalg.norm(np.cross(b - a, c - a), axis=1).sum() / 2
    assert area == pytest.approx(60)


def test_attributes_are_not_mixed_across_a_seam() -> None:
    """Two sheets share positions but not vertices: each keeps its own side of the seam."""
    x, z = np.meshgrid(np.arange(6.0), np.arange(6.0))
    sheet = np.stack([x, 0 * x, z], -1).reshape(-1, 3)
    corner = (np.arange(5)[:, None] * 6 + np.arange(5)).reshape(-1, 1)
    faces = np.concatenate([corner + np.array([0, 6, 1]), corner + np.array([1, 6, 7])])
    left, right = sheet - [5, 0, 0], sheet
    points = np.concatenate([left, right])
    made = ClusterMesh(points, np.concatenate([faces, faces + 36])).cluster(1.7)
    sides = made.sources >= 36
    per_face = sides[made.triangles]
    assert (per_face.all(axis=1) | (~per_face).all(axis=1)).all()


def test_shading_is_smooth_on_a_ball_and_sharp_on_a_box() -> None:
    points, faces = sphere()
    sources, _, normals = reshade(points, faces, points)
    outward = points[sources] / np.linalg.norm(points[sources], axis=1, keepdims=True)
    assert (normals * outward).sum(axis=1).min() > 0.9
    assert np.linalg.norm(normals, axis=1) == pytest.approx(np.ones(len(normals)))
    corners = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], float)
    quads = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
    box = np.array([[[a, b, c], [a, c, d]] for a, b, c, d in quads]).reshape(-1, 3)
    _, faces, normals = reshade(corners, box, corners)
    assert len(normals) == 24
    assert sorted(map(tuple, np.unique(np.round(normals, 6) + 0.0, axis=0))) == [
        *((-1, 0, 0), (0, -1, 0), (0, 0, -1), (0, 0, 1), (0, 1, 0), (1, 0, 0))
    ]


def test_a_folded_triangle_is_turned_back() -> None:
    points = np.array([[0, 0, 0], [0, 0, 1], [1, 0, 0], [1, 0, 1]], float)
    up = np.tile([0.0, 1.0, 0.0], (4, 1))
    good, folded = [[0, 1, 2], [2, 1, 3]], [0, 2, 1]
    sources, faces, normals = reshade(points, np.array([*good, folded]), up)
    crossed = np.cross(
        points[sources[faces[:, 1]]] - points[sources[faces[:, 0]]],
        points[sources[faces[:, 2]]] - points[sources[faces[:, 0]]],
    )
    assert (crossed[:, 1] > 0).all()
    assert (normals[:, 1] > 0.99).all()


def tube(radius: float, height: float, sides: int, rings: int) -> tuple[np.ndarray, np.ndarray]:
    """Return an upright tube, open at both ends."""
    turn, rise = np.meshgrid(np.arange(sides) * 2 * np.pi / sides, np.linspace(0, height, rings))
    points = np.stack([radius * np.cos(turn), rise, radius * np.sin(turn)], -1).reshape(-1, 3)
    low = np.arange(sides * (rings - 1))
    right = low // sides * sides + (low + 1) % sides
    faces = np.stack([low, low + sides, right, right, low + sides, right + sides], axis=1)
    return points, faces.reshape(-1, 3)


def test_a_rod_thinner_than_a_cell_stays_in_sight() -> None:
    points, faces = tube(0.03, 1.0, 12, 5)
    made = ClusterMesh(points, faces).cluster(0.3)
    kept = points[made.places]
    assert 6 <= len(made.triangles) < len(faces) / 2
    assert np.ptp(kept, axis=0) == pytest.approx([0.06, 1.0, 0.06], rel=0.35)


def test_a_heap_of_crumbs_collapses() -> None:
    points, faces = tube(0.03, 0.1, 12, 3)
    at = np.random.default_rng(1).random((500, 1, 3))
    many = (at + points).reshape(-1, 3)
    heap = (np.arange(500)[:, None, None] * len(points) + faces).reshape(-1, 3)
    assert len(ClusterMesh(many, heap).cluster(0.25).triangles) < len(heap) / 20


def test_a_column_keeps_its_roundness_rather_than_its_rings() -> None:
    points, faces = tube(0.3, 3.0, 48, 40)
    made = ClusterMesh(points, faces).cluster(0.25)
    kept = points[made.places]
    assert len(np.unique(kept[:, 1])) <= 16
    assert len(np.unique(np.round(np.arctan2(kept[:, 2], kept[:, 0]), 3))) >= 16
