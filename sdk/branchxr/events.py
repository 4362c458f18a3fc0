"""What happens in a branch, as `branch.events()` yields it."""

import msgspec

from .models import Role


class Event(msgspec.Struct, frozen=True, tag_field="event", tag=str.lower):
    """Something that happened."""


class Participant(msgspec.Struct, frozen=True):
    """Somebody in the branch.

    Attributes:
        id: stable for the whole session.
        slot: their number in cell frames.
        generation: how often that number was given out before.
    """

    id: str
    name: str
    role: Role
    slot: int
    generation: int


class Entered(Event, frozen=True):
    """Somebody came in."""

    participant: Participant


class Changed(Event, frozen=True):
    """Somebody's name or role changed, as when a guest signs in."""

    participant: Participant


class Left(Event, frozen=True):
    """Somebody is gone."""

    participant: Participant


class Chat(Event, frozen=True):
    """Somebody said something."""

    participant: Participant
    text: str


class Emote(Event, frozen=True):
    """Somebody made a gesture, such as `"wave"`."""

    participant: Participant
    emote: str


class Disconnected(Event, frozen=True):
    """The realtime connection broke; the client comes back by itself."""

    reason: str


class Reconnected(Event, frozen=True):
    """The realtime connection is back, and nothing reliable was lost in between."""


class Discontinuity(Event, frozen=True):
    """The connection was gone for too long: what happened in between is not known."""


class Refused(Event, frozen=True):
    """The branch refused something this client sent: a line of chat, a gesture, too many poses."""

    code: str
    expected: str
    came: str
    remedy: str
