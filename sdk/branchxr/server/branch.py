"""The branch, put together: `BranchServer.open` makes it, `listen` gives it addresses.

Without `listen` it needs no port: `app` is an ASGI app, and `realtime.attach` takes an in-memory
wire. Tests and `branchxr.testing` use it like that.
"""

import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from starlette.types import ASGIApp

from .._version import __version__
from ..clock import Clock, SystemClock
from ..models import BranchDescription, RealtimeAddress
from ..operations import Scope
from ..protocol.plan import BranchPlan
from ..protocol.proof import ReplayWindow
from ..protocol.room import Room
from ..protocol.session import Grant, RoomLimits
from . import customers, ledger
from .app import Services, make_app
from .approvals import Approvals
from .authorization import Authorization
from .listening import http_on, tls_of
from .origins import Origins
from .policy import PLATFORM_AAGUIDS, Policy
from .ports import bind
from .relying_party import RelyingParty
from .routes.binder import HostSecret
from .scenes import Scene, open_scene
from .sessions import Session, Sessions
from .settings import DEFAULT_PAGE_PORT, DEFAULT_PORT, DEFAULT_REALTIME_PORT, ServerSettings
from .sign_in import SignIn
from .socket import PATH, RealtimeListener
from .store import Store

__all__ = ["Books", "BranchServer", "ServerSettings"]


