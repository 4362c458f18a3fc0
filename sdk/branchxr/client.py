"""The front: connect to a branch, be there, and pay."""

import asyncio
import random as _random
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from .clock import Clock, SystemClock
from .connecting import ConnectOptions, FrameListener, OpenWire
from .errors import KeyRefused, Unauthenticated
from .events import Event, Participant
from .identity import sign_in as _sign_in
from .identity.authenticator import Authenticator, PasskeyHolder
from .identity.tokens import Session, random_id
from .models import (
    Account,
    BranchDescription,
    Passkey,
    Payee,
    SessionDescription,
    Statement,
)
from .money import Money
from .operations import (
    CHECK_PAYEE,
    DESCRIBE,
    LIST_ACCOUNTS,
    LIST_PASSKEYS,
    READ_STATEMENT,
    REVOKE_PASSKEY,
)
from .payments.approval import Confirmer, KeyConfirmer
from .payments.outbox import Outbox
from .payments.payments import PaymentReceipt, Payments, Settled
from .scene.streamer import Scene
from .settings import Settings
from .transport.http import BranchHttp, HttpTransport, Retry

if TYPE_CHECKING:
    from .presence import Presence
    from .protocol.pose import Vector


def connect(
    url: str | None = None,
    *,
    authenticator: Authenticator | None = None,
    confirmer: Confirmer | None = None,
    name: str | None = None,
    http_transport: HttpTransport | None = None,
    open_wire: OpenWire | None = None,
    clock: Clock | None = None,
    random: _random.Random | None = None,
    new_id: Callable[[], str] = random_id,
    origin: str | None = None,
    headers: Mapping[str, str] | None = None,
    data_dir: str | Path | None = None,
    on_retry: Callable[[Retry], None] | None = None,
    settings: Settings | None = None,
) -> "Branch":
    """Return a connection to a branch, to be used with `async with`.

    Entering it starts a guest's session. With an authenticator that can tell whether it holds a
    passkey for this branch (a `SoftKey`), it also signs in, or registers if it holds none.

    Args:
        url: of the branch; `settings.branch` if not given.
        authenticator: what holds the passkey.
        confirmer: who shows and signs payments; by default the authenticator signs whatever the
            caller itself asks for.
        name: what to be called, and to register as.
        http_transport: stands in for the network (tests).
        open_wire: stands in for the network (tests).
        clock: where time comes from.
        random: for jitter, not for secrets.
        new_id: makes unique ids: proofs and idempotency keys.
        origin: the WebAuthn origin; the branch's own address if not given.
        headers: sent with every request.
        data_dir: where the outbox and the scene cache live; without one both are in memory.
        on_retry: told before a call is repeated.
        settings: instead of those of the environment and the user's file.
    """
    chosen = settings if settings is not None else Settings.load()
    return Branch(
        ConnectOptions(
            url=url if url is not None else chosen.branch,
            authenticator=authenticator,
            confirmer=confirmer or (KeyConfirmer(authenticator) if authenticator else None),
            name=name if name is not None else chosen.name,
            http_transport=http_transport,
            open_wire=open_wire,
            clock=clock or SystemClock(),
            random=random or _random.Random(),  # noqa: S311 - jitter
            new_id=new_id,
            origin=origin if origin is not None else chosen.origin,
            headers=headers,
            folder=Path(data_dir or chosen.data_dir) if data_dir or chosen.data_dir else None,
            on_retry=on_retry,
            settings=chosen,
        )
    )


