"""What `branchxr demo` does: build, serve, let bots in, have one pay, and count."""

import asyncio
import secrets
import signal
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ..bots.behaviours import Bot, pay_at_counter, wander
from ..bots.crowd import Crowd
from ..client import connect
from ..clock import Clock, SystemClock
from ..errors import BranchXRError, DeadlineExceeded, InputRefused
from ..money import Money
from ..operations import HOST_SECRET_HEADER
from ..payments.payments import PaymentReceipt
from ..server.branch import BranchServer, ServerSettings
from ..server.ports import check_free
from . import loop
from .demo_view import Snapshot, View

if TYPE_CHECKING:
    from branchxr_assets.build import BuildResult

AMOUNT: Final = Money("25.00", "RUB")
PATIENCE_S: Final = 90.0
"""How long past its time the demo waits for the payment: a bot may have far to walk."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to show.

    Attributes:
        seconds: how long the bots are shown; `None` is until Ctrl-C.
        port: of page and branch; 0 takes any.
    """

    scene: Path
    has_page: bool
    bots: int
    seconds: float | None
    seed: int
    port: int


@dataclass(frozen=True, slots=True)
class _Balances:
    debtor_minor: int
    creditor_minor: int


def example_scene() -> Path:
    """Return the example hall: from the wheel, or from the checkout.

    Raises:
        InputRefused: `scene_missing`.
    """
    package = Path(__file__).parents[1]
    for path in (package / "examples/hall.glb", package.parents[1] / "examples/hall/hall.glb"):
        if path.is_file():
            return path
    raise InputRefused(
        "the example hall", "an installation without it", "name a scene with --scene FILE.glb",
        code="scene_missing",
    )  # fmt: skip


def demonstrate(plan: Plan, view: View) -> dict[str, Any] | None:
    """Run the demo to its end and return the object that `--json` prints.

    Returns:
        `None` when it was stopped before the payment: there is nothing to sum up.

    Raises:
        BranchXRError: the scene is refused, the port taken, the payment refused.
    """

    async def run() -> dict[str, Any] | None:
        return await _Demonstration(plan, view, SystemClock()).run()

    return loop.run(run())


