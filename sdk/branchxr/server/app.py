"""The ASGI app of a branch: the gate, the operations, `/openapi.json`, the scene, the page."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from ..clock import Clock
from ..models import BranchDescription
from .approvals import Approvals
from .authorization import Authorization
from .gate import Gate, RateLimiter, problem_response
from .openapi import document
from .origins import Origins
from .policy import Policy
from .problems import refusal
from .routes import accounts, passkeys, payments, sessions
from .routes.binder import AnyMethod, Binder, Call, Handler, HostSecret
from .sessions import Sessions
from .sign_in import SignIn
from .store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What the routes lean on."""

    store: Store
    sessions: Sessions
    authorization: Authorization
    sign_in: SignIn
    approvals: Approvals
    origins: Origins
    policy: Policy
    host_secret: HostSecret
    describe: Callable[[], BranchDescription]


def make_app(
    services: Services,
    *,
    clock: Clock,
    random_bytes: Callable[[int], bytes],
    scene: ASGIApp | None,
    page: ASGIApp | None,
) -> ASGIApp:
    """Put the app together.

    Args:
        services: what the operations lean on.
        clock: measures rates and durations.
        random_bytes: makes request ids.
        scene: answers below `/scene`.
        page: answers everything else.
    """
    binder = Binder(
        authorization=services.authorization,
        origins=services.origins,
        host_secret=services.host_secret,
        session_rates=RateLimiter(
            per_s=services.policy.requests_per_s,
            burst=services.policy.requests_burst,
            clock=clock,
        ),
    )
    routes: list[BaseRoute] = [*binder.bind(_handlers(services))]
    routes.append(Route("/openapi.json", AnyMethod(_openapi)))
    if scene is not None:
        routes.append(Mount("/scene", scene))
    if page is not None:
        routes.append(Mount("/", page))
    router = Router(routes, redirect_slashes=False, default=_nothing_here)
    return Gate(
        router,
        origins=services.origins,
        policy=services.policy,
        clock=clock,
        random_bytes=random_bytes,
        exempts=services.host_secret.matches,
    )


def _handlers(services: Services) -> Mapping[str, Handler]:
    async def describe(_call: Call) -> BranchDescription:
        return services.describe()

    return {
        "describe": describe,
        **sessions.handlers(services.sessions),
        **passkeys.handlers(services.sign_in, services.store, services.sessions),
        **accounts.handlers(services.store),
        **payments.handlers(services.approvals),
    }


async def _openapi(request: Request) -> Response:
    request.scope["branchxr.template"] = "/openapi.json"
    if request.method not in {"GET", "HEAD"}:
        error = refusal("method_refused", "another one")
        allowed = {"allow": "GET, HEAD"}
        return problem_response(error, request.scope["branchxr.request_id"], allowed)
    return Response(msgspec.json.encode(document()), media_type="application/json")


async def _nothing_here(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008})
        return
    raise refusal("not_found", "another one")
