"""What every request passes: names, pages, sizes, rates, headers, and what the log says."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from starlette.types import Receive, Scope, Send

from branchxr.errors import ApiError, InputRefused
from branchxr.operations import HOST_SECRET_HEADER
from branchxr.server import gate
from branchxr.server.branch import BranchServer, ServerSettings
from branchxr.server.gate import MAX_BODY_BYTES, RateLimiter
from branchxr.server.origins import Origins, check_origin
from branchxr.server.policy import Policy

DESCRIBE = "/.well-known/branchxr"


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost:8710", 200),
        ("LOCALHOST:8710", 200),
        ("127.0.0.1:8710", 200),
        ("[::1]:8710", 200),
        ("localhost", 421),
        ("localhost:8711", 421),
        ("evil.test:8710", 421),
        ("localhost:8710.evil.test", 421),
        ("evil.test", 421),
    ],
)
async def test_only_its_own_names(world: Any, branch: Any, host: str, status: int) -> None:
    caller = await world.caller(branch)
    answer = await caller.http.get(DESCRIBE, headers={"host": host})
    assert answer.status_code == status
    assert status == 200 or answer.json()["code"] == "host_refused"


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("http://localhost:8710", 200),
        ("http://localhost:8720", 200),
        ("http://pages.localhost:9000", 200),
        ("http://localhost:9000", 403),
        ("http://evil.localhost:8710", 403),
        ("https://localhost:8710", 403),
        ("http://127.0.0.1:8710", 403),
        ("null", 403),
        ("", 403),
    ],
)
async def test_only_allowed_pages(world: Any, origin: str, status: int) -> None:
    branch = await world.open(origins=("http://pages.localhost:9000",))
    caller = await world.caller(branch)
    answer = await caller.http.get(DESCRIBE, headers={"origin": origin})
    assert answer.status_code == status
    assert status == 200 or answer.json()["code"] == "origin_refused"
    assert "access-control-allow-origin" not in answer.headers


async def test_two_hosts_or_two_origins(world: Any, branch: Any) -> None:
    caller = await world.caller(branch)
    good = "http://localhost:8710"
    twice = [("origin", good), ("origin", good)]
    assert (await caller.http.get(DESCRIBE, headers=twice)).json()["code"] == "origin_refused"
    hosts = [("host", "localhost:8710"), ("host", "evil.test")]
    assert (await caller.http.get(DESCRIBE, headers=hosts)).json()["code"] == "host_refused"


async def stream(size_bytes: int) -> AsyncIterator[bytes]:
    for _ in range(size_bytes // 1024):
        yield b" " * 1024


async def test_bodies_are_limited_whatever_they_claim(guest: Any) -> None:
    large = {"name": "x" * MAX_BODY_BYTES}
    assert await guest.refused("POST", "/v1/registrations", large) == "body_too_large"
    headers = {
        "Authorization": f"DPoP {guest.access_token}",
        "content-type": "application/json",
        "DPoP": guest.proof("POST", "/v1/registrations"),
    }
    sent = await guest.http.post(
        "/v1/registrations", content=stream(MAX_BODY_BYTES + 4096), headers=headers
    )
    assert (sent.status_code, sent.json()["code"]) == (413, "body_too_large")
    headers["content-length"] = "-5"
    assert (await guest.http.post("/v1/guests", headers=headers)).json()["code"] == "bad_request"
    long = {"x-long": "x" * 20_000}
    assert (await guest.http.get(DESCRIBE, headers=long)).json()["code"] == "bad_request"


async def test_a_body_that_never_ends(guest: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(gate, "MAX_BODY_S", 0.01)

    async def slow() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.Event().wait()

    headers = {"DPoP": guest.proof("POST", "/v1/guests"), "content-type": "application/json"}
    answer = await guest.http.post("/v1/guests", content=slow(), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")


async def test_who_goes_away_in_the_middle_is_no_fault(branch: Any, caplog: Any) -> None:
    messages = iter([{"type": "http.request", "body": b"{", "more_body": True}])
    sent: list[Any] = []

    async def receive() -> Any:
        return next(messages, {"type": "http.disconnect"})

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http", "method": "POST", "path": "/v1/guests", "query_string": b"",
        "headers": [(b"host", b"localhost:8710")],
    }  # fmt: skip
    await branch.app(scope, receive, send)
    assert (sent, caplog.text) == ([], "")


async def test_a_slow_body_does_not_outlive_its_session(guest: Any) -> None:
    path = "/v1/registrations"
    headers = {
        "Authorization": f"DPoP {guest.access_token}",
        "content-type": "application/json",
        "DPoP": guest.proof("POST", path),
    }

    async def sign_out_meanwhile() -> AsyncIterator[bytes]:
        yield b'{"name": '
        await guest.ask("DELETE", "/v1/session")
        yield b'"Ada"}'

    answer = await guest.http.post(path, content=sign_out_meanwhile(), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "token_invalid")


BODIES = [
    b"{", b"[]", b"null", b'"x"', b'{"name": "a", "name": "b"}', b'{"name": 5}', b'{"name": NaN}',
    b'{"nom": "a"}', b"\xff\xfe", b"[" * 5000, b'{"name": 1' + b"0" * 400 + b"}", b"",
]  # fmt: skip


@pytest.mark.parametrize("body", BODIES, ids=lambda body: repr(body[:20]))
async def test_bodies_that_are_not_what_is_asked(guest: Any, body: bytes) -> None:
    headers = {
        "Authorization": f"DPoP {guest.access_token}",
        "content-type": "application/json",
        "DPoP": guest.proof("POST", "/v1/registrations"),
    }
    answer = await guest.http.post("/v1/registrations", content=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")


async def test_a_body_of_another_type(guest: Any) -> None:
    """A form or text/plain is what a foreign page could send without asking."""
    code = await guest.refused(
        "POST", "/v1/registrations", {"name": "Ada"}, **{"content-type": "text/plain"}
    )
    assert code == "bad_request"


async def test_addresses_and_methods_that_are_not(guest: Any) -> None:
    assert await guest.refused("GET", "/v2/session") == "not_found"
    assert await guest.refused("GET", "/v1/session/") == "not_found"
    for method in ("PUT", "PATCH", "OPTIONS", "TRACE"):
        answer = await guest.send(method, "/v1/session")
        assert (answer.status_code, answer.headers["allow"]) == (405, "DELETE, GET")
        assert answer.json()["code"] == "method_refused"


async def test_every_answer_has_its_headers(guest: Any) -> None:
    for path in (DESCRIBE, "/v1/session", "/nothing"):
        headers = (await guest.send("GET", path)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["content-security-policy"].startswith("default-src 'none'")
        assert len(headers["x-request-id"]) == 16
        assert headers["cache-control"] == "no-store"
        assert "set-cookie" not in headers


async def test_a_page_app_lies_below_and_keeps_its_own_headers(world: Any) -> None:
    async def page(scope: Scope, receive: Receive, send: Send) -> None:
        policy = (b"content-security-policy", b"default-src 'self'")
        await send({"type": "http.response.start", "status": 200, "headers": [policy]})
        await send({"type": "http.response.body", "body": scope["path"].encode()})

    made = BranchServer.open(ServerSettings(), clock=world.clock, page_app=page)
    branch = await world.stack.enter_async_context(made)
    caller = await world.caller(branch)
    answer = await caller.http.get("/anything")
    assert answer.text == "/anything"
    assert answer.headers["content-security-policy"] == "default-src 'self'"
    assert (await caller.http.get(DESCRIBE)).json()["development"] is True


async def test_rates_by_session(world: Any, clock: Any) -> None:
    branch = await world.open(policy=Policy(requests_per_s=1, requests_burst=3))
    guest = await (await world.caller(branch)).enter()
    other = await (await world.caller(branch)).enter()
    for _ in range(3):
        await guest.ask("GET", "/v1/session")
    answer = await guest.send("GET", "/v1/session")
    assert (answer.status_code, answer.json()["code"]) == (429, "rate_limited")
    assert answer.headers["retry-after"] == "1"
    assert answer.json()["retryable"] is True
    await other.ask("GET", "/v1/session")
    clock.now += 1
    await guest.ask("GET", "/v1/session")


async def test_rates_by_address_and_the_hosts_own(world: Any) -> None:
    policy = Policy(address_requests_per_s=1, address_requests_burst=2)
    branch = await world.open(policy=policy, host_secret="s" * 32)
    caller = await world.caller(branch)
    codes = [(await caller.http.get(DESCRIBE)).status_code for _ in range(3)]
    assert codes == [200, 200, 429]
    exempt = {HOST_SECRET_HEADER: "s" * 32}
    assert (await caller.http.get(DESCRIBE, headers=exempt)).status_code == 200
    wrong = {HOST_SECRET_HEADER: "s" * 31}
    assert (await caller.http.get(DESCRIBE, headers=wrong)).status_code == 429


def test_the_limiter_forgets_the_longest_unused(clock: Any) -> None:
    limiter = RateLimiter(per_s=1, burst=1, clock=clock, capacity=2)
    for key in ("a", "b", "c"):
        limiter.take(key)
    limiter.take("a")  # forgotten, so full again
    with pytest.raises(ApiError):
        limiter.take("c")


async def test_a_fault_tells_nothing(branch: Any, ada: Any, caplog: Any) -> None:
    """A broken database: SQLAlchemy's message quotes the statement and its parameters."""
    rename = text("ALTER TABLE accounts RENAME TO accounts_lost")
    await branch._store.write(lambda connection: connection.execute(rename))
    caplog.set_level(logging.DEBUG)
    answer = await ada.send("GET", "/v1/accounts")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    faults = [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]
    assert len(faults) == 1
    assert "OperationalError" in faults[0]
    assert answer.json()["request_id"] in faults[0]
    for text_out in (answer.text, faults[0]):
        assert ada.tokens["user"] not in text_out
        assert "SELECT" not in text_out


