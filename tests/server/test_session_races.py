"""Sessions when two requests come at once, and when one comes without end."""

import asyncio
import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy.exc import OperationalError

from branchxr.server.policy import Policy
from branchxr.server.sessions import MAX_TOKENS

SESSION = ("GET", "/v1/session")


async def test_places_are_counted_whoever_comes_at_once(world: Any, tmp_path: Path) -> None:
    branch = await world.open(data=tmp_path, policy=Policy(guests_per_address=4))
    callers = [await world.caller(branch) for _ in range(16)]
    answers = await asyncio.gather(*(c.send("POST", "/v1/guests", {}) for c in callers))
    assert sorted(answer.status_code for answer in answers) == [201] * 4 + [429] * 12
    assert len(branch.sessions.live()) == 4


async def test_one_key_at_once_has_one_session(world: Any, tmp_path: Path) -> None:
    branch = await world.open(data=tmp_path)
    caller = await world.caller(branch)
    answers = await asyncio.gather(*(caller.send("POST", "/v1/guests", {}) for _ in range(8)))
    assert {answer.status_code for answer in answers} == {201}
    assert len(branch.sessions.live()) == 1


async def test_a_refresh_beside_a_sign_in_makes_nobody_a_guest_again(
    world: Any, tmp_path: Path, new_passkey: Any
) -> None:
    branch = await world.open(data=tmp_path)
    passkey = new_passkey()
    await world.customer(branch, passkey)
    guest = await (await world.caller(branch)).enter()
    begun = await guest.ask("POST", "/v1/sign-ins", {})
    answer = {"credential": passkey.sign(begun["options"])}
    refresh = {"refresh_token": guest.tokens["refresh_token"]}
    proof = guest.proof("POST", "/v1/tokens", access_token=None)
    write = branch._store.write

    async def write_then_refresh(change: Any) -> Any:
        if change.__qualname__.startswith("SignIn.end."):
            branch._store.write = write
            signing_in = asyncio.create_task(write(change))
            renewed = asyncio.create_task(
                guest.send("POST", "/v1/tokens", refresh, DPoP=proof, Authorization="")
            )
            refreshed.append(await renewed)
            return await signing_in
        return await write(change)

    refreshed: list[Any] = []
    branch._store.write = write_then_refresh
    guest.take(await guest.ask("POST", f"/v1/sign-ins/{begun['id']}", answer))
    assert refreshed[0].json()["code"] == "refresh_invalid"
    assert (await guest.ask(*SESSION))["role"] == "visitor"


async def test_two_ceremonies_at_once_sign_in_once(
    world: Any, tmp_path: Path, new_passkey: Any
) -> None:
    branch = await world.open(data=tmp_path)
    passkey = new_passkey()
    await world.customer(branch, passkey)
    guest = await (await world.caller(branch)).enter()
    register = await guest.ask("POST", "/v1/registrations", {"name": "Eve"})
    sign_in = await guest.ask("POST", "/v1/sign-ins", {})
    other = {"credential": new_passkey().register(register["options"])}
    mine = {"credential": passkey.sign(sign_in["options"])}
    answers = await asyncio.gather(
        guest.send("POST", f"/v1/registrations/{register['id']}", other),
        guest.send("POST", f"/v1/sign-ins/{sign_in['id']}", mine),
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    refused = next(answer for answer in answers if answer.status_code == 409)
    assert refused.json()["code"] == "already_signed_in"


async def test_a_refresh_that_could_not_be_written_may_be_repeated(
    guest: Any, branch: Any, caplog: Any
) -> None:
    write = branch._store.write

    async def full(_change: Any) -> Any:
        branch._store.write = write
        raise OperationalError("", {}, sqlite3.OperationalError("database or disk is full"))

    branch._store.write = full
    guest.access_token = ""
    refresh = {"refresh_token": guest.tokens["refresh_token"]}
    assert await guest.refused("POST", "/v1/tokens", refresh) == "internal"
    guest.take(await guest.ask("POST", "/v1/tokens", refresh))
    assert (await guest.ask(*SESSION))["role"] == "guest"
    assert "OperationalError" in caplog.text


async def test_refreshing_without_end(guest: Any, branch: Any, clock: Any) -> None:
    async def refresh() -> Any:
        guest.access_token = ""
        body = {"refresh_token": guest.tokens["refresh_token"]}
        return await guest.send("POST", "/v1/tokens", body)

    while (answer := await refresh()).status_code == 200:
        guest.take(answer.json())
    assert (answer.status_code, answer.json()["code"]) == (429, "rate_limited")
    assert len(branch.sessions._tokens) <= MAX_TOKENS
    clock.now += int(answer.headers["retry-after"])
    assert len(branch.sessions.live()) == 1
    clock.now += 300  # a guest's refresh tokens end after 15 minutes
    assert (await refresh()).json()["code"] == "refresh_invalid"
