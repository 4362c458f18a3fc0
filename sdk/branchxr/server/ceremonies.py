"""WebAuthn ceremonies that have begun: each can be ended once, by the session that began it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, delete, func, insert, select

from ..protocol.canonical import encode_base64url
from . import credentials
from .policy import Policy
from .problems import refusal
from .schema import CEREMONIES

REGISTRATION: Final = "registration"
SIGN_IN: Final = "sign_in"
CHALLENGE_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class OpenCeremony:
    """A ceremony that was taken out: it cannot be ended again."""

    challenge: bytes
    floor_serial: int
    user: str
    name: str


class Ceremonies:
    """Begins ceremonies and takes them out, inside the caller's transactions."""

    def __init__(self, policy: Policy, random_bytes: Callable[[int], bytes]) -> None:
        self._policy = policy
        self._random_bytes = random_bytes

    def begin(
        self,
        connection: Connection,
        kind: str,
        *,
        sid: str,
        now: float,
        user: str = "",
        name: str = "",
    ) -> tuple[str, bytes]:
        """Begin a ceremony; return its id and the challenge to sign.

        A session has one open ceremony of a kind: a new one takes the place of the former.

        Raises:
            ApiError: `rate_limited`: too many are open.
        """
        is_former = (CEREMONIES.c.sid == sid) & (CEREMONIES.c.kind == kind)
        connection.execute(delete(CEREMONIES).where(is_former | (CEREMONIES.c.expires_at <= now)))
        count = connection.execute(select(func.count()).select_from(CEREMONIES)).scalar_one()
        if count >= self._policy.open_ceremonies:
            raise refusal("rate_limited", "too many open ceremonies", retry_after_s=60)
        ceremony = encode_base64url(self._random_bytes(16))
        challenge = self._random_bytes(CHALLENGE_BYTES)
        connection.execute(
            insert(CEREMONIES).values(
                id=ceremony,
                kind=kind,
                sid=sid,
                challenge=challenge,
                floor_serial=credentials.newest_serial(connection),
                user=user,
                name=name,
                expires_at=int(now) + self._policy.ceremony_s,
            )
        )
        return ceremony, challenge

    def take(
        self, connection: Connection, kind: str, ceremony: str, *, sid: str, now: float
    ) -> OpenCeremony:
        """Take a ceremony out; commit also when the answer is then refused.

        Raises:
            ApiError: `ceremony_unknown` or `ceremony_expired`.
        """
        is_it = (CEREMONIES.c.id == ceremony) & (CEREMONIES.c.sid == sid)
        row = connection.execute(select(CEREMONIES).where(is_it)).mappings().one_or_none()
        if row is None or row["kind"] != kind:
            raise refusal("ceremony_unknown", "one that was never begun, or is over")
        if row["expires_at"] <= now:
            raise refusal("ceremony_expired", "an answer that is too late")
        connection.execute(delete(CEREMONIES).where(is_it))
        return OpenCeremony(row["challenge"], row["floor_serial"], row["user"], row["name"])
