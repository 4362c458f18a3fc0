"""Ceremonies that a page holds: passkeys, and the yes to a payment. No script can reach these."""

import asyncio
from collections.abc import Callable
from typing import Any, Final, Literal

from branchxr.errors import Declined, KeyRefused
from branchxr.payments.approval import Approval, Assertion, Refusal

from .messages import Ask, AskOver
from .page_link import PageLink

CEREMONIES_MAX: Final = 4
"""At once, for one page."""


class Ceremonies:
    """Asks of one page and who waits for their answers.

    Args:
        link: to the page.
        new_id: makes ids that cannot be guessed.
    """

    def __init__(self, link: PageLink, *, new_id: Callable[[], str]) -> None:
        self._link = link
        self._new_id = new_id
        self._waiting: dict[str, asyncio.Future[dict[str, Any]]] = {}

    async def hold(
        self,
        kind: Literal["register", "authenticate", "confirm"],
        options: dict[str, Any],
        *,
        canonical: str | None = None,
    ) -> dict[str, Any]:
        """Have the page hold a ceremony; a page that comes back is asked again.

        Raises:
            Declined: the person said no, or nothing.
            KeyRefused: the page has no usable passkey, or would not sign what it was asked to.
        """
        if len(self._waiting) >= CEREMONIES_MAX:
            raise KeyRefused(
                f"at most {CEREMONIES_MAX} ceremonies at once", "one more", "wait for the others"
            )
        ask = Ask(self._new_id(), kind, options, canonical)
        future: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._waiting[ask.id] = future
        self._link.say(ask, key=f"ask:{ask.id}")
        try:
            return await future
        finally:
            del self._waiting[ask.id]
            self._link.forget(f"ask:{ask.id}")
            if future.cancelled():
                self._link.say(AskOver(ask.id))

    def answer(self, ask_id: str, credential: dict[str, Any]) -> None:
        """Take a credential; one that nobody waits for is dropped."""
        future = self._waiting.get(ask_id)
        if future and not future.done():
            future.set_result(credential)

    def refuse(self, ask_id: str, code: str) -> None:
        """Take a refusal by its code; see `npm/src/passkeys.ts` and `intent.ts`."""
        future = self._waiting.get(ask_id)
        if not future or future.done():
            return
        if code in {"declined", "aborted", "over", "replaced", "approval_expired"}:
            future.set_exception(Declined("a yes on the page", code, "try again", code="declined"))
        else:
            future.set_exception(
                KeyRefused(
                    "a passkey that signs what the page shows",
                    f"{code:.60}",
                    REMEDIES.get(code, "try another passkey or browser"),
                    code=code if code in REMEDIES else "ceremony_failed",
                )
            )


REMEDIES: Final = {
    "no_passkeys_here": "use a browser with passkeys, on https:// or http://localhost",
    "no_credential": "try again",
    "passkey_exists": "use the passkey that is already on this device",
    "wrong_origin": "open the address that the branch printed",
    "challenge_mismatch": "do not pay: the branch asked to sign something else than was shown",
    "rp_mismatch": "do not pay: the intent is of another bank",
    "intent_malformed": "do not pay: tell whoever runs the branch",
    "intent_not_canonical": "do not pay: tell whoever runs the branch",
    "intent_text_refused": "do not pay: a name or reference could be mistaken for another",
    "intent_amount_refused": "do not pay: tell whoever runs the branch",
    "intent_lifetime_refused": "do not pay: tell whoever runs the branch",
}
"""Codes a page may refuse with, beside those of a no, and what to do."""


class PageAuthenticator:
    """Passkeys of whoever sits at the page; implements `identity.Authenticator`."""

    def __init__(self, ceremonies: Ceremonies) -> None:
        self._ceremonies = ceremonies

    async def register(self, options: dict[str, Any], *, origin: str) -> dict[str, Any]:  # noqa: ARG002 - the browser writes its own origin
        """Create a passkey on the page."""
        return await self._ceremonies.hold("register", options)

    async def authenticate(self, options: dict[str, Any], *, origin: str) -> dict[str, Any]:  # noqa: ARG002 - as above
        """Use a passkey on the page."""
        return await self._ceremonies.hold("authenticate", options)


class PageConfirmer:
    """The bank's own dialog on the page; implements `payments.Confirmer`."""

    def __init__(self, ceremonies: Ceremonies) -> None:
        self._ceremonies = ceremonies

    async def confirm(self, approval: Approval) -> Assertion | Refusal:
        """Show the canonical bytes as they are, and have them signed or refused."""
        try:
            credential = await self._ceremonies.hold(
                "confirm", approval.options, canonical=approval.canonical.decode()
            )
        except Declined:
            return Refusal("declined")
        return Assertion(credential)
