"""The Unity stage by itself: what a game is told."""

from typing import Any

import numpy as np
import pytest

from branchxr.errors import InputRefused, ProtocolError
from branchxr.protocol.package import FileEntry, Manifest
from branchxr.scene.streamer import LoadedScene
from branchxr.scene.tiles import Tile
from branchxr.stages import messages as m
from branchxr.stages.stage import Capability, Panel, PanelButton, PanelField, Stage
from branchxr_unity import codec
from branchxr_unity.layout import BY_NAME
from branchxr_unity.puppets import standing
from branchxr_unity.records import decode_up
from branchxr_unity.stage import GameLink, UnityStage


async def told(link: GameLink) -> list[tuple[str, dict[str, Any]]]:
    """What a game that comes now is told."""
    link.say(m.Gone("end"), key="end")
    messages = []
    async for raw in link.outgoing(m.AskOver("")):
        [(record, payload)] = codec.split(raw)
        messages.append((record.name, codec.unpack(record, payload)))
        if not link._waiting:
            return messages
    raise AssertionError("unreachable")


async def only(link: GameLink, name: str) -> dict[str, Any]:
    [values] = [values for found, values in await told(link) if found == name]
    return values


def at(*xs: float) -> Any:
    return np.array([[x, 0, 0] for x in xs], np.float32)


def test_it_is_a_stage_and_says_what_it_offers() -> None:
    stage = UnityStage(GameLink())
    assert isinstance(stage, Stage)
    assert stage.name == "unity"
    assert Capability.PUPPETS in stage.capabilities
    assert Capability.SCENE not in stage.capabilities


async def test_nodes_are_told_as_they_are_now() -> None:
    link = GameLink()
    stage = UnityStage(link)
    nodes = await stage.spawn("box", at(1, 2, 3))
    await stage.move(nodes[:1], at(8))
    await stage.remove(nodes[1:2])
    spawn = await only(link, "spawn")
    assert spawn["nodes"].tolist() == nodes[[0, 2]].tolist()
    assert spawn["positions"].tolist() == [8, 0, 0, 3, 0, 0]


async def test_puppets_stand_with_head_and_hands() -> None:
    link = GameLink()
    stage = UnityStage(link)
    people = await stage.spawn("puppet", at(1, 2, 3))
    half_turn = np.array([[0, 1, 0, 0]], np.float32)
    await stage.move(people[1:2], at(5), half_turn)
    await stage.move(people[1:2], at(6))  # stays turned
    await stage.remove(people[:1])
    rows = await only(link, "puppets")
    assert rows["nodes"].tolist() == people[1:].tolist()
    poses = rows["poses"].reshape(-1, 22)
    assert poses[0, :7] == pytest.approx([6, 1.65, 0, 0, 1, 0, 0])
    assert poses[0, 7] - 6 == pytest.approx(0.25)  # the left hand is now on the other side
    assert poses[1, 7] - 3 == pytest.approx(-0.25)
    assert poses[0, 21] == 1  # hands


async def test_puppets_are_posed_wholly_and_stale_ones_are_not() -> None:
    link = GameLink()
    stage = UnityStage(link)
    people = await stage.spawn("puppet", at(1, 2))
    box = await stage.spawn("box", at(0))
    await stage.remove(people[:1])
    mixed = np.concatenate([people, box])
    await stage.pose_puppets(mixed, np.full((3, 22), 2.5, np.float32))
    rows = await only(link, "puppets")
    assert rows["nodes"].tolist() == people[1:].tolist()
    assert (rows["poses"] == 2.5).all()
    with pytest.raises(InputRefused):
        await stage.pose_puppets(people, np.zeros((2, 7), np.float32))


async def test_a_puppet_too_many_leaves_no_node_behind() -> None:
    stage = UnityStage(GameLink())
    await stage.spawn("puppet", np.zeros((1024, 3), np.float32))
    with pytest.raises(InputRefused) as caught:
        await stage.spawn("puppet", at(1))
    assert caught.value.code == "puppets_full"
    assert not stage.has_node(None, (1024, 1))


def test_a_turned_body_is_turned_about_where_it_stands() -> None:
    quarter = np.array([[0, np.sqrt(0.5), 0, np.sqrt(0.5)]], np.float32)
    [pose] = standing(at(4), quarter)
    assert pose[:3] == pytest.approx([4, 1.65, 0])
    left = pose[7:10] - (4, 0, 0)  # was beside (-x) and a little ahead (-z)
    assert left == pytest.approx([-0.08, 1.65 * 0.55, 0.25], abs=1e-6)


async def test_frames_are_wrapped_and_nothing_else() -> None:
    link = GameLink()
    stage = UnityStage(link)
    outgoing = link.outgoing(m.AskOver(""))
    await anext(outgoing)
    stage.feed_frame(b"any bytes")
    [(record, payload)] = codec.split(await anext(outgoing))
    assert (record.name, payload) == ("frame", b"any bytes")


async def test_a_panel_arrives_whole() -> None:
    link = GameLink()
    stage = UnityStage(link)
    panel = Panel(
        "p", "Title ★", "text", (PanelField("f", "F", "v"),), (PanelButton("b", "B"),), "Room/a"
    )
    await stage.open_panel(panel)
    assert await only(link, "panel") == {
        "name": "p", "title": "Title ★", "text": "text", "anchor": "Room/a",
        "fields": [{"name": "f", "label": "F", "value": "v"}],
        "buttons": [{"name": "b", "label": "B"}],
    }  # fmt: skip


