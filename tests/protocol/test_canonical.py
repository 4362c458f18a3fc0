"""RFC 8785 and RFC 7493: one spelling, one meaning. The vectors are read in TypeScript too."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from branchxr.errors import ProtocolError
from branchxr.protocol.canonical import (
    canonical_json,
    decode_base64url,
    encode_base64url,
    fingerprint,
    load_json,
)

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "jcs.json").read_text("utf-8"))


@pytest.mark.parametrize("vector", VECTORS["accepted"], ids=lambda v: v["name"])
def test_accepted_vectors(vector: dict[str, str]) -> None:
    assert canonical_json(load_json(vector["json"].encode())) == vector["canonical"].encode()


@pytest.mark.parametrize("vector", VECTORS["refused"], ids=lambda v: v["name"])
def test_refused_vectors(vector: dict[str, str]) -> None:
    with pytest.raises(ProtocolError) as caught:
        canonical_json(load_json(vector["json"].encode()))
    assert caught.value.code == vector["code"]


@pytest.mark.parametrize(
    "value", [2**53, -(2**53), float("nan"), float("inf"), {1: 2}, b"x", "\ud800"]
)
def test_values_without_a_canonical_form(value: object) -> None:
    with pytest.raises(ProtocolError) as caught:
        canonical_json(value)
    assert caught.value.code == "json_not_canonical"


def test_bytes_that_are_not_utf8() -> None:
    with pytest.raises(ProtocolError):
        load_json(b'"\xff"')


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text()
    | st.floats(-(2**53) + 1, 2**53 - 1),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@pytest.mark.parametrize("text", [b'"\\ud800"', b'{"\\uDC00": 1}', b'["\\udc00\\ud800"]'])
def test_half_a_surrogate_pair(text: bytes) -> None:
    with pytest.raises(ProtocolError) as caught:
        load_json(text)
    assert caught.value.code == "json_malformed"


def test_a_whole_surrogate_pair() -> None:
    assert load_json(b'"\\ud83d\\ude00 \\\\u"') == "\U0001f600 \\u"


@given(json_values)
def test_canonical_form_is_a_fixed_point(value: Any) -> None:
    once = canonical_json(value)
    assert canonical_json(load_json(once)) == once


@given(st.dictionaries(st.text(max_size=3), st.integers(0, 9), min_size=2))
def test_the_order_of_keys_does_not_matter(value: dict[str, int]) -> None:
    assert fingerprint(value) == fingerprint(dict(reversed(value.items())))


@given(st.binary())
def test_base64url_round_trip(value: bytes) -> None:
    assert decode_base64url(encode_base64url(value)) == value


@pytest.mark.parametrize("text", ["A", "AB", "AA==", "A+", "A/", "AA\n", " AA", "ÄÄ"])
def test_base64url_has_one_spelling(text: str) -> None:
    with pytest.raises(ValueError, match="base64"):
        decode_base64url(text)
