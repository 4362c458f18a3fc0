"""From guest to visitor: registering a passkey, or signing in with one."""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Connection

from ..clock import Clock
from ..errors import ApiError
from ..models import Assurance, Ceremony, Role, TokenSet
from . import credentials, customers
from .ceremonies import REGISTRATION, SIGN_IN, Ceremonies, OpenCeremony
from .policy import Policy
from .problems import refusal
from .relying_party import RelyingParty
from .sessions import Issued, Session, Sessions, check_name
from .store import Store


class SignIn:
    """The two ceremonies; each is used up by its first answer, right or wrong."""

    def __init__(
        self,
        store: Store,
        sessions: Sessions,
        relying_party: RelyingParty,
        policy: Policy,
        *,
        clock: Clock,
        random_bytes: Callable[[int], bytes],
    ) -> None:
        self._store = store
        self._sessions = sessions
        self._relying_party = relying_party
        self._policy = policy
        self._clock = clock
        self._random_bytes = random_bytes
        self._ceremonies = Ceremonies(policy, random_bytes)

    async def begin_registration(self, session: Session, name: str) -> Ceremony:
        """Begin to register a passkey for a new customer.

        Raises:
            ApiError: `name_refused` or `already_signed_in`.
        """
        check_name(name)
        user = self._random_bytes(16).hex()
        ceremony, challenge = await self._begin(session, REGISTRATION, user=user, name=name)
        options = self._relying_party.creation_options(challenge, user=user, name=name)
        return Ceremony(id=ceremony, options=options)

    async def begin(self, session: Session) -> Ceremony:
        """Begin to sign in with any passkey of this branch.

        Raises:
            ApiError: `already_signed_in`.
        """
        ceremony, challenge = await self._begin(session, SIGN_IN)
        return Ceremony(id=ceremony, options=self._relying_party.request_options(challenge))

    async def end_registration(
        self, session: Session, ceremony: str, credential: Mapping[str, Any]
    ) -> TokenSet:
        """Keep the passkey, open an account, and upgrade the session.

        Raises:
            ApiError: what is wrong with the answer; the ceremony is over in any case.
        """
        taken = await self._take(session, REGISTRATION, ceremony)
        now = self._clock.time()
        new = self._relying_party.verify_registration(
            credential, challenge=taken.challenge, now=now
        )
        self._check_assurance(new.assurance)

        def enrol(connection: Connection) -> Issued:
            customers.enrol(
                connection,
                taken.user,
                name=taken.name,
                policy=self._policy,
                random_bytes=self._random_bytes,
                now=now,
            )
            credentials.add(connection, taken.user, new, now=now)
            return self._upgrade(connection, session, taken.user, new.assurance)

        return self._sessions.put_in_force(await self._store.write(enrol))

    async def end(self, session: Session, ceremony: str, credential: Mapping[str, Any]) -> TokenSet:
        """Upgrade the session to that of the passkey's owner.

        Raises:
            ApiError: what is wrong with the answer; the ceremony is over in any case.
        """
        taken = await self._take(session, SIGN_IN, ceremony)
        assertion = self._relying_party.parse_assertion(credential)

        def check(connection: Connection) -> Issued | ApiError:
            found = credentials.usable(connection, assertion.credential_id)
            counter = self._relying_party.verify_assertion(
                assertion,
                challenge=taken.challenge,
                user=found.user,
                data=found.data,
                is_backup_eligible=found.is_backup_eligible,
                must_name_user=True,
            )
            self._check_assurance(found.assurance)
            if not credentials.use_counter(
                connection, found.id, counter, floor_serial=taken.floor_serial
            ):
                return refusal("counter_reused", "a counter that was used before")
            return self._upgrade(connection, session, found.user, found.assurance)

        outcome = await self._store.write(check)
        if isinstance(outcome, ApiError):  # raised only now: the suspension is committed
            raise outcome
        return self._sessions.put_in_force(outcome)

    async def _begin(
        self, session: Session, kind: str, *, user: str = "", name: str = ""
    ) -> tuple[str, bytes]:
        _check_guest(session)
        now = self._clock.time()
        return await self._store.write(
            lambda connection: self._ceremonies.begin(
                connection, kind, sid=session.sid, now=now, user=user, name=name
            )
        )

    async def _take(self, session: Session, kind: str, ceremony: str) -> OpenCeremony:
        _check_guest(session)
        now = self._clock.time()
        return await self._store.write(
            lambda connection: self._ceremonies.take(
                connection, kind, ceremony, sid=session.sid, now=now
            )
        )

    def _upgrade(
        self, connection: Connection, session: Session, user: str, assurance: Assurance
    ) -> Issued:
        name, role = customers.name_and_role(connection, user)
        return self._sessions.upgrade(
            connection, session, user=user, name=name, role=role, assurance=assurance
        )

    def _check_assurance(self, assurance: Assurance) -> None:
        if not self._policy.accepts(assurance):
            raise refusal("assurance_too_low", f"a passkey taken for {assurance.value}")


def _check_guest(session: Session) -> None:
    if session.role is not Role.GUEST:
        raise refusal("already_signed_in", "a session that is signed in")
