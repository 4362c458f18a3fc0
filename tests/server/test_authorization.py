"""Proofs, tokens and scopes, as a request meets them."""

from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import ECKey

from branchxr.errors import Unauthenticated
from branchxr.models import Role
from branchxr.operations import HOST_SECRET_HEADER, OPERATIONS, PAGE_ADDRESS_HEADER
from branchxr.protocol.messages import Join, encode
from branchxr.protocol.proof import make_proof
from branchxr.server.policy import Policy

SESSION = ("GET", "/v1/session")


async def test_nobody_gets_in_without_a_proof(world: Any, branch: Any) -> None:
    caller = await world.caller(branch)
    assert await caller.refused("POST", "/v1/guests", {}, DPoP="") == "dpop_missing"
    assert await caller.refused("POST", "/v1/guests", {}, DPoP="nonsense") == "dpop_invalid"
    assert await caller.refused(*SESSION) == "token_missing"


async def test_a_token_alone_is_worth_nothing(guest: Any) -> None:
    assert await guest.refused(*SESSION, DPoP="") == "dpop_missing"
    as_bearer = f"Bearer {guest.access_token}"
    assert await guest.refused(*SESSION, Authorization=as_bearer) == "token_missing"
    assert await guest.refused(*SESSION, Authorization="DPoP ") == "token_missing"
    thief = ECKey.generate_key("P-256")
    stolen = guest.proof(*SESSION, key=thief)
    assert await guest.refused(*SESSION, DPoP=stolen) == "dpop_invalid"


@pytest.mark.parametrize(
    ("method", "path", "changes"),
    [
        ("POST", "/v1/session", {}),
        ("GET", "/v1/accounts", {}),
        ("GET", "/v1/session", {"access_token": "another"}),
        ("GET", "/v1/session", {"access_token": None}),
        ("GET", "/v1/session", {"now": 1_799_999_939}),
        ("GET", "/v1/session", {"now": 1_800_000_061}),
    ],
)
async def test_a_proof_of_another_request(
    guest: Any, method: str, path: str, changes: dict[str, Any]
) -> None:
    assert (
        await guest.refused(*SESSION, DPoP=guest.proof(method, path, **changes)) == "dpop_invalid"
    )


async def test_a_proof_is_good_once(guest: Any) -> None:
    proof = guest.proof(*SESSION)
    assert (await guest.ask(*SESSION, DPoP=proof))["role"] == "guest"
    assert await guest.refused(*SESSION, DPoP=proof) == "dpop_replayed"


async def test_a_header_that_comes_twice(guest: Any) -> None:
    headers = [
        ("DPoP", guest.proof(*SESSION)),
        ("DPoP", guest.proof(*SESSION)),
        ("Authorization", f"DPoP {guest.access_token}"),
    ]
    answer = await guest.http.get(SESSION[1], headers=headers)
    assert answer.json()["code"] == "dpop_missing"
    assert answer.headers["www-authenticate"].startswith("DPoP ")


async def test_tokens_that_are_none(guest: Any) -> None:
    refresh_as_access = guest.tokens["refresh_token"]
    for token in ("nonsense", refresh_as_access):
        guest.access_token = token
        assert await guest.refused(*SESSION) == "token_invalid"


async def test_an_access_token_expires_and_is_refreshed(guest: Any, clock: Any) -> None:
    clock.now += 600
    assert await guest.refused(*SESSION) == "token_expired"
    guest.access_token = ""
    refresh = {"refresh_token": guest.tokens["refresh_token"]}
    before = guest.tokens
    guest.take(await guest.ask("POST", "/v1/tokens", refresh))
    assert guest.tokens["participant"] == before["participant"]
    assert guest.tokens["access_token"] != before["access_token"]
    assert (await guest.ask(*SESSION))["sid"] == guest.key.thumbprint()


async def test_a_refresh_token_used_twice_ends_the_session(guest: Any, branch: Any) -> None:
    ended: list[Any] = []
    branch.sessions.on_end.append(ended.append)
    refresh = {"refresh_token": guest.tokens["refresh_token"]}
    token, guest.access_token = guest.access_token, ""
    renewed = await guest.ask("POST", "/v1/tokens", refresh)
    guest.access_token = renewed["access_token"]
    await guest.ask(*SESSION)  # so the reply has arrived
    guest.access_token = ""
    assert await guest.refused("POST", "/v1/tokens", refresh) == "refresh_reused"
    assert [session.participant for session in ended] == [renewed["participant"]]
    for worthless in (token, renewed["access_token"]):
        guest.access_token = worthless
        assert await guest.refused(*SESSION) == "token_invalid"
    guest.access_token = ""
    last = {"refresh_token": renewed["refresh_token"]}
    assert await guest.refused("POST", "/v1/tokens", last) == "refresh_invalid"


