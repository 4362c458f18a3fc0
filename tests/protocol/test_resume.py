"""Reliable messages over connections that break: exactly once, in order, or one Discontinuity."""

import random
from collections import deque
from collections.abc import Callable
from typing import Any

import pytest

from branchxr.errors import InputRefused, ProtocolError, RateLimited
from branchxr.events import Chat, Discontinuity, Entered, Left, Reconnected
from branchxr.protocol import messages as m
from branchxr.protocol.messages import parse_from_branch
from branchxr.protocol.reliable import ReceivedCount, SentRing
from branchxr.protocol.session import RoomLimits


def texts(client: Any) -> list[str]:
    return [event.text for event in client.events if isinstance(event, Chat)]


def kinds(client: Any) -> list[str]:
    return [type(event).__name__ for event in client.events]


def generous(**more: Any) -> RoomLimits:
    return RoomLimits(chat_hz=10_000, message_hz=10_000, **more)


def test_what_was_said_meanwhile_comes_after_a_break(hall: Any) -> None:
    ada, bob = hall.enter("Ada"), hall.enter("Bob")
    bob.cut()
    ada.visitor.say("one")
    eve = hall.enter("Eve")
    ada.visitor.say("two")
    hall.settle()
    bob.connect()
    hall.settle()
    ada.visitor.say("three")
    hall.settle()
    assert texts(bob) == ["one", "two", "three"]
    assert kinds(bob) == ["Disconnected", "Reconnected", "Chat", "Entered", "Chat", "Chat"]
    assert bob.slot == 1
    assert eve.grant.participant in bob.visitor.participants


def test_what_was_said_while_away_is_sent_after_it(hall: Any) -> None:
    ada, bob = hall.enter("Ada"), hall.enter("Bob")
    bob.cut()
    for text in ("one", "two"):
        bob.visitor.say(text)
    bob.connect()
    hall.settle()
    assert texts(ada) == texts(bob) == ["one", "two"]


def test_what_was_on_its_way_up_is_not_said_twice(hall: Any) -> None:
    ada, bob = hall.enter("Ada"), hall.enter("Bob")
    bob.visitor.say("heard")
    bob.up.extend(bob.visitor.drain())
    bob.take_one_up()  # the room hears it, Bob never sees the echo
    bob.visitor.say("lost")
    bob.up.extend(bob.visitor.drain())
    hall.route()
    bob.cut()
    bob.connect()
    hall.settle()
    assert texts(ada) == texts(bob) == ["heard", "lost"]


def test_a_new_wire_may_come_before_the_old_one_is_missed(hall: Any) -> None:
    ada, bob = hall.enter("Ada"), hall.enter("Bob")
    old = bob.connection
    bob.events += bob.visitor.lost("cut")
    bob.connect()
    ada.visitor.say("hello")
    hall.settle()
    assert texts(bob) == ["hello"]
    hall.room.disconnect(old, hall.now)  # only now does the branch notice
    ada.visitor.say("still there")
    hall.settle()
    assert texts(bob) == ["hello", "still there"]
    assert bob.closed is None


def test_after_120_seconds_there_is_one_discontinuity(hall: Any) -> None:
    ada, bob, cid = hall.enter("Ada"), hall.enter("Bob"), hall.enter("Cid")
    bob.cut()
    hall.run(119)
    assert not any(isinstance(event, Left) for event in ada.events)
    cid.visitor.leave()
    hall.settle()
    hall.run(2)
    assert [e.participant.name for e in ada.events if isinstance(e, Left)] == ["Cid", "Bob"]
    ada.visitor.say("missed")
    hall.enter("Eve")
    bob.connect()
    hall.settle()
    assert kinds(bob)[1:] == ["Disconnected", "Discontinuity", "Left", "Entered", "Changed"]
    assert (bob.slot, bob.visitor.you.generation) != (1, 1)
    ada.visitor.say("new")
    hall.settle()
    assert texts(bob) == ["new"]


def test_resuming_in_time_is_no_discontinuity(hall: Any) -> None:
    bob = hall.enter("Bob")
    bob.cut()
    hall.run(119.9)
    bob.connect()
    hall.settle()
    assert kinds(bob) == ["Disconnected", "Reconnected"]


