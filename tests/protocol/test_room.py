"""The branch's side: coming in, speaking, leaving, and what bad input gets."""

from collections.abc import Callable
from typing import Any

import pytest

from branchxr.events import Changed, Chat, Disconnected, Emote, Entered, Left, Refused
from branchxr.models import Role
from branchxr.protocol import messages as m
from branchxr.protocol.session import RoomLimits


def kinds(events: list[Any]) -> list[str]:
    return [type(event).__name__ for event in events]


def test_who_comes_in_is_welcomed_and_announced(hall: Any) -> None:
    ada = hall.enter("Ada")
    bob = hall.enter("Bob", role=Role.CONSULTANT)
    assert ada.visitor.you.name == "Ada"
    assert [event.participant.name for event in ada.events if isinstance(event, Entered)] == ["Bob"]
    assert bob.events == []
    assert sorted(p.name for p in bob.visitor.participants.values()) == ["Ada", "Bob"]
    assert ada.visitor.participants == bob.visitor.participants
    assert (ada.slot, bob.slot) == (0, 1)
    assert {p.role for p in hall.room.participants} == {Role.VISITOR, Role.CONSULTANT}


def test_presence_comes_before_the_first_frame(hall: Any) -> None:
    ada = hall.enter("Ada")
    hall.tick()
    ada.frames.clear()
    bob = hall.client("Bob").connect()
    bob.up.extend(bob.visitor.drain())
    bob.take_one_up()
    hall.room.tick(hall.now + 0.05, lambda _number: 0)
    hall.route()
    assert [isinstance(message, str) for message in ada.down] == [True, False]
    while ada.down:
        ada.take_one_down()
    assert [e.participant.slot for e in ada.events] == ada.frames[0].slots.tolist()[-1:] == [1]


def test_chat_and_emotes_reach_everybody_once(hall: Any) -> None:
    ada, bob = hall.enter("Ada"), hall.enter("Bob")
    ada.visitor.say("Добрый день, ça va?")
    ada.visitor.emote("wave")
    hall.settle()
    for client in (ada, bob):
        chats = [event for event in client.events if isinstance(event, Chat)]
        assert [(c.participant.name, c.text) for c in chats] == [("Ada", "Добрый день, ça va?")]
        assert [e.emote for e in client.events if isinstance(e, Emote)] == ["wave"]


def test_chat_is_normalised_to_nfc(hall: Any) -> None:
    ada = hall.enter("Ada")
    ada.visitor.say("e\u0301")
    hall.settle()
    assert [event.text for event in ada.events] == ["\u00e9"]


@pytest.mark.parametrize("text", ["", "   ", "a\u202eb", "a\x07b", "a\u2066b", "x" * 501, "a\nb"])
def test_chat_that_deceives_or_is_too_long_is_refused(hall: Any, text: str) -> None:
    ada, bob = hall.enter("Ada"), hall.enter("Bob")
    ada.visitor.say(text)
    ada.visitor.say("after")
    hall.settle()
    assert [fault.code for fault in ada.faults] == ["chat_refused"]
    assert [event.code for event in ada.events if isinstance(event, Refused)] == ["chat_refused"]
    assert [event.text for event in bob.events] == ["after"]


def test_a_guest_walks_but_does_not_chat_until_signed_in(hall: Any) -> None:
    guest = hall.enter("Guest", role=Role.GUEST, scopes={"look", "walk"})
    guest.visitor.say("hello")
    guest.visitor.emote("wave")
    hall.settle()
    assert [fault.code for fault in guest.faults] == ["scope_missing"]
    assert kinds(guest.events) == ["Refused", "Emote"]
    slot = guest.slot
    hall.room.change(guest.grant.participant, name="Ada", role=Role.VISITOR)
    hall.settle()
    assert guest.visitor.you.name == "Ada"
    assert guest.visitor.you.role is Role.VISITOR
    assert guest.slot == slot
    guest.visitor.say("hello")
    hall.settle()
    assert guest.events[-1].text == "hello"
    assert Changed(guest.visitor.you) in guest.events


