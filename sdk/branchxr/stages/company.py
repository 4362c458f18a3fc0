"""Who else is here: the branch's events, told to a stage."""

from collections.abc import Callable
from typing import Any, Final

from .. import events as e
from ..client import Branch
from . import messages as m
from .link import StageLink

LINES_KEPT: Final = 50
"""Of what was said, for a stage that comes back."""

REFUSALS: Final = {
    "chat_refused": "Plain text only, and not too long.",
    "scope_missing": "Sign in to talk.",
}
"""What a person is told when the branch refuses a line of theirs."""


class Company:
    """Follows one branch connection, which has entered, for one stage."""

    def __init__(self, branch: Branch, link: StageLink[Any]) -> None:
        self._branch = branch
        self._link = link
        self._events = branch.events()
        self._own_id = branch.session.participant
        self._lines = 0
        self._placements = 0

    async def follow(self, on_change: Callable[[], None]) -> None:
        """Tell the stage what happens, until cancelled.

        Args:
            on_change: called when one's own name or role changed.
        """
        for participant in self._branch.participants.values():
            self._present(participant)
        self.tell_self()
        self.notice_placement()
        async for event in self._events:
            self._tell(event)
            if isinstance(event, e.Changed) and event.participant.id == self._own_id:
                on_change()

    def tell_self(self) -> None:
        """Tell the stage who it is."""
        session = self._branch.session
        own = self._branch.participants.get(session.participant)
        state = m.OwnState(
            participant=session.participant if own else "",
            name=own.name if own else session.name,
            role=str(own.role if own else session.role),
            slot=own.slot if own else -1,
            is_signed_in=session.user is not None,
        )
        self._link.say(m.You(state), key="you")

    def notice_placement(self) -> None:
        """Tell the stage where to stand, if the branch has put its body somewhere."""
        count, position, yaw = self._branch.placement
        if count == self._placements:
            return
        is_first = self._placements == 0
        self._placements = count
        self._link.say(m.Place(position, yaw if is_first else None))

    def _tell(self, event: e.Event) -> None:
        match event:
            case e.Entered() | e.Changed():
                self._present(event.participant)
                if event.participant.id == self._own_id:
                    self.tell_self()
            case e.Left():
                self._link.forget(f"present:{event.participant.id}")
                self._link.say(m.Gone(event.participant.id))
            case e.Chat():
                self._heard(event.participant, event.text)
            case e.Emote():
                self._heard(event.participant, event.emote, is_emote=True)
            case e.Refused() if event.code in REFUSALS:
                self._link.say(m.Notice("error", "That was not said", REFUSALS[event.code]))
            case e.Disconnected():
                self._link.say(m.BranchLink(is_connected=False), key="branch")
            case e.Reconnected() | e.Discontinuity():
                self._link.say(m.BranchLink(is_connected=True), key="branch")
                self.tell_self()
                self.notice_placement()

    def _present(self, participant: e.Participant) -> None:
        person = m.Person(
            participant.id,
            participant.name,
            str(participant.role),
            participant.slot,
            participant.generation,
        )
        self._link.say(m.Present(person), key=f"present:{participant.id}")

    def _heard(self, participant: e.Participant, text: str, *, is_emote: bool = False) -> None:
        is_own = participant.id == self._own_id
        heard = m.Heard(participant.name, str(participant.role), is_own, text, is_emote)
        self._link.say(heard, key=f"heard:{self._lines}")
        self._lines += 1
        self._link.forget(f"heard:{self._lines - LINES_KEPT - 1}")
