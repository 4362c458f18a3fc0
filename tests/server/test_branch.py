"""The branch as a whole: addresses, ports, settings, and what it tells its room."""

import socket
import ssl
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from branchxr.errors import InputRefused
from branchxr.protocol.messages import Join, encode
from branchxr.protocol.proof import make_proof
from branchxr.server.branch import BranchServer, ServerSettings


async def test_what_it_says_of_itself(world: Any, branch: Any) -> None:
    caller = await world.caller(branch)
    described = (await caller.http.get("/.well-known/branchxr")).json()
    assert described["development"] is True
    assert described["rp_id"] == "localhost"
    assert described["realtime"]["subprotocol"] == "branchxr.1"
    assert described["scene"] is None
    assert branch.description.realtime.url == described["realtime"]["url"]


async def test_the_room_hears_of_signing_in_and_out(
    branch: Any, guest: Any, new_passkey: Any, clock: Any
) -> None:
    url = branch.description.realtime.url.replace("ws://", "http://")
    proof = make_proof(
        guest.key, "GET", url, now=clock.now, jti="handshake", access_token=guest.access_token
    )
    headers = {"Authorization": f"DPoP {guest.access_token}", "DPoP": proof}
    connection = branch.room.connect(branch.authenticate_realtime(headers, url), 1.0)
    branch.room.receive_text(connection, encode(Join(name="Stranger")), 1.0)
    (before,) = branch.room.participants
    assert (before.name, before.role) == ("Stranger", "guest")
    await guest.register(new_passkey(), "Ada")
    (after,) = branch.room.participants
    assert (after.name, after.role) == ("Ada", "visitor")
    assert (after.id, after.slot, after.generation) == (before.id, before.slot, before.generation)
    await guest.ask("DELETE", "/v1/session")
    assert branch.room.participants == ()


async def test_seeding_twice_changes_nothing(world: Any, tmp_path: Path) -> None:
    for _ in range(2):
        await world.stack.aclose()
        branch = await world.open(data=tmp_path)
        assert await branch.ledger.balance_minor("CITY-UTILITIES") == 0
        assert await branch.ledger.transfer_count() == 0
    with pytest.raises(KeyError):
        await branch.ledger.balance_minor("NOBODY")


async def test_a_production_branch_has_no_invented_customers(world: Any) -> None:
    branch = await world.open(development=False)
    with pytest.raises(KeyError):
        await branch.ledger.balance_minor("CITY-UTILITIES")
    assert branch.description.development is False


PUBLIC = {
    "host": "0.0.0.0",
    "certificate": Path("c.pem"),
    "certificate_key": Path("k.pem"),
    "realtime_port": 8711,
}


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({"host": "0.0.0.0"}, "host_needs_tls"),
        ({"host": "192.168.1.5"}, "host_needs_tls"),
        ({"host": "bank.example", "rp_id": "bank.example"}, "host_needs_tls"),
        ({"certificate": Path("only.pem")}, "certificate_refused"),
        ({"port": 70_000}, "port_malformed"),
        ({"rp_id": "branch.example"}, "rp_id_refused"),
        ({"rp_id": "ample", "origins": ("https://branch.example",)}, "rp_id_refused"),
        ({"rp_id": "h.example", "origins": ("https://branch.example",)}, "rp_id_refused"),
        *(
            ({**PUBLIC, "rp_id": name}, "rp_id_refused")
            for name in (
                "192.168.1.5",
                "::1",
                "example",
                "https://branch.example",
                "branch.example:8710",
                "Branch.example",
                "branch.example.",
                "-branch.example",
                "",
                "a." * 126 + "example",
            )
        ),
        ({"realtime_port": -1}, "port_malformed"),
    ],
)
def test_settings_that_are_refused(settings: dict[str, Any], code: str) -> None:
    with pytest.raises(InputRefused) as caught:
        ServerSettings(**settings)
    assert caught.value.code == code


async def test_a_public_branch_has_its_own_name_and_no_page_of_this_machine(
    world: Any, tls_files: tuple[Path, Path]
) -> None:
    certificate, key = tls_files
    files = {"certificate": certificate, "certificate_key": key}
    branch = await world.open(**{**PUBLIC, **files, "rp_id": "branch.example"})
    assert list(branch.origins) == ["https://branch.example:8710"]
    assert branch.description.rp_id == "branch.example"
    assert branch.realtime_url == "wss://branch.example:8711/realtime"