async def test_no_secret_gets_into_the_log(
    world: Any, branch: Any, ada: Any, passkey: Any, caplog: Any
) -> None:
    caplog.set_level(logging.DEBUG)
    payment = await ada.begin(reference="canary-reference")
    signed = passkey.sign(payment["options"])
    forged = {**signed, "response": {**signed["response"], "signature": "Y2FuYXJ5"}}
    await ada.authorize(payment["id"], forged)
    await ada.authorize(payment["id"], signed)
    await ada.refused("POST", "/v1/guests", {"name": "canary\u202e"})
    await ada.refused("POST", "/v1/tokens", {"refresh_token": "canary-token"})
    await ada.ask("GET", f"/v1/accounts/{await ada.account()}/transfers")
    await ada.http.get("/canary-path?canary-query", headers={"host": "canary-host"})
    secrets = [
        "canary", ada.tokens["access_token"], ada.tokens["refresh_token"], await ada.account(),
        payment["id"], signed["response"]["signature"], ada.tokens["user"], "Y2FuYXJ5",
    ]  # fmt: skip
    ours = [r.getMessage() for r in caplog.records if r.name.startswith("branchxr")]
    for secret in secrets:
        assert secret not in "\n".join(ours)
    assert sum("/v1/payments/{id}/authorize" in line for line in ours) == 2