class _Demonstration:
    def __init__(self, plan: Plan, view: View, clock: Clock) -> None:
        self._plan = plan
        self._view = view
        self._clock = clock
        self._began = clock.monotonic()
        self._stop = asyncio.Event()
        self._paid: asyncio.Future[PaymentReceipt] = asyncio.get_running_loop().create_future()
        self._payment = "not yet"
        self._before = _Balances(0, 0)
        self._accounts = ("", "")
        self._crowd: Crowd

    async def run(self) -> dict[str, Any] | None:
        check_free("localhost", self._plan.port)  # a build takes seconds; say it before
        with tempfile.TemporaryDirectory(prefix="branchxr-demo-") as folder:
            built = await asyncio.to_thread(self._build, Path(folder) / "package")
            async with self._serving(built) as (server, connect_bot):
                sum_before = await server.ledger.sum_minor()
                self._view.say(f"{self._plan.bots} bots sign in and enter")
                crowd = Crowd(
                    connect_bot,
                    size=self._plan.bots,
                    seed=self._plan.seed,
                    behaviour=partial(self._behave, server),
                )
                self._crowd = crowd
                async with crowd:
                    with _ended_by_signals(self._stop):
                        has_page = self._plan.has_page
                        self._view.say(f"open {server.address}" if has_page else "all in")
                        await self._watch(server)
                    return await self._result(built, server, sum_before)

    def _build(self, output: Path) -> "BuildResult":
        from branchxr_assets.build import build_scene

        source = self._plan.scene
        self._view.say(f"building {source.name}")
        return build_scene(
            source, output, key=Ed25519PrivateKey.generate(), progress=self._view.progress
        )

    @asynccontextmanager
    async def _serving(
        self, built: "BuildResult"
    ) -> AsyncIterator[tuple[BranchServer, Callable[..., Any]]]:
        """Serve the branch, with the page if there is one; also give what connects bots to it."""
        secret = secrets.token_urlsafe(32)
        settings = ServerSettings(
            port=self._plan.port,
            scene=built.output,
            scene_signer=built.signer,
            host_secret=secret,
        )
        address = ""
        page = None
        if self._plan.has_page:
            from branchxr_webxr.host import create_app

            page = create_app(
                branch_url=lambda: address,
                allowed_origins=lambda: [address],
                host_secret=secret,
            )
        async with (
            BranchServer.open(settings, page_app=page) as server,
            server.listen(),
        ):
            address = server.address
            try:
                if page is not None:
                    await page.state.look_ahead()
                yield server, partial(connect, address, headers={HOST_SECRET_HEADER: secret})
            finally:
                if page is not None:
                    await page.state.visitors.close()

    async def _behave(self, server: BranchServer, bot: Bot) -> None:
        """Wander; the first bot pays the second at a counter before."""
        if bot is self._crowd.bots[0]:
            try:
                self._paid.set_result(await self._pay(server, bot, self._crowd.bots[1]))
            except BranchXRError as error:
                self._payment = f"failed: {error.code}"
                self._paid.set_exception(error)
                raise
        await wander(bot)

    async def _pay(self, server: BranchServer, payer: Bot, payee: Bot) -> PaymentReceipt:
        self._payment = f"{payer.branch.session.name} walks to a counter"
        debtor = (await payer.branch.accounts())[0].id
        creditor = (await payee.branch.accounts())[0].id
        self._accounts = (debtor, creditor)
        self._before = await self._balances(server)
        receipt = await pay_at_counter(payer, to=creditor, amount=AMOUNT, reference="Demo")
        self._payment = (
            f"{receipt.state}: {receipt.amount} from {payer.branch.session.name} to "
            f"{receipt.intent.creditor.name}, signed over {receipt.challenge_sha256[:12]}"
        )
        self._view.say(f"paid {receipt.amount}: {receipt.state.value}")
        return receipt

    async def _balances(self, server: BranchServer) -> _Balances:
        debtor, creditor = self._accounts
        books = server.ledger
        return _Balances(await books.balance_minor(debtor), await books.balance_minor(creditor))

    async def _watch(self, server: BranchServer) -> None:
        """Show how things stand, until the time is over and the payment is done, or Ctrl-C."""
        began = self._clock.monotonic()
        while not self._stop.is_set():
            self._view.update(await self._snapshot(server))
            shown_s = self._clock.monotonic() - began
            if self._plan.seconds is not None and shown_s >= self._plan.seconds:
                if self._paid.done():
                    return
                if shown_s >= self._plan.seconds + PATIENCE_S:
                    break
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), 0.5)

    async def _snapshot(self, server: BranchServer) -> Snapshot:
        return Snapshot(
            address=server.address,
            seconds=self._clock.monotonic() - self._began,
            bots=len(self._crowd.bots) - len(self._crowd.failures),
            people=self._count() - len(self._crowd.bots),
            pose_age_ms=self._pose_age_ms(),
            payment=self._payment,
            ledger_sum_minor=await server.ledger.sum_minor(),
            transfers=await server.ledger.transfer_count(),
        )

    def _count(self) -> int:
        """Return how many are in the branch, as its bots see it."""
        return max(len(bot.branch.participants) for bot in self._crowd.bots)

    def _pose_age_ms(self) -> tuple[float, float] | None:
        ages = [age for bot in self._crowd.bots for age in bot.branch.pose_ages_ms]
        if not ages:
            return None
        p50, p95 = np.percentile(ages, [50, 95]).tolist()
        return p50, p95

    async def _result(
        self, built: "BuildResult", server: BranchServer, sum_before: int
    ) -> dict[str, Any] | None:
        for name, failure in self._crowd.failures.items():
            self._view.say(f"{name} is out: {failure}")
        if not self._paid.done() and self._stop.is_set():
            self._view.say("stopped before the payment; nothing moved")
            return None
        if not self._paid.done():
            raise DeadlineExceeded(
                "a payment within the time of the demo", self._payment, "give it more --seconds",
                code="demo_unfinished",
            )  # fmt: skip
        receipt = self._paid.result()
        ages = self._pose_age_ms()
        after = await self._balances(server)
        return {
            "schema": 1,
            "scene": {
                "source_bytes": built.bytes_source,
                "chunk_bytes": built.chunk_bytes,
                "chunks": len(built.chunks),
                "anchors": built.anchors,
            },
            "avatars": {
                "count": self._count(),
                "pose_age_ms": {
                    "p50": round(ages[0], 1) if ages else None,
                    "p95": round(ages[1], 1) if ages else None,
                },
            },
            "payment": {
                "id": receipt.id,
                "state": receipt.state.value,
                "amount_minor": receipt.amount.minor,
                "currency": receipt.amount.currency,
                "challenge_sha256": receipt.challenge_sha256,
                "debtor_before_minor": self._before.debtor_minor,
                "debtor_after_minor": after.debtor_minor,
                "creditor_before_minor": self._before.creditor_minor,
                "creditor_after_minor": after.creditor_minor,
            },
            "ledger": {
                "sum_before_minor": sum_before,
                "sum_after_minor": await server.ledger.sum_minor(),
                "transfers": await server.ledger.transfer_count(),
            },
            "seconds": round(self._clock.monotonic() - self._began, 2),
        }


@contextmanager
def _ended_by_signals(stop: asyncio.Event) -> Iterator[None]:
    """Let Ctrl-C and SIGTERM end the demo with its summary."""
    loop = asyncio.get_running_loop()
    caught = []
    for number in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError):  # Windows: Ctrl-C raises KeyboardInterrupt instead
            loop.add_signal_handler(number, stop.set)
            caught.append(number)
    try:
        yield
    finally:
        for number in caught:
            loop.remove_signal_handler(number)
