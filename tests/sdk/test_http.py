"""The HTTP client, against a transport that misbehaves on demand."""

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import msgspec
import pytest
from joserfc import jws

from branchxr.errors import (
    ApiError,
    BranchXRError,
    Conflict,
    ConnectionFailed,
    DeadlineExceeded,
    InputRefused,
    ProtocolError,
    RateLimited,
    ServerFault,
    Unauthenticated,
)
from branchxr.identity.tokens import Session
from branchxr.models import GuestRequest, PaymentRequest, Role, TokenSet
from branchxr.operations import (
    BEGIN_PAYMENT,
    CHECK_PAYEE,
    DESCRIBE_SESSION,
    LIST_ACCOUNTS,
    START_GUEST,
)
from branchxr.protocol.proof import ReplayWindow, check_proof
from branchxr.testing.clock import VirtualClock
from branchxr.transport.http import MAX_ANSWER_BYTES, BranchHttp, Retry

BASE = "http://localhost:8710"
PAYMENT = PaymentRequest(creditor="ACC-2", amount="25.00", currency="RUB")
ACCOUNTS: dict[str, Any] = {
    "accounts": [{"id": "A", "name": "n", "currency": "RUB", "balance": "1.00"}]
}
Handler = Callable[[httpx.Request], httpx.Response]


@pytest.fixture
async def clock() -> AsyncIterator[VirtualClock]:
    async with VirtualClock() as virtual:
        yield virtual


def tokens(number: int = 1) -> TokenSet:
    return TokenSet(
        access_token=f"access-{number}", token_type="DPoP", expires_in=300,
        refresh_token=f"refresh-{number}", scope="look", sid="s", participant="p",
        role=Role.GUEST, name="Ada",
    )  # fmt: skip


def client(handler: Handler, clock: VirtualClock, **options: Any) -> BranchHttp:
    session = Session(clock=clock)
    session.keep(tokens())
    return BranchHttp(
        BASE, session=session, transport=httpx.MockTransport(handler), clock=clock,
        random=random.Random(1), **options,
    )  # fmt: skip


def problem(status: int, code: str, **more: Any) -> httpx.Response:
    body = {"type": "about:blank", "title": "t", "status": status, "code": code} | more
    return httpx.Response(status, json=body, headers={"X-Request-Id": "req-1"})


class Scripted:
    """Answer with each of the given things in turn; an exception is raised."""

    def __init__(self, *answers: httpx.Response | type[Exception]) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, httpx.Response):
            return answer
        raise answer("a fault")


async def test_every_attempt_has_a_proof_of_its_own(clock: VirtualClock) -> None:
    script = Scripted(httpx.ReadError, problem(503, "internal"), httpx.Response(200, json=ACCOUNTS))
    retries: list[Retry] = []
    http = client(script, clock, on_retry=retries.append)
    answer = await http.call(LIST_ACCOUNTS)
    assert answer.accounts[0].balance == "1.00"
    window = ReplayWindow()
    for request in script.requests:
        assert request.headers["Authorization"] == "DPoP access-1"
        check_proof(
            request.headers["DPoP"], method="GET", url=str(request.url), now=clock.time(),
            replays=window, access_token="access-1",
        )  # fmt: skip
    assert [retry.attempt for retry in retries] == [1, 2]
    assert all(0 <= retry.wait_s <= 0.5 * retry.attempt for retry in retries)


async def test_no_proof_where_none_is_asked_for(clock: VirtualClock) -> None:
    script = Scripted(httpx.Response(201, content=msgspec.json.encode(tokens(7))))
    http = client(script, clock)
    http.session.forget()
    http.session.keep(await http.call(START_GUEST, GuestRequest(name="Ada")))
    (request,) = script.requests
    assert "Authorization" not in request.headers
    assert "ath" not in jws.extract_compact(request.headers["DPoP"].encode()).payload.decode()
    assert http.session.tokens.access_token == "access-7"


async def test_a_post_without_a_key_is_not_repeated(clock: VirtualClock) -> None:
    for fault in (httpx.ReadError, httpx.ConnectError):
        script = Scripted(fault)
        with pytest.raises(ConnectionFailed) as refusal:
            await client(script, clock).call(START_GUEST, GuestRequest())
        assert refusal.value.outcome_known is (fault is httpx.ConnectError)
        assert len(script.requests) == 1


