"""Encodings, entity tags and ranges as RFC 9110 has them."""

import pytest

from branchxr.protocol.content_coding import prefers_brotli
from branchxr.server.negotiation import Span, Unsatisfiable, names_tag, span_of


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, False),
        ("", False),
        ("gzip, deflate", False),
        ("gzip, deflate, br, zstd", True),
        ("BR", True),
        ("br;q=1.0, identity;q=0.5", True),
        ("br;q=0.5, identity;q=1", False),
        ("br;q=0", False),
        ("br; q=0.001", True),
        ("br;q=0.000", False),
        ("br;q=2", False),
        ("br;q=x", False),
        ("*", True),
        ("*;q=0", False),
        ("*, br;q=0", False),
        ("identity", False),
        ("identity, *;q=0.5", False),
    ],
)
def test_brotli_is_chosen_by_its_weight(header: str | None, expected: bool) -> None:
    assert prefers_brotli(header) is expected


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, False),
        ('"abc"', True),
        ('W/"abc"', True),
        ('"x", "abc"', True),
        ('"x","y"', False),
        ("*", True),
        ("abc", False),
        ('"abc', False),
    ],
)
def test_entity_tags(header: str | None, expected: bool) -> None:
    assert names_tag(header, '"abc"') is expected


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("bytes=0-9", Span(0, 9)),
        ("bytes=10-", Span(10, 99)),
        ("bytes=-10", Span(90, 99)),
        ("bytes=-500", Span(0, 99)),
        ("bytes=99-99", Span(99, 99)),
        ("bytes=0-1000", Span(0, 99)),
        ("bytes=0-1, 5-6", None),
        ("bytes=9-1", None),
        ("bytes=-", None),
        ("bytes=a-b", None),
        ("bytes=٠-٩", None),
        ("items=0-9", None),
        ("", None),
        (None, None),
    ],
)
def test_ranges(header: str | None, expected: Span | None) -> None:
    assert span_of(header, 100) == expected


@pytest.mark.parametrize("header", ["bytes=100-", "bytes=100-200", "bytes=-0"])
def test_ranges_outside_the_file(header: str) -> None:
    with pytest.raises(Unsatisfiable):
        span_of(header, 100)


def test_ranges_of_an_empty_file() -> None:
    for header in ("bytes=0-", "bytes=-1"):
        with pytest.raises(Unsatisfiable):
            span_of(header, 0)


def test_if_match_compares_strongly() -> None:
    assert names_tag('"b", "a"', '"a"', is_strong=True)
    assert names_tag("*", '"a"', is_strong=True)
    assert not names_tag('W/"a"', '"a"', is_strong=True)