def test_without_scope_look_nobody_comes_in(hall: Any) -> None:
    client = hall.enter("Ada", scopes=())
    assert client.closed == (m.CloseCode.REFUSED, "scope_missing")
    assert hall.room.participants == ()


def test_without_scope_walk_the_body_stays(hall: Any) -> None:
    ada = hall.enter("Ada", scopes={"look"})
    x, y, z = ada.position
    ada.stand((x + 0.05, y, z))
    hall.settle()
    assert ada.placed == ["scope"]


def test_chat_is_limited(hall: Any) -> None:
    ada, bob = hall.enter("Ada"), hall.enter("Bob")
    for number in range(8):
        ada.visitor.say(str(number))
    hall.settle()
    assert [event.text for event in bob.events] == ["0", "1", "2", "3", "4"]
    assert [(fault.code, fault.seq) for fault in ada.faults] == [
        ("rate_limited", 6), ("rate_limited", 7), ("rate_limited", 8),
    ]  # fmt: skip
    hall.run(1.1)
    ada.visitor.say("later")
    hall.settle()
    assert bob.events[-1].text == "later"


def test_emotes_are_names_and_limited(hall: Any) -> None:
    ada = hall.enter("Ada")
    for emote in ("wave", "<script>", "Wave", "", "a" * 33, *["nod"] * 12):
        ada.visitor.emote(emote)
    hall.settle()
    assert [event.emote for event in ada.events if isinstance(event, Emote)] == [
        "wave", *["nod"] * 9,
    ]  # fmt: skip
    assert {fault.code for fault in ada.faults} == {"emote_refused", "rate_limited"}


def test_leaving_is_announced_and_final(hall: Any) -> None:
    ada, bob = hall.enter("Ada"), hall.enter("Bob")
    who = bob.visitor.you
    bob.visitor.leave()
    hall.settle()
    assert bob.closed == (m.CloseCode.NORMAL, "left")
    assert ada.events[-1] == Left(who)
    assert [p.name for p in hall.room.participants] == ["Ada"]


def test_expelling_ends_the_stay(hall: Any) -> None:
    ada, bob = hall.enter("Ada"), hall.enter("Bob")
    hall.room.expel(bob.grant.participant)
    hall.room.expel("nobody")
    hall.settle()
    assert bob.closed == (m.CloseCode.SESSION_ENDED, "session_ended")
    assert kinds(ada.events) == ["Entered", "Left"]
    assert kinds(bob.events) == ["Disconnected"]


def test_a_second_connection_of_a_session_replaces_the_first(hall: Any) -> None:
    ada, bob = hall.enter("Ada"), hall.enter("Bob")
    again = hall.enter("Ada", participant=ada.grant.participant)
    assert ada.closed == (m.CloseCode.REPLACED, "replaced")
    assert again.slot == 0
    assert kinds(bob.events) == []
    assert ada.events[-1] == Disconnected("replaced")


def test_a_full_branch_says_so(make_hall: Callable[..., Any]) -> None:
    hall = make_hall(limits=RoomLimits(participants=2))
    hall.enter("Ada")
    hall.enter("Bob")
    late = hall.enter("Eve")
    assert late.closed == (m.CloseCode.FULL, "branch_full")
    assert [fault.code for fault in late.faults] == ["branch_full"]


def test_without_free_slots_a_branch_is_full(make_hall: Callable[..., Any]) -> None:
    hall = make_hall(limits=RoomLimits(slots=1))
    ada = hall.enter("Ada")
    ada.visitor.leave()
    hall.settle()
    assert hall.enter("Bob").closed == (m.CloseCode.FULL, "branch_full")
    hall.now += 122
    bob = hall.enter("Bob")
    assert (bob.slot, bob.visitor.you.generation) == (0, 2)


# --- names ----------------------------------------------------------------------------------


def test_the_same_name_gets_a_number(hall: Any) -> None:
    names = [hall.enter("Guest").visitor.you.name for _ in range(3)]
    assert names == ["Guest", "Guest 2", "Guest 3"]