async def test_a_keyed_post_is_repeated_under_the_same_key(clock: VirtualClock) -> None:
    answer = {"id": "p", "state": "pending", "intent": "{}", "challenge": "00"}
    script = Scripted(httpx.ReadError, httpx.Response(201, json=answer))
    payment = await client(script, clock).call(BEGIN_PAYMENT, PAYMENT, idempotency_key="k1")
    assert payment.id == "p"
    assert [request.headers["Idempotency-Key"] for request in script.requests] == ["k1", "k1"]
    assert script.requests[0].content == script.requests[1].content


async def test_a_keyed_operation_wants_its_key(clock: VirtualClock) -> None:
    with pytest.raises(ValueError, match="idempotency key"):
        await client(Scripted(), clock).call(BEGIN_PAYMENT, PAYMENT)


async def test_it_gives_up_after_four_attempts(clock: VirtualClock) -> None:
    script = Scripted(*[httpx.ConnectError] * 4)
    with pytest.raises(ConnectionFailed) as refusal:
        await client(script, clock).call(LIST_ACCOUNTS)
    assert "branchxr serve" in refusal.value.remedy
    assert refusal.value.outcome_known
    script = Scripted(httpx.ReadError, *[httpx.ConnectError] * 3)
    with pytest.raises(ConnectionFailed) as refusal:
        await client(script, clock).call(BEGIN_PAYMENT, PAYMENT, idempotency_key="k")
    assert not refusal.value.outcome_known  # the first one may have arrived


async def test_retry_after_is_kept_to_and_a_long_one_is_reported(clock: VirtualClock) -> None:
    slow = problem(429, "rate_limited")
    slow.headers["Retry-After"] = "7"
    began = clock.monotonic()
    await client(Scripted(slow, httpx.Response(200, json=ACCOUNTS)), clock).call(LIST_ACCOUNTS)
    assert 7 <= clock.monotonic() - began <= 7.5
    long = problem(429, "rate_limited")
    long.headers["Retry-After"] = "3600"
    with pytest.raises(RateLimited) as refusal:
        await client(Scripted(long), clock).call(LIST_ACCOUNTS)
    assert refusal.value.retry_after_s == 3600


async def test_the_deadline_covers_all_attempts(clock: VirtualClock) -> None:
    class Deaf(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            await clock.sleep(3600)
            raise AssertionError

    http = client(Scripted(), clock, deadline_s=10)
    http._transport = Deaf()
    began = clock.monotonic()
    with pytest.raises(DeadlineExceeded) as refusal:
        await http.call(LIST_ACCOUNTS)
    assert refusal.value.outcome_known
    assert clock.monotonic() - began == pytest.approx(10)
    with pytest.raises(DeadlineExceeded) as refusal:
        await http.call(BEGIN_PAYMENT, PAYMENT, idempotency_key="k", deadline_s=2)
    assert not refusal.value.outcome_known
    assert "ask" in refusal.value.remedy


async def test_an_expired_token_is_renewed_once(clock: VirtualClock) -> None:
    expired = problem(401, "token_expired")
    renewed = httpx.Response(200, content=msgspec.json.encode(tokens(2)))
    script = Scripted(expired, renewed, httpx.Response(200, json=ACCOUNTS))
    await client(script, clock).call(LIST_ACCOUNTS)
    assert [request.url.path for request in script.requests] == [
        "/v1/accounts", "/v1/tokens", "/v1/accounts",
    ]  # fmt: skip
    assert script.requests[2].headers["Authorization"] == "DPoP access-2"
    renewed = httpx.Response(200, content=msgspec.json.encode(tokens(2)))
    with pytest.raises(Unauthenticated) as refusal:
        await client(
            Scripted(problem(401, "token_expired"), renewed, problem(401, "token_expired")), clock
        ).call(LIST_ACCOUNTS)
    assert refusal.value.code == "token_expired"


async def test_a_revoked_session_is_not_renewed(clock: VirtualClock) -> None:
    script = Scripted(problem(401, "session_revoked"))
    with pytest.raises(Unauthenticated) as refusal:
        await client(script, clock).call(DESCRIBE_SESSION)
    assert refusal.value.code == "session_revoked"
    assert len(script.requests) == 1


async def test_a_problem_becomes_the_error_of_its_status(clock: VirtualClock) -> None:
    said = problem(422, "amount_refused", expected="e", came="c", remedy="r", request_id="req-9")
    with pytest.raises(Conflict) as refusal:
        await client(Scripted(said), clock).call(BEGIN_PAYMENT, PAYMENT, idempotency_key="k")
    error = refusal.value
    assert (error.code, error.expected, error.came, error.remedy) == (
        "amount_refused",
        "e",
        "c",
        "r",
    )
    assert (error.status, error.request_id, error.outcome_known) == (422, "req-9", True)


async def test_a_failure_of_the_branch_leaves_the_outcome_open(clock: VirtualClock) -> None:
    with pytest.raises(ServerFault) as refusal:
        await client(Scripted(*[problem(500, "internal") for _ in range(4)]), clock).call(
            BEGIN_PAYMENT, PAYMENT, idempotency_key="k"
        )
    assert not refusal.value.outcome_known


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (502, b"<html>bad gateway</html>", ServerFault),
        (418, b"", ApiError),
        (200, b"not json", ProtocolError),
        (200, b'{"accounts": 3}', ProtocolError),
        (200, b"x" * (MAX_ANSWER_BYTES + 1), ProtocolError),
    ],
)
async def test_whatever_comes_becomes_one_of_our_errors(
    clock: VirtualClock, status: int, body: bytes, kind: type[BranchXRError]
) -> None:
    with pytest.raises(kind):
        await client(lambda _request: httpx.Response(status, content=body), clock).call(
            LIST_ACCOUNTS
        )


