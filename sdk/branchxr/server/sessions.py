"""Who is in the branch: sessions, their roles and their tokens.

Tokens are 32 random bytes that mean nothing by themselves; only their SHA-256 is kept. A session
is bound to one DPoP key, whose thumbprint is its `sid`. A guest who signs in keeps session,
participant and slot; the tokens change. Everything is on disk, and in memory as well, so that a
request or a realtime handshake costs no database read; this process is the only writer.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import Final

from sqlalchemy import Connection, delete, insert, select, update

from ..clock import Clock
from ..models import Assurance, Role, TokenSet
from ..operations import Scope
from ..protocol.canonical import encode_base64url
from ..protocol.text import fault_of_name
from .policy import SCOPES, Policy
from .problems import refusal
from .schema import SESSIONS, TOKENS
from .store import Store
from .tokens import ACCESS, REFRESH, TOKEN_BYTES, Renewals, Token, hash_of

MAX_TOKENS: Final = 256
"""Of one session. Used refresh tokens are kept, to know a copy: in 12 hours an honest client has
about 75 of them, one that refreshes without end would fill the memory."""


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody's session.

    Attributes:
        sid: thumbprint of the DPoP key.
        address: where a guest came from; empty for the host's own.
        user: the customer, once signed in.
        expires_at: unix seconds; a refresh moves it on.
    """

    id: str
    sid: str
    participant: str
    name: str
    role: Role
    address: str
    user: str | None
    assurance: Assurance | None
    expires_at: int

    @property
    def scopes(self) -> frozenset[Scope]:
        """What its tokens allow."""
        return SCOPES.get(self.role, frozenset())


@dataclass(frozen=True, slots=True)
class Issued:
    """New tokens of a session, written but not yet in force: see `Sessions.put_in_force`."""

    session: Session
    tokens: TokenSet
    kept: dict[bytes, Token]
    rotates_all: bool
    is_new: bool


