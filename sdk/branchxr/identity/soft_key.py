"""A passkey in software, for bots and tests.

A soft key is *not* strong customer authentication: it can be copied, and its "finger" is a
function. It says so with its AAGUID; a branch gives it the lowest assurance.
"""

import asyncio
import os
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

import msgspec
from fido2.client import ClientError, DefaultClientDataCollector, Fido2Client, UserInteraction
from fido2.ctap import CtapError
from fido2.ctap2.extensions import CredPropsExtension

from ..errors import ApprovalExpired, BranchXRError, Declined, KeyRefused
from ..secret import Secret
from .key_store import KeyStore
from .soft_device import Credential, SoftDevice, VerifyUser

_Result = TypeVar("_Result")


class SoftKey:
    """An `Authenticator` whose passkeys are in memory or in an encrypted file.

    Make one with `in_memory`, `create` or `load`.
    """

    def __init__(
        self,
        name: str,
        *,
        credentials: Sequence[Credential] = (),
        store: KeyStore | None = None,
        verify_user: VerifyUser | None = None,
        random_bytes: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self.name = name
        self._store = store
        self._device = SoftDevice(
            credentials,
            save=self._save,
            verify_user=verify_user or _always,
            random_bytes=random_bytes,
        )

    @classmethod
    def in_memory(
        cls,
        name: str = "soft key",
        *,
        verify_user: VerifyUser | None = None,
        random_bytes: Callable[[int], bytes] = os.urandom,
    ) -> "SoftKey":
        """Make a key that is gone with the process."""
        return cls(name, verify_user=verify_user, random_bytes=random_bytes)

    @classmethod
    def create(
        cls,
        path: str | os.PathLike[str],
        *,
        secret: Secret,
        verify_user: VerifyUser | None = None,
    ) -> "SoftKey":
        """Make a new encrypted key file; a password takes about a second to stretch.

        Raises:
            KeyRefused: `key_exists`: there is a file already; it is left alone.
        """
        file = Path(path)
        store = KeyStore.create(file, secret)
        store.save(_encode(()))
        return cls(file.stem, store=store, verify_user=verify_user)

    @classmethod
    def load(
        cls,
        path: str | os.PathLike[str],
        *,
        secret: Secret,
        verify_user: VerifyUser | None = None,
    ) -> "SoftKey":
        """Open an encrypted key file.

        Raises:
            KeyRefused: `key_missing`, `key_malformed` or `key_wrong_secret`.
        """
        file = Path(path)
        store, plain = KeyStore.load(file, secret)
        return cls(file.stem, credentials=_decode(plain), store=store, verify_user=verify_user)

    def __repr__(self) -> str:
        return f"SoftKey({self.name!r})"

    def holds_passkey(self, rp_id: str) -> bool:
        """Whether it can sign in at that relying party without registering first."""
        return rp_id in self._device.rp_ids()

    async def register(self, options: dict[str, Any], *, origin: str) -> dict[str, Any]:
        """Make a passkey; see `Authenticator`.

        Raises:
            Declined: the stand-in for the finger said no.
            KeyRefused: `credential_exists`, `user_verification_blocked`, `key_not_saved`, or
                `key_unsuitable`.
        """

        def make(cancelled: threading.Event) -> dict[str, Any]:
            return dict(self._client(origin).make_credential(_without_timeout(options), cancelled))

        return await self._run(make)

    async def authenticate(self, options: dict[str, Any], *, origin: str) -> dict[str, Any]:
        """Sign with a passkey; see `Authenticator`. Of several, the newest signs.

        Raises:
            Declined: the stand-in for the finger said no.
            KeyRefused: `no_passkey`, `user_verification_blocked`, `key_not_saved`, or
                `key_unsuitable`.
        """

        def sign(cancelled: threading.Event) -> dict[str, Any]:
            selection = self._client(origin).get_assertion(_without_timeout(options), cancelled)
            return dict(selection.get_response(0))

        return await self._run(sign)

    def _client(self, origin: str) -> Fido2Client:
        return Fido2Client(
            self._device,
            DefaultClientDataCollector(origin, _is_own_rp_id),
            UserInteraction(),
            [CredPropsExtension()],
        )

    async def _run(self, work: Callable[[threading.Event], _Result]) -> _Result:
        """Run blocking work; a key in memory never blocks, so it stays on the loop's thread."""
        cancelled = threading.Event()
        self._device.failure = None
        try:
            if self._store is None:
                return work(cancelled)
            return await asyncio.to_thread(work, cancelled)
        except asyncio.CancelledError:
            cancelled.set()
            raise
        except ClientError as error:
            raise _translate(error, self._device.failure) from error
        except (TypeError, ValueError, KeyError, AttributeError) as error:
            # What fido2 makes of options that are none; they come from the branch.
            raise _refused(
                "key_unsuitable", "options as WebAuthn has them", type(error).__name__,
                "tell whoever runs the branch",
            ) from error  # fmt: skip

    def _save(self, credentials: Sequence[Credential]) -> None:
        if self._store is not None:
            self._store.save(_encode(credentials))


def _always(_operation: str, _rp_id: str) -> bool:
    return True


def _is_own_rp_id(rp_id: str, origin: str) -> bool:
    """Check the origin as strictly as our branch does: no sub-domains, https but on localhost."""
    parts = urlsplit(origin)
    is_secure = parts.scheme == "https" or (parts.scheme, parts.hostname) == ("http", "localhost")
    return is_secure and parts.hostname == rp_id


def _without_timeout(options: dict[str, Any]) -> Any:  # fido2 takes JSON where it says options
    # The key answers at once; with a timeout fido2 starts a thread to count the seconds.
    return {name: value for name, value in options.items() if name != "timeout"}


def _encode(credentials: Sequence[Credential]) -> bytes:
    return msgspec.msgpack.encode(list(credentials))


def _decode(plain: bytes) -> list[Credential]:
    try:
        return msgspec.msgpack.decode(plain, type=list[Credential])
    except (msgspec.DecodeError, msgspec.ValidationError):
        raise KeyRefused(
            "a key file of this version", "another content", "restore it", code="key_malformed"
        ) from None


_REFUSALS: Final[dict[int | None, tuple[str, str, str, str]]] = {
    CtapError.ERR.CREDENTIAL_EXCLUDED: (
        "credential_exists", "a key that is new there", "one already registered", "sign in",
    ),
    CtapError.ERR.NO_CREDENTIALS: (
        "no_passkey", "a passkey for this branch", "none in this key", "register first",
    ),
    # fido2 turns UV_BLOCKED into "not configured", without a cause, once it found no PIN either.
    None: (
        "user_verification_blocked", "a key that verifies its user",
        "one blocked after too many failures", "load the key again",
    ),
}  # fmt: skip


def _translate(error: ClientError, failure: Exception | None) -> BranchXRError:
    if isinstance(failure, BranchXRError):
        return failure
    cause = error.cause.code if isinstance(error.cause, CtapError) else None
    if cause == CtapError.ERR.OPERATION_DENIED:
        return Declined("a finger that matches", "another one", "try again")
    if cause == CtapError.ERR.KEEPALIVE_CANCEL:
        return ApprovalExpired("an answer in time", "none", "begin again")
    is_about_user = cause is not None or error.code == ClientError.ERR.CONFIGURATION_UNSUPPORTED
    if is_about_user and cause in _REFUSALS:
        return _refused(*_REFUSALS[cause])
    return _refused(
        "key_unsuitable", "options this key can serve", repr(error.code), "use another key"
    )


def _refused(code: str, expected: str, came: str, remedy: str) -> KeyRefused:
    return KeyRefused(expected, came, remedy, code=code)
