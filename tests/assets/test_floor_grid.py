"""The floor grid that is made of a scene: walls stop bodies, anchors can be walked up to."""

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from branchxr.protocol.floor import Floor
from branchxr_assets.contents.anchors import list_anchors
from branchxr_assets.contents.floor import make_floor
from branchxr_assets.contents.raster import Grid, clip_height, cover, dilate
from branchxr_assets.readers import read


def made(maker: Any) -> tuple[Floor | None, set[str]]:
    document = read(maker.save()).document
    anchors, _ = list_anchors(document)
    floor, warnings = make_floor(document, anchors)
    return floor, {warning.code for warning in warnings}


def sure(maker: Any) -> Floor:
    floor, _ = made(maker)
    assert floor is not None
    return floor


# --- the hall ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def branch(hall_package: Path) -> Any:
    return json.loads((hall_package / "branch.json").read_bytes())


def test_every_anchor_of_the_hall_can_be_walked_up_to(branch: Any) -> None:
    floor = Floor.from_json(branch["floor"])
    assert len(branch["anchors"]) == 46
    for anchor in branch["anchors"]:
        approach = floor.approach(anchor["position"])
        assert approach is not None, anchor["path"]
        x, _, z = anchor["position"]
        assert np.hypot(approach[0] - x, approach[2] - z) <= 2.0
        assert floor.is_walkable(float(approach[0]), float(approach[2]))


def test_no_way_in_the_hall_leads_through_anything(branch: Any) -> None:
    """Obstacles as the scene's source has them, not as the grid has: centre, half size, metres."""
    floor = Floor.from_json(branch["floor"])
    columns = [(x, -0.5, 0.35) for x in (-6, -2, 2, 6)]
    boxes = [(x, -3.8, 1.2, 0.4) for x in (3.0, 5.8, 8.6)]
    boxes += [(-8.5 + 1.6 * n, -5.2, 0.4, 0.35) for n in range(6)]
    places = [anchor["position"] for anchor in branch["anchors"]]
    for start, end in itertools.combinations(places[::3], 2):
        way = floor.path(start, end)
        assert way is not None
        for one, other in itertools.pairwise(way):
            for share in np.linspace(0, 1, 50):
                x, _, z = (1 - share) * one + share * other
                assert -9.9 < x < 9.9
                assert -5.9 < z < 5.9
                assert all(np.hypot(x - a, z - b) > r for a, b, r in columns)
                assert not any(abs(x - a) < w and abs(z - b) < d for a, b, w, d in boxes)


def test_the_hall_has_one_cell_at_the_origin(branch: Any) -> None:
    assert branch["cells"] == [{"id": 0, "origin": [0.0, 0.0, 0.0]}]


# --- laws -------------------------------------------------------------------------------------


def test_a_wall_stops_and_a_door_lets_through(maker: Any) -> None:
    maker.room()
    floor = sure(maker)
    assert (floor.rows, floor.columns, floor.origin) == (40, 60, (-3.0, -2.0))
    assert not floor.is_clear((-2, 0), (2, 0))
    assert floor.is_clear((-2, 1.6), (2, 1.6))
    way = floor.path((-2, 0), (2, 0))
    assert way is not None
    assert way[:, 2].max() > 1.2
    # The wall's face is at 0.1 m: a body's middle stays a radius away, one cell in doubt.
    assert not floor.is_walkable(0.34, 0.0)
    assert floor.is_walkable(0.46, 0.0)


@pytest.mark.parametrize(
    ("low", "high", "blocks"),
    [(0.0, 0.15, False), (0.0, 0.3, True), (1.0, 1.2, True), (1.9, 2.5, False), (1.7, 9, True)],
)
def test_only_what_is_in_a_bodys_way_blocks(
    maker: Any, low: float, high: float, blocks: bool
) -> None:
    maker.room()
    beam = maker.box((0.1, high - low, 0.1))
    maker.node(mesh=beam, translation=[1.5, (low + high) / 2, 1])
    assert sure(maker).is_walkable(1.5, 1.0) is not blocks


def test_a_thin_slanted_wall_blocks_where_it_is_low(maker: Any) -> None:
    maker.room()
    slope = maker.mesh([[1, 0, -2], [1, 0, 2], [3, 3, 2], [3, 3, -2]], [[0, 1, 2], [0, 2, 3]])
    maker.node(mesh=slope)
    floor = sure(maker)
    assert floor.is_walkable(0.8, 1.0)  # under 0.2 m until x = 1.13
    assert not floor.is_walkable(1.5, 1.0)
    assert not floor.is_walkable(2.2, 1.0)  # 1.8 m high: the last that a head meets
    assert floor.is_walkable(2.55, 1.0)


def test_avatars_and_skins_do_not_block(maker: Any) -> None:
    maker.room()
    maker.node(mesh=maker.box((0.5, 1.8, 0.5)), translation=[1.5, 0.9, 1])
    assert not sure(maker).is_walkable(1.5, 1.0)
    maker.root["nodes"][-1]["extras"] = {"avatar": "npc"}
    assert sure(maker).is_walkable(1.5, 1.0)


def test_walkable_is_inherited_and_can_be_taken_back(maker: Any) -> None:
    group = maker.node(extras={"walkable": True})
    quad = maker.mesh([[0, 0, 0], [2, 0, 0], [2, 0, 2], [0, 0, 2]], [[0, 2, 1], [0, 3, 2]])
    maker.node(group, mesh=quad)
    maker.node(group, mesh=quad, translation=[2, 0, 0], extras={"walkable": False})
    floor, warnings = made(maker)
    assert floor is not None
    assert warnings == set()
    assert (floor.rows, floor.columns) == (20, 20)


