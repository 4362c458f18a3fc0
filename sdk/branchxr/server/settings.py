"""What whoever starts a branch decides."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from ..errors import InputRefused
from .policy import Policy
from .ports import LOOPBACK

DEFAULT_PORT: Final = 8710
DEFAULT_REALTIME_PORT: Final = 8711
DEFAULT_PAGE_PORT: Final = 8720
"""Where `branchxr run --stage webxr` serves its page; a development branch allows that origin."""
_LABEL: Final = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"  # RFC 1035 section 2.3.1, RFC 1123 2.1


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """The settings of one branch.

    Attributes:
        data: folder of the database; `None` keeps everything in memory.
        host: `localhost` listens on 127.0.0.1 and ::1; anything else needs TLS and an RP id.
        port: of HTTP; 0 takes any.
        realtime_port: of the realtime listener; 0 takes any.
        scene: folder of a scene package.
        scene_signer: Ed25519 public key that alone may have signed it, 32 bytes.
        allow_unsigned: serve a package that nobody signed.
        origins: further pages that may use the branch, exact origins.
        development: invented customers and no real money; `policy` follows from it.
        rp_id: domain that passkeys are bound to.
        attestation_roots: AAGUID -> root certificates (DER); with any, authenticators are asked to
            attest themselves, and one whose chain leads there is `attested`.
        host_secret: shared with the process that serves the pages; see `routes.binder`.
        certificate: PEM file of the TLS certificate chain; `certificate_key`: its private key.
    """

    name: str = "Development branch"
    data: Path | None = None
    host: str = "localhost"
    port: int = DEFAULT_PORT
    realtime_port: int = 0
    scene: Path | None = None
    scene_signer: bytes | None = None
    allow_unsigned: bool = False
    origins: tuple[str, ...] = ()
    development: bool = True
    rp_id: str = "localhost"
    attestation_roots: Mapping[bytes, Sequence[bytes]] = field(default_factory=dict)
    host_secret: str | None = field(default=None, repr=False)
    certificate: Path | None = None
    certificate_key: Path | None = None
    policy: Policy | None = None

    def __post_init__(self) -> None:
        has_tls = self.certificate is not None and self.certificate_key is not None
        is_local = self.host in LOOPBACK
        if not is_local and (not has_tls or self.rp_id == "localhost" or not self.realtime_port):
            raise InputRefused(
                "TLS, a domain of your own and a fixed realtime port for an address others reach",
                f"the host {self.host!r} without them",
                "use --host localhost, or give --certificate, --certificate-key, --rp-id and "
                "--realtime-port",
                code="host_needs_tls",
            )
        if (self.certificate is None) != (self.certificate_key is None):
            raise InputRefused(
                "a certificate and its key, or neither",
                "one of them",
                "give both",
                code="certificate_refused",
            )
        self._check_rp_id(is_local=is_local)
        for port in (self.port, self.realtime_port):
            if not 0 <= port <= 65535:
                raise InputRefused(
                    "a port from 0 to 65535", f"{port}", "choose another", code="port_malformed"
                )

    def _check_rp_id(self, *, is_local: bool) -> None:
        is_domain = re.fullmatch(rf"({_LABEL}\.)+(?![0-9]+$){_LABEL}", self.rp_id) is not None
        if self.rp_id != "localhost" and not (is_domain and len(self.rp_id) <= 253):
            raise InputRefused(
                "a domain such as 'branch.example', in lower case: passkeys are bound to it",
                f"{self.rp_id!r:.80}",
                "give the domain without scheme and port; an IP address cannot have passkeys",
                code="rp_id_refused",
            )
        names = [urlsplit(origin).hostname or "" for origin in self.origins]
        is_reached = any(f".{name}".endswith(f".{self.rp_id}") for name in names)
        if is_local and self.rp_id != "localhost" and not is_reached:
            raise InputRefused(
                f"a page that may use passkeys of {self.rp_id!r}",
                "a branch that is reached as localhost alone",
                "give --host an address of that domain, or --origin the page's, or no --rp-id",
                code="rp_id_refused",
            )

    @property
    def scheme(self) -> str:
        """`https` with a certificate, else `http`."""
        return "http" if self.certificate is None else "https"

    @property
    def bind_host(self) -> str:
        """What to bind: any loopback name is both loopback families."""
        return "localhost" if self.host in LOOPBACK else self.host

    @property
    def public_name(self) -> str:
        """The host name in addresses: WebAuthn refuses an IP address."""
        return "localhost" if self.host in LOOPBACK else self.rp_id

    @property
    def effective_policy(self) -> Policy:
        """The policy given, or the one that goes with `development`."""
        if self.policy is not None:
            return self.policy
        return Policy.development() if self.development else Policy.production()