async def test_a_refresh_whose_reply_was_lost_may_be_repeated(guest: Any, branch: Any) -> None:
    refresh = {"refresh_token": guest.tokens["refresh_token"]}
    guest.access_token = ""
    lost = [await guest.ask("POST", "/v1/tokens", refresh) for _ in range(2)]
    guest.take(await guest.ask("POST", "/v1/tokens", refresh))
    assert (await guest.ask(*SESSION))["role"] == "guest"
    for reply in lost:
        guest.access_token = reply["access_token"]
        assert await guest.refused(*SESSION) == "token_invalid"
    guest.access_token = ""
    # Somebody got hold of what was lost, key and all: that ends the session, as any reuse does.
    stolen = {"refresh_token": lost[0]["refresh_token"]}
    assert await guest.refused("POST", "/v1/tokens", stolen) == "refresh_reused"
    assert not branch.sessions.live()


async def test_a_lost_reply_is_given_again_for_a_minute_only(guest: Any, clock: Any) -> None:
    refresh = {"refresh_token": guest.tokens["refresh_token"]}
    guest.access_token = ""
    await guest.ask("POST", "/v1/tokens", refresh)
    clock.now += 61
    assert await guest.refused("POST", "/v1/tokens", refresh) == "refresh_reused"


async def test_only_the_last_refresh_may_be_repeated(guest: Any) -> None:
    first = {"refresh_token": guest.tokens["refresh_token"]}
    guest.access_token = ""
    second = {"refresh_token": (await guest.ask("POST", "/v1/tokens", first))["refresh_token"]}
    await guest.ask("POST", "/v1/tokens", second)
    assert await guest.refused("POST", "/v1/tokens", first) == "refresh_reused"


async def test_a_refresh_token_is_bound_to_the_key(world: Any, branch: Any, guest: Any) -> None:
    thief = await world.caller(branch)
    refresh = {"refresh_token": guest.tokens["refresh_token"]}
    assert await thief.refused("POST", "/v1/tokens", refresh) == "refresh_invalid"
    access = {"refresh_token": guest.access_token}
    assert await thief.refused("POST", "/v1/tokens", access) == "refresh_invalid"
    assert (await guest.ask(*SESSION))["role"] == "guest"  # a stranger's try ends nothing


async def test_a_refresh_token_too_old(guest: Any, clock: Any) -> None:
    clock.now += 900
    guest.access_token = ""
    refresh = {"refresh_token": guest.tokens["refresh_token"]}
    assert await guest.refused("POST", "/v1/tokens", refresh) == "refresh_invalid"


GUARDED = [o for o in OPERATIONS if o.scope is not None and o.scope.value not in {"look", "walk"}]


@pytest.mark.parametrize("operation", GUARDED, ids=lambda o: o.name)
async def test_a_guest_may_look_and_no_more(guest: Any, operation: Any) -> None:
    path = operation.path.replace("{id}", "x").replace("{account}", "CITY-UTILITIES")
    assert await guest.refused(operation.method, path) == "scope_missing"


async def test_signing_in_changes_the_tokens_and_keeps_the_person(
    world: Any, branch: Any, ada: Any, passkey: Any
) -> None:
    changed: list[Any] = []
    branch.sessions.on_change.append(changed.append)
    caller = await (await world.caller(branch)).enter()
    before = caller.tokens
    assert before["scope"] == "look walk"
    await caller.sign_in(passkey)
    after = caller.tokens
    assert (after["participant"], after["sid"]) == (before["participant"], before["sid"])
    assert after["scope"] == "accounts chat look pay walk"
    assert after["user"] == ada.tokens["user"]
    assert [(session.name, session.role) for session in changed] == [("Ada", Role.VISITOR)]
    caller.access_token = before["access_token"]
    assert await caller.refused(*SESSION) == "token_invalid"
    caller.access_token = after["access_token"]
    assert await caller.refused("POST", "/v1/sign-ins", {}) == "already_signed_in"
    registration = {"name": "Ada"}
    assert await caller.refused("POST", "/v1/registrations", registration) == "already_signed_in"


async def test_signing_out(ada: Any, branch: Any) -> None:
    ended: list[Any] = []
    branch.sessions.on_end.append(ended.append)
    await ada.ask("DELETE", "/v1/session")
    assert len(ended) == 1
    assert await ada.refused(*SESSION) == "token_invalid"


