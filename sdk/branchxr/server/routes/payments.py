"""Payments: begin, read, authorise, cancel."""

from collections.abc import Mapping

from ...models import Payment
from ..approvals import Approvals
from .binder import Call, Handler


def handlers(approvals: Approvals) -> Mapping[str, Handler]:
    """Return the handlers of this group by operation."""

    async def begin_payment(call: Call) -> Payment:
        return await approvals.begin(call.session, call.body, key=call.key)

    async def read_payment(call: Call) -> Payment:
        return await approvals.read(call.path["id"], user=call.user)

    async def authorize_payment(call: Call) -> Payment:
        return await approvals.authorize(
            call.session, call.path["id"], call.body.credential, key=call.key
        )

    async def cancel_payment(call: Call) -> Payment:
        return await approvals.cancel(call.path["id"], key=call.key)

    return {
        "begin_payment": begin_payment,
        "read_payment": read_payment,
        "authorize_payment": authorize_payment,
        "cancel_payment": cancel_payment,
    }
