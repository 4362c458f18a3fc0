"""Accounts and payees: reading only."""

from collections.abc import Mapping

from ...models import Accounts, Payee, Statement
from .. import customers
from ..store import Store
from .binder import Call, Handler


def handlers(store: Store) -> Mapping[str, Handler]:
    """Return the handlers of this group by operation."""

    async def list_accounts(call: Call) -> Accounts:
        return await store.read(lambda connection: customers.accounts(connection, call.user))

    async def read_statement(call: Call) -> Statement:
        return await store.read(
            lambda connection: customers.statement(connection, call.path["id"], user=call.user)
        )

    async def check_payee(call: Call) -> Payee:
        return await store.read(
            lambda connection: customers.payee(connection, call.path["account"])
        )

    return {
        "list_accounts": list_accounts,
        "read_statement": read_statement,
        "check_payee": check_payee,
    }
