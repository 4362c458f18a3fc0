"""The stage's vocabulary (`branchxr.stages.messages`) as binary records, and back."""

from collections.abc import Callable
from typing import Any, Final

import msgspec
import numpy as np

from branchxr.errors import ProtocolError
from branchxr.stages import messages as m
from branchxr.stages.stage import Floats, NodeIds, Panel

from .codec import Values, pack, unpack
from .layout import Record


class Hello(m.Down, frozen=True, tag="hello"):
    """The game is in; all that is shown follows. `taken`: up to where its events were taken."""

    version: int
    taken: int
    python: str


class BranchIs(m.Down, frozen=True, tag="branch"):
    """Which branch it is."""

    name: str
    is_development: bool
    rp_id: str


class Taken(m.Down, frozen=True, tag="taken"):
    """The game's events were taken up to a position: it need not keep them."""

    position: int


class Heartbeat(m.Down, frozen=True, tag="heartbeat"):
    """The loop that runs the script is alive."""

    count: int


class Pong(m.Down, frozen=True, tag="pong"):
    """The answer to a `ping`."""

    stamp: int


class Fault(m.Down, frozen=True, tag="fault"):
    """Something that the game's developer must know."""

    code: str
    expected: str
    came: str
    remedy: str


class Puppets(m.Down, frozen=True, tag="puppets"):
    """All puppets: `(n, 2)` ids and `(n, 22)` poses."""

    nodes: NodeIds
    poses: Floats


def encode_down(message: m.Down) -> bytes:
    """Return a message as a record."""
    name, values = _DOWN[type(message)]
    return pack(name, **values(message))


def decode_up(record: Record, payload: bytes) -> m.UpMessage:
    """Return what the game sent; `pose` and `ping` are not of this vocabulary.

    Raises:
        ProtocolError: `record_malformed`, or `record_refused`: out of bounds, or not for Python.
    """
    values = unpack(record, payload)
    make = _UP.get(record.name)
    if make is None:
        raise _refused(f"{record.name!r}, which is not for Python")
    try:
        return make(values)
    except msgspec.ValidationError as error:
        raise _refused(str(error)[:200]) from error


def _refused(came: str) -> ProtocolError:
    return ProtocolError(
        "an event within its bounds", came, "look at what the game sends", code="record_refused"
    )


# --- down ---------------------------------------------------------------------------------------


def _own(*names: str) -> Callable[[Any], Values]:
    return lambda message: {name: getattr(message, name) for name in names}


def _row(value: msgspec.Struct) -> dict[str, Any]:
    return msgspec.structs.asdict(value)


def _point(position: m.Triple) -> dict[str, float]:
    return dict(zip("xyz", position, strict=True))


def _turn(rotation: tuple[float, float, float, float]) -> dict[str, float]:
    return dict(zip(("turn_x", "turn_y", "turn_z", "turn_w"), rotation, strict=True))


def _panel(panel: Panel) -> Values:
    return {
        "name": panel.name,
        "title": panel.title,
        "text": panel.text,
        "anchor": panel.anchor or "",
        "fields": [_row(field) for field in panel.fields],
        "buttons": [_row(button) for button in panel.buttons],
    }


def _path(message: m.Path) -> Values:
    points = np.array(message.points or [], np.float32)
    return {"anchor": message.anchor, "is_found": message.points is not None, "points": points}


def _anchor(anchor: m.AnchorPlace) -> Values:
    return {
        "path": anchor.path,
        "kind": anchor.kind,
        **_point(anchor.position),
        **_turn(anchor.rotation),
    }


_DOWN: Final[dict[type[m.Down], tuple[str, Callable[[Any], Values]]]] = {
    Hello: ("hello", _row),
    BranchIs: ("branch", _row),
    Taken: ("taken", _row),
    Heartbeat: ("heartbeat", _row),
    Pong: ("pong", _row),
    Fault: ("fault", _row),
    Puppets: ("puppets", _row),
    m.You: ("you", lambda message: _row(message.you)),
    m.Present: ("present", lambda message: _row(message.participant)),
    m.Gone: ("left", _own("id")),
    m.Heard: ("heard", _row),
    m.Place: (
        "place",
        lambda message: {
            **_point(message.position),
            "turns": message.yaw is not None,
            "yaw": message.yaw or 0.0,
        },
    ),
    m.Path: ("path", _path),
    m.Scene: (
        "scene",
        lambda message: {
            "base": message.base,
            "files": [{"path": path, "sha256": sha256} for path, sha256 in message.files.items()],
        },
    ),
    m.Cells: (
        "cells",
        lambda message: {
            "cells": [{"id": cell.id, **_point(cell.origin)} for cell in message.cells]
        },
    ),
    m.Anchors: ("anchors", lambda message: {"anchors": list(map(_anchor, message.anchors))}),
    m.PanelOpened: ("panel", lambda message: _panel(message.panel)),
    m.PanelClosed: ("panel_closed", _own("name")),
    m.Balances: ("accounts", lambda message: {"accounts": list(map(_row, message.accounts))}),
    m.Notice: ("notice", _row),
    m.Busy: ("busy", _row),
    m.BranchLink: ("branch_link", _row),
    m.Spawned: ("spawn", _row),
    m.Moved: ("move", _row),
    m.Removed: ("remove", _row),
    m.LiveMoved: (
        "live",
        lambda message: {
            "paths": [{"path": path} for path in message.paths],
            "positions": message.positions,
            "rotations": message.rotations,
        },
    ),
    m.Ask: (
        "ask",
        lambda message: {"id": message.id, "canonical": (message.canonical or "").encode()},
    ),
    m.AskOver: ("ask_over", _own("id")),
    m.Ended: ("ended", _row),
}


# --- up -----------------------------------------------------------------------------------------


def _of(kind: type[m.UpMessage]) -> Callable[[dict[str, Any]], m.UpMessage]:
    return lambda values: msgspec.convert(values, kind)


def _press(values: dict[str, Any]) -> m.UpMessage:
    fields = {field["name"]: field["value"] for field in values["fields"]}
    return msgspec.convert({**values, "fields": fields}, m.Press)


def _select(values: dict[str, Any]) -> m.UpMessage:
    node = (values["index"], values["generation"]) if values["has_node"] else None
    return msgspec.convert({"path": values["path"] or None, "node": node}, m.Select)


def _go(values: dict[str, Any]) -> m.UpMessage:
    point = (values["x"], values["y"], values["z"])
    return msgspec.convert({"anchor": values["anchor"], "from": point}, m.Go)


_UP: Final[dict[str, Callable[[dict[str, Any]], m.UpMessage]]] = {
    "press": _press,
    "select": _select,
    "arrived": _of(m.Arrive),
    "visible": _of(m.Visible),
    "go": _go,
    "chat": _of(m.Say),
    "emote": _of(m.Gesture),
    "sign_in": _of(m.SignIn),
    "sign_out": _of(m.SignOut),
    "confirm": _of(m.Confirm),
    "refuse": _of(m.Refuse),
    "bye": _of(m.Bye),
}
