"""What a stage is told: kept, dropped, and bounded."""

import asyncio
import json

import msgspec
import pytest

from branchxr.stages import messages as m
from branchxr.stages.link import FRAMES_MAX, KEPT_MAX, WAITING_MAX, StageLink, StageOverflow

FIRST = m.AskOver("first")


def a_link() -> StageLink[str]:
    return StageLink(lambda message: msgspec.json.encode(message).decode())


def notice(title: str) -> m.Notice:
    return m.Notice("info", title, "")


async def take(link: StageLink[str], count: int) -> list[str | bytes]:
    outgoing = link.outgoing(FIRST)
    return [await anext(outgoing) for _ in range(count)]


async def test_a_page_that_comes_back_is_told_what_holds_and_nothing_else() -> None:
    link = a_link()
    link.say(notice("lost: nobody listened"))
    link.say(m.BranchLink(is_connected=True), key="branch")
    link.say(m.BranchLink(is_connected=False), key="branch")
    link.say(m.Busy("sign_in"), key="busy")
    link.forget("busy")
    link.add_state(lambda: [m.Gone("somebody")])
    first, branch, gone = await take(link, 3)
    assert [json.loads(text)["op"] for text in (first, branch, gone)] == [
        "ask_over", "branch_link", "left",
    ]  # fmt: skip
    assert json.loads(branch)["is_connected"] is False


async def test_text_goes_before_frames_and_old_frames_go_first() -> None:
    link = a_link()
    outgoing = link.outgoing(FIRST)
    await anext(outgoing)
    for number in range(FRAMES_MAX + 5):
        link.frame(bytes([number]))
    link.say(notice("said last"))
    assert json.loads(await anext(outgoing))["title"] == "said last"
    frames = [await anext(outgoing) for _ in range(FRAMES_MAX)]
    assert frames == [bytes([number]) for number in range(5, FRAMES_MAX + 5)]


async def test_frames_for_nobody_are_dropped() -> None:
    link = a_link()
    link.frame(b"nobody listens")
    outgoing = link.outgoing(FIRST)
    await anext(outgoing)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(anext(outgoing), 0)


async def test_a_page_that_takes_nothing_is_closed_at_the_limit() -> None:
    link = a_link()
    outgoing = link.outgoing(FIRST)
    await anext(outgoing)
    for number in range(WAITING_MAX + 1):
        link.say(notice(str(number)))
    with pytest.raises(StageOverflow):
        await anext(outgoing)
    assert len(await take(link, 1)) == 1  # a fresh socket begins anew


def test_no_more_is_kept_than_the_limit() -> None:
    link = a_link()
    for number in range(KEPT_MAX):
        link.say(notice(str(number)), key=str(number))
    link.say(notice("again"), key="0")  # replaces: no new key
    with pytest.raises(StageOverflow):
        link.say(notice("one more"), key="one more")


async def test_a_second_reader_ends_the_first() -> None:
    link = a_link()
    first = link.outgoing(FIRST)
    await anext(first)
    waiting = asyncio.ensure_future(anext(first))
    second = link.outgoing(FIRST)
    await anext(second)
    with pytest.raises(StopAsyncIteration):
        await waiting
