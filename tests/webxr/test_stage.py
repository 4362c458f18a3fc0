"""The WebXR stage by itself: nodes, live nodes, panels, inputs."""

import json
from typing import Any

import numpy as np
import pytest

from branchxr.errors import InputRefused, NotOffered
from branchxr.stages import messages as m
from branchxr.stages.inputs import INPUTS_MAX
from branchxr.stages.remote import NODES_MAX, PANELS_MAX
from branchxr.stages.stage import (
    Capability,
    Panel,
    PanelButton,
    Selected,
    Stage,
    Visibility,
)
from branchxr_webxr.stage import PageLink, WebXRStage


async def told(link: PageLink) -> list[dict[str, Any]]:
    """What a page that comes now is told."""
    link.say(m.Gone("end"), key="end")
    messages = []
    async for text in link.outgoing(m.AskOver("")):
        messages.append(json.loads(text))
        if not link._waiting:
            return messages
    raise AssertionError("unreachable")


def at(*xs: float) -> Any:
    return np.array([[x, 0, 0] for x in xs], np.float32)


def test_it_is_a_stage_and_says_what_it_offers() -> None:
    stage = WebXRStage(PageLink())
    assert isinstance(stage, Stage)
    assert stage.name == "webxr"
    assert Capability.OWN_BODY in stage.capabilities
    assert Capability.SCENE not in stage.capabilities


async def test_nodes_are_told_to_whoever_comes_back_as_they_are_now() -> None:
    link = PageLink()
    stage = WebXRStage(link)
    nodes = await stage.spawn("box", at(1, 2, 3))
    turned = np.array([[0, 1, 0, 0]], np.float32)
    await stage.move(nodes[:1], at(7), turned)
    await stage.move(nodes[:1], at(8))  # stays turned
    await stage.remove(nodes[1:2])
    spawned = [message for message in await told(link) if message["op"] == "spawn"]
    assert len(spawned) == 1
    assert spawned[0]["nodes"] == nodes[[0, 2]].tolist()
    assert spawned[0]["positions"] == [8, 0, 0, 3, 0, 0]
    assert spawned[0]["rotations"] == [0, 1, 0, 0, 0, 0, 0, 1]


async def test_a_stale_id_is_ignored_and_an_index_comes_back_with_a_new_generation() -> None:
    link = PageLink()
    stage = WebXRStage(link)
    old = await stage.spawn("sphere", at(1))
    await stage.remove(old)
    await stage.remove(old)
    new = await stage.spawn("sphere", at(2))
    assert new[0, 0] == old[0, 0]
    assert new[0, 1] == old[0, 1] + 1
    await stage.move(old, at(9))
    spawned = [message for message in await told(link) if message["op"] == "spawn"]
    assert spawned[0]["positions"] == [2, 0, 0]


@pytest.mark.parametrize(
    ("positions", "rotations"),
    [
        (np.zeros((2, 2), np.float32), None),
        (np.zeros((2, 3), np.float32), np.zeros((1, 4), np.float32)),
        (np.full((2, 3), np.nan, np.float32), None),
        (np.zeros((2, 3), np.float32), np.full((2, 4), np.inf, np.float32)),
    ],
)
async def test_arrays_of_another_shape_are_refused(positions: Any, rotations: Any) -> None:
    with pytest.raises(InputRefused, match="finite positions"):
        await WebXRStage(PageLink()).spawn("box", positions, rotations)


async def test_the_limits_hold() -> None:
    stage = WebXRStage(PageLink())
    with pytest.raises(NotOffered):
        await stage.spawn("dragon", at(1))
    nodes = await stage.spawn("box", np.zeros((NODES_MAX, 3), np.float32))
    with pytest.raises(InputRefused) as caught:
        await stage.spawn("box", at(1))
    assert caught.value.code == "nodes_full"
    await stage.remove(nodes[:1])
    await stage.spawn("box", at(1))
    for number in range(PANELS_MAX):
        await stage.open_panel(Panel(str(number), "title"))
    await stage.open_panel(Panel("0", "again"))
    with pytest.raises(InputRefused) as caught:
        await stage.open_panel(Panel("one more", "title"))
    assert caught.value.code == "panels_full"
    with pytest.raises(InputRefused):
        await stage.open_panel(Panel("0", "long", text="x" * 4001))


async def test_panels_are_kept_and_closed() -> None:
    link = PageLink()
    stage = WebXRStage(link)
    await stage.open_panel(Panel("a", "A", buttons=(PanelButton("yes", "Yes"),)))
    await stage.open_panel(Panel("b", "B"))
    await stage.close_panel("b")
    await stage.close_panel("never opened")
    assert [t["panel"]["name"] for t in await told(link) if t["op"] == "panel"] == ["a"]
    assert stage.has_button("a", "yes")
    assert not stage.has_button("a", "no")
    assert not stage.has_button("b", "yes")


async def test_inputs_are_bounded_and_end_with_the_page() -> None:
    stage = WebXRStage(PageLink())
    for number in range(INPUTS_MAX + 10):
        stage.emit(Selected(path=str(number)))
    stage.emit(Visibility(is_visible=False))
    stage.close()
    seen = [event async for event in stage.inputs()]
    assert len(seen) == INPUTS_MAX
    assert seen[0] == Selected(path="11")
    assert seen[-1] == Visibility(is_visible=False)


async def test_no_other_scene_and_no_node_that_is_not_live() -> None:
    stage = WebXRStage(PageLink())
    with pytest.raises(NotOffered):
        await stage.show_scene("https://elsewhere.test/scene/")
    with pytest.raises(NotOffered):
        await stage.move_live(["Wall"], at(1))
