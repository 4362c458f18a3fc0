"""The headless stage: nodes with generations, panels answered by a policy."""

import asyncio

import numpy as np
import pytest

from branchxr.errors import InputRefused, NotOffered
from branchxr.stages import headless
from branchxr.stages.headless import HeadlessStage, leave_open
from branchxr.stages.inputs import INPUTS_MAX
from branchxr.stages.stage import (
    Capability,
    Panel,
    PanelButton,
    PanelField,
    PanelPressed,
    Selected,
    Stage,
)


def places(count: int, at: float = 0.0) -> np.ndarray:
    return np.full((count, 3), at, np.float32)


OFFER = Panel(
    "offer", "Pay?", fields=(PanelField("amount", "Amount", "25.00"),),
    buttons=(PanelButton("yes", "Yes"), PanelButton("no", "No")),
)  # fmt: skip


def test_it_is_a_stage() -> None:
    stage = HeadlessStage()
    assert isinstance(stage, Stage)
    assert Capability.OWN_BODY not in stage.capabilities


async def test_a_removed_node_comes_back_with_a_new_generation() -> None:
    stage = HeadlessStage()
    first = await stage.spawn("puppet", places(3))
    await stage.remove(first[1:2])
    (again,) = await stage.spawn("box", places(1, 5.0))
    assert again[0] == first[1][0]
    assert again[1] == first[1][1] + 1
    await stage.move(first, places(3, 1.0))  # the stale id in the middle is ignored
    assert [(index, model, position[0]) for index, model, position in stage.nodes()] == [
        (0, "puppet", 1.0), (1, "box", 5.0), (2, "puppet", 1.0),
    ]  # fmt: skip
    await stage.remove(first)
    await stage.remove(first)
    assert [index for index, _, _ in stage.nodes()] == [1]


async def test_ids_nobody_gave_out_are_ignored() -> None:
    stage = HeadlessStage()
    unknown = np.array([[0, 0], [7, 1]], np.uint32)
    await stage.move(unknown, places(2))
    await stage.spawn("box", places(1))
    await stage.remove(unknown)
    assert len(stage.nodes()) == 1


@pytest.mark.parametrize(
    ("positions", "rotations"),
    [(np.zeros((2, 2)), None), (np.zeros(3), None), (np.full((1, 3), np.nan), None),
     (np.zeros((2, 3)), np.zeros((1, 4)))],
)  # fmt: skip
async def test_wrong_arrays_are_refused(
    positions: np.ndarray, rotations: np.ndarray | None
) -> None:
    with pytest.raises(InputRefused) as refusal:
        await HeadlessStage().spawn("box", positions, rotations)
    assert refusal.value.code == "shape_refused"


async def test_what_it_cannot_do_it_says() -> None:
    stage = HeadlessStage()
    with pytest.raises(NotOffered):
        await stage.move_live(["Vault"], places(1))
    with pytest.raises(NotOffered):
        await stage.spawn("dragon", places(1))


async def test_the_number_of_nodes_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(headless, "NODES_MAX", 4)
    stage = HeadlessStage()
    await stage.spawn("box", places(4))
    with pytest.raises(InputRefused):
        await stage.spawn("box", places(1))


async def test_the_policy_presses_the_first_button() -> None:
    async with HeadlessStage() as stage:
        await stage.open_panel(OFFER)
        assert await anext(stage.inputs()) == PanelPressed("offer", "yes", {"amount": "25.00"})
        assert set(stage.panels) == {"offer"}
        await stage.close_panel("offer")
        await stage.close_panel("offer")
        assert not stage.panels


async def test_inputs_end_when_the_stage_closes() -> None:
    stage = HeadlessStage(policy=leave_open)
    await stage.open_panel(OFFER)
    reading = asyncio.create_task(collect(stage))
    await asyncio.sleep(0)
    stage.emit(Selected(path="Vault"))
    await asyncio.sleep(0)
    stage.close()
    assert await reading == [Selected(path="Vault")]


async def test_of_too_many_inputs_the_oldest_are_dropped() -> None:
    stage = HeadlessStage()
    for number in range(INPUTS_MAX + 10):
        stage.emit(Selected(path=str(number)))
    stage.close()
    waiting = await collect(stage)
    assert len(waiting) == INPUTS_MAX
    assert waiting[0] == Selected(path="10")


async def collect(stage: HeadlessStage) -> list[object]:
    return [event async for event in stage.inputs()]


async def test_frames_and_the_scene_are_noted() -> None:
    stage = HeadlessStage()
    await stage.show_scene("http://localhost:8710/scene/")
    stage.feed_frame(b"1")
    stage.feed_frame(b"2")
    assert (stage.scene_url, stage.frames, stage.last_frame) == (
        "http://localhost:8710/scene/", 2, b"2",
    )  # fmt: skip