async def test_a_ceremony_belongs_to_one_session_and_one_answer(
    world: Any, branch: Any, ada: Any, passkey: Any, clock: Any
) -> None:
    mallory = await (await world.caller(branch)).enter("Mallory")
    caller = await (await world.caller(branch)).enter()
    begun = await caller.ask("POST", "/v1/sign-ins", {})
    path = f"/v1/sign-ins/{begun['id']}"
    answer = {"credential": passkey.sign(begun["options"])}
    assert await mallory.refused("POST", path, answer) == "ceremony_unknown"
    as_registration = f"/v1/registrations/{begun['id']}"
    assert await caller.refused("POST", as_registration, answer) == "ceremony_unknown"
    caller.take(await caller.ask("POST", path, answer))
    late = await mallory.ask("POST", "/v1/sign-ins", {})
    clock.now += 300
    answer = {"credential": passkey.sign(late["options"])}
    assert await mallory.refused("POST", f"/v1/sign-ins/{late['id']}", answer) == "ceremony_expired"


async def test_signing_in_needs_the_customers_handle(
    world: Any, branch: Any, ada: Any, passkey: Any
) -> None:
    caller = await (await world.caller(branch)).enter()
    for handle in (None, "b3RoZXI"):
        begun = await caller.ask("POST", "/v1/sign-ins", {})
        answer = {"credential": passkey.sign(begun["options"], user_handle=handle)}
        path = f"/v1/sign-ins/{begun['id']}"
        assert await caller.refused("POST", path, answer) == "user_handle_mismatch"


async def test_a_passkey_is_registered_once(
    world: Any, branch: Any, ada: Any, passkey: Any
) -> None:
    caller = await (await world.caller(branch)).enter()
    begun = await caller.ask("POST", "/v1/registrations", {"name": "Ada"})
    answer = {"credential": passkey.register(begun["options"])}
    path = f"/v1/registrations/{begun['id']}"
    assert await caller.refused("POST", path, answer) == "credential_exists"
    assert await branch.ledger.transfer_count() == 1  # the account was not opened either


@pytest.mark.parametrize("name", ["", " ", "x" * 41, "Ada\u202e", "\u0410da", "Ada "])
async def test_names_that_are_refused(world: Any, branch: Any, guest: Any, name: str) -> None:
    caller = await world.caller(branch)
    assert await caller.refused("POST", "/v1/guests", {"name": name}) == "name_refused"
    assert await guest.refused("POST", "/v1/registrations", {"name": name}) == "name_refused"


async def test_places_for_guests_are_counted_by_address(world: Any, new_passkey: Any) -> None:
    branch = await world.open(policy=Policy(guests_per_address=2), host_secret="s" * 32)
    first = await (await world.caller(branch)).enter()
    await (await world.caller(branch)).enter()
    third = await world.caller(branch)
    answer = await third.send("POST", "/v1/guests", {})
    assert (answer.status_code, answer.json()["code"]) == (429, "guests_full")
    assert int(answer.headers["retry-after"]) > 0
    page = {HOST_SECRET_HEADER: "s" * 32, PAGE_ADDRESS_HEADER: "10.0.0.9"}
    for _ in range(2):
        await (await world.caller(branch, **page)).enter()
    fifth = await world.caller(branch, **page)
    assert await fifth.refused("POST", "/v1/guests", {}) == "guests_full"
    liar = await world.caller(branch, **{**page, HOST_SECRET_HEADER: "wrong"})
    assert await liar.refused("POST", "/v1/guests", {}) == "guests_full"
    for _ in range(3):  # the host's own bots
        await (await world.caller(branch, **{HOST_SECRET_HEADER: "s" * 32})).enter()
    await first.register(new_passkey())  # no guest any more: a place is free
    await third.enter()


async def test_guests_who_are_gone_leave_their_place(world: Any, clock: Any) -> None:
    branch = await world.open(policy=Policy(guests_per_address=1))
    first = await (await world.caller(branch)).enter()
    clock.now += 900
    await (await world.caller(branch)).enter()
    assert await first.refused(*SESSION) == "token_invalid"
    assert len(branch.sessions.live()) == 1


async def test_whoever_is_in_the_branch_keeps_their_session(
    world: Any, branch: Any, guest: Any, clock: Any
) -> None:
    session = next(iter(branch.sessions.live()))
    connection = branch.room.connect(branch.grant_of(session), 1.0)
    branch.room.receive_text(connection, encode(Join()), 1.0)
    clock.now += 5 * 3600
    await (await world.caller(branch)).enter()  # what has expired ends when somebody comes
    assert len(branch.room.participants) == 1
    guest.access_token = ""
    refresh = {"refresh_token": guest.tokens["refresh_token"]}
    guest.take(await guest.ask("POST", "/v1/tokens", refresh))
    assert (await guest.ask(*SESSION))["participant"] == session.participant
    branch.room.disconnect(connection, 1.0)
    branch.room.tick(1000.0, lambda _connection: 0)  # gone for good
    clock.now += 5 * 3600
    await (await world.caller(branch)).enter()
    assert await guest.refused(*SESSION) == "token_invalid"