@pytest.mark.parametrize(
    "wish",
    [
        "\u0410da",  # Cyrillic A
        "\u0391da",  # Greek Alpha
        "A\u200bda",  # zero-width space
        "\u202eadA",  # right-to-left override
        "A\u0000da",
        "\uff21da",  # full-width A
        "ADA",
        "a d a",
        "x" * 41,
        "",
        "...",
    ],
)
def test_a_name_that_could_be_mistaken_is_refused(hall: Any, wish: str) -> None:
    hall.enter("Ada")
    client = hall.enter("Guest", wish=wish, role=Role.GUEST)
    assert client.closed == (m.CloseCode.REFUSED, "name_refused")
    assert [p.name for p in hall.room.participants] == ["Ada"]


def test_nobody_takes_the_name_of_staff(hall: Any) -> None:
    hall.enter("Irina", role=Role.CONSULTANT)
    assert hall.enter("Guest", wish="Irina", role=Role.GUEST).closed[1] == "name_refused"
    assert hall.enter("Guest", wish="lrina", role=Role.GUEST).closed[1] == "name_refused"


def test_staff_goes_by_its_own_name(hall: Any) -> None:
    assert hall.enter("Irina", wish="Boss", role=Role.OPERATOR).visitor.you.name == "Irina"


def test_a_name_is_written_in_nfc(hall: Any) -> None:
    client = hall.enter("Guest", wish="  Rene\u0301   Dupont ", role=Role.GUEST)
    assert client.visitor.you.name == "Ren\u00e9 Dupont"


def test_a_changed_name_is_made_distinct(hall: Any) -> None:
    hall.enter("Ada")
    bob = hall.enter("Bob")
    hall.room.change(bob.grant.participant, name="\u0410d\u0430")
    hall.room.change("nobody", name="Eve")
    hall.settle()
    assert bob.visitor.you.name == "\u0410d\u0430 2"


# --- bad input ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        '{"type":"dance"}',
        '{"type":"chat","seq":1}',
        '{"type":"chat","seq":"1","text":"a"}',
        '{"type":"chat","seq":1,"text":"a","participant":"participant-1"}',
        '{"type":"chat","seq":3,"text":"a gap"}',
        '{"type":"join"}',
        '{"type":"welcome"}',
        '{"type":"ping","client_ms":1,"ack":1.5}',
        "\ud800",
    ],
)
def test_text_that_is_no_message_closes_its_own_connection_only(hall: Any, text: str) -> None:
    ada, bob = hall.enter("Ada"), hall.enter("Bob")
    bob.send(text)
    ada.visitor.say("still here")
    hall.settle()
    assert bob.closed[0] == m.CloseCode.PROTOCOL
    assert [fault.code for fault in bob.faults] == [bob.closed[1]]
    assert ada.closed is None
    assert ada.events[-1].text == "still here"


@pytest.mark.parametrize("message", [b"", b"\x10" * 37, b"\x10" * 39, b"\x01" + bytes(37)])
def test_a_wrong_binary_message_closes_its_own_connection_only(hall: Any, message: bytes) -> None:
    ada, bob = hall.enter("Ada"), hall.enter("Bob")
    bob.send(message)
    ada.stand(ada.position)
    hall.settle()
    hall.tick()
    assert bob.closed[0] == m.CloseCode.PROTOCOL
    assert bob.closed[1] in {"frame_length", "frame_type"}
    assert ada.frames[-1].slots.tolist() == [0, 1]  # Bob may come back: the body stays for now
    bob.connect()
    hall.settle()
    assert bob.visitor.is_joined


@pytest.mark.parametrize("message", ['{"type":"ping","client_ms":0,"ack":0}', b"\x10" + bytes(37)])
def test_the_first_message_is_join_or_resume(hall: Any, message: str | bytes) -> None:
    client = hall.client("Ada").connect()
    client.visitor.drain()
    client.send(message)
    hall.settle()
    assert client.closed == (m.CloseCode.PROTOCOL, "join_first")