class Books:
    """The ledger, to look at."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def sum_minor(self) -> int:
        """Return the sum of all balances of all currencies, each of which has to be zero."""
        sums = await self._store.read(ledger.sums_minor)
        return sum(abs(total) for total in sums.values())

    async def transfer_count(self) -> int:
        """Return how many transfers have moved money."""
        return await self._store.read(ledger.transfer_count)

    async def balance_minor(self, account: str) -> int:
        """Return an account's balance in minor units.

        Raises:
            KeyError: there is no such account.
        """
        found = await self._store.read(lambda connection: ledger.find_account(connection, account))
        if found is None:
            raise KeyError(account)
        return int(found["balance_minor"])

    async def discrepancies(self) -> list[str]:
        """Return the accounts whose balance is not the sum of their transfers: none."""
        return await self._store.read(ledger.discrepancies)


@dataclass(frozen=True, slots=True)
class _Sources:
    clock: Clock
    random_bytes: Callable[[int], bytes]


class BranchServer:
    """One branch. Make it with `BranchServer.open`.

    Attributes:
        app: the ASGI app: operations, scene files, and the page app below them.
        room: everybody who is in (sans-I/O).
        realtime: the listener; `realtime.attach` takes a wire in memory.
        ledger: the books, to look at.
        authorization: checks tokens and proofs, of realtime handshakes too.
        address: where pages and clients find it.
    """

    def __init__(
        self, store: Store, settings: ServerSettings, sources: _Sources, scene: Scene | None
    ) -> None:
        self.settings = settings
        self.policy: Policy = settings.effective_policy
        self.ledger = Books(store)
        self._sources = sources
        self._store = store
        self._scene = scene
        pages = (*settings.origins, *_development_pages(settings))
        port = settings.port or DEFAULT_PORT
        self.origins = Origins(settings.scheme, settings.public_name, port, others=pages)
        self.sessions = Sessions(
            store,
            self.policy,
            clock=sources.clock,
            random_bytes=sources.random_bytes,
            is_present=self._is_present,
        )
        self._replays = ReplayWindow()
        self.authorization = Authorization(
            self.sessions, clock=sources.clock, replays=self._replays
        )
        self.room = Room(
            scene.plan if scene is not None else BranchPlan(),
            new_token=lambda: sources.random_bytes(16).hex(),
            limits=_room_limits(self.policy),
        )
        self._tls = tls_of(settings)
        self.realtime = RealtimeListener(
            self.room,
            self.authenticate_realtime,
            clock=sources.clock,
            allowed_origins=self.origins,
            host=settings.bind_host,
            port=settings.realtime_port,
            public_url=_public_realtime_url(settings),
            tls=self._tls,
        )
        self.sessions.on_change.append(self._change_participant)
        self.sessions.on_end.append(lambda session: self.room.expel(session.participant))

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        settings: ServerSettings,
        *,
        clock: Clock | None = None,
        random_bytes: Callable[[int], bytes] = secrets.token_bytes,
        page_app: ASGIApp | None = None,
    ) -> AsyncIterator["BranchServer"]:
        """Open a branch; it listens nowhere yet.

        Args:
            settings: what whoever starts it decided.
            clock: time, for tests.
            random_bytes: randomness, for tests.
            page_app: answers below `/` what the branch does not.

        Raises:
            InputRefused: `data_refused`, `origin_malformed`.
            PackageRefused: the scene package is not to be trusted.
        """
        sources = _Sources(clock or SystemClock(), random_bytes)
        async with Store.open(settings.data) as store:
            scene = await _scene_of(settings, store, now=sources.clock.time())
            branch = cls(store, settings, sources, scene)
            if settings.development:
                await store.write(customers.seed)
            await branch.sessions.load()
            if branch.sessions.live():  # of a former process, as is what it knew of proofs
                branch._replays.begin_at(sources.clock.time())
            branch.app = branch._make_app(page_app)
            yield branch

    app: ASGIApp

    @property
    def address(self) -> str:
        """Where pages and clients find it."""
        return self.origins.own

    @property
    def realtime_url(self) -> str:
        """Where the realtime WebSocket listens, or will, as far as that is known."""
        if self.realtime.port:
            return self.realtime.url
        scheme = "ws" if self._tls is None else "wss"
        return f"{scheme}://{self.settings.public_name}:{DEFAULT_REALTIME_PORT}{PATH}"

    @property
    def description(self) -> BranchDescription:
        """What `/.well-known/branchxr` says."""
        return BranchDescription(
            name=self.settings.name,
            versions=[__version__],
            development=self.settings.development,
            rp_id=self.settings.rp_id,
            realtime=RealtimeAddress(url=self.realtime_url),
            scene=self._scene.address if self._scene is not None else None,
            limits=self.policy.limits,
        )

    @asynccontextmanager
    async def listen(self) -> AsyncIterator["BranchServer"]:
        """Listen; `address` and the realtime address are the real ones from then on.

        Raises:
            InputRefused: `port_taken` or `address_unavailable`.
        """
        settings = self.settings
        async with self.realtime:  # first: the description has to be right from the first answer
            listeners = bind(settings.bind_host, settings.port)
            self.origins.move_to(listeners[0].getsockname()[1])
            async with http_on(self.app, listeners, tls=self._tls):
                yield self

    def grant_of(self, session: Session) -> Grant:
        """Return what the realtime side has to know of a session."""
        return Grant(
            participant=session.participant,
            name=session.name,
            role=session.role,
            scopes=frozenset(scope.value for scope in session.scopes),
            sid=session.sid,
        )

    def authenticate_realtime(self, headers: Mapping[str, str], url: str) -> Grant:
        """Check a realtime handshake: token and proof, as for a GET of its address.

        Raises:
            ApiError: 401 or 403, with the code.
        """
        session = self.authorization.authenticate("GET", url, headers, scope=Scope.LOOK)
        return self.grant_of(session)

    def _is_present(self, participant: str) -> bool:
        return any(found.id == participant for found in self.room.participants)

    def _change_participant(self, session: Session) -> None:
        scopes = [scope.value for scope in session.scopes]
        self.room.change(session.participant, name=session.name, role=session.role, scopes=scopes)

    def _make_app(self, page: ASGIApp | None) -> ASGIApp:
        store, policy = self._store, self.policy
        clock, random_bytes = self._sources.clock, self._sources.random_bytes
        party = RelyingParty(
            self.settings.rp_id,
            name=self.settings.name,
            origins=self.origins,
            platform_aaguids=PLATFORM_AAGUIDS,
            roots=self.settings.attestation_roots,
        )
        services = Services(
            store=store,
            sessions=self.sessions,
            authorization=self.authorization,
            sign_in=SignIn(
                store, self.sessions, party, policy, clock=clock, random_bytes=random_bytes
            ),
            approvals=Approvals(store, party, policy, clock=clock, random_bytes=random_bytes),
            origins=self.origins,
            policy=policy,
            host_secret=HostSecret(self.settings.host_secret),
            describe=lambda: self.description,
        )
        return make_app(
            services, clock=clock, random_bytes=random_bytes, scene=self._scene, page=page
        )


async def _scene_of(settings: ServerSettings, store: Store, *, now: float) -> Scene | None:
    if settings.scene is None:
        return None
    return await open_scene(
        settings.scene,
        store,
        signer=settings.scene_signer,
        allow_unsigned=settings.allow_unsigned,
        now=now,
    )


def _development_pages(settings: ServerSettings) -> tuple[str, ...]:
    is_here = settings.development and settings.bind_host == "localhost"
    return (f"http://localhost:{DEFAULT_PAGE_PORT}",) if is_here else ()


def _public_realtime_url(settings: ServerSettings) -> str | None:
    if settings.bind_host == "localhost":
        return None  # the listener knows best, once it has a port
    return f"wss://{settings.public_name}:{settings.realtime_port}{PATH}"


def _room_limits(policy: Policy) -> RoomLimits:
    limits = policy.limits
    return RoomLimits(
        participants=limits.participants,
        pose_hz=limits.pose_hz,
        chat_characters=limits.chat_characters,
        message_bytes=limits.message_bytes,
    )
