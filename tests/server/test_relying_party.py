"""How sure the branch is of a passkey: what raises an assurance, and what only claims to."""

import datetime as dt
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from branchxr.protocol.soft import SOFT_AAGUID
from branchxr.server.policy import PLATFORM_AAGUIDS, Policy

AAGUID = bytes(range(16))
BEGIN = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)  # the tests' clock stands in 2027


def name_of(unit: str) -> x509.Name:
    fields = {
        x509.NameOID.COUNTRY_NAME: "SE",
        x509.NameOID.ORGANIZATION_NAME: "Maker (simulated)",
        x509.NameOID.ORGANIZATIONAL_UNIT_NAME: unit,
        x509.NameOID.COMMON_NAME: f"{unit} (simulated)",
    }
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in fields.items()])


class Maker:
    """Somebody who builds authenticators: a root, and leaves for their batches."""

    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.root = self._certificate("Root", self.key, is_ca=True, days=36_500)

    def attestor(self, *, days: int = 36_500) -> tuple[ec.EllipticCurvePrivateKey, list[bytes]]:
        key = ec.generate_private_key(ec.SECP256R1())
        return key, [self._certificate("Authenticator Attestation", key, is_ca=False, days=days)]

    def _certificate(
        self, unit: str, key: ec.EllipticCurvePrivateKey, *, is_ca: bool, days: int
    ) -> bytes:
        made = (
            x509.CertificateBuilder()
            .subject_name(name_of(unit))
            .issuer_name(name_of("Root"))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(BEGIN)
            .not_valid_after(BEGIN + dt.timedelta(days=days))
            .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
            .sign(self.key, hashes.SHA256())
        )
        return made.public_bytes(Encoding.DER)


@pytest.fixture
def maker() -> Maker:
    return Maker()


async def assurance_of(world: Any, branch: Any, passkey: Any) -> str:
    return str((await world.customer(branch, passkey)).tokens["assurance"])


async def test_a_chain_to_the_makers_root_is_attested(
    world: Any, maker: Maker, new_passkey: Any
) -> None:
    branch = await world.open(attestation_roots={AAGUID: [maker.root]}, policy=Policy.production())
    good = {"aaguid": AAGUID, "attestation": "packed", "attestor": maker.attestor()}
    assert await assurance_of(world, branch, new_passkey(**good)) == "attested"
    guest = await (await world.caller(branch)).enter()
    begun = await guest.ask("POST", "/v1/registrations", {"name": "Ada"})
    assert begun["options"]["attestation"] == "direct"


async def test_what_only_looks_attested(world: Any, maker: Maker, new_passkey: Any) -> None:
    branch = await world.open(attestation_roots={AAGUID: [maker.root]})
    cases: dict[str, dict[str, Any]] = {
        "another maker": {"aaguid": AAGUID, "attestor": Maker().attestor()},
        "another model": {"aaguid": bytes(16), "attestor": maker.attestor()},
        "itself": {"aaguid": AAGUID, "attestor": None},
        "a certificate that ended": {"aaguid": AAGUID, "attestor": maker.attestor(days=1)},
    }
    for name, lies in cases.items():
        passkey = new_passkey(attestation="packed", **lies)
        assert await assurance_of(world, branch, passkey) == "unattested", name


async def test_a_signature_of_nobody_is_refused(world: Any, maker: Maker, new_passkey: Any) -> None:
    branch = await world.open(attestation_roots={AAGUID: [maker.root]})
    _key, chain = maker.attestor()
    liar = new_passkey(
        aaguid=AAGUID,
        attestation="packed",
        attestor=(ec.generate_private_key(ec.SECP256R1()), chain),
    )
    guest = await (await world.caller(branch)).enter()
    begun = await guest.ask("POST", "/v1/registrations", {"name": "Ada"})
    answer = {"credential": liar.register(begun["options"])}
    path = f"/v1/registrations/{begun['id']}"
    assert await guest.refused("POST", path, answer) == "attestation_invalid"


async def test_an_aaguid_raises_a_little_and_lowers_a_lot(
    world: Any, branch: Any, maker: Maker, new_passkey: Any
) -> None:
    platform = new_passkey(aaguid=next(iter(PLATFORM_AAGUIDS)))
    assert await assurance_of(world, branch, platform) == "platform"
    assert await assurance_of(world, branch, new_passkey()) == "unattested"
    rooted = await world.open(attestation_roots={SOFT_AAGUID: [maker.root]})
    soft = new_passkey(aaguid=SOFT_AAGUID, attestation="packed", attestor=maker.attestor())
    assert await assurance_of(world, rooted, soft) == "soft"  # even with a maker's word for it


async def test_a_format_nobody_knows_proves_nothing(
    world: Any, branch: Any, new_passkey: Any
) -> None:
    assert await assurance_of(world, branch, new_passkey(attestation="acme-1")) == "unattested"
