"""What a stage does when nobody gave it a script: welcome, and a payment at a counter.

Written as any script is: it uses only `branch` and `stage`.
"""

import asyncio
from typing import Final

from .. import events as e
from ..client import Branch
from ..errors import ApiError, BranchXRError, Declined, InputRefused, NotOffered
from ..money import Money
from .stage import Arrived, Panel, PanelButton, PanelField, PanelPressed, Stage

PAYEE: Final = "CITY-UTILITIES"
"""A simulated merchant that every development branch has."""

AMOUNT: Final = Money("25.00", "RUB")
REFERENCE_CHARACTERS: Final = 140


async def main(branch: Branch, stage: Stage) -> None:
    """Welcome a person, and let them pay at a counter."""
    async with asyncio.TaskGroup() as tasks:
        lobby = Lobby(branch, stage, tasks)
        await lobby.welcome()
        tasks.create_task(lobby.follow_branch())
        tasks.create_task(lobby.follow_person())


class Lobby:
    """One person's visit.

    A payment is a task of its own: what the person does meanwhile is heard at once, and does not
    wait to open another panel over the receipt.
    """

    def __init__(self, branch: Branch, stage: Stage, tasks: asyncio.TaskGroup) -> None:
        self._branch = branch
        self._stage = stage
        self._tasks = tasks
        self._counter: str | None = None
        self._is_paying = False
        self._is_to_sign_in = False

    async def welcome(self) -> None:
        """Say what can be done here."""
        name = self._branch.describe.name
        text = "Walk up to a counter to make a payment, or choose one in the list of places."
        if self._branch.session.user is None:
            text += "\nYou are a guest: look around as you like. To pay, sign in with a passkey."
        await self._stage.open_panel(
            Panel("welcome", f"Welcome to {name}", text, buttons=(PanelButton("close", "Got it"),))
        )

    async def follow_branch(self) -> None:
        """Change what a counter offers once its visitor has signed in."""
        async for event in self._branch.events():
            own = self._branch.session.participant
            if isinstance(event, e.Changed) and event.participant.id == own:
                await self._stage.close_panel("welcome")
                if self._counter and self._is_to_sign_in:
                    await self._offer(self._counter)

    async def follow_person(self) -> None:
        """Answer what the person does, until they go."""
        async for event in self._stage.inputs():
            if isinstance(event, Arrived) and event.kind == "counter" and not self._is_paying:
                await self._stage.close_panel("welcome")
                await self._offer(event.anchor)
            elif isinstance(event, PanelPressed):
                await self._pressed(event)

    async def _offer(self, counter: str) -> None:
        self._counter = counter
        self._is_to_sign_in = self._branch.session.user is None
        if self._is_to_sign_in:
            where = ": the button is at the top right" if self._stage.name == "webxr" else ""
            await self._stage.open_panel(
                Panel(
                    "counter", "Payments", f"Sign in to pay here{where}.",
                    buttons=(PanelButton("close", "Not now"),), anchor=counter,
                )
            )  # fmt: skip
            return
        try:
            payee = await self._branch.payee(PAYEE)
        except ApiError:
            await self._say("Payments", "This counter has nobody to pay to at the moment.")
            return
        await self._stage.open_panel(
            Panel(
                "counter", "Pay a bill", f"To {payee.name}.",
                fields=(
                    PanelField("to", "Account", PAYEE),
                    PanelField("amount", f"Amount in {AMOUNT.currency}", AMOUNT.amount),
                    PanelField("reference", "Reference", "Electricity"),
                ),
                buttons=(PanelButton("pay", "Continue"), PanelButton("close", "Cancel")),
                anchor=counter,
            )
        )  # fmt: skip

    async def _pressed(self, event: PanelPressed) -> None:
        if event.button == "close":
            await self._stage.close_panel(event.panel)
        elif event.button == "again" and self._counter:
            await self._offer(self._counter)
        elif event.button == "pay" and not self._is_paying:
            self._is_paying = True
            self._tasks.create_task(self._pay_once(event))

    async def _pay_once(self, event: PanelPressed) -> None:
        try:
            await self._pay(event)
        finally:
            self._is_paying = False

    async def _pay(self, event: PanelPressed) -> None:
        """Pay what stands in the panel; the bank's own dialog asks, not this script."""
        fields = {name: text.strip() for name, text in event.fields.items()}
        try:
            amount = Money(fields.get("amount", ""), AMOUNT.currency)
            receipt = await self._branch.pay(
                to=fields.get("to", ""),
                amount=amount,
                reference=fields.get("reference", "")[:REFERENCE_CHARACTERS],
            )
        except NotOffered:
            raise
        except Declined:
            await self._say("Nothing was paid", "You declined. The money is where it was.")
        except InputRefused as error:
            await self._say("Please correct that", f"Expected {error.expected}.")
        except BranchXRError as error:
            await self._say("That payment did not go through", _reason(error))
        else:
            payee = receipt.intent.creditor.name
            await self._say(
                "Paid", f"{receipt.amount} to {payee}.\nReceipt {receipt.transfer}.", "Pay another"
            )

    async def _say(self, title: str, text: str, again: str = "Back") -> None:
        buttons = (PanelButton("close", "Done"), PanelButton("again", again))
        await self._stage.open_panel(
            Panel("counter", title, text, buttons=buttons, anchor=self._counter)
        )


def _reason(error: BranchXRError) -> str:
    if not error.outcome_known:
        return "It is not known yet whether it was paid. Look at your balance before you try again."
    return REASONS.get(error.code, f"{error.remedy[:1].upper()}{error.remedy[1:]}.")


REASONS: Final = {
    "account_unknown": "There is no such account.",
    "insufficient_funds": "There is not enough money in your account.",
    "same_account": "That is your own account.",
    "currency_mismatch": "That account is kept in another currency.",
    "amount_refused": "That amount cannot be paid.",
    "limit_exceeded": "That is more than your limit.",
    "reference_refused": "The reference has characters that could deceive its reader.",
    "approval_expired": "The time to confirm ran out.",
}
"""What people are told; other codes come with the branch's own remedy."""