class Sessions:
    """The sessions of a branch.

    Args:
        is_present: tells whether a participant is in the branch right now: their session does not
            end for want of requests.

    Attributes:
        on_change: told when a session's name or role changed, with the session.
        on_end: told when a session ended, with the session.
    """

    def __init__(
        self,
        store: Store,
        policy: Policy,
        *,
        clock: Clock,
        random_bytes: Callable[[int], bytes],
        is_present: Callable[[str], bool] = lambda _participant: False,
    ) -> None:
        self._store = store
        self._policy = policy
        self._is_present = is_present
        self._clock = clock
        self._random_bytes = random_bytes
        self._sessions: dict[str, Session] = {}
        self._tokens: dict[bytes, Token] = {}
        self._renewals = Renewals()
        self._starting: list[str] = []  # addresses whose guests are being written down
        self.on_change: list[Callable[[Session], None]] = []
        self.on_end: list[Callable[[Session], None]] = []

    async def load(self) -> None:
        """Read back what a former process kept."""

        def read(connection: Connection) -> None:
            for row in connection.execute(select(SESSIONS)).mappings():
                found = Session(
                    id=row["id"], sid=row["sid"], participant=row["participant"],
                    name=row["name"], role=Role(row["role"]), address=row["address"],
                    user=row["user"], expires_at=row["expires_at"],
                    assurance=Assurance(row["assurance"]) if row["assurance"] else None,
                )  # fmt: skip
                self._sessions[found.id] = found
            for row in connection.execute(select(TOKENS)).mappings():
                self._tokens[row["hash"]] = Token(
                    row["session"], row["kind"], bool(row["is_used"]), row["expires_at"]
                )

        await self._store.read(read)

    async def start_guest(self, name: str, *, sid: str, address: str) -> TokenSet:
        """Start a guest's session for a DPoP key; an earlier session of that key ends.

        Raises:
            ApiError: `name_refused` or `guests_full`.
        """
        check_name(name)
        await self.sweep()
        await self._end_of_key(sid)
        self._check_places(address)
        now = self._clock.time()
        session = Session(
            id=encode_base64url(self._random_bytes(16)),
            sid=sid,
            participant=self._random_bytes(8).hex(),
            name=name,
            role=Role.GUEST,
            address=address,
            user=None,
            assurance=None,
            expires_at=int(now) + self._policy.idle_s(Role.GUEST),
        )

        def start(connection: Connection) -> Issued:
            connection.execute(insert(SESSIONS).values(**_columns(session)))
            return self._issue(connection, session, rotates_all=True, is_new=True)

        self._starting.append(address)
        try:
            issued = await self._store.write(start)
        finally:
            self._starting.remove(address)
        await self._end_of_key(sid)  # one that was started at the same time
        return self.put_in_force(issued)

    def authenticate(self, access_token: str) -> Session:
        """Return the session of an access token.

        Raises:
            ApiError: `token_invalid` or `token_expired`.
        """
        hashed = hash_of(access_token)
        token = self._tokens.get(hashed)
        if token is None or token.kind != ACCESS or token.is_used:
            raise refusal("token_invalid", "another token, or one of a session that ended")
        if token.expires_at <= self._clock.time():
            raise refusal("token_expired", "a token that has expired")
        self._renewals.hear(token.session, hashed)
        return self._sessions[token.session]

    async def refresh(self, refresh_token: str, *, sid: str) -> TokenSet:
        """Exchange a refresh token for new tokens, once (RFC 9700 section 4.14).

        Again only while the reply to the last exchange may have been lost; see `tokens`.

        Raises:
            ApiError: `refresh_invalid`, or `refresh_reused`: somebody has a copy, so the session
                ends for both.
        """
        hashed = hash_of(refresh_token)
        token = self._tokens.get(hashed)
        if token is None or token.kind != REFRESH:
            raise refusal("refresh_invalid", "another token, or one of a session that ended")
        session = self._sessions[token.session]
        if session.sid != sid:
            raise refusal("refresh_invalid", "a proof by another key")
        now = self._clock.time()
        spent = {hashed: token}
        if token.is_used:
            lost = self._renewals.repeated(session.id, hashed, now=now)
            if lost is None:
                await self.end(session)
                raise refusal("refresh_reused", "one that was used before; the session ended")
            # What the lost reply gave counts as used: should somebody have it, that will show.
            spent |= lost.given
        self._renewals.hear(session.id, hashed)
        if session.expires_at <= now and not self._is_present(session.participant):
            raise refusal("refresh_invalid", "one that has expired")
        if sum(found.session == session.id for found in self._tokens.values()) >= MAX_TOKENS:
            wait_s = self._policy.access_token_s
            raise refusal("rate_limited", "one refresh after the other", retry_after_s=wait_s)
        # Used in memory before the first await: of two at once, the second is a reuse.
        self._tokens.update({one: replace(was, is_used=True) for one, was in spent.items()})
        renewed = replace(session, expires_at=int(now) + self._policy.idle_s(session.role))

        def rotate(connection: Connection) -> Issued:
            are_spent = TOKENS.c.hash.in_(spent)
            changed = connection.execute(update(TOKENS).where(are_spent).values(is_used=1))
            if changed.rowcount != len(spent):
                # Signing in rotates all tokens: what is renewed here is the guest no more.
                raise refusal("refresh_invalid", "one of a session that has just signed in")
            return self._issue(connection, renewed, rotates_all=False)

        try:
            issued = await self._store.write(rotate)
        except Exception:
            # Not written, so not used: the disk may be full.
            self._tokens.update({one: was for one, was in spent.items() if one in self._tokens})
            raise
        tokens = self.put_in_force(issued)
        self._renewals.note(session.id, spent=hashed, given=issued.kept, now=now)
        return tokens

    def upgrade(
        self,
        connection: Connection,
        session: Session,
        *,
        user: str,
        name: str,
        role: Role,
        assurance: Assurance,
    ) -> Issued:
        """Make a guest's session a customer's, inside the transaction that signs them in.

        Raises:
            ApiError: `already_signed_in`: another ceremony of this session was faster.
        """
        query = select(SESSIONS.c.role).where(SESSIONS.c.id == session.id)
        if connection.execute(query).scalar_one_or_none() not in {None, Role.GUEST.value}:
            raise refusal("already_signed_in", "a session that has just signed in")
        upgraded = replace(
            session,
            user=user,
            name=name,
            role=role,
            assurance=assurance,
            expires_at=int(self._clock.time()) + self._policy.idle_s(role),
        )
        return self._issue(connection, upgraded, rotates_all=True)

    def put_in_force(self, issued: Issued) -> TokenSet:
        """Let new tokens count, after their transaction has been committed.

        Raises:
            ApiError: `session_revoked`: the session ended in the meantime, and stays so.
        """
        session = issued.session
        before = self._sessions.get(session.id)
        if before is None and not issued.is_new:
            raise refusal("session_revoked", "one that ended in the meantime")
        self._forget_tokens(session.id, only_expired=not issued.rotates_all)
        self._renewals.forget(session.id)
        self._sessions[session.id] = session
        self._tokens.update(issued.kept)
        if before is not None and (before.name, before.role) != (session.name, session.role):
            for told in self.on_change:
                told(session)
        return issued.tokens

    async def end(self, session: Session) -> None:
        """End a session: all its tokens are worth nothing from now on."""
        if self._sessions.pop(session.id, None) is None:
            return
        self._forget_tokens(session.id)
        self._renewals.forget(session.id)
        for told in self.on_end:
            told(session)
        is_it = SESSIONS.c.id == session.id
        await self._store.write(
            lambda connection: connection.execute(delete(SESSIONS).where(is_it))
        )

    async def end_others(self, session: Session) -> None:
        """End the other sessions of a session's customer."""
        for found in self.live():
            if found.user == session.user and found.id != session.id:
                await self.end(found)

    async def sweep(self) -> None:
        """End the sessions that have expired, but for those of whoever is in the branch."""
        now = self._clock.time()
        for session in [found for found in self._sessions.values() if found.expires_at <= now]:
            if not self._is_present(session.participant):
                await self.end(session)

    def live(self) -> Collection[Session]:
        """Return the sessions that have not ended."""
        return tuple(self._sessions.values())

    async def _end_of_key(self, sid: str) -> None:
        while former := next((s for s in self._sessions.values() if s.sid == sid), None):
            await self.end(former)

    def _check_places(self, address: str) -> None:
        if len(self._sessions) + len(self._starting) >= self._policy.sessions:
            raise refusal("guests_full", "a branch that is full", retry_after_s=60)
        mine = self._starting.count(address) + sum(
            found.role is Role.GUEST and found.address == address
            for found in self._sessions.values()
        )
        if address and mine >= self._policy.guests_per_address:
            raise refusal("guests_full", f"already {mine} guests", retry_after_s=60)

    def _issue(
        self,
        connection: Connection,
        session: Session,
        *,
        rotates_all: bool,
        is_new: bool = False,
    ) -> Issued:
        access, refresh = (
            encode_base64url(self._random_bytes(TOKEN_BYTES)) for _kind in (ACCESS, REFRESH)
        )
        expires_in = self._policy.access_token_s
        now = int(self._clock.time())
        kept = {
            hash_of(access): Token(session.id, ACCESS, False, now + expires_in),
            hash_of(refresh): Token(session.id, REFRESH, False, session.expires_at),
        }
        of_session = TOKENS.c.session == session.id
        is_spent = (TOKENS.c.expires_at <= now) & (
            (TOKENS.c.is_used == 1) | (TOKENS.c.kind == ACCESS)
        )
        stale = of_session if rotates_all else of_session & is_spent
        connection.execute(delete(TOKENS).where(stale))
        is_it = SESSIONS.c.id == session.id
        changed = connection.execute(update(SESSIONS).where(is_it).values(**_columns(session)))
        if changed.rowcount != 1:
            raise refusal("session_revoked", "one that ended in the meantime")
        for hashed, token in kept.items():
            row = {"hash": hashed, "session": session.id, "kind": token.kind, "is_used": 0}
            connection.execute(insert(TOKENS).values(**row, expires_at=token.expires_at))
        tokens = TokenSet(
            access_token=access,
            token_type="DPoP",  # noqa: S106 - the type of RFC 9449, no password
            expires_in=expires_in,
            refresh_token=refresh,
            scope=scope_of(session),
            sid=session.sid,
            participant=session.participant,
            role=session.role,
            name=session.name,
            user=session.user,
            assurance=session.assurance,
        )
        return Issued(session, tokens, kept, rotates_all, is_new)

    def _forget_tokens(self, session: str, *, only_expired: bool = False) -> None:
        now = self._clock.time()
        for hashed, token in list(self._tokens.items()):
            is_spent = token.expires_at <= now and (token.is_used or token.kind == ACCESS)
            if token.session == session and (is_spent or not only_expired):
                del self._tokens[hashed]


def check_name(name: str) -> None:
    """Check a display name.

    Raises:
        ApiError: `name_refused`.
    """
    fault = fault_of_name(name)
    if fault:
        raise refusal("name_refused", fault)


def scope_of(session: Session) -> str:
    """Return a session's scopes as RFC 6749 section 3.3 writes them."""
    return " ".join(sorted(scope.value for scope in session.scopes))


def _columns(session: Session) -> dict[str, object]:
    return {
        "id": session.id,
        "sid": session.sid,
        "participant": session.participant,
        "name": session.name,
        "role": session.role.value,
        "address": session.address,
        "user": session.user,
        "assurance": session.assurance.value if session.assurance else None,
        "expires_at": session.expires_at,
    }