@pytest.mark.parametrize(
    "address",
    [
        "",
        "localhost:8710",
        "ftp://localhost",
        "http://branch.example",
        "https://a@b.example",
        "http://localhost/?x=1",
        "http://localhost:99999",
        "http://localhost:port",
        "http://[::1",
        "https://exa\x01mple.example",
    ],
)
async def test_an_unsafe_address_is_refused(clock: VirtualClock, address: str) -> None:
    with pytest.raises(InputRefused) as refusal:
        BranchHttp(address, session=Session(clock=clock), random=random.Random(1))
    assert refusal.value.code == "address_refused"


async def test_no_secret_and_no_account_number_in_the_log(
    clock: VirtualClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    script = Scripted(problem(404, "account_unknown"))
    with pytest.raises(ApiError):
        await client(script, clock).call(CHECK_PAYEE, path={"account": "ACC-40817810"})
    assert "/v1/payees/{account}" in caplog.text
    for canary in ("40817810", "access-1", "refresh-1", script.requests[0].headers["DPoP"]):
        assert canary not in caplog.text


async def test_a_path_is_filled_without_leaving_its_segment(clock: VirtualClock) -> None:
    script = Scripted(problem(404, "account_unknown"))
    with pytest.raises(ApiError):
        await client(script, clock).call(CHECK_PAYEE, path={"account": "../v1/session?x#y"})
    assert script.requests[0].url.raw_path == b"/v1/payees/..%2Fv1%2Fsession%3Fx%23y"


async def test_a_download_goes_on_where_it_broke(clock: VirtualClock) -> None:
    content, etag = b"0123456789", '"e1"'

    def handler(request: httpx.Request) -> httpx.Response:
        assert "Authorization" not in request.headers
        if "Range" not in request.headers:
            return httpx.Response(200, content=content, headers={"ETag": etag})
        assert (request.headers["Range"], request.headers["If-Range"]) == ("bytes=4-", etag)
        return httpx.Response(206, content=content[4:], headers={"Content-Range": "bytes 4-9/10"})

    http = client(handler, clock)
    async with http.download("/scene/c/x.glb") as download:
        assert (download.status, download.etag, download.offset) == (200, etag, 0)
    async with http.download("/scene/c/x.glb", offset=4, etag=etag) as download:
        assert download.offset == 4
        assert b"".join([part async for part in download.parts]) == content[4:]


async def test_a_download_of_nothing_and_of_another_part(clock: VirtualClock) -> None:
    with pytest.raises(ApiError) as refusal:
        async with client(lambda _request: httpx.Response(404), clock).download("/scene/x"):
            pass
    assert refusal.value.status == 404
    wrong = httpx.Response(206, content=b"x", headers={"Content-Range": "bytes 0-0/10"})
    with pytest.raises(ProtocolError):
        async with client(lambda _request: wrong, clock).download("/s", offset=4, etag='"e"'):
            pass


async def test_a_transport_that_was_given_is_not_closed(clock: VirtualClock) -> None:
    class Counting(httpx.MockTransport):
        closes = 0

        async def aclose(self) -> None:
            self.closes += 1

    transport = Counting(lambda _request: httpx.Response(200, json=ACCOUNTS))
    session = Session(clock=clock)
    http = BranchHttp(
        BASE, session=session, transport=transport, clock=clock, random=random.Random(1)
    )
    await http.close()
    assert transport.closes == 0


@pytest.mark.parametrize(
    "later",
    [
        [problem(401, "session_revoked")],
        [problem(403, "scope_missing")],
        [problem(429, "rate_limited") for _ in range(3)],
        [problem(401, "token_expired"), problem(401, "refresh_invalid")],
    ],
)
async def test_a_refusal_at_the_door_says_nothing_of_an_attempt_before(
    later: list[httpx.Response], clock: VirtualClock
) -> None:
    script = Scripted(httpx.ReadError, *later)
    with pytest.raises(ApiError) as refusal:
        await client(script, clock).call(BEGIN_PAYMENT, PAYMENT, idempotency_key="k")
    assert not refusal.value.outcome_known


async def test_a_verdict_after_a_lost_reply_is_one(clock: VirtualClock) -> None:
    script = Scripted(httpx.ReadError, problem(422, "amount_refused"))
    with pytest.raises(Conflict) as refusal:
        await client(script, clock).call(BEGIN_PAYMENT, PAYMENT, idempotency_key="k")
    assert refusal.value.outcome_known


@pytest.mark.parametrize("body", [b"<html>", b"[" * 100_000, b'{"x":' + b"[" * 100_000])
async def test_an_answer_that_cannot_be_read_leaves_the_outcome_open(
    body: bytes, clock: VirtualClock
) -> None:
    script = Scripted(httpx.Response(201, content=body))
    with pytest.raises(ProtocolError) as refusal:
        await client(script, clock).call(BEGIN_PAYMENT, PAYMENT, idempotency_key="k")
    assert not refusal.value.outcome_known
    with pytest.raises(ProtocolError) as reading:
        await client(Scripted(httpx.Response(200, content=body)), clock).call(LIST_ACCOUNTS)
    assert reading.value.outcome_known


@pytest.mark.parametrize("path", ["/a\n", "/" + "a" * 70_000])
async def test_a_path_that_no_address_can_hold(path: str, clock: VirtualClock) -> None:
    with pytest.raises(ProtocolError):
        async with client(Scripted(), clock).download(path):
            raise AssertionError


async def test_a_renewal_whose_reply_is_lost_is_repeated(clock: VirtualClock) -> None:
    script = Scripted(
        problem(401, "token_expired"),
        httpx.ReadError,
        httpx.Response(200, content=msgspec.json.encode(tokens(2))),
        httpx.Response(200, json=ACCOUNTS),
    )
    await client(script, clock).call(LIST_ACCOUNTS)
    _, lost, repeated, last = script.requests
    assert lost.content == repeated.content
    assert lost.headers["DPoP"] != repeated.headers["DPoP"]
    assert last.headers["Authorization"] == "DPoP access-2"


async def test_who_is_cancelled_while_a_token_is_renewed_keeps_the_session(
    clock: VirtualClock,
) -> None:
    class Slow(httpx.AsyncBaseTransport):
        """Answers a renewal after a second; the branch knows each refresh token once."""

        spent: list[str] = []  # noqa: RUF012 - one test

        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            if request.url.path == "/v1/tokens":
                self.spent.append(msgspec.json.decode(request.content)["refresh_token"])
                await clock.sleep(1)
                return httpx.Response(200, content=msgspec.json.encode(tokens(2)))
            if request.headers["Authorization"] == "DPoP access-2":
                return httpx.Response(200, json=ACCOUNTS)
            return problem(401, "token_expired")

    http = client(Scripted(), clock)
    http._transport = Slow()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5):
            await http.call(LIST_ACCOUNTS)
    await asyncio.gather(http.call(LIST_ACCOUNTS), http.call(LIST_ACCOUNTS))
    assert Slow.spent == ["refresh-1"]
    await http.close()
