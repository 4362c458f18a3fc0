"""How a session starts, becomes a visitor's, and ends."""

from contextlib import suppress
from typing import Final

from ..errors import BranchXRError
from ..models import CredentialRequest, GuestRequest, Nothing, RegistrationRequest
from ..operations import (
    BEGIN_REGISTRATION,
    BEGIN_SIGN_IN,
    END_REGISTRATION,
    END_SESSION,
    END_SIGN_IN,
    START_GUEST,
)
from ..transport.http import BranchHttp
from .authenticator import Authenticator

GOODBYE_S: Final = 2.0
"""How long leaving waits for the branch to take note."""


async def start_guest(http: BranchHttp, name: str) -> None:
    """Start a guest's session.

    Raises:
        ApiError: `guests_full` or `name_refused`.
    """
    http.session.keep(await http.call(START_GUEST, GuestRequest(name=name)))


async def register(
    http: BranchHttp, authenticator: Authenticator, *, name: str, origin: str
) -> None:
    """Register a passkey for a new customer; the session is upgraded, its slot kept.

    Raises:
        Declined: the person said no.
        KeyRefused: the authenticator has no use for it.
        ApiError: the branch does not take the passkey, or the name.
    """
    ceremony = await http.call(BEGIN_REGISTRATION, RegistrationRequest(name=name))
    credential = await authenticator.register(ceremony.options, origin=origin)
    http.session.keep(
        await http.call(
            END_REGISTRATION, CredentialRequest(credential=credential), path={"id": ceremony.id}
        )
    )


async def sign_in(http: BranchHttp, authenticator: Authenticator, *, origin: str) -> None:
    """Sign in with a passkey; the session is upgraded, its slot kept.

    Raises:
        Declined: the person said no.
        KeyRefused: there is no passkey.
        ApiError: the branch does not take it: unknown, revoked, suspended.
    """
    ceremony = await http.call(BEGIN_SIGN_IN, Nothing())
    credential = await authenticator.authenticate(ceremony.options, origin=origin)
    http.session.keep(
        await http.call(
            END_SIGN_IN, CredentialRequest(credential=credential), path={"id": ceremony.id}
        )
    )


async def sign_out(http: BranchHttp, *, deadline_s: float | None = None) -> None:
    """End the session: the branch revokes its tokens, and they are forgotten here in any case."""
    try:
        await http.call(END_SESSION, Nothing(), deadline_s=deadline_s)
    finally:
        http.session.forget()


async def say_goodbye(http: BranchHttp) -> None:
    """Sign out if that has not been done; a branch that does not answer is no error.

    The tokens end here in any case; told of it, the branch has room for another guest.
    """
    if http.session.is_open:
        with suppress(BranchXRError):
            await sign_out(http, deadline_s=GOODBYE_S)