def test_a_ring_that_overflowed_is_a_discontinuity_and_the_body_stays(
    make_hall: Callable[..., Any],
) -> None:
    hall = make_hall(limits=generous(ring_messages=10))
    ada, bob = hall.enter("Ada"), hall.enter("Bob")
    ada.visitor.say("seen")
    hall.settle()
    bob.cut()
    for number in range(11):
        ada.visitor.say(str(number))
        hall.settle()
        hall.tick()
    bob.connect()
    hall.settle()
    assert bob.events[-1] == Discontinuity()
    assert texts(bob) == ["seen"]
    assert bob.slot == 1
    ada.visitor.say("after")
    hall.settle()
    assert texts(bob) == ["seen", "after"]


def test_what_waits_is_not_said_after_a_discontinuity(make_hall: Callable[..., Any]) -> None:
    """Whether the branch heard it before is not known: silence is honest, twice is not."""
    hall = make_hall(limits=generous(resume_s=5))
    ada, bob = hall.enter("Ada"), hall.enter("Bob")
    bob.visitor.say("maybe")
    bob.up.extend(bob.visitor.drain())
    bob.take_one_up()
    hall.route()
    bob.cut()
    hall.run(6)
    bob.connect()
    hall.settle()
    assert texts(ada) == ["maybe"]
    assert texts(bob) == []
    assert Discontinuity() in bob.events


@pytest.mark.parametrize("token", ["", "guessed", "token-1"])
def test_a_foreign_token_resumes_nothing(hall: Any, token: str) -> None:
    """`token-1` is Ada's: with Bob's connection it opens nothing of hers."""
    ada = hall.enter("Ada")
    bob = hall.client("Bob").connect()
    bob.visitor.drain()
    bob.send(m.encode(m.Resume(token, 0)))
    hall.settle()
    assert ada.closed is None
    assert bob.visitor.you.id == bob.grant.participant
    assert bob.slot == 1


@pytest.mark.parametrize("last_seq", [-1, 99])
def test_an_impossible_sequence_number_resumes_nothing(hall: Any, last_seq: int) -> None:
    hall.enter("Ada")
    bob = hall.enter("Bob")
    token = bob.visitor._token
    bob.cut()
    again = hall.client("Bob", participant=bob.grant.participant).connect()
    again.visitor.drain()
    again.send(m.encode(m.Resume(token, last_seq)))
    hall.settle()
    assert again.visitor.you.slot == 1  # welcomed anew, in the same body
    assert again.visitor._token != token


def test_acknowledged_messages_are_forgotten(hall: Any) -> None:
    ada, bob = hall.enter("Ada"), hall.enter("Bob")
    for _ in range(4):
        ada.visitor.say("x")
    hall.settle()
    session = hall.room._sessions[bob.grant.participant]
    assert len(session.sent) == 4
    hall.run(6)
    assert len(session.sent) == 0
    assert len(ada.visitor._sent) == 0


def test_the_clients_outbox_is_bounded(hall: Any) -> None:
    ada = hall.enter("Ada")
    ada.cut()
    for number in range(64):
        ada.visitor.say(str(number))
    with pytest.raises(RateLimited) as caught:
        ada.visitor.emote("wave")
    assert caught.value.code == "outbox_full"


def test_half_a_surrogate_pair_is_refused_here_and_spends_no_number(hall: Any) -> None:
    ada = hall.enter("Ada")
    with pytest.raises(InputRefused) as caught:
        ada.visitor.say("\ud83d")
    assert caught.value.code == "text_malformed"
    ada.visitor.say("fine")
    hall.settle()
    assert texts(ada) == ["fine"]


def test_a_gap_from_the_branch_is_a_protocol_error(hall: Any) -> None:
    ada = hall.enter("Ada")
    with pytest.raises(ProtocolError) as caught:
        ada.visitor.receive_text(m.encode(m.Chat(5, "participant-1", "x")), hall.now)
    assert caught.value.code == "seq_gap"


def happen(hall: Any, client: Any, rng: random.Random, said: deque[str], text: str) -> None:
    """Let one random thing happen to a client."""
    action = rng.random()
    if action < 0.25 and not client.visitor._sent.is_full:
        text = f"{client.grant.participant} {text}"
        client.visitor.say(text)
        said.append(text)
    elif 0.25 <= action < 0.30 and client.connection is not None:
        client.cut()
    elif 0.30 <= action < 0.40 and client.connection is None:
        client.connect()
    elif 0.40 <= action < 0.45:
        hall.now += rng.uniform(0, 0.3)
        client.visitor.heartbeat(hall.now)
    elif 0.45 <= action < 0.50:
        hall.now += 0.05
        hall.room.tick(hall.now, lambda _number: 0)