async def test_what_was_proved_before_a_restart_is_not_taken_after_it(
    world: Any, clock: Any, tmp_path: Path
) -> None:
    branch = await world.open(data=tmp_path)
    guest = await (await world.caller(branch)).enter()
    captured = {"DPoP": guest.proof(*SESSION)}
    await guest.ask(*SESSION, **captured)
    await world.stack.aclose()
    clock.now += 2.5
    guest.http = (await world.caller(await world.open(data=tmp_path))).http
    answer = await guest.send(*SESSION, **captured)
    assert (answer.status_code, answer.json()["code"]) == (429, "rate_limited")
    assert answer.headers["retry-after"] == "3"
    assert (await guest.ask(*SESSION))["participant"] == guest.tokens["participant"]
    clock.now += 60
    assert await guest.refused(*SESSION, **captured) == "dpop_invalid"


async def test_spent_tokens_are_forgotten(guest: Any, branch: Any, clock: Any) -> None:
    for _ in range(20):
        clock.now += 800
        guest.access_token = ""
        refresh = {"refresh_token": guest.tokens["refresh_token"]}
        guest.take(await guest.ask("POST", "/v1/tokens", refresh))
    assert len(branch.sessions._tokens) <= 6


async def test_a_new_ceremony_takes_the_place_of_the_former(guest: Any, new_passkey: Any) -> None:
    former = await guest.ask("POST", "/v1/registrations", {"name": "Ada"})
    latter = await guest.ask("POST", "/v1/registrations", {"name": "Ada"})
    answer = {"credential": new_passkey().register(former["options"])}
    path = f"/v1/registrations/{former['id']}"
    assert await guest.refused("POST", path, answer) == "ceremony_unknown"
    answer = {"credential": new_passkey().register(latter["options"])}
    await guest.ask("POST", f"/v1/registrations/{latter['id']}", answer)


async def test_open_ceremonies_are_bounded(world: Any) -> None:
    branch = await world.open(policy=Policy(open_ceremonies=2))
    guests = [await (await world.caller(branch)).enter() for _ in range(3)]
    for guest in guests[:2]:
        await guest.ask("POST", "/v1/sign-ins", {})
    assert await guests[2].refused("POST", "/v1/sign-ins", {}) == "rate_limited"


async def test_half_a_surrogate_pair_is_no_fault_of_the_branch(guest: Any) -> None:
    guest.access_token = ""
    headers = {"DPoP": guest.proof("POST", "/v1/tokens"), "Content-Type": "application/json"}
    content = b'{"refresh_token": "\\ud800"}'
    answer = await guest.http.post("/v1/tokens", content=content, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")


async def test_one_session_for_a_key(guest: Any, branch: Any) -> None:
    former, guest.access_token = guest.tokens, ""
    await guest.enter()
    assert guest.tokens["participant"] != former["participant"]
    assert len(branch.sessions.live()) == 1


async def test_sessions_survive_a_restart_and_tokens_are_not_at_rest(
    world: Any, tmp_path: Any, new_passkey: Any
) -> None:
    passkey = new_passkey()
    branch = await world.open(data=tmp_path)
    ada = await world.customer(branch, passkey)
    await world.stack.aclose()
    for file in tmp_path.iterdir():
        at_rest = file.read_bytes()
        for token in (ada.tokens["access_token"], ada.tokens["refresh_token"]):
            assert token.encode() not in at_rest
    again = await world.caller(await world.open(data=tmp_path))
    again.key, again.access_token = ada.key, ada.access_token
    assert (await again.ask(*SESSION))["name"] == "Ada"
    assert await again.balance_minor() == 100_000_00


async def test_the_realtime_handshake(ada: Any, branch: Any) -> None:
    url = branch.description.realtime.url.replace("ws://", "http://")

    def headers(jti: str, address: str = url) -> dict[str, str]:
        token = ada.access_token
        proof = make_proof(ada.key, "GET", address, now=ada.clock.now, jti=jti, access_token=token)
        return {"Authorization": f"DPoP {token}", "DPoP": proof}

    grant = branch.authenticate_realtime(headers("handshake-1"), url)
    assert (grant.name, grant.role, grant.sid) == ("Ada", "visitor", ada.tokens["sid"])
    assert grant.participant == ada.tokens["participant"]
    assert "pay" in grant.scopes
    with pytest.raises(Unauthenticated) as caught:
        branch.authenticate_realtime(headers("handshake-1"), url)
    assert caught.value.code == "dpop_replayed"
    with pytest.raises(Unauthenticated) as caught:
        branch.authenticate_realtime(headers("handshake-2", branch.address), url)
    assert caught.value.code == "dpop_invalid"
