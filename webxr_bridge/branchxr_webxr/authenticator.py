"""What a page's passkeys are for: signing in, and the yes to a payment. No script reaches these."""

from typing import Any

from branchxr.errors import Declined
from branchxr.payments.approval import Approval, Assertion, Refusal
from branchxr.stages.ceremonies import Ceremonies

Credential = dict[str, Any]
"""JSON of WebAuthn Level 3 (section 5.1.8)."""


class PageAuthenticator:
    """Passkeys of whoever sits at the page; implements `identity.Authenticator`."""

    def __init__(self, ceremonies: Ceremonies[Credential]) -> None:
        self._ceremonies = ceremonies

    async def register(self, options: dict[str, Any], *, origin: str) -> dict[str, Any]:  # noqa: ARG002 - the browser writes its own origin
        """Create a passkey on the page."""
        return await self._ceremonies.hold("register", options)

    async def authenticate(self, options: dict[str, Any], *, origin: str) -> dict[str, Any]:  # noqa: ARG002 - as above
        """Use a passkey on the page."""
        return await self._ceremonies.hold("authenticate", options)


class PageConfirmer:
    """The bank's own dialog on the page; implements `payments.Confirmer`."""

    def __init__(self, ceremonies: Ceremonies[Credential]) -> None:
        self._ceremonies = ceremonies

    async def confirm(self, approval: Approval) -> Assertion | Refusal:
        """Show the canonical bytes as they are, and have them signed or refused."""
        try:
            credential = await self._ceremonies.hold(
                "confirm", approval.options, canonical=approval.canonical.decode()
            )
        except Declined:
            return Refusal("declined")
        return Assertion(credential)