@pytest.mark.simulation
@pytest.mark.parametrize("seed", range(40))
def test_cuts_at_any_moment_lose_and_repeat_nothing(
    make_hall: Callable[..., Any], seed: int
) -> None:
    """Random talk, random delivery, random cuts; repeat one with -k 'nothing and [SEED]'."""
    rng = random.Random(seed)
    hall = make_hall(limits=generous())
    clients = [hall.enter(name) for name in ("Ada", "Bob", "Cid")]
    said: dict[str, deque[str]] = {c.grant.participant: deque() for c in clients}
    for step in range(400):
        client = rng.choice(clients)
        happen(hall, client, rng, said[client.grant.participant], f"{step}")
        hall.route()
        client.up.extend(client.visitor.drain())
        for _ in range(min(rng.randrange(4), len(client.up))):
            client.take_one_up()
        for _ in range(min(rng.randrange(4), len(client.down))):
            client.take_one_down()
    for client in clients:
        if client.connection is None:
            client.connect()
    hall.settle()
    for client in clients:
        assert Discontinuity() not in client.events
        heard = texts(client)
        assert heard == texts(clients[0])
        for speaker, spoken in said.items():
            assert [text for text in heard if text.startswith(speaker + " ")] == list(spoken)
    assert sum(isinstance(e, Reconnected) for c in clients for e in c.events) > 0


# --- the two halves -----------------------------------------------------------------------------


def test_the_ring_is_bounded_by_count_and_by_bytes() -> None:
    ring = SentRing(max_messages=3, max_bytes=10)
    for _ in range(5):
        ring.append(str)
    assert ring.is_full
    assert ring.since(2) == ["3", "4", "5"]
    assert ring.since(1) is None
    ring.append(lambda _seq: "x" * 9)
    assert ring.since(4) == ["5", "x" * 9]
    assert ring.since(6) == []
    assert ring.since(7) is None
    ring.acknowledge(99)
    assert len(ring) == 2
    ring.acknowledge(5)
    assert ring.since(5) == ["x" * 9]
    assert ring.since(4) is None


def test_numbers_are_taken_once_and_in_order() -> None:
    count = ReceivedCount()
    assert [count.take(seq) for seq in (1, 2, 2, 1, 3)] == [True, True, False, False, True]
    with pytest.raises(ProtocolError):
        count.take(5)


def test_types_and_fields_of_the_future_are_passed_over() -> None:
    assert parse_from_branch('{"type":"hologram","seq":4}') is None
    assert parse_from_branch('{"type":"phase","lead_ms":1,"jitter_ms":2,"mood":3}') == m.Phase(1, 2)
    with pytest.raises(ProtocolError):
        parse_from_branch('{"type":"phase","lead_ms":"soon"}')
    with pytest.raises(ProtocolError):
        parse_from_branch("[]")


def test_who_enters_after_a_break_is_entered_once(hall: Any) -> None:
    ada = hall.enter("Ada")
    ada.cut()
    hall.enter("Bob")
    ada.connect()
    hall.settle()
    assert [e.participant.name for e in ada.events if isinstance(e, Entered)] == ["Bob"]


def test_a_branch_that_nests_without_end_is_malformed(hall: Any) -> None:
    deep = "[" * 100_000 + "]" * 100_000
    for text in (f'{{"x":{deep},"type":"pong"}}', f'{{"type":"pong","x":{deep}}}'):
        with pytest.raises(ProtocolError) as caught:
            hall.client("Ada").visitor.receive_text(text, 1.0)
        assert caught.value.code == "message_malformed"


@pytest.mark.parametrize("server_ms", [-1.0, 1e30])
def test_a_branch_with_an_impossible_clock_is_malformed(hall: Any, server_ms: float) -> None:
    ada = hall.enter("Ada")
    with pytest.raises(ProtocolError) as caught:
        ada.visitor.receive_text(m.encode(m.Pong(hall.now * 1000, server_ms, 0)), hall.now)
    assert caught.value.code == "message_malformed"
    assert hall.now < ada.visitor.next_sample_at(hall.now) < hall.now + 0.1


def test_cells_that_no_frame_can_name_are_passed_over(hall: Any) -> None:
    ada = hall.enter("Ada")
    ada.visitor.receive_text(m.encode(m.Subscribed([0, 2**40, -3])), hall.now)
    assert ada.visitor.cells == {0}
