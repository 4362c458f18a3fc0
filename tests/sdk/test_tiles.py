"""Which chunk comes next."""

import json
import math
from typing import Any

import pytest

from branchxr.errors import PackageRefused
from branchxr.scene.tiles import MAX_DEPTH, View, fetch_order, parse_tileset


def tile(
    error: float, uri: str = "", *children: Any, at: tuple[float, ...] = (0, 0, 0), **more: Any
) -> Any:
    made: dict[str, Any] = {"boundingVolume": {"sphere": [*at, 1.0]}, "geometricError": error}
    if uri:
        made["content"] = {"uri": uri}
    return made | {"children": list(children)} | more


def order(root: Any, view: View, sizes: dict[str, int], *, error_px: float = 1.0) -> list[str]:
    parsed = parse_tileset(json.dumps({"root": root}).encode())
    return [found.path for found in fetch_order(parsed, view, sizes, error_px=error_px)]


LOOKING_NORTH = View((0.0, 0.0, 10.0), direction=(0.0, 0.0, -1.0))


def test_a_parent_comes_before_its_children_however_large_it_is() -> None:
    root = tile(10, "", tile(5, "coarse", tile(0, "fine")))
    assert order(root, LOOKING_NORTH, {"coarse": 10**6, "fine": 1}) == ["coarse", "fine"]


def test_more_error_per_byte_comes_first() -> None:
    root = tile(10, "", tile(0, "large"), tile(0, "small"))
    assert order(root, LOOKING_NORTH, {"large": 1000, "small": 10}) == ["small", "large"]


def test_near_comes_before_far() -> None:
    # Z-up: scene z = -y there, so y = 100 lies 110 m in front of who stands at z = 10.
    root = tile(10, "", tile(0, "far", at=(0, 100, 0)), tile(0, "near", at=(0, 0, 0)))
    assert order(root, LOOKING_NORTH, {"far": 10, "near": 10}) == ["near", "far"]


def test_what_is_behind_comes_last_even_if_it_is_near() -> None:
    root = tile(10, "", tile(0, "behind", at=(0, -15, 0)), tile(0, "ahead", at=(0, 60, 0)))
    assert order(root, LOOKING_NORTH, {"behind": 10, "ahead": 10}) == ["ahead", "behind"]
    everywhere = View(LOOKING_NORTH.position)
    assert order(root, everywhere, {"behind": 10, "ahead": 10}) == ["behind", "ahead"]


def test_a_level_that_would_not_show_is_left_out_but_live_is_not() -> None:
    root = tile(
        10, "", tile(0.001, "good", tile(0, "better")), tile(0, "live", extras={"role": "live"})
    )
    far = View((0.0, 0.0, 50.0))
    assert order(root, far, {}) == ["good", "live"]
    assert order(root, far, {}, error_px=0.001) == ["good", "live", "better"]


@pytest.mark.parametrize(
    "document",
    [
        {}, {"root": {}}, {"root": tile(math.nan)}, {"root": tile(-1)}, {"root": [1]},
        {"root": {"geometricError": 1, "boundingVolume": {"box": [1, 2]}}},
        {"root": tile(1) | {"content": {"uri": 3}}}, {"root": tile(1) | {"content": []}},
        {"root": tile(1) | {"extras": "live"}}, {"root": tile(10**400)},
    ],
)  # fmt: skip
def test_a_malformed_tileset_is_refused(document: Any) -> None:
    with pytest.raises(PackageRefused) as refusal:
        parse_tileset(json.dumps(document).encode())
    assert refusal.value.code == "tileset_malformed"


def test_brackets_without_end_are_no_tileset() -> None:
    with pytest.raises(PackageRefused):
        parse_tileset(b"[" * 100_000)


def test_its_depth_is_bounded() -> None:
    deep = tile(0)
    for _ in range(MAX_DEPTH + 1):
        deep = tile(0, "", deep)
    with pytest.raises(PackageRefused):
        parse_tileset(json.dumps({"root": deep}).encode())