async def test_problems_are_for_people_and_carry_no_secret(ada: Any) -> None:
    answer = await ada.send("GET", "/v1/session", DPoP="canary.canary.canary")
    assert "canary" not in json.dumps(answer.json())


@pytest.mark.parametrize(
    "origin",
    [
        "localhost:8710", "http://", "http://example.test", "ftp://localhost", "*", "null", "",
        "https://a.test/path", "https://a.test?x", "https://user@a.test", "https://a.test:port",
        "https://[::1", "file:///etc/passwd",
    ],
)  # fmt: skip
def test_origins_that_are_none(origin: str) -> None:
    with pytest.raises(InputRefused) as caught:
        check_origin(origin)
    assert caught.value.code == "origin_malformed"


def test_origins_as_browsers_write_them() -> None:
    assert check_origin("https://Bank.example:443") == "https://bank.example"
    assert check_origin("http://localhost:80") == "http://localhost"
    assert check_origin("http://[::1]:8710") == "http://[::1]:8710"
    origins = Origins("https", "bank.example", 443)
    assert origins.own == "https://bank.example"
    assert origins.allows_host("bank.example")
    assert origins.allows_host("bank.example:443")
    assert not origins.allows_host("localhost:443")
    origins.move_to(8443)
    assert list(origins) == ["https://bank.example:8443"]
    assert len(origins) == 1
    assert httpx.URL(origins.own).port == 8443