def test_a_message_too_long_is_refused(hall: Any) -> None:
    ada = hall.enter("Ada")
    ada.send('{"type":"chat","seq":1,"text":"' + "я" * 2100 + '"}')
    hall.settle()
    assert ada.closed == (m.CloseCode.TOO_BIG, "message_too_long")


def test_an_unknown_anchor_is_refused(walled: Any) -> None:
    assert walled.enter("Ada", anchor="Nowhere").closed == (
        m.CloseCode.REFUSED, "anchor_unknown",
    )  # fmt: skip
    assert walled.enter("Ada", anchor="Staff").closed == (
        m.CloseCode.REFUSED, "anchor_unknown",
    )  # fmt: skip


def test_a_flood_is_closed(make_hall: Callable[..., Any]) -> None:
    hall = make_hall(limits=RoomLimits(message_hz=10))
    ada, bob = hall.enter("Ada"), hall.enter("Bob")
    for _ in range(60):
        ada.send('{"type":"ping","client_ms":0,"ack":0}')
    hall.settle()
    assert ada.closed == (m.CloseCode.FLOOD, "rate_limited")
    assert bob.closed is None


def test_whoever_is_silent_is_closed_but_may_resume(hall: Any) -> None:
    ada = hall.enter("Ada")
    hall.is_beating = False
    for _ in range(230):
        hall.tick()
    assert ada.closed == (m.CloseCode.SILENT, "silent")
    ada.connect()
    hall.settle()
    assert ada.visitor.is_joined
    assert kinds(ada.events) == ["Disconnected", "Reconnected"]


def test_whoever_does_not_join_is_closed(hall: Any) -> None:
    client = hall.client("Ada").connect()
    client.visitor.drain()
    hall.tick(11)
    assert client.closed == (m.CloseCode.SILENT, "silent")


def test_heartbeats_keep_a_quiet_client(hall: Any) -> None:
    ada = hall.enter("Ada")
    hall.run(25)
    assert ada.closed is None
    assert ada.visitor.server_clock.is_set


@pytest.mark.parametrize(
    "text",
    [
        '{"x":' + "[" * 2000 + "]" * 2000 + ',"type":"join"}',
        '{"type":"join","x":' + "[" * 2000 + "]" * 2000 + "}",
        "[" * 4000,
    ],
)
def test_brackets_without_end_are_no_message(hall: Any, text: str) -> None:
    ada, eve = hall.enter("Ada"), hall.enter("Eve")
    eve.send(text)
    hall.settle()
    assert eve.closed == (m.CloseCode.PROTOCOL, "message_malformed")
    ada.visitor.say("still here")
    hall.settle()
    assert [event.text for event in ada.events if isinstance(event, Chat)] == ["still here"]


def test_a_session_that_ended_cannot_join_with_a_handshake_from_before(hall: Any) -> None:
    eve = hall.client("Eve").connect()  # the handshake; the join waits in `visitor.drain()`
    hall.room.expel("participant-1")
    hall.settle()
    assert eve.closed == (m.CloseCode.SESSION_ENDED, "session_ended")
    assert hall.room.participants == ()


def test_who_signs_in_between_handshake_and_join_comes_in_as_that(hall: Any) -> None:
    ada = hall.client("Guest", role=Role.GUEST, scopes=("look", "walk")).connect()
    hall.room.change("participant-1", name="Ada", role=Role.VISITOR, scopes=iter(("look", "chat")))
    hall.settle()
    assert (ada.visitor.you.name, ada.visitor.you.role) == ("Ada", Role.VISITOR)
    ada.visitor.say("hello")
    hall.settle()
    assert [event.text for event in ada.events if isinstance(event, Chat)] == ["hello"]


def test_one_connection_of_each_may_wait_to_join(hall: Any) -> None:
    ada = hall.enter("Ada")
    eves = [hall.client("Eve", participant="eve").connect() for _ in range(5)]
    hall.route()
    assert [eve.closed for eve in eves[:-1]] == [(m.CloseCode.REPLACED, "replaced")] * 4
    hall.settle()
    assert eves[-1].visitor.is_joined
    assert ada.closed is None
