"""What holds passkeys: a security key, a platform, a browser, or software."""

from typing import Any, Protocol, runtime_checkable


class Authenticator(Protocol):
    """Register and use passkeys; JSON of WebAuthn Level 3 (section 5.1.8) both ways.

    Both calls may take as long as a person takes, and end early when cancelled. They raise
    `Declined` when the person says no, and `KeyRefused` when there is no usable key.
    """

    async def register(self, options: dict[str, Any], *, origin: str) -> dict[str, Any]:
        """Make a passkey: creation options in, `RegistrationResponseJSON` out."""
        ...

    async def authenticate(self, options: dict[str, Any], *, origin: str) -> dict[str, Any]:
        """Sign with a passkey: request options in, `AuthenticationResponseJSON` out."""
        ...


@runtime_checkable
class PasskeyHolder(Protocol):
    """An authenticator that can say beforehand whether it holds a passkey. Most cannot."""

    def holds_passkey(self, rp_id: str) -> bool:
        """Whether a sign-in at that relying party can work without registering first."""
        ...
