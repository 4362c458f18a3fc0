"""Coming in: a name, a slot, a place to stand; or a refusal."""

from collections.abc import Callable, Collection

from ..errors import ProtocolError
from . import messages as m
from .crowd import Crowd
from .plan import STAFF, BranchPlan
from .session import Grant, RoomLimits, Session, open_session
from .wording import clean_name, distinct, fault_of_choice


class Refused(Exception):
    """Somebody is not let in; `Room` tells them and closes."""

    def __init__(self, error: ProtocolError, close_code: int) -> None:
        super().__init__(error.code)
        self.error = error
        self.close_code = close_code


def refused(code: str, expected: str, came: str, *, close: int = m.CloseCode.REFUSED) -> Refused:
    """Make a refusal."""
    return Refused(ProtocolError(expected, came, "see docs/protocol.md", code=code), close)


def join_first() -> ProtocolError:
    """Make the error of who begins with something else."""
    return ProtocolError(
        "join or resume as the first message", "another one", "send join", code="join_first"
    )


def admit(
    grant: Grant,
    message: m.Join | m.Resume,
    *,
    sessions: Collection[Session],
    crowd: Crowd,
    plan: BranchPlan,
    limits: RoomLimits,
    new_token: Callable[[], str],
    now: float,
) -> Session:
    """Let somebody in who is not: choose name, slot and place, and stand a body there.

    Raises:
        Refused: `name_refused`, `anchor_unknown` or `branch_full`.
    """
    name = _choose_name(grant, message.name, sessions)
    spawns = plan.spawns(grant.role)
    if message.anchor is not None and all(message.anchor != spawn.path for spawn in spawns):
        raise refused("anchor_unknown", "path of a spawn anchor for this role", "another")
    taken = crowd.take_slot(now) if len(sessions) < limits.participants else None
    if taken is None:
        raise refused("branch_full", "a free place", "none", close=m.CloseCode.FULL)
    others = [session.body.position for session in sessions]
    body, yaw = crowd.choose_place(grant.role, others, prefer=message.anchor, now=now)
    session = open_session(
        grant,
        name=name,
        slot=taken[0],
        generation=taken[1],
        body=body,
        yaw=yaw,
        limits=limits,
        new_token=new_token,
        now=now,
    )
    crowd.stand(session, now)
    return session


def _choose_name(grant: Grant, wish: str | None, sessions: Collection[Session]) -> str:
    """Take the wished name; nobody who works here may call themselves something else."""
    others = [session.name for session in sessions]
    if wish is None or grant.role in STAFF:
        return distinct(clean_name(grant.name), others=others)
    name = clean_name(wish)
    staff = [session.name for session in sessions if session.role in STAFF]
    fault = fault_of_choice(name, others=others, staff=staff)
    if fault is not None:
        raise refused("name_refused", "a name of your own", fault)
    return distinct(name, others=others)