def test_without_a_mark_the_lowest_large_level_is_taken(maker: Any) -> None:
    floor_mesh = maker.box((8, 0.1, 8))
    maker.node(mesh=floor_mesh, translation=[0, 0.95, 0])
    maker.node(mesh=floor_mesh, translation=[0, 4, 0], scale=[1.05, 1, 1.05])  # the roof
    maker.node(mesh=maker.box((1, 1, 1)), translation=[2, 1.5, 2])  # a table
    floor, warnings = made(maker)
    assert floor is not None
    assert floor.height == pytest.approx(1.0)
    assert warnings == {"floor_guessed"}
    assert floor.is_walkable(0, 0)
    assert not floor.is_walkable(2, 2)


def test_another_storey_is_named(maker: Any) -> None:
    maker.room()
    upper = maker.mesh([[0, 4, 0], [1, 4, 0], [1, 4, 1], [0, 4, 1]], [[0, 2, 1], [0, 3, 2]])
    maker.node(mesh=upper, extras={"walkable": True})
    maker.node(name="up", translation=[0.5, 4, 0.5], extras={"branch_anchor": "seat"})
    floor, warnings = made(maker)
    assert floor is not None
    assert floor.height == 0
    assert warnings == {"floor_levels", "anchor_unreachable"}


def test_a_floor_beyond_four_million_cells_is_none(maker: Any) -> None:
    far = maker.mesh([[0, 0, 0], [300, 0, 0], [300, 0, 300], [0, 0, 300]], [[0, 2, 1], [0, 3, 2]])
    maker.node(mesh=far, extras={"walkable": True})
    assert made(maker) == (None, {"floor_too_large"})


def test_a_floor_that_is_nowhere_level_is_none(maker: Any) -> None:
    slope = maker.mesh([[0, 0, 0], [9, 5, 0], [0, 0, 9]], [[0, 2, 1]])
    maker.node(mesh=slope, extras={"walkable": True})
    assert made(maker) == (None, {"floor_missing"})


def test_a_spawn_inside_an_obstacle_is_named(maker: Any) -> None:
    maker.room()
    assert made(maker)[1] == set()
    maker.node(mesh=maker.box((1, 2, 1)), translation=[-2, 1, 0])
    assert made(maker)[1] == {"spawn_enclosed", "anchor_unreachable"}


def test_an_anchor_far_from_the_floor_is_named(maker: Any) -> None:
    maker.room()
    maker.node(name="far", translation=[30, 0, 0], extras={"branch_anchor": "seat"})
    assert made(maker)[1] == {"anchor_unreachable"}


# --- drawing ----------------------------------------------------------------------------------

coordinate = st.floats(-1, 6)


def inside(x: float, z: float) -> bool:
    """Tell whether a point is in the grid and not within rounding of a cell's edge."""
    off = min(abs(v / 0.25 - round(v / 0.25)) for v in (x, z))
    return 0 <= x < 5 and 0 <= z < 5 and off > 1e-6


@settings(deadline=None, max_examples=200)
@given(st.lists(st.tuples(coordinate, st.just(0.0), coordinate), min_size=3, max_size=3))
def test_touched_cells_are_never_missed(corners: Any) -> None:
    triangle = np.array([corners])
    grid = Grid(0, 0, 20, 20, 0.25)
    mask = cover(grid, triangle, is_touching=True)
    inner = cover(grid, triangle, is_touching=False)
    assert (mask | ~inner).all()
    weights = np.random.default_rng(1).dirichlet([0.5] * 3, 200)
    for x, _, z in weights @ triangle[0]:
        if inside(x, z):
            assert mask[int(z / 0.25), int(x / 0.25)]


@settings(deadline=None, max_examples=200)
@given(st.lists(st.tuples(coordinate, coordinate, coordinate), min_size=3, max_size=3))
@example([(0.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 2.3e-308, 2.0)])  # an edge as good as level
def test_what_is_cut_to_a_layer_covers_all_of_it(corners: Any) -> None:
    triangle = np.array([corners])
    cut = clip_height(triangle, 1.0, 3.0)
    grid = Grid(0, 0, 20, 20, 0.25)
    mask = cover(grid, cut, is_touching=True)
    assert ((cut[:, :, 1] >= 1 - 1e-9) & (cut[:, :, 1] <= 3 + 1e-9)).all()
    weights = np.random.default_rng(1).dirichlet([0.5] * 3, 200)
    for x, y, z in weights @ triangle[0]:
        if 1 < y < 3 and inside(x, z):
            assert mask[int(z / 0.25), int(x / 0.25)]


def test_what_lies_beyond_the_grid_touches_no_more_of_it_than_it_does() -> None:
    grid = Grid(0, 0, 40, 30, 1)
    mask = cover(grid, np.array([[[2, 0, -30], [38, 0, 0.5], [36, 0, -30]]]), is_touching=True)
    assert np.argwhere(mask).tolist() == [[0, 37], [0, 38]]


def test_growing_is_a_disc() -> None:
    mask = np.zeros((9, 9), bool)
    mask[4, 4] = True
    rows, columns = np.nonzero(dilate(mask, radius=2.5))
    assert np.hypot(rows - 4, columns - 4).max() <= 2.5
    assert len(rows) == 21
    edge = np.zeros((3, 3), bool)
    edge[0, 0] = True
    assert dilate(edge, radius=9).all()
