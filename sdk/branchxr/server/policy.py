"""What the branch allows: every number that is a decision, in one place.

Amounts are minor units (kopecks, cents). A limit is per payment.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from ..models import Assurance, Limits, Role
from ..operations import Scope

GUEST_SCOPES: Final = frozenset({Scope.LOOK, Scope.WALK})
SCOPES: Final[Mapping[Role, frozenset[Scope]]] = MappingProxyType(
    {
        Role.GUEST: GUEST_SCOPES,
        Role.VISITOR: frozenset(Scope),
        Role.CONSULTANT: frozenset(Scope),
        Role.OPERATOR: frozenset(Scope),
        Role.SERVICE: GUEST_SCOPES,
    }
)

_DEVELOPMENT_LIMITS: Final[Mapping[Assurance, int]] = MappingProxyType(
    {
        # Fake money: generous, but a soft key is capped all the same, so that the cap is tried.
        Assurance.ATTESTED: 1_000_000_00,
        Assurance.PLATFORM: 500_000_00,
        Assurance.UNATTESTED: 500_000_00,
        Assurance.SOFT: 60_000_00,
    }
)
_PRODUCTION_LIMITS: Final[Mapping[Assurance, int]] = MappingProxyType(
    {Assurance.ATTESTED: 1_000_000_00, Assurance.PLATFORM: 100_000_00}
)

PLATFORM_AAGUIDS: Final = frozenset(
    bytes.fromhex(aaguid.replace("-", ""))
    for aaguid in (
        # Passkeys of platforms, as their makers publish them. These do not attest themselves, so
        # this is what the authenticator says of itself, and whoever writes software can say it
        # too. It raises an unattested passkey to `platform`, never to `attested`.
        "fbfc3007-154e-4ecc-8c0b-6e020557d7bd",  # iCloud Keychain
        "ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4",  # Google Password Manager
        "08987058-cadc-4b81-b6e1-30de50dcbe96",  # Windows Hello, hardware
        "9ddd1817-af5a-4672-a2b9-3e3dd95000a9",  # Windows Hello, VBS
        "6028b017-b1d4-4c02-b4b3-afcdafc96bb2",  # Windows Hello, software
    )
)


@dataclass(frozen=True, slots=True)
class Policy:
    """The decisions of one branch.

    Attributes:
        payment_limits_minor: by assurance; a passkey of another assurance may not register,
            sign in or pay here.
        seed_minor: what a new account holds in a development branch; 0 elsewhere.
        guests_per_address: guests' sessions alive at once from one address.
        failed_approvals: failed signatures per payment before it is rejected
            (RTS on strong customer authentication, Article 4(3)(b): at most five).
        guest_idle_s: a guest's session ends when it was not refreshed for this long.
    """

    payment_limits_minor: Mapping[Assurance, int] = field(
        default_factory=lambda: _DEVELOPMENT_LIMITS
    )
    seed_minor: int = 100_000_00
    seed_currency: str = "RUB"
    guests_per_address: int = 64
    sessions: int = 4096
    failed_approvals: int = 5
    open_ceremonies: int = 1024
    ceremony_s: int = 300
    access_token_s: int = 600
    guest_idle_s: int = 900
    visitor_idle_s: int = 12 * 3600
    requests_per_s: float = 50.0
    requests_burst: int = 500
    address_requests_per_s: float = 200.0
    address_requests_burst: int = 2000
    limits: Limits = field(default_factory=Limits)

    @classmethod
    def development(cls) -> "Policy":
        """Return the policy of a branch with invented customers and no real money."""
        return cls()

    @classmethod
    def production(cls) -> "Policy":
        """Return the policy of a branch that is not a development branch.

        It takes attested passkeys, and those whose AAGUID is on `PLATFORM_AAGUIDS`. The second is
        a list of claims, not proof: it keeps honest people from using a passkey the branch does
        not want, and stops nobody who lies. Hence the lower limit. A branch that must know the
        device leaves `Assurance.PLATFORM` out of `payment_limits_minor`, and sets
        `ServerSettings.attestation_roots`.
        """
        return cls(payment_limits_minor=_PRODUCTION_LIMITS, seed_minor=0)

    def accepts(self, assurance: Assurance) -> bool:
        """Tell whether a passkey of this assurance may be used here at all."""
        return assurance in self.payment_limits_minor

    def allows_payment(self, assurance: Assurance, amount_minor: int) -> bool:
        """Tell whether a passkey of this assurance may sign that amount."""
        return amount_minor <= self.payment_limits_minor.get(assurance, 0)

    def idle_s(self, role: Role) -> int:
        """Return how long a session of this role lives without a refresh, seconds."""
        return self.guest_idle_s if role is Role.GUEST else self.visitor_idle_s