class Branch:
    """A connection to a branch: one session, one body. Made by `connect`.

    Attributes:
        scene: the branch's scene, verified and streamed: `await branch.scene.load()`.
        payments: what `pay` uses; `await branch.settle()` after a crash.
    """

    scene: Scene
    payments: Payments

    def __init__(self, given: ConnectOptions) -> None:
        self._given = given
        self._session = Session(clock=given.clock, new_id=given.new_id)
        self._http = BranchHttp(
            given.url,
            session=self._session,
            transport=given.http_transport,
            clock=given.clock,
            random=given.random,
            headers=given.headers,
            deadline_s=given.settings.deadline_s,
            on_retry=given.on_retry,
        )
        self._resources = AsyncExitStack()
        self._describe: BranchDescription | None = None
        self._presence: Presence | None = None
        self._entering = asyncio.Lock()
        self._listeners: list[FrameListener] = []

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as resources:
            resources.push_async_callback(self._http.close)
            self._describe = await self._http.call(DESCRIBE)
            outbox = await resources.enter_async_context(Outbox(self._given.folder))
            self.scene = self._given.scene(self._http, self._describe)
            self.payments = self._given.payments(self._http, outbox, self._describe)
            await _sign_in.start_guest(self._http, self._given.name)
            resources.push_async_callback(_sign_in.say_goodbye, self._http)
            holder = self._given.authenticator
            if isinstance(holder, PasskeyHolder):
                if holder.holds_passkey(self._describe.rp_id):
                    await self.sign_in()
                else:
                    await self.register(self._given.name)
            self._resources = resources.pop_all()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._resources.aclose()

    # --- who and where ------------------------------------------------------------------------

    @property
    def describe(self) -> BranchDescription:
        """What the branch says of itself."""
        if self._describe is None:
            raise _not_open()
        return self._describe

    @property
    def session(self) -> SessionDescription:
        """Who this connection is to the branch, as far as its last answer told."""
        tokens = self._session.tokens
        return SessionDescription(
            participant=tokens.participant,
            role=tokens.role,
            name=tokens.name,
            scope=tokens.scope,
            sid=tokens.sid,
            user=tokens.user,
            assurance=tokens.assurance,
        )

    async def register(self, name: str | None = None) -> SessionDescription:
        """Register a passkey as a new customer; the session becomes a visitor's.

        Raises:
            KeyRefused: `no_authenticator`, or the authenticator has no use for it.
            Declined: the person said no.
            ApiError: the branch does not take the passkey, or the name.
        """
        await _sign_in.register(
            self._http,
            self._holder(),
            name=name or self._given.name,
            origin=self._given.origin_for(self._http),
        )
        return self.session

    async def sign_in(self) -> SessionDescription:
        """Sign in with a passkey; the session becomes a visitor's.

        Raises:
            KeyRefused: `no_authenticator`, or there is no passkey.
            Declined: the person said no.
            ApiError: the branch does not take it: unknown, revoked, suspended.
        """
        await _sign_in.sign_in(
            self._http, self._holder(), origin=self._given.origin_for(self._http)
        )
        return self.session

    async def sign_out(self) -> None:
        """End the session: the body leaves, and the branch revokes all tokens."""
        if self._presence is not None:
            await self._presence.leave()
        await _sign_in.sign_out(self._http)

    async def passkeys(self) -> list[Passkey]:
        """List one's passkeys, as the branch sees them."""
        return (await self._http.call(LIST_PASSKEYS)).passkeys

    async def revoke_passkey(self, passkey_id: str) -> None:
        """Revoke one of one's passkeys, for good: it signs nobody in and no payment any more."""
        await self._http.call(REVOKE_PASSKEY, path={"id": passkey_id})

    # --- being there --------------------------------------------------------------------------

    async def enter(self, name: str | None = None, anchor: str | None = None) -> Participant:
        """Go in, at a spawn anchor; return oneself.

        Args:
            name: what to be called, for a guest; a visitor is called what they registered as.
            anchor: path of the spawn anchor to prefer.

        Raises:
            ApiError: the branch does not let this session in.
            ConnectionFailed: there is no realtime connection to be had.
            BranchXRError: the stay has ended already; connect anew to come back.
        """
        async with self._entering:
            await self._enter(name, anchor)
        here = self._here()
        here.check_alive()
        return here.you

    async def _enter(self, name: str | None, anchor: str | None) -> None:
        from .presence import Presence  # noqa: PLC0415 - numpy and websockets, for those who enter

        if self._presence is None:
            is_guest = self._session.tokens.user is None
            presence = Presence(
                self._http,
                self.describe,
                self.scene,
                name=name if is_guest else None,
                anchor=anchor,
                open_wire=self._given.open_wire,
                clock=self._given.clock,
                random=self._given.random,
                listeners=self._listeners,
            )
            self._presence = await self._resources.enter_async_context(presence)

    def events(self) -> AsyncIterator[Event]:
        """Yield what happens from now on; at most 1,024 wait, then the oldest are dropped."""
        return self._here().events()

    @property
    def participants(self) -> Mapping[str, Participant]:
        """Everybody who is in the branch, oneself included, by id."""
        return self._here().participants

    @property
    def position(self) -> "Vector":
        """Where one's own body stands: a point of the floor, metres, scene axes."""
        return self._here().position

    @property
    def placement(self) -> "tuple[int, Vector, float]":
        """Where the branch last put one's body: how often it has, the place, and the yaw.

        A stage that moves its own person's body follows when the count rises.
        """
        return self._here().placement

    def positions(self) -> "Mapping[str, Vector]":
        """Return where everybody's head is now, by participant id, metres, scene axes."""
        return self._here().positions()

    @property
    def pose_ages_ms(self) -> list[float]:
        """Ages of the latest poses of others, from the sender's sample to their arrival here."""
        return self._here().pose_ages_ms

    async def move(self, position: "Vector", yaw: float = 0.0) -> None:
        """Stand somewhere at once: a point of the floor, and radians about +Y (0 looks along -Z).

        For headless stages and explicit teleports; the branch allows what its rules allow.
        """
        await self._here().move(position, yaw)

    async def walk_to(self, anchor_or_position: "str | Vector", speed_m_s: float = 1.4) -> "Vector":
        """Walk there over the floor, around walls, and return where one stands then.

        Args:
            anchor_or_position: an anchor's path, name or kind, or a position.
            speed_m_s: 1.4 is a person who has time.

        Raises:
            NotFound: `anchor_unknown`, or `path_missing` when no way leads there.
        """
        return await self._here().walk_to(anchor_or_position, speed_m_s)

    def send_pose_bytes(self, pose: bytes, *, age_ms: float = 0.0) -> bool:
        """Relay an uplink pose of 38 bytes as a stage made it `age_ms` ago. Never blocks.

        Returns:
            `False` when there is no connection to take it.
        """
        return self._here().send_pose_bytes(pose, age_ms=age_ms)

    def add_frame_listener(self, listener: FrameListener) -> Callable[[], None]:
        """Have every cell frame handed to a function, undecoded; return what ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    async def chat(self, text: str) -> None:
        """Say something to everybody in the branch."""
        self._here().say(text)

    async def emote(self, name: str) -> None:
        """Make a gesture, such as `"wave"`."""
        self._here().emote(name)

    # --- money --------------------------------------------------------------------------------

    async def accounts(self) -> list[Account]:
        """List one's accounts with their balances."""
        return (await self._http.call(LIST_ACCOUNTS)).accounts

    async def statement(self, account: str) -> Statement:
        """List an account's latest transfers."""
        return await self._http.call(READ_STATEMENT, path={"id": account})

    async def payee(self, account: str) -> Payee:
        """Say whose account that is."""
        return await self._http.call(CHECK_PAYEE, path={"account": account})

    async def pay(
        self,
        to: str,
        amount: Money,
        reference: str = "",
        *,
        debtor: str | None = None,
        payee_name: str | None = None,
    ) -> PaymentReceipt:
        """Pay, once, and return the receipt.

        The branch's intent is held against what is asked for here, field by field; then the
        confirmer shows and signs exactly its bytes.

        Args:
            to: the payee's account.
            amount: above zero.
            reference: for the payee; at most 140 characters.
            debtor: which of one's accounts; the branch takes the first of the currency.
            payee_name: if given, the intent must name the payee so.

        Raises:
            Declined: the payer said no; nothing moved.
            IntentMismatch: the branch asked to sign something else; nothing was signed.
            ApiError: refused: unknown account, not enough money, over a limit.
            TransportError: with `outcome_known` false it may have happened: do not pay again,
                `await branch.settle()` asks.
        """
        return await self.payments.pay(
            to, amount, reference=reference, debtor=debtor, payee_name=payee_name
        )

    async def settle(self) -> list[Settled]:
        """Learn what became of payments that a crash or a broken connection left open."""
        return await self.payments.settle()

    # --- inside -------------------------------------------------------------------------------

    def _holder(self) -> Authenticator:
        if self._given.authenticator is None:
            raise KeyRefused(
                "an authenticator", "none", "connect with authenticator=", code="no_authenticator"
            )
        return self._given.authenticator

    def _here(self) -> "Presence":
        if self._presence is None:
            raise Unauthenticated(
                "somebody who is in the branch",
                "somebody outside",
                "await branch.enter() first",
                code="not_entered",
            )
        return self._presence


def _not_open() -> Unauthenticated:
    return Unauthenticated(
        "an open connection",
        "one that is not",
        "use `async with connect(...) as branch`",
        code="not_connected",
    )