def decoded(name: str, /, **values: Any) -> m.UpMessage:
    [(record, payload)] = codec.split(codec.pack(name, **values))
    return decode_up(record, payload)


@pytest.mark.parametrize(
    "panel",
    [
        Panel("p" * 257, "T"),
        Panel("p", "T" * 4001),
        Panel("p", "T", buttons=(PanelButton("b" * 257, "B"),)),
        Panel("p", "T", buttons=(PanelButton("b", "B" * 4001),)),
        Panel("p", "T", fields=tuple(PanelField(f"f{number}", "F") for number in range(65))),
    ],
)
async def test_a_panel_that_could_not_be_answered_is_refused(panel: Panel) -> None:
    link = GameLink()
    stage = UnityStage(link)
    with pytest.raises(InputRefused) as caught:
        await stage.open_panel(panel)
    assert caught.value.code == "panel_too_long"
    assert "panel" not in [name for name, _ in await told(link)]


async def test_many_live_nodes_are_told_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    link = GameLink()
    stage = UnityStage(link)
    monkeypatch.setattr(stage, "_is_live", lambda _path: True)
    paths = [f"{'Room/' * 10}{number}" for number in range(4096)]
    places = np.arange(3 * 4096, dtype=np.float32).reshape(-1, 3)
    first = anext(link.outgoing(m.AskOver("")))
    await first
    await stage.move_live(paths, places, np.tile(np.array([0, 0, 0, 1], np.float32), (4096, 1)))
    parts = [codec.unpack(record, payload) for raw in link._waiting
             for record, payload in codec.split(raw)]  # fmt: skip
    assert [row["path"] for part in parts for row in part["paths"]] == paths
    assert np.concatenate([part["positions"] for part in parts]).tolist() == places.ravel().tolist()


async def test_a_scene_of_many_files_is_told_in_parts() -> None:
    files = {f"c/{number:064x}.glb": FileEntry(f"{number:064x}", 1) for number in range(3000)}
    branch = {"cells": [{"id": 1, "origin": [0, 0, 0]}], "anchors": []}
    root = Tile("", 1.0, (0, 0, 0), 1.0)
    scene = LoadedScene(Manifest(1, "a scene", 1, files), branch, root, (), None)
    link = GameLink()
    await UnityStage(link, scene=scene, base_url="/scene/").show_scene("/scene/")
    parts = [values for name, values in await told(link) if name == "scene"]
    assert {part["base"] for part in parts} == {"/scene/"}
    assert [file["path"] for part in parts for file in part["files"]] == list(files)


def test_what_the_game_sends_is_read() -> None:
    pressed = decoded("press", panel="p", button="b", fields=[{"name": "f", "value": "v"}])
    assert pressed == m.Press(panel="p", button="b", fields={"f": "v"})
    node = decoded("select", path="", has_node=True, index=3, generation=2)
    assert node == m.Select(path=None, node=(3, 2))
    assert decoded("confirm", id="a", challenge=b"x" * 32) == m.Confirm(id="a", challenge=b"x" * 32)


EVENTS: dict[str, tuple[dict[str, Any], m.UpMessage]] = {
    "press": ({"panel": "p", "button": "b", "fields": []},
              m.Press(panel="p", button="b", fields={})),
    "select": ({"path": "Room/door", "has_node": False, "index": 0, "generation": 0},
               m.Select(path="Room/door", node=None)),
    "arrived": ({"anchor": "a", "kind": "seat"}, m.Arrive(anchor="a", kind="seat")),
    "visible": ({"is_visible": False}, m.Visible(is_visible=False)),
    "go": ({"anchor": "a", "x": 1.0, "y": 0.0, "z": -2.5},
           m.Go(anchor="a", from_=(1.0, 0.0, -2.5))),
    "chat": ({"text": "hello"}, m.Say(text="hello")),
    "emote": ({"emote": "wave"}, m.Gesture(emote="wave")),
    "sign_in": ({"how": "create", "name": "Ada"}, m.SignIn(how="create", name="Ada")),
    "sign_out": ({}, m.SignOut()),
    "confirm": ({"id": "a", "challenge": bytes(32)}, m.Confirm(id="a", challenge=bytes(32))),
    "refuse": ({"id": "a", "code": "declined"}, m.Refuse(id="a", code="declined")),
    "bye": ({}, m.Bye()),
}  # fmt: skip


def test_every_event_of_a_game_is_read() -> None:
    carried = {"pose", "ping"}  # are no messages of the stage
    assert EVENTS.keys() == {name for name, record in BY_NAME.items() if record.is_up} - carried
    for name, (values, message) in EVENTS.items():
        assert decoded(name, **values) == message


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("chat", {"text": "x" * 5000}),
        ("emote", {"emote": "x" * 300}),
        ("sign_in", {"how": "steal", "name": "x"}),
        ("go", {"anchor": "a", "x": 1e9, "y": 0.0, "z": 0.0}),
        ("go", {"anchor": "a", "x": float("nan"), "y": 0.0, "z": 0.0}),
        ("press", {"panel": "p", "button": "b", "fields": [
            {"name": str(number), "value": ""} for number in range(65)]}),
        ("heartbeat", {"count": 1}),
    ],
)  # fmt: skip
def test_what_is_out_of_bounds_is_refused(name: str, values: dict[str, Any]) -> None:
    with pytest.raises(ProtocolError) as caught:
        decoded(name, **values)
    assert caught.value.code == "record_refused"
    assert BY_NAME[name]
