"""The intent: a golden vector, and every way it can be wrong, with its code."""

import hashlib
import json
from pathlib import Path

import msgspec
import pytest

from branchxr.errors import ProtocolError
from branchxr.protocol.canonical import canonical_json
from branchxr.protocol.intent import DOMAIN, Intent, canonical, challenge, parse

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "intent.json").read_text("utf-8"))
GOLDEN = VECTORS["golden"]


def test_the_domain_is_the_documented_one() -> None:
    assert VECTORS["domain_hex"] == DOMAIN.hex() == b"branchxr/sca/v1\0".hex()


@pytest.mark.parametrize("vector", GOLDEN, ids=lambda v: v["name"])
def test_golden_intents(vector: dict[str, object]) -> None:
    canonical_bytes = str(vector["canonical"]).encode()
    intent = parse(canonical_bytes)
    assert canonical(intent) == canonical_bytes
    assert canonical_json(vector["intent"]) == canonical_bytes
    assert challenge(canonical_bytes).hex() == vector["challenge"]
    assert hashlib.sha256(DOMAIN + canonical_bytes).hexdigest() == vector["challenge"]


@pytest.mark.parametrize("vector", VECTORS["refused"], ids=lambda v: v["name"])
def test_refused_intents(vector: dict[str, str]) -> None:
    with pytest.raises(ProtocolError) as caught:
        parse(vector["canonical"].encode())
    assert caught.value.code == vector["code"]


def test_an_intent_is_too_large() -> None:
    with pytest.raises(ProtocolError) as caught:
        parse(b" " * 5000)
    assert caught.value.code == "intent_malformed"


@pytest.mark.parametrize("field", Intent.__struct_fields__)
def test_every_field_is_under_the_signature(field: str) -> None:
    base = GOLDEN[0]["intent"]
    other = GOLDEN[1]["intent"]
    assert base[field] != other[field] or field in {"typ", "op"}
    changed = canonical_json({**base, field: other[field] if field not in {"typ", "op"} else "x"})
    assert challenge(changed) != challenge(canonical_json(base))


@pytest.mark.parametrize("field", Intent.__struct_fields__)
def test_every_field_is_mandatory(field: str) -> None:
    members = {k: v for k, v in GOLDEN[0]["intent"].items() if k != field}
    with pytest.raises(ProtocolError) as caught:
        parse(canonical_json(members))
    assert caught.value.code == "intent_malformed"


def test_a_refused_intent_is_not_quoted() -> None:
    secret = "canary-7f3a"
    with pytest.raises(ProtocolError) as caught:
        parse(canonical_json({**GOLDEN[0]["intent"], secret: secret, "reference": secret}))
    assert secret not in str(caught.value)


def test_money_is_exact() -> None:
    intent = parse(GOLDEN[0]["canonical"].encode())
    assert intent.money.minor == 1000
    with pytest.raises(AttributeError):
        intent.amount = "99.00"  # type: ignore[misc]
    assert msgspec.structs.replace(intent, amount="99.00").money.minor == 9900
