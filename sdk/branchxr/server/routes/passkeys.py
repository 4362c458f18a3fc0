"""Passkeys: register, sign in, list, revoke."""

from collections.abc import Mapping

from ...models import Ceremony, Done, Passkey, Passkeys, TokenSet
from ...protocol.canonical import decode_base64url, encode_base64url
from .. import credentials
from ..problems import refusal
from ..sessions import Sessions
from ..sign_in import SignIn
from ..store import Store
from .binder import Call, Handler


def handlers(sign_in: SignIn, store: Store, sessions: Sessions) -> Mapping[str, Handler]:
    """Return the handlers of this group by operation."""

    async def begin_registration(call: Call) -> Ceremony:
        return await sign_in.begin_registration(call.session, call.body.name)

    async def end_registration(call: Call) -> TokenSet:
        return await sign_in.end_registration(call.session, call.path["id"], call.body.credential)

    async def begin_sign_in(call: Call) -> Ceremony:
        return await sign_in.begin(call.session)

    async def end_sign_in(call: Call) -> TokenSet:
        return await sign_in.end(call.session, call.path["id"], call.body.credential)

    async def list_passkeys(call: Call) -> Passkeys:
        found = await store.read(lambda connection: credentials.of_user(connection, call.user))
        return Passkeys(
            passkeys=[
                Passkey(
                    id=encode_base64url(credential.id),
                    assurance=credential.assurance,
                    created_at=credential.created_at,
                    is_revoked=credential.state == credentials.REVOKED,
                )
                for credential in found
            ]
        )

    async def revoke_passkey(call: Call) -> Done:
        try:
            credential = decode_base64url(call.path["id"])
        except ValueError:
            raise refusal("credential_unknown", "something that is no credential id") from None
        await store.write(
            lambda connection: credentials.revoke(connection, credential, user=call.user)
        )
        # Whoever has the passkey may be signed in with it: only the caller stays.
        await sessions.end_others(call.session)
        return Done()

    return {
        "begin_registration": begin_registration,
        "end_registration": end_registration,
        "begin_sign_in": begin_sign_in,
        "end_sign_in": end_sign_in,
        "list_passkeys": list_passkeys,
        "revoke_passkey": revoke_passkey,
    }
