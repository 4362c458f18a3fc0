"""The yes to a payment in a game: shown there, held against its hash here, signed here.

A game engine is not a trusted display: a branch's policy asks for a browser or a phone above its
limit. Below it, the game renders the canonical bytes and answers with the hash of what it rendered;
no other answer is a yes.
"""

import hmac

from branchxr.errors import Declined, IntentMismatch
from branchxr.identity.authenticator import Authenticator
from branchxr.payments.approval import Approval, Assertion, Refusal
from branchxr.protocol.intent import challenge
from branchxr.stages.ceremonies import Ceremonies


class GameConfirmer:
    """Implements `payments.Confirmer` with the game's dialog and this side's authenticator."""

    def __init__(self, ceremonies: Ceremonies[bytes], authenticator: Authenticator) -> None:
        self._ceremonies = ceremonies
        self._authenticator = authenticator

    async def confirm(self, approval: Approval) -> Assertion | Refusal:
        """Have the canonical bytes shown as they are; sign if their reader said yes to them.

        Raises:
            IntentMismatch: `challenge_mismatch`: the yes was to something else.
            KeyRefused: the game would not show it: not canonical, or text that deceives.
        """
        try:
            shown = await self._ceremonies.hold(
                "confirm", approval.options, canonical=approval.canonical.decode()
            )
        except Declined:
            return Refusal("declined")
        if not hmac.compare_digest(shown, challenge(approval.canonical)):
            raise IntentMismatch(
                "a yes to the intent that was asked for", "a yes to another",
                "do not pay; look at what the game shows", code="challenge_mismatch",
            )  # fmt: skip
        return Assertion(
            await self._authenticator.authenticate(approval.options, origin=approval.origin)
        )
