"""The soft key, against python-fido2's own server."""

import json
from pathlib import Path
from typing import Any

import pytest
from fido2.server import Fido2Server
from fido2.utils import websafe_decode
from fido2.webauthn import (
    AttestedCredentialData,
    PublicKeyCredentialRpEntity,
    PublicKeyCredentialUserEntity,
    UserVerificationRequirement,
)

from branchxr import Secret, SoftKey
from branchxr.errors import Declined, KeyRefused
from branchxr.identity.authenticator import PasskeyHolder
from branchxr.identity.key_store import KeyStore
from branchxr.protocol.soft import SOFT_AAGUID

ORIGIN = "http://localhost:8710"
SECRET = Secret("5a" * 32)
USER = PublicKeyCredentialUserEntity(id=b"user-1", name="Ada", display_name="Ada")
REQUIRED = UserVerificationRequirement.REQUIRED


def server() -> Fido2Server:
    return Fido2Server(
        PublicKeyCredentialRpEntity(id="localhost", name="Branch"),
        verify_origin=lambda origin: origin == ORIGIN,
    )


async def registered(
    key: SoftKey, *, exclude: list[Any] | None = None
) -> tuple[AttestedCredentialData, dict[str, Any]]:
    options, state = server().register_begin(
        USER, exclude, resident_key_requirement="required", user_verification=REQUIRED
    )
    answer = await key.register(as_json(options), origin=ORIGIN)
    result = server().register_complete(state, answer)
    assert result.credential_data is not None
    return result.credential_data, answer


async def signed_in(key: SoftKey, credential: AttestedCredentialData, *, named: bool) -> int:
    options, state = server().authenticate_begin(
        [credential] if named else None, user_verification=REQUIRED
    )
    answer = await key.authenticate(as_json(options), origin=ORIGIN)
    server().authenticate_complete(state, [credential], answer)
    json.dumps(answer)  # it is plain JSON
    if not named:
        assert websafe_decode(answer["response"]["userHandle"]) == USER.id
    return int.from_bytes(websafe_decode(answer["response"]["authenticatorData"])[33:37])


def as_json(options: Any) -> dict[str, Any]:
    plain: dict[str, Any] = json.loads(json.dumps(dict(options.public_key)))
    return plain


async def test_register_then_sign_in_named_and_discovered() -> None:
    key = SoftKey.in_memory("bot")
    assert isinstance(key, PasskeyHolder)
    assert not key.holds_passkey("localhost")
    credential, answer = await registered(key)
    assert credential.aaguid == SOFT_AAGUID
    assert credential.public_key[3] == -7  # ES256
    json.dumps(answer)
    assert key.holds_passkey("localhost")
    assert not key.holds_passkey("elsewhere.example")
    assert await signed_in(key, credential, named=True) == 1
    assert await signed_in(key, credential, named=False) == 2


async def test_the_counter_rises_by_one_although_fido2_probes() -> None:
    key = SoftKey.in_memory()
    credential, _ = await registered(key)
    assert [await signed_in(key, credential, named=True) for _ in range(4)] == [1, 2, 3, 4]


async def test_a_key_file_keeps_passkey_and_counter(tmp_path: Path) -> None:
    path = tmp_path / "bot.key"
    credential, _ = await registered(SoftKey.create(path, secret=SECRET))
    assert await signed_in(SoftKey.load(path, secret=SECRET), credential, named=False) == 1
    assert await signed_in(SoftKey.load(path, secret=SECRET), credential, named=True) == 2


async def test_no_signature_leaves_before_its_counter_is_on_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = SoftKey.create(tmp_path / "bot.key", secret=SECRET)
    credential, _ = await registered(key)

    def full(*_arguments: object) -> None:
        raise KeyRefused("to write", "a full disk", "free it", code="key_not_saved")

    monkeypatch.setattr(KeyStore, "save", full)
    with pytest.raises(KeyRefused) as refusal:
        await signed_in(key, credential, named=True)
    assert refusal.value.code == "key_not_saved"


async def test_the_same_key_twice_is_refused() -> None:
    key = SoftKey.in_memory()
    credential, _ = await registered(key)
    with pytest.raises(KeyRefused) as refusal:
        await registered(key, exclude=[credential])
    assert refusal.value.code == "credential_exists"


async def test_without_a_passkey_there_is_nothing_to_sign_with() -> None:
    credential, _ = await registered(SoftKey.in_memory())
    for named in (True, False):
        with pytest.raises(KeyRefused) as refusal:
            await signed_in(SoftKey.in_memory(), credential, named=named)
        assert refusal.value.code == "no_passkey"


async def test_three_wrong_fingers_block_the_key() -> None:
    key = SoftKey.in_memory(verify_user=lambda operation, _rp_id: operation == "register")
    credential, _ = await registered(key)
    for _ in range(2):
        with pytest.raises(Declined):
            await signed_in(key, credential, named=True)
    for _ in range(2):
        with pytest.raises(KeyRefused) as refusal:
            await signed_in(key, credential, named=True)
        assert refusal.value.code == "user_verification_blocked"


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "http://sub.localhost:8710",
        "http://127.0.0.1:8710",
        "ftp://localhost",
    ],
)
async def test_another_origin_gets_no_signature(origin: str) -> None:
    key = SoftKey.in_memory()
    credential, _ = await registered(key)
    options, _ = server().authenticate_begin([credential])
    with pytest.raises(KeyRefused) as refusal:
        await key.authenticate(as_json(options), origin=origin)
    assert refusal.value.code == "key_unsuitable"


async def test_an_algorithm_it_does_not_speak_is_refused() -> None:
    options, _ = server().register_begin(USER)
    asked = as_json(options)
    asked["pubKeyCredParams"] = [{"type": "public-key", "alg": -257}]
    with pytest.raises(KeyRefused) as refusal:
        await SoftKey.in_memory().register(asked, origin=ORIGIN)
    assert refusal.value.code == "key_unsuitable"


async def test_eddsa_when_it_is_asked_for_first() -> None:
    key = SoftKey.in_memory()
    options, state = server().register_begin(USER, resident_key_requirement="required")
    asked = as_json(options)
    asked["pubKeyCredParams"] = [{"type": "public-key", "alg": -8}]
    result = server().register_complete(state, await key.register(asked, origin=ORIGIN))
    assert result.credential_data is not None
    assert await signed_in(key, result.credential_data, named=True) == 1


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"challenge": "A!", "rpId": "localhost"},
        {"challenge": 5, "rpId": 5},
        {"challenge": "AAAA", "rpId": "localhost", "allowCredentials": 5},
        {"challenge": "AAAA", "rpId": "localhost", "allowCredentials": [{}]},
        {"challenge": "AAAA", "rpId": "localhost", "extensions": 5},
        {"challenge": "AAAA", "rp": 5, "user": [], "pubKeyCredParams": {}},
    ],
)
async def test_options_that_are_none_are_refused(options: dict[str, Any]) -> None:
    key = SoftKey.in_memory()
    for use in (key.register, key.authenticate):
        with pytest.raises(KeyRefused):
            await use(options, origin="http://localhost:8710")
