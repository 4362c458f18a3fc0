"""Sessions: a guest's begins, tokens are refreshed, a session ends."""

from collections.abc import Mapping

from ...models import Done, SessionDescription, TokenSet
from ..sessions import Sessions, scope_of
from .binder import Call, Handler


def handlers(sessions: Sessions) -> Mapping[str, Handler]:
    """Return the handlers of this group by operation."""

    async def start_guest(call: Call) -> TokenSet:
        return await sessions.start_guest(call.body.name, sid=call.sid, address=call.address)

    async def refresh(call: Call) -> TokenSet:
        return await sessions.refresh(call.body.refresh_token, sid=call.sid)

    async def describe_session(call: Call) -> SessionDescription:
        session = call.session
        return SessionDescription(
            participant=session.participant,
            role=session.role,
            name=session.name,
            scope=scope_of(session),
            sid=session.sid,
            user=session.user,
            assurance=session.assurance,
        )

    async def end_session(call: Call) -> Done:
        await sessions.end(call.session)
        return Done()

    return {
        "start_guest": start_guest,
        "refresh": refresh,
        "describe_session": describe_session,
        "end_session": end_session,
    }
