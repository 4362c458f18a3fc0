"""Ceremonies that a stage holds: passkeys, and the yes to a payment. No script can reach these."""

import asyncio
from collections.abc import Callable
from typing import Any, Final, Generic, Literal, TypeVar

from ..errors import Declined, KeyRefused
from .link import StageLink
from .messages import Ask, AskOver

AnswerT = TypeVar("AnswerT")

CEREMONIES_MAX: Final = 4
"""At once, for one stage."""


class Ceremonies(Generic[AnswerT]):
    """Asks of one stage and who waits for their answers.

    Args:
        link: to where the stage is shown.
        new_id: makes ids that cannot be guessed.
    """

    def __init__(self, link: StageLink[Any], *, new_id: Callable[[], str]) -> None:
        self._link = link
        self._new_id = new_id
        self._waiting: dict[str, asyncio.Future[AnswerT]] = {}

    async def hold(
        self,
        kind: Literal["register", "authenticate", "confirm"],
        options: dict[str, Any],
        *,
        canonical: str | None = None,
    ) -> AnswerT:
        """Have a ceremony held; a reader that comes back is asked again.

        Raises:
            Declined: the person said no, or nothing.
            KeyRefused: there is no usable passkey, or would not sign what it was asked to.
        """
        if len(self._waiting) >= CEREMONIES_MAX:
            raise KeyRefused(
                f"at most {CEREMONIES_MAX} ceremonies at once", "one more", "wait for the others"
            )
        ask = Ask(self._new_id(), kind, options, canonical)
        future: asyncio.Future[AnswerT] = asyncio.get_running_loop().create_future()
        self._waiting[ask.id] = future
        self._link.say(ask, key=f"ask:{ask.id}")
        try:
            return await future
        finally:
            del self._waiting[ask.id]
            self._link.forget(f"ask:{ask.id}")
            if future.cancelled():
                self._link.say(AskOver(ask.id))

    def answer(self, ask_id: str, answer: AnswerT) -> None:
        """Take an answer; one that nobody waits for is dropped."""
        future = self._waiting.get(ask_id)
        if future and not future.done():
            future.set_result(answer)

    def refuse(self, ask_id: str, code: str) -> None:
        """Take a refusal by its code; see `npm/src/passkeys.ts` and `intent.ts`."""
        future = self._waiting.get(ask_id)
        if not future or future.done():
            return
        if code in {"declined", "aborted", "over", "replaced", "approval_expired"}:
            future.set_exception(Declined("a yes", code, "try again", code="declined"))
        else:
            future.set_exception(
                KeyRefused(
                    "a passkey that signs what is shown",
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
"""Codes a stage may refuse with, beside those of a no, and what to do."""
