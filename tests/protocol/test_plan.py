"""What the realtime side reads of `branch.json`."""

import math
from typing import Any

import numpy as np
import pytest

from branchxr.errors import PackageRefused
from branchxr.models import Role
from branchxr.protocol.floor import Floor
from branchxr.protocol.plan import Anchor, BranchPlan, Cell

BRANCH: dict[str, Any] = {
    "cells": [{"id": 3, "origin": [0, 0, 0]}, {"id": 4, "origin": [32, 0, 0]}],
    "anchors": [
        {
            "path": "Spawn",
            "kind": "spawn",
            "position": [1, 0, 2],
            "rotation": [0, math.sin(0.5), 0, math.cos(0.5)],
            "capacity": 4,
            "role": "staff",
        },
        {
            "path": "Odd",
            "kind": "spawn",
            "position": [3, 0, 2],
            "rotation": [0, 0, 0, 1],
            "capacity": "many",
            "role": "everybody",
            "colour": "blue",
        },
    ],
}


def test_a_branch_json_is_read_and_extras_of_odd_types_do_no_harm() -> None:
    plan = BranchPlan.from_json(BRANCH)
    assert plan.cells == (Cell(3, (0.0, 0.0, 0.0)), Cell(4, (32.0, 0.0, 0.0)))
    staff, odd = plan.anchors
    assert (staff.capacity, staff.audience, round(staff.yaw, 6)) == (4, "staff", 1.0)
    assert (odd.capacity, odd.audience) == (1, "")
    assert plan.floor is None
    assert plan.spawns(Role.GUEST) == (odd,)
    assert plan.spawns(Role.OPERATOR) == (staff, odd)


def test_the_floor_may_come_with_the_file() -> None:
    floor = Floor(np.ones((10, 10), dtype=bool), origin=(0.0, 0.0), seeds=[(0.55, 0.45)])
    plan = BranchPlan.from_json({**BRANCH, "anchors": [], "floor": floor.to_json()})
    assert plan.floor
    assert plan.floor.is_walkable(0.5, 0.5)
    assert plan.spawn_place(Role.GUEST, []) == ((0.55, 0.0, 0.45), 0.0)


def test_a_branch_without_spawns_has_a_place_all_the_same() -> None:
    assert BranchPlan().spawn_place(Role.GUEST, []) == ((0.0, 0.0, 0.0), 0.0)


def test_without_spawns_one_comes_in_amid_what_can_be_walked_on() -> None:
    walkable = np.zeros((40, 60), dtype=bool)
    walkable[10:20, 20:60] = True
    walkable[14:16, 39:41] = False  # something stands in the very middle
    walkable[30:32, 0:2] = True  # nobody can get there
    floor = Floor(walkable, origin=(-20.0, -12.0))
    cells = tuple(Cell(number, (x, 0.0, 0.0)) for number, x in enumerate((-32.0, 0.0, 32.0)))
    (x, y, z), _ = BranchPlan(cells, floor=floor).spawn_place(Role.GUEST, [])
    assert floor.is_walkable(x, z)
    assert y == 0.0
    assert math.hypot(x - -16.0, z - -10.5) < 0.3
    assert BranchPlan(cells).spawn_place(Role.GUEST, [])[0] == (0.0, 0.0, 0.0)
    nowhere = Floor(np.zeros((4, 4), dtype=bool), origin=(0.0, 0.0))
    assert BranchPlan(cells, floor=nowhere).spawn_place(Role.GUEST, [])[0] == (0.0, 0.0, 0.0)


def test_only_staff_spawns_take_guests_rather_than_refuse_them() -> None:
    plan = BranchPlan(anchors=(Anchor("S", "spawn", (1.0, 0.0, 1.0), audience="staff"),))
    assert plan.spawn_place(Role.GUEST, [])[0] == (1.0, 0.0, 1.0)


def test_a_preferred_anchor_counts_even_when_crowded() -> None:
    anchors = (Anchor("A", "spawn", (0.0, 0.0, 0.0)), Anchor("B", "spawn", (9.0, 0.0, 0.0)))
    plan = BranchPlan(anchors=anchors)
    assert plan.spawn_place(Role.GUEST, [(0.0, 1.65, 0.0)])[0] == (9.0, 0.0, 0.0)
    near = plan.spawn_place(Role.GUEST, [(0.0, 1.65, 0.0)], prefer="A")[0]
    assert 0.5 < math.hypot(near[0], near[2]) < 1


def test_points_lie_in_the_nearest_cell_of_the_nearest_storey() -> None:
    plan = BranchPlan(
        (Cell(0, (0.0, 0.0, 0.0)), Cell(1, (32.0, 0.0, 0.0)), Cell(2, (0.0, 4.0, 0.0)))
    )
    assert plan.cell_at((15.9, 0.0, 3.0)).id == 0
    assert plan.cell_at((16.1, 0.0, 3.0)).id == 1
    assert plan.cell_at((1.0, 3.9, 3.0)).id == 2
    assert plan.cell_at((500.0, 0.0, 0.0)).id == 1
    assert plan.around(plan.cells[0]) == {0, 1, 2}


@pytest.mark.parametrize(
    "change",
    [
        {"cells": []},
        {"cells": [{"id": 70_000, "origin": [0, 0, 0]}]},
        {"cells": [{"id": -1, "origin": [0, 0, 0]}]},
        {"cells": [{"id": "1", "origin": [0, 0, 0]}]},
        {"cells": [{"id": 1, "origin": [0, 0, 0]}, {"id": 1, "origin": [32, 0, 0]}]},
        {"cells": [{"id": 1, "origin": [0, 0, 10**400]}]},
        {"cells": 5},
        {"anchors": [1]},
        {"anchors": [BRANCH["anchors"][0] | {"position": [0, math.inf, 0]}]},
        {"anchors": [BRANCH["anchors"][0] | {"position": [0, 0]}]},
        {"anchors": [BRANCH["anchors"][0] | {"rotation": None}]},
    ],
)
def test_rooms_that_nobody_could_enter_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises(PackageRefused) as caught:
        BranchPlan.from_json(BRANCH | change)
    assert caught.value.code == "package_malformed"