def test_a_domain_with_a_page_of_its_own() -> None:
    pages = ("https://www.branch.example",)
    assert ServerSettings(rp_id="branch.example", origins=pages).rp_id == "branch.example"


async def test_a_key_with_a_password_is_refused_and_nobody_is_asked(
    world: Any, tls_files: tuple[Path, Path]
) -> None:
    certificate, key = tls_files
    private = load_pem_private_key(key.read_bytes(), None)
    locked = BestAvailableEncryption(b"secret")
    key.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, locked))
    with pytest.raises(InputRefused) as caught:
        await world.open(certificate=certificate, certificate_key=key)
    assert caught.value.code == "certificate_refused"


async def test_an_origin_that_is_none(world: Any) -> None:
    with pytest.raises(InputRefused):
        await world.open(origins=("localhost",))


def test_the_host_secret_is_not_shown() -> None:
    assert "canary" not in repr(ServerSettings(host_secret="canary"))


@pytest.mark.end_to_end
async def test_it_listens_on_both_families_at_one_port() -> None:
    async with BranchServer.open(ServerSettings(port=0)) as branch, branch.listen():
        port = httpx.URL(branch.address).port
        assert branch.address == f"http://localhost:{port}"
        async with httpx.AsyncClient() as http:
            for host in ("127.0.0.1", "[::1]"):
                answer = await http.get(f"http://{host}:{port}/.well-known/branchxr")
                assert answer.status_code == 200
                realtime = httpx.URL(answer.json()["realtime"]["url"])
                assert realtime.port not in {0, None, port}
                assert "server" not in answer.headers
    with socket.socket() as free:
        free.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        free.bind(("127.0.0.1", port))  # nothing is left listening


@pytest.mark.end_to_end
async def test_a_port_that_is_taken() -> None:
    async with (
        BranchServer.open(ServerSettings(port=0)) as first,
        first.listen(),
        BranchServer.open(ServerSettings(port=httpx.URL(first.address).port or 0)) as second,
    ):
        with pytest.raises(InputRefused) as caught:
            async with second.listen():
                pass
        assert caught.value.code == "port_taken"
        assert str(httpx.URL(first.address).port) in str(caught.value)
        assert "--port" in caught.value.remedy
        async with httpx.AsyncClient() as http:
            assert (await http.get(f"{first.address}/openapi.json")).status_code == 200


@pytest.mark.end_to_end
async def test_a_second_listening_takes_the_same_branch_further(
    world: Any, new_passkey: Any
) -> None:
    """Money of a first life is there in a second, at another port and under its own origin."""
    async with BranchServer.open(ServerSettings(port=0)) as branch:
        async with branch.listen():
            ada = await world.remote(branch.address)
            await (await ada.enter()).register(new_passkey(origin=branch.address))
        async with branch.listen():
            there = await world.remote(branch.address)
            there.key, there.access_token = ada.key, ada.access_token
            accounts = (await there.ask("GET", "/v1/accounts"))["accounts"]
            assert accounts[0]["balance"] == "100000.00"


@pytest.mark.end_to_end
async def test_over_tls_both_listeners_speak_it(tls_files: tuple[Path, Path]) -> None:
    certificate, key = tls_files
    settings = ServerSettings(port=0, certificate=certificate, certificate_key=key)
    trusted = ssl.create_default_context(cafile=certificate)
    async with BranchServer.open(settings) as branch, branch.listen():
        assert branch.address.startswith("https://localhost:")
        async with httpx.AsyncClient(verify=trusted) as http:
            described = (await http.get(f"{branch.address}/.well-known/branchxr")).json()
            url = described["realtime"]["url"]
            assert url.startswith("wss://localhost:")
            answer = await http.get(url.replace("wss://", "https://"))
            assert answer.status_code >= 400  # it speaks TLS, and is no plain HTTP server


async def test_a_certificate_that_is_none(world: Any, tls_files: tuple[Path, Path]) -> None:
    certificate, key = tls_files
    certificate.write_text("not PEM")
    with pytest.raises(InputRefused) as caught:
        await world.open(certificate=certificate, certificate_key=key)
    assert caught.value.code == "certificate_refused"
