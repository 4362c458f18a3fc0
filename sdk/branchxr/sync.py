"""The client for programs without asyncio: the asynchronous one, on a thread of its own.

>>> import branchxr.sync
>>> with branchxr.sync.connect("http://localhost:8710") as branch:  # doctest: +SKIP
...     print(branch.describe.name)
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Coroutine, Iterator
from concurrent.futures import CancelledError
from typing import Any, Self, TypeVar

from . import client as _client
from .errors import Unauthenticated
from .events import Event, Participant
from .models import Account, BranchDescription, Payee, SessionDescription, Statement
from .money import Money
from .payments.payments import PaymentReceipt, Settled

_Result = TypeVar("_Result")


def connect(url: str | None = None, **options: Any) -> "Branch":
    """Return a connection, to be used with `with`; arguments as for `branchxr.connect`."""
    return Branch(url, options)


class Branch:
    """As `branchxr.Branch`, method by method; each call waits for its answer."""

    def __init__(self, url: str | None, options: dict[str, Any]) -> None:
        self._url = url
        self._options = options
        self._branch: _client.Branch | None = None

    def __enter__(self) -> Self:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="branchxr.sync", daemon=True
        )
        self._thread.start()
        try:
            self._branch = self._wait(self._open())
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(self, *exception: object) -> None:
        branch, self._branch = self._inner, None
        try:
            self._wait(branch.__aexit__(None, None, None))
        finally:
            self._stop()

    @property
    def describe(self) -> BranchDescription:
        """What the branch says of itself."""
        return self._inner.describe

    @property
    def session(self) -> SessionDescription:
        """Who this connection is to the branch."""
        return self._inner.session

    @property
    def participants(self) -> dict[str, Participant]:
        """Everybody who is in the branch, by id."""
        return dict(self._inner.participants)

    def enter(self, name: str | None = None, anchor: str | None = None) -> Participant:
        """Go in; see `branchxr.Branch.enter`."""
        return self._wait(self._inner.enter(name, anchor))

    def events(self) -> Iterator[Event]:
        """Return an iterator over what happens from now on; each step waits."""

        async def begin() -> AsyncIterator[Event]:
            return self._inner.events()

        return self._iterate(self._wait(begin()))

    def positions(self) -> dict[str, tuple[float, float, float]]:
        """Return where everybody's head is now."""

        async def read() -> dict[str, tuple[float, float, float]]:
            return dict(self._inner.positions())

        return self._wait(read())

    def move(self, position: tuple[float, float, float], yaw: float = 0.0) -> None:
        """Stand somewhere at once."""
        self._wait(self._inner.move(position, yaw))

    def walk_to(
        self, anchor_or_position: "str | tuple[float, float, float]", speed_m_s: float = 1.4
    ) -> tuple[float, float, float]:
        """Walk there; see `branchxr.Branch.walk_to`."""
        return self._wait(self._inner.walk_to(anchor_or_position, speed_m_s))

    def chat(self, text: str) -> None:
        """Say something to everybody in the branch."""
        self._wait(self._inner.chat(text))

    def emote(self, name: str) -> None:
        """Make a gesture."""
        self._wait(self._inner.emote(name))

    def register(self, name: str | None = None) -> SessionDescription:
        """Register a passkey as a new customer."""
        return self._wait(self._inner.register(name))

    def sign_in(self) -> SessionDescription:
        """Sign in with a passkey."""
        return self._wait(self._inner.sign_in())

    def sign_out(self) -> None:
        """End the session."""
        self._wait(self._inner.sign_out())

    def accounts(self) -> list[Account]:
        """List one's accounts with their balances."""
        return self._wait(self._inner.accounts())

    def statement(self, account: str) -> Statement:
        """List an account's latest transfers."""
        return self._wait(self._inner.statement(account))

    def payee(self, account: str) -> Payee:
        """Say whose account that is."""
        return self._wait(self._inner.payee(account))

    def pay(
        self,
        to: str,
        amount: Money,
        reference: str = "",
        *,
        debtor: str | None = None,
        payee_name: str | None = None,
    ) -> PaymentReceipt:
        """Pay, once; see `branchxr.Branch.pay`."""
        return self._wait(
            self._inner.pay(to, amount, reference, debtor=debtor, payee_name=payee_name)
        )

    def settle(self) -> list[Settled]:
        """Learn what became of payments that a crash or a broken connection left open."""
        return self._wait(self._inner.settle())

    def _iterate(self, events: AsyncIterator[Event]) -> Iterator[Event]:
        # Over when the connection is: its loop can be asked no more.
        while self._branch is not None and (event := self._wait(_next(events))) is not None:
            yield event

    async def _open(self) -> _client.Branch:
        return await _client.connect(self._url, **self._options).__aenter__()

    @property
    def _inner(self) -> _client.Branch:
        if self._branch is None:
            raise _not_open()
        return self._branch

    def _wait(self, coroutine: Coroutine[Any, Any, _Result]) -> _Result:
        if threading.current_thread() is self._thread:  # a hook of ours that calls back
            coroutine.close()
            raise _misused("a call from another thread than the client's own", "its own")
        try:
            future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        except RuntimeError:  # another thread has left the `with` block meanwhile
            coroutine.close()
            raise _not_open() from None
        try:
            return future.result()
        except CancelledError:
            raise _not_open() from None
        except BaseException:
            future.cancel()  # Ctrl-C while waiting ends the call, not only the wait
            raise

    def _stop(self) -> None:
        self._wait(_end_others())
        self._wait(self._loop.shutdown_default_executor())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


async def _end_others() -> None:
    """Cancel what other threads still wait for, or they would wait for ever."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


def _not_open() -> Unauthenticated:
    return _misused("an open connection", "one that is not")


def _misused(expected: str, came: str) -> Unauthenticated:
    remedy = "use `with connect(...) as branch`"
    return Unauthenticated(expected, came, remedy, code="not_connected")


async def _next(events: AsyncIterator[Event]) -> Event | None:
    return await anext(events, None)
